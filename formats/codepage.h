/* codepage.h - code page 437 as Unicode. */
#ifndef MUNIMENT_CODEPAGE_H
#define MUNIMENT_CODEPAGE_H

#include <stdint.h>

/* The code point of a byte. Bytes below 20h and 7Fh are the glyphs that a screen shows for them (GCSGID 01212). */
uint32_t codepage_437(uint8_t byte);

/* Writes a code point as UTF-8 (at most 4 bytes, no NUL) and returns where it ends. */
char *utf8_put(char *to, uint32_t code);

#endif
