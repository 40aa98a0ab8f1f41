/* script.c - reads scripts by one table of commands. Everything is checked before the first command is carried out: a
 * `for` becomes its commands once for each row of its table, a `call` those of its file. */
#include "desk/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "desk/session.h"
#include "desk/variables.h"
#include "formats/numbers.h"
#include "formats/plain.h"
#include "formats/text.h"

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
    TAKES_BUTTON,
    TAKES_PICTURE,
    TAKES_PLACE,
    TAKES_TWO_PLACES
};

/* What may follow the argument. */
enum following {
    MAY_LIMIT = 1, /* within SECONDS, and else */
    MAY_ELSE = 2,
    MAY_SEEK = 4 /* in X Y WIDTH HEIGHT, tolerance N */
};

static const struct {
    const char *first, *second; /* second: null where one word is the command */
    enum argument_kind kind;
    enum script_verb verb;
    uint8_t following;
} command_table[] = {
    {"wait", "screen", TAKES_TEXT, SCRIPT_WAIT_SCREEN, MAY_LIMIT},
    {"wait", "serial", TAKES_BYTES, SCRIPT_WAIT_SERIAL, MAY_LIMIT},
    {"wait", "sound", TAKES_NOTHING, SCRIPT_WAIT_SOUND, MAY_LIMIT},
    {"wait", "silence", TAKES_NOTHING, SCRIPT_WAIT_SILENCE, MAY_LIMIT},
    {"wait", "time", TAKES_SECONDS, SCRIPT_WAIT_TIME, 0},
    {"wait", "still", TAKES_SECONDS, SCRIPT_WAIT_STILL, MAY_LIMIT | MAY_SEEK},
    {"wait", "picture", TAKES_PICTURE, SCRIPT_WAIT_PICTURE, MAY_LIMIT | MAY_SEEK},
    {"wait", "halt", TAKES_NOTHING, SCRIPT_WAIT_HALT, MAY_LIMIT},
    {"wait", "poweroff", TAKES_NOTHING, SCRIPT_WAIT_POWEROFF, MAY_LIMIT},
    {"expect", "screen", TAKES_TEXT, SCRIPT_EXPECT_SCREEN, MAY_ELSE},
    {"expect", "serial", TAKES_BYTES, SCRIPT_EXPECT_SERIAL, MAY_ELSE},
    {"expect", "sound", TAKES_NOTHING, SCRIPT_EXPECT_SOUND, MAY_ELSE},
    {"expect", "picture", TAKES_PICTURE, SCRIPT_EXPECT_PICTURE, MAY_ELSE | MAY_SEEK},
    {"expect", "file", TAKES_PATH, SCRIPT_EXPECT_FILE, MAY_ELSE},
    {"retrieve", NULL, TAKES_PATH, SCRIPT_RETRIEVE, 0},
    {"print", "next", TAKES_NOTHING, SCRIPT_PRINT_NEXT, MAY_LIMIT},
    {"type", NULL, TAKES_TYPING, SCRIPT_TYPE, 0},
    {"key", NULL, TAKES_CHORD, SCRIPT_KEY, 0},
    {"serial", NULL, TAKES_BYTES, SCRIPT_SERIAL, 0},
    {"floppy", NULL, TAKES_MEDIUM, SCRIPT_FLOPPY, 0},
    {"cd", NULL, TAKES_MEDIUM, SCRIPT_CD, 0},
    {"line-in", NULL, TAKES_MEDIUM, SCRIPT_LINE_IN, 0},
    {"mouse", "move", TAKES_MOVE, SCRIPT_MOUSE_MOVE, 0},
    {"mouse", "down", TAKES_BUTTON, SCRIPT_MOUSE_DOWN, 0},
    {"mouse", "up", TAKES_BUTTON, SCRIPT_MOUSE_UP, 0},
    {"pointer", NULL, TAKES_DOT, SCRIPT_POINTER, 0},
    {"clipboard", NULL, TAKES_CLIPBOARD, SCRIPT_CLIPBOARD, 0},
    {"click", NULL, TAKES_PLACE, SCRIPT_CLICK, MAY_LIMIT | MAY_SEEK},
    {"double-click", NULL, TAKES_PLACE, SCRIPT_DOUBLE_CLICK, MAY_LIMIT | MAY_SEEK},
    {"drag", NULL, TAKES_TWO_PLACES, SCRIPT_DRAG, MAY_LIMIT | MAY_SEEK},
    {"fail", NULL, TAKES_TEXT, SCRIPT_FAIL, 0},
    {"machine", NULL, TAKES_TEXT, SCRIPT_MACHINE, 0},
    {"next", NULL, TAKES_NOTHING, SCRIPT_NEXT, 0},
    {"screenshot", NULL, TAKES_PATH, SCRIPT_SCREENSHOT, 0},
    {"text", NULL, TAKES_NOTHING, SCRIPT_TEXT, 0},
    {"digest", NULL, TAKES_NOTHING, SCRIPT_DIGEST, 0},
    {"snapshot", NULL, TAKES_PATH, SCRIPT_SNAPSHOT, 0},
};

#define COMMANDS (sizeof(command_table) / sizeof(command_table[0]))

/* What is common to all files of a script. */
struct parser {
    struct script *script;
    struct variables variables;
    const struct layout *layout; /* of the keyboard */
    char layout_name[64];
    struct sha256 digest;
    unsigned files, blocks; /* that are open, one within the other */
    size_t record;          /* that is written out: index + 1; 0: none */
    bool in_handler;
};

struct reader {
    struct parser *parser;
    const char *name;
    const char *start, *at, *end; /* of the line */
    const char *next, *text_end;  /* the line after it, and where the file ends */
    unsigned line;
    struct error *error;
};

static bool refuse_at(const struct reader *r, const char *at, const char *what, const char *detail,
                      size_t detail_length)
{
    const size_t record = r->parser->record;
    char object[512], place[64];

    snprintf(object, sizeof(object), "%.470s:%u:%u", r->name, r->line, (unsigned)(at - r->start) + 1);
    if (record)
        snprintf(place, sizeof place, "row %zu of the table", r->parser->script->records[record - 1].number);
    return error_set(r->error, STATUS_INPUT, object, record ? place : NULL, NULL, "%s%.*s", what,
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
    return refuse_at(r, r->at - 1, "unknown escape; there are \\n \\t \\r \\b \\e \\\\ \\\" \\xHH \\{NAME}", "", 0);
}

/* Adds the value of the variable in {NAME}, of which the brace is the next character. */
static bool read_variable(struct reader *r, struct text *to)
{
    const char *name = r->at + 1, *close = memchr(name, '}', (size_t)(r->end - name));
    const char *value = close ? variables_find(&r->parser->variables, name, (size_t)(close - name)) : NULL;

    if (!value)
        return refuse_at(r, name, "there is no variable ", name, close ? (size_t)(close - name) : 0);
    text_add(to, value, strlen(value));
    r->at = close + 1;
    return true;
}

static bool read_string_to(struct reader *r, struct text *to)
{
    for (r->at++; r->at < r->end && *r->at != '"';) {
        char byte = *r->at++;
        if (byte == '\\' && r->at < r->end && *r->at == '{') {
            if (!read_variable(r, to))
                return false;
            continue;
        }
        if (byte == '\\' && !read_escape(r, &byte))
            return false;
        text_add(to, &byte, 1);
    }
    text_add(to, "", 1);
    return !to->failed || no_memory(r);
}

/* Reads a string in double quotes into c->text. */
static bool read_string(struct reader *r, struct script_command *c)
{
    const char *open = r->at;
    struct text text = {.bytes = NULL};

    if (r->at == r->end || *r->at != '"')
        return refuse_at(r, r->at, "expected a text in double quotes", "", 0);
    if (!read_string_to(r, &text)) {
        text_free(&text);
        return false;
    }
    c->text = text.bytes;
    c->length = text.length - 1;
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
    const char *begin = r->at, *at, *end;
    char what[128];
    uint32_t code;

    if (!read_string(r, c))
        return false;
    c->keys = malloc(c->length * KEYS_PER_CHARACTER * sizeof(*c->keys));
    if (!c->keys)
        return no_memory(r);
    for (at = c->text, end = at + c->length; at < end;) {
        const char *from = at;
        size_t count = utf8_next(&at, &code) ? keys_for_character(r->parser->layout, code, c->keys + c->key_count) : 0;
        snprintf(what, sizeof what, "no keys of the keyboard \"%s\" type ", r->parser->layout_name);
        if (count == 0)
            return refuse_at(r, begin, what, from, at > from ? (size_t)(at - from) : 1);
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

/* Adds a number of `size` bytes to the digest of the script, the same on every host. */
static void digest_number(struct reader *r, uint64_t value, unsigned size)
{
    uint8_t bytes[8];

    put_be(bytes, value, size);
    sha256_add(&r->parser->digest, bytes, size);
}

/* The picture of a path, read once. */
static struct script_picture *find_picture(struct reader *r, const char *path)
{
    struct script *script = r->parser->script;
    struct script_picture *p;

    for (p = script->pictures; p; p = p->next)
        if (!strcmp(p->path, path))
            return p;
    p = calloc(1, sizeof *p);
    if (!p || !(p->path = strdup(path))) {
        free(p);
        no_memory(r);
        return NULL;
    }
    p->next = script->pictures;
    script->pictures = p;
    if (!png_read(path, &p->picture, r->error))
        return NULL;
    digest_number(r, p->picture.width, 4);
    for (size_t i = 0; i < (size_t)p->picture.width * p->picture.height; i++)
        digest_number(r, p->picture.pixels[i], 4);
    if (look_prepare(&p->picture, &p->anchor_x, &p->anchor_y))
        return p;
    no_memory(r);
    return NULL;
}

static bool read_picture(struct reader *r, struct script_command *c, struct script_place *place)
{
    struct script_picture *p;

    free(c->text);
    c->text = NULL;
    c->length = 0;
    if (!read_text(r, c, true) || !(p = find_picture(r, c->text)))
        return false;
    *place = (struct script_place){.picture = &p->picture, .anchor_x = p->anchor_x, .anchor_y = p->anchor_y};
    skip_space(r);
    return true;
}

static bool read_place(struct reader *r, struct script_command *c, struct script_place *place)
{
    const char *begin = r->at;

    if (at_end(r) || *begin == '"' || !strspn(begin, "+-0123456789"))
        return read_picture(r, c, place);
    return read_counts(r, &place->x) && read_counts(r, &place->y) &&
           ((place->x >= 0 && place->y >= 0) || refuse_at(r, begin, "the dots of a picture are counted from 0", "", 0));
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
    case TAKES_PICTURE: return read_picture(r, c, &c->places[0]);
    case TAKES_PLACE:   return read_place(r, c, &c->places[0]);
    case TAKES_TWO_PLACES: return read_place(r, c, &c->places[0]) && read_place(r, c, &c->places[1]);
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

/* Steps over a word if it comes next. */
static bool take_word(struct reader *r, const char *word)
{
    if (!word_is(r, word_length(r), word))
        return false;
    r->at += strlen(word);
    skip_space(r);
    return true;
}

/* Whole numbers of dots, or a tolerance. */
static bool read_unsigned(struct reader *r, int limit, unsigned *value)
{
    const char *begin = r->at;
    int number = 0;

    if (!read_counts(r, &number))
        return false;
    if (number < 0 || number > limit)
        return refuse_at(r, begin, "the number is too small or too large", "", 0);
    *value = (unsigned)number;
    return true;
}

/* What follows the argument: where, how exactly, how long, and what to do then. *otherwise: an else ends the line. */
static bool read_following(struct reader *r, uint8_t may, struct script_command *c, bool *otherwise)
{
    struct look_region *region = &c->region;
    unsigned tolerance = 0;

    *otherwise = false;
    for (;;) {
        const char *begin = r->at;
        skip_space(r);
        if (may & MAY_SEEK && take_word(r, "in")) {
            if (!read_unsigned(r, MOUSE_LIMIT, &region->x) || !read_unsigned(r, MOUSE_LIMIT, &region->y) ||
                !read_unsigned(r, MOUSE_LIMIT, &region->width) || !read_unsigned(r, MOUSE_LIMIT, &region->height))
                return false;
            if (!region->width || !region->height)
                return refuse_at(r, begin, "the region is empty", "", 0);
        } else if (may & MAY_SEEK && c->verb != SCRIPT_WAIT_STILL && take_word(r, "tolerance")) {
            if (!read_unsigned(r, 255, &tolerance))
                return false;
            c->tolerance = (uint8_t)tolerance;
        } else if (may & MAY_LIMIT && take_word(r, "within")) {
            struct script_command limit = {.text = NULL};
            bool good = read_seconds(r, &limit);
            free(limit.text);
            c->within = limit.microseconds;
            if (!good || !c->within)
                return good ? refuse_at(r, begin, "no time is left", "", 0) : false;
        } else if (may & (MAY_LIMIT | MAY_ELSE) && take_word(r, "else")) {
            *otherwise = true;
            return may & MAY_ELSE || c->within ||
                   refuse_at(r, begin, "a wait with an else needs a limit: within SECONDS", "", 0);
        } else {
            return true;
        }
    }
}

/* Reads a command into *c, which is zero. *otherwise: the block of its else follows. */
static bool read_command(struct reader *r, struct script_command *c, bool *otherwise)
{
    size_t index;

    c->line = r->line;
    c->source = r->name;
    c->record = r->parser->record;
    if (!read_verb(r, &index))
        return false;
    c->verb = command_table[index].verb;
    if (c->verb == SCRIPT_NEXT && !r->parser->record && !r->parser->in_handler)
        return refuse_at(r, r->start, "next stands outside of a for", "", 0);
    if (!read_argument(r, command_table[index].kind, c) ||
        !read_following(r, command_table[index].following, c, otherwise))
        return false;
    skip_space(r);
    return at_end(r) || refuse_at(r, r->at, "the line should end here", "", 0);
}

/* --- Blocks --- */

static bool read_block(struct reader *r, const char *of);

/* A new command at the end of the script; null with *error. Room grows by doubling. */
static struct script_command *add_command(struct reader *r, enum script_verb verb)
{
    struct script *script = r->parser->script;

    if (script->count == SCRIPT_COMMANDS) {
        refuse_at(r, r->start, "the script has more than 500,000 commands, its loops written out", "", 0);
        return NULL;
    }
    if ((script->count & (script->count - 1)) == 0) {
        size_t room = script->count ? script->count * 2 : 1;
        struct script_command *larger = realloc(script->commands, room * sizeof(*larger));
        if (!larger) {
            no_memory(r);
            return NULL;
        }
        script->commands = larger;
    }
    script->commands[script->count] = (struct script_command){
        .verb = verb, .line = r->line, .source = r->name, .record = r->parser->record};
    return &script->commands[script->count++];
}

/* The block up to its `end`, over which a jump leads; of a handler it ends with a return. *first is its first command.
 */
static bool read_aside(struct reader *r, const char *of, bool handler, size_t *first)
{
    struct script *script = r->parser->script;
    size_t jump = script->count;

    if (!add_command(r, SCRIPT_JUMP))
        return false;
    *first = script->count;
    if (!read_block(r, of) || (handler && !add_command(r, SCRIPT_RETURN)))
        return false;
    script->commands[jump].target = script->count;
    return true;
}

static bool line_ends(struct reader *r)
{
    return at_end(r) || refuse_at(r, r->at, "the line should end here", "", 0);
}

/* NAME: letters, digits and "-". */
static bool read_name(struct reader *r, char name[64])
{
    size_t length = word_length(r);

    if (length == 0 || length > 63 ||
        strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") < length)
        return refuse_at(r, r->at, "expected a name of letters, digits and -, not ", r->at, length);
    memcpy(name, r->at, length);
    name[length] = '\0';
    r->at += length;
    skip_space(r);
    return true;
}

static bool read_set(struct reader *r)
{
    struct script_command value = {.text = NULL};
    char name[64];

    bool good = read_name(r, name) && read_text(r, &value, false) &&
                (variables_set(&r->parser->variables, name, value.text) || no_memory(r));
    free(value.text);
    skip_space(r);
    return good && line_ends(r);
}

static bool read_keyboard(struct reader *r)
{
    const char *begin = r->at;
    char name[64];

    if (!read_name(r, name))
        return false;
    r->parser->layout = layout_find(name);
    if (!r->parser->layout)
        return refuse_at(r, begin, "unknown keyboard; there are " LAYOUT_NAMES, "", 0);
    strcpy(r->parser->layout_name, name);
    return line_ends(r);
}

/* A file's text, with a NUL after it. The caller frees it. */
static char *read_file(struct reader *r, const char *path, size_t limit, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(limit + 2) : NULL;

    if (!text) {
        error_host(r->error, path, file ? ENOMEM : errno, "cannot open");
    } else {
        *length = fread(text, 1, limit + 1, file);
        text[*length] = '\0';
        bool good = ferror(file) ? error_host(r->error, path, EIO, "cannot read")
                    : *length > limit
                        ? error_set(r->error, STATUS_INPUT, path, NULL, NULL, "is larger than %zu bytes", limit)
                        : true;
        if (good) {
            digest_number(r, *length, 8);
            sha256_add(&r->parser->digest, text, *length);
        } else {
            free(text);
            text = NULL;
        }
    }
    if (file)
        fclose(file);
    return text;
}

static bool read_text_of(struct parser *parser, const char *text, size_t length, const char *name, struct error *error);

/* The rest of the line is a path, which *path gets. */
static bool read_last_path(struct reader *r, char **path)
{
    struct script_command c = {.text = NULL};
    bool good = read_text(r, &c, true);

    *path = c.text;
    skip_space(r);
    return good && line_ends(r);
}

static bool read_call(struct reader *r)
{
    char *path = NULL, *text = NULL;
    size_t length = 0;
    bool good = read_last_path(r, &path);

    if (good && r->parser->files == SCRIPT_DEPTH)
        good = refuse_at(r, r->start, "scripts call each other more than 8 deep", "", 0);
    good = good && (text = read_file(r, path, SCRIPT_LIMIT, &length)) &&
           read_text_of(r->parser, text, length, path, r->error);
    free(text);
    free(path);
    return good;
}

/* Opens a record for a row of the table: NAME is its number, NAME.COLUMN a field. */
static bool begin_record(struct reader *r, const char *name, const struct table *t, size_t row)
{
    struct script *script = r->parser->script;
    struct script_record *larger = realloc(script->records, (script->record_count + 1) * sizeof *larger);
    char variable[512];
    bool good = larger;

    if (!larger)
        return no_memory(r);
    script->records = larger;
    larger[script->record_count++] = (struct script_record){
        .outer = r->parser->record, .begin = script->count, .number = row};
    snprintf(variable, sizeof variable, "%zu", row);
    good = variables_set(&r->parser->variables, name, variable);
    for (size_t column = 0; good && column < t->columns; column++) {
        snprintf(variable, sizeof variable, "%s.%.400s", name, t->fields[column]);
        good = variables_set(&r->parser->variables, variable, t->fields[row * t->columns + column]);
    }
    r->parser->record = script->record_count;
    return good ? add_command(r, SCRIPT_RECORD) != NULL : no_memory(r);
}

/* Writes the block out once for each row. */
static bool read_rows(struct reader *r, const char *name, const struct table *t)
{
    struct script *script = r->parser->script;
    const size_t outer = r->parser->record;
    const struct reader body = *r;
    bool good = true;

    for (size_t row = 1; good && row <= t->rows; row++) {
        *r = body;
        good = begin_record(r, name, t, row);
        const size_t record = script->record_count;
        good = good && read_block(r, "for");
        if (good)
            script->records[record - 1].end = script->count;
        r->parser->record = outer;
    }
    return good;
}

static bool read_for(struct reader *r)
{
    char name[64], *path = NULL, *text = NULL;
    struct table table = {.text = NULL};
    size_t length = 0;
    if (r->parser->in_handler)
        return refuse_at(r, r->start, "for stands within on reset", "", 0);
    bool good = read_name(r, name) && (take_word(r, "in") || refuse_at(r, r->at, "expected in", "", 0)) &&
                read_last_path(r, &path) && (text = read_file(r, path, TABLE_LIMIT, &length)) &&
                table_parse(text, length, path, &table, r->error) && read_rows(r, name, &table);

    table_free(&table);
    free(text);
    free(path);
    return good;
}

static bool read_on_reset(struct reader *r)
{
    struct parser *p = r->parser;
    size_t first;

    if (!take_word(r, "reset"))
        return refuse_at(r, r->at, "expected reset", "", 0);
    if (p->in_handler)
        return refuse_at(r, r->start, "on reset stands within on reset", "", 0);
    if (!line_ends(r) || !add_command(r, SCRIPT_ON_RESET))
        return false;
    p->in_handler = true;
    bool good = read_aside(r, "on reset", true, &first);
    p->in_handler = false;
    return good;
}

static const struct {
    const char *word;
    bool (*read)(struct reader *r);
} statements[] = {
    {"set", read_set}, {"keyboard", read_keyboard}, {"call", read_call}, {"for", read_for}, {"on", read_on_reset},
};

static bool read_line(struct reader *r)
{
    struct script *script = r->parser->script;
    size_t index = script->count, target;
    bool otherwise = false;

    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (take_word(r, statements[i].word))
            return statements[i].read(r);
    struct script_command *c = add_command(r, SCRIPT_JUMP);
    if (!c || !read_command(r, c, &otherwise))
        return false;
    if (!otherwise)
        return true;
    if (!read_aside(r, "else", false, &target))
        return false;
    script->commands[index].target = target;
    return true;
}

/* Steps to the next line; false at the end of the file. */
static bool next_line(struct reader *r)
{
    if (r->next >= r->text_end)
        return false;
    const char *line_feed = memchr(r->next, '\n', (size_t)(r->text_end - r->next));
    r->start = r->at = r->next;
    r->end = line_feed ? line_feed : r->text_end;
    r->next = r->end + 1;
    r->line++;
    if (r->end > r->start && r->end[-1] == '\r')
        r->end--;
    skip_space(r);
    return true;
}

/* Reads lines up to an `end`, or, with of null, up to the end of the file. */
static bool read_block(struct reader *r, const char *of)
{
    const struct reader opening = *r;

    if (of && ++r->parser->blocks > SCRIPT_DEPTH)
        return refuse_at(r, r->start, "blocks stand more than 8 deep in each other", "", 0);
    while (next_line(r)) {
        if (at_end(r))
            continue;
        if (take_word(r, "end")) {
            if (of)
                r->parser->blocks--;
            return of ? line_ends(r) : refuse_at(r, r->start, "end closes nothing", "", 0);
        }
        if (!read_line(r))
            return false;
    }
    return !of || refuse_at(&opening, opening.start, "has no end: ", of, strlen(of));
}

static bool read_text_of(struct parser *parser, const char *text, size_t length, const char *name, struct error *error)
{
    struct script_source *source = malloc(sizeof *source + strlen(name) + 1);
    struct reader r = {.parser = parser, .name = name, .next = text, .text_end = text + length, .error = error};
    const unsigned blocks = parser->blocks;

    if (!source)
        return no_memory(&r);
    if (length >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3)) /* as editors of Windows begin a text in UTF-8 */
        r.next += 3;
    strcpy(source->name, name);
    source->next = parser->script->sources;
    parser->script->sources = source;
    r.name = source->name;
    parser->files++;
    parser->blocks = 0;
    bool good = read_block(&r, NULL);
    parser->blocks = blocks;
    parser->files--;
    return good;
}

static bool parse(const char *text, size_t length, const char *name, struct script *script, struct error *error)
{
    struct parser parser = {.script = script, .layout = layout_default(), .layout_name = "us"};
    struct reader file = {.parser = &parser, .name = name, .error = error};
    char *read = NULL;

    memset(script, 0, sizeof(*script));
    error->status = STATUS_OK;
    sha256_begin(&parser.digest);
    if (!text)
        text = read = read_file(&file, name, SCRIPT_LIMIT, &length);
    bool good = text && read_text_of(&parser, text, length, name, error);
    sha256_end(&parser.digest, script->digest);
    variables_free(&parser.variables);
    free(read);
    return good;
}

bool script_parse(const char *text, size_t length, const char *name, struct script *script, struct error *error)
{
    return parse(text, length, name, script, error);
}

bool script_read(const char *path, struct script *script, struct error *error)
{
    return parse(NULL, 0, path, script, error);
}

void script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        free(script->commands[i].text);
        free(script->commands[i].keys);
    }
    for (struct script_picture *p = script->pictures, *next; p; p = next) {
        next = p->next;
        picture_free(&p->picture);
        free(p->path);
        free(p);
    }
    for (struct script_source *p = script->sources, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    free(script->commands);
    free(script->records);
    memset(script, 0, sizeof(*script));
}
