/* steward.c - see steward.h. */
#define _GNU_SOURCE /* memfd_create */
#include "desk/steward.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/gate.h"
#include "desk/jail.h"
#include "desk/jobs.h"
#include "desk/live.h"
#include "desk/opening.h"
#include "desk/progress.h"
#include "desk/seat.h"
#include "desk/storage.h"
#include "desk/uploads.h"
#include "desk/work.h"
#include "formats/json.h"
#include "formats/message.h"

#define SEATS 64u                /* sessions, suspended ones included */
#define READER_SEATS 8u          /* of one reader */
#define PERSON_JOBS 8u           /* of one person at a time */
#define TRUST_MOST 12u           /* of work_judging: with it and all else a job's options and folders have room */
#define IDLE_MINUTES 30          /* that nobody does anything in a session, before it is suspended */
#define LONGEST_MINUTES 720      /* that a session runs, before it is suspended */
#define REASON_MOST 255u         /* bytes of a reason for which an archivist sees what is closed */
#define PACES 64u                /* jobs of which is remembered how long they took */
#define FLOPPY_MOST (5760 * 512) /* bytes: 2.88M */
#define HEARD_MOST 300u          /* messages of a session before an answer about it: more than its socket holds */
#define ENDING_SECONDS 20        /* that sessions may take to suspend themselves */
#define ANSWER_SECONDS 10        /* that the gate may take to receive an answer, before it is given up */
#define STORAGE_LIFE_MS 10000    /* that a storage process lives, or the next one is not trusted with what runs */
#define NOBODY UINT_MAX          /* the number of a question that a gate asked which is no more */
#define JSON "application/json"
#define LINES "application/x-ndjson"
#define PICTURE "image/png"

enum seat_state { SEAT_STARTS, SEAT_REPEATS, SEAT_RUNS, SEAT_RESTS, SEAT_IS_OFF, SEAT_BROKE };

static const char *const state_names[] = {"starting", "repeating", "running", "suspended", "off", "failed"};

struct seat {
    char id[17]; /* empty: none */
    char archive[NAME_MAX + 1], owner[17];
    enum seat_state state;
    unsigned percent;
    char reason[512];
    char override[REASON_MOST + 1]; /* the reason for which it was opened; empty: it is open */
    uint64_t opened;                /* seconds since 1970 */
    uint64_t leaves;                /* milliseconds of a clock: when it will suspend itself; 0: not soon */
    enum drive_kind insert; /* what its next process is to put in, as struct seat_request has it; DRIVE_ABSENT: nothing
                             */
    bool eject, inserting;  /* inserting: its process does */
    bool noted;             /* what it inserts was added to its media */
    char again_by[17];      /* not empty: when its process has ended, another begins for that person */
    int process, control;   /* 0, -1: it has none */
    int watch;              /* as long as it is open, the storage process watches its archive's rights; or -1 */
    bool closing;           /* it was asked to suspend itself, as its archive is closed */
    unsigned question;      /* that waits until it runs; 0: none */
    bool discarded;
    struct act act;
    struct job_line line; /* for the log */
};

struct question {
    unsigned number;
    bool archivist;
    const char *person, *verb, *what, *reason; /* reason: for which he sees what is closed; null: none */
    char *lines;
};

/* How long a job took. */
struct pace {
    const char *verb;
    uint32_t about;
    uint64_t took; /* milliseconds */
};

struct steward {
    const struct arguments *arguments;
    const char *library, *state;
    int lock, gate;
    struct storage storage;
    uint64_t storage_begun; /* milliseconds of a clock */
    struct seat seats[SEATS];
    struct job jobs[JOBS_MOST];
    struct uploads uploads;
    char uploads_folder[PATH_MAX];
    struct pace paces[PACES];
    unsigned paced; /* of them, the next to be forgotten */
    unsigned made;  /* numbers of temporary folders */
};

/* --- Answers --- */

static void answer(struct steward *s, unsigned question, unsigned status, const char *type, uint64_t length,
                   int descriptor)
{
    char text[128];
    struct iovec part = {text,
                         (size_t)snprintf(text, sizeof text, "%u %u %" PRIu64 " %s", question, status, length, type)};

    if (question == NOBODY)
        return;
    while (message_send(s->gate, &part, 1, &descriptor, descriptor >= 0, 0) < 0)
        if (errno != EINTR || interrupted()) {
            shutdown(s->gate, SHUT_RDWR); /* it reads no more: the next round finds it gone */
            break;
        }
}

/* Answers with what is written to a file without a name; the FILE is closed. */
static void answer_file(struct steward *s, unsigned question, unsigned status, const char *type, FILE *file)
{
    long length = file && fflush(file) == 0 ? ftell(file) : -1;

    if (length >= 0)
        answer(s, question, status, type, (uint64_t)length, fileno(file));
    else
        answer(s, question, 500, JSON, 0, -1);
    if (file)
        fclose(file);
}

static FILE *new_file(void)
{
    int descriptor = memfd_create("answer", MFD_CLOEXEC);

    return descriptor < 0 ? NULL : fdopen(descriptor, "w+");
}

static void answer_error(struct steward *s, unsigned question, unsigned status, const char *text)
{
    FILE *file = new_file();

    if (file) {
        json_member(file, "{", "error", text);
        putc('}', file);
    }
    answer_file(s, question, status, JSON, file);
}

static unsigned http_status(enum status status)
{
    static const uint16_t of[] = {
        [STATUS_OK] = 200,   [STATUS_WRONG] = 200,     [STATUS_USAGE] = 422, [STATUS_INPUT] = 422,
        [STATUS_HOST] = 500, [STATUS_UNDECIDED] = 200, [STATUS_CLOSED] = 403};

    return status <= STATUS_CLOSED ? of[status] : 500;
}

/* --- Names --- */

static bool path_of(const char *folder, const char *name, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

/* An archive of the library, by its name there. */
static bool archive_path(const struct steward *s, const char *name, char path[PATH_MAX])
{
    size_t length = strlen(name);

    return length > 4 && length <= NAME_MAX && !strchr(name, '/') && *name != '.' &&
           !strcmp(name + length - 4, ".mun") && path_of(s->library, name, path) && access(path, R_OK) == 0;
}

/* A path within the folder of a session. */
static void seat_path(const struct steward *s, const struct seat *seat, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.3900s/sessions/%s/%s", s->state, seat->id, name);
}

/* --- Jobs --- */

static uint64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* FNV-1a. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;

    while (*text)
        hash = (hash ^ (uint8_t)*text++) * 16777619u;
    return hash;
}

static void remember_pace(struct steward *s, const struct job *job)
{
    size_t i = 0;

    while (i < PACES && !(s->paces[i].verb == job->verb && s->paces[i].about == job->about))
        i++;
    if (i == PACES)
        i = s->paced++ % PACES;
    s->paces[i] = (struct pace){job->verb, job->about, milliseconds() - job->begun};
}

/* How long it will take in all: as long as the last time, or as others of its kind did; 0: that is not known. */
static uint64_t expected(const struct steward *s, const struct job *job)
{
    uint64_t sum = 0, count = 0;

    for (size_t i = 0; i < PACES; i++) {
        if (s->paces[i].verb != job->verb)
            continue;
        if (s->paces[i].about == job->about)
            return s->paces[i].took;
        sum += s->paces[i].took;
        count++;
    }
    return count ? sum / count : 0;
}

/* Begins a job; the question is answered when it has ended. storage: a socket that it receives its archive at, or -1.
 */
static void begin_job_at(struct steward *s, const struct question *q, const struct seat *seat, const char *path,
                         const char *type, bool folder, enum status (*work)(void *context), int storage)
{
    struct work *w = calloc(1, sizeof *w);
    struct job *job = NULL;
    struct error error;
    char session[PATH_MAX] = "";
    unsigned own = 0;

    for (size_t i = 0; i < JOBS_MOST; i++)
        if (!s->jobs[i].question)
            job = &s->jobs[i];
        else
            own += !strcmp(s->jobs[i].person, q->person);
    if (!w || !job || own >= PERSON_JOBS) {
        free(w);
        answer_error(s, q->number, 503, "too much is under way; try again");
        return;
    }
    if (seat)
        seat_path(s, seat, "", session);
    *w = (struct work){.arguments = s->arguments,
                       .library = s->library,
                       .state = s->state,
                       .person = q->person,
                       .reason = q->reason,
                       .lines = q->lines,
                       .storage = storage,
                       .session = session};
    *job = (struct job){.question = q->number,
                        .type = type,
                        .verb = q->verb,
                        .begun = milliseconds(),
                        .about = hash_of(seat ? session : path)};
    snprintf(job->person, sizeof job->person, "%.16s", q->person);
    snprintf(w->path, sizeof w->path, "%s", path);
    if (folder) {
        snprintf(w->folder, sizeof w->folder, "%.3900s/tmp/%u", s->state, ++s->made);
        mkdir(w->folder, 0700);
        memcpy(job->remove, w->folder, sizeof job->remove);
    }
    if (!job_begin(job, &storage, storage >= 0, work, w, &error)) {
        answer_error(s, q->number, 500, error.what);
        job_remove(job->remove);
        job->question = 0;
    }
    free(w);
}

static void begin_job(struct steward *s, const struct question *q, const struct seat *seat, const char *path,
                      const char *type, bool folder, enum status (*work)(void *context))
{
    begin_job_at(s, q, seat, path, type, folder, work, -1);
}

static void remove_all(char *text, const char *part)
{
    const size_t length = strlen(part);

    while ((text = strstr(text, part)))
        memmove(text, text + length, strlen(text + length) + 1);
}

/* Makes an error one for people at the desk: neither the program nor the places of its folders are theirs. */
static void soften(const struct steward *s, char *text)
{
    const char *const folders[] = {s->library, s->state};
    char folder[PATH_MAX];

    remove_all(text, "muniment: ");
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(folder, sizeof folder, "%.4000s/", folders[i]);
        remove_all(text, folder);
    }
    remove_all(text, ": give a reason with --override if you may");
    text[strcspn(text, "\n")] = '\0';
}

/* What a job wrote to its standard error. */
static void read_errors(const struct steward *s, int descriptor, char text[2048])
{
    ssize_t got = pread(descriptor, text, 2047, 0);

    text[got > 0 ? got : 0] = '\0';
    soften(s, text);
}

static bool answer_picture(struct steward *s, unsigned question, const char *picture)
{
    struct stat status;
    int descriptor = open(picture, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_size > 0;

    if (good)
        answer(s, question, 200, PICTURE, (uint64_t)status.st_size, descriptor);
    if (descriptor >= 0)
        close(descriptor);
    return good;
}

static void end_job(struct steward *s, struct job *job)
{
    enum status status = job_end(job);
    off_t length = lseek(job->out, 0, SEEK_END);
    char text[2048], path[PATH_MAX];

    remember_pace(s, job);
    read_errors(s, job->err, text);
    if (*job->keep) {
        opening_path(job->keep, OPENING_PICTURE, path);
        if (status != STATUS_OK || !opening_keep(job->remove, job->keep) || !answer_picture(s, job->question, path))
            answer_error(s, job->question, status == STATUS_CLOSED ? 403 : 404, text);
    } else if (length > 0 && http_status(status) == 200) {
        answer(s, job->question, 200, job->type, (uint64_t)length, job->out);
    } else if (status == STATUS_OK) {
        answer(s, job->question, 200, job->type, 0, job->out);
    } else {
        answer_error(s, job->question, status == STATUS_WRONG ? 422 : http_status(status), text);
    }
    close(job->out);
    close(job->err);
    job_remove(job->remove);
    job->question = 0;
}

/* --- Sessions --- */

static void write_about(const struct steward *s, const struct seat *seat)
{
    char path[PATH_MAX], new[PATH_MAX];
    FILE *file;

    seat_path(s, seat, "about", path);
    seat_path(s, seat, "about.new", new);
    file = fopen(new, "we");
    if (!file)
        return;
    fprintf(file, "archive: %s\nowner: %s\nopened: %" PRIu64 "\noff: %d\noverride: %s\n", seat->archive, seat->owner,
            seat->opened, seat->state == SEAT_IS_OFF, seat->override);
    if (fflush(file) == 0 && fsync(fileno(file)) == 0)
        rename(new, path);
    fclose(file);
}

/* Forgets what a session wrote: repeating its journal writes it again. */
static void remove_overlays(const struct steward *s, const struct seat *seat)
{
    char path[PATH_MAX], name[32];

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        snprintf(name, sizeof name, SEAT_OVERLAY ".%s", drive_slot_names[slot]);
        seat_path(s, seat, name, path);
        unlink(path);
    }
}

static unsigned minutes(const struct steward *s, const char *option, unsigned otherwise)
{
    const char *given = argument_value(s->arguments, option);

    return given ? (unsigned)strtoul(given, NULL, 10) : otherwise;
}

/* In the process of a session. */
_Noreturn static void be_seat(struct steward *s, struct seat *seat, int control, int storage)
{
    char path[PATH_MAX], folder[PATH_MAX];
    int most = (int)sysconf(_SC_OPEN_MAX);

    for (int i = STDERR_FILENO + 1; i < (most > 0 && most < 4096 ? most : 4096); i++)
        if (i != control && i != storage)
            close(i);
    seat_path(s, seat, "", folder);
    path_of(s->library, seat->archive, path);
    _exit((int)seat_run(&(struct seat_request){
        .archive = path,
        .storage = storage,
        .folder = folder,
        .control = control,
        .idle_seconds = minutes(s, "--idle", IDLE_MINUTES) * 60,
        .most_seconds = minutes(s, "--longest", LONGEST_MINUTES) * 60,
        .insert = seat->insert,
        .eject = seat->eject,
    }));
}

/* storage_ask, of a storage process that is begun where there is none. */
static int ask_storage(struct steward *s, const char *id, const char *archive, const char *override,
                       struct error *error)
{
    if (s->storage.control < 0) {
        s->storage_begun = milliseconds();
        if (!storage_begin(&s->storage, s->arguments, s->library, error))
            return -1;
    }
    return storage_ask(&s->storage, id, archive, override, error);
}

static bool begin_seat(struct steward *s, struct seat *seat, const char *person, struct error *error)
{
    int ends[2] = {-1, -1}, process, storage;

    storage = ask_storage(s, seat->id, seat->archive, seat->override, error);
    if (storage < 0)
        return false;
    remove_overlays(s, seat);
    job_command(&seat->line, "session");
    seat->line.arguments.given_count = seat->line.arguments.operand_count = 0;
    work_log(s->arguments, person, &seat->line);
    if (!act_begin(&seat->act, &seat->line.arguments, "session", seat->archive, error))
        return close(storage), false;
    act_fact(&seat->act, "override", seat->override);
    fflush(stdout);
    process = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ? -1 : fork();
    if (process == 0)
        be_seat(s, seat, ends[1], storage);
    if (process < 0) {
        error_host(error, "session", errno, "cannot begin");
        close(storage);
        if (ends[0] >= 0)
            close(ends[0]), close(ends[1]);
        act_end(&seat->act, STATUS_HOST);
        return false;
    }
    close(ends[1]);
    seat->process = process;
    seat->watch = storage; /* not the session ends that */
    seat->control = ends[0];
    seat->state = SEAT_STARTS;
    seat->percent = 0;
    seat->leaves = 0;
    seat->closing = false;
    seat->inserting = seat->insert != DRIVE_ABSENT;
    seat->insert = DRIVE_ABSENT;
    *seat->reason = '\0';
    return true;
}

static void print_seat(FILE *to, const struct seat *seat, const char *person)
{
    json_member(to, "{", "id", seat->id);
    json_member(to, ", ", "archive", seat->archive);
    json_member(to, ", ", "state", state_names[seat->state]);
    if (*seat->reason)
        json_member(to, ", ", "reason", seat->reason);
    if (*seat->override)
        json_member(to, ", ", "override", seat->override);
    if (seat->leaves && seat->process)
        fprintf(to, ", \"left\": %" PRIu64, seat->leaves > milliseconds() ? (seat->leaves - milliseconds()) / 1000 : 0);
    fprintf(to, ", \"percent\": %u, \"opened\": %" PRIu64 ", \"mine\": %s}\n", seat->percent, seat->opened,
            strcmp(seat->owner, person) ? "false" : "true");
}

static void answer_seat(struct steward *s, unsigned question, const struct seat *seat)
{
    FILE *file = new_file();

    if (file)
        print_seat(file, seat, seat->owner);
    answer_file(s, question, 200, JSON, file);
}

/* --- Media of sessions --- */

/* Writes the list of the media that were put into a session; false: that failed. */
static bool write_media(const struct steward *s, const struct seat *seat, char media[SEAT_MEDIA_MOST][PATH_MAX],
                        unsigned count)
{
    char path[PATH_MAX], new[PATH_MAX];
    FILE *file;
    bool good;

    seat_path(s, seat, SEAT_MEDIA, path);
    seat_path(s, seat, SEAT_MEDIA ".new", new);
    file = fopen(new, "we");
    for (unsigned i = 0; file && i < count; i++)
        fprintf(file, "%s\n", media[i]);
    good = file && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (file)
        fclose(file);
    return good && rename(new, path) == 0;
}

/* The last of the list is what is put in next: the image goes there. False: there are too many. */
static bool note_medium(const struct steward *s, struct seat *seat, const char *image)
{
    char media[SEAT_MEDIA_MOST][PATH_MAX], folder[PATH_MAX];
    unsigned count, kept = 0;

    seat_path(s, seat, "", folder);
    count = seat_media(folder, media);
    for (unsigned i = 0; i < count; i++)
        if (strcmp(media[i], image) != 0)
            memmove(media[kept++], media[i], PATH_MAX);
    if (kept == SEAT_MEDIA_MOST)
        return false;
    seat->noted = kept == count;
    snprintf(media[kept++], PATH_MAX, "%s", image);
    return write_media(s, seat, media, kept);
}

static void forget_medium(const struct steward *s, const struct seat *seat)
{
    char media[SEAT_MEDIA_MOST][PATH_MAX], folder[PATH_MAX];
    unsigned count;

    seat_path(s, seat, "", folder);
    count = seat_media(folder, media);
    if (count)
        write_media(s, seat, media, count - 1);
}

/* The process of a session is at its end. */
static void end_seat(struct steward *s, struct seat *seat)
{
    int status = 0;
    char path[PATH_MAX];
    struct error error;

    close(seat->control);
    if (seat->watch >= 0)
        close(seat->watch);
    seat->control = seat->watch = -1;
    kill(seat->process, SIGKILL); /* one that has closed its end, and lives: nobody waits for it */
    while (waitpid(seat->process, &status, 0) < 0 && errno == EINTR)
        continue;
    seat->process = 0;
    if (seat->state < SEAT_RESTS) {
        seat->state = SEAT_RESTS; /* killed: its journal is there */
        if (WIFSIGNALED(status))
            snprintf(seat->reason, sizeof seat->reason, "ended by signal %d", WTERMSIG(status));
    }
    if (seat->inserting && seat->noted && seat->state == SEAT_BROKE)
        forget_medium(s, seat); /* it is no good: the session resumes without it */
    seat->noted = seat->noted && !seat->inserting;
    seat->inserting = false;
    act_end(&seat->act, WIFEXITED(status) ? (enum status)WEXITSTATUS(status) : STATUS_HOST);
    if (*seat->again_by && seat->state == SEAT_RESTS && !seat->discarded) {
        char person[17];
        memcpy(person, seat->again_by, sizeof person);
        seat->again_by[0] = '\0';
        if (begin_seat(s, seat, person, &error))
            return;
        snprintf(seat->reason, sizeof seat->reason, "%.500s", error.what);
    }
    seat->again_by[0] = '\0';
    seat->insert = DRIVE_ABSENT; /* who resumes it later did not ask for that */
    if (seat->question)
        answer_error(s, seat->question, WIFEXITED(status) && WEXITSTATUS(status) == STATUS_CLOSED ? 403 : 422,
                     *seat->reason ? seat->reason : "the session did not begin");
    seat_path(s, seat, SEAT_JOURNAL, path);
    /* One that never ran leaves nothing. */
    if (seat->discarded || (seat->question && access(path, F_OK) && errno == ENOENT)) {
        seat_path(s, seat, "", path);
        job_remove(path);
        seat->id[0] = '\0';
    } else {
        write_about(s, seat);
    }
    seat->question = 0;
}

static void hear_seat(struct steward *s, struct seat *seat)
{
    char text[2048];
    ssize_t got = recv(seat->control, text, sizeof text - 1, MSG_DONTWAIT);

    if (got <= 0) {
        if (got == 0 || (errno != EINTR && errno != EAGAIN))
            end_seat(s, seat);
        return;
    }
    text[got] = '\0';
    if (!strcmp(text, SEAT_READY)) {
        seat->state = SEAT_RUNS;
    } else if (!strncmp(text, SEAT_REPEATING, strlen(SEAT_REPEATING))) {
        seat->state = SEAT_REPEATS;
        seat->percent = (unsigned)strtoul(text + strlen(SEAT_REPEATING), NULL, 10);
    } else if (!strncmp(text, SEAT_LEFT, strlen(SEAT_LEFT))) {
        const unsigned left = (unsigned)strtoul(text + strlen(SEAT_LEFT), NULL, 10);
        seat->leaves = left ? milliseconds() + left * 1000 : 0;
    } else if (!strcmp(text, SEAT_OFF)) {
        seat->state = SEAT_IS_OFF;
    } else if (!strcmp(text, SEAT_SUSPENDED)) {
        seat->state = SEAT_RESTS;
    } else if (!strncmp(text, SEAT_FAILED, strlen(SEAT_FAILED))) {
        seat->state = SEAT_BROKE;
        soften(s, text);
        snprintf(seat->reason, sizeof seat->reason, "%.500s", text + strlen(SEAT_FAILED));
    }
    if (seat->question && (seat->state == SEAT_RUNS || seat->state == SEAT_REPEATS)) {
        answer_seat(s, seat->question, seat);
        seat->question = 0;
    }
}

/* False: it is at its end, which is heard, or so much waits for it that it takes no more. */
static bool tell_seat(const struct seat *seat, char byte)
{
    return send(seat->control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

/* --- The storage process --- */

/* A session may no longer see its archive: it suspends itself, and so its screens end; what it has done is kept. One
 * that does not is ended when the storage process reports it the next time. */
static void close_seat(struct seat *seat, const char *reason)
{
    snprintf(seat->reason, sizeof seat->reason, "the archive %s", reason);
    if (seat->closing || !tell_seat(seat, SEAT_SUSPEND))
        kill(seat->process, SIGKILL);
    seat->closing = true;
}

/* Sessions run on without it, and read for themselves; another one watches their rights. After two that fell one after
 * the other, sessions are suspended, and the next waits until somebody needs it. */
static void hear_storage(struct steward *s)
{
    char id[STORAGE_ID + 1], reason[STORAGE_REASON];
    const bool lives = storage_hear(&s->storage, id, reason);
    const bool again = !lives && milliseconds() - s->storage_begun >= STORAGE_LIFE_MS;
    struct error error;

    if (!lives) {
        fprintf(stderr, "muniment: serve: the storage process has ended%s\n", again ? "; another begins" : "");
        storage_end(&s->storage);
    }
    for (size_t i = 0; i < SEATS; i++) {
        struct seat *seat = &s->seats[i];
        if (!seat->process)
            continue;
        if (lives && !strcmp(seat->id, id))
            close_seat(seat, reason);
        if (lives)
            continue;
        if (seat->watch >= 0)
            close(seat->watch);
        seat->watch = again ? ask_storage(s, seat->id, seat->archive, seat->override, &error) : -1;
        if (seat->watch < 0)
            close_seat(seat, "cannot be read: the storage process has ended twice");
    }
}

/* --- Questions --- */

/* A session that the person may have, as it is now: his own, or any for an archivist. */
static struct seat *find_seat(struct steward *s, const struct question *q)
{
    for (size_t i = 0; i < SEATS; i++) {
        struct seat *seat = &s->seats[i];
        struct pollfd control = {.fd = seat->control, .events = POLLIN};
        if (!*q->what || strcmp(seat->id, q->what) || (!q->archivist && strcmp(seat->owner, q->person)))
            continue;
        for (unsigned n = 0; n < HEARD_MOST && seat->process && poll(&control, 1, 0) > 0; n++)
            hear_seat(s, seat);
        return *seat->id ? seat : NULL;
    }
    return NULL;
}

static void on_library(struct steward *s, struct question *q)
{
    begin_job(s, q, NULL, s->library, LINES, false, work_library);
}

static void on_archive(struct steward *s, const struct question *q, const char *type, bool folder,
                       enum status (*work)(void *context))
{
    char path[PATH_MAX];

    if (archive_path(s, q->what, path))
        begin_job(s, q, NULL, path, type, folder, work);
    else
        answer_error(s, q->number, 404, "there is no archive of that name");
}

static void on_info(struct steward *s, struct question *q)
{
    on_archive(s, q, JSON, false, work_info);
}

/* Takes the reason for which an archivist sees what is closed from before the lines: a line "override REASON". False:
 * he may not, which was answered. */
static bool take_reason(struct steward *s, struct question *q)
{
    static const char word[] = "override ";
    char *rest;

    if (strncmp(q->lines, word, sizeof word - 1) != 0)
        return true;
    rest = strchr(q->lines, '\n');
    if (rest)
        *rest = '\0';
    q->reason = q->lines + sizeof word - 1;
    q->lines = rest ? rest + 1 : q->lines + strlen(q->lines);
    if (q->archivist && *q->reason && strlen(q->reason) <= REASON_MOST)
        return true;
    if (q->archivist)
        answer_error(s, q->number, 422, "give a reason of at most 255 bytes");
    else
        answer_error(s, q->number, 403, "only an archivist sees what is closed");
    return false;
}

static void on_files(struct steward *s, struct question *q)
{
    if (take_reason(s, q))
        on_archive(s, q, LINES, false, work_files);
}

static void on_retrieve(struct steward *s, struct question *q)
{
    if (take_reason(s, q))
        on_archive(s, q, "application/zip", true, work_retrieve);
}

static void on_verify(struct steward *s, struct question *q)
{
    if (q->archivist)
        on_archive(s, q, LINES, false, work_verify);
    else
        answer_error(s, q->number, 403, "only an archivist verifies");
}

static void make_id(char id[17])
{
    uint8_t bytes[8];

    if (getentropy(bytes, sizeof bytes))
        abort();
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

static void on_picture(struct steward *s, struct question *q)
{
    char path[PATH_MAX], name[PATH_MAX], picture[PATH_MAX], id[17];
    struct error error;
    int storage;

    if (!archive_path(s, q->what, path) || !opening_name(s->state, path, name)) {
        answer_error(s, q->number, 404, "there is no archive of that name");
        return;
    }
    opening_path(name, OPENING_PICTURE, picture);
    if (access(picture, F_OK) == 0) {
        begin_job(s, q, NULL, path, PICTURE, false, work_picture);
        return;
    }
    for (size_t i = 0; i < JOBS_MOST; i++)
        if (s->jobs[i].question && *s->jobs[i].keep) {
            answer_error(s, q->number, 503, "another picture is being taken");
            return;
        }
    make_id(id);
    storage = ask_storage(s, id, q->what, "", &error);
    if (storage < 0) {
        answer_error(s, q->number, 500, error.what);
        return;
    }
    begin_job_at(s, q, NULL, path, PICTURE, true, work_picture, storage);
    close(storage);
    for (size_t i = 0; i < JOBS_MOST; i++)
        if (s->jobs[i].question == q->number)
            memcpy(s->jobs[i].keep, name, sizeof name);
}

static void on_open(struct steward *s, struct question *q)
{
    char path[PATH_MAX], archive[PATH_MAX], name[PATH_MAX];
    struct error error;
    struct seat *seat = NULL;
    unsigned own = 0;

    if (!take_reason(s, q))
        return;
    for (size_t i = 0; i < SEATS; i++)
        if (!*s->seats[i].id)
            seat = seat ? seat : &s->seats[i];
        else
            own += !strcmp(s->seats[i].owner, q->person);
    if (!q->archivist && own >= READER_SEATS)
        seat = NULL;
    if (!seat || !archive_path(s, q->what, archive)) {
        answer_error(s, q->number, seat ? 404 : 503,
                     seat ? "there is no archive of that name" : "there are too many sessions; discard one");
        return;
    }
    *seat = (struct seat){.control = -1, .watch = -1, .question = q->number, .opened = (uint64_t)time(NULL)};
    make_id(seat->id);
    snprintf(seat->archive, sizeof seat->archive, "%s", q->what);
    snprintf(seat->owner, sizeof seat->owner, "%.16s", q->person);
    seat_path(s, seat, "", path);
    if (q->reason)
        snprintf(seat->override, sizeof seat->override, "%s", q->reason);
    if (mkdir(path, 0700) == 0 && strcmp(q->lines, "power-on") != 0 && opening_name(s->state, archive, name))
        opening_use(name, path);
    if (access(path, W_OK) || !begin_seat(s, seat, q->person, &error)) {
        answer_error(s, q->number, 500, "the session cannot begin");
        job_remove(path);
        seat->id[0] = '\0';
        return;
    }
    write_about(s, seat);
}

static void on_sessions(struct steward *s, struct question *q)
{
    FILE *file = new_file();

    for (size_t i = 0; file && i < SEATS; i++)
        if (*s->seats[i].id && (q->archivist || !strcmp(s->seats[i].owner, q->person)))
            print_seat(file, &s->seats[i], q->person);
    answer_file(s, q->number, 200, LINES, file);
}

static void on_suspend(struct steward *s, struct question *q)
{
    struct seat *seat = find_seat(s, q);

    if (!seat) {
        answer_error(s, q->number, 404, "there is no such session");
        return;
    }
    if (seat->process && !tell_seat(seat, SEAT_SUSPEND))
        answer_error(s, q->number, 503, "the session is busy; try again");
    else
        answer_seat(s, q->number, seat);
}

static void on_resume(struct steward *s, struct question *q)
{
    struct seat *seat = find_seat(s, q);
    struct error error;

    if (!seat || seat->question) {
        answer_error(s, q->number, 404, "there is no such session");
        return;
    }
    if (seat->process && seat->state == SEAT_RESTS) { /* it has suspended itself, and is about to end */
        snprintf(seat->again_by, sizeof seat->again_by, "%.16s", q->person);
        seat->question = q->number;
        return;
    }
    if (seat->process || seat->state == SEAT_IS_OFF) {
        answer_seat(s, q->number, seat);
        return;
    }
    if (begin_seat(s, seat, q->person, &error))
        seat->question = q->number;
    else
        answer_error(s, q->number, 500, error.what);
}

static void on_discard(struct steward *s, struct question *q)
{
    struct seat *seat = find_seat(s, q);
    char path[PATH_MAX];

    if (!seat) {
        answer_error(s, q->number, 404, "there is no such session");
        return;
    }
    answer_seat(s, q->number, seat);
    seat->discarded = true;
    if (seat->process) {
        if (!tell_seat(seat, SEAT_DISCARD))
            kill(seat->process, SIGKILL);
        return;
    }
    seat_path(s, seat, "", path);
    job_remove(path);
    seat->id[0] = '\0';
}

static void on_seat_job(struct steward *s, struct question *q, const char *type, enum status (*work)(void *context))
{
    struct seat *seat = find_seat(s, q);
    char path[PATH_MAX];

    if (seat && *seat->override && q->archivist)
        q->reason = seat->override;
    if (seat && archive_path(s, seat->archive, path))
        begin_job(s, q, seat, path, type, true, work);
    else
        answer_error(s, q->number, 404, "there is no such session");
}

/* What is under way for somebody, with an estimate. */
static void on_jobs(struct steward *s, struct question *q)
{
    FILE *file = new_file();

    for (size_t i = 0; file && i < JOBS_MOST; i++)
        if (s->jobs[i].question && !strcmp(s->jobs[i].person, q->person)) {
            json_member(file, "{", "verb", s->jobs[i].verb);
            fprintf(file, ", \"elapsed\": %" PRIu64 ", \"expected\": %" PRIu64 "}\n", milliseconds() - s->jobs[i].begun,
                    expected(s, &s->jobs[i]));
        }
    answer_file(s, q->number, 200, LINES, file);
}

static void on_stay(struct steward *s, struct question *q)
{
    struct seat *seat = find_seat(s, q);

    if (!seat)
        answer_error(s, q->number, 404, "there is no such session");
    else if (seat->process && !tell_seat(seat, LIVE_STAY))
        answer_error(s, q->number, 503, "the session is busy; try again");
    else
        answer_seat(s, q->number, seat);
}

/* --- Media --- */

/* The library's own images, for everybody: the files of its folder "media". */
static bool library_medium(const struct steward *s, const char *name, char path[PATH_MAX], struct stat *status)
{
    return *name && *name != '.' && !strpbrk(name, "/\n") && strlen(name) <= NAME_MAX &&
           snprintf(path, PATH_MAX, "%.3900s/media/%s", s->library, name) < PATH_MAX && lstat(path, status) == 0 &&
           S_ISREG(status->st_mode);
}

static void on_media(struct steward *s, struct question *q)
{
    char folder[PATH_MAX], path[PATH_MAX];
    FILE *file = new_file();
    struct dirent *entry;
    struct stat status;
    DIR *dir;

    path_of(s->library, "media", folder);
    dir = opendir(folder);
    while (file && dir && (entry = readdir(dir)))
        if (library_medium(s, entry->d_name, path, &status)) {
            json_member(file, "{", "image", entry->d_name);
            json_member(file, ", ", "name", entry->d_name);
            json_member(file, ", ", "from", "library");
            fprintf(file, ", \"size\": %lld}\n", (long long)status.st_size);
        }
    if (dir)
        closedir(dir);
    if (file && q->archivist)
        uploads_print(&s->uploads, file);
    answer_file(s, q->number, 200, LINES, file);
}

/* Whether a session was given an image. */
static bool is_in_session(void *context, const char *image)
{
    struct steward *s = context;
    char media[SEAT_MEDIA_MOST][PATH_MAX], folder[PATH_MAX];

    for (size_t i = 0; i < SEATS; i++) {
        if (!*s->seats[i].id)
            continue;
        seat_path(s, &s->seats[i], "", folder);
        for (unsigned n = seat_media(folder, media); n-- > 0;)
            if (!strcmp(media[n], image))
                return true;
    }
    return false;
}

static void answer_upload(struct steward *s, unsigned question, const char *id, uint64_t have, const char *digest)
{
    FILE *file = new_file();

    if (file) {
        json_member(file, "{", "id", id);
        json_member(file, ", ", "image", digest);
        fprintf(file, ", \"have\": %" PRIu64 "}", have);
    }
    answer_file(s, question, 200, JSON, file);
}

/* An act of the steward's own. False: it was answered that it cannot be recorded. */
static bool begin_act(struct steward *s, const struct question *q, const char *word, const char *object,
                      struct job_line *line, struct act *act)
{
    struct error error;

    job_command(line, word);
    work_log(s->arguments, q->person, line);
    if (act_begin(act, &line->arguments, word, object, &error))
        return true;
    answer_error(s, q->number, 500, error.what);
    return false;
}

/* Somebody comes in by a link, or makes one for somebody else; what: the role. */
static void on_door(struct steward *s, struct question *q)
{
    struct job_line *line = calloc(1, sizeof *line);
    struct act act;

    if (!line || (!strcmp(q->verb, "link") && !q->archivist)) {
        answer_error(s, q->number, line ? 403 : 500, "only an archivist lets people in");
    } else if (begin_act(s, q, q->verb, q->what, line, &act)) {
        if (act_end(&act, STATUS_OK) == STATUS_OK)
            answer(s, q->number, 200, JSON, 0, -1);
        else
            answer_error(s, q->number, 500, "the office's log could not record it");
    }
    free(line);
}

/* Lines: the name, and the size. */
static void on_upload(struct steward *s, struct question *q)
{
    char *size = strchr(q->lines, '\n');
    struct upload *upload = NULL;
    struct error error;

    if (!q->archivist) {
        answer_error(s, q->number, 403, "only an archivist brings images");
        return;
    }
    uploads_forget(&s->uploads, is_in_session, s);
    if (size) {
        *size++ = '\0';
        upload = upload_begin(&s->uploads, q->person, q->lines, strtoull(size, NULL, 10), &error);
    }
    if (upload)
        answer_upload(s, q->number, upload->id, 0, "");
    else
        answer_error(s, q->number, 422, size ? error.what : "name the image and its size");
}

static void on_upload_piece(struct steward *s, struct question *q)
{
    struct upload *upload = q->archivist ? upload_find(&s->uploads, q->what, q->person) : NULL;
    struct job_line *line = calloc(1, sizeof *line);
    struct error error;
    hex_digest digest;
    struct act act;
    uint64_t size;

    if (!upload || !line) {
        answer_error(s, q->number, 404, "there is no such upload");
        free(line);
        return;
    }
    size = upload->size;
    if (!upload_add(&s->uploads, upload, q->lines, &error)) {
        answer_error(s, q->number, 422, error.what);
    } else if (upload->have < size) {
        answer_upload(s, q->number, upload->id, upload->have, "");
    } else if (!begin_act(s, q, "upload", upload->name, line, &act)) {
        upload_abandon(&s->uploads, upload);
    } else if (!upload_keep(&s->uploads, upload, digest, &error)) {
        act_end(&act, error.status);
        answer_error(s, q->number, 500, error.what);
    } else {
        act_fact(&act, "sha256", digest);
        if (act_end(&act, STATUS_OK) == STATUS_OK)
            answer_upload(s, q->number, q->what, size, digest);
        else
            answer_error(s, q->number, 500, "it is kept, but the office's log could not record so");
    }
    free(line);
}

/* The image that a line names: "library NAME", or for archivists "upload DIGEST"; it has a size that its drive takes.
 */
static bool find_medium(const struct steward *s, const struct question *q, const char *line, bool floppy,
                        char path[PATH_MAX])
{
    struct stat status;
    bool good = false;

    if (!strncmp(line, "library ", 8))
        good = library_medium(s, line + 8, path, &status);
    else if (!strncmp(line, "upload ", 7) && q->archivist)
        good = upload_path(&s->uploads, line + 7, path) && stat(path, &status) == 0;
    return good && status.st_size > 0 && status.st_size % (floppy ? 512 : 2048) == 0 &&
           (!floppy || status.st_size <= FLOPPY_MOST);
}

/* Has a session that was given a medium begin again: one that runs suspends itself first. */
static void begin_with_medium(struct steward *s, const struct question *q, struct seat *seat)
{
    struct error error;

    seat->question = q->number;
    if (seat->process) {
        snprintf(seat->again_by, sizeof seat->again_by, "%.16s", q->person);
        if (!tell_seat(seat, SEAT_SUSPEND))
            kill(seat->process, SIGTERM);
    } else if (!begin_seat(s, seat, q->person, &error)) {
        seat->question = 0;
        seat->insert = DRIVE_ABSENT;
        answer_error(s, q->number, 500, error.what);
    }
}

/* Lines: "floppy" or "cd", and the image; or nothing, to take out what is there. The journal has it as it has all that
 * enters. */
static void on_insert(struct steward *s, struct question *q)
{
    struct seat *seat = find_seat(s, q);
    struct job_line *line = calloc(1, sizeof *line);
    char *image = strchr(q->lines, '\n'), path[PATH_MAX] = "";
    struct act act;
    bool floppy;

    if (image)
        *image++ = '\0';
    if (!image || !*image)
        image = NULL;
    floppy = !strcmp(q->lines, "floppy");
    if (!seat || !line)
        answer_error(s, q->number, 404, "there is no such session");
    else if (seat->question || *seat->again_by || seat->state == SEAT_IS_OFF)
        answer_error(s, q->number, 503, "the session is busy; try again");
    else if ((!floppy && strcmp(q->lines, "cd") != 0) || (image && !find_medium(s, q, image, floppy, path)))
        answer_error(s, q->number, 422, "this is no raw image of a medium of that drive");
    else if (!begin_act(s, q, "insert", seat->archive, line, &act))
        ; /* that was answered */
    else if (image && !note_medium(s, seat, path)) {
        act_end(&act, STATUS_INPUT);
        answer_error(s, q->number, 422, "too many images were put into this session");
    } else {
        act_fact(&act, "medium", image ? image : "none");
        if (image && !strncmp(image, "upload ", 7))
            upload_use(path);
        act_end(&act, STATUS_OK);
        seat->insert = floppy ? DRIVE_FLOPPY : DRIVE_CDROM;
        seat->eject = !image;
        seat->noted = seat->noted && image;
        begin_with_medium(s, q, seat);
    }
    free(line);
}

/* Hands one end of a stream to the session, and the other to the gate. */
static void hand_stream(struct steward *s, struct question *q, char byte)
{
    struct seat *seat = find_seat(s, q);
    struct iovec part = {&byte, 1};
    int ends[2];

    if (!seat || !seat->process || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)) {
        answer(s, q->number, 404, JSON, 0, -1);
        return;
    }
    if (message_send(seat->control, &part, 1, &ends[1], 1, MSG_DONTWAIT) == 1)
        answer(s, q->number, 200, JSON, 0, ends[0]);
    else
        answer(s, q->number, 404, JSON, 0, -1);
    close(ends[0]);
    close(ends[1]);
}

static void on_viewer(struct steward *s, struct question *q)
{
    hand_stream(s, q, *q->lines ? 'w' : 'v');
}

static void on_sound(struct steward *s, struct question *q)
{
    hand_stream(s, q, LIVE_HEAR);
}

static const struct {
    const char *verb;
    void (*on)(struct steward *s, struct question *q); /* null: a job about a session, by the next two */
    const char *type;
    enum status (*work)(void *context);
} verbs[] = {
    {.verb = "library", .on = on_library},
    {.verb = "info", .on = on_info},
    {.verb = "files", .on = on_files},
    {.verb = "retrieve", .on = on_retrieve},
    {.verb = "verify", .on = on_verify},
    {.verb = "picture", .on = on_picture},
    {.verb = "open", .on = on_open},
    {.verb = "sessions", .on = on_sessions},
    {.verb = "suspend", .on = on_suspend},
    {.verb = "resume", .on = on_resume},
    {.verb = "discard", .on = on_discard},
    {.verb = "session-files", .type = LINES, .work = work_files},
    {.verb = "viewer", .on = on_viewer},
    {.verb = "journal", .type = "text/plain; charset=utf-8", .work = work_journal},
    {.verb = "session-retrieve", .type = "application/zip", .work = work_retrieve},
    {.verb = "sound", .on = on_sound},
    {.verb = "prints", .type = LINES, .work = work_prints},
    {.verb = "print-pdf", .type = "application/pdf", .work = work_print_pdf},
    {.verb = "print-raw", .type = "application/octet-stream", .work = work_print_raw},
    {.verb = "film", .type = "application/octet-stream", .work = work_film},
    {.verb = "jobs", .on = on_jobs},
    {.verb = "stay", .on = on_stay},
    {.verb = "enter", .on = on_door},
    {.verb = "link", .on = on_door},
    {.verb = "media", .on = on_media},
    {.verb = "upload", .on = on_upload},
    {.verb = "upload-piece", .on = on_upload_piece},
    {.verb = "insert", .on = on_insert},
};

/* Takes a message apart; false: the gate would not write it so. */
static bool parse(char *text, struct question *q)
{
    char *rest = strchr(text, '\n'), *fields[4];

    if (!rest)
        return false;
    *rest++ = '\0';
    for (size_t i = 0; i < 4; i++)
        if (!(fields[i] = strsep(&text, " ")) || !text)
            return false;
    *q = (struct question){.number = (unsigned)strtoul(fields[0], NULL, 10),
                           .archivist = !strcmp(fields[1], "archivist"),
                           .person = fields[2],
                           .verb = fields[3],
                           .what = text,
                           .lines = rest};
    return q->number && strlen(q->person) == 16;
}

/* False: the gate is gone. */
static bool take_question(struct steward *s)
{
    char *text = malloc(GATE_MESSAGE + 1);
    ssize_t got = text ? recv(s->gate, text, GATE_MESSAGE, 0) : -1;
    bool alive = got > 0 || (got < 0 && errno == EINTR);
    struct question q;

    if (got > 0) {
        text[got] = '\0';
        if (parse(text, &q))
            for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
                if (!strcmp(verbs[i].verb, q.verb)) {
                    q.verb = verbs[i].verb; /* it outlives the text */
                    if (verbs[i].on)
                        verbs[i].on(s, &q);
                    else
                        on_seat_job(s, &q, verbs[i].type, verbs[i].work);
                    break;
                }
    }
    free(text);
    return alive;
}

/* --- Beginning and end --- */

/* Takes a session of an earlier desk up. */
static void find_session(struct steward *s, struct seat *seat, const char *id)
{
    char path[PATH_MAX], line[512];
    FILE *file;

    *seat = (struct seat){.control = -1, .watch = -1, .state = SEAT_RESTS};
    memcpy(seat->id, id, sizeof seat->id);
    seat_path(s, seat, "about", path);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "archive: ", 9))
            snprintf(seat->archive, sizeof seat->archive, "%.255s", line + 9);
        else if (!strncmp(line, "owner: ", 7))
            snprintf(seat->owner, sizeof seat->owner, "%.16s", line + 7);
        else if (!strncmp(line, "opened: ", 8))
            seat->opened = strtoull(line + 8, NULL, 10);
        else if (!strncmp(line, "override: ", 10))
            snprintf(seat->override, sizeof seat->override, "%.255s", line + 10);
        else if (!strcmp(line, "off: 1"))
            seat->state = SEAT_IS_OFF;
    }
    if (file)
        fclose(file);
    if (!*seat->archive)
        seat->id[0] = '\0';
}

static void find_sessions(struct steward *s)
{
    char path[PATH_MAX];
    struct dirent *entry;
    size_t count = 0;
    DIR *dir;

    path_of(s->state, "sessions", path);
    dir = opendir(path);
    while (dir && count < SEATS && (entry = readdir(dir)))
        if (strlen(entry->d_name) == 16 && strspn(entry->d_name, "0123456789abcdef") == 16) {
            find_session(s, &s->seats[count], entry->d_name);
            count += *s->seats[count].id != '\0';
        }
    if (dir)
        closedir(dir);
}

static bool make_folders(struct steward *s, struct error *error)
{
    static const char *const names[] = {"", "sessions", "tmp", "openings"};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[PATH_MAX];

    path_of(s->state, "tmp", path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        path_of(s->state, names[i], path);
        if (mkdir(path, 0700) && errno != EEXIST)
            return error_host(error, path, errno, "cannot make");
    }
    path_of(s->state, "lock", path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        return error_host(error, path, errno, "cannot open");
    if (fcntl(s->lock, F_SETLK, &lock))
        return error_set(error, STATUS_HOST, s->state, NULL, "end it, or name another folder with --state",
                         "another desk has its sessions there");
    path_of(s->state, "tmp", path);
    job_remove(path);
    return mkdir(path, 0700) == 0 || error_host(error, path, errno, "cannot make");
}

struct steward *steward_open(const struct arguments *arguments, const char *library, const char *state,
                             struct error *error)
{
    struct steward *s = NULL;
    struct work_place place = {.option = 0};
    size_t trust = 0;

    while (work_judging(arguments, &place))
        trust++;
    if (trust > TRUST_MOST) {
        error_set(error, STATUS_USAGE, "serve", NULL, "name a folder of keys",
                  "--trust, --evidence, --tsa-trust and --library are given more than %u times", TRUST_MOST);
        return NULL;
    }
    s = calloc(1, sizeof *s);
    if (!s) {
        error_set(error, STATUS_HOST, "serve", NULL, NULL, "out of memory");
        return NULL;
    }
    *s = (struct steward){
        .arguments = arguments, .library = library, .state = state, .lock = -1, .gate = -1, .storage = {.control = -1}};
    for (size_t i = 0; i < SEATS; i++)
        s->seats[i].control = s->seats[i].watch = -1;
    path_of(state, "media", s->uploads_folder);
    if (make_folders(s, error) && uploads_open(&s->uploads, s->uploads_folder, error)) {
        find_sessions(s);
        opening_forget(state);
        uploads_forget(&s->uploads, is_in_session, s);
        return s;
    }
    free(s);
    return NULL;
}

/* Waits for the gate, jobs and sessions, and hears one round of them. False: the gate is gone. */
static bool listen_once(struct steward *s, int timeout)
{
    struct pollfd polled[2 + JOBS_MOST + SEATS];
    struct job *jobs[JOBS_MOST];
    struct seat *seats[SEATS];
    size_t job_count = 0, seat_count = 0;

    polled[0] = (struct pollfd){.fd = s->gate, .events = POLLIN};
    for (size_t i = 0; i < JOBS_MOST; i++)
        if (s->jobs[i].question) {
            polled[1 + job_count] = (struct pollfd){.fd = s->jobs[i].life, .events = POLLIN};
            jobs[job_count++] = &s->jobs[i];
        }
    for (size_t i = 0; i < SEATS; i++)
        if (s->seats[i].process) {
            polled[1 + job_count + seat_count] = (struct pollfd){.fd = s->seats[i].control, .events = POLLIN};
            seats[seat_count++] = &s->seats[i];
        }
    polled[1 + job_count + seat_count] = (struct pollfd){.fd = s->storage.control, .events = POLLIN};
    if (poll(polled, 2 + job_count + seat_count, timeout) <= 0)
        return true;
    for (size_t i = 0; i < job_count; i++)
        if (polled[1 + i].revents)
            end_job(s, jobs[i]);
    for (size_t i = 0; i < seat_count; i++)
        if (polled[1 + job_count + i].revents)
            hear_seat(s, seats[i]);
    if (polled[1 + job_count + seat_count].revents)
        hear_storage(s);
    return !polled[0].revents || take_question(s);
}

bool steward_run(struct steward *s, int gate)
{
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};

    s->gate = gate;
    setsockopt(gate, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    /* Numbers begin anew: what an earlier gate asked is not this one's. */
    for (size_t i = 0; i < JOBS_MOST; i++)
        s->jobs[i].question = s->jobs[i].question ? NOBODY : 0;
    for (size_t i = 0; i < SEATS; i++)
        s->seats[i].question = s->seats[i].question ? NOBODY : 0;
    while (!interrupted())
        if (!listen_once(s, -1))
            return true;
    return false;
}

void steward_close(struct steward *s)
{
    time_t begun = time(NULL);
    bool some = true;

    s->gate = -1;
    storage_end(&s->storage); /* sessions read for themselves what they still need */
    for (size_t i = 0; i < SEATS; i++)
        if (s->seats[i].process)
            tell_seat(&s->seats[i], SEAT_SUSPEND);
    while (some && time(NULL) - begun < ENDING_SECONDS) {
        some = false;
        for (size_t i = 0; i < SEATS; i++)
            some = some || s->seats[i].process;
        if (some)
            listen_once(s, 1000);
    }
    close(s->lock);
    free(s);
}
