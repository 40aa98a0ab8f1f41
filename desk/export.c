/* export.c - the subcommand export: the disk of an archive or an image as an image of another program. */
#include <inttypes.h>
#include <string.h>

#include "archive/archive.h"
#include "desk/desk.h"
#include "desk/media.h"
#include "desk/progress.h"

struct exporting {
    struct archive *archive; /* null: the disk is an image's */
    struct block disk;
    uint64_t size, unreadable;
};

/* The drive that --drive names, or the only one that has a medium. */
static bool choose_drive(const struct arguments *a, struct exporting *x, struct error *error)
{
    const char *wanted = argument_value(a, "--drive");
    bool found = false;

    for (int slot = 0; slot < DRIVE_COUNT; slot++) {
        struct block disk;

        if (wanted && strcmp(wanted, drive_slot_names[slot]))
            continue;
        error->status = STATUS_OK;
        if (!archive_disk(x->archive, slot, &disk, error)) {
            if (error->status != STATUS_OK)
                return false;
            continue;
        }
        if (found)
            return error_set(error, STATUS_USAGE, a->operands[0], NULL, "say which with --drive",
                             "has more than one disk");
        x->disk = disk;
        x->size = archive_image_size(x->archive, slot);
        found = true;
    }
    return found || error_set(error, STATUS_INPUT, a->operands[0], wanted, NULL, "has no such disk");
}

static bool open_disk(const struct arguments *a, struct exporting *x, struct error *error)
{
    struct image_request requests[DRIVE_COUNT], *request = &requests[DRIVE_HD0];
    bool archive;

    if (!desk_image_requests(a, requests, error) || !media_is_archive(a->operands[0], &archive, error))
        return false;
    if (!request->format && archive) {
        x->archive = desk_open_archive(a, a->operands[0], error);
        return x->archive && choose_drive(a, x, error);
    }
    if (!image_open(a->operands[0], request, &x->disk, NULL, error))
        return false;
    x->size = image_size(&x->disk);
    return true;
}

static void note_unreadable(void *context, uint64_t sector)
{
    (void)sector;
    ((struct exporting *)context)->unreadable++;
}

enum status export_run(const struct arguments *a)
{
    const char *format = argument_value(a, "--as");
    struct exporting x = {.archive = NULL};
    struct progress progress;
    struct image_export request = {
        .disk = &x.disk,
        .format = format ? format : "raw",
        .path = argument_value(a, "-o"),
        .replace = argument_value(a, "--force"),
        .unreadable = note_unreadable,
        .unreadable_context = &x,
        .progress = progress_bytes,
        .progress_context = &progress,
    };
    struct error error;
    bool good = open_disk(a, &x, &error);

    progress_begin(&progress, "exporting");
    request.size = x.size;
    good = good && image_export(&request, &error);
    progress_end(&progress);
    if (x.disk.close)
        x.disk.close(x.disk.context);
    archive_close(x.archive);
    if (!good)
        return desk_fail(&error);
    printf("%s: %s, %" PRIu64 " bytes\n", request.path, request.format, x.size);
    if (x.unreadable)
        printf("%s: %" PRIu64 " sectors could not be read from the original: they are zeros here\n", request.path,
               x.unreadable);
    return STATUS_OK;
}
