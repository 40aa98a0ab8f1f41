/* export_vhd.c - writes a dynamic VHD (vhd.c names the document).
 *
 * Programs take the size of the disk from its geometry, so that the disk is made as long as one: zeros follow it. */
#include "formats/images/export.h"
#include "formats/formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text.h"

#define BLOCK (2u << 20)
#define SECTORS (BLOCK / SECTOR_SIZE)
#define BITMAP (SECTORS / 8)
#define FOOTER 512u
#define HEADER 1024u
#define LIMIT (UINT64_C(2040) << 30) /* bytes of a disk */
#define FREE 0xff

struct vhd {
    uint64_t next, blocks; /* where the next block goes; how many there are */
    uint8_t *table;
    size_t table_size;
    uint8_t bytes[BITMAP + BLOCK];
};

/* Appendix "CHS calculation" of the specification. */
static struct geometry geometry_of(uint64_t sectors)
{
    struct geometry g = {.sectors = 17};
    uint64_t rest;

    if (sectors > UINT64_C(65535) * 16 * 255)
        sectors = UINT64_C(65535) * 16 * 255;
    if (sectors >= UINT64_C(65535) * 16 * 63) {
        g.sectors = 255, g.heads = 16;
        rest = sectors / g.sectors;
    } else {
        rest = sectors / g.sectors;
        g.heads = (uint32_t)((rest + 1023) / 1024);
        if (g.heads < 4)
            g.heads = 4;
        if (rest >= g.heads * 1024u || g.heads > 16) {
            g.sectors = 31, g.heads = 16;
            rest = sectors / g.sectors;
        }
        if (rest >= g.heads * 1024u) {
            g.sectors = 63, g.heads = 16;
            rest = sectors / g.sectors;
        }
    }
    g.cylinders = (uint32_t)(rest / g.heads);
    return g;
}

static uint64_t capacity(struct geometry g)
{
    return (uint64_t)g.cylinders * g.heads * g.sectors;
}

/* The one's complement of the sum of the bytes, into `at`. */
static void put_checksum(uint8_t *bytes, size_t size, size_t at)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    put_be(bytes + at, ~sum, 4);
}

/* Neither time nor chance: the same disk gives the same file. The identifier follows from the size. */
static void make_footer(const struct export *e, struct geometry g, uint8_t f[FOOTER])
{
    memset(f, 0, FOOTER);
    memcpy(f, "conectix", 8);
    put_be(f + 8, 2, 4);
    put_be(f + 12, 0x10000, 4);
    put_be(f + 16, FOOTER, 8); /* of the header */
    memcpy(f + 28, "mun ", 4);
    memcpy(f + 36, "Wi2k", 4);
    put_be(f + 40, e->size, 8);
    put_be(f + 48, e->size, 8);
    put_be(f + 56, g.cylinders, 2);
    f[58] = (uint8_t)g.heads;
    f[59] = (uint8_t)g.sectors;
    put_be(f + 60, 3, 4); /* dynamic */
    memcpy(f + 68, "muniment", 8);
    put_be(f + 76, e->size, 8);
    put_checksum(f, FOOTER, 64);
}

static void make_header(const struct vhd *v, uint8_t h[HEADER])
{
    memset(h, 0, HEADER);
    memcpy(h, "cxsparse", 8);
    memset(h + 8, 0xff, 8);
    put_be(h + 16, FOOTER + HEADER, 8);
    put_be(h + 24, 0x10000, 4);
    put_be(h + 28, v->blocks, 4);
    put_be(h + 32, BLOCK, 4);
    put_checksum(h, HEADER, 36);
}

static bool put_block(struct export *e, struct vhd *v, uint64_t block)
{
    uint64_t at = block * SECTORS;

    if (export_zeros(e, at, SECTORS) == SECTORS)
        return true;
    memset(v->bytes, 0xff, BITMAP);
    if (!export_progress(e, at) || !export_get(e, at, SECTORS, v->bytes + BITMAP))
        return false;
    if (all_zero(v->bytes + BITMAP, BLOCK))
        return true;
    put_be(v->table + block * 4, v->next / SECTOR_SIZE, 4);
    v->next += sizeof v->bytes;
    return export_put(e, v->next - sizeof v->bytes, v->bytes, sizeof v->bytes);
}

static bool put_all(struct export *e, struct vhd *v, struct geometry g)
{
    uint8_t footer[FOOTER], header[HEADER];

    v->next = FOOTER + HEADER + v->table_size;
    for (uint64_t i = 0; i < v->blocks; i++)
        if (!put_block(e, v, i))
            return false;
    make_footer(e, g, footer);
    make_header(v, header);
    return export_put(e, 0, footer, FOOTER) && export_put(e, FOOTER, header, HEADER) &&
           export_put(e, FOOTER + HEADER, v->table, v->table_size) && export_put(e, v->next, footer, FOOTER);
}

bool export_vhd(struct export *e)
{
    uint64_t sectors = (e->size + SECTOR_SIZE - 1) / SECTOR_SIZE;
    struct geometry g = geometry_of(sectors);
    struct vhd *v;
    bool done = false;

    if (e->size > LIMIT)
        return error_set(e->error, STATUS_INPUT, e->output.path, NULL, "write qcow2", "a VHD has at most 2,040 GiB");
    for (uint64_t more = 1; capacity(g) < sectors && sectors < UINT64_C(65535) * 16 * 255; more++)
        g = geometry_of(sectors + more);
    e->size = (capacity(g) > sectors ? capacity(g) : sectors) * SECTOR_SIZE;
    v = calloc(1, sizeof *v);
    if (v) {
        v->blocks = (e->size + BLOCK - 1) / BLOCK;
        v->table_size = (size_t)((v->blocks * 4 + SECTOR_SIZE - 1) / SECTOR_SIZE * SECTOR_SIZE);
        v->table = malloc(v->table_size);
    }
    if (v && v->table) {
        memset(v->table, FREE, v->table_size);
        done = put_all(e, v, g);
    } else {
        error_host(e->error, e->output.path, ENOMEM, "cannot write");
    }
    if (v)
        free(v->table);
    free(v);
    return done;
}
