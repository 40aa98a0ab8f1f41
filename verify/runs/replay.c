/* replay.c - see replay.h. */
#include "verify/runs/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/runs/record.h"

/* --- Images --- */

bool replay_images_open(struct replay_images *images, const char **paths, size_t count,
                        const struct image_request *request, progress_function *progress, void *context,
                        struct error *error)
{
    *images = (struct replay_images){.paths = paths, .digests = calloc(count + 1, sizeof(*images->digests))};
    if (!images->digests)
        return error_host(error, "replay", ENOMEM, "cannot open images");
    for (; images->count < count; images->count++)
        if (!(wave_is(paths[images->count])
                  ? recording_digest(paths[images->count], images->digests[images->count], progress, context, error)
                  : image_digest(paths[images->count], request, images->digests[images->count], progress, context,
                                 error)))
            return false;
    return true;
}

void replay_images_free(struct replay_images *images)
{
    for (uint32_t i = 0; i < images->ready_count; i++) {
        ready_image_close(&images->ready[i].image);
        recording_close(&images->ready[i].recording);
    }
    free(images->ready);
    free(images->digests);
    *images = (struct replay_images){.paths = NULL};
}

/* images may be null. */
static const char *find_image(const struct replay_images *images, const uint8_t digest[DIGEST_SIZE])
{
    char hex[65];

    hex_encode(digest, hex);
    for (size_t i = 0; images && i < images->count; i++)
        if (!strcmp(images->digests[i], hex))
            return images->paths[i];
    return NULL;
}

/* --- Beginning --- */

static bool refuse(const struct replay *r, const char *remedy, struct error *error, const char *what)
{
    return error_set(error, STATUS_INPUT, r->name, NULL, remedy, "%s", what);
}

static bool missing_image(const char *name, const uint8_t digest[DIGEST_SIZE], struct error *error)
{
    char hex[65];

    hex_encode(digest, hex);
    return error_set(error, STATUS_INPUT, name, NULL, "give its file with --media",
                     "the image with SHA-256 %s was put in, and is not here", hex);
}

/* Everything that can be known to be missing is, before the machine runs. */
static bool check_images(const struct replay *r, struct error *error)
{
    const struct journal *j = r->journal;

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (j->header.media[slot].kind && !find_image(r->images, j->header.media[slot].sha256))
            return missing_image(r->name, j->header.media[slot].sha256, error);
    for (uint32_t i = 0; i < j->count; i++)
        if ((j->entries[i].kind == JOURNAL_MEDIUM || j->entries[i].kind == JOURNAL_LINE_IN) &&
            j->entries[i].medium.present && !find_image(r->images, j->entries[i].medium.sha256))
            return missing_image(r->name, j->entries[i].medium.sha256, error);
    return true;
}

static bool check_header(const struct replay *r, const char *machine_root, struct error *error)
{
    const struct journal_header *h = &r->journal->header;

    if (strcmp(h->machine_root, machine_root))
        return error_set(error, STATUS_INPUT, r->name, NULL, "give the archive that it was recorded from",
                         "the journal is of another machine, with the machine-root %.16s…, not %.16s…", h->machine_root,
                         machine_root);
    if (*h->content && r->media->archive && strcmp(h->content, archive_signature(r->media->archive)->content) != 0)
        return error_set(error, STATUS_INPUT, r->name, NULL, "give the archive that it was recorded from",
                         "the journal is of another archive of this machine, whose content.txt has the digest %.16s…",
                         h->content);
    if (h->machine != r->media->manifest.version)
        return refuse(r, NULL, error, "the journal is of another version of the machine");
    return true;
}

/* Where what is put in was opened beforehand, nothing else is opened. */
static bool not_ready(const struct replay *r, struct error *error)
{
    return refuse(r, NULL, error, "it puts in a medium that was not made ready for it");
}

/* Puts in what was put in before power-on. */
static bool put_in_media(struct replay *r, struct error *error)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        const struct journal_medium *wanted = &r->journal->header.media[slot];
        struct drive_manifest *drive = &r->media->manifest.drives[slot];
        if (!wanted->kind)
            continue;
        if (drive->kind == DRIVE_ABSENT && wanted->kind != DRIVE_FLOPPY)
            drive->kind = wanted->kind;
        if (drive->kind != wanted->kind)
            return refuse(r, NULL, error, "the journal puts a medium into a drive that the machine does not have");
        if (r->images->ready)
            return not_ready(r, error);
        medium_close(&r->media->drives[slot]);
        if (!media_open_image(r->media, (enum drive_slot)slot, find_image(r->images, wanted->sha256),
                              &r->media->drives[slot], error))
            return false;
    }
    return true;
}

static void host_sha256(void *context, const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    (void)context;
    sha256(bytes, length, digest);
}

void media_host(const struct media *media, struct machine_host *host)
{
    host->system_rom = media->system.bytes;
    host->system_rom_size = media->system.size;
    host->video_rom = media->video.bytes;
    host->video_rom_size = media->video.size;
    host->sha256 = host_sha256;
    for (int slot = 0; slot < DRIVE_COUNT; slot++)
        host->drives[slot] = media->drives[slot].present ? &media->drives[slot].disk : NULL;
}

struct machine *media_machine(const struct media *media, const struct machine_host *host, const char *object,
                              struct error *error)
{
    const char *reason = NULL;
    struct machine *m = machine_create(&media->manifest, host, &reason);

    if (!m)
        error_set(error, reason ? STATUS_INPUT : STATUS_HOST, object, NULL, NULL, "this machine cannot be built: %s",
                  reason ? reason : "out of memory");
    return m;
}

static bool switch_on(struct replay *r, struct error *error)
{
    struct machine_host host = r->outside;
    struct journal_header own;

    media_host(r->media, &host);
    r->machine = media_machine(r->media, &host, r->name, error);
    if (!r->machine)
        return false;
    if (!record_header(r->machine, r->media->manifest.version, r->journal->header.machine_root, &own))
        return error_set(error, STATUS_HOST, r->name, NULL, NULL, "out of memory");
    return !strcmp(own.parts, r->journal->header.parts) ||
           refuse(r, "use that program: its source is in the archive", error,
                  "it was recorded by a program whose machine has other parts than this one's");
}

bool replay_begin(struct replay *r, const char *name, const struct journal *journal, struct media *media,
                  const char *machine_root, const struct replay_images *images, const struct machine_host *outside,
                  struct error *error)
{
    *r = (struct replay){.name = name, .journal = journal, .media = media, .images = images, .outside = *outside};
    return check_header(r, machine_root, error) && check_images(r, error) && put_in_media(r, error) &&
           switch_on(r, error);
}

void replay_end(struct replay *r)
{
    machine_destroy(r->machine);
    r->machine = NULL;
}

bool replay_branch(struct replay *r, struct error *error)
{
    machine_forked(r->machine);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (r->media->drives[slot].present && !overlay_branch(&r->media->drives[slot].disk, error))
            return false;
    return true;
}

/* --- Entries --- */

/* The object of an error about an entry: JOURNAL:LINE. */
static void name_entry(const struct replay *r, const struct journal_entry *e, char object[512])
{
    snprintf(object, 512, "%.480s:%" PRIu32, r->name, e->line);
}

static void differs(struct replay *r, const struct journal_entry *e, const char *what)
{
    char object[512], place[128];

    r->outcome = REPLAY_DIFFERS;
    name_entry(r, e, object);
    if (r->digests > 0)
        snprintf(place, sizeof(place), "tick %" PRIu64 "; last equal at tick %" PRIu64, machine_tick(r->machine),
                 r->equal_at);
    else
        snprintf(place, sizeof(place), "tick %" PRIu64 "; equal nowhere before", machine_tick(r->machine));
    error_set(&r->error, STATUS_WRONG, object, place, NULL, "%s", what);
}

/* The machine ran into a disk that failed, or has no memory for a digest. */
static void failed(struct replay *r)
{
    r->outcome = REPLAY_FAILED;
    if (machine_run(r->machine, machine_tick(r->machine)) != MACHINE_HOST_FAILED) {
        error_set(&r->error, STATUS_HOST, r->name, NULL, NULL, "out of memory");
        return;
    }
    media_failure(r->media, &r->error);
}

static void compare_state(struct replay *r, const struct journal_entry *e)
{
    char names[200], what[400];
    struct journal_state state;

    if (r->unchecked)
        return;
    if (!record_state(r->machine, &state)) {
        failed(r);
        return;
    }
    if (!memcmp(state.digest, e->digest.sha256, DIGEST_SIZE)) {
        r->digests++;
        r->equal_at = e->tick;
        if (r->equal && !r->equal(r->equal_context))
            r->outcome = REPLAY_FAILED;
        return;
    }
    journal_differing_parts(&r->journal->header, state.parts, e->digest.parts, names, sizeof(names));
    snprintf(
        what, sizeof(what),
        *names
            ? "the state is not the one recorded; parts that differ: %s"
            : "the state is not the one recorded, although no part differs: this line is not what the recorder wrote%s",
        names);
    differs(r, e, what);
}

/* What was opened beforehand for an entry; or null. */
static struct ready_medium *find_ready(const struct replay *r, const struct journal_entry *e)
{
    for (uint32_t i = 0; i < r->images->ready_count; i++)
        if (r->images->ready[i].entry == e - r->journal->entries)
            return &r->images->ready[i];
    return NULL;
}

/* Gives the medium of an entry. */
static bool open_medium(struct replay *r, const struct journal_entry *e, struct medium *medium, struct error *error)
{
    struct ready_medium *ready = find_ready(r, e);

    if (!r->images->ready)
        return media_open_image(r->media, e->medium.slot, find_image(r->images, e->medium.sha256), medium, error);
    if (!ready || !ready->image.present || ready->slot != e->medium.slot ||
        memcmp(ready->sha256, e->medium.sha256, DIGEST_SIZE) != 0)
        return not_ready(r, error);
    return media_use_image(r->media, e->medium.slot, &ready->image, medium, error);
}

static bool takes_media(const struct media *media, enum drive_slot slot)
{
    const enum drive_kind kind = media->manifest.drives[slot].kind;

    return kind == DRIVE_FLOPPY || kind == DRIVE_CDROM;
}

static bool carry_out_medium(struct replay *r, const struct journal_entry *e)
{
    enum drive_slot slot = e->medium.slot;
    struct medium *drive = &r->media->drives[slot], old = *drive, changed = {.present = false};

    if (!takes_media(r->media, slot))
        return false;
    if (e->medium.present && !open_medium(r, e, &changed, &r->error)) {
        r->outcome = REPLAY_FAILED;
        return true;
    }
    *drive = changed;
    machine_insert(r->machine, slot, changed.present ? &drive->disk : NULL);
    medium_close(&old);
    return true;
}

/* Opens a recording, whose file was found by its digest before the machine ran. */
static bool open_found(const char *path, const uint8_t sha256[DIGEST_SIZE], struct recording *recording,
                       struct error *error)
{
    uint8_t digest[DIGEST_SIZE];

    if (!recording_open(path, recording, error))
        return false;
    hex_decode(recording->sha256, digest);
    if (!memcmp(digest, sha256, DIGEST_SIZE))
        return true;
    recording_close(recording);
    return error_set(error, STATUS_HOST, path, NULL, NULL, "was changed after the replay began");
}

/* Gives the recording of an entry. */
static bool open_recording(struct replay *r, const struct journal_entry *e, struct recording *recording,
                           struct error *error)
{
    struct ready_medium *ready = find_ready(r, e);

    if (!r->images->ready)
        return open_found(find_image(r->images, e->medium.sha256), e->medium.sha256, recording, error);
    if (!ready || !ready->recording.present || memcmp(ready->sha256, e->medium.sha256, DIGEST_SIZE) != 0)
        return not_ready(r, error);
    *recording = ready->recording;
    ready->recording = (struct recording){.present = false};
    return true;
}

static bool carry_out_line_in(struct replay *r, const struct journal_entry *e)
{
    struct recording old = r->media->line, changed = {.present = false};

    if (!r->media->manifest.line_in)
        return false;
    if (e->medium.present && !open_recording(r, e, &changed, &r->error)) {
        r->outcome = REPLAY_FAILED;
        return true;
    }
    r->media->line = changed;
    machine_line_in(r->machine, recording_wave(&r->media->line));
    recording_close(&old);
    return true;
}

/* Gives an input to the machine. False: it does not take it. */
static bool carry_out(struct replay *r, const struct journal_entry *e)
{
    switch (e->kind) {
    case JOURNAL_KEY: return machine_key(r->machine, e->key.code, e->key.down);
    case JOURNAL_POINTER:
        return machine_pointer(r->machine, e->pointer.dx, e->pointer.dy, e->pointer.wheel, e->pointer.buttons);
    case JOURNAL_POSITION:
        return machine_pointer_at(r->machine, e->position.x, e->position.y, e->position.wheel, e->position.buttons);
    case JOURNAL_CLIPBOARD: return machine_paste(r->machine, e->clipboard.bytes, e->clipboard.count, e->clipboard.more);
    case JOURNAL_SERIAL:
        for (unsigned i = 0; i < e->serial.count; i++)
            if (!machine_serial_in(r->machine, e->serial.port, e->serial.bytes[i]))
                return false;
        return true;
    case JOURNAL_MEDIUM: return carry_out_medium(r, e);
    case JOURNAL_LINE_IN: return carry_out_line_in(r, e);
    case JOURNAL_DIGEST: compare_state(r, e); return true;
    case JOURNAL_POWER_OFF: return true;
    }
    return false;
}

/* Carries out what is due at the tick at which the machine stands. off: it will come no further. */
static void carry_out_due(struct replay *r, bool off)
{
    while (r->outcome == REPLAY_EQUAL && r->next < r->journal->count) {
        const struct journal_entry *e = &r->journal->entries[r->next];
        uint64_t tick = machine_tick(r->machine);
        if (e->tick > tick && !off)
            return;
        if (e->tick != tick) {
            differs(r, e, off ? "the machine went off before this" : "the machine cannot stand at this tick");
            return;
        }
        r->next++;
        r->inputs += e->kind != JOURNAL_DIGEST && e->kind != JOURNAL_POWER_OFF;
        if (!carry_out(r, e))
            differs(r, e, "the machine does not take this input");
    }
}

enum machine_stop replay_to(struct replay *r, uint64_t until)
{
    enum machine_stop stop = MACHINE_SLICE_END;

    carry_out_due(r, false);
    while (r->outcome == REPLAY_EQUAL && r->next < r->journal->count && machine_tick(r->machine) < until &&
           stop == MACHINE_SLICE_END) {
        uint64_t target = r->journal->entries[r->next].tick;
        if (target > until)
            target = until;
        stop = machine_run(r->machine, target);
        if (stop == MACHINE_HOST_FAILED)
            failed(r);
        else
            carry_out_due(r, stop == MACHINE_POWERED_OFF);
    }
    return stop;
}

/* --- From a snapshot --- */

/* The entry after the digest of a snapshot; 0: the journal does not have it. */
static uint32_t entry_after(const struct journal *journal, const struct snapshot *snapshot)
{
    for (uint32_t i = journal->count; i > 0; i--) {
        const struct journal_entry *e = &journal->entries[i - 1];
        if (e->kind == JOURNAL_DIGEST && e->tick == snapshot->tick &&
            !memcmp(e->digest.sha256, snapshot->digest, DIGEST_SIZE))
            return i;
    }
    return 0;
}

/* Reads every page. */
static bool is_whole(const struct snapshot *snapshot, struct error *error)
{
    struct page_reader *reader = malloc(sizeof *reader);
    bool good = reader || error_host(error, snapshot->path, ENOMEM, "cannot read");

    if (reader)
        page_reader_begin(reader, snapshot);
    for (uint32_t i = 0; good && i < snapshot->pages.count; i++)
        good = page_reader_get(reader, &snapshot->pages.runs[i], 0, error);
    if (reader)
        page_reader_end(reader);
    free(reader);
    return good;
}

/* The last of the first `count` entries that changed what is in a drive, or at the line input; or null. */
static const struct journal_entry *last_change(const struct replay *r, uint32_t count, enum journal_kind kind,
                                               unsigned slot)
{
    for (uint32_t i = count; i > 0; i--) {
        const struct journal_entry *e = &r->journal->entries[i - 1];
        if (e->kind == kind && (kind == JOURNAL_LINE_IN || e->medium.slot == slot))
            return e;
    }
    return NULL;
}

/* Puts in the media that were in the drives there, and connects what was at the line input. As they are used up by
 * that, the snapshot must be good. */
static bool change_media(struct replay *r, const struct snapshot *snapshot, uint32_t count,
                         struct machine_identity *identity, struct error *error)
{
    const struct journal_entry *line = last_change(r, count, JOURNAL_LINE_IN, 0);

    if (r->images && r->images->ready_count && !is_whole(snapshot, error))
        return false;
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        const struct journal_entry *e = last_change(r, count, JOURNAL_MEDIUM, slot);
        if (!e)
            continue;
        if (!carry_out_medium(r, e) || r->outcome != REPLAY_EQUAL)
            return *error = r->error, false;
        if (!medium_identify(r->media, (enum drive_slot)slot, identity, NULL, NULL, error))
            return false;
    }
    if (line && (!carry_out_line_in(r, line) || r->outcome != REPLAY_EQUAL))
        return *error = r->error, false;
    memcpy(identity->line_in, r->media->line.sha256, sizeof identity->line_in);
    return true;
}

/* A machine at power-on again, with nothing written to its sealed disks. */
static bool begin_again(struct replay *r, const struct machine_identity *identity, struct error *error)
{
    machine_destroy(r->machine);
    r->machine = NULL;
    r->outcome = REPLAY_EQUAL;
    recording_close(&r->media->line);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        struct medium *medium = &r->media->drives[slot];
        if (!identity->media[slot].kept)
            continue;
        if (!medium->present || medium->path)
            return refuse(r, NULL, error, "its sealed medium is out of its drive");
        if (!overlay_rewind(&medium->disk, &identity->media[slot].place, error))
            return false;
    }
    return put_in_media(r, error) && switch_on(r, error);
}

bool replay_from(struct replay *r, const struct snapshot *snapshot, struct machine_identity *identity,
                 struct error *error)
{
    const struct machine_identity before = *identity;
    struct error again;
    uint32_t next = entry_after(r->journal, snapshot);

    if (!next)
        return error_set(error, STATUS_INPUT, snapshot->path, NULL, NULL, "the journal does not have its digest");
    if (change_media(r, snapshot, next, identity, error) && snapshot_fits(snapshot, NULL, identity, error) &&
        snapshot_restore(snapshot, r->machine, error)) {
        r->next = next;
        r->equal_at = snapshot->tick;
        return true;
    }
    *identity = before;
    if (!begin_again(r, identity, &again)) {
        machine_destroy(r->machine);
        r->machine = NULL;
        *error = again;
    }
    return false;
}

/* --- Media that are opened beforehand --- */

uint32_t replay_inserts(const struct journal *journal, struct replay_insert inserts[REPLAY_MEDIA])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < journal->count; i++) {
        const struct journal_entry *e = &journal->entries[i];
        if ((e->kind != JOURNAL_MEDIUM && e->kind != JOURNAL_LINE_IN) || !e->medium.present)
            continue;
        if (count < REPLAY_MEDIA) {
            inserts[count] = (struct replay_insert){i, e->kind == JOURNAL_MEDIUM ? e->medium.slot : DRIVE_COUNT, {0}};
            memcpy(inserts[count].sha256, e->medium.sha256, DIGEST_SIZE);
        }
        count++;
    }
    return count;
}

bool replay_open_media(struct replay_images *images, const struct image_request requests[DRIVE_COUNT],
                       const struct replay_insert *inserts, uint32_t count, struct error *error)
{
    if (count > REPLAY_MEDIA)
        return error_set(error, STATUS_INPUT, "journal", NULL, NULL, "more than %u media were put in", REPLAY_MEDIA);
    images->ready = calloc(REPLAY_MEDIA, sizeof *images->ready);
    if (!images->ready)
        return error_host(error, "journal", ENOMEM, "cannot open the media of");
    for (uint32_t i = 0; i < count; i++) {
        struct ready_medium *ready = &images->ready[images->ready_count];
        const char *path = find_image(images, inserts[i].sha256);
        if (inserts[i].slot > DRIVE_COUNT)
            continue;
        if (!path)
            return missing_image("journal", inserts[i].sha256, error);
        ready->entry = inserts[i].entry;
        ready->slot = inserts[i].slot;
        memcpy(ready->sha256, inserts[i].sha256, DIGEST_SIZE);
        if (!(ready->slot == DRIVE_COUNT ? open_found(path, ready->sha256, &ready->recording, error)
                                         : media_make_ready(path, &requests[ready->slot], &ready->image, error)))
            return false;
        images->ready_count++;
    }
    return true;
}
