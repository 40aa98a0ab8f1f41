/* workers.h - threads that digest and compress chunks, in order: what comes out depends on no number of them.
 *
 * One thread, the caller's, fills jobs and takes them back in the order in which it submitted them. They end
 * with workers_free. */
#ifndef MUNIMENT_WORKERS_H
#define MUNIMENT_WORKERS_H

#include "archive/layout.h"

struct job {
    uint8_t bytes[CHUNK_SIZE]; /* the caller fills in, before it submits: the chunk and its length */
    uint32_t length;
    bool zero;          /* the caller's note */
    uint32_t gz_length; /* made: the gzip member, and the digest of the chunk */
    uint8_t gz[CHUNK_GZ_MAX], digest[DIGEST_SIZE];
    bool done;
};

struct workers;

/* count 0: as many threads as there are processors. Null: out of memory. Where no thread can be made, the caller's does
 * the work. */
struct workers *workers_new(unsigned count);
void workers_free(struct workers *workers);

/* A job to fill in; null: all are under way, and the oldest must be taken back first. */
struct job *workers_job(struct workers *workers);
/* Hands over the job that workers_job gave last. */
void workers_submit(struct workers *workers);
/* The same, with what was made of another chunk that is equal to it. */
void workers_submit_as(struct workers *workers, const struct job *equal);
/* The oldest job that was submitted, when it is done; null: there is none. It is the caller's until the next call of
 * any of these functions. */
struct job *workers_take(struct workers *workers);

#endif
