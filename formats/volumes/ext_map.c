/* ext_map.c - see ext_map.h (Linux, Documentation/filesystems/ext4: "The Contents of inode.i_block"). */
#include "formats/volumes/ext_map.h"

#include <stdlib.h>

#include "formats/volumes/disk.h"

#define DIRECT 12
#define MAGIC 0xF30A
#define ENTRY 12      /* bytes of a header, an index and an extent */
#define WRITTEN 32768 /* longest extent that has been written; a longer one is that much longer than it is */

static bool wrong(struct error *error, const char *what, uint64_t block)
{
    return error_set(error, STATUS_WRONG, "ext", NULL, NULL, "%s %llu", what, (unsigned long long)block);
}

/* A block that leads on; null with *error. */
static const uint8_t *node(struct ext_map *m, unsigned level, uint64_t block, struct error *error)
{
    const uint32_t sectors = m->block_size / SECTOR_SIZE;

    if (m->kept[level].bytes && m->kept[level].block == block)
        return m->kept[level].bytes;
    if (block >= m->blocks) {
        wrong(error, "a pointer leads out of the disk, to block", block);
        return NULL;
    }
    if (!m->kept[level].bytes && !(m->kept[level].bytes = malloc(m->block_size))) {
        error_set(error, STATUS_HOST, "ext", NULL, NULL, "out of memory");
        return NULL;
    }
    m->kept[level].block = block;
    if (disk_get(m->disk, m->start / SECTOR_SIZE + block * sectors, sectors, m->kept[level].bytes))
        return m->kept[level].bytes;
    free(m->kept[level].bytes);
    m->kept[level].bytes = NULL;
    wrong(error, "cannot read the pointers in block", block);
    return NULL;
}

/* The run of pointers that begins with the index-th of `count`. */
static bool find_in(const struct ext_map *m, const uint8_t *pointers, uint64_t index, uint64_t count,
                    struct ext_piece *piece, struct error *error)
{
    const uint32_t first = get_le32(pointers + 4 * index);

    piece->block = first;
    for (piece->count = 1; index + piece->count < count; piece->count++)
        if (get_le32(pointers + 4 * (index + piece->count)) != (first ? first + piece->count : 0) ||
            first + piece->count >= m->blocks)
            break;
    if (first < m->blocks)
        return true;
    piece->count = 1;
    return wrong(error, "a pointer leads out of the disk, to block", first);
}

static bool find_by_pointers(struct ext_map *m, uint64_t n, struct ext_piece *piece, struct error *error)
{
    const uint64_t each = m->block_size / 4, wanted = n;
    uint64_t span = each, block;
    unsigned level = 0;

    if (n < DIRECT)
        return find_in(m, m->root, n, DIRECT, piece, error);
    for (n -= DIRECT; n >= span; span *= each, level++) {
        n -= span;
        if (level == 2) {
            piece->count = UINT64_MAX;
            return wrong(error, "pointers cannot lead to block", wanted);
        }
    }
    block = get_le32(m->root + 4 * (DIRECT + level));
    for (;; level--) {
        const uint8_t *pointers = block ? node(m, level, block, error) : NULL;
        piece->block = 0;
        piece->count = span - n;
        if (!pointers)
            return block == 0;
        span /= each;
        if (level == 0)
            return find_in(m, pointers, n, each, piece, error);
        block = get_le32(pointers + 4 * (n / span));
        n %= span;
    }
}

/* The last entry of a node that begins at n or before it; null: there is none. *next: where the one after it begins. */
static const uint8_t *find_entry(const uint8_t *header, uint64_t n, uint64_t *next)
{
    const uint8_t *found = NULL;

    for (const uint8_t *e = header + ENTRY; e < header + ENTRY * (1 + get_le16(header + 2)); e += ENTRY)
        if (get_le32(e) <= n)
            found = e;
        else if (get_le32(e) < *next)
            *next = get_le32(e);
    return found;
}

static bool find_by_extents(struct ext_map *m, uint64_t n, struct ext_piece *piece, struct error *error)
{
    const uint8_t *header = m->root, *entry;
    uint64_t end = UINT64_MAX, size = EXT_ROOT;

    for (unsigned depth = get_le16(header + 6);; depth--) {
        piece->block = 0;
        piece->count = end - n;
        if (get_le16(header) != MAGIC || get_le16(header + 6) != depth || depth > EXT_LEVELS ||
            ENTRY * (1u + get_le16(header + 2)) > size)
            return wrong(error, "there are no extents at block", n);
        entry = find_entry(header, n, &end);
        piece->count = end - n;
        if (!entry)
            return true;
        if (depth == 0)
            break;
        size = m->block_size;
        header = node(m, depth - 1, get_le32(entry + 4) | (uint64_t)get_le16(entry + 8) << 32, error);
        if (!header)
            return false;
    }
    const uint64_t past = n - get_le32(entry), length = get_le16(entry + 4);
    const bool written = length <= WRITTEN;
    const uint64_t block = (get_le32(entry + 8) | (uint64_t)get_le16(entry + 6) << 32) + past;
    const uint64_t count = written ? length : length - WRITTEN;

    if (past >= count)
        return true;
    if (count - past < piece->count)
        piece->count = count - past;
    if (!written)
        return true;
    piece->block = block;
    if (block == 0 || block >= m->blocks || piece->count > m->blocks - block)
        return wrong(error, "an extent leads out of the disk, to block", block);
    return true;
}

bool ext_map_find(struct ext_map *m, uint64_t n, struct ext_piece *piece, struct error *error)
{
    return m->extents ? find_by_extents(m, n, piece, error) : find_by_pointers(m, n, piece, error);
}

void ext_map_close(struct ext_map *m)
{
    for (unsigned i = 0; i < EXT_LEVELS; i++)
        free(m->kept[i].bytes);
}
