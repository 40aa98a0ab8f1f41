/* journal.c - reads journals; spec/journal.md defines their form. Nothing of a journal is used before all of it is
 * checked. */
#include "verify/runs/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/runs/journal_line.h"

const char *const journal_drive_kinds[] = {[DRIVE_FLOPPY] = "floppy", [DRIVE_DISK] = "disk", [DRIVE_CDROM] = "cdrom"};

void journal_tag(const char *previous, const char *text, size_t length, char tag[9])
{
    uint8_t digest[DIGEST_SIZE];
    struct sha256 hash;
    char hex[65];

    sha256_begin(&hash);
    sha256_add(&hash, previous, strlen(previous));
    sha256_add(&hash, text, length);
    sha256_end(&hash, digest);
    hex_encode(digest, hex);
    memcpy(tag, hex, 8);
    tag[8] = '\0';
}

/* --- Words of a line --- */

struct reader {
    const char *name;
    struct journal *journal;
    struct error *error;
    char *at, *end; /* what is left of the text of the line, without its tag */
    uint32_t line;  /* from 1 */
    uint64_t tick;  /* of the last line */
    char tag[9];
};

static bool refuse(const struct reader *r, const char *remedy, const char *what)
{
    char object[512];

    snprintf(object, sizeof(object), "%.480s:%" PRIu32, r->name, r->line);
    return error_set(r->error, STATUS_INPUT, object, NULL, remedy, "%s", what);
}

static bool malformed(const struct reader *r)
{
    return refuse(r, "see spec/journal.md", "the line is not written as a journal of version 0 is");
}

/* Takes `word` and the space after it, or the end, off the front. */
static bool take(struct reader *r, const char *word)
{
    size_t length = strlen(word), left = (size_t)(r->end - r->at);

    if (left < length || memcmp(r->at, word, length) || (left > length && r->at[length] != ' '))
        return false;
    r->at += left > length ? length + 1 : length;
    return true;
}

/* A decimal number without needless zeros. */
static bool take_number(struct reader *r, uint64_t most, uint64_t *value)
{
    char *start = r->at;

    *value = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        unsigned digit = (unsigned)(*r->at - '0');
        if (digit > most || *value > (most - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    if (r->at == start || (*start == '0' && r->at > start + 1) || (r->at < r->end && *r->at != ' '))
        return false;
    r->at += r->at < r->end;
    return true;
}

static bool take_counts(struct reader *r, int16_t *counts)
{
    bool negative = r->at < r->end && *r->at == '-';
    uint64_t value;

    r->at += negative;
    if (!take_number(r, 32767, &value) || (negative && value == 0))
        return false;
    *counts = (int16_t)(negative ? -(int)value : (int)value);
    return true;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A word of hexadecimal digits; its bytes are put where the digits were. */
static bool take_bytes(struct reader *r, size_t most, const uint8_t **bytes, size_t *count)
{
    uint8_t *to = (uint8_t *)r->at;

    *bytes = to;
    for (*count = 0; r->at < r->end && *r->at != ' '; r->at += 2, ++*count) {
        int high = hex_value(*r->at), low = r->end - r->at > 1 ? hex_value(r->at[1]) : -1;
        if (high < 0 || low < 0 || *count == most)
            return false;
        to[*count] = (uint8_t)(high << 4 | low);
    }
    r->at += r->at < r->end;
    return *count > 0;
}

static bool take_digest(struct reader *r, uint8_t digest[DIGEST_SIZE])
{
    const uint8_t *bytes;
    size_t count;

    if (!take_bytes(r, DIGEST_SIZE, &bytes, &count) || count != DIGEST_SIZE)
        return false;
    memcpy(digest, bytes, DIGEST_SIZE);
    return true;
}

static bool take_slot(struct reader *r, enum drive_slot *slot)
{
    for (unsigned i = 0; i < DRIVE_COUNT; i++)
        if (take(r, drive_slot_names[i])) {
            *slot = (enum drive_slot)i;
            return true;
        }
    return false;
}

/* --- What a line says --- */

static bool read_key(struct reader *r, struct journal_entry *e)
{
    const uint8_t *code;
    size_t count;

    if (!take_bytes(r, 1, &code, &count))
        return false;
    e->key.code = *code;
    e->key.down = take(r, "down");
    return e->key.down || take(r, "up");
}

static bool read_pointer(struct reader *r, struct journal_entry *e)
{
    uint64_t buttons;

    if (!take_counts(r, &e->pointer.dx) || !take_counts(r, &e->pointer.dy) || !take_counts(r, &e->pointer.wheel) ||
        !take_number(r, 7, &buttons))
        return false;
    e->pointer.buttons = (uint8_t)buttons;
    return true;
}

static bool read_position(struct reader *r, struct journal_entry *e)
{
    uint64_t x, y, buttons;

    if (!take_number(r, 65535, &x) || !take_number(r, 65535, &y) || !take_counts(r, &e->position.wheel) ||
        !take_number(r, 7, &buttons))
        return false;
    e->position.x = (uint16_t)x;
    e->position.y = (uint16_t)y;
    e->position.buttons = (uint8_t)buttons;
    return true;
}

static bool read_clipboard(struct reader *r, struct journal_entry *e)
{
    size_t count;

    e->clipboard.more = take(r, "more");
    if (!take_bytes(r, JOURNAL_SERIAL_LIMIT, &e->clipboard.bytes, &count))
        return false;
    e->clipboard.count = (uint16_t)count;
    return true;
}

static bool read_serial(struct reader *r, struct journal_entry *e)
{
    uint64_t port;
    size_t count;

    if (!take_number(r, 1, &port) || !take_bytes(r, JOURNAL_SERIAL_LIMIT, &e->serial.bytes, &count))
        return false;
    e->serial.port = (uint8_t)port;
    e->serial.count = (uint16_t)count;
    return true;
}

static bool read_line_in(struct reader *r, struct journal_entry *e)
{
    e->medium.present = !take(r, "none");
    return !e->medium.present || take_digest(r, e->medium.sha256);
}

static bool read_medium(struct reader *r, struct journal_entry *e)
{
    return take_slot(r, &e->medium.slot) && read_line_in(r, e);
}

static bool read_digest(struct reader *r, struct journal_entry *e)
{
    size_t wanted = (size_t)r->journal->header.part_count * JOURNAL_PART_DIGITS;

    if (!take_digest(r, e->digest.sha256) || (size_t)(r->end - r->at) != wanted)
        return false;
    for (size_t i = 0; i < wanted; i++)
        if (hex_value(r->at[i]) < 0)
            return false;
    e->digest.parts = r->at;
    r->at = r->end;
    return true;
}

static bool read_power(struct reader *r, struct journal_entry *e)
{
    (void)e;
    return take(r, "off");
}

static const struct {
    const char *word;
    bool (*read)(struct reader *r, struct journal_entry *e);
} line_kinds[] = {
    [JOURNAL_KEY] = {"key", read_key},
    [JOURNAL_POINTER] = {"pointer", read_pointer},
    [JOURNAL_POSITION] = {"position", read_position},
    [JOURNAL_SERIAL] = {"serial", read_serial},
    [JOURNAL_CLIPBOARD] = {"clipboard", read_clipboard},
    [JOURNAL_MEDIUM] = {"medium", read_medium},
    [JOURNAL_LINE_IN] = {"line-in", read_line_in},
    [JOURNAL_DIGEST] = {"digest", read_digest},
    [JOURNAL_POWER_OFF] = {"power", read_power},
};

/* Reads an entry; the line was found to be whole. */
static bool read_entry(struct reader *r, struct journal_entry *e)
{
    uint64_t before = r->tick;

    memset(e, 0, sizeof(*e));
    if (r->journal->ended)
        return refuse(r, NULL, "something follows the end of the journal");
    if (!take_number(r, JOURNAL_TICK_LIMIT, &e->tick))
        return malformed(r);
    if (e->tick < before)
        return refuse(r, NULL, "the line is of an earlier tick than the one before it");
    r->tick = e->tick;
    e->line = r->line;
    for (unsigned kind = 0; kind < sizeof(line_kinds) / sizeof(line_kinds[0]); kind++) {
        if (!take(r, line_kinds[kind].word))
            continue;
        e->kind = (enum journal_kind)kind;
        r->journal->ended = kind == JOURNAL_POWER_OFF;
        return (line_kinds[kind].read(r, e) && r->at == r->end) || malformed(r);
    }
    return malformed(r);
}

static bool add_entry(struct reader *r)
{
    struct journal *j = r->journal;

    if (j->count == j->capacity) {
        uint32_t capacity = j->capacity ? j->capacity * 2 : 64;
        struct journal_entry *larger = realloc(j->entries, capacity * sizeof(*larger));
        if (!larger)
            return error_host(r->error, r->name, ENOMEM, "cannot read");
        j->entries = larger;
        j->capacity = capacity;
    }
    return read_entry(r, &j->entries[j->count++]);
}

/* --- Lines --- */

/* Finds the next whole line and checks its tag. *found: there is one. */
static bool next_line(struct reader *r, char **text, const char *end, bool *found)
{
    char *line = *text, *feed = memchr(line, '\n', (size_t)(end - line)), tag[9];

    *found = feed != NULL;
    if (!feed) {
        r->journal->torn = line < end;
        return true;
    }
    r->line++;
    *text = feed + 1;
    if (feed - line > (ptrdiff_t)JOURNAL_LINE_LIMIT)
        return refuse(r, NULL, "the line is too long");
    if (feed - line < 10 || feed[-9] != ' ')
        return refuse(r, "see spec/journal.md", r->line == 1 ? "this is no journal" : "the line has no tag");
    journal_tag(r->tag, line, (size_t)(feed - line) - 9, tag);
    if (memcmp(tag, feed - 8, 8))
        return refuse(r, "find a good copy; what stands before this line is as it was written",
                      "the tag does not follow: the line was changed, or lines before it were lost, moved or added");
    memcpy(r->tag, tag, sizeof(tag));
    r->at = line;
    r->end = feed - 9;
    r->journal->lines = r->line;
    return r->end[-1] != ' ' || malformed(r); /* a word takes the space after it; the last one has none */
}

static bool read_title(struct reader *r)
{
    return take(r, "muniment-journal:") && take(r, "0") && r->at == r->end;
}

static bool read_machine(struct reader *r)
{
    uint64_t version;

    if (!take(r, "machine:") || !take_number(r, UINT32_MAX, &version) || r->at < r->end)
        return false;
    r->journal->header.machine = (uint32_t)version;
    return true;
}

static bool read_root(struct reader *r)
{
    uint8_t digest[DIGEST_SIZE];

    if (!take(r, "machine-root:") || !take_digest(r, digest))
        return false;
    hex_encode(digest, r->journal->header.machine_root);
    if (r->at == r->end)
        return true;
    if (!take_digest(r, digest) || r->at < r->end)
        return false;
    hex_encode(digest, r->journal->header.content);
    return true;
}

/* Names of parts are made of letters, digits and dots. */
static bool read_parts(struct reader *r)
{
    struct journal_header *h = &r->journal->header;
    char before = ' ';

    if (!take(r, "parts:") || r->at == r->end)
        return false;
    memcpy(h->parts, r->at, (size_t)(r->end - r->at));
    h->parts[r->end - r->at] = '\0';
    for (; r->at < r->end; before = *r->at++) {
        bool letter = (*r->at >= 'a' && *r->at <= 'z') || (*r->at >= '0' && *r->at <= '9') || *r->at == '.';
        if (!letter && (*r->at != ' ' || before == ' '))
            return false;
        h->part_count += letter && before == ' ';
    }
    return before != ' ' && h->part_count <= JOURNAL_PARTS_LIMIT;
}

/* The line "medium:", if it is one. */
static bool read_initial_medium(struct reader *r, bool *is_medium, int *last)
{
    enum drive_slot slot = DRIVE_FD0;

    *is_medium = take(r, "medium:");
    if (!*is_medium)
        return true;
    if (!take_slot(r, &slot) || (int)slot <= *last)
        return malformed(r);
    *last = (int)slot;
    struct journal_medium *medium = &r->journal->header.media[slot];
    for (unsigned kind = DRIVE_FLOPPY; kind <= DRIVE_CDROM && !medium->kind; kind++)
        if (take(r, journal_drive_kinds[kind]))
            medium->kind = (enum drive_kind)kind;
    bool fits = (slot <= DRIVE_FD1) == (medium->kind == DRIVE_FLOPPY);
    return (medium->kind && fits && take_digest(r, medium->sha256) && r->at == r->end) || malformed(r);
}

static bool read_lines(struct reader *r, char *text, const char *end)
{
    static bool (*const head[])(struct reader *) = {read_title, read_machine, read_root, read_parts};
    bool found, is_medium = true;
    int last = -1;

    for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
        if (!next_line(r, &text, end, &found))
            return false;
        if (!found)
            return r->line++, refuse(r, NULL, i == 0 ? "this is no journal" : "the journal ends before its head does");
        if (!head[i](r))
            return i == 0 ? refuse(r, NULL, "this is no journal of version 0") : malformed(r);
    }
    for (;;) {
        if (!next_line(r, &text, end, &found))
            return false;
        if (!found)
            return true;
        if (is_medium && !read_initial_medium(r, &is_medium, &last))
            return false;
        if (!is_medium && !add_entry(r))
            return false;
    }
}

bool journal_parse(char *text, size_t length, const char *name, struct journal *journal, struct error *error)
{
    struct reader r = {.name = name, .journal = journal, .error = error};

    memset(journal, 0, sizeof(*journal));
    journal->text = text;
    return read_lines(&r, text, text + length);
}

bool journal_read(const char *path, struct journal *journal, struct error *error)
{
    struct text t;

    memset(journal, 0, sizeof(*journal));
    return text_read(&t, path, JOURNAL_LIMIT, "a journal", error) &&
           journal_parse(t.bytes, t.length, path, journal, error);
}

bool journal_read_in(int descriptor, const char *path, struct journal *journal, struct error *error)
{
    struct text t;

    memset(journal, 0, sizeof *journal);
    if (lseek(descriptor, 0, SEEK_SET) < 0)
        return error_host(error, path, errno, "cannot read");
    return text_read_in(&t, descriptor, path, JOURNAL_LIMIT, "a journal", error) &&
           journal_parse(t.bytes, t.length, path, journal, error);
}

void journal_free(struct journal *journal)
{
    free(journal->text);
    free(journal->entries);
    memset(journal, 0, sizeof(*journal));
}

uint64_t journal_end(const struct journal *journal)
{
    return journal->count > 0 ? journal->entries[journal->count - 1].tick : 0;
}

void journal_differing_parts(const struct journal_header *header, const char *a, const char *b, char *names,
                             size_t size)
{
    const char *name = header->parts;
    size_t used = 0;

    *names = '\0';
    for (uint32_t i = 0; i < header->part_count; i++) {
        int length = (int)strcspn(name, " ");
        if (memcmp(a + (size_t)i * JOURNAL_PART_DIGITS, b + (size_t)i * JOURNAL_PART_DIGITS, JOURNAL_PART_DIGITS) &&
            used + (size_t)length + 2 < size)
            used += (size_t)snprintf(names + used, size - used, "%s%.*s", used ? " " : "", length, name);
        name += length + (name[length] == ' ');
    }
}
