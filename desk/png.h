/* png.h - PNG pictures (ISO/IEC 15948): what the display shows is written, and fragments to look for are read. */
#ifndef MUNIMENT_DESK_PNG_H
#define MUNIMENT_DESK_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

/* pixels are 00RRGGBB, rows without gaps. replace: as output_in_order. The same picture gives the same bytes with the
 * same zlib. */
bool png_write(const char *path, unsigned width, unsigned height, const uint32_t *pixels, bool replace,
               struct error *error);

#define PNG_FILE_LIMIT (16u << 20) /* bytes of a file that is read */

struct picture {
    unsigned width, height; /* at most FRAME_MAX_WIDTH x FRAME_MAX_HEIGHT (emu/emu.h) */
    uint32_t *pixels;       /* owned; AARRGGBB, rows without gaps */
};

/* Reads a picture of at most 8 bits a sample, not interlaced. The caller calls picture_free in any case. */
bool png_read(const char *path, struct picture *picture, struct error *error);
/* The same of a file's bytes; name is for the error. */
bool png_decode(const uint8_t *bytes, size_t size, const char *name, struct picture *picture, struct error *error);
void picture_free(struct picture *picture);

#endif
