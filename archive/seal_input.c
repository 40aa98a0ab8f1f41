/* seal_input.c - what an archive is made from: manifests, firmware, files and images, each of which must be what it is
 * said to be, and none of which may be the output. */
#include "archive/sealing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/file.h"

#define SOFTWARE "muniment 0"

/* The output must not replace what it is made from. */
static bool is_not_output(struct sealing *s, const char *path)
{
    struct stat input, output;

    if (stat(path, &input) != 0 || stat(s->request->output_path, &output) != 0 || input.st_dev != output.st_dev ||
        input.st_ino != output.st_ino)
        return true;
    return error_set(s->error, STATUS_INPUT, s->request->output_path, NULL, "choose another name for the archive",
                     "is one of the files to be sealed");
}

/* The path of a file that the manifest names. */
static bool beside_manifest(struct sealing *s, const char *name, char *path, size_t size)
{
    const char *manifest = s->request->machine_path, *slash = strrchr(manifest, '/');
    int folder = slash ? (int)(slash - manifest + 1) : 0;

    if (!path_is_below(name)) /* the manifest's parser refuses such names, too */
        return error_set(s->error, STATUS_INPUT, manifest, name, NULL, "names a file outside its folder");
    if (snprintf(path, size, "%.*s%s", folder, manifest, name) >= (int)size)
        return error_set(s->error, STATUS_INPUT, manifest, name, NULL, "names a file whose path is too long");
    return is_not_output(s, path);
}

static bool read_machine(struct sealing *s)
{
    const char *path = s->request->machine_path;
    char *text;
    size_t length;
    bool done;

    if (s->request->machine) {
        s->machine = *s->request->machine;
        return !s->request->derivation || is_not_output(s, archive_file(s->request->derivation->parent));
    }
    if (!is_not_output(s, path) || !manifest_read_file(path, &text, &length, s->error))
        return false;
    done = machine_manifest_parse(text, length, path, &s->machine, s->error);
    free(text);
    return done;
}

/* Without a description, the title is the name of the machine file without folder and ending. */
static bool read_description(struct sealing *s, struct description_manifest *d)
{
    const char *path = s->request->description_path;
    const char *name = path_name(s->request->machine_path), *dot = strrchr(name, '.');
    char *text;
    size_t length;
    bool done;

    if (s->request->description) {
        *d = *s->request->description;
        return true;
    }
    if (!path) {
        *d = (struct description_manifest){.open = true};
        snprintf(d->title, sizeof d->title, "%.*s", dot && dot > name ? (int)(dot - name) : (int)strlen(name), name);
        return true;
    }
    if (!is_not_output(s, path) || !manifest_read_file(path, &text, &length, s->error))
        return false;
    done = description_manifest_parse(text, length, path, d, s->error);
    free(text);
    return done;
}

static bool read_firmware_file(struct sealing *s, const struct firmware_manifest *wanted, struct text *bytes)
{
    char path[4096], has[65], should[65];
    uint8_t digest[DIGEST_SIZE], part[16384];
    struct file_state before;
    FILE *file;
    size_t n;
    bool failed;

    if (!beside_manifest(s, wanted->file, path, sizeof path))
        return false;
    file = fopen(path, "rb");
    if (!file)
        return error_set(s->error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, path, NULL, NULL, "cannot open: %s",
                         strerror(errno));
    failed = !file_state(fileno(file), path, &before, s->error);
    while (!failed && bytes->length <= FIRMWARE_LIMIT && (n = fread(part, 1, sizeof part, file)) > 0)
        text_add(bytes, part, n);
    if (ferror(file))
        failed = !error_host(s->error, path, EIO, "cannot read");
    failed = failed || !file_unchanged(fileno(file), path, &before, s->error);
    fclose(file);
    if (failed)
        return false;
    if (bytes->length > FIRMWARE_LIMIT)
        return error_set(s->error, STATUS_INPUT, path, NULL, NULL, "is too long for firmware: more than 1 MiB");
    sha256(bytes->bytes ? bytes->bytes : "", bytes->length, digest);
    if (memcmp(digest, wanted->sha256, DIGEST_SIZE) == 0)
        return true;
    hex_encode(digest, has);
    hex_encode(wanted->sha256, should);
    return error_set(s->error, STATUS_INPUT, path, NULL,
                     "give the file that the manifest means, or correct the manifest",
                     "has SHA-256 %s, but the manifest says %s", has, should);
}

/* The parent's firmware, which the manifest must name. */
static bool read_sealed_firmware(struct sealing *s, const struct firmware_manifest *wanted, enum member_kind kind,
                                 struct text *bytes)
{
    struct archive *parent = s->request->derivation->parent;
    const struct machine_manifest *m = archive_machine(parent);
    const struct firmware_manifest *sealed = kind == MEMBER_VIDEO ? &m->video : &m->system;
    uint8_t *read;
    size_t size;

    if (strcmp(wanted->file, sealed->file) != 0 || memcmp(wanted->sha256, sealed->sha256, DIGEST_SIZE) != 0)
        return error_set(s->error, STATUS_INPUT, archive_file(parent), wanted->file,
                         "leave the firmware as it is, or name one that is built in",
                         "does not hold the firmware that its new manifest names");
    if (!archive_firmware(parent, kind == MEMBER_VIDEO, &read, &size, s->error))
        return false;
    text_add(bytes, read, size);
    free(read);
    return true;
}

/* Puts the bytes into *bytes and makes the manifest name them as the sealed one does. */
static bool take_firmware(struct sealing *s, struct firmware_manifest *wanted, const struct sealed_file *built_in,
                          enum member_kind kind, struct text *bytes)
{
    char name[NAME_SIZE];

    if (!wanted->built_in) {
        if (!(s->request->derivation ? read_sealed_firmware(s, wanted, kind, bytes)
                                     : read_firmware_file(s, wanted, bytes)))
            return false;
    } else if (built_in->size == 0 || built_in->size > FIRMWARE_LIMIT) {
        return error_set(s->error, STATUS_INPUT, s->request->machine_path, NULL, NULL,
                         "this program has no built-in firmware");
    } else {
        text_add(bytes, built_in->bytes, built_in->size);
    }
    member_name(kind, 0, 0, name);
    memset(wanted, 0, sizeof *wanted);
    snprintf(wanted->file, sizeof wanted->file, "%s", name);
    sha256(bytes->bytes ? bytes->bytes : "", bytes->length, wanted->sha256);
    return !bytes->failed || sealing_out_of_memory(s);
}

/* A disk of a derived archive: what the parent's holds now. */
static bool take_disk(struct sealing *s, enum drive_slot slot)
{
    const struct derivation *d = s->request->derivation;
    struct sealing_image *image = &s->images[slot];
    struct block parents;

    s->error->status = STATUS_OK;
    if (!archive_disk(d->parent, slot, &parents, s->error) && s->error->status != STATUS_OK)
        return false;
    if (d->disks[slot].sectors != parents.sectors)
        return error_set(s->error, STATUS_INPUT, archive_file(d->parent), drive_slot_names[slot], NULL,
                         "would have another disk than its parent");
    image->block = d->disks[slot];
    image->block.close = NULL;
    image->present = image->block.read;
    snprintf(image->path, sizeof image->path, "%s", archive_file(d->parent));
    s->total += image->block.sectors * SECTOR_SIZE;
    s->seal.disks[slot].size = image->block.sectors * SECTOR_SIZE;
    return true;
}

static bool open_image(struct sealing *s, enum drive_slot slot)
{
    struct drive_manifest *drive = &s->machine.drives[slot];
    struct sealing_image *image = &s->images[slot];

    const char *path = s->request->image_paths[slot];

    if (s->request->derivation)
        return take_disk(s, slot);
    if (drive->kind == DRIVE_ABSENT || (!path && drive->image[0] == '\0'))
        return true;
    if (path && snprintf(image->path, sizeof image->path, "%s", path) >= (int)sizeof image->path)
        return error_set(s->error, STATUS_INPUT, path, NULL, NULL, "is too long a path");
    if (!(path ? is_not_output(s, path) : beside_manifest(s, drive->image, image->path, sizeof image->path)) ||
        !image_open(image->path, &s->request->images[slot], &image->block, &image->info, s->error))
        return false;
    image->present = true;
    if (image->block.sectors > DISK_LIMIT / SECTOR_SIZE)
        return error_set(s->error, STATUS_INPUT, image->path, NULL, NULL, "is longer than 2^41 bytes");
    if (drive->kind == DRIVE_CDROM ? !disk_must_be_iso(image->path, &image->block, s->error)
                                   : !disk_must_fill(image->path, &image->block, &drive->geometry, s->error))
        return false;
    s->total += image->block.sectors * SECTOR_SIZE;
    s->seal.disks[slot].size = image->block.sectors * SECTOR_SIZE;
    s->seal.disks[slot].image_size = image_size(&image->block);
    if (s->request->opened)
        s->request->opened(image->path, &image->info);
    snprintf(drive->image, sizeof drive->image, "sealed");
    return true;
}

static bool print_manifests(struct sealing *s, const struct description_manifest *d)
{
    char *buffer = malloc(MANIFEST_LIMIT + 1);
    size_t machine, description;

    if (!buffer)
        return sealing_out_of_memory(s);
    machine = machine_manifest_print(&s->machine, buffer, MANIFEST_LIMIT + 1);
    text_add(&s->machine_text, buffer, machine);
    description = description_manifest_print(d, buffer, MANIFEST_LIMIT + 1);
    text_add(&s->description_text, buffer, description);
    free(buffer);
    if (machine == 0 || description == 0)
        return error_set(s->error, STATUS_INPUT, machine ? s->request->description_path : s->request->machine_path,
                         NULL, NULL, "cannot be written in canonical form");
    return (!s->machine_text.failed && !s->description_text.failed) || sealing_out_of_memory(s);
}

static int compare_files(const void *a, const void *b)
{
    return member_compare((*(const struct sealed_file *const *)a)->name, (*(const struct sealed_file *const *)b)->name);
}

static bool sort_files(struct sealing *s)
{
    const struct seal_request *r = s->request;

    if (r->file_count > LISTED_LIMIT / 2)
        return error_set(s->error, STATUS_INPUT, r->output_path, NULL, NULL, "would have too many members");
    s->files = calloc(r->file_count + 1, sizeof *s->files);
    if (!s->files)
        return sealing_out_of_memory(s);
    for (size_t i = 0; i < r->file_count; i++) {
        enum member_kind kind = member_identify(r->files[i].name).kind;

        if (kind != MEMBER_RECOVER && kind != MEMBER_SPEC && kind != MEMBER_SOURCE && kind != MEMBER_DOCUMENT)
            return error_set(s->error, STATUS_INPUT, r->files[i].name, NULL, NULL,
                             "is not a name that a member can have");
        s->files[s->file_count++] = &r->files[i];
    }
    qsort(s->files, s->file_count, sizeof *s->files, compare_files);
    for (size_t i = 1; i < s->file_count; i++)
        if (strcmp(s->files[i - 1]->name, s->files[i]->name) == 0)
            return error_set(s->error, STATUS_INPUT, s->files[i]->name, NULL, NULL, "is to be sealed twice");
    if (s->file_count == 0 || member_identify(s->files[0]->name).kind != MEMBER_RECOVER)
        return error_set(s->error, STATUS_INPUT, r->output_path, NULL, NULL, "would have no recover.py");
    return true;
}

/* The software line names the exact source, since specification, reader and program follow from it. */
static void name_software(struct sealing *s)
{
    char hex[65] = "none";
    uint8_t digest[DIGEST_SIZE];

    for (size_t i = 0; i < s->file_count; i++) {
        if (strcmp(s->files[i]->name, SEALED_SOURCE) != 0)
            continue;
        sha256(s->files[i]->bytes, s->files[i]->size, digest);
        hex_encode(digest, hex);
    }
    snprintf(s->seal.software, sizeof s->seal.software, SOFTWARE ", source %s", hex);
    chunk_encoder_name(s->seal.compressor, sizeof s->seal.compressor);
}

/* What the seal says of where a derived archive comes from. */
static void take_changes(struct sealing *s)
{
    const struct derivation *d = s->request->derivation;

    if (!d)
        return;
    for (size_t i = 0; i < d->change_count; i++)
        text_print(&s->seal.changes, "change: %.*s\n", (int)CHANGE_LIMIT, d->changes[i]);
    if (!d->flat) {
        memcpy(s->seal.parent_root, archive_machine_root(d->parent), sizeof s->seal.parent_root);
        memcpy(s->seal.parent_content, archive_signature(d->parent)->content, sizeof s->seal.parent_content);
    }
}

bool sealing_take_input(struct sealing *s)
{
    const struct seal_request *r = s->request;
    struct description_manifest description;

    if (!read_machine(s) || !read_description(s, &description) || !sort_files(s) || !is_not_output(s, r->key_path))
        return false;
    s->key = key_load(r->key_path, s->error);
    if (!s->key || !key_public_pem(s->key, s->public_pem, s->error))
        return false;
    if (!take_firmware(s, &s->machine.system, &r->built_in_system, MEMBER_SYSTEM, &s->firmware[0]) ||
        !take_firmware(s, &s->machine.video,
                       s->machine.display < DISPLAY_GD5430 ? &r->built_in_video : &r->built_in_cirrus, MEMBER_VIDEO,
                       &s->firmware[1]))
        return false;
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (!open_image(s, (enum drive_slot)slot))
            return false;
    name_software(s);
    take_changes(s);
    return print_manifests(s, &description);
}
