/* codepage.h - code page 437 as Unicode. */
#ifndef MUNIMENT_CODEPAGE_H
#define MUNIMENT_CODEPAGE_H

#include <stdint.h>

/* The code point of a byte. Bytes below 20h and 7Fh are the glyphs that a screen shows for them (GCSGID 01212). */
uint32_t codepage_437(uint8_t byte);

#endif
