/* marks.h - letters that code page 437 lacks: those of other alphabets, and what is drawn from another letter and a
 * mark, such as accents, strokes, tails. */
#ifndef MUNIMENT_DESK_MARKS_H
#define MUNIMENT_DESK_MARKS_H

#include <stdint.h>

/* Draws a character in 16 rows of 8 dots, the highest bit left, by a font of code page 437. What is no letter of the
 * Latin, Greek, Cyrillic, Hebrew, Arabic or Thai alphabet, or a sign that nothing there is like, is a frame. */
void mark_draw(uint16_t character, const uint8_t font[256][16], uint8_t rows[16]);

#endif
