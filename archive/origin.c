/* origin.c - see origin.h; spec/archive.md, "Origins". */
#include "archive/origin.h"

#include <stdlib.h>
#include <string.h>

#define PART (1u << 16)

/* Text in one line of printable ASCII: other bytes, and %, as %XX. */
static void put_text(struct text *t, const char *text)
{
    for (; *text; text++)
        if (*text >= ' ' && *text <= '~' && *text != '%')
            text_add(t, text, 1);
        else
            text_print(t, "%%%02X", (unsigned)(unsigned char)*text);
}

static bool put_file(struct text *t, enum drive_slot slot, const struct block *disk, const struct image_file *file,
                     uint32_t number, struct error *error)
{
    uint8_t digest[DIGEST_SIZE], bytes[PART];
    struct sha256 hash;
    char hex[65];
    bool good = true;

    sha256_begin(&hash);
    for (uint64_t at = 0; good && at < file->size; at += PART) {
        size_t size = file->size - at < PART ? (size_t)(file->size - at) : PART;

        good = image_file_read(disk, number, at, bytes, size, error);
        sha256_add(&hash, bytes, good ? size : 0);
    }
    sha256_end(&hash, digest);
    hex_encode(digest, hex);
    text_print(t, "file: %s %015llu %s ", drive_slot_names[slot], (unsigned long long)file->size, hex);
    put_text(t, file->name);
    text_add(t, "\n", 1);
    return good;
}

bool origin_print(struct text *t, enum drive_slot slot, const struct block *disk, const struct image_info *info,
                  struct error *error)
{
    const char *name = drive_slot_names[slot];
    uint32_t opened = 0;

    if (!strcmp(info->format, "raw") && info->file_count == 1 && !*info->container)
        return true;
    text_print(t, "origin: %s %s ", name, *info->container ? info->container : "-");
    put_text(t, info->title);
    text_add(t, "\n", 1);
    for (uint32_t i = 0; i < info->file_count; i++)
        if (info->files[i].opened && !put_file(t, slot, disk, &info->files[i], opened++, error))
            return false;
    for (uint32_t i = 0; i < info->digest_count; i++)
        if (!*info->digests[i].of)
            text_print(t, "stated: %s %s %s\n", name, info->digests[i].algorithm, info->digests[i].hex);
    for (uint32_t i = 0; i < info->note_count; i++) {
        text_print(t, "note: %s %s ", name, info->notes[i].key);
        put_text(t, info->notes[i].text);
        text_add(t, "\n", 1);
    }
    return true;
}

/* The digests that are of the whole disk; at most as many as there is room for. */
static const struct image_digest *whole(const struct image_info *info, unsigned number)
{
    for (uint32_t i = 0; i < info->digest_count; i++)
        if (!*info->digests[i].of && number-- == 0)
            return &info->digests[i];
    return NULL;
}

void origin_check_begin(struct origin_check *check, const struct image_info *info)
{
    const struct image_digest *digest;

    check->count = 0;
    while (check->count < sizeof check->hashes / sizeof check->hashes[0] && (digest = whole(info, check->count)))
        hash_begin(&check->hashes[check->count++], digest->algorithm);
}

void origin_check_add(struct origin_check *check, const void *bytes, size_t size)
{
    for (unsigned i = 0; i < check->count; i++)
        if (check->hashes[i].context)
            sha256_add(&check->hashes[i], bytes, size);
}

bool origin_check_end(struct origin_check *check, const struct image_info *info, const char *path, struct error *error)
{
    bool good = true;

    for (unsigned i = 0; i < check->count; i++) {
        const struct image_digest *digest = info ? whole(info, i) : NULL;
        char hex[2 * HASH_LIMIT + 1];

        if (!check->hashes[i].context)
            continue;
        hash_end(&check->hashes[i], hex);
        if (good && digest && strcmp(hex, digest->hex) != 0)
            good = error_set(error, STATUS_INPUT, path, NULL, "get a sound copy",
                             "holds a disk with %s %s, but records %s", digest->algorithm, hex, digest->hex);
    }
    check->count = 0;
    return good;
}
