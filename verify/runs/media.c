/* media.c - see media.h. */
#include "verify/runs/media.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "formats/file.h"
#include "formats/padding.h"

/* --- Disks --- */

bool image_digest(const char *path, const struct image_request *request, hex_digest hex, progress_function *progress,
                  void *context, struct error *error)
{
    enum { SECTORS = 128 };
    uint8_t buffer[SECTORS * SECTOR_SIZE], digest[DIGEST_SIZE];
    bool good = true, wanted = true;
    struct sha256 hash;
    struct block disk;
    uint32_t done = 0;

    if (!image_open(path, request, &disk, NULL, error))
        return false;
    sha256_begin(&hash);
    for (uint64_t sector = 0; good && sector < disk.sectors; sector += done) {
        uint64_t left = disk.sectors - sector;
        uint32_t count = left < SECTORS ? (uint32_t)left : SECTORS;
        wanted = !progress || progress(context, sector * SECTOR_SIZE, disk.sectors * SECTOR_SIZE);
        enum block_result result = wanted ? disk.read(disk.context, sector, count, buffer, &done) : BLOCK_FAILED;
        good = result != BLOCK_FAILED;
        if (result == BLOCK_UNREADABLE)
            memset(buffer + (size_t)done++ * SECTOR_SIZE, 0, SECTOR_SIZE);
        if (good)
            sha256_add(&hash, buffer, (size_t)done * SECTOR_SIZE);
    }
    sha256_end(&hash, digest);
    hex_encode(digest, hex);
    if (!wanted)
        error_set(error, STATUS_HOST, path, NULL, NULL, "interrupted");
    else if (!good)
        *error = *disk.failure(disk.context);
    disk.close(disk.context);
    return good;
}

static void block_close(struct block *disk)
{
    if (disk->close)
        disk->close(disk->context);
    disk->close = NULL;
}

void medium_close(struct medium *medium)
{
    if (medium->present)
        block_close(&medium->disk);
    medium->present = false;
}

/* Makes a floppy as long as a format that the drive reads. An image of another size that is not too long is the
 * beginning of the drive's own format (spec/manifest.md). */
static bool fit_floppy(enum floppy_type drive, const char *path, struct block *base, struct error *error)
{
    static const uint16_t capacity[] = {
        [FLOPPY_360K] = 720, [FLOPPY_1200K] = 2400, [FLOPPY_720K] = 1440, [FLOPPY_1440K] = 2880, [FLOPPY_2880K] = 5760,
    };
    struct geometry geometry;

    if (floppy_geometry(base->sectors, &geometry))
        return true;
    return base->sectors < capacity[drive]
               ? pad_disk(base, capacity[drive], error)
               : error_set(error, STATUS_INPUT, path, NULL, NULL, "the image is longer than a floppy of its drive");
}

static bool is_read_only(const struct drive_manifest *drive)
{
    return drive->read_only || drive->kind == DRIVE_CDROM;
}

/* Makes a base the medium of a drive: as it is, if the drive is read-only, else under an overlay. file: that of the
 * overlay, or below 0: it is opened here. Takes base and file over, also when it fails. */
static bool attach(struct medium *medium, enum drive_slot slot, const struct drive_manifest *drive, struct block *base,
                   const char *overlay, int file, const char *belongs_to, struct error *error)
{
    char path[4096];

    if (is_read_only(drive)) {
        if (file >= 0)
            close(file);
        base->read_only = true;
        medium->present = true;
        medium->disk = *base;
        return true;
    }
    if (overlay && (size_t)snprintf(path, sizeof(path), "%s.%s", overlay, drive_slot_names[slot]) >= sizeof(path))
        error_host(error, overlay, ENAMETOOLONG, "cannot open");
    else if (file >= 0)
        medium->present = overlay_open_file(file, overlay ? path : NULL, belongs_to, slot, base, &medium->disk, error);
    else
        medium->present = overlay_open(overlay ? path : NULL, belongs_to, slot, base, &medium->disk, error);
    if (!medium->present)
        block_close(base);
    return medium->present;
}

/* The image suits its drive; a floppy is made to. */
static bool fit(const struct drive_manifest *drive, const char *path, struct block *base, struct error *error)
{
    switch (drive->kind) {
    case DRIVE_FLOPPY: return fit_floppy(drive->floppy, path, base, error);
    case DRIVE_CDROM: return disk_must_be_iso(path, base, error);
    default: return disk_must_fill(path, base, &drive->geometry, error);
    }
}

/* What an overlay that is thrown away belongs to: nothing. */
static const char nobody[] = "0000000000000000000000000000000000000000000000000000000000000000";

bool medium_open(struct medium *medium, enum drive_slot slot, const struct drive_manifest *drive, const char *path,
                 const struct image_request *request, const char *overlay, const char *belongs_to, struct error *error)
{
    struct block base;

    if (!image_open(path, request, &base, NULL, error))
        return false;
    if (!fit(drive, path, &base, error)) {
        block_close(&base);
        return false;
    }
    medium->path = path;
    return attach(medium, slot, drive, &base, overlay, -1, overlay ? belongs_to : nobody, error);
}

bool media_make_ready(const char *path, const struct image_request *request, struct ready_image *ready,
                      struct error *error)
{
    *ready = (struct ready_image){.path = path, .overlay = -1};
    if (!image_open(path, request, &ready->base, NULL, error))
        return false;
    ready->overlay = file_temporary(error);
    if (ready->overlay >= 0)
        return ready->present = true;
    block_close(&ready->base);
    return false;
}

void ready_image_close(struct ready_image *ready)
{
    if (!ready->present)
        return;
    block_close(&ready->base);
    if (ready->overlay >= 0)
        close(ready->overlay);
    ready->present = false;
}

bool media_use_image(const struct media *media, enum drive_slot slot, struct ready_image *ready, struct medium *medium,
                     struct error *error)
{
    struct drive_manifest drive = media->manifest.drives[slot];

    if (drive.kind == DRIVE_FLOPPY)
        drive.read_only = false;
    if (drive.kind != DRIVE_FLOPPY && drive.kind != DRIVE_CDROM && drive.kind != DRIVE_DISK) {
        ready_image_close(ready);
        return error_set(error, STATUS_INPUT, ready->path, NULL, NULL, "the machine has no drive %s to put it into",
                         drive_slot_names[slot]);
    }
    if (!fit(&drive, ready->path, &ready->base, error)) {
        ready_image_close(ready);
        return false;
    }
    medium->path = ready->path;
    ready->present = false;
    return attach(medium, slot, &drive, &ready->base, NULL, ready->overlay, nobody, error);
}

bool media_open_image(const struct media *media, enum drive_slot slot, const char *path, struct medium *medium,
                      struct error *error)
{
    struct ready_image ready = {.present = true, .path = path, .overlay = -1};

    return image_open(path, &media->images[slot], &ready.base, NULL, error) &&
           media_use_image(media, slot, &ready, medium, error);
}

/* --- From an archive --- */

/* Makes a sealed disk the medium of its drive. Takes the base over. */
static bool attach_sealed(struct media *media, enum drive_slot slot, struct block *base, const char *overlay, int file,
                          const char *belongs_to, struct error *error)
{
    const struct drive_manifest *drive = &media->manifest.drives[slot];

    if (!fit(drive, drive_slot_names[slot], base, error)) {
        block_close(base);
        if (file >= 0)
            close(file);
        return false;
    }
    return attach(&media->drives[slot], slot, drive, base, overlay, file, belongs_to, error);
}

static bool open_sealed_disk(struct media *media, enum drive_slot slot, const char *overlay, int file,
                             struct error *error)
{
    struct block base;

    error->status = STATUS_OK;
    if (!archive_disk(media->archive, slot, &base, error)) {
        if (file >= 0)
            close(file);
        return error->status == STATUS_OK;
    }
    return attach_sealed(media, slot, &base, overlay, file, archive_signature(media->archive)->content, error);
}

uint32_t media_overlays(const struct archive *archive)
{
    uint32_t slots = 0;

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (archive_chunks(archive, slot) && !is_read_only(&archive_machine(archive)->drives[slot]))
            slots |= 1u << slot;
    return slots;
}

bool media_open_archive(struct media *media, struct archive *archive, const char *overlay, const int *files,
                        struct error *error)
{
    media->archive = archive;
    media->manifest = *archive_machine(media->archive);
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (!open_sealed_disk(media, slot, overlay, files ? files[slot] : -1, error))
            return false;
    return archive_firmware(media->archive, false, &media->system.bytes, &media->system.size, error) &&
           archive_firmware(media->archive, true, &media->video.bytes, &media->video.size, error);
}

/* --- From a machine that is being sealed --- */

static bool copy_firmware(struct firmware *to, const uint8_t *bytes, size_t size, struct error *error)
{
    to->bytes = malloc(size);
    if (!to->bytes)
        return error_host(error, "firmware", ENOMEM, "cannot load");
    memcpy(to->bytes, bytes, size);
    to->size = size;
    return true;
}

bool media_open_sealed(struct media *media, const struct sealed_machine *machine, struct error *error)
{
    media->manifest = *machine->manifest;
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        struct block base = machine->disks[slot];
        if (!base.read)
            continue;
        base.close = NULL; /* the sealing's */
        if (!attach_sealed(media, (enum drive_slot)slot, &base, NULL, -1, nobody, error))
            return false;
    }
    return copy_firmware(&media->system, machine->system, machine->system_size, error) &&
           copy_firmware(&media->video, machine->video, machine->video_size, error);
}

/* --- Recordings --- */

bool recording_digest(const char *path, hex_digest hex, progress_function *progress, void *context, struct error *error)
{
    FILE *file = fopen(path, "rb");
    uint8_t bytes[65536], digest[DIGEST_SIZE];
    uint64_t done = 0;
    bool wanted = true;
    struct sha256 hash;
    size_t part;

    if (!file)
        return error_host(error, path, errno, "cannot open");
    sha256_begin(&hash);
    while (wanted && (part = fread(bytes, 1, sizeof bytes, file)) > 0) {
        sha256_add(&hash, bytes, part);
        done += part;
        wanted = !progress || progress(context, done, done);
    }
    int failure = ferror(file) ? errno : 0;
    fclose(file);
    sha256_end(&hash, digest);
    hex_encode(digest, hex);
    if (failure)
        return error_host(error, path, failure, "cannot read");
    return wanted || error_set(error, STATUS_HOST, path, NULL, NULL, "interrupted");
}

struct seen_file {
    struct sha256 whole;
    uint64_t blocks, room;
    uint8_t (*digests)[DIGEST_SIZE]; /* of each block */
};

/* Takes the digest of a block that is new, and compares that of one that was here before. */
static bool see_block(void *context, uint64_t number, const uint8_t *bytes, size_t length, const char *path,
                      struct error *error)
{
    struct seen_file *s = context;
    uint8_t digest[DIGEST_SIZE];

    sha256(bytes, length, digest);
    if (number < s->blocks)
        return !memcmp(digest, s->digests[number], DIGEST_SIZE) ||
               error_set(error, STATUS_HOST, path, NULL, "leave it as it is while a machine hears it",
                         "was changed while it was read");
    if (s->blocks == s->room) {
        uint64_t room = s->room ? 2 * s->room : 64;
        uint8_t(*larger)[DIGEST_SIZE] = realloc(s->digests, room * sizeof *larger);
        if (!larger)
            return error_host(error, path, ENOMEM, "cannot read");
        s->digests = larger;
        s->room = room;
    }
    memcpy(s->digests[s->blocks++], digest, DIGEST_SIZE);
    sha256_add(&s->whole, bytes, length);
    return true;
}

static void forget_file(struct seen_file *s)
{
    if (s)
        free(s->digests);
    free(s);
}

bool media_open_recording(const struct media *media, const char *path, struct recording *recording, struct error *error)
{
    *recording = (struct recording){.present = false};
    if (!media->manifest.line_in)
        return error_set(error, STATUS_INPUT, path, NULL, "say line-in: yes under sound in its manifest",
                         "the machine has no line input to connect it to");
    return recording_open(path, recording, error);
}

bool recording_open(const char *path, struct recording *recording, struct error *error)
{
    struct wave_watch watch = {.block = see_block};
    struct seen_file *seen;
    uint8_t digest[DIGEST_SIZE];

    *recording = (struct recording){.present = false};
    watch.context = seen = calloc(1, sizeof *seen);
    if (!seen)
        return error_host(error, path, ENOMEM, "cannot open");
    sha256_begin(&seen->whole);
    recording->present = wave_open(path, &watch, &recording->wave, error);
    sha256_end(&seen->whole, digest);
    if (!recording->present) {
        forget_file(seen);
        return false;
    }
    recording->seen = seen;
    hex_encode(digest, recording->sha256);
    return true;
}

void recording_close(struct recording *recording)
{
    if (recording->present)
        recording->wave.close(recording->wave.context);
    forget_file(recording->seen);
    *recording = (struct recording){.present = false};
}

const struct wave *recording_wave(const struct recording *recording)
{
    return recording->present ? &recording->wave : NULL;
}

/* --- All of them --- */

void media_close(struct media *media)
{
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        medium_close(&media->drives[slot]);
    recording_close(&media->line);
    if (media->archive)
        archive_close(media->archive);
    free(media->system.bytes);
    free(media->video.bytes);
    memset(media, 0, sizeof(*media));
}

bool media_sync(const struct media *media, bool all, struct error *error)
{
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (media->drives[slot].present && !overlay_sync(&media->drives[slot].disk, all, error))
            return false;
    return true;
}

bool media_failure(const struct media *media, struct error *error)
{
    for (int slot = 0; slot < DRIVE_COUNT; slot++) {
        const struct medium *medium = &media->drives[slot];
        const struct error *reason = medium->present && medium->disk.failure
                                         ? medium->disk.failure(medium->disk.context)
                                         : NULL;
        if (reason && *reason->what) {
            *error = *reason;
            return false;
        }
    }
    if (media->line.present && *media->line.wave.failure(media->line.wave.context)->what) {
        *error = *media->line.wave.failure(media->line.wave.context);
        return false;
    }
    return error_set(error, STATUS_HOST, "disk", NULL, NULL, "a medium failed without a reason");
}
