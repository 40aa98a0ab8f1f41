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
#include "desk/progress.h"
#include "desk/seat.h"
#include "desk/rights.h"
#include "formats/json.h"

#define SEATS 64u          /* sessions, suspended ones included */
#define READER_SEATS 8u    /* of one reader */
#define PERSON_JOBS 8u     /* of one person at a time */
#define TRUST_MOST 12u     /* of --trust: with it and all else a job's options and folders have room */
#define IDLE_MINUTES 30    /* that nobody watches a session, before it is suspended */
#define ENDING_SECONDS 20  /* that sessions may take to suspend themselves */
#define OPENING_SECONDS 40 /* of a machine's time, after which its picture is taken, and sessions begin */
#define ANSWER_SECONDS 10  /* that the gate may take to receive an answer, before it is given up */
#define NOBODY UINT_MAX    /* the number of a question that a gate asked which is no more */
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
    uint64_t opened;      /* seconds since 1970 */
    int process, control; /* 0, -1: it has none */
    unsigned question;    /* that waits until it runs; 0: none */
    bool discarded;
    struct act act;
    struct job_line line; /* for the log */
};

struct question {
    unsigned number;
    bool archivist;
    const char *person, *verb, *what;
    char *lines;
};

struct steward {
    const struct arguments *arguments;
    const char *library, *state;
    int lock, gate;
    struct seat seats[SEATS];
    struct job jobs[JOBS_MOST];
    unsigned made; /* numbers of temporary folders */
};

/* --- Answers --- */

static void answer(struct steward *s, unsigned question, unsigned status, const char *type, uint64_t length,
                   int descriptor)
{
    char text[128];
    struct iovec part = {text,
                         (size_t)snprintf(text, sizeof text, "%u %u %" PRIu64 " %s", question, status, length, type)};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (descriptor >= 0) {
        message.msg_control = rights.bytes;
        message.msg_controllen = sizeof rights.bytes;
        rights.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&rights.header), &descriptor, sizeof descriptor);
    }
    if (question == NOBODY)
        return;
    while (sendmsg(s->gate, &message, MSG_NOSIGNAL) < 0)
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

struct work {
    struct steward *steward;
    const struct question *question;
    const struct seat *seat; /* whose disk is meant; null: the sealed one */
    char path[PATH_MAX];     /* of the archive */
    char folder[PATH_MAX];   /* of its own */
    bool overlaid;           /* the session wrote something, which is there */
    struct job_line line;
};

static void add_trust(const struct steward *s, struct job_line *line)
{
    size_t position = 0;
    const char *key;

    while ((key = argument_next(s->arguments, "--trust", &position)))
        job_option(line, "--trust", key);
}

static void add_log(const struct steward *s, struct job_line *line, const char *person)
{
    const char *log = argument_value(s->arguments, "--log");

    job_option(line, "--log", log);
    job_option(line, "--by", log ? person : NULL);
}

/* The command line of a job: its archive, and what a session wrote there. */
static void begin_line(struct work *w, const char *command, char overlay[PATH_MAX])
{
    job_command(&w->line, command);
    job_operand(&w->line, w->path);
    add_trust(w->steward, &w->line);
    if (w->overlaid && path_of(w->folder, "overlay", overlay))
        job_option(&w->line, "--overlay", overlay);
}

/* The folder of a file that an option names. */
static void folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    snprintf(folder, PATH_MAX, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
}

static bool lock_in(const struct work *w, struct error *error)
{
    const struct steward *s = w->steward;
    const char *log = argument_value(s->arguments, "--log"), *trust;
    char log_folder[PATH_MAX];
    struct jail_folder folders[16] = {{s->library, !strcmp(w->question->verb, "library")}}; /* its index */
    size_t count = 1, position = 0;

    folder_of(log, log_folder);
    if (log)
        folders[count++] = (struct jail_folder){log_folder, true};
    while (count < 16 && (trust = argument_next(s->arguments, "--trust", &position)))
        folders[count++] = (struct jail_folder){trust, false};
    return jail_enter(JAIL_RUN, folders, count, &(struct jail_limits){.seconds = JOB_SECONDS}, error);
}

static enum status carry_out(struct work *w, enum status (*run)(const struct arguments *arguments))
{
    struct error error;

    return lock_in(w, &error) ? run(&w->line.arguments) : desk_fail(&error);
}

static enum status list_library(void *context)
{
    struct work *w = context;

    job_command(&w->line, "ls");
    job_operand(&w->line, w->steward->library);
    job_option(&w->line, "--json", "");
    job_option(&w->line, "--log", argument_value(w->steward->arguments, "--log"));
    return carry_out(w, ls_run);
}

static enum status describe(void *context)
{
    struct work *w = context;

    begin_line(w, "info", NULL);
    job_option(&w->line, "--json", "");
    job_option(&w->line, "--log", argument_value(w->steward->arguments, "--log"));
    return carry_out(w, info_run);
}

static bool copy_file(const char *from, int to)
{
    char buffer[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = -1;
    bool good = in >= 0;

    while (good && (got = read(in, buffer, sizeof buffer)) > 0)
        good = write(to, buffer, (size_t)got) == got;
    if (in >= 0)
        close(in);
    return good && got == 0;
}

/* The overlay of a session that may still run: a copy, whose last record may be torn, which its reader forgives. */
static bool copy_overlay(struct work *w)
{
    char from[PATH_MAX], to[PATH_MAX], name[32];
    bool good = true;

    for (unsigned slot = 0; w->seat && good && slot < DRIVE_COUNT; slot++) {
        int out;
        snprintf(name, sizeof name, "overlay.%s", drive_slot_names[slot]);
        seat_path(w->steward, w->seat, name, from);
        if (access(from, F_OK) || !path_of(w->folder, name, to))
            continue;
        out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        good = out >= 0 && copy_file(from, out);
        if (out >= 0)
            close(out);
        w->overlaid = true;
    }
    return good;
}

/* This command and the next let a process that is locked in read the volume (reader.h). */
static enum status list_files(void *context)
{
    struct work *w = context;
    char overlay[PATH_MAX];

    if (!copy_overlay(w))
        return STATUS_HOST;
    begin_line(w, "files", overlay);
    job_option(&w->line, "--json", "");
    add_log(w->steward, &w->line, w->question->person);
    return files_run(&w->line.arguments);
}

/* Takes the files that the lines name into a bag, and sends it as a ZIP. */
static enum status retrieve_files(void *context)
{
    struct work *w = context;
    struct error error;
    char overlay[PATH_MAX], bag[PATH_MAX], *rest = w->question->lines, *line;
    int out = dup(STDOUT_FILENO);
    enum status status;

    if (!copy_overlay(w) || !path_of(w->folder, "records.zip", bag) || out < 0 ||
        dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return STATUS_HOST;
    begin_line(w, "retrieve", overlay);
    while ((line = strsep(&rest, "\n")))
        if (*line && !job_operand(&w->line, line))
            return error_set(&error, STATUS_USAGE, "records", NULL, "take a folder instead",
                             "too many files are named"),
                   desk_fail(&error);
    job_option(&w->line, "-o", bag);
    job_option(&w->line, "--as", "zip");
    job_option(&w->line, "--key", argument_value(w->steward->arguments, "--key"));
    add_log(w->steward, &w->line, w->question->person);
    status = retrieve_run(&w->line.arguments);
    fflush(stdout);
    if (!copy_file(bag, out))
        return status > STATUS_OK ? status : STATUS_WRONG;
    return STATUS_OK;
}

static enum status verify_archive(void *context)
{
    struct work *w = context;

    begin_line(w, "verify", NULL);
    job_option(&w->line, "--json", "");
    job_option(&w->line, "--threads", "1");
    add_log(w->steward, &w->line, w->question->person);
    return verify_run(&w->line.arguments);
}

/* --- Openings: a machine that has been on for a while, with its picture. Sessions begin there. --- */

static const struct {
    const char *made, *kept; /* in the folder of who makes it; after its name among the openings */
} opening_files[] = {{"journal", ".journal"}, {"checkpoint.0", ".snapshot"}, {"picture.png", ".png"}};

enum { OPENING_JOURNAL, OPENING_SNAPSHOT, OPENING_PICTURE, OPENING_FILES };

/* They are named for the archive's file: another file has another. */
static bool opening_name(const struct steward *s, const char *path, char name[PATH_MAX])
{
    struct stat status;
    uint8_t digest[DIGEST_SIZE];
    char text[PATH_MAX + 64], hex[65];

    if (stat(path, &status))
        return false;
    snprintf(text, sizeof text, "%s %lld %lld %ld", path, (long long)status.st_size, (long long)status.st_mtim.tv_sec,
             status.st_mtim.tv_nsec);
    sha256(text, strlen(text), digest);
    hex_encode(digest, hex);
    snprintf(name, PATH_MAX, "%.3900s/openings/%.32s", s->state, hex);
    return true;
}

static void opening_path(const char *name, unsigned file, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.4000s%s", name, opening_files[file].kept);
}

/* The picture comes last: who finds it finds all. */
static bool keep_opening(const char *folder, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];
    bool good = true;

    for (unsigned i = 0; i < OPENING_FILES && good; i++) {
        good = path_of(folder, opening_files[i].made, from);
        opening_path(name, i, to);
        good = good && rename(from, to) == 0;
    }
    return good;
}

/* The picture of the machine when it has been on for a while: the one that is kept, or, in a folder, a new one with its
 * opening. Who may not see the archive today sees neither. A session locks itself in. */
static enum status show_picture(void *context)
{
    struct work *w = context;
    struct error error;
    char name[PATH_MAX], picture[PATH_MAX];
    struct archive *archive;
    int out;
    bool good;

    begin_line(w, "serve", NULL);
    if (*w->folder) {
        /* What is written to standard output becomes the picture. */
        out = path_of(w->folder, opening_files[OPENING_PICTURE].made, picture)
                  ? open(picture, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                  : -1;
        return out >= 0 && dup2(out, STDOUT_FILENO) >= 0
                   ? seat_prepare(&(struct seat_request){.arguments = &w->line.arguments, .folder = w->folder},
                                  OPENING_SECONDS)
                   : STATUS_HOST;
    }
    archive = desk_open_archive(&w->line.arguments, w->path, &error);
    good = archive && desk_may_see(&w->line.arguments, archive, &error);
    archive_close(archive);
    if (!good)
        return desk_fail(&error);
    if (!opening_name(w->steward, w->path, name))
        return STATUS_HOST;
    opening_path(name, OPENING_PICTURE, picture);
    return copy_file(picture, STDOUT_FILENO) ? STATUS_OK : STATUS_HOST;
}

/* Begins a job; the question is answered when it has ended. */
static void begin_job(struct steward *s, const struct question *q, const struct seat *seat, const char *path,
                      const char *type, bool folder, enum status (*work)(void *context))
{
    struct work *w = calloc(1, sizeof *w);
    struct job *job = NULL;
    struct error error;
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
    *w = (struct work){.steward = s, .question = q, .seat = seat};
    *job = (struct job){.question = q->number, .type = type};
    snprintf(job->person, sizeof job->person, "%.16s", q->person);
    snprintf(w->path, sizeof w->path, "%s", path);
    if (folder) {
        snprintf(w->folder, sizeof w->folder, "%.3900s/tmp/%u", s->state, ++s->made);
        mkdir(w->folder, 0700);
        memcpy(job->remove, w->folder, sizeof job->remove);
    }
    if (!job_begin(job, NULL, 0, work, w, &error)) {
        answer_error(s, q->number, 500, error.what);
        job_remove(job->remove);
        job->question = 0;
    }
    free(w);
}

static void remove_all(char *text, const char *part)
{
    const size_t length = strlen(part);

    while ((text = strstr(text, part)))
        memmove(text, text + length, strlen(text + length) + 1);
}

/* Makes an error one for people at the desk: neither the program nor the place of the library is theirs. */
static void soften(const struct steward *s, char *text)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%.4000s/", s->library);
    remove_all(text, "muniment: ");
    remove_all(text, folder);
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

    read_errors(s, job->err, text);
    if (*job->keep) {
        opening_path(job->keep, OPENING_PICTURE, path);
        if (status != STATUS_OK || !keep_opening(job->remove, job->keep) || !answer_picture(s, job->question, path))
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
    fprintf(file, "archive: %s\nowner: %s\nopened: %" PRIu64 "\noff: %d\n", seat->archive, seat->owner, seat->opened,
            seat->state == SEAT_IS_OFF);
    if (fflush(file) == 0 && fsync(fileno(file)) == 0)
        rename(new, path);
    fclose(file);
}

/* Forgets what a session wrote: repeating its journal writes it again. */
static void remove_overlays(const struct steward *s, const struct seat *seat)
{
    char path[PATH_MAX], name[32];

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        snprintf(name, sizeof name, "overlay.%s", drive_slot_names[slot]);
        seat_path(s, seat, name, path);
        unlink(path);
    }
}

/* In the process of a session. */
_Noreturn static void be_seat(struct steward *s, struct seat *seat, int control)
{
    const char *idle = argument_value(s->arguments, "--idle");
    char path[PATH_MAX], folder[PATH_MAX];
    struct job_line line = {.command = {.name = NULL}};
    int most = (int)sysconf(_SC_OPEN_MAX);

    for (int i = STDERR_FILENO + 1; i < (most > 0 && most < 4096 ? most : 4096); i++)
        if (i != control)
            close(i);
    seat_path(s, seat, "", folder);
    path_of(s->library, seat->archive, path);
    job_command(&line, "serve");
    job_operand(&line, path);
    add_trust(s, &line);
    _exit((int)seat_run(&(struct seat_request){
        .arguments = &line.arguments,
        .folder = folder,
        .control = control,
        .idle_seconds = idle ? (unsigned)strtoul(idle, NULL, 10) * 60 : IDLE_MINUTES * 60,
    }));
}

static bool begin_seat(struct steward *s, struct seat *seat, const char *person, struct error *error)
{
    int ends[2] = {-1, -1}, process;

    remove_overlays(s, seat);
    job_command(&seat->line, "session");
    seat->line.arguments.given_count = seat->line.arguments.operand_count = 0;
    add_log(s, &seat->line, person);
    if (!act_begin(&seat->act, &seat->line.arguments, "session", seat->archive, error))
        return false;
    fflush(stdout);
    process = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ? -1 : fork();
    if (process == 0)
        be_seat(s, seat, ends[1]);
    if (process < 0) {
        error_host(error, "session", errno, "cannot begin");
        if (ends[0] >= 0)
            close(ends[0]), close(ends[1]);
        act_end(&seat->act, STATUS_HOST);
        return false;
    }
    close(ends[1]);
    seat->process = process;
    seat->control = ends[0];
    seat->state = SEAT_STARTS;
    seat->percent = 0;
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

/* The process of a session is at its end. */
static void end_seat(struct steward *s, struct seat *seat)
{
    int status = 0;
    char path[PATH_MAX];

    close(seat->control);
    seat->control = -1;
    kill(seat->process, SIGKILL); /* one that has closed its end, and lives: nobody waits for it */
    while (waitpid(seat->process, &status, 0) < 0 && errno == EINTR)
        continue;
    seat->process = 0;
    if (seat->state < SEAT_RESTS) {
        seat->state = SEAT_RESTS; /* killed: its journal is there */
        if (WIFSIGNALED(status))
            snprintf(seat->reason, sizeof seat->reason, "ended by signal %d", WTERMSIG(status));
    }
    if (seat->question)
        answer_error(s, seat->question, 422, *seat->reason ? seat->reason : "the session did not begin");
    act_end(&seat->act, WIFEXITED(status) ? (enum status)WEXITSTATUS(status) : STATUS_HOST);
    seat_path(s, seat, "journal", path);
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
    ssize_t got = recv(seat->control, text, sizeof text - 1, 0);

    if (got <= 0) {
        if (got == 0 || errno != EINTR)
            end_seat(s, seat);
        return;
    }
    text[got] = '\0';
    if (!strcmp(text, SEAT_READY)) {
        seat->state = SEAT_RUNS;
    } else if (!strncmp(text, SEAT_REPEATING, strlen(SEAT_REPEATING))) {
        seat->state = SEAT_REPEATS;
        seat->percent = (unsigned)strtoul(text + strlen(SEAT_REPEATING), NULL, 10);
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

/* --- Questions --- */

/* A session that the person may have, as it is now: his own, or any for an archivist. */
static struct seat *find_seat(struct steward *s, const struct question *q)
{
    for (size_t i = 0; i < SEATS; i++) {
        struct seat *seat = &s->seats[i];
        struct pollfd control = {.fd = seat->control, .events = POLLIN};
        if (!*q->what || strcmp(seat->id, q->what) || (!q->archivist && strcmp(seat->owner, q->person)))
            continue;
        while (seat->process && poll(&control, 1, 0) > 0)
            hear_seat(s, seat);
        return *seat->id ? seat : NULL;
    }
    return NULL;
}

static void on_library(struct steward *s, const struct question *q)
{
    begin_job(s, q, NULL, s->library, LINES, false, list_library);
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

static void on_info(struct steward *s, const struct question *q)
{
    on_archive(s, q, JSON, false, describe);
}

static void on_files(struct steward *s, const struct question *q)
{
    on_archive(s, q, LINES, false, list_files);
}

static void on_retrieve(struct steward *s, const struct question *q)
{
    on_archive(s, q, "application/zip", true, retrieve_files);
}

static void on_verify(struct steward *s, const struct question *q)
{
    if (q->archivist)
        on_archive(s, q, LINES, false, verify_archive);
    else
        answer_error(s, q->number, 403, "only an archivist verifies");
}

static void on_picture(struct steward *s, const struct question *q)
{
    char path[PATH_MAX], name[PATH_MAX], picture[PATH_MAX];

    if (!archive_path(s, q->what, path) || !opening_name(s, path, name)) {
        answer_error(s, q->number, 404, "there is no archive of that name");
        return;
    }
    opening_path(name, OPENING_PICTURE, picture);
    if (access(picture, F_OK) == 0) {
        begin_job(s, q, NULL, path, PICTURE, false, show_picture);
        return;
    }
    for (size_t i = 0; i < JOBS_MOST; i++)
        if (s->jobs[i].question && *s->jobs[i].keep) {
            answer_error(s, q->number, 503, "another picture is being taken");
            return;
        }
    begin_job(s, q, NULL, path, PICTURE, true, show_picture);
    for (size_t i = 0; i < JOBS_MOST; i++)
        if (s->jobs[i].question == q->number)
            memcpy(s->jobs[i].keep, name, sizeof name);
}

static void make_id(char id[17])
{
    uint8_t bytes[8];

    if (getentropy(bytes, sizeof bytes))
        abort();
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

/* A new session begins where the machine's picture was taken, if it was: with that run's journal and checkpoint. */
static void begin_at_opening(const struct steward *s, const struct seat *seat, const char *archive)
{
    char name[PATH_MAX], path[PATH_MAX], from[PATH_MAX], journal[PATH_MAX];
    int out = -1;

    if (!opening_name(s, archive, name))
        return;
    seat_path(s, seat, "journal", journal);
    seat_path(s, seat, seat_checkpoints[SEAT_CHECKPOINTS - 1], path);
    opening_path(name, OPENING_SNAPSHOT, from);
    if (link(from, path) == 0)
        out = open(journal, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    opening_path(name, OPENING_JOURNAL, from);
    if (out >= 0 && !copy_file(from, out))
        unlink(journal); /* from power-on, then */
    if (out >= 0)
        close(out);
}

static void on_open(struct steward *s, const struct question *q)
{
    char path[PATH_MAX], archive[PATH_MAX];
    struct error error;
    struct seat *seat = NULL;
    unsigned own = 0;

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
    *seat = (struct seat){.control = -1, .question = q->number, .opened = (uint64_t)time(NULL)};
    make_id(seat->id);
    snprintf(seat->archive, sizeof seat->archive, "%s", q->what);
    snprintf(seat->owner, sizeof seat->owner, "%.16s", q->person);
    seat_path(s, seat, "", path);
    if (mkdir(path, 0700) == 0 && strcmp(q->lines, "power-on") != 0)
        begin_at_opening(s, seat, archive);
    if (access(path, W_OK) || !begin_seat(s, seat, q->person, &error)) {
        answer_error(s, q->number, 500, "the session cannot begin");
        job_remove(path);
        seat->id[0] = '\0';
        return;
    }
    write_about(s, seat);
}

static void on_sessions(struct steward *s, const struct question *q)
{
    FILE *file = new_file();

    for (size_t i = 0; file && i < SEATS; i++)
        if (*s->seats[i].id && (q->archivist || !strcmp(s->seats[i].owner, q->person)))
            print_seat(file, &s->seats[i], q->person);
    answer_file(s, q->number, 200, LINES, file);
}

/* False: it is at its end, which is heard, or so much waits for it that it takes no more. */
static bool tell_seat(const struct seat *seat, char byte)
{
    return send(seat->control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

static void on_suspend(struct steward *s, const struct question *q)
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

static void on_resume(struct steward *s, const struct question *q)
{
    struct seat *seat = find_seat(s, q);
    struct error error;

    if (!seat || seat->question) {
        answer_error(s, q->number, 404, "there is no such session");
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

static void on_discard(struct steward *s, const struct question *q)
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

static void on_seat_job(struct steward *s, const struct question *q, const char *type,
                        enum status (*work)(void *context))
{
    struct seat *seat = find_seat(s, q);
    char path[PATH_MAX];

    if (seat && archive_path(s, seat->archive, path))
        begin_job(s, q, seat, path, type, true, work);
    else
        answer_error(s, q->number, 404, "there is no such session");
}

static void on_seat_files(struct steward *s, const struct question *q)
{
    on_seat_job(s, q, LINES, list_files);
}

static void on_seat_retrieve(struct steward *s, const struct question *q)
{
    on_seat_job(s, q, "application/zip", retrieve_files);
}

static void on_journal(struct steward *s, const struct question *q)
{
    const struct seat *seat = find_seat(s, q);
    char path[PATH_MAX];
    struct stat status;
    int descriptor = -1;

    if (seat) {
        seat_path(s, seat, "journal", path);
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (descriptor >= 0 && fstat(descriptor, &status) == 0)
        answer(s, q->number, 200, "text/plain; charset=utf-8", (uint64_t)status.st_size, descriptor);
    else
        answer_error(s, q->number, 404, "there is no such session");
    if (descriptor >= 0)
        close(descriptor);
}

/* Hands one end of a stream to the session, and the other to the gate. */
static void on_viewer(struct steward *s, const struct question *q)
{
    struct seat *seat = find_seat(s, q);
    char byte = *q->lines ? 'w' : 'v';
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.bytes, .msg_controllen = sizeof rights.bytes};
    int ends[2];

    if (!seat || !seat->process || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)) {
        answer(s, q->number, 404, JSON, 0, -1);
        return;
    }
    memcpy(CMSG_DATA(&rights.header), &ends[1], sizeof(int));
    if (sendmsg(seat->control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
        answer(s, q->number, 200, JSON, 0, ends[0]);
    else
        answer(s, q->number, 404, JSON, 0, -1);
    close(ends[0]);
    close(ends[1]);
}

static const struct {
    const char *verb;
    void (*on)(struct steward *s, const struct question *q);
} verbs[] = {
    {"library", on_library},   {"info", on_info},         {"files", on_files},
    {"retrieve", on_retrieve}, {"verify", on_verify},     {"picture", on_picture},
    {"open", on_open},         {"sessions", on_sessions}, {"suspend", on_suspend},
    {"resume", on_resume},     {"discard", on_discard},   {"session-files", on_seat_files},
    {"viewer", on_viewer},     {"journal", on_journal},   {"session-retrieve", on_seat_retrieve},
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
                if (!strcmp(verbs[i].verb, q.verb))
                    verbs[i].on(s, &q);
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

    *seat = (struct seat){.control = -1, .state = SEAT_RESTS};
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
    size_t trust = 0, position = 0;

    while (argument_next(arguments, "--trust", &position))
        trust++;
    if (trust > TRUST_MOST) {
        error_set(error, STATUS_USAGE, "--trust", NULL, "name a folder of keys", "is given more than %u times",
                  TRUST_MOST);
        return NULL;
    }
    s = calloc(1, sizeof *s);
    if (!s) {
        error_set(error, STATUS_HOST, "serve", NULL, NULL, "out of memory");
        return NULL;
    }
    *s = (struct steward){.arguments = arguments, .library = library, .state = state, .lock = -1, .gate = -1};
    for (size_t i = 0; i < SEATS; i++)
        s->seats[i].control = -1;
    if (make_folders(s, error)) {
        find_sessions(s);
        return s;
    }
    free(s);
    return NULL;
}

/* Waits for the gate, jobs and sessions, and hears one round of them. False: the gate is gone. */
static bool listen_once(struct steward *s, int timeout)
{
    struct pollfd polled[1 + JOBS_MOST + SEATS];
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
    if (poll(polled, 1 + job_count + seat_count, timeout) <= 0)
        return true;
    for (size_t i = 0; i < job_count; i++)
        if (polled[1 + i].revents)
            end_job(s, jobs[i]);
    for (size_t i = 0; i < seat_count; i++)
        if (polled[1 + job_count + i].revents)
            hear_seat(s, seats[i]);
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
