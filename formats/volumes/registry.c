/* registry.c - see registry.h. */
#include "formats/volumes/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/numbers.h"

/* clang-format off */
enum {
    STEPS = 1 << 21,          /* records of a hive that are looked at */
    BASE = 0x1000,            /* of regf: offsets of cells count from here */
    TYPE_TEXT = 1, TYPE_NUMBER = 4,
    CREG_KEYS = 0x20, CREG_KEY = 28, CREG_BLOCK = 0x20, CREG_RECORD = 0x14, CREG_VALUE = 0x0C /* places and sizes */
};

#define NOTHING UINT32_MAX
#define HIVE_LIMIT (UINT64_C(32) << 20) /* bytes of a file that is looked into */
/* clang-format on */

struct hive {
    const uint8_t *bytes;
    size_t size;
    uint32_t header; /* of regf: bytes before what a cell holds */
    unsigned steps;  /* that are left */
};

/* A part of a path. */
struct part {
    const char *text;
    size_t length;
};

/* Whether characters of `width` bytes are those of a part, the case of A to Z aside. */
static bool is_part(const uint8_t *name, size_t bytes, unsigned width, const struct part *part)
{
    if (bytes != part->length * width)
        return false;
    for (size_t i = 0; i < part->length; i++) {
        unsigned a = name[i * width], b = (uint8_t)part->text[i];
        if (width == 2 && name[i * 2 + 1])
            return false;
        a -= a >= 'a' && a <= 'z' ? 'a' - 'A' : 0;
        b -= b >= 'a' && b <= 'z' ? 'a' - 'A' : 0;
        if (a != b)
            return false;
    }
    return true;
}

/* Text without its NUL, of which all is ASCII. */
static bool take_text(const uint8_t *data, size_t bytes, unsigned width, char *to, size_t room)
{
    size_t length = 0;

    for (; length * width + width <= bytes && data[length * width]; length++) {
        if (length + 1 >= room || data[length * width] >= 0x80 || (width == 2 && data[length * 2 + 1]))
            return false;
        to[length] = (char)data[length * width];
    }
    to[length] = '\0';
    return true;
}

static bool take_number(const uint8_t *data, size_t bytes, char *to, size_t room)
{
    return bytes >= 4 && snprintf(to, room, "%lu", (unsigned long)get_le32(data)) < (int)room;
}

/* --- regf --- */

/* What a cell in use holds, at least `least` bytes; null: there is none. */
static const uint8_t *cell(struct hive *h, uint32_t offset, size_t least, size_t *size)
{
    const uint64_t at = (uint64_t)BASE + offset;

    if (offset == NOTHING || at + h->header > h->size || h->steps == 0)
        return NULL;
    h->steps--;
    const uint32_t length = 0 - get_le32(h->bytes + at); /* it is negative in a cell in use */
    if (length > h->size - at || length < h->header + least)
        return NULL;
    *size = length - h->header;
    return h->bytes + at + h->header;
}

/* Looks for a subkey in a list, or in a list of lists; null: it is not there. */
static const uint8_t *subkey(struct hive *h, uint32_t list, const struct part *part, unsigned depth)
{
    size_t size, room;
    const uint8_t *l = cell(h, list, 4, &size), *found = NULL;
    const bool lists = l && !memcmp(l, "ri", 2), hashed = l && l[0] == 'l' && (l[1] == 'f' || l[1] == 'h');

    if (!l || !(lists || hashed || !memcmp(l, "li", 2)))
        return NULL;
    const size_t step = hashed ? 8 : 4, count = get_le16(l + 2);
    for (size_t i = 0; !found && i < count && 4 + (i + 1) * step <= size; i++) {
        const uint32_t offset = get_le32(l + 4 + i * step);
        const uint8_t *key = lists ? NULL : cell(h, offset, 0x4C, &room);
        if (lists && depth < 2)
            found = subkey(h, offset, part, depth + 1);
        else if (key && !memcmp(key, "nk", 2) && get_le16(key + 0x48) <= room - 0x4C &&
                 is_part(key + 0x4C, get_le16(key + 0x48), key[2] & 0x20 ? 1 : 2, part))
            found = key;
    }
    return found;
}

static bool regf_value(struct hive *h, const uint8_t *key, const struct part *part, char *to, size_t room)
{
    size_t size, length;
    const uint8_t *list = cell(h, get_le32(key + 0x28), 4, &size), *v;

    for (size_t i = 0; list && i < get_le32(key + 0x24) && (i + 1) * 4 <= size; i++) {
        v = cell(h, get_le32(list + i * 4), 20, &length);
        if (!v || memcmp(v, "vk", 2) || get_le16(v + 2) > length - 20 ||
            !is_part(v + 20, get_le16(v + 2), v[16] & 1 ? 1 : 2, part))
            continue;
        /* Up to four bytes lie in place of the offset, which the highest bit says. */
        const uint32_t bytes = get_le32(v + 4) & 0x7FFFFFFF;
        const uint8_t *data = get_le32(v + 4) >> 31 ? v + 8 : cell(h, get_le32(v + 8), bytes, &length);
        if (!data || (data == v + 8 && bytes > 4))
            return false;
        return get_le32(v + 12) == TYPE_NUMBER ? take_number(data, bytes, to, room)
                                               : get_le32(v + 12) == TYPE_TEXT && take_text(data, bytes, 2, to, room);
    }
    return false;
}

/* --- CREG --- */

/* The key at a place of the tree; null: there is none. */
static const uint8_t *creg_key(struct hive *h, uint32_t offset)
{
    const uint64_t at = (uint64_t)CREG_KEYS + offset;

    if (offset == NOTHING || at + CREG_KEY > h->size || h->steps == 0)
        return NULL;
    h->steps--;
    return h->bytes + at;
}

/* The record of a key, which has its name and values, at least `least` bytes; null: there is none. */
static const uint8_t *creg_record(struct hive *h, const uint8_t *key, size_t *size)
{
    uint64_t block = get_le32(h->bytes + 8), end = 0;

    for (unsigned n = 0; n <= get_le16(key + 0x1A); n++, block = end) {
        if (block + CREG_BLOCK > h->size || memcmp(h->bytes + block, "RGDB", 4) || h->steps == 0)
            return NULL;
        h->steps--;
        end = block + get_le32(h->bytes + block + 4);
        if (end <= block || end > h->size || n < get_le16(key + 0x1A))
            continue;
        for (uint64_t at = block + CREG_BLOCK; at + CREG_RECORD <= end && h->steps > 0; h->steps--) {
            const uint8_t *r = h->bytes + at;
            const uint32_t length = get_le32(r);
            if (length < CREG_RECORD || length > end - at)
                return NULL;
            *size = length;
            if (get_le16(r + 4) == get_le16(key + 0x18) && get_le16(r + 0x0C) <= length - CREG_RECORD)
                return r;
            at += length;
        }
        return NULL;
    }
    return NULL;
}

static const uint8_t *creg_subkey(struct hive *h, const uint8_t *key, const struct part *part)
{
    size_t size;

    for (key = creg_key(h, get_le32(key + 0x10)); key; key = creg_key(h, get_le32(key + 0x14))) {
        const uint8_t *r = creg_record(h, key, &size);
        if (r && is_part(r + CREG_RECORD, get_le16(r + 0x0C), 1, part))
            return key;
    }
    return NULL;
}

static bool creg_value(struct hive *h, const uint8_t *key, const struct part *part, char *to, size_t room)
{
    size_t size = 0;
    const uint8_t *r = creg_record(h, key, &size);
    size_t at = r ? (size_t)CREG_RECORD + get_le16(r + 0x0C) : 0;

    for (unsigned i = 0; r && i < get_le16(r + 0x0E) && at + CREG_VALUE <= size; i++) {
        const uint8_t *v = r + at;
        const size_t name = get_le16(v + 8), bytes = get_le16(v + 10);
        if (at + CREG_VALUE + name + bytes > size)
            return false;
        if (is_part(v + CREG_VALUE, name, 1, part))
            return get_le32(v) == TYPE_NUMBER ? take_number(v + CREG_VALUE + name, bytes, to, room)
                                              : take_text(v + CREG_VALUE + name, bytes, 1, to, room);
        at += CREG_VALUE + name + bytes;
    }
    return false;
}

/* --- Both --- */

bool registry_value(const uint8_t *hive, size_t size, const char *path, char *to, size_t room)
{
    struct hive h = {hive, size, 4, STEPS};
    struct part part = {path, strcspn(path, "/")};
    const bool regf = size > BASE && !memcmp(hive, "regf", 4), creg = size > 0x40 && !memcmp(hive, "CREG", 4);
    const uint8_t *key = NULL;
    size_t length;

    if (regf && get_le32(hive + 0x18) <= 1)
        h.header = 8; /* Windows NT 3 */
    if (regf)
        key = cell(&h, get_le32(hive + 0x24), 0x4C, &length);
    if (regf && key && memcmp(key, "nk", 2))
        return false;
    if (creg && !memcmp(hive + CREG_KEYS, "RGKN", 4))
        key = creg_key(&h, get_le32(hive + CREG_KEYS + 8));
    for (; key && part.text[part.length]; part.length = strcspn(part.text, "/")) {
        key = regf ? subkey(&h, get_le32(key + 0x1C), &part, 0) : creg_subkey(&h, key, &part);
        part.text += part.length + 1;
    }
    return key && (regf ? regf_value(&h, key, &part, to, room) : creg_value(&h, key, &part, to, room));
}

/* --- Code pages --- */

static const struct {
    const char *path;
    bool nt; /* its settings are in the control set of a number that it says */
} hives[] = {
    {"WINNT/SYSTEM32/CONFIG/SYSTEM", true},
    {"WINDOWS/SYSTEM32/CONFIG/SYSTEM", true},
    {"WINNT35/SYSTEM32/CONFIG/SYSTEM", true},
    {"WINNT40/SYSTEM32/CONFIG/SYSTEM", true},
    {"REACTOS/SYSTEM32/CONFIG/SYSTEM", true},
    {"WINDOWS/SYSTEM.DAT", false},
    {"WIN95/SYSTEM.DAT", false},
    {"WIN98/SYSTEM.DAT", false},
};

#define HIVES (sizeof hives / sizeof *hives)

const char *registry_file(uint32_t n)
{
    return n < HIVES ? hives[n].path : NULL;
}

static uint16_t page_of(const uint8_t *hive, size_t size, const char *set, const char *name)
{
    char path[96], text[16];

    snprintf(path, sizeof path, "%s/Control/Nls/CodePage/%s", set, name);
    if (!registry_value(hive, size, path, text, sizeof text))
        return 0;
    const unsigned long page = strtoul(text, NULL, 10);
    return page <= UINT16_MAX ? (uint16_t)page : 0;
}

bool registry_pages(const struct files *files, struct registry_pages *pages)
{
    struct file_entry entry;
    struct error ignored;
    char current[16], set[48];
    size_t got = 0;

    for (uint32_t i = 0; i < HIVES; i++) {
        if (!files_find(files, hives[i].path, &entry, &ignored) || entry.kind != FILE_REGULAR || !entry.size ||
            entry.size > HIVE_LIMIT)
            continue;
        uint8_t *hive = malloc((size_t)entry.size);
        if (hive)
            files->system->read(files->context, &entry, 0, hive, (size_t)entry.size, &got, &ignored);
        snprintf(set, sizeof set, "System/CurrentControlSet");
        if (hive && hives[i].nt && registry_value(hive, got, "Select/Current", current, sizeof current))
            snprintf(set, sizeof set, "ControlSet%03lu", strtoul(current, NULL, 10) % 1000);
        *pages = (struct registry_pages){.file = i};
        if (hive) {
            pages->oem = page_of(hive, got, set, "OEMCP");
            pages->ansi = page_of(hive, got, set, "ACP");
        }
        free(hive);
        if (pages->oem)
            return true;
    }
    return false;
}
