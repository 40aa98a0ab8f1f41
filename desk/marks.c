/* marks.c - see marks.h. */
#include "desk/marks.h"

#include <stdbool.h>
#include <string.h>
#include <uchar.h>

enum { ROWS = 16, SMALL = 5 /* the first row of a letter as high as x */, DOTLESS = 2 };

enum place { ABOVE, BELOW, THROUGH, BESIDE };

/* clang-format off */
/* A mark, its dots in three rows, and the letters that have it, each with that under it. */
static const struct mark {
    enum place place;
    uint8_t rows[3];
    const char16_t *letters;
    const char *bases;
} marks[] = {
    {ABOVE,   {0x0C, 0x18},       u"ÁÍÓÚÝýĆćĹĺŃńŔŕŚśŹź´",                   "AIOUYyCcLlNnRrSsZz "},
    {ABOVE,   {0x30, 0x18},       u"ÀÈÌÒÙ",                                "AEIOU"},
    {ABOVE,   {0x18, 0x66},       u"ÂÊÎÔÛˆ",                               "AEIOU "},
    {ABOVE,   {0x76, 0xDC},       u"ÃãÕõ˜",                                 "AaOo "},
    {ABOVE,   {0x66, 0x66},       u"ËÏŸ¨",                                  "EIY "},
    {ABOVE,   {0x3C, 0x24},       u"Ůů",                                   "Uu"},
    {ABOVE,   {0x66, 0x3C},       u"ČčĎĚěŇňŘřŠšŤŽžˇ",                       "CcDEeNnRrSsTZz "},
    {ABOVE,   {0x36, 0x6C},       u"ŐőŰű˝",                                 "OoUu "},
    {ABOVE,   {0x42, 0x3C},       u"ĂăĞğ˘",                                 "AaGg "},
    {ABOVE,   {0x18, 0x18},       u"ĖėİŻżĊċĠġ˙",                            "EeIZzCcGg "},
    {ABOVE,   {0x00, 0x7E},       u"ĀāĒēĪīŌōŪū¯",                           "AaEeIiOoUu "},
    {BELOW,   {0x18, 0x0C, 0x38}, u"ŞşŢţȘșȚțĢģĶķĻļŅņŖŗ¸",                   "SsTtSsTtGgKkLlNnRr "},
    {BELOW,   {0x0C, 0x18, 0x0E}, u"ĄąĘęĮįŲų˛",                             "AaEeIiUu "},
    {BESIDE,  {0x03, 0x03, 0x06}, u"ďľĽť",                                 "dlLt"},
    {THROUGH, {0x18, 0x30, 0x60}, u"ŁłØø",                                 "LlOo"},
    {THROUGH, {0x00, 0xF8, 0x00}, u"ĐÐđħð",                                 "DDdhd"},
    {THROUGH, {0x7C, 0x00, 0x7C}, u"€",                                    "C"},
    {ABOVE,   {0x00, 0x00},       u"ı·¹³®©¤×–—‘’‚“”„…•‹›¦Þþ‗",                 "i\xF9" "13RC\x0Fx--'',\"\"\"._<>|Pp_"},
};
/* clang-format on */

static const struct mark *find(uint16_t character, uint8_t *base)
{
    for (const struct mark *m = marks; m < marks + sizeof marks / sizeof *marks; m++)
        for (unsigned i = 0; m->letters[i]; i++)
            if (m->letters[i] == character) {
                *base = (uint8_t)m->bases[i];
                return m;
            }
    return NULL;
}

static void frame(uint8_t rows[ROWS])
{
    memset(rows, 0, ROWS);
    for (unsigned i = 2; i < 12; i++)
        rows[i] = i == 2 || i == 11 ? 0x7E : 0x42;
}

void mark_draw(uint16_t character, const uint8_t font[256][ROWS], uint8_t rows[ROWS])
{
    uint8_t base;
    const struct mark *m = find(character, &base);
    unsigned top = 0, at;

    if (!m) {
        frame(rows);
        return;
    }
    memcpy(rows, font[base], ROWS);
    if (base == 'i' && m->place == ABOVE) /* the mark stands in the place of its dot */
        memset(rows, 0, SMALL);
    while (top < SMALL && !rows[top])
        top++;
    switch (m->place) {
    case ABOVE: at = top == SMALL ? DOTLESS : 0; break;
    case BELOW: at = 12; break;
    case THROUGH: at = top == SMALL ? 7 : base == 'd' || base == 'h' ? 2 : 6; break;
    default: at = 1; break;
    }
    for (unsigned i = 0; i < sizeof m->rows; i++)
        rows[at + i] |= m->rows[i];
}
