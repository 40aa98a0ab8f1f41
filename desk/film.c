/* film.c - the subcommand film: the picture of a recorded run, while it is repeated, as PNG files or, by ffmpeg, as a
 * film. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/bag.h"
#include "desk/desk.h"
#include "desk/png.h"
#include "desk/session.h"
#include "desk/watch.h"
#include "formats/output.h"
#include "formats/text.h"

struct film {
    const struct arguments *arguments;
    bool (*lock_in)(void *context, struct error *error); /* or null */
    void *lock_context;
    char path[PATH_MAX - 64];   /* of -o */
    char folder[PATH_MAX - 32]; /* where the pictures go */
    bool one_file;              /* ffmpeg makes one film of them */
    uint64_t every, due;        /* microseconds between looks; tick */
    uint64_t pictures, shown_at, tick, per_second;
    unsigned width, height; /* of the largest */
    struct text list;       /* ffconcat: which picture stands for how long */
    struct error error;
};

/* The folder, or, for a file with an ending that ffmpeg knows, a temporary one beside it. */
static bool begin(void *context, struct error *error)
{
    struct film *f = context;

    if (f->one_file && !output_may(f->path, argument_value(f->arguments, "--force"), error))
        return false;
    snprintf(f->folder, sizeof f->folder, f->one_file ? "%s.muniment-XXXXXX" : "%s", f->path);
    if (f->one_file ? !mkdtemp(f->folder) : mkdir(f->folder, 0777)) {
        if (errno == EEXIST)
            return error_set(error, STATUS_INPUT, f->path, NULL, "name another folder", "exists");
        error_host(error, f->folder, errno, "cannot make");
        *f->folder = '\0';
        return false;
    }
    text_print(&f->list, "ffconcat version 1.0\n");
    return !f->lock_in || f->lock_in(f->lock_context, error);
}

/* How long the last picture stood. */
static void end_picture(struct film *f, uint64_t tick)
{
    if (f->pictures)
        text_print(&f->list, "duration %.6f\n", (double)(tick - f->shown_at) / (double)f->per_second);
    f->shown_at = tick;
}

static bool has_changed(const struct film *f, const struct frame *frame)
{
    if (!f->pictures || frame->width != f->width || frame->height != f->height)
        return true;
    for (unsigned row = 0; row < frame->height; row++)
        if (frame->changed[row].first < frame->changed[row].end)
            return true;
    return false;
}

static void look(void *context, struct machine *machine, bool last)
{
    struct film *f = context;
    char path[PATH_MAX];
    struct frame frame;

    f->tick = machine_tick(machine);
    f->per_second = machine_ticks_per_second(machine);
    if ((f->tick < f->due && !last) || f->error.status != STATUS_OK)
        return;
    f->due = f->tick + f->every * (f->per_second / 1000000);
    machine_frame(machine, &frame);
    if (!frame.width || !frame.height || !has_changed(f, &frame))
        return;
    end_picture(f, f->tick);
    f->width = frame.width;
    f->height = frame.height;
    snprintf(path, sizeof path, "%s/%06" PRIu64 ".png", f->folder, ++f->pictures);
    text_print(&f->list, "file %06" PRIu64 ".png\n", f->pictures);
    png_write(path, frame.width, frame.height, frame.pixels, false, &f->error);
}

static bool write_list(struct film *f, struct error *error)
{
    struct output output;
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/frames.ffconcat", f->folder);
    return output_in_order(&output, path, false, error) && output_text(&output, &f->list, error);
}

/* Runs ffmpeg in the folder; all pictures get the size of the last, in their proportions. */
static bool run_ffmpeg(struct film *f, const char *name, struct error *error)
{
    char filter[160];
    int status = 0;
    const unsigned width = (f->width + 1) & ~1u, height = (f->height + 1) & ~1u;

    snprintf(filter, sizeof filter,
             "scale=%u:%u:force_original_aspect_ratio=decrease:flags=neighbor,pad=%u:%u:(ow-iw)/2:(oh-ih)/2", width,
             height, width, height);
    pid_t process = fork();
    if (process == 0) {
        if (chdir(f->folder) == 0)
            execlp("ffmpeg", "ffmpeg", "-nostdin", "-loglevel", "error", "-f", "concat", "-i", "frames.ffconcat", "-vf",
                   filter, "-r", "25", "-pix_fmt", "yuv420p", name, (char *)NULL);
        _exit(127);
    }
    if (process < 0)
        return error_host(error, "ffmpeg", errno, "cannot run");
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return error_set(error, STATUS_HOST, "ffmpeg", NULL, "install it, or name a folder with -o",
                         "is not installed");
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           error_set(error, STATUS_HOST, f->path, NULL, NULL, "ffmpeg could not make it");
}

static bool make_film(struct film *f, struct error *error)
{
    char made[PATH_MAX], name[32];

    snprintf(name, sizeof name, "film%.20s", strrchr(f->path, '.'));
    snprintf(made, sizeof made, "%s/%s", f->folder, name);
    return run_ffmpeg(f, name, error) &&
           (rename(made, f->path) == 0 || error_host(error, f->path, errno, "cannot make")) &&
           output_sync_folder(f->path, error);
}

static bool end(void *context, bool good, struct error *error)
{
    struct film *f = context;

    if (!*f->folder)
        return true;
    end_picture(f, f->tick);
    if (good && f->error.status != STATUS_OK) {
        *error = f->error;
        good = false;
    } else if (good) {
        good = f->pictures > 0 || error_set(error, STATUS_WRONG, f->path, NULL, NULL, "the machine showed no picture");
        good = good && write_list(f, error) && (!f->one_file || make_film(f, error));
    } else {
        error->status = STATUS_OK; /* it was reported */
    }
    if (f->one_file || !good)
        folder_remove(f->folder);
    if (good)
        printf("%s: %" PRIu64 " pictures\n", f->path, f->pictures);
    return good || error->status == STATUS_OK;
}

enum status film_run(const struct arguments *a)
{
    return film_make(a, NULL, NULL);
}

enum status film_make(const struct arguments *a, bool (*lock_in)(void *context, struct error *error), void *context)
{
    const char *path = argument_value(a, "-o"), *every = argument_value(a, "--every"), *dot = strrchr(path, '.');
    struct film *f = calloc(1, sizeof *f);
    const struct watcher watcher = {begin, look, end, f};
    struct error error = {.status = STATUS_OK};
    enum status status;

    if (!f)
        error_host(&error, path, ENOMEM, "cannot make");
    else if (strlen(path) >= sizeof f->path)
        error_host(&error, path, ENAMETOOLONG, "cannot make");
    else if (every && (!session_read_seconds(every, &f->every) || f->every < 10000))
        error_set(&error, STATUS_USAGE, "film", NULL, NULL, "--every is a time of at least 0.01 seconds");
    if (error.status != STATUS_OK) {
        free(f);
        return desk_fail(&error);
    }
    f->arguments = a;
    f->lock_in = lock_in;
    f->lock_context = context;
    f->every = every ? f->every : 100000;
    f->one_file = dot && dot != path && !strchr(dot, '/') && strlen(dot) > 1 && strlen(dot) < 8;
    strcpy(f->path, path);
    status = replay_watched(a, &watcher);
    text_free(&f->list);
    free(f);
    return status;
}
