/* png.c - writes PNG pictures (ISO/IEC 15948; 8 bits a sample, RGB, no filter, one IDAT chunk), and reads those of at
 * most 8 bits a sample that are not interlaced. */
#include "desk/png.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "emu/emu.h"
#include "formats/numbers.h"
#include "formats/output.h"

static const uint8_t png_signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

/* Length, type, data, CRC over type and data (clause 5.3). */
static void write_chunk(FILE *file, const char *type, const uint8_t *data, size_t size)
{
    uint8_t head[8], tail[4];
    uLong crc;

    put_be(head, size, 4);
    memcpy(head + 4, type, 4);
    crc = crc32(0, head + 4, 4);
    if (size > 0)
        crc = crc32(crc, data, (uInt)size);
    put_be(tail, crc, 4);
    fwrite(head, 1, sizeof(head), file);
    fwrite(data, 1, size, file);
    fwrite(tail, 1, sizeof(tail), file);
}

/* Every row is preceded by its filter type, 0 (clause 9). The caller frees the result. */
static uint8_t *compress_rows(unsigned width, unsigned height, const uint32_t *pixels, uLongf *size)
{
    size_t raw_size = (size_t)height * (1 + (size_t)width * 3);
    uint8_t *raw = malloc(raw_size), *p = raw;
    uint8_t *packed = malloc(compressBound(raw_size));

    *size = compressBound(raw_size);
    for (unsigned y = 0; raw && y < height; y++) {
        *p++ = 0;
        for (unsigned x = 0; x < width; x++, pixels++, p += 3) {
            p[0] = (uint8_t)(*pixels >> 16);
            p[1] = (uint8_t)(*pixels >> 8);
            p[2] = (uint8_t)*pixels;
        }
    }
    if (!raw || !packed || compress2(packed, size, raw, raw_size, Z_BEST_COMPRESSION) != Z_OK) {
        free(packed);
        packed = NULL;
    }
    free(raw);
    return packed;
}

bool png_write(const char *path, unsigned width, unsigned height, const uint32_t *pixels, bool replace,
               struct error *error)
{
    uint8_t header[13] = {[8] = 8, [9] = 2}; /* depth 8, colour type 2 (RGB) */
    struct output output;
    uLongf size;

    if (width == 0 || height == 0)
        return error_set(error, STATUS_WRONG, path, NULL, NULL, "no picture: the display is off");
    uint8_t *packed = compress_rows(width, height, pixels, &size);
    if (!packed)
        return error_host(error, path, ENOMEM, "cannot make the picture");
    bool good = output_in_order(&output, path, replace, error);
    if (good) {
        put_be(header, width, 4);
        put_be(header + 4, height, 4);
        fwrite(png_signature, 1, sizeof png_signature, output.file);
        write_chunk(output.file, "IHDR", header, sizeof(header));
        write_chunk(output.file, "IDAT", packed, size);
        write_chunk(output.file, "IEND", header, 0);
        good = output_commit(&output, error);
    }
    free(packed);
    return good;
}

/* --- Reading --- */

/* clang-format off */
enum colour { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 };
/* clang-format on */

struct decoder {
    const char *name;
    struct error *error;
    struct picture *picture;
    uint8_t depth, colour;
    uint32_t palette[256]; /* AARRGGBB */
    uint8_t *packed, *raw; /* owned: all IDAT chunks; the rows */
    size_t packed_size, row;
    unsigned samples; /* of a pixel */
};

static bool refuse(const struct decoder *d, const char *what)
{
    return error_set(d->error, STATUS_INPUT, d->name, NULL, "save it as PNG with 8 bits a sample, not interlaced", "%s",
                     what);
}

static bool read_header(struct decoder *d, const uint8_t *data, size_t size)
{
    static const uint8_t samples[] = {[GREY] = 1, [RGB] = 3, [PALETTE] = 1, [GREY_ALPHA] = 2, [RGB_ALPHA] = 4};

    if (size != 13 || d->picture->width)
        return refuse(d, "has no valid header");
    uint32_t width = get_be32(data), height = get_be32(data + 4);
    d->depth = data[8];
    d->colour = data[9];
    if (width == 0 || height == 0 || width > FRAME_MAX_WIDTH || height > FRAME_MAX_HEIGHT)
        return refuse(d, "is empty, or larger than any screen");
    bool packs = d->colour == GREY || d->colour == PALETTE;
    if (d->colour >= sizeof samples || !samples[d->colour] || data[10] || data[11] || data[12] ||
        !(d->depth == 8 || (packs && (d->depth == 1 || d->depth == 2 || d->depth == 4))))
        return refuse(d, "is interlaced, or of a kind that is not read");
    d->samples = samples[d->colour];
    d->row = ((size_t)width * d->samples * d->depth + 7) / 8;
    d->picture->width = width;
    d->picture->height = height;
    return true;
}

static void read_palette(struct decoder *d, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size / 3 && i < 256; i++)
        d->palette[i] = (d->palette[i] & 0xFF000000u) | (uint32_t)data[3 * i] << 16 | (uint32_t)data[3 * i + 1] << 8 |
                        data[3 * i + 2];
}

static void read_transparency(struct decoder *d, const uint8_t *data, size_t size)
{
    for (size_t i = 0; d->colour == PALETTE && i < size && i < 256; i++)
        d->palette[i] = (d->palette[i] & 0xFFFFFFu) | (uint32_t)data[i] << 24;
}

/* Goes over the chunks; each has its CRC. */
static bool read_chunks(struct decoder *d, const uint8_t *bytes, size_t size)
{
    for (size_t at = 8; size - at >= 12;) {
        const uint8_t *type = bytes + at + 4, *data = type + 4;
        uint32_t length = get_be32(bytes + at);
        if (length > size - at - 12 || get_be32(data + length) != (uint32_t)crc32(0, type, length + 4))
            return refuse(d, "is damaged");
        bool header = !memcmp(type, "IHDR", 4);
        if (header && !read_header(d, data, length))
            return false;
        if (!d->picture->width)
            return refuse(d, "has no valid header");
        if (!memcmp(type, "PLTE", 4))
            read_palette(d, data, length);
        else if (!memcmp(type, "tRNS", 4))
            read_transparency(d, data, length);
        else if (!memcmp(type, "IDAT", 4)) {
            memcpy(d->packed + d->packed_size, data, length);
            d->packed_size += length;
        } else if (!memcmp(type, "IEND", 4))
            return true;
        at += 12 + (size_t)length;
    }
    return refuse(d, "ends early");
}

/* The value that a filter predicts a byte by (clause 9.4). */
static uint8_t predict(uint8_t filter, uint8_t left, uint8_t up, uint8_t corner)
{
    int p = left + up - corner, a = abs(p - left), b = abs(p - up), c = abs(p - corner);

    /* clang-format off */
    switch (filter) {
    case 1: return left;
    case 2: return up;
    case 3: return (uint8_t)((left + up) / 2);
    case 4: return a <= b && a <= c ? left : b <= c ? up : corner;
    default: return 0;
    }
    /* clang-format on */
}

static bool unfilter(struct decoder *d)
{
    size_t step = d->depth == 8 ? d->samples : 1;

    for (unsigned y = 0; y < d->picture->height; y++) {
        uint8_t *row = d->raw + y * (d->row + 1), filter = *row++;
        const uint8_t *above = row - (d->row + 1);
        if (filter > 4)
            return refuse(d, "is damaged");
        for (size_t i = 0; i < d->row; i++) {
            uint8_t left = i >= step ? row[i - step] : 0, up = y ? above[i] : 0;
            row[i] = (uint8_t)(row[i] + predict(filter, left, up, y && i >= step ? above[i - step] : 0));
        }
    }
    return true;
}

static uint32_t pixel_at(const struct decoder *d, const uint8_t *row, unsigned x)
{
    const uint8_t *p = row + (size_t)x * d->samples;
    unsigned per_byte = 8u / d->depth, value;

    /* clang-format off */
    switch (d->colour) {
    case RGB:        return 0xFF000000u | (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    case RGB_ALPHA:  return (uint32_t)p[3] << 24 | (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    case GREY_ALPHA: return (uint32_t)p[1] << 24 | p[0] * 0x10101u;
    default: break;
    }
    /* clang-format on */
    value = row[x / per_byte] >> (8u - d->depth - x % per_byte * d->depth) & ((1u << d->depth) - 1);
    return d->colour == PALETTE ? d->palette[value] : 0xFF000000u | value * 255u / ((1u << d->depth) - 1) * 0x10101u;
}

static bool unpack(struct decoder *d)
{
    struct picture *p = d->picture;
    uLongf size = (uLongf)(p->height * (d->row + 1)), expected = size;

    d->raw = malloc(size);
    p->pixels = malloc((size_t)p->width * p->height * sizeof *p->pixels);
    if (!d->raw || !p->pixels)
        return error_host(d->error, d->name, ENOMEM, "cannot read");
    if (uncompress(d->raw, &size, d->packed, d->packed_size) != Z_OK || size != expected)
        return refuse(d, "is damaged");
    if (!unfilter(d))
        return false;
    for (unsigned y = 0; y < p->height; y++)
        for (unsigned x = 0; x < p->width; x++)
            p->pixels[(size_t)y * p->width + x] = pixel_at(d, d->raw + y * (d->row + 1) + 1, x);
    return true;
}

bool png_decode(const uint8_t *bytes, size_t size, const char *name, struct picture *picture, struct error *error)
{
    struct decoder d = {.name = name, .error = error, .picture = picture};

    memset(picture, 0, sizeof *picture);
    for (int i = 0; i < 256; i++)
        d.palette[i] = 0xFF000000u;
    if (size < sizeof png_signature || memcmp(bytes, png_signature, sizeof png_signature))
        return refuse(&d, "is no PNG picture");
    d.packed = malloc(size);
    bool good = d.packed ? read_chunks(&d, bytes, size) && unpack(&d) : error_host(error, name, ENOMEM, "cannot read");
    free(d.packed);
    free(d.raw);
    return good;
}

bool png_read(const char *path, struct picture *picture, struct error *error)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(PNG_FILE_LIMIT + 1);
    bool good = false;

    memset(picture, 0, sizeof *picture);
    if (!file || !bytes) {
        error_host(error, path, bytes ? errno : ENOMEM, "cannot open the picture");
    } else {
        size_t size = fread(bytes, 1, PNG_FILE_LIMIT + 1, file);
        good = ferror(file)            ? error_host(error, path, EIO, "cannot read the picture")
               : size > PNG_FILE_LIMIT ? error_set(error, STATUS_INPUT, path, NULL, NULL, "is larger than 16 MiB")
                                       : png_decode(bytes, size, path, picture, error);
    }
    if (file)
        fclose(file);
    free(bytes);
    return good;
}

void picture_free(struct picture *picture)
{
    free(picture->pixels);
    picture->pixels = NULL;
}
