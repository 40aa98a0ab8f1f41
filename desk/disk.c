/* disk.c - opening one disk. */
#include "desk/disk.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "desk/desk.h"
#include "desk/media.h"
#include "emu/emu.h"
#include "verify/runs/runs.h"

/* Whether --drive names this one, if it names any. */
static bool is_wanted(const struct arguments *a, int slot)
{
    const char *wanted = argument_value(a, "--drive");
    const size_t length = wanted ? strcspn(wanted, ":") : 0;

    return !length || (strlen(drive_slot_names[slot]) == length && !strncmp(wanted, drive_slot_names[slot], length));
}

/* A disk of the archive as it was sealed. False with STATUS_OK in *error: there is none that is wanted. */
static bool open_slot(const struct arguments *a, struct desk_disk *d, int slot, struct error *error)
{
    struct block disk;

    error->status = STATUS_OK;
    if (!is_wanted(a, slot) || !archive_disk(d->archive, slot, &disk, error))
        return false;
    d->block = disk;
    d->slot = slot;
    d->size = archive_image_size(d->archive, slot);
    return true;
}

/* The drive that --drive names, or the only one that has a medium. */
static bool choose_drive(const struct arguments *a, struct desk_disk *d, struct error *error)
{
    bool found = false;

    for (int slot = 0; slot < DRIVE_COUNT; slot++) {
        struct desk_disk one = {.archive = d->archive};

        if (!open_slot(a, &one, slot, error)) {
            if (error->status != STATUS_OK)
                return false;
            continue;
        }
        if (found)
            return error_set(error, STATUS_USAGE, a->operands[0], NULL,
                             "say which with --drive; `muniment files --volumes` lists them", "has more than one disk");
        *d = one;
        found = true;
    }
    return found ||
           error_set(error, STATUS_INPUT, a->operands[0], argument_value(a, "--drive"), NULL, "has no such disk");
}

static const char *overlay_path(const struct arguments *a, const struct desk_disk *d, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s.%s", argument_value(a, "--overlay"), drive_slot_names[d->slot]);
    return path;
}

/* False: the session has written nothing there, if there was one. */
static bool has_overlay(const struct arguments *a, const struct desk_disk *d)
{
    char path[PATH_MAX];

    return argument_value(a, "--overlay") && access(overlay_path(a, d, path), F_OK) == 0;
}

/* Puts what a session wrote over the sealed disk. */
static bool add_overlay(const struct arguments *a, struct desk_disk *d, struct error *error)
{
    char path[PATH_MAX];
    struct block result;

    if (!argument_value(a, "--overlay"))
        return true;
    if (!d->archive)
        return error_set(error, STATUS_USAGE, a->command->name, NULL, NULL, "--overlay goes with an archive");
    if (access(overlay_path(a, d, path), R_OK))
        return error_host(error, path, errno, "cannot open");
    if (!overlay_open(path, archive_signature(d->archive)->content, d->slot, &d->block, &result, error))
        return false;
    d->block = result;
    d->size = d->block.sectors * SECTOR_SIZE;
    return true;
}

/* Writes what a snapshot has of the drive: the pages that were written to since power-on. */
static bool write_pages(const struct snapshot *s, struct desk_disk *d, struct error *error)
{
    struct page_reader reader;
    bool good = true;

    page_reader_begin(&reader, s);
    for (uint32_t i = 0; good && i < s->pages.count; i++) {
        const struct page_run *run = &s->pages.runs[i];
        for (uint32_t k = 0; good && run->area == AREA_DRIVES + d->slot && k < run->count; k++) {
            const uint8_t *bytes = page_reader_get(&reader, run, k, error);
            uint64_t sector = (run->first + k) * (MACHINE_PAGE / SECTOR_SIZE);
            good = bytes;
            for (unsigned n = 0; good && n < MACHINE_PAGE / SECTOR_SIZE; n++)
                if (run->readable >> n & 1 && sector + n < d->block.sectors)
                    good = d->block.write(d->block.context, sector + n, 1, bytes + n * SECTOR_SIZE) == BLOCK_OK ||
                           (*error = *d->block.failure(d->block.context), false);
        }
    }
    page_reader_end(&reader);
    return good;
}

/* Puts what a machine had written by a snapshot over the sealed disk. */
static bool add_snapshot(const struct arguments *a, struct desk_disk *d, struct error *error)
{
    const char *path = argument_value(a, "--snapshot");
    struct snapshot snapshot;
    struct block result;

    if (!path)
        return true;
    if (!d->archive || argument_value(a, "--overlay"))
        return error_set(error, STATUS_USAGE, a->command->name, NULL, NULL,
                         "--snapshot goes with an archive, and not with --overlay");
    bool good = snapshot_read(path, &snapshot, error);
    if (good &&
        (strcmp(snapshot.machine.root, archive_machine_root(d->archive)) ||
         (*snapshot.machine.content && strcmp(snapshot.machine.content, archive_signature(d->archive)->content))))
        good = error_set(error, STATUS_INPUT, path, NULL, "name the archive from which it was taken",
                         "is a snapshot of another machine");
    if (good && snapshot.machine.media[d->slot].kind != MEDIUM_SEALED)
        good = error_set(error, STATUS_INPUT, path, drive_slot_names[d->slot], NULL,
                         "had another medium in this drive than the sealed one");
    if (good && snapshot.machine.media[d->slot].first > 0)
        good = error_set(error, STATUS_INPUT, path, drive_slot_names[d->slot], "resume it, and read its overlay",
                         "continues an earlier overlay");
    good = good && overlay_open(NULL, archive_signature(d->archive)->content, d->slot, &d->block, &result, error);
    if (good) {
        d->block = result;
        good = write_pages(&snapshot, d, error);
    }
    snapshot_free(&snapshot);
    return good;
}

/* The archive, none of whose disks is chosen yet, or the image. */
static bool open_source(const struct arguments *a, struct desk_disk *d, struct error *error)
{
    struct image_request requests[DRIVE_COUNT], *request = &requests[DRIVE_HD0];
    bool archive;

    *d = (struct desk_disk){.archive = NULL};
    if (!desk_image_requests(a, requests, error) || !media_is_archive(a->operands[0], &archive, error))
        return false;
    if (!request->format && archive) {
        d->archive = desk_open_archive(a, a->operands[0], error);
        return d->archive != NULL;
    }
    if (!image_open(a->operands[0], request, &d->block, NULL, error))
        return false;
    d->size = image_size(&d->block);
    return true;
}

bool desk_disk_open(const struct arguments *a, struct desk_disk *d, struct error *error)
{
    return open_source(a, d, error) && (!d->archive || choose_drive(a, d, error)) && add_overlay(a, d, error) &&
           add_snapshot(a, d, error);
}

static void close_block(struct desk_disk *d)
{
    if (d->block.close)
        d->block.close(d->block.context);
    d->block.close = NULL;
}

bool desk_disk_each(const struct arguments *a, struct desk_disk *d, bool (*each)(void *context, struct error *error),
                    void *context, struct error *error)
{
    bool good = open_source(a, d, error);

    if (!good || !d->archive)
        return good && add_overlay(a, d, error) && add_snapshot(a, d, error) && each(context, error);
    for (int slot = 0; good && slot < DRIVE_COUNT; slot++) {
        if (!open_slot(a, d, slot, error)) {
            good = error->status == STATUS_OK;
            continue;
        }
        good = (!has_overlay(a, d) || add_overlay(a, d, error)) && add_snapshot(a, d, error) && each(context, error);
        close_block(d);
    }
    return good;
}

void desk_disk_close(struct desk_disk *d)
{
    close_block(d);
    archive_close(d->archive);
    d->archive = NULL;
}
