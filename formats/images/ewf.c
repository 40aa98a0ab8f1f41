/* ewf.c - Expert Witness images: EnCase' E01 and SMART's S01, with all their segments (Joachim Metz, Expert Witness
 * Compression Format specification). Numbers are little-endian.
 *
 * A segment is a chain of sections. Tables say where the chunks of the disk are, each a zlib stream or stored with its
 * Adler-32; what does not fit its checksum is damage. The digests of the disk stand in the last segment. */
#include "formats/images/reader.h"
#include "formats/images/unpack.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_HEADER 13u
#define SECTION 76u
#define PACKED 0x80000000u
#define TABLE_LIMIT 65536u /* entries */
#define TEXT_LIMIT 65536u

struct table {
    uint64_t first, base, entries; /* its first chunk; added to the offsets; where they are in the file */
    uint32_t source, count;
};

struct ewf {
    struct table *tables;
    uint32_t table_count, chunks; /* of the volume */
    uint64_t next;                /* chunk that the next table begins with */
    bool volume, spoilt;          /* seen; the last table is damaged, and its copy may be sound */
    bool smart;                   /* entries have no checksum, and all chunks are packed */
};

static bool ewf_recognise(const struct probe *probe)
{
    return !memcmp(probe->head, "EVF\x09\x0d\x0a\xff", 8);
}

static bool checked(const uint8_t *bytes, size_t size)
{
    return adler_32(bytes, size) == get_le32(bytes + size);
}

/* --- Sections --- */

static bool take_volume(struct image *image, uint32_t source, uint64_t at, uint64_t size, struct error *error)
{
    struct ewf *e = image->state;
    bool smart = size < 1052;
    uint8_t v[1052];
    uint64_t sectors;
    uint32_t per_chunk;

    if (e->volume)
        return true;
    if (size < 94 || !source_read(&image->sources[source], at, v, smart ? 94 : sizeof v, error))
        return size >= 94 ? false : image_wrong_at(image, source, at, error, "has a volume section that is too short");
    if (!checked(v, smart ? 90 : 1048))
        return image_wrong_at(image, source, at, error, "has a volume section that does not fit its checksum");
    e->chunks = get_le32(v + 4);
    per_chunk = get_le32(v + 8);
    sectors = smart ? get_le32(v + 16) : get_le64(v + 16);
    if (get_le32(v + 12) != SECTOR_SIZE || per_chunk == 0 || per_chunk > CLUSTER_LIMIT / SECTOR_SIZE ||
        sectors > IMAGE_LIMIT / SECTOR_SIZE || sectors > (uint64_t)e->chunks * per_chunk)
        return image_wrong_at(image, source, at, error, "has sectors, chunks or a disk of a wrong size");
    image->cluster_size = per_chunk * SECTOR_SIZE;
    image->size = sectors * SECTOR_SIZE;
    e->volume = true;
    e->smart = smart;
    snprintf(image->info.title, sizeof image->info.title, "Expert Witness, %s", smart ? "SMART" : "EnCase");
    snprintf(image->info.compression, sizeof image->info.compression, "zlib");
    return true;
}

/* The offsets are checked now, and read again when they are used. */
static bool table_is_sound(struct image *image, const struct table *t, struct error *error)
{
    size_t size = (size_t)t->count * 4 + 4;
    uint8_t *entries = malloc(size);
    bool smart = ((const struct ewf *)image->state)->smart, sound;

    if (!entries)
        return image_no_memory(image, error);
    sound = source_read(&image->sources[t->source], t->entries, entries, size - (smart ? 4 : 0), error) &&
            (smart || checked(entries, size - 4) ||
             image_wrong_at(image, t->source, t->entries, error, "has a table that does not fit its checksum"));
    free(entries);
    return sound;
}

static bool take_table(struct image *image, uint32_t source, uint64_t at, struct error *error)
{
    struct ewf *e = image->state;
    struct table t = {.first = e->next, .entries = at + 24, .source = source}, *more;
    uint8_t head[24];

    if (!source_read(&image->sources[source], at, head, sizeof head, error))
        return false;
    t.count = get_le32(head);
    t.base = get_le64(head + 8);
    if (!checked(head, 20) || t.count > TABLE_LIMIT || t.base > IMAGE_LIMIT)
        return image_wrong_at(image, source, at, error, "has a table that does not fit its checksum");
    if (t.count == 0)
        return true;
    if (!table_is_sound(image, &t, error))
        return false;
    more = realloc(e->tables, (e->table_count + 1) * sizeof *more);
    if (!more)
        return image_no_memory(image, error);
    e->tables = more;
    e->tables[e->table_count++] = t;
    e->next += t.count;
    return true;
}

/* A table, or its copy where the table is damaged. */
static bool take_table_or_copy(struct image *image, uint32_t source, uint64_t at, bool copy, struct error *error)
{
    struct ewf *e = image->state;

    if (copy && !e->spoilt)
        return true;
    if (take_table(image, source, at, error)) {
        e->spoilt = false;
        return !copy || image_add_note(image, "state", "a damaged table was replaced by its copy", error);
    }
    if (copy || error->status == STATUS_HOST)
        return false;
    e->spoilt = true;
    return true;
}

static bool take_digests(struct image *image, uint32_t source, uint64_t at, uint64_t size, bool both,
                         struct error *error)
{
    static const uint8_t none[20];
    uint8_t d[80];
    size_t length = both ? 80 : 36;

    if (size < length)
        return image_wrong_at(image, source, at, error, "has a digest section that is too short");
    if (!source_read(&image->sources[source], at, d, length, error))
        return false;
    if (!checked(d, both ? 76 : 32))
        return image_wrong_at(image, source, at, error, "has a digest section that does not fit its checksum");
    for (uint32_t i = 0; i < image->info.digest_count; i++) /* the same MD5 may stand in both sections */
        if (!strcmp(image->info.digests[i].algorithm, "md5"))
            return !both || !memcmp(d + 16, none, 20) || image_add_digest(image, "sha1", d + 16, 20, "", error);
    return image_add_digest(image, "md5", d, 16, "", error) &&
           (!both || !memcmp(d + 16, none, 20) || image_add_digest(image, "sha1", d + 16, 20, "", error));
}

static int compare_ranges(const void *a, const void *b)
{
    const struct sector_range *x = a, *y = b;

    return x->first < y->first ? -1 : x->first > y->first;
}

/* Sectors that could not be read when the image was made, in any order. */
static bool take_errors(struct image *image, uint32_t source, uint64_t at, struct error *error)
{
    uint8_t head[520], entry[8];
    struct sector_range *ranges;
    uint32_t count;
    bool good = true;
    uint64_t end = 0;

    if (!source_read(&image->sources[source], at, head, sizeof head, error))
        return false;
    count = get_le32(head);
    if (!checked(head, 516) || count > UNREADABLE_LIMIT)
        return image_wrong_at(image, source, at, error, "has a section of errors that is damaged");
    ranges = calloc(count + 1, sizeof *ranges);
    if (!ranges)
        return image_no_memory(image, error);
    for (uint32_t i = 0; good && i < count; i++) {
        good = source_read(&image->sources[source], at + 520 + (uint64_t)i * 8, entry, 8, error);
        ranges[i] = (struct sector_range){get_le32(entry), get_le32(entry + 4)};
    }
    qsort(ranges, count, sizeof *ranges, compare_ranges);
    for (uint32_t i = 0; good && i < count; i++) {
        uint64_t first = ranges[i].first > end ? ranges[i].first : end, last = ranges[i].first + ranges[i].count;

        if (last > first)
            good = image_add_bad(image, first, last - first, error);
        end = last > end ? last : end;
    }
    free(ranges);
    return good;
}

/* A date is kept as "2021 7 22 15 33 18" by the first kind of header, and as seconds since 1970 by the second. */
static void take_date(char *note, size_t size)
{
    struct tm date = {0};
    char *end;
    time_t when = (time_t)strtoll(note, &end, 10);

    if (sscanf(note, "%d %d %d %d %d %d", &date.tm_year, &date.tm_mon, &date.tm_mday, &date.tm_hour, &date.tm_min,
               &date.tm_sec) == 6)
        snprintf(note, size, "%04d-%02d-%02d %02d:%02d:%02d", date.tm_year, date.tm_mon, date.tm_mday, date.tm_hour,
                 date.tm_min, date.tm_sec);
    else if (end > note && *end == '\0' && gmtime_r(&when, &date))
        strftime(note, size, "%Y-%m-%dT%H:%M:%SZ", &date);
}

/* What the maker entered: a line of keys, and one of values, separated by tabs; UTF-8 or UTF-16. */
static bool take_header(struct image *image, uint32_t source, uint64_t at, uint64_t size, struct error *error)
{
    static const char *const keys[][2] = {{"c", "case"},     {"n", "evidence"}, {"a", "description"},
                                          {"e", "examiner"}, {"t", "comment"},  {"m", "date"},
                                          {"av", "tool"},    {"ov", "platform"}};
    uint8_t packed[8192];
    char *text = calloc(1, TEXT_LIMIT + 1), *line[2] = {NULL, NULL};
    size_t got = 0, out = 0;
    bool good = text != NULL;

    if (!good)
        return image_no_memory(image, error);
    size = size < sizeof packed ? size : sizeof packed;
    if (image->info.note_count == 0 && source_read(&image->sources[source], at, packed, (size_t)size, error))
        unpack_some(packed, (size_t)size, (uint8_t *)text, TEXT_LIMIT, &got);
    if (got > 2 && get_le16((uint8_t *)text) == 0xfeff) { /* other than ASCII is of no use to a machine */
        for (size_t i = 2; i + 1 < got; i += 2)
            text[out++] = text[i + 1] ? '?' : text[i];
        text[out] = '\0';
    }
    line[0] = strstr(text, "main");
    line[0] = line[0] ? strchr(line[0], '\n') : NULL;
    line[1] = line[0] ? strchr(line[0] + 1, '\n') : NULL;
    for (char *key = line[0] ? line[0] + 1 : NULL, *value = line[1] ? line[1] + 1 : NULL; good && key && value;) {
        size_t k = strcspn(key, "\t\r\n"), v = strcspn(value, "\t\r\n");
        char note[232];

        snprintf(note, sizeof note, "%.*s", (int)(v < sizeof note ? v : sizeof note - 1), value);
        if (k == 1 && *key == 'm')
            take_date(note, sizeof note);
        for (size_t i = 0; good && i < sizeof keys / sizeof keys[0]; i++)
            if (strlen(keys[i][0]) == k && !strncmp(keys[i][0], key, k))
                good = image_add_note(image, keys[i][1], note, error);
        if (key[k] != '\t' || value[v] != '\t')
            break;
        key += k + 1;
        value += v + 1;
    }
    free(text);
    return good;
}

/* --- Segments --- */

static bool take_section(struct image *image, uint32_t source, const char *type, uint64_t at, uint64_t size,
                         struct error *error)
{
    if (!strcmp(type, "volume") || !strcmp(type, "disk"))
        return take_volume(image, source, at, size, error);
    if (!strcmp(type, "table") || !strcmp(type, "table2"))
        return take_table_or_copy(image, source, at, type[5] != '\0', error);
    if (!strcmp(type, "hash") || !strcmp(type, "digest"))
        return take_digests(image, source, at, size, *type == 'd', error);
    if (!strcmp(type, "error2"))
        return take_errors(image, source, at, error);
    if (!strcmp(type, "header") || !strcmp(type, "header2"))
        return take_header(image, source, at, size, error);
    return true;
}

/* Reads the sections of a segment; *last: no other follows. */
static bool take_segment(struct image *image, uint32_t source, bool *last, struct error *error)
{
    uint8_t s[SECTION], head[FILE_HEADER];
    char type[17] = "";

    if (!source_read(&image->sources[source], 0, head, sizeof head, error))
        return false;
    if (source == 0 && get_le16(head + 9) > 1)
        return error_set(error, STATUS_INPUT, image_path(image), NULL, "give the first one, which ends in 01",
                         "is segment %u of an image", get_le16(head + 9));
    if (memcmp(head, "EVF\x09\x0d\x0a\xff", 8) != 0 || get_le16(head + 9) != source + 1)
        return image_wrong_at(image, source, 0, error, "is not the segment that its name says");
    for (uint64_t at = FILE_HEADER;;) {
        uint64_t next, size;

        if (!source_read(&image->sources[source], at, s, sizeof s, error))
            return false;
        if (!checked(s, 72))
            return image_wrong_at(image, source, at, error, "has a section that does not fit its checksum");
        memcpy(type, s, 16);
        next = get_le64(s + 16);
        size = get_le64(s + 24);
        *last = !strcmp(type, "done");
        if (*last || !strcmp(type, "next"))
            return true;
        if (next < at + SECTION || next > image->sources[source].size)
            return image_wrong_at(image, source, at, error, "has a section whose end is wrong");
        if (size < SECTION || size > next - at)
            size = next - at;
        if (!take_section(image, source, type, at + SECTION, size - SECTION, error))
            return false;
        at = next;
    }
}

/* E01 ... E99, EAA ... EZZ, FAA ... in the case of the first one. */
static bool segment_name(const char *first, uint32_t number, char *name, size_t size)
{
    size_t length = strlen(first);
    char *end;

    if (length < 4 || length >= size || first[length - 4] != '.')
        return false;
    memcpy(name, first, length + 1);
    end = name + length - 3;
    if (number <= 99) {
        snprintf(end + 1, 3, "%02u", (unsigned)number);
        return true;
    }
    number -= 100;
    char base = islower((unsigned char)first[length - 3]) ? 'a' : 'A';
    end[0] = (char)(end[0] + number / 676);
    end[1] = (char)(base + number / 26 % 26);
    end[2] = (char)(base + number % 26);
    return end[0] <= base + 25;
}

static bool ewf_open(struct image *image, const struct probe *probe, struct error *error)
{
    struct ewf *e = image_state(image, sizeof *e, error);
    char name[NAME_MAX + 1];
    bool last = false;
    uint32_t source = 0;

    if (!e)
        return false;
    while (take_segment(image, source, &last, error) && !last) {
        if (!segment_name(probe->name, source + 2, name, sizeof name) || !image_has_file(image, name))
            return error_set(error, STATUS_INPUT, image_path(image), name, "put all segments into one folder",
                             "lacks a segment");
        if (!image_add_file(image, name, "segment", &source, error))
            return false;
    }
    if (!last)
        return false;
    if (!e->volume || e->spoilt || e->next < e->chunks)
        return image_wrong(image, "tables", error, "does not say where all of its disk is");
    return true;
}

static void ewf_close(struct image *image)
{
    free(((struct ewf *)image->state)->tables);
}

/* --- Chunks --- */

static bool ewf_locate(struct image *image, uint64_t sector, struct piece *piece, struct error *error)
{
    uint32_t sectors = image->cluster_size / SECTOR_SIZE;

    (void)error;
    piece->kind = PIECE_PACKED;
    piece->cluster = sector / sectors;
    piece->inside = (uint32_t)(sector % sectors);
    piece->sectors = sectors - piece->inside;
    return true;
}

static bool ewf_unpack(struct image *image, const struct piece *piece, uint8_t *cluster, struct error *error)
{
    const struct ewf *e = image->state;
    uint64_t left = image->size - piece->cluster * image->cluster_size, end;
    struct unpack u = {.method = UNPACK_ZLIB, .size = image->cluster_size};
    const struct table *t = e->tables;
    uint8_t entry[4], sum[4];

    if (left < u.size)
        u.size = (uint32_t)left;
    memset(cluster + u.size, 0, image->cluster_size - u.size);
    while (piece->cluster >= t->first + t->count)
        t++;
    if (!source_read(&image->sources[t->source], t->entries + (piece->cluster - t->first) * 4, entry, 4, error))
        return false;
    u.source = t->source;
    u.offset = t->base + (get_le32(entry) & ~PACKED);
    if (e->smart || get_le32(entry) & PACKED) {
        end = image->sources[t->source].size;
        u.length = u.size + u.size / 1000 + 64;
        if (u.offset >= end || end - u.offset < u.length)
            u.length = u.offset < end ? (uint32_t)(end - u.offset) : 0;
        return unpack_piece(image, &u, cluster, error);
    }
    return source_read(&image->sources[t->source], u.offset, cluster, u.size, error) &&
           source_read(&image->sources[t->source], u.offset + u.size, sum, 4, error) &&
           (adler_32(cluster, u.size) == get_le32(sum) ||
            image_wrong_at(image, t->source, u.offset, error, "has a chunk that does not fit its checksum"));
}

const struct reader ewf_reader = {
    .name = "ewf",
    .recognise = ewf_recognise,
    .open = ewf_open,
    .locate = ewf_locate,
    .unpack = ewf_unpack,
    .close = ewf_close,
};
