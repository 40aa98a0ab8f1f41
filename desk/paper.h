/* paper.h - what the guest of a session prints, as it came: bytes with the ticks at which they came, in a file that was
 * open before the session locked itself in. Jobs and PDFs are made of it later (print.h), by who asks.
 *
 * The file: ticks a second (64 bits), and records of a tick (64), a length (32) and so many bytes; little-endian. */
#ifndef MUNIMENT_DESK_PAPER_H
#define MUNIMENT_DESK_PAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

#define PAPER_MOST (64u << 20) /* bytes of the file: what comes after is lost */
#define PAPER_RECORD 4096u

struct paper {
    int descriptor; /* the caller's; below 0: nothing is kept */
    uint64_t length, tick;
    uint8_t bytes[PAPER_RECORD]; /* that wait */
    size_t count;
    bool failed, unsynced;
};

/* Begins to write, at a tick of a run: what came later, in a run that was cut short, will come again. */
void paper_begin(struct paper *p, int descriptor, uint64_t ticks_per_second, uint64_t tick);
void paper_byte(struct paper *p, uint8_t byte, uint64_t tick);
/* Writes what waits. sync: puts it onto the disk. False: that failed once. */
bool paper_flush(struct paper *p, bool sync);

/* Gives every byte of a file; at the end `look` was called between bytes that are apart, as a machine that runs is
 * looked at. A file that was cut short is read as far as it goes. */
struct paper_reader {
    void *context;
    void (*byte)(void *context, uint8_t byte, uint64_t tick);
    void (*look)(void *context, uint64_t tick, uint64_t ticks_per_second);
};
bool paper_read(int descriptor, const struct paper_reader *reader);

#endif
