/* boot.c - the subcommand boot: builds the machine, lets a script and conditions drive it, shows the result. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/archive.h"
#include "desk/boot.h"
#include "desk/confine.h"
#include "desk/watch.h"
#include "desk/desk.h"
#include "desk/engine.h"
#include "desk/history.h"
#include "desk/live.h"
#include "desk/png.h"
#include "desk/screen.h"
#include "desk/script_run.h"
#include "desk/snapshots.h"

#define DEFAULT_LIMIT 3600   /* seconds of guest time */
#define LIVE_LIMIT 100000000 /* if somebody watches: three years */
#define MANY_RESETS 4u       /* of one run: then it is said */

/* --- Reading the options --- */

bool boot_read_number(const char *text, uint64_t *value)
{
    *value = 0;
    if (!*text || strlen(text) > 19)
        return false;
    for (; *text >= '0' && *text <= '9'; text++)
        *value = *value * 10 + (uint64_t)(*text - '0');
    return !*text;
}

enum until_argument { UNTIL_NUMBER, UNTIL_COUNT, UNTIL_SECONDS, UNTIL_TEXT, UNTIL_NOTHING };

static const struct {
    const char *prefix;
    enum condition_kind kind;
    enum until_argument argument;
} until_forms[] = {
    {"tick:", WHEN_TICK, UNTIL_NUMBER},   {"time:", WHEN_TICK, UNTIL_SECONDS},
    {"screen:", WHEN_SCREEN, UNTIL_TEXT}, {"serial:", WHEN_SERIAL, UNTIL_TEXT},
    {"sound", WHEN_SOUND, UNTIL_NOTHING}, {"silence", WHEN_SILENCE, UNTIL_NOTHING},
    {"halt", WHEN_HALT, UNTIL_NOTHING},   {"poweroff", WHEN_POWEROFF, UNTIL_NOTHING},
    {"reset:", WHEN_RESET, UNTIL_COUNT},  {"reset", WHEN_RESET, UNTIL_NOTHING},
};

/* Reads one --until. Seconds are converted by ticks_per_second, which is not 0. */
static bool read_until(const char *text, uint64_t ticks_per_second, struct condition *c)
{
    for (size_t i = 0; i < sizeof(until_forms) / sizeof(until_forms[0]); i++) {
        size_t length = strlen(until_forms[i].prefix);
        if (strncmp(text, until_forms[i].prefix, length))
            continue;
        const char *rest = text + length;
        *c = (struct condition){.kind = until_forms[i].kind, .text = rest, .length = strlen(rest), .tick = 1};
        switch (until_forms[i].argument) {
        case UNTIL_NUMBER: return boot_read_number(rest, &c->tick);
        case UNTIL_COUNT: return boot_read_number(rest, &c->tick) && c->tick > 0;
        case UNTIL_SECONDS:
            return session_read_seconds(rest, &c->tick) && (c->tick *= ticks_per_second / 1000000, true);
        case UNTIL_TEXT: return c->length > 0;
        case UNTIL_NOTHING: return c->length == 0;
        }
    }
    return false;
}

static bool read_slicing(const char *text, struct slicing *slicing)
{
    slicing->random = !strncmp(text, "random:", strlen("random:"));
    if (slicing->random)
        return boot_read_number(text + strlen("random:"), &slicing->state);
    return boot_read_number(text, &slicing->length) && slicing->length > 0;
}

/* tick:N */
static bool read_tick(const char *text, uint64_t *tick)
{
    return !strncmp(text, "tick:", strlen("tick:")) && boot_read_number(text + strlen("tick:"), tick);
}

bool boot_bad_option(const struct boot *b, const char *option, const char *value, struct error *error)
{
    char remedy[64];

    snprintf(remedy, sizeof(remedy), "see muniment %s --help", b->arguments->command->name);
    return error_set(error, STATUS_USAGE, b->arguments->command->name, NULL, remedy, "%s cannot be \"%.100s\"", option,
                     value);
}

/* The speed is not known yet: the conditions are read again when it is. */
bool boot_read_options(struct boot *b, struct error *error)
{
    const char *limit = argument_value(b->arguments, "--limit"), *slice = argument_value(b->arguments, "--slice"),
               *until;
    const char *from = argument_value(b->arguments, "--from"), *to = argument_value(b->arguments, "--to");
    const char *every = argument_value(b->arguments, "--digest-every");
    size_t position = 0;

    b->limit = (argument_value(b->arguments, "--display") ? LIVE_LIMIT : DEFAULT_LIMIT) * UINT64_C(1000000);
    if (limit && !session_read_seconds(limit, &b->limit))
        return boot_bad_option(b, "--limit", limit, error);
    if (slice && !read_slicing(slice, &b->slicing))
        return boot_bad_option(b, "--slice", slice, error);
    if (!engine_read_option(b, error))
        return false;
    if (every && (!session_read_seconds(every, &b->digest_every) || !b->digest_every))
        return boot_bad_option(b, "--digest-every", every, error);
    b->tracing.to = UINT64_MAX;
    if (from && !read_tick(from, &b->tracing.from))
        return boot_bad_option(b, "--from", from, error);
    if (to && !read_tick(to, &b->tracing.to))
        return boot_bad_option(b, "--to", to, error);
    b->until = calloc(b->arguments->given_count + 1, sizeof(*b->until));
    if (!b->until)
        return error_set(error, STATUS_HOST, "boot", NULL, NULL, "out of memory");
    while ((until = argument_next(b->arguments, "--until", &position)))
        if (!read_until(until, 1000000, &b->until[b->until_count++]))
            return boot_bad_option(b, "--until", until, error);
    return true;
}

static void convert_conditions(struct boot *b)
{
    size_t position = 0;

    for (size_t i = 0; i < b->until_count; i++)
        read_until(argument_next(b->arguments, "--until", &position), session_rate(&b->session), &b->until[i]);
}

bool boot_read_script(struct boot *b, struct error *error)
{
    return !b->script_path || script_read(b->script_path, &b->script, error);
}

bool boot_needs_sound(const struct boot *b, const char *object, struct error *error)
{
    return manifest_has_sound(&b->media.manifest) ||
           error_set(error, STATUS_INPUT, object, NULL, "say what is to be heard under sound in the manifest",
                     "the machine has nothing that is heard");
}

/* lpt1, as 0, or com1 to com4. */
static bool read_port(const char *name, unsigned *com)
{
    *com = 0;
    if (!strcmp(name, "lpt1"))
        return true;
    *com = strlen(name) == 4 && !strncmp(name, "com", 3) && name[3] >= '1' && name[3] <= '4' ? (unsigned)(name[3] - '0')
                                                                                             : 0;
    return *com > 0;
}

/* What an option says; of a machine of a set, with its name after it: FILE.server. */
static const char *output_path(struct boot *b, const char *option)
{
    const char *path = argument_value(b->arguments, option);
    unsigned n = 0;

    if (!path || !b->name)
        return path;
    while (b->paths[n])
        n++;
    b->paths[n] = malloc(strlen(path) + strlen(b->name) + 2);
    if (!b->paths[n])
        return path; /* is there already, or will be for the next machine, which is refused */
    sprintf(b->paths[n], "%s.%s", path, b->name);
    return b->paths[n];
}

bool boot_open_outputs(struct boot *b, struct error *error)
{
    const char *serial = output_path(b, "--serial"), *parallel = output_path(b, "--parallel");
    const char *clipboard = output_path(b, "--clipboard"), *trace = output_path(b, "--trace"),
               *sound = output_path(b, "--sound");
    const char *midi = output_path(b, "--midi");
    const char *print = output_path(b, "--print"), *port = argument_value(b->arguments, "--print-port");

    const bool replace = boot_replaces(b);

    /* Of a set, those are heard that can be. */
    if (b->name && !manifest_has_sound(&b->media.manifest))
        sound = NULL;
    if (b->name && b->media.manifest.sound_card != SOUND_CARD_SB16)
        midi = NULL;
    if (sound && !boot_needs_sound(b, "--sound", error))
        return false;
    if (port && !read_port(port, &b->print_com))
        return boot_bad_option(b, "--print-port", port, error);
    if (print && !(b->print = print_open(print, argument_value(b->arguments, "--printer"), replace, error)))
        return false;
    if (midi && b->media.manifest.sound_card != SOUND_CARD_SB16)
        return error_set(error, STATUS_INPUT, "--midi", NULL, "say card: sb16 under sound in the manifest",
                         "the machine has no MIDI port");
    return (!midi || midi_open(&b->midi, midi, replace, error)) &&
           (!sound || sound_open(&b->session.ear, sound, replace, error)) &&
           (!serial || output_growing(&b->serial, serial, replace, error)) &&
           (!parallel || output_growing(&b->parallel, parallel, replace, error)) &&
           (!clipboard || output_growing(&b->clipboard, clipboard, replace, error)) &&
           (!trace || output_growing(&b->trace, trace, replace, error));
}

bool boot_replaces(const struct boot *b)
{
    /* A run that resumes does again what it did since its place was kept. */
    return argument_value(b->arguments, "--force") || b->resumed;
}

bool boot_check_outputs(const struct boot *b, struct error *error)
{
    const char *screenshot = argument_value(b->arguments, "--screenshot");
    bool good = !screenshot || output_may(screenshot, boot_replaces(b), error);

    for (size_t i = 0; good && i < b->script.count; i++) {
        const struct script_command *c = &b->script.commands[i];
        good = (c->verb != SCRIPT_SCREENSHOT && c->verb != SCRIPT_SNAPSHOT) ||
               output_may(c->text, boot_replaces(b), error);
    }
    return good;
}

/* --- The machine's outside --- */

static void host_serial_out(void *context, unsigned port, uint8_t byte)
{
    struct boot *b = context;

    if (b->print && b->print_com && port + 1 == b->print_com)
        print_byte(b->print, byte, machine_tick(b->machine));
    if (port != 0)
        return;
    session_serial_out(&b->session, byte);
    if (b->serial.file)
        putc(byte, b->serial.file);
}

static void host_parallel_out(void *context, uint8_t byte)
{
    struct boot *b = context;

    if (b->parallel.file)
        putc(byte, b->parallel.file);
    if (b->print && !b->print_com)
        print_byte(b->print, byte, machine_tick(b->machine));
}

static void host_copied(void *context, const uint8_t *text, size_t length)
{
    struct boot *b = context;

    if (b->clipboard.file)
        fwrite(text, 1, length, b->clipboard.file);
    live_copied(b->live, text, length);
}

static void host_sound(void *context, const int16_t *frames, size_t count)
{
    struct boot *b = context;

    sound_hear(&b->session.ear, frames, count);
    live_sound(b->live, frames, count);
}

static void host_midi_out(void *context, uint8_t byte)
{
    struct boot *b = context;

    midi_byte(&b->midi, machine_tick(b->machine) / (machine_ticks_per_second(b->machine) / 1000), byte);
}

static void host_packet_out(void *context, const uint8_t *packet, size_t length)
{
    const struct session *s = &((struct boot *)context)->session;

    if (s->cable)
        cable_send(s->cable, s->station, packet, length);
}

/* A system that cannot run on this machine often resets it, again and again. */
static void host_was_reset(void *context)
{
    struct boot *b = context;

    if (++b->session.resets != MANY_RESETS)
        return;
    progress_end(&b->session.progress);
    fprintf(stderr,
            "muniment: %s: the guest has reset the machine %u times (tick %" PRIu64
            "): it may need another processor or more memory; --until reset ends a run there\n",
            b->arguments->operands[0], MANY_RESETS, machine_tick(b->machine));
}

void boot_host(struct boot *b, struct machine_host *host)
{
    *host = (struct machine_host){.context = b,
                                  .serial_out = host_serial_out,
                                  .parallel_out = host_parallel_out,
                                  .copied = host_copied,
                                  .sound = host_sound,
                                  .midi_out = host_midi_out,
                                  .packet_out = host_packet_out,
                                  .was_reset = host_was_reset};
}

bool boot_print_digest(struct boot *b, struct error *error)
{
    uint8_t digest[DIGEST_SIZE];
    char hex[65];

    if (b->print_digest)
        return b->print_digest(b->set_context, error);
    if (!machine_digest(b->machine, digest)) {
        if (machine_run(b->machine, machine_tick(b->machine)) != MACHINE_HOST_FAILED)
            return error_set(error, STATUS_HOST, b->arguments->operands[0], NULL, NULL, "out of memory");
        b->disk_failed = true;
        return media_failure(&b->media, error);
    }
    hex_encode(digest, hex);
    printf("tick %" PRIu64 " sha256:%s\n", machine_tick(b->machine), hex);
    return true;
}

bool boot_flush(struct boot *b)
{
    if (b->serial.file)
        fflush(b->serial.file);
    if (b->parallel.file)
        fflush(b->parallel.file);
    if (b->clipboard.file)
        fflush(b->clipboard.file);
    if (b->print) {
        bool open;
        print_look(b->print, machine_tick(b->machine), machine_ticks_per_second(b->machine));
        b->session.printed = print_jobs(b->print, &open);
    }
    return media_sync(&b->media, false, NULL);
}

/* Between two slices. */
static bool looked(void *context)
{
    struct boot *b = context;
    uint64_t every = b->digest_every * (machine_ticks_per_second(b->machine) / 1000000);
    struct error error;

    if (b->watcher)
        b->watcher->look(b->watcher->context, b->machine, false);
    if (!boot_flush(b))
        return false;
    snapshots_look(b);
    if (!every || machine_tick(b->machine) < b->digest_due)
        return true;
    b->digest_due = (machine_tick(b->machine) / every + 1) * every;
    if (!boot_print_digest(b, &error)) {
        desk_fail(&error);
        b->digest_failed = true;
    }
    return true;
}

bool boot_begin_session(struct boot *b, uint64_t limit, struct error *error)
{
    if (!session_begin(&b->session, b->machine, limit, b->slicing))
        return error_set(error, STATUS_HOST, "machine", NULL, NULL, "out of memory");
    b->session.tracing = b->tracing;
    b->session.tracing.file = b->trace.file;
    b->session.looked = looked;
    b->session.looked_context = b;
    convert_conditions(b);
    return true;
}

bool boot_create_machine(struct boot *b, const char *object, struct error *error)
{
    boot_host(b, &b->host);
    media_host(&b->media, &b->host);
    engine_host(b, &b->host);
    b->machine = media_machine(&b->media, &b->host, object, error);
    return b->machine;
}

static bool create_machine(struct boot *b, struct error *error)
{
    return boot_create_machine(b, b->arguments->operands[0], error) && engine_begin(b, error) &&
           boot_begin_session(b, b->limit * (machine_ticks_per_second(b->machine) / 1000000), error);
}

/* --- Taking files out --- */

/* With --retrieve a run takes files out of a disk, and resumes where one before stopped. */
static bool begin_taking(struct boot *b, struct error *error)
{
    if (!argument_value(b->arguments, "--retrieve"))
        return true;
    if ((!b->script_path && !*b->blank) || argument_value(b->arguments, "--resume"))
        return error_set(error, STATUS_USAGE, "boot", NULL, NULL,
                         "--retrieve is for what a script retrieves, or --take holds, from power-on");
    b->taking = taking_open(b->arguments, &b->media, &b->script, *b->blank ? b->blank : NULL, &b->resumed, &b->place,
                            error);
    return b->taking && (!b->resumed || !argument_value(b->arguments, "--record") ||
                         error_set(error, STATUS_USAGE, "boot", NULL, "leave --record out, or begin anew",
                                   "a journal starts at power-on, and this run resumes an unfinished one"));
}

/* --- Recording --- */

/* A journal starts from the machine as it was sealed. */
static bool begin_recording(struct boot *b, struct error *error)
{
    const char *path = argument_value(b->arguments, "--record"), *machine = b->arguments->operands[0];

    if (!path)
        return true;
    if (argument_value(b->arguments, "--resume"))
        return error_set(error, STATUS_USAGE, "boot", NULL, "leave one of the two out",
                         "a journal starts at power-on: --record does not go with --resume");
    if (!b->media.archive)
        return error_set(error, STATUS_INPUT, machine, NULL,
                         "seal the machine first (muniment seal), and start the archive",
                         "a journal names the machine-root of an archive, and this is none");
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (b->media.drives[slot].present && overlay_has_writes(&b->media.drives[slot].disk))
            return error_set(error, STATUS_INPUT, argument_value(b->arguments, "--overlay"), drive_slot_names[slot],
                             "name a new overlay",
                             "holds earlier writes, and a journal starts from the machine as it was sealed");
    return recorder_create(&b->session.recorder, b->machine, &b->media, path, error);
}

bool boot_connect_recording(struct boot *b)
{
    if (b->media.line.present && !machine_tick(b->machine))
        record_line_in(&b->session.recorder, recording_wave(&b->media.line), b->media.line.sha256);
    return true;
}

/* --- The result --- */

void boot_show_text(struct boot *b, FILE *to)
{
    struct text_screen screen;

    machine_text(b->machine, &screen);
    screen_print(&screen, to);
}

bool boot_screenshot(struct boot *b, const char *path, struct error *error)
{
    struct frame frame;

    machine_frame(b->machine, &frame);
    return png_write(path, frame.width, frame.height, frame.pixels, boot_replaces(b), error);
}

bool boot_ended(struct boot *b, enum session_end end, const char *object, const char *waited_for, struct error *error)
{
    char place[64];

    snprintf(place, sizeof(place), "tick %" PRIu64, machine_tick(b->machine));
    /* clang-format off */
    switch (end) {
    case SESSION_MET:         return true;
    case SESSION_LIMIT:       return error_set(error, STATUS_WRONG, object, place, NULL, "the limit came before %s", waited_for);
    case SESSION_OFF:         return error_set(error, STATUS_WRONG, object, place, NULL, "the machine went off before %s", waited_for);
    case SESSION_INTERRUPTED: b->interrupted = true; return error_set(error, STATUS_HOST, object, place, NULL, "interrupted before %s", waited_for);
    case SESSION_LEFT:        b->interrupted = true; return error_set(error, STATUS_HOST, object, place, NULL, "left before %s", waited_for);
    case SESSION_UNRECORDED:  return record_end(&b->session.recorder, false, error);
    case SESSION_DIFFERS:     *error = b->session.replay->error; b->disk_failed = b->session.replay->outcome == REPLAY_FAILED; return false;
    case SESSION_FAILED:      break;
    }
    /* clang-format on */
    b->disk_failed = true;
    return media_failure(&b->media, error);
}

/* --- The run --- */

/* What --until asks for, as the user wrote it. */
static const char *until_text(const struct boot *b, char *text, size_t size)
{
    size_t position = 0, used = 0;
    const char *until;

    *text = '\0';
    while ((until = argument_next(b->arguments, "--until", &position)) && used < size)
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " or " : "--until ", until);
    return text;
}

/* A machine that somebody watches runs until it goes off, or until they or a signal end it. */
static bool run_watched(struct boot *b, struct error *error)
{
    enum session_end end = session_wait(&b->session, NULL, 0);

    return end == SESSION_OFF || end == SESSION_LEFT || end == SESSION_INTERRUPTED ||
           boot_ended(b, end, b->arguments->operands[0], "the machine went off", error);
}

/* After the script the conditions decide; without either, the machine runs until it halts or goes off. */
static bool run_machine(struct boot *b, struct error *error)
{
    static const struct condition at_rest[] = {{.kind = WHEN_HALT}, {.kind = WHEN_POWEROFF}};
    const char *path = b->arguments->operands[0];
    char what[256];

    if (b->live)
        live_scripted(b->live, b->script_path != NULL);
    if (!script_run(b, error))
        return false;
    if (b->live)
        live_scripted(b->live, false);
    if (b->until_count > 0)
        return boot_ended(b, session_wait(&b->session, b->until, b->until_count), path,
                          until_text(b, what, sizeof(what)), error);
    if (b->live)
        return run_watched(b, error);
    return b->script_path ||
           boot_ended(b, session_wait(&b->session, at_rest, 2), path, "the machine halted or went off", error);
}

bool boot_show_end(struct boot *b, struct error *error)
{
    const char *screenshot = argument_value(b->arguments, "--screenshot");

    if (argument_value(b->arguments, "--text"))
        boot_show_text(b, stdout);
    if (argument_value(b->arguments, "--statistics"))
        engine_print_statistics(b);
    if (argument_value(b->arguments, "--digest") && !boot_print_digest(b, error))
        return false;
    return !screenshot || boot_screenshot(b, screenshot, error);
}

/* What the machine is given and what it may leave: --give FOLDER is a CD, or --give floppy:FOLDER a floppy; --take SIZE
 * a blank disk. */
static bool read_exchange(struct boot *b, struct media_request *request, struct error *error)
{
    const char *give = argument_value(b->arguments, "--give"), *take = argument_value(b->arguments, "--take");
    const bool floppy = give && !strncmp(give, "floppy:", 7);
    const char **drive = floppy ? &request->floppy : &request->cd;
    struct stat status;

    if ((give && *drive) || (take && request->disk))
        return error_set(error, STATUS_USAGE, "boot", NULL, "leave one of the two out",
                         "--give is a CD, or a floppy, and --take a disk: %s is given as well",
                         !give || !*drive ? "--disk"
                         : floppy         ? "--floppy"
                                          : "--cd");
    if (give && (stat(give + (floppy ? 7 : 0), &status) || !S_ISDIR(status.st_mode)))
        return error_set(error, STATUS_INPUT, give, NULL, NULL, "is no folder that could be given");
    if (take && strlen(take) > sizeof b->blank - sizeof "blank:")
        return boot_bad_option(b, "--take", take, error);
    if (give)
        *drive = give;
    if (take) {
        snprintf(b->blank, sizeof b->blank, "blank:%s", take);
        request->disk = b->blank;
    }
    return true;
}

/* Of an archive that was found damaged. */
static bool warn(const struct boot *b)
{
    if (b->media.archive)
        history_warn(b->arguments, b->media.archive);
    return true;
}

static bool boot_prepare(struct boot *b, struct error *error)
{
    struct media_request request = {
        .arguments = b->arguments,
        .path = b->arguments->operands[0],
        .machine = argument_value(b->arguments, "--machine"),
        .floppy = argument_value(b->arguments, "--floppy"),
        .cd = argument_value(b->arguments, "--cd"),
        .disk = argument_value(b->arguments, "--disk"),
        .line_in = argument_value(b->arguments, "--line-in"),
        .overlay = argument_value(b->arguments, "--overlay"),
    };

    size_t position = 0;

    argument_next(b->arguments, "--line-in", &position);
    if (argument_next(b->arguments, "--line-in", &position))
        return error_set(error, STATUS_USAGE, "boot", NULL, "see muniment boot --help", "given twice: --line-in");
    b->script_path = argument_value(b->arguments, "--script");
    return boot_read_options(b, error) && read_exchange(b, &request, error) && snapshots_read_options(b, error) &&
           boot_read_script(b, error) && boot_check_outputs(b, error) && live_open(b->arguments, &b->live, error) &&
           media_open(&b->media, &request, error) && warn(b) && begin_taking(b, error) && boot_open_outputs(b, error) &&
           create_machine(b, error) && snapshots_begin(b, error) && begin_recording(b, error) &&
           boot_connect_recording(b) && (!b->live || (live_begin(b->live, &b->session), true)) &&
           confine_run(b->arguments, &b->script, &b->media, error);
}

/* A run before was killed: what it had not synced may be gone. */
static void report_dropped(const struct boot *b)
{
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++) {
        uint64_t dropped = b->media.drives[slot].present ? overlay_dropped(&b->media.drives[slot].disk) : 0;
        if (dropped)
            fprintf(stderr, "muniment: %s.%s: the last record%s by a crash before %s synced, and %s dropped\n",
                    argument_value(b->arguments, "--overlay"), drive_slot_names[slot],
                    dropped == 1 ? " was torn" : "s were torn", dropped == 1 ? "it was" : "they were",
                    dropped == 1 ? "is" : "are");
    }
}

bool boot_commit_outputs(struct boot *b, struct error *error)
{
    struct output *const outputs[] = {&b->serial, &b->parallel, &b->clipboard, &b->trace, &b->translation};
    bool good = true;

    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
        if (outputs[i]->file && !output_commit(outputs[i], good ? error : NULL))
            good = false;
    good = midi_commit(&b->midi, good ? error : NULL) && good;
    if (b->print && !print_end(b->print, good ? error : &(struct error){.status = STATUS_OK}))
        good = false;
    return sound_commit(&b->session.ear, good ? error : NULL) && good;
}

void boot_release(struct boot *b)
{
    live_close(b->live);
    output_abort(&b->serial);
    output_abort(&b->parallel);
    output_abort(&b->clipboard);
    output_abort(&b->session.ear.file);
    output_abort(&b->midi.file);
    output_abort(&b->trace);
    if (b->machine)
        session_end(&b->session);
    if (b->session.replay)
        replay_end(b->session.replay);
    else
        machine_destroy(b->machine);
    engine_release(b);
    print_close(b->print);
    taking_close(b->taking);
    media_close(&b->media);
    script_free(&b->script);
    free(b->until);
    for (size_t i = 0; i < sizeof b->paths / sizeof *b->paths; i++)
        free(b->paths[i]);
}

void boot_facts(const struct boot *b, struct act *act)
{
    static const char *const files[] = {"--record", "--overlay", "--resume"};
    char ticks[24];

    if (b->media.archive)
        act_fact(act, "machine-root", archive_machine_root(b->media.archive));
    if (argument_value(b->arguments, "--override"))
        act_fact(act, "override", argument_value(b->arguments, "--override"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (argument_value(b->arguments, files[i]))
            act_fact(act, files[i] + 2, argument_value(b->arguments, files[i]));
    if (b->machine) {
        snprintf(ticks, sizeof ticks, "%" PRIu64, machine_tick(b->machine));
        act_fact(act, "ticks", ticks);
    }
}

static enum status boot_all(const struct arguments *arguments, struct act *act)
{
    struct boot b = {.arguments = arguments};
    struct error error, later;
    enum status status = STATUS_OK;

    if (!boot_prepare(&b, &error)) {
        status = desk_fail(&error);
        boot_release(&b);
        return status;
    }
    report_dropped(&b);
    bool good = run_machine(&b, &error);
    live_stop(b.live);
    progress_end(&b.session.progress);
    if (!good)
        status = desk_fail(&error);
    if (b.interrupted && !argument_value(arguments, "--text"))
        boot_show_text(&b, stderr);
    if (!record_end(&b.session.recorder, !b.disk_failed, &later))
        status = desk_fail(&later);
    if (!b.disk_failed && !media_sync(&b.media, true, &later))
        status = desk_fail(&later);
    if (b.taking && status == STATUS_OK && *b.blank && !taking_all(b.taking, &later))
        status = desk_fail(&later);
    if (b.taking && status == STATUS_OK && !taking_end(b.taking, argument_value(arguments, "--record"), &later))
        status = desk_fail(&later);
    if ((!snapshots_end(&b) || b.digest_failed) && status == STATUS_OK)
        status = STATUS_HOST;
    if (!b.disk_failed && !boot_show_end(&b, &later))
        status = desk_fail(&later);
    if (!boot_commit_outputs(&b, &later))
        status = desk_fail(&later);
    boot_facts(&b, act);
    boot_release(&b);
    return status;
}

enum status boot_run(const struct arguments *arguments)
{
    return act_run(arguments, "boot", boot_all);
}
