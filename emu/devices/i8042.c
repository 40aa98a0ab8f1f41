/* i8042.c - Intel 8042 keyboard controller as the IBM PS/2 programs it, and an IBM enhanced keyboard (PS/2
 * Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller" and "Keyboards (101- and
 * 102-Key)").
 *
 * The keyboard speaks scan code set 2 and the controller translates it to set 1; one table serves for that,
 * backwards for finding a key's code, and for a keyboard switched to set 1. Commands are carried out at once (IBF
 * is never seen); every byte that comes back takes its time: that of the controller's program, or of eleven bits
 * on the wire.
 *
 * Left out: set 3's default of keys that do not report their release: FAh holds. */
#include "emu/devices/i8042.h"

#include <string.h>

#define REPLY_US 50u  /* the controller finds an answer */
#define WIRE_US 1000u /* a byte comes from the keyboard or the mouse */

enum { STATUS_FULL = 0x01, STATUS_SYSTEM = 0x04, STATUS_COMMAND = 0x08, STATUS_UNLOCKED = 0x10, STATUS_AUX = 0x20 };
/* clang-format off */
enum {
    MODE_IRQ1 = 0x01, MODE_IRQ12 = 0x02, MODE_SYSTEM = 0x04, MODE_NO_KEYBOARD = 0x10, MODE_NO_AUX = 0x20,
    MODE_TRANSLATE = 0x40
};
/* clang-format on */
enum { ACKNOWLEDGE = 0xFA, RESEND = 0xFE, BREAK = 0xF0, SELF_TEST_PASSED = 0xAA };
enum { KEY_PRINT_SCREEN = 0xB7, KEY_PAUSE = 0xE1 };
enum { ALTS = 0x03, CONTROLS = 0x0C, SHIFTS = 0x30 };
enum { TYPE_REPEATS = 1, TYPE_BREAKS = 2 };
enum { DEFAULT_RATE = 0x2B }; /* 500 ms, then 10.9 a second */

/* clang-format off */
static const struct state_field keyboard_state[] = {
    STATE_TABLE(struct keyboard, codes, struct ps2_queue, ps2_queue_state, "scan codes typed"),
    STATE_TABLE(struct keyboard, replies, struct ps2_queue, ps2_queue_state, "replies to commands"),
    STATE(struct keyboard, command, U8, "command that waits for its argument"),
    STATE(struct keyboard, set, U8, "scan code set, 1-3"),
    STATE(struct keyboard, leds, U8, "bits 0-2: scroll, num, caps lock"),
    STATE(struct keyboard, rate, U8, "typematic: bits 6-5 delay, 4-0 rate"),
    STATE(struct keyboard, last_sent, U8, "byte that would be sent again"),
    STATE(struct keyboard, modifiers, U8, "bits 0-1 Alt, 2-3 Ctrl, 4-5 Shift are down"),
    STATE(struct keyboard, repeating, U8, "key that is held; 0: none"),
    STATE(struct keyboard, scanning, BOOL, "keys are reported"),
    STATE_BYTE_ARRAY(struct keyboard, types, "set 3, by the key's code: bit 0 repeats, bit 1 release is reported"),
    STATE(struct keyboard, repeat_due_at, TICK, "the held key repeats"),
    STATE_END
};

const struct state_field i8042_state[] = {
    STATE_TABLE(struct i8042, keyboard, struct keyboard, keyboard_state, "the keyboard"),
    STATE_TABLE(struct i8042, replies, struct ps2_queue, ps2_queue_state, "replies of the controller"),
    STATE_TABLE(struct i8042, aux, struct ps2_queue, ps2_queue_state, "bytes as if from the auxiliary port"),
    STATE_TABLE(struct i8042, mouse, struct ps2mouse, ps2mouse_state, "the mouse"),
    STATE_BYTE_ARRAY(struct i8042, ram, "controller RAM; byte 0 is the command byte"),
    STATE(struct i8042, command, U8, "command that waits for its byte at port 60h"),
    STATE(struct i8042, output, U8, "output buffer"),
    STATE(struct i8042, status, U8, "status register without the system flag"),
    STATE(struct i8042, a20, BOOL, "output port bit 1"),
    STATE(struct i8042, break_prefix, BOOL, "translation has swallowed F0h"),
    STATE(struct i8042, due_at, TICK, "the next byte reaches the output buffer"),
    STATE_END
};
/* clang-format on */

/* Set 2 to set 1, as the controller translates it; codes over 84h pass unchanged. */
static const uint8_t set1_of_set2[0x85] = {
    0xFF, 0x43, 0x41, 0x3F, 0x3D, 0x3B, 0x3C, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3E, 0x0F, 0x29, 0x59, 0x65, 0x38, 0x2A,
    0x70, 0x1D, 0x10, 0x02, 0x5A, 0x66, 0x71, 0x2C, 0x1F, 0x1E, 0x11, 0x03, 0x5B, 0x67, 0x2E, 0x2D, 0x20, 0x12, 0x05,
    0x04, 0x5C, 0x68, 0x39, 0x2F, 0x21, 0x14, 0x13, 0x06, 0x5D, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5E, 0x6A,
    0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5F, 0x6B, 0x33, 0x25, 0x17, 0x18, 0x0B, 0x0A, 0x60, 0x6C, 0x34, 0x35, 0x26,
    0x27, 0x19, 0x0C, 0x61, 0x6D, 0x73, 0x28, 0x74, 0x1A, 0x0D, 0x62, 0x6E, 0x3A, 0x36, 0x1C, 0x1B, 0x75, 0x2B, 0x63,
    0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7A, 0x0E, 0x7B, 0x7C, 0x4F, 0x7D, 0x4B, 0x47, 0x7E, 0x7F, 0x6F, 0x52, 0x53,
    0x50, 0x4C, 0x4D, 0x48, 0x01, 0x45, 0x57, 0x4E, 0x51, 0x4A, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54};

/* clang-format off */
/* Keys (as for machine_key) whose code in set 3 is not that of set 2. */
static const uint8_t set3_codes[][2] = {
    { 0x01, 0x08 }, { 0x1D, 0x11 }, { 0x2B, 0x5C }, { 0x37, 0x7E }, { 0x38, 0x19 }, { 0x3A, 0x14 }, { 0x3B, 0x07 },
    { 0x3C, 0x0F }, { 0x3D, 0x17 }, { 0x3E, 0x1F }, { 0x3F, 0x27 }, { 0x40, 0x2F }, { 0x41, 0x37 }, { 0x42, 0x3F },
    { 0x43, 0x47 }, { 0x44, 0x4F }, { 0x45, 0x76 }, { 0x46, 0x5F }, { 0x4A, 0x84 }, { 0x4E, 0x7C }, { 0x56, 0x13 },
    { 0x57, 0x56 }, { 0x58, 0x5E }, { 0x9C, 0x79 }, { 0x9D, 0x58 }, { 0xB5, 0x77 }, { 0xB7, 0x57 }, { 0xB8, 0x39 },
    { 0xC7, 0x6E }, { 0xC8, 0x63 }, { 0xC9, 0x6F }, { 0xCB, 0x61 }, { 0xCD, 0x6A }, { 0xCF, 0x65 }, { 0xD0, 0x60 },
    { 0xD1, 0x6D }, { 0xD2, 0x67 }, { 0xD3, 0x64 }, { 0xDB, 0x8B }, { 0xDC, 0x8C }, { 0xDD, 0x8D }, { 0xE1, 0x62 }
};
/* clang-format on */

/* What commands F7h to FDh make of a key in set 3. */
static const uint8_t key_types[] = {TYPE_REPEATS, TYPE_BREAKS, 0, TYPE_REPEATS | TYPE_BREAKS,
                                    TYPE_REPEATS, TYPE_BREAKS, 0};

/* The keys of the modifiers' bits. */
static const uint8_t modifier_keys[6] = {0x38, 0xB8, 0x1D, 0x9D, 0x2A, 0x36};

/* --- Bytes on their way --- */

static bool keyboard_has_byte(const struct i8042 *k)
{
    return !(k->ram[0] & MODE_NO_KEYBOARD) && (k->keyboard.replies.length || k->keyboard.codes.length);
}

static bool mouse_has_byte(const struct i8042 *k)
{
    return !(k->ram[0] & MODE_NO_AUX) && ps2mouse_has_byte(&k->mouse);
}

static void update_irqs(struct i8042 *k)
{
    bool full = k->status & STATUS_FULL, aux = k->status & STATUS_AUX;

    line_set(&k->irq1, full && !aux && (k->ram[0] & MODE_IRQ1));
    line_set(&k->irq12, full && aux && (k->ram[0] & MODE_IRQ12));
}

/* Sets the time at which the next byte reaches the output buffer; a byte that is on its way already is not put off. */
static void schedule(struct i8042 *k)
{
    uint64_t due_at, now = clock_now(k->clock);

    if (k->status & STATUS_FULL)
        return;
    if (k->replies.length || k->aux.length)
        due_at = now + clock_ticks_us(k->clock, REPLY_US);
    else if (keyboard_has_byte(k) || mouse_has_byte(k))
        due_at = now + clock_ticks_us(k->clock, WIRE_US);
    else
        return;
    if (due_at < k->due_at)
        clock_schedule(k->clock, EVENT_KEYBOARD, due_at);
}

static void fill_output(struct i8042 *k, uint8_t byte, uint8_t flags)
{
    k->output = byte;
    k->status = (k->status & (uint8_t)~STATUS_AUX) | STATUS_FULL | flags;
    update_irqs(k);
}

static uint8_t to_set1(uint8_t code)
{
    return code < sizeof set1_of_set2 ? set1_of_set2[code] : code;
}

/* Takes the next byte off the keyboard's wire. */
static void receive(struct i8042 *k)
{
    struct keyboard *kb = &k->keyboard;
    uint8_t byte = ps2_pop(kb->replies.length ? &kb->replies : &kb->codes);

    kb->last_sent = byte;
    if (k->ram[0] & MODE_TRANSLATE) {
        if (byte == BREAK) {
            k->break_prefix = true;
            return;
        }
        byte = to_set1(byte) | (k->break_prefix ? 0x80 : 0);
    }
    k->break_prefix = false;
    fill_output(k, byte, 0);
}

static void byte_due(void *device)
{
    struct i8042 *k = device;

    if (k->status & STATUS_FULL)
        return;
    if (k->replies.length)
        fill_output(k, ps2_pop(&k->replies), 0);
    else if (k->aux.length)
        fill_output(k, ps2_pop(&k->aux), STATUS_AUX);
    else if (keyboard_has_byte(k))
        receive(k);
    else if (mouse_has_byte(k))
        fill_output(k, ps2mouse_read(&k->mouse), STATUS_AUX);
    schedule(k);
}

static void mouse_ready(void *listener, unsigned number, bool level)
{
    (void)number;
    if (level)
        schedule(listener);
}

/* --- The keyboard --- */

static void stop_repeating(struct i8042 *k)
{
    k->keyboard.repeating = 0;
    clock_schedule(k->clock, EVENT_TYPEMATIC, NEVER);
}

static void set_all_types(struct keyboard *kb, uint8_t type)
{
    memset(kb->types, type, sizeof kb->types);
}

static void keyboard_defaults(struct i8042 *k)
{
    k->keyboard.rate = DEFAULT_RATE;
    set_all_types(&k->keyboard, TYPE_REPEATS | TYPE_BREAKS);
    k->keyboard.codes.length = 0;
    stop_repeating(k);
}

static void keyboard_reset(struct i8042 *k)
{
    keyboard_defaults(k);
    k->keyboard.set = 2;
    k->keyboard.leds = 0;
    k->keyboard.scanning = true;
}

static void keyboard_argument(struct keyboard *kb, uint8_t command, uint8_t value)
{
    ps2_push(&kb->replies, ACKNOWLEDGE);
    switch (command) {
    case 0xED: kb->leds = value & 7; break;
    case 0xF0:
        if (value == 0)
            ps2_push(&kb->replies, kb->set);
        else if (value <= 3)
            kb->set = value;
        break;
    case 0xF3: kb->rate = value & 0x7F; break;
    case 0xFB:
    case 0xFC:
    case 0xFD: /* one more of a list of keys */
        kb->command = command;
        if (value < sizeof kb->types)
            kb->types[value] = key_types[command - 0xF7];
        break;
    }
}

static void keyboard_command(struct i8042 *k, uint8_t value)
{
    struct keyboard *kb = &k->keyboard;

    ps2_push(&kb->replies, value == 0xEE ? 0xEE : value == 0xFE ? kb->last_sent : ACKNOWLEDGE);
    switch (value) {
    case 0xFB:
    case 0xFC:
    case 0xFD: /* set 3, some keys: their codes follow, up to the next command */
        kb->codes.length = 0;
        kb->command = value;
        break;
    case 0xED:
    case 0xF0:
    case 0xF3: /* LEDs, scan code set, typematic rate: an argument follows */ kb->command = value; break;
    case 0xEE:
    case 0xFE: /* echo, resend */ break;
    case 0xF2:
        ps2_push(&kb->replies, 0xAB);
        ps2_push(&kb->replies, 0x83);
        break;
    case 0xF4:
        kb->codes.length = 0;
        kb->scanning = true;
        break;
    case 0xF5:
    case 0xF6:
        keyboard_defaults(k);
        kb->scanning = value == 0xF6;
        break;
    case 0xF7:
    case 0xF8:
    case 0xF9:
    case 0xFA: /* set 3, all keys */
        kb->codes.length = 0;
        set_all_types(kb, key_types[value - 0xF7]);
        break;
    case 0xFF:
        keyboard_reset(k);
        ps2_push(&kb->replies, SELF_TEST_PASSED);
        break;
    default: kb->replies.bytes[0] = RESEND;
    }
}

static void keyboard_write(struct i8042 *k, uint8_t value)
{
    struct keyboard *kb = &k->keyboard;
    uint8_t command = kb->command;

    kb->command = 0;
    kb->replies.length = 0; /* what it was saying is cut off */
    if (command && value < 0xED)
        keyboard_argument(kb, command, value);
    else
        keyboard_command(k, value);
    schedule(k);
}

/* A key's code in set 2, without prefix; 0: no such key. The search runs down, for F7 and SysRq have two. */
static uint8_t set2_code(uint8_t key)
{
    unsigned code = sizeof set1_of_set2 - 1;

    while (code && set1_of_set2[code] != (key & 0x7F))
        code--;
    return (uint8_t)code;
}

static uint8_t set3_code(uint8_t key)
{
    for (unsigned i = 0; i < sizeof set3_codes / sizeof set3_codes[0]; i++)
        if (set3_codes[i][0] == key)
            return set3_codes[i][1];
    return set2_code(key);
}

static uint8_t set3_type(const struct keyboard *kb, uint8_t key)
{
    return kb->types[set3_code(key)];
}

static void push_code(struct ps2_queue *q, bool prefix, uint8_t code, bool down)
{
    if (prefix)
        ps2_push(q, 0xE0);
    if (!down)
        ps2_push(q, BREAK);
    ps2_push(q, code);
}

/* What a key sends in set 2. Pause and Print Screen differ with the modifiers (table "Scan Code Set 2"). */
static void set2_sequence(const struct keyboard *kb, uint8_t key, bool down, struct ps2_queue *q)
{
    static const uint8_t pause[] = {0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77};

    if (key == KEY_PAUSE) {
        if (down && (kb->modifiers & CONTROLS)) {
            push_code(q, true, 0x7E, true);
            push_code(q, true, 0x7E, false);
        } else if (down) {
            memcpy(q->bytes, pause, sizeof pause);
            q->length = sizeof pause;
        }
    } else if (key == KEY_PRINT_SCREEN && (kb->modifiers & ALTS)) {
        push_code(q, false, 0x84, down);
    } else if (key == KEY_PRINT_SCREEN && !(kb->modifiers & (CONTROLS | SHIFTS))) {
        push_code(q, true, down ? 0x12 : 0x7C, down);
        push_code(q, true, down ? 0x7C : 0x12, down);
    } else if (set2_code(key)) {
        push_code(q, key & 0x80, set2_code(key), down);
    }
}

/* Queues what a key sends; false if there is no room for all of it. */
static bool type(struct i8042 *k, uint8_t key, bool down)
{
    struct keyboard *kb = &k->keyboard;
    struct ps2_queue sequence = {.length = 0};
    uint8_t prefix = 0;

    if (kb->set != 3)
        set2_sequence(kb, key, down, &sequence);
    else if (set3_code(key) && (down || set3_type(kb, key) & TYPE_BREAKS))
        push_code(&sequence, false, set3_code(key), down);
    if (kb->codes.length + sequence.length > sizeof kb->codes.bytes)
        return false;
    for (uint32_t i = 0; i < sequence.length; i++) {
        uint8_t byte = sequence.bytes[i];
        if (kb->set == 1 && byte == BREAK) {
            prefix = 0x80;
            continue;
        }
        ps2_push(&kb->codes, kb->set == 1 ? to_set1(byte) | prefix : byte);
        prefix = 0;
    }
    schedule(k);
    return true;
}

static void repeat_due(void *device)
{
    struct i8042 *k = device;
    unsigned rate = k->keyboard.rate;
    uint64_t period = (8u + (rate & 7)) << (rate >> 3 & 3); /* in 1/240 s */

    type(k, k->keyboard.repeating, true);
    clock_schedule(k->clock, EVENT_TYPEMATIC, clock_now(k->clock) + clock_ticks_us(k->clock, period * 12500 / 3));
}

bool i8042_key(struct i8042 *k, uint8_t key, bool down)
{
    struct keyboard *kb = &k->keyboard;

    if (kb->scanning && !type(k, key, down))
        return false;
    for (unsigned i = 0; i < sizeof modifier_keys; i++)
        if (modifier_keys[i] == key)
            kb->modifiers = (uint8_t)((kb->modifiers & ~(1 << i)) | down << i);
    if (!down) {
        if (kb->repeating == key)
            stop_repeating(k);
    } else if (kb->scanning && key != KEY_PAUSE && (kb->set != 3 || set3_type(kb, key) & TYPE_REPEATS)) {
        kb->repeating = key;
        clock_schedule(k->clock, EVENT_TYPEMATIC,
                       clock_now(k->clock) + clock_ticks_us(k->clock, 250000 * ((kb->rate >> 5) + 1u)));
    }
    return true;
}

/* --- The controller --- */

static void set_a20(struct i8042 *k, bool open)
{
    k->a20 = open;
    line_set(&k->a20_line, open);
}

static void set_mode(struct i8042 *k, uint8_t mode)
{
    k->ram[0] = mode;
    update_irqs(k);
    schedule(k);
}

static void pulse_reset(struct i8042 *k)
{
    line_set(&k->reset_line, true);
    line_set(&k->reset_line, false);
}

static uint8_t output_port(const struct i8042 *k)
{
    bool full = k->status & STATUS_FULL, aux = k->status & STATUS_AUX;
    return (uint8_t)(0xC1 | k->a20 << 1 | (full && !aux) << 4 | (full && aux) << 5);
}

static void reply(struct i8042 *k, uint8_t byte)
{
    ps2_push(&k->replies, byte);
    schedule(k);
}

static void controller_command(struct i8042 *k, uint8_t value)
{
    k->status |= STATUS_COMMAND;
    k->command = 0;
    switch (value) {
    case 0xA4: reply(k, 0xF1); break; /* no password */
    case 0xA7: set_mode(k, k->ram[0] | MODE_NO_AUX); break;
    case 0xA8: set_mode(k, k->ram[0] & (uint8_t)~MODE_NO_AUX); break;
    case 0xA9: reply(k, 0x00); break; /* the auxiliary port's wires are sound */
    case 0xAA:
        set_mode(k, k->ram[0] | MODE_SYSTEM);
        reply(k, 0x55);
        break;
    case 0xAB: reply(k, 0x00); break; /* the keyboard's too */
    case 0xAD: set_mode(k, k->ram[0] | MODE_NO_KEYBOARD); break;
    case 0xAE: set_mode(k, k->ram[0] & (uint8_t)~MODE_NO_KEYBOARD); break;
    case 0xC0: reply(k, 0xA0); break; /* not locked, no manufacturing jumper */
    case 0xD0: reply(k, output_port(k)); break;
    case 0xE0: reply(k, ~k->ram[0] >> 4 & 3); break; /* test inputs: the clocks of keyboard and auxiliary port */
    case 0xDD: set_a20(k, false); break;
    case 0xDF: set_a20(k, true); break;
    case 0xD1:
    case 0xD2:
    case 0xD3:
    case 0xD4: k->command = value; break;
    default:
        if (value >= 0xF0 && !(value & 1)) /* pulse output bits that are 0; bit 0 is the processor's reset */
            pulse_reset(k);
        else if (value >= 0x60 && value <= 0x7F)
            k->command = value;
        else if (value >= 0x20 && value <= 0x3F)
            reply(k, k->ram[value & 31]);
    }
}

static void data_write(struct i8042 *k, uint8_t value)
{
    uint8_t command = k->command;

    k->status &= (uint8_t)~STATUS_COMMAND;
    k->command = 0;
    switch (command) {
    case 0:
        k->ram[0] &= (uint8_t)~MODE_NO_KEYBOARD; /* writing to the keyboard lets its clock go */
        keyboard_write(k, value);
        break;
    case 0x60: set_mode(k, value); break;
    case 0xD1:
        set_a20(k, value & 2);
        if (!(value & 1))
            pulse_reset(k);
        break;
    case 0xD2: reply(k, value); break;
    case 0xD3:
        ps2_push(&k->aux, value);
        schedule(k);
        break;
    case 0xD4:
        k->ram[0] &= (uint8_t)~MODE_NO_AUX; /* as with the keyboard */
        if (!k->no_mouse)
            ps2mouse_write(&k->mouse, value);
        break;
    default: k->ram[command & 31] = value;
    }
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)size;
    if (port & 4)
        controller_command(device, (uint8_t)value);
    else
        data_write(device, (uint8_t)value);
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct i8042 *k = device;

    (void)size;
    if (port & 4)
        return k->status | (k->ram[0] & MODE_SYSTEM ? STATUS_SYSTEM : 0);
    k->status &= (uint8_t) ~(STATUS_FULL | STATUS_AUX);
    update_irqs(k);
    schedule(k);
    return k->output;
}

static uint64_t port_repeats(void *device, uint16_t port)
{
    (void)device;
    return port & 4 ? NEVER : 0;
}

void i8042_reset(struct i8042 *k)
{
    clock_schedule(k->clock, EVENT_KEYBOARD, NEVER);
    memset(&k->keyboard, 0, offsetof(struct keyboard, repeat_due_at));
    keyboard_reset(k);
    ps2mouse_reset(&k->mouse);
    k->replies.length = k->aux.length = 0;
    memset(k->ram, 0, sizeof k->ram);
    k->ram[0] = MODE_NO_KEYBOARD | MODE_NO_AUX;
    k->command = 0;
    k->output = 0;
    k->status = STATUS_UNLOCKED;
    k->break_prefix = false;
    update_irqs(k);
    set_a20(k, true);
}

const char *i8042_loaded(void *device)
{
    const struct i8042 *k = device;

    return k->mouse.rate ? NULL : "mouse.rate";
}

void i8042_init(struct i8042 *k, struct clock *clock, struct bus *bus, struct line irq1, struct line irq12,
                struct line a20, struct line reset)
{
    memset(k, 0, sizeof *k);
    k->clock = clock;
    k->irq1 = irq1;
    k->irq12 = irq12;
    k->a20_line = a20;
    k->reset_line = reset;
    ps2mouse_init(&k->mouse, clock, (struct line){mouse_ready, k, 0});
    k->due_at = k->keyboard.repeat_due_at = NEVER;
    clock_register(clock, EVENT_KEYBOARD, &k->due_at, byte_due, k);
    clock_register(clock, EVENT_TYPEMATIC, &k->keyboard.repeat_due_at, repeat_due, k);
    i8042_reset(k);
    bus_map_ports(bus, 0x60, 1, 1, port_read, port_write, k);
    bus_map_ports(bus, 0x64, 1, 1, port_read, port_write, k);
    bus_declare_repeats(bus, k, port_read, port_repeats);
}
