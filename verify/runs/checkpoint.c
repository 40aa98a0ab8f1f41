/* checkpoint.c - see checkpoint.h.
 *
 * The order in which files appear makes it safe: the pack first, then the snapshot that needs it; what is old goes only
 * when the new one is on the disk. A file that is being written is locked by the parent and, through the descriptor
 * that it inherits, by the child (formats/output.h), and so is the folder: no run removes what a child is still
 * writing. */
#define _DEFAULT_SOURCE /* flock */
#include "verify/runs/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "formats/monotonic.h"

#define LOCK_ATTEMPTS 100 /* tenths of a second that a killed run's child is waited for */
#define FOLDER_LIMIT 3900 /* bytes of a folder's name, so that the names in it fit as well */
#define DIGITS 20         /* of a tick in a file's name, so that the names are in order */

struct marked { /* a page that was unsaved when the child was made */
    uint64_t page;
    enum machine_area area;
};

struct checkpoints {
    char folder[FOLDER_LIMIT + 1];
    int lock;
    unsigned keep;
    char last[4096]; /* path of the snapshot that holds what is marked as saved; empty: none */
    pid_t child;     /* that is writing; 0: none */
    int report;      /* where it reports its error */
    char next[4096]; /* what it is writing */
    struct marked *marked;
    size_t marked_count, marked_capacity;
    struct checkpoint_counts counts;
};

static bool no_memory(const char *object, struct error *error)
{
    return error_set(error, STATUS_HOST, object, NULL, NULL, "out of memory");
}

/* --- The folder --- */

struct listing { /* of the ticks of which there is a complete snapshot, in order */
    uint64_t *ticks;
    size_t count, capacity;
};

/* Whether a name is a tick's in the one form, with that ending. */
static bool parse_name(const char *name, const char *ending, uint64_t *tick)
{
    char expected[64];

    *tick = strtoull(name, NULL, 10);
    snprintf(expected, sizeof expected, "%0*" PRIu64 "%s", DIGITS, *tick, ending);
    return !strcmp(name, expected);
}

static void file_path(const char *folder, uint64_t tick, const char *ending, char path[4096])
{
    snprintf(path, 4096, "%s/%0*" PRIu64 "%s", folder, DIGITS, tick, ending);
}

static int compare_ticks(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static bool list_add(struct listing *l, uint64_t tick)
{
    if (l->count == l->capacity) {
        size_t capacity = l->capacity * 2 + 64;
        uint64_t *ticks = realloc(l->ticks, capacity * sizeof *ticks);
        if (!ticks)
            return false;
        l->ticks = ticks;
        l->capacity = capacity;
    }
    l->ticks[l->count++] = tick;
    return true;
}

/* The files of a folder with that ending. */
static bool list_folder(const char *folder, const char *ending, struct listing *l, struct error *error)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    uint64_t tick;
    bool good = true;

    *l = (struct listing){.ticks = NULL};
    if (!dir)
        return error_host(error, folder, errno, "cannot open");
    while (good && (errno = 0, entry = readdir(dir)))
        if (parse_name(entry->d_name, ending, &tick))
            good = list_add(l, tick) || no_memory(folder, error);
    if (good && errno != 0)
        good = error_host(error, folder, errno, "cannot read the folder");
    closedir(dir);
    if (l->count)
        qsort(l->ticks, l->count, sizeof *l->ticks, compare_ticks);
    return good;
}

bool checkpoint_find(const char *folder, uint64_t tick, char path[4096], struct error *error)
{
    struct listing l;
    bool good = list_folder(folder, ".snapshot", &l, error);
    size_t n = l.count;

    while (n && l.ticks[n - 1] > tick)
        n--;
    if (good && !n)
        good = error_set(error, STATUS_INPUT, folder, NULL, NULL, "holds no checkpoint that early");
    if (good)
        file_path(folder, l.ticks[n - 1], ".snapshot", path);
    free(l.ticks);
    return good;
}

/* Forgets the packs that a snapshot needs. */
static bool spare_needed(const char *path, struct listing *packs, struct error *error)
{
    struct snapshot snapshot;
    uint64_t tick;
    bool good = snapshot_read(path, &snapshot, error);

    for (uint32_t i = 0; good && i < snapshot.pages.name_count; i++)
        if (parse_name(snapshot.pages.names[i], ".pack", &tick))
            for (size_t n = 0; n < packs->count; n++)
                if (packs->ticks[n] == tick)
                    packs->ticks[n] = UINT64_MAX;
    snapshot_free(&snapshot);
    return good;
}

/* Removes all but the last `keep` snapshots, and the packs that none of these needs. */
static bool prune(const char *folder, unsigned keep, struct error *error)
{
    struct listing snapshots, packs = {.ticks = NULL};
    char path[4096];
    bool good = list_folder(folder, ".snapshot", &snapshots, error) && list_folder(folder, ".pack", &packs, error);
    size_t first = good && keep && snapshots.count > keep ? snapshots.count - keep : 0;

    for (size_t i = 0; good && i < first; i++) {
        file_path(folder, snapshots.ticks[i], ".snapshot", path);
        good = unlink(path) == 0 || error_host(error, path, errno, "cannot remove");
    }
    for (size_t i = first; good && i < snapshots.count; i++) {
        file_path(folder, snapshots.ticks[i], ".snapshot", path);
        good = spare_needed(path, &packs, error);
    }
    for (size_t i = 0; good && i < packs.count; i++) {
        if (packs.ticks[i] == UINT64_MAX)
            continue;
        file_path(folder, packs.ticks[i], ".pack", path);
        good = unlink(path) == 0 || error_host(error, path, errno, "cannot remove");
    }
    free(snapshots.ticks);
    free(packs.ticks);
    return good;
}

/* --- Opening --- */

static bool lock_folder(struct checkpoints *c, struct error *error)
{
    struct timespec tenth = {0, 100000000};

    if (mkdir(c->folder, 0777) != 0 && errno != EEXIST)
        return error_host(error, c->folder, errno, "cannot make");
    c->lock = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->lock < 0)
        return error_host(error, c->folder, errno, "cannot open");
    for (int i = 0; i < LOCK_ATTEMPTS; i++) {
        if (flock(c->lock, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK)
            return error_host(error, c->folder, errno, "cannot lock");
        nanosleep(&tenth, NULL);
    }
    return error_set(error, STATUS_HOST, c->folder, NULL, "end the other run, or name another folder", "is in use");
}

static void mark_all(struct machine *machine)
{
    for (enum machine_area area = 0; area < AREA_COUNT; area++)
        for (uint64_t page = 0; machine_page_next(machine, area, true, &page); page++)
            machine_page_mark(machine, area, page, true);
}

/* Sees what is in the folder already, and whether this run continues it. */
static bool look_back(struct checkpoints *c, struct machine *machine, const struct machine_identity *identity,
                      struct error *error)
{
    struct listing l;
    struct snapshot snapshot = {.text = NULL};
    uint8_t digest[DIGEST_SIZE];
    bool good = list_folder(c->folder, ".snapshot", &l, error);

    if (good && l.count) {
        uint64_t tick = l.ticks[l.count - 1];
        file_path(c->folder, tick, ".snapshot", c->last);
        good = snapshot_read(c->last, &snapshot, error) &&
               (!strcmp(snapshot.machine.hardware, identity->hardware) ||
                error_set(error, STATUS_INPUT, c->folder, NULL, "name another folder",
                          "holds checkpoints of another machine"));
        good = good && (machine_digest(machine, digest) || no_memory(c->folder, error));
        if (good && tick == machine_tick(machine) && !memcmp(digest, snapshot.digest, sizeof digest))
            mark_all(machine);
        else if (good && tick < machine_tick(machine))
            c->last[0] = '\0';
        else if (good)
            good = error_set(error, STATUS_INPUT, c->folder, NULL, "resume from the last one, or name another folder",
                             "holds checkpoints of another run, up to tick %" PRIu64, tick);
    }
    snapshot_free(&snapshot);
    free(l.ticks);
    return good;
}

struct checkpoints *checkpoints_open(const char *folder, unsigned keep, struct machine *machine,
                                     const struct machine_identity *identity, struct error *error)
{
    struct checkpoints *c = calloc(1, sizeof *c);
    bool good = c || no_memory(folder, error);

    if (c) {
        c->lock = c->report = -1;
        c->keep = keep;
        good = (size_t)snprintf(c->folder, sizeof c->folder, "%s", folder) < sizeof c->folder ||
               error_host(error, folder, ENAMETOOLONG, "cannot open");
        good = good && lock_folder(c, error) && output_sweep(c->folder, error) &&
               look_back(c, machine, identity, error) && prune(c->folder, 0, error);
    }
    if (good)
        return c;
    if (c && c->lock >= 0)
        close(c->lock);
    free(c);
    return NULL;
}

/* --- The child --- */

/* Which files of the last snapshot are mostly dead: less than half of their bytes are in chunks that it still needs. */
static bool find_dead(const struct checkpoints *c, const struct page_table *t, bool relocate[SNAPSHOT_FILES])
{
    uint64_t *live = calloc(SNAPSHOT_FILES, sizeof *live), tick;
    char path[4096 + SNAPSHOT_FILE_NAME];

    if (!live)
        return false;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct page_run *run = &t->runs[i];
        live[run->file] += (uint64_t)run->length * run->count * MACHINE_PAGE / run->size;
    }
    for (uint32_t i = 0; i < t->name_count; i++) {
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", c->folder, t->names[i]);
        relocate[i] = !parse_name(t->names[i], ".pack", &tick) || stat(path, &status) != 0 ||
                      live[i] < (uint64_t)status.st_size / 2;
    }
    free(live);
    return true;
}

/* How it ends. */
enum outcome {
    CHECKPOINT_DONE,
    CHECKPOINT_FAILED,
    CHECKPOINT_LAST_LOST /* failed, and what it was to build on is not there */,
    CHECKPOINT_NOT_PRUNED /* done */
};

/* Everything the child does. */
static enum outcome write_checkpoint(struct checkpoints *c, struct machine *machine,
                                     const struct machine_identity *identity, struct pack_writer *pages,
                                     struct pack_writer *text, struct error *error)
{
    bool *relocate = calloc(SNAPSHOT_FILES, sizeof *relocate);
    struct snapshot last = {.text = NULL};
    struct snapshot_writing w = {.machine = machine,
                                 .identity = identity,
                                 .relocate = relocate,
                                 .pages = pages,
                                 .text = text,
                                 .name = strrchr(pages->output.path, '/') + 1};
    bool good = relocate || no_memory(c->folder, error);

    enum outcome outcome = CHECKPOINT_FAILED;

    if (good && *c->last) {
        good = snapshot_read(c->last, &last, error) &&
               (find_dead(c, &last.pages, relocate) || no_memory(c->folder, error));
        outcome = good ? outcome : CHECKPOINT_LAST_LOST;
        w.kept = &last.pages;
    }
    good = good && snapshot_write_parts(&w, error);
    if (!good)
        pack_abandon(pages);
    good = good && pack_commit(pages, error);
    if (!good)
        pack_abandon(text);
    if (!good || !pack_commit(text, error))
        return outcome;
    return prune(c->folder, c->keep, error) ? CHECKPOINT_DONE : CHECKPOINT_NOT_PRUNED;
}

static void tell(int report, const struct error *error)
{
    const char *bytes = (const char *)error;

    for (size_t at = 0; at < sizeof *error;) {
        ssize_t n = write(report, bytes + at, sizeof *error - at);
        if (n <= 0 && errno != EINTR)
            return;
        at += n > 0 ? (size_t)n : 0;
    }
}

/* --- The parent --- */

/* The pages that the child will save. False: no memory. */
static bool list_unsaved(struct checkpoints *c, struct machine *machine)
{
    c->marked_count = 0;
    for (enum machine_area area = 0; area < AREA_COUNT; area++)
        for (uint64_t page = 0; machine_page_next(machine, area, true, &page); page++) {
            if (c->marked_count == c->marked_capacity) {
                size_t capacity = c->marked_capacity * 2 + 65536;
                struct marked *marked = realloc(c->marked, capacity * sizeof *marked);
                if (!marked)
                    return false;
                c->marked = marked;
                c->marked_capacity = capacity;
            }
            c->marked[c->marked_count++] = (struct marked){page, area};
        }
    return true;
}

/* They count as saved from the fork on; should the child fail, they do not. */
static void mark(struct checkpoints *c, struct machine *machine, bool saved)
{
    for (size_t i = 0; i < c->marked_count; i++)
        machine_page_mark(machine, c->marked[i].area, c->marked[i].page, saved);
}

/* In the child: writes, reports the result, and ends without a trace of the parent's. */
_Noreturn static void be_child(struct checkpoints *c, struct machine *machine, const struct machine_identity *identity,
                               struct pack_writer *pages, struct pack_writer *text, int report)
{
    struct error error = {.status = STATUS_OK};
    enum outcome outcome;

    machine_forked(machine);
    outcome = write_checkpoint(c, machine, identity, pages, text, &error);

    if (outcome != CHECKPOINT_DONE)
        tell(report, &error);
    _exit((int)outcome);
}

static bool fork_child(struct checkpoints *c, struct machine *machine, const struct machine_identity *identity,
                       struct pack_writer *pages, struct pack_writer *text, struct error *error)
{
    int ends[2];

    if (pipe(ends) != 0)
        return error_host(error, c->folder, errno, "cannot make a pipe for");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    c->child = fork();
    if (c->child == 0) {
        close(ends[0]);
        be_child(c, machine, identity, pages, text, ends[1]);
    }
    close(ends[1]);
    c->report = ends[0];
    if (c->child < 0) {
        c->child = 0;
        close(c->report);
        return error_host(error, c->folder, errno, "cannot fork for");
    }
    mark(c, machine, true);
    return true;
}

static void count_pause(struct checkpoint_counts *counts, uint64_t began)
{
    uint64_t paused = monotonic_microseconds() - began;

    counts->begun++;
    counts->total_us += paused;
    if (paused > counts->longest_us)
        counts->longest_us = paused;
}

bool checkpoint_begin(struct checkpoints *c, struct machine *machine, const struct machine_identity *identity,
                      struct error *error)
{
    uint64_t began = monotonic_microseconds();
    struct pack_writer pages, text;
    char path[4096];
    bool good;

    file_path(c->folder, machine_tick(machine), ".snapshot", path);
    if (c->child || !strcmp(path, c->last))
        return true;
    memcpy(c->next, path, sizeof c->next);
    if (!list_unsaved(c, machine))
        return no_memory(c->folder, error);
    file_path(c->folder, machine_tick(machine), ".pack", path);
    if (!pack_create(&pages, path, true, error))
        return false;
    if (!pack_create(&text, c->next, true, error)) {
        pack_abandon(&pages);
        return false;
    }
    good = fork_child(c, machine, identity, &pages, &text, error);
    if (good) {
        pack_release(&pages);
        pack_release(&text);
        count_pause(&c->counts, began);
    } else {
        pack_abandon(&pages);
        pack_abandon(&text);
    }
    return good;
}

/* What the child reported before it ended. */
static void hear(struct checkpoints *c, int status, struct error *error)
{
    size_t got = 0;
    ssize_t n;

    while (got < sizeof *error &&
           ((n = read(c->report, (char *)error + got, sizeof *error - got)) > 0 || (n < 0 && errno == EINTR)))
        got += n > 0 ? (size_t)n : 0;
    if (got < sizeof *error)
        error_set(error, STATUS_HOST, c->next, NULL, NULL,
                  WIFSIGNALED(status) ? "the process that wrote it was killed" : "the process that wrote it failed");
}

static bool wait_child(struct checkpoints *c, struct machine *machine, int options, struct error *error)
{
    int status;
    enum outcome outcome;
    pid_t ended;

    do
        ended = c->child ? waitpid(c->child, &status, options) : 0;
    while (ended < 0 && errno == EINTR);
    if (ended == 0)
        return true;
    outcome = ended > 0 && WIFEXITED(status) ? (enum outcome)WEXITSTATUS(status) : CHECKPOINT_FAILED;
    if (outcome == CHECKPOINT_DONE || outcome == CHECKPOINT_NOT_PRUNED) {
        memcpy(c->last, c->next, sizeof c->last);
        c->counts.completed++;
    } else {
        mark(c, machine, false);
    }
    if (outcome == CHECKPOINT_LAST_LOST)
        c->last[0] = '\0'; /* the next one writes all pages: without one before, none counts as saved */
    if (outcome != CHECKPOINT_DONE)
        hear(c, status, error);
    close(c->report);
    c->report = -1;
    c->child = 0;
    return outcome == CHECKPOINT_DONE;
}

bool checkpoint_look(struct checkpoints *c, struct machine *machine, struct error *error)
{
    return wait_child(c, machine, WNOHANG, error);
}

bool checkpoint_under_way(const struct checkpoints *c)
{
    return c->child != 0;
}

struct checkpoint_counts checkpoint_counts(const struct checkpoints *c)
{
    return c->counts;
}

bool checkpoints_close(struct checkpoints *c, struct machine *machine, struct error *error)
{
    bool good;

    if (!c)
        return true;
    good = wait_child(c, machine, 0, error);
    close(c->lock);
    free(c->marked);
    free(c);
    return good;
}
