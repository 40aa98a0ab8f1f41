/* scalars.c - the kinds of value that a manifest holds: each is read, written and described in one place. */
#include "manifests/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/plain.h"

/* --- Numbers --- */

static void store(const struct rule *rule, void *field, uint64_t value)
{
    uint32_t narrow = (uint32_t)value;
    bool truth = value != 0;

    switch (rule->size) {
    case sizeof(bool): memcpy(field, &truth, sizeof(truth)); break;
    case 4: memcpy(field, &narrow, sizeof(narrow)); break;
    case 8: memcpy(field, &value, sizeof(value)); break;
    default: break; /* size 0: the value is only checked */
    }
}

static uint64_t load(const struct rule *rule, const void *field)
{
    uint64_t wide = 0;
    uint32_t narrow = 0;
    bool truth = false;

    switch (rule->size) {
    case sizeof(bool): memcpy(&truth, field, sizeof(truth)); return truth;
    case 4: memcpy(&narrow, field, sizeof(narrow)); return narrow;
    case 8: memcpy(&wide, field, sizeof(wide)); return wide;
    default: return 0;
    }
}

/* Reads a decimal number without sign or leading zeros and steps over it. */
static bool take_number(const char **text, uint64_t *value)
{
    const char *p = *text;

    *value = 0;
    if (*p == '0' && p[1] >= '0' && p[1] <= '9')
        return false;
    while (*p >= '0' && *p <= '9' && p - *text < 19)
        *value = *value * 10 + (uint64_t)(*p++ - '0');
    if (p == *text || (*p >= '0' && *p <= '9'))
        return false;
    *text = p;
    return true;
}

/* Reads exactly `digits` decimal digits. */
static bool take_digits(const char **text, int digits, uint32_t *value)
{
    *value = 0;
    for (; digits > 0; digits--, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10 + (uint32_t)(**text - '0');
    }
    return true;
}

static bool take_text(const char **text, const char *expected)
{
    size_t length = strlen(expected);

    if (strncmp(*text, expected, length))
        return false;
    *text += length;
    return true;
}

/* A quantity is a number and, after one space, its unit. */
static bool quantity_parse(const struct rule *rule, const char *text, void *field)
{
    uint64_t number;

    if (!take_number(&text, &number))
        return false;
    for (const struct unit *unit = rule->units; unit->name; unit++) {
        const char *rest = text;
        if (*unit->name && !take_text(&rest, " "))
            continue;
        if (strcmp(rest, unit->name))
            continue;
        if (number > rule->maximum / unit->factor || number * unit->factor < rule->minimum ||
            number * unit->factor % rule->step)
            return false;
        store(rule, field, number * unit->factor);
        return true;
    }
    return false;
}

/* The largest unit of which the value is a whole multiple. */
static void quantity_write(const struct rule *rule, uint64_t value, char *text, size_t size)
{
    const struct unit *best = rule->units;

    for (const struct unit *unit = best; unit->name; unit++)
        if (value % unit->factor == 0)
            best = unit;
    snprintf(text, size, "%" PRIu64 "%s%s", value / best->factor, *best->name ? " " : "", best->name);
}

static bool quantity_print(const struct rule *rule, const void *field, char *text)
{
    uint64_t value = load(rule, field);

    if (value == rule->absent)
        return false;
    quantity_write(rule, value, text, SCALAR_LIMIT);
    return true;
}

static void quantity_expect(const struct rule *rule, char *text)
{
    char low[32], high[32], step[32];

    quantity_write(rule, rule->minimum, low, sizeof(low));
    quantity_write(rule, rule->maximum, high, sizeof(high));
    quantity_write(rule, rule->step, step, sizeof(step));
    snprintf(text, EXPECT_LIMIT, "from %s to %s in whole steps of %s", low, high, step);
}

const struct scalar_type type_quantity = {quantity_parse, quantity_print, quantity_expect, STYLE_PLAIN};

/* --- Words --- */

static bool choice_parse(const struct rule *rule, const char *text, void *field)
{
    for (uint32_t i = 0; rule->words[i]; i++)
        if (!strcmp(text, rule->words[i])) {
            store(rule, field, i + rule->first);
            return true;
        }
    return false;
}

static bool choice_print(const struct rule *rule, const void *field, char *text)
{
    uint64_t value = load(rule, field);

    for (uint32_t i = 0; rule->words[i]; i++)
        if (value == i + rule->first) {
            snprintf(text, SCALAR_LIMIT, "%s", rule->words[i]);
            return true;
        }
    return false;
}

static void choice_expect(const struct rule *rule, char *text)
{
    size_t used = 0;

    for (uint32_t i = 0; rule->words[i] && used < EXPECT_LIMIT; i++)
        used += (size_t)snprintf(text + used, EXPECT_LIMIT - used, "%s%s",
                                 i == 0               ? ""
                                 : rule->words[i + 1] ? ", "
                                                      : " or ",
                                 rule->words[i]);
}

const struct scalar_type type_choice = {choice_parse, choice_print, choice_expect, STYLE_PLAIN};

/* A choice, stored as a bool where there are two. An optional one that is the first, 0, is left out. */
static bool flag_print(const struct rule *rule, const void *field, char *text)
{
    return (rule->required || load(rule, field)) && choice_print(rule, field, text);
}

const struct scalar_type type_flag = {choice_parse, flag_print, choice_expect, STYLE_PLAIN};

/* "none" in place of a mapping or sequence that would be empty. */
static bool none_parse(const struct rule *rule, const char *text, void *field)
{
    (void)rule;
    (void)field;
    return !strcmp(text, "none");
}

static bool none_print(const struct rule *rule, const void *field, char *text)
{
    struct rule shape = *rule;

    shape.scalar = NULL;
    shape.offset = 0;
    snprintf(text, SCALAR_LIMIT, "none");
    return rule_is_empty(&shape, field);
}

static void none_expect(const struct rule *rule, char *text)
{
    snprintf(text, EXPECT_LIMIT, "%s or none", rule->keys ? "a mapping" : "a list");
}

const struct scalar_type type_none = {none_parse, none_print, none_expect, STYLE_PLAIN};

/* --- Time --- */

/* Days from 1970-01-01 to a date of the Gregorian calendar; years count from March, so that the leap day is the
 * last. */
static int64_t days_from_date(uint32_t year, uint32_t month, uint32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool take_date(const char **text, uint32_t first_year, uint32_t last_year, int64_t *days)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t year, month, day;

    if (!take_digits(text, 4, &year) || !take_text(text, "-") || !take_digits(text, 2, &month) ||
        !take_text(text, "-") || !take_digits(text, 2, &day))
        return false;
    if (year < first_year || year > last_year || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > lengths[month - 1] + (uint32_t)(month == 2 && leap))
        return false;
    *days = days_from_date(year, month, day);
    return true;
}

/* The years that a PC's real-time clock can show: two digits and a century of 19 or 20, no earlier than DOS can
 * express. */
enum { FIRST_YEAR = 1980, LAST_YEAR = 2099 };

static bool time_parse(const struct rule *rule, const char *text, void *field)
{
    uint32_t hour, minute, second;
    int64_t days;

    if (!take_date(&text, FIRST_YEAR, LAST_YEAR, &days) || !take_text(&text, "T") || !take_digits(&text, 2, &hour) ||
        !take_text(&text, ":") || !take_digits(&text, 2, &minute) || !take_text(&text, ":") ||
        !take_digits(&text, 2, &second))
        return false;
    if (*text || hour > 23 || minute > 59 || second > 59)
        return false;
    store(rule, field, (uint64_t)(days * 86400 + hour * 3600 + minute * 60 + second));
    return true;
}

static bool time_print(const struct rule *rule, const void *field, char *text)
{
    int64_t seconds = (int64_t)load(rule, field);

    if (seconds < days_from_date(FIRST_YEAR, 1, 1) * 86400 || seconds >= days_from_date(LAST_YEAR + 1, 1, 1) * 86400)
        return false;
    int64_t days = seconds / 86400, rest = seconds % 86400;
    uint32_t year = FIRST_YEAR, month = 1;
    while (days_from_date(year + 1, 1, 1) <= days)
        year++;
    while (month < 12 && days_from_date(year, month + 1, 1) <= days)
        month++;
    snprintf(text, SCALAR_LIMIT, "%04u-%02u-%02uT%02u:%02u:%02u", year, month,
             (unsigned)(days - days_from_date(year, month, 1) + 1), (unsigned)(rest / 3600), (unsigned)(rest / 60 % 60),
             (unsigned)(rest % 60));
    return true;
}

static void time_expect(const struct rule *rule, char *text)
{
    (void)rule;
    snprintf(text, EXPECT_LIMIT, "a time such as 1998-01-01T00:00:00, from %d to %d", FIRST_YEAR, LAST_YEAR);
}

const struct scalar_type type_time = {time_parse, time_print, time_expect, STYLE_PLAIN};

/* Rights lie in two members of the description; neither is set when they are not stated. */
static bool rights_parse(const struct rule *rule, const char *text, void *field)
{
    struct description_manifest *d = field;
    const char *date;
    int64_t days;

    (void)rule;
    d->open = !strcmp(text, "open");
    if (d->open)
        return true;
    if (!take_text(&text, "closed until "))
        return false;
    date = text;
    if (!take_date(&text, 1900, 9999, &days) || *text)
        return false;
    memcpy(d->closed_until, date, sizeof(d->closed_until));
    return true;
}

static bool rights_print(const struct rule *rule, const void *field, char *text)
{
    const struct description_manifest *d = field;

    (void)rule;
    snprintf(text, SCALAR_LIMIT, "%s%s", d->open ? "open" : "closed until ", d->open ? "" : d->closed_until);
    return d->open || d->closed_until[0];
}

static void rights_expect(const struct rule *rule, char *text)
{
    (void)rule;
    snprintf(text, EXPECT_LIMIT, "open or closed until a date such as 2031-01-01");
}

const struct scalar_type type_rights = {rights_parse, rights_print, rights_expect, STYLE_PLAIN};

static bool date_parse(const struct rule *rule, const char *text, void *field)
{
    const char *at = text;
    int64_t days;

    if (!take_date(&at, 1900, 9999, &days) || *at)
        return false;
    memcpy(field, text, rule->size);
    return true;
}

static void date_expect(const struct rule *rule, char *text)
{
    (void)rule;
    snprintf(text, EXPECT_LIMIT, "a date such as 2031-01-01");
}

/* --- The machine's parts --- */

static bool geometry_parse(const struct rule *rule, const char *text, void *field)
{
    uint64_t cylinders, heads, sectors;

    (void)rule;
    if (!take_number(&text, &cylinders) || !take_text(&text, "/") || !take_number(&text, &heads) ||
        !take_text(&text, "/") || !take_number(&text, &sectors) || *text)
        return false;
    if (cylinders < 1 || cylinders > 16383 || heads < 1 || heads > 16 || sectors < 1 || sectors > 63)
        return false;
    *(struct geometry *)field = (struct geometry){(uint32_t)cylinders, (uint32_t)heads, (uint32_t)sectors};
    return true;
}

static bool geometry_print(const struct rule *rule, const void *field, char *text)
{
    const struct geometry *g = field;

    (void)rule;
    snprintf(text, SCALAR_LIMIT, "%u/%u/%u", (unsigned)g->cylinders, (unsigned)g->heads, (unsigned)g->sectors);
    return g->cylinders != 0;
}

static void geometry_expect(const struct rule *rule, char *text)
{
    (void)rule;
    snprintf(text, EXPECT_LIMIT, "cylinders/heads/sectors such as 615/4/17, at most 16383/16/63");
}

const struct scalar_type type_geometry = {geometry_parse, geometry_print, geometry_expect, STYLE_PLAIN};

static bool sha256_parse(const struct rule *rule, const char *text, void *field)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *bytes = field;

    (void)rule;
    if (strlen(text) != 64 || strspn(text, digits) != 64)
        return false;
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 | (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

static bool sha256_print(const struct rule *rule, const void *field, char *text)
{
    const uint8_t *bytes = field;

    (void)rule;
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static void sha256_expect(const struct rule *rule, char *text)
{
    (void)rule;
    snprintf(text, EXPECT_LIMIT, "a SHA-256 digest of 64 lower-case hexadecimal digits");
}

const struct scalar_type type_sha256 = {sha256_parse, sha256_print, sha256_expect, STYLE_PLAIN};

/* The address of a station on an Ethernet: six bytes, not all zero, the first one even (others are of groups). */
static bool station_parse(const struct rule *rule, const char *text, void *field)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *bytes = field, any = 0;

    (void)rule;
    if (strlen(text) != 17)
        return false;
    for (int i = 0; i < 6; i++) {
        const char *upper = strchr(digits, text[3 * i]), *lower = strchr(digits, text[3 * i + 1]);
        if (!upper || !lower || (i < 5 && text[3 * i + 2] != ':'))
            return false;
        bytes[i] = (uint8_t)((upper - digits) << 4 | (lower - digits));
        any |= bytes[i];
    }
    return any && !(bytes[0] & 1);
}

static bool station_print(const struct rule *rule, const void *field, char *text)
{
    const uint8_t *b = field;

    (void)rule;
    snprintf(text, SCALAR_LIMIT, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
    return true;
}

static void station_expect(const struct rule *rule, char *text)
{
    (void)rule;
    snprintf(text, EXPECT_LIMIT, "six bytes such as 02:00:00:00:00:01, the first one even");
}

const struct scalar_type type_station = {station_parse, station_print, station_expect, STYLE_PLAIN};

/* Firmware that is built in; its versions are 0 to the rule's maximum. */
static bool built_in_parse(const struct rule *rule, const char *text, void *field)
{
    struct firmware_manifest *firmware = field;
    uint64_t version;

    if (!take_text(&text, "built-in ") || !take_number(&text, &version) || *text || version > rule->maximum)
        return false;
    firmware->built_in = true;
    firmware->version = (uint32_t)version;
    return true;
}

static bool built_in_print(const struct rule *rule, const void *field, char *text)
{
    const struct firmware_manifest *firmware = field;

    (void)rule;
    snprintf(text, SCALAR_LIMIT, "built-in %u", (unsigned)firmware->version);
    return firmware->built_in;
}

static void built_in_expect(const struct rule *rule, char *text)
{
    (void)rule;
    snprintf(text, EXPECT_LIMIT, "built-in 0, or a mapping with file and sha256");
}

const struct scalar_type type_built_in = {built_in_parse, built_in_print, built_in_expect, STYLE_PLAIN};

/* --- Text --- */

/* True for a byte sequence at p that is a control character or one that YAML cannot carry or would take for a line
 * break: C0, DEL, C1, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. p is valid UTF-8. */
static bool is_control(const uint8_t *p)
{
    if (*p < 0x20 || *p == 0x7F)
        return true;
    if (*p == 0xC2)
        return p[1] < 0xA0;
    if (*p == 0xE2)
        return p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9);
    if (*p == 0xEF)
        return (p[1] == 0xBB && p[2] == 0xBF) || (p[1] == 0xBF && p[2] >= 0xBE);
    return false;
}

static bool has_control(const char *text, const char *allowed)
{
    for (; *text; text++)
        if (is_control((const uint8_t *)text) && !strchr(allowed, *text))
            return true;
    return false;
}

static bool text_parse(const struct rule *rule, const char *text, void *field)
{
    size_t length = strlen(text);

    if (length == 0 || length >= rule->size || has_control(text, ""))
        return false;
    memcpy(field, text, length + 1);
    return true;
}

static bool text_print(const struct rule *rule, const void *field, char *text)
{
    (void)rule;
    snprintf(text, SCALAR_LIMIT, "%s", (const char *)field);
    return text[0];
}

static void text_expect(const struct rule *rule, char *text)
{
    snprintf(text, EXPECT_LIMIT, "one line of text of 1 to %zu bytes without control characters", rule->size - 1);
}

const struct scalar_type type_text = {text_parse, text_print, text_expect, STYLE_QUOTED};

const struct scalar_type type_date = {date_parse, text_print, date_expect, STYLE_PLAIN};

/* As RFC 5646 forms it: parts of letters and digits; whether it is registered is not looked at. */
static bool language_parse(const struct rule *rule, const char *text, void *field)
{
    for (const char *part = text;; part++) {
        size_t length = strspn(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        if (length < (part == text ? 2 : 1) || length > 8)
            return false;
        part += length;
        if (!*part)
            return text_parse(rule, text, field);
        if (*part != '-')
            return false;
    }
}

static void language_expect(const struct rule *rule, char *text)
{
    (void)rule;
    snprintf(text, EXPECT_LIMIT, "a language tag such as en or de-CH");
}

const struct scalar_type type_language = {language_parse, text_print, language_expect, STYLE_QUOTED};

static bool inside_parse(const struct rule *rule, const char *text, void *field)
{
    return path_is_plain(text) && text_parse(rule, text, field);
}

static void inside_expect(const struct rule *rule, char *text)
{
    snprintf(text, EXPECT_LIMIT, "a path within a volume, as `muniment files` lists it, of 1 to %zu bytes",
             rule->size - 1);
}

const struct scalar_type type_inside = {inside_parse, text_print, inside_expect, STYLE_QUOTED};

/* A name: lower-case letters, digits and hyphens, a letter first. */
static bool name_parse(const struct rule *rule, const char *text, void *field)
{
    if (*text < 'a' || *text > 'z' || text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return false;
    return text_parse(rule, text, field);
}

static void name_expect(const struct rule *rule, char *text)
{
    snprintf(text, EXPECT_LIMIT, "1 to %zu of a-z, 0-9 and -, with a letter first", rule->size - 1);
}

const struct scalar_type type_name = {name_parse, text_print, name_expect, STYLE_PLAIN};

/* Several lines; line feeds at the end do not count. */
static bool lines_parse(const struct rule *rule, const char *text, void *field)
{
    size_t length = strlen(text);

    while (length > 0 && text[length - 1] == '\n')
        length--;
    if (length == 0 || length >= rule->size || has_control(text, "\n"))
        return false;
    memcpy(field, text, length);
    ((char *)field)[length] = '\0';
    return true;
}

static void lines_expect(const struct rule *rule, char *text)
{
    snprintf(text, EXPECT_LIMIT, "lines of text, 1 to %zu bytes without control characters", rule->size - 1);
}

const struct scalar_type type_lines = {lines_parse, text_print, lines_expect, STYLE_BLOCK};

/* A path that cannot leave the folder of its manifest. */
static bool path_parse(const struct rule *rule, const char *text, void *field)
{
    for (const char *part = text;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length <= 2 && !strncmp(part, "..", length)))
            return false;
        part += length;
        if (!*part)
            return text_parse(rule, text, field);
    }
}

static void path_expect(const struct rule *rule, char *text)
{
    snprintf(text, EXPECT_LIMIT,
             "a path of 1 to %zu bytes below the manifest's folder: relative, without . or .. or empty parts or "
             "control characters",
             rule->size - 1);
}

const struct scalar_type type_path = {path_parse, text_print, path_expect, STYLE_QUOTED};
