/* steward_jobs.c - see steward_parts.h: questions about archives, and what a session left, are answered by jobs, which
 * are remembered by how long they took. */
#include "desk/steward_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/opening.h"
#include "desk/work.h"
#include "formats/json.h"
#include "formats/monotonic.h"

#define PERSON_JOBS 8u /* of one person at a time */
#define PICTURE "image/png"
#define ZIP "application/zip"
#define ZIP_IN_PART ZIP ";in-part=1" /* not all was read whole; its files.csv says what */

static unsigned http_status(enum status status)
{
    static const uint16_t of[] = {
        [STATUS_OK] = 200,   [STATUS_WRONG] = 200,     [STATUS_USAGE] = 422, [STATUS_INPUT] = 422,
        [STATUS_HOST] = 500, [STATUS_UNDECIDED] = 200, [STATUS_CLOSED] = 403};

    return status <= STATUS_CLOSED ? of[status] : 500;
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
    s->paces[i] = (struct pace){job->verb, job->about, monotonic_milliseconds() - job->begun};
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
        steward_answer_error(s, q->number, 503, "too much is under way; try again");
        return;
    }
    if (seat)
        steward_seat_path(s, seat, "", session);
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
                        .begun = monotonic_milliseconds(),
                        .about = hash_of(seat ? session : path)};
    snprintf(job->person, sizeof job->person, "%.16s", q->person);
    snprintf(w->path, sizeof w->path, "%s", path);
    if (folder) {
        snprintf(w->folder, sizeof w->folder, "%.3900s/tmp/%u", s->state, ++s->made);
        mkdir(w->folder, 0700);
        memcpy(job->remove, w->folder, sizeof job->remove);
    }
    if (!job_begin(job, &storage, storage >= 0, work, w, &error)) {
        steward_answer_failure(s, q->number, 500, &error);
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

/* What a job wrote to its standard error. */
static void read_errors(const struct steward *s, int descriptor, char text[2048])
{
    ssize_t got = pread(descriptor, text, 2047, 0);

    text[got > 0 ? got : 0] = '\0';
    steward_soften(s, text);
}

static bool answer_picture(struct steward *s, unsigned question, const char *picture)
{
    struct stat status;
    int descriptor = open(picture, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_size > 0;

    if (good)
        steward_answer(s, question, 200, PICTURE, (uint64_t)status.st_size, descriptor);
    if (descriptor >= 0)
        close(descriptor);
    return good;
}

/* Lists of volumes and files hold what may be seen, and is sound; why there is not more stands in a line after them. */
static bool is_list(const struct job *job)
{
    static const char *const verbs[] = {"volumes", "files", "session-volumes", "session-files"};
    bool found = false;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        found = found || !strcmp(job->verb, verbs[i]);
    return found;
}

/* The new length of the answer. */
static off_t add_warning(const struct job *job, const char *text, bool closed)
{
    const int descriptor = dup(job->out);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");

    if (file) {
        json_member(file, "{", "warning", text);
        fprintf(file, ", \"closed\": %s}\n", closed ? "true" : "false");
        fclose(file);
    } else if (descriptor >= 0) {
        close(descriptor);
    }
    return lseek(job->out, 0, SEEK_END);
}

void steward_end_job(struct steward *s, struct job *job)
{
    enum status status = job_end(job);
    off_t length = lseek(job->out, 0, SEEK_END);
    char text[2048], path[PATH_MAX];

    remember_pace(s, job);
    read_errors(s, job->err, text);
    if (length > 0 && *text && is_list(job)) {
        length = add_warning(job, text, status == STATUS_CLOSED);
        status = STATUS_OK;
    }
    if (*job->keep) {
        opening_path(job->keep, OPENING_PICTURE, path);
        if (status != STATUS_OK || !opening_keep(job->remove, job->keep) || !answer_picture(s, job->question, path))
            steward_answer_error(s, job->question, status == STATUS_CLOSED ? 403 : 404, text);
    } else if (length > 0 && http_status(status) == 200) {
        steward_answer(s, job->question, 200,
                       status == STATUS_WRONG && !strcmp(job->type, ZIP) ? ZIP_IN_PART : job->type, (uint64_t)length,
                       job->out);
    } else if (status == STATUS_OK) {
        steward_answer(s, job->question, 200, job->type, 0, job->out);
    } else {
        steward_answer_error(s, job->question, status == STATUS_WRONG ? 422 : http_status(status), text);
    }
    close(job->out);
    close(job->err);
    job_remove(job->remove);
    job->question = 0;
}

static void on_library(struct steward *s, struct question *q)
{
    begin_job(s, q, NULL, s->library, LINES, false, work_library);
}

static void on_archive(struct steward *s, const struct question *q, const char *type, bool folder,
                       enum status (*work)(void *context))
{
    char path[PATH_MAX];

    if (steward_archive_path(s, q->what, path))
        begin_job(s, q, NULL, path, type, folder, work);
    else
        steward_answer_error(s, q->number, 404, "there is no archive of that name");
}

static void on_info(struct steward *s, struct question *q)
{
    on_archive(s, q, JSON, false, work_info);
}

static void on_files(struct steward *s, struct question *q)
{
    if (steward_take_reason(s, q))
        on_archive(s, q, LINES, false, work_files);
}

static void on_volumes(struct steward *s, struct question *q)
{
    if (steward_take_reason(s, q))
        on_archive(s, q, LINES, false, work_volumes);
}

static void on_retrieve(struct steward *s, struct question *q)
{
    if (steward_take_reason(s, q))
        on_archive(s, q, ZIP, true, work_retrieve);
}

static void on_verify(struct steward *s, struct question *q)
{
    if (q->archivist)
        on_archive(s, q, LINES, false, work_verify);
    else
        steward_answer_error(s, q->number, 403, "only an archivist verifies");
}

static void on_picture(struct steward *s, struct question *q)
{
    char path[PATH_MAX], name[PATH_MAX], picture[PATH_MAX], id[17];
    struct error error;
    int storage;

    if (!steward_archive_path(s, q->what, path) || !opening_name(s->state, path, name)) {
        steward_answer_error(s, q->number, 404, "there is no archive of that name");
        return;
    }
    opening_path(name, OPENING_PICTURE, picture);
    if (access(picture, F_OK) == 0) {
        begin_job(s, q, NULL, path, PICTURE, false, work_picture);
        return;
    }
    for (size_t i = 0; i < JOBS_MOST; i++)
        if (s->jobs[i].question && *s->jobs[i].keep) {
            steward_answer_error(s, q->number, 503, "another picture is being taken");
            return;
        }
    steward_new_id(id);
    storage = steward_ask_storage(s, id, q->what, "", &error);
    if (storage < 0) {
        steward_answer_failure(s, q->number, 500, &error);
        return;
    }
    begin_job_at(s, q, NULL, path, PICTURE, true, work_picture, storage);
    close(storage);
    for (size_t i = 0; i < JOBS_MOST; i++)
        if (s->jobs[i].question == q->number)
            memcpy(s->jobs[i].keep, name, sizeof name);
}

void steward_seat_job(struct steward *s, struct question *q, const char *type, enum status (*work)(void *context))
{
    struct seat *seat = steward_find_seat(s, q);
    char path[PATH_MAX];

    if (seat && *seat->override && q->archivist)
        q->reason = seat->override;
    if (seat && steward_archive_path(s, seat->archive, path))
        begin_job(s, q, seat, path, type, true, work);
    else
        steward_answer_error(s, q->number, 404,
                             seat ? "its archive is not in the library" : "there is no such session");
}

/* What is under way for somebody, with an estimate. */
static void on_jobs(struct steward *s, struct question *q)
{
    FILE *file = steward_new_file();

    for (size_t i = 0; file && i < JOBS_MOST; i++)
        if (s->jobs[i].question && !strcmp(s->jobs[i].person, q->person)) {
            json_member(file, "{", "verb", s->jobs[i].verb);
            fprintf(file, ", \"elapsed\": %" PRIu64 ", \"expected\": %" PRIu64 "}\n",
                    monotonic_milliseconds() - s->jobs[i].begun, expected(s, &s->jobs[i]));
        }
    steward_answer_file(s, q->number, 200, LINES, file);
}

const struct steward_verb steward_job_verbs[] = {
    {.verb = "library", .on = on_library},
    {.verb = "info", .on = on_info},
    {.verb = "files", .on = on_files},
    {.verb = "volumes", .on = on_volumes},
    {.verb = "retrieve", .on = on_retrieve},
    {.verb = "verify", .on = on_verify},
    {.verb = "picture", .on = on_picture},
    {.verb = "session-files", .type = LINES, .work = work_files},
    {.verb = "session-volumes", .type = LINES, .work = work_volumes},
    {.verb = "journal", .type = "text/plain; charset=utf-8", .work = work_journal},
    {.verb = "session-retrieve", .type = ZIP, .work = work_retrieve},
    {.verb = "prints", .type = LINES, .work = work_prints},
    {.verb = "print-pdf", .type = "application/pdf", .work = work_print_pdf},
    {.verb = "print-raw", .type = "application/octet-stream", .work = work_print_raw},
    {.verb = "film", .type = "application/octet-stream", .work = work_film},
    {.verb = "jobs", .on = on_jobs},
    {.verb = NULL},
};
