/* attest.c - see attest.h. */
#include "verify/runs/attest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "formats/numbers.h"
#include "verify/runs/record.h"
#include "verify/runs/replay.h"

#define TITLE "muniment-attestation: 0"

struct point {
    uint64_t tick;
    struct journal_state state;
    unsigned width, height;
    uint8_t picture[DIGEST_SIZE];
    bool heard;                 /* the machine has sound */
    uint8_t sound[DIGEST_SIZE]; /* since the point before */
};

struct attestor {
    struct media media;
    struct journal journal;
    struct replay replay;
    struct machine_host outside; /* no output but sound, and no memory for code: a verdict is the interpreter's */
    struct sha256 sound;         /* what was played since the last point */
    progress_function *progress;
    void *progress_context;
};

static void hear(void *context, const int16_t *frames, size_t count)
{
    struct sha256 *sound = context;
    uint8_t bytes[4 * 256] = {0};

    for (size_t at = 0, part; at < count; at += part) {
        part = count - at < 256 ? count - at : 256;
        for (size_t i = 0; frames && i < 2 * part; i++)
            put_le(bytes + 2 * i, (uint16_t)frames[2 * at + i], 2);
        sha256_add(sound, bytes, 4 * part);
    }
}

static bool begin(struct attestor *a, const char *machine_root, struct error *error)
{
    a->outside = (struct machine_host){.context = &a->sound, .sound = hear};
    sha256_begin(&a->sound);
    return replay_begin(&a->replay, "attest.journal", &a->journal, &a->media, machine_root, NULL, &a->outside, error);
}

static void release(struct attestor *a)
{
    sha256_end(&a->sound, NULL);
    replay_end(&a->replay);
    media_close(&a->media);
    journal_free(&a->journal);
}

/* --- Points --- */

static void be32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void picture_digest(const struct frame *frame, uint8_t digest[DIGEST_SIZE])
{
    uint8_t bytes[4 * 256];
    size_t count = (size_t)frame->width * frame->height, part;
    struct sha256 hash;

    be32(bytes, frame->width);
    be32(bytes + 4, frame->height);
    sha256_begin(&hash);
    sha256_add(&hash, bytes, 8);
    for (size_t at = 0; at < count; at += part) {
        part = count - at < 256 ? count - at : 256;
        for (size_t i = 0; i < part; i++)
            be32(bytes + 4 * i, frame->pixels[at + i]);
        sha256_add(&hash, bytes, 4 * part);
    }
    sha256_end(&hash, digest);
}

static bool take_point(struct attestor *a, struct point *p, struct error *error)
{
    struct machine *machine = a->replay.machine;
    struct frame frame;

    p->tick = machine_tick(machine);
    if (!record_state(machine, &p->state))
        return error_set(error, STATUS_HOST, "attestation", NULL, NULL,
                         "there is no memory for the machine's digest, or a disk failed");
    machine_frame(machine, &frame);
    p->width = frame.width;
    p->height = frame.height;
    picture_digest(&frame, p->picture);
    memset(p->sound, 0, sizeof(p->sound));
    p->heard = manifest_has_sound(&a->media.manifest);
    if (p->heard) {
        sha256_end(&a->sound, p->sound);
        sha256_begin(&a->sound);
    }
    return true;
}

static void print_point(struct text *t, const struct point *p)
{
    char state[65], picture[65], sound[65];

    hex_encode(p->state.digest, state);
    hex_encode(p->picture, picture);
    hex_encode(p->sound, sound);
    text_print(t, "%" PRIu64 " %s %s %ux%u %s%s%s\n", p->tick, state, p->state.parts, p->width, p->height, picture,
               p->heard ? " " : "", p->heard ? sound : "");
}

/* Replays to a tick, or to the end, whether or not the machine halts on the way. */
static void run_to(struct replay *r, uint64_t tick)
{
    do
        replay_to(r, tick);
    while (r->outcome == REPLAY_EQUAL && r->next < r->journal->count && machine_tick(r->machine) < tick);
}

/* --- Making --- */

static bool print_points(struct attestor *a, struct text *t, struct error *error)
{
    struct replay *r = &a->replay;
    uint64_t second = machine_ticks_per_second(r->machine);
    struct point p;

    for (uint64_t next = 0; r->outcome == REPLAY_EQUAL; next = (machine_tick(r->machine) / second + 1) * second) {
        run_to(r, next);
        if (r->outcome != REPLAY_EQUAL)
            break;
        if (!take_point(a, &p, error))
            return false;
        print_point(t, &p);
        if (r->next == r->journal->count)
            return !t->failed || error_host(error, "attestation", ENOMEM, "cannot write");
    }
    *error = r->error;
    return false;
}

static bool check_journal(const struct journal *j, struct error *error)
{
    for (uint32_t i = 0; i < j->count; i++)
        if (j->entries[i].kind == JOURNAL_MEDIUM || j->entries[i].kind == JOURNAL_LINE_IN)
            return error_set(
                error, STATUS_INPUT, "attestation", NULL, "let the script do without",
                "the reference boot changes a medium or a recording, and could not be repeated from the archive alone");
    return j->ended || error_set(error, STATUS_INPUT, "attestation", NULL, NULL, "its journal was cut short");
}

bool attest_make(const struct sealed_machine *machine, char *journal, size_t journal_size,
                 struct attestation *attestation, struct error *error)
{
    struct attestor a = {.replay = {.machine = NULL}};
    struct text t = {.bytes = NULL};
    char *copy = malloc(journal_size + 1);
    bool good = copy || error_host(error, "attestation", ENOMEM, "cannot write");

    attestation->journal = journal;
    attestation->journal_size = journal_size;
    if (good)
        memcpy(copy, journal, journal_size + 1);
    good = good && journal_parse(copy, journal_size, "attest.journal", &a.journal, error) &&
           check_journal(&a.journal, error) && media_open_sealed(&a.media, machine, error) &&
           begin(&a, machine->machine_root, error);
    if (good) {
        text_print(&t, TITLE "\nmachine-root: %s\nparts: ", machine->machine_root);
        text_add(&t, a.journal.header.parts, strlen(a.journal.header.parts));
        text_print(&t, "\n");
        good = print_points(&a, &t, error);
    }
    release(&a);
    attestation->text = t.bytes;
    attestation->size = t.length;
    return good;
}

/* --- Checking --- */

/* A line of attest.txt: hostile, and written in one way only. */
static bool read_point(const char *line, size_t length, size_t parts, bool heard, struct point *p)
{
    struct text again = {.bytes = NULL};
    const char *at = line;

    memset(p, 0, sizeof(*p));
    p->heard = heard;
    while (at - line < 19 && *at >= '0' && *at <= '9')
        p->tick = p->tick * 10 + (uint64_t)(*at++ - '0');
    size_t fixed = (size_t)(at - line) + 1 + 64 + 1 + parts + 1;
    size_t digests = heard ? 64 + 1 + 64 : 64; /* of the picture, of the sound */
    if (length < fixed + 1 + digests || !hex_decode(at + 1, p->state.digest))
        return false;
    memcpy(p->state.parts, at + 66, parts);
    if (sscanf(line + fixed, "%9ux%9u ", &p->width, &p->height) != 2 ||
        !hex_decode(line + length - digests, p->picture) || (heard && !hex_decode(line + length - 64, p->sound)))
        return false;
    print_point(&again, p);
    bool same = !again.failed && again.length == length + 1 && !memcmp(again.bytes, line, length);
    text_free(&again);
    return same;
}

struct attest_reader {
    const char *at, *end;
    uint32_t line;
    struct error *error;
};

static bool malformed(const struct attest_reader *r)
{
    char object[64];

    snprintf(object, sizeof(object), "attest.txt:%" PRIu32, r->line);
    return error_set(r->error, STATUS_INPUT, object, NULL, NULL, "is not written as an attestation of version 0 is");
}

/* The next line, without its end; null: there is none. */
static const char *next_line(struct attest_reader *r, size_t *length)
{
    const char *line = r->at, *feed = line < r->end ? memchr(line, '\n', (size_t)(r->end - line)) : NULL;

    if (!feed)
        return NULL;
    r->line++;
    r->at = feed + 1;
    *length = (size_t)(feed - line);
    return line;
}

static bool next_is(struct attest_reader *r, const char *key, const char *value, bool *same)
{
    size_t length, key_length = strlen(key);
    const char *line = next_line(r, &length);

    if (!line || length < key_length || memcmp(line, key, key_length))
        return malformed(r);
    *same = length - key_length == strlen(value) && !memcmp(line + key_length, value, length - key_length);
    return true;
}

static bool read_head(struct attest_reader *r, const char *machine_root, const struct journal_header *header,
                      struct attest_result *result)
{
    bool same;

    if (!next_is(r, TITLE, "", &same) || !same || !next_is(r, "machine-root: ", machine_root, &same))
        return malformed(r);
    result->other_machine = !same;
    return next_is(r, "parts: ", header->parts, &same) && (same || malformed(r));
}

/* Writes what differs at a point; nothing: it is equal. */
static void compare_points(const struct journal_header *header, const struct point *a, const struct point *b,
                           struct attest_result *result)
{
    if (memcmp(a->state.digest, b->state.digest, DIGEST_SIZE)) {
        journal_differing_parts(header, a->state.parts, b->state.parts, result->parts, sizeof(result->parts) - 16);
        if (!*result->parts)
            snprintf(result->what, sizeof(result->what), "the state, although no part differs");
    }
    if (a->width != b->width || a->height != b->height || memcmp(a->picture, b->picture, DIGEST_SIZE))
        strcat(result->parts, *result->parts ? " picture" : "picture");
    if (memcmp(a->sound, b->sound, DIGEST_SIZE))
        strcat(result->parts, *result->parts ? " sound" : "sound");
}

/* Repeats up to a point, a second at a time. */
static bool check_point(struct attestor *a, const struct point *expected, struct attest_result *result,
                        struct error *error)
{
    uint64_t end = journal_end(&a->journal), second = machine_ticks_per_second(a->replay.machine), tick;
    struct replay *r = &a->replay;
    struct point actual;

    do {
        if (a->progress && !a->progress(a->progress_context, machine_tick(r->machine), end))
            return error_set(error, STATUS_HOST, "attestation", NULL, NULL, "interrupted");
        tick = machine_tick(r->machine);
        run_to(r, expected->tick - tick > second ? tick + second : expected->tick);
    } while (r->outcome == REPLAY_EQUAL && machine_tick(r->machine) < expected->tick &&
             machine_tick(r->machine) > tick);
    if (r->outcome == REPLAY_FAILED) {
        *error = r->error;
        return false;
    }
    result->differs_at = machine_tick(r->machine);
    if (r->outcome == REPLAY_DIFFERS)
        snprintf(result->what, sizeof(result->what), "%.200s", r->error.what);
    else if (machine_tick(r->machine) != expected->tick)
        snprintf(result->what, sizeof(result->what), "the machine cannot stand at tick %" PRIu64, expected->tick);
    if (*result->what)
        return true;
    if (!take_point(a, &actual, error))
        return false;
    compare_points(&a->journal.header, &actual, expected, result);
    if (*result->parts || *result->what)
        return true;
    result->points++;
    result->equal_at = expected->tick;
    return true;
}

static bool check_points(struct attestor *a, struct attest_reader *reader, struct attest_result *result)
{
    size_t parts = (size_t)a->journal.header.part_count * JOURNAL_PART_DIGITS, length;
    uint64_t end = journal_end(&a->journal), last = 0;
    struct point p;

    for (const char *line; (line = next_line(reader, &length));) {
        if (!read_point(line, length, parts, manifest_has_sound(&a->media.manifest), &p) ||
            (result->points == 0 ? p.tick != 0 : p.tick <= last) || p.tick > end)
            return malformed(reader);
        last = p.tick;
        if (!check_point(a, &p, result, reader->error))
            return false;
        if (*result->parts || *result->what)
            return true;
    }
    result->equal = result->points > 0 && last == end && reader->at == reader->end &&
                    a->replay.next == a->journal.count;
    return result->equal || malformed(reader);
}

bool attest_check(struct archive *archive, progress_function *progress, void *context, struct attest_result *result,
                  struct error *error)
{
    struct attestor a = {.progress = progress, .progress_context = context};
    struct attestation attestation = {.text = NULL};
    struct attest_reader reader = {.error = error};
    bool good;

    memset(result, 0, sizeof(*result));
    good = media_open_archive(&a.media, archive, NULL, NULL, error) &&
           archive_attestation(archive, &attestation, error) &&
           journal_parse(attestation.journal, attestation.journal_size, "attest.journal", &a.journal, error);
    if (a.journal.text)
        attestation.journal = NULL; /* taken over */
    if (good) {
        reader.at = attestation.text;
        reader.end = attestation.text + attestation.size;
        good = check_journal(&a.journal, error) &&
               read_head(&reader, archive_machine_root(archive), &a.journal.header, result) &&
               begin(&a, a.journal.header.machine_root, error);
    }
    a.replay.unchecked = true; /* the points say more */
    good = good && check_points(&a, &reader, result);
    release(&a);
    attestation_free(&attestation);
    return good;
}
