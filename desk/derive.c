/* derive.c - the subcommands that make archives from archives: derive and flatten (spec/archive.md, "Derived
 * archives"). */
#include <errno.h>
#include <stdarg.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk/act.h"
#include "desk/attest.h"
#include "desk/desk.h"
#include "desk/progress.h"
#include "desk/rights.h"
#include "desk/sealing.h"
#include "formats/plain.h"
#include "verify/runs/runs.h"

struct deriving {
    const struct arguments *arguments;
    struct archive *parent;
    struct machine_manifest machine;
    struct description_manifest description;
    struct block disks[DRIVE_COUNT];
    char (*changes)[CHANGE_LIMIT + 1];
    size_t change_count;
};

/* --- What changes --- */

/* Notes a change; there is room for one of each option and drive, and two more. */
static void note(struct deriving *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct deriving *d, const char *format, ...)
{
    va_list arguments;
    char *text = d->changes[d->change_count++];

    va_start(arguments, format);
    vsnprintf(text, sizeof d->changes[0], format, arguments);
    va_end(arguments);
}

/* The line of a key at a depth, in a part of a manifest in canonical form; null: it is not there. */
static char *find_key(char *at, const char *end, size_t depth, const char *key, size_t length)
{
    while (at < end) {
        if (strspn(at, " ") == depth && strncmp(at + depth, key, length) == 0 && at[depth + length] == ':')
            return at;
        at += strcspn(at, "\n") + 1;
    }
    return NULL;
}

/* Where what belongs to the key of a line ends. */
static char *end_of(char *line, const char *end, size_t depth)
{
    line += strcspn(line, "\n") + 1;
    while (line < end && strspn(line, " ") > depth)
        line += strcspn(line, "\n") + 1;
    return line;
}

/* Puts a text of a manifest in place of the bytes from `from` to `to`. */
static bool splice(char *text, char *from, const char *to, const char *with)
{
    size_t length = strlen(with), rest = strlen(to);

    if ((size_t)(from - text) + length + rest > MANIFEST_LIMIT)
        return false;
    memmove(from + length, to, rest + 1);
    memcpy(from, with, length);
    return true;
}

/* Carries out "KEY.KEY=VALUE" on the canonical form of a machine; without value, the key goes. */
static bool set_value(char *text, const char *assignment)
{
    const char *equals = strchr(assignment, '='), *key = assignment;
    char *from = text, *end = text + strlen(text), line[512];
    size_t depth = 0;

    if (!equals || equals == assignment || strchr(assignment, '\n'))
        return false;
    for (;; depth += 2) {
        const char *dot = memchr(key, '.', (size_t)(equals - key)), *stop = dot ? dot : equals;
        char *found = find_key(from, end, depth, key, (size_t)(stop - key));
        int length = dot ? snprintf(line, sizeof line, "%*s%.*s:\n", (int)depth, "", (int)(stop - key), key)
                         : snprintf(line, sizeof line, "%*s%.*s: %s\n", (int)depth, "", (int)(stop - key), key,
                                    equals + 1);

        if (length >= (int)sizeof line || (!found && !dot && !equals[1]))
            return false;
        if (!dot)
            return splice(text, found ? found : end, found ? end_of(found, end, depth) : end, equals[1] ? line : "");
        if (!found && !splice(text, end, end, line))
            return false;
        from = (found ? found : end);
        end = found ? end_of(found, end, depth) : end + length;
        from += strcspn(from, "\n") + 1;
        key = dot + 1;
    }
}

/* What is in the drives does not come from the manifest. */
static bool same_media(const struct deriving *d, struct error *error)
{
    const struct machine_manifest *before = archive_machine(d->parent);

    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (strcmp(before->drives[slot].image, d->machine.drives[slot].image) != 0 ||
            (*before->drives[slot].image && before->drives[slot].kind != d->machine.drives[slot].kind))
            return error_set(error, STATUS_USAGE, "--set", drive_slot_names[slot],
                             "take it from --overlay or --snapshot, or seal a new machine",
                             "would change what is in a drive");
    return true;
}

/* A Cirrus chip has a video BIOS of its own. */
static void suit_video(struct deriving *d)
{
    if ((d->machine.display >= DISPLAY_GD5430) == (archive_machine(d->parent)->display >= DISPLAY_GD5430) ||
        d->machine.video.built_in)
        return;
    memset(&d->machine.video, 0, sizeof d->machine.video);
    d->machine.video.built_in = true;
    note(d, "set firmware.video=built-in 0");
}

static bool set_values(struct deriving *d, struct error *error)
{
    char *text = malloc(MANIFEST_LIMIT + 1);
    const char *assignment;
    size_t position = 0;
    bool good = text || error_host(error, "--set", ENOMEM, "cannot change");

    d->machine = *archive_machine(d->parent);
    if (good && !machine_manifest_print(&d->machine, text, MANIFEST_LIMIT + 1))
        good = error_set(error, STATUS_INPUT, archive_file(d->parent), "machine.yaml", NULL, "cannot be printed");
    while (good && (assignment = argument_next(d->arguments, "--set", &position))) {
        good = (set_value(text, assignment) && strlen(assignment) < CHANGE_LIMIT - 4) ||
               error_set(error, STATUS_USAGE, "--set", NULL, "write KEY=VALUE, as in memory=\"32 MiB\"",
                         "cannot be \"%.100s\"", assignment);
        if (good)
            note(d, "set %s", assignment);
    }
    good = good && machine_manifest_parse(text, strlen(text), "--set", &d->machine, error) && same_media(d, error);
    if (good)
        suit_video(d);
    free(text);
    return good;
}

/* --- What the disks hold --- */

/* Puts a disk under an overlay: the one of --overlay, or one that is thrown away. */
static bool put_overlay(struct deriving *d, enum drive_slot slot, const char *overlay, struct error *error)
{
    struct block base = d->disks[slot];
    struct overlay_place place;
    char path[PATH_MAX];

    if (overlay && snprintf(path, sizeof path, "%s.%s", overlay, drive_slot_names[slot]) >= (int)sizeof path)
        return error_host(error, overlay, ENAMETOOLONG, "cannot open");
    if (overlay && access(path, F_OK))
        return true;
    if (!overlay_open(overlay ? path : NULL, archive_signature(d->parent)->content, slot, &base, &d->disks[slot],
                      error)) {
        d->disks[slot] = base;
        return false;
    }
    if (overlay && overlay_place(&d->disks[slot], &place))
        note(d, "session %s %" PRIu64 " records %s", drive_slot_names[slot], place.records, place.chain);
    return true;
}

static bool open_disks(struct deriving *d, struct error *error)
{
    const char *overlay = argument_value(d->arguments, "--overlay");
    size_t before = d->change_count;

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        error->status = STATUS_OK;
        if (!archive_disk(d->parent, (enum drive_slot)slot, &d->disks[slot], error)) {
            if (error->status != STATUS_OK)
                return false;
            continue;
        }
        if (overlay && !put_overlay(d, (enum drive_slot)slot, overlay, error))
            return false;
    }
    return !overlay || d->change_count > before ||
           error_set(error, STATUS_INPUT, overlay, NULL, NULL, "is the overlay of no drive of this archive");
}

/* Whether the machine of a snapshot ran on the disks that the archive has. */
static bool suits_disks(const struct deriving *d, const struct snapshot *s, struct error *error)
{
    if (strcmp(s->machine.root, archive_machine_root(d->parent)) != 0 ||
        (*s->machine.content && strcmp(s->machine.content, archive_signature(d->parent)->content) != 0))
        return error_set(error, STATUS_INPUT, s->path, NULL, NULL, "is of another machine than %s",
                         archive_file(d->parent));
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (d->disks[slot].read && (s->machine.media[slot].kind != MEDIUM_SEALED || s->machine.media[slot].first > 0))
            return error_set(error, STATUS_INPUT, s->path, drive_slot_names[slot],
                             "derive from the overlay with which it ran (--overlay)",
                             "had another medium in this drive, or wrote over an overlay");
    return true;
}

static bool write_pages(struct deriving *d, const struct snapshot *s, struct page_reader *reader, struct error *error)
{
    for (uint32_t i = 0; i < s->pages.count; i++) {
        const struct page_run *run = &s->pages.runs[i];
        struct block *disk = run->area >= AREA_DRIVES ? &d->disks[run->area - AREA_DRIVES] : NULL;

        for (uint32_t n = 0; disk && disk->read && n < run->count; n++) {
            const uint8_t *bytes = page_reader_get(reader, run, n, error);

            for (unsigned part = 0; bytes && part < 8; part++) {
                uint64_t sector = (run->first + n) * 8 + part;

                if (!(run->readable >> part & 1) || sector >= disk->sectors)
                    continue;
                if (disk->write(disk->context, sector, 1, bytes + part * SECTOR_SIZE) != BLOCK_OK) {
                    *error = *disk->failure(disk->context);
                    return false;
                }
            }
            if (!bytes)
                return false;
        }
    }
    return true;
}

/* Gives the disks what they held when a snapshot was taken. */
static bool take_snapshot(struct deriving *d, struct error *error)
{
    const char *path = argument_value(d->arguments, "--snapshot");
    struct page_reader *reader;
    struct snapshot s;
    hex_digest digest;
    bool good;

    if (!path)
        return true;
    reader = malloc(sizeof *reader);
    good = (reader || error_host(error, path, ENOMEM, "cannot read")) && snapshot_read(path, &s, error);
    if (!good) {
        free(reader);
        return false;
    }
    good = suits_disks(d, &s, error);
    for (unsigned slot = 0; good && slot < DRIVE_COUNT; slot++)
        good = !d->disks[slot].read || put_overlay(d, (enum drive_slot)slot, NULL, error);
    page_reader_begin(reader, &s);
    good = good && write_pages(d, &s, reader, error);
    page_reader_end(reader);
    if (good) {
        hex_encode(s.digest, digest);
        note(d, "snapshot tick %" PRIu64 " state %s", s.tick, digest);
    }
    snapshot_free(&s);
    free(reader);
    return good;
}

static bool is_parents(void *context, enum drive_slot slot, uint64_t sector, uint64_t count)
{
    return overlay_leaves(&((const struct deriving *)context)->disks[slot], sector, count);
}

/* --- The archive --- */

static bool read_description(struct deriving *d, struct error *error)
{
    const char *path = argument_value(d->arguments, "--description");
    size_t length;
    char *text;
    bool good;

    d->description = *archive_description(d->parent);
    if (!path)
        return true;
    if (!manifest_read_file(path, &text, &length, error))
        return false;
    good = description_manifest_parse(text, length, path, &d->description, error);
    free(text);
    return good;
}

static bool write_archive(struct deriving *d, bool flat, hex_digest root, struct error *error)
{
    const struct arguments *a = d->arguments;
    const char **changes = calloc(d->change_count + 1, sizeof *changes);
    struct derivation derivation = {
        .parent = d->parent,
        .flat = flat,
        .same = is_parents,
        .same_context = d,
        .changes = changes,
        .change_count = d->change_count,
    };
    struct progress progress;
    struct attesting attesting = {.arguments = a, .progress = &progress};
    struct seal_request request = {
        .derivation = &derivation,
        .machine_path = a->operands[0],
        .machine = &d->machine,
        .description = &d->description,
        .key_path = argument_value(a, "--key"),
        .output_path = argument_value(a, "-o"),
        .replace = argument_value(a, "--force"),
        .progress = progress_bytes,
        .progress_context = &progress,
        .attest = argument_value(a, "--attest") ? attest_boot : NULL,
        .attest_context = &attesting,
    };
    bool good = changes;

    if (!changes)
        error_host(error, request.output_path, ENOMEM, "cannot write");
    for (size_t i = 0; changes && i < d->change_count; i++)
        changes[i] = d->changes[i];
    memcpy(derivation.disks, d->disks, sizeof derivation.disks);
    progress_begin(&progress, "sealing");
    good = good && desk_seal(&request, root, error);
    progress_end(&progress);
    free(changes);
    return good;
}

static bool open_parent(struct deriving *d, const struct arguments *a, struct error *error)
{
    *d = (struct deriving){.arguments = a};
    d->changes = calloc(a->given_count + DRIVE_COUNT + 3, sizeof *d->changes);
    if (!d->changes)
        return error_host(error, a->operands[0], ENOMEM, "cannot read");
    d->parent = desk_open_archive(a, a->operands[0], error);
    if (!d->parent)
        free(d->changes);
    return d->parent;
}

static enum status finish(struct deriving *d, bool good, const hex_digest root, const char *word, struct act *act,
                          const struct error *error)
{
    const char *parent, *content;

    if (good) {
        plain_print(stdout, argument_value(d->arguments, "-o"));
        printf(": %s, machine-root %s\n", word, root);
        act_fact(act, "machine-root", root);
        act_fact(act, "output", argument_value(d->arguments, "-o"));
        parent = archive_machine_root(d->parent);
        content = archive_signature(d->parent)->content;
        act_fact(act, "parent", parent);
        act_fact(act, "parent-content", content);
    }
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        if (d->disks[slot].close)
            d->disks[slot].close(d->disks[slot].context);
    archive_close(d->parent);
    free(d->changes);
    return good ? STATUS_OK : desk_fail(error);
}

static enum status derive_all(const struct arguments *a, struct act *act)
{
    struct deriving d;
    struct error error;
    hex_digest root = "";
    bool good = (!argument_value(a, "--overlay") || !argument_value(a, "--snapshot") ||
                 error_set(&error, STATUS_USAGE, "derive", NULL, NULL, "--overlay and --snapshot are two outcomes"));

    if (!good || !open_parent(&d, a, &error))
        return desk_fail(&error);
    good = set_values(&d, &error) && open_disks(&d, &error) && take_snapshot(&d, &error) &&
           read_description(&d, &error);
    if (good && d.change_count == 0)
        good = error_set(&error, STATUS_USAGE, "derive", NULL, "see muniment derive --help",
                         "nothing is to change: name --set, --overlay or --snapshot");
    return finish(&d, good && write_archive(&d, false, root, &error), root, "derived", act, &error);
}

enum status derive_run(const struct arguments *a)
{
    return act_run(a, "derive", derive_all);
}

/* An archive without parents carries their rights itself: its description closes it as long as any rule of the chain
 * does. */
static bool carry_rights(struct deriving *d, struct error *error)
{
    struct rights *rights = rights_open(d->arguments, d->parent, error);
    const char *until = rights ? rights_strictest(rights) : "";

    if (*until) {
        d->description.open = false;
        snprintf(d->description.closed_until, sizeof d->description.closed_until, "%s",
                 strcmp(until, REDACTED) == 0 ? "9999-12-31" : until);
    }
    rights_close(rights);
    return rights;
}

static enum status flatten_all(const struct arguments *a, struct act *act)
{
    struct deriving d;
    struct error error;
    hex_digest root = "";

    if (!open_parent(&d, a, &error))
        return desk_fail(&error);
    d.machine = *archive_machine(d.parent);
    note(&d, "flattened %s %s", archive_machine_root(d.parent), archive_signature(d.parent)->content);
    bool good = open_disks(&d, &error) && read_description(&d, &error) && carry_rights(&d, &error);
    return finish(&d, good && write_archive(&d, true, root, &error), root, "sealed", act, &error);
}

enum status flatten_run(const struct arguments *a)
{
    return act_run(a, "flatten", flatten_all);
}
