/* json.c - strings of JSON. */
#include "desk/json.h"

#include <stdint.h>

/* The length of the well-formed UTF-8 sequence at p (Unicode, table 3-7), or 0. */
static int sequence_length(const uint8_t *p)
{
    /* clang-format off */
    static const struct { uint8_t first, last, low, high; int length; } forms[] = {
        { 0x01, 0x7F, 0x00, 0xFF, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
        { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 },
        { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        int length = forms[i].length, good = 1;
        if (*p < forms[i].first || *p > forms[i].last)
            continue;
        if (length > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
            return 0;
        for (int k = 2; good && k < length; k++)
            good = (p[k] & 0xC0) == 0x80;
        return good ? length : 0;
    }
    return 0;
}

void json_string(FILE *to, const char *text)
{
    const uint8_t *p = (const uint8_t *)text;

    fputc('"', to);
    while (*p) {
        int length = sequence_length(p);
        if (length == 0)
            fputs("\\ufffd", to);
        else if (*p == '"' || *p == '\\')
            fprintf(to, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(to, "\\u%04x", *p);
        else
            fwrite(p, 1, (size_t)length, to);
        p += length ? length : 1;
    }
    fputc('"', to);
}

void json_member(FILE *to, const char *before, const char *name, const char *text)
{
    fputs(before, to);
    json_string(to, name);
    fputs(": ", to);
    json_string(to, text);
}
