/* unpack.h - decompression of one piece of an image. */
#ifndef MUNIMENT_IMAGES_UNPACK_H
#define MUNIMENT_IMAGES_UNPACK_H

#include "formats/images/reader.h"

enum unpack_method {
    UNPACK_DEFLATE, /* RFC 1951 */
    UNPACK_ZLIB,    /* RFC 1950 */
    UNPACK_ZSTD     /* RFC 8878; refused where the program was built without libzstd */
};

struct unpack {
    enum unpack_method method;
    uint32_t source;
    uint64_t offset;
    uint32_t length; /* bytes in the source; what follows the compressed data is ignored */
    uint32_t size;   /* must come of it */
};

/* Writes exactly u->size bytes to `to`. What is wrong is reported with its place in the file. */
bool unpack_piece(struct image *image, const struct unpack *u, uint8_t *to, struct error *error);

/* Unpacks a zlib stream of unknown size, at most `size` bytes of it; *got of them. */
bool unpack_some(const uint8_t *from, size_t length, uint8_t *to, size_t size, size_t *got);

/* Adler-32 (RFC 1950), from 1. */
uint32_t adler_32(const uint8_t *bytes, size_t size);

#endif
