/* script.c - reads scripts by one table of commands. Everything is checked before the first command is carried out. */
#include "desk/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "desk/session.h"

#define MOUSE_LIMIT 32767 /* counts of one movement: machine_pointer takes no more */

enum argument_kind {
    TAKES_NOTHING,
    TAKES_TEXT,
    TAKES_BYTES,
    TAKES_CLIPBOARD,
    TAKES_PATH,
    TAKES_MEDIUM,
    TAKES_TYPING,
    TAKES_CHORD,
    TAKES_SECONDS,
    TAKES_MOVE,
    TAKES_DOT,
    TAKES_BUTTON
};

static const struct {
    const char *first, *second; /* second: null where one word is the command */
    enum argument_kind kind;
    enum script_verb verb;
} command_table[] = {
    {"wait", "screen", TAKES_TEXT, SCRIPT_WAIT_SCREEN},
    {"wait", "serial", TAKES_BYTES, SCRIPT_WAIT_SERIAL},
    {"wait", "sound", TAKES_NOTHING, SCRIPT_WAIT_SOUND},
    {"wait", "silence", TAKES_NOTHING, SCRIPT_WAIT_SILENCE},
    {"wait", "time", TAKES_SECONDS, SCRIPT_WAIT_TIME},
    {"wait", "halt", TAKES_NOTHING, SCRIPT_WAIT_HALT},
    {"wait", "poweroff", TAKES_NOTHING, SCRIPT_WAIT_POWEROFF},
    {"expect", "screen", TAKES_TEXT, SCRIPT_EXPECT_SCREEN},
    {"expect", "serial", TAKES_BYTES, SCRIPT_EXPECT_SERIAL},
    {"expect", "sound", TAKES_NOTHING, SCRIPT_EXPECT_SOUND},
    {"type", NULL, TAKES_TYPING, SCRIPT_TYPE},
    {"key", NULL, TAKES_CHORD, SCRIPT_KEY},
    {"serial", NULL, TAKES_BYTES, SCRIPT_SERIAL},
    {"floppy", NULL, TAKES_MEDIUM, SCRIPT_FLOPPY},
    {"cd", NULL, TAKES_MEDIUM, SCRIPT_CD},
    {"mouse", "move", TAKES_MOVE, SCRIPT_MOUSE_MOVE},
    {"mouse", "down", TAKES_BUTTON, SCRIPT_MOUSE_DOWN},
    {"mouse", "up", TAKES_BUTTON, SCRIPT_MOUSE_UP},
    {"pointer", NULL, TAKES_DOT, SCRIPT_POINTER},
    {"clipboard", NULL, TAKES_CLIPBOARD, SCRIPT_CLIPBOARD},
    {"screenshot", NULL, TAKES_PATH, SCRIPT_SCREENSHOT},
    {"text", NULL, TAKES_NOTHING, SCRIPT_TEXT},
    {"digest", NULL, TAKES_NOTHING, SCRIPT_DIGEST},
    {"snapshot", NULL, TAKES_PATH, SCRIPT_SNAPSHOT},
};

#define COMMANDS (sizeof(command_table) / sizeof(command_table[0]))

struct reader {
    const char *name;
    const char *start, *at, *end; /* of the line */
    unsigned line;
    struct error *error;
};

static bool refuse_at(const struct reader *r, const char *at, const char *what, const char *detail,
                      size_t detail_length)
{
    char object[512];

    snprintf(object, sizeof(object), "%.470s:%u:%u", r->name, r->line, (unsigned)(at - r->start) + 1);
    return error_set(r->error, STATUS_INPUT, object, NULL, NULL, "%s%.*s", what,
                     (int)(detail_length > 60 ? 60 : detail_length), detail);
}

static bool no_memory(const struct reader *r)
{
    return error_host(r->error, r->name, ENOMEM, "cannot read");
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

/* Nothing is left of the line but a comment. */
static bool at_end(const struct reader *r)
{
    return r->at == r->end || *r->at == '#';
}

static size_t word_length(const struct reader *r)
{
    size_t length = 0;

    while (r->at + length < r->end && !strchr(" \t\"#", r->at[length]))
        length++;
    return length;
}

static bool word_is(const struct reader *r, size_t length, const char *word)
{
    return strlen(word) == length && !memcmp(r->at, word, length);
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Reads what follows a backslash. */
static bool read_escape(struct reader *r, char *to)
{
    static const char letters[] = "ntrbe\\\"", values[] = "\n\t\r\b\033\\\"";
    const char *letter = r->at < r->end && *r->at ? strchr(letters, *r->at) : NULL;

    if (letter) {
        *to = values[letter - letters];
        r->at++;
        return true;
    }
    if (r->end - r->at >= 3 && *r->at == 'x' && hex_digit(r->at[1]) >= 0 && hex_digit(r->at[2]) >= 0) {
        *to = (char)(hex_digit(r->at[1]) << 4 | hex_digit(r->at[2]));
        r->at += 3;
        return true;
    }
    return refuse_at(r, r->at - 1, "unknown escape; there are \\n \\t \\r \\b \\e \\\\ \\\" \\xHH", "", 0);
}

/* Reads a string in double quotes into c->text. */
static bool read_string(struct reader *r, struct script_command *c)
{
    const char *open = r->at;

    if (r->at == r->end || *r->at != '"')
        return refuse_at(r, r->at, "expected a text in double quotes", "", 0);
    c->text = malloc((size_t)(r->end - r->at) + 1);
    if (!c->text)
        return no_memory(r);
    for (r->at++; r->at < r->end && *r->at != '"';) {
        char byte = *r->at++;
        if (byte == '\\' && !read_escape(r, &byte))
            return false;
        c->text[c->length++] = byte;
    }
    c->text[c->length] = '\0';
    if (r->at == r->end)
        return refuse_at(r, open, "the text has no closing quote", "", 0);
    r->at++;
    return c->length > 0 || refuse_at(r, open, "the text is empty", "", 0);
}

/* Reads a word that is its own text. */
static bool read_word(struct reader *r, struct script_command *c, const char *expected)
{
    size_t length = word_length(r);

    if (length == 0)
        return refuse_at(r, r->at, "expected ", expected, strlen(expected));
    c->text = malloc(length + 1);
    if (!c->text)
        return no_memory(r);
    memcpy(c->text, r->at, length);
    c->text[length] = '\0';
    c->length = length;
    r->at += length;
    return true;
}

/* Texts for the screen and paths: NUL would end them early. */
static bool read_text(struct reader *r, struct script_command *c, bool or_word)
{
    const char *begin = r->at;

    if (!(or_word && (at_end(r) || *r->at != '"') ? read_word(r, c, "a path") : read_string(r, c)))
        return false;
    return !memchr(c->text, '\0', c->length) || refuse_at(r, begin, "a NUL byte cannot stand here", "", 0);
}

/* A path, or the bare word none. */
static bool read_medium(struct reader *r, struct script_command *c)
{
    size_t length = word_length(r);

    if (!word_is(r, length, "none"))
        return read_text(r, c, true);
    r->at += length;
    return true;
}

static bool read_typing(struct reader *r, struct script_command *c)
{
    const char *begin = r->at;

    if (!read_string(r, c))
        return false;
    c->keys = malloc(c->length * KEYS_PER_CHARACTER * sizeof(*c->keys));
    if (!c->keys)
        return no_memory(r);
    for (size_t i = 0; i < c->length; i++) {
        size_t count = keys_for_character(layout_default(), (uint8_t)c->text[i], c->keys + c->key_count);
        if (count == 0)
            return refuse_at(r, begin, "no key of a US keyboard types ", c->text + i, 1);
        c->key_count += count;
    }
    return true;
}

static bool read_chord(struct reader *r, struct script_command *c)
{
    const char *begin = r->at;

    if (!read_word(r, c, "keys such as ctrl-alt-del"))
        return false;
    c->keys = malloc(KEYS_PER_CHORD * sizeof(*c->keys));
    if (!c->keys)
        return no_memory(r);
    c->key_count = keys_for_chord(c->text, c->length, c->keys);
    return c->key_count > 0 || refuse_at(r, begin, "unknown keys ", c->text, c->length);
}

static bool read_seconds(struct reader *r, struct script_command *c)
{
    const char *begin = r->at;

    if (!read_word(r, c, "a number of seconds"))
        return false;
    return (!memchr(c->text, '\0', c->length) && session_read_seconds(c->text, &c->microseconds)) ||
           refuse_at(r, begin, "not a number of seconds: ", c->text, c->length);
}

/* A whole number of counts, with a sign or without. */
static bool read_counts(struct reader *r, int *counts)
{
    const char *begin = r->at;
    size_t length = word_length(r), i = length > 0 && (*begin == '-' || *begin == '+');
    int value = 0;

    for (; i < length && begin[i] >= '0' && begin[i] <= '9' && value <= MOUSE_LIMIT; i++)
        value = value * 10 + (begin[i] - '0');
    if (i < length || length == 0 || begin[length - 1] < '0' || value > MOUSE_LIMIT)
        return refuse_at(r, begin, "expected a whole number from -32767 to 32767, not ", begin, length);
    *counts = *begin == '-' ? -value : value;
    r->at += length;
    skip_space(r);
    return true;
}

static bool read_dot(struct reader *r, struct script_command *c)
{
    const char *begin = r->at;

    return read_counts(r, &c->dx) && read_counts(r, &c->dy) &&
           ((c->dx >= 0 && c->dy >= 0) || refuse_at(r, begin, "the dots of a picture are counted from 0", "", 0));
}

static bool read_clipboard(struct reader *r, struct script_command *c)
{
    const char *begin = r->at;

    return read_string(r, c) && (c->length <= MACHINE_CLIPBOARD ||
                                 refuse_at(r, begin, "a text for the clipboard has at most 4096 bytes", "", 0));
}

static bool read_button(struct reader *r, struct script_command *c)
{
    static const struct {
        const char *name;
        unsigned button;
    } buttons[] = {{"left", POINTER_LEFT}, {"right", POINTER_RIGHT}, {"middle", POINTER_MIDDLE}};
    size_t length = word_length(r);

    for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++)
        if (word_is(r, length, buttons[i].name)) {
            c->button = buttons[i].button;
            r->at += length;
            return true;
        }
    return refuse_at(r, r->at, "expected left, right or middle", "", 0);
}

static bool read_argument(struct reader *r, enum argument_kind kind, struct script_command *c)
{
    /* clang-format off */
    switch (kind) {
    case TAKES_NOTHING: return true;
    case TAKES_TEXT:    return read_text(r, c, false);
    case TAKES_BYTES:   return read_string(r, c);
    case TAKES_PATH:    return read_text(r, c, true);
    case TAKES_MEDIUM:  return read_medium(r, c);
    case TAKES_TYPING:  return read_typing(r, c);
    case TAKES_CHORD:   return read_chord(r, c);
    case TAKES_SECONDS: return read_seconds(r, c);
    case TAKES_MOVE:    return read_counts(r, &c->dx) && read_counts(r, &c->dy);
    case TAKES_DOT:     return read_dot(r, c);
    case TAKES_CLIPBOARD: return read_clipboard(r, c);
    case TAKES_BUTTON:  return read_button(r, c);
    }
    /* clang-format on */
    return false;
}

/* Finds the command that the line begins with and steps over its words. */
static bool read_verb(struct reader *r, size_t *index)
{
    const char *begin = r->at;
    size_t first = word_length(r);
    bool known = false;

    for (*index = 0; *index < COMMANDS; ++*index) {
        if (!word_is(r, first, command_table[*index].first))
            continue;
        known = true;
        r->at += first;
        skip_space(r);
        if (!command_table[*index].second)
            return true;
        size_t second = word_length(r);
        if (word_is(r, second, command_table[*index].second)) {
            r->at += second;
            skip_space(r);
            return true;
        }
        r->at = begin;
    }
    if (!known)
        return refuse_at(r, begin, "unknown command ", begin, first);
    r->at += first;
    skip_space(r);
    return refuse_at(r, r->at, "unknown second word ", r->at, word_length(r));
}

/* Reads the line into *c, which is zero. *found: whether there was a command. */
static bool read_line(struct reader *r, struct script_command *c, bool *found)
{
    size_t index;

    skip_space(r);
    *found = !at_end(r);
    if (!*found)
        return true;
    if (!read_verb(r, &index))
        return false;
    c->verb = command_table[index].verb;
    c->line = r->line;
    if (!read_argument(r, command_table[index].kind, c))
        return false;
    skip_space(r);
    return at_end(r) || refuse_at(r, r->at, "the line should end here", "", 0);
}

static void command_free(struct script_command *c)
{
    free(c->text);
    free(c->keys);
}

/* A new command at the end of the script; null when memory is short. Room grows by doubling. */
static struct script_command *add_command(struct script *script)
{
    if ((script->count & (script->count - 1)) == 0) {
        size_t room = script->count ? script->count * 2 : 1;
        struct script_command *larger = realloc(script->commands, room * sizeof(*larger));
        if (!larger)
            return NULL;
        script->commands = larger;
    }
    memset(&script->commands[script->count], 0, sizeof(*script->commands));
    return &script->commands[script->count++];
}

bool script_parse(const char *text, size_t length, const char *name, struct script *script, struct error *error)
{
    const char *end = text + length;
    struct reader r = {.name = name, .error = error};

    memset(script, 0, sizeof(*script));
    if (length > SCRIPT_LIMIT)
        return error_set(error, STATUS_INPUT, name, NULL, NULL, "a script is at most %u bytes long", SCRIPT_LIMIT);
    for (const char *line = text; line < end; line = r.end + 1) {
        const char *line_feed = memchr(line, '\n', (size_t)(end - line));
        bool found;
        r.start = r.at = line;
        r.end = line_feed ? line_feed : end;
        r.line++;
        struct script_command *c = add_command(script);
        if (!c)
            return no_memory(&r);
        if (r.end > line && r.end[-1] == '\r')
            r.end--;
        bool good = read_line(&r, c, &found);
        r.end = line_feed ? line_feed : end;
        if (!good)
            return false;
        if (!found)
            script->count--;
    }
    return true;
}

void script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        command_free(&script->commands[i]);
    free(script->commands);
    memset(script, 0, sizeof(*script));
}
