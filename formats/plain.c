/* plain.c - see plain.h. */
#include "formats/plain.h"

#include <string.h>
#include <strings.h>

bool utf8_next(const char **at, uint32_t *code)
{
    static const struct {
        uint8_t first, last, low, high, more; /* of the first byte; of the second; how many follow the first */
    } forms[] = {
        {0x00, 0x7f, 0x00, 0x00, 0}, {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
        {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
        {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
    };
    const uint8_t *p = (const uint8_t *)*at;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        uint8_t more = forms[i].more;

        if (*p < forms[i].first || *p > forms[i].last)
            continue;
        *code = more == 0 ? *p : *p & (0x3fu >> more);
        for (uint8_t k = 1; k <= more; k++) {
            if (p[k] < (k == 1 ? forms[i].low : 0x80) || p[k] > (k == 1 ? forms[i].high : 0xbf))
                goto broken;
            *code = *code << 6 | (p[k] & 0x3f);
        }
        *at += 1 + more;
        return true;
    }
broken:
    *code = *p;
    ++*at;
    return false;
}

size_t utf8_put(uint32_t code, char *to)
{
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t size;

    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        code = 0xfffd;
    size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)(size == 1 ? code : first[size] | code);
    return size;
}

bool code_is_hidden(uint32_t code)
{
    static const uint32_t ranges[][2] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x115f, 0x1160},   {0x17b4, 0x17b5},
        {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfdd0, 0xfdef},
        {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    return false;
}

bool plain_contains(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (; *text; text++)
        if (!strncasecmp(text, word, length))
            return true;
    return !length;
}

/* The next character as it may be shown; returns its length. */
static size_t next_shown(const char **at, char shown[16])
{
    const char *from = *at;
    uint32_t code;

    if (!utf8_next(at, &code))
        return (size_t)snprintf(shown, 16, "\\x%02x", (unsigned)code);
    if (code_is_hidden(code))
        return (size_t)snprintf(shown, 16, code > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)code);
    memcpy(shown, from, (size_t)(*at - from));
    return (size_t)(*at - from);
}

static void print(FILE *to, const char *text, const char *kept)
{
    char shown[16];

    while (*text) {
        size_t plain = 0; /* what is shown as it is, most of any text, is written at once */

        while ((text[plain] >= ' ' && text[plain] <= '~') || (text[plain] && strchr(kept, text[plain])))
            plain++;
        fwrite(text, 1, plain, to);
        if (*(text += plain))
            fwrite(shown, 1, next_shown(&text, shown), to);
    }
}

void plain_print(FILE *to, const char *text)
{
    print(to, text, "");
}

void plain_print_lines(FILE *to, const char *text)
{
    print(to, text, "\n\t");
}

void plain_copy(char *to, size_t size, const char *from)
{
    char shown[16];
    size_t at = 0, length;

    while (*from && at + (length = next_shown(&from, shown)) < size) {
        memcpy(to + at, shown, length);
        at += length;
    }
    to[at] = '\0';
}

bool path_is_plain(const char *path)
{
    const char *part = path;

    for (; *part; part += part[strcspn(part, "/")] == '/') {
        size_t length = strcspn(part, "/");

        if (length == 0 || (length <= 2 && strspn(part, ".") >= length) || (part[length] == '/' && !part[length + 1]))
            return false;
        part += length;
    }
    return part != path;
}
