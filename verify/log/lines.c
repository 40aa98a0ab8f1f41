/* lines.c - reading one line of a log. */
#include "verify/log/lines.h"

#include <string.h>

#include "formats/plain.h"

const char *const log_outcomes[7] = {"done", "wrong", "usage", "input", "host", "undecided", "closed"};

/* A place in the line; null when what was wanted is not there. */
struct cursor {
    const char *at, *end;
};

static bool literal(struct cursor *c, const char *text)
{
    size_t length = strlen(text);

    if ((size_t)(c->end - c->at) < length || memcmp(c->at, text, length))
        return false;
    c->at += length;
    return true;
}

/* A decimal number below 2^63, without leading zeros. */
static bool number(struct cursor *c, uint64_t *value)
{
    const char *from = c->at;

    for (*value = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9' && c->at - from < 19; c->at++)
        *value = *value * 10 + (uint64_t)(*c->at - '0');
    return c->at > from && (*from != '0' || c->at == from + 1) && *value <= INT64_MAX;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \uHHHH, of which the backslash is past. */
static bool escaped_unit(struct cursor *c, uint32_t *unit)
{
    if (c->end - c->at < 5 || *c->at != 'u')
        return false;
    *unit = 0;
    for (int i = 1; i < 5; i++) {
        int digit = hex_digit(c->at[i]);
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    c->at += 5;
    return true;
}

static bool escape(struct cursor *c, uint32_t *code)
{
    uint32_t low;

    if (c->at < c->end && (*c->at == '"' || *c->at == '\\')) {
        *code = (uint8_t)*c->at++;
        return true;
    }
    if (!escaped_unit(c, code) || (*code & 0xFC00) == 0xDC00)
        return false;
    if ((*code & 0xFC00) != 0xD800)
        return true;
    if (!literal(c, "\\") || !escaped_unit(c, &low) || (low & 0xFC00) != 0xDC00)
        return false;
    *code = 0x10000 + ((*code & 0x3FF) << 10 | (low & 0x3FF));
    return true;
}

/* A string, decoded to at most size - 1 bytes; false unless all of it is well formed. The caller knows that the line
 * ends with a byte that is neither part of it nor UTF-8 (its line feed, or NUL). */
static bool string(struct cursor *c, char *value, size_t size)
{
    size_t length = 0;
    bool room = true;

    if (!literal(c, "\""))
        return false;
    while (c->at < c->end && *c->at != '"') {
        uint32_t code;
        char bytes[4];

        if (*c->at == '\\') {
            c->at++;
            if (!escape(c, &code))
                return false;
        } else if (!utf8_next(&c->at, &code) || code_is_hidden(code)) {
            return false;
        }
        size_t count = utf8_put(code, bytes);
        room = room && length + count < size;
        if (room) {
            memcpy(value + length, bytes, count);
            length += count;
        }
    }
    if (size)
        value[length] = '\0';
    return literal(c, "\"");
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool log_name_is_good(const char *name)
{
    size_t length = 0;

    while (is_name(name[length]))
        length++;
    return length >= 1 && length <= LOG_NAME_LIMIT && !name[length];
}

bool log_origin_is_good(const char *origin, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (origin[i] <= ' ' || origin[i] >= 0x7F || strchr("+\"\\", origin[i]))
            return false;
    return length >= 1 && length <= LOG_ORIGIN_LIMIT;
}

/* YYYY-MM-DDThh:mm:ssZ */
static bool time_is_good(const char *time)
{
    const char *form = "0000-00-00T00:00:00Z";

    for (; *form; form++, time++)
        if (*form == '0' ? *time < '0' || *time > '9' : *time != *form)
            return false;
    return !*time;
}

/* Members "name":"text" to the end of the object. */
static bool more_members(struct cursor *c)
{
    char name[LOG_NAME_LIMIT + 1];

    while (literal(c, ","))
        if (!string(c, name, sizeof name) || !log_name_is_good(name) || !literal(c, ":") || !string(c, NULL, 0))
            return false;
    return literal(c, "}") && c->at == c->end;
}

static bool is_outcome(const char *word)
{
    for (size_t i = 0; i < sizeof log_outcomes / sizeof *log_outcomes; i++)
        if (!strcmp(word, log_outcomes[i]))
            return true;
    return false;
}

static const char *parse(struct log_line *l)
{
    struct cursor c = {l->text, l->text + l->length};
    char origin[LOG_ORIGIN_LIMIT + 2];
    uint64_t n;

    if (l->number == 0) {
        l->kind = LOG_FIRST;
        return literal(&c, "{\"muniment-log\":0,\"origin\":") && string(&c, origin, sizeof origin) &&
                       log_origin_is_good(origin, strlen(origin)) && literal(&c, ",\"made\":") &&
                       string(&c, l->time, sizeof l->time) && time_is_good(l->time) && literal(&c, "}") && c.at == c.end
                   ? NULL
                   : "is not the first line of a log of version 0";
    }
    if (!literal(&c, "{\"line\":") || !number(&c, &n))
        return "does not begin with its number";
    if (n != l->number)
        return "has another number: lines were lost, moved or added";
    if (!literal(&c, ",\"time\":") || !string(&c, l->time, sizeof l->time) || !time_is_good(l->time))
        return "has no time";
    if (!literal(&c, ",\"by\":") || !string(&c, l->by, sizeof l->by) || !log_name_is_good(l->by))
        return "does not say who acted";
    if (literal(&c, ",\"act\":")) {
        l->kind = LOG_ACT;
        if (!string(&c, l->act, sizeof l->act) || !log_name_is_good(l->act) || !literal(&c, ",\"object\":") ||
            !string(&c, NULL, 0))
            return "has no act and object";
    } else if (literal(&c, ",\"intent\":")) {
        l->kind = LOG_OUTCOME;
        if (!number(&c, &l->intent) || !literal(&c, ",\"outcome\":") || !string(&c, l->act, sizeof l->act) ||
            !is_outcome(l->act))
            return "has no outcome";
    } else if (literal(&c, ",\"torn\":")) {
        l->kind = LOG_TORN;
        if (!number(&c, &l->intent) || l->intent + 1 != l->number)
            return "names no line before it as torn";
    } else {
        return "has neither act, intent nor torn";
    }
    return more_members(&c) ? NULL : "is malformed after its first members";
}

void line_parse(struct log_line *l)
{
    l->wrong = memchr(l->text, 0, l->length) ? "holds a NUL" : parse(l);
    if (l->wrong)
        l->kind = LOG_MALFORMED;
}

bool log_line_value(const struct log_line *l, const char *name, char *value, size_t size)
{
    struct cursor c = {l->text, l->text + l->length};
    char found[LOG_NAME_LIMIT + 1];
    uint64_t n;
    bool more = l->kind != LOG_MALFORMED && literal(&c, "{");

    for (; more && string(&c, found, sizeof found) && literal(&c, ":"); more = literal(&c, ",")) {
        if (c.at < c.end && *c.at != '"' ? !number(&c, &n) : !string(&c, value, size))
            break;
        if (c.at[-1] == '"' && !strcmp(found, name))
            return true;
    }
    *value = '\0'; /* not what another name has */
    return false;
}
