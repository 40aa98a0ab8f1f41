/* seal.c - freezes a machine: reads its manifest, firmware and images, and writes the archive.
 *
 * Everything that can be wrong with the input is found before the first byte is written, as far as it can be known
 * without reading the disks. What is written is a function of the input: no time, no name of the host, no order that a
 * file system chose. */
#include "archive/archive.h"
#include "archive/layout.h"
#include "archive/origin.h"
#include "archive/workers.h"
#include "archive/writer.h"
#include "formats/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SOFTWARE "muniment 0"
#define SOURCE_NAME "source/muniment.tar"

struct image {
    bool present;
    struct block block;
    struct image_info info;
    char path[4096];
};

struct sealing {
    const struct seal_request *request;
    struct error *error;
    struct machine_manifest machine;
    struct text machine_text, description_text;
    struct text firmware[2]; /* system, video */
    struct key *key;
    char public_pem[PUBLIC_PEM_SIZE];
    struct image images[DRIVE_COUNT];
    const struct sealed_file **files; /* of the request, in the order of the archive */
    size_t file_count;

    struct writer writer;
    struct workers *workers; /* while disks are sealed */
    struct seal seal;
    struct text sums;
    uint64_t done, total; /* bytes of disks, for progress */
    uint8_t machine_root[DIGEST_SIZE];
};

/* --- Input --- */

static bool out_of_memory(struct sealing *s)
{
    return error_set(s->error, STATUS_HOST, s->request->output_path, NULL, NULL, "out of memory");
}

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
    const char *path = s->request->description_path, *slash = strrchr(s->request->machine_path, '/');
    const char *name = slash ? slash + 1 : s->request->machine_path, *dot = strrchr(name, '.');
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
    return !bytes->failed || out_of_memory(s);
}

/* A disk of a derived archive: what the parent's holds now. */
static bool take_disk(struct sealing *s, enum drive_slot slot)
{
    const struct derivation *d = s->request->derivation;
    struct image *image = &s->images[slot];
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
    struct image *image = &s->images[slot];

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
        return out_of_memory(s);
    machine = machine_manifest_print(&s->machine, buffer, MANIFEST_LIMIT + 1);
    text_add(&s->machine_text, buffer, machine);
    description = description_manifest_print(d, buffer, MANIFEST_LIMIT + 1);
    text_add(&s->description_text, buffer, description);
    free(buffer);
    if (machine == 0 || description == 0)
        return error_set(s->error, STATUS_INPUT, machine ? s->request->description_path : s->request->machine_path,
                         NULL, NULL, "cannot be written in canonical form");
    return (!s->machine_text.failed && !s->description_text.failed) || out_of_memory(s);
}

static int compare_files(const void *a, const void *b)
{
    return member_compare((*(const struct sealed_file *const *)a)->name, (*(const struct sealed_file *const *)b)->name);
}

/* The program's source is large: an archive leaves it out if one above it in the chain holds the same. */
static bool is_held_above(const struct sealing *s, const struct sealed_file *file)
{
    const struct derivation *d = s->request->derivation;
    uint8_t digest[DIGEST_SIZE];
    hex_digest wanted, held;
    const char *name;
    uint64_t size;

    if (!d || d->flat || file->path || strcmp(file->name, SOURCE_NAME) != 0)
        return false;
    sha256(file->bytes, file->size, digest);
    hex_encode(digest, wanted);
    for (struct archive *a = d->parent; a; a = archive_parent(a, NULL))
        for (size_t i = 0; archive_member(a, i, &name, &size, held); i++)
            if (strcmp(name, SOURCE_NAME) == 0 && strcmp(held, wanted) == 0)
                return true;
    return false;
}

static bool sort_files(struct sealing *s)
{
    const struct seal_request *r = s->request;

    if (r->file_count > LISTED_LIMIT / 2)
        return error_set(s->error, STATUS_INPUT, r->output_path, NULL, NULL, "would have too many members");
    s->files = calloc(r->file_count + 1, sizeof *s->files);
    if (!s->files)
        return out_of_memory(s);
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
        if (strcmp(s->files[i]->name, SOURCE_NAME) != 0)
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

static bool take_input(struct sealing *s)
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

/* --- Output --- */

/* Enters the member that was just written into SHA256SUMS and, if it belongs there, into the seal. */
static bool enter(struct sealing *s)
{
    const struct member *m = &s->writer.member;
    enum member_kind kind = member_identify(m->name).kind;

    sums_print(&s->sums, m->digest, m->name);
    if (s->sums.failed || (kind != MEMBER_EXTENT && kind != MEMBER_MAP && !seal_add(&s->seal, m)))
        return out_of_memory(s);
    return true;
}

static bool add_member(struct sealing *s, const char *name, const void *bytes, size_t size)
{
    return writer_member(&s->writer, name, bytes, size) && enter(s);
}

static bool add_text(struct sealing *s, enum member_kind kind, enum drive_slot slot, uint32_t extent,
                     const struct text *t)
{
    char name[NAME_SIZE];

    member_name(kind, slot, extent, name);
    return t->failed ? out_of_memory(s) : add_member(s, name, t->length ? t->bytes : "", t->length);
}

/* One disk on its way into the archive. */
struct disk_sealing {
    struct sealing *s;
    enum drive_slot slot;
    uint64_t size;
    struct text top, unreadable;
    struct sector_range bad; /* the range of unreadable sectors that is growing */
    uint32_t bad_ranges;
    struct tree tree;
    struct sha256 image;        /* of the file, without what fills it up; not begun: given up */
    uint64_t held;              /* bytes of it, all zeros, that are not digested yet */
    struct origin_check stated; /* what the image records of the same */
    uint64_t zero_extents, other_extents;
    struct zero_roots zero_roots;
    struct job zero; /* a whole chunk of zeros, done */

    uint32_t extent;
    bool begun;                /* the extent's .gz; not before its first byte that is not zero */
    uint32_t gz_size, written; /* chunks */
    struct map_entry entries[EXTENT_CHUNKS];

    bool derived;                            /* a chunk that is as the parent's is inherited */
    struct chunk_claim above[EXTENT_CHUNKS]; /* the parent's chunks of the extent */
    uint32_t next_unreadable;                /* of the parent's ranges */
};

static bool bad_flush(struct disk_sealing *d)
{
    if (d->bad.count == 0)
        return true;
    if (++d->bad_ranges > UNREADABLE_LIMIT)
        return error_set(d->s->error, STATUS_INPUT, d->s->images[d->slot].path, NULL, NULL,
                         "has too many unreadable places");
    text_print(&d->unreadable, "%015llu %015llu\n", (unsigned long long)d->bad.first, (unsigned long long)d->bad.count);
    d->bad.count = 0;
    return true;
}

static bool bad_add(struct disk_sealing *d, uint64_t sector)
{
    if (d->bad.count > 0 && d->bad.first + d->bad.count == sector) {
        d->bad.count++;
        return true;
    }
    if (!bad_flush(d))
        return false;
    d->bad = (struct sector_range){sector, 1};
    return true;
}

/* Reads `count` sectors; those that cannot be read become zeros and are noted. */
static bool read_chunk(struct disk_sealing *d, uint64_t sector, uint32_t count, uint8_t *bytes)
{
    struct block *block = &d->s->images[d->slot].block;

    for (uint32_t at = 0; at < count;) {
        uint32_t done = 0;
        uint8_t *to = bytes + (size_t)at * SECTOR_SIZE;
        enum block_result result = block->read(block->context, sector + at, count - at, to, &done);

        if (result == BLOCK_OK)
            return true;
        if (result == BLOCK_FAILED) {
            *d->s->error = *block->failure(block->context);
            return false;
        }
        at += done;
        memset(bytes + (size_t)at * SECTOR_SIZE, 0, SECTOR_SIZE);
        if (!bad_add(d, sector + at++))
            return false;
    }
    return true;
}

static bool add_chunk(struct disk_sealing *d, uint32_t chunk, const struct job *job)
{
    struct map_entry *entry = &d->entries[chunk];

    entry->offset = d->gz_size;
    entry->length = job->gz_length;
    d->gz_size += entry->length;
    return writer_add(&d->s->writer, job->gz, job->gz_length);
}

/* Begins the .gz, with the chunks of zeros that had been held back. */
static bool begin_extent(struct disk_sealing *d, uint32_t chunks_before)
{
    char name[NAME_SIZE];

    d->begun = true;
    d->gz_size = 0;
    member_name(MEMBER_EXTENT, d->slot, d->extent, name);
    if (!writer_begin(&d->s->writer, name))
        return false;
    for (uint32_t i = 0; i < chunks_before; i++)
        if (!d->entries[i].inherited && !add_chunk(d, i, &d->zero))
            return false;
    return true;
}

static bool progress(struct sealing *s, uint32_t more)
{
    s->done += more;
    if (!s->request->progress || s->request->progress(s->request->progress_context, s->done, s->total))
        return true;
    return error_set(s->error, STATUS_HOST, s->request->output_path, NULL, NULL, "cancelled; nothing was written");
}

/* How much of so many bytes of the disk the file had. */
static size_t in_image(const struct disk_sealing *d, uint64_t at, uint32_t length)
{
    uint64_t left = d->s->seal.disks[d->slot].image_size - at;

    return left < length ? (size_t)left : length;
}

/* Digests the zeros that were held back. */
static void add_held(struct disk_sealing *d)
{
    while (d->image.context && d->held > 0) {
        size_t part = d->held < CHUNK_SIZE ? (size_t)d->held : CHUNK_SIZE;

        sha256_add(&d->image, d->zero.bytes, part);
        d->held -= part;
    }
}

/* The digest of the file is of all its bytes, one after the other, and cannot be had for less. It is given up where the
 * disk is nearly all zeros (spec/archive.md): more than 64 extents of zeros, and four times as many as others. So zeros
 * that are not read are held back until others follow, and cost nothing where none do. */
static void add_to_image(struct disk_sealing *d, uint64_t at, const uint8_t *bytes, uint32_t length)
{
    if (d->s->request->derivation)
        return;
    add_held(d);
    if (d->image.context)
        sha256_add(&d->image, bytes, in_image(d, at, length));
    origin_check_add(&d->stated, bytes, in_image(d, at, length));
}

static void give_image_up(struct disk_sealing *d)
{
    if (d->zero_extents <= 64 || d->zero_extents <= 4 * d->other_extents || !d->image.context)
        return;
    sha256_end(&d->image, NULL);
}

/* The root of the extent if it is zeros. */
static const uint8_t *zero_root_of(const struct disk_sealing *d)
{
    return d->extent + 1 < disk_extents(d->size) ? d->zero_roots.whole : d->zero_roots.last;
}

/* Whether so many sectors are zeros without being read. */
static bool known_zeros(const struct disk_sealing *d, uint64_t sector, uint64_t count)
{
    const struct block *block = &d->s->images[d->slot].block;

    while (count > 0 && block->zeros) {
        uint64_t zeros = block->zeros(block->context, sector);

        if (zeros == 0)
            return false;
        if (zeros >= count)
            return true;
        sector += zeros;
        count -= zeros;
    }
    return count == 0;
}

/* Writes the oldest chunk that is under way; the .gz begins with the first that is not zeros. */
static bool put_chunk(struct disk_sealing *d)
{
    const struct job *job = workers_take(d->s->workers);
    uint32_t chunk;

    while (d->entries[d->written].inherited)
        d->written++;
    chunk = d->written++;
    memcpy(d->entries[chunk].digest, job->digest, DIGEST_SIZE);
    d->entries[chunk].inherited = d->derived && memcmp(job->digest, d->above[chunk].digest, DIGEST_SIZE) == 0;
    if (d->entries[chunk].inherited)
        return true;
    if (!d->begun && !job->zero && !begin_extent(d, chunk))
        return false;
    return !d->begun || add_chunk(d, chunk, job);
}

/* Reads a chunk, and hands it to the workers. */
static bool take_chunk(struct disk_sealing *d, uint64_t sector, uint32_t length)
{
    struct workers *w = d->s->workers;
    struct job *job = workers_job(w);

    if (!job && !put_chunk(d))
        return false;
    if (!job)
        job = workers_job(w);
    job->length = length;
    if (known_zeros(d, sector, length / SECTOR_SIZE))
        memset(job->bytes, 0, length);
    else if (!read_chunk(d, sector, length / SECTOR_SIZE, job->bytes))
        return false;
    job->zero = all_zero(job->bytes, length);
    add_to_image(d, sector * SECTOR_SIZE, job->bytes, length);
    if (job->zero && length == CHUNK_SIZE)
        workers_submit_as(w, &d->zero);
    else
        workers_submit(w);
    return progress(d->s, length);
}

/* Whether so many sectors are the parent's. */
static bool known_same(const struct disk_sealing *d, uint64_t sector, uint64_t count)
{
    const struct derivation *from = d->s->request->derivation;

    return d->derived && from->same && from->same(from->same_context, d->slot, sector, count);
}

/* Takes over what the parent's original could not be read of, among sectors that are not read. Sectors come in order.
 */
static bool inherit_unreadable(struct disk_sealing *d, uint64_t sector, uint64_t count)
{
    uint32_t ranges;
    const struct sector_range *list = archive_unreadable(d->s->request->derivation->parent, d->slot, &ranges);

    for (; d->next_unreadable < ranges; d->next_unreadable++) {
        const struct sector_range *r = &list[d->next_unreadable];
        uint64_t from = r->first > sector ? r->first : sector, end = r->first + r->count;

        for (uint64_t at = from; at < end && at < sector + count; at++)
            if (!bad_add(d, at))
                return false;
        if (end > sector + count)
            break;
    }
    return true;
}

/* What was held back of an extent in which nothing but zeros differs from the parent: it is an extent of zeros, or
 * these are written after all. */
static bool write_zeros(struct disk_sealing *d, uint32_t count)
{
    struct workers *w = d->s->workers;
    uint8_t root[DIGEST_SIZE];
    struct job *job;
    bool own = false;

    for (uint32_t i = 0; i < count; i++)
        own = own || !d->entries[i].inherited;
    extent_root(d->entries, count, root);
    if (!own || memcmp(root, zero_root_of(d), DIGEST_SIZE) == 0)
        return true;
    if (!begin_extent(d, count - 1))
        return false;
    if (d->entries[count - 1].inherited)
        return true;
    job = workers_job(w);
    job->length = chunk_length(d->size, d->extent, count - 1);
    memset(job->bytes, 0, job->length);
    workers_submit(w);
    return add_chunk(d, count - 1, workers_take(w));
}

/* The member of an extent, if it needs one. */
static bool seal_chunks(struct disk_sealing *d, uint32_t count)
{
    uint64_t sector = (uint64_t)d->extent * EXTENT_CHUNKS * CHUNK_SECTORS;

    d->begun = false;
    d->written = 0;
    memset(d->entries, 0, sizeof d->entries);
    for (uint32_t i = 0; i < count; i++, sector += CHUNK_SECTORS) {
        uint32_t length = chunk_length(d->size, d->extent, i);

        if (known_same(d, sector, length / SECTOR_SIZE)) {
            memcpy(d->entries[i].digest, d->above[i].digest, DIGEST_SIZE);
            d->entries[i].inherited = true;
            if (!inherit_unreadable(d, sector, length / SECTOR_SIZE) || !progress(d->s, length))
                return false;
        } else if (!take_chunk(d, sector, length)) {
            return false;
        }
    }
    for (const struct map_entry *last = d->entries + count; d->written < count;) {
        const struct map_entry *next = d->entries + d->written;

        while (next < last && next->inherited)
            next++;
        if (next == last)
            break;
        if (!put_chunk(d))
            return false;
    }
    if (d->derived && !d->begun && !write_zeros(d, count))
        return false;
    return !d->begun || (writer_end(&d->s->writer) && enter(d->s));
}

/* Whether nothing differs from the parent. */
static bool all_inherited(const struct disk_sealing *d, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!d->entries[i].inherited)
            return false;
    return d->derived;
}

/* An extent that is the parent's as a whole, without being read. */
static bool inherit_extent(struct disk_sealing *d, struct top_entry *entry)
{
    uint64_t first = (uint64_t)d->extent * EXTENT_CHUNKS * CHUNK_SECTORS, left = d->size / SECTOR_SIZE - first;
    uint64_t count = left < EXTENT_CHUNKS * CHUNK_SECTORS ? left : EXTENT_CHUNKS * CHUNK_SECTORS;

    entry->inherited = known_same(d, first, count);
    if (!entry->inherited)
        return true;
    entry->zero = memcmp(entry->root, zero_root_of(d), DIGEST_SIZE) == 0;
    entry->inherited = !entry->zero;
    return inherit_unreadable(d, first, count) && progress(d->s, (uint32_t)(count * SECTOR_SIZE));
}

/* Passes an extent that is zeros without being read. */
static bool skip_extent(struct disk_sealing *d, uint32_t count, uint8_t root[DIGEST_SIZE])
{
    uint64_t at = (uint64_t)d->extent * EXTENT_SIZE;
    uint32_t all = 0;

    memcpy(root, zero_root_of(d), DIGEST_SIZE);
    for (uint32_t i = 0; i < count; i++, at += CHUNK_SIZE) {
        uint32_t length = chunk_length(d->size, d->extent, i);

        if (!d->s->request->derivation) {
            d->held += in_image(d, at, length);
            origin_check_add(&d->stated, d->zero.bytes, in_image(d, at, length));
        }
        all += length;
    }
    return progress(d->s, all);
}

static void put_top(struct disk_sealing *d, const struct top_entry *entry)
{
    char line[TOP_LINE + 1];

    top_line_print(line, d->extent, entry);
    text_add(&d->top, line, TOP_LINE);
    tree_add_subtree(&d->tree, entry->root);
}

static bool seal_extent(struct disk_sealing *d)
{
    uint32_t count = extent_chunks(d->size, d->extent);
    struct top_entry entry = {.zero = false};
    char line[TOP_LINE + 1];

    if (d->derived) {
        if (!archive_extent(d->s->request->derivation->parent, d->slot, d->extent, d->above, &count, entry.root,
                            d->s->error) ||
            !inherit_extent(d, &entry))
            return false;
        if (top_entry_is_bare(&entry)) {
            put_top(d, &entry);
            return true;
        }
    }
    entry.zero = true;

    uint64_t sectors = d->size / SECTOR_SIZE - (uint64_t)d->extent * EXTENT_CHUNKS * CHUNK_SECTORS;

    d->begun = false;
    if (known_zeros(d, (uint64_t)d->extent * EXTENT_CHUNKS * CHUNK_SECTORS,
                    sectors < EXTENT_CHUNKS * CHUNK_SECTORS ? sectors : EXTENT_CHUNKS * CHUNK_SECTORS)) {
        if (!skip_extent(d, count, entry.root))
            return false;
    } else {
        if (!seal_chunks(d, count))
            return false;
        extent_root(d->entries, count, entry.root);
        entry.inherited = !d->begun && all_inherited(d, count) && memcmp(entry.root, zero_root_of(d), DIGEST_SIZE) != 0;
        entry.zero = !entry.inherited;
    }
    *(d->begun ? &d->other_extents : &d->zero_extents) += 1;
    give_image_up(d);
    if (d->begun) {
        struct text map = {.bytes = NULL};
        bool done;

        entry.zero = false;
        entry.offset = d->s->writer.member.offset;
        entry.length = d->gz_size;
        for (uint32_t i = 0; i < count; i++) {
            map_line_print(line, i, &d->entries[i]);
            text_add(&map, line, MAP_LINE);
        }
        done = add_text(d->s, MEMBER_MAP, d->slot, d->extent, &map);
        memcpy(entry.map_digest, d->s->writer.member.digest, DIGEST_SIZE);
        text_free(&map);
        if (!done)
            return false;
    }
    put_top(d, &entry);
    return true;
}

/* A chunk of zeros is digested and compressed once. */
static void make_zero(struct sealing *s, struct disk_sealing *d)
{
    struct job *job = workers_job(s->workers);

    memset(job->bytes, 0, CHUNK_SIZE);
    job->length = CHUNK_SIZE;
    workers_submit(s->workers);
    d->zero = *workers_take(s->workers);
    d->zero.zero = true;
}

static bool seal_disk(struct sealing *s, enum drive_slot slot)
{
    struct disk_sealing *d = calloc(1, sizeof *d);
    bool done = true;

    if (!d)
        return out_of_memory(s);
    d->s = s;
    d->slot = slot;
    d->size = s->seal.disks[slot].size;
    d->derived = s->request->derivation && !s->request->derivation->flat;
    if (!s->request->derivation)
        sha256_begin(&d->image);
    origin_check_begin(&d->stated, &s->images[slot].info);
    zero_roots(d->size, &d->zero_roots);
    make_zero(s, d);
    for (d->extent = 0; done && d->extent < disk_extents(d->size); d->extent++)
        done = seal_extent(d) && (s->request->derivation || image_unchanged(&s->images[slot].block, s->error));
    add_held(d);
    if (d->image.context)
        sha256_end(&d->image, s->seal.disks[slot].image_digest);
    else
        s->seal.disks[slot].image_size = 0;
    done = origin_check_end(&d->stated, done ? &s->images[slot].info : NULL, s->images[slot].path, s->error) && done;
    done = done && bad_flush(d) && add_text(s, MEMBER_TOP, slot, 0, &d->top) &&
           add_text(s, MEMBER_UNREADABLE, slot, 0, &d->unreadable);
    if (done)
        tree_root(&d->tree, s->seal.disks[slot].root);
    text_free(&d->top);
    text_free(&d->unreadable);
    free(d);
    return done;
}

static bool write_readme(struct sealing *s)
{
    struct text readme = {.bytes = NULL};
    bool done;

    readme_print(&readme, 0, 0);
    done = add_text(s, MEMBER_README, 0, 0, &readme);
    text_free(&readme);
    return done;
}

/* The README says where the seal is and how long the file is. Both follow from lengths that are fixed before the
 * seal is written. */
static bool complete_readme(struct sealing *s)
{
    struct text readme = {.bytes = NULL}, seal = {.bytes = NULL};
    struct member *m;
    uint64_t seal_at = s->writer.offset + TAR_BLOCK + tar_padded(s->sums.length);
    struct member sums = {.name = "SHA256SUMS"};
    char hex[65];
    bool done;

    if (!seal_add(&s->seal, &sums))
        return out_of_memory(s);
    m = &s->seal.members[0]; /* the list may have moved */
    seal_print(&seal, &s->seal);
    s->seal.count--;
    readme_print(&readme, seal_at + tail_layout(seal.length).end, seal_at);
    done = !seal.failed && !readme.failed && readme.length == m->size
               ? writer_patch(&s->writer, m->offset, readme.bytes, readme.length)
               : out_of_memory(s);
    if (done) {
        sha256(readme.bytes, readme.length, m->digest);
        hex_encode(m->digest, hex);
        memcpy(s->sums.bytes, hex, 64);
    }
    text_free(&readme);
    text_free(&seal);
    return done;
}

/* Seal, key, signature, statement. */
static bool write_evidence(struct sealing *s, const uint8_t content_digest[DIGEST_SIZE])
{
    struct text seal = {.bytes = NULL}, statement = {.bytes = NULL};
    uint8_t seal_digest[DIGEST_SIZE], signer[DIGEST_SIZE], signature[SIGNATURE_SIZE];
    char name[NAME_SIZE];
    bool done;

    seal_print(&seal, &s->seal);
    done = !seal.failed || out_of_memory(s);
    if (done) {
        sha256(seal.bytes, seal.length, seal_digest);
        public_key_digest(s->public_pem, PUBLIC_PEM_SIZE, true, signer);
        statement_print(&statement, signer, content_digest, seal_digest);
        member_name(MEMBER_SEAL, 0, 0, name);
        done = (!statement.failed || out_of_memory(s)) && writer_member(&s->writer, name, seal.bytes, seal.length);
    }
    done = done && key_sign(s->key, statement.bytes, statement.length, signature, s->error);
    member_name(MEMBER_KEY, 0, 0, name);
    done = done && writer_member(&s->writer, name, s->public_pem, PUBLIC_PEM_SIZE);
    member_name(MEMBER_SIGNATURE, 0, 0, name);
    done = done && writer_member(&s->writer, name, signature, sizeof signature);
    member_name(MEMBER_STATEMENT, 0, 0, name);
    done = done && writer_member(&s->writer, name, statement.bytes, statement.length);
    text_free(&seal);
    text_free(&statement);
    return done;
}

static bool write_tail(struct sealing *s)
{
    struct text content = {.bytes = NULL};
    uint8_t digest[DIGEST_SIZE];
    bool done;

    content_print(&content, &s->seal, s->machine_root);
    done = add_text(s, MEMBER_CONTENT, 0, 0, &content);
    memcpy(digest, s->writer.member.digest, DIGEST_SIZE);
    text_free(&content);
    if (!done || !complete_readme(s))
        return false;
    return writer_member(&s->writer, "SHA256SUMS", s->sums.bytes, s->sums.length) &&
           (seal_add(&s->seal, &s->writer.member) || out_of_memory(s)) && write_evidence(s, digest);
}

/* What is known of the images that other programs made. */
static bool take_origins(struct sealing *s)
{
    for (unsigned slot = 0; !s->request->derivation && slot < DRIVE_COUNT; slot++)
        if (s->images[slot].present && !origin_print(&s->seal.origins, (enum drive_slot)slot, &s->images[slot].block,
                                                     &s->images[slot].info, s->error))
            return false;
    return !s->seal.origins.failed || out_of_memory(s);
}

/* The reference boot, of the machine as it has been written so far. */
static bool write_attestation(struct sealing *s)
{
    struct sealed_machine machine = {
        .manifest = &s->machine,
        .system = (const uint8_t *)s->firmware[0].bytes,
        .system_size = s->firmware[0].length,
        .video = (const uint8_t *)s->firmware[1].bytes,
        .video_size = s->firmware[1].length,
    };
    struct attestation a = {.text = NULL};
    struct text content = {.bytes = NULL};
    char names[2][NAME_SIZE];
    bool done;

    content_print(&content, &s->seal, s->machine_root);
    text_free(&content);
    hex_encode(s->machine_root, machine.machine_root);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (s->images[slot].present)
            machine.disks[slot] = s->images[slot].block;
    member_name(MEMBER_ATTEST, 0, 0, names[0]);
    member_name(MEMBER_ATTEST_JOURNAL, 0, 0, names[1]);
    done = s->request->attest(s->request->attest_context, &machine, &a, s->error);
    if (done && (a.size > ATTEST_LIMIT || a.journal_size > ATTEST_LIMIT))
        done = error_set(s->error, STATUS_INPUT, s->request->output_path, NULL, "let it be shorter",
                         "the reference boot takes more than %u bytes to write down", ATTEST_LIMIT);
    done = done && add_member(s, names[0], a.text, a.size) && add_member(s, names[1], a.journal, a.journal_size);
    attestation_free(&a);
    return done;
}

/* The machine is one that there was at one moment: the first disk is as it was when the last one had been read, too. */
static bool images_unchanged(struct sealing *s)
{
    for (unsigned slot = 0; !s->request->derivation && slot < DRIVE_COUNT; slot++)
        if (s->images[slot].present && !image_unchanged(&s->images[slot].block, s->error))
            return false;
    return true;
}

/* A member that is read from a file. */
static bool copy_file(struct sealing *s, const struct sealed_file *wanted)
{
    uint8_t part[16384];
    struct file_state before;
    FILE *file = fopen(wanted->path, "rb");
    size_t n;

    if (!file)
        return error_set(s->error, errno == ENOENT ? STATUS_INPUT : STATUS_HOST, wanted->path, NULL, NULL,
                         "cannot open: %s", strerror(errno));
    bool good = file_state(fileno(file), wanted->path, &before, s->error) && writer_begin(&s->writer, wanted->name);
    while (good && (n = fread(part, 1, sizeof part, file)) > 0)
        good = writer_add(&s->writer, part, n);
    if (good && ferror(file))
        good = error_host(s->error, wanted->path, errno, "cannot read");
    good = good && file_unchanged(fileno(file), wanted->path, &before, s->error);
    fclose(file);
    return good && writer_end(&s->writer) && enter(s);
}

static bool write_archive(struct sealing *s)
{
    if (!write_readme(s))
        return false;
    for (size_t i = 0; i < s->file_count; i++)
        if (!is_held_above(s, s->files[i]) &&
            (s->files[i]->path ? !copy_file(s, s->files[i])
                               : !add_member(s, s->files[i]->name, s->files[i]->bytes, s->files[i]->size)))
            return false;
    if (!add_text(s, MEMBER_MACHINE, 0, 0, &s->machine_text) ||
        !add_text(s, MEMBER_DESCRIPTION, 0, 0, &s->description_text) ||
        !add_text(s, MEMBER_SYSTEM, 0, 0, &s->firmware[0]) || !add_text(s, MEMBER_VIDEO, 0, 0, &s->firmware[1]))
        return false;
    s->workers = workers_new(s->request->threads);
    if (!s->workers)
        return out_of_memory(s);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (s->images[slot].present && !seal_disk(s, (enum drive_slot)slot))
            return false;
    workers_free(s->workers); /* the reference boot is one thread's */
    s->workers = NULL;
    return (!s->request->attest || write_attestation(s)) && take_origins(s) && images_unchanged(s) && write_tail(s);
}

static void release(struct sealing *s)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        if (s->images[slot].present && s->images[slot].block.close)
            s->images[slot].block.close(s->images[slot].block.context);
        image_info_free(&s->images[slot].info);
    }
    text_free(&s->machine_text);
    text_free(&s->description_text);
    text_free(&s->firmware[0]);
    text_free(&s->firmware[1]);
    text_free(&s->sums);
    key_free(s->key);
    workers_free(s->workers);
    seal_free(&s->seal);
    free(s->files);
    free(s);
}

bool archive_seal(const struct seal_request *request, hex_digest machine_root, struct error *error)
{
    struct sealing *s = calloc(1, sizeof *s);
    bool done;

    if (!s)
        return error_set(error, STATUS_HOST, request->output_path, NULL, NULL, "out of memory");
    s->request = request;
    s->error = error;
    done = take_input(s) && writer_open(&s->writer, request->output_path, request->replace, error) &&
           write_archive(s) && writer_commit(&s->writer);
    writer_abandon(&s->writer);
    if (done)
        hex_encode(s->machine_root, machine_root);
    release(s);
    return done;
}
