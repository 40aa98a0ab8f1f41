/* script_run.c - see script_run.h. */
#include "desk/script_run.h"

#include <inttypes.h>
#include <string.h>

#include "desk/screen.h"
#include "desk/snapshots.h"

#define NO_COMMAND SIZE_MAX

struct script_state {
    struct boot *b;
    size_t at;              /* command */
    size_t handler;         /* of a reset: its first command; NO_COMMAND: none */
    size_t interrupted;     /* the command that a reset interrupted; NO_COMMAND: no handler runs */
    size_t given_up;        /* the record that `next` has ended */
    uint64_t resets;        /* that were seen */
    char object[512];       /* the command, for errors */
    const char *waited_for; /* what a command waits for, likewise */
    char waited_for_text[256];
};

/* What a command has come to. */
enum outcome { OUTCOME_DONE, OUTCOME_NOT, OUTCOME_RESET, OUTCOME_FAILED };

/* Changes the floppy or the CD, or, without a path, takes it out; what the old one took is thrown away. */
static bool change_medium(struct boot *b, enum drive_kind kind, const char *path, const char *object,
                          struct error *error)
{
    struct medium changed = {.present = false}, *drive;
    enum drive_slot slot;
    hex_digest digest = "";

    if (!media_slot(&b->media, kind, object, &slot, error) ||
        (path && !media_open_image(&b->media, slot, path, &changed, error)))
        return false;
    if (path && b->session.recorder.recording &&
        !image_digest(path, &b->media.images[slot], digest, NULL, NULL, error)) {
        medium_close(&changed);
        return false;
    }
    drive = &b->media.drives[slot];
    record_medium(&b->session.recorder, slot, NULL, NULL);
    medium_close(drive);
    *drive = changed;
    if (path)
        record_medium(&b->session.recorder, slot, &drive->disk, digest);
    return snapshots_medium_changed(b, slot, error);
}

/* Connects another recording to the line input, or, without a path, none. */
static bool change_recording(struct boot *b, const char *path, struct error *error)
{
    struct recording changed = {.present = false};

    if (path && !media_open_recording(&b->media, path, &changed, error))
        return false;
    record_line_in(&b->session.recorder, NULL, NULL);
    recording_close(&b->media.line);
    b->media.line = changed;
    if (path)
        record_line_in(&b->session.recorder, recording_wave(&b->media.line), b->media.line.sha256);
    return true;
}

/* --- Waiting --- */

static uint64_t ticks_of(const struct boot *b, uint64_t microseconds)
{
    return microseconds * (session_rate(&b->session) / 1000000);
}

/* Waits for a condition, as long as the command says, and no longer than to a reset that is to be handled. */
static enum outcome wait_until(struct script_state *s, const struct script_command *c, struct condition condition,
                               struct error *error)
{
    struct boot *b = s->b;
    struct condition conditions[3] = {condition};
    size_t count = 1, limit = 0, reset = 0;
    char place[64];

    if (c->within) {
        limit = count++;
        conditions[limit] = (struct condition){.kind = WHEN_TICK,
                                               .tick = session_now(&b->session) + ticks_of(b, c->within)};
    }
    if (s->handler != NO_COMMAND && s->interrupted == NO_COMMAND) {
        reset = count++;
        conditions[reset] = (struct condition){.kind = WHEN_RESET, .tick = s->resets + 1};
    }
    if (!boot_ended(b, session_wait(&b->session, conditions, count), s->object, s->waited_for, error))
        return OUTCOME_FAILED;
    if (b->session.met == 0)
        return OUTCOME_DONE;
    if (b->session.met == reset)
        return OUTCOME_RESET;
    if (c->target)
        return OUTCOME_NOT;
    snprintf(place, sizeof place, "tick %" PRIu64, machine_tick(b->machine));
    error_set(error, STATUS_WRONG, s->object, place, NULL, "%" PRIu64 ".%06u s had passed before %s",
              c->within / 1000000, (unsigned)(c->within % 1000000), s->waited_for);
    return OUTCOME_FAILED;
}

/* What is looked for at one of the command's places. */
static struct look_for wanted_at(const struct script_command *c, const struct script_place *place)
{
    return (struct look_for){.picture = place->picture,
                             .anchor_x = place->anchor_x,
                             .anchor_y = place->anchor_y,
                             .region = c->region,
                             .tolerance = c->tolerance};
}

/* Waits for the condition of a command. */
static enum outcome wait_for(struct script_state *s, const struct script_command *c, struct error *error)
{
    static const struct {
        enum condition_kind kind;
        const char *what;
    } waits[] = {
        [SCRIPT_WAIT_SCREEN] = {WHEN_SCREEN, "the screen showed"},
        [SCRIPT_WAIT_SERIAL] = {WHEN_SERIAL, "COM1 sent"},
        [SCRIPT_WAIT_SOUND] = {WHEN_SOUND, "the machine was heard"},
        [SCRIPT_WAIT_SILENCE] = {WHEN_SILENCE, "the machine was silent"},
        [SCRIPT_WAIT_TIME] = {WHEN_TICK, "the time had passed"},
        [SCRIPT_WAIT_HALT] = {WHEN_HALT, "the processor halted"},
        [SCRIPT_WAIT_POWEROFF] = {WHEN_POWEROFF, "the power-off"},
        [SCRIPT_WAIT_STILL] = {WHEN_STILL, "the picture was still"},
        [SCRIPT_WAIT_PICTURE] = {WHEN_PICTURE, "the screen showed the picture"},
        [SCRIPT_PRINT_NEXT] = {WHEN_PRINTED, "a print job had ended"},
    };
    struct boot *b = s->b;
    const struct look_for wanted = wanted_at(c, &c->places[0]);
    struct condition condition = {waits[c->verb].kind, ticks_of(b, c->microseconds), c->text, c->length, &wanted};
    bool listens = c->verb == SCRIPT_WAIT_SOUND || c->verb == SCRIPT_WAIT_SILENCE;
    bool quoted = c->text && c->verb != SCRIPT_WAIT_TIME && c->verb != SCRIPT_WAIT_STILL;

    if (condition.kind == WHEN_TICK)
        condition.tick += session_now(&b->session);
    if (condition.kind == WHEN_PRINTED)
        condition.tick = b->prints_taken + 1;
    if (listens && !boot_needs_sound(b, s->object, error))
        return OUTCOME_FAILED;
    session_look_anew(&b->session);
    snprintf(s->waited_for_text, sizeof s->waited_for_text, quoted ? "%s \"%.150s\"" : "%s", waits[c->verb].what,
             c->text);
    s->waited_for = s->waited_for_text;
    return wait_until(s, c, condition, error);
}

static enum outcome expect(struct script_state *s, const struct script_command *c, struct error *error)
{
    static const char *const unmet[] = {
        [SCRIPT_EXPECT_SCREEN] = "the screen does not show \"%s\"",
        [SCRIPT_EXPECT_SERIAL] = "COM1 has not sent \"%s\"",
        [SCRIPT_EXPECT_PICTURE] = "the screen does not show the picture \"%s\"",
        [SCRIPT_EXPECT_SOUND] = "the machine has made no sound%s",
    };
    struct boot *b = s->b;
    const struct look_for wanted = wanted_at(c, &c->places[0]);
    struct text_screen screen;
    unsigned x, y;
    bool met = false;

    if (c->verb == SCRIPT_EXPECT_SOUND && !boot_needs_sound(b, s->object, error))
        return OUTCOME_FAILED;
    switch (c->verb) {
    case SCRIPT_EXPECT_SERIAL: met = session_has_sent(&b->session, c->text, c->length); break;
    case SCRIPT_EXPECT_PICTURE: met = look_find(&wanted, b->machine, NULL, &x, &y); break;
    case SCRIPT_EXPECT_SOUND: met = b->session.ear.audible > b->session.ear.from; break;
    default: machine_text(b->machine, &screen); met = screen_shows(&screen, c->text);
    }
    if (met || c->target)
        return met ? OUTCOME_DONE : OUTCOME_NOT;
    error_set(error, STATUS_WRONG, s->object, NULL, NULL, unmet[c->verb], c->text ? c->text : "");
    return OUTCOME_FAILED;
}

/* --- Files --- */

static bool can_take(const struct script_state *s, struct error *error)
{
    return s->b->taking || error_set(error, STATUS_USAGE, s->object, NULL, "name a folder with --retrieve",
                                     "the script looks at files of a disk");
}

static enum outcome expect_file(struct script_state *s, const struct script_command *c, struct error *error)
{
    bool there = false;

    if (!can_take(s, error) || !taking_has(s->b->taking, c->text, &there, error))
        return OUTCOME_FAILED;
    if (there || c->target)
        return there ? OUTCOME_DONE : OUTCOME_NOT;
    error_set(error, STATUS_WRONG, s->object, NULL, NULL, "the disk holds no file \"%s\"", c->text);
    return OUTCOME_FAILED;
}

/* The rows that a command belongs to, as a path: "12" or, in a table within a table, "12/3". */
static void print_rows(const struct script *script, size_t record, char *to, size_t size)
{
    const struct script_record *r = record ? &script->records[record - 1] : NULL;

    *to = '\0';
    if (!r)
        return;
    print_rows(script, r->outer, to, size);
    snprintf(to + strlen(to), size - strlen(to), *to ? "/%zu" : "%zu", r->number);
}

static bool retrieve(struct script_state *s, const struct script_command *c, struct error *error)
{
    char rows[256];

    print_rows(&s->b->script, c->record, rows, sizeof rows);
    return can_take(s, error) && taking_files(s->b->taking, rows, c->text, s->object, error);
}

/* Waits for the end of the next print job, and takes it out where files are taken out. */
static enum outcome print_next(struct script_state *s, const struct script_command *c, struct error *error)
{
    struct boot *b = s->b;
    char rows[256];

    if (!b->print) {
        error_set(error, STATUS_USAGE, s->object, NULL, "name a folder with --print", "the script waits for a print");
        return OUTCOME_FAILED;
    }
    enum outcome outcome = wait_for(s, c, error);
    if (outcome != OUTCOME_DONE)
        return outcome;
    b->prints_taken++;
    print_rows(&b->script, c->record, rows, sizeof rows);
    return !b->taking || taking_print(b->taking, rows, argument_value(b->arguments, "--print"),
                                      (unsigned)b->prints_taken, error)
               ? OUTCOME_DONE
               : OUTCOME_FAILED;
}

/* Keeps the place of a run that takes files out, so that it can resume there. */
static bool keep_place(struct script_state *s, struct error *error)
{
    struct boot *b = s->b;
    struct session *session = &b->session;
    const struct taking_place place = {.command = s->at - 1,
                                       .handler = s->handler,
                                       .resets = session->resets - s->resets,
                                       .input_due = session->input_due,
                                       .key_due = session->key_due,
                                       .buttons = session->mouse_buttons,
                                       .pointer_x = session->mouse_x,
                                       .pointer_y = session->mouse_y};

    return snapshots_take(b, taking_next_snapshot(b->taking), error) && taking_keep(b->taking, &place, error);
}

/* A row of a table that is not within another begins: what COM1 sent and what was heard before does not count. */
static bool begin_row(struct script_state *s, const struct script_command *c, struct error *error)
{
    if (s->b->script.records[c->record - 1].outer)
        return true;
    bool printing = false;
    session_forget(&s->b->session);
    if (s->b->print)
        s->b->prints_taken = s->b->session.printed = print_jobs(s->b->print, &printing);
    return !s->b->taking || printing || !taking_is_due(s->b->taking) || keep_place(s, error);
}

/* --- Inputs --- */

static enum outcome given(struct script_state *s, enum session_end end, const char *waited_for, struct error *error)
{
    return boot_ended(s->b, end, s->object, waited_for, error) ? OUTCOME_DONE : OUTCOME_FAILED;
}

static enum outcome press(struct script_state *s, unsigned pressed, unsigned released, int dx, int dy,
                          struct error *error)
{
    return given(s, session_mouse(&s->b->session, dx, dy, pressed, released), "the mouse was done", error);
}

static enum outcome point(struct script_state *s, unsigned x, unsigned y, struct error *error)
{
    return given(s, session_pointer(&s->b->session, x, y), "a driver had asked for positions", error);
}

/* Commands of a machine whose pointer is absolute. */
static bool has_positions(const struct script_state *s, struct error *error)
{
    return s->b->media.manifest.pointer == POINTER_ABSOLUTE ||
           error_set(error, STATUS_WRONG, s->object, NULL, "use mouse, or say pointer: absolute in the manifest",
                     "the machine has neither positions of the pointer nor a clipboard");
}

/* Moves the pointer to a place; where that is a picture, waits until it is there. */
static enum outcome go_to(struct script_state *s, const struct script_command *c, const struct script_place *place,
                          struct error *error)
{
    const struct look_for wanted = wanted_at(c, place);
    struct session *session = &s->b->session;
    enum outcome outcome;

    if (!place->picture)
        return point(s, (unsigned)place->x, (unsigned)place->y, error);
    session_look_anew(session);
    s->waited_for = "the screen showed the picture";
    outcome = wait_until(s, c, (struct condition){.kind = WHEN_PICTURE, .wanted = &wanted}, error);
    return outcome == OUTCOME_DONE ? point(s, session->found_x, session->found_y, error) : outcome;
}

static enum outcome click(struct script_state *s, const struct script_command *c, struct error *error)
{
    enum outcome outcome = has_positions(s, error) ? go_to(s, c, &c->places[0], error) : OUTCOME_FAILED;

    for (int n = c->verb == SCRIPT_DOUBLE_CLICK ? 2 : 1; n > 0 && outcome == OUTCOME_DONE; n--) {
        outcome = press(s, POINTER_LEFT, 0, 0, 0, error);
        if (outcome == OUTCOME_DONE && c->verb == SCRIPT_DRAG)
            outcome = go_to(s, c, &c->places[1], error);
        if (outcome != OUTCOME_FAILED && press(s, 0, POINTER_LEFT, 0, 0, error) == OUTCOME_FAILED)
            outcome = OUTCOME_FAILED;
    }
    return outcome;
}

static enum outcome done(bool good)
{
    return good ? OUTCOME_DONE : OUTCOME_FAILED;
}

static bool paste(struct script_state *s, const struct script_command *c, struct error *error)
{
    if (!has_positions(s, error))
        return false;
    record_paste(&s->b->session.recorder, (const uint8_t *)c->text, c->length);
    return true;
}

static bool take_snapshot(struct script_state *s, const struct script_command *c, struct error *error)
{
    return s->b->take_snapshot ? s->b->take_snapshot(s->b->set_context, c->text, error)
                               : snapshots_take(s->b, c->text, error);
}

/* The commands that follow are about another machine of the set. */
static bool choose_machine(struct script_state *s, const struct script_command *c, struct error *error)
{
    for (unsigned i = 0; i < s->b->in_set; i++)
        if (!strcmp(s->b->set[i].name, c->text)) {
            s->b->set[0].focus = i;
            s->b = &s->b->set[i];
            s->resets = s->b->session.resets;
            return true;
        }
    return error_set(error, STATUS_WRONG, s->object, NULL, NULL,
                     s->b->in_set ? "the set has no machine \"%s\"" : "there is one machine, and no set with \"%s\"",
                     c->text);
}

/* --- The order of commands --- */

/* Ends the record in which the command, or the one that was interrupted, stands. */
static enum outcome end_record(struct script_state *s, const struct script_command *c, struct error *error)
{
    const struct script *script = &s->b->script;
    size_t record = s->interrupted == NO_COMMAND ? c->record : script->commands[s->interrupted].record;

    if (!record)
        return done(error_set(error, STATUS_WRONG, s->object, NULL, NULL, "no record is under way that could end"));
    s->at = script->records[record - 1].end;
    s->interrupted = NO_COMMAND;
    s->given_up = record;
    return OUTCOME_DONE;
}

/* A machine of a set has inputs while it is on. */
static bool is_on(const struct script_state *s, struct error *error)
{
    const struct session *session = &s->b->session;
    const struct cable_station *station = cable_station(session->cable, session->station);

    if (cable_now(session->cable) >= station->power_on && !station->off)
        return true;
    return error_set(error, STATUS_WRONG, s->object, NULL, station->off ? NULL : "wait until it is",
                     "the machine \"%s\" is not on", s->b->name);
}

static enum outcome run_command(struct script_state *s, const struct script_command *c, struct error *error)
{
    struct boot *b = s->b;

    if (c->verb >= SCRIPT_TYPE && c->verb <= SCRIPT_DRAG && b->session.cable && !is_on(s, error))
        return OUTCOME_FAILED;
    switch (c->verb) {
    case SCRIPT_WAIT_SCREEN:
    case SCRIPT_WAIT_SERIAL:
    case SCRIPT_WAIT_SOUND:
    case SCRIPT_WAIT_SILENCE:
    case SCRIPT_WAIT_TIME:
    case SCRIPT_WAIT_HALT:
    case SCRIPT_WAIT_POWEROFF:
    case SCRIPT_WAIT_STILL:
    case SCRIPT_WAIT_PICTURE: return wait_for(s, c, error);
    case SCRIPT_EXPECT_SCREEN:
    case SCRIPT_EXPECT_SERIAL:
    case SCRIPT_EXPECT_SOUND:
    case SCRIPT_EXPECT_PICTURE: return expect(s, c, error);
    case SCRIPT_EXPECT_FILE: return expect_file(s, c, error);
    case SCRIPT_RETRIEVE: return done(retrieve(s, c, error));
    case SCRIPT_PRINT_NEXT: return print_next(s, c, error);
    case SCRIPT_TYPE:
    case SCRIPT_KEY: return given(s, session_keys(&b->session, c->keys, c->key_count), "all keys were taken", error);
    case SCRIPT_SERIAL:
        return given(s, session_serial(&b->session, (const uint8_t *)c->text, c->length), "all bytes were taken",
                     error);
    case SCRIPT_MOUSE_MOVE: return press(s, 0, 0, c->dx, c->dy, error);
    case SCRIPT_MOUSE_DOWN: return press(s, c->button, 0, 0, 0, error);
    case SCRIPT_MOUSE_UP: return press(s, 0, c->button, 0, 0, error);
    case SCRIPT_POINTER:
        return has_positions(s, error) ? point(s, (unsigned)c->dx, (unsigned)c->dy, error) : OUTCOME_FAILED;
    case SCRIPT_CLIPBOARD: return done(paste(s, c, error));
    case SCRIPT_CLICK:
    case SCRIPT_DOUBLE_CLICK:
    case SCRIPT_DRAG: return click(s, c, error);
    case SCRIPT_FLOPPY:
    case SCRIPT_CD:
        return done(change_medium(b, c->verb == SCRIPT_CD ? DRIVE_CDROM : DRIVE_FLOPPY, c->text, s->object, error));
    case SCRIPT_LINE_IN: return done(change_recording(b, c->text, error));
    case SCRIPT_SCREENSHOT: return done(boot_screenshot(b, c->text, error));
    case SCRIPT_TEXT: boot_show_text(b, stdout); return OUTCOME_DONE;
    case SCRIPT_DIGEST: return done(boot_print_digest(b, error));
    case SCRIPT_SNAPSHOT: return done(take_snapshot(s, c, error));
    case SCRIPT_MACHINE: return done(choose_machine(s, c, error));
    case SCRIPT_FAIL: return done(error_set(error, STATUS_WRONG, s->object, NULL, NULL, "%s", c->text));
    case SCRIPT_NEXT: return end_record(s, c, error);
    case SCRIPT_RECORD: return done(begin_row(s, c, error));
    case SCRIPT_ON_RESET:
        s->handler = s->at + 1;
        s->resets = b->session.resets;
        return OUTCOME_DONE;
    case SCRIPT_JUMP: s->at = c->target; return OUTCOME_DONE;
    case SCRIPT_RETURN:
        s->at = s->interrupted;
        s->interrupted = NO_COMMAND;
        return OUTCOME_DONE;
    }
    return OUTCOME_FAILED;
}

/* Names the command: its file and line, and the row of the table. */
static void name_command(struct script_state *s, const struct script_command *c)
{
    const struct script_record *record = c->record ? &s->b->script.records[c->record - 1] : NULL;
    int length = snprintf(s->object, sizeof s->object, "%.440s:%u", c->source, c->line);

    if (record)
        snprintf(s->object + length, sizeof s->object - (size_t)length, ", row %zu", record->number);
}

/* Notes what the rows have come to that end between the command `from` and the next. */
static void end_rows(struct script_state *s, size_t from)
{
    const struct script *script = &s->b->script;
    size_t record = script->commands[from].record;

    for (; s->b->taking && record; record = script->records[record - 1].outer) {
        const struct script_record *r = &script->records[record - 1];
        if (s->interrupted == NO_COMMAND && (s->at < r->begin || s->at >= r->end) && !r->outer)
            taking_row(s->b->taking, r->number, s->given_up == record ? "given up" : "done");
    }
}

bool script_run(struct boot *b, struct error *error)
{
    struct script_state s = {.b = b, .handler = NO_COMMAND, .interrupted = NO_COMMAND};
    struct session *session = &b->session;

    if (b->taking) {
        s.at = b->place.command;
        s.handler = b->place.handler == UINT64_MAX ? NO_COMMAND : (size_t)b->place.handler;
        session->resets = b->place.resets;
        session->input_due = b->place.input_due;
        session->key_due = b->place.key_due;
        session->mouse_buttons = (unsigned)b->place.buttons;
        session->mouse_x = (uint16_t)b->place.pointer_x;
        session->mouse_y = (uint16_t)b->place.pointer_y;
    }
    while (s.at < b->script.count) {
        const struct script_command *c = &b->script.commands[s.at];
        const size_t at = s.at++;
        name_command(&s, c);
        switch (run_command(&s, c, error)) {
        case OUTCOME_DONE: break;
        case OUTCOME_NOT: s.at = c->target; break;
        case OUTCOME_RESET:
            s.resets = b->session.resets;
            s.interrupted = at;
            s.at = s.handler;
            break;
        case OUTCOME_FAILED: return false;
        }
        end_rows(&s, at);
    }
    return true;
}
