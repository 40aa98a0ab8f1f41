/* work.c - see work.h. */
#define _DEFAULT_SOURCE /* strsep */
#include "desk/work.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/jail.h"
#include "desk/opening.h"
#include "desk/paper.h"
#include "desk/print.h"
#include "desk/rights.h"
#include "desk/seat.h"
#include "desk/watch.h"
#include "formats/json.h"

#define FOLDERS_MOST 20u      /* that a job may reach: those of work_judging, and what else there is */
#define FILM_LOOKS 3000       /* pictures of a film, at most, or so */
#define FILM_MOST (64u << 20) /* bytes */

/* --- Command lines --- */

static const char *const judging[] = {"--trust", "--evidence", "--tsa-trust", "--library"};

const char *work_judging(const struct arguments *arguments, struct work_place *place)
{
    const char *path = NULL;

    for (; place->option < sizeof judging / sizeof judging[0]; place->option++, place->position = 0) {
        place->name = judging[place->option];
        if ((path = argument_next(arguments, place->name, &place->position)))
            break;
    }
    return path;
}

void work_trust(const struct arguments *arguments, struct job_line *line)
{
    struct work_place place = {.option = 0};
    const char *path;

    while ((path = work_judging(arguments, &place)))
        job_option(line, place.name, path);
}

void work_log(const struct arguments *arguments, const char *person, struct job_line *line)
{
    const char *log = argument_value(arguments, "--log");

    job_option(line, "--log", log);
    job_option(line, "--by", log ? person : NULL);
}

/* A path in its own folder. */
static void own_path(const struct work *w, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.4000s/%s", w->folder, name);
}

/* The drive and partition that the first line names, "drive=SLOT:N"; null: none. It is cut off. */
static const char *take_drive(struct work *w)
{
    static const char word[] = "drive=";
    const char *drive = NULL;

    if (!strncmp(w->lines, word, sizeof word - 1))
        drive = strsep(&w->lines, "\n") + sizeof word - 1;
    if (!w->lines)
        w->lines = "";
    return drive;
}

/* The command line of a job: its archive, and what a session wrote there. */
static void begin_line(struct work *w, const char *command, char overlay[PATH_MAX])
{
    job_command(&w->line, command);
    job_operand(&w->line, w->path);
    work_trust(w->arguments, &w->line);
    job_option(&w->line, "--override", w->reason);
    if (w->overlaid) {
        own_path(w, SEAT_OVERLAY, overlay);
        job_option(&w->line, "--overlay", overlay);
    }
}

/* The folder of a file that an option names. */
static void folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    snprintf(folder, PATH_MAX, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
}

/* index: the library's index may be written. media: a folder that is read besides; null: none. */
static bool lock_in(const struct work *w, bool index, const char *media, struct error *error)
{
    const char *log = argument_value(w->arguments, "--log"), *path;
    char log_folder[PATH_MAX];
    struct jail_folder folders[FOLDERS_MOST] = {{w->library, index}};
    struct work_place place = {.option = 0};
    size_t count = 1;

    folder_of(log, log_folder);
    if (log)
        folders[count++] = (struct jail_folder){log_folder, true};
    if (*w->folder)
        folders[count++] = (struct jail_folder){w->folder, true};
    if (*w->session)
        folders[count++] = (struct jail_folder){w->session, false};
    if (media)
        folders[count++] = (struct jail_folder){media, false};
    while (count < FOLDERS_MOST && (path = work_judging(w->arguments, &place)))
        folders[count++] = (struct jail_folder){path, false};
    return jail_enter(JAIL_RUN, folders, count, &(struct jail_limits){.seconds = JOB_SECONDS}, error);
}

static enum status carry_out(struct work *w, bool index, enum status (*run)(const struct arguments *arguments))
{
    struct error error;

    return lock_in(w, index, NULL, &error) ? run(&w->line.arguments) : desk_fail(&error);
}

enum status work_library(void *context)
{
    struct work *w = context;

    job_command(&w->line, "ls");
    job_operand(&w->line, w->library);
    work_trust(w->arguments, &w->line);
    job_option(&w->line, "--json", "");
    job_option(&w->line, "--log", argument_value(w->arguments, "--log"));
    return carry_out(w, true, ls_run);
}

enum status work_info(void *context)
{
    struct work *w = context;

    begin_line(w, "info", NULL);
    job_option(&w->line, "--json", "");
    job_option(&w->line, "--log", argument_value(w->arguments, "--log"));
    return carry_out(w, false, info_run);
}

/* The overlay of a session that may still run: a copy, whose last record may be torn, which its reader forgives. Of a
 * drive, if one is named. */
static bool copy_overlay(struct work *w, const char *drive)
{
    char from[PATH_MAX], to[PATH_MAX], name[32];
    bool good = true;

    for (unsigned slot = 0; *w->session && good && slot < DRIVE_COUNT; slot++) {
        const size_t length = strlen(drive_slot_names[slot]);
        int out;
        if (drive && (strncmp(drive, drive_slot_names[slot], length) || drive[length] != ':'))
            continue;
        snprintf(name, sizeof name, SEAT_OVERLAY ".%s", drive_slot_names[slot]);
        snprintf(from, sizeof from, "%.4000s/%s", w->session, name);
        if (access(from, F_OK))
            continue;
        own_path(w, name, to);
        out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        good = out >= 0 && job_copy(from, out);
        if (out >= 0)
            close(out);
        w->overlaid = true;
    }
    return good;
}

/* This command and the next two let a process that is locked in read the volume (reader.h). */
enum status work_files(void *context)
{
    struct work *w = context;
    const char *drive = take_drive(w);
    char overlay[PATH_MAX];

    if (!copy_overlay(w, drive))
        return STATUS_HOST;
    begin_line(w, "files", overlay);
    job_option(&w->line, "--drive", drive);
    job_option(&w->line, "--json", "");
    work_log(w->arguments, w->person, &w->line);
    return files_run(&w->line.arguments);
}

enum status work_volumes(void *context)
{
    struct work *w = context;
    char overlay[PATH_MAX];

    if (!copy_overlay(w, NULL))
        return STATUS_HOST;
    begin_line(w, "files", overlay);
    job_option(&w->line, "--volumes", "");
    job_option(&w->line, "--json", "");
    work_log(w->arguments, w->person, &w->line);
    return files_run(&w->line.arguments);
}

/* Takes the files that the lines name into a bag, and sends it as a ZIP. */
enum status work_retrieve(void *context)
{
    struct work *w = context;
    const char *drive = take_drive(w);
    struct error error;
    char overlay[PATH_MAX], bag[PATH_MAX], *rest = w->lines, *line;
    int out = dup(STDOUT_FILENO);
    enum status status;

    own_path(w, "records.zip", bag);
    if (!copy_overlay(w, drive) || out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return STATUS_HOST;
    begin_line(w, "retrieve", overlay);
    while ((line = strsep(&rest, "\n")))
        if (*line && !job_operand(&w->line, line))
            return error_set(&error, STATUS_USAGE, "records", NULL, "choose fewer, or a whole folder",
                             "too many files are named"),
                   desk_fail(&error);
    job_option(&w->line, "--drive", drive);
    job_option(&w->line, "-o", bag);
    job_option(&w->line, "--as", "zip");
    job_option(&w->line, "--key", argument_value(w->arguments, "--key"));
    work_log(w->arguments, w->person, &w->line);
    status = retrieve_run(&w->line.arguments);
    fflush(stdout);
    if (!job_copy(bag, out))
        return status > STATUS_OK ? status : STATUS_WRONG;
    return status == STATUS_OK ? STATUS_OK : STATUS_WRONG; /* not all was read whole */
}

enum status work_verify(void *context)
{
    struct work *w = context;

    begin_line(w, "verify", NULL);
    job_option(&w->line, "--json", "");
    job_option(&w->line, "--threads", "1");
    work_log(w->arguments, w->person, &w->line);
    return verify_run(&w->line.arguments);
}

/* --- Pictures --- */

static bool may_see(struct work *w, struct error *error)
{
    struct archive *archive = desk_open_archive(&w->line.arguments, w->path, error);
    bool good = archive && desk_may_see(&w->line.arguments, archive, error);

    archive_close(archive);
    return good;
}

/* Who may not see the archive today sees no picture of it, old or new. A session locks itself in. */
enum status work_picture(void *context)
{
    struct work *w = context;
    struct error error;
    char name[PATH_MAX], picture[PATH_MAX], openings[PATH_MAX];
    int out;

    begin_line(w, "serve", NULL);
    job_option(&w->line, "--log", argument_value(w->arguments, "--log"));
    if (*w->folder) {
        /* What is written to standard output becomes the picture. */
        opening_made(w->folder, OPENING_PICTURE, picture);
        out = open(picture, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        return out >= 0 && dup2(out, STDOUT_FILENO) >= 0
                   ? seat_prepare(&(struct seat_request){.archive = w->path,
                                                         .storage = w->storage,
                                                         .folder = w->folder,
                                                         .interprets = seat_interprets(w->arguments)},
                                  OPENING_SECONDS)
                   : STATUS_HOST;
    }
    snprintf(openings, sizeof openings, "%.4000s/openings", w->state);
    if (!opening_name(w->state, w->path, name))
        return STATUS_HOST;
    if (!lock_in(w, false, openings, &error) || !may_see(w, &error))
        return desk_fail(&error);
    opening_path(name, OPENING_PICTURE, picture);
    return job_copy(picture, STDOUT_FILENO) ? STATUS_OK : STATUS_HOST;
}

/* --- Prints --- */

static void printed_byte(void *printing, uint8_t byte, uint64_t tick)
{
    print_byte(printing, byte, tick);
}

static void printed_look(void *printing, uint64_t tick, uint64_t ticks_per_second)
{
    print_look(printing, tick, ticks_per_second);
}

/* Makes the jobs of a session in the folder; returns how many there are, or -1. What was printed may be made to do
 * harm: it is read behind the jail's door, and PostScript by a process that is locked in apart (ghostscript.h). */
static int make_prints(struct work *w, struct error *error)
{
    struct paper_reader reader = {.byte = printed_byte, .look = printed_look};
    char from[PATH_MAX];
    struct printing *printing;
    struct error lost;
    bool under_way;
    int paper, count = 0;

    snprintf(from, sizeof from, "%.4000s/" SEAT_PAPER, w->session);
    begin_line(w, "serve", NULL);
    job_option(&w->line, "--log", argument_value(w->arguments, "--log"));
    printing = print_open(w->folder, NULL, true, error);
    if (!printing)
        return -1;
    paper = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (!lock_in(w, false, NULL, error) || !may_see(w, error)) {
        print_close(printing);
        return -1;
    }
    reader.context = printing;
    if (paper >= 0 && paper_read(paper, &reader)) {
        print_end(printing, &lost); /* a job without a PDF has its bytes */
        count = (int)print_jobs(printing, &under_way);
    }
    print_close(printing);
    return count;
}

static bool print_path(const struct work *w, int number, const char *ending, char path[PATH_MAX])
{
    char name[32];

    snprintf(name, sizeof name, "%04d.%s", number, ending);
    own_path(w, name, path);
    return access(path, R_OK) == 0;
}

enum status work_prints(void *context)
{
    struct work *w = context;
    struct error error;
    char path[PATH_MAX];
    struct stat status;
    const int count = make_prints(w, &error);

    for (int i = 1; i <= count; i++)
        if (print_path(w, i, "prn", path) && stat(path, &status) == 0)
            printf("{\"number\": %d, \"bytes\": %lld, \"pdf\": %s}\n", i, (long long)status.st_size,
                   print_path(w, i, "pdf", path) ? "true" : "false");
    return count < 0 ? desk_fail(&error) : STATUS_OK;
}

/* Taking a print or a journal away is an act. */
static bool begin_act(struct work *w, const char *word, struct act *act, struct error *error)
{
    begin_line(w, "serve", NULL);
    work_log(w->arguments, w->person, &w->line);
    if (!act_begin(act, &w->line.arguments, word, w->path, error))
        return false;
    act_fact(act, "override", w->reason ? w->reason : "");
    return true;
}

static enum status give_print(struct work *w, const char *ending)
{
    const int number = (int)strtol(w->lines, NULL, 10);
    struct act act;
    struct error error;
    char path[PATH_MAX];
    bool good;
    int count;

    if (!begin_act(w, "print", &act, &error))
        return desk_fail(&error);
    count = make_prints(w, &error);
    good = count >= 0;
    if (good && (number < 1 || number > count || !print_path(w, number, ending, path)))
        good = error_set(&error, STATUS_INPUT, "print", NULL, "list the prints of the session again",
                         "there is no print %d of that kind", number);
    else if (good && !job_copy(path, STDOUT_FILENO))
        good = error_host(&error, "print", errno, "cannot read");
    return act_end(&act, good ? STATUS_OK : desk_fail(&error));
}

enum status work_print_pdf(void *context)
{
    return give_print(context, "pdf");
}

enum status work_print_raw(void *context)
{
    return give_print(context, "prn");
}

/* --- Journals --- */

enum status work_journal(void *context)
{
    struct work *w = context;
    struct act act;
    struct error error;
    char journal[PATH_MAX];
    bool good;

    if (!begin_act(w, "journal", &act, &error))
        return desk_fail(&error);
    snprintf(journal, sizeof journal, "%.4000s/" SEAT_JOURNAL, w->session);
    good = lock_in(w, false, NULL, &error) && may_see(w, &error) &&
           (job_copy(journal, STDOUT_FILENO) || error_host(&error, "journal", errno, "cannot read"));
    return act_end(&act, good ? STATUS_OK : desk_fail(&error));
}

/* --- Films --- */

/* The tick of a journal's last line, as far as it can be seen at once. */
static uint64_t last_tick(const char *path)
{
    char text[2049] = "", *line;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t length = file < 0 ? 0 : lseek(file, 0, SEEK_END);
    ssize_t got = file < 0 ? 0 : pread(file, text, 2048, length > 2048 ? length - 2048 : 0);

    if (file >= 0)
        close(file);
    text[got > 0 ? got : 0] = '\0';
    line = strrchr(text, '\n');
    if (line)
        *line = '\0';
    line = strrchr(text, '\n');
    line = line ? strchr(line, ' ') : NULL;
    return line ? strtoull(line + 1, NULL, 10) : 0;
}

/* Writes the pictures that the list in the folder names, one after the other. */
static void send_pictures(const char *folder)
{
    char path[PATH_MAX], line[256], name[64] = "";
    struct stat status;
    uint64_t sent = 0;
    double duration;
    FILE *list;

    snprintf(path, sizeof path, "%.4000s/frames.ffconcat", folder);
    list = fopen(path, "re");
    while (list && fgets(line, sizeof line, list)) {
        if (sscanf(line, "file %63[0-9a-z.]", name) == 1 || sscanf(line, "duration %lf", &duration) != 1)
            continue;
        snprintf(path, sizeof path, "%.3900s/%s", folder, name);
        if (stat(path, &status) || (sent += (uint64_t)status.st_size) > FILM_MOST)
            break;
        printf("{\"duration\": %.6f, \"length\": %lld}\n", duration, (long long)status.st_size);
        fflush(stdout);
        if (!job_copy(path, STDOUT_FILENO))
            break;
    }
    if (list)
        fclose(list);
}

/* The images that archivists brought are opened on the way. */
static bool film_lock_in(void *context, struct error *error)
{
    const struct work *w = context;
    char media[PATH_MAX];

    snprintf(media, sizeof media, "%.4000s/media", w->state);
    return lock_in(w, false, media, error);
}

/* The pictures may be as far apart as the session is long. */
enum status work_film(void *context)
{
    struct work *w = context;
    char folder[PATH_MAX], journal[PATH_MAX], every[32], media[SEAT_MEDIA_MOST][PATH_MAX];
    struct archive *archive;
    struct error error;
    enum status status;
    unsigned count = seat_media(w->session, media);
    double seconds;

    own_path(w, "film", folder);
    snprintf(journal, sizeof journal, "%.4000s/" SEAT_JOURNAL, w->session);
    begin_line(w, "film", NULL);
    archive = desk_open_archive(&w->line.arguments, w->path, &error);
    if (!archive)
        return desk_fail(&error);
    seconds = (double)last_tick(journal) / (archive_machine(archive)->mips * 1e6) / FILM_LOOKS;
    archive_close(archive);
    snprintf(every, sizeof every, "%.2f", seconds < 0.1 ? 0.1 : seconds < 3600 ? seconds : 3600);
    job_operand(&w->line, journal);
    job_option(&w->line, "-o", folder);
    job_option(&w->line, "--every", every);
    for (unsigned i = 0; i < count; i++)
        job_option(&w->line, "--media", media[i]);
    work_log(w->arguments, w->person, &w->line);
    setenv("TMPDIR", w->folder, 1); /* overlays that are thrown away */
    status = film_make(&w->line.arguments, film_lock_in, w);
    fflush(stdout); /* what it says is before the first picture */
    if (status == STATUS_OK)
        send_pictures(folder);
    return status;
}
