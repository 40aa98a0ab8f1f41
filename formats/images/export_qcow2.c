/* export_qcow2.c - writes qcow2, version 3, clusters of 64 KiB, nothing compressed (qcow2.c names the document).
 *
 * Header, table of first level, then clusters in order, each table of second level after those that it lists; at the
 * end the reference counts, all of them 1. */
#include "formats/images/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text.h"

#define CLUSTER 65536u
#define SECTORS (CLUSTER / SECTOR_SIZE)
#define ENTRIES (CLUSTER / 8) /* of a table of second level */
#define COUNTS (CLUSTER / 2)  /* reference counts of a block */
#define COPIED (UINT64_C(1) << 63)

struct qcow2 {
    uint64_t next; /* cluster of the file */
    uint8_t *first_level;
    uint8_t table[CLUSTER], bytes[CLUSTER];
};

static uint64_t clusters(uint64_t bytes)
{
    return (bytes + CLUSTER - 1) / CLUSTER;
}

/* The clusters of one table of second level, and the table if it lists any. */
static bool put_table(struct export *e, struct qcow2 *q, uint64_t table)
{
    uint64_t sectors = (e->size + SECTOR_SIZE - 1) / SECTOR_SIZE, first = table * ENTRIES * SECTORS;
    bool any = false;

    memset(q->table, 0, CLUSTER);
    for (uint64_t i = 0; i < ENTRIES && first + i * SECTORS < sectors; i++) {
        uint64_t at = first + i * SECTORS, zeros = export_zeros(e, at, (ENTRIES - i) * SECTORS);

        if (zeros >= SECTORS) {
            i += zeros / SECTORS - 1;
            continue;
        }
        if (!export_progress(e, at) || !export_get(e, at, SECTORS, q->bytes))
            return false;
        if (all_zero(q->bytes, CLUSTER))
            continue;
        if (!export_put(e, q->next * CLUSTER, q->bytes, CLUSTER))
            return false;
        put_be(q->table + i * 8, q->next++ * CLUSTER | COPIED, 8);
        any = true;
    }
    if (!any)
        return true;
    put_be(q->first_level + table * 8, q->next * CLUSTER | COPIED, 8);
    return export_put(e, q->next++ * CLUSTER, q->table, CLUSTER);
}

/* The counts also count themselves. */
static bool put_counts(struct export *e, struct qcow2 *q, uint64_t *table_at, uint64_t *table_clusters)
{
    uint64_t blocks = 0, first = q->next, total;

    *table_clusters = 1;
    do {
        total = first + blocks + *table_clusters;
        blocks = (total + COUNTS - 1) / COUNTS;
        *table_clusters = clusters(blocks * 8);
    } while (first + blocks + *table_clusters != total);
    for (uint64_t i = 0; i < blocks; i++) {
        memset(q->bytes, 0, CLUSTER);
        for (uint64_t k = 0; k < COUNTS && i * COUNTS + k < total; k++)
            q->bytes[2 * k + 1] = 1;
        if (!export_put(e, (first + i) * CLUSTER, q->bytes, CLUSTER))
            return false;
    }
    *table_at = (first + blocks) * CLUSTER;
    for (uint64_t i = 0; i < *table_clusters; i++) {
        memset(q->bytes, 0, CLUSTER);
        for (uint64_t k = 0; k < ENTRIES && i * ENTRIES + k < blocks; k++)
            put_be(q->bytes + k * 8, (first + i * ENTRIES + k) * CLUSTER, 8);
        if (!export_put(e, *table_at + i * CLUSTER, q->bytes, CLUSTER))
            return false;
    }
    return true;
}

static bool put_all(struct export *e, struct qcow2 *q, uint64_t tables)
{
    uint64_t counts_at, counts_clusters;
    uint8_t header[112] = {0};

    q->next = 1 + clusters(tables * 8);
    for (uint64_t i = 0; i < tables; i++)
        if (!put_table(e, q, i))
            return false;
    if (!put_counts(e, q, &counts_at, &counts_clusters))
        return false;
    memcpy(header, "QFI\xfb", 4);
    put_be(header + 4, 3, 4);
    put_be(header + 20, 16, 4); /* bits of a cluster */
    put_be(header + 24, (e->size + SECTOR_SIZE - 1) / SECTOR_SIZE * SECTOR_SIZE, 8);
    put_be(header + 36, tables, 4);
    put_be(header + 40, CLUSTER, 8);
    put_be(header + 48, counts_at, 8);
    put_be(header + 56, counts_clusters, 4);
    put_be(header + 96, 4, 4);    /* reference counts of 16 bits */
    put_be(header + 100, 104, 4); /* length of the header; an end of extensions follows */
    return export_put(e, CLUSTER, q->first_level, (size_t)clusters(tables * 8) * CLUSTER) &&
           export_put(e, 0, header, sizeof header);
}

bool export_qcow2(struct export *e)
{
    uint64_t tables = (clusters(e->size) + ENTRIES - 1) / ENTRIES;
    struct qcow2 *q = calloc(1, sizeof *q);
    bool done = false;

    if (q)
        q->first_level = calloc((size_t)clusters(tables * 8), CLUSTER);
    if (q && q->first_level)
        done = put_all(e, q, tables);
    else
        error_host(e->error, e->output.path, ENOMEM, "cannot write");
    if (q)
        free(q->first_level);
    free(q);
    return done;
}
