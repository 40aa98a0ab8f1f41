/* backdoor.c - VMware's backdoor (the commands as open-vm-tools names them in backdoor_def.h, and the X.Org driver
 * vmmouse uses them): version, position of the pointer, clipboard.
 *
 * IN EAX, DX of port 5658h with 564D5868h in EAX is a call: CX is the command, EBX its argument, the answer is in EAX
 * to EDX. A driver learns of each report by the interrupt of the PS/2 mouse, which then reports nothing else. There is
 * never more than one report to be read: what happens before it is read changes it. */
#include "emu/devices/backdoor.h"

#include <string.h>

#include "emu/endian.h"

#define MAGIC 0x564D5868u
#define NONE 0xFFFFFFFFu
#define POINTER_VERSION 0x3442554Au
#define PRODUCT 2u /* in ECX with the version: a workstation */
enum { VERSION = 6 };
enum {
    GET_PASTE_LENGTH = 6,
    GET_PASTE = 7,
    SET_COPY_LENGTH = 8,
    SET_COPY = 9,
    GET_VERSION = 10,
    POINTER_DATA = 39,
    POINTER_STATUS = 40,
    POINTER_COMMAND = 41
};
#define POINTER_IDENTIFY 0x45414552u
#define POINTER_ABSOLUTE 0x53424152u
#define POINTER_RELATIVE 0x4C455252u
#define POINTER_DISABLE 0x000000F5u
#define POINTER_ERROR 0xFFFF0000u
enum { EAX, ECX, EDX, EBX }; /* as a call has the registers */
enum { WHEEL_LIMIT = 127, HOLD_LIMIT = 0x7FFF };
enum { COUNT_UNITS = 32 }; /* how far a count of the mouse carries the pointer: a 2048th of the screen */

/* clang-format off */
static const struct state_field text_state[] = {STATE_BUFFER(struct backdoor_text, bytes, length, "text"), STATE_END};

const struct state_field backdoor_state[] = {
    STATE_ARRAY(struct backdoor, words, U32, "words that the driver has not read; those from count on are 0"),
    STATE_UP_TO(struct backdoor, count, U32, BACKDOOR_REPORT, "how many there are"),
    STATE(struct backdoor, enabled, BOOL, "the driver has asked for the identification"),
    STATE(struct backdoor, absolute, BOOL, "the driver has asked for positions"),
    STATE(struct backdoor, changed, BOOL, "something happened since the last report was made"),
    STATE(struct backdoor, x, U16, "position to the right, in 65536ths of the screen"),
    STATE(struct backdoor, y, U16, "position downwards, in 65536ths of the screen"),
    STATE(struct backdoor, buttons, U8, "buttons that are down: bit 0 left, 1 right, 2 middle"),
    STATE_UP_TO(struct backdoor, wheel, I64, HOLD_LIMIT, "steps of the wheel towards the user, not yet reported"),
    STATE_TABLE(struct backdoor, paste, struct backdoor_text, text_state, "clipboard, from outside"),
    STATE_UP_TO(struct backdoor, pasted, U32, BACKDOOR_TEXT, "bytes of it that the guest has read"),
    STATE_TABLE(struct backdoor, copy, struct backdoor_text, text_state, "clipboard, from the guest, as it comes in"),
    STATE_UP_TO(struct backdoor, copying, U32, BACKDOOR_TEXT, "how long it will be"),
    STATE_END
};
/* clang-format on */

/* --- Pointer --- */

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value > most ? most : value < least ? least : value;
}

/* Puts what is now into the report. */
static void fill_report(struct backdoor *b)
{
    int64_t before = (int8_t)b->words[3], wheel = clamp(b->wheel + before, -WHEEL_LIMIT, WHEEL_LIMIT);

    b->wheel -= wheel - before;
    b->words[0] = (b->buttons & 1u) << 5 | (b->buttons & 2u) << 3 | (b->buttons & 4u) << 1;
    b->words[1] = b->x;
    b->words[2] = b->y;
    b->words[3] = (uint8_t)wheel;
    b->changed = b->wheel != 0;
}

/* Makes a report where there is none. */
static void make_report(struct backdoor *b)
{
    if (!b->changed || b->count)
        return;
    b->count = BACKDOOR_REPORT;
    memset(b->words, 0, sizeof b->words);
    fill_report(b);
    line_set(&b->report, true);
    line_set(&b->report, false);
}

static void forget_words(struct backdoor *b)
{
    memset(b->words, 0, sizeof b->words);
    b->count = 0;
}

/* A report that nobody has begun to read follows the pointer; the buttons in it stay. */
bool backdoor_place(struct backdoor *b, uint16_t x, uint16_t y, int wheel, unsigned buttons)
{
    bool whole = b->count == BACKDOOR_REPORT;

    buttons &= 7;
    if (!b->absolute || (b->count && buttons != b->buttons))
        return false;
    b->x = x;
    b->y = y;
    b->wheel = clamp(b->wheel + wheel, -HOLD_LIMIT, HOLD_LIMIT);
    b->buttons = (uint8_t)buttons;
    b->changed = true;
    if (whole)
        fill_report(b);
    make_report(b);
    return true;
}

bool backdoor_move(struct backdoor *b, int dx, int dy, int wheel, unsigned buttons)
{
    return backdoor_place(b, (uint16_t)clamp(b->x + (int64_t)dx * COUNT_UNITS, 0, 65535),
                          (uint16_t)clamp(b->y + (int64_t)dy * COUNT_UNITS, 0, 65535), wheel, buttons);
}

static uint32_t pointer_status(const struct backdoor *b)
{
    return b->enabled ? b->count : POINTER_ERROR;
}

static void pointer_command(struct backdoor *b, uint32_t command)
{
    switch (command) {
    case POINTER_IDENTIFY:
        b->enabled = true;
        forget_words(b);
        b->words[b->count++] = POINTER_VERSION;
        break;
    case POINTER_ABSOLUTE: b->absolute = b->enabled; break;
    case POINTER_RELATIVE: b->absolute = false; break;
    case POINTER_DISABLE:
        b->enabled = b->absolute = b->changed = false;
        forget_words(b);
        break;
    default: break;
    }
}

/* Words into EAX, EBX, ECX, EDX. Asking for more than there are is an error that turns the pointer off. */
static void pointer_data(struct backdoor *b, uint32_t reg[8])
{
    static const uint8_t order[BACKDOOR_REPORT] = {EAX, EBX, ECX, EDX};
    uint32_t wanted = reg[EBX];

    if (!b->enabled || !wanted || wanted > b->count) {
        pointer_command(b, POINTER_DISABLE);
        reg[EAX] = POINTER_ERROR;
        return;
    }
    for (unsigned i = 0; i < wanted; i++)
        reg[order[i]] = b->words[i];
    b->count -= wanted;
    memmove(b->words, b->words + wanted, b->count * sizeof *b->words);
    memset(b->words + b->count, 0, wanted * sizeof *b->words);
    make_report(b);
}

/* --- Clipboard --- */

bool backdoor_paste(struct backdoor *b, const uint8_t *text, size_t length, bool more)
{
    uint32_t used = more ? b->paste.length : 0;

    if (length > BACKDOOR_TEXT - used)
        return false;
    memcpy(b->paste.bytes + used, text, length);
    b->paste.length = used + (uint32_t)length;
    b->pasted = 0;
    return true;
}

/* A text is given once: a driver asks again whenever somebody pastes. */
static uint32_t paste_length(struct backdoor *b)
{
    b->pasted = 0;
    return b->paste.length ? b->paste.length : NONE;
}

static uint32_t paste_piece(struct backdoor *b)
{
    uint8_t piece[4] = {0};
    uint32_t left = b->paste.length - b->pasted, part = left < 4 ? left : 4;

    memcpy(piece, b->paste.bytes + b->pasted, part);
    b->pasted += part;
    if (part && b->pasted == b->paste.length)
        b->paste.length = b->pasted = 0;
    return load32(piece);
}

/* A text that is too long is cut. */
static void copy_length(struct backdoor *b, uint32_t length)
{
    b->copying = length < BACKDOOR_TEXT ? length : BACKDOOR_TEXT;
    b->copy.length = 0;
}

static void copy_piece(struct backdoor *b, uint32_t value)
{
    uint8_t piece[4];
    uint32_t left = b->copying - b->copy.length, part = left < 4 ? left : 4;

    store32(piece, value);
    memcpy(b->copy.bytes + b->copy.length, piece, part);
    b->copy.length += part;
    if (!part || b->copy.length < b->copying)
        return;
    if (b->copied)
        b->copied(b->context, b->copy.bytes, b->copy.length);
    b->copy.length = b->copying = 0;
}

/* --- The port --- */

static void call(void *device, uint32_t reg[8])
{
    struct backdoor *b = device;
    uint32_t argument = reg[EBX], command = reg[ECX] & 0xFFFF;
    bool known = reg[EAX] == MAGIC;

    reg[EAX] = NONE;
    if (!known)
        return;
    switch (command) {
    case GET_VERSION:
        reg[EAX] = VERSION;
        reg[EBX] = MAGIC;
        reg[ECX] = PRODUCT;
        break;
    case GET_PASTE_LENGTH: reg[EAX] = paste_length(b); break;
    case GET_PASTE: reg[EAX] = paste_piece(b); break;
    case SET_COPY_LENGTH:
        copy_length(b, argument);
        reg[EAX] = 0;
        break;
    case SET_COPY:
        copy_piece(b, argument);
        reg[EAX] = 0;
        break;
    case POINTER_STATUS: reg[EAX] = pointer_status(b); break;
    case POINTER_COMMAND:
        pointer_command(b, argument);
        reg[EAX] = 0;
        break;
    case POINTER_DATA: pointer_data(b, reg); break;
    default: break;
    }
}

void backdoor_reset(struct backdoor *b)
{
    memset(b, 0, offsetof(struct backdoor, report));
}

const char *backdoor_loaded(void *device)
{
    const struct backdoor *b = device;

    if (b->pasted > b->paste.length)
        return "pasted";
    return b->copy.length > b->copying ? "copying" : NULL;
}

void backdoor_init(struct backdoor *b, struct bus *bus, struct line report,
                   void (*copied)(void *context, const uint8_t *text, size_t length), void *context)
{
    backdoor_reset(b);
    b->report = report;
    b->copied = copied;
    b->context = context;
    bus_map_call(bus, BACKDOOR_PORT, call, b);
}
