/* set.c - see set.h. A struct boot for each machine, one cable, one script that goes from machine to machine. */
#include "desk/set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "desk/boot.h"
#include "desk/desk.h"
#include "desk/engine.h"
#include "desk/script_run.h"
#include "desk/set_snapshot.h"
#include "desk/snapshots.h"
#include "formats/plain.h"
#include "verify/fixity/fixity.h"
#include "verify/fixity/set_file.h"
#include "formats/text.h"

#define LOOK 10000u     /* microseconds: how far a replay runs between two looks */
#define RUN_LIMIT 3600u /* seconds of a reference run */
#define SECOND 1000000u /* microseconds */

struct set_run {
    const struct arguments *arguments;
    const char *path;
    struct set_file set;
    bool sealed; /* path is a set file, not a manifest */
    char paths[CABLE_STATIONS][600];
    struct boot boots[CABLE_STATIONS];
    struct cable *cable;
    struct journal_writer journal;
    bool recording;
    uint64_t interval, point_due; /* microseconds, between two digests of the set in the journal */
    struct set_journal played;    /* what is replayed */
    struct replay replays[CABLE_STATIONS];
    struct replay_images images;
    const char **image_paths;
    uint32_t equal; /* digests of the set */
};

/* --- Opening --- */

enum set_kind { NO_SET, SET_MANIFEST, SET_FILE };

static bool recognise(const char *path, enum set_kind *kind, struct error *error)
{
    char head[4096];
    FILE *file = fopen(path, "rb");

    *kind = NO_SET;
    if (!file)
        return error_host(error, path, errno, "cannot open");
    size_t size = fread(head, 1, sizeof head, file);
    fclose(file);
    *kind = set_file_is(head, size) ? SET_FILE : set_manifest_is(head, size) ? SET_MANIFEST : NO_SET;
    return true;
}

bool set_recognise(const char *path)
{
    struct error error;
    enum set_kind kind;

    return recognise(path, &kind, &error) && kind != NO_SET;
}

/* The path of a file that a set names, which is relative to the set's own. */
static bool beside(const char *path, const char *name, char to[600], struct error *error)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0, size = strlen(name) + 1;

    if (folder + size > 600)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "the path of \"%.100s\" is too long", name);
    memcpy(to, path, folder);
    memcpy(to + folder, name, size);
    return true;
}

/* What a manifest says, as a set file would; machine-roots are not known yet. */
static bool read_manifest(struct set_run *r, struct error *error)
{
    struct set_manifest manifest;
    char *text;
    size_t length;

    if (!manifest_read_file(r->path, &text, &length, error))
        return false;
    bool good = set_manifest_parse(text, length, r->path, &manifest, error);
    free(text);
    if (!good)
        return false;
    r->set.latency = manifest.latency;
    r->set.count = manifest.machines;
    for (uint32_t i = 0; i < manifest.machines; i++) {
        struct set_member *m = &r->set.members[i];
        memcpy(m->name, manifest.machine[i].name, sizeof m->name);
        memcpy(m->file, manifest.machine[i].machine, sizeof m->file);
        m->power_on = manifest.machine[i].power_on;
    }
    return true;
}

/* A set file counts if its signature fits, and, where --trust is given, its signer is trusted. */
static bool check_signer(const struct set_run *r, bool *trusted, struct error *error)
{
    size_t count;
    const char **keys;
    bool good;

    *trusted = false;
    if (!r->set.fits)
        return error_set(error, STATUS_WRONG, r->path, NULL, "trust nothing in it",
                         "has a signature that does not fit");
    keys = argument_values(r->arguments, "--trust", &count);
    good = keys ? !count || signer_is_trusted(keys, count, r->set.signer.digest, trusted, error)
                : error_host(error, r->path, ENOMEM, "cannot verify");
    free(keys);
    return good && (!count || *trusted ||
                    error_set(error, STATUS_WRONG, r->path, NULL, "compare the key with what the office published",
                              "is signed by %s, whom no --trust names", r->set.signer.digest));
}

static bool read_set(struct set_run *r, struct error *error)
{
    enum set_kind kind;
    struct text text;
    bool trusted;

    if (!recognise(r->path, &kind, error))
        return false;
    if (kind == NO_SET)
        return error_set(error, STATUS_INPUT, r->path, NULL, NULL, "is neither a set file nor the manifest of a set");
    if (kind == SET_MANIFEST)
        return read_manifest(r, error);
    r->sealed = true;
    return text_read(&text, r->path, SET_FILE_LIMIT, "a set file", error) &&
           set_file_parse(text.bytes, text.length, r->path, &r->set, error) && check_signer(r, &trusted, error);
}

/* Compares an archive with what the set file says of it, or notes which it is. */
static bool check_root(struct set_run *r, unsigned i, struct error *error)
{
    struct set_member *m = &r->set.members[i];
    const char *root = r->boots[i].media.archive ? archive_machine_root(r->boots[i].media.archive) : "";

    if (!r->sealed)
        memcpy(m->root, root, strlen(root) + 1);
    return !r->sealed || !strcmp(m->root, root) ||
           error_set(error, STATUS_WRONG, r->paths[i], NULL, "find the archive that the set was made of",
                     "is not the machine \"%s\" of the set: its machine-root is %s", m->name, *root ? root : "none");
}

/* Two cards with one address would hear each other's packets as their own. */
static bool check_addresses(const struct set_run *r, struct error *error)
{
    for (unsigned i = 0; i < r->set.count; i++)
        for (unsigned j = 0; j < i; j++) {
            const struct network_manifest *a = &r->boots[i].media.manifest.network,
                                          *b = &r->boots[j].media.manifest.network;
            if (a->cable && b->cable && !memcmp(a->address, b->address, sizeof a->address))
                return error_set(error, STATUS_INPUT, r->path, NULL, "give one of them another",
                                 "\"%s\" and \"%s\" have the same address on the network", r->set.members[j].name,
                                 r->set.members[i].name);
        }
    return true;
}

/* What --line-in NAME:FILE.wav connects to a machine; null: nothing. */
static const char *recording_of(const struct set_run *r, unsigned i)
{
    const char *name = r->set.members[i].name, *value;
    size_t position = 0, length = strlen(name);

    while ((value = argument_next(r->arguments, "--line-in", &position)))
        if (!strncmp(value, name, length) && value[length] == ':')
            return value + length + 1;
    return NULL;
}

/* Each --line-in is that of a machine, and the only one. */
static bool check_recordings(const struct set_run *r, struct error *error)
{
    const char *value;
    size_t position = 0;

    while ((value = argument_next(r->arguments, "--line-in", &position))) {
        unsigned i = 0;
        while (i < r->set.count && recording_of(r, i) != value + strlen(r->set.members[i].name) + 1)
            i++;
        if (i == r->set.count)
            return error_set(error, STATUS_USAGE, "boot", NULL,
                             "give NAME:FILE.wav, once for a machine (muniment info lists them)",
                             "--line-in cannot be \"%.100s\" for this set", value);
    }
    return true;
}

static bool open_machine(struct set_run *r, unsigned i, struct error *error)
{
    struct boot *b = &r->boots[i];
    struct media_request request = {.arguments = r->arguments, .path = r->paths[i], .line_in = recording_of(r, i)};

    b->arguments = r->arguments;
    b->name = r->set.members[i].name;
    b->set = r->boots;
    b->in_set = r->set.count;
    b->session.station = i;
    return beside(r->path, r->set.members[i].file, r->paths[i], error) && boot_read_options(b, error) &&
           media_open(&b->media, &request, error) && check_root(r, i, error);
}

/* Opens the set and what its machines are made of. */
static bool open_set(struct set_run *r, struct error *error)
{
    if (!read_set(r, error) || !check_recordings(r, error))
        return false;
    for (unsigned i = 0; i < r->set.count; i++)
        if (!open_machine(r, i, error))
            return false;
    if (!r->sealed)
        set_root(&r->set);
    return check_addresses(r, error);
}

/* --- Running --- */

static void sha256_of(void *context, const uint8_t *bytes, size_t length, uint8_t digest[DIGEST_SIZE])
{
    (void)context;
    sha256(bytes, length, digest);
}

static bool take_point(struct set_run *r, struct set_point *point, struct error *error)
{
    point->time = cable_now(r->cable);
    return cable_digest(r->cable, sha256_of, NULL, point->digest) ||
           error_set(error, STATUS_HOST, r->path, NULL, NULL, "there is no memory for the digest, or a disk failed");
}

static bool print_digest(void *context, struct error *error)
{
    struct set_run *r = context;
    struct set_point point;
    char hex[65];

    if (!take_point(r, &point, error))
        return false;
    hex_encode(point.digest, hex);
    printf("time %" PRIu64 ".%06u sha256:%s\n", point.time / SECOND, (unsigned)(point.time % SECOND), hex);
    return true;
}

static bool write_point(struct set_run *r, struct error *error)
{
    struct set_point point;

    return take_point(r, &point, error) &&
           (set_journal_point(&r->journal, &point) || (*error = r->journal.error, false));
}

/* Between two slices: outputs are written, and the journal gets what is due. */
static bool looked(void *context)
{
    struct set_run *r = context;
    struct error error;

    for (unsigned i = 0; i < r->set.count; i++) {
        struct boot *b = &r->boots[i];
        if (!boot_flush(b) || !record_look(&b->session.recorder))
            return false;
    }
    if (!r->recording || cable_now(r->cable) < r->point_due)
        return true;
    r->point_due = (cable_now(r->cable) / r->interval + 1) * r->interval;
    return write_point(r, &error);
}

/* --- Snapshots --- */

/* Where the snapshot of a machine lies: FILE.NAME. */
static bool snapshot_path(const struct set_run *r, unsigned i, const char *path, char to[600], struct error *error)
{
    return snprintf(to, 600, "%s.%s", path, r->set.members[i].name) < 600 ||
           error_set(error, STATUS_INPUT, path, NULL, NULL, "the path is too long");
}

static bool take_snapshot(void *context, const char *path, struct error *error)
{
    struct set_run *r = context;
    struct set_snapshot snapshot = {.cable = NULL};
    struct set_point point;
    char own[600];
    bool good = take_point(r, &point, error) && set_snapshot_take(&snapshot, r->cable, error);

    for (unsigned i = 0; good && i < r->set.count; i++)
        good = snapshot_path(r, i, path, own, error) && snapshots_take(&r->boots[i], own, error);
    if (good) {
        memcpy(snapshot.root, r->set.root, sizeof snapshot.root);
        memcpy(snapshot.digest, point.digest, sizeof snapshot.digest);
        good = set_snapshot_write(&snapshot, path, argument_value(r->arguments, "--force"), error);
    }
    set_snapshot_free(&snapshot);
    return good;
}

static bool resume_machine(struct set_run *r, unsigned i, const char *path, struct error *error)
{
    struct boot *b = &r->boots[i];
    struct snapshot snapshot;
    char own[600];

    if (!snapshot_path(r, i, path, own, error))
        return false;
    bool good = snapshot_read(own, &snapshot, error) && snapshot_fits(&snapshot, &b->media, &b->identity, error) &&
                (machine_line_in(b->machine, recording_wave(&b->media.line)), true) &&
                snapshot_restore(&snapshot, b->machine, error);
    snapshot_free(&snapshot);
    return good;
}

/* Brings the set, which has not run, to where a snapshot was taken of it. */
static bool resume(struct set_run *r, const char *path, struct error *error)
{
    struct set_snapshot snapshot = {.cable = NULL};
    struct set_point point;
    bool good = set_snapshot_read(&snapshot, path, error);

    if (good && strcmp(snapshot.root, r->set.root))
        good = error_set(error, STATUS_INPUT, path, NULL, NULL, "is the snapshot of another set");
    for (unsigned i = 0; good && i < r->set.count; i++)
        good = resume_machine(r, i, path, error);
    if (good && !cable_load(r->cable, snapshot.cable, snapshot.cable_size))
        good = error_set(error, STATUS_INPUT, path, NULL, NULL, "has a state of the cable that cannot be");
    good = good && take_point(r, &point, error);
    if (good && memcmp(point.digest, snapshot.digest, DIGEST_SIZE))
        good = error_set(error, STATUS_INPUT, path, NULL, "find the snapshots of the machines that belong to it",
                         "has another digest than the set that it leads to");
    set_snapshot_free(&snapshot);
    return good;
}

/* Whether the script takes a snapshot, or the run begins with one: then media are digested. */
static bool identify(struct set_run *r, struct error *error)
{
    const struct script *script = &r->boots[0].script;
    bool wanted = argument_value(r->arguments, "--resume");

    for (size_t i = 0; i < script->count; i++)
        wanted |= script->commands[i].verb == SCRIPT_SNAPSHOT;
    for (unsigned i = 0; wanted && i < r->set.count; i++) {
        struct boot *b = &r->boots[i];
        b->identified = machine_identify(&b->media, &b->identity, NULL, NULL, error);
        if (!b->identified)
            return false;
    }
    return true;
}

/* --- Building --- */

static bool create_machine(struct set_run *r, unsigned i, struct error *error)
{
    return boot_create_machine(&r->boots[i], r->paths[i], error) && engine_begin(&r->boots[i], error);
}

/* Where the journal of the set was cut short, a machine runs on after its own last line: others may have more. */
static enum machine_stop run_replay(void *context, uint64_t until)
{
    struct replay *replay = context;
    enum machine_stop stop = replay_to(replay, until);

    return stop == MACHINE_SLICE_END && replay->outcome == REPLAY_EQUAL && replay->next == replay->journal->count &&
                   !replay->journal->ended
               ? machine_run(replay->machine, until)
               : stop;
}

/* Puts the machines on the cable. */
static bool connect(struct set_run *r, uint64_t limit, struct error *error)
{
    struct cable_station stations[CABLE_STATIONS];

    memset(stations, 0, sizeof stations);
    for (unsigned i = 0; i < r->set.count; i++) {
        struct boot *b = &r->boots[i];
        memcpy(stations[i].name, r->set.members[i].name, sizeof stations[i].name);
        stations[i].machine = b->machine;
        stations[i].power_on = r->set.members[i].power_on;
        if (b->session.replay) {
            stations[i].run = run_replay;
            stations[i].context = b->session.replay;
        }
    }
    r->cable = cable_create(stations, r->set.count, r->set.latency);
    if (!r->cable)
        return error_host(error, r->path, ENOMEM, "cannot connect the machines");
    for (unsigned i = 0; i < r->set.count; i++) {
        struct boot *b = &r->boots[i];
        b->session.cable = r->cable;
        if (!boot_begin_session(b, limit, error))
            return false;
        b->session.looked = looked;
        b->session.looked_context = r;
        b->print_digest = print_digest;
        b->take_snapshot = take_snapshot;
        b->set_context = r;
    }
    return true;
}

/* Begins the journal, in a file, or in memory; digests are so many seconds apart. */
static bool begin_recording(struct set_run *r, const char *path, struct text *memory, uint64_t seconds,
                            struct error *error)
{
    for (unsigned i = 0; i < r->set.count; i++)
        if (!r->boots[i].media.archive)
            return error_set(error, STATUS_INPUT, r->paths[i], NULL, "seal it first (muniment seal)",
                             "is no archive, and the journal of a set names archives");
    if (!set_journal_begin(&r->journal, path, memory, r->set.root, error))
        return false;
    r->recording = true;
    r->interval = r->point_due = seconds * SECOND;
    for (unsigned i = 0; i < r->set.count; i++) {
        struct boot *b = &r->boots[i];
        if (!recorder_create_into(&b->session.recorder, b->machine, &b->media, &r->journal, b->name,
                                  seconds * machine_ticks_per_second(b->machine), error))
            return false;
    }
    return write_point(r, error);
}

static bool end_recording(struct set_run *r, struct error *error)
{
    bool good = true;

    if (!r->recording)
        return true;
    r->recording = false;
    good = write_point(r, error);
    for (unsigned i = 0; i < r->set.count; i++)
        good = record_end(&r->boots[i].session.recorder, true, good ? error : &(struct error){.status = STATUS_OK}) &&
               good;
    return journal_close(&r->journal, good ? error : &(struct error){.status = STATUS_OK}) && good;
}

static void release(struct set_run *r)
{
    for (unsigned i = 0; i < r->set.count; i++) {
        if (i)
            r->boots[i].script = (struct script){.commands = NULL}; /* the first one's */
        boot_release(&r->boots[i]);
    }
    cable_destroy(r->cable);
    replay_images_free(&r->images);
    free(r->image_paths);
    set_journal_free(&r->played);
    set_file_free(&r->set);
    free(r);
}

static struct set_run *begin(const struct arguments *arguments, const char *path)
{
    struct set_run *r = calloc(1, sizeof *r);
    struct error error;

    if (r) {
        r->arguments = arguments;
        r->path = path;
    } else {
        error_host(&error, path, ENOMEM, "cannot run the set");
        desk_fail(&error);
    }
    return r;
}

/* Options of a subcommand that a set does not take. */
static bool refuse_options(const struct arguments *arguments, const char *const *options, struct error *error)
{
    for (; *options; options++)
        if (argument_value(arguments, *options))
            return error_set(error, STATUS_USAGE, arguments->command->name, NULL, "leave it out",
                             "%s is for one machine, and this is a set", *options);
    return true;
}

/* --- boot --- */

/* The script, which all machines share, and the conditions after it, which are about the machine that it named last. */
static bool read_script(struct set_run *r, const char *path, struct error *error)
{
    struct boot *first = &r->boots[0];

    first->script_path = path;
    if (!boot_read_script(first, error) || !boot_check_outputs(first, error))
        return false;
    for (unsigned i = 1; i < r->set.count; i++)
        r->boots[i].script = first->script;
    return identify(r, error);
}

static bool run_script(struct set_run *r, struct error *error)
{
    return !r->boots[0].script_path || script_run(&r->boots[0], error);
}

static bool run_until(struct set_run *r, struct error *error)
{
    static const struct condition at_rest[] = {{.kind = WHEN_POWEROFF}};
    struct boot *b = &r->boots[r->boots[0].focus];

    if (b->until_count)
        return boot_ended(b, session_wait(&b->session, b->until, b->until_count), r->path, "a condition held", error);
    return argument_value(r->arguments, "--script") ||
           boot_ended(b, session_wait(&b->session, at_rest, 1), r->path, "the machine went off", error);
}

static bool show_end(struct set_run *r, struct error *error)
{
    for (unsigned i = 0; i < r->set.count && argument_value(r->arguments, "--text"); i++) {
        printf("--- %s\n", r->set.members[i].name);
        boot_show_text(&r->boots[i], stdout);
    }
    return !argument_value(r->arguments, "--digest") || print_digest(r, error);
}

static bool prepare_boot(struct set_run *r, struct error *error)
{
    static const char *const others[] = {
        "--display",    "--retrieve", "--checkpoints", "--floppy",       "--cd",
        "--disk",       "--machine",  "--trace",       "--overlay",      "--trace-translation",
        "--statistics", "--perf-map", "--screenshot",  "--digest-every", "--give",
        "--take",       NULL};
    const char *record = argument_value(r->arguments, "--record"), *from = argument_value(r->arguments, "--resume");

    if (!refuse_options(r->arguments, others, error) || !open_set(r, error) ||
        !read_script(r, argument_value(r->arguments, "--script"), error))
        return false;
    if (record && from)
        return error_set(error, STATUS_USAGE, "boot", NULL, "leave one of the two out",
                         "a journal starts at power-on: --record does not go with --resume");
    for (unsigned i = 0; i < r->set.count; i++)
        if (!boot_open_outputs(&r->boots[i], error) || !create_machine(r, i, error))
            return false;
    if (!connect(r, r->boots[0].limit, error) || (from && !resume(r, from, error)) ||
        (record && !begin_recording(r, record, NULL, RECORD_DIGEST_SECONDS, error)))
        return false;
    for (unsigned i = 0; i < r->set.count && !from; i++)
        boot_connect_recording(&r->boots[i]);
    return true;
}

static enum status boot(const struct arguments *arguments, struct act *act)
{
    struct set_run *r = begin(arguments, arguments->operands[0]);
    struct error error, later;
    enum status status = STATUS_OK;

    if (!r)
        return STATUS_HOST;
    if (!prepare_boot(r, &error) || !run_script(r, &error) || !run_until(r, &error))
        status = desk_fail(&error);
    if (r->cable) {
        progress_end(&r->boots[0].session.progress);
        if (!end_recording(r, &later) || !show_end(r, &later))
            status = desk_fail(&later);
        for (unsigned i = 0; i < r->set.count; i++)
            if (!boot_commit_outputs(&r->boots[i], &later))
                status = desk_fail(&later);
    }
    act_fact(act, "set-root", r->set.root);
    release(r);
    return status;
}

enum status set_boot_run(const struct arguments *arguments)
{
    return act_run(arguments, "boot", boot);
}

/* --- replay --- */

static struct set_names names_of(const struct set_run *r)
{
    struct set_names names = {.root = r->set.root, .count = r->set.count};

    for (unsigned i = 0; i < r->set.count; i++)
        names.names[i] = r->set.members[i].name;
    return names;
}

static bool read_journal(struct set_run *r, const char *path, struct error *error)
{
    const struct set_names names = names_of(r);

    return set_journal_read(path, &names, &r->played, error);
}

/* Builds the machines anew, to be run by their journals. */
static bool prepare_replay(struct set_run *r, const char *name, struct error *error)
{
    for (unsigned i = 0; i < r->set.count; i++) {
        struct boot *b = &r->boots[i];
        boot_host(b, &b->host);
        engine_host(b, &b->host);
        b->session.replay = &r->replays[i];
        if (!replay_begin(&r->replays[i], name, &r->played.journals[i], &b->media,
                          archive_machine_root(b->media.archive), &r->images, &b->host, error))
            return false;
        b->machine = r->replays[i].machine;
        if (!engine_begin(b, error))
            return false;
    }
    return connect(r, UINT64_MAX, error);
}

static bool are_equal(const struct set_run *r, struct error *error)
{
    for (unsigned i = 0; i < r->set.count; i++)
        if (r->replays[i].outcome != REPLAY_EQUAL) {
            *error = r->replays[i].error;
            return false;
        }
    return true;
}

/* Gives what was given when nothing had run: after the first digest of the set, and before any other. */
static bool replay_beginning(struct set_run *r, struct error *error)
{
    for (unsigned i = 0; i < r->set.count; i++)
        replay_to(&r->replays[i], 0);
    return are_equal(r, error);
}

/* Runs to a time. False: a machine differs, or failed. */
static bool replay_until(struct set_run *r, uint64_t until, struct error *error)
{
    while (cable_now(r->cable) < until) {
        uint64_t now = cable_now(r->cable);
        cable_run(r->cable, until - now > LOOK ? now + LOOK : until);
        if (!are_equal(r, error))
            return false;
        if (interrupted())
            return error_set(error, STATUS_HOST, r->path, NULL, NULL, "interrupted");
    }
    return true;
}

static bool compare_point(struct set_run *r, const char *name, const struct set_point *recorded, struct error *error)
{
    struct set_point now;
    char place[64];

    if (!take_point(r, &now, error))
        return false;
    snprintf(place, sizeof place, "time %" PRIu64 " us", recorded->time);
    if (memcmp(now.digest, recorded->digest, DIGEST_SIZE))
        return error_set(error, STATUS_WRONG, name, place, NULL,
                         "the set differs, and all machines are as recorded: what is on the cable differs");
    r->equal++;
    return true;
}

static bool is_at_end(const struct set_run *r)
{
    bool end = true;

    for (unsigned i = 0; i < r->set.count; i++)
        end = end && r->replays[i].next == r->played.journals[i].count;
    return end;
}

static bool replay_points(struct set_run *r, const char *name, struct error *error)
{
    for (size_t i = 0; i < r->played.point_count; i++)
        if (!replay_until(r, r->played.points[i].time, error) || !compare_point(r, name, &r->played.points[i], error) ||
            (!i && !replay_beginning(r, error)))
            return false;
    while (!is_at_end(r)) /* a recording that was cut short ends between two digests of the set */
        if (!replay_until(r, cable_now(r->cable) + LOOK, error))
            return false;
    return true;
}

static void print_replayed(const struct set_run *r, const char *name)
{
    uint32_t inputs = 0, states = 0;
    bool ended = true;

    for (unsigned i = 0; i < r->set.count; i++) {
        inputs += r->replays[i].inputs;
        states += r->replays[i].digests;
        ended = ended && r->played.journals[i].ended;
    }
    plain_print(stdout, name);
    printf(": %" PRIu32 " input%s given, %" PRIu32 " states of machines and %" PRIu32
           " of the set equal, to time %" PRIu64 ".%06u%s\n",
           inputs, inputs == 1 ? "" : "s", states, r->equal, cable_now(r->cable) / SECOND,
           (unsigned)(cable_now(r->cable) % SECOND), ended ? ", the end" : ", where the journal was cut short");
}

static bool open_images(struct set_run *r, struct error *error)
{
    struct image_request requests[DRIVE_COUNT];
    size_t count;

    r->image_paths = argument_values(r->arguments, "--media", &count);
    if (!r->image_paths)
        return error_host(error, r->path, ENOMEM, "cannot open images");
    return desk_image_requests(r->arguments, requests, error) &&
           replay_images_open(&r->images, r->image_paths, count, requests, NULL, NULL, error);
}

static bool needs_set_file(const struct set_run *r, struct error *error)
{
    return r->sealed || error_set(error, STATUS_INPUT, r->path, NULL, "seal the set (muniment set seal)",
                                  "is the manifest of a set, and a journal belongs to a set file");
}

static enum status replay(const struct arguments *arguments, struct act *act)
{
    static const char *const others[] = {"--until",    "--to",     "--back",     "--against",    "--checkpoints",
                                         "--lockstep", "--serial", "--parallel", "--screenshot", NULL};
    struct set_run *r = begin(arguments, arguments->operands[0]);
    const char *name = arguments->operands[1];
    struct error error;
    enum status status = STATUS_OK;

    if (!r)
        return STATUS_HOST;
    bool good = refuse_options(arguments, others, &error) && open_set(r, &error) && needs_set_file(r, &error) &&
                open_images(r, &error) && read_journal(r, name, &error) && prepare_replay(r, name, &error) &&
                replay_points(r, name, &error);
    if (good)
        print_replayed(r, name);
    if (!good || !show_end(r, &error))
        status = desk_fail(&error);
    act_fact(act, "journal", name);
    act_fact(act, "set-root", r->set.root);
    release(r);
    return status;
}

enum status set_replay_run(const struct arguments *arguments)
{
    return act_run(arguments, "replay", replay);
}

/* --- verify --- */

/* The archives, each as verify has it, without what is about the set. */
static enum status verify_archives(const struct set_run *r)
{
    const char *operands[CABLE_STATIONS];
    struct arguments archives = *r->arguments;
    struct given *given = calloc(archives.given_count + 1, sizeof *given);
    size_t kept = 0;

    if (!given)
        return STATUS_HOST;
    for (size_t i = 0; i < archives.given_count; i++)
        if (strcmp(archives.given[i].option->name, "--reboot"))
            given[kept++] = archives.given[i];
    for (unsigned i = 0; i < r->set.count; i++)
        operands[i] = r->paths[i];
    archives.operands = operands;
    archives.operand_count = r->set.count;
    archives.given = given;
    archives.given_count = kept;
    enum status status = verify_run(&archives);
    free(given);
    return status;
}

static bool reboot(struct set_run *r, struct error *error)
{
    const struct set_names names = names_of(r);

    if (!r->set.journal)
        return error_set(error, STATUS_INPUT, r->path, NULL, NULL, "has no reference run (muniment set seal --attest)");
    for (unsigned i = 0; i < r->set.count; i++)
        r->boots[i].engine = ENGINE_INTERPRETER; /* a verdict is the interpreter's */
    if (!set_journal_parse(r->set.journal, r->set.journal_length, r->path, &names, &r->played, error) ||
        !prepare_replay(r, r->path, error) || !replay_points(r, r->path, error))
        return false;
    printf("  reboot        identical at %" PRIu32 " points, to time %" PRIu64 ".%06u\n", r->equal,
           cable_now(r->cable) / SECOND, (unsigned)(cable_now(r->cable) % SECOND));
    return true;
}

enum status set_verify_run(const struct arguments *arguments)
{
    struct set_run *r = begin(arguments, arguments->operands[0]);
    struct error error;
    enum status status = STATUS_OK;
    bool trusted = false;

    if (!r)
        return STATUS_HOST;
    if (!open_set(r, &error) || !needs_set_file(r, &error) || !check_signer(r, &trusted, &error)) {
        status = desk_fail(&error);
        release(r);
        return status;
    }
    plain_print(stdout, r->path);
    printf(": %s\n  set-root      %s\n  signer        %s\n",
           trusted ? "as it was signed, by a trusted key" : "as it was signed; signer unknown", r->set.root,
           r->set.signer.digest);
    for (unsigned i = 0; i < r->set.count; i++)
        printf("  machine       %s, machine-root %s\n", r->set.members[i].name, r->set.members[i].root);
    if (argument_value(arguments, "--reboot") && !reboot(r, &error))
        status = desk_fail(&error);
    fflush(stdout);
    enum status archives = verify_archives(r);
    release(r);
    return status != STATUS_OK ? status : archives != STATUS_OK ? archives : trusted ? STATUS_OK : STATUS_WRONG;
}

/* --- info --- */

static void print_info(const struct set_run *r)
{
    plain_print(stdout, r->path);
    printf(": a set of %" PRIu32 " machines on one cable, %" PRIu32 " us long\n", r->set.count, r->set.latency);
    if (r->sealed)
        printf("  set-root      %s\n  signer        %s\n", r->set.root, r->set.signer.digest);
    for (unsigned i = 0; i < r->set.count; i++) {
        printf("  machine       %s, ", r->set.members[i].name);
        plain_print(stdout, r->set.members[i].file);
        if (r->set.members[i].power_on)
            printf(", on after %" PRIu64 " us", r->set.members[i].power_on);
        printf("%s%s\n", r->sealed ? ", machine-root " : "", r->sealed ? r->set.members[i].root : "");
    }
    if (r->sealed)
        printf("  reference run %s\n", r->set.journal ? "sealed" : "none");
}

enum status set_info_run(const struct arguments *arguments)
{
    static const char *const others[] = {"--json", "--log", NULL};
    struct set_run *r = begin(arguments, arguments->operands[0]);
    struct error error;
    enum status status = STATUS_OK;

    if (!r)
        return STATUS_HOST;
    if (!refuse_options(arguments, others, &error) || !read_set(r, &error))
        status = desk_fail(&error);
    else if (argument_value(arguments, "--root") && !needs_set_file(r, &error))
        status = desk_fail(&error);
    else if (argument_value(arguments, "--root"))
        printf("%s\n", r->set.root);
    else
        print_info(r);
    release(r);
    return status;
}

/* --- set seal --- */

/* A reference run needs nothing but the archives. */
static bool check_sealed_alone(const struct set_run *r, struct error *error)
{
    const struct script *script = &r->boots[0].script;

    for (size_t i = 0; i < script->count; i++) {
        const struct script_command *c = &script->commands[i];
        if ((c->verb == SCRIPT_FLOPPY || c->verb == SCRIPT_CD || c->verb == SCRIPT_LINE_IN) && c->text)
            return error_set(error, STATUS_INPUT, c->source, NULL, "leave it out",
                             "puts in a medium or a recording, and the run could not be repeated from the archives");
    }
    return true;
}

/* The reference run, recorded into memory. */
static bool attest(struct set_run *r, const char *how, struct text *journal, struct error *error)
{
    uint64_t microseconds = 0;
    struct condition passed = {.kind = WHEN_TICK};
    const char *script = session_read_seconds(how, &microseconds) ? NULL : how;

    if (microseconds > RUN_LIMIT * (uint64_t)SECOND)
        return error_set(error, STATUS_USAGE, "set seal", NULL, "see muniment set seal --help",
                         "--attest takes at most %u seconds", RUN_LIMIT);
    if (!read_script(r, script, error) || !check_sealed_alone(r, error))
        return false;
    for (unsigned i = 0; i < r->set.count; i++)
        if (!create_machine(r, i, error))
            return false;
    passed.tick = microseconds;
    return connect(r, RUN_LIMIT * (uint64_t)SECOND, error) && begin_recording(r, "journal", journal, 1, error) &&
           run_script(r, error) &&
           (script || boot_ended(&r->boots[0], session_wait(&r->boots[0].session, &passed, 1), "--attest",
                                 "the time had passed", error)) &&
           end_recording(r, error);
}

static bool write_set(struct set_run *r, const struct text *journal, struct error *error)
{
    const char *path = argument_value(r->arguments, "-o");
    struct text text = {.bytes = NULL};
    struct key *key = key_load(argument_value(r->arguments, "--key"), error);
    struct output output;

    if (!key)
        return false;
    bool good = set_file_print(&r->set, journal, key, &text, error) &&
                output_in_order(&output, path, argument_value(r->arguments, "--force"), error) &&
                output_text(&output, &text, error);
    key_free(key);
    text_free(&text);
    return good;
}

enum status set_seal_run(const struct arguments *arguments)
{
    struct set_run *r = begin(arguments, arguments->operands[0]);
    const char *how = argument_value(arguments, "--attest"), *path = argument_value(arguments, "-o");
    struct text journal = {.bytes = NULL};
    struct error error;
    enum status status = STATUS_OK;

    if (!r)
        return STATUS_HOST;
    bool good = open_set(r, &error);
    for (unsigned i = 0; good && i < r->set.count; i++)
        if (!r->boots[i].media.archive)
            good = error_set(&error, STATUS_INPUT, r->paths[i], NULL,
                             "seal it first (muniment seal), and name the archive", "is no archive");
    good = good && (!how || attest(r, how, &journal, &error)) && write_set(r, how ? &journal : NULL, &error);
    if (r->cable)
        progress_end(&r->boots[0].session.progress);
    if (good) {
        plain_print(stdout, path);
        printf(": sealed, set-root %s\n", r->set.root);
    } else {
        status = desk_fail(&error);
    }
    text_free(&journal);
    release(r);
    return status;
}
