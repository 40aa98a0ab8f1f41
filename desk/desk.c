/* desk.c - what the subcommands share. */
#include "desk/desk.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/archive.h"
#include "desk/jail.h"
#include "desk/progress.h"
#include "desk/rights.h"

#define READER_SECONDS 86400              /* of processor time, of the reader of one image */
#define READER_MEMORY (UINT64_C(1) << 30) /* bytes of address space, beyond what the process had */

enum status desk_fail(const struct error *error)
{
    fflush(stdout);
    error_print(stderr, error);
    return error->status;
}

bool desk_folders(const struct arguments *a, struct archive_folders *folders, struct error *error)
{
    *folders = (struct archive_folders){.count = 0};
    folders->paths = (char **)argument_values(a, "--library", &folders->count);
    return folders->paths || error_set(error, STATUS_HOST, a->command->name, NULL, NULL, "out of memory");
}

/* The slot that begins a value of --format; DRIVE_COUNT if there is none. */
static unsigned format_slot(const char **value)
{
    unsigned slot = 0;

    while (slot < DRIVE_COUNT &&
           (strncmp(*value, drive_slot_names[slot], strlen(drive_slot_names[slot])) != 0 || (*value)[3] != ':'))
        slot++;
    *value += slot < DRIVE_COUNT ? 4 : 0;
    return slot;
}

static bool not_interrupted(void *context, uint64_t done, uint64_t total)
{
    (void)context, (void)done, (void)total;
    return !interrupted();
}

bool desk_lock_reader(struct error *error)
{
    const struct jail_limits limits = {
        .more_memory = READER_MEMORY, .seconds = READER_SECONDS, .lifetime = 7 * READER_SECONDS};

    setenv("TZ", "UTC0", 1); /* libarchive asks for the zone of a zip's times; the file of the host's is out of reach */
    tzset();
    return jail_enter(JAIL_IMAGE, NULL, 0, &limits, error);
}

bool desk_image_requests(const struct arguments *a, struct image_request requests[DRIVE_COUNT], struct error *error)
{
    size_t position = 0;
    const char *value;

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        requests[slot] = (struct image_request){.follow = argument_value(a, "--follow"),
                                                .member = argument_value(a, "--member"),
                                                .progress = not_interrupted,
                                                .lock_in = desk_lock_reader};
    while ((value = argument_next(a, "--format", &position))) {
        unsigned one = format_slot(&value), known = 0;

        while (image_format_names[known] && strcmp(image_format_names[known], value) != 0)
            known++;
        if (!image_format_names[known])
            return error_set(error, STATUS_USAGE, value, NULL, "see muniment(1)", "is no format of images");
        for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
            if (one == DRIVE_COUNT || one == slot)
                requests[slot].format = value;
    }
    return true;
}

static bool judge_signature(const struct arguments *a, struct archive *archive, const char *path, struct error *error)
{
    size_t position = 0;
    bool asked = argument_next(a, "--trust", &position);

    if (archive_signature_fits(archive))
        return !asked || desk_vouched(a, archive, path, error);
    error_set(error, STATUS_WRONG, path, "evidence/00000000/statement.sig",
              "trust nothing in it; `muniment verify` reports more",
              "has a signature that does not fit: nobody vouches for this archive");
    return !asked && (error_print(stderr, error), true);
}

struct archive *desk_open_archive(const struct arguments *a, const char *path, struct error *error)
{
    struct archive_folders folders;
    struct archive *archive = desk_folders(a, &folders, error) ? archive_open(path, &folders, error) : NULL;

    free(folders.paths);
    if (!archive || judge_signature(a, archive, path, error))
        return archive;
    archive_close(archive);
    return NULL;
}
