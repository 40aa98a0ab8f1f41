/* cirrus_blt.c - the BitBLT engine (CL-GD5446 Technical Reference Manual, "BitBLT Engine"; registers GR20-GR39).
 *
 * A line of the source is made first: copied, expanded from bits, repeated from a pattern of 8 by 8 pixels, or of one
 * colour. Then the raster operation combines it with the destination, eight bytes at a time. A BitBLT is done when its
 * start bit is written; one whose source is the processor does a line when that line's bytes have come. What overlaps
 * is right line by line: a line of the source is read before the destination's is written. */
#include <string.h>

#include "emu/devices/cirrus_parts.h"
#include "emu/devices/vga_memory.h"

/* clang-format off */
enum { GR_WIDTH = 0x20, GR_HEIGHT = 0x22, GR_PITCH = 0x24, GR_SOURCE_PITCH = 0x26, GR_DESTINATION = 0x28, GR_SOURCE = 0x2C, GR_SKIP = 0x2F,
       GR_BLT_MODE = 0x30, GR_OPERATION = 0x32, GR_BLT_EXTENSIONS = 0x33, GR_KEY = 0x34, GR_KEY_MASK = 0x38 };
enum { MODE_BACKWARDS = 1, MODE_TO_PROCESSOR = 2, MODE_FROM_PROCESSOR = 4, MODE_TRANSPARENT = 8, MODE_PATTERN = 0x40, MODE_EXPAND = 0x80 };
enum { BLT_DWORDS = 1, BLT_INVERTED = 2, BLT_SOLID = 4 }; /* GR33: of the GD5446 */
enum { STATUS_BUSY = 1, STATUS_START = 2, STATUS_RESET = 4, STATUS_MOVES = 8, STATUS_AUTOSTART = 0x80 };
/* clang-format on */

/* A BitBLT, as the registers describe it. Widths, pitches and addresses are bytes. */
struct blt {
    uint32_t width, height, pitch, source_pitch, destination, source;
    uint32_t pixel;       /* bytes: 1 to 4 */
    uint32_t skip;        /* pixels at the left that are not written, of a pattern or an expansion */
    uint32_t truth;       /* of the raster operation: bit 2s + d is the result */
    uint32_t key, ignore; /* the colour that is not written, and bits of it that do not count */
    bool transparent, pattern, expand, solid, inverted, dwords;
    uint8_t ink[4], paper[4];
};

/* Codes that the manual does not list leave the destination. */
static uint32_t truth_of(uint8_t operation)
{
    static const uint8_t operations[][2] = {
        {0x00, 0x0}, {0x05, 0x8}, {0x06, 0xA}, {0x09, 0x4}, {0x0B, 0x5}, {0x0D, 0xC}, {0x0E, 0xF}, {0x50, 0x2},
        {0x59, 0x6}, {0x6D, 0xE}, {0x90, 0x7}, {0x95, 0x9}, {0xAD, 0xD}, {0xD0, 0x3}, {0xD6, 0xB}, {0xDA, 0x1},
    };

    for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++)
        if (operations[i][0] == operation)
            return operations[i][1];
    return 0xA;
}

static uint32_t get(const uint8_t *g, unsigned index, unsigned bytes, uint32_t mask)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint32_t)g[index + i] << 8 * i;
    return value & mask;
}

static struct blt decode(const struct cirrus *c, const uint8_t *g)
{
    uint8_t mode = g[GR_BLT_MODE], extensions = c->chip == DISPLAY_GD5446 ? g[GR_BLT_EXTENSIONS] : 0;
    struct blt b = {
        .width = get(g, GR_WIDTH, 2, 0x1FFF) + 1,
        .height = get(g, GR_HEIGHT, 2, 0x7FF) + 1,
        .pitch = get(g, GR_PITCH, 2, 0x1FFF),
        .source_pitch = get(g, GR_SOURCE_PITCH, 2, 0x1FFF),
        .destination = get(g, GR_DESTINATION, 3, 0x3FFFFF),
        .source = get(g, GR_SOURCE, 3, 0x3FFFFF),
        .pixel = (mode >> 4 & 3u) + 1,
        .truth = truth_of(g[GR_OPERATION]),
        .key = get(g, GR_KEY, 2, 0xFFFF),
        .pattern = mode & MODE_PATTERN,
        .expand = mode & MODE_EXPAND,
        .inverted = extensions & BLT_INVERTED,
        .dwords = extensions & BLT_DWORDS,
    };

    b.ignore = c->chip == DISPLAY_GD5446 ? 0 : get(g, GR_KEY_MASK, 2, 0xFFFF);
    if (mode & MODE_BACKWARDS && !b.pattern && !b.expand && !(mode & MODE_FROM_PROCESSOR)) {
        /* Addresses are those of the last byte of the last line. */
        b.source -= b.width - 1;
        b.destination -= b.width - 1;
        b.source_pitch = 0 - b.source_pitch;
        b.pitch = 0 - b.pitch;
    }
    b.transparent = mode & MODE_TRANSPARENT && (b.expand || b.pixel <= 2);
    b.solid = extensions & BLT_SOLID && b.pattern && b.expand && !b.transparent && !(mode & MODE_FROM_PROCESSOR);
    if (b.pattern || b.expand)
        b.skip = b.pixel == 3 ? (g[GR_SKIP] & 0x1Fu) / 3 : g[GR_SKIP] & 7u;
    for (unsigned i = 0; i < 4; i++) {
        b.ink[i] = g[i ? 0x0F + 2 * i : 1];
        b.paper[i] = g[i ? 0x0E + 2 * i : 0];
    }
    return b;
}

/* --- A line --- */

/* What a line is made in: the source's bytes, and which of the destination's are written, a byte of ones each. */
struct blt_line {
    uint8_t source[BLT_LINE + 8];
    uint8_t written[BLT_LINE + 8];
    bool whole; /* all of them: `written` is not filled in */
};

static void memory_get(const struct cirrus *c, uint32_t at, uint8_t *to, uint32_t length)
{
    uint32_t size = c->vga->memory_size, first = at & (size - 1), part = length < size - first ? length : size - first;

    memcpy(to, c->vga->memory + first, part);
    memcpy(to + part, c->vga->memory, length - part);
}

static void memory_put(struct cirrus *c, uint32_t at, const uint8_t *from, uint32_t length)
{
    uint32_t size = c->vga->memory_size, first = at & (size - 1), part = length < size - first ? length : size - first;

    memcpy(c->vga->memory + first, from, part);
    memcpy(c->vga->memory, from + part, length - part);
}

/* Pixels of one colour. */
static void paint(const struct blt *b, const uint8_t colour[4], struct blt_line *l)
{
    for (uint32_t i = 0; i < b->width; i += b->pixel)
        memcpy(l->source + i, colour, b->pixel); /* the last one may be cut */
}

/* Bits, the highest of each byte first, become pixels; a pattern's byte serves all of them. */
static void expand(const struct blt *b, const uint8_t *bits, struct blt_line *l)
{
    bool turned = b->inverted && b->transparent;

    l->whole = !b->transparent && !b->skip;
    memset(l->source, 0, b->skip * b->pixel);
    memset(l->written, 0, b->width);
    for (uint32_t x = b->skip, at = x * b->pixel; at < b->width; x++, at += b->pixel) {
        bool one = bits[b->pattern ? 0 : x / 8] >> (7 - x % 8) & 1;
        memcpy(l->source + at, one ? b->ink : b->paper, b->pixel);
        if (!b->transparent || one != turned)
            memset(l->written + at, 0xFF, b->pixel);
    }
}

/* A line of a pattern of colours, 8 pixels; of 24 bits they take 32 bytes in memory. */
static void repeat(const struct blt *b, const uint8_t *pixels, struct blt_line *l)
{
    l->whole = !b->skip;
    memset(l->source, 0, b->skip * b->pixel);
    if (b->skip)
        memset(l->written, 0, b->width);
    for (uint32_t x = b->skip, at = x * b->pixel; at < b->width; x++, at += b->pixel) {
        memcpy(l->source + at, pixels + x % 8 * b->pixel, b->pixel);
        if (b->skip)
            memset(l->written + at, 0xFF, b->pixel);
    }
}

static uint32_t pattern_pitch(const struct blt *b)
{
    return b->expand ? 1 : b->pixel == 3 ? 32 : 8 * b->pixel;
}

/* The bytes of a line of the source, of a pattern all of them, as the processor gives them. */
static uint32_t source_bytes(const struct blt *b)
{
    uint32_t pixels = (b->width + b->pixel - 1) / b->pixel;

    if (b->pattern)
        return 8 * pattern_pitch(b);
    if (b->expand)
        return b->dwords ? (pixels + 31) / 32 * 4 : (pixels + 7) / 8;
    return (b->width + 3) & ~3u;
}

/* Line y of the source. `given`: the processor's bytes, or null, and they are in memory. */
static void make_line(const struct cirrus *c, const struct blt *b, uint32_t y, const uint8_t *given, struct blt_line *l)
{
    uint8_t bytes[BLT_LINE];
    uint32_t pitch = pattern_pitch(b);

    if (b->pattern && !given)
        memory_get(c, b->source & ~(8 * pitch - 1), bytes, 8 * pitch);
    else if (b->expand && !given)
        memory_get(c, b->source + y * source_bytes(b), bytes, source_bytes(b));
    if (!given)
        given = bytes;
    if (b->pattern)
        given += (y + b->source) % 8 * pitch; /* the address says which line comes first */
    if (b->expand)
        expand(b, given, l);
    else if (b->pattern)
        repeat(b, given, l);
    else if (given != bytes)
        memcpy(l->source, given, b->width);
    else
        memory_get(c, b->source + y * b->source_pitch, l->source, b->width);
}

static uint64_t wide(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static void combine(uint32_t truth, const uint8_t *source, uint8_t *destination, uint32_t length)
{
    uint64_t t[4];

    for (unsigned i = 0; i < 4; i++)
        t[i] = truth >> i & 1 ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < length; i += 8) {
        uint64_t s = wide(source + i), d = wide(destination + i);
        d = (s & ((d & t[3]) | (~d & t[2]))) | (~s & ((d & t[1]) | (~d & t[0])));
        memcpy(destination + i, &d, sizeof d);
    }
}

/* Pixels whose result is the key stay as they were. */
static void keep_key(const struct blt *b, const uint8_t *result, struct blt_line *l)
{
    bool all = l->whole;

    for (uint32_t i = 0; i + b->pixel <= b->width; i += b->pixel) {
        uint32_t colour = result[i] | (b->pixel == 2 ? (uint32_t)result[i + 1] << 8 : 0),
                 counts = (b->pixel == 2 ? 0xFFFFu : 0xFF) & ~b->ignore;
        bool key = !((colour ^ b->key) & counts);
        if (all || key)
            memset(l->written + i, key ? 0 : 0xFF, b->pixel);
    }
    if (all && b->width % b->pixel)
        l->written[b->width - 1] = 0xFF;
    l->whole = false;
}

/* A line of the source goes to the destination at an address. */
static void put_line(struct cirrus *c, const struct blt *b, uint32_t at, struct blt_line *l)
{
    uint8_t old[BLT_LINE + 8], result[BLT_LINE + 8];

    memory_get(c, at, old, b->width);
    memcpy(result, old, b->width);
    combine(b->truth, l->source, result, b->width);
    if (b->transparent && !b->expand)
        keep_key(b, result, l);
    for (uint32_t i = 0; !l->whole && i < b->width; i++)
        result[i] = (uint8_t)((result[i] & l->written[i]) | (old[i] & ~l->written[i]));
    memory_put(c, at, result, b->width);
}

static void touch(struct cirrus *c, uint32_t at, uint32_t length)
{
    uint32_t size = c->vga->memory_size, first = at & (size - 1), part = length < size - first ? length : size - first;

    vga_touch(c->vga, first, part);
    if (part < length)
        vga_touch(c->vga, 0, length - part);
}

/* Both in one piece: the operation is a plain copy of `from`, or null. */
static bool copy_line(struct cirrus *c, const struct blt *b, uint32_t to, uint32_t from, const uint8_t *bytes)
{
    uint32_t size = c->vga->memory_size;

    to &= size - 1;
    from &= size - 1;
    if (b->truth != 0xC || to + b->width > size || (!bytes && from + b->width > size))
        return false;
    memmove(c->vga->memory + to, bytes ? bytes : c->vga->memory + from, b->width);
    return true;
}

static uint32_t line_at(const struct blt *b, uint32_t y)
{
    return b->destination + y * b->pitch;
}

static void do_line(struct cirrus *c, const struct blt *b, uint32_t y, const uint8_t *given)
{
    bool plain = !b->pattern && !b->expand && !b->transparent;
    struct blt_line l;

    if (!plain || !copy_line(c, b, line_at(b, y), b->source + y * b->source_pitch, given)) {
        l.whole = true;
        make_line(c, b, y, given, &l);
        put_line(c, b, line_at(b, y), &l);
    }
    touch(c, line_at(b, y), b->width);
}

/* All lines of one colour. */
static void fill(struct cirrus *c, const struct blt *b)
{
    struct blt_line l;

    l.whole = true;
    paint(b, b->ink, &l);
    for (uint32_t y = 0; y < b->height; y++) {
        if (!copy_line(c, b, line_at(b, y), 0, l.source))
            put_line(c, b, line_at(b, y), &l);
        touch(c, line_at(b, y), b->width);
    }
}

static void do_lines(struct cirrus *c, const struct blt *b, const uint8_t *given)
{
    for (uint32_t y = 0; y < b->height; y++)
        do_line(c, b, y, given);
}

/* --- Start, and bytes from the processor --- */

static void gather(const struct cirrus *c, uint8_t g[CIRRUS_GRAPHICS])
{
    for (unsigned i = 0; i < CIRRUS_GRAPHICS; i++)
        g[i] = cirrus_graphics(c, i);
}

static void done(struct cirrus *c)
{
    c->blt_waits = false;
    c->blt_filled = 0;
    c->blt_line = 0;
    c->graphics[GR_BLT_STATUS] &= (uint8_t) ~(STATUS_BUSY | STATUS_START | STATUS_MOVES);
}

static void start(struct cirrus *c)
{
    struct blt b;

    gather(c, c->blt_registers);
    b = decode(c, c->blt_registers);
    if (c->blt_registers[GR_BLT_MODE] & MODE_FROM_PROCESSOR) {
        c->blt_waits = true;
        c->blt_filled = 0;
        c->blt_line = 0;
        c->graphics[GR_BLT_STATUS] |= STATUS_BUSY | STATUS_START | STATUS_MOVES;
        return;
    }
    if (b.solid)
        fill(c, &b);
    else if (!(c->blt_registers[GR_BLT_MODE] & MODE_TO_PROCESSOR))
        do_lines(c, &b, NULL);
    done(c);
}

void cirrus_blt_control(struct cirrus *c, uint8_t value)
{
    uint8_t busy = c->graphics[GR_BLT_STATUS] & (STATUS_BUSY | STATUS_START | STATUS_MOVES);

    c->graphics[GR_BLT_STATUS] = (uint8_t)((value & ~(STATUS_BUSY | STATUS_START | STATUS_MOVES)) | busy);
    if (value & STATUS_RESET)
        done(c);
    else if (value & STATUS_START && !c->blt_waits)
        start(c);
}

void cirrus_blt_addressed(struct cirrus *c)
{
    if (c->chip == DISPLAY_GD5446 && c->graphics[GR_BLT_STATUS] & STATUS_AUTOSTART && !c->blt_waits)
        start(c);
}

/* What the last access has too much is lost. */
void cirrus_blt_feed(struct cirrus *c, uint32_t value, unsigned size)
{
    struct blt b = decode(c, c->blt_registers);
    uint32_t needed = source_bytes(&b);

    for (; size && c->blt_waits; size--, value >>= 8) {
        c->blt_data[c->blt_filled++] = (uint8_t)value;
        if (c->blt_filled < needed)
            continue;
        if (b.pattern)
            do_lines(c, &b, c->blt_data);
        else
            do_line(c, &b, c->blt_line++, c->blt_data);
        c->blt_filled = 0;
        if (b.pattern || c->blt_line == b.height)
            done(c);
    }
    if (!c->blt_waits)
        cirrus_memory_update(c);
}

const char *cirrus_blt_loaded(const struct cirrus *c)
{
    struct blt b = decode(c, c->blt_registers);

    if (c->blt_waits && (c->blt_filled >= source_bytes(&b) || c->blt_line >= b.height))
        return "blt_filled";
    return NULL;
}
