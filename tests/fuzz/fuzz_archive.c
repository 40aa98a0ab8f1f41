/* fuzz_archive.c - libFuzzer harness of archive/ and verify/.
 *
 * The first byte chooses what the rest is: a whole archive, edits of a sound one (so that what lies behind digests is
 * reached as well as it can be), a whole overlay, or one of the texts and blocks that are parsed without a digest
 * before them. Whatever is parsed must print as it was. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/archive_sample.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sample sample;
static uint8_t *sound;
static size_t sound_size;
static struct chunk_decoder *decoder;

static void remove_sample(void)
{
    sample_remove(&sample);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    sample_make(&sample);
    atexit(remove_sample);
    sample_seal(&sample, "machine.yaml", "sound.mun");
    sound = read_file(sample_path(&sample, "sound.mun"), &sound_size);
    decoder = chunk_decoder_new();
    return 0;
}

static void read_disks(struct archive *a)
{
    static uint8_t bytes[200 * SECTOR_SIZE];
    struct error error;
    struct block disk;
    uint32_t done;

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        if (!archive_disk(a, (enum drive_slot)slot, &disk, &error))
            continue;
        for (uint64_t at = 0; at < disk.sectors && at < 4096; at += 200)
            disk.read(disk.context, at, disk.sectors - at < 200 ? (uint32_t)(disk.sectors - at) : 200, bytes, &done);
    }
}

static void try_file(const char *path, bool sound_bytes)
{
    struct verify_request request = {.path = path};
    struct verify_result result;
    struct error error;
    struct archive *a = archive_open(path, NULL, &error);

    if (a)
        read_disks(a);
    archive_close(a);
    if (archive_verify(&request, &result, &error))
        must(sound_bytes || result.findings > 0, "a changed archive was found intact");
}

/* Three bytes of offset and one of value each. */
static void try_edits(const uint8_t *data, size_t size)
{
    const char *path = sample_path(&sample, "edited.mun");
    uint8_t *edited = malloc(sound_size);

    memcpy(edited, sound, sound_size);
    for (; size >= 4; data += 4, size -= 4)
        edited[(data[0] | data[1] << 8 | (size_t)data[2] << 16) % sound_size] = data[3];
    write_file(path, edited, sound_size);
    try_file(path, memcmp(edited, sound, sound_size) == 0);
    free(edited);
}

static enum block_result base_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    (void)context, (void)sector;
    memset(buffer, 0, count * SECTOR_SIZE);
    *done = count;
    return BLOCK_OK;
}

static void try_overlay(const uint8_t *data, size_t size)
{
    static const char belongs_to[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const char *path = sample_path(&sample, "overlay");
    struct block base = {.sectors = 1003, .read = base_read}, disk;
    uint8_t bytes[64 * SECTOR_SIZE];
    struct overlay_place place;
    struct error error;
    uint32_t done;

    unlink(path);
    must(overlay_open(path, belongs_to, DRIVE_HD0, &base, &disk, &error), "a new overlay");
    memset(bytes, 1, sizeof bytes);
    disk.write(disk.context, 3, 60, bytes);
    disk.close(disk.context);
    if (size >= 4) {
        size_t length, at = data[0] | data[1] << 8;
        uint8_t *file = read_file(path, &length);

        file = realloc(file, length + at + size);
        memset(file + length, 0, at + size);
        memcpy(file + at, data + 2, size - 2);
        write_file(path, file, at + size - 2 > length ? at + size - 2 : length);
        free(file);
    }
    if (!overlay_open(path, belongs_to, DRIVE_HD0, &base, &disk, &error))
        return;
    disk.read(disk.context, 0, 64, bytes, &done);
    disk.write(disk.context, 1000, 3, bytes);
    if (overlay_place(&disk, &place)) {
        place.records /= 2;
        overlay_rewind(&disk, &place, &error);
    }
    overlay_sync(&disk, true, &error);
    disk.close(disk.context);
}

static void try_seal(const char *text, size_t size)
{
    struct text content = {.bytes = NULL};
    uint8_t root[DIGEST_SIZE];
    struct seal seal;
    const char *reason;

    if (seal_parse(text, size, &seal, &reason))
        content_print(&content, &seal, root);
    text_free(&content);
    seal_free(&seal);
}

static void try_lines(const char *text, size_t size, bool derived)
{
    static struct map_entry entries[EXTENT_CHUNKS];
    struct sector_range *ranges = calloc(size / UNREADABLE_LINE + 1, sizeof *ranges);
    struct top_entry top;
    char line[TOP_LINE + 1];

    for (uint32_t count = (uint32_t)(size / MAP_LINE); count > 0 && count <= EXTENT_CHUNKS; count = 0)
        map_parse(text, (size_t)count * MAP_LINE, count, size, derived, entries);
    if (size >= TOP_LINE && top_line_parse(text, 0, derived, &top)) {
        top_line_print(line, 0, &top);
        must(memcmp(line, text, TOP_LINE) == 0, "a top prints as it was parsed");
    }
    unreadable_parse(text, size, 1000000, ranges);
    free(ranges);
}

static void try_blocks(const uint8_t *data, size_t size)
{
    static uint8_t bytes[CHUNK_SIZE], digest[DIGEST_SIZE];
    uint32_t length, used;
    char name[NAME_SIZE];
    uint64_t member_size;

    if (size >= TAR_BLOCK)
        tar_header_parse(data, name, &member_size);
    if (size <= CHUNK_GZ_MAX && !chunk_decode(decoder, data, (uint32_t)size, bytes, &length, &used))
        must(length <= CHUNK_SIZE && used <= size, "a chunk within its bounds");
    public_key_digest((const char *)data, size, true, digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;
    uint64_t sealed_bytes, seal_at;

    if (size == 0)
        return 0;
    text = calloc(1, size);
    memcpy(text, data + 1, size - 1);
    switch (data[0] % 6) {
    case 0:
        write_file(sample_path(&sample, "whole.mun"), data + 1, size - 1);
        try_file(sample_path(&sample, "whole.mun"), false);
        break;
    case 1: try_edits(data + 1, size - 1); break;
    case 2: try_overlay(data + 1, size - 1); break;
    case 3: try_seal(text, size - 1); break;
    case 4:
        try_lines(text, size - 1, data[0] & 0x80);
        readme_fields(text, &sealed_bytes, &seal_at);
        break;
    case 5: try_blocks(data + 1, size - 1); break;
    }
    free(text);
    return 0;
}
