/* keyboard.c - the keyboard: INT 09h turns scan codes into key codes in the buffer at 40:1E, INT 16h hands them out.
 *
 * Scan codes are set 1, as the 8042 translates them; key codes are those of IBM's PS/2 reference: scan code above,
 * character below, and E0h below for the keys that the 84-key keyboard did not have. */
#include "keyboard.h"

#include "bda.h"
#include "controller.h"

/* clang-format off */
enum {                                  /* 40:17 */
    SHIFT_RIGHT = 0x01, SHIFT_LEFT = 0x02, CTRL = 0x04, ALT = 0x08, SCROLL_LOCK = 0x10, NUM_LOCK = 0x20, CAPS_LOCK = 0x40,
    INSERT = 0x80, SHIFT = SHIFT_RIGHT | SHIFT_LEFT
};
/* clang-format on */
enum { LEFT_CTRL = 0x01, LEFT_ALT = 0x02, SYSRQ_DOWN = 0x04, PAUSED = 0x08 }; /* 40:18; above: lock keys held */
enum { AFTER_E1 = 0x01, AFTER_E0 = 0x02, RIGHT_CTRL = 0x04, RIGHT_ALT = 0x08, ENHANCED = 0x10 }; /* 40:96 */
enum { LED_BITS = 0x07, LED_BYTE_SENT = 0x08, LED_BUSY = 0x40 };                                 /* 40:97 */

enum { ACK = 0xFA, RESEND = 0xFE, SET_LEDS = 0xED, SET_RATE = 0xF3, ENABLE = 0xF4, RESET = 0xFF };

struct key {
    uint16_t plain, shift, ctrl, alt;
};

/* clang-format off */
/* By scan code from 01h. A keypad digit's Alt belongs to Alt-numpad; 0: no key code. */
static ROM_DATA struct key keys[] = {
    {0x011B, 0x011B, 0x011B, 0x0100}, /* 01 Esc         */  {0x0231, 0x0221, 0x0000, 0x7800}, /* 02 1           */
    {0x0332, 0x0340, 0x0300, 0x7900}, /* 03 2           */  {0x0433, 0x0423, 0x0000, 0x7A00}, /* 04 3           */
    {0x0534, 0x0524, 0x0000, 0x7B00}, /* 05 4           */  {0x0635, 0x0625, 0x0000, 0x7C00}, /* 06 5           */
    {0x0736, 0x075E, 0x071E, 0x7D00}, /* 07 6           */  {0x0837, 0x0826, 0x0000, 0x7E00}, /* 08 7           */
    {0x0938, 0x092A, 0x0000, 0x7F00}, /* 09 8           */  {0x0A39, 0x0A28, 0x0000, 0x8000}, /* 0A 9           */
    {0x0B30, 0x0B29, 0x0000, 0x8100}, /* 0B 0           */  {0x0C2D, 0x0C5F, 0x0C1F, 0x8200}, /* 0C -           */
    {0x0D3D, 0x0D2B, 0x0000, 0x8300}, /* 0D =           */  {0x0E08, 0x0E08, 0x0E7F, 0x0E00}, /* 0E Backspace   */
    {0x0F09, 0x0F00, 0x9400, 0xA500}, /* 0F Tab         */  {0x1071, 0x1051, 0x1011, 0x1000}, /* 10 Q           */
    {0x1177, 0x1157, 0x1117, 0x1100}, /* 11 W           */  {0x1265, 0x1245, 0x1205, 0x1200}, /* 12 E           */
    {0x1372, 0x1352, 0x1312, 0x1300}, /* 13 R           */  {0x1474, 0x1454, 0x1414, 0x1400}, /* 14 T           */
    {0x1579, 0x1559, 0x1519, 0x1500}, /* 15 Y           */  {0x1675, 0x1655, 0x1615, 0x1600}, /* 16 U           */
    {0x1769, 0x1749, 0x1709, 0x1700}, /* 17 I           */  {0x186F, 0x184F, 0x180F, 0x1800}, /* 18 O           */
    {0x1970, 0x1950, 0x1910, 0x1900}, /* 19 P           */  {0x1A5B, 0x1A7B, 0x1A1B, 0x1A00}, /* 1A [           */
    {0x1B5D, 0x1B7D, 0x1B1D, 0x1B00}, /* 1B ]           */  {0x1C0D, 0x1C0D, 0x1C0A, 0x1C00}, /* 1C Enter       */
    {0x0000, 0x0000, 0x0000, 0x0000}, /* 1D Ctrl        */  {0x1E61, 0x1E41, 0x1E01, 0x1E00}, /* 1E A           */
    {0x1F73, 0x1F53, 0x1F13, 0x1F00}, /* 1F S           */  {0x2064, 0x2044, 0x2004, 0x2000}, /* 20 D           */
    {0x2166, 0x2146, 0x2106, 0x2100}, /* 21 F           */  {0x2267, 0x2247, 0x2207, 0x2200}, /* 22 G           */
    {0x2368, 0x2348, 0x2308, 0x2300}, /* 23 H           */  {0x246A, 0x244A, 0x240A, 0x2400}, /* 24 J           */
    {0x256B, 0x254B, 0x250B, 0x2500}, /* 25 K           */  {0x266C, 0x264C, 0x260C, 0x2600}, /* 26 L           */
    {0x273B, 0x273A, 0x0000, 0x2700}, /* 27 ;           */  {0x2827, 0x2822, 0x0000, 0x2800}, /* 28 '           */
    {0x2960, 0x297E, 0x0000, 0x2900}, /* 29 `           */  {0x0000, 0x0000, 0x0000, 0x0000}, /* 2A Shift       */
    {0x2B5C, 0x2B7C, 0x2B1C, 0x2B00}, /* 2B backslash   */  {0x2C7A, 0x2C5A, 0x2C1A, 0x2C00}, /* 2C Z           */
    {0x2D78, 0x2D58, 0x2D18, 0x2D00}, /* 2D X           */  {0x2E63, 0x2E43, 0x2E03, 0x2E00}, /* 2E C           */
    {0x2F76, 0x2F56, 0x2F16, 0x2F00}, /* 2F V           */  {0x3062, 0x3042, 0x3002, 0x3000}, /* 30 B           */
    {0x316E, 0x314E, 0x310E, 0x3100}, /* 31 N           */  {0x326D, 0x324D, 0x320D, 0x3200}, /* 32 M           */
    {0x332C, 0x333C, 0x0000, 0x3300}, /* 33 ,           */  {0x342E, 0x343E, 0x0000, 0x3400}, /* 34 .           */
    {0x352F, 0x353F, 0x0000, 0x3500}, /* 35 /           */  {0x0000, 0x0000, 0x0000, 0x0000}, /* 36 right Shift */
    {0x372A, 0x372A, 0x9600, 0x3700}, /* 37 keypad *    */  {0x0000, 0x0000, 0x0000, 0x0000}, /* 38 Alt         */
    {0x3920, 0x3920, 0x3920, 0x3920}, /* 39 space       */  {0x0000, 0x0000, 0x0000, 0x0000}, /* 3A Caps Lock   */
    {0x3B00, 0x5400, 0x5E00, 0x6800}, /* 3B F1          */  {0x3C00, 0x5500, 0x5F00, 0x6900}, /* 3C F2          */
    {0x3D00, 0x5600, 0x6000, 0x6A00}, /* 3D F3          */  {0x3E00, 0x5700, 0x6100, 0x6B00}, /* 3E F4          */
    {0x3F00, 0x5800, 0x6200, 0x6C00}, /* 3F F5          */  {0x4000, 0x5900, 0x6300, 0x6D00}, /* 40 F6          */
    {0x4100, 0x5A00, 0x6400, 0x6E00}, /* 41 F7          */  {0x4200, 0x5B00, 0x6500, 0x6F00}, /* 42 F8          */
    {0x4300, 0x5C00, 0x6600, 0x7000}, /* 43 F9          */  {0x4400, 0x5D00, 0x6700, 0x7100}, /* 44 F10         */
    {0x0000, 0x0000, 0x0000, 0x0000}, /* 45 Num Lock    */  {0x0000, 0x0000, 0x0000, 0x0000}, /* 46 Scroll Lock */
    {0x4700, 0x4737, 0x7700, 0x0000}, /* 47 keypad 7    */  {0x4800, 0x4838, 0x8D00, 0x0000}, /* 48 keypad 8    */
    {0x4900, 0x4939, 0x8400, 0x0000}, /* 49 keypad 9    */  {0x4A2D, 0x4A2D, 0x8E00, 0x4A00}, /* 4A keypad -    */
    {0x4B00, 0x4B34, 0x7300, 0x0000}, /* 4B keypad 4    */  {0x4CF0, 0x4C35, 0x8F00, 0x0000}, /* 4C keypad 5    */
    {0x4D00, 0x4D36, 0x7400, 0x0000}, /* 4D keypad 6    */  {0x4E2B, 0x4E2B, 0x9000, 0x4E00}, /* 4E keypad +    */
    {0x4F00, 0x4F31, 0x7500, 0x0000}, /* 4F keypad 1    */  {0x5000, 0x5032, 0x9100, 0x0000}, /* 50 keypad 2    */
    {0x5100, 0x5133, 0x7600, 0x0000}, /* 51 keypad 3    */  {0x5200, 0x5230, 0x9200, 0x0000}, /* 52 keypad 0    */
    {0x5300, 0x532E, 0x9300, 0x0000}, /* 53 keypad .    */  {0x0000, 0x0000, 0x0000, 0x0000}, /* 54 SysRq       */
    {0x0000, 0x0000, 0x0000, 0x0000}, /* 55             */  {0x565C, 0x567C, 0x0000, 0x0000}, /* 56 102nd key   */
    {0x8500, 0x8700, 0x8900, 0x8B00}, /* 57 F11         */  {0x8600, 0x8800, 0x8A00, 0x8C00}, /* 58 F12         */
};

/* After E0h, scan codes 47h to 53h: the grey cursor block. */
static ROM_DATA struct key grey_keys[] = {
    {0x47E0, 0x47E0, 0x77E0, 0x9700}, {0x48E0, 0x48E0, 0x8DE0, 0x9800}, {0x49E0, 0x49E0, 0x84E0, 0x9900}, {0, 0, 0, 0},
    {0x4BE0, 0x4BE0, 0x73E0, 0x9B00}, {0, 0, 0, 0}, {0x4DE0, 0x4DE0, 0x74E0, 0x9D00}, {0, 0, 0, 0},
    {0x4FE0, 0x4FE0, 0x75E0, 0x9F00}, {0x50E0, 0x50E0, 0x91E0, 0xA000}, {0x51E0, 0x51E0, 0x76E0, 0xA100},
    {0x52E0, 0x52E0, 0x92E0, 0xA200}, {0x53E0, 0x53E0, 0x93E0, 0xA300},
};
/* clang-format on */
static ROM_DATA struct key keypad_enter = {0xE00D, 0xE00D, 0xE00A, 0xA600};
static ROM_DATA struct key keypad_slash = {0xE02F, 0xE02F, 0x9500, 0xA400};

/* Sends a byte to the keyboard and waits for its acknowledgement, with interrupts off. */
static bool keyboard_send(uint8_t v)
{
    return controller_write(CONTROLLER_DATA, v) && controller_read(100) == ACK;
}

static void buffer_clear(void)
{
    bda_put(kbd_head, bda_get(kbd_start));
    bda_put(kbd_tail, bda_get(kbd_start));
}

/* The controller's own test, then command byte 65h (translate, tested, pointing device off, IRQ 1), then the keyboard's
 * test. */
void keyboard_init(void)
{
    bda_put(kbd_start, 0x1E);
    bda_put(kbd_end, 0x3E);
    buffer_clear();
    bda_put(kbd_flags3, ENHANCED);
    for (int i = 0; i < 16 && inb(CONTROLLER_STATUS) & CONTROLLER_FULL; i++)
        inb(CONTROLLER_DATA);
    if (!controller_write(CONTROLLER_STATUS, 0xAA) || controller_read(500) != 0x55)
        return;
    controller_write(CONTROLLER_STATUS, 0x60);
    controller_write(CONTROLLER_DATA, 0x64);
    controller_write(CONTROLLER_STATUS, 0xAE);
    if (keyboard_send(RESET))
        controller_read(1000);
    keyboard_send(ENABLE);
    controller_write(CONTROLLER_STATUS, 0x60);
    controller_write(CONTROLLER_DATA, 0x65);
}

static uint16_t buffer_after(uint16_t place)
{
    place += 2;
    return place == bda_get(kbd_end) ? bda_get(kbd_start) : place;
}

static bool buffer_put(uint16_t code)
{
    uint16_t place = bda_get(kbd_tail), next = buffer_after(place);
    if (next == bda_get(kbd_head))
        return false;
    low_put16(0x400 + place, code);
    bda_put(kbd_tail, next);
    return true;
}

static void end_of_interrupt(void)
{
    outb(0x20, 0x20);
}

/* The lights follow 40:17. The two bytes are sent one per interrupt, the second when the first is acknowledged. */
static void leds_update(void)
{
    uint8_t wanted = bda_get(kbd_flags) >> 4 & LED_BITS;
    if ((bda_get(kbd_leds) & LED_BITS) == wanted || bda_get(kbd_leds) & LED_BUSY)
        return;
    if (controller_write(CONTROLLER_DATA, SET_LEDS))
        bda_put(kbd_leds, bda_get(kbd_leds) | LED_BUSY);
}

static void leds_answer(uint8_t answer)
{
    uint8_t wanted = bda_get(kbd_flags) >> 4 & LED_BITS;

    if (!(bda_get(kbd_leds) & LED_BUSY))
        return;
    if (answer == ACK && !(bda_get(kbd_leds) & LED_BYTE_SENT)) {
        controller_write(CONTROLLER_DATA, wanted);
        bda_put(kbd_leds, LED_BUSY | LED_BYTE_SENT | wanted);
    } else {
        bda_put(kbd_leds, bda_get(kbd_leds) & LED_BITS);
        leds_update();
    }
}

/* A lock key toggles on its first make code; 40:18 remembers that it is held. */
static void lock_key(uint8_t lock, bool released)
{
    if (released) {
        bda_put(kbd_flags2, bda_get(kbd_flags2) & ~lock);
    } else if (!(bda_get(kbd_flags2) & lock)) {
        bda_put(kbd_flags2, bda_get(kbd_flags2) | lock);
        bda_put(kbd_flags, bda_get(kbd_flags) ^ lock);
        leds_update();
    }
}

static void shift_key(uint8_t flag, bool released)
{
    bda_put(kbd_flags, (bda_get(kbd_flags) & ~flag) | (released ? 0 : flag));
}

/* Ctrl and Alt exist twice: one bit for both at 40:17, one each for left (40:18) and right (40:96). */
static void paired_key(uint8_t flag, uint8_t left, uint8_t right, bool extended, bool released)
{
    if (extended)
        bda_put(kbd_flags3, (bda_get(kbd_flags3) & ~right) | (released ? 0 : right));
    else
        bda_put(kbd_flags2, (bda_get(kbd_flags2) & ~left) | (released ? 0 : left));
    shift_key(flag, !(bda_get(kbd_flags2) & left) && !(bda_get(kbd_flags3) & right));
}

static void alt_key(bool extended, bool released)
{
    paired_key(ALT, LEFT_ALT, RIGHT_ALT, extended, released);
    if (released && bda_get(alt_number)) {
        buffer_put(bda_get(alt_number));
        bda_put(alt_number, 0);
    }
}

/* True if the code belongs to a key that only changes the state of others. */
static bool modifier_key(uint8_t scan, bool extended, bool released)
{
    switch (scan) {
    case 0x1D: paired_key(CTRL, LEFT_CTRL, RIGHT_CTRL, extended, released); return true;
    case 0x38: alt_key(extended, released); return true;
    case 0x2A:
        if (!extended)
            shift_key(SHIFT_LEFT, released);
        return true;
    case 0x36:
        if (!extended)
            shift_key(SHIFT_RIGHT, released);
        return true;
    case 0x3A: lock_key(CAPS_LOCK, released); return true;
    case 0x45:
        if (bda_get(kbd_flags) & CTRL)
            return false;
        lock_key(NUM_LOCK, released);
        return true;
    case 0x46:
        if (extended || bda_get(kbd_flags) & CTRL)
            return false;
        lock_key(SCROLL_LOCK, released);
        return true;
    }
    return false;
}

static void ctrl_break(void)
{
    bda_put(ctrl_break, 0x80);
    buffer_clear();
    buffer_put(0);
    soft_int_ax(0x1B, 0);
}

/* Stays in the interrupt until another key is pressed, as the PC does. */
static void pause(void)
{
    bda_put(kbd_flags2, bda_get(kbd_flags2) | PAUSED);
    while (bda_get(kbd_flags2) & PAUSED)
        wait_for_interrupt();
}

/* Keys that act at once instead of giving a code. */
static bool action_key(uint8_t scan, bool extended)
{
    uint8_t flags = bda_get(kbd_flags);

    if (scan == 0x53 && (flags & (CTRL | ALT)) == (CTRL | ALT)) {
        bda_put(reset_flag, 0x1234);
        processor_reset();
    } else if (scan == 0x46) {
        ctrl_break();
    } else if (scan == 0x45) {
        pause();
    } else if (scan == 0x37 && (extended || flags & SHIFT) && !(flags & (CTRL | ALT))) {
        soft_int_ax(0x05, 0);
    } else {
        return false;
    }
    return true;
}

/* Alt with the keypad's digits makes a character by its number. */
static bool alt_numpad(uint8_t scan)
{
    static ROM_DATA uint8_t digits[] = {7, 8, 9, 255, 4, 5, 6, 255, 1, 2, 3, 0};

    if (!(bda_get(kbd_flags) & ALT) || scan < 0x47 || scan > 0x52 || rom_get(digits[scan - 0x47]) == 255)
        return false;
    bda_put(alt_number, bda_get(alt_number) * 10 + rom_get(digits[scan - 0x47]));
    return true;
}

static const ROM struct key *key_for(uint8_t scan, bool extended)
{
    if (!extended)
        return scan >= 1 && scan <= ARRAY_LENGTH(keys) ? &keys[scan - 1] : NULL;
    if (scan == 0x1C)
        return &keypad_enter;
    if (scan == 0x35)
        return &keypad_slash;
    if (scan == 0x37)
        return &keys[scan - 1];
    return scan >= 0x47 && scan <= 0x53 ? &grey_keys[scan - 0x47] : NULL;
}

static bool is_letter(uint16_t code)
{
    uint8_t c = (uint8_t)code | 0x20;
    return c >= 'a' && c <= 'z';
}

static uint16_t key_code(const ROM struct key *k, uint8_t scan, bool extended)
{
    uint8_t flags = bda_get(kbd_flags);
    bool shift = flags & SHIFT;

    if (flags & ALT)
        return rom_get(k->alt);
    if (flags & CTRL)
        return rom_get(k->ctrl);
    if (flags & CAPS_LOCK && scan < 0x37 && is_letter(rom_get(k->plain)))
        shift = !shift;
    if (flags & NUM_LOCK && !extended && scan >= 0x47)
        shift = scan <= 0x53 ? !shift : shift;
    return shift ? rom_get(k->shift) : rom_get(k->plain);
}

static void key_pressed(uint8_t scan, bool extended)
{
    if (bda_get(kbd_flags2) & PAUSED) {
        bda_put(kbd_flags2, bda_get(kbd_flags2) & ~PAUSED);
        return;
    }
    if (action_key(scan, extended) || (!extended && alt_numpad(scan)))
        return;
    if (scan == 0x54 && !(bda_get(kbd_flags2) & SYSRQ_DOWN)) {
        bda_put(kbd_flags2, bda_get(kbd_flags2) | SYSRQ_DOWN);
        soft_int_ax(0x15, 0x8500);
        return;
    }
    const ROM struct key *k = key_for(scan, extended);
    uint16_t code = k ? key_code(k, scan, extended) : 0;
    if (scan == 0x52 && (code & 0xFF) != '0' && !(bda_get(kbd_flags) & (CTRL | ALT)))
        bda_put(kbd_flags, bda_get(kbd_flags) ^ INSERT);
    if (code && buffer_put(code))
        soft_int_ax(0x15, DEVICE_DONE | THE_KEYBOARD);
}

static void key_released(uint8_t scan)
{
    if (scan == 0x54) {
        bda_put(kbd_flags2, bda_get(kbd_flags2) & ~SYSRQ_DOWN);
        soft_int_ax(0x15, 0x8501);
    }
}

/* INT 09h, with the scan code in AL. The interrupt is ended first: what a key sets off may take long. Pause comes as
 * E1 1D 45 and at once its release; of a sequence after E1 only the make code of Num Lock counts. */
void keyboard_scan(struct regs *r)
{
    uint8_t prefix = bda_get(kbd_flags3) & (AFTER_E0 | AFTER_E1), code = r->al, scan = code & 0x7F;
    bool released = code & 0x80;

    end_of_interrupt();
    if (code == 0xE0 || code == 0xE1) {
        bda_put(kbd_flags3, bda_get(kbd_flags3) | (code == 0xE0 ? AFTER_E0 : AFTER_E1));
        return;
    }
    if (code == ACK || code == RESEND) {
        leds_answer(code);
        return;
    }
    if (prefix & AFTER_E1) {
        if (scan != 0x45)
            return;
        bda_put(kbd_flags3, bda_get(kbd_flags3) & ~AFTER_E1);
        if (!released && !(bda_get(kbd_flags2) & PAUSED))
            pause();
        return;
    }
    bda_put(kbd_flags3, bda_get(kbd_flags3) & ~AFTER_E0);
    if (modifier_key(scan, prefix, released))
        return;
    if (released)
        key_released(scan);
    else
        key_pressed(scan, prefix);
}

/* What the 84-key keyboard would have given, or 0 if it had no such key. */
static uint16_t classic_code(uint16_t code)
{
    uint8_t high = code >> 8, low = (uint8_t)code;

    if (high == 0xE0)
        return low == '/' ? 0x352F : 0x1C00 | low;
    if (high == 0)
        return code;
    if (high > 0x84 || low == 0xF0)
        return 0;
    return low == 0xE0 ? high << 8 : code;
}

/* The first code in the buffer, without removing it; codes that the caller cannot understand are dropped. */
static bool buffer_peek(bool enhanced, uint16_t *code)
{
    while (bda_get(kbd_head) != bda_get(kbd_tail)) {
        uint16_t raw = low_get16(0x400 + bda_get(kbd_head));
        *code = enhanced ? ((raw & 0xFF) == 0xF0 && raw >> 8 ? raw & 0xFF00 : raw) : classic_code(raw);
        if (*code || !raw)
            return true;
        bda_put(kbd_head, buffer_after(bda_get(kbd_head)));
    }
    return false;
}

static void key_wait(struct regs *r, bool enhanced)
{
    uint16_t code;
    interrupts_off();
    if (!buffer_peek(enhanced, &code))
        soft_int_ax(0x15, DEVICE_BUSY | THE_KEYBOARD);
    while (!buffer_peek(enhanced, &code))
        wait_for_interrupt();
    bda_put(kbd_head, buffer_after(bda_get(kbd_head)));
    r->ax = code;
}

/* A program may ask in a loop with interrupts off; keys come all the same. */
static void key_check(struct regs *r, bool enhanced)
{
    uint16_t code;
    asm volatile("sti; nop; cli" : : : "memory");
    if (buffer_peek(enhanced, &code)) {
        r->ax = code;
        r->flags &= ~FLAG_ZF;
    } else {
        r->flags |= FLAG_ZF;
    }
}

/* AL = 05h: BH delay 0-3, BL rate 0-1Fh. */
static void typematic(struct regs *r)
{
    if (r->al != 5 || r->bh > 3 || r->bl > 0x1F)
        return;
    interrupts_off();
    if (keyboard_send(SET_RATE))
        keyboard_send(r->bh << 5 | r->bl);
}

/* AH: the state of the right-hand keys, of SysRq and of the lock keys held. */
static uint8_t extended_shift_state(void)
{
    uint8_t f2 = bda_get(kbd_flags2), f3 = bda_get(kbd_flags3);
    return (f2 & 0x73) | (f2 & SYSRQ_DOWN ? 0x80 : 0) | (f3 & (RIGHT_CTRL | RIGHT_ALT));
}

/* INT 16h. */
void keyboard_service(struct regs *r)
{
    switch (r->ah) {
    case 0x00: key_wait(r, false); break;
    case 0x01: key_check(r, false); break;
    case 0x02: r->al = bda_get(kbd_flags); break;
    case 0x03: typematic(r); break;
    case 0x05:
        interrupts_off();
        r->al = !buffer_put(r->cx);
        break;
    case 0x09: r->al = 0x30; break;   /* functions 0Ah and 10h to 12h */
    case 0x0A: r->bx = 0x41AB; break; /* a translated MF2 keyboard */
    case 0x10: key_wait(r, true); break;
    case 0x11: key_check(r, true); break;
    case 0x12:
        r->al = bda_get(kbd_flags);
        r->ah = extended_shift_state();
        break;
    }
}
