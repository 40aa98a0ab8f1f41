/* diff.c - the subcommand diff: what differs between two archives, by member, by sector and by file. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "desk/act.h"
#include "desk/desk.h"
#include "desk/reader.h"
#include "desk/volume.h"
#include "formats/plain.h"
#include "formats/volumes/volumes.h"

enum { PIECE = 1 << 16 };

struct side {
    struct archive *archive;
    const char *name;
    struct block disk;
    struct desk_volume volume;
};

struct diff {
    struct side sides[2];
    uint64_t differences;
    enum drive_slot slot;
    struct sector_range range; /* of sectors that differ; it grows */
    uint64_t sectors, ranges;
    int from; /* the side whose files are gone over */
};

static void print_difference(struct diff *d, const char *kind, const char *what, const char *how)
{
    d->differences++;
    printf("%-8s", kind);
    plain_print(stdout, what);
    printf(": %s\n", how);
}

/* --- Members --- */

/* Source that a derived archive leaves out is that of one above it. */
static bool find_member(struct archive *archive, const char *wanted, hex_digest digest)
{
    const char *name;
    uint64_t size;

    for (struct archive *a = archive; a; a = strncmp(wanted, "source/", 7) == 0 ? archive_parent(a, NULL) : NULL)
        for (size_t i = 0; archive_member(a, i, &name, &size, digest); i++)
            if (strcmp(name, wanted) == 0)
                return true;
    return false;
}

/* What follows from the rest, or from where things lie, is no difference of its own. */
static bool follows(const char *name)
{
    return strcmp(name, "000-README.txt") == 0 || strcmp(name, "SHA256SUMS") == 0 || strcmp(name, "content.txt") == 0 ||
           strncmp(name, "disk/", 5) == 0;
}

static void print_lines(const char *text, const char *other, char sign)
{
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        bool found = false;

        for (const char *at = other; !found && *at; at += strcspn(at, "\n") + (at[strcspn(at, "\n")] == '\n'))
            found = strncmp(at, line, length + 1) == 0;
        if (!found) {
            char copy[512];

            snprintf(copy, sizeof copy, "%.*s", (int)length, line);
            printf("  %c ", sign);
            plain_print(stdout, copy);
            putchar('\n');
        }
        line += length + (line[length] == '\n');
    }
}

/* The lines of a manifest that differ. */
static void print_manifest(const struct diff *d, bool machine)
{
    char *texts[2] = {malloc(MANIFEST_LIMIT + 1), malloc(MANIFEST_LIMIT + 1)};
    bool good = texts[0] && texts[1];

    for (int i = 0; good && i < 2; i++) {
        const struct archive *a = d->sides[i].archive;

        good = machine ? machine_manifest_print(archive_machine(a), texts[i], MANIFEST_LIMIT + 1)
                       : description_manifest_print(archive_description(a), texts[i], MANIFEST_LIMIT + 1);
    }
    if (good) {
        print_lines(texts[0], texts[1], '-');
        print_lines(texts[1], texts[0], '+');
    }
    free(texts[0]);
    free(texts[1]);
}

static void diff_members(struct diff *d)
{
    const char *name;
    hex_digest one, other;
    uint64_t size;

    for (int i = 0; i < 2; i++)
        for (size_t n = 0; archive_member(d->sides[i].archive, n, &name, &size, one); n++) {
            bool there = find_member(d->sides[!i].archive, name, other);
            char how[600];

            if (follows(name) || (there && (i == 1 || strcmp(one, other) == 0)))
                continue;
            snprintf(how, sizeof how, there ? "differs" : "only in %.500s", d->sides[i].name);
            print_difference(d, "member", name, how);
            if (there && (strcmp(name, "machine.yaml") == 0 || strcmp(name, "description.yaml") == 0))
                print_manifest(d, *name == 'm');
        }
}

/* --- Sectors --- */

static void flush_range(struct diff *d)
{
    if (!d->range.count)
        return;
    printf("  sectors %" PRIu64 "-%" PRIu64 "\n", d->range.first, d->range.first + d->range.count - 1);
    d->sectors += d->range.count;
    d->ranges++;
    d->range.count = 0;
}

static void add_sector(struct diff *d, uint64_t sector)
{
    if (d->range.count && d->range.first + d->range.count == sector) {
        d->range.count++;
        return;
    }
    flush_range(d);
    d->range = (struct sector_range){sector, 1};
}

/* Reads a sector; one that the original did not give is zeros, and not the same as zeros that it gave. */
static bool read_sector(struct side *side, uint64_t sector, uint8_t bytes[SECTOR_SIZE], bool *readable,
                        struct error *error)
{
    uint32_t done;
    enum block_result result = side->disk.read(side->disk.context, sector, 1, bytes, &done);

    if (result == BLOCK_FAILED) {
        *error = *archive_failure(side->archive);
        return false;
    }
    *readable = result == BLOCK_OK;
    if (!*readable)
        memset(bytes, 0, SECTOR_SIZE);
    return true;
}

static bool diff_chunk(struct diff *d, uint64_t first, struct error *error)
{
    uint64_t end = first + CHUNK_SECTORS;
    uint8_t one[SECTOR_SIZE], other[SECTOR_SIZE];
    bool readable[2];

    for (uint64_t sector = first; sector < end && sector < d->sides[0].disk.sectors; sector++) {
        if (!read_sector(&d->sides[0], sector, one, &readable[0], error) ||
            !read_sector(&d->sides[1], sector, other, &readable[1], error))
            return false;
        if (readable[0] != readable[1] || memcmp(one, other, SECTOR_SIZE) != 0)
            add_sector(d, sector);
    }
    return true;
}

static bool diff_extent(struct diff *d, uint32_t extent, bool unreadable_same, struct error *error)
{
    struct chunk_claim(*chunks)[EXTENT_CHUNKS] = calloc(2, sizeof *chunks);
    uint8_t roots[2][DIGEST_SIZE];
    uint32_t count = 0;
    bool good = chunks || error_host(error, "diff", ENOMEM, "cannot compare");

    for (int i = 0; good && i < 2; i++)
        good = archive_extent(d->sides[i].archive, d->slot, extent, chunks[i], &count, roots[i], error);
    if (good && unreadable_same && memcmp(roots[0], roots[1], DIGEST_SIZE) == 0)
        count = 0;
    for (uint32_t i = 0; good && i < count; i++)
        if (!unreadable_same || memcmp(chunks[0][i].digest, chunks[1][i].digest, DIGEST_SIZE) != 0)
            good = diff_chunk(d, ((uint64_t)extent * EXTENT_CHUNKS + i) * CHUNK_SECTORS, error);
    free(chunks);
    return good;
}

static bool same_unreadable(const struct diff *d)
{
    uint32_t counts[2];
    const struct sector_range *lists[2];

    for (int i = 0; i < 2; i++)
        lists[i] = archive_unreadable(d->sides[i].archive, d->slot, &counts[i]);
    return counts[0] == counts[1] && (counts[0] == 0 || memcmp(lists[0], lists[1], counts[0] * sizeof *lists[0]) == 0);
}

static bool diff_sectors(struct diff *d, struct error *error)
{
    bool same = same_unreadable(d), good = true;

    d->sectors = d->ranges = 0;
    for (uint32_t i = 0; good && i < disk_extents(d->sides[0].disk.sectors * SECTOR_SIZE); i++)
        good = diff_extent(d, i, same, error);
    flush_range(d);
    if (good && d->sectors) {
        d->differences++;
        printf("%-8s%s: %" PRIu64 " sectors differ in %" PRIu64 " place%s\n", "disk", drive_slot_names[d->slot],
               d->sectors, d->ranges, d->ranges == 1 ? "" : "s");
    }
    return good;
}

/* --- Files --- */

/* What is said of two files of the same size; null: they are the same. */
static const char *compare_contents(struct diff *d, const struct file_entry *a, const struct file_entry *b)
{
    const struct file_entry *entries[2] = {a, b};
    uint8_t *pieces = malloc(2 * PIECE);
    size_t got[2] = {1, 1};
    struct error error;
    const char *how = pieces ? NULL : "cannot be compared: out of memory";

    for (uint64_t at = 0; !how && at < a->size; at += got[0]) {
        for (int i = 0; i < 2; i++) {
            const struct files *files = &d->sides[i].volume.files;

            if (!files->system->read(files->context, entries[i], at, pieces + i * PIECE, PIECE, &got[i], &error) ||
                got[i] == 0)
                how = "cannot be compared: it cannot be read whole";
        }
        if (!how && (got[0] != got[1] || memcmp(pieces, pieces + PIECE, got[0]) != 0))
            how = "differs";
    }
    free(pieces);
    return how;
}

static bool compare_file(void *context, const char *path, const struct file_entry *e, struct error *error)
{
    struct diff *d = context;
    const struct files *other = &d->sides[!d->from].volume.files;
    struct file_entry there;
    char what[4096], how[600];
    const char *different;

    error->status = STATUS_OK;
    snprintf(what, sizeof what, "%s %s", drive_slot_names[d->slot], path);
    if (!files_find(other, path, &there, error)) {
        snprintf(how, sizeof how, "only in %.500s", d->sides[d->from].name);
        print_difference(d, "file", what, how);
        return true;
    }
    if (d->from == 1 || e->kind != FILE_REGULAR || there.kind != FILE_REGULAR) {
        if (e->kind != there.kind && d->from == 0)
            print_difference(d, "file", what, "is of another kind");
        return true;
    }
    if (e->size != there.size) {
        snprintf(how, sizeof how, "differs: %" PRIu64 " and %" PRIu64 " bytes", e->size, there.size);
        print_difference(d, "file", what, how);
    } else if ((different = compare_contents(d, e, &there))) {
        print_difference(d, "file", what, different);
    }
    return true;
}

static void note_damage(void *context, const char *path, const struct error *damage)
{
    struct error report = *damage;

    (void)context;
    plain_copy(report.object, sizeof report.object, *path ? path : "/");
    error_print(stderr, &report);
}

static bool diff_volume(struct diff *d, const struct volume *a, const struct volume *b, struct error *error)
{
    struct error none;
    bool good = reader_open(&d->sides[0].disk, a, &d->sides[0].volume.files, &none);

    if (good && reader_open(&d->sides[1].disk, b, &d->sides[1].volume.files, &none)) {
        for (d->from = 0; good && d->from < 2; d->from++) {
            struct visit visit = {.each = compare_file, .damaged = note_damage, .context = d};

            good = desk_volume_visit(&d->sides[d->from].volume, &visit, error);
        }
        files_close(&d->sides[1].volume.files);
    }
    if (d->sides[0].volume.files.system)
        files_close(&d->sides[0].volume.files);
    memset(&d->sides[0].volume, 0, sizeof d->sides[0].volume);
    memset(&d->sides[1].volume, 0, sizeof d->sides[1].volume);
    return good || error->status == STATUS_OK;
}

/* The volumes that lie at the same place on both disks. */
static bool diff_files(struct diff *d, struct error *error)
{
    struct disk_survey surveys[2] = {{.volume_count = 0}, {.volume_count = 0}};
    bool good = reader_survey_names(&d->sides[0].disk, &surveys[0], error) &&
                reader_survey_names(&d->sides[1].disk, &surveys[1], error);

    error->status = STATUS_OK;
    for (uint32_t i = 0; good && i < surveys[0].volume_count; i++)
        for (uint32_t n = 0; good && n < surveys[1].volume_count; n++) {
            const struct volume *a = &surveys[0].volumes[i], *b = &surveys[1].volumes[n];

            if (a->number == b->number && files_can_open(a) && files_can_open(b))
                good = diff_volume(d, a, b, error);
        }
    disk_survey_free(&surveys[0]);
    disk_survey_free(&surveys[1]);
    return good;
}

/* --- The whole --- */

static bool diff_disk(struct diff *d, struct error *error)
{
    bool there[2];

    for (int i = 0; i < 2; i++) {
        error->status = STATUS_OK;
        there[i] = archive_disk(d->sides[i].archive, d->slot, &d->sides[i].disk, error);
        if (!there[i] && error->status != STATUS_OK)
            return false;
    }
    if (!there[0] && !there[1])
        return true;
    if (there[0] != there[1] || d->sides[0].disk.sectors != d->sides[1].disk.sectors) {
        print_difference(d, "disk", drive_slot_names[d->slot],
                         there[0] != there[1] ? "is in one of them" : "is of another size");
        return true;
    }
    return diff_sectors(d, error) && (!d->sectors || diff_files(d, error));
}

static enum status diff_all(const struct arguments *a, struct act *act)
{
    struct diff d = {.differences = 0};
    struct error error;
    bool good = true;

    for (int i = 0; good && i < 2; i++) {
        d.sides[i].name = a->operands[i];
        d.sides[i].archive = desk_open_archive(a, a->operands[i], &error);
        good = d.sides[i].archive && desk_may_see(a, d.sides[i].archive, &error);
    }
    act_override(act, a, d.sides[0].archive);
    if (d.sides[1].archive)
        act_fact(act, "other-machine-root", archive_machine_root(d.sides[1].archive));
    if (good)
        diff_members(&d);
    for (unsigned slot = 0; good && slot < DRIVE_COUNT; slot++) {
        d.slot = (enum drive_slot)slot;
        good = diff_disk(&d, &error);
    }
    if (good && d.differences == 0)
        printf("the machines, their disks and descriptions are the same\n");
    archive_close(d.sides[0].archive);
    archive_close(d.sides[1].archive);
    return !good ? desk_fail(&error) : d.differences ? STATUS_WRONG : STATUS_OK;
}

enum status diff_run(const struct arguments *a)
{
    return act_run(a, "diff", diff_all);
}
