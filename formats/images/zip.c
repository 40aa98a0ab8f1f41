/* zip.c - a member of a zip file, read where it lies: stored as it is, or by random access to its deflate (PKWARE,
 * APPNOTE.TXT 6.3). What is packed otherwise is left to packed.c. */
#include "formats/images/source.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define END 22u /* bytes of the end of the directory, without its comment */
#define COMMENT 65535u
#define LOCATOR 20u /* of the end of a directory with 64 bits, before it */
#define ENTRY 46u   /* of the directory, without its name */
#define LOCAL 30u   /* before a member, without its name */
#define MEMBERS_LIMIT 1000
#define ALL_ONES 0xFFFFFFFF
#define PART 65536u

struct member {
    uint16_t method;
    uint32_t crc;
    uint64_t at, packed, size;
};

static bool get(const struct source *s, uint64_t at, void *bytes, size_t size)
{
    struct error ignored;

    return source_read_file(s, at, bytes, size, &ignored);
}

/* Where the directory begins, and how many entries it has. */
static bool find_directory(const struct source *s, uint64_t *at, uint64_t *count)
{
    const size_t size = s->file_size < END + COMMENT ? (size_t)s->file_size : END + COMMENT;
    uint8_t *tail = malloc(size + 1), more[56];
    size_t end = size < END ? 0 : size - END;
    bool good = tail && size >= END && get(s, s->file_size - size, tail, size);

    while (good && end > 0 && (memcmp(tail + end, "PK\5\6", 4) != 0 || end + END + get_le16(tail + end + 20) != size))
        end--;
    good = good && end > 0;
    if (good) {
        *count = get_le16(tail + end + 10);
        *at = get_le32(tail + end + 16);
    }
    if (good && (*at == ALL_ONES || *count == 0xFFFF))
        good = end >= LOCATOR && !memcmp(tail + end - LOCATOR, "PK\6\7", 4) &&
               get(s, get_le64(tail + end - LOCATOR + 8), more, sizeof more) && !memcmp(more, "PK\6\6", 4) &&
               (*count = get_le64(more + 32), *at = get_le64(more + 48), true);
    free(tail);
    return good;
}

/* Takes a number of 64 bits out of the extra field, where it is in place of one with all bits set. */
static bool widen(uint64_t *number, const uint8_t **from, const uint8_t *end)
{
    if (*number != ALL_ONES)
        return true;
    if (end - *from < 8)
        return false;
    *number = get_le64(*from);
    *from += 8;
    return true;
}

/* What an entry says of its member; *local is where that is. */
static bool read_entry(const uint8_t *entry, const uint8_t *extra, size_t extra_size, struct member *m, uint64_t *local)
{
    const uint8_t *end = extra + extra_size, *wide = end;

    *m = (struct member){.method = get_le16(entry + 10), .crc = get_le32(entry + 16)};
    m->packed = get_le32(entry + 20);
    m->size = get_le32(entry + 24);
    *local = get_le32(entry + 42);
    for (; end - extra >= 4 && get_le16(extra + 2) <= end - extra - 4; extra += 4 + get_le16(extra + 2))
        if (get_le16(extra) == 1) {
            wide = extra + 4;
            end = wide + get_le16(extra + 2);
            break;
        }
    return widen(&m->size, &wide, end) && widen(&m->packed, &wide, end) && widen(local, &wide, end);
}

/* False if there is no such member, or two, or it is one that cannot be read where it lies. */
static bool find(const struct source *s, const char *name, struct member *found)
{
    uint8_t entry[ENTRY], local[LOCAL], *rest = malloc(2 * 65536);
    const size_t length = strlen(name);
    uint64_t at, count, place, where = 0;
    unsigned matches = 0;
    struct member m = {.size = 0};
    bool good = rest && find_directory(s, &at, &count) && count <= MEMBERS_LIMIT;

    for (uint64_t i = 0; good && i < count; i++) {
        good = get(s, at, entry, ENTRY) && !memcmp(entry, "PK\1\2", 4);
        const size_t names = good ? get_le16(entry + 28) : 0, extras = good ? get_le16(entry + 30) : 0;
        good = good && get(s, at + ENTRY, rest, names + extras) && read_entry(entry, rest + names, extras, &m, &place);
        if (good && names == length && !memcmp(rest, name, length)) {
            *found = m;
            where = place;
            matches++;
            good = !(get_le16(entry + 8) & 0x2021); /* encrypted, a patch, or with a hidden directory */
        }
        at += ENTRY + names + extras + (good ? get_le16(entry + 32) : 0);
    }
    free(rest);
    if (!good || matches != 1 || !get(s, where, local, LOCAL) || memcmp(local, "PK\3\4", 4) != 0)
        return false;
    found->at = where + LOCAL + get_le16(local + 26) + get_le16(local + 28);
    return found->at < s->file_size && found->packed <= s->file_size - found->at && found->size <= IMAGE_LIMIT &&
           (found->method == Z_DEFLATED || (found->method == 0 && found->packed == found->size));
}

/* Reads what is stored once, which checks it. */
static bool check(const struct source *s, const struct member *m, const struct image_request *request,
                  struct error *error)
{
    uint8_t *bytes = malloc(PART);
    uint32_t crc = 0;
    bool good = bytes || error_set(error, STATUS_HOST, s->path, NULL, NULL, "out of memory");

    for (uint64_t at = 0; good && at < m->size; at += PART) {
        const size_t part = m->size - at < PART ? (size_t)(m->size - at) : PART;
        good = source_read_file(s, m->at + at, bytes, part, error);
        crc = (uint32_t)crc32(crc, bytes, (uInt)part);
        if (good && request->progress && !request->progress(request->progress_context, at, m->size))
            good = error_set(error, STATUS_HOST, s->path, NULL, NULL, "interrupted");
    }
    free(bytes);
    return good && (crc == m->crc || error_set(error, STATUS_INPUT, s->path, NULL, "get a sound copy",
                                               "has a member whose checksum is wrong"));
}

bool zip_open(struct source *source, const char *name, const struct image_request *request, bool *done,
              struct error *error)
{
    struct member m = {.size = 0};

    *done = find(source, name, &m);
    if (!*done)
        return true;
    if (m.method == Z_DEFLATED)
        return gzip_open_bare(source, m.at, m.packed, m.size, m.crc, request, error);
    source->begin = m.at;
    source->size = m.size;
    return check(source, &m, request, error);
}
