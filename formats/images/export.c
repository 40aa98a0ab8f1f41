/* export.c - writes a disk as an image of another program (images.h): raw; qcow2 (version 3); VHD (dynamic). */
#include "formats/images/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/file.h"
#include "formats/text.h"

#define PART 128u /* sectors that are read at once */

/* --- What the formats share --- */

bool export_put(struct export *e, uint64_t offset, const void *bytes, size_t size)
{
    return file_write(fileno(e->output.file), e->output.path, offset, bytes, size, e->error);
}

bool export_progress(struct export *e, uint64_t sector)
{
    const struct image_export *r = e->request;

    return !r->progress || r->progress(r->progress_context, sector * SECTOR_SIZE, e->size) ||
           error_set(e->error, STATUS_HOST, r->path, NULL, NULL, "cancelled; nothing was written");
}

bool export_get(struct export *e, uint64_t sector, uint32_t count, uint8_t *bytes)
{
    struct block *disk = e->request->disk;

    memset(bytes, 0, (size_t)count * SECTOR_SIZE);
    if (sector >= disk->sectors)
        return true;
    if (count > disk->sectors - sector)
        count = (uint32_t)(disk->sectors - sector);
    for (uint32_t at = 0, done; at < count; at += done) {
        enum block_result result = disk->read(disk->context, sector + at, count - at, bytes + (size_t)at * SECTOR_SIZE,
                                              &done);

        if (result == BLOCK_FAILED) {
            *e->error = *disk->failure(disk->context);
            return false;
        }
        if (result == BLOCK_OK)
            continue;
        at += done;
        done = 1;
        memset(bytes + (size_t)at * SECTOR_SIZE, 0, SECTOR_SIZE);
        if (e->request->unreadable)
            e->request->unreadable(e->request->unreadable_context, sector + at);
    }
    return true;
}

uint64_t export_zeros(struct export *e, uint64_t sector, uint64_t count)
{
    struct block *disk = e->request->disk;
    uint64_t zeros = sector >= disk->sectors ? count : disk->zeros ? disk->zeros(disk->context, sector) : 0;

    return zeros < count ? zeros : count;
}

/* --- Raw --- */

static bool export_raw(struct export *e)
{
    uint64_t sectors = (e->size + SECTOR_SIZE - 1) / SECTOR_SIZE;
    uint8_t bytes[PART * SECTOR_SIZE];

    for (uint64_t at = 0, count; at < sectors; at += count) {
        count = export_zeros(e, at, sectors - at);
        if (count > 0)
            continue;
        count = sectors - at < PART ? sectors - at : PART;
        if (!export_progress(e, at) || !export_get(e, at, (uint32_t)count, bytes) ||
            (!all_zero(bytes, (size_t)count * SECTOR_SIZE) &&
             !export_put(e, at * SECTOR_SIZE, bytes, (size_t)count * SECTOR_SIZE)))
            return false;
    }
    return ftruncate(fileno(e->output.file), (off_t)e->size) == 0 ||
           error_host(e->error, e->output.path, errno, "cannot write");
}

/* --- All of them --- */

static const struct {
    const char *name;
    bool (*write)(struct export *e);
} writers[] = {{"raw", export_raw}, {"qcow2", export_qcow2}, {"vhd", export_vhd}};

bool image_export(const struct image_export *request, struct error *error)
{
    struct export e = {.request = request, .size = request->size, .error = error};
    size_t i = 0;

    while (i < sizeof writers / sizeof writers[0] && strcmp(writers[i].name, request->format) != 0)
        i++;
    if (i == sizeof writers / sizeof writers[0])
        return error_set(error, STATUS_USAGE, request->format, NULL, "say raw, qcow2 or vhd",
                         "is no format that can be written");
    if (!output_whole(&e.output, request->path, 0666, request->replace, error))
        return false;
    if (writers[i].write(&e) && export_progress(&e, (e.size + SECTOR_SIZE - 1) / SECTOR_SIZE))
        return output_commit(&e.output, error);
    output_abort(&e.output);
    return false;
}
