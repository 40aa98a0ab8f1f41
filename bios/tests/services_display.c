/* services_display.c - INT 10h: text, graphics, saved states, and VBE. */
#include "services.h"

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

bool text_is_written_and_scrolled(void)
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

bool teletype_obeys_controls(void)
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

bool pages_keep_their_cursors(void)
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

bool fifty_rows_with_the_small_font(void)
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

bool pixels_in_each_graphics_mode(void)
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

bool characters_in_each_graphics_mode(void)
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

bool colours_read_back(void)
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

bool display_is_vga(void)
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

bool display_state_is_saved_and_restored(void)
{
    bool good = true;
    for (uint16_t states = 0; states < 1 << STATES; states++)
        good = state_combination(states) && good;
    call_ax(0x10, 0x0003);
    return good;
}

/* Cirrus chips have a DAC of six bits, and modes that take more ports; on ISA they have no linear frame buffer. */
static bool dac_has_eight_bits(void)
{
    return vbe_is_there() && far_get8(BUFFER, 10) & 1;
}

static bool frame_buffer_is_there(void)
{
    return vbe(0x4F01, 0, 0x101, 0) == 0x004F && far_get8(BUFFER, 0) & 0x80;
}

bool vbe_lists_modes_that_it_describes(void)
{
    uint16_t at = 0, modes = 0, mode;
    bool version = vbe_is_there() && far_get16(BUFFER, 4) == 0x0300;
    uint16_t list = far_get16(BUFFER, 14), memory = far_get16(BUFFER, 18);
    far_copy16(SECOND, 0, BUFFER, 0, 256);
    for (at = list; (mode = far_get16(SECOND, at)) != 0xFFFF; at += 2, modes++) {
        if (vbe(0x4F01, 0, mode, 0) != 0x004F || (far_get8(BUFFER, 0) & 0x1B) != 0x1B || !far_get16(BUFFER, 16))
            return false;
        if (far_get8(BUFFER, 0) & 0x80 ? (far_get8(BUFFER, 43) & 0xF0) != 0xE0 : far_get16(BUFFER, 42) != 0)
            return false;
    }
    return version && memory >= 32 && modes >= 18 && vbe(0x4F01, 0, 0x1FF, 0) != 0x004F &&
           vbe(0x4F02, 0x1FE, 0, 0) != 0x004F;
}

static void vbe_bank(uint16_t bank)
{
    vbe(0x4F05, 0, 0, bank);
}

bool vbe_window_and_frame_buffer_are_one(void)
{
    uint16_t pixels[2] = {0, 0};
    struct call get = {.ax = 0x4F03}, bank = {.ax = 0x4F05, .bx = 0x0100}, there, back;
    bool has_linear = frame_buffer_is_there();
    vbe(0x4F01, 0, 0x103, 0);
    uint32_t buffer = far_get16(BUFFER, 40) | (uint32_t)far_get16(BUFFER, 42) << 16;
    bool set = vbe(0x4F02, 0x103, 0, 0) == 0x004F;
    vbe_bank(3);
    far_put16(0xA000, 0x1234, 0xCAFE);
    vbe_bank(0);
    bool apart = far_get16(0xA000, 0x1234) != 0xCAFE;
    bool linear = vbe(0x4F02, 0xC103, 0, 0) == 0x004F;
    if (!has_linear)
        return set && apart && !linear;
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

bool vbe_lines_and_start_can_be_moved(void)
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

bool vbe_palette_has_eight_bits_if_asked(void)
{
    bool can = dac_has_eight_bits();
    struct call wide = {.ax = 0x4F08, .bx = 0x0800}, narrow = {.ax = 0x4F08, .bx = 0x0600};
    bool direct = vbe(0x4F08, 0x0800, 0, 0) == 0x034F, set = vbe(0x4F02, 0x101, 0, 0) == 0x004F;
    soft_int(0x10, &wide);
    far_put16(BUFFER, 0, can ? 0xA1B2 : 0x2132);
    far_put16(BUFFER, 2, can ? 0x00C3 : 0x0003);
    vbe(0x4F09, 0, 1, 250);
    far_put16(BUFFER, 0, 0);
    far_put16(BUFFER, 2, 0);
    vbe(0x4F09, 1, 1, 250);
    bool kept = far_get16(BUFFER, 0) == (can ? 0xA1B2 : 0x2132) && far_get8(BUFFER, 2) == (can ? 0xC3 : 0x03);
    soft_int(0x10, &narrow);
    return direct && set && wide.ax == 0x004F && wide.bh == (can ? 8 : 6) && kept && narrow.bh == 6;
}

/* QEMU keeps its memory chained in such a mode once it was in another: there all planes give one byte. */
bool vbe_planar_mode_has_planes(void)
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

bool vbe_state_comes_back(void)
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

bool vbe_serves_protected_mode(void)
{
    struct call pm = {.ax = 0x4F0A}, get = {.ax = 0x4F05, .bx = 0x0100}, start = {.ax = 0x4F07, .bx = 0x01};
    uint16_t bytes = vbe(0x4F02, 0x112, 0, 0) == 0x004F ? 3 : 2;
    if (bytes == 2)
        vbe(0x4F02, 0x111, 0, 0);
    vbe(0x4F06, 0, 1024, 0);
    soft_int(0x10, &pm);
    uint32_t base = pm.es * 16u + pm.di;
    struct call bank = {.ax = 0x4F05, .dx = 6}, move = {.ax = 0x4F07, .cx = (30 * 1024 + 8) / 4 * bytes};
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

/* On a Cirrus chip the monitor is asked by pins, whose levels register 8 of the sequencer shows. QEMU's has none. */
static bool has_pins(void)
{
    if (dac_has_eight_bits())
        return true;
    outw(0x3C4, 0x0308);
    uint8_t high = inb(0x3C5);
    outw(0x3C4, 0x0208);
    uint8_t low = inb(0x3C5);
    outw(0x3C4, 0x0308);
    return high & 4 && !(low & 4);
}

/* Drivers for Cirrus chips ask their BIOS for chip and memory; that of the VGA has no such functions. */
bool cirrus_bios_names_its_chip(void)
{
    static ROM_DATA uint8_t types[][2] = {{0xA0, 0x32}, {0xA8, 0x31}, {0xB8, 0x39}};
    struct call type = {.ax = 0x1200, .bx = 0x80}, version = {.ax = 0x1200, .bx = 0x81},
                memory = {.ax = 0x1200, .bx = 0x85}, options = {.ax = 0x1200, .bx = 0x9A},
                monitor = {.ax = 0x1200, .bx = 0xA1};
    bool named = false;

    soft_int(0x10, &type);
    soft_int(0x10, &version);
    soft_int(0x10, &memory);
    soft_int(0x10, &options);
    soft_int(0x10, &monitor);
    outw(0x3C4, 0x1206);
    if (inb(0x3C5) != 0x12)
        return type.ax == 0x1200 && version.ax == 0x1200 && memory.ax == 0x1200 && options.ax == 0x1200 &&
               monitor.bx == 0xA1;
    outb(0x3D4, 0x27);
    for (unsigned i = 0; i < ARRAY_LENGTH(types); i++)
        named |= inb(0x3D5) == rom_get(types[i][0]) && type.ax == rom_get(types[i][1]);
    return named && type.bl == 0x80 && version.ax == 0x0100 && vbe_is_there() && memory.al == far_get16(BUFFER, 18) &&
           (options.ax & 0x4060) == 0x60 && options.cx == 0x2810 && monitor.bx == 0x0E00;
}

/* 5Fh is 640x480 in 256 colours; 5Bh no mode. The VGA's own BIOS has neither. */
bool cirrus_bios_sets_its_modes(void)
{
    struct call set = {.ax = 0x005F}, get = {.ax = 0x4F03}, number = {.ax = 0x0F00}, none = {.ax = 0x005B},
                still = number, window = {.ax = 0x4F05, .bx = 0x0100};

    outw(0x3C4, 0x1206);
    bool chip = inb(0x3C5) == 0x12;
    soft_int(0x10, &set);
    soft_int(0x10, &get);
    soft_int(0x10, &number);
    soft_int(0x10, &none);
    soft_int(0x10, &still);
    soft_int(0x10, &window);
    bool dots = chip && far_get8(0xA000, 0x1234) == 0;
    far_put8(0xA000, 0x1234, 0x5A);
    call_ax(0x10, 0x00DF); /* the same, and memory stays */
    bool kept = far_get8(0xA000, 0x1234) == 0x5A;
    call_ax(0x10, 0x0003);
    if (!chip)
        return get.bx == 3 && number.al == 3;
    return set.al == 0x20 && get.bx == 0x101 && number.al == 0x5F && still.al == 0x5F && window.ax == 0x004F && dots &&
           kept;
}

/* The monitor is the one that CMOS 5Fh names, which prefers its own mode at 60 Hz; or none. */
bool vbe_monitor_describes_itself(void)
{
    static ROM_DATA uint16_t modes[][2] = {{1280, 1024}, {0, 0}, {640, 480}, {800, 600}, {1024, 768}, {1600, 1200}};
    uint16_t number = cmos(0x5F), width, height, line, frame;

    if (number >= ARRAY_LENGTH(modes))
        number = 0;
    bool can = has_pins(), there = vbe(0x4F15, 1, 0, 0) == 0x004F;
    if (number == 1 || !can)
        return !there;
    timing_read(0x38, &width, &line);
    timing_read(0x3B, &height, &frame);
    uint32_t hertz = far_get16(BUFFER, 0x36) * 10000u / ((uint32_t)line * frame);
    return there && sum(BUFFER, 0, 128) == 0 && far_get16(BUFFER, 2) == 0xFFFF && vbe(0x4F15, 1, 0, 1) != 0x004F &&
           width == rom_get(modes[number][0]) && height == rom_get(modes[number][1]) && (hertz == 59 || hertz == 60);
}

bool vbe_display_sleeps_and_wakes(void)
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

/* Port instructions of one call, which a monitor traps in virtual-8086 mode without I/O privilege: at most so many. */
uint32_t ports_counted(uint16_t vector);

static bool ports_at_most(uint32_t limit, uint16_t ax, uint16_t bx, uint16_t dx)
{
    uint16_t registers[] = {ax, bx, 0, dx, 0, BUFFER};

    far_write(0, 0x6A0, registers, sizeof(registers));
    return ports_counted(0x10) <= limit;
}

bool display_calls_touch_few_ports(void)
{
    uint32_t more = dac_has_eight_bits() ? 0 : 20;
    bool good = ports_at_most(120 + more, 0x0003, 0, 0) && ports_at_most(100 + more, 0x0012, 0, 0) &&
                ports_at_most(110 + more, 0x0013, 0, 0);
    call_ax(0x10, 0x0003);
    return good;
}

bool vbe_calls_touch_few_ports(void)
{
    bool good = ports_at_most(dac_has_eight_bits() ? 130 : 205, 0x4F02, 0x0101, 0) &&
                ports_at_most(3, 0x4F05, 0, 0xFFFF) && low_get16(0x6A0) == 0x014F && ports_at_most(3, 0x4F05, 0, 1) &&
                ports_at_most(2, 0x4F05, 0x0100, 0);
    good = low_get16(0x6A0) == 0x004F && low_get16(0x6A6) == 1 && good;
    call_ax(0x10, 0x0003);
    return good;
}
