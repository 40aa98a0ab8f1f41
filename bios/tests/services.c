/* services.c - checks the services of the firmware from inside: booted in place of a system, one line per fact on COM1.
 *
 * Compiled as the firmware is, at segment 1000h. Two disks are expected for the disk checks: the first may hold this
 * image and is only read, the second is scratch. The keyboard is worked through the controller's command D2h. */
#include "../bda.h"

uint32_t registers_changed(uint8_t vector, uint16_t ax);

enum { BUFFER = 0x3000, SECOND = 0x3020 }; /* segments of two 512-byte buffers, and 64 KiB above the first */

/* Calls a 32-bit or 16-bit entry far, in protected mode, with the registers of `call` (start.S). */
void call32(uint32_t base, uint32_t entry, struct call *call);
void call16(uint32_t base, uint32_t entry, struct call *call);
void call16_words(uint32_t base, uint32_t entry, struct call *call);

/* The same for a routine that returns near: by way of a far one in start.S. */
void call32near(uint32_t address, struct call *call);

static uint16_t call_ax(uint8_t vector, uint16_t ax)
{
    struct call c = {.ax = ax};
    soft_int(vector, &c);
    return c.ax;
}

static void serial_print(const ROM char *s)
{
    for (uint8_t c; (c = rom_get(*s)) != 0; s++)
        call_ax(0x14, 0x0100 | c);
}

static bool memory_sizes(void)
{
    return call_ax(0x12, 0) == 639 && bda_get(ebda) == 639 * 64 && far_get8(bda_get(ebda), 0) == 1 &&
           call_ax(0x11, 0) & 0x20;
}

static uint8_t cmos(uint8_t at)
{
    outb(0x70, at);
    return inb(0x71);
}

static uint32_t features(void)
{
    uint32_t changed, flags, edx = 0;
    asm volatile("pushfl; popl %0; movl %0, %1; xorl $0x200000, %1; pushl %1; popfl; pushfl; popl %1; xorl %1, %0"
                 : "=&r"(changed), "=&r"(flags));
    if (changed & 0x200000)
        asm volatile("cpuid" : "=d"(edx) : "a"(1) : "ebx", "ecx");
    return edx;
}

static uint32_t msr(uint32_t number, uint32_t *high)
{
    uint32_t low;
    asm volatile("rdmsr" : "=a"(low), "=d"(*high) : "c"(number));
    return low;
}

/* Ranges of write-back memory follow each other and end where memory does. */
static bool caches_are_on(void)
{
    uint32_t cr0, high, end = 0;
    asm volatile("movl %%cr0, %0" : "=r"(cr0));
    if (cr0 & 0x60000000 || !(features() & 1 << 12))
        return !(cr0 & 0x60000000);
    for (uint32_t i = 0x200; i < 0x210; i += 2) {
        uint32_t base = msr(i, &high), mask = msr(i + 1, &high);
        if (!(mask & 0x800))
            continue;
        if (base != (end | 6) || high != 0xF)
            return false;
        end -= mask & 0xFFFFF000;
    }
    return end == 0x100000 + ((uint32_t)(cmos(0x30) | cmos(0x31) << 8) << 10) && msr(0x2FF, &high) == 0xC00 &&
           msr(0x250, &high) == 0x06060606 && msr(0x258, &high) == high && high == 0x06060606 && !msr(0x259, &high) &&
           !msr(0x26D, &high) && msr(0x26F, &high) == 0x05050505;
}

static bool upper_halves_and_registers_survive(void)
{
    return !registers_changed(0x10, 0x1A02) && !registers_changed(0x16, 0x0100) && !registers_changed(0x11, 0) &&
           !registers_changed(0x13, 0x0100) && !registers_changed(0x15, 0x2401) && !registers_changed(0x15, 0x2400) &&
           !registers_changed(0x08, 0) && !registers_changed(0x17, 0x0200);
}

static bool ticks_pass_while_halted(void)
{
    uint32_t before = bda_get(ticks);
    for (int i = 0; i < 1000 && bda_get(ticks) - before < 3; i++) {
        interrupts_on();
        asm volatile("hlt");
    }
    struct call c = {.ax = 0};
    soft_int(0x1A, &c);
    return bda_get(ticks) - before >= 3 && ((uint32_t)c.cx << 16 | c.dx) - before < 10;
}

static bool is_bcd(uint8_t v, uint8_t limit)
{
    return (v & 15) <= 9 && v >> 4 <= 9 && v <= limit;
}

static bool clock_and_date_are_bcd(void)
{
    struct call t = {.ax = 0x0200}, d = {.ax = 0x0400};
    soft_int(0x1A, &t);
    soft_int(0x1A, &d);
    return !((t.flags | d.flags) & FLAG_CF) && is_bcd(t.ch, 0x23) && is_bcd(t.cl, 0x59) && is_bcd(t.dh, 0x59) &&
           d.ch >= 0x19 && is_bcd(d.cl, 0x99) && is_bcd(d.dh, 0x12) && is_bcd(d.dl, 0x31);
}

static bool date_can_be_set(void)
{
    struct call old = {.ax = 0x0400};
    soft_int(0x1A, &old);
    struct call set = {.ax = 0x0500, .cx = 0x1998, .dx = 0x0704}, get = {.ax = 0x0400};
    soft_int(0x1A, &set);
    soft_int(0x1A, &get);
    old.ax = 0x0500;
    soft_int(0x1A, &old);
    return get.cx == 0x1998 && get.dx == 0x0704;
}

static void cursor_to(uint16_t place)
{
    struct call c = {.ax = 0x0200, .dx = place};
    soft_int(0x10, &c);
}

static uint16_t cursor_at(void)
{
    struct call c = {.ax = 0x0300};
    soft_int(0x10, &c);
    return c.dx;
}

static uint16_t cell_at(uint16_t place)
{
    cursor_to(place);
    return call_ax(0x10, 0x0800);
}

static void put_cells(uint16_t place, uint16_t ax, uint8_t attribute, uint16_t count)
{
    struct call c = {.ax = ax, .bx = attribute, .cx = count};
    cursor_to(place);
    soft_int(0x10, &c);
}

static bool text_is_written_and_scrolled(void)
{
    call_ax(0x10, 0x0003);
    put_cells(0x184F, 0x0900 | 'Q', 0x1E, 1);
    put_cells(0x184E, 0x0A00 | 'R', 0x33, 1);
    bool written = cell_at(0x184F) == 0x1E51 && cell_at(0x184E) == 0x0752;
    cursor_to(0x184F);
    call_ax(0x10, 0x0E00 | 'Z');
    bool scrolled = cursor_at() == 0x1800 && cell_at(0x174F) == 0x1E5A && cell_at(0x1800) == 0x0720;
    struct call down = {.ax = 0x0701, .bx = 0x4F00, .cx = 0x0000, .dx = 0x184F};
    soft_int(0x10, &down);
    return written && scrolled && cell_at(0x184F) == 0x1E5A && cell_at(0x0000) == 0x4F20;
}

static bool teletype_obeys_controls(void)
{
    call_ax(0x10, 0x0003);
    cursor_to(0x0505);
    call_ax(0x10, 0x0E08);
    bool back = cursor_at() == 0x0504;
    call_ax(0x10, 0x0E0A);
    bool down = cursor_at() == 0x0604;
    call_ax(0x10, 0x0E0D);
    return back && down && cursor_at() == 0x0600;
}

static bool pages_keep_their_cursors(void)
{
    call_ax(0x10, 0x0003);
    cursor_to(0x0102);
    call_ax(0x10, 0x0501);
    struct call c = {.ax = 0x0300, .bx = 0x0100};
    soft_int(0x10, &c);
    bool fresh = c.dx == 0 && bda_get(video_page_start) == 0x1000;
    call_ax(0x10, 0x0500);
    return fresh && cursor_at() == 0x0102;
}

static bool fifty_rows_with_the_small_font(void)
{
    struct call c = {.ax = 0x1112}, i = {.ax = 0x1130, .bx = 0x0300};
    call_ax(0x10, 0x0003);
    soft_int(0x10, &c);
    soft_int(0x10, &i);
    bool small = bda_get(video_rows) == 49 && bda_get(char_height) == 8 && i.cx == 8 && (uint8_t)i.dx == 49;
    cursor_to(0x3100);
    call_ax(0x10, 0x0E0A);
    bool last_row = cursor_at() == 0x3100;
    call_ax(0x10, 0x0003);
    return small && last_row && bda_get(video_rows) == 24;
}

static uint8_t pixel(uint16_t x, uint16_t y, uint8_t colour)
{
    struct call put = {.ax = 0x0C00 | colour, .cx = x, .dx = y}, get = {.ax = 0x0D00, .cx = x, .dx = y};
    soft_int(0x10, &put);
    soft_int(0x10, &get);
    return get.al;
}

static ROM_DATA uint8_t modes[] = {0x04, 0x06, 0x0D, 0x0E, 0x10, 0x11, 0x12, 0x13};

static bool pixels_in_each_graphics_mode(void)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
        call_ax(0x10, rom_get(modes[i]));
        if (pixel(13, 101, 1) != 1 || pixel(14, 100, 1) != 1 || pixel(13, 101, 0) != 0 ||
            (rom_get(modes[i]) != 0x13 && pixel(14, 100, 0x81) != 0))
            return false;
    }
    call_ax(0x10, 0x0013);
    return pixel(319, 199, 0xC7) == 0xC7 && far_get8(0xA000, 63999) == 0xC7;
}

static bool characters_in_each_graphics_mode(void)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
        call_ax(0x10, rom_get(modes[i]));
        put_cells(0x0203, 0x0900 | 'A', 1, 2);
        put_cells(0x1800, 0x0900 | 'g', 1, 1);
        if ((uint8_t)cell_at(0x0204) != 'A' || (uint8_t)cell_at(0x1800) != 'g')
            return false;
        struct call up = {.ax = 0x0601, .bx = 0, .cx = 0, .dx = 0x1827};
        soft_int(0x10, &up);
        if ((uint8_t)cell_at(0x0104) != 'A' || (uint8_t)cell_at(0x1700) != 'g' || (uint8_t)cell_at(0x1800) == 'g')
            return false;
    }
    call_ax(0x10, 0x0003);
    return true;
}

static bool colours_read_back(void)
{
    struct call set = {.ax = 0x1010, .bx = 200, .cx = 0x0A0B, .dx = 0x0900}, get = {.ax = 0x1015, .bx = 200};
    struct call attribute = {.ax = 0x1000, .bx = 0x2A05}, read = {.ax = 0x1007, .bx = 0x0005};
    soft_int(0x10, &set);
    soft_int(0x10, &get);
    soft_int(0x10, &attribute);
    soft_int(0x10, &read);
    call_ax(0x10, 0x0003);
    return get.cx == 0x0A0B && get.dh == 9 && read.bh == 0x2A;
}

static bool display_is_vga(void)
{
    struct call c = {.ax = 0x1A00}, f = {.ax = 0x1B00, .es = BUFFER};
    soft_int(0x10, &c);
    soft_int(0x10, &f);
    return c.al == 0x1A && c.bl == 8 && f.al == 0x1B;
}

/* The states of INT 10h/1Ch by the bit of CX that chooses each, and the bytes that it has in a buffer. */
enum { STATES = 3, PARTIAL = 0, BEFORE = 0x400, BETWEEN = 0x800, AFTER = 0xC00, STATE_LIMIT = 0x400, UNTOUCHED = 0xA5 };
static ROM_DATA uint16_t state_bytes[STATES] = {64, 64, 832};
static ROM_DATA uint16_t state_used[STATES] = {61, 45, 769};

static bool bytes_equal(uint16_t a, uint16_t b, uint16_t bytes)
{
    while (bytes && far_get8(BUFFER, a + bytes - 1) == far_get8(BUFFER, b + bytes - 1))
        bytes--;
    return bytes == 0;
}

static bool state_call(uint8_t function, uint16_t states, uint16_t at)
{
    struct call c = {.ax = 0x1C00 | function, .bx = at, .cx = states, .es = BUFFER};
    if (function == 1)
        far_fill16(BUFFER, at, UNTOUCHED << 8 | UNTOUCHED, STATE_LIMIT / 2);
    soft_int(0x10, &c);
    return c.al == 0x1C;
}

/* The data area's part: 40:49 to 40:66, 40:84 to 40:8A, vectors 1Fh and 43h. The DAC's: mask and 256 colours. */
static bool states_are_those_of_the_display(uint16_t at)
{
    static ROM_DATA struct {
        uint16_t from, bytes;
    } pieces[] = {{0x449, 0x1E}, {0x484, 7}, {0x1F * 4, 4}, {0x43 * 4, 4}};
    bool good = far_get8(BUFFER, at + 60) == inb(0x3CC);

    outb(0x3C4, 2);
    good = good && far_get8(BUFFER, at + 2) == inb(0x3C5);
    for (uint8_t i = 0; i < 25; i++) {
        outb(0x3D4, i);
        good = good && far_get8(BUFFER, at + 5 + i) == inb(0x3D5);
    }
    at += rom_get(state_bytes[0]);
    for (unsigned i = 0, to = at; i < ARRAY_LENGTH(pieces); i++)
        for (unsigned n = 0; n < rom_get(pieces[i].bytes); n++, to++)
            good = good && far_get8(BUFFER, to) == far_get8(0, rom_get(pieces[i].from) + n);
    at += rom_get(state_bytes[1]);
    good = good && far_get8(BUFFER, at) == inb(0x3C6);
    outb(0x3C7, 0);
    for (unsigned i = 0; i < 768; i++)
        good = good && far_get8(BUFFER, at + 1 + i) == inb(0x3C9);
    return good;
}

/* Each combination: what it names is saved, byte for byte, and comes back; what it does not name stays as it is, and no
 * more memory is written. */
static bool state_combination(uint16_t states)
{
    struct call size = {.ax = 0x1C00, .cx = states}, colour = {.ax = 0x1010, .bx = 200, .cx = 0x0A0B, .dx = 0x0900};
    uint16_t at = PARTIAL, full = 0;

    call_ax(0x10, 0x0003);
    cursor_to(0x0507);
    soft_int(0x10, &colour);
    soft_int(0x10, &size);
    bool good = state_call(1, 7, BEFORE) && states_are_those_of_the_display(BEFORE) && state_call(1, states, PARTIAL);
    call_ax(0x10, 0x0013);
    good = good && state_call(1, 7, BETWEEN) && state_call(2, states, PARTIAL) && state_call(1, 7, AFTER);
    for (unsigned i = 0; i < STATES; i++) {
        uint16_t bytes = rom_get(state_bytes[i]), used = rom_get(state_used[i]);
        bool named = states >> i & 1;
        good = good && !bytes_equal(BEFORE + full, BETWEEN + full, used) &&
               bytes_equal(AFTER + full, (named ? BEFORE : BETWEEN) + full, used) &&
               (!named || bytes_equal(at, BEFORE + full, used));
        at += named ? bytes : 0;
        full += bytes;
    }
    good = good && size.al == 0x1C && size.bx * 64 == at;
    while (at < STATE_LIMIT)
        good = good && far_get8(BUFFER, at++) == UNTOUCHED;
    return good;
}

static bool display_state_is_saved_and_restored(void)
{
    bool good = true;
    for (uint16_t states = 0; states < 1 << STATES; states++)
        good = state_combination(states) && good;
    call_ax(0x10, 0x0003);
    return good;
}

/* Puts a scan code into the keyboard controller and lets its interrupt through. */
static void scan(uint8_t code)
{
    while (inb(0x64) & 2)
        ;
    outb(0x64, 0xD2);
    while (inb(0x64) & 2)
        ;
    outb(0x60, code);
    interrupts_on();
    delay(1);
    for (int i = 0; i < 100 && inb(0x64) & 1; i++)
        delay(1);
}

static uint16_t key(uint16_t function)
{
    return call_ax(0x16, function);
}

static bool keys_become_codes(void)
{
    scan(0x1E), scan(0x9E);
    bool plain = key(0) == 0x1E61;
    scan(0x2A), scan(0x1E), scan(0x9E), scan(0xAA);
    bool shifted = key(0) == 0x1E41;
    scan(0x1D), scan(0x2E), scan(0xAE), scan(0x9D);
    bool control = key(0) == 0x2E03;
    scan(0x38), scan(0x10), scan(0x90), scan(0xB8);
    bool alternate = key(0) == 0x1000;
    scan(0xE0), scan(0x48), scan(0xE0), scan(0xC8);
    bool enhanced = key(0x1000) == 0x48E0;
    scan(0xE0), scan(0x48), scan(0xE0), scan(0xC8);
    return plain && shifted && control && alternate && enhanced && key(0) == 0x4800;
}

static bool alt_and_digits_make_a_character(void)
{
    scan(0x38), scan(0x4D), scan(0xCD), scan(0x4C), scan(0xCC), scan(0xB8);
    return key(0) == 65;
}

static bool caps_lock_toggles_and_is_lit(void)
{
    scan(0x3A), scan(0xBA), scan(0x30), scan(0xB0);
    bool upper = key(0) == 0x3042;
    delay(50);
    bool lit = (bda_get(kbd_leds) & 0x47) == 0x04;
    scan(0x3A), scan(0xBA), scan(0x30), scan(0xB0);
    bool lower = key(0) == 0x3062;
    delay(50);
    return upper && lit && lower && (bda_get(kbd_leds) & 0x47) == 0;
}

static bool num_lock_turns_the_keypad_to_digits(void)
{
    scan(0x45), scan(0xC5), scan(0x48), scan(0xC8);
    bool digit = key(0) == 0x4838;
    scan(0x45), scan(0xC5), scan(0x48), scan(0xC8);
    return digit && key(0) == 0x4800;
}

static bool break_empties_the_buffer(void)
{
    scan(0x1E), scan(0x9E), scan(0x1D), scan(0xE0), scan(0x46), scan(0xE0), scan(0xC6), scan(0x9D);
    return bda_get(ctrl_break) == 0x80 && key(0) == 0;
}

static bool pushed_key_comes_back(void)
{
    struct call push = {.ax = 0x0500, .cx = 0x3062}, check = {.ax = 0x0100};
    soft_int(0x16, &push);
    soft_int(0x16, &check);
    bool there = !(check.flags & FLAG_ZF) && check.ax == 0x3062 && key(0) == 0x3062;
    struct call none = {.ax = 0x0100};
    soft_int(0x16, &none);
    return there && none.flags & FLAG_ZF;
}

static bool memory_map_adds_up(void)
{
    struct call c = {.edx = 0x534D4150, .es = BUFFER}, e = {.ax = 0xE801};
    uint32_t sizes[2] = {0, 0}, entry[5], end = 0;

    do {
        c.eax = 0xE820;
        c.ecx = 20;
        soft_int(0x15, &c);
        if (c.flags & FLAG_CF || c.eax != 0x534D4150)
            return false;
        far_read(entry, BUFFER, 0, sizeof(entry));
        if (entry[1] || entry[3] || entry[0] < end || (entry[0] == 0 && end)) /* sorted, and below 4 GiB */
            return false;
        end = entry[0] + entry[2];
        if (entry[4] == 1)
            sizes[entry[0] != 0] += entry[2];
    } while (c.ebx);
    soft_int(0x15, &e);
    return sizes[0] == 639 * 1024 && sizes[1] == e.ax * 1024u + e.bx * 65536u &&
           call_ax(0x15, 0x8800) == sizes[1] >> 10;
}

static bool a20_switches(void)
{
    call_ax(0x15, 0x2401);
    bool on = (uint8_t)call_ax(0x15, 0x2402) == 1;
    far_put16(0, 0x700, 0x1234);
    far_put16(0xFFFF, 0x710, 0x4321);
    bool apart = far_get16(0, 0x700) == 0x1234;
    call_ax(0x15, 0x2400);
    return on && apart && (uint8_t)call_ax(0x15, 0x2402) == 0 && far_get16(0xFFFF, 0x710) == 0x1234;
}

static void block_move(uint32_t from, uint32_t to, uint16_t words, struct call *c)
{
    uint16_t table[24] = {0};
    table[8] = table[12] = 0xFFFF;
    table[9] = (uint16_t)from;
    table[10] = 0x9300 | (uint8_t)(from >> 16);
    table[11] = from >> 24 << 8;
    table[13] = (uint16_t)to;
    table[14] = 0x9300 | (uint8_t)(to >> 16);
    table[15] = to >> 24 << 8;
    *c = (struct call){.ax = 0x8700, .cx = words, .si = (uint16_t)(uint32_t)table, .es = 0};
    soft_int(0x15, c);
}

static bool blocks_move_above_one_megabyte(void)
{
    struct call there, back;
    for (uint16_t i = 0; i < 512; i += 2)
        far_put16(BUFFER, i, i * 77);
    block_move(BUFFER * 16, 0x234560, 256, &there);
    far_fill16(BUFFER, 0, 0, 256);
    block_move(0x234560, BUFFER * 16, 256, &back);
    if ((there.flags | back.flags) & FLAG_CF || there.ah || back.ah)
        return false;
    for (uint16_t i = 0; i < 512; i += 2)
        if (far_get16(BUFFER, i) != (uint16_t)(i * 77))
            return false;
    return (uint8_t)call_ax(0x15, 0x2402) == 0;
}

/* The far routine in start.S that counts at 0:620 the interrupts of the clock, and continues at 0:624. */
extern const char clock_counter[];

/* Time is counted in interrupts of the clock, at 1,024 Hz by its register A, and not compared with another clock's: on
 * QEMU periods are lost while the host is busy, or the guest halted under -icount sleep=off, and with them time; on
 * Bochs 2.7 counter 0 of the 8254 runs at half its rate in mode 3 with 65,536 counts. */
static bool waits_end(void)
{
    struct call wait = {.ax = 0x8600, .cx = 0x0003, .dx = 0x0D40}, event = {.ax = 0x8300, .dx = 20000, .es = BUFFER};
    uint16_t offset = vector_offset(0x70), segment = vector_segment(0x70);
    uint32_t before = bda_get(ticks);
    far_put16(0, 0x624, offset);
    far_put16(0, 0x626, segment);
    far_put16(0, 0x620, 0);
    set_vector(0x70, 0x1000, (uint16_t)(uint32_t)clock_counter);
    soft_int(0x15, &wait);
    uint16_t waited = far_get16(0, 0x620);
    bool ticked = bda_get(ticks) != before;
    far_put8(BUFFER, 0, 0);
    far_put16(0, 0x620, 0);
    soft_int(0x15, &event);
    struct call busy = {.ax = 0x8600, .dx = 1000};
    soft_int(0x15, &busy);
    for (before = bda_get(ticks); bda_get(ticks) - before < 91 && !far_get8(BUFFER, 0);)
        asm volatile("sti; hlt");
    uint16_t passed = far_get16(0, 0x620);
    set_vector(0x70, segment, offset);
    return !(wait.flags & FLAG_CF) && waited == 205 && ticked && (cmos(0x0A) & 0x7F) == 0x26 && busy.ah == 0x83 &&
           busy.flags & FLAG_CF && far_get8(BUFFER, 0) == 0x80 && passed == 21 && !(cmos(0x0B) & 0x40);
}

/* The far routine in start.S that notes at 0:62C which devices INT 15h/90h and 91h name, and continues at 0:630. */
extern const char wait_hook[];

static uint16_t waits_noted(void (*act)(void))
{
    uint16_t offset = vector_offset(0x15), segment = vector_segment(0x15);
    far_put16(0, 0x62C, 0);
    far_put16(0, 0x630, offset);
    far_put16(0, 0x632, segment);
    set_vector(0x15, 0x1000, (uint16_t)(uint32_t)wait_hook);
    act();
    set_vector(0x15, segment, offset);
    return far_get16(0, 0x62C);
}

/* The key comes while INT 16h waits for it. */
static void key_wait(void)
{
    interrupts_off();
    outb(0x64, 0xD2);
    while (inb(0x64) & 2)
        ;
    outb(0x60, 0x1E);
    key(0);
    scan(0x9E);
}

static void floppy_verify(void)
{
    struct call reset = {.ax = 0}, verify = {.ax = 0x0401, .cx = 0x0001};
    soft_int(0x13, &reset);
    soft_int(0x13, &verify);
}

static bool keyboard_waits_are_told(void)
{
    return waits_noted(key_wait) == 0x0404;
}

static bool floppy_waits_are_told(void)
{
    return waits_noted(floppy_verify) == 0x0202;
}

static bool configuration_is_an_at(void)
{
    struct call c = {.ax = 0xC000}, e = {.ax = 0xC100}, none = {.ax = 0x1234};
    soft_int(0x15, &c);
    soft_int(0x15, &e);
    soft_int(0x15, &none);
    return far_get8(c.es, c.bx + 2) == 0xFC && e.es == bda_get(ebda) && none.ah == 0x86 && none.flags & FLAG_CF;
}

static bool tables_lie_where_the_at_had_them(void)
{
    return far_get16(0xF000, 0xE401) == 306 && far_get16(0xF000, 0xE411) == 615 && far_get8(0xF000, 0xE413) == 4 &&
           far_get8(0xF000, 0xE6EF) == 0 && far_get16(0xF000, 0xE729) == 1047 && far_get16(0xF000, 0xE737) == 12 &&
           far_get16(0xF000, 0xFEF3) == 0xFEA5 && far_get16(0xF000, 0xFF21) == 0 &&
           far_get16(0xF000, 0xFEF3 + 11 * 2) == 0xE3FE && far_get8(0xF000, 0xFF53) == 0xCF &&
           vector_offset(0x0B) == 0xFF23 && vector_offset(0x1E) == 0xEFC7;
}

static bool memory_is_told_alike(void)
{
    struct call all = {.ax = 0x8A00}, parts = {.ax = 0xE801};
    soft_int(0x15, &all);
    soft_int(0x15, &parts);
    return !(all.flags & FLAG_CF) && ((uint32_t)all.dx << 16 | all.ax) == parts.cx + parts.dx * 64u &&
           parts.cx >= 15 * 1024u - 64 && call_ax(0x15, 0x8800) == parts.cx;
}

static bool power_management_is_there(void)
{
    struct call check = {.ax = 0x5300}, idle = {.ax = 0x5305}, bad = {.ax = 0x5307, .bx = 7, .cx = 1};
    soft_int(0x15, &check);
    soft_int(0x15, &idle);
    soft_int(0x15, &bad);
    return check.ax == 0x0102 && check.bx == 0x504D && !(idle.flags & FLAG_CF) && bad.flags & FLAG_CF && bad.ah == 9;
}

static uint8_t apm(uint16_t ax, uint16_t bx, uint16_t cx)
{
    struct call c = {.ax = ax, .bx = bx, .cx = cx};
    soft_int(0x15, &c);
    return c.flags & FLAG_CF ? c.ah : 0;
}

static bool power_management_connects_once(void)
{
    bool first = apm(0x5301, 0, 0) == 0, again = apm(0x5303, 0, 0) == 0x02, gone = apm(0x5304, 0, 0) == 0;
    return first && again && gone && apm(0x5304, 0, 0) == 0x03 && apm(0x530B, 0, 0) == 0x80 &&
           apm(0x5307, 1, 2) == 0x60 && apm(0x530E, 0, 0x0102) == 0;
}

static bool power_management_by_32_bits(void)
{
    struct call c = {.ax = 0x5303}, status = {.ax = 0x530A, .bx = 1}, bad = {.ax = 0x530A, .bx = 5};
    struct call off = {.ax = 0x5304}, late = {.ax = 0x530A, .bx = 1};
    soft_int(0x15, &c);
    uint32_t base = c.ax * 16u, entry = c.ebx;
    status.es = bad.es = off.es = late.es = c.dx;
    bool connected = !(c.flags & FLAG_CF) && apm(0x5301, 0, 0) == 0x07;
    call32(base, entry, &status);
    call32(base, entry, &bad);
    call32(base, entry, &off);
    call32(base, entry, &late);
    return connected && status.bx == 0x01FF && !(status.flags & FLAG_CF) && bad.ah == 0x09 && bad.flags & FLAG_CF &&
           !(off.flags & FLAG_CF) && late.ah == 0x03;
}

static bool power_management_by_16_bits(void)
{
    struct call c = {.ax = 0x5302}, status = {.ax = 0x530A, .bx = 1, .esi = 0xABCD1234}, off = {.ax = 0x5304};
    soft_int(0x15, &c);
    uint32_t base = c.ax * 16u;
    uint16_t entry = c.bx;
    status.es = off.es = c.cx;
    bool connected = !(c.flags & FLAG_CF) && apm(0x5301, 0, 0) == 0x05;
    call16(base, entry, &status);
    call16(base, entry, &off);
    return connected && status.bx == 0x01FF && status.esi == 0xABCD0000 && !(off.flags & FLAG_CF) &&
           apm(0x5304, 0, 0) == 0x03;
}

/* INT 13h with the buffer BUFFER:0000. */
static uint8_t disk_call(uint16_t ax, uint16_t cx, uint16_t dx)
{
    struct call c = {.ax = ax, .cx = cx, .dx = dx, .es = BUFFER};
    soft_int(0x13, &c);
    return c.flags & FLAG_CF ? c.ah : 0;
}

static void fill_buffer(uint16_t v)
{
    for (uint16_t i = 0; i < 0x2400; i += 2)
        far_put16(BUFFER, i, v ^ i);
}

static bool buffer_holds(uint16_t v, uint16_t bytes)
{
    for (uint16_t i = 0; i < bytes; i += 2)
        if (far_get16(BUFFER, i) != (v ^ i))
            return false;
    return true;
}

static bool floppy_reads_what_was_written(void)
{
    fill_buffer(0xBEEF);
    bool written = disk_call(0x0312, 0x2801, 0x0100) == 0;
    fill_buffer(0);
    return written && disk_call(0x0412, 0x2801, 0x0100) == 0 && disk_call(0x0212, 0x2801, 0x0100) == 0 &&
           buffer_holds(0xBEEF, 0x2400) && bda_get(fd_status) == 0;
}

static bool floppy_refuses_what_dma_cannot(void)
{
    struct call c = {.ax = 0x0202, .bx = 0xFE00, .cx = 0x0001, .dx = 0, .es = BUFFER};
    soft_int(0x13, &c);
    return c.flags & FLAG_CF && c.ah == 0x09 && call_ax(0x13, 0x0100) >> 8 == 0x09;
}

static bool floppy_sector_that_is_not_there(void)
{
    return disk_call(0x0201, 0x0063, 0x0000) != 0 && disk_call(0x0000, 0, 0) == 0 &&
           disk_call(0x0201, 0x0001, 0x0000) == 0 && far_get16(BUFFER, 510) == 0xAA55;
}

static bool floppy_parameters(void)
{
    struct call c = {.ax = 0x0800}, t = {.ax = 0x1500}, none = {.ax = 0x1500, .dx = 1};
    soft_int(0x13, &c);
    soft_int(0x13, &t);
    soft_int(0x13, &none);
    return c.ch == 79 && c.cl >= 18 && c.dh == 1 && c.dl == 1 && far_get8(c.es, c.di + 4) == c.cl && t.ah == 2 &&
           none.ah == 0;
}

static bool floppy_track_is_formatted(void)
{
    for (uint16_t i = 0; i < 18; i++) {
        far_put16(BUFFER, i * 4, 0x0046);
        far_put16(BUFFER, i * 4 + 2, 0x0200 | (i + 1));
    }
    struct call media = {.ax = 0x1800, .cx = 0x4F12, .dx = 0};
    soft_int(0x13, &media);
    if (media.flags & FLAG_CF || disk_call(0x0512, 0x4601, 0x0000) != 0)
        return false;
    return disk_call(0x0201, 0x4612, 0x0000) == 0; /* QEMU does not write the filler */
}

struct packet {
    uint16_t size, count, offset, segment;
    uint32_t lba, lba_high;
};

static uint8_t edd(uint16_t ax, uint32_t lba, uint16_t count, uint16_t segment, uint16_t offset)
{
    struct packet p = {16, count, offset, segment, lba, 0};
    struct call c = {.ax = ax, .dx = 0x81, .si = (uint16_t)(uint32_t)&p};
    soft_int(0x13, &c);
    return c.flags & FLAG_CF ? c.ah : p.count == count ? 0 : 0xEE;
}

static bool disk_cylinders_and_blocks_agree(void)
{
    struct call g = {.ax = 0x0800, .dx = 0x81};
    soft_int(0x13, &g);
    uint32_t heads = g.dh + 1, sectors = g.cl & 63, lba = (400 * heads + 9) * sectors + 16;
    fill_buffer(0xD15C);
    if (edd(0x4300, lba, 18, BUFFER, 0) != 0)
        return false;
    fill_buffer(0);
    return disk_call(0x0212, 400 % 256 << 8 | 400 / 256 << 6 | 17, 0x0981) == 0 && buffer_holds(0xD15C, 0x2400);
}

static bool disk_writes_by_cylinders(void)
{
    struct call g = {.ax = 0x0800, .dx = 0x81};
    soft_int(0x13, &g);
    uint32_t lba = (3 * (g.dh + 1) + 2) * (g.cl & 63);
    fill_buffer(0x7777);
    bool written = disk_call(0x0303, 0x0301, 0x0281) == 0;
    fill_buffer(0);
    return written && edd(0x4200, lba, 3, BUFFER + 1, 0xFFF0) == 0 && disk_call(0x0403, 0x0301, 0x0281) == 0 &&
           far_get16(BUFFER + 0x1000, 0) == 0x7777;
}

static bool disk_limits(void)
{
    uint8_t result[66];
    struct call c = {.ax = 0x4800, .dx = 0x81, .si = (uint16_t)(uint32_t)result};
    *(uint16_t *)result = sizeof(result);
    soft_int(0x13, &c);
    uint32_t total = *(uint32_t *)(result + 16);
    uint8_t sum = 0;
    for (int i = 30; i < 66; i++)
        sum += result[i];
    return !(c.flags & FLAG_CF) && *(uint16_t *)result == 66 && sum == 0 && *(uint16_t *)(result + 24) == 512 &&
           edd(0x4200, total - 1, 1, BUFFER, 0) == 0 && edd(0x4200, total, 1, BUFFER, 0) != 0 &&
           edd(0x4400, total - 100, 100, 0, 0) == 0 && disk_call(0x0201, 0x0000, 0x0081) != 0 &&
           disk_call(0x0201, 0x0001, 0x0082) == 0x01;
}

/* For the second disk, wherever its DPTE says that it is. */
static bool disk_geometry_is_as_cmos_says(void)
{
    uint8_t e[66] = {66};
    struct call c = {.ax = 0x4800, .dx = 0x81, .si = (uint16_t)(uint32_t)e}, g = {.ax = 0x0800, .dx = 0x81};
    soft_int(0x13, &c);
    soft_int(0x13, &g);
    uint32_t cylinders = *(uint32_t *)(e + 4), heads = *(uint32_t *)(e + 8), sectors = *(uint32_t *)(e + 12),
             total = *(uint32_t *)(e + 16);
    uint16_t dpte = *(uint16_t *)(e + 26), segment = *(uint16_t *)(e + 28);
    uint8_t place = (far_get16(segment, dpte) == 0x1F0 ? 0 : 2) + (far_get8(segment, dpte + 4) >> 4 & 1),
            way = cmos(0x39) >> place * 2 & 3;
    if (way == 3 && heads == 16) {
        heads = 15;
        cylinders = cylinders * 16 / 15;
    }
    if (way >= 2)
        for (; cylinders > 1024 && heads < 128; cylinders /= 2)
            heads *= 2;
    if (way == 1 || (way == 0 && cylinders > 1024)) {
        sectors = 63;
        for (heads = 16; heads < 256 && total / 63 / heads > 1024; heads *= 2)
            ;
        heads = heads == 256 ? 255 : heads;
        cylinders = total / 63 / heads;
    }
    cylinders = cylinders > 1024 ? 1024 : cylinders;
    return c.ah == 0 && ((g.cl & 0xC0) << 2 | g.ch) + 1u == cylinders && g.dh + 1u == heads && (g.cl & 63u) == sectors;
}

static bool disk_extensions_are_announced(void)
{
    struct call c = {.ax = 0x4100, .bx = 0x55AA, .dx = 0x81}, t = {.ax = 0x1500, .dx = 0x81},
                p = {.ax = 0x0800, .dx = 0x81};
    soft_int(0x13, &c);
    soft_int(0x13, &t);
    soft_int(0x13, &p);
    uint32_t chs = ((p.cl & 0xC0) << 2 | p.ch) + 1;
    chs *= (p.dh + 1) * (p.cl & 63);
    return c.bx == 0xAA55 && c.ah == 0x30 && c.cx & 1 && t.ah == 3 && ((uint32_t)t.cx << 16 | t.dx) == chs &&
           p.dl == bda_get(hd_count) && vector_segment(0x41) == bda_get(ebda) &&
           far_get8(bda_get(ebda), 0x3D + 16 + 2) == p.dh + 1;
}

static uint8_t sum(uint16_t segment, uint16_t at, uint16_t bytes)
{
    uint8_t total = 0;
    while (bytes--)
        total += far_get8(segment, at++);
    return total;
}

/* The structure in F000 that begins with four letters at a multiple of 16; 0 if there is none. */
static uint16_t find_structure(uint32_t letters)
{
    for (uint32_t at = 0x10; at < 0x10000; at += 16)
        if ((far_get16(0xF000, at) | (uint32_t)far_get16(0xF000, at + 2) << 16) == letters)
            return at;
    return 0;
}

static uint32_t config(uint16_t function, uint16_t reg)
{
    struct call c = {.ax = 0xB10A, .bx = function, .di = reg};
    soft_int(0x1A, &c);
    return c.flags & FLAG_CF || c.ah ? 0 : c.ecx;
}

static bool pci_is_there(void)
{
    struct call c = {.ax = 0xB101};
    soft_int(0x1A, &c);
    return !(c.flags & FLAG_CF) && c.ah == 0 && c.edx == 0x20494350;
}

static bool pci_functions_are_found(void)
{
    struct call host = {.ax = 0xB102, .cx = 0x1237, .dx = 0x8086},
                none = {.ax = 0xB102, .cx = 0x1237, .dx = 0x8086, .si = 1};
    struct call isa = {.ax = 0xB103, .ecx = 0x060100}, bad = {.ax = 0xB109, .bx = 0, .di = 3};
    soft_int(0x1A, &host);
    soft_int(0x1A, &none);
    soft_int(0x1A, &isa);
    soft_int(0x1A, &bad);
    return !(host.flags & FLAG_CF) && host.bx == 0 && none.ah == 0x86 && none.flags & FLAG_CF && isa.bx == 0x0008 &&
           bad.ah == 0x87 && config(0, 0) == 0x12378086;
}

static bool pci_addresses_and_interrupts_are_assigned(void)
{
    struct call display = {.ax = 0xB103, .ecx = 0x030000}, power = {.ax = 0xB102, .cx = 0x7113, .dx = 0x8086};
    soft_int(0x1A, &display);
    soft_int(0x1A, &power);
    return config(0x09, 0x20) == 0xC001 && config(0x09, 0x04) & 4 && config(0x09, 0x40) == 0x80008000 &&
           config(0x08, 0x60) == 0x0B0A0B0A && config(display.bx, 0x10) >> 28 == 0xE &&
           (config(power.bx, 0x40) & 0xFFC0) == 0x600 && (uint8_t)config(power.bx, 0x3C) == 9;
}

/* Each pin has an IRQ of the router's, which the firmware has made level-triggered; no other is, but for the SCI. */
static bool pci_interrupts_are_level_triggered(void)
{
    uint16_t levels = inb(0x4D0) | inb(0x4D1) << 8, used = 0;

    for (uint16_t function = 0; function < 256; function++) {
        uint32_t id = config(function, 0), line = config(function, 0x3C);
        if (id == 0 || id == 0xFFFFFFFF || !(line >> 8 & 0xFF))
            continue;
        if (!(levels >> (line & 15) & 1))
            return false;
        used |= 1 << (line & 15);
    }
    return used && !(used & ~0x0E00) && levels == 0x0E00;
}

/* Words of IDENTIFY DEVICE or, for `packet`, IDENTIFY PACKET DEVICE come to BUFFER. The channel's interrupt is off
 * meanwhile. */
static bool identify(uint16_t base, uint8_t select, bool packet)
{
    uint16_t control = base + 0x206;
    uint32_t words = 256, at = 0, tries = 0;

    outb(control, 0x0A);
    outb(base + 6, select);
    for (unsigned i = 0; i < 4; i++)
        inb(control);
    outb(base + 7, packet ? 0xA1 : 0xEC);
    for (unsigned i = 0; i < 4; i++)
        inb(control);
    while (inb(control) & 0x80 && ++tries < 1000000)
        ;
    bool good = (inb(base + 7) & 0x09) == 0x08;
    if (good)
        asm volatile("pushw %%es; movw %w3, %%es; rep insw; popw %%es"
                     : "+D"(at), "+c"(words)
                     : "d"(base), "r"(BUFFER)
                     : "memory");
    outb(control, 0x08);
    return good;
}

/* NT's driver uses DMA with drives of which the firmware says so (KB Q158873): bits 5 and 6 of each channel's
 * status. */
static bool bus_master_knows_which_drives_have_dma(void)
{
    uint16_t ports = config(0x09, 0x20) & 0xFFF0;

    for (uint8_t place = 0; place < 4; place++) {
        uint16_t base = place < 2 ? 0x1F0 : 0x170;
        uint8_t select = place & 1 ? 0xB0 : 0xA0, status = inb(ports + 2 + (place < 2 ? 0 : 8));
        bool there = identify(base, select, false) || identify(base, select, true);
        if ((status >> (5 + (place & 1)) & 1) != (there && far_get16(BUFFER, 98) & 0x0100))
            return false;
    }
    return ports && (config(0x09, 0x08) & 0xFFFFFF00) == 0x01018000;
}

static bool pci_routing_is_told_twice(void)
{
    uint16_t table = find_structure('$' | 'P' << 8 | 'I' << 16 | 'R' << 24), bytes = far_get16(0xF000, table + 6);
    uint16_t buffer[4] = {bytes - 32, 0, BUFFER};
    struct call c = {.ax = 0xB10E, .di = (uint16_t)(uint32_t)buffer}, small = c;
    soft_int(0x1A, &c);
    buffer[0] = 16;
    soft_int(0x1A, &small);
    if (!table || sum(0xF000, table, bytes) || far_get16(0xF000, table + 12) != 0x8086 ||
        far_get16(0xF000, table + 14) != 0x122E || c.ah || c.bx != 0x0C00 || small.ah != 0x59 ||
        buffer[0] != bytes - 32)
        return false;
    for (uint16_t i = 0; i < bytes - 32; i++)
        if (far_get8(BUFFER, i) != far_get8(0xF000, table + 32 + i))
            return false;
    return true;
}

static bool pci_interrupts_can_be_moved(void)
{
    struct call move = {.ax = 0xB10F, .bx = 0x18, .cx = 0x050A}, back = {.ax = 0xB10F, .bx = 0x18, .cx = 0x0A0A};
    soft_int(0x1A, &move);
    bool moved = move.ah == 0 && config(0x08, 0x60) == 0x0B050B0A && inb(0x4D0) & 0x20;
    soft_int(0x1A, &back);
    outb(0x4D0, 0);
    back.ax = 0xB10F, back.cx = 0x0C0A;
    soft_int(0x1A, &back);
    return moved && back.ah == 0x88 && config(0x08, 0x60) == 0x0B0A0B0A;
}

static bool pci_answers_in_protected_mode(void)
{
    uint16_t directory = find_structure('_' | '3' << 8 | '2' << 16 | '_' << 24);
    uint32_t entry = far_get16(0xF000, directory + 4) | (uint32_t)far_get16(0xF000, directory + 6) << 16;
    struct call find = {.eax = 0x49435024}, other = {.eax = 0x49435025};
    if (!directory || sum(0xF000, directory, 16))
        return false;
    call32(0, entry, &find);
    call32(0, entry, &other);
    struct call there = {.ax = 0xB101}, read = {.ax = 0xB10A, .bx = 0x08, .di = 0x60},
                none = {.ax = 0xB102, .dx = 0xFFFF};
    call32(0, find.ebx + find.edx, &there);
    call32(find.ebx, find.edx, &read);
    call32(find.ebx, find.edx, &none);
    return find.al == 0 && other.al == 0x80 && there.edx == 0x20494350 && there.bx == 0x0210 && read.ah == 0 &&
           read.ecx == 0x0B0A0B0A && !(read.flags & FLAG_CF) && none.ah == 0x83 && none.flags & FLAG_CF;
}

static bool rom_is_write_protected(void)
{
    uint16_t at[] = {0xC000, 0xF000}, place = 0x1000;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t was = far_get8(at[i], place);
        far_put8(at[i], place, ~was);
        if (far_get8(at[i], place) != was)
            return false;
    }
    return sum(0xC000, 0, 0x8000) == 0 && find_structure('$' | 'P' << 8 | 'n' << 16 | 'P' << 24) == 0xE070 &&
           sum(0xF000, 0xE070, far_get8(0xF000, 0xE075)) == 0;
}

/* The far routine in start.S that notes the words of a report at 0:610, and counts at 0:618. */
extern const char mouse_handler[];

static uint8_t mouse(uint8_t function, uint8_t bh, struct call *c)
{
    *c = (struct call){.ax = 0xC200 | function, .bx = bh << 8};
    soft_int(0x15, c);
    return c->flags & FLAG_CF ? c->ah : 0;
}

/* As if the device had sent it: the controller's command D3h. */
static void mouse_sends(uint8_t v)
{
    while (inb(0x64) & 2)
        ;
    outb(0x64, 0xD3);
    while (inb(0x64) & 2)
        ;
    outb(0x60, v);
    interrupts_on();
    delay(5);
}

static bool pointing_device_obeys(void)
{
    struct call c;
    bool reset = mouse(0x01, 0, &c) == 0 && c.bx == 0x00AA;
    bool set = mouse(0x02, 4, &c) == 0 && mouse(0x03, 1, &c) == 0 && mouse(0x06, 2, &c) == 0;
    bool status = mouse(0x06, 0, &c) == 0 && c.bl == 0x10 && c.cl == 1 && c.dl == 80;
    bool refused = mouse(0x02, 7, &c) == 2 && mouse(0x03, 4, &c) == 2 && mouse(0x00, 2, &c) == 2 &&
                   mouse(0x0F, 0, &c) == 1;
    return reset && set && status && refused && mouse(0x04, 0, &c) == 0 && c.bh == 0 && mouse(0x06, 1, &c) == 0;
}

static bool pointing_device_reports(void)
{
    struct call c, handler = {.ax = 0xC207, .bx = (uint16_t)(uint32_t)mouse_handler, .es = 0x1000},
                   none = {.ax = 0xC207};
    bool missing = mouse(0x05, 3, &c) == 0 && mouse(0x00, 1, &c) == 5;
    soft_int(0x15, &handler);
    bool enabled = mouse(0x00, 1, &c) == 0;
    far_put8(0, 0x618, 0);
    mouse_sends(0x09), mouse_sends(0x05);
    bool early = far_get8(0, 0x618) != 0;
    mouse_sends(0xFB);
    bool three = far_get8(0, 0x618) == 1 && far_get16(0, 0x616) == 0x09 && far_get16(0, 0x614) == 0x05 &&
                 far_get16(0, 0x612) == 0xFB && far_get16(0, 0x610) == 0;
    scan(0x1E), scan(0x9E);
    bool typed = key(0) == 0x1E61;
    mouse(0x00, 0, &c);
    soft_int(0x15, &none);
    return missing && enabled && !early && three && typed;
}

/* The specification packet of El Torito, and whether the system was started from a CD at all. */
static bool cd_packet(uint16_t ax, uint8_t drive, uint8_t *packet)
{
    struct call c = {.ax = ax, .dx = drive, .si = (uint16_t)(uint32_t)packet};
    soft_int(0x13, &c);
    return !(c.flags & FLAG_CF) && c.ah == 0;
}

static bool cd_tells_how_it_was_started(void)
{
    uint8_t p[19];
    bool there = cd_packet(0x4B01, 0x7F, p), again = cd_packet(0x4B01, p[2], p);
    return there && again && !cd_packet(0x4B01, 0x81, p) && p[0] == 19 && *(uint32_t *)(p + 4) == 20 && p[14] == 1 &&
           ((p[1] == 2 && p[2] == 0x00) || (p[1] == 4 && p[2] == 0x80)) && p[16] == 79 && p[17] == 18 && p[18] == 1;
}

static uint8_t cd_call(uint16_t ax, uint32_t lba, uint16_t count)
{
    struct packet p = {16, count, 0, BUFFER, lba, 0};
    struct call c = {.ax = ax, .dx = 0xE0, .si = (uint16_t)(uint32_t)&p};
    soft_int(0x13, &c);
    return c.flags & FLAG_CF ? c.ah : 0;
}

static bool cd_blocks_are_read(void)
{
    uint8_t result[66];
    struct call e = {.ax = 0x4100, .bx = 0x55AA, .dx = 0xE0},
                c = {.ax = 0x4800, .dx = 0xE0, .si = (uint16_t)(uint32_t)result};
    *(uint16_t *)result = sizeof(result);
    soft_int(0x13, &e);
    soft_int(0x13, &c);
    return e.bx == 0xAA55 && e.ah == 0x30 && e.cx & 1 && !(c.flags & FLAG_CF) && *(uint16_t *)(result + 24) == 2048 &&
           *(uint32_t *)(result + 16) == 1024 && cd_call(0x4200, 16, 5) == 0 && far_get16(BUFFER, 1) == 0x4443 &&
           far_get8(BUFFER + 0x80, 7) == 'E' && far_get16(BUFFER + 0x200, 510) == 0xAA55 &&
           cd_call(0x4200, 1020, 5) == 0x04 && cd_call(0x4400, 1020, 4) == 0 && cd_call(0x4300, 20, 1) == 0x03;
}

static bool cd_is_locked_and_unlocked(void)
{
    struct call c = {.ax = 0x4502, .dx = 0xE0};
    bool locks = cd_call(0x4500, 0, 0) == 0 && cd_call(0x4600, 0, 0) == 0xB1;
    soft_int(0x13, &c);
    cd_call(0x4900, 0, 0);
    return locks && c.al == 1 && cd_call(0x4501, 0, 0) == 0 && cd_call(0x4501, 0, 0) == 0xB0 &&
           cd_call(0x4900, 0, 0) == 0;
}

static bool cd_image_is_a_write_protected_drive(void)
{
    uint8_t p[19];
    cd_packet(0x4B01, 0x7F, p);
    struct call c = {.ax = 0x0800, .dx = p[2]};
    soft_int(0x13, &c);
    bool shape = c.ch == 79 && c.cl == 18 && c.dh == 1 && c.dl == (p[2] ? bda_get(hd_count) : 2) && c.dl == 2;
    return shape && disk_call(0x0301, 0x0001, p[2]) == 0x03 && disk_call(0x0205, 0x0002, p[2]) == 0 &&
           far_get16(BUFFER, 0) == far_get16(0x1000, 0) &&
           far_get16(BUFFER, 5 * 512 - 2) == far_get16(0x1000, 5 * 512 - 2) &&
           disk_call(0x0201, 0x0013, p[2]) == 0x04 && disk_call(0x0401, 0x0012, p[2]) == 0;
}

static bool cd_image_moves_the_others_up_until_it_ends(void)
{
    uint8_t p[19];
    cd_packet(0x4B01, 0x7F, p);
    uint8_t moved = disk_call(0x0201, 0x0001, p[2] | 1);
    uint16_t there = far_get16(BUFFER, 0x40);
    bool ended = cd_packet(0x4B00, 0x7F, p), over = !cd_packet(0x4B01, 0x7F, p);
    uint8_t back = disk_call(0x0201, 0x0001, p[2]), none = disk_call(0x0201, 0x0001, p[2] | 1);
    return moved == 0 && back == 0 && far_get16(BUFFER, 0x40) == there &&
           (none != 0 || (p[2] && bda_get(hd_count) > 1)) && ended && over;
}

static bool cd_catalog_is_read(void)
{
    struct {
        uint8_t size, count;
        uint16_t offset, segment, first;
    } packet = {8, 1, 0, BUFFER, 0};
    struct call c = {.ax = 0x4D00, .si = (uint16_t)(uint32_t)&packet};
    soft_int(0x13, &c);
    return !(c.flags & FLAG_CF) && far_get8(BUFFER, 0) == 1 && far_get16(BUFFER, 30) == 0xAA55 &&
           far_get8(BUFFER, 32) == 0x88 && far_get8(BUFFER, 40) == 20;
}

/* After its emulation has ended. */
static bool cd_image_becomes_a_drive_again(void)
{
    uint8_t p[19] = {0}, q[19], media = far_get8(BUFFER, 33);
    p[0] = 19, p[1] = media, p[4] = 20, p[14] = 1;
    bool before = !cd_packet(0x4B01, 0x7F, q), begun = cd_packet(0x4A00, 0, p), told = cd_packet(0x4B01, 0x7F, q);
    bool drive = q[2] == (media == 4 ? 0x80 : 0) && disk_call(0x0301, 0x0001, q[2]) == 0x03 &&
                 disk_call(0x0201, 0x0012, q[2]) == 0;
    return before && begun && told && drive && cd_packet(0x4B00, 0x7F, q) && !cd_packet(0x4B01, 0x7F, q);
}

/* Copies from anywhere to SECOND and adds the bytes up. */
static uint8_t sum_far_away(uint32_t from, uint16_t bytes)
{
    struct call c;
    block_move(from, SECOND * 16, (bytes + 1) / 2, &c);
    return sum(SECOND, 0, bytes);
}

static uint32_t second32(uint16_t at)
{
    return far_get16(SECOND, at) | (uint32_t)far_get16(SECOND, at + 2) << 16;
}

static uint16_t rsd_pointer(void)
{
    uint16_t pointer = 16;
    while (pointer &&
           (far_get16(0xF000, pointer) != ('R' | 'S' << 8) || far_get16(0xF000, pointer + 4) != ('P' | 'T' << 8)))
        pointer += 16;
    return pointer;
}

static bool acpi_tables_lead_to_each_other(void)
{
    uint16_t pointer = rsd_pointer();
    uint32_t rsdt = far_get16(0xF000, pointer + 16) | (uint32_t)far_get16(0xF000, pointer + 18) << 16;
    bool good = pointer && sum(0xF000, pointer, 20) == 0 && sum_far_away(rsdt, 40) == 0 && second32(0) == 0x54445352;
    uint32_t fadt = second32(36);
    good = good && sum_far_away(fadt, 116) == 0 && second32(0) == 0x50434146 && second32(56) == 0x600 &&
           far_get16(SECOND, 46) == 9;
    uint32_t facs = second32(36), dsdt = second32(40);
    sum_far_away(dsdt, 36);
    uint16_t bytes = far_get16(SECOND, 4);
    good = good && second32(0) == 0x54445344 && bytes > 1000 && sum_far_away(dsdt, bytes) == 0;
    sum_far_away(facs, 64);
    return good && second32(0) == 0x53434146 && !(facs & 63);
}

static bool acpi_regions_are_in_the_memory_map(void)
{
    struct call c = {.edx = 0x534D4150, .es = BUFFER};
    uint32_t entry[5], end = 0;
    uint8_t types = 0;
    do {
        c.eax = 0xE820;
        c.ecx = 20;
        soft_int(0x15, &c);
        far_read(entry, BUFFER, 0, sizeof(entry));
        if (entry[4] >= 3 && entry[0] != end)
            return false;
        end = entry[0] + entry[2];
        types |= 1 << entry[4];
    } while (c.ebx);
    return types == 0x1E;
}

static bool smbios_structures_are_whole(void)
{
    uint16_t entry = find_structure('_' | 'S' << 8 | 'M' << 16 | '_' << 24), count = far_get16(0xF000, entry + 28);
    uint16_t at = far_get16(0xF000, entry + 24), end = at + far_get16(0xF000, entry + 22), found = 0;
    if (!entry || sum(0xF000, entry, 31) || sum(0xF000, entry + 16, 15) || far_get16(0xF000, entry + 26) != 0x000F)
        return false;
    while (at < end) {
        uint16_t length = far_get8(0xF000, at + 1);
        if (far_get8(0xF000, at) == 17 && far_get16(0xF000, at + 12) != 16)
            return false;
        for (at += length; far_get16(0xF000, at); at++)
            ;
        at += 2;
        found++;
    }
    return at == end && found == count;
}

static uint16_t vbe(uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx)
{
    struct call c = {.ax = ax, .bx = bx, .cx = cx, .dx = dx, .es = BUFFER};
    soft_int(0x10, &c);
    return c.ax;
}

static bool vbe_is_there(void)
{
    return vbe(0x4F00, 0, 0, 0) == 0x004F && far_get16(BUFFER, 0) == 0x4556 && far_get16(BUFFER, 2) == 0x4153;
}

static bool vbe_lists_modes_that_it_describes(void)
{
    uint16_t at = 0, modes = 0, mode;
    bool version = vbe_is_there() && far_get16(BUFFER, 4) == 0x0300;
    uint16_t list = far_get16(BUFFER, 14), memory = far_get16(BUFFER, 18);
    far_copy16(SECOND, 0, BUFFER, 0, 256);
    for (at = list; (mode = far_get16(SECOND, at)) != 0xFFFF; at += 2, modes++) {
        if (vbe(0x4F01, 0, mode, 0) != 0x004F || (far_get8(BUFFER, 0) & 0x1B) != 0x1B || !far_get16(BUFFER, 16))
            return false;
        if (far_get8(BUFFER, 25) != 4 && (far_get8(BUFFER, 43) & 0xF0) != 0xE0)
            return false;
    }
    return version && memory >= 32 && modes >= 20 && vbe(0x4F01, 0, 0x1FF, 0) != 0x004F &&
           vbe(0x4F02, 0x1FE, 0, 0) != 0x004F;
}

static void vbe_bank(uint16_t bank)
{
    vbe(0x4F05, 0, 0, bank);
}

static bool vbe_window_and_frame_buffer_are_one(void)
{
    uint16_t pixels[2] = {0, 0};
    struct call get = {.ax = 0x4F03}, bank = {.ax = 0x4F05, .bx = 0x0100}, there, back;
    vbe(0x4F01, 0, 0x103, 0);
    uint32_t buffer = far_get16(BUFFER, 40) | (uint32_t)far_get16(BUFFER, 42) << 16;
    bool set = vbe(0x4F02, 0x103, 0, 0) == 0x004F;
    vbe_bank(3);
    far_put16(0xA000, 0x1234, 0xCAFE);
    vbe_bank(0);
    bool apart = far_get16(0xA000, 0x1234) != 0xCAFE;
    bool linear = vbe(0x4F02, 0xC103, 0, 0) == 0x004F;
    soft_int(0x10, &get);
    block_move(buffer + 0x31234, (uint32_t)pixels, 1, &there);
    pixels[1] = 0xF00D;
    block_move((uint32_t)&pixels[1], buffer + 0x2FFFE, 1, &back);
    vbe(0x4F02, 0x8103, 0, 0);
    vbe_bank(2);
    soft_int(0x10, &bank);
    return set && apart && linear && (get.bx & 0x1FF) == 0x103 && pixels[0] == 0xCAFE &&
           far_get16(0xA000, 0xFFFE) == 0xF00D && bank.dx == 2;
}

static bool vbe_lines_and_start_can_be_moved(void)
{
    struct call longer = {.ax = 0x4F06, .cx = 1024}, start = {.ax = 0x4F07, .bx = 0x01}, most = {.ax = 0x4F06, .bx = 3};
    bool set = vbe(0x4F02, 0x111, 0, 0) == 0x004F;
    soft_int(0x10, &longer);
    bool moved = vbe(0x4F07, 0, 8, 20) == 0x004F;
    soft_int(0x10, &start);
    soft_int(0x10, &most);
    return set && moved && longer.ax == 0x004F && longer.bx == 2048 && longer.cx == 1024 && longer.dx >= 1024 &&
           start.cx == 8 && start.dx == 20 && most.ax == 0x004F && most.cx >= 1024 &&
           vbe(0x4F07, 0, 0, 0xFFF0) != 0x004F;
}

static bool vbe_palette_has_eight_bits_if_asked(void)
{
    struct call wide = {.ax = 0x4F08, .bx = 0x0800}, narrow = {.ax = 0x4F08, .bx = 0x0600};
    bool direct = vbe(0x4F08, 0x0800, 0, 0) == 0x034F, set = vbe(0x4F02, 0x101, 0, 0) == 0x004F;
    soft_int(0x10, &wide);
    far_put16(BUFFER, 0, 0xA1B2);
    far_put16(BUFFER, 2, 0x00C3);
    vbe(0x4F09, 0, 1, 250);
    far_put16(BUFFER, 0, 0);
    far_put16(BUFFER, 2, 0);
    vbe(0x4F09, 1, 1, 250);
    bool kept = far_get16(BUFFER, 0) == 0xA1B2 && far_get8(BUFFER, 2) == 0xC3;
    soft_int(0x10, &narrow);
    return direct && set && wide.ax == 0x004F && wide.bh == 8 && kept && narrow.bh == 6;
}

/* QEMU keeps its memory chained in such a mode once it was in another: there all planes give one byte. */
static bool vbe_planar_mode_has_planes(void)
{
    bool set = vbe(0x4F02, 0x102, 0, 0) == 0x004F;
    outw(0x3CE, 0x0205), outw(0x3CE, 0x8008);
    far_get8(0xA000, 300 * 100 + 7);
    far_put8(0xA000, 300 * 100 + 7, 0x0A);
    outw(0x3CE, 0x0005), outw(0x3CE, 0xFF08);
    uint8_t planes = 0, byte = 0, chained = 0;
    for (uint8_t i = 0; i < 4; i++) {
        outw(0x3CE, i << 8 | 4);
        byte = far_get8(0xA000, 300 * 100 + 7);
        planes |= (byte >> 7) << i;
        chained += byte == 0x0A;
    }
    return set && (planes == 0x0A || chained == 4);
}

static bool vbe_state_comes_back(void)
{
    struct call size = {.ax = 0x4F04, .cx = 15}, get = {.ax = 0x4F03}, line = {.ax = 0x4F06, .bx = 1};
    vbe(0x4F02, 0x105, 0, 0);
    vbe(0x4F06, 0, 2048, 0);
    vbe_bank(5);
    soft_int(0x10, &size);
    bool saved = vbe(0x4F04, 0, 15, 1) == 0x004F;
    call_ax(0x10, 0x0003);
    struct call text = {.ax = 0x4F03};
    soft_int(0x10, &text);
    bool restored = vbe(0x4F04, 0, 15, 2) == 0x004F;
    soft_int(0x10, &get);
    soft_int(0x10, &line);
    struct call bank = {.ax = 0x4F05, .bx = 0x0100};
    soft_int(0x10, &bank);
    call_ax(0x10, 0x0003);
    return saved && restored && size.bx * 64 > 832 && text.bx == 3 && (get.bx & 0x1FF) == 0x105 && line.cx == 2048 &&
           bank.dx == 5;
}

static bool vbe_serves_protected_mode(void)
{
    struct call pm = {.ax = 0x4F0A}, get = {.ax = 0x4F05, .bx = 0x0100}, start = {.ax = 0x4F07, .bx = 0x01};
    vbe(0x4F02, 0x112, 0, 0);
    vbe(0x4F06, 0, 1024, 0);
    soft_int(0x10, &pm);
    uint32_t base = pm.es * 16u + pm.di;
    struct call bank = {.ax = 0x4F05, .dx = 6}, move = {.ax = 0x4F07, .cx = (30 * 1024 + 8) * 3 / 4};
    call32near(base + far_get16(pm.es, pm.di), &bank);
    call32near(base + far_get16(pm.es, pm.di + 2), &move);
    soft_int(0x10, &get);
    soft_int(0x10, &start);
    call_ax(0x10, 0x0003);
    return pm.ax == 0x004F && pm.cx > 50 && get.dx == 6 && start.dx == 30 && start.cx == 8;
}

/* Active and all pixels or lines of the preferred timing: its low bytes at `at`, both upper halves after them. */
static void timing_read(uint16_t at, uint16_t *active, uint16_t *all)
{
    uint8_t upper = far_get8(BUFFER, at + 2);
    *active = far_get8(BUFFER, at) | (upper & 0xF0) << 4;
    *all = *active + (far_get8(BUFFER, at + 1) | (upper & 0x0F) << 8);
}

/* The monitor is the one that CMOS 5Fh names, which prefers its own mode at 60 Hz; or none. */
static bool vbe_monitor_describes_itself(void)
{
    static ROM_DATA uint16_t modes[][2] = {{1280, 1024}, {0, 0}, {640, 480}, {800, 600}, {1024, 768}, {1600, 1200}};
    uint16_t number = cmos(0x5F), width, height, line, frame;

    if (number >= ARRAY_LENGTH(modes))
        number = 0;
    bool there = vbe(0x4F15, 1, 0, 0) == 0x004F;
    if (number == 1)
        return !there;
    timing_read(0x38, &width, &line);
    timing_read(0x3B, &height, &frame);
    uint32_t hertz = far_get16(BUFFER, 0x36) * 10000u / ((uint32_t)line * frame);
    return there && sum(BUFFER, 0, 128) == 0 && far_get16(BUFFER, 2) == 0xFFFF && vbe(0x4F15, 1, 0, 1) != 0x004F &&
           width == rom_get(modes[number][0]) && height == rom_get(modes[number][1]) && (hertz == 59 || hertz == 60);
}

static bool vbe_display_sleeps_and_wakes(void)
{
    struct call version = {.ax = 0x4F10}, state = {.ax = 0x4F10, .bx = 2}, later = state;
    soft_int(0x10, &version);
    bool sleeps = vbe(0x4F10, 0x0401, 0, 0) == 0x004F;
    soft_int(0x10, &state);
    outb(0x3C4, 1);
    bool dark = inb(0x3C5) & 0x20, wakes = vbe(0x4F10, 0x0001, 0, 0) == 0x004F;
    soft_int(0x10, &later);
    return version.bx == 0x0710 && sleeps && state.bh == 4 && dark && wakes && later.bh == 0 &&
           vbe(0x4F10, 0x0301, 0, 0) == 0x014F;
}

static bool printer_and_serial_answer(void)
{
    struct call serial;
    uint16_t tries = 0;
    do {
        serial = (struct call){.ax = 0x0300};
        soft_int(0x14, &serial);
    } while (!(serial.ah & 0x20) && ++tries);
    return bda_get(com[0]) == 0x3F8 && serial.ah & 0x20 && bda_get(equipment) >> 9 & 7;
}

/* The Plug and Play BIOS by its structure, in both modes. Arguments are words at 0:640; what is returned comes to
 * segment 40, or to the selector of it. */
enum { PNP_ARGUMENTS = 0x640, PNP_HANDLE = 0x260, PNP_SIZE = 0x262, PNP_NODE = 0x270, PNP_BUFFER_BYTES = 256 };

static uint16_t pnp_structure(void)
{
    for (uint32_t at = 0; at < 0x10000; at += 16)
        if (far_get16(0xF000, at) == ('$' | 'P' << 8) && far_get16(0xF000, at + 2) == ('n' | 'P' << 8))
            return far_sum(0xF000, at, far_get8(0xF000, at + 5)) == 0 ? at : 0;
    return 0;
}

static uint16_t pnp_words(bool protected, uint16_t n, uint16_t *words)
{
    uint16_t at = pnp_structure(), entry = far_get16(0xF000, at + (protected ? 0x11 : 0x0D));
    struct call c = {.es = 0x40};

    for (uint16_t i = 0; i < 7; i++)
        low_put16(PNP_ARGUMENTS + i * 2, i < n ? words[i] : 0);
    if (protected) {
        call16_words(far_get16(0xF000, at + 0x13) | (uint32_t)far_get16(0xF000, at + 0x15) << 16, entry, &c);
        return c.ax;
    }
    uint32_t target = (uint32_t)far_get16(0xF000, at + 0x0F) << 16 | entry, result;
    asm volatile("pushl %1; movl %%esp, %%eax; .irp at, 0x64C, 0x64A, 0x648, 0x646, 0x644, 0x642, 0x640; pushw "
                 "%%gs:\\at; .endr; lcallw *%%ss:(%%eax); addl $18, %%esp"
                 : "=&a"(result)
                 : "r"(target)
                 : "memory");
    return (uint16_t)result;
}

/* clang-format off */
#define PNP(protected, ...) \
    ({ uint16_t words_[] = {__VA_ARGS__}; pnp_words(protected, ARRAY_LENGTH(words_), words_); })
/* clang-format on */

/* Three lists of resources, each with its end, fill a node to its last byte. */
static bool pnp_node_is_whole(void)
{
    uint16_t size = far_get16(0x40, PNP_NODE), at = 12, ends = 0;

    while (at < size && ends < 3) {
        uint8_t tag = far_get8(0x40, PNP_NODE + at);
        ends += (tag & 0xF8) == 0x78;
        at += tag & 0x80 ? 3 + far_get16(0x40, PNP_NODE + at + 1) : 1 + (tag & 7);
    }
    return at == size && ends == 3;
}

static bool pci_is_there(void);

/* Each device is there exactly when the data area, or the PCI bus, says so. */
static bool pnp_nodes(bool protected)
{
    static ROM_DATA uint16_t fixed[] = {0x0000, 0x0100, 0x0200, 0x0303, 0x0800, 0x0B00, 0x0C01, 0x0C02};
    uint16_t data = protected ? 0x28 : 0x40, seen = 0, found = 0, handle = 0;
    bool good = pnp_structure() && PNP(protected, 0x00, PNP_HANDLE, data, PNP_SIZE, data, data) == 0;
    uint8_t count = far_get8(0x40, PNP_HANDLE), equipment = bda_get(equipment);
    uint16_t expected = ARRAY_LENGTH(fixed) + (equipment >> 1 & 1) + (equipment >> 2 & 1) + (equipment & 1) +
                        (pci_is_there() ? 2 : 0);

    for (unsigned i = 0; i < 7; i++) {
        uint16_t port = low_get16(BDA_ADDRESS(com) + i * 2);
        expected += port == 0x3F8 || port == 0x2F8 || port == 0x378;
    }
    for (; good && handle != 0xFF && seen <= count; seen++) {
        far_put8(0x40, PNP_HANDLE, handle);
        good = PNP(protected, 0x01, PNP_HANDLE, data, PNP_NODE, data, 1 + (seen & 1), data) == 0 &&
               pnp_node_is_whole() && far_get8(0x40, PNP_NODE + 2) == handle &&
               far_get16(0x40, PNP_NODE) <= far_get16(0x40, PNP_SIZE) && far_get16(0x40, PNP_NODE + 3) == 0xD041 &&
               PNP(protected, 0x02, handle, PNP_NODE, data, 1, data) == 0x85;
        uint16_t product = far_get8(0x40, PNP_NODE + 5) << 8 | far_get8(0x40, PNP_NODE + 6);
        for (unsigned i = 0; i < ARRAY_LENGTH(fixed); i++)
            found |= rom_get(fixed[i]) == product ? 1 << i : 0;
        handle = far_get8(0x40, PNP_HANDLE);
    }
    far_put8(0x40, PNP_HANDLE, 0xEE);
    return good && handle == 0xFF && seen == count && count == expected && found == (1 << ARRAY_LENGTH(fixed)) - 1 &&
           PNP(protected, 0x01, PNP_HANDLE, data, PNP_NODE, data, 1, data) == 0x83 &&
           PNP(protected, 0x01, PNP_SIZE, data, PNP_NODE, data, 3, data) == 0x84 &&
           PNP(protected, 0x03, PNP_NODE, data, data) == 0x82 && PNP(protected, 0x04, 0x42, data) == 0 &&
           PNP(protected, 0x04, 0x40, data) == 0x8E && PNP(protected, 0x05, PNP_NODE, data, data) == 0x82 &&
           PNP(protected, 0x40, PNP_NODE, data, data) == 0 && far_get16(0x40, PNP_NODE) == 1 &&
           far_get16(0x40, PNP_NODE + 2) == 0 && PNP(protected, 0x41) == 0x82;
}

static bool pnp_names_the_devices_of_the_board(void)
{
    return pnp_nodes(false);
}

static bool pnp_does_so_in_protected_mode(void)
{
    return pnp_nodes(true);
}

/* A system without ACPI chooses its drivers by it; some read a date of two digits as of 1926, others turn ACPI on from
 * December 1999. */
static bool date_is_of_1999(void)
{
    static ROM_DATA char date[] = "06/23/99";
    for (unsigned i = 0; i < 8; i++)
        if (far_get8(0xFFFF, 5 + i) != (uint8_t)rom_get(date[i]))
            return false;
    return true;
}

static uint32_t buffer32(uint16_t at)
{
    return far_get16(BUFFER, at) | (uint32_t)far_get16(BUFFER, at + 2) << 16;
}

static uint16_t fdpt_segment(uint8_t number)
{
    return vector_segment(number ? 0x46 : 0x41);
}

/* The geometry of the first two disks is one in CMOS, in the parameter table, in INT 13h/08h and 48h, and in IDENTIFY
 * (words 1, 3, 6 and 54 to 58): WDCTRL, NT's ATDISK and 9x' ESDI_506 compare them (KB Q119674). */
static bool disk_geometry_is_one_in_all_places(void)
{
    for (uint8_t number = 0; number < 2; number++) {
        struct call p = {.ax = 0x0800, .dx = 0x80 | number}, e = {.ax = 0x4800, .dx = 0x80 | number, .si = 0};
        uint16_t own[3], shown[3], table = fdpt_segment(number), at = vector_offset(number ? 0x46 : 0x41);
        uint8_t packet[26];

        soft_int(0x13, &p);
        shown[0] = (p.ch | (p.cl & 0xC0) << 2) + 1, shown[1] = p.dh + 1, shown[2] = p.cl & 63;
        if (far_get16(table, at) != shown[0] || far_get8(table, at + 2) != shown[1] ||
            far_get8(table, at + 14) != shown[2])
            return false;
        bool translated = far_get8(table, at + 3) == 0xA0;
        own[0] = translated ? far_get16(table, at + 9) : shown[0];
        own[1] = translated ? far_get8(table, at + 11) : shown[1];
        own[2] = translated ? far_get8(table, at + 4) : shown[2];
        packet[0] = sizeof(packet), packet[1] = 0;
        e.si = (uint16_t)(uint32_t)packet;
        soft_int(0x13, &e);
        for (unsigned i = 0; i < 3; i++)
            if (e.flags & FLAG_CF || *(uint32_t *)(packet + 4 + i * 4) != own[i])
                return false;
        uint16_t base = far_get16(bda_get(ebda),
                                  EBDA_OFFSET(disks) + number * sizeof(struct disk) + offsetof(struct disk, base));
        uint8_t select = far_get8(bda_get(ebda),
                                  EBDA_OFFSET(disks) + number * sizeof(struct disk) + offsetof(struct disk, select));
        if (!identify(base, select, false))
            return false;
        for (unsigned i = 0; i < 3; i++)
            if (far_get16(BUFFER, i == 0 ? 2 : i == 1 ? 6 : 12) != own[i] || far_get16(BUFFER, 108 + i * 2) != own[i])
                return false;
        if (buffer32(114) != (uint32_t)own[0] * own[1] * own[2])
            return false;
        if (base == 0x1F0 && !(select & 0x10 ? cmos(0x12) & 0x0F : cmos(0x12) & 0xF0))
            return false;
    }
    return true;
}

/* What WDCTRL does: it reads the second sector, the 504th and the last but one through INT 13h and by the ports, in the
 * geometry of both, and compares the bytes and the registers that the drive has then: none left, the sector's address,
 * ready and no error. Judged are our drives: those of QEMU and Bochs name the next sector. */
static bool disk_registers_end_at_the_last_sector(void)
{
    struct call p = {.ax = 0x0800, .dx = 0x80};
    soft_int(0x13, &p);
    uint32_t heads = p.dh + 1, sectors = p.cl & 63, total = ((p.ch | (p.cl & 0xC0) << 2) + 1) * heads * sectors;

    if (!identify(0x1F0, 0xA0, false) || far_get16(BUFFER, 6) != heads || far_get16(BUFFER, 12) != sectors ||
        far_get16(BUFFER, 54) != ('M' << 8 | 'U'))
        return true;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t lba = i == 0   ? 1
                       : i == 1 ? 503
                                : total - 2,
                 cylinder = lba / sectors / heads, words = 256, at = 512, tries = 0;
        uint8_t head = lba / sectors % heads, sector = lba % sectors + 1;

        if (disk_call(0x0201, (uint16_t)(cylinder << 8 | (cylinder >> 2 & 0xC0) | sector), 0x80 | head << 8) != 0)
            return false;
        outb(0x3F6, 0x0A);
        outb(0x1F6, 0xA0 | head);
        outb(0x1F2, 1);
        outb(0x1F3, sector);
        outb(0x1F4, (uint8_t)cylinder);
        outb(0x1F5, cylinder >> 8);
        outb(0x1F7, 0x20);
        while (inb(0x3F6) & 0x80 && ++tries < 1000000)
            ;
        asm volatile("pushw %%es; movw %w3, %%es; rep insw; popw %%es"
                     : "+D"(at), "+c"(words)
                     : "d"(0x1F0), "r"(BUFFER)
                     : "memory");
        while (inb(0x3F6) & 0x88 && ++tries < 1000000)
            ;
        bool good = inb(0x1F7) == 0x50 && inb(0x1F1) == 0 && inb(0x1F2) == 0 && inb(0x1F3) == sector &&
                    inb(0x1F4) == (uint8_t)cylinder && inb(0x1F5) == cylinder >> 8 && inb(0x1F6) == (0xA0 | head);
        outb(0x3F6, 0x08);
        for (unsigned k = 0; k < 512; k += 2)
            good = good && far_get16(BUFFER, k) == far_get16(BUFFER, 512 + k);
        if (!good)
            return false;
    }
    return true;
}

/* Port instructions of one call, which a monitor traps in virtual-8086 mode without I/O privilege: at most so many. */
uint32_t ports_counted(uint16_t vector);

static bool ports_at_most(uint32_t limit, uint16_t ax, uint16_t bx, uint16_t dx)
{
    uint16_t registers[] = {ax, bx, 0, dx, 0, BUFFER};

    far_write(0, 0x6A0, registers, sizeof(registers));
    return ports_counted(0x10) <= limit;
}

static bool display_calls_touch_few_ports(void)
{
    bool good = ports_at_most(120, 0x0003, 0, 0) && ports_at_most(100, 0x0012, 0, 0) &&
                ports_at_most(110, 0x0013, 0, 0);
    call_ax(0x10, 0x0003);
    return good;
}

static bool vbe_calls_touch_few_ports(void)
{
    bool good = ports_at_most(130, 0x4F02, 0x0101, 0) && ports_at_most(3, 0x4F05, 0, 0xFFFF) &&
                low_get16(0x6A0) == 0x014F && ports_at_most(3, 0x4F05, 0, 1) && ports_at_most(2, 0x4F05, 0x0100, 0);
    good = low_get16(0x6A0) == 0x004F && low_get16(0x6A6) == 1 && good;
    call_ax(0x10, 0x0003);
    return good;
}

static bool int13_returns_with_interrupts_on(void)
{
    for (unsigned drive = 0; drive <= 0x80; drive += 0x80) {
        struct call c = {.ax = 0x0100, .dx = drive};
        interrupts_off();
        soft_int(0x13, &c);
        interrupts_on();
        if (!(c.flags & FLAG_IF))
            return false;
    }
    return true;
}

/* HSFLOP.PDR shows a drive of 1.44M as one of 720K otherwise. */
static bool floppy_types_are_those_of_cmos(void)
{
    for (unsigned drive = 0; drive < 2; drive++) {
        struct call c = {.ax = 0x0800, .dx = drive};
        uint8_t type = drive ? cmos(0x10) & 15 : cmos(0x10) >> 4;
        soft_int(0x13, &c);
        if (c.bl != type || (type && c.flags & FLAG_CF))
            return false;
    }
    return true;
}

static bool no_joystick_answers(void)
{
    outb(0x201, 0xFF);
    return inb(0x201) == 0xFF;
}

/* Windows 9x fails with what a loader has left in them (JHRobotics/patcher9x). tests_run() dirties them and executes
 * INT 19h once; what the system then started with lies at 0:680. */
enum { STARTED_ONCE = 0x67C, STARTED_WITH = 0x680, MAGIC = 0x5043 };

static bool has_cr4(void)
{
    return features() & 0x20DE;
}

static void control_registers_get(uint32_t r[3])
{
    asm volatile("movl %%cr2, %0" : "=r"(r[0]));
    asm volatile("movl %%cr3, %0" : "=r"(r[1]));
    r[2] = 0;
    if (has_cr4())
        asm volatile("movl %%cr4, %0" : "=r"(r[2]));
}

static void start_again_dirty(void)
{
    uint32_t r[3];

    if (low_get16(STARTED_ONCE) == MAGIC) {
        low_put16(STARTED_ONCE, 0);
        control_registers_get(r);
        for (unsigned i = 0; i < 3; i++)
            low_put32(STARTED_WITH + i * 4, r[i]);
        return;
    }
    low_put16(STARTED_ONCE, MAGIC);
    asm volatile("movl %0, %%cr2; movl %1, %%cr3" : : "r"(0x12345678), "r"(0x00345000));
    if (has_cr4())
        asm volatile("movl %0, %%cr4" : : "r"(0x04)); /* TSD */
    soft_int_ax(0x19, 0);
}

static bool control_registers_are_clean_when_a_system_starts(void)
{
    return !low_get32(STARTED_WITH) && !low_get32(STARTED_WITH + 4) && !low_get32(STARTED_WITH + 8);
}

struct fact {
    bool (*holds)(void);
    uint8_t needs; /* 1: a floppy, 2: two disks, 4: PCI, 8: a pointing device, 16: started from a CD, 32: VBE */
    char name[51];
};

#define FACT(f, needs) \
    { \
        f, needs, #f \
    }

static ROM_DATA struct fact facts[] = {
    FACT(memory_sizes, 0),
    FACT(caches_are_on, 0),
    FACT(control_registers_are_clean_when_a_system_starts, 0),
    FACT(date_is_of_1999, 0),
    FACT(no_joystick_answers, 0),
    FACT(int13_returns_with_interrupts_on, 0),
    FACT(floppy_types_are_those_of_cmos, 1),
    FACT(disk_geometry_is_one_in_all_places, 2),
    FACT(disk_registers_end_at_the_last_sector, 2),
    FACT(display_calls_touch_few_ports, 0),
    FACT(vbe_calls_touch_few_ports, 32),
    FACT(pnp_names_the_devices_of_the_board, 0),
    FACT(pnp_does_so_in_protected_mode, 0),
    FACT(upper_halves_and_registers_survive, 0),
    FACT(ticks_pass_while_halted, 0),
    FACT(clock_and_date_are_bcd, 0),
    FACT(date_can_be_set, 0),
    FACT(text_is_written_and_scrolled, 0),
    FACT(teletype_obeys_controls, 0),
    FACT(pages_keep_their_cursors, 0),
    FACT(fifty_rows_with_the_small_font, 0),
    FACT(pixels_in_each_graphics_mode, 0),
    FACT(characters_in_each_graphics_mode, 0),
    FACT(colours_read_back, 0),
    FACT(display_is_vga, 0),
    FACT(display_state_is_saved_and_restored, 0),
    FACT(keys_become_codes, 0),
    FACT(alt_and_digits_make_a_character, 0),
    FACT(caps_lock_toggles_and_is_lit, 0),
    FACT(num_lock_turns_the_keypad_to_digits, 0),
    FACT(break_empties_the_buffer, 0),
    FACT(pushed_key_comes_back, 0),
    FACT(memory_map_adds_up, 0),
    FACT(a20_switches, 0),
    FACT(blocks_move_above_one_megabyte, 0),
    FACT(waits_end, 0),
    FACT(keyboard_waits_are_told, 0),
    FACT(floppy_waits_are_told, 1),
    FACT(configuration_is_an_at, 0),
    FACT(tables_lie_where_the_at_had_them, 0),
    FACT(memory_is_told_alike, 0),
    FACT(power_management_is_there, 0),
    FACT(power_management_connects_once, 0),
    FACT(power_management_by_32_bits, 0),
    FACT(power_management_by_16_bits, 0),
    FACT(floppy_reads_what_was_written, 1),
    FACT(floppy_refuses_what_dma_cannot, 1),
    FACT(floppy_sector_that_is_not_there, 1),
    FACT(floppy_parameters, 1),
    FACT(floppy_track_is_formatted, 1),
    FACT(disk_cylinders_and_blocks_agree, 2),
    FACT(disk_writes_by_cylinders, 2),
    FACT(disk_limits, 2),
    FACT(disk_extensions_are_announced, 2),
    FACT(disk_geometry_is_as_cmos_says, 2),
    FACT(printer_and_serial_answer, 0),
    FACT(cd_tells_how_it_was_started, 16),
    FACT(cd_blocks_are_read, 16),
    FACT(cd_is_locked_and_unlocked, 16),
    FACT(cd_image_is_a_write_protected_drive, 16),
    FACT(cd_image_moves_the_others_up_until_it_ends, 16),
    FACT(cd_catalog_is_read, 16),
    FACT(cd_image_becomes_a_drive_again, 16),
    FACT(vbe_lists_modes_that_it_describes, 32),
    FACT(vbe_window_and_frame_buffer_are_one, 32),
    FACT(vbe_lines_and_start_can_be_moved, 32),
    FACT(vbe_palette_has_eight_bits_if_asked, 32),
    FACT(vbe_planar_mode_has_planes, 32),
    FACT(vbe_state_comes_back, 32),
    FACT(vbe_serves_protected_mode, 32),
    FACT(vbe_monitor_describes_itself, 32),
    FACT(vbe_display_sleeps_and_wakes, 32),
    FACT(pointing_device_obeys, 8),
    FACT(pointing_device_reports, 8),
    FACT(pci_functions_are_found, 4),
    FACT(pci_addresses_and_interrupts_are_assigned, 4),
    FACT(pci_interrupts_are_level_triggered, 4),
    FACT(bus_master_knows_which_drives_have_dma, 4),
    FACT(pci_routing_is_told_twice, 4),
    FACT(pci_interrupts_can_be_moved, 4),
    FACT(pci_answers_in_protected_mode, 4),
    FACT(rom_is_write_protected, 4),
    FACT(acpi_tables_lead_to_each_other, 4),
    FACT(acpi_regions_are_in_the_memory_map, 4),
    FACT(smbios_structures_are_whole, 4),
};

static void print_hex8(uint8_t v)
{
    for (int shift = 4; shift >= 0; shift -= 4) {
        uint8_t digit = v >> shift & 15;
        call_ax(0x14, 0x0100 | (digit < 10 ? '0' + digit : 'A' - 10 + digit));
    }
}

static ROM_DATA char table_word[] = "table ";
static ROM_DATA char newline[] = "\r\n";

/* A table of ACPI as the system finds it, in hexadecimal; its length is its second word of 32 bits. Returns the word at
 * 36: the first of what it leads to. */
static uint32_t table_print(uint32_t at)
{
    sum_far_away(at, 44);
    uint32_t first = second32(36);
    uint16_t bytes = far_get16(SECOND, 4);

    sum_far_away(at, bytes);
    serial_print(table_word);
    for (uint16_t i = 0; i < bytes; i++)
        print_hex8(far_get8(SECOND, i));
    serial_print(newline);
    return first;
}

static void tables_print(void)
{
    uint16_t pointer = rsd_pointer();

    if (!pointer)
        return;
    uint32_t fadt = table_print(far_get16(0xF000, pointer + 16) | (uint32_t)far_get16(0xF000, pointer + 18) << 16);
    table_print(table_print(fadt));
    sum_far_away(fadt, 44);
    table_print(second32(40));
}

static ROM_DATA char good[] = "ok   ";
static ROM_DATA char bad[] = "BAD  ";
static ROM_DATA char done[] = "done\r\n";

void tests_run(void)
{
    uint8_t p[19];

    start_again_dirty();
    bool cd = cd_packet(0x4B01, 0x7F, p);
    uint8_t have = cd ? 16 : (disk_call(0x0201, 0x0001, 0x0000) == 0) | (bda_get(hd_count) >= 2 ? 2 : 0);

    have |= (pci_is_there() ? 4 : 0) | (bda_get(equipment) & 4 ? 8 : 0) | (vbe_is_there() ? 32 : 0);

    interrupts_on();
    call_ax(0x14, 0x00E3);
    for (unsigned i = 0; i < ARRAY_LENGTH(facts); i++) {
        if (rom_get(facts[i].needs) & ~have)
            continue;
        bool (*fact)(void) = (bool (*)(void))rom_get(facts[i].holds);
        bool holds = fact();
        interrupts_on();
        serial_print(holds ? good : bad);
        serial_print(facts[i].name);
        serial_print(newline);
    }
    tables_print();
    serial_print(done);
    struct call off = {.ax = 0x5307, .bx = 1, .cx = 3};
    soft_int(0x15, &off);
}
