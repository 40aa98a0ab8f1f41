/* video.c - INT 10h: setting a mode, and handing each function to the file that performs it.
 *
 * Functions and data areas follow the IBM PS/2 and PC BIOS Interface Technical Reference. */
#include "video.h"

enum { LINES_200 = 0x80, LINES_400 = 0x10, NO_PALETTE = 0x08, GREY = 0x02, ACTIVE = 0x01 };     /* 40:89 */
enum { KEEP_MEMORY = 0x80, MEMORY_256K = 0x60, NO_CURSOR_EMULATION = 0x01 };                    /* 40:87 */
enum { SCREEN_OFF = 0x20, SUPPORTED_12 = 0x12, DISPLAY_VGA_COLOUR = 0x08 };

extern const char int10_entry[];

/* What a CGA's mode register would hold, for modes 0 to 7: 40:65. */
static ROM_DATA uint8_t cga_modes[] = {0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29};

void register_write(uint16_t port, uint8_t index, uint8_t v)
{
    outw(port, v << 8 | index);
}

uint8_t register_read(uint16_t port, uint8_t index)
{
    outb(port, index);
    return inb(port + 1);
}

void crtc_write(uint8_t index, uint8_t v)
{
    register_write(bda_get(crtc_port), index, v);
}

uint8_t crtc_read(uint8_t index)
{
    return register_read(bda_get(crtc_port), index);
}

static void write_registers(const ROM struct video_parameters *p)
{
    bda_put(crtc_port, rom_get(p->misc) & 1 ? 0x3D4 : 0x3B4);
    register_write(SEQUENCER, 0, 0x01);
    for (unsigned i = 0; i < 4; i++)
        register_write(SEQUENCER, 1 + i, i ? rom_get(p->sequencer[i]) : rom_get(p->sequencer[0]) | SCREEN_OFF);
    outb(MISC_WRITE, rom_get(p->misc));
    register_write(SEQUENCER, 0, 0x03);
    crtc_write(0x11, rom_get(p->crtc[0x11]) & 0x7F);
    for (unsigned i = 0; i < 25; i++)
        crtc_write(i, rom_get(p->crtc[i]));
    for (unsigned i = 0; i < 20; i++)
        attribute_write(i, rom_get(p->attribute[i]));
    attribute_write(0x14, 0);
    for (unsigned i = 0; i < 9; i++)
        register_write(GRAPHICS, i, rom_get(p->graphics[i]));
    outb(DAC_MASK, 0xFF);
}

static void clear_memory(const struct video_mode *mode)
{
    if (mode->kind == TEXT)
        far_fill16(mode->segment, 0, 0x0720, 0x4000);
    else
        far_fill16(mode->segment, 0, 0, mode->segment == 0xA000 ? 0x8000 : 0x2000);
}

static void set_data_area(const struct video_mode *mode, const ROM struct video_parameters *p, uint8_t keep)
{
    bda_put(video_mode, mode->number);
    bda_put(video_columns, rom_get(p->columns));
    bda_put(video_rows, rom_get(p->last_row));
    bda_put(char_height, rom_get(p->char_height));
    bda_put(video_page_size, rom_get(p->page_size));
    bda_put(video_page_start, 0);
    bda_put(video_page, 0);
    for (unsigned i = 0; i < 8; i++)
        bda_put(cursor[i], 0);
    bda_put(video_control, MEMORY_256K | (bda_get(video_control) & NO_CURSOR_EMULATION) | keep);
    if (mode->number <= 7)
        bda_put(cga_mode, rom_get(cga_modes[mode->number]));
    bda_put(cga_palette, mode->number == 6 ? 0x3F : 0x30);
    bda_put(cursor_shape, rom_get(p->crtc[0x0A]) << 8 | rom_get(p->crtc[0x0B]));
}

/* Entry of the parameter table for the number of scan lines that function 12h/30h chose. */
static uint8_t lines_choice(void)
{
    return bda_get(vga_flags) & LINES_200 ? 2 : bda_get(vga_flags) & LINES_400 ? 0 : 1;
}

void video_mode_set(uint8_t number)
{
    uint8_t keep = number & 0x80, choice = lines_choice();
    struct video_mode mode;

    if (!video_mode_find(number & 0x7F, &mode))
        return;
    vbe_leave();
    const ROM struct video_parameters *p = &video_parameters[mode.parameters[choice]];
    write_registers(p);
    set_data_area(&mode, p, keep);
    if (!(bda_get(vga_flags) & NO_PALETTE))
        palette_load(mode.kind == TEXT && mode.palette == PALETTE_EGA && choice == 2 ? PALETTE_CGA : mode.palette);
    if (!keep)
        clear_memory(&mode);
    if (mode.kind == TEXT) {
        font_load_text(rom_get(p->char_height));
        cursor_shape_set(mode.number == 7 ? 0x0B0C : 0x0607);
        cursor_place_set(0, 0);
    } else {
        font_set_graphics(rom_get(p->char_height));
    }
    attribute_screen_on();
    register_write(SEQUENCER, 1, rom_get(p->sequencer[0]));
}

/* 00h: AL tells what kind of mode it was set to. */
static void mode_set(struct regs *r)
{
    uint8_t number = r->al & 0x7F;
    struct video_mode mode;

    if (!video_mode_find(number, &mode))
        return;
    video_mode_set(r->al);
    r->al = number > 7 ? 0x20 : number == 6 ? 0x3F : 0x30;
}

static void cursor_get(struct regs *r)
{
    r->cx = bda_get(cursor_shape);
    r->dx = bda_get(cursor[r->bh & 7]);
}

static void state_get(struct regs *r)
{
    r->al = bda_get(video_mode) | (bda_get(video_control) & KEEP_MEMORY);
    r->ah = (uint8_t)bda_get(video_columns);
    r->bh = bda_get(video_page);
}

/* 12h/30h: AL = 0, 1, 2 for 200, 350, 400 lines from the next text mode on. */
static void lines_select(uint8_t choice)
{
    uint8_t bits = choice == 0 ? LINES_200 : choice == 2 ? LINES_400 : 0;
    bda_put(vga_flags, (bda_get(vga_flags) & ~(LINES_200 | LINES_400)) | bits);
    bda_put(video_switches, (bda_get(video_switches) & 0xF0) | (choice == 0 ? 8 : 9));
}

static uint8_t with_flag(uint8_t byte, uint8_t flag, bool on)
{
    return (byte & ~flag) | (on ? flag : 0);
}

/* 12h: functions by BL; those that exist answer AL = 12h. */
static void alternate_select(struct regs *r)
{
    uint8_t argument = r->al;

    if (r->bl == 0x10) {
        r->bh = bda_get(crtc_port) == 0x3B4;
        r->bl = 3;
        r->ch = 0;
        r->cl = bda_get(video_switches) & 15;
        return;
    }
    if ((r->bl == 0x30 && argument > 2) || (r->bl > 0x30 && argument > 1))
        return;
    switch (r->bl) {
    case 0x20: break;
    case 0x30: lines_select(argument); break;
    case 0x31: bda_put(vga_flags, with_flag(bda_get(vga_flags), NO_PALETTE, argument)); break;
    case 0x32: outb(ENABLE, !argument); break;
    case 0x33: bda_put(vga_flags, with_flag(bda_get(vga_flags), GREY, !argument)); break;
    case 0x34: bda_put(video_control, with_flag(bda_get(video_control), NO_CURSOR_EMULATION, argument)); break;
    case 0x36:
        register_write(SEQUENCER, 1, (register_read(SEQUENCER, 1) & ~SCREEN_OFF) | (argument ? SCREEN_OFF : 0));
        break;
    default: return;
    }
    r->al = SUPPORTED_12;
}

static void display_code(struct regs *r)
{
    if (r->al > 1)
        return;
    if (r->al == 1)
        bda_put(display_code, r->bl);
    else
        r->bx = bda_get(display_code);
    r->al = 0x1A;
}

/* 1Bh: 64 bytes at ES:DI; from 04h on they are the data area from 40:49. */
static void functionality(struct regs *r)
{
    struct video_mode mode;

    if (r->bx != 0)
        return;
    video_mode_now(&mode);
    far_fill16(r->es, r->di, 0, 32);
    far_put16(r->es, r->di, (uint16_t)(uint32_t)static_functions);
    far_put16(r->es, r->di + 2, VGA_SEGMENT);
    far_copy(r->es, r->di + 0x04, 0x40, offsetof(struct bda, video_mode), 0x1E);
    far_put8(r->es, r->di + 0x22, bda_get(video_rows) + 1);
    far_put16(r->es, r->di + 0x23, bda_get(char_height));
    far_put8(r->es, r->di + 0x25, bda_get(display_code));
    far_put16(r->es, r->di + 0x27, mode.colours);
    far_put8(r->es, r->di + 0x29, mode.pages);
    far_put8(r->es, r->di + 0x2A, mode.kind == TEXT ? 2 - lines_choice() : mode.scan_lines);
    far_put8(r->es, r->di + 0x2D, 0x21 | (bda_get(vga_flags) & (GREY | NO_PALETTE)));
    far_put8(r->es, r->di + 0x31, 3);
    r->al = 0x1B;
}

/* The states of function 1Ch follow each other in the buffer: registers, data area, DAC. */
enum { STATE_HARDWARE = 1, STATE_DATA = 2, STATE_DAC = 4, HARDWARE_BYTES = 64, DATA_BYTES = 64, DAC_BYTES = 832 };

static void hardware_save(uint16_t segment, uint16_t at)
{
    for (unsigned i = 0; i < 5; i++)
        far_put8(segment, at++, register_read(SEQUENCER, i));
    for (unsigned i = 0; i < 25; i++)
        far_put8(segment, at++, crtc_read(i));
    for (unsigned i = 0; i < 21; i++)
        far_put8(segment, at++, attribute_read(i));
    for (unsigned i = 0; i < 9; i++)
        far_put8(segment, at++, register_read(GRAPHICS, i));
    far_put8(segment, at++, inb(MISC_READ));
    attribute_screen_on();
}

static void hardware_restore(uint16_t segment, uint16_t at)
{
    uint8_t misc = far_get8(segment, at + 60);
    uint16_t crtc = misc & 1 ? 0x3D4 : 0x3B4;

    register_write(SEQUENCER, 0, 1);
    for (unsigned i = 1; i < 5; i++)
        register_write(SEQUENCER, i, far_get8(segment, at + i));
    outb(MISC_WRITE, misc);
    register_write(SEQUENCER, 0, far_get8(segment, at));
    register_write(crtc, 0x11, far_get8(segment, at + 5 + 0x11) & 0x7F);
    for (unsigned i = 0; i < 25; i++)
        register_write(crtc, i, far_get8(segment, at + 5 + i));
    inb(crtc + 6);
    for (unsigned i = 0; i < 21; i++) {
        outb(ATTRIBUTE, i);
        outb(ATTRIBUTE, far_get8(segment, at + 30 + i));
    }
    outb(ATTRIBUTE, 0x20);
    for (unsigned i = 0; i < 9; i++)
        register_write(GRAPHICS, i, far_get8(segment, at + 51 + i));
}

/* 40:49 to 40:66, 40:84 to 40:8A, then the vectors 1Fh and 43h. */
static void data_move(uint16_t segment, uint16_t at, bool restore)
{
    static ROM_DATA struct { uint16_t from, bytes; } pieces[]
        = {{0x449, 0x1E}, {0x484, 7}, {0x1F * 4, 4}, {0x43 * 4, 4}};

    for (unsigned i = 0; i < ARRAY_LENGTH(pieces); i++) {
        uint16_t from = rom_get(pieces[i].from), bytes = rom_get(pieces[i].bytes);
        if (restore)
            far_copy(0, from, segment, at, bytes);
        else
            far_copy(segment, at, 0, from, bytes);
        at += bytes;
    }
}

static void dac_move(uint16_t segment, uint16_t at, bool restore)
{
    if (restore) {
        outb(DAC_MASK, far_get8(segment, at++));
        outb(DAC_WRITE, 0);
    } else {
        far_put8(segment, at++, inb(DAC_MASK));
        outb(DAC_READ, 0);
    }
    for (unsigned i = 0; i < 768; i++, at++) {
        if (restore)
            outb(DAC_DATA, far_get8(segment, at));
        else
            far_put8(segment, at, inb(DAC_DATA));
    }
}

void video_state(struct regs *r)
{
    uint16_t at = r->bx;
    bool restore = r->al == 2;

    if (r->al == 0) {
        r->bx = (r->cx & STATE_HARDWARE ? HARDWARE_BYTES / 64 : 0) + (r->cx & STATE_DATA ? DATA_BYTES / 64 : 0)
                + (r->cx & STATE_DAC ? DAC_BYTES / 64 : 0);
    } else if (r->al > 2) {
        return;
    } else {
        if (r->cx & STATE_HARDWARE) {
            if (restore)
                hardware_restore(r->es, at);
            else
                hardware_save(r->es, at);
            at += HARDWARE_BYTES;
        }
        if (r->cx & STATE_DATA) {
            data_move(r->es, at, restore);
            at += DATA_BYTES;
        }
        if (r->cx & STATE_DAC)
            dac_move(r->es, at, restore);
    }
    r->al = 0x1C;
}

/* INT 10h. */
void video_service(struct regs *r)
{
    switch (r->ah) {
    case 0x00: mode_set(r); break;
    case 0x01: cursor_shape_set(r->cx); break;
    case 0x02: cursor_place_set(r->bh, r->dx); break;
    case 0x03: cursor_get(r); break;
    case 0x04: r->ah = 0; break;                            /* no light pen */
    case 0x05: page_set(r->al); break;
    case 0x06: scroll(r, false); break;
    case 0x07: scroll(r, true); break;
    case 0x08: character_read(r); break;
    case 0x09: character_write(r, true); break;
    case 0x0A: character_write(r, false); break;
    case 0x0B: cga_palette(r); break;
    case 0x0C: pixel_write(r); break;
    case 0x0D: pixel_read(r); break;
    case 0x0E: teletype(bda_get(video_page), r->al, r->bl, false); break;
    case 0x0F: state_get(r); break;
    case 0x10: palette_service(r); break;
    case 0x11: font_service(r); break;
    case 0x12: alternate_select(r); break;
    case 0x13: string_write(r); break;
    case 0x1A: display_code(r); break;
    case 0x1B: functionality(r); break;
    case 0x1C: video_state(r); break;
    case 0x4F: vbe_service(r); break;
    }
}

/* The option ROM's initialisation. What was INT 10h before becomes INT 42h, as with every EGA and VGA. */
void video_init(void)
{
    struct call call = {.ax = 0x0003};

    outb(ENABLE, 1);
    outb(MISC_WRITE, 0x67);
    set_vector(0x42, vector_segment(0x10), vector_offset(0x10));
    set_vector(0x10, VGA_SEGMENT, (uint16_t)(uint32_t)int10_entry);
    set_vector(0x1F, VGA_SEGMENT, (uint16_t)(uint32_t)font8x8 + 128 * 8);
    set_vector(0x43, VGA_SEGMENT, (uint16_t)(uint32_t)font8x16);
    bda_put(video_save_offset, (uint16_t)(uint32_t)save_pointers);
    bda_put(video_save_segment, VGA_SEGMENT);
    bda_put(vga_flags, LINES_400 | ACTIVE);
    bda_put(video_control, MEMORY_256K);
    bda_put(video_switches, 0xF9);
    bda_put(display_code, DISPLAY_VGA_COLOUR);
    vbe_init();
    soft_int(0x10, &call);
}
