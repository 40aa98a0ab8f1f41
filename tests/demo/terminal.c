/* terminal.c - the records terminal of an imaginary land registry, as it stood on a public counter in 1998.
 *
 * It reads the records, text files in the floppy's directory \RECORDS, shows a menu, the list and single records,
 * sends a record to the serial line (INT 14h) or the printer (INT 17h), and switches the machine off through APM
 * (BIOS Interface Specification 1.2). Keys come from INT 16h, the date from INT 1Ah; text goes straight to the
 * screen's memory, as programs of that time did. Pages are drawn whole: what is seen depends on the last key and
 * record alone. When an extract has been sent it chimes. */

#include "guest.h"

enum { COLUMNS = 80, ROWS = 25, RECORDS_MAX = 64, TEXT_MAX = 2048, LIST_ROWS = 16, USES_MAX = 12 };

/* clang-format off */
/* Colours: background * 16 + foreground. */
enum {
    DESKTOP = 0x19, TITLE = 0x3f, WINDOW = 0x17, HEADING = 0x1b, BRIGHT = 0x1f, CHOSEN = 0x70, HELP = 0x70,
    WARNING = 0x1e, PLAIN = 0x07
};

/* Keys as INT 16h returns them: ASCII below 100h, else scan code * 100h. */
enum {
    KEY_ENTER = 0x0d, KEY_ESCAPE = 0x1b, KEY_BACKSPACE = 0x08,
    KEY_HOME = 0x4700, KEY_UP = 0x4800, KEY_PAGE_UP = 0x4900, KEY_LEFT = 0x4b00, KEY_RIGHT = 0x4d00,
    KEY_END = 0x4f00, KEY_DOWN = 0x5000, KEY_PAGE_DOWN = 0x5100
};
/* clang-format on */

/* What the list shows of a record, and where its file is. */
struct record {
    uint16_t cluster;
    uint16_t size;
    uint32_t area; /* square metres */
    char parcel[6], volume[4], folio[4], use[12], owner[28];
};

struct terminal {
    struct volume volume;
    struct record records[RECORDS_MAX];
    int count;
    int chosen;          /* record the bar stands on */
    char text[TEXT_MAX]; /* the record on show */
    int length;
};

static int length_of(const char *s)
{
    int n = 0;

    while (s[n])
        n++;
    return n;
}

static bool begins(const char *s, const char *with)
{
    while (*with)
        if (*s++ != *with++)
            return false;
    return true;
}

/* ---- Screen ---- */

static void fill(int row, int column, int width, uint8_t colour, uint8_t c)
{
    for (int i = 0; i < width; i++)
        screen_cell(row * COLUMNS + column + i, colour << 8 | c);
}

static void put(int row, int column, uint8_t colour, const char *s)
{
    for (; *s && column < COLUMNS; s++, column++)
        screen_cell(row * COLUMNS + column, colour << 8 | (uint8_t)*s);
}

/* Writes `value` in at least `digits` digits, the last of them in `column`; returns the column before the first. */
static int put_number(int row, int column, uint8_t colour, uint32_t value, int digits)
{
    while (value || digits > 0) {
        screen_cell(row * COLUMNS + column--, colour << 8 | ('0' + value % 10));
        value /= 10;
        digits--;
    }
    return column;
}

/* An area in hectares, to the square metre, ending in `column`. */
static void put_area(int row, int column, uint8_t colour, uint32_t area)
{
    column = put_number(row, column, colour, area % 10000, 4);
    screen_cell(row * COLUMNS + column, colour << 8 | '.');
    put_number(row, column - 1, colour, area / 10000, 1);
}

/* An empty window with a double frame and a title in it. */
static void window(int row, int column, int height, int width, const char *title)
{
    for (int y = 0; y < height; y++) {
        bool top = y == 0, bottom = y == height - 1;

        fill(row + y, column, width, WINDOW, top || bottom ? 0xcd : ' ');
        fill(row + y, column, 1, WINDOW, top ? 0xc9 : bottom ? 0xc8 : 0xba);
        fill(row + y, column + width - 1, 1, WINDOW, top ? 0xbb : bottom ? 0xbc : 0xba);
    }
    column += (width - length_of(title)) / 2;
    put(row, column, BRIGHT, title);
}

static void rule(int row, int column, int width)
{
    fill(row, column, width, WINDOW, 0xc4);
    fill(row, column, 1, WINDOW, 0xc7);
    fill(row, column + width - 1, 1, WINDOW, 0xb6);
}

/* One line in a small window of its own, over what is there. */
static void notice(const char *text)
{
    int width = length_of(text) + 6;

    window(18, (COLUMNS - width) / 2, 3, width, "");
    put(19, (COLUMNS - width) / 2 + 3, WARNING, text);
}

static void put_date(int row, int column)
{
    static const char month[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct registers r = {.ax = 0x0400};
    int m;

    bios(0x1a, &r); /* all in BCD */
    m = (r.dx >> 12) * 10 + (r.dx >> 8 & 15);
    if (r.flags & FLAG_CARRY || m < 1 || m > 12)
        return;
    put_number(row, column + 1, TITLE, (r.dx >> 4 & 15) * 10 + (r.dx & 15), 1);
    put(row, column + 3, TITLE, month[m - 1]);
    put_number(row, column + 8, TITLE, (r.cx >> 12) * 10 + (r.cx >> 8 & 15), 2);
    put_number(row, column + 10, TITLE, (r.cx >> 4 & 15) * 10 + (r.cx & 15), 2);
}

/* An empty page: title above, shading, keys below. */
static void page(const char *keys)
{
    fill(0, 0, COLUMNS, TITLE, ' ');
    put(0, 2, TITLE, "COUNTY LAND REGISTRY");
    put(0, 32, TITLE, "Records terminal");
    put_date(0, 67);
    for (int row = 1; row < ROWS - 1; row++)
        fill(row, 0, COLUMNS, DESKTOP, 0xb0);
    fill(ROWS - 1, 0, COLUMNS, HELP, ' ');
    put(ROWS - 1, 2, HELP, keys);
}

static void clear(void)
{
    struct registers mode = {.ax = 0x0003}, cursor = {.ax = 0x0100, .cx = 0x2000};

    bios(0x10, &mode);
    bios(0x10, &cursor); /* no cursor */
}

/* ---- Keyboard ---- */

/* Waits for a key; the BIOS halts the processor meanwhile. Letters come as capitals. */
static uint16_t key(void)
{
    struct registers r = {.ax = 0x0000};
    uint8_t c;

    bios(0x16, &r);
    c = r.ax & 0xff;
    if (c == 0 || c == 0xe0)
        return r.ax & 0xff00;
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* ---- Records ---- */

/* The value behind "label:" at the beginning of a line, into `to`. */
static void field(const char *text, const char *label, char *to, int room)
{
    int n = 0;

    while (*text && !begins(text, label))
        do {
            text++;
        } while (*text && text[-1] != '\n');
    if (*text) {
        for (text += length_of(label); *text == ' '; text++)
            continue;
        while (*text && *text != '\r' && n < room - 1)
            to[n++] = *text++;
    }
    to[n] = 0;
}

/* Reads record `index` into t->text. */
static bool record_load(struct terminal *t, int index)
{
    const struct record *r = &t->records[index];

    t->length = volume_load(&t->volume, r->cluster, r->size, t->text, TEXT_MAX - 1);
    if (t->length < 0)
        t->length = 0;
    t->text[t->length] = 0;
    return t->length > 0;
}

/* Enters the file of a directory entry into the list. False: it cannot be read. */
static bool record_enter(struct terminal *t, const struct directory_entry *entry)
{
    struct record *r = &t->records[t->count];
    char area[12];

    r->cluster = entry->cluster;
    r->size = entry->size < TEXT_MAX ? entry->size : TEXT_MAX - 1;
    if (!record_load(t, t->count))
        return false;
    field(t->text, "Parcel:", r->parcel, sizeof r->parcel);
    field(t->text, "Volume:", r->volume, sizeof r->volume);
    field(t->text, "Folio:", r->folio, sizeof r->folio);
    field(t->text, "Use:", r->use, sizeof r->use);
    field(t->text, "Owner:", r->owner, sizeof r->owner);
    field(t->text, "Area:", area, sizeof area);
    r->area = 0;
    for (const char *c = area; *c; c++)
        if (*c >= '0' && *c <= '9')
            r->area = r->area * 10 + (*c - '0');
    t->count++;
    return true;
}

static bool is_record(const struct directory_entry *entry)
{
    return entry->name[0] == 'P' && begins(entry->name + 8, "TXT") &&
           !(entry->attributes & (ATTRIBUTE_LABEL | ATTRIBUTE_DIRECTORY));
}

/* Reads the directory \RECORDS. NULL, or what went wrong. */
static const char *register_load(struct terminal *t)
{
    struct directory_entry entry;
    uint16_t directory = 0;

    for (uint16_t i = 0; !directory && volume_entry(&t->volume, 0, i, &entry); i++)
        if (begins(entry.name, "RECORDS    ") && entry.attributes & ATTRIBUTE_DIRECTORY)
            directory = entry.cluster;
    if (!directory)
        return "There is no directory \\RECORDS on this disk";
    for (uint16_t i = 0; t->count < RECORDS_MAX && volume_entry(&t->volume, directory, i, &entry); i++)
        if (is_record(&entry) && !record_enter(t, &entry))
            return "A record cannot be read";
    return t->count ? NULL : "There are no records on this disk";
}

/* ---- Serial line and printer ---- */

/* A way out: sends one character; false if the device does not take it. */
typedef bool (*send_function)(char c);

static bool serial_send(char c)
{
    struct registers r = {.ax = 0x0100 | (uint8_t)c};

    bios(0x14, &r);
    return !(r.ax & 0x8000);
}

static bool printer_send(char c)
{
    struct registers r = {.ax = (uint8_t)c};

    bios(0x17, &r);
    return !(r.ax & 0x2900); /* paper out, error, time-out */
}

static bool send_text(send_function send, const char *s)
{
    for (; *s; s++)
        if (!send(*s))
            return false;
    return true;
}

/* Sends the record on show, with a heading. */
static bool send_record(const struct terminal *t, send_function send)
{
    return send_text(send, "COUNTY LAND REGISTRY - EXTRACT\r\n\r\n") && send_text(send, t->text) &&
           send_text(send, "-- end of extract --\r\n");
}

/* The equipment word of INT 11h counts serial ports in bits 9-11, parallel ports in bits 14-15. */
static uint16_t equipment(void)
{
    struct registers r = {0};

    bios(0x11, &r);
    return r.ax;
}

/* ---- Loudspeaker ---- */

static void port_out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t port_in(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* A tone of timer 2, of 1,193,182 / divisor Hz, for so many microseconds. */
static void tone(uint16_t divisor, uint16_t microseconds)
{
    struct registers r = {.ax = 0x8600, .dx = microseconds};

    port_out(0x43, 0xb6);
    port_out(0x42, (uint8_t)divisor);
    port_out(0x42, divisor >> 8);
    port_out(0x61, port_in(0x61) | 3);
    bios(0x15, &r);
    port_out(0x61, port_in(0x61) & 0xfc);
}

/* Says that an extract is done: E and A. */
static void chime(void)
{
    tone(905, 50000);
    tone(678, 60000);
}

static const char *send_to_serial(const struct terminal *t)
{
    struct registers r = {.ax = 0x00e3}; /* 9600 baud, 8 data bits, no parity, 1 stop bit */

    if (!(equipment() >> 9 & 7))
        return "No serial line is fitted";
    bios(0x14, &r);
    if (!send_record(t, serial_send))
        return "The serial line does not answer";
    chime();
    return "Sent to the serial line";
}

static const char *send_to_printer(const struct terminal *t)
{
    struct registers r = {.ax = 0x0100};

    if (!(equipment() >> 14))
        return "No printer is fitted";
    bios(0x17, &r);
    return send_record(t, printer_send) && printer_send('\f') ? "Sent to the printer" : "The printer does not answer";
}

/* ---- Pages ---- */

/* Shows t->text: labels in one colour, values in another. */
static void record_draw(const struct terminal *t, int row, int column)
{
    const char *c = t->text;

    for (; *c && row < ROWS - 3; row++) {
        int at = column;
        uint8_t colour = *c == ' ' ? BRIGHT : HEADING;

        for (; *c && *c != '\n'; c++) {
            if (*c != '\r' && at < COLUMNS - 4)
                screen_cell(row * COLUMNS + at++, colour << 8 | (uint8_t)*c);
            if (*c == ':')
                colour = BRIGHT;
        }
        if (*c)
            c++;
    }
}

/* "4 of 24", in the lower frame of lists and records. */
static void put_position(const struct terminal *t)
{
    put(21, 65, WINDOW, "    of    ");
    put_number(21, 67, BRIGHT, t->chosen + 1, 1);
    put_number(21, 73, WINDOW, t->count, 1);
}

static void detail_page(struct terminal *t)
{
    for (const char *message = NULL;;) {
        page("\x1b \x1a other parcels   P print   S send to serial line   Esc back");
        window(2, 2, 20, 76, " Record ");
        put_position(t);
        if (record_load(t, t->chosen))
            record_draw(t, 4, 5);
        else
            message = "The record cannot be read";
        if (message)
            notice(message);
        message = NULL;
        switch (key()) {
        case KEY_LEFT:
        case KEY_UP: t->chosen -= t->chosen > 0; break;
        case KEY_RIGHT:
        case KEY_DOWN: t->chosen += t->chosen < t->count - 1; break;
        case 'P': message = send_to_printer(t); break;
        case 'S': message = send_to_serial(t); break;
        case KEY_ESCAPE: return;
        }
    }
}

static void list_line(int row, const struct record *r, uint8_t colour)
{
    fill(row, 3, 74, colour, ' ');
    put(row, 5, colour, r->parcel);
    put(row, 19 - length_of(r->volume), colour, r->volume);
    put(row, 26 - length_of(r->folio), colour, r->folio);
    put_area(row, 37, colour, r->area);
    put(row, 41, colour, r->use);
    put(row, 52, colour, r->owner);
    for (int i = 0; i < 2; i++)
        fill(row, i ? 50 : 39, 1, colour == CHOSEN ? CHOSEN : WINDOW, 0xb3);
}

static void list_draw(const struct terminal *t, const char *digits)
{
    int top = t->chosen - LIST_ROWS / 2;

    if (top > t->count - LIST_ROWS)
        top = t->count - LIST_ROWS;
    if (top < 0)
        top = 0;
    page("\x18 \x19 choose   Enter show   0-9 find a parcel   Esc menu");
    window(2, 2, LIST_ROWS + 4, 76, " Parcels ");
    put(3, 5, HEADING, "Parcel  Volume  Folio    Area, ha");
    put(3, 41, HEADING, "Use");
    put(3, 52, HEADING, "Owner");
    rule(4, 2, 76);
    for (int i = 0; i < 2; i++) {
        fill(3, i ? 50 : 39, 1, WINDOW, 0xb3);
        fill(4, i ? 50 : 39, 1, WINDOW, 0xc5);
        fill(LIST_ROWS + 5, i ? 50 : 39, 1, WINDOW, 0xcf);
    }
    for (int i = 0; i < LIST_ROWS && top + i < t->count; i++)
        list_line(5 + i, &t->records[top + i], top + i == t->chosen ? CHOSEN : WINDOW);
    put_position(t);
    if (*digits) {
        put(21, 5, WINDOW, " Parcel       ");
        put(21, 13, BRIGHT, digits);
    }
}

/* Puts the bar on the first parcel whose number begins with `digits`, if there is one. */
static void list_find(struct terminal *t, const char *digits)
{
    for (int i = 0; i < t->count; i++)
        if (begins(t->records[i].parcel, digits)) {
            t->chosen = i;
            return;
        }
}

static void list_page(struct terminal *t)
{
    char digits[6] = "";

    for (;;) {
        uint16_t k;
        int n = length_of(digits);

        list_draw(t, digits);
        k = key();
        if ((k >= '0' && k <= '9' && n < 4) || (k == KEY_BACKSPACE && n)) {
            if (k == KEY_BACKSPACE)
                n -= 2;
            else
                digits[n] = k;
            digits[n + 1] = 0;
            list_find(t, digits);
            continue;
        }
        digits[0] = 0;
        /* clang-format off */
        switch (k) {
        case KEY_UP:        t->chosen--; break;
        case KEY_DOWN:      t->chosen++; break;
        case KEY_PAGE_UP:   t->chosen -= LIST_ROWS; break;
        case KEY_PAGE_DOWN: t->chosen += LIST_ROWS; break;
        case KEY_HOME:      t->chosen = 0; break;
        case KEY_END:       t->chosen = t->count - 1; break;
        case KEY_ENTER:     detail_page(t); break;
        case KEY_ESCAPE:    return;
        }
        /* clang-format on */
        if (t->chosen >= t->count)
            t->chosen = t->count - 1;
        if (t->chosen < 0)
            t->chosen = 0;
    }
}

/* Area by use: a bar for each use, 34 cells for the widest. */
static void summary_page(struct terminal *t)
{
    uint32_t area[USES_MAX] = {0}, total = 0, most = 1;
    const char *use[USES_MAX];
    int uses = 0;

    for (int i = 0; i < t->count; i++) {
        const struct record *r = &t->records[i];
        int u = 0;

        while (u < uses && !(begins(use[u], r->use) && begins(r->use, use[u])))
            u++;
        if (u == USES_MAX)
            continue;
        if (u == uses)
            use[uses++] = r->use;
        area[u] += r->area;
        total += r->area;
        most = area[u] > most ? area[u] : most;
    }
    page("Esc menu");
    window(3, 8, uses + 8, 64, " Summary of the register ");
    put(5, 11, HEADING, "Use");
    put(5, 25, HEADING, "Area, ha");
    for (int u = 0; u < uses; u++) {
        put(6 + u, 11, BRIGHT, use[u]);
        put_area(6 + u, 32, WINDOW, area[u]);
        fill(6 + u, 35, (area[u] * 34 + most - 1) / most, HEADING, 0xdc);
    }
    rule(7 + uses, 8, 64);
    put(8 + uses, 11, BRIGHT, "Total");
    put_area(8 + uses, 32, BRIGHT, total);
    put(9 + uses, 11, BRIGHT, "Parcels");
    put_number(9 + uses, 32, BRIGHT, t->count, 1);
    while (key() != KEY_ESCAPE)
        continue;
}

/* Switches the machine off. Returns where the BIOS has no APM. */
static void switch_off(void)
{
    /* clang-format off */
    static const struct registers call[] = {
        { .ax = 0x5301 },                                   /* connect, real mode */
        { .ax = 0x530e, .cx = 0x0102 },                     /* driver speaks version 1.2 */
        { .ax = 0x5307, .bx = 0x0001, .cx = 0x0003 },       /* all devices: off */
    };
    /* clang-format on */

    for (unsigned i = 0; i < sizeof call / sizeof *call; i++) {
        struct registers r = call[i];

        bios(0x15, &r);
    }
}

/* The menu; returns when the machine is to be switched off. */
static void menu_page(struct terminal *t)
{
    static const char item[][30] = {"1  List of parcels", "2  Summary of the register", "Q  Switch off"};
    enum { ITEMS = sizeof item / sizeof *item };

    for (int chosen = 0;;) {
        uint16_t k;

        page("\x18 \x19 choose   Enter go   1-2 Q go at once");
        window(7, 22, ITEMS + 8, 36, " Main menu ");
        for (int i = 0; i < ITEMS; i++) {
            fill(9 + i, 24, 32, i == chosen ? CHOSEN : WINDOW, ' ');
            put(9 + i, 26, i == chosen ? CHOSEN : BRIGHT, item[i]);
        }
        rule(10 + ITEMS, 22, 36);
        put(11 + ITEMS, 26, WINDOW, "Volumes    to");
        put(11 + ITEMS, 34, WINDOW, t->records[0].volume);
        put(11 + ITEMS, 40, WINDOW, t->records[t->count - 1].volume);
        put_number(12 + ITEMS, 27, WINDOW, t->count, 2);
        put(12 + ITEMS, 29, WINDOW, "records on this disk");
        k = key();
        if (k == KEY_UP || k == KEY_DOWN)
            chosen = (chosen + (k == KEY_UP ? ITEMS - 1 : 1)) % ITEMS;
        for (int i = 0; i < ITEMS; i++)
            if (k == item[i][0])
                chosen = i;
        if (k != KEY_ENTER && k != item[chosen][0])
            continue;
        if (chosen == 0)
            list_page(t);
        else if (chosen == 1)
            summary_page(t);
        else
            return;
    }
}

/* Where start.S enters. When this returns, start.S halts. */
void terminal_run(uint32_t drive)
{
    static struct terminal terminal;
    const char *error = "This is no FAT12 floppy, or it cannot be read";

    clear();
    page("");
    notice("Reading the register ...");
    if (volume_open(&terminal.volume, drive))
        error = register_load(&terminal);
    if (error) {
        notice(error);
        return;
    }
    menu_page(&terminal);
    clear();
    put(0, 0, PLAIN, "The terminal is switched off.");
    switch_off();
    put(0, 0, PLAIN, "It is now safe to turn off this terminal.");
}
