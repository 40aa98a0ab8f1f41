/* crew.c - threads that read members, each with a copy of the check of its own. What they find is declared in the order
 * of the file, after they have read it a second time. See check.h. */
#include "verify/fixity/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/monotonic.h"

#define CREW_LIMIT 64u
#define UNIT_SIZE BUFFER_SIZE /* small members are read together, up to this */

/* What one thread takes at a time: members from `first` on, to the next unit. An extent and its map stay together. */
struct unit {
    uint32_t first;
    bool done;
    struct held held;
};

struct crew {
    struct check *c;
    pthread_mutex_t lock;
    struct unit *units; /* one more than there are, which begins at the end */
    uint32_t count, next, declared;
    uint64_t bytes; /* that were read */
    uint64_t began; /* nanoseconds of a clock */
    bool stopped, cancelled, out_of_memory;
};

/* --- What was read --- */

bool crew_read(struct crew *crew, uint64_t bytes)
{
    const struct verify_request *r = crew->c->request;

    for (;; bytes = 0) {
        double wait = 0;
        bool more;

        pthread_mutex_lock(&crew->lock);
        crew->bytes += bytes;
        if (r->rate)
            wait = (double)crew->bytes / (double)r->rate - (double)(monotonic_nanoseconds() - crew->began) / 1e9;
        if (!crew->cancelled && r->progress &&
            !r->progress(r->progress_context, crew->bytes < crew->c->size ? crew->bytes : crew->c->size, crew->c->size))
            crew->cancelled = true;
        more = !crew->cancelled;
        pthread_mutex_unlock(&crew->lock);
        if (!more || wait <= 0)
            return more;
        /* in pieces, so that an interrupt is not slept through */
        nanosleep(&(struct timespec){.tv_nsec = (long)((wait < 0.2 ? wait : 0.2) * 1e9)}, NULL);
    }
}

/* --- Units --- */

static bool is_map_of(const struct part *map, const struct part *extent)
{
    return map->id.kind == MEMBER_MAP && extent->id.kind == MEMBER_EXTENT && map->id.slot == extent->id.slot &&
           map->id.extent == extent->id.extent;
}

/* Shares the members from `first` on out to units. */
static bool plan_units(struct crew *crew, uint32_t first)
{
    const struct part *parts = crew->c->parts;
    uint64_t size = 0;

    crew->units = calloc((size_t)crew->c->count - first + 1, sizeof *crew->units);
    for (uint32_t i = first; crew->units && i < crew->c->count; i++) {
        bool extent = parts[i].id.kind == MEMBER_EXTENT, map = i > first && is_map_of(&parts[i], &parts[i - 1]);

        if (i == first || (!map && (extent || size > UNIT_SIZE))) {
            crew->units[crew->count++].first = i;
            size = 0;
        }
        size = map || extent ? UNIT_SIZE + 1 : size + TAR_BLOCK + parts[i].member.size;
    }
    if (crew->units)
        crew->units[crew->count].first = crew->c->count;
    return crew->units != NULL;
}

/* What is found a second time, read from the disk and not from the host's memory, is declared. What is not, is reported
 * as unsteady: the archive is right, and the computer that reads it is not. */
static void read_again(struct check *mine, struct stream *s, struct extent_check *x, const struct unit *unit)
{
    struct check again = *mine;
    uint32_t end = unit[1].first;
    uint64_t from = mine->parts[unit->first].member.offset - TAR_BLOCK;

    for (uint32_t i = unit->first; i < end; i++)
        mine->parts[i].damaged = mine->parts[i].blamed;
    posix_fadvise(mine->descriptor, (off_t)from, (off_t)(s->end - from), POSIX_FADV_DONTNEED);
    again.held = (struct held){.list = NULL};
    *again.result = (struct verify_result){.bytes = 0};
    s->c = &again;
    check_members(s, x, unit->first, end, true);
    s->c = mine;
    mine->cancelled = again.cancelled;
    if (again.result->findings == 0) {
        for (uint32_t i = 0; i < mine->held.count; i++)
            mine->held.list[i].unsteady = true;
        again.result->unsteady = mine->held.count;
    } else {
        free(mine->held.list);
        mine->held = again.held;
    }
}

/* What was found in a unit that was not read to its end, and again, is not known to be damage. */
static void forget(struct check *mine)
{
    free(mine->held.list);
    mine->held = (struct held){.list = NULL};
    *mine->result = (struct verify_result){.bytes = 0};
}

/* Declares what was found in all units that are done, as far as they follow each other. */
static void declare_done(struct crew *crew)
{
    for (; crew->declared < crew->count && crew->units[crew->declared].done; crew->declared++)
        declare_held(crew->c, &crew->units[crew->declared].held);
}

static struct unit *take_unit(struct crew *crew)
{
    const struct verify_request *r = crew->c->request;
    struct unit *unit = NULL;

    pthread_mutex_lock(&crew->lock);
    crew->stopped = crew->stopped || (r->stop && crew->next < crew->count && r->stop(r->stop_context));
    if (!crew->stopped && !crew->cancelled && !crew->out_of_memory && crew->next < crew->count)
        unit = &crew->units[crew->next++];
    pthread_mutex_unlock(&crew->lock);
    return unit;
}

static void give_back(struct crew *crew, struct unit *unit, struct check *mine)
{
    struct verify_result *all = crew->c->result;

    pthread_mutex_lock(&crew->lock);
    crew->out_of_memory = crew->out_of_memory || mine->out_of_memory;
    crew->cancelled = crew->cancelled || mine->cancelled;
    all->findings += mine->result->findings;
    all->unsteady += mine->result->unsteady;
    all->chunks += mine->result->chunks;
    all->inherited += mine->result->inherited;
    unit->held = mine->held;
    unit->done = true;
    declare_done(crew);
    pthread_mutex_unlock(&crew->lock);
    mine->held = (struct held){.list = NULL};
    *mine->result = (struct verify_result){.bytes = 0};
}

/* The work of one thread. */
static void *work(void *context)
{
    struct crew *crew = context;
    struct verify_result result = {.bytes = 0};
    struct stream *s = malloc(sizeof *s);
    struct extent_check *x = extent_check_new();
    struct check mine = *crew->c;
    struct unit *unit;

    mine.result = &result;
    mine.held = (struct held){.list = NULL};
    mine.crew = crew;
    mine.decoder = chunk_decoder_new();
    mine.encoder = chunk_encoder_new();
    if (s)
        s->c = &mine;
    while (s && x && mine.decoder && mine.encoder && (unit = take_unit(crew))) {
        mine.random = crew->c->random * (2 * (uint64_t)unit->first + 1) | 1;
        check_members(s, x, unit->first, unit[1].first, false);
        if (result.findings > 0 && !mine.held.declared && !mine.cancelled)
            read_again(&mine, s, x, unit);
        if (mine.cancelled && !mine.held.declared)
            forget(&mine);
        give_back(crew, unit, &mine);
    }
    pthread_mutex_lock(&crew->lock);
    crew->out_of_memory = crew->out_of_memory || !s || !x || !mine.decoder || !mine.encoder;
    pthread_mutex_unlock(&crew->lock);
    chunk_decoder_free(mine.decoder);
    chunk_encoder_free(mine.encoder);
    free(x);
    free(s);
    return NULL;
}

void read_members(struct check *c, uint32_t first)
{
    struct crew crew = {.c = c, .lock = PTHREAD_MUTEX_INITIALIZER};
    long processors = c->request->threads ? (long)c->request->threads : sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t threads = processors < 1 ? 1 : processors > (long)CREW_LIMIT ? CREW_LIMIT : (uint32_t)processors;
    pthread_t others[CREW_LIMIT];
    uint32_t made = 0;

    for (uint32_t i = 0; i < c->count; i++)
        c->parts[i].blamed = c->parts[i].damaged;
    crew.began = monotonic_nanoseconds();
    c->out_of_memory = !plan_units(&crew, first);
    while (!c->out_of_memory && made + 1 < threads && made + 1 < crew.count &&
           pthread_create(&others[made], NULL, work, &crew) == 0)
        made++;
    if (!c->out_of_memory)
        work(&crew);
    while (made > 0)
        pthread_join(others[--made], NULL);
    for (uint32_t i = 0; crew.units && i < crew.count; i++)
        declare_held(c, &crew.units[i].held);
    c->stopped = crew.units ? crew.units[crew.next].first : first;
    c->cancelled = crew.cancelled;
    c->out_of_memory = c->out_of_memory || crew.out_of_memory;
    free(crew.units);
    pthread_mutex_destroy(&crew.lock);
}
