/* drive.c - media, and the hash tree over what was written to them (drive.h). */
#include "emu/drive.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_SECTORS (DRIVE_UNIT_SECTORS * DRIVE_GROUP_UNITS)

/* clang-format off */
const struct state_field drive_state[] = {
    STATE(struct drive, sectors, U64, "512-byte sectors of the medium; 0: none"),
    STATE(struct drive, read_only, BOOL, "writes are refused"),
    STATE(struct drive, changed, BOOL, "the medium was changed and the guest has not been notified"),
    STATE(struct drive, media, U32, "media put in since the machine was made"),
    STATE_END
};
/* clang-format on */

const char *drive_loaded(void *device)
{
    const struct drive *d = device;

    return d->sectors == (d->medium ? d->medium->sectors : 0) ? NULL : "sectors";
}

static void forget_written(struct drive *d)
{
    for (uint32_t i = 0; i < d->group_count; i++)
        if (d->groups[i]) {
            hash_tree_free(&d->groups[i]->tree);
            free(d->groups[i]);
        }
    free(d->groups);
    hash_tree_free(&d->top);
    d->groups = NULL;
    d->group_count = 0;
}

static bool set_medium(struct drive *d, const struct block *medium)
{
    uint64_t sectors = medium ? medium->sectors : 0, groups = sectors / GROUP_SECTORS + (sectors % GROUP_SECTORS != 0);

    d->medium = NULL;
    d->sectors = 0;
    if (!groups)
        return true;
    if (groups > UINT32_MAX || !hash_tree_init(&d->top, (uint32_t)groups))
        return false;
    d->groups = calloc(groups, sizeof *d->groups);
    if (!d->groups)
        return false;
    d->group_count = (uint32_t)groups;
    d->medium = medium;
    d->sectors = sectors;
    return true;
}

bool drive_init(struct drive *d, const struct block *medium, bool read_only, struct line failure)
{
    memset(d, 0, sizeof *d);
    d->read_only = read_only;
    d->failure = failure;
    return set_medium(d, medium);
}

void drive_free(struct drive *d)
{
    forget_written(d);
}

bool drive_insert(struct drive *d, const struct block *medium)
{
    forget_written(d);
    d->changed = true;
    d->media++;
    return set_medium(d, medium);
}

static enum drive_result host_failed(struct drive *d)
{
    d->failed = true;
    line_set(&d->failure, true);
    return DRIVE_FAILED;
}

enum drive_result drive_read(struct drive *d, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    *done = 0;
    if (count > d->sectors || sector > d->sectors - count)
        return DRIVE_BAD_SECTOR;
    switch (d->medium->read(d->medium->context, sector, count, buffer, done)) {
    case BLOCK_OK: return DRIVE_OK;
    case BLOCK_UNREADABLE: return DRIVE_BAD_SECTOR;
    default: return host_failed(d);
    }
}

static bool mark_written(struct drive *d, uint64_t unit)
{
    uint32_t group = (uint32_t)(unit / DRIVE_GROUP_UNITS), within = (uint32_t)(unit % DRIVE_GROUP_UNITS);
    struct drive_group *g = d->groups[group];

    if (!g) {
        g = calloc(1, sizeof *g);
        if (!g || !hash_tree_init(&g->tree, DRIVE_GROUP_UNITS)) {
            free(g);
            return false;
        }
        d->groups[group] = g;
    }
    g->written[within / 8] |= (uint8_t)(1 << within % 8);
    g->stale[within / 8] |= (uint8_t)(1 << within % 8);
    g->unsaved[within / 8] |= (uint8_t)(1 << within % 8);
    return true;
}

enum drive_result drive_write(struct drive *d, uint64_t sector, uint32_t count, const uint8_t *buffer)
{
    if (!d->medium->write || d->medium->write(d->medium->context, sector, count, buffer) != BLOCK_OK)
        return host_failed(d);
    for (uint64_t unit = sector / DRIVE_UNIT_SECTORS; count && unit <= (sector + count - 1) / DRIVE_UNIT_SECTORS;
         unit++)
        if (!mark_written(d, unit))
            return host_failed(d);
    return DRIVE_OK;
}

bool drive_get_unit(struct drive *d, uint64_t unit, uint8_t bytes[DRIVE_UNIT_SIZE], uint8_t *readable)
{
    uint64_t sector = unit * DRIVE_UNIT_SECTORS;
    uint32_t count = DRIVE_UNIT_SECTORS, done = 0;

    if (sector + count > d->sectors)
        count = (uint32_t)(d->sectors - sector);
    memset(bytes, 0, DRIVE_UNIT_SIZE);
    *readable = (uint8_t)((1u << count) - 1);
    for (uint32_t at = 0; at < count; at += done) {
        switch (drive_read(d, sector + at, count - at, bytes + at * SECTOR_SIZE, &done)) {
        case DRIVE_FAILED: return false;
        case DRIVE_BAD_SECTOR: /* what the provider left in the buffer is no state */
            memset(bytes + (at + done) * SECTOR_SIZE, 0, (count - at - done) * SECTOR_SIZE);
            *readable &= (uint8_t) ~(1u << (at + done));
            done++;
            break;
        case DRIVE_OK: break;
        }
    }
    return true;
}

bool drive_put_unit(struct drive *d, uint64_t unit, const uint8_t bytes[DRIVE_UNIT_SIZE], uint8_t readable)
{
    uint64_t units = d->sectors / DRIVE_UNIT_SECTORS + (d->sectors % DRIVE_UNIT_SECTORS != 0);
    unsigned count = unit + 1 == units && d->sectors % DRIVE_UNIT_SECTORS ? d->sectors % DRIVE_UNIT_SECTORS
                                                                          : DRIVE_UNIT_SECTORS;

    if (unit >= units || !readable || readable >> count || d->read_only)
        return false;
    for (unsigned at = 0; at < DRIVE_UNIT_SIZE; at++)
        if (bytes[at] && !(readable >> at / SECTOR_SIZE & 1))
            return false;
    for (unsigned at = 0; at < count; at++) {
        unsigned run = 0;
        while (readable >> (at + run) & 1)
            run++;
        if (run && drive_write(d, unit * DRIVE_UNIT_SECTORS + at, run, bytes + at * SECTOR_SIZE) != DRIVE_OK)
            return false;
        at += run;
    }
    return true;
}

bool drive_next_written(const struct drive *d, bool unsaved, uint64_t *unit)
{
    for (uint64_t u = *unit; u / DRIVE_GROUP_UNITS < d->group_count; u++) {
        const struct drive_group *g = d->groups[u / DRIVE_GROUP_UNITS];
        unsigned within = u % DRIVE_GROUP_UNITS;

        if (!g) {
            u |= DRIVE_GROUP_UNITS - 1;
        } else if ((unsaved ? g->unsaved : g->written)[within / 8] >> within % 8 & 1) {
            *unit = u;
            return true;
        }
    }
    return false;
}

void drive_mark_saved(struct drive *d, uint64_t unit, bool saved)
{
    struct drive_group *g = d->groups[unit / DRIVE_GROUP_UNITS];
    uint8_t bit = (uint8_t)(1 << unit % 8), *byte = &g->unsaved[unit % DRIVE_GROUP_UNITS / 8];

    *byte = (uint8_t)(saved ? *byte & ~bit : *byte | bit);
}

/* Hashes the written units of one group anew. False: the host failed. */
static bool refresh_group(struct drive *d, uint32_t group, const struct hasher *h)
{
    struct drive_group *g = d->groups[group];
    uint8_t data[DRIVE_UNIT_SIZE], hash[HASH_SIZE], readable;

    for (uint32_t unit = 0; unit < DRIVE_GROUP_UNITS; unit++) {
        if (!(g->stale[unit / 8] & 1 << unit % 8))
            continue;
        if (!drive_get_unit(d, (uint64_t)group * DRIVE_GROUP_UNITS + unit, data, &readable))
            return false;
        hash_leaf(h, data, sizeof data, hash);
        hash_tree_set(&g->tree, unit, hash);
    }
    memset(g->stale, 0, sizeof g->stale);
    hash_tree_set(&d->top, group, hash_tree_root(&g->tree, h));
    return true;
}

bool drive_root(struct drive *d, const struct hasher *h, uint8_t root[HASH_SIZE])
{
    static const uint8_t nothing[DRIVE_GROUP_UNITS / 8];
    bool written = false;

    memset(root, 0, HASH_SIZE);
    for (uint32_t group = 0; group < d->group_count; group++) {
        if (!d->groups[group])
            continue;
        written = true;
        if (memcmp(d->groups[group]->stale, nothing, sizeof nothing) && !refresh_group(d, group, h))
            return false;
    }
    if (written)
        memcpy(root, hash_tree_root(&d->top, h), HASH_SIZE);
    return true;
}
