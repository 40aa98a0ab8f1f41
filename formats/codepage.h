/* codepage.h - the code pages of the guests' texts and names, as Unicode. */
#ifndef MUNIMENT_CODEPAGE_H
#define MUNIMENT_CODEPAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The n-th of the code pages that are known; 0: there are no more. */
unsigned codepage_number(unsigned n);
/* Whether a code page is one of 437, 720, 737, 775, 850, 851, 852, 855, 857, 858, 860 to 866, 869, 874, 1250 to 1258,
 * or, with two bytes to a character, 932, 936, 949, 950. */
bool codepage_known(unsigned page);
bool codepage_is_double(unsigned page);

/* The code point of a byte in code page 437. Bytes below 20h and 7Fh are the glyphs that a screen shows for them
 * (GCSGID 01212). */
uint32_t codepage_437(uint8_t byte);

/* The code point of a byte from 80h on in a code page of one byte to a character; U+FFFD where it has none. */
uint32_t codepage_character(unsigned page, uint8_t byte);

/* Writes bytes of a code page as UTF-8, without a NUL, and returns how many were written: at most three for each. Bytes
 * below 20h are as in codepage_437; what the page lacks becomes U+FFFD, and so does all beyond ASCII of a page that is
 * not known. */
size_t codepage_utf8(unsigned page, const uint8_t *bytes, size_t length, char *to);

/* The 11 bytes of a short name of FAT as "NAME.EXT" in UTF-8; to has 48 bytes. cases: byte 12 of its entry, by which
 * Windows NT keeps a name in lower case, or 0. */
void codepage_short_name(unsigned page, const uint8_t raw[11], uint8_t cases, char *to);

#endif
