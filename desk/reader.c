/* reader.c - see reader.h.
 *
 * A question is a struct question; the answer is frames, each with its kind and length before it, of which the last is
 * the end or an error. A process that surveys a disk is asked nothing and answers once. What comes from the process is
 * hostile as the volume is. */
#define _DEFAULT_SOURCE /* setenv, MSG_NOSIGNAL */
#include "desk/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "archive/archive.h"
#include "desk/jail.h"
#include "desk/progress.h"
#include "formats/file.h"
#include "formats/images/images.h"
#include "formats/plain.h"
#include "formats/text.h"
#include "formats/volumes/registry.h"

enum {
    ANSWER_SECONDS = 60,
    ENDING_MS = 2000,       /* that a process may take to end */
    RESTARTS = 16,          /* of one volume, after which it is given up */
    PIECE = 1 << 16,        /* bytes that are sent at once */
    FOLDER_LIMIT = 1 << 29, /* bytes of the entries of one folder */
    RUN_LIMIT = 1 << 16,    /* runs of one file that are kept */
    UNIT_SIZE = 8192,       /* bytes of what is compressed, at least, that are read together; */
    UNIT_LIMIT = 1 << 18    /* so many of them may be damaged in a volume */
};

#define MEMORY_LIMIT (UINT64_C(4) << 30) /* address space, beyond what the process had */

enum operation { OPEN, LIST, READ, RUNS, PAGES };
enum kind { ENTRY, RUN, BYTES, END, FAILURE };

struct question {
    uint16_t operation, kind; /* of the entry */
    uint32_t stream;
    uint64_t id, size, offset, length;
};

struct frame {
    uint32_t kind, length;
};

/* --- The process --- */

/* A disk, and what the last of its reads that failed came to. */
struct watched {
    const struct block *disk;
    struct block block; /* it, watched */
    enum block_result result;
    uint64_t sector;
};

struct server {
    int channel;
    struct watched watched;
    struct files files;
    struct text out;
    uint8_t piece[PIECE];
};

/* Says so without any, and ends. */
static void out_of_memory(int channel)
{
    struct {
        struct frame frame;
        struct error error;
    } last = {.frame = {FAILURE, sizeof last.error}};

    error_set(&last.error, STATUS_HOST, "reader", NULL, NULL, "out of memory");
    stream_write(channel, &last, sizeof last);
    _exit(0);
}

static bool flush(struct server *s)
{
    if (s->out.failed)
        out_of_memory(s->channel);
    bool good = stream_write(s->channel, s->out.bytes, s->out.length);

    s->out.length = 0;
    return good;
}

static bool put(struct server *s, enum kind kind, const void *bytes, size_t size)
{
    const struct frame frame = {kind, (uint32_t)size};

    text_add(&s->out, &frame, sizeof frame);
    text_add(&s->out, bytes, size);
    return s->out.length < PIECE && !s->out.failed ? true : flush(s);
}

static bool put_entry(void *context, const struct file_entry *e)
{
    return put(context, ENTRY, e, offsetof(struct file_entry, name) + strlen(e->name) + 1);
}

static bool put_run(void *context, const struct file_run *run)
{
    return put(context, RUN, run, sizeof *run);
}

/* What cannot be read at once is read by sectors, so that what lies before the damage comes out. */
static bool put_bytes(struct server *s, const struct question *q, const struct file_entry *e, struct error *error)
{
    size_t most = PIECE, got;

    for (uint64_t done = 0; done < q->length; done += got) {
        const size_t wanted = q->length - done < most ? (size_t)(q->length - done) : most;
        got = 0;
        bool good = s->files.system->read(s->files.context, e, q->offset + done, s->piece, wanted, &got, error);
        if (!good && got == 0 && wanted > SECTOR_SIZE) {
            most = SECTOR_SIZE;
            continue;
        }
        if (got > 0 && !put(s, BYTES, s->piece, got))
            return true;
        if (!good || got < wanted)
            return good;
    }
    return true;
}

static enum block_result watched_read(void *context, uint64_t sector, uint32_t count, uint8_t *buffer, uint32_t *done)
{
    struct watched *w = context;
    const enum block_result result = w->disk->read(w->disk->context, sector, count, buffer, done);

    if (result != BLOCK_OK && w->result != BLOCK_FAILED) {
        w->result = result;
        w->sector = result == BLOCK_UNREADABLE ? sector + *done : sector;
    }
    return result;
}

static void watch(struct watched *w, const struct block *disk)
{
    w->disk = disk;
    w->block = (struct block){
        .context = w, .sectors = disk->sectors, .read_only = true, .session = disk->session, .read = watched_read};
}

/* What a file system found wrong, if the disk was why: a host that failed or an archive that is damaged says so itself,
 * and what could not be read of the original is no damage of the archive. */
static void explain(const struct watched *w, struct error *error)
{
    const struct error *failure = w->disk->failure ? w->disk->failure(w->disk->context) : NULL, found = *error;
    char sector[48];

    snprintf(sector, sizeof sector, "sector %" PRIu64 " of the disk", w->sector);
    if (w->result == BLOCK_FAILED && failure)
        *error = *failure;
    else if (w->result == BLOCK_UNREADABLE)
        error_set(error, found.status, found.object, *found.place ? found.place : sector, found.remedy,
                  "%s: the original was unreadable there", found.what);
}

static void answer(struct server *s, const struct question *q)
{
    const struct file_entry e = {.kind = (uint8_t)q->kind, .id = q->id, .stream = q->stream, .size = q->size};
    const struct files *f = &s->files;
    struct registry_pages pages;
    struct error error = {.status = STATUS_OK};
    bool good = true;

    s->watched.result = BLOCK_OK;
    switch (q->operation) {
    case LIST: good = f->system->list(f->context, q->id, put_entry, s, &error); break;
    case RUNS: good = f->system->runs(f->context, &e, put_run, s, &error); break;
    case READ: good = put_bytes(s, q, &e, &error); break;
    case PAGES: good = !registry_pages(f, &pages) || put(s, BYTES, &pages, sizeof pages); break;
    default: break;
    }
    if (!good)
        explain(&s->watched, &error);
    if (!put(s, good ? END : FAILURE, &error, good ? 0 : sizeof error) || !flush(s))
        _exit(0);
}

/* What could be written to and is not the process's own: the log, the bag. What the disk reads from, such as an
 * overlay, is opened again for reading; the channel to its own reader stays. */
static void keep_from_writing(int channel, int disk)
{
    char name[32];

    for (int i = -1; (i = descriptor_open(i + 1)) >= 0;) {
        int flags = i != channel && i != disk && i != STDERR_FILENO ? fcntl(i, F_GETFL) : -1;
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
            continue;
        snprintf(name, sizeof name, "/proc/self/fd/%d", i);
        int again = (flags & O_ACCMODE) == O_RDWR ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
        if (again < 0 || dup2(again, i) < 0)
            close(i);
        if (again >= 0)
            close(again);
    }
}

/* The channel to the reader of an image, which a machine's overlays may lie over; below 0: there is none. */
static int channel_below(const struct block *disk)
{
    for (const struct block *base; (base = overlay_base(disk)) != disk;)
        disk = base;
    return image_channel(disk);
}

static const struct jail_limits limits = {.more_memory = MEMORY_LIMIT};

static struct server *begin_serving(int channel, const struct block *disk)
{
    struct server *s = calloc(1, sizeof *s);

    if (!s)
        out_of_memory(channel);
    s->channel = channel;
    keep_from_writing(channel, channel_below(disk));
    return s;
}

static void serve(int channel, const struct block *disk, const struct volume *volume)
{
    struct server *s = begin_serving(channel, disk);
    struct question question;
    struct error error;

    setenv("TZ", "UTC0", 1); /* libtsk asks the host's clock for its zone */
    tzset();
    watch(&s->watched, disk);
    bool good = files_prepare(volume, &error) && jail_enter(JAIL_READER, NULL, 0, &limits, &error);
    if (good && !(good = files_open(&s->watched.block, volume, &s->files, &error)))
        explain(&s->watched, &error);
    if (!put(s, good ? END : FAILURE, &error, good ? 0 : sizeof error) || !flush(s) || !good)
        _exit(0);
    while (stream_read(channel, &question, sizeof question))
        answer(s, &question);
    _exit(0);
}

static bool put_each(struct server *s, const void *elements, uint32_t count, size_t size)
{
    uint32_t i = 0;

    while (i < count && put(s, BYTES, (const char *)elements + i * size, size))
        i++;
    return i == count;
}

static bool has_files(const struct disk_survey *s)
{
    bool has = false;

    for (uint32_t i = 0; i < s->volume_count; i++)
        has |= files_can_open(&s->volumes[i]);
    return has;
}

/* The survey, and each element of its lists. That nothing was found counts only if the disk was read. */
static void serve_survey(int channel, const struct block *disk, const struct volume *none)
{
    struct server *s = begin_serving(channel, disk);
    struct disk_survey found;
    struct error error;

    (void)none;
    watch(&s->watched, disk);
    bool good = jail_enter(JAIL_READER, NULL, 0, &limits, &error) && disk_survey(&s->watched.block, &found, &error);
    if (good && s->watched.result == BLOCK_FAILED && disk->failure && !has_files(&found)) {
        error = *disk->failure(disk->context);
        good = false;
    }
    if (!good)
        put(s, FAILURE, &error, sizeof error);
    else if (!put(s, BYTES, &found, sizeof found) ||
             !put_each(s, found.volumes, found.volume_count, sizeof *found.volumes) ||
             !put_each(s, found.systems, found.system_count, sizeof *found.systems) ||
             !put_each(s, found.damage, found.damage_count, sizeof *found.damage) || !put(s, END, &error, 0))
        _exit(0);
    flush(s);
    _exit(0);
}

/* --- Its customer --- */

struct reader {
    const struct block *disk;
    struct volume volume;
    pid_t process; /* 0: none */
    int channel;
    unsigned starts;
    uint8_t *buffer; /* what was received: PIECE bytes */
    size_t begin, end;
    struct file_entry last; /* whose runs these are; all zero: nobody's */
    struct file_run *runs;  /* RUN_LIMIT */
    size_t run_count;
    bool left_out, known; /* a run was not kept; they are all of its runs */
    bool torn;            /* something of it could not be read: what can be is read by its runs */
    uint32_t units;       /* of the volume, that were asked for after damage, and could not be read */
};

/* Ends the process. */
static void stop(struct reader *r)
{
    if (!r->process)
        return;
    close(r->channel);
    kill(r->process, SIGKILL);
    while (waitpid(r->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    r->process = 0;
}

/* The signal that ended a process whose channel is closed; 0: none did, or it is not at its end. */
static int signal_of(struct reader *r)
{
    int status = 0;
    pid_t ended = 0;

    for (unsigned i = 0; i < ENDING_MS && ended == 0; i++) {
        ended = waitpid(r->process, &status, WNOHANG);
        if (ended == 0)
            poll(NULL, 0, 1); /* a call that sessions have */
    }
    if (ended <= 0)
        return 0;
    close(r->channel);
    r->process = 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static const char *name_of(const struct reader *r)
{
    return *r->volume.file_system ? r->volume.file_system : "disk";
}

/* The process has ended, or must end for what it did. */
static bool lost(struct reader *r, const char *what, struct error *error)
{
    int signal = r->process && !what ? signal_of(r) : 0;

    stop(r);
    if (signal == SIGKILL) /* which nothing in its jail sends */
        return error_set(error, STATUS_HOST, name_of(r), NULL, "see whether memory ran out", "its reader was killed");
    if (!signal)
        return error_set(error, STATUS_WRONG, name_of(r), NULL, NULL, "%s", what ? what : "its reader ended");
    return error_set(error, STATUS_WRONG, name_of(r), NULL, NULL, "its reader crashed (signal %d)", signal);
}

static bool receive(struct reader *r, void *bytes, size_t size, struct error *error)
{
    for (char *to = bytes; size > 0;) {
        struct pollfd one = {.fd = r->channel, .events = POLLIN};
        size_t part = r->end - r->begin < size ? r->end - r->begin : size;
        memcpy(to, r->buffer + r->begin, part);
        r->begin += part;
        to += part;
        size -= part;
        if (size == 0)
            return true;
        int ready = poll(&one, 1, ANSWER_SECONDS * 1000);
        if (ready == 0)
            return lost(r, "its reader does not answer", error);
        ssize_t count = ready < 0 ? -1 : read(r->channel, r->buffer, PIECE);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return lost(r, NULL, error);
        r->begin = 0;
        r->end = (size_t)count;
    }
    return true;
}

/* Receives the frames of an answer: kind is what they may hold. each is called for the contents; the answer is read to
 * its end in any case. */
static bool receive_answer(struct reader *r, enum kind kind, size_t most,
                           bool (*each)(void *context, const void *bytes, size_t size), void *context,
                           struct error *error)
{
    uint8_t content[PIECE + sizeof(struct error)];
    struct frame frame;
    bool wanted = true;

    for (;;) {
        if (!receive(r, &frame, sizeof frame, error))
            return false;
        if (frame.kind == END && frame.length == 0)
            return true;
        if (frame.kind == FAILURE && frame.length == sizeof *error) {
            if (!receive(r, error, sizeof *error, error))
                return false;
            error_tame(error, STATUS_WRONG);
            return false;
        }
        if (frame.kind != kind || frame.length > most || frame.length > PIECE)
            return lost(r, "its reader answers what was not asked", error);
        if (!receive(r, content, frame.length, error))
            return false;
        wanted = wanted && each(context, content, frame.length);
    }
}

/* Begins a process that does the work. */
static bool begin(struct reader *r, void (*work)(int channel, const struct block *disk, const struct volume *volume),
                  struct error *error)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return error_host(error, name_of(r), errno, "cannot start a reader");
    r->process = fork();
    if (r->process == 0) {
        signal(SIGINT, SIG_IGN); /* who asks decides */
        work(ends[1], r->disk, &r->volume);
    }
    close(ends[1]);
    if (r->process < 0) {
        r->process = 0;
        close(ends[0]);
        return error_host(error, name_of(r), errno, "cannot start a reader");
    }
    r->channel = ends[0];
    r->begin = r->end = 0;
    return true;
}

static bool start(struct reader *r, struct error *error)
{
    if (r->starts++ > RESTARTS)
        return error_set(error, STATUS_WRONG, name_of(r), NULL, NULL, "its reader crashed too often");
    if (!begin(r, serve, error))
        return false;
    if (receive_answer(r, END, 0, NULL, NULL, error))
        return true;
    stop(r);
    return false;
}

static bool ask(struct reader *r, const struct question *q, struct error *error)
{
    const char *at = (const char *)q;
    size_t left = sizeof *q;

    if (!r->process && !start(r, error))
        return false;
    while (left > 0) {
        ssize_t count = send(r->channel, at, left, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return lost(r, NULL, error);
        at += count;
        left -= (size_t)count;
    }
    return true;
}

/* --- As a file system --- */

/* What was received, each with its length before it: entries are handed on when the folder is read to its end, because
 * whoever gets one asks for the next folder. */
static bool keep(void *context, const void *bytes, size_t size)
{
    struct text *kept = context;

    if (kept->length + size > FOLDER_LIMIT)
        kept->failed = true;
    text_add(kept, &size, sizeof size);
    text_add(kept, bytes, size);
    return !kept->failed;
}

static bool entry_is_sound(const struct file_entry *e, size_t size)
{
    return size > offsetof(struct file_entry, name) && size <= sizeof *e && ((const char *)e)[size - 1] == '\0' &&
           *e->name && !strchr(e->name, '/') && e->raw_size <= sizeof e->raw_name && e->kind <= FILE_SPECIAL &&
           e->deleted <= 1 && e->posix <= 1 && memchr(e->short_name, '\0', sizeof e->short_name);
}

static bool list(void *context, uint64_t folder, file_each *each, void *each_context, struct error *error)
{
    struct reader *r = context;
    const struct question question = {.operation = LIST, .id = folder};
    struct text kept = {.bytes = NULL};
    struct file_entry *entry = malloc(sizeof *entry);
    size_t size;
    bool nameless = false; /* an entry was left out */
    bool good = entry && ask(r, &question, error) && receive_answer(r, ENTRY, sizeof *entry, keep, &kept, error);

    if (kept.length > FOLDER_LIMIT - sizeof *entry)
        good = error_set(error, STATUS_WRONG, name_of(r), NULL, NULL, "a folder is too large");
    else if (!entry || kept.failed)
        good = error_set(error, STATUS_HOST, name_of(r), NULL, NULL, "out of memory");
    for (size_t at = 0; entry && at < kept.length; at += size) {
        memcpy(&size, kept.bytes + at, sizeof size);
        at += sizeof size;
        if (size > sizeof *entry || at + size > kept.length)
            break;
        memset(entry, 0, sizeof *entry);
        memcpy(entry, kept.bytes + at, size);
        if (!entry_is_sound(entry, size)) {
            nameless = true;
        } else if (!each(each_context, entry)) {
            good = true, nameless = false;
            break;
        }
    }
    if (good && nameless)
        good = error_set(error, STATUS_WRONG, name_of(r), NULL, NULL, "a folder has an entry whose name can be none");
    text_free(&kept);
    free(entry);
    return good;
}

struct filling {
    uint8_t *to;
    size_t size, got;
};

static bool fill(void *context, const void *bytes, size_t size)
{
    struct filling *f = context;

    if (size > f->size - f->got)
        size = f->size - f->got;
    memcpy(f->to + f->got, bytes, size);
    f->got += size;
    return f->got < f->size;
}

static bool ask_bytes(struct reader *r, const struct file_entry *e, uint64_t offset, void *buffer, size_t size,
                      size_t *got, struct error *error)
{
    const struct question question = {READ, e->kind, e->stream, e->id, e->size, offset, size};
    struct filling filling = {buffer, size, 0};
    bool good = ask(r, &question, error) && receive_answer(r, BYTES, PIECE, fill, &filling, error);

    *got = filling.got;
    return good;
}

struct running {
    file_each_run *each;
    void *context;
};

static bool hand_run(void *context, const void *bytes, size_t size)
{
    const struct running *running = context;
    struct file_run run;

    if (size != sizeof run)
        return false;
    memcpy(&run, bytes, sizeof run);
    return running->each(running->context, &run);
}

static bool is_last(const struct reader *r, const struct file_entry *e)
{
    return r->last.id == e->id && r->last.stream == e->stream && r->last.size == e->size;
}

static bool runs(void *context, const struct file_entry *e, file_each_run *each, void *each_context,
                 struct error *error)
{
    struct reader *r = context;
    const struct question question = {RUNS, e->kind, e->stream, e->id, e->size, 0, 0};
    struct running running = {each, each_context};

    if (r->known && is_last(r, e)) {
        for (size_t i = 0; i < r->run_count && each(each_context, &r->runs[i]); i++)
            continue;
        return true;
    }
    return ask(r, &question, error) && receive_answer(r, RUN, sizeof(struct file_run), hand_run, &running, error);
}

/* Keeps a run that whole sectors of the disk hold, in the order of the file. */
static bool keep_run(void *context, const struct file_run *run)
{
    struct reader *r = context;
    const uint64_t size = r->disk->sectors * SECTOR_SIZE;
    const struct file_run *before = r->run_count ? &r->runs[r->run_count - 1] : NULL;

    if (run->place > size || run->length > size - run->place || run->place % SECTOR_SIZE || run->at % SECTOR_SIZE ||
        (before && run->at < before->at + before->length)) {
        r->left_out = true;
        return true;
    }
    r->runs[r->run_count++] = *run;
    r->left_out = r->left_out || r->run_count == RUN_LIMIT;
    return r->run_count < RUN_LIMIT;
}

/* Asks where a file lies, once for each. */
static void learn_runs(struct reader *r, const struct file_entry *e)
{
    struct error ignored;

    if (is_last(r, e))
        return;
    r->run_count = 0;
    r->last = *e;
    r->known = r->left_out = r->torn = false;
    r->known = runs(r, e, keep_run, r, &ignored) && !r->left_out;
}

/* Reads what lies on the disk as it is without the process. Returns how many bytes; what cannot be read here is left to
 * the process, which names the damage. */
static size_t read_runs(struct reader *r, const struct file_entry *e, uint64_t offset, uint8_t *buffer, size_t size)
{
    uint8_t sector[SECTOR_SIZE];
    size_t done = 0, i = 0;
    uint32_t whole, got;

    learn_runs(r, e);
    for (; i < r->run_count && done < size; i++) {
        const struct file_run *run = &r->runs[i];
        uint64_t at = offset + done, in = at - run->at;
        if (at >= run->at + run->length)
            continue;
        if (at < run->at || in % SECTOR_SIZE)
            break;
        size_t part = run->length - in < size - done ? (size_t)(run->length - in) : size - done;
        uint64_t first = (run->place + in) / SECTOR_SIZE;
        whole = (uint32_t)(part / SECTOR_SIZE);
        enum block_result result = whole ? r->disk->read(r->disk->context, first, whole, buffer + done, &got)
                                         : BLOCK_OK;
        if (result != BLOCK_OK) {
            done += result == BLOCK_UNREADABLE ? (size_t)got * SECTOR_SIZE : 0;
            break;
        }
        done += (size_t)whole * SECTOR_SIZE;
        if (part % SECTOR_SIZE) {
            if (r->disk->read(r->disk->context, first + whole, 1, sector, &got) != BLOCK_OK)
                break;
            memcpy(buffer + done, sector, part % SECTOR_SIZE);
            done += part % SECTOR_SIZE;
        }
    }
    return done;
}

/* The first sector of a run, at a byte of the file or after it, that can be read; or, if what comes then is in no run,
 * the run's end. */
static bool resume_in(struct reader *r, const struct file_run *run, uint64_t from, bool last, uint64_t *next)
{
    uint8_t sector[SECTOR_SIZE];
    uint64_t at = from > run->at ? run->at + (from - run->at + SECTOR_SIZE - 1) / SECTOR_SIZE * SECTOR_SIZE : run->at;
    uint32_t got;

    for (; at < run->at + run->length && !interrupted(); at += SECTOR_SIZE)
        if (r->disk->read(r->disk->context, (run->place + at - run->at) / SECTOR_SIZE, 1, sector, &got) == BLOCK_OK) {
            *next = at;
            return true;
        }
    *next = run->at + run->length;
    return last && *next > from;
}

/* What is compressed can be read again from another unit on, as such files have them: 16 clusters of NTFS, a cluster of
 * DriveSpace. */
static bool resume_unit(struct reader *r, const struct file_entry *e, uint64_t offset, uint64_t *next)
{
    struct error ignored;
    uint8_t byte;
    size_t got = 0;

    *next = (offset + UNIT_SIZE - 1) / UNIT_SIZE * UNIT_SIZE;
    for (; r->units < UNIT_LIMIT && *next < e->size && r->process && !interrupted(); r->units++, *next += UNIT_SIZE)
        if (ask_bytes(r, e, *next, &byte, 1, &got, &ignored) && got == 1)
            return true;
    return false;
}

static bool resume(void *context, const struct file_entry *e, uint64_t offset, uint64_t *next)
{
    struct reader *r = context;
    bool found = false;

    if (!r->process && !is_last(r, e)) /* it crashed over this file */
        return false;
    learn_runs(r, e);
    r->torn = true;
    for (size_t i = 0; !found && i < r->run_count; i++) {
        const struct file_run *run = &r->runs[i];
        const uint64_t end = run->at + run->length;
        found = end > offset && resume_in(r, run, offset, i + 1 == r->run_count || run[1].at > end, next);
    }
    return r->known && !r->run_count ? resume_unit(r, e, offset, next) : found && *next < e->size;
}

static bool read_file(void *context, const struct file_entry *e, uint64_t offset, void *buffer, size_t size,
                      size_t *got, struct error *error)
{
    struct reader *r = context;
    const uint64_t left = offset < e->size ? e->size - offset : 0;
    size_t done = 0, more = 0;

    if ((e->size > PIECE && size > PIECE) || (r->torn && is_last(r, e)))
        done = read_runs(r, e, offset, buffer, left < size ? (size_t)left : size);
    bool good = done == size || (done && done == left) ||
                ask_bytes(r, e, offset + done, (uint8_t *)buffer + done, size - done, &more, error);
    *got = done + more;
    return good;
}

static void close_reader(void *context)
{
    struct reader *r = context;

    stop(r);
    free(r->buffer);
    free(r->runs);
    free(r);
}

static const struct file_system system_reader = {
    .close = close_reader, .list = list, .read = read_file, .runs = runs, .resume = resume};

bool reader_open(const struct block *disk, const struct volume *volume, struct files *files, struct error *error)
{
    struct reader *r = calloc(1, sizeof *r);

    files->system = NULL;
    if (!r || !(r->buffer = malloc(PIECE)) || !(r->runs = malloc(RUN_LIMIT * sizeof *r->runs))) {
        if (r)
            free(r->buffer);
        free(r);
        return error_set(error, STATUS_HOST, "reader", NULL, NULL, "out of memory");
    }
    r->disk = disk;
    r->volume = *volume;
    if (!start(r, error)) {
        close_reader(r);
        return false;
    }
    *files = (struct files){&system_reader, r};
    return true;
}

/* --- Surveys --- */

/* A survey that comes in: the frames it has had. */
struct coming {
    struct disk_survey *survey;
    uint64_t sectors; /* of the disk */
    uint32_t frames;
    bool lies, out_of_memory;
};

static bool is_truth(const bool *value)
{
    uint8_t byte;

    memcpy(&byte, value, 1);
    return byte <= 1;
}

static void make_fit(char *text, size_t size)
{
    char plain[256];

    text[size - 1] = '\0';
    plain_copy(plain, size < sizeof plain ? size : sizeof plain, text);
    memcpy(text, plain, strlen(plain) + 1);
}

#define FIT(text) make_fit((text), sizeof(text))

/* Takes what was found of the whole disk, and makes room for the lists. */
static bool take_disk(struct coming *c, const struct disk_survey *came)
{
    struct disk_survey *s = c->survey;

    *s = *came;
    s->volumes = NULL, s->systems = NULL, s->damage = NULL;
    s->sectors = c->sectors;
    FIT(s->container), FIT(s->overlay), FIT(s->loader), FIT(s->encryption);
    if (s->scheme > DISK_GPT || !is_truth(&s->iso) || !is_truth(&s->optical) || !is_truth(&s->volumes_left_out) ||
        !is_truth(&s->damage_left_out) || s->volume_count > SURVEY_VOLUMES || s->system_count > SURVEY_SYSTEMS ||
        s->damage_count > SURVEY_DAMAGE || s->table.heads > 256 || s->table.sectors > 63 ||
        !s->table.heads != !s->table.sectors)
        return false;
    s->volumes = calloc(s->volume_count + 1, sizeof *s->volumes);
    s->systems = calloc(s->system_count + 1, sizeof *s->systems);
    s->damage = calloc(s->damage_count + 1, sizeof *s->damage);
    c->out_of_memory = !s->volumes || !s->systems || !s->damage;
    return !c->out_of_memory;
}

static bool take_volume(struct volume *v)
{
    FIT(v->within), FIT(v->type_name), FIT(v->file_system), FIT(v->label), FIT(v->detail), FIT(v->loader);
    FIT(v->encryption), FIT(v->compression), FIT(v->code_page_evidence);
    return is_truth(&v->active) && is_truth(&v->extended) && is_truth(&v->with_deleted) && v->names <= NAMES_JOLIET &&
           v->tracks.heads <= UINT16_MAX && v->tracks.sectors <= UINT16_MAX;
}

static bool take_system(struct found_system *f)
{
    FIT(f->name), FIT(f->evidence);
    return f->family <= SYSTEM_NETWARE && is_truth(&f->workgroups);
}

static bool take_element(struct coming *c, const void *bytes, size_t size)
{
    struct disk_survey *s = c->survey;
    uint32_t n = c->frames - 1;

    if (n < s->volume_count)
        return size == sizeof *s->volumes && take_volume(memcpy(&s->volumes[n], bytes, size));
    n -= s->volume_count;
    if (n < s->system_count)
        return size == sizeof *s->systems && take_system(memcpy(&s->systems[n], bytes, size));
    n -= s->system_count;
    if (n >= s->damage_count || size != sizeof *s->damage)
        return false;
    memcpy(&s->damage[n], bytes, size);
    FIT(s->damage[n].place), FIT(s->damage[n].what);
    return true;
}

static bool take_frame(void *context, const void *bytes, size_t size)
{
    struct coming *c = context;
    struct disk_survey came;

    if (c->frames > 0)
        c->lies = !take_element(c, bytes, size);
    else if (size == sizeof came)
        c->lies = !take_disk(c, memcpy(&came, bytes, size));
    else
        c->lies = true;
    c->frames++;
    return !c->lies;
}

bool reader_survey(const struct block *disk, struct disk_survey *s, struct error *error)
{
    struct coming c = {.survey = s, .sectors = disk->sectors};
    struct reader r = {.disk = disk, .buffer = malloc(PIECE)};
    bool good = r.buffer || error_set(error, STATUS_HOST, "survey", NULL, NULL, "out of memory");

    *s = (struct disk_survey){.sectors = 0};
    good = good && begin(&r, serve_survey, error) && receive_answer(&r, BYTES, PIECE, take_frame, &c, error);
    if (c.out_of_memory)
        good = error_set(error, STATUS_HOST, "survey", NULL, NULL, "out of memory");
    else if (good && (c.lies || c.frames != 1 + s->volume_count + s->system_count + s->damage_count))
        good = lost(&r, "its reader answers what was not asked", error);
    stop(&r);
    free(r.buffer);
    if (!good)
        disk_survey_free(s);
    return good;
}

/* --- Code pages --- */

static bool take_pages(void *context, const void *bytes, size_t size)
{
    struct registry_pages *pages = context;

    if (size == sizeof *pages)
        memcpy(pages, bytes, size);
    return size == sizeof *pages;
}

/* Of the system on a volume; oem is 0 if there is none. False: its reader gave no answer. */
static bool find_pages(const struct block *disk, const struct volume *volume, struct registry_pages *pages)
{
    const struct question question = {.operation = PAGES};
    struct files files;
    struct error ignored;

    *pages = (struct registry_pages){.oem = 0};
    if (!files_can_open(volume) || !strncmp(volume->file_system, "ext", 3) || !strncmp(volume->file_system, "ISO", 3) ||
        !reader_open(disk, volume, &files, &ignored))
        return true;
    bool good = ask(files.context, &question, &ignored) &&
                receive_answer(files.context, BYTES, sizeof *pages, take_pages, pages, &ignored);
    if (!good || !registry_file(pages->file))
        pages->oem = 0;
    files_close(&files);
    return good;
}

static bool lacks_code_page(const struct volume *v)
{
    return !*v->code_page_evidence &&
           (!strncmp(v->file_system, "FAT", 3) || (strstr(v->file_system, "Space") && files_can_open(v)));
}

static void find_code_pages(const struct block *disk, struct disk_survey *s)
{
    struct registry_pages found[SURVEY_VOLUMES] = {{.oem = 0}}, first = {.oem = 0};
    bool wanted = false;

    for (uint32_t i = 0; i < s->volume_count; i++)
        wanted |= lacks_code_page(&s->volumes[i]);
    for (uint32_t i = 0; wanted && i < s->volume_count; i++) {
        wanted = find_pages(disk, &s->volumes[i], &found[i]); /* a disk that makes its readers hang does so once */
        first = first.oem ? first : found[i];
    }
    for (uint32_t i = 0; first.oem && i < s->volume_count; i++) {
        struct volume *v = &s->volumes[i];
        const struct registry_pages *p = found[i].oem ? &found[i] : &first;
        if (!lacks_code_page(v))
            continue;
        volume_set_code_page(v, p->oem, registry_file(p->file));
        v->text_page = p->ansi;
    }
}

bool reader_survey_names(const struct block *disk, struct disk_survey *survey, struct error *error)
{
    if (!reader_survey(disk, survey, error))
        return false;
    find_code_pages(disk, survey);
    return true;
}
