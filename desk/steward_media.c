/* steward_media.c - see steward_parts.h: images that are brought and put into drives, and people who come in: acts that
 * the office's log has. */
#include "desk/steward_parts.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/json.h"

#define FLOPPY_MOST (5760 * 512) /* bytes: 2.88M */

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
    FILE *file = steward_new_file();
    struct dirent *entry;
    struct stat status;
    DIR *dir;

    steward_path(s->library, "media", folder);
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
    steward_answer_file(s, q->number, 200, LINES, file);
}

static void answer_upload(struct steward *s, unsigned question, const char *id, uint64_t have, const char *digest)
{
    FILE *file = steward_new_file();

    if (file) {
        json_member(file, "{", "id", id);
        json_member(file, ", ", "image", digest);
        fprintf(file, ", \"have\": %" PRIu64 "}", have);
    }
    steward_answer_file(s, question, 200, JSON, file);
}

/* Somebody comes in by a link, or makes one for somebody else; what: the role. */
static void on_door(struct steward *s, struct question *q)
{
    struct job_line *line = calloc(1, sizeof *line);
    struct act act;

    if (!line || (!strcmp(q->verb, "link") && !q->archivist)) {
        steward_answer_error(s, q->number, line ? 403 : 500, "only an archivist lets people in");
    } else if (steward_begin_act(s, q, q->verb, q->what, line, &act)) {
        if (act_end(&act, STATUS_OK) == STATUS_OK)
            steward_answer(s, q->number, 200, JSON, 0, -1);
        else
            steward_answer_error(s, q->number, 500, "the office's log could not record it");
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
        steward_answer_error(s, q->number, 403, "only an archivist brings images");
        return;
    }
    uploads_forget(&s->uploads, steward_has_image, s);
    if (size) {
        *size++ = '\0';
        upload = upload_begin(&s->uploads, q->person, q->lines, strtoull(size, NULL, 10), &error);
    }
    if (upload)
        answer_upload(s, q->number, upload->id, 0, "");
    else
        steward_answer_error(s, q->number, 422, size ? error.what : "name the image and its size");
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
        steward_answer_error(s, q->number, 404, "there is no such upload");
        free(line);
        return;
    }
    size = upload->size;
    if (!upload_add(&s->uploads, upload, q->lines, &error)) {
        steward_answer_error(s, q->number, 422, error.what);
    } else if (upload->have < size) {
        answer_upload(s, q->number, upload->id, upload->have, "");
    } else if (!steward_begin_act(s, q, "upload", upload->name, line, &act)) {
        upload_abandon(&s->uploads, upload);
    } else if (!upload_keep(&s->uploads, upload, digest, &error)) {
        act_end(&act, error.status);
        steward_answer_failure(s, q->number, 500, &error);
    } else {
        act_fact(&act, "sha256", digest);
        if (act_end(&act, STATUS_OK) == STATUS_OK)
            answer_upload(s, q->number, q->what, size, digest);
        else
            steward_answer_error(s, q->number, 500, "it is kept, but the office's log could not record so");
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
        if (!steward_tell_seat(seat, SEAT_SUSPEND))
            kill(seat->process, SIGTERM);
    } else if (!steward_begin_seat(s, seat, q->person, &error)) {
        seat->question = 0;
        seat->insert = DRIVE_ABSENT;
        steward_answer_failure(s, q->number, 500, &error);
    }
}

/* Lines: "floppy" or "cd", and the image; or nothing, to take out what is there. The journal has it as it has all that
 * enters. */
static void on_insert(struct steward *s, struct question *q)
{
    struct seat *seat = steward_find_seat(s, q);
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
        steward_answer_error(s, q->number, 404, "there is no such session");
    else if (seat->question || *seat->again_by || seat->state == SEAT_IS_OFF)
        steward_answer_error(s, q->number, 503, "the session is busy; try again");
    else if ((!floppy && strcmp(q->lines, "cd") != 0) || (image && !find_medium(s, q, image, floppy, path)))
        steward_answer_error(s, q->number, 422, "this is no raw image of a medium of that drive");
    else if (!steward_begin_act(s, q, "insert", seat->archive, line, &act))
        ; /* that was answered */
    else if (image && !steward_note_medium(s, seat, path)) {
        act_end(&act, STATUS_INPUT);
        steward_answer_error(s, q->number, 422, "too many images were put into this session");
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

const struct steward_verb steward_media_verbs[] = {
    {.verb = "enter", .on = on_door},
    {.verb = "link", .on = on_door},
    {.verb = "media", .on = on_media},
    {.verb = "upload", .on = on_upload},
    {.verb = "upload-piece", .on = on_upload_piece},
    {.verb = "insert", .on = on_insert},
    {.verb = NULL},
};
