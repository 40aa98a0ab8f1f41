/* steward_seats.c - see steward_parts.h: sessions, from their folders and their processes to their ends, and the
 * storage process that gives them their archives. */
#include "desk/steward_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "desk/live.h"
#include "desk/opening.h"
#include "desk/pages.h"
#include "desk/work.h"
#include "formats/json.h"
#include "formats/message.h"
#include "formats/monotonic.h"

#define READER_SEATS 8u       /* of one reader */
#define IDLE_MINUTES 30       /* that nobody does anything in a session, before it is suspended */
#define LONGEST_MINUTES 720   /* that a session runs, before it is suspended */
#define HEARD_MOST 300u       /* messages of a session before an answer about it: more than its socket holds */
#define STORAGE_LIFE_MS 10000 /* that a storage process lives, or the next one is not trusted with what runs */

static const char *const cause_names[CAUSES] = {"desk", "hand", "idle", "longest"};
static const char *const state_names[] = {"starting", "repeating", "running", "suspended", "off", "failed"};

void steward_seat_path(const struct steward *s, const struct seat *seat, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.3900s/sessions/%s/%s", s->state, seat->id, name);
}

/* False, with errno: it is not written. */
static bool write_about(const struct steward *s, const struct seat *seat)
{
    char path[PATH_MAX], new[PATH_MAX];
    FILE *file;
    bool good;

    steward_seat_path(s, seat, "about", path);
    steward_seat_path(s, seat, "about.new", new);
    file = fopen(new, "we");
    if (!file)
        return false;
    fprintf(file, "archive: %s\nowner: %s\nopened: %" PRIu64 "\noff: %d\noverride: %s\nsuspended: %s\nreason: %.*s\n",
            seat->archive, seat->owner, seat->opened, seat->state == SEAT_IS_OFF, seat->override,
            cause_names[seat->cause], (int)strcspn(seat->reason, "\n"), seat->reason);
    good = fflush(file) == 0 && fsync(fileno(file)) == 0 && rename(new, path) == 0;
    fclose(file);
    return good;
}

/* Forgets what a session wrote: repeating its journal writes it again. */
static void remove_overlays(const struct steward *s, const struct seat *seat)
{
    char path[PATH_MAX], name[32];

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        snprintf(name, sizeof name, SEAT_OVERLAY ".%s", drive_slot_names[slot]);
        steward_seat_path(s, seat, name, path);
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
    steward_seat_path(s, seat, "", folder);
    steward_path(s->library, seat->archive, path);
    _exit((int)seat_run(&(struct seat_request){
        .archive = path,
        .storage = storage,
        .folder = folder,
        .control = control,
        .idle_seconds = minutes(s, "--idle", IDLE_MINUTES) * 60,
        .most_seconds = minutes(s, "--longest", LONGEST_MINUTES) * 60,
        .interprets = seat_interprets(s->arguments),
        .insert = seat->insert,
        .eject = seat->eject,
    }));
}

int steward_ask_storage(struct steward *s, const char *id, const char *archive, const char *override,
                        struct error *error)
{
    if (s->storage.control < 0) {
        s->storage_begun = monotonic_milliseconds();
        if (!storage_begin(&s->storage, s->arguments, s->library, error))
            return -1;
    }
    return storage_ask(&s->storage, id, archive, override, error);
}

bool steward_begin_seat(struct steward *s, struct seat *seat, const char *person, struct error *error)
{
    int ends[2] = {-1, -1}, process, storage;

    storage = steward_ask_storage(s, seat->id, seat->archive, seat->override, error);
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
    if (*seat->reason || seat->cause != CAUSE_DESK) { /* should the desk be killed: it was that */
        *seat->reason = '\0';
        seat->cause = CAUSE_DESK;
        write_about(s, seat);
    }
    return true;
}

static void print_seat(FILE *to, const struct seat *seat, const char *person)
{
    json_member(to, "{", "id", seat->id);
    json_member(to, ", ", "archive", seat->archive);
    json_member(to, ", ", "state", state_names[seat->state]);
    if (*seat->reason)
        json_member(to, ", ", "reason", seat->reason);
    else if (seat->state == SEAT_RESTS)
        json_member(to, ", ", "suspended", cause_names[seat->cause]);
    if (*seat->override)
        json_member(to, ", ", "override", seat->override);
    if (seat->leaves && seat->process)
        fprintf(to, ", \"left\": %" PRIu64,
                seat->leaves > monotonic_milliseconds() ? (seat->leaves - monotonic_milliseconds()) / 1000 : 0);
    json_member(to, ", ", "owner", seat->owner);
    fprintf(to, ", \"percent\": %u, \"opened\": %" PRIu64 ", \"mine\": %s}\n", seat->percent, seat->opened,
            strcmp(seat->owner, person) ? "false" : "true");
}

static void answer_seat(struct steward *s, unsigned question, const struct seat *seat)
{
    FILE *file = steward_new_file();

    if (file)
        print_seat(file, seat, seat->owner);
    steward_answer_file(s, question, 200, JSON, file);
}

/* Writes the list of the media that were put into a session; false: that failed. */
static bool write_media(const struct steward *s, const struct seat *seat, char media[SEAT_MEDIA_MOST][PATH_MAX],
                        unsigned count)
{
    char path[PATH_MAX], new[PATH_MAX];
    FILE *file;
    bool good;

    steward_seat_path(s, seat, SEAT_MEDIA, path);
    steward_seat_path(s, seat, SEAT_MEDIA ".new", new);
    file = fopen(new, "we");
    for (unsigned i = 0; file && i < count; i++)
        fprintf(file, "%s\n", media[i]);
    good = file && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (file)
        fclose(file);
    return good && rename(new, path) == 0;
}

bool steward_note_medium(const struct steward *s, struct seat *seat, const char *image)
{
    char media[SEAT_MEDIA_MOST][PATH_MAX], folder[PATH_MAX];
    unsigned count, kept = 0;

    steward_seat_path(s, seat, "", folder);
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

    steward_seat_path(s, seat, "", folder);
    count = seat_media(folder, media);
    if (count)
        write_media(s, seat, media, count - 1);
}

/* The process of a session is at its end. */
static void end_seat(struct steward *s, struct seat *seat)
{
    int status = 0;
    char path[PATH_MAX];
    struct stat journal;
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
        if (steward_begin_seat(s, seat, person, &error))
            return;
        snprintf(seat->reason, sizeof seat->reason, "%.500s", error.what);
    }
    seat->again_by[0] = '\0';
    seat->insert = DRIVE_ABSENT; /* who resumes it later did not ask for that */
    if (seat->question)
        steward_answer_error(s, seat->question, WIFEXITED(status) && WEXITSTATUS(status) == STATUS_CLOSED ? 403 : 422,
                             *seat->reason ? seat->reason : "the session did not begin");
    steward_seat_path(s, seat, SEAT_JOURNAL, path);
    /* One that never ran leaves nothing. */
    if (seat->discarded || (seat->question && (stat(path, &journal) ? errno == ENOENT : !journal.st_size))) {
        steward_seat_path(s, seat, "", path);
        job_remove(path);
        seat->id[0] = '\0';
    } else {
        write_about(s, seat);
    }
    seat->question = 0;
}

void steward_hear_seat(struct steward *s, struct seat *seat)
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
        seat->leaves = left ? monotonic_milliseconds() + left * 1000 : 0;
    } else if (!strcmp(text, SEAT_OFF)) {
        seat->state = SEAT_IS_OFF;
    } else if (!strncmp(text, SEAT_SUSPENDED, strlen(SEAT_SUSPENDED))) {
        seat->state = SEAT_RESTS;
        seat->cause = !strcmp(text, SEAT_IDLE) ? CAUSE_IDLE : !strcmp(text, SEAT_LONGEST) ? CAUSE_LONGEST : seat->cause;
    } else if (!strncmp(text, SEAT_FAILED, strlen(SEAT_FAILED))) {
        seat->state = SEAT_BROKE;
        steward_soften(s, text);
        snprintf(seat->reason, sizeof seat->reason, "%.500s", text + strlen(SEAT_FAILED));
    }
    if (seat->question && (seat->state == SEAT_RUNS || seat->state == SEAT_REPEATS)) {
        answer_seat(s, seat->question, seat);
        seat->question = 0;
    }
}

bool steward_tell_seat(const struct seat *seat, char byte)
{
    return send(seat->control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

/* A session may no longer see its archive: it suspends itself, and so its screens end; what it has done is kept. One
 * that does not is ended when the storage process reports it the next time. */
static void close_seat(struct seat *seat, const char *reason)
{
    snprintf(seat->reason, sizeof seat->reason, "the archive %s", reason);
    if (seat->closing || !steward_tell_seat(seat, SEAT_SUSPEND))
        kill(seat->process, SIGKILL);
    seat->closing = true;
}

/* Sessions run on without it, and read for themselves; another one watches their rights. After two that fell one after
 * the other, sessions are suspended, and the next waits until somebody needs it. */
void steward_hear_storage(struct steward *s)
{
    char id[STORAGE_ID + 1], reason[STORAGE_REASON];
    const bool lives = storage_hear(&s->storage, id, reason);
    const bool again = !lives && monotonic_milliseconds() - s->storage_begun >= STORAGE_LIFE_MS;
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
        seat->watch = again ? steward_ask_storage(s, seat->id, seat->archive, seat->override, &error) : -1;
        if (seat->watch < 0)
            close_seat(seat, "cannot be read: the storage process has ended twice");
    }
}

/* A session that a reader may have: his own. What an archivist opened for a reason is none. */
static bool is_readers(const struct seat *seat, const char *person)
{
    return !strcmp(seat->owner, person) && !*seat->override;
}

struct seat *steward_find_seat(struct steward *s, const struct question *q)
{
    for (size_t i = 0; i < SEATS; i++) {
        struct seat *seat = &s->seats[i];
        struct pollfd control = {.fd = seat->control, .events = POLLIN};
        if (!*q->what || strcmp(seat->id, q->what) || (!q->archivist && !is_readers(seat, q->person)))
            continue;
        for (unsigned n = 0; n < HEARD_MOST && seat->process && poll(&control, 1, 0) > 0; n++)
            steward_hear_seat(s, seat);
        return *seat->id ? seat : NULL;
    }
    return NULL;
}

static void on_open(struct steward *s, struct question *q)
{
    char path[PATH_MAX], archive[PATH_MAX], name[PATH_MAX];
    struct error error;
    struct seat *seat = NULL;
    unsigned own = 0;
    bool good = true;

    if (!steward_take_reason(s, q))
        return;
    for (size_t i = 0; i < SEATS; i++)
        if (!*s->seats[i].id)
            seat = seat ? seat : &s->seats[i];
        else
            own += !strcmp(s->seats[i].owner, q->person);
    if (!q->archivist && own >= READER_SEATS)
        seat = NULL;
    if (!seat || !steward_archive_path(s, q->what, archive)) {
        steward_answer_error(s, q->number, seat ? 404 : 503,
                             seat ? "there is no archive of that name" : "there are too many sessions; discard one");
        return;
    }
    *seat = (struct seat){.control = -1, .watch = -1, .question = q->number, .opened = (uint64_t)time(NULL)};
    steward_new_id(seat->id);
    snprintf(seat->archive, sizeof seat->archive, "%s", q->what);
    snprintf(seat->owner, sizeof seat->owner, "%.16s", q->person);
    steward_seat_path(s, seat, "", path);
    if (q->reason)
        snprintf(seat->override, sizeof seat->override, "%s", q->reason);
    if (mkdir(path, 0700) || !write_about(s, seat))
        good = error_host(&error, "the session", errno, "cannot be kept");
    else if (strcmp(q->lines, "power-on") != 0 && opening_name(s->state, archive, name))
        opening_use(name, path);
    if (good && steward_begin_seat(s, seat, q->person, &error))
        return;
    steward_answer_failure(s, q->number, 500, &error);
    job_remove(path);
    seat->id[0] = '\0';
}

static void on_sessions(struct steward *s, struct question *q)
{
    FILE *file = steward_new_file();

    for (size_t i = 0; file && i < SEATS; i++)
        if (*s->seats[i].id && (q->archivist || is_readers(&s->seats[i], q->person)))
            print_seat(file, &s->seats[i], q->person);
    steward_answer_file(s, q->number, 200, LINES, file);
}

static void on_suspend(struct steward *s, struct question *q)
{
    struct seat *seat = steward_find_seat(s, q);

    if (!seat) {
        steward_answer_error(s, q->number, 404, "there is no such session");
        return;
    }
    if (seat->process && !steward_tell_seat(seat, SEAT_SUSPEND)) {
        steward_answer_error(s, q->number, 503, "the session is busy; try again");
        return;
    }
    if (seat->process && seat->state < SEAT_RESTS)
        seat->cause = CAUSE_HAND;
    answer_seat(s, q->number, seat);
}

static void on_resume(struct steward *s, struct question *q)
{
    struct seat *seat = steward_find_seat(s, q);
    struct error error;

    if (!seat || seat->question) {
        steward_answer_error(s, q->number, 404, "there is no such session");
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
    if (steward_begin_seat(s, seat, q->person, &error))
        seat->question = q->number;
    else
        steward_answer_failure(s, q->number, 500, &error);
}

static void on_discard(struct steward *s, struct question *q)
{
    struct seat *seat = steward_find_seat(s, q);
    char path[PATH_MAX];

    if (!seat) {
        steward_answer_error(s, q->number, 404, "there is no such session");
        return;
    }
    answer_seat(s, q->number, seat);
    seat->discarded = true;
    if (seat->process) {
        if (!steward_tell_seat(seat, SEAT_DISCARD))
            kill(seat->process, SIGKILL);
        return;
    }
    steward_seat_path(s, seat, "", path);
    job_remove(path);
    seat->id[0] = '\0';
}

static void on_stay(struct steward *s, struct question *q)
{
    struct seat *seat = steward_find_seat(s, q);

    if (!seat)
        steward_answer_error(s, q->number, 404, "there is no such session");
    else if (seat->process && !steward_tell_seat(seat, LIVE_STAY))
        steward_answer_error(s, q->number, 503, "the session is busy; try again");
    else
        answer_seat(s, q->number, seat);
}

bool steward_has_image(void *context, const char *image)
{
    struct steward *s = context;
    char media[SEAT_MEDIA_MOST][PATH_MAX], folder[PATH_MAX];

    for (size_t i = 0; i < SEATS; i++) {
        if (!*s->seats[i].id)
            continue;
        steward_seat_path(s, &s->seats[i], "", folder);
        for (unsigned n = seat_media(folder, media); n-- > 0;)
            if (!strcmp(media[n], image))
                return true;
    }
    return false;
}

/* Hands one end of a stream to the session, and the other to the gate. */
static void hand_stream(struct steward *s, const struct door *door, const struct seat *seat)
{
    struct iovec part = {(void *)&door->byte, 1};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends)) {
        steward_answer(s, door->question, 500, JSON, 0, -1);
        return;
    }
    if (message_send(seat->control, &part, 1, &ends[1], 1, MSG_DONTWAIT) == 1)
        steward_answer(s, door->question, 200, JSON, 0, ends[0]);
    else
        steward_answer(s, door->question, 404, JSON, 0, -1);
    close(ends[0]);
    close(ends[1]);
}

void steward_hear_door(struct steward *s, struct door *door)
{
    struct pages_offer offer = {.why = {.status = STATUS_HOST}};
    size_t count = 0; /* the archive itself is for sessions: its descriptors are closed */
    const ssize_t got = message_receive(door->socket, &offer, sizeof offer, NULL, &count, MSG_DONTWAIT);
    const struct seat *seat = NULL;

    if (got < 0 && errno == EAGAIN)
        return;
    close(door->socket);
    door->socket = -1;
    for (size_t i = 0; i < SEATS; i++)
        if (!strcmp(s->seats[i].id, door->session) && s->seats[i].process)
            seat = &s->seats[i];
    if (seat && got == sizeof offer && offer.why.status == STATUS_OK)
        hand_stream(s, door, seat);
    else
        steward_answer(s, door->question, seat ? 403 : 404, JSON, 0, -1);
}

/* The archive's rights are asked for as they are now: those of what runs are looked at every few seconds only. */
static void open_door(struct steward *s, struct question *q, char byte)
{
    const struct seat *seat = steward_find_seat(s, q);
    struct door *door = NULL;
    struct error error;
    char id[17];

    for (size_t i = 0; i < DOORS && !door; i++)
        door = s->doors[i].socket < 0 ? &s->doors[i] : NULL;
    if (!seat || !seat->process || !door) {
        steward_answer(s, q->number, door ? 404 : 503, JSON, 0, -1);
        return;
    }
    steward_new_id(id); /* of no session: what storage reports of it is about this question alone */
    *door = (struct door){.socket = steward_ask_storage(s, id, seat->archive, seat->override, &error),
                          .question = q->number,
                          .byte = byte};
    memcpy(door->session, seat->id, sizeof door->session);
    if (door->socket < 0)
        steward_answer(s, q->number, 500, JSON, 0, -1);
}

static void on_viewer(struct steward *s, struct question *q)
{
    open_door(s, q, *q->lines ? 'w' : 'v');
}

static void on_sound(struct steward *s, struct question *q)
{
    open_door(s, q, LIVE_HEAR);
}

static enum seat_cause cause_of(const char *name)
{
    enum seat_cause cause = CAUSES;

    while (cause > CAUSE_DESK && strcmp(cause_names[--cause], name) != 0)
        continue;
    return cause;
}

/* Takes a session of an earlier desk up. */
static void find_session(struct steward *s, struct seat *seat, const char *id)
{
    char path[PATH_MAX], line[600];
    FILE *file;

    *seat = (struct seat){.control = -1, .watch = -1, .state = SEAT_RESTS};
    memcpy(seat->id, id, sizeof seat->id);
    steward_seat_path(s, seat, "about", path);
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
        else if (!strncmp(line, "reason: ", 8))
            snprintf(seat->reason, sizeof seat->reason, "%.500s", line + 8);
        else if (!strncmp(line, "suspended: ", 11))
            seat->cause = cause_of(line + 11);
        else if (!strcmp(line, "off: 1"))
            seat->state = SEAT_IS_OFF;
    }
    if (file)
        fclose(file);
    if (!*seat->archive)
        seat->id[0] = '\0';
}

void steward_find_sessions(struct steward *s)
{
    char path[PATH_MAX];
    struct dirent *entry;
    size_t count = 0;
    DIR *dir;

    steward_path(s->state, "sessions", path);
    dir = opendir(path);
    while (dir && count < SEATS && (entry = readdir(dir)))
        if (strlen(entry->d_name) == 16 && strspn(entry->d_name, "0123456789abcdef") == 16) {
            find_session(s, &s->seats[count], entry->d_name);
            count += *s->seats[count].id != '\0';
        }
    if (dir)
        closedir(dir);
}

const struct steward_verb steward_seat_verbs[] = {
    {.verb = "open", .on = on_open},     {.verb = "sessions", .on = on_sessions}, {.verb = "suspend", .on = on_suspend},
    {.verb = "resume", .on = on_resume}, {.verb = "discard", .on = on_discard},   {.verb = "viewer", .on = on_viewer},
    {.verb = "sound", .on = on_sound},   {.verb = "stay", .on = on_stay},         {.verb = NULL},
};
