/* png.c - a PNG writer (ISO/IEC 15948): 8 bits a sample, RGB, no filter, one IDAT chunk made by zlib. */
#include "desk/png.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "formats/output.h"

static void put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Length, type, data, CRC over type and data (clause 5.3). */
static void write_chunk(FILE *file, const char *type, const uint8_t *data, size_t size)
{
    uint8_t head[8], tail[4];
    uLong crc;

    put32(head, (uint32_t)size);
    memcpy(head + 4, type, 4);
    crc = crc32(0, head + 4, 4);
    if (size > 0)
        crc = crc32(crc, data, (uInt)size);
    put32(tail, (uint32_t)crc);
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
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
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
        put32(header, width);
        put32(header + 4, height);
        fwrite(signature, 1, sizeof(signature), output.file);
        write_chunk(output.file, "IHDR", header, sizeof(header));
        write_chunk(output.file, "IDAT", packed, size);
        write_chunk(output.file, "IEND", header, 0);
        good = output_commit(&output, error);
    }
    free(packed);
    return good;
}
