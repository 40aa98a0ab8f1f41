/* lockstep.h - one run by both engines, in two processes: one translates, and writes where it stood and a hash of its
 * state; the other interprets, reads that, stops there as well, and compares.
 *
 *     LOCKSTEP=write:FILE or read:FILE    FILE may be a pipe, /dev/fd/3. Without it nothing here happens.
 *     LOCKSTEP_MEAN=TICKS                 the writer stops after a number of ticks at random, on average this (20000)
 *     LOCKSTEP_UNITS=N                    and in one of N such slices (of all: 1; of none: 0), which is of 20000 ticks
 * at most, whenever translated code came to the end of a unit; units then lead to no others by themselves
 *     LOCKSTEP_SEED=N                     of the numbers at random (1)
 *     LOCKSTEP_DUMP=TICK                  both write their state there, to lockstep.write and lockstep.read
 *
 * When the process ends it prints the counts on standard error. A difference ends it with status 1. */
#ifndef MUNIMENT_TESTS_LOCKSTEP_H
#define MUNIMENT_TESTS_LOCKSTEP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/memory.h"

/* What is run. whole: everything; else what is cheap to look at, which is all but display memory and drives. */
struct lockstep_subject {
    void *context;
    uint64_t (*tick)(void *context);
    int (*run)(void *context, uint64_t until); /* 0: came to there */
    uint64_t (*hash)(void *context, bool whole);
    void (*dump)(void *context, FILE *to);
    void (*watch)(void *context, bool on); /* whether lockstep_unit_ended is called at the ends of units */
};

struct lockstep_record {
    uint64_t tick, hash;
    int32_t stop;
    bool whole; /* as far as the hash goes; else the end of a unit */
};

struct lockstep {
    struct lockstep_subject subject;
    FILE *file;
    const char *path;
    bool begun, reads, pending; /* pending: `next` is read already */
    struct lockstep_record next;
    uint64_t random, mean, watched, dump, slices, units, equal_at;
};

static struct lockstep lockstep; /* of this process */

static inline uint64_t lockstep_number(const char *name, uint64_t otherwise)
{
    return getenv(name) ? strtoull(getenv(name), NULL, 0) : otherwise;
}

static inline void lockstep_report(void)
{
    struct lockstep *l = &lockstep;

    if (l->file && fclose(l->file) != 0)
        fprintf(stderr, "lockstep: %s: cannot be written\n", l->path);
    fprintf(stderr, "lockstep: %s %" PRIu64 " slices and %" PRIu64 " units, to tick %" PRIu64 "\n",
            l->reads ? "equal after" : "wrote", l->slices, l->units, l->equal_at);
}

/* Whether this run is in lockstep. To be asked first while files may still be opened. */
static inline bool lockstep_open(void)
{
    struct lockstep *l = &lockstep;
    const char *what = getenv("LOCKSTEP");

    if (l->begun || !what)
        return l->begun;
    l->reads = !strncmp(what, "read:", 5);
    l->path = strchr(what, ':') ? strchr(what, ':') + 1 : "";
    l->file = fopen(l->path, l->reads ? "rb" : "wb");
    if (!l->file) {
        fprintf(stderr, "lockstep: %s: cannot be opened\n", what);
        exit(4);
    }
    l->begun = true;
    l->mean = lockstep_number("LOCKSTEP_MEAN", 20000);
    l->watched = l->reads ? 0 : lockstep_number("LOCKSTEP_UNITS", 0);
    l->random = lockstep_number("LOCKSTEP_SEED", 1) * 0x9E3779B97F4A7C15u | 1;
    l->dump = lockstep_number("LOCKSTEP_DUMP", 0);
    atexit(lockstep_report);
    return true;
}

/* The same; the subject is known from here on. */
static inline bool lockstep_begin(const struct lockstep_subject *subject)
{
    lockstep.subject = *subject;
    return lockstep_open();
}

static inline void lockstep_hash(void *hash, const uint8_t *bytes, size_t length)
{
    uint64_t *h = hash;

    for (size_t n = 0; n < length; n += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + n, length - n < 8 ? length - n : 8);
        *h = (*h ^ word) * 0x9E3779B97F4A7C15u;
        *h ^= *h >> 29;
    }
}

/* Of the pages of RAM that are not clean; clean: they are from now on. */
static inline void lockstep_hash_pages(uint64_t *hash, struct memory *memory, bool clean)
{
    const uint32_t pages = memory->ram_size / PAGE_SIZE;

    for (uint32_t page = 0; page < pages; page++) {
        uint64_t eight;
        if (page % 8 == 0 && page + 8 <= pages) {
            memcpy(&eight, memory->flags + page, sizeof eight);
            if ((eight & PAGE_CLEAN * 0x0101010101010101u) == PAGE_CLEAN * 0x0101010101010101u) {
                page += 7;
                continue;
            }
        }
        if (memory->flags[page] & PAGE_CLEAN)
            continue;
        lockstep_hash(hash, (const uint8_t *)&page, sizeof page);
        lockstep_hash(hash, memory->ram + (size_t)page * PAGE_SIZE, PAGE_SIZE);
        memory->flags[page] |= clean ? PAGE_CLEAN : 0;
    }
}

static inline void lockstep_differs(const char *what)
{
    struct lockstep *l = &lockstep;

    fflush(NULL);
    fprintf(stderr,
            "lockstep: %s at tick %" PRIu64 "; last equal at %" PRIu64 ", after %" PRIu64 " slices and %" PRIu64
            " units\n",
            what, l->subject.tick(l->subject.context), l->equal_at, l->slices, l->units);
    _Exit(1);
}

static inline const struct lockstep_record *lockstep_peek(void)
{
    struct lockstep *l = &lockstep;

    if (!l->pending && fread(&l->next, sizeof l->next, 1, l->file) != 1)
        lockstep_differs("the other run ended earlier: this one stands");
    l->pending = true;
    return &l->next;
}

static inline void lockstep_dump(void)
{
    struct lockstep *l = &lockstep;
    FILE *to;

    if (!l->dump || l->subject.tick(l->subject.context) != l->dump)
        return;
    to = fopen(l->reads ? "lockstep.read" : "lockstep.write", "w");
    if (to) {
        l->subject.dump(l->subject.context, to);
        fclose(to);
    }
}

/* Writes where the subject stands, or compares it with what was read. */
static inline void lockstep_stand(int stop, bool whole)
{
    struct lockstep *l = &lockstep;
    struct lockstep_record here; /* with its padding */

    lockstep_dump();
    memset(&here, 0, sizeof here);
    here.tick = l->subject.tick(l->subject.context);
    here.stop = stop;
    here.whole = whole;
    here.hash = l->subject.hash(l->subject.context, whole);
    if (!l->reads) {
        if (fwrite(&here, sizeof here, 1, l->file) != 1)
            _Exit(4); /* the reader found a difference, and is gone */
    } else {
        const struct lockstep_record *there = lockstep_peek();
        if (there->tick != here.tick || (whole && there->stop != stop))
            lockstep_differs("the tick or the reason to stop differs");
        if (there->hash != here.hash)
            lockstep_differs("the state differs");
        l->pending = false;
    }
    l->equal_at = here.tick;
    if (whole)
        l->slices++;
    else
        l->units++;
}

static inline void lockstep_unit_ended(void *context)
{
    (void)context;
    lockstep_stand(0, false);
}

/* In place of subject.run. */
static inline int lockstep_run(uint64_t until)
{
    struct lockstep *l = &lockstep;
    struct lockstep_subject *s = &l->subject;
    bool whole = true;
    int stop = 0;

    do {
        uint64_t now = s->tick(s->context), target = until;
        if (l->reads) {
            const struct lockstep_record *there = lockstep_peek();
            whole = there->whole;
            target = there->tick < until ? there->tick : until;
            if (there->tick < now)
                lockstep_differs("the other run stopped earlier: this one stands");
        } else {
            l->random = l->random * 6364136223846793005u + 1442695040888963407u; /* Knuth */
            bool watched = l->watched && l->slices % l->watched == 0;
            uint64_t most = watched && l->mean > 10000 ? 10000 : l->mean;
            target = now + 1 + (l->random >> 33) % (2 * most);
            target = target < until ? target : until;
            s->watch(s->context, watched);
        }
        if (target > now)
            stop = s->run(s->context, target);
        lockstep_stand(stop, whole);
    } while (!whole || (!stop && s->tick(s->context) < until));
    return stop;
}

#endif
