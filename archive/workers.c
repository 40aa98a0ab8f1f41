/* workers.c - see workers.h. The jobs are a ring: submitted ones between `oldest` and `next`, of which the threads take
 * the one at `begun` next. */
#include "archive/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_LIMIT 64u
#define RING_LIMIT 160u /* jobs; 20 MiB */

struct workers {
    struct job *ring;
    unsigned size, count; /* jobs; threads, 0 if the caller's does the work */
    uint64_t next, begun, oldest;
    bool closing;
    pthread_mutex_t lock;
    pthread_cond_t submitted, done;
    pthread_t threads[THREADS_LIMIT];
    struct chunk_encoder *encoders[THREADS_LIMIT];
};

static void do_job(struct job *job, struct chunk_encoder *encoder)
{
    sha256(job->bytes, job->length, job->digest);
    job->gz_length = chunk_encode(encoder, job->bytes, job->length, job->gz);
}

/* The encoder of a thread is found by its place in the table. */
struct start {
    struct workers *workers;
    struct chunk_encoder *encoder;
};

static void *work(void *context)
{
    struct start start = *(struct start *)context;
    struct workers *w = start.workers;

    free(context);
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->begun == w->next && !w->closing)
            pthread_cond_wait(&w->submitted, &w->lock);
        if (w->begun == w->next)
            break;
        struct job *job = &w->ring[w->begun++ % w->size];
        if (job->done)
            continue;
        pthread_mutex_unlock(&w->lock);
        do_job(job, start.encoder);
        pthread_mutex_lock(&w->lock);
        job->done = true;
        pthread_cond_signal(&w->done);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Signals are for the caller's thread. */
static void begin_threads(struct workers *w, unsigned count)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (w->count < count) {
        struct start *start = malloc(sizeof *start);
        struct chunk_encoder *encoder = w->count ? chunk_encoder_new() : w->encoders[0];

        w->encoders[w->count] = encoder;
        if (start && encoder) {
            *start = (struct start){w, encoder};
            if (pthread_create(&w->threads[w->count], NULL, work, start) == 0) {
                w->count++;
                continue;
            }
        }
        free(start);
        if (w->count) {
            chunk_encoder_free(encoder);
            w->encoders[w->count] = NULL;
        }
        break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct workers *workers_new(unsigned count)
{
    struct workers *w = calloc(1, sizeof *w);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (!w)
        return NULL;
    if (count == 0)
        count = processors > 0 && processors < THREADS_LIMIT ? (unsigned)processors : THREADS_LIMIT;
    if (count > THREADS_LIMIT)
        count = THREADS_LIMIT;
    w->size = 8 * count < RING_LIMIT ? 8 * count : RING_LIMIT;
    w->ring = malloc(w->size * sizeof *w->ring);
    w->encoders[0] = chunk_encoder_new();
    if (!w->ring || !w->encoders[0]) {
        chunk_encoder_free(w->encoders[0]);
        free(w->ring);
        free(w);
        return NULL;
    }
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->submitted, NULL);
    pthread_cond_init(&w->done, NULL);
    if (count > 1)
        begin_threads(w, count);
    return w;
}

void workers_free(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    w->next = w->begun; /* what nobody began is not done any more */
    pthread_cond_broadcast(&w->submitted);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->count; i++)
        pthread_join(w->threads[i], NULL);
    for (unsigned i = 0; i < THREADS_LIMIT; i++)
        chunk_encoder_free(w->encoders[i]);
    pthread_cond_destroy(&w->done);
    pthread_cond_destroy(&w->submitted);
    pthread_mutex_destroy(&w->lock);
    free(w->ring);
    free(w);
}

struct job *workers_job(struct workers *w)
{
    struct job *job = &w->ring[w->next % w->size];

    if (w->next - w->oldest == w->size)
        return NULL;
    job->done = job->zero = false;
    return job;
}

void workers_submit(struct workers *w)
{
    if (w->count == 0) {
        do_job(&w->ring[w->next++ % w->size], w->encoders[0]);
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->next++;
    pthread_cond_signal(&w->submitted);
    pthread_mutex_unlock(&w->lock);
}

/* The threads pass over it: they begin only what is not done. */
void workers_submit_as(struct workers *w, const struct job *equal)
{
    struct job *job = &w->ring[w->next % w->size];

    memcpy(job->digest, equal->digest, DIGEST_SIZE);
    memcpy(job->gz, equal->gz, equal->gz_length);
    job->gz_length = equal->gz_length;
    job->done = true;
    pthread_mutex_lock(&w->lock);
    w->next++;
    if (w->count == 0)
        w->begun = w->next;
    pthread_cond_signal(&w->submitted);
    pthread_mutex_unlock(&w->lock);
}

struct job *workers_take(struct workers *w)
{
    struct job *job = &w->ring[w->oldest % w->size];

    if (w->oldest == w->next)
        return NULL;
    if (w->count > 0) {
        pthread_mutex_lock(&w->lock);
        while (!job->done)
            pthread_cond_wait(&w->done, &w->lock);
        w->oldest++;
        if (w->begun < w->oldest) /* it was submitted as done: no thread may come to its place when that is filled again
                                   */
            w->begun = w->oldest;
        pthread_mutex_unlock(&w->lock);
    } else {
        w->oldest++;
    }
    return job;
}
