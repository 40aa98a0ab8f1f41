/* screen.h - text screens as people and scripts read them. */
#ifndef MUNIMENT_DESK_SCREEN_H
#define MUNIMENT_DESK_SCREEN_H

#include <stdio.h>

#include "emu/emu.h"

#define ROW_TEXT_SIZE (TEXT_MAX_COLUMNS * 3 + 1)

/* A row in UTF-8, without the spaces at its end. */
void screen_row(const struct text_screen *screen, unsigned row, char text[ROW_TEXT_SIZE]);

/* Whether the text (UTF-8) stands somewhere within a row. */
bool screen_shows(const struct text_screen *screen, const char *text);

/* Prints every row. */
void screen_print(const struct text_screen *screen, FILE *to);
/* The same with colours: for terminals (ECMA-48, SGR), and as an HTML element within a document that begins and ends
 * with the other two. */
void screen_ansi(const struct text_screen *screen, FILE *to);
void screen_html(const struct text_screen *screen, FILE *to);
void screen_html_begin(const char *title, FILE *to);
void screen_html_end(FILE *to);

#endif
