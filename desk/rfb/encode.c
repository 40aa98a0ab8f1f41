/* encode.c - see encode.h. */
#include "desk/rfb/encode.h"

#include <stdlib.h>
#include <string.h>

#define TILE 64u         /* dots of a side (RFC 6143, 7.7.6) */
#define PALETTE_MOST 127 /* colours of one */
#define HASH_SIZE 512u   /* more than twice as many */

/* --- Formats --- */

void encoder_offer(uint8_t format[16])
{
    static const uint8_t offered[16] = {32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0};

    memcpy(format, offered, sizeof offered);
}

void encoder_begin(struct encoder *e)
{
    uint8_t format[16];

    memset(e, 0, sizeof *e);
    e->level = 3;
    encoder_offer(format);
    encoder_set_format(e, format);
}

void encoder_end(struct encoder *e)
{
    if (e->zlib.open)
        deflateEnd(&e->zlib.zlib);
    if (e->zrle.open)
        deflateEnd(&e->zrle.zlib);
    free(e->scratch);
    memset(e, 0, sizeof *e);
}

/* The bytes of a pixel in the order in which they are sent, the first lowest. */
static uint32_t in_order(uint32_t value, unsigned bytes, bool big)
{
    uint32_t swapped = 0;

    if (!big)
        return value;
    for (unsigned i = 0; i < bytes; i++)
        swapped |= (value >> 8 * i & 0xFF) << 8 * (bytes - 1 - i);
    return swapped;
}

bool encoder_set_format(struct encoder *e, const uint8_t format[16])
{
    static const struct {
        uint16_t most;
        uint8_t shift;
    } bgr233[3] = {{7, 0}, {7, 3}, {3, 6}};
    unsigned bytes = format[0] / 8u, depth = format[1];
    bool big = format[2], mapped = !format[3];
    uint32_t used = 0;

    if ((format[0] != 8 && format[0] != 16 && format[0] != 32) || (mapped && bytes != 1))
        return false;
    for (unsigned c = 0; c < 3; c++) {
        uint32_t most = mapped ? bgr233[c].most : (uint32_t)format[4 + 2 * c] << 8 | format[5 + 2 * c];
        unsigned shift = mapped ? bgr233[c].shift : format[10 + c];
        if (shift >= 8 * bytes || most << shift >> shift != most || (bytes < 4 && most << shift >> 8 * bytes))
            return false;
        used |= most << shift;
        for (uint32_t value = 0; value < 256; value++)
            e->channel[c][value] = in_order((value * most + 127) / 255 << shift, bytes, big);
    }
    e->bytes = e->compact = bytes;
    e->mapped = mapped;
    e->skip = 0;
    if (bytes == 4 && depth <= 24 && (!(used & 0xFF000000u) || !(used & 0xFF))) {
        e->compact = 3;
        e->skip = (used & 0xFF000000u) ? !big : big;
    }
    return true;
}

void encoder_colour_map(struct text *output)
{
    static const uint8_t header[6] = {1, 0, 0, 0, 1, 0}; /* from 0, 256 of them */

    text_add(output, header, sizeof header);
    for (unsigned i = 0; i < 256; i++) {
        uint8_t colour[6];
        const unsigned values[3] = {(i & 7) * 255 / 7, (i >> 3 & 7) * 255 / 7, (i >> 6) * 85};
        for (unsigned c = 0; c < 3; c++)
            colour[2 * c] = colour[2 * c + 1] = (uint8_t)values[c];
        text_add(output, colour, sizeof colour);
    }
}

static inline uint32_t convert(const struct encoder *e, uint32_t colour)
{
    return e->channel[0][colour >> 16 & 0xFF] | e->channel[1][colour >> 8 & 0xFF] | e->channel[2][colour & 0xFF];
}

static inline uint8_t *put_pixel(uint8_t *to, uint32_t pixel, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, pixel >>= 8)
        *to++ = (uint8_t)pixel;
    return to;
}

/* --- Encodings --- */

static bool reserve(struct encoder *e, size_t size)
{
    if (size <= e->scratch_size)
        return true;
    uint8_t *scratch = realloc(e->scratch, size);
    if (!scratch)
        return false;
    e->scratch = scratch;
    e->scratch_size = size;
    return true;
}

/* Adds the length, and the bytes compressed. */
static bool compress_to(struct encoder *e, struct encoder_stream *s, const uint8_t *bytes, size_t count,
                        struct text *output)
{
    uint8_t part[16384], length[4] = {0};
    size_t begin = output->length, size;

    if (!s->open) {
        s->open = deflateInit(&s->zlib, e->level) == Z_OK;
        s->level = e->level;
        if (!s->open)
            return false;
    }
    text_add(output, length, sizeof length);
    s->zlib.next_in = (Bytef *)(uintptr_t)bytes;
    s->zlib.avail_in = (uInt)count;
    do {
        s->zlib.next_out = part;
        s->zlib.avail_out = sizeof part;
        if (s->level != e->level) {
            s->level = e->level;
            deflateParams(&s->zlib, e->level, Z_DEFAULT_STRATEGY);
        }
        if (deflate(&s->zlib, Z_SYNC_FLUSH) == Z_STREAM_ERROR)
            return false;
        text_add(output, part, sizeof part - s->zlib.avail_out);
    } while (s->zlib.avail_out == 0);
    if (output->failed)
        return false;
    size = output->length - begin - sizeof length;
    for (unsigned i = 0; i < 4; i++)
        output->bytes[begin + i] = (char)(size >> (24 - 8 * i));
    return true;
}

struct palette {
    unsigned count;
    uint32_t colours[PALETTE_MOST];
    uint32_t keys[HASH_SIZE];
    uint8_t places[HASH_SIZE]; /* 1 above the place; 0: empty */
};

/* The place of a colour, which is added if it is new; -1: there are too many. */
static inline int palette_find(struct palette *p, uint32_t colour)
{
    unsigned slot = (colour * 0x9E3779B1u) >> 23;

    for (; p->places[slot]; slot = (slot + 1) % HASH_SIZE)
        if (p->keys[slot] == colour)
            return p->places[slot] - 1;
    if (p->count == PALETTE_MOST)
        return -1;
    p->keys[slot] = colour;
    p->colours[p->count] = colour;
    p->places[slot] = (uint8_t)++p->count;
    return (int)p->count - 1;
}

struct tile {
    unsigned width, height, count; /* count: of dots */
    uint32_t pixels[TILE * TILE];  /* CPIXELs; once there is a palette, places in it are in `indices` */
    uint8_t indices[TILE * TILE];
    unsigned runs, singles, length_bytes; /* runs of more than one dot; dots alone; bytes of the lengths of runs */
    bool indexed;                         /* there is a palette */
    struct palette palette;
};

static void tile_end_run(struct tile *t, unsigned length)
{
    if (length == 1) {
        t->singles++;
    } else {
        t->runs++;
        t->length_bytes += (length - 1) / 255 + 1;
    }
}

static void tile_read(const struct encoder *e, struct tile *t, const uint32_t *pixels, unsigned stride)
{
    uint32_t last_colour = ~pixels[0], last = 0;
    unsigned run = 0, at = 0;
    int place = 0;

    t->count = t->width * t->height;
    t->runs = t->singles = t->length_bytes = 0;
    t->indexed = true;
    t->palette.count = 0;
    memset(t->palette.places, 0, sizeof t->palette.places);
    for (unsigned y = 0; y < t->height; y++, pixels += stride) {
        for (unsigned x = 0; x < t->width; x++, at++) {
            if (pixels[x] != last_colour || at == 0) {
                uint32_t pixel = convert(e, last_colour = pixels[x]) >> 8 * e->skip;
                if (e->compact == 3)
                    pixel &= 0xFFFFFF;
                if (at && pixel != last) {
                    tile_end_run(t, run);
                    run = 0;
                }
                last = pixel;
                if (t->indexed) {
                    place = palette_find(&t->palette, pixel);
                    t->indexed = place >= 0;
                }
            }
            run++;
            t->pixels[at] = last;
            t->indices[at] = (uint8_t)place;
        }
    }
    tile_end_run(t, run);
}

static uint8_t *put_length(uint8_t *to, unsigned length)
{
    for (length--; length >= 255; length -= 255)
        *to++ = 255;
    *to++ = (uint8_t)length;
    return to;
}

static uint8_t *put_runs(const struct tile *t, unsigned bytes, bool indexed, uint8_t *to)
{
    for (unsigned at = 0, next; at < t->count; at = next) {
        for (next = at + 1; next < t->count && t->pixels[next] == t->pixels[at]; next++)
            ;
        if (!indexed) {
            to = put_length(put_pixel(to, t->pixels[at], bytes), next - at);
        } else if (next - at == 1) {
            *to++ = t->indices[at];
        } else {
            *to++ = t->indices[at] | 0x80;
            to = put_length(to, next - at);
        }
    }
    return to;
}

static uint8_t *put_packed(const struct tile *t, unsigned bits, uint8_t *to)
{
    const uint8_t *at = t->indices;

    for (unsigned y = 0; y < t->height; y++) {
        unsigned byte = 0, used = 0;
        for (unsigned x = 0; x < t->width; x++) {
            byte = byte << bits | *at++;
            used += bits;
            if (used == 8) {
                *to++ = (uint8_t)byte;
                byte = used = 0;
            }
        }
        if (used)
            *to++ = (uint8_t)(byte << (8 - used));
    }
    return to;
}

/* Writes a tile in the shortest of its forms. */
static uint8_t *put_tile(const struct tile *t, unsigned bytes, uint8_t *to)
{
    const struct palette *p = &t->palette;
    unsigned bits = p->count <= 2 ? 1 : p->count <= 4 ? 2 : 4;
    size_t raw = (size_t)t->count * bytes, runs = (size_t)(t->runs + t->singles) * bytes + t->length_bytes + t->singles;
    size_t best = raw, indexed = SIZE_MAX, packed = SIZE_MAX;

    if (t->indexed) {
        indexed = p->count * bytes + t->runs + t->singles + t->length_bytes;
        if (p->count <= 16)
            packed = p->count * bytes + (size_t)t->height * ((t->width * bits + 7) / 8);
    }
    best = runs < best ? runs : best;
    best = indexed < best ? indexed : best;
    best = packed < best ? packed : best;
    if (t->indexed && p->count == 1) {
        *to++ = 1;
        return put_pixel(to, p->colours[0], bytes);
    }
    if (best == packed || best == indexed) {
        *to++ = (uint8_t)(best == packed ? p->count : 128 + p->count);
        for (unsigned i = 0; i < p->count; i++)
            to = put_pixel(to, p->colours[i], bytes);
        return best == packed ? put_packed(t, bits, to) : put_runs(t, bytes, true, to);
    }
    *to++ = best == runs ? 128 : 0;
    if (best == runs)
        return put_runs(t, bytes, false, to);
    for (unsigned i = 0; i < t->count; i++)
        to = put_pixel(to, t->pixels[i], bytes);
    return to;
}

static bool put_zrle(struct encoder *e, const uint32_t *pixels, unsigned stride, unsigned width, unsigned height,
                     struct text *output)
{
    struct tile tile;
    uint8_t *to;

    if (!reserve(e, (size_t)width * height * e->compact + ((width + TILE - 1) / TILE) * ((height + TILE - 1) / TILE)))
        return false;
    to = e->scratch;
    for (unsigned y = 0; y < height; y += TILE) {
        tile.height = height - y < TILE ? height - y : TILE;
        for (unsigned x = 0; x < width; x += TILE) {
            tile.width = width - x < TILE ? width - x : TILE;
            tile_read(e, &tile, pixels + (size_t)y * stride + x, stride);
            to = put_tile(&tile, e->compact, to);
        }
    }
    return compress_to(e, &e->zrle, e->scratch, (size_t)(to - e->scratch), output);
}

bool encoder_pixels(struct encoder *e, const uint32_t *pixels, unsigned stride, unsigned width, unsigned height,
                    struct text *output)
{
    uint8_t *to;

    if (e->encoding == ENCODING_ZRLE)
        return put_zrle(e, pixels, stride, width, height, output);
    if (!reserve(e, (size_t)width * height * e->bytes))
        return false;
    to = e->scratch;
    for (unsigned y = 0; y < height; y++, pixels += stride)
        for (unsigned x = 0; x < width; x++)
            to = put_pixel(to, convert(e, pixels[x]), e->bytes);
    if (e->encoding == ENCODING_ZLIB)
        return compress_to(e, &e->zlib, e->scratch, (size_t)(to - e->scratch), output);
    text_add(output, e->scratch, (size_t)(to - e->scratch));
    return !output->failed;
}
