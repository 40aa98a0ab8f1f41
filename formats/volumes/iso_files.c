/* iso_files.c - the files of an ISO 9660 volume, as files.h offers them.
 *
 * From ECMA-119, the Joliet specification (Microsoft, 1995), IEEE P1281 (system use sharing protocol) and P1282 (Rock
 * Ridge). Names are those of Rock Ridge, or else of Joliet, or else the plain ones. A file or folder is known by the
 * place of its directory record in the volume. A record of a large file is followed by those of its further sections.
 */
#include "formats/volumes/iso_files.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/codepage.h"
#include "formats/plain.h"
#include "formats/volumes/disk.h"

/* clang-format off */
enum {
    LOGICAL = 2048,                         /* bytes of a logical sector, which no directory record leaves */
    DESCRIPTOR = 16, DESCRIPTORS = 32,      /* logical sectors: the first, and how many are looked at */
    RECORD = 34,                            /* bytes of a directory record at least */
    SECTIONS = 1024, CONTINUATIONS = 64,    /* of a file, of a system use field */
    LINK_SIZE = 1024                        /* bytes of the target of a symbolic link, with its NUL */
};

#define FOLDER_BYTES (UINT32_C(64) << 20) /* that are read */

enum { RECORD_HIDDEN = 0x01, RECORD_FOLDER = 0x02, RECORD_MORE = 0x80 }; /* flags of a record */
/* clang-format on */

struct iso {
    const struct block *disk;
    uint64_t first, sectors; /* of the volume */
    uint32_t block;          /* bytes of a logical block */
    uint16_t code_page;
    bool joliet, ridge;
    uint8_t skip; /* bytes of each system use field before its entries */
    uint64_t root;
    uint64_t id; /* whose sections these are; 0: nobody's */
    struct file_run sections[SECTIONS];
    unsigned count;
    uint64_t cached; /* the logical sector in `cache`, plus 1; 0: none */
    uint8_t cache[LOGICAL];
};

/* What the system use field of a record says. */
struct ridge {
    char name[FILE_NAME_SIZE], target[LINK_SIZE];
    size_t name_length, target_length;
    bool named, posix, moved, joined; /* joined: the next component of the target needs no slash before it */
    const char *packed;               /* how its bytes are kept; null: as they are */
    uint32_t mode, owner, group, child;
    struct file_time created, modified, accessed;
};

static bool damaged(struct error *error, uint64_t place, const char *what)
{
    char where[40];

    snprintf(where, sizeof where, "byte %" PRIu64, place);
    return error_set(error, STATUS_WRONG, "ISO 9660", where, NULL, "%s", what);
}

/* The logical sector at a place of the volume; null with *error. */
static const uint8_t *sector_at(struct iso *v, uint64_t place, struct error *error)
{
    const uint64_t sector = place / LOGICAL;

    if (v->cached != sector + 1) {
        v->cached = 0;
        if (sector >= v->sectors / (LOGICAL / SECTOR_SIZE) ||
            !disk_get(v->disk, v->first + sector * (LOGICAL / SECTOR_SIZE), LOGICAL / SECTOR_SIZE, v->cache)) {
            damaged(error, place, "is outside the volume, or cannot be read");
            return NULL;
        }
        v->cached = sector + 1;
    }
    return v->cache;
}

/* The record at a place, whole; null with *error. */
static const uint8_t *record_at(struct iso *v, uint64_t place, struct error *error)
{
    const uint8_t *sector = sector_at(v, place, error), *r = sector ? sector + place % LOGICAL : NULL;

    if (!r)
        return NULL;
    if (place % LOGICAL + RECORD > LOGICAL || r[0] < RECORD || place % LOGICAL + r[0] > LOGICAL || r[32] == 0 ||
        r[32] > r[0] - 33) {
        damaged(error, place, "is no directory record");
        return NULL;
    }
    return r;
}

/* --- Rock Ridge --- */

/* Seven bytes: years since 1900, month, day, hour, minute, second, quarters of an hour east of Greenwich. */
static struct file_time short_time(const uint8_t *t)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const unsigned year = 1900u + t[0], month = t[1], past = year - (month <= 2);

    if (month < 1 || month > 12 || t[2] < 1 || t[2] > 31 || t[3] > 23 || t[4] > 59 || t[5] > 59)
        return (struct file_time){.zone = FILE_NO_TIME};
    int64_t days = (int64_t)(year - 1970) * 365 + past / 4 - past / 100 + past / 400 - 477 + before[month - 1] + t[2] -
                   1;
    return file_time_of(((days * 24 + t[3]) * 60 + t[4] - (int8_t)t[6] * 15) * 60 + t[5], 0, FILE_UTC, 1000000000);
}

/* Seventeen bytes: digits of year, month, day, hour, minute, second, hundredths, and the zone. */
static struct file_time long_time(const uint8_t *t)
{
    unsigned value[7];
    uint8_t brief[7];

    for (unsigned i = 0, at = 0; i < 7; i++) {
        value[i] = 0;
        for (unsigned digits = i ? 2 : 4; digits-- > 0; at++)
            value[i] = value[i] * 10 + (uint8_t)(t[at] - '0') % 10u;
    }
    if (value[0] < 1900 || value[0] > 2155)
        return (struct file_time){.zone = FILE_NO_TIME};
    brief[0] = (uint8_t)(value[0] - 1900);
    for (unsigned i = 1; i < 6; i++)
        brief[i] = (uint8_t)value[i];
    brief[6] = t[16];
    struct file_time time = short_time(brief);
    time.nanoseconds = value[6] * 10000000;
    time.precision = 10000000;
    return time;
}

static void add_times(struct ridge *r, const uint8_t *e, unsigned length)
{
    struct file_time *const kinds[] = {&r->created, &r->modified, &r->accessed};
    const unsigned size = e[4] & 0x80 ? 17 : 7;

    for (unsigned i = 0, at = 5; i < 3; i++)
        if (e[4] & 1u << i && at + size <= length) {
            *kinds[i] = size == 17 ? long_time(e + at) : short_time(e + at);
            at += size;
        }
}

static void append(char *to, size_t room, size_t *length, const void *bytes, size_t count)
{
    if (count < room - *length) {
        memcpy(to + *length, bytes, count);
        *length += count;
        to[*length] = '\0';
    }
}

/* The components of a symbolic link: flags, length, bytes. */
static void add_target(struct ridge *r, const uint8_t *e, unsigned length)
{
    static const struct {
        uint8_t flag;
        const char *text;
    } special[] = {{0x02, "."}, {0x04, ".."}, {0x08, "/"}};

    for (unsigned at = 5; at + 2 <= length && at + 2 + e[at + 1] <= length; at += 2 + e[at + 1]) {
        if (r->target_length && !r->joined)
            append(r->target, LINK_SIZE, &r->target_length, "/", 1);
        r->joined = e[at] & 0x09; /* the component continues, or ends with a slash */
        append(r->target, LINK_SIZE, &r->target_length, e + at + 2, e[at + 1]);
        for (unsigned i = 0; i < 3; i++)
            if (e[at] & special[i].flag)
                append(r->target, LINK_SIZE, &r->target_length, special[i].text, strlen(special[i].text));
    }
}

/* An entry of a system use field. */
static void add_entry(struct ridge *r, const uint8_t *e, unsigned length)
{
    if (!memcmp(e, "NM", 2) && length > 5 && !(e[4] & 0x06)) {
        r->named = true;
        append(r->name, sizeof r->name, &r->name_length, e + 5, length - 5);
    } else if (!memcmp(e, "PX", 2) && length >= 36) {
        r->posix = true;
        r->mode = get_le32(e + 4);
        r->owner = get_le32(e + 20);
        r->group = get_le32(e + 28);
    } else if (!memcmp(e, "SL", 2) && length >= 5) {
        add_target(r, e, length);
    } else if (!memcmp(e, "TF", 2) && length >= 5) {
        add_times(r, e, length);
    } else if (!memcmp(e, "CL", 2) && length >= 12) {
        r->child = get_le32(e + 4);
    } else if (!memcmp(e, "RE", 2)) {
        r->moved = true;
    } else if (!memcmp(e, "ZF", 2)) {
        r->packed = "is compressed (zisofs), which is not read";
    } else if (!memcmp(e, "SF", 2)) {
        r->packed = "is kept as a sparse file, which is not read";
    }
}

/* Reads the system use field of a record, and where that goes on. */
static bool ridge_read(struct iso *v, const uint8_t *record, struct ridge *r, struct error *error)
{
    uint8_t field[LOGICAL];
    unsigned begin = 33u + record[32] + (record[32] % 2 == 0) + v->skip,
             size = record[0] > begin ? record[0] - begin : 0;

    memset(r, 0, sizeof *r);
    if (!v->ridge)
        return true;
    memcpy(field, record + begin, size);
    for (unsigned turn = 0; size > 0; turn++) {
        uint64_t place = 0;
        unsigned next = 0;
        for (unsigned at = 0; at + 4 <= size && field[at + 2] >= 4 && at + field[at + 2] <= size; at += field[at + 2]) {
            const uint8_t *e = field + at;
            if (!memcmp(e, "ST", 2))
                break;
            if (!memcmp(e, "CE", 2) && e[2] >= 28) {
                place = get_le32(e + 4) * (uint64_t)v->block + get_le32(e + 12);
                next = get_le32(e + 20) < LOGICAL - place % LOGICAL ? get_le32(e + 20) : LOGICAL - place % LOGICAL;
            } else {
                add_entry(r, e, e[2]);
            }
        }
        size = next;
        if (!size)
            break;
        const uint8_t *sector = turn < CONTINUATIONS ? sector_at(v, place, error) : NULL;
        if (!sector)
            return turn < CONTINUATIONS || damaged(error, place, "a system use field does not end");
        memcpy(field, sector + place % LOGICAL, size);
    }
    return true;
}

/* --- Folders --- */

/* "README.TXT;1" is README.TXT, and "README.;1" README. */
static void without_version(char *name)
{
    char *end = strrchr(name, ';');

    if (end && !strcmp(end, ";1"))
        *end = '\0';
    const size_t length = strlen(name);
    if (length > 1 && name[length - 1] == '.')
        name[length - 1] = '\0';
}

static bool is_utf8(const char *text)
{
    uint32_t code;

    while (*text)
        if (!utf8_next(&text, &code))
            return false;
    return true;
}

static void name_of(const struct iso *v, const uint8_t *record, const struct ridge *r, char *to)
{
    uint8_t units[256] = {0};
    const unsigned length = record[32];

    if (r->named) {
        if (is_utf8(r->name))
            memcpy(to, r->name, r->name_length + 1);
        else
            to[codepage_utf8(v->code_page, (const uint8_t *)r->name, r->name_length < 500 ? r->name_length : 500, to)] =
                '\0';
    } else if (v->joliet) {
        for (unsigned i = 0; i + 1 < length; i += 2) {
            units[i] = record[33 + i + 1];
            units[i + 1] = record[33 + i];
        }
        utf16_copy(to, units, length / 2);
        without_version(to);
    } else {
        to[codepage_utf8(v->code_page, record + 33, length, to)] = '\0';
        without_version(to);
    }
}

/* The name of a record that has another one by Rock Ridge, if it fits. */
static void plain_name_of(const struct iso *v, const uint8_t *record, char to[FILE_SHORT_SIZE])
{
    char name[3 * 256];

    name[codepage_utf8(v->code_page, record + 33, record[32], name)] = '\0';
    without_version(name);
    if (strlen(name) < FILE_SHORT_SIZE)
        memcpy(to, name, strlen(name) + 1);
}

/* What a record shows, without the size of its further sections. False: it is none of the folder's. */
static bool entry_of(const struct iso *v, const uint8_t *record, const struct ridge *r, uint64_t id,
                     struct file_entry *to)
{
    memset(to, 0, sizeof *to);
    to->id = id;
    if (r->moved || (record[32] == 1 && record[33] <= 1)) /* "." and ".." */
        return false;
    name_of(v, record, r, to->name);
    if (r->named)
        plain_name_of(v, record, to->short_name);
    to->kind = record[25] & RECORD_FOLDER || r->child ? FILE_FOLDER : FILE_REGULAR;
    to->attributes = record[25] & RECORD_HIDDEN ? FILE_HIDDEN : 0;
    to->modified = r->modified.zone ? r->modified : short_time(record + 18);
    to->created = r->created;
    to->accessed = r->accessed;
    if (r->posix) {
        to->posix = 1;
        to->mode = r->mode & 07777;
        to->owner = r->owner;
        to->group = r->group;
        if (to->kind == FILE_REGULAR && (r->mode & 0170000) == 0120000)
            to->kind = FILE_LINK;
        else if (to->kind == FILE_REGULAR && (r->mode & 0170000) != 0100000)
            to->kind = FILE_SPECIAL;
    }
    to->size = to->kind == FILE_REGULAR ? get_le32(record + 10) : to->kind == FILE_LINK ? r->target_length : 0;
    return *to->name != '\0';
}

/* Where the bytes of a record's section begin in the volume: after its extended attributes. */
static uint64_t extent_of(const struct iso *v, const uint8_t *record)
{
    return ((uint64_t)get_le32(record + 2) + record[1]) * v->block;
}

/* Where the records of a folder lie. */
static bool folder_of(struct iso *v, uint64_t id, uint64_t *begin, uint64_t *size, struct error *error)
{
    const uint8_t *record = record_at(v, id ? id : v->root, error);
    struct ridge r;

    if (!record)
        return false;
    *begin = extent_of(v, record);
    *size = get_le32(record + 10);
    if (id && !ridge_read(v, record, &r, error))
        return false;
    if (id && r.child) { /* it was moved, and its own first record says how long it is */
        *begin = (uint64_t)r.child * v->block;
        record = record_at(v, *begin, error);
        if (!record)
            return false;
        *size = get_le32(record + 10);
    }
    return *size <= FOLDER_BYTES || damaged(error, *begin, "a folder claims more than 64 MiB");
}

static bool list(void *context, uint64_t id, file_each *each, void *each_context, struct error *error)
{
    struct iso *v = context;
    struct file_entry *e = malloc(sizeof *e);
    struct ridge *r = malloc(sizeof *r);
    struct error ignored;
    uint64_t begin = 0, size = 0;
    bool shown = false, more = false, good = e && r;

    if (!good)
        error_set(error, STATUS_HOST, "ISO 9660", NULL, NULL, "out of memory");
    else
        good = folder_of(v, id, &begin, &size, error);
    for (uint64_t at = begin, next; at < begin + size && e && r; at = next) {
        struct error *first = good ? error : &ignored; /* of what is damaged */
        const uint8_t *record = sector_at(v, at, first);
        next = (at / LOGICAL + 1) * LOGICAL;
        if (!record) {
            good = false;
            if (at / LOGICAL >= v->sectors / (LOGICAL / SECTOR_SIZE))
                break; /* nor is there anything further on */
            continue;
        }
        if (record[at % LOGICAL] == 0)
            continue;
        record = record_at(v, at, first);
        if (!record) {
            good = false;
            continue;
        }
        uint8_t copy[256];
        memcpy(copy, record, record[0]);
        next = at + copy[0];
        if (more) {
            e->size += e->kind == FILE_REGULAR ? get_le32(copy + 10) : 0;
        } else {
            good &= ridge_read(v, copy, r, first);
            shown = entry_of(v, copy, r, at, e);
        }
        more = copy[25] & RECORD_MORE;
        if (shown && !more && !each(each_context, e))
            break;
    }
    if (good && more)
        good = damaged(error, begin, "a folder ends within the sections of a file");
    free(e);
    free(r);
    return good;
}

/* --- Bytes --- */

/* Finds the sections of a file. */
static bool find_sections(struct iso *v, uint64_t id, struct error *error)
{
    struct ridge r;
    uint64_t length = 0, place = id;

    if (v->id == id)
        return true;
    v->id = v->count = 0;
    for (bool more = true; more;) {
        const uint8_t *sector = sector_at(v, place, error), *record;
        if (sector && sector[place % LOGICAL] == 0 && v->count)
            place = (place / LOGICAL + 1) * LOGICAL;
        if (!sector || !(record = record_at(v, place, error)))
            return false;
        if (v->count == SECTIONS)
            return damaged(error, place, "a file has more than 1,024 sections");
        if (record[26] || record[27])
            return damaged(error, place, "is interleaved, which is not read");
        v->sections[v->count++] = (struct file_run){length, v->first * SECTOR_SIZE + extent_of(v, record),
                                                    get_le32(record + 10)};
        length += get_le32(record + 10);
        const uint8_t size = record[0]; /* what it continues with may come into the cache in its place */
        more = record[25] & RECORD_MORE;
        if (v->count == 1 && !ridge_read(v, record, &r, error))
            return false;
        place += size;
    }
    if (r.packed)
        return damaged(error, id, r.packed);
    v->id = id;
    return true;
}

static bool read_target(struct iso *v, const struct file_entry *e, uint64_t offset, void *buffer, size_t size,
                        size_t *got, struct error *error)
{
    const uint8_t *record = record_at(v, e->id, error);
    uint8_t copy[256];
    struct ridge r;

    if (!record)
        return false;
    memcpy(copy, record, record[0]);
    if (!ridge_read(v, copy, &r, error))
        return false;
    if (offset < r.target_length) {
        *got = size < r.target_length - offset ? size : (size_t)(r.target_length - offset);
        memcpy(buffer, r.target + offset, *got);
    }
    return true;
}

/* Reads bytes of the disk that need not begin or end with a sector. */
static bool read_bytes(const struct iso *v, uint64_t place, uint8_t *to, size_t size, struct error *error)
{
    uint8_t sectors[16 * SECTOR_SIZE];

    while (size > 0) {
        const uint64_t sector = place / SECTOR_SIZE;
        const size_t within = place % SECTOR_SIZE, whole = size / SECTOR_SIZE;
        const bool direct = within == 0 && whole > 0;
        uint32_t count = direct ? (uint32_t)whole : (uint32_t)((within + size + SECTOR_SIZE - 1) / SECTOR_SIZE);
        count = !direct && count > 16 ? 16 : count;
        size_t part = (size_t)count * SECTOR_SIZE - within < size ? (size_t)count * SECTOR_SIZE - within : size;
        if (!disk_get(v->disk, sector, count, direct ? to : sectors))
            return damaged(error, place - v->first * SECTOR_SIZE, "is outside the disk, or cannot be read");
        if (!direct)
            memcpy(to, sectors + within, part);
        to += part;
        place += part;
        size -= part;
    }
    return true;
}

static bool read_file(void *context, const struct file_entry *e, uint64_t offset, void *buffer, size_t size,
                      size_t *got, struct error *error)
{
    struct iso *v = context;

    *got = 0;
    if (e->kind == FILE_LINK)
        return read_target(v, e, offset, buffer, size, got, error);
    if (offset >= e->size)
        return true;
    if (!find_sections(v, e->id, error))
        return false;
    for (unsigned i = 0; i < v->count && *got < size; i++) {
        const struct file_run *s = &v->sections[i];
        uint64_t from = offset + *got;
        if (from < s->at || from >= s->at + s->length)
            continue;
        uint64_t part = s->at + s->length - from < size - *got ? s->at + s->length - from : size - *got;
        if (!read_bytes(v, s->place + (from - s->at), (uint8_t *)buffer + *got, (size_t)part, error))
            return false;
        *got += (size_t)part;
    }
    return true;
}

static bool runs(void *context, const struct file_entry *e, file_each_run *each, void *each_context,
                 struct error *error)
{
    struct iso *v = context;

    if (e->kind != FILE_REGULAR || e->size == 0)
        return true;
    if (!find_sections(v, e->id, error))
        return false;
    for (unsigned i = 0; i < v->count; i++)
        if (v->sections[i].length && !each(each_context, &v->sections[i]))
            break;
    return true;
}

/* --- Opening --- */

static void close_files(void *context)
{
    free(context);
}

/* Whether the first record of the root begins the sharing protocol, and Rock Ridge's fields follow there. */
static bool find_ridge(struct iso *v, uint64_t root, struct error *error)
{
    const uint8_t *record = record_at(v, root, error);
    uint8_t copy[256];
    struct ridge r;

    if (!record || !(record = record_at(v, extent_of(v, record), error)))
        return false;
    const unsigned begin = 33u + record[32] + (record[32] % 2 == 0);
    if (begin + 7 > record[0] || memcmp(record + begin, "SP\x07", 3) || record[begin + 4] != 0xBE ||
        record[begin + 5] != 0xEF)
        return false;
    memcpy(copy, record, record[0]);
    v->skip = copy[begin + 6];
    v->ridge = true; /* so that they are read; the first record has no bytes to skip */
    uint8_t skip = v->skip;
    v->skip = 0;
    v->ridge = ridge_read(v, copy, &r, error) && r.posix;
    v->skip = skip;
    return v->ridge;
}

static const struct file_system system_iso = {.close = close_files, .list = list, .read = read_file, .runs = runs};

bool iso_files_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error)
{
    struct iso *v = calloc(1, sizeof *v);
    uint64_t plain = 0, joliet = 0;
    struct error ignored;

    if (!v)
        return error_set(error, STATUS_HOST, "ISO 9660", NULL, NULL, "out of memory");
    v->disk = disk;
    v->first = volume->first;
    v->sectors = volume->sectors;
    v->code_page = volume->code_page;
    for (uint64_t i = DESCRIPTOR; i < DESCRIPTOR + DESCRIPTORS; i++) {
        const uint8_t *d = sector_at(v, i * LOGICAL, error);
        if (!d || memcmp(d + 1, "CD001", 5) || d[0] == 255)
            break;
        if (d[0] == 1 && !plain) {
            plain = i * LOGICAL + 156;
            v->block = get_le16(d + 128);
        } else if (d[0] == 2 && !joliet && d[88] == 0x25 && d[89] == 0x2F && strchr("@CE", d[90]) && d[90]) {
            joliet = i * LOGICAL + 156;
        }
    }
    if (!plain || (v->block != 512 && v->block != 1024 && v->block != 2048)) {
        free(v);
        return error_set(error, STATUS_WRONG, "ISO 9660", NULL, NULL, "has no sound volume descriptor");
    }
    v->root = plain;
    if (volume->names != NAMES_PLAIN && !(volume->names == NAMES_BEST && find_ridge(v, plain, &ignored)) && joliet) {
        v->root = joliet;
        v->joliet = true;
    }
    *files = (struct files){&system_iso, v};
    return true;
}
