/* unpack.c - see unpack.h; through zlib, and through libzstd where pkg-config found it (HAVE_libzstd). */
#include "formats/images/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#ifdef HAVE_libzstd
#include <zstd.h>
#endif

/* Whether the stream fits. One of zlib (window 15) must come to its end, and so to its checksum; a raw one has none,
 * and may go on where `size` bytes came. */
static bool inflate_all(int window, const uint8_t *from, size_t length, uint8_t *to, size_t size, size_t *got)
{
    z_stream z = {.next_in = (Bytef *)from, .avail_in = (uInt)length, .next_out = to, .avail_out = (uInt)size};
    int result;

    *got = 0;
    if (inflateInit2(&z, window) != Z_OK)
        return false;
    result = inflate(&z, Z_FINISH);
    *got = size - z.avail_out;
    inflateEnd(&z);
    return result == Z_STREAM_END || (window < 0 && result == Z_BUF_ERROR && z.avail_out == 0);
}

bool unpack_some(const uint8_t *from, size_t length, uint8_t *to, size_t size, size_t *got)
{
    return inflate_all(15, from, length, to, size, got);
}

static bool unpack_bytes(const struct unpack *u, const uint8_t *from, uint8_t *to)
{
    size_t got;

    switch (u->method) {
    case UNPACK_DEFLATE: return inflate_all(-15, from, u->length, to, u->size, &got) && got == u->size;
    case UNPACK_ZLIB: return inflate_all(15, from, u->length, to, u->size, &got) && got == u->size;
    case UNPACK_ZSTD:
#ifdef HAVE_libzstd
    {
        ZSTD_inBuffer in = {from, u->length, 0};
        ZSTD_outBuffer out = {to, u->size, 0};
        ZSTD_DStream *stream = ZSTD_createDStream();
        size_t left = 1;

        while (stream && out.pos < out.size && !ZSTD_isError(left) && left != 0)
            if (left = ZSTD_decompressStream(stream, &out, &in), in.pos == in.size && out.pos < out.size)
                break;
        ZSTD_freeDStream(stream);
        return out.pos == out.size;
    }
#endif
    default: return false;
    }
}

bool unpack_piece(struct image *image, const struct unpack *u, uint8_t *to, struct error *error)
{
    uint8_t *from;
    bool done;

#ifndef HAVE_libzstd
    if (u->method == UNPACK_ZSTD)
        return image_wrong(image, NULL, error, "is compressed with zstd, which this program was built without");
#endif
    if (u->length > 2 * CLUSTER_LIMIT)
        return image_wrong_at(image, u->source, u->offset, error, "has compressed data that are too long");
    from = malloc(u->length + 1);
    if (!from)
        return error_host(error, image_path(image), ENOMEM, "cannot read");
    done = source_read(&image->sources[u->source], u->offset, from, u->length, error) &&
           (unpack_bytes(u, from, to) ||
            image_wrong_at(image, u->source, u->offset, error, "has damaged compressed data"));
    free(from);
    return done;
}

uint32_t adler_32(const uint8_t *bytes, size_t size)
{
    return (uint32_t)adler32(adler32(0, NULL, 0), bytes, (uInt)size);
}
