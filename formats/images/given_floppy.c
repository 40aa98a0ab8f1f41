/* given_floppy.c - a folder of this host as a floppy of 1440K with FAT12 and long names (Microsoft, "FAT: General
 * Overview of On-Disk Format" 1.03).
 *
 * It begins as the blank floppy of that size. A cluster is a sector; folders and files lie in the order in which they
 * are read, each in one piece. Every date is 1980-01-01. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/formats.h"
#include "formats/images/given.h"
#include "formats/images/made.h"
#include "formats/numbers.h"

enum {
    FAT = 1,
    FAT_SECTORS = 9,
    ROOT = FAT + 2 * FAT_SECTORS,
    ROOT_ENTRIES = 224,
    DATA = ROOT + ROOT_ENTRIES * 32 / SECTOR_SIZE,
    SECTORS = 2880,
    CLUSTERS = SECTORS - DATA,
    DATE = 1 << 5 | 1, /* 1980-01-01 */
    UNITS = 13         /* of a long name in an entry */
};

struct floppy {
    struct given tree; /* block[PRIMARY] of a node: its first cluster; 0: none, or the root */
    uint8_t *image;
    uint32_t next; /* cluster that is free */
};

static bool is_full(const struct floppy *f, struct error *error)
{
    return error_set(error, STATUS_INPUT, f->tree.folder, NULL, "leave something out, or give it as a CD",
                     "holds more than a floppy of 1440K has room for");
}

static void set_fat(struct floppy *f, uint32_t cluster, uint32_t value)
{
    for (unsigned copy = 0; copy < 2; copy++) {
        uint8_t *at = f->image + (FAT + copy * FAT_SECTORS) * SECTOR_SIZE + cluster * 3 / 2;
        unsigned pair = at[0] | (unsigned)at[1] << 8;
        pair = cluster & 1 ? (pair & 0x000F) | value << 4 : (pair & 0xF000) | value;
        put_le(at, pair, 2);
    }
}

/* Clusters for so many bytes, which follow each other. */
static bool allocate(struct floppy *f, struct node *node, uint64_t bytes, struct error *error)
{
    const uint64_t count = (bytes + SECTOR_SIZE - 1) / SECTOR_SIZE;

    if (count > CLUSTERS || f->next - 2 + count > CLUSTERS)
        return is_full(f, error);
    node->block[PRIMARY] = count ? f->next : 0;
    for (uint64_t i = 0; i < count; i++, f->next++)
        set_fat(f, f->next, i + 1 < count ? f->next + 1 : 0xFFF);
    return true;
}

static uint8_t *place_of(const struct floppy *f, const struct node *node)
{
    return f->image + (node == f->tree.nodes ? ROOT : DATA + node->block[PRIMARY] - 2) * SECTOR_SIZE;
}

/* --- Names --- */

/* NAME.EXT;1, or NAME of a folder, as 11 bytes. */
static void short_name(const struct node *node, uint8_t raw[11])
{
    const char *name = (const char *)node->name[PRIMARY];
    unsigned at = 0;

    memset(raw, ' ', 11);
    for (unsigned i = 0; i < given_name_length(node, PRIMARY); i++)
        if (name[i] == '.')
            at = 8;
        else
            raw[at++] = (uint8_t)name[i];
}

/* Entries of the long name; 0: it is the short one. */
static uint32_t long_entries(const struct node *node)
{
    const uint32_t units = node->length[LONG] / 2u;
    bool same = given_name_length(node, PRIMARY) == units;

    for (uint32_t i = 0; same && i < units; i++)
        same = !node->name[LONG][2 * i] && node->name[LONG][2 * i + 1] == node->name[PRIMARY][i];
    return same ? 0 : (units + UNITS - 1) / UNITS;
}

static uint32_t entries_of(const struct floppy *f, const struct node *folder)
{
    uint32_t entries = folder == f->tree.nodes ? 0 : 2;

    for (uint32_t i = 0; i < folder->count; i++)
        entries += 1 + long_entries(&f->tree.nodes[folder->first + i]);
    return entries;
}

/* --- Writing --- */

static uint8_t *put_entry(uint8_t *to, const uint8_t raw[11], const struct node *node)
{
    memcpy(to, raw, 11);
    to[11] = node->folder ? 0x10 : 0x20;
    put_le(to + 16, DATE, 2);
    put_le(to + 18, DATE, 2);
    put_le(to + 24, DATE, 2);
    put_le(to + 26, node->block[PRIMARY], 2);
    put_le(to + 28, node->size, 4);
    return to + 32;
}

/* The entries of a long name, the last part first. */
static uint8_t *put_long(uint8_t *to, const struct node *node, const uint8_t raw[11])
{
    static const uint8_t places[UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    const uint32_t count = long_entries(node), units = node->length[LONG] / 2u;
    uint8_t sum = 0;

    for (unsigned i = 0; i < 11; i++)
        sum = (uint8_t)((sum >> 1 | sum << 7) + raw[i]);
    for (uint32_t part = count; part-- > 0; to += 32) {
        to[0] = (uint8_t)(part + 1 + (part + 1 == count ? 0x40 : 0));
        to[11] = 0x0F;
        to[13] = sum;
        for (uint32_t i = 0; i < UNITS; i++) {
            const uint32_t unit = part * UNITS + i;
            const uint8_t *name = &node->name[LONG][2 * unit];
            put_le(to + places[i], unit < units ? (uint32_t)name[0] << 8 | name[1] : unit == units ? 0 : 0xFFFF, 2);
        }
    }
    return to;
}

static void write_folder(const struct floppy *f, const struct node *folder)
{
    const struct node *nodes = f->tree.nodes;
    uint8_t *to = place_of(f, folder), raw[11];

    if (folder != nodes) {
        to = put_entry(to, (const uint8_t *)".          ", folder);
        to = put_entry(to, (const uint8_t *)"..         ", &nodes[folder->parent]);
    }
    for (const struct node *node = nodes + folder->first; node < nodes + folder->first + folder->count; node++) {
        short_name(node, raw);
        to = put_long(to, node, raw);
        to = put_entry(to, raw, node);
    }
}

static bool write_file(const struct floppy *f, const struct node *node, struct error *error)
{
    struct file_state state;
    int from = given_open(node, &state, error);

    if (from < 0)
        return false;
    bool good = (!node->size || file_read(from, node->path, 0, place_of(f, node), (size_t)node->size, error)) &&
                file_unchanged(from, node->path, &state, error);
    close(from);
    return good;
}

static bool fill(struct floppy *f, struct error *error)
{
    struct node *nodes = f->tree.nodes;
    bool good = entries_of(f, nodes) <= ROOT_ENTRIES || is_full(f, error);

    f->next = 2;
    for (uint32_t i = 1; good && i < f->tree.count; i++)
        good = allocate(f, &nodes[i], nodes[i].folder ? entries_of(f, &nodes[i]) * UINT64_C(32) : nodes[i].size, error);
    for (uint32_t i = 0; good && i < f->tree.count; i++)
        if (nodes[i].folder)
            write_folder(f, &nodes[i]);
        else
            good = write_file(f, &nodes[i], error);
    return good;
}

bool given_floppy_make(const char *folder, int descriptor, uint64_t *size, struct error *error)
{
    struct floppy f = {.tree = {.folder = folder}, .image = malloc(SECTORS * SECTOR_SIZE)};
    bool good = (f.image || error_host(error, folder, ENOMEM, "cannot give")) &&
                blank_make("1440K", descriptor, size, error) &&
                file_read(descriptor, folder, 0, f.image, SECTORS * SECTOR_SIZE, error) && given_read(&f.tree, error) &&
                fill(&f, error) && file_write(descriptor, folder, 0, f.image, SECTORS * SECTOR_SIZE, error);

    given_free(&f.tree);
    free(f.image);
    return good;
}
