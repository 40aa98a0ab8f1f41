/* screen.c - text screens as people and scripts read them. */
#include "desk/screen.h"

#include <string.h>

#include "formats/codepage.h"
#include "formats/plain.h"

void screen_row(const struct text_screen *screen, unsigned row, char text[ROW_TEXT_SIZE])
{
    char *end = text;

    for (unsigned column = 0; column < screen->columns; column++)
        end += utf8_put(codepage_437(screen->character[row][column]), end);
    while (end > text && end[-1] == ' ')
        end--;
    *end = '\0';
}

bool screen_shows(const struct text_screen *screen, const char *text)
{
    char row_text[ROW_TEXT_SIZE];

    for (unsigned row = 0; row < screen->rows; row++) {
        screen_row(screen, row, row_text);
        if (strstr(row_text, text))
            return true;
    }
    return false;
}

void screen_print(const struct text_screen *screen, FILE *to)
{
    char row_text[ROW_TEXT_SIZE];

    for (unsigned row = 0; row < screen->rows; row++) {
        screen_row(screen, row, row_text);
        fprintf(to, "%s\n", row_text);
    }
}
