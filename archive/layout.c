/* layout.c - names, headers, lines and the hash tree of a sealed archive. See layout.h and spec/archive.md. */
#include "archive/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Members --- */

static const struct fixed_name {
    const char *name;
    enum member_kind kind;
} fixed_names[] = {
    {"000-README.txt", MEMBER_README},
    {"recover.py", MEMBER_RECOVER},
    {"machine.yaml", MEMBER_MACHINE},
    {"description.yaml", MEMBER_DESCRIPTION},
    {"firmware/system.bin", MEMBER_SYSTEM},
    {"firmware/video.bin", MEMBER_VIDEO},
    {"attest.txt", MEMBER_ATTEST},
    {"attest.journal", MEMBER_ATTEST_JOURNAL},
    {"content.txt", MEMBER_CONTENT},
    {"SHA256SUMS", MEMBER_SUMS},
    {"seal.txt", MEMBER_SEAL},
    {"evidence/00000000/key.pub", MEMBER_KEY},
    {"evidence/00000000/statement.sig", MEMBER_SIGNATURE},
    {"evidence/00000000/statement.txt", MEMBER_STATEMENT},
};

static const struct fixed_name free_folders[] = {
    {"spec/", MEMBER_SPEC},
    {"source/", MEMBER_SOURCE},
    {"docs/", MEMBER_DOCUMENT},
};

#define FIXED_NAMES (sizeof fixed_names / sizeof fixed_names[0])
#define FREE_FOLDERS (sizeof free_folders / sizeof free_folders[0])

/* Whether the rest of a name is made of legal characters, with no empty part and none that begins with a dot. */
static bool name_is_plain(const char *name)
{
    bool part_begins = true;

    for (; *name; name++) {
        bool letter = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') || *name == '_' || *name == '-';

        if (!letter && (part_begins || (*name != '.' && *name != '/')))
            return false;
        part_begins = *name == '/';
    }
    return !part_begins;
}

/* disk/SLOT.top, disk/SLOT.unreadable, disk/SLOT/EEEEEEEE.gz, disk/SLOT/EEEEEEEE.map */
static bool identify_disk(const char *name, struct member_id *id)
{
    const char *rest = name + 8;
    uint64_t extent = 0;
    unsigned slot = 0;

    if (strncmp(name, "disk/", 5) != 0 || strlen(name) < 8)
        return false;
    while (slot < DRIVE_COUNT && strncmp(name + 5, drive_slot_names[slot], 3) != 0)
        slot++;
    if (slot == DRIVE_COUNT)
        return false;
    id->slot = (enum drive_slot)slot;
    if (strcmp(rest, ".top") == 0)
        id->kind = MEMBER_TOP;
    else if (strcmp(rest, ".unreadable") == 0)
        id->kind = MEMBER_UNREADABLE;
    else if (rest[0] != '/' || !decimal_parse(rest + 1, 8, &extent) || extent >= DISK_LIMIT / EXTENT_SIZE)
        return false;
    else if (strcmp(rest + 9, ".gz") == 0)
        id->kind = MEMBER_EXTENT;
    else if (strcmp(rest + 9, ".map") == 0)
        id->kind = MEMBER_MAP;
    else
        return false;
    id->extent = (uint32_t)extent;
    return true;
}

static enum member_kind identify(const char *name, struct member_id *id)
{
    if (strlen(name) >= NAME_SIZE)
        return MEMBER_UNKNOWN;
    for (size_t i = 0; i < FIXED_NAMES; i++)
        if (strcmp(name, fixed_names[i].name) == 0)
            return fixed_names[i].kind;
    for (size_t i = 0; i < FREE_FOLDERS; i++) {
        size_t length = strlen(free_folders[i].name);

        if (strncmp(name, free_folders[i].name, length) == 0)
            return name_is_plain(name + length) ? free_folders[i].kind : MEMBER_UNKNOWN;
    }
    return identify_disk(name, id) ? id->kind : MEMBER_UNKNOWN;
}

struct member_id member_identify(const char *name)
{
    struct member_id id = {.kind = MEMBER_UNKNOWN};
    enum member_kind group;
    uint64_t in_disk = 0;

    id.kind = group = identify(name, &id);
    if (group == MEMBER_EXTENT || group == MEMBER_MAP)
        in_disk = id.extent * UINT64_C(2) + (group == MEMBER_MAP);
    else if (group == MEMBER_TOP || group == MEMBER_UNREADABLE)
        in_disk = UINT64_C(0xfffffffe) + (group == MEMBER_UNREADABLE);
    if (group >= MEMBER_EXTENT && group <= MEMBER_UNREADABLE)
        group = MEMBER_EXTENT;
    id.order = (uint64_t)group << 48 | (uint64_t)id.slot << 40 | in_disk;
    return id;
}

void member_name(enum member_kind kind, enum drive_slot slot, uint32_t extent, char name[NAME_SIZE])
{
    for (size_t i = 0; i < FIXED_NAMES; i++)
        if (fixed_names[i].kind == kind)
            snprintf(name, NAME_SIZE, "%s", fixed_names[i].name);
    if (kind == MEMBER_EXTENT || kind == MEMBER_MAP)
        snprintf(name, NAME_SIZE, "disk/%s/%08u.%s", drive_slot_names[slot], extent, kind == MEMBER_MAP ? "map" : "gz");
    if (kind == MEMBER_TOP || kind == MEMBER_UNREADABLE)
        snprintf(name, NAME_SIZE, "disk/%s.%s", drive_slot_names[slot], kind == MEMBER_TOP ? "top" : "unreadable");
}

int member_compare(const char *a, const char *b)
{
    uint64_t order_a = member_identify(a).order, order_b = member_identify(b).order;

    return order_a < order_b ? -1 : order_a > order_b ? 1 : strcmp(a, b);
}

/* POSIX.1-2008, pax, "ustar Interchange Format". */
void tar_header(const char *name, uint64_t size, uint8_t block[TAR_BLOCK])
{
    char *field = (char *)block;
    unsigned sum = 0;

    memset(block, 0, TAR_BLOCK);
    snprintf(field, NAME_SIZE, "%s", name);
    memcpy(field + 100, "0000644", 8); /* mode */
    memcpy(field + 108, "0000000", 8); /* uid */
    memcpy(field + 116, "0000000", 8); /* gid */
    snprintf(field + 124, 12, "%011llo", (unsigned long long)size);
    memcpy(field + 136, "00000000000", 12); /* mtime */
    memcpy(field + 148, "        0", 9);    /* checksum as spaces, then type */
    memcpy(field + 257, "ustar\00000", 8);  /* magic and version */
    memcpy(field + 329, "0000000", 8);      /* device numbers */
    memcpy(field + 337, "0000000", 8);
    for (unsigned i = 0; i < TAR_BLOCK; i++)
        sum += block[i];
    snprintf(field + 148, 7, "%06o", sum & 0777777u);
}

bool tar_header_parse(const uint8_t block[TAR_BLOCK], char name[NAME_SIZE], uint64_t *size)
{
    uint8_t again[TAR_BLOCK];

    memcpy(name, block, NAME_SIZE);
    if (name[0] == '\0' || name[NAME_SIZE - 1] != '\0')
        return false;
    *size = 0;
    for (unsigned i = 124; i < 135; i++)
        *size = *size << 3 | (block[i] & 7);
    tar_header(name, *size, again);
    return memcmp(block, again, TAR_BLOCK) == 0;
}

uint64_t tar_padded(uint64_t size)
{
    return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

/* --- The hash tree --- */

void tree_node(const uint8_t left[DIGEST_SIZE], const uint8_t right[DIGEST_SIZE], uint8_t out[DIGEST_SIZE])
{
    uint8_t input[1 + 2 * DIGEST_SIZE] = {1};

    memcpy(input + 1, left, DIGEST_SIZE);
    memcpy(input + 1 + DIGEST_SIZE, right, DIGEST_SIZE);
    sha256(input, sizeof input, out);
}

bool tree_climb(uint64_t number, uint64_t last, const uint8_t (*node)[DIGEST_SIZE], unsigned count, uint8_t *old,
                uint8_t *root)
{
    for (; count > 0; count--, node++, number >>= 1, last >>= 1) {
        if (last == 0)
            return false;
        if (!(number & 1) && number != last) {
            tree_node(root, *node, root);
            continue;
        }
        if (old)
            tree_node(*node, old, old);
        tree_node(*node, root, root);
        for (; !(number & 1) && number; number >>= 1)
            last >>= 1;
    }
    return last == 0;
}

void tree_leaf(const uint8_t chunk_digest[DIGEST_SIZE], uint8_t leaf[DIGEST_SIZE])
{
    uint8_t input[1 + DIGEST_SIZE] = {0};

    memcpy(input + 1, chunk_digest, DIGEST_SIZE);
    sha256(input, sizeof input, leaf);
}

/* Subtrees of equal size meet where the count carries, as in binary addition. */
void tree_add_subtree(struct tree *t, const uint8_t root[DIGEST_SIZE])
{
    unsigned top = 0;

    for (uint64_t bits = t->count; bits; bits &= bits - 1)
        top++;
    memcpy(t->nodes[top], root, DIGEST_SIZE);
    for (uint64_t carry = t->count; carry & 1; carry >>= 1, top--)
        tree_node(t->nodes[top - 1], t->nodes[top], t->nodes[top - 1]);
    t->count++;
}

void tree_add_chunk(struct tree *t, const uint8_t chunk_digest[DIGEST_SIZE])
{
    uint8_t leaf[DIGEST_SIZE];

    tree_leaf(chunk_digest, leaf);
    tree_add_subtree(t, leaf);
}

void tree_root(const struct tree *t, uint8_t root[DIGEST_SIZE])
{
    unsigned top = 0;

    for (uint64_t bits = t->count; bits; bits &= bits - 1)
        top++;
    if (top == 0) { /* RFC 9162 §2.1.1: the root of nothing is the digest of nothing */
        sha256(NULL, 0, root);
        return;
    }
    memcpy(root, t->nodes[top - 1], DIGEST_SIZE);
    while (--top > 0)
        tree_node(t->nodes[top - 1], root, root);
}

/* --- Extents --- */

uint32_t disk_extents(uint64_t size)
{
    return (uint32_t)((size + EXTENT_SIZE - 1) / EXTENT_SIZE);
}

static uint64_t remaining(uint64_t size, uint64_t from, uint64_t at_most)
{
    return size <= from ? 0 : size - from < at_most ? size - from : at_most;
}

uint32_t extent_chunks(uint64_t size, uint32_t extent)
{
    return (uint32_t)((remaining(size, (uint64_t)extent * EXTENT_SIZE, EXTENT_SIZE) + CHUNK_SIZE - 1) / CHUNK_SIZE);
}

uint32_t chunk_length(uint64_t size, uint32_t extent, uint32_t chunk)
{
    return (uint32_t)remaining(size, (uint64_t)extent * EXTENT_SIZE + (uint64_t)chunk * CHUNK_SIZE, CHUNK_SIZE);
}

void map_line_print(char line[MAP_LINE + 1], uint32_t chunk, const struct map_entry *entry)
{
    char hex[65];

    hex_encode(entry->digest, hex);
    snprintf(line, MAP_LINE + 1, "%04u %c %08u %06u %s\n", chunk % 10000, entry->inherited ? 'p' : 'd',
             entry->offset % 100000000, entry->length % 1000000, hex);
}

bool map_line_parse(const char *line, uint32_t chunk, bool derived, struct map_entry *entry)
{
    char again[MAP_LINE + 1];
    uint64_t offset, length;

    if (!decimal_parse(line + 7, 8, &offset) || !decimal_parse(line + 16, 6, &length) ||
        !hex_decode(line + 23, entry->digest))
        return false;
    entry->inherited = line[5] == 'p';
    if (entry->inherited && (!derived || offset != 0 || length != 0))
        return false;
    entry->offset = (uint32_t)offset;
    entry->length = (uint32_t)length;
    map_line_print(again, chunk, entry);
    return memcmp(line, again, MAP_LINE) == 0;
}

void top_line_print(char line[TOP_LINE + 1], uint32_t extent, const struct top_entry *entry)
{
    char map_hex[65], root_hex[65];

    hex_encode(entry->map_digest, map_hex);
    hex_encode(entry->root, root_hex);
    snprintf(line, TOP_LINE + 1, "%08u %c %015llu %09u %s %s\n", extent % 100000000,
             entry->zero        ? 'z'
             : entry->inherited ? 'p'
                                : 'd',
             (unsigned long long)(entry->offset % (FILE_LIMIT + 1)), entry->length % 1000000000, map_hex, root_hex);
}

bool top_entry_is_bare(const struct top_entry *entry)
{
    return entry->zero || entry->inherited;
}

bool top_line_parse(const char *line, uint32_t extent, bool derived, struct top_entry *entry)
{
    char again[TOP_LINE + 1];
    uint64_t length;

    if (!decimal_parse(line + 11, 15, &entry->offset) || !decimal_parse(line + 27, 9, &length) ||
        !hex_decode(line + 37, entry->map_digest) || !hex_decode(line + 102, entry->root))
        return false;
    entry->zero = line[9] == 'z';
    entry->inherited = line[9] == 'p';
    entry->length = (uint32_t)length;
    if (entry->inherited && !derived)
        return false;
    if (top_entry_is_bare(entry) && (entry->offset != 0 || length != 0 || !all_zero(entry->map_digest, DIGEST_SIZE)))
        return false;
    if (!top_entry_is_bare(entry) && (entry->offset % TAR_BLOCK != 0 || length == 0 || length > EXTENT_GZ_MAX))
        return false;
    top_line_print(again, extent, entry);
    return memcmp(line, again, TOP_LINE) == 0;
}

bool map_parse(const char *text, size_t size, uint32_t count, uint64_t gz_size, bool derived, struct map_entry *entries)
{
    uint64_t end = 0;

    if (size != (size_t)count * MAP_LINE)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!map_line_parse(text + (size_t)i * MAP_LINE, i, derived, &entries[i]))
            return false;
        if (entries[i].inherited)
            continue;
        if (entries[i].offset != end || entries[i].length == 0 || entries[i].length > CHUNK_GZ_MAX)
            return false;
        end += entries[i].length;
    }
    return end == gz_size;
}

bool unreadable_parse(const char *text, size_t size, uint64_t sectors, struct sector_range *ranges)
{
    uint64_t end = 0;

    if (size % UNREADABLE_LINE != 0)
        return false;
    for (size_t i = 0; i < size / UNREADABLE_LINE; i++) {
        const char *line = text + i * UNREADABLE_LINE;
        struct sector_range *r = &ranges[i];

        if (!decimal_parse(line, 15, &r->first) || line[15] != ' ' || !decimal_parse(line + 16, 15, &r->count) ||
            line[31] != '\n')
            return false;
        if ((i > 0 && r->first <= end) || r->count == 0 || r->first >= sectors || r->count > sectors - r->first)
            return false;
        end = r->first + r->count;
    }
    return true;
}

void extent_root(const struct map_entry *entries, uint32_t count, uint8_t root[DIGEST_SIZE])
{
    struct tree tree = {.count = 0};

    for (uint32_t i = 0; i < count; i++)
        tree_add_chunk(&tree, entries[i].digest);
    tree_root(&tree, root);
}

#define EXTENT_LEVELS 11 /* of the tree of an extent: 1 to EXTENT_CHUNKS chunks */

/* level[n]: the root of 2^n whole chunks of zeros. */
static void zero_root(uint8_t level[EXTENT_LEVELS][DIGEST_SIZE], uint64_t disk_size, uint32_t extent,
                      uint8_t root[DIGEST_SIZE])
{
    static const uint8_t zeros[CHUNK_SIZE];
    uint32_t count = extent_chunks(disk_size, extent), last = chunk_length(disk_size, extent, count - 1), top = 0;
    uint8_t digest[DIGEST_SIZE];
    struct tree tree = {.count = last == CHUNK_SIZE ? count : count - 1};

    for (unsigned n = EXTENT_LEVELS; n-- > 0;)
        if (tree.count >> n & 1)
            memcpy(tree.nodes[top++], level[n], DIGEST_SIZE);
    if (tree.count < count) {
        sha256(zeros, last, digest);
        tree_add_chunk(&tree, digest);
    }
    tree_root(&tree, root);
}

void zero_roots(uint64_t disk_size, struct zero_roots *roots)
{
    static const uint8_t zeros[CHUNK_SIZE];
    uint8_t level[EXTENT_LEVELS][DIGEST_SIZE], digest[DIGEST_SIZE];
    struct tree one = {.count = 0};

    sha256(zeros, sizeof zeros, digest);
    tree_add_chunk(&one, digest);
    tree_root(&one, level[0]);
    for (unsigned n = 1; n < EXTENT_LEVELS; n++)
        tree_node(level[n - 1], level[n - 1], level[n]);
    zero_root(level, EXTENT_SIZE, 0, roots->whole);
    zero_root(level, disk_size, disk_extents(disk_size) - 1, roots->last);
}
