/* encode.h - pixels as a viewer wants them: formats (RFC 6143, 7.4) and encodings (7.7). */
#ifndef MUNIMENT_DESK_RFB_ENCODE_H
#define MUNIMENT_DESK_RFB_ENCODE_H

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

#include "formats/text.h"

enum { ENCODING_RAW = 0, ENCODING_COPY = 1, ENCODING_ZLIB = 6, ENCODING_ZRLE = 16 };

struct encoder {
    unsigned bytes;           /* of a pixel: 1, 2 or 4 */
    bool mapped;              /* the viewer has a colour map: ours of BGR233 */
    unsigned compact, skip;   /* bytes of a CPIXEL, and of a pixel before them */
    uint32_t channel[3][256]; /* what red, green and blue add to a pixel; its first byte is the lowest */
    int32_t encoding;         /* in use */
    int level;                /* of compression */
    struct encoder_stream {
        z_stream zlib;
        bool open;
        int level;
    } zlib, zrle; /* one for the whole connection each */
    uint8_t *scratch;
    size_t scratch_size;
};

/* The format that the server offers: 32 bits, 00RRGGBB, little-endian. */
void encoder_begin(struct encoder *e);
void encoder_end(struct encoder *e);
/* Takes the 16 bytes of a PIXEL_FORMAT. False: it is none. */
bool encoder_set_format(struct encoder *e, const uint8_t format[16]);
/* Writes the offered format. */
void encoder_offer(uint8_t format[16]);
/* Writes the colour map of a viewer that has one: SetColourMapEntries. */
void encoder_colour_map(struct text *output);

/* Adds a rectangle of pixels (00RRGGBB, rows `stride` pixels apart) without its header. False: out of memory. */
bool encoder_pixels(struct encoder *e, const uint32_t *pixels, unsigned stride, unsigned width, unsigned height,
                    struct text *output);

#endif
