/* storage.c - see storage.h. */
#define _GNU_SOURCE /* memfd_create, F_ADD_SEALS */
#include "desk/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/desk.h"
#include "desk/jail.h"
#include "desk/jobs.h"
#include "desk/pages.h"
#include "desk/rights.h"
#include "desk/work.h"
#include "formats/message.h"
#include "formats/monotonic.h"
#include "verify/runs/runs.h"

#define CLIENTS 96u        /* sessions, and pictures under way */
#define FOLDERS_MOST 16u   /* that it reads: the library, the log, those of work_judging */
#define SHARED_MOST 4096u  /* chunks of all archives that are shared: 256 MiB */
#define CHECK_MS 5000u     /* between two looks at the rights of what runs, at least, */
#define CHECK_SHARE 200u   /* and so many times what the last one took */
#define REQUEST_SIZE 1024u /* bytes of a request: "ID\nARCHIVE\nREASON" */
#define LONGEST_REASON 255u
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* --- In the process --- */

/* An archive that sessions have. */
struct holding {
    struct archive *archive; /* null: none */
    struct stat file;
    int pages;    /* below 0: nothing is shared */
    uint8_t *map; /* of it, writable */
    size_t size;
    unsigned clients;
};

struct client {
    int socket; /* below 0: none */
    char id[STORAGE_ID + 1], name[NAME_MAX + 1], override[LONGEST_REASON + 1];
    struct holding *holding; /* null: its archive may not be seen, which it was told */
};

struct keeper {
    const struct storage *storage;
    struct kept *kept; /* by judgements, for those that come after them */
    int control;
    struct holding holdings[CLIENTS];
    struct client clients[CLIENTS];
    unsigned shared; /* chunks */
    uint64_t check_due;
    bool over;
};

/* The command line by which an archive is judged for a session. path and line must outlive the judgement. */
static void judge_as(const struct keeper *k, const struct client *c, const char *path, struct job_line *line)
{
    job_command(line, "serve");
    line->arguments.kept = k->kept;
    job_operand(line, path);
    work_trust(k->storage->arguments, line);
    job_option(line, "--override", *c->override ? c->override : NULL);
    job_option(line, "--log", argument_value(k->storage->arguments, "--log"));
}

static void path_of(const struct keeper *k, const struct client *c, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.3800s/%s", k->storage->library, c->name);
}

/* Asked when the archive is given, and again while the session has it. */
static bool may_have(const struct keeper *k, const struct client *c, struct archive *archive, struct error *error)
{
    struct job_line line = {.command = {.name = NULL}};
    char path[PATH_MAX];

    path_of(k, c, path);
    judge_as(k, c, path, &line);
    return desk_may_see(&line.arguments, archive, error);
}

/* Makes the file of an archive's pages. Without it, sessions read for themselves. */
static void make_pages(struct holding *h)
{
    const uint64_t chunks = pages_before(h->archive, DRIVE_COUNT), size = pages_place(h->archive, chunks);

    h->pages = chunks && size <= SIZE_MAX / 4 ? memfd_create("pages", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;
    if (h->pages < 0)
        return;
    h->size = (size_t)size;
    h->map = ftruncate(h->pages, (off_t)size) ? MAP_FAILED
                                              : mmap(NULL, h->size, PROT_READ | PROT_WRITE, MAP_SHARED, h->pages, 0);
    if (h->map != MAP_FAILED &&
        fcntl(h->pages, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0)
        return;
    if (h->map != MAP_FAILED)
        munmap(h->map, h->size);
    close(h->pages);
    h->pages = -1;
}

static void let_go(struct keeper *k, struct client *c)
{
    struct holding *h = c->holding;

    close(c->socket);
    c->socket = -1;
    c->holding = NULL;
    if (!h || --h->clients)
        return;
    if (h->pages >= 0) {
        for (uint64_t i = 0, count = pages_before(h->archive, DRIVE_COUNT); i < count; i++)
            k->shared -= h->map[i];
        munmap(h->map, h->size);
        close(h->pages);
    }
    archive_close(h->archive);
    h->archive = NULL;
}

/* The archive that a name stands for now: as it is held, or opened. Null with *error. */
static struct holding *hold(struct keeper *k, const struct client *c, struct error *error)
{
    struct job_line line = {.command = {.name = NULL}};
    struct holding *place = NULL;
    struct stat file;
    char path[PATH_MAX];

    path_of(k, c, path);
    if (stat(path, &file)) {
        error_host(error, path, errno, "cannot open");
        return NULL;
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        struct holding *h = &k->holdings[i];
        if (h->archive && h->file.st_dev == file.st_dev && h->file.st_ino == file.st_ino &&
            h->file.st_size == file.st_size && h->file.st_mtim.tv_sec == file.st_mtim.tv_sec &&
            h->file.st_mtim.tv_nsec == file.st_mtim.tv_nsec && !strcmp(archive_file(h->archive), path))
            return h;
        if (!h->archive)
            place = h;
    }
    judge_as(k, c, path, &line);
    *place = (struct holding){.archive = desk_open_archive(&line.arguments, path, error), .file = file, .pages = -1};
    if (!place->archive)
        return NULL;
    make_pages(place);
    return place;
}

/* Gives a session its archive, or the reason why it has none. False: that failed. */
static bool offer(const struct client *c, const struct error *why)
{
    struct pages_offer head = {.why = {.status = STATUS_OK}};
    const char *files[CHAIN_LIMIT];
    int descriptors[PAGES_DESCRIPTORS];
    struct iovec parts[CHAIN_LIMIT + 1] = {{&head, sizeof head}};
    size_t count = 0, part_count = 1;

    if (why) {
        head.why = *why;
    } else {
        head.files = (uint32_t)(count = archive_chain(c->holding->archive, descriptors, files));
        for (size_t i = 0; i < count; i++)
            parts[part_count++] = (struct iovec){(void *)files[i], strlen(files[i]) + 1};
        head.pages = c->holding->pages >= 0;
        head.overlays = media_overlays(c->holding->archive);
        head.memory = archive_machine(c->holding->archive)->memory;
        if (head.pages)
            descriptors[count++] = c->holding->pages;
    }
    return message_send(c->socket, parts, part_count, descriptors, count, MSG_DONTWAIT) > 0;
}

static void report(const struct keeper *k, const struct client *c, const char *reason)
{
    char text[REQUEST_SIZE];

    snprintf(text, sizeof text, "%s %.255s", c->id, reason);
    send(k->control, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT); /* or the next time */
}

/* What the steward asks for. It is told what is refused: a session may have the archive from a process before this. */
static void take_request(struct keeper *k, char *text, int socket)
{
    char *archive = strchr(text, '\n'), *reason = archive ? strchr(archive + 1, '\n') : NULL;
    struct client *c = NULL;
    struct holding *h;
    struct error error;
    bool good;

    for (size_t i = 0; i < CLIENTS && !c; i++)
        c = k->clients[i].socket < 0 ? &k->clients[i] : NULL;
    if (!reason || !c) {
        close(socket);
        return;
    }
    *archive++ = *reason++ = '\0';
    *c = (struct client){.socket = socket};
    snprintf(c->id, sizeof c->id, "%.16s", text);
    snprintf(c->name, sizeof c->name, "%.255s", archive);
    snprintf(c->override, sizeof c->override, "%.255s", reason);
    h = hold(k, c, &error);
    if (h) {
        h->clients++;
        c->holding = h;
    }
    good = h && may_have(k, c, h->archive, &error);
    if (good && !offer(c, NULL))
        good = error_host(&error, c->name, errno, "cannot be given");
    if (!good) {
        report(k, c, error.what);
        offer(c, &error);
        let_go(k, c);
    }
}

static void hear_steward(struct keeper *k)
{
    char text[REQUEST_SIZE + 1];
    size_t count = 1;
    int socket;
    ssize_t got = message_receive(k->control, text, REQUEST_SIZE, &socket, &count, 0);

    k->over = got <= 0;
    if (!count)
        return;
    text[got] = '\0';
    take_request(k, text, socket);
}

/* Verifies a chunk, for all sessions of the archive. */
static void share(struct keeper *k, const struct holding *h, struct pages_message *m)
{
    const uint8_t *bytes;
    unsigned slot = 0;

    m->kind = PAGES_NONE;
    if (h->pages < 0 || m->chunk >= pages_before(h->archive, DRIVE_COUNT))
        return;
    m->kind = h->map[m->chunk] ? PAGES_THERE : k->shared == SHARED_MOST ? PAGES_FULL : PAGES_NONE;
    if (m->kind != PAGES_NONE)
        return;
    while (pages_before(h->archive, slot + 1) <= m->chunk)
        slot++;
    bytes = archive_chunk(h->archive, slot, m->chunk - pages_before(h->archive, slot));
    if (!bytes)
        return; /* the session finds the same damage, and says so */
    memcpy(h->map + pages_place(h->archive, m->chunk), bytes, CHUNK_SIZE);
    atomic_thread_fence(memory_order_release);
    h->map[m->chunk] = 1;
    k->shared++;
    m->kind = PAGES_THERE;
}

/* A session may be hostile: whatever it sends, or does not receive, its rights are watched until its socket is closed,
 * of which the steward has a descriptor as well. */
static void hear_client(struct keeper *k, struct client *c, bool closed)
{
    struct pages_message m;

    if (closed) {
        let_go(k, c);
    } else if (recv(c->socket, &m, sizeof m, MSG_DONTWAIT) == sizeof m) {
        share(k, c->holding, &m);
        send(c->socket, &m, sizeof m, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static bool have_the_same(const struct client *a, const struct client *b)
{
    return a->socket >= 0 && a->holding == b->holding && !strcmp(a->override, b->override);
}

/* Reports what may no longer be seen. What the host fails at says nothing of rights, and is tried again. */
static void check_rights(struct keeper *k)
{
    const uint64_t begun = monotonic_milliseconds();
    bool judged[CLIENTS] = {false};
    uint64_t took;

    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *c = &k->clients[i];
        struct error error;
        if (c->socket < 0 || judged[i])
            continue;
        const bool closed = !may_have(k, c, c->holding->archive, &error) && error.status != STATUS_HOST;
        for (size_t n = i; n < CLIENTS; n++)
            if (have_the_same(&k->clients[n], c)) {
                judged[n] = true;
                if (closed)
                    report(k, &k->clients[n], error.what);
            }
    }
    took = (monotonic_milliseconds() - begun) * CHECK_SHARE;
    k->check_due = monotonic_milliseconds() + (took > CHECK_MS ? took : CHECK_MS);
}

static void serve_round(struct keeper *k)
{
    struct pollfd polled[1 + CLIENTS] = {{.fd = k->control, .events = POLLIN}};
    struct client *clients[CLIENTS];
    size_t count = 0;
    uint64_t now = monotonic_milliseconds();

    for (size_t i = 0; i < CLIENTS; i++)
        if (k->clients[i].socket >= 0) {
            polled[1 + count] = (struct pollfd){.fd = k->clients[i].socket, .events = POLLIN};
            clients[count++] = &k->clients[i];
        }
    if (poll(polled, 1 + count, !count ? -1 : k->check_due > now ? (int)(k->check_due - now) : 0) > 0) {
        for (size_t i = 0; i < count; i++)
            if (polled[1 + i].revents)
                hear_client(k, clients[i], polled[1 + i].revents & (POLLHUP | POLLERR | POLLNVAL));
        if (polled[0].revents)
            hear_steward(k);
    }
    if (count && monotonic_milliseconds() >= k->check_due)
        check_rights(k);
}

static bool lock_in(const struct storage *storage, struct error *error)
{
    const char *log = argument_value(storage->arguments, "--log"), *path;
    struct jail_folder folders[FOLDERS_MOST] = {{storage->library, false}};
    struct work_place place = {.option = 0};
    size_t count = 1;

    if (log)
        folders[count++] = (struct jail_folder){log, false};
    while (count < FOLDERS_MOST && (path = work_judging(storage->arguments, &place)))
        folders[count++] = (struct jail_folder){path, false};
    return jail_enter(JAIL_STORAGE, folders, count, &(struct jail_limits){.memory = 0}, error);
}

_Noreturn static void keep(const struct storage *storage, int control)
{
    struct keeper *k = calloc(1, sizeof *k);
    struct kept kept = {.value = NULL};
    struct error error;
    const long most = sysconf(_SC_OPEN_MAX);

    for (int i = STDERR_FILENO + 1; i < (most > 0 && most < 4096 ? most : 4096); i++)
        if (i != control)
            close(i);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!k || !lock_in(storage, &error))
        _exit(k ? (int)desk_fail(&error) : STATUS_HOST);
    k->storage = storage;
    k->kept = &kept;
    k->control = control;
    for (size_t i = 0; i < CLIENTS; i++)
        k->clients[i].socket = -1;
    while (!k->over)
        serve_round(k);
    _exit(STATUS_OK);
}

/* --- In the steward --- */

bool storage_begin(struct storage *storage, const struct arguments *arguments, const char *library, struct error *error)
{
    int ends[2];

    *storage = (struct storage){.arguments = arguments, .library = library, .control = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return error_host(error, "storage", errno, "cannot begin");
    fflush(stdout);
    storage->process = fork();
    if (storage->process == 0)
        keep(storage, ends[1]);
    close(ends[1]);
    storage->control = ends[0];
    if (storage->process > 0)
        return true;
    error_host(error, "storage", errno, "cannot begin");
    storage->process = 0;
    storage_end(storage);
    return false;
}

void storage_end(struct storage *storage)
{
    if (storage->control >= 0)
        close(storage->control);
    storage->control = -1;
    if (storage->process > 0) {
        kill(storage->process, SIGKILL); /* it has nothing to lose */
        while (waitpid(storage->process, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    storage->process = 0;
}

int storage_ask(const struct storage *storage, const char *id, const char *archive, const char *override,
                struct error *error)
{
    char text[REQUEST_SIZE];
    struct iovec part = {text, (size_t)snprintf(text, sizeof text, "%s\n%s\n%s", id, archive, override)};
    int ends[2];
    bool good;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
        error_host(error, "storage", errno, "cannot ask");
        return -1;
    }
    good = message_send(storage->control, &part, 1, &ends[1], 1, MSG_DONTWAIT) > 0;
    close(ends[1]);
    if (good)
        return ends[0];
    error_host(error, "storage", errno, "cannot ask");
    close(ends[0]);
    return -1;
}

bool storage_hear(const struct storage *storage, char id[STORAGE_ID + 1], char reason[STORAGE_REASON])
{
    char text[REQUEST_SIZE + 1];
    ssize_t got = recv(storage->control, text, REQUEST_SIZE, MSG_DONTWAIT);

    *id = '\0';
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    text[got] = '\0';
    if (got > (ssize_t)STORAGE_ID && text[STORAGE_ID] == ' ') {
        memcpy(id, text, STORAGE_ID);
        id[STORAGE_ID] = '\0';
        snprintf(reason, STORAGE_REASON, "%.255s", text + STORAGE_ID + 1);
    }
    return true;
}
