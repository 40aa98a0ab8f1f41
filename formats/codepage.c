/* codepage.c - code pages as Unicode. See codepage.h. */
#include "formats/codepage.h"

#include "formats/codepage_tables.h"
#include "formats/plain.h"

/* The glyphs of code page 437 below 20h (IBM CDRA, GCSGID 01212). NUL and FFh look like spaces and are read as such. */
static const uint16_t low_glyphs[32] = {
    0x0020, 0x263A, 0x263B, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25D8, 0x25CB, 0x25D9,
    0x2642, 0x2640, 0x266A, 0x266B, 0x263C, 0x25BA, 0x25C4, 0x2195, 0x203C, 0x00B6, 0x00A7,
    0x25AC, 0x21A8, 0x2191, 0x2193, 0x2192, 0x2190, 0x221F, 0x2194, 0x25B2, 0x25BC,
};

static const char16_t *high_characters(unsigned page)
{
    for (size_t i = 0; i < sizeof single_byte / sizeof single_byte[0]; i++)
        if (single_byte[i].page == page)
            return single_byte[i].high;
    return NULL;
}

unsigned codepage_number(unsigned n)
{
    const unsigned count = sizeof single_byte / sizeof single_byte[0];

    if (n < count)
        return single_byte[n].page;
    return n - count < sizeof double_byte / sizeof double_byte[0] ? double_byte[n - count].page : 0;
}

bool codepage_known(unsigned page)
{
    return codepage_is_double(page) || high_characters(page);
}

bool codepage_is_double(unsigned page)
{
    for (size_t i = 0; i < sizeof double_byte / sizeof double_byte[0]; i++)
        if (double_byte[i].page == page)
            return true;
    return false;
}

uint32_t codepage_437(uint8_t byte)
{
    if (byte < 0x20)
        return low_glyphs[byte];
    if (byte >= 0x80)
        return high_characters(437)[byte - 0x80];
    return byte == 0x7F ? 0x2302 : byte;
}

uint32_t codepage_character(unsigned page, uint8_t byte)
{
    const char16_t *high = byte >= 0x80 ? high_characters(page) : NULL;

    return high ? high[byte - 0x80] : 0xFFFD;
}

/* Reads one character of a code page of two bytes. */
static uint32_t double_character(unsigned page, const uint8_t *bytes, size_t length, size_t *used)
{
    const uint8_t first = bytes[0], second = length > 1 ? bytes[1] : 0;
    const struct double_byte *row = NULL;

    *used = 1;
    if (page == 932 && first >= 0xA1 && first <= 0xDF)
        return 0xFF61u + first - 0xA1u; /* katakana of half the width */
    if (page == 936 && first == 0x80)
        return 0x20AC;
    for (size_t i = 0; i < sizeof double_byte / sizeof double_byte[0]; i++)
        for (unsigned n = 0; double_byte[i].page == page && n < double_byte[i].rows; n++)
            if (double_byte[i].row[n].first == first)
                row = &double_byte[i].row[n];
    if (!row || second < 0x40 || second == 0x7F || second == 0xFF)
        return 0xFFFD;
    *used = 2;
    const char16_t character = row->second[second - 0x40 - (second > 0x7F)];
    return character ? character : 0xFFFD;
}

size_t codepage_utf8(unsigned page, const uint8_t *bytes, size_t length, char *to)
{
    const char16_t *high = high_characters(page);
    char *const begin = to;

    for (size_t used; length > 0; bytes += used, length -= used) {
        uint32_t code = 0xFFFD;

        used = 1;
        if (*bytes < 0x80)
            code = codepage_437(*bytes);
        else if (high)
            code = high[*bytes - 0x80];
        else
            code = double_character(page, bytes, length, &used);
        to += utf8_put(code, to);
    }
    return (size_t)(to - begin);
}

void codepage_short_name(unsigned page, const uint8_t raw[11], uint8_t cases, char *to)
{
    uint8_t name[12];
    size_t length = 0;

    for (unsigned part = 0; part < 2; part++) {
        const unsigned from = part ? 8 : 0;
        unsigned end = part ? 11 : 8;
        bool lower = cases & (part ? 0x10 : 0x08); /* as Windows NT keeps it, of names in ASCII */

        while (end > from && raw[end - 1] == ' ')
            end--;
        if (part && end > from)
            name[length++] = '.';
        for (unsigned i = from; i < end; i++)
            lower = lower && raw[i] < 0x80;
        for (unsigned i = from; i < end; i++) {
            uint8_t byte = raw[i] == 0x05 && i == 0 ? 0xE5 : raw[i];
            name[length++] = lower && byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
        }
    }
    to[codepage_utf8(page, name, length, to)] = '\0';
}
