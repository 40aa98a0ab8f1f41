/* seat.c - see seat.h. */
#include "desk/seat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "desk/desk.h"
#include "desk/jail.h"
#include "desk/live.h"
#include "desk/media.h"
#include "desk/pages.h"
#include "desk/paper.h"
#include "desk/png.h"
#include "emu/host/host.h"
#include "formats/monotonic.h"
#include "formats/output.h"
#include "verify/runs/runs.h"

#define REPEAT_STEPS 50            /* of a journal, between which is reported how far it is */
#define CHECKPOINT_SECONDS 5       /* of processor time, at least, between two checkpoints: so much is repeated, */
#define CHECKPOINT_SHARE 10        /* and so many times what the last one took */
#define MORE_MEMORY (512ull << 20) /* besides the machine: what viewers, overlays and a checkpoint need */
#define HEAD_MOST 65536u           /* bytes: more than the head of a journal has */
#define JOURNAL_MEMORY 16u         /* bytes of memory, at most, that reading a byte of a journal takes */
#define TIME_SHARE 4u              /* times most_seconds, and */
#define TIME_MORE 3600u            /* seconds of processor time are more than a session needs: it repeats its journal */
#define LIST_SECONDS 60u           /* of processor time that listing what a journal puts in may take, */
#define LIST_MEMORY (4ull << 30)   /* and bytes of address space besides */

const char *const seat_checkpoints[SEAT_CHECKPOINTS] = {"checkpoint.0", "checkpoint.1", "opening"};

struct seat {
    const struct seat_request *request;
    char journal_path[PATH_MAX], overlay_path[PATH_MAX];
    struct pages pages;
    struct media media;
    struct machine_identity identity;
    int checkpoints[SEAT_CHECKPOINTS]; /* below 0: it is not there */
    struct twins twins;
    int paper_file;
    struct paper paper;
    char media_paths[SEAT_MEDIA_MOST][PATH_MAX];
    const char *image_paths[SEAT_MEDIA_MOST];
    struct replay_images images;
    struct ready_image inserted;               /* that is put in when the machine runs */
    unsigned left;                             /* seconds, as it was reported last */
    uint64_t left_due;                         /* nanoseconds of a clock */
    uint64_t checkpoint_due, checkpoint_begun; /* nanoseconds of this process's time; of a clock */
    int journal_file;
    uint64_t journal_size;          /* of what is to be repeated; 0: it is new */
    int overlay_files[DRIVE_COUNT]; /* below 0: there is none */
    struct journal journal;
    struct journal_writer writer; /* that continues it */
    struct replay replay;
    struct machine *machine;
    struct session session;
    struct code_memory code;
    struct live *live;
};

bool seat_interprets(const struct arguments *arguments)
{
    const char *engine = argument_value(arguments, "--engine");

    return engine && !strcmp(engine, "interpreter");
}

static void report(const struct seat *s, const char *text)
{
    if (s->request->control >= 0 && write(s->request->control, text, strlen(text)) < 0)
        return; /* nobody is there to know */
}

static void serial_out(void *context, unsigned port, uint8_t byte)
{
    struct seat *s = context;

    if (port == 0 && s->session.serial) /* not while a journal is repeated */
        session_serial_out(&s->session, byte);
}

static void copied(void *context, const uint8_t *text, size_t length)
{
    struct seat *s = context;

    if (s->session.paced)
        live_copied(s->live, text, length);
}

static void parallel_out(void *context, uint8_t byte)
{
    struct seat *s = context;

    paper_byte(&s->paper, byte, machine_tick(s->machine));
}

static void sound(void *context, const int16_t *frames, size_t count)
{
    struct seat *s = context;

    if (s->live && s->session.paced)
        live_sound(s->live, frames, count);
}

/* --- Media --- */

unsigned seat_media(const char *folder, char media[SEAT_MEDIA_MOST][PATH_MAX])
{
    char path[PATH_MAX];
    unsigned count = 0;
    FILE *file;

    snprintf(path, sizeof path, "%.4000s/" SEAT_MEDIA, folder);
    file = fopen(path, "re");
    while (file && count < SEAT_MEDIA_MOST && fgets(media[count], PATH_MAX, file)) {
        media[count][strcspn(media[count], "\n")] = '\0';
        count++;
    }
    if (file)
        fclose(file);
    return count;
}

/* Images are raw: nothing is made out of what is in them here. */
static bool open_images(struct seat *s, unsigned count, struct error *error)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        s->media.images[slot].format = "raw";
    for (unsigned i = 0; i < count; i++)
        s->image_paths[i] = s->media_paths[i];
    if (!replay_images_open(&s->images, s->image_paths, count, s->media.images, NULL, NULL, error))
        return false;
    return !s->request->insert || s->request->eject || !count ||
           media_make_ready(s->image_paths[count - 1], s->media.images, &s->inserted, error);
}

/* Puts the medium in that was asked for, as a person would: what was there is taken out first. */
static bool insert(struct seat *s, struct error *error)
{
    struct medium *drive, inserted = {.present = false};
    enum drive_slot slot;

    if (!s->request->insert)
        return true;
    if (!media_slot(&s->media, s->request->insert, "session", &slot, error) ||
        (s->inserted.present && !media_use_image(&s->media, slot, &s->inserted, &inserted, error)))
        return false;
    drive = &s->media.drives[slot];
    record_medium(&s->session.recorder, slot, NULL, NULL);
    medium_close(drive);
    *drive = inserted;
    if (drive->present)
        record_medium(&s->session.recorder, slot, &drive->disk, s->images.digests[s->images.count - 1]);
    return medium_identify(&s->media, slot, &s->identity, NULL, NULL, error);
}

/* Before anything is read, it gives up all files but its own: its folder, and the images that were put in. */
static bool keep_to_folder(const struct seat *s, unsigned images, struct error *error)
{
    struct jail_folder folders[2 + SEAT_MEDIA_MOST] = {{s->request->folder, true}, {"/proc/self/statm", false}};

    for (unsigned i = 0; i < images; i++)
        folders[2 + i] = (struct jail_folder){s->media_paths[i], false};
    setenv("TMPDIR", s->request->folder, 1); /* of what is written to those images */
    return jail_program(folders, 2 + images, &(struct jail_limits){.memory = 0}, error);
}

/* Whether it ends in its head: its session was killed while it began, and has done nothing. The line of an entry begins
 * with its tick. */
static bool has_no_entry(const struct seat *s)
{
    char head[HEAD_MOST];
    ssize_t got = pread(s->journal_file, head, sizeof head, 0);
    bool line = true, none = got >= 0 && got < (ssize_t)sizeof head;

    for (ssize_t i = 0; none && i < got; i++) {
        none = !line || head[i] < '0' || head[i] > '9' || !memchr(head + i, '\n', (size_t)(got - i));
        line = head[i] == '\n';
    }
    return none;
}

/* In a process that is locked in: writes what the journal puts in. */
static bool list_inserts(void *context, int out, struct error *error)
{
    const struct seat *s = context;
    struct replay_insert inserts[REPLAY_MEDIA];
    struct journal journal;
    uint32_t count;

    if (has_no_entry(s))
        return true;
    if (!journal_read_in(s->journal_file, SEAT_JOURNAL, &journal, error))
        return false;
    count = replay_inserts(&journal, inserts);
    if (count > REPLAY_MEDIA)
        return error_set(error, STATUS_INPUT, SEAT_JOURNAL, NULL, NULL, "more than %u media were put in", REPLAY_MEDIA);
    return write(out, inserts, count * sizeof *inserts) == (ssize_t)(count * sizeof *inserts) ||
           error_host(error, SEAT_JOURNAL, errno, "cannot list");
}

/* The media that a journal puts in are opened before it is read here: another process says which they are. */
static bool open_inserts(struct seat *s, struct error *error)
{
    const struct jail_limits limits = {.memory = LIST_MEMORY + JOURNAL_MEMORY * s->journal_size,
                                       .seconds = LIST_SECONDS};
    struct replay_insert inserts[REPLAY_MEDIA];
    uint8_t *output = NULL;
    size_t length = 0;

    if (s->images.count && !jail_run(JAIL_READER, &s->journal_file, 1, &limits, SEAT_JOURNAL, list_inserts, s,
                                     sizeof inserts, &output, &length, error))
        return false;
    if (length)
        memcpy(inserts, output, length);
    free(output);
    return replay_open_media(&s->images, s->media.images, inserts, (uint32_t)(length / sizeof *inserts), error);
}

static bool open_journal(struct seat *s, struct error *error)
{
    struct stat status;

    snprintf(s->journal_path, sizeof s->journal_path, "%.4000s/" SEAT_JOURNAL, s->request->folder);
    s->journal_file = open(s->journal_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->journal_file < 0 || fstat(s->journal_file, &status) != 0)
        return error_host(error, s->journal_path, errno, "cannot open");
    s->journal_size = status.st_size < JOURNAL_LIMIT ? (uint64_t)status.st_size : JOURNAL_LIMIT;
    return s->journal_size || output_sync_folder(s->journal_path, error);
}

static bool open_overlays(struct seat *s, struct error *error)
{
    char path[PATH_MAX];

    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        s->overlay_files[slot] = -1;
        if (!(s->pages.offer.overlays >> slot & 1))
            continue;
        snprintf(path, sizeof path, "%.4000s/" SEAT_OVERLAY ".%s", s->request->folder, drive_slot_names[slot]);
        s->overlay_files[slot] = overlay_file(path, error);
        if (s->overlay_files[slot] < 0)
            return false;
    }
    return true;
}

/* What will be read is hostile to the process that reads it: the archive, and what this one wrote earlier, which may
 * have been a guest's. All is opened here, and read behind the jail's door. */
static bool open_files(struct seat *s, struct error *error)
{
    const unsigned images = seat_media(s->request->folder, s->media_paths);
    char path[PATH_MAX];

    snprintf(s->overlay_path, sizeof s->overlay_path, "%.4000s/" SEAT_OVERLAY, s->request->folder);
    if (!keep_to_folder(s, images, error) || !pages_receive(s->request->storage, &s->pages, error) ||
        !open_images(s, images, error) || !open_overlays(s, error) || !open_journal(s, error))
        return false;
    for (unsigned i = 0; i < SEAT_CHECKPOINTS; i++) {
        snprintf(path, sizeof path, "%.4000s/%s", s->request->folder, seat_checkpoints[i]);
        s->checkpoints[i] = open(path, (i < 2 ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (s->checkpoints[i] < 0 && i < 2)
            return error_host(error, path, errno, "cannot open");
    }
    snprintf(path, sizeof path, "%.4000s/" SEAT_PAPER, s->request->folder);
    s->paper_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->paper_file < 0)
        return error_host(error, path, errno, "cannot open");
    s->twins = (struct twins){{s->checkpoints[0], s->checkpoints[1]}, {seat_checkpoints[0], seat_checkpoints[1]}, 0, 0};
    return true;
}

static bool begin_session(struct seat *s, struct error *error)
{
    return session_begin(&s->session, s->machine, UINT64_MAX, (struct slicing){.length = 0}) ||
           error_set(error, STATUS_HOST, "session", NULL, NULL, "out of memory");
}

/* What the machine's output goes to. */
static struct machine_host outside(struct seat *s)
{
    return (struct machine_host){.context = s,
                                 .serial_out = serial_out,
                                 .parallel_out = parallel_out,
                                 .sound = sound,
                                 .copied = copied,
                                 .code = s->code.size ? &s->code : NULL};
}

/* A new session: builds the machine, and begins its journal. */
static bool build(struct seat *s, struct error *error)
{
    struct machine_host host = outside(s);

    media_host(&s->media, &host);
    s->machine = media_machine(&s->media, &host, s->request->archive, error);
    if (!s->machine)
        return false;
    machine_set_engine(s->machine, ENGINE_TRANSLATOR, 0);
    return begin_session(s, error) &&
           recorder_create_in(&s->session.recorder, s->machine, &s->media, s->journal_file, s->journal_path, error);
}

/* One that was there: reads its journal, and builds the machine that it is of. */
static bool build_again(struct seat *s, struct error *error)
{
    const struct machine_host host = outside(s);

    if (!journal_read_in(s->journal_file, s->journal_path, &s->journal, error))
        return false;
    if (s->journal.ended)
        return error_set(error, STATUS_INPUT, s->request->archive, NULL, NULL,
                         "the session is over: the machine was switched off");
    if (!replay_begin(&s->replay, s->journal_path, &s->journal, &s->media, archive_machine_root(s->media.archive),
                      &s->images, &host, error))
        return false;
    s->machine = s->replay.machine;
    machine_set_engine(s->machine, ENGINE_TRANSLATOR, 0);
    return journal_continue(&s->writer, s->journal_file, s->journal_path, error);
}

/* Begins at the latest checkpoint that is whole and of this journal, or at power-on. */
static bool begin_at_checkpoint(struct seat *s, struct error *error)
{
    struct snapshot snapshots[SEAT_CHECKPOINTS];
    bool there[SEAT_CHECKPOINTS], begun = false;
    struct error none;

    for (unsigned i = 0; i < SEAT_CHECKPOINTS; i++)
        there[i] = s->checkpoints[i] >= 0 &&
                   snapshot_read_in(s->checkpoints[i], seat_checkpoints[i], &snapshots[i], &none);
    while (!begun && s->replay.machine) {
        unsigned last = SEAT_CHECKPOINTS;
        for (unsigned i = 0; i < SEAT_CHECKPOINTS; i++)
            if (there[i] && (last == SEAT_CHECKPOINTS || snapshots[i].tick > snapshots[last].tick))
                last = i;
        if (last == SEAT_CHECKPOINTS)
            break;
        begun = replay_from(&s->replay, &snapshots[last], &s->identity, error);
        there[last] = false;
        s->twins.next = last == 0; /* the one that is good stays */
    }
    for (unsigned i = 0; i < SEAT_CHECKPOINTS; i++)
        if (s->checkpoints[i] >= 0)
            snapshot_free(&snapshots[i]);
    s->machine = s->replay.machine;
    if (s->machine && !begun)
        machine_set_engine(s->machine, ENGINE_TRANSLATOR, 0);
    return s->machine;
}

static void begin_paper(struct seat *s)
{
    paper_begin(&s->paper, s->paper_file, machine_ticks_per_second(s->machine), machine_tick(s->machine));
}

/* Repeats the journal, to where it ends, and goes on writing there. */
static bool repeat(struct seat *s, struct error *error)
{
    const uint64_t end = journal_end(&s->journal);
    char text[32];

    if (!begin_at_checkpoint(s, error))
        return false;
    begin_paper(s);
    const uint64_t from = machine_tick(s->machine), step = (end - from) / REPEAT_STEPS + 1;
    for (uint64_t to = from + step; s->replay.next < s->journal.count; to += step) {
        replay_to(&s->replay, to < end ? to : end);
        if (s->replay.outcome != REPLAY_EQUAL)
            return *error = s->replay.error, false;
        snprintf(text, sizeof text, SEAT_REPEATING "%u", to < end ? (unsigned)((to - from) * 100 / (end - from)) : 100);
        report(s, text);
        if (to >= end)
            break;
    }
    if (!begin_session(s, error))
        return false;
    recorder_continue(&s->session.recorder, s->machine, &s->writer);
    return true;
}

/* --- Checkpoints --- */

/* Nanoseconds of processor time that this process has used. */
static uint64_t worked(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void set_due(struct seat *s, uint64_t took)
{
    const uint64_t least = CHECKPOINT_SECONDS * UINT64_C(1000000000);

    s->checkpoint_due = worked() + (took * CHECKPOINT_SHARE > least ? took * CHECKPOINT_SHARE : least);
}

/* The digest in the journal is what the snapshot is known by. */
static bool note_state(struct seat *s, struct error *error)
{
    return machine_identity_update(&s->media, &s->identity, error) &&
           (record_digest(&s->session.recorder) || error_host(error, SEAT_JOURNAL, EIO, "cannot write"));
}

/* One is due when so much work was done that repeating it would take a while: a session that waits needs none. One
 * that fails costs time later, and nothing else. */
static bool look_at_checkpoints(struct seat *s)
{
    struct error error;

    if (s->checkpoint_begun) {
        if (twins_are_written(&s->twins, false))
            return true;
        set_due(s, monotonic_nanoseconds() - s->checkpoint_begun);
        s->checkpoint_begun = 0;
    }
    if (worked() < s->checkpoint_due)
        return true;
    if (!paper_flush(&s->paper, true)) { /* only the journal has what was printed */
        set_due(s, 0);
        return true;
    }
    if (!note_state(s, &error))
        return false;
    s->checkpoint_begun = monotonic_nanoseconds();
    if (!twins_begin(&s->twins, s->machine, &s->identity, &error))
        error_print(stderr, &error);
    return true;
}

/* --- The run --- */

/* Says when it will end by itself, and when that was put off. */
static void look_at_clock(struct seat *s)
{
    const uint64_t now = monotonic_nanoseconds();
    char text[32];
    unsigned left;

    if (now < s->left_due)
        return;
    s->left_due = now + 1000000000;
    left = live_left(s->live);
    if (!left != !s->left) {
        snprintf(text, sizeof text, SEAT_LEFT "%u", left);
        report(s, text);
    }
    s->left = left;
}

static bool looked(void *context)
{
    struct seat *s = context;

    look_at_clock(s);
    paper_flush(&s->paper, false);
    return media_sync(&s->media, false, NULL) && look_at_checkpoints(s);
}

/* Opens everything, and locks itself in. */
static bool lock_in(struct seat *s, struct error *error)
{
    struct jail_limits limits = {.more_memory = MORE_MEMORY};

    if (!open_files(s, error) || (s->journal_size && !open_inserts(s, error)))
        return false;
    if (s->request->most_seconds)
        limits.seconds = UINT64_C(1) * TIME_SHARE * s->request->most_seconds + TIME_MORE;
    limits.more_memory += 2 * s->pages.offer.memory + JOURNAL_MEMORY * s->journal_size;
    if (!s->request->interprets)
        code_memory_init(&s->code, CODE_MEMORY_SIZE); /* without it, it interprets */
    return jail_enter(JAIL_SESSION, NULL, 0, &limits, error);
}

/* Empties a journal that has no entry. */
static bool begin_anew(struct seat *s, struct error *error)
{
    if (!s->journal_size || !has_no_entry(s))
        return true;
    s->journal_size = 0;
    return ftruncate(s->journal_file, 0) == 0 || error_host(error, s->journal_path, errno, "cannot begin again");
}

/* Reads the archive, and builds the machine. */
static bool begin(struct seat *s, struct error *error)
{
    struct archive *archive = lock_in(s, error) && begin_anew(s, error) ? pages_open(&s->pages, error) : NULL;

    if (!archive || !media_open_archive(&s->media, archive, s->overlay_path, s->overlay_files, error) ||
        !machine_identify(&s->media, &s->identity, NULL, NULL, error) ||
        !(s->journal_size ? build_again(s, error) && repeat(s, error) : build(s, error)))
        return false;
    if (!s->journal_size)
        begin_paper(s);
    if (!insert(s, error))
        return false;
    s->session.progress.terminal = false;
    set_due(s, 0);
    return true;
}

static bool begin_live(struct seat *s, struct error *error)
{
    const struct seat_request *r = s->request;

    if (!begin(s, error))
        return false;
    s->live = live_at(archive_description(s->media.archive)->title, layout_default(), r->control, r->idle_seconds,
                      r->most_seconds, error);
    if (!s->live)
        return false;
    s->session.looked = looked;
    s->session.looked_context = s;
    live_begin(s->live, &s->session);
    return true;
}

/* What is reported of a session that is suspended. */
static const char *suspension(const struct seat *s)
{
    const char command = s->live ? live_command(s->live) : 0;

    return command == LIVE_IDLE ? SEAT_IDLE : command == LIVE_LONGEST ? SEAT_LONGEST : SEAT_SUSPENDED;
}

/* A session that was suspended, or whose disks failed, can be continued: its journal is not ended. */
static enum status end(struct seat *s, enum session_end how, struct error *error)
{
    const bool off = how == SESSION_OFF;
    bool good = off ? record_end(&s->session.recorder, true, error) : record_suspend(&s->session.recorder, error);
    struct error none;

    good = media_sync(&s->media, true, good ? error : NULL) && good;
    if (how == SESSION_FAILED)
        good = media_failure(&s->media, error);
    if (paper_flush(&s->paper, true) && good && !off && machine_identity_update(&s->media, &s->identity, &none) &&
        !twins_write(&s->twins, s->machine, &s->identity, &none))
        error_print(stderr, &none); /* its journal is repeated, then */
    if (good)
        report(s, off ? SEAT_OFF : suspension(s));
    return good ? STATUS_OK : STATUS_HOST;
}

static void report_error(const struct seat *s, const struct error *error)
{
    char text[1400];

    snprintf(text, sizeof text, SEAT_FAILED "%s: %s%s%s", error->object, error->what, *error->remedy ? ": " : "",
             error->remedy);
    report(s, text);
    error_print(stderr, error);
}

enum status seat_run(const struct seat_request *request)
{
    struct seat s = {.request = request};
    struct error error = {.status = STATUS_OK};
    enum status status = STATUS_OK;
    enum session_end how;

    if (!begin_live(&s, &error)) {
        report_error(&s, &error);
        return error.status;
    }
    report(&s, SEAT_READY);
    how = session_wait(&s.session, NULL, 0);
    if (how != SESSION_LEFT || live_command(s.live) != SEAT_DISCARD)
        status = end(&s, how, &error);
    if (status != STATUS_OK)
        report_error(&s, &error);
    return status; /* what it holds ends with the process */
}

enum status seat_prepare(const struct seat_request *request, unsigned seconds)
{
    struct seat_request own = *request;
    struct seat s = {.request = &own};
    struct error error = {.status = STATUS_OK};
    struct condition until = {.kind = WHEN_TICK};
    struct frame frame;

    own.control = -1;
    own.most_seconds = seconds;
    if (!begin(&s, &error))
        return desk_fail(&error);
    until.tick = seconds * machine_ticks_per_second(s.machine);
    if (session_wait(&s.session, &until, 1) != SESSION_MET) {
        error_set(&error, STATUS_WRONG, request->archive, NULL, NULL, "the machine does not stay on");
        return desk_fail(&error);
    }
    machine_frame(s.machine, &frame);
    if (end(&s, SESSION_LEFT, &error) != STATUS_OK ||
        !png_write("-", frame.width, frame.height, frame.pixels, false, &error))
        return desk_fail(&error);
    return STATUS_OK;
}
