/* media.c - see media.h. */
#include "desk/media.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "bios/bios.h"
#include "desk/desk.h"
#include "desk/rights.h"
#include "desk/embedded.h"
#include "desk/progress.h"
#include "desk/reader.h"
#include "desk/suggest.h"
#include "formats/images/images.h"

#define ROM_LIMIT (256u << 10) /* bytes of a firmware file; the machine may allow less */

/* --- Which of the three it is --- */

enum source { SOURCE_ARCHIVE, SOURCE_MANIFEST, SOURCE_IMAGE };

/* An archive is a ustar file whose first member is its README (spec/archive.md). */
static bool looks_like_archive(const uint8_t *head, size_t size)
{
    static const char readme[] = "000-README.txt";

    return size >= 512 && !memcmp(head, readme, sizeof(readme)) &&
           !memcmp(head + 257,
                   "ustar\0"
                   "00",
                   8);
}

/* A manifest begins, after comments and empty lines, with the key muniment. */
static bool looks_like_manifest(const char *text)
{
    if (!strncmp(text, "\xEF\xBB\xBF", 3))
        text += 3; /* a byte order mark */
    while (*text == '#' || *text == '\n' || *text == '\r') {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return !strncmp(text, "muniment:", strlen("muniment:"));
}

static bool has_extension(const char *path, const char *extension)
{
    size_t length = strlen(path), tail = strlen(extension);

    return length > tail && !strcmp(path + length - tail, extension);
}

static bool recognise(const char *path, enum source *source, struct error *error)
{
    uint8_t head[4096 + 1];
    FILE *file = fopen(path, "rb");

    if (!file)
        return error_host(error, path, errno, "cannot open");
    size_t size = fread(head, 1, sizeof(head) - 1, file);
    int failure = ferror(file) ? errno : 0;
    fclose(file);
    if (failure == EISDIR)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "is a folder");
    if (failure)
        return error_host(error, path, failure, "cannot read");
    head[size] = '\0';
    *source = looks_like_archive(head, size) || has_extension(path, ".mun")             ? SOURCE_ARCHIVE
              : looks_like_manifest((const char *)head) || has_extension(path, ".yaml") ? SOURCE_MANIFEST
                                                                                        : SOURCE_IMAGE;
    return true;
}

bool media_is_archive(const char *path, bool *archive, struct error *error)
{
    enum source source = SOURCE_IMAGE;
    bool good = image_is_made(path) || recognise(path, &source, error);

    *archive = source == SOURCE_ARCHIVE;
    return good;
}

/* --- Images --- */

/* Opens an image file as the medium of a drive. An overlay that is kept names it by its digest. */
static bool open_image(struct media *media, enum drive_slot slot, const char *path, const char *overlay,
                       struct error *error)
{
    const struct drive_manifest *drive = &media->manifest.drives[slot];
    const struct image_request *request = &media->images[slot];
    bool kept = overlay && !drive->read_only && drive->kind != DRIVE_CDROM, good = true;
    struct progress progress;
    hex_digest digest = "";

    if (kept) {
        progress_begin(&progress, "reading");
        good = image_digest(path, request, digest, progress_bytes, &progress, error);
        progress_end(&progress);
    }
    return good && medium_open(&media->drives[slot], slot, drive, path, request, overlay, digest, error);
}

bool media_slot(const struct media *media, enum drive_kind kind, const char *object, enum drive_slot *slot,
                struct error *error)
{
    const struct drive_manifest *drives = media->manifest.drives;

    *slot = DRIVE_FD0;
    if (kind == DRIVE_FLOPPY)
        return drives[DRIVE_FD0].kind == DRIVE_FLOPPY ||
               error_set(error, STATUS_INPUT, object, NULL, NULL, "the machine has no floppy drive fd0");
    for (*slot = DRIVE_HD0; *slot <= DRIVE_HD3; ++*slot)
        if (drives[*slot].kind == kind)
            return true;
    return error_set(error, STATUS_INPUT, object, NULL, "give the machine one with --cd, or in its manifest",
                     "the machine has no CD-ROM drive");
}

/* --- From an archive --- */

static bool open_archive(struct media *media, const struct media_request *request, struct error *error)
{
    struct archive *archive = desk_open_archive(request->arguments, request->path, error);

    if (archive && desk_may_see(request->arguments, archive, error))
        return media_open_archive(media, archive, request->overlay, NULL, error);
    archive_close(archive);
    return false;
}

/* --- From a manifest --- */

/* The path of a file that a manifest names: relative to the manifest's folder. */
static bool beside(const char *manifest_path, const char *name, char *path, size_t size, struct error *error)
{
    const char *slash = strrchr(manifest_path, '/');
    int folder = slash ? (int)(slash - manifest_path) + 1 : 0;

    return (size_t)snprintf(path, size, "%.*s%s", folder, manifest_path, name) < size ||
           error_host(error, name, ENAMETOOLONG, "cannot open");
}

static bool copy_built_in(const char *name, struct firmware *firmware, struct error *error)
{
    const struct embedded_file *file = embedded_file(name);

    if (!file)
        return error_set(error, STATUS_INPUT, name, NULL, "name a firmware file in the manifest",
                         "this program was built without it");
    firmware->bytes = malloc(file->size);
    if (!firmware->bytes)
        return error_host(error, name, ENOMEM, "cannot load");
    memcpy(firmware->bytes, file->bytes, file->size);
    firmware->size = file->size;
    return true;
}

static bool read_firmware(const char *path, const uint8_t *expected, struct firmware *firmware, struct error *error)
{
    FILE *file = fopen(path, "rb");
    uint8_t digest[DIGEST_SIZE];

    if (!file)
        return error_host(error, path, errno, "cannot open");
    firmware->bytes = malloc(ROM_LIMIT + 1);
    firmware->size = firmware->bytes ? fread(firmware->bytes, 1, ROM_LIMIT + 1, file) : 0;
    int failure = !firmware->bytes ? ENOMEM : ferror(file) ? errno : 0;
    fclose(file);
    if (failure)
        return error_host(error, path, failure, "cannot read");
    if (firmware->size > ROM_LIMIT)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "firmware is at most %u bytes long", ROM_LIMIT);
    sha256(firmware->bytes, firmware->size, digest);
    return !memcmp(digest, expected, sizeof(digest)) ||
           error_set(error, STATUS_INPUT, path, NULL, "correct the manifest, or find the right file",
                     "the file does not have the SHA-256 that the manifest names");
}

static bool load_firmware(const struct firmware_manifest *manifest, const char *manifest_path, const char *built_in,
                          struct firmware *firmware, struct error *error)
{
    char path[4096];

    if (manifest->built_in)
        return copy_built_in(built_in, firmware, error);
    return beside(manifest_path, manifest->file, path, sizeof(path), error) &&
           read_firmware(path, manifest->sha256, firmware, error);
}

static bool load_all_firmware(struct media *media, const char *manifest_path, struct error *error)
{
    const char *video = media->manifest.display < DISPLAY_GD5430 ? FIRMWARE_VIDEO : FIRMWARE_VIDEO_CIRRUS;

    return load_firmware(&media->manifest.system, manifest_path, FIRMWARE_SYSTEM, &media->system, error) &&
           load_firmware(&media->manifest.video, manifest_path, video, &media->video, error);
}

static bool open_manifest(struct media *media, const struct media_request *request, struct error *error)
{
    char *text, path[4096];
    size_t length;

    if (!manifest_read_file(request->path, &text, &length, error))
        return false;
    bool good = machine_manifest_parse(text, length, request->path, &media->manifest, error);
    free(text);
    for (int slot = 0; good && slot < DRIVE_COUNT; slot++) {
        const struct drive_manifest *drive = &media->manifest.drives[slot];
        if (!*drive->image)
            continue;
        good = beside(request->path, drive->image, path, sizeof(path), error) &&
               open_image(media, slot, path, request->overlay, error);
    }
    return good && load_all_firmware(media, request->path, error);
}

/* --- From a bare image --- */

/* Whether --format says the same of both drives. */
static bool same_format(const struct media *media, enum drive_slot one, enum drive_slot other)
{
    const char *format = media->images[one].format, *second = media->images[other].format;

    return format && second ? strcmp(format, second) == 0 : format == second;
}

/* Finds the machine that suits the image in the format that --format gives to this drive, or the machine that is named.
 */
static bool suggest_as(const struct media *media, const struct media_request *request, enum drive_slot slot,
                       struct suggestion *suggestion, struct error *error)
{
    struct disk_survey survey;
    struct block disk;

    if (!image_open(request->path, &media->images[slot], &disk, NULL, error))
        return false;
    bool good = reader_survey(&disk, &survey, error) && suggest_machine(&survey, request->machine, suggestion, error);
    if (good && !request->machine && survey.system_count > 0 && same_format(media, slot, suggestion->slot))
        fprintf(stderr, "muniment: %s: %s: boots on the machine %s\n", request->path, survey.systems[0].name,
                suggestion->name);
    disk_survey_free(&survey);
    disk.close(disk.context);
    return good;
}

/* The format may depend on the drive, and the drive on what the format shows: the first whose format leads to it. */
static bool suggest(const struct media *media, const struct media_request *request, struct suggestion *suggestion,
                    struct error *error)
{
    static const enum drive_slot slots[] = {DRIVE_FD0, DRIVE_HD0, DRIVE_HD2};
    bool good = false;

    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        if (i > 0 && same_format(media, slots[i], slots[i - 1]))
            continue;
        suggestion_free(suggestion);
        *suggestion = (struct suggestion){.slot = DRIVE_FD0};
        good = suggest_as(media, request, slots[i], suggestion, error);
        if (good && same_format(media, slots[i], suggestion->slot))
            return true;
    }
    return good;
}

static bool open_bare_image(struct media *media, const struct media_request *request, struct error *error)
{
    struct suggestion suggestion = {.slot = DRIVE_FD0};
    bool good = suggest(media, request, &suggestion, error);
    enum drive_slot slot = suggestion.slot;

    media->manifest = suggestion.machine;
    suggestion_free(&suggestion);
    return good && open_image(media, slot, request->path, request->overlay, error) &&
           load_all_firmware(media, request->path, error);
}

/* --- What the command line adds --- */

static bool insert_floppy(struct media *media, const char *path, struct error *error)
{
    enum drive_slot slot;

    if (!media_slot(media, DRIVE_FLOPPY, path, &slot, error))
        return false;
    medium_close(&media->drives[slot]);
    return media_open_image(media, slot, path, &media->drives[slot], error);
}

/* The slot of the CD-ROM drive: the first there is, or a new one, as the secondary master where that is free. */
static int cd_slot(struct machine_manifest *manifest)
{
    static const uint8_t preferred[] = {DRIVE_HD2, DRIVE_HD3, DRIVE_HD1, DRIVE_HD0};

    for (int slot = DRIVE_HD0; slot <= DRIVE_HD3; slot++)
        if (manifest->drives[slot].kind == DRIVE_CDROM)
            return slot;
    for (size_t i = 0; i < sizeof(preferred); i++)
        if (manifest->drives[preferred[i]].kind == DRIVE_ABSENT) {
            manifest->drives[preferred[i]].kind = DRIVE_CDROM;
            return preferred[i];
        }
    return -1;
}

static bool insert_cd(struct media *media, const char *path, struct error *error)
{
    int slot = cd_slot(&media->manifest);

    if (slot < 0)
        return error_set(error, STATUS_USAGE, path, NULL, NULL,
                         "no place is left for a CD-ROM drive: hd0 to hd3 are taken");
    medium_close(&media->drives[slot]);
    return open_image(media, (enum drive_slot)slot, path, NULL, error);
}

static bool add_disk(struct media *media, const char *path, const char *overlay, struct error *error)
{
    for (int slot = DRIVE_HD0; slot <= DRIVE_HD3; slot++) {
        struct drive_manifest *drive = &media->manifest.drives[slot];
        if (drive->kind != DRIVE_ABSENT)
            continue;
        drive->kind = DRIVE_DISK;
        return open_image(media, slot, path, overlay, error);
    }
    return error_set(error, STATUS_USAGE, path, NULL, NULL, "no place is left for a disk: hd0 to hd3 are taken");
}

bool media_open(struct media *media, const struct media_request *request, struct error *error)
{
    static bool (*const open_source[])(struct media *, const struct media_request *, struct error *) = {
        [SOURCE_ARCHIVE] = open_archive,
        [SOURCE_MANIFEST] = open_manifest,
        [SOURCE_IMAGE] = open_bare_image,
    };
    enum source source;

    memset(media, 0, sizeof(*media));
    if (!desk_image_requests(request->arguments, media->images, error))
        return false;
    if (!recognise(request->path, &source, error))
        return false;
    if (source != SOURCE_ARCHIVE && argument_value(request->arguments, "--trust"))
        return error_set(error, STATUS_INPUT, request->path, NULL, NULL,
                         "is no archive: it has no signature that --trust could be about");
    if (source != SOURCE_IMAGE && request->machine)
        return error_set(error, STATUS_USAGE, request->path, NULL, "leave --machine out",
                         "says itself on which machine it runs");
    return open_source[source](media, request, error) &&
           (!request->floppy || insert_floppy(media, request->floppy, error)) &&
           (!request->cd || insert_cd(media, request->cd, error)) &&
           (!request->disk || add_disk(media, request->disk, request->overlay, error)) &&
           (!request->line_in || media_open_recording(media, request->line_in, &media->line, error));
}
