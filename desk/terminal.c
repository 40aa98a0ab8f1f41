/* terminal.c - see terminal.h. Sequences: ECMA-48; "XTerm Control Sequences" for the alternate screen and for keys. */
#define _DEFAULT_SOURCE /* struct winsize */
#include "desk/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "desk/keys.h"
#include "formats/codepage.h"
#include "formats/plain.h"
#include "formats/text.h"

#define LEAVE 0x1D       /* Ctrl-] */
#define ESCAPE_US 50000  /* after which an ESC is the key, and no sequence begins with it */
#define TYPED_MOST 4096u /* bytes that wait to be typed; of more, the terminal keeps the rest */
#define SEQUENCE_MOST 32 /* bytes of a key's sequence */
#define STATUS_COLOUR 0x70
#define PLAIN_COLOUR 0x07

struct cell {
    uint16_t code; /* of Unicode; 0: not known */
    uint8_t colour;
};

struct terminal {
    const char *name;
    const struct layout *layout;
    void (*key)(void *context, uint8_t key, bool down);
    void *context;
    struct termios before;
    bool begun, left;
    char typed[TYPED_MOST];
    size_t typed_count;
    uint64_t typed_at;
    unsigned rows, columns;
    struct cell *shown, *wanted; /* rows of columns */
    struct cursor {
        unsigned row, column, visible;
    } cursor, cursor_shown;
    struct text out;
};

/* --- Opening and closing --- */

static void send(struct terminal *t)
{
    const char *at = t->out.bytes;
    size_t left = t->out.failed ? 0 : t->out.length;

    while (left > 0 && !t->left) {
        ssize_t written = write(STDOUT_FILENO, at, left);
        t->left = written < 0 && errno != EINTR;
        at += written > 0 ? written : 0;
        left -= written > 0 ? (size_t)written : 0;
    }
    text_free(&t->out);
    t->out = (struct text){.bytes = NULL};
}

struct terminal *terminal_open(const char *name, const struct layout *layout,
                               void (*key)(void *context, uint8_t key, bool down), void *context, struct error *error)
{
    struct terminal *t = calloc(1, sizeof *t);

    if (!t) {
        error_set(error, STATUS_HOST, "terminal", NULL, NULL, "out of memory");
        return NULL;
    }
    *t = (struct terminal){.name = name, .layout = layout, .key = key, .context = context};
    if (isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &t->before) == 0)
        return t;
    error_set(error, STATUS_INPUT, "--display", NULL,
              "start it in one, or use vnc:", "text needs a terminal at standard input and output");
    free(t);
    return NULL;
}

void terminal_begin(struct terminal *t)
{
    struct termios raw = t->before;

    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    t->begun = true;
    text_print(&t->out, "\033[?1049h\033[?7l\033[0m\033[2J");
    send(t);
}

void terminal_close(struct terminal *t)
{
    if (!t)
        return;
    t->left = false;
    if (t->begun) {
        text_print(&t->out, "\033[0m\033[?7h\033[?25h\033[?1049l");
        send(t);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->before);
    }
    free(t->shown);
    free(t->wanted);
    free(t);
}

bool terminal_left(const struct terminal *t)
{
    return t && t->left;
}

/* --- Keys --- */

int terminal_descriptor(const struct terminal *t)
{
    return t && !t->left && t->typed_count < TYPED_MOST ? STDIN_FILENO : -1;
}

void terminal_read(struct terminal *t, uint64_t now)
{
    struct pollfd in = {.fd = terminal_descriptor(t), .events = POLLIN};
    ssize_t got;

    if (in.fd < 0 || poll(&in, 1, 0) <= 0)
        return;
    got = read(in.fd, t->typed + t->typed_count, TYPED_MOST - t->typed_count);
    t->left = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
    if (got <= 0)
        return;
    t->left = memchr(t->typed + t->typed_count, LEAVE, (size_t)got) != NULL;
    t->typed_count += (size_t)got;
    t->typed_at = now;
}

/* Keys that are sequences: the final byte, the number before a ~, the key's name. */
static const struct {
    char final;
    uint8_t number;
    const char *name;
} sequences[] = {
    {'A', 0, "up"},   {'B', 0, "down"}, {'C', 0, "right"}, {'D', 0, "left"}, {'H', 0, "home"},   {'F', 0, "end"},
    {'P', 0, "f1"},   {'Q', 0, "f2"},   {'R', 0, "f3"},    {'S', 0, "f4"},   {'E', 0, "kp5"},    {'Z', 0, "shift-tab"},
    {'~', 1, "home"}, {'~', 2, "ins"},  {'~', 3, "del"},   {'~', 4, "end"},  {'~', 5, "pageup"}, {'~', 6, "pagedown"},
    {'~', 7, "home"}, {'~', 8, "end"},  {'~', 11, "f1"},   {'~', 12, "f2"},  {'~', 13, "f3"},    {'~', 14, "f4"},
    {'~', 15, "f5"},  {'~', 17, "f6"},  {'~', 18, "f7"},   {'~', 19, "f8"},  {'~', 20, "f9"},    {'~', 21, "f10"},
    {'~', 23, "f11"}, {'~', 24, "f12"},
};

static void press(struct terminal *t, const struct key_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        t->key(t->context, events[i].key, events[i].down);
}

static void press_chord(struct terminal *t, const char *name)
{
    struct key_event events[KEYS_PER_CHORD];

    press(t, events, keys_for_chord(name, strlen(name), events));
}

/* Modifiers as xterm counts them: 1, and 1 for Shift, 2 for Alt, 4 for Ctrl. */
static void press_sequence(struct terminal *t, char final, unsigned number, unsigned modifiers)
{
    char chord[48];

    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (sequences[i].final == final && (final != '~' || sequences[i].number == number)) {
            unsigned held = modifiers ? modifiers - 1 : 0;
            snprintf(chord, sizeof chord, "%s%s%s%s", held & 4 ? "ctrl-" : "", held & 2 ? "alt-" : "",
                     held & 1 ? "shift-" : "", sequences[i].name);
            press_chord(t, chord);
            return;
        }
}

/* A character; alt: with Alt held. */
static void press_character(struct terminal *t, uint32_t code, bool alt)
{
    struct key_event events[KEYS_PER_CHARACTER];
    char chord[] = "ctrl-x";
    size_t count;

    if (code > 0 && code < 0x1B && code != '\t' && code != '\r' && code != '\b') {
        chord[5] = (char)('a' + code - 1);
        press_chord(t, chord);
        return;
    }
    code = code == '\r' ? '\n' : code == 0x7F ? '\b' : code;
    count = keys_for_character(t->layout, code, events);
    if (alt && count)
        t->key(t->context, 0x38, true);
    press(t, events, count);
    if (alt && count)
        t->key(t->context, 0x38, false);
}

/* The bytes of a sequence after ESC [ or ESC O; 0: it goes on. Presses its key. */
static size_t take_sequence(struct terminal *t, size_t from)
{
    unsigned numbers[2] = {0, 0}, at = 0;

    for (size_t i = from; i < t->typed_count; i++) {
        char c = t->typed[i];
        if (c >= '0' && c <= '9' && numbers[at] < 1000) {
            numbers[at] = numbers[at] * 10 + (unsigned)(c - '0');
        } else if (c == ';' && at == 0) {
            at = 1;
        } else {
            press_sequence(t, c, numbers[0], numbers[1]);
            return i + 1;
        }
        if (i + 1 - from == SEQUENCE_MOST)
            return i + 1;
    }
    return 0;
}

/* Whether a character of UTF-8 that begins with this byte may go on after `count` of them. */
static bool is_part(uint8_t first, size_t count)
{
    return count < (first >= 0xF0 ? 4u : first >= 0xE0 ? 3u : first >= 0xC2 ? 2u : 1u);
}

/* Presses the first key of what waits; returns its bytes, or 0 if more of them are to come. */
static size_t take_key(struct terminal *t, bool late)
{
    const bool alt = t->typed[0] == '\033' && t->typed_count > 1;
    char bytes[8] = "";
    const char *at = bytes;
    uint32_t code;

    if (alt && (t->typed[1] == '[' || t->typed[1] == 'O')) {
        size_t taken = take_sequence(t, 2);
        return taken || !late ? taken : t->typed_count;
    }
    if (t->typed[0] == '\033' && !alt && !late)
        return 0;
    for (size_t i = 0; i < 4 && i + alt < t->typed_count; i++)
        bytes[i] = t->typed[i + alt];
    if (!utf8_next(&at, &code)) {
        if (!late && is_part((uint8_t)bytes[0], t->typed_count - alt))
            return 0;
        return 1u + alt;
    }
    press_character(t, code, alt);
    return (size_t)(at - bytes) + alt;
}

void terminal_type(struct terminal *t, uint64_t now)
{
    size_t taken;

    if (!t || !t->typed_count)
        return;
    taken = take_key(t, now - t->typed_at > ESCAPE_US);
    t->typed_count -= taken;
    memmove(t->typed, t->typed + taken, t->typed_count);
}

/* --- The screen --- */

/* As many rows and columns as the terminal has now. */
static bool fit(struct terminal *t)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};

    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    if (!size.ws_row || !size.ws_col)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    size.ws_row = size.ws_row < 500 ? size.ws_row : 500;
    size.ws_col = size.ws_col < 500 ? size.ws_col : 500;
    if (size.ws_row == t->rows && size.ws_col == t->columns)
        return true;
    free(t->shown);
    free(t->wanted);
    t->rows = size.ws_row;
    t->columns = size.ws_col;
    t->shown = calloc((size_t)t->rows * t->columns, sizeof *t->shown);
    t->wanted = calloc((size_t)t->rows * t->columns, sizeof *t->wanted);
    text_print(&t->out, "\033[0m\033[2J");
    return t->shown && t->wanted;
}

static void put_text(struct terminal *t, unsigned row, unsigned column, const char *text, uint8_t colour)
{
    uint32_t code;

    while (*text && row < t->rows && column < t->columns) {
        if (!utf8_next(&text, &code)) {
            text++;
            code = 0xFFFD;
        }
        t->wanted[row * t->columns + column++] = (struct cell){
            code < 0x10000 && !code_is_hidden(code) ? (uint16_t)code : 0xFFFD, colour};
    }
}

/* Where a screen of `size` begins in a terminal with `room`, so that the cursor is seen. */
static unsigned scrolled(unsigned size, unsigned room, unsigned cursor)
{
    return size <= room || cursor < room ? 0 : cursor - room + 1 < size - room ? cursor - room + 1 : size - room;
}

static void draw_screen(struct terminal *t, const struct text_screen *s)
{
    const unsigned rows = t->rows - 1;
    const unsigned top = scrolled(s->rows, rows, s->cursor_row),
                   first = scrolled(s->columns, t->columns, s->cursor_column);

    for (unsigned row = 0; row < rows && top + row < s->rows; row++)
        for (unsigned column = 0; column < t->columns && first + column < s->columns; column++)
            t->wanted[row * t->columns + column] = (struct cell){
                (uint16_t)codepage_437(s->character[top + row][first + column]),
                s->attribute[top + row][first + column]};
    t->cursor.row = s->cursor_row - top;
    t->cursor.column = s->cursor_column - first;
    t->cursor.visible = s->cursor_visible && s->cursor_row >= top && t->cursor.row < rows &&
                        s->cursor_column >= first && t->cursor.column < t->columns;
}

/* A picture has no text: where it can be seen. */
static void draw_graphics(struct terminal *t, struct machine *machine)
{
    struct frame frame;
    char line[128];

    machine_frame(machine, &frame);
    snprintf(line, sizeof line, frame.width ? "The machine shows a picture of %u x %u dots." : "The display is off.",
             frame.width, frame.height);
    put_text(t, t->rows / 2, 2, line, PLAIN_COLOUR);
    if (frame.width)
        put_text(t, t->rows / 2 + 1, 2, "Start it with --display vnc:PATH as well to see it; keys work here meanwhile.",
                 PLAIN_COLOUR);
    t->cursor.visible = false;
}

static void draw_status(struct terminal *t, struct machine *machine, const struct terminal_status *status)
{
    struct machine_indicators indicators;
    char line[256], speed[48] = "";
    unsigned row = t->rows - 1;

    machine_indicators(machine, &indicators);
    if (status->percent)
        snprintf(speed, sizeof speed, "  %u %% of its speed%s", status->percent, status->slow ? ": host too slow" : "");
    for (unsigned column = 0; column < t->columns; column++)
        t->wanted[row * t->columns + column] = (struct cell){' ', STATUS_COLOUR};
    snprintf(line, sizeof line, " Ctrl-] leaves  %u:%02u:%02u%s%s%s%s  ", (unsigned)(status->seconds / 3600),
             (unsigned)(status->seconds / 60 % 60), (unsigned)(status->seconds % 60), speed,
             indicators.leds & 4 ? "  CAPS" : "", indicators.leds & 2 ? "  NUM" : "",
             indicators.leds & 1 ? "  SCROLL" : "");
    put_text(t, row, 0, line, STATUS_COLOUR);
    put_text(t, row, (unsigned)strlen(line), t->name, STATUS_COLOUR);
}

/* The colours of the VGA's attribute: blue is bit 0 there, and bit 2 in ECMA-48; bit 7 blinks. */
static void put_colour(struct terminal *t, uint8_t colour)
{
    static const uint8_t turned[8] = {0, 4, 2, 6, 1, 5, 3, 7};

    text_print(&t->out, "\033[0%s;%u;%um", colour & 0x80 ? ";5" : "", (colour & 8 ? 90u : 30u) + turned[colour & 7],
               40u + turned[colour >> 4 & 7]);
}

/* Sends the cells that differ from what the terminal shows. */
static void send_changes(struct terminal *t)
{
    const size_t before = t->out.length;
    int colour = -1;

    for (unsigned row = 0; row < t->rows; row++)
        for (unsigned column = 0, at = UINT32_MAX; column < t->columns; column++) {
            struct cell *shown = &t->shown[row * t->columns + column], cell = t->wanted[row * t->columns + column];
            char code[4];

            if (shown->code == cell.code && shown->colour == cell.colour)
                continue;
            if (at != column)
                text_print(&t->out, "\033[?25l\033[%u;%uH", row + 1, column + 1);
            if (colour != cell.colour)
                put_colour(t, cell.colour);
            text_add(&t->out, code, utf8_put(cell.code, code));
            colour = cell.colour;
            at = column + 1;
            *shown = cell;
        }
    if (t->out.length == before && !memcmp(&t->cursor, &t->cursor_shown, sizeof t->cursor))
        return;
    t->cursor_shown = t->cursor;
    text_print(&t->out, t->cursor.visible ? "\033[%u;%uH\033[?25h" : "\033[?25l", t->cursor.row + 1,
               t->cursor.column + 1);
    send(t);
}

void terminal_show(struct terminal *t, struct machine *machine, const struct terminal_status *status)
{
    struct text_screen screen;

    if (!t || t->left || !fit(t))
        return;
    for (size_t i = 0; i < (size_t)t->rows * t->columns; i++)
        t->wanted[i] = (struct cell){' ', PLAIN_COLOUR};
    machine_text(machine, &screen);
    if (screen.columns)
        draw_screen(t, &screen);
    else
        draw_graphics(t, machine);
    draw_status(t, machine, status);
    send_changes(t);
}
