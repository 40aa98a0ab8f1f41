/* json.c - strings of JSON. */
#include "formats/json.h"

#include "formats/plain.h"

static void escape(FILE *to, uint32_t code)
{
    if (code > 0xffff) {
        escape(to, 0xd7c0 + (code >> 10));
        code = 0xdc00 | (code & 0x3ff);
    }
    fprintf(to, "\\u%04x", (unsigned)code);
}

void json_string(FILE *to, const char *text)
{
    fputc('"', to);
    while (*text) {
        const char *from = text;
        uint32_t code;

        while (*text >= ' ' && *text <= '~' && *text != '"' && *text != '\\')
            text++;
        if (text > from) {
            fwrite(from, 1, (size_t)(text - from), to);
            continue;
        }
        if (!utf8_next(&text, &code))
            escape(to, 0xfffd);
        else if (code == '"' || code == '\\')
            fprintf(to, "\\%c", (char)code);
        else if (code_is_hidden(code))
            escape(to, code);
        else
            fwrite(from, 1, (size_t)(text - from), to);
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
