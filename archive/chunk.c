/* chunk.c - a chunk of a disk as one gzip member (RFC 1952) around DEFLATE (RFC 1951), through zlib; where pkg-config
 * found it (HAVE_libdeflate), libdeflate does, in half the time.
 *
 * The gzip header is fixed. What does not shrink is written as stored blocks, so that a member has a greatest length.
 */
#include "archive/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#ifdef HAVE_libdeflate
#include <libdeflate.h>
#endif

#define GZ_HEADER 10u
#define GZ_TRAILER 8u
#define STORED_MAX 65535u /* bytes of one stored block */

/* Method deflate, no flags, no time, no hint, unknown system. */
static const uint8_t chunk_header[GZ_HEADER] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};

struct chunk_encoder {
#ifdef HAVE_libdeflate
    struct libdeflate_compressor *compressor;
#else
    z_stream z;
#endif
};

struct chunk_decoder {
    z_stream z;
#ifdef HAVE_libdeflate
    struct libdeflate_decompressor *fast;
#endif
};

static void put_le32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get_le32(const uint8_t *from)
{
    return from[0] | from[1] << 8 | from[2] << 16 | (uint32_t)from[3] << 24;
}

/* The two ways, each at the level after which time buys little: a compressor is begun and ended; compresses into less
 * than `room` bytes, or returns 0; unpacks a sound chunk, or leaves it to zlib, which says what is wrong; CRC-32; and
 * its name. */
#ifdef HAVE_libdeflate
#define LEVEL 5

static bool begin(struct chunk_encoder *encoder)
{
    return (encoder->compressor = libdeflate_alloc_compressor(LEVEL)) != NULL;
}

static void end(struct chunk_encoder *encoder)
{
    libdeflate_free_compressor(encoder->compressor);
}

static uint32_t compress_chunk(struct chunk_encoder *encoder, const uint8_t *bytes, uint32_t size, uint8_t *to,
                               uint32_t room)
{
    return (uint32_t)libdeflate_deflate_compress(encoder->compressor, bytes, size, to, room - 1);
}

static bool begin_fast(struct chunk_decoder *decoder)
{
    return (decoder->fast = libdeflate_alloc_decompressor()) != NULL;
}

static void end_fast(struct chunk_decoder *decoder)
{
    libdeflate_free_decompressor(decoder->fast);
}

static bool decompress_fast(struct chunk_decoder *decoder, const uint8_t *from, uint32_t available,
                            uint8_t bytes[CHUNK_SIZE], uint32_t *size, uint32_t *used)
{
    size_t in, out;

    if (libdeflate_deflate_decompress_ex(decoder->fast, from, available, bytes, CHUNK_SIZE, &in, &out) !=
        LIBDEFLATE_SUCCESS)
        return false;
    *size = (uint32_t)out;
    *used = (uint32_t)in;
    return true;
}

static uint32_t crc(const uint8_t *bytes, uint32_t size)
{
    return libdeflate_crc32(0, bytes, size);
}

#define LIBRARY "libdeflate " LIBDEFLATE_VERSION_STRING
#else
#define LEVEL 6

static bool begin(struct chunk_encoder *encoder)
{
    return deflateInit2(&encoder->z, LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK;
}

static void end(struct chunk_encoder *encoder)
{
    deflateEnd(&encoder->z);
}

static uint32_t compress_chunk(struct chunk_encoder *encoder, const uint8_t *bytes, uint32_t size, uint8_t *to,
                               uint32_t room)
{
    z_stream *z = &encoder->z;

    deflateReset(z);
    z->next_in = (Bytef *)bytes;
    z->avail_in = size;
    z->next_out = to;
    z->avail_out = room;
    return deflate(z, Z_FINISH) == Z_STREAM_END && z->avail_out > 0 ? room - z->avail_out : 0;
}

static bool begin_fast(struct chunk_decoder *decoder)
{
    (void)decoder;
    return true;
}

static void end_fast(struct chunk_decoder *decoder)
{
    (void)decoder;
}

static bool decompress_fast(struct chunk_decoder *decoder, const uint8_t *from, uint32_t available,
                            uint8_t bytes[CHUNK_SIZE], uint32_t *size, uint32_t *used)
{
    (void)decoder, (void)from, (void)available, (void)bytes, (void)size, (void)used;
    return false;
}

static uint32_t crc(const uint8_t *bytes, uint32_t size)
{
    return (uint32_t)crc32(crc32(0, NULL, 0), bytes, size);
}

#define LIBRARY "zlib " ZLIB_VERSION
#endif

struct chunk_encoder *chunk_encoder_new(void)
{
    struct chunk_encoder *encoder = calloc(1, sizeof *encoder);

    if (encoder && !begin(encoder)) {
        free(encoder);
        encoder = NULL;
    }
    return encoder;
}

void chunk_encoder_free(struct chunk_encoder *encoder)
{
    if (encoder)
        end(encoder);
    free(encoder);
}

void chunk_encoder_name(char *name, size_t size)
{
    snprintf(name, size, "%s level %d", LIBRARY, LEVEL);
}

/* RFC 1951, 3.2.4: three bits of header, padding, length, its complement, the bytes. */
static uint32_t store(const uint8_t *bytes, uint32_t size, uint8_t *out)
{
    uint32_t at = 0;

    do {
        uint32_t part = size < STORED_MAX ? size : STORED_MAX;

        out[at] = part == size;
        put_le32(out + at + 1, part | (~part & 0xffffu) << 16);
        memcpy(out + at + 5, bytes, part);
        at += 5 + part;
        bytes += part;
        size -= part;
    } while (size > 0);
    return at;
}

uint32_t chunk_encode(struct chunk_encoder *encoder, const uint8_t *bytes, uint32_t size, uint8_t gz[CHUNK_GZ_MAX])
{
    uint32_t stored = size + 5 * ((size + STORED_MAX - 1) / STORED_MAX), length;

    memcpy(gz, chunk_header, GZ_HEADER);
    length = compress_chunk(encoder, bytes, size, gz + GZ_HEADER, stored);
    if (length == 0)
        length = store(bytes, size, gz + GZ_HEADER);
    put_le32(gz + GZ_HEADER + length, crc(bytes, size));
    put_le32(gz + GZ_HEADER + length + 4, size);
    return GZ_HEADER + length + GZ_TRAILER;
}

struct chunk_decoder *chunk_decoder_new(void)
{
    struct chunk_decoder *decoder = calloc(1, sizeof *decoder);

    if (decoder && inflateInit2(&decoder->z, -15) == Z_OK) {
        if (begin_fast(decoder))
            return decoder;
        inflateEnd(&decoder->z);
    }
    free(decoder);
    return NULL;
}

void chunk_decoder_free(struct chunk_decoder *decoder)
{
    if (decoder) {
        end_fast(decoder);
        inflateEnd(&decoder->z);
    }
    free(decoder);
}

/* What zlib finds wrong with DEFLATE data, or null. */
static const char *inflate_chunk(struct chunk_decoder *decoder, const uint8_t *from, uint32_t available,
                                 uint8_t bytes[CHUNK_SIZE], uint32_t *size, uint32_t *used)
{
    z_stream *z = &decoder->z;
    int result;

    inflateReset(z);
    z->next_in = (Bytef *)from;
    z->avail_in = available;
    z->next_out = bytes;
    z->avail_out = CHUNK_SIZE;
    result = inflate(z, Z_FINISH);
    *size = CHUNK_SIZE - z->avail_out;
    *used = available - z->avail_in;
    if (result == Z_STREAM_END)
        return NULL;
    return result == Z_DATA_ERROR ? "has wrong compressed data" : "does not end where it should";
}

const char *chunk_decode(struct chunk_decoder *decoder, const uint8_t *gz, uint32_t available,
                         uint8_t bytes[CHUNK_SIZE], uint32_t *size, uint32_t *used)
{
    const uint8_t *data = gz + GZ_HEADER, *trailer;
    const char *reason;
    uint32_t length;

    if (available > CHUNK_GZ_MAX)
        available = CHUNK_GZ_MAX;
    if (available < GZ_HEADER + GZ_TRAILER)
        return "is too short for a gzip member";
    if (memcmp(gz, chunk_header, GZ_HEADER) != 0)
        return "has a wrong gzip header";
    length = available - GZ_HEADER - GZ_TRAILER;
    reason = decompress_fast(decoder, data, length, bytes, size, used)
                 ? NULL
                 : inflate_chunk(decoder, data, length, bytes, size, used);
    if (reason)
        return reason;
    trailer = data + *used;
    *used += GZ_HEADER + GZ_TRAILER;
    if (get_le32(trailer) != crc(bytes, *size))
        return "has contents that do not fit its CRC-32";
    return get_le32(trailer + 4) == *size ? NULL : "has a wrong length in its gzip trailer";
}

bool chunk_stored(const uint8_t head[CHUNK_STORED_HEAD], const uint8_t tail[CHUNK_STORED_TAIL],
                  uint8_t bytes[CHUNK_SIZE])
{
    static const uint8_t first[] = {0, 0xff, 0xff, 0, 0}, last[] = {1, 1, 0, 0xfe, 0xff}; /* as store writes them */

    bytes[CHUNK_SIZE - 1] = tail[sizeof last];
    return memcmp(head, chunk_header, GZ_HEADER) == 0 && memcmp(head + GZ_HEADER, first, sizeof first) == 0 &&
           memcmp(tail, last, sizeof last) == 0 && get_le32(tail + 6) == crc(bytes, CHUNK_SIZE) &&
           get_le32(tail + 10) == CHUNK_SIZE;
}
