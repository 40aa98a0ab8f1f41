/* export.c - the subcommand export: the disk of an archive or an image as an image of another program. */
#include <inttypes.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/disk.h"
#include "desk/progress.h"
#include "desk/rights.h"
#include "formats/images/images.h"

struct exporting {
    struct desk_disk disk;
    uint64_t unreadable;
};

static void note_unreadable(void *context, uint64_t sector)
{
    (void)sector;
    ((struct exporting *)context)->unreadable++;
}

static enum status export_all(const struct arguments *a, struct act *act)
{
    const char *format = argument_value(a, "--as");
    struct exporting x = {.unreadable = 0};
    struct progress progress;
    struct image_export request = {
        .disk = &x.disk.block,
        .format = format ? format : "raw",
        .path = argument_value(a, "-o"),
        .replace = argument_value(a, "--force"),
        .unreadable = note_unreadable,
        .unreadable_context = &x,
        .progress = progress_bytes,
        .progress_context = &progress,
    };
    struct error error;
    struct rights *rights = NULL;
    bool good = desk_disk_open(a, &x.disk, &error);

    act_override(act, a, x.disk.archive);
    if (good && x.disk.archive)
        good = (rights = rights_open(a, x.disk.archive, &error)) && rights_allow(rights, x.disk.slot, true, &error);
    rights_close(rights);

    progress_begin(&progress, "exporting");
    request.size = x.disk.size;
    good = good && image_export(&request, &error);
    progress_end(&progress);
    desk_disk_close(&x.disk);
    if (!good)
        return desk_fail(&error);
    printf("%s: %s, %" PRIu64 " bytes\n", request.path, request.format, x.disk.size);
    if (x.unreadable)
        printf("%s: %" PRIu64 " sectors could not be read from the original: they are zeros here\n", request.path,
               x.unreadable);
    return STATUS_OK;
}

enum status export_run(const struct arguments *a)
{
    return act_run(a, "export", export_all);
}
