/* steward.c - see steward.h: it begins, listens to the gate, jobs and sessions, and ends. */
#define _DEFAULT_SOURCE /* strsep */
#include "desk/steward_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/gate.h"
#include "desk/opening.h"
#include "desk/progress.h"
#include "desk/work.h"
#include "formats/monotonic.h"

#define TRUST_MOST 12u    /* of work_judging: with it and all else a job's options and folders have room */
#define ENDING_MS 20000   /* that sessions may take to suspend themselves */
#define ANSWER_SECONDS 10 /* that the gate may take to receive an answer, before it is given up */
#define SILENCE_MS 3000   /* of the gate, after which it is asked whether it is there; */
#define SILENCES_MOST 4u  /* so often in a row, before it is given up */

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

/* A verb that is none is the gate's own fault. */
static void answer_question(struct steward *s, struct question *q)
{
    static const struct steward_verb *const tables[] = {steward_job_verbs, steward_seat_verbs, steward_media_verbs};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct steward_verb *v = tables[i]; v->verb; v++) {
            if (strcmp(v->verb, q->verb) != 0)
                continue;
            q->verb = v->verb; /* it outlives the text */
            if (v->on)
                v->on(s, q);
            else
                steward_seat_job(s, q, v->type, v->work);
            return;
        }
}

/* False: the gate is gone. */
static bool take_question(struct steward *s)
{
    char *text = malloc(GATE_MESSAGE + 1);
    ssize_t got = text ? recv(s->gate, text, GATE_MESSAGE, 0) : -1;
    bool alive = got > 0 || (got < 0 && errno == EINTR);
    struct question q;

    if (got > 0) {
        s->silences = 0;
        text[got] = '\0';
        if (parse(text, &q))
            answer_question(s, &q);
    }
    free(text);
    return alive;
}

static bool make_folders(struct steward *s, struct error *error)
{
    static const char *const names[] = {"", "sessions", "tmp", "openings"};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[PATH_MAX];

    steward_path(s->state, "tmp", path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        steward_path(s->state, names[i], path);
        if (mkdir(path, 0700) && errno != EEXIST)
            return error_host(error, path, errno, "cannot make");
    }
    steward_path(s->state, "lock", path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        return error_host(error, path, errno, "cannot open");
    if (fcntl(s->lock, F_SETLK, &lock))
        return error_set(error, STATUS_HOST, s->state, NULL, "end it, or name another folder with --state",
                         "another desk has its sessions there");
    steward_path(s->state, "tmp", path);
    job_remove(path);
    return mkdir(path, 0700) == 0 || error_host(error, path, errno, "cannot make");
}

struct steward *steward_open(const struct arguments *arguments, const char *library, const char *state,
                             struct error *error)
{
    struct steward *s = NULL;
    struct work_place place = {.option = 0};
    size_t trust = 0;
    sigset_t wanted;

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
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigprocmask(SIG_BLOCK, &wanted, NULL); /* of all processes of the desk: this one alone reads it */
    s->wanted = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    for (size_t i = 0; i < SEATS; i++)
        s->seats[i].control = s->seats[i].watch = -1;
    for (size_t i = 0; i < DOORS; i++)
        s->doors[i].socket = -1;
    steward_path(state, "media", s->uploads_folder);
    if (make_folders(s, error) && uploads_open(&s->uploads, s->uploads_folder, error)) {
        steward_find_sessions(s);
        opening_forget(state);
        uploads_forget(&s->uploads, steward_has_image, s);
        return s;
    }
    free(s);
    return NULL;
}

static void tell_gate(const struct steward *s, const char *text)
{
    send(s->gate, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Waits for the gate, jobs and sessions, and hears one round of them. False: the gate is gone. */
static bool listen_once(struct steward *s, int timeout)
{
    struct pollfd polled[3 + JOBS_MOST + SEATS + DOORS];
    struct job *jobs[JOBS_MOST];
    struct seat *seats[SEATS];
    size_t job_count = 0, seat_count = 0;
    struct signalfd_siginfo signal;

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
    struct pollfd *storage = &polled[1 + job_count + seat_count], *wanted = storage + 1, *doors = wanted + 1;
    *storage = (struct pollfd){.fd = s->storage.control, .events = POLLIN};
    *wanted = (struct pollfd){.fd = s->wanted, .events = POLLIN};
    for (size_t i = 0; i < DOORS; i++)
        doors[i] = (struct pollfd){.fd = s->doors[i].socket, .events = POLLIN};
    if (poll(polled, 3 + job_count + seat_count + DOORS, timeout) <= 0)
        return true;
    for (size_t i = 0; i < job_count; i++)
        if (polled[1 + i].revents)
            steward_end_job(s, jobs[i]);
    for (size_t i = 0; i < seat_count; i++)
        if (polled[1 + job_count + i].revents)
            steward_hear_seat(s, seats[i]);
    for (size_t i = 0; i < DOORS; i++)
        if (doors[i].revents)
            steward_hear_door(s, &s->doors[i]);
    if (storage->revents)
        steward_hear_storage(s);
    if (wanted->revents && read(s->wanted, &signal, sizeof signal) == sizeof signal)
        tell_gate(s, STEWARD_LINK);
    return !polled[0].revents || take_question(s);
}

/* A gate that is stopped, or caught in a loop, is no better than one that is gone. False: this one is. Silences are
 * counted, not seconds: a host that stood still has stopped both. */
static bool gate_lives(struct steward *s)
{
    if (++s->silences > SILENCES_MOST) {
        fputs("muniment: serve: the gate does not answer\n", stderr);
        return false;
    }
    tell_gate(s, STEWARD_ALIVE);
    return true;
}

bool steward_run(struct steward *s, int gate)
{
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    uint64_t due = monotonic_milliseconds() + SILENCE_MS;

    s->gate = gate;
    s->silences = 0;
    setsockopt(gate, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    /* Numbers begin anew: what an earlier gate asked is not this one's. */
    for (size_t i = 0; i < JOBS_MOST; i++)
        s->jobs[i].question = s->jobs[i].question ? NOBODY : 0;
    for (size_t i = 0; i < SEATS; i++)
        s->seats[i].question = s->seats[i].question ? NOBODY : 0;
    for (size_t i = 0; i < DOORS; i++)
        s->doors[i].question = NOBODY;
    tell_gate(s, STEWARD_LINK);
    while (!interrupted()) {
        uint64_t now = monotonic_milliseconds();
        if (now >= due) {
            if (!gate_lives(s))
                return true;
            due = now + SILENCE_MS;
        }
        if (!listen_once(s, (int)(due - now)))
            return true;
    }
    return false;
}

void steward_close(struct steward *s)
{
    const uint64_t begun = monotonic_milliseconds();
    bool some = true;

    s->gate = -1;
    storage_end(&s->storage); /* sessions read for themselves what they still need */
    for (size_t i = 0; i < SEATS; i++)
        if (s->seats[i].process)
            steward_tell_seat(&s->seats[i], SEAT_SUSPEND);
    while (some && monotonic_milliseconds() - begun < ENDING_MS) {
        some = false;
        for (size_t i = 0; i < SEATS; i++)
            some = some || s->seats[i].process;
        if (some)
            listen_once(s, 1000);
    }
    close(s->wanted);
    close(s->lock);
    free(s);
}
