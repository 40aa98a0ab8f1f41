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

/* Whether a row has the first character of a text, if its byte is the same in all code pages: what is waited for is
 * looked for often. */
static bool row_may_show(const struct text_screen *screen, unsigned row, const char *text)
{
    return *text <= ' ' || *text > '~' || memchr(screen->character[row], *text, screen->columns);
}

bool screen_shows(const struct text_screen *screen, const char *text)
{
    char row_text[ROW_TEXT_SIZE];

    for (unsigned row = 0; row < screen->rows; row++) {
        if (!row_may_show(screen, row, text))
            continue;
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

/* --- Colours --- */

/* A cell as it is written: the character, in its colours. In a text mode bit 7 of the attribute is blinking, which is
 * left out. */
static void print_cells(const struct text_screen *screen, FILE *to, void (*colour)(FILE *to, int attribute),
                        const char *(*escape)(uint32_t code), const char *line_end)
{
    char text[5];

    for (unsigned row = 0; row < screen->rows; row++) {
        int attribute = -1;
        for (unsigned column = 0; column < screen->columns; column++) {
            uint32_t code = codepage_437(screen->character[row][column]);
            const char *reference = escape(code);
            if ((screen->attribute[row][column] & 0x7F) != attribute)
                colour(to, attribute = screen->attribute[row][column] & 0x7F);
            text[utf8_put(code, text)] = '\0';
            fputs(reference ? reference : text, to);
        }
        fputs(line_end, to);
    }
}

static void ansi_colour(FILE *to, int attribute)
{
    static const uint8_t order[] = {0, 4, 2, 6, 1, 5, 3, 7}; /* blue is the lowest bit there, red here */

    fprintf(to, "\x1b[0;%d;%dm", (attribute & 8 ? 90 : 30) + order[attribute & 7], 40 + order[attribute >> 4 & 7]);
}

static const char *ansi_escape(uint32_t code)
{
    (void)code;
    return NULL;
}

void screen_ansi(const struct text_screen *screen, FILE *to)
{
    print_cells(screen, to, ansi_colour, ansi_escape, "\x1b[0m\n");
}

static void html_colour(FILE *to, int attribute)
{
    fprintf(to, "</span><span class=\"f%d b%d\">", attribute & 15, attribute >> 4 & 7);
}

static const char *html_escape(uint32_t code)
{
    return code == '<' ? "&lt;" : code == '>' ? "&gt;" : code == '&' ? "&amp;" : NULL;
}

void screen_html(const struct text_screen *screen, FILE *to)
{
    fputs("<pre><span>", to);
    print_cells(screen, to, html_colour, html_escape, "</span>\n<span>");
    fputs("</span></pre>\n", to);
}

void screen_html_begin(const char *title, FILE *to)
{
    static const char *const colours[] = {"000", "00a", "0a0", "0aa", "a00", "a0a", "a50", "aaa",
                                          "555", "55f", "5f5", "5ff", "f55", "f5f", "ff5", "fff"};

    fprintf(to,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s</title>\n<style>\n"
            "body { background: #222; color: #ccc; font-family: sans-serif; }\n"
            "h2 { font-size: .9rem; font-weight: normal; margin: 1.5rem 0 .3rem; }\n"
            "pre { display: inline-block; margin: 0; background: #000; color: #aaa; font: 16px/1.2 monospace; }\n",
            title);
    for (int i = 0; i < 16; i++)
        fprintf(to, ".f%d { color: #%s; }%s", i, colours[i], i % 4 == 3 ? "\n" : " ");
    for (int i = 0; i < 8; i++)
        fprintf(to, ".b%d { background: #%s; }%s", i, colours[i], i % 4 == 3 ? "\n" : " ");
    fputs("</style>\n</head>\n<body>\n", to);
}

void screen_html_end(FILE *to)
{
    fputs("</body>\n</html>\n", to);
}
