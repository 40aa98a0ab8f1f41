/* palette.c - colours: the attribute controller and the DAC, INT 10h/0Bh and 10h. */
#include "palette.h"

#include "bda.h"
#include "modes.h"
#include "registers.h"

enum { OVERSCAN = 0x11, MODE = 0x10, COLOUR_SELECT = 0x14, BLINK = 0x08, PAGED_16 = 0x80, GREY = 0x02 };

struct colour {
    uint8_t red, green, blue;
};

/* The eye's weights in 256ths: 30, 59 and 11 percent. */
static struct colour grey(struct colour c)
{
    uint8_t level = (77 * c.red + 151 * c.green + 28 * c.blue + 128) >> 8;
    return (struct colour){level, level, level};
}

/* As a grey, if that is wanted. */
static struct colour shown(struct colour c)
{
    return bda_get(vga_flags) & GREY ? grey(c) : c;
}

static void dac_write(uint8_t index, struct colour c)
{
    c = shown(c);
    outb(DAC_WRITE, index);
    outb(DAC_DATA, c.red);
    outb(DAC_DATA, c.green);
    outb(DAC_DATA, c.blue);
}

static struct colour dac_read(uint8_t index)
{
    struct colour c;
    outb(DAC_READ, index);
    c.red = inb(DAC_DATA);
    c.green = inb(DAC_DATA);
    c.blue = inb(DAC_DATA);
    return c;
}

/* Six bits: two thirds of the intensity in 0-2, one third in 3-5; blue, green, red. */
static struct colour colour_ega(uint8_t i)
{
    return (struct colour){(i >> 2 & 1) * 42 + (i >> 5 & 1) * 21, (i >> 1 & 1) * 42 + (i >> 4 & 1) * 21,
                           (i & 1) * 42 + (i >> 3 & 1) * 21};
}

/* Bit 4 brightens; dark yellow is brown. */
static struct colour colour_cga(uint8_t i)
{
    if ((i & 0x17) == 6)
        return (struct colour){42, 21, 0};
    return colour_ega((i & 7) | (i & 0x10 ? 0x38 : 0));
}

static struct colour colour_mono(uint8_t i)
{
    uint8_t level = (i & 0x18) == 0x18 ? 63 : i & 0x08 ? 42 : 0;
    return (struct colour){level, level, level};
}

static ROM_DATA uint8_t greys[] = {0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63};

/* clang-format off */
/* Five steps for each of three intensities times three saturations. */
static ROM_DATA uint8_t ramps[9][5] = {
    {0, 16, 31, 47, 63}, {31, 39, 47, 55, 63}, {45, 49, 54, 58, 63}, {0, 7, 14, 21, 28}, {14, 17, 21, 24, 28},
    {20, 22, 24, 26, 28}, {0, 4, 8, 12, 16}, {8, 10, 12, 14, 16}, {11, 12, 13, 15, 16},
};
/* clang-format on */

/* A component round the circle of 24 hues: up in 4, high for 8, down in 4, low for 8. */
static uint8_t hue_step(unsigned hue)
{
    hue %= 24;
    return hue < 4 ? hue : hue <= 12 ? 4 : hue < 16 ? 16 - hue : 0;
}

static struct colour colour_256(uint8_t i)
{
    if (i < 16)
        return colour_cga((i & 7) | (i & 8) << 1);
    if (i < 32)
        return (struct colour){rom_get(greys[i - 16]), rom_get(greys[i - 16]), rom_get(greys[i - 16])};
    unsigned ramp = (i - 32) / 24, hue = (i - 32) % 24;
    if (ramp >= 9)
        return (struct colour){0, 0, 0};
    return (struct colour){rom_get(ramps[ramp][hue_step(hue)]), rom_get(ramps[ramp][hue_step(hue + 16)]),
                           rom_get(ramps[ramp][hue_step(hue + 8)])};
}

static struct colour colour_of(uint8_t palette, uint8_t i)
{
    switch (palette) {
    case PALETTE_EGA: return colour_ega(i);
    case PALETTE_CGA: return colour_cga(i);
    case PALETTE_MONO: return colour_mono(i);
    default: return colour_256(i);
    }
}

/* Sixteen at a time: the DAC takes one colour after the other. */
void palette_load(uint8_t palette)
{
    struct colour colours[16];

    outb(DAC_WRITE, 0);
    for (unsigned i = 0; i < (palette == PALETTE_256 ? 256 : 64); i++) {
        colours[i % 16] = shown(colour_of(palette, i));
        if (i % 16 == 15)
            outsb(DAC_DATA, colours, sizeof(colours));
    }
}

/* 0Bh: BH = 0 sets the border and the background of graphics, BH = 1 chooses a palette of mode 4. */
void cga_palette(struct regs *r)
{
    uint8_t v = bda_get(cga_palette);

    v = r->bh == 0 ? (v & 0x20) | (r->bl & 0x1F) : (v & 0x1F) | (r->bl & 1) << 5;
    bda_put(cga_palette, v);
    uint8_t bright = v & 0x10;
    if (r->bh == 0) {
        uint8_t border = (v & 7) | (v & 8) << 1;
        attribute_write(OVERSCAN, border);
        if (bda_get(video_mode) >= 4 && bda_get(video_mode) <= 6)
            attribute_write(0, border);
    }
    if (bda_get(video_mode) == 4 || bda_get(video_mode) == 5)
        for (uint8_t i = 1; i <= 3; i++)
            attribute_write(i, (i << 1 | v >> 5) | bright);
    attribute_screen_on();
}

static void palette_write_all(struct regs *r)
{
    for (uint8_t i = 0; i < 16; i++)
        attribute_write(i, far_get8(r->es, r->dx + i));
    attribute_write(OVERSCAN, far_get8(r->es, r->dx + 16));
}

static void palette_read_all(struct regs *r)
{
    for (uint8_t i = 0; i < 16; i++)
        far_put8(r->es, r->dx + i, attribute_read(i));
    far_put8(r->es, r->dx + 16, attribute_read(OVERSCAN));
}

static void dac_block(struct regs *r, bool write)
{
    uint16_t at = r->dx;

    for (uint16_t i = 0; i < r->cx; i++, at += 3) {
        struct colour c;
        if (write) {
            far_read(&c, r->es, at, sizeof(c));
            dac_write(r->bx + i, c);
        } else {
            c = dac_read(r->bx + i);
            far_write(r->es, at, &c, sizeof(c));
        }
    }
}

static void dac_page_select(struct regs *r)
{
    uint8_t mode = attribute_read(MODE);

    if (r->bl == 0)
        attribute_write(MODE, (mode & ~PAGED_16) | (r->bh & 1) << 7);
    else
        attribute_write(COLOUR_SELECT, mode & PAGED_16 ? r->bh & 15 : (r->bh & 3) << 2);
}

static void dac_page_read(struct regs *r)
{
    uint8_t select = attribute_read(COLOUR_SELECT);

    r->bl = attribute_read(MODE) >> 7;
    r->bh = r->bl ? select & 15 : select >> 2 & 3;
}

static void dac_sum_greys(struct regs *r)
{
    for (uint16_t i = 0; i < r->cx; i++)
        dac_write(r->bx + i, grey(dac_read(r->bx + i)));
}

static void dac_one_read(struct regs *r)
{
    struct colour c = dac_read(r->bl);
    r->dh = c.red;
    r->ch = c.green;
    r->cl = c.blue;
}

/* INT 10h/10h. */
void palette_service(struct regs *r)
{
    switch (r->al) {
    case 0x00: attribute_write(r->bl, r->bh); break;
    case 0x01: attribute_write(OVERSCAN, r->bh); break;
    case 0x02: palette_write_all(r); break;
    case 0x03: attribute_write(MODE, (attribute_read(MODE) & ~BLINK) | (r->bl & 1) << 3); break;
    case 0x07: r->bh = attribute_read(r->bl); break;
    case 0x08: r->bh = attribute_read(OVERSCAN); break;
    case 0x09: palette_read_all(r); break;
    case 0x10: dac_write(r->bl, (struct colour){r->dh, r->ch, r->cl}); break;
    case 0x12: dac_block(r, true); break;
    case 0x13: dac_page_select(r); break;
    case 0x15: dac_one_read(r); break;
    case 0x17: dac_block(r, false); break;
    case 0x18: outb(DAC_MASK, r->bl); break;
    case 0x19: r->bl = inb(DAC_MASK); break;
    case 0x1A: dac_page_read(r); break;
    case 0x1B: dac_sum_greys(r); break;
    default: return;
    }
    attribute_screen_on();
}
