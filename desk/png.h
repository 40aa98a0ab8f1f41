/* png.h - writes what the display shows as a PNG picture. */
#ifndef MUNIMENT_DESK_PNG_H
#define MUNIMENT_DESK_PNG_H

#include <stdint.h>

#include "formats/error.h"

/* pixels are 00RRGGBB, rows without gaps. replace: as output_in_order. The same picture gives the same bytes with the
 * same zlib. */
bool png_write(const char *path, unsigned width, unsigned height, const uint32_t *pixels, bool replace,
               struct error *error);

#endif
