/* report.c - what was found, and where; reading what may be cut off, and choosing what is read. See check.h. */
#include "verify/fixity/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void declare(struct check *c, const struct finding *f)
{
    if (c->request->found)
        c->request->found(c->request->found_context, f);
}

void declare_held(struct check *c, struct held *held)
{
    for (uint32_t i = 0; i < held->count; i++)
        declare(c, &held->list[i]);
    free(held->list);
    held->list = NULL;
    held->count = held->capacity = 0;
}

/* Room for one more among those that are held; null: it is to be declared at once. */
static struct finding *hold(struct check *c)
{
    struct held *held = &c->held;

    if (!held->declared && held->count == held->capacity) {
        uint32_t capacity = held->capacity ? 2 * held->capacity : 16;
        struct finding *list = capacity <= HELD_LIMIT ? realloc(held->list, capacity * sizeof *list) : NULL;

        held->declared = !list;
        if (list) {
            held->list = list;
            held->capacity = capacity;
        } else {
            declare_held(c, held);
        }
    }
    return held->declared ? NULL : &held->list[held->count++];
}

static void report(struct check *c, const struct finding *f)
{
    struct finding *room;

    if (c->cancelled) /* what was compared then was not read whole */
        return;
    room = hold(c);
    c->result->findings++;
    if (room)
        *room = *f;
    else
        declare(c, f);
}

void report_place(struct check *c, const char *member, const char *place, uint64_t offset, uint64_t length,
                  const char *what, ...)
{
    struct finding f = {.offset = offset, .length = length};
    va_list arguments;

    snprintf(f.member, sizeof f.member, "%s", member);
    snprintf(f.place, sizeof f.place, "%s", place ? place : "");
    va_start(arguments, what);
    vsnprintf(f.what, sizeof f.what, what, arguments);
    va_end(arguments);
    report(c, &f);
}

void report_sectors(struct check *c, const char *member, const char *place, uint64_t offset, uint64_t length,
                    enum drive_slot slot, uint64_t sector, uint64_t sectors, const char *what)
{
    struct finding f = {.offset = offset, .length = length, .slot = slot, .sector = sector, .sectors = sectors};

    snprintf(f.member, sizeof f.member, "%s", member);
    snprintf(f.place, sizeof f.place, "%s", place);
    snprintf(f.what, sizeof f.what, "%s", what);
    report(c, &f);
}

/* What a guest loses with an extent or its map; false: it is neither. */
static bool extent_sectors(const struct check *c, const struct part *part, uint64_t *first, uint64_t *count)
{
    uint64_t all = c->disks[part->id.slot].size / SECTOR_SIZE, extent = EXTENT_SIZE / SECTOR_SIZE;

    *first = part->id.extent * extent;
    if ((part->id.kind != MEMBER_EXTENT && part->id.kind != MEMBER_MAP) || *first >= all)
        return false;
    *count = all - *first < extent ? all - *first : extent;
    return true;
}

void report_part(struct check *c, struct part *part, const char *what)
{
    const struct member *m = &part->member;
    uint64_t first, count;
    char place[96];

    if (!part->damaged && extent_sectors(c, part, &first, &count)) {
        snprintf(place, sizeof place, "extent %u of disk/%s, sectors %llu-%llu", part->id.extent,
                 drive_slot_names[part->id.slot], (unsigned long long)first, (unsigned long long)(first + count - 1));
        report_sectors(c, m->name, place, m->offset, m->size, part->id.slot, first, count, what);
    } else if (!part->damaged) {
        report_place(c, m->name, NULL, m->offset, m->size, "%s", what);
    }
    part->damaged = true;
}

bool report_difference(struct check *c, const char *member, const char *place, uint64_t offset, const void *actual,
                       const void *expected, size_t size)
{
    const uint8_t *a = actual, *e = expected;
    size_t first = 0, end = size;

    if (memcmp(a, e, size) == 0)
        return true;
    while (a[first] == e[first])
        first++;
    while (a[end - 1] == e[end - 1])
        end--;
    if (end - first == 1)
        report_place(c, member, place, offset + first, 1, "has byte %02x where %02x must be", a[first], e[first]);
    else
        report_place(c, member, place, offset + first, end - first, "is not what it must be");
    return false;
}

size_t read_some(struct check *c, uint64_t offset, void *buffer, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = pread(c->descriptor, (char *)buffer + got, size - got, (off_t)(offset + got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    memset((char *)buffer + got, 0, size - got);
    return got;
}

char *read_part(struct check *c, const struct part *part, uint64_t limit)
{
    char *bytes = part->member.size <= limit ? malloc((size_t)part->member.size + 1) : NULL;

    c->out_of_memory |= !bytes && part->member.size <= limit;
    if (bytes) {
        read_some(c, part->member.offset, bytes, (size_t)part->member.size);
        bytes[part->member.size] = '\0';
    }
    return bytes;
}

uint32_t random_below(struct check *c, uint32_t limit) /* xorshift64 */
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (uint32_t)((c->random >> 32) % limit);
}
