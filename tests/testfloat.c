/* testfloat.c - judges emu/cpu/softfloat*.c by Berkeley TestFloat: reads the cases that testfloat_gen prints for one
 * function on standard input, computes each, and compares results and exceptions bit by bit. (J. Hauser, TestFloat
 * release 3e; its result and flag columns are the last two.)
 *
 * usage: testfloat FUNCTION ROUNDING [PRECISION]     ROUNDING: near_even, min, max or minMag; PRECISION of 80-bit
 * results: 32, 64 or 80
 *
 * Prints "FUNCTION ...: N cases, M differ"; exit status 1 if any does. TestFloat knows neither the denormal exception
 * nor C1. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/softfloat.h"

enum type { EXTENDED, SINGLE, DOUBLE, I32, I64, BOOLEAN };
static const unsigned digits[] = {20, 8, 16, 8, 16, 1};

struct value {
    struct float80 f80;
    uint64_t bits; /* all other types */
};

enum operation { ADD, SUB, MUL, DIV, SQRT, TO_INTEGER, EQ, LE, LT, CONVERT };
/* clang-format off */
static const struct { const char *name; enum operation operation; unsigned operands; enum type result; bool quiet; } operations[] = {
    {"add", ADD, 2, 0, false}, {"sub", SUB, 2, 0, false}, {"mul", MUL, 2, 0, false}, {"div", DIV, 2, 0, false}, {"sqrt", SQRT, 1, 0, false},
    {"roundToInt", TO_INTEGER, 1, 0, false},
    {"eq", EQ, 2, BOOLEAN, true}, {"le", LE, 2, BOOLEAN, false}, {"lt", LT, 2, BOOLEAN, false},
    {"eq_signaling", EQ, 2, BOOLEAN, false}, {"le_quiet", LE, 2, BOOLEAN, true}, {"lt_quiet", LT, 2, BOOLEAN, true},
    {"to_i32", CONVERT, 1, I32, false}, {"to_i64", CONVERT, 1, I64, false},
    {"to_f32", CONVERT, 1, SINGLE, false}, {"to_f64", CONVERT, 1, DOUBLE, false}, {"to_extF80", CONVERT, 1, EXTENDED, false}
};
/* clang-format on */
static const struct {
    const char *name;
    enum type type;
} sources[] = {{"extF80", EXTENDED}, {"f32", SINGLE}, {"f64", DOUBLE}, {"i32", I32}, {"i64", I64}};
#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct function {
    enum operation operation;
    unsigned operands;
    enum type source, result;
    bool quiet;
};

static bool find_function(const char *name, struct function *f)
{
    const char *rest = strchr(name, '_');

    for (size_t s = 0; rest && s < LENGTH(sources); s++)
        for (size_t o = 0; o < LENGTH(operations); o++)
            if (strlen(sources[s].name) == (size_t)(rest - name) &&
                !strncmp(name, sources[s].name, (size_t)(rest - name)) && !strcmp(rest + 1, operations[o].name)) {
                *f = (struct function){operations[o].operation, operations[o].operands, sources[s].type,
                                       operations[o].operation < EQ ? sources[s].type : operations[o].result,
                                       operations[o].quiet};
                return true;
            }
    return false;
}

static bool compares(enum operation operation, enum comparison c)
{
    return operation == EQ ? c == FLOAT_EQUAL : operation == LT ? c == FLOAT_LESS : c == FLOAT_LESS || c == FLOAT_EQUAL;
}

static struct value compute_extended(const struct function *f, struct float80 a, struct float80 b, struct float_env *e)
{
    /* clang-format off */
    switch (f->operation) {
    case ADD:        return (struct value){.f80 = f80_add(a, b, e)};
    case SUB:        return (struct value){.f80 = f80_sub(a, b, e)};
    case MUL:        return (struct value){.f80 = f80_mul(a, b, e)};
    case DIV:        return (struct value){.f80 = f80_div(a, b, e)};
    case SQRT:       return (struct value){.f80 = f80_sqrt(a, e)};
    case TO_INTEGER: return (struct value){.f80 = f80_round_to_integer(a, e)};
    case CONVERT:    break;
    default:         return (struct value){.bits = compares(f->operation, f80_compare(a, b, f->quiet, e))};
    }
    /* clang-format on */
    switch (f->result) {
    case I32: return (struct value){.bits = (uint32_t)f80_to_int(a, 32, e->rounding == ROUND_ZERO, e)};
    case I64: return (struct value){.bits = (uint64_t)f80_to_int(a, 64, e->rounding == ROUND_ZERO, e)};
    case SINGLE: return (struct value){.bits = f80_to_f32(a, e)};
    default: return (struct value){.bits = f80_to_f64(a, e)};
    }
}

static struct value compute_short(const struct function *f, uint64_t a, uint64_t b, struct float_env *e)
{
    unsigned width = f->source == SINGLE ? 32 : 64;

    /* clang-format off */
    switch (f->operation) {
    case ADD:     return (struct value){.bits = f_add(width, a, b, e)};
    case SUB:     return (struct value){.bits = f_sub(width, a, b, e)};
    case MUL:     return (struct value){.bits = f_mul(width, a, b, e)};
    case DIV:     return (struct value){.bits = f_div(width, a, b, e)};
    case SQRT:    return (struct value){.bits = f_sqrt(width, a, e)};
    case CONVERT: break;
    default:      return (struct value){.bits = compares(f->operation, f_compare(width, a, b, f->quiet, e))};
    }
    /* clang-format on */
    switch (f->result) {
    case I32: return (struct value){.bits = (uint32_t)f_to_int(width, a, 32, e->rounding == ROUND_ZERO, e)};
    case I64: return (struct value){.bits = (uint64_t)f_to_int(width, a, 64, e->rounding == ROUND_ZERO, e)};
    case EXTENDED: return (struct value){.f80 = width == 32 ? f80_from_f32((uint32_t)a, e) : f80_from_f64(a, e)};
    default: return (struct value){.bits = f_convert(width, 96 - width, a, e)};
    }
}

static struct value compute(const struct function *f, const struct value *a, const struct value *b, struct float_env *e)
{
    if (f->source == EXTENDED)
        return compute_extended(f, a->f80, b->f80, e);
    if (f->source == SINGLE || f->source == DOUBLE)
        return compute_short(f, a->bits, b->bits, e);
    int64_t integer = f->source == I32 ? (int32_t)a->bits : (int64_t)a->bits;
    if (f->result == EXTENDED)
        return (struct value){.f80 = f80_from_i64(integer)};
    return (struct value){.bits = f_from_int(f->result == SINGLE ? 32 : 64, integer, e)};
}

/* The hexadecimal number at *text, which is moved past it and the blank. False: none. */
static bool take(const char **text, enum type type, struct value *v)
{
    char high[5] = {0};
    char *end;

    if (strspn(*text, "0123456789ABCDEF") != digits[type])
        return false;
    if (type == EXTENDED) {
        memcpy(high, *text, 4);
        v->f80.high = (uint16_t)strtoul(high, NULL, 16);
        v->f80.significand = strtoull(*text + 4, &end, 16);
    } else {
        v->bits = strtoull(*text, &end, 16);
    }
    *text = end + (*end == ' ');
    return true;
}

static unsigned testfloat_flags(uint8_t flags)
{
    return (flags & FLOAT_INVALID ? 16u : 0) | (flags & FLOAT_ZERO_DIVIDE ? 8u : 0) |
           (flags & FLOAT_OVERFLOW ? 4u : 0) | (flags & FLOAT_UNDERFLOW ? 2u : 0) | (flags & FLOAT_INEXACT ? 1u : 0);
}

/* One line. 0: as it should be; 1: different; 2: not understood. */
static int judge(const struct function *f, const char *line, struct float_env e)
{
    const char *at = line;
    struct value a, b = {0}, expected;

    if (!take(&at, f->source, &a) || (f->operands == 2 && !take(&at, f->source, &b)) ||
        !take(&at, f->result, &expected))
        return 2;
    struct value got = compute(f, &a, &b, &e);
    bool same = f->result == EXTENDED
                    ? got.f80.high == expected.f80.high && got.f80.significand == expected.f80.significand
                    : got.bits == expected.bits;
    if (same && testfloat_flags(e.flags) == strtoul(at, NULL, 16))
        return 0;
    if (f->result == EXTENDED)
        printf("%.*s: got %04X%016" PRIX64 " %02X\n", (int)strcspn(line, "\r\n"), line, got.f80.high,
               got.f80.significand, testfloat_flags(e.flags));
    else
        printf("%.*s: got %" PRIX64 " %02X\n", (int)strcspn(line, "\r\n"), line, got.bits, testfloat_flags(e.flags));
    return 1;
}

int main(int argc, char **argv)
{
    static const char *const roundings[] = {
        [ROUND_NEAREST] = "near_even", [ROUND_DOWN] = "min", [ROUND_UP] = "max", [ROUND_ZERO] = "minMag"};
    struct float_env e = {.precision = 64, .masks = 0x3F};
    struct function f;
    unsigned long cases = 0, different = 0;
    char line[256];

    if (argc < 3 || !find_function(argv[1], &f))
        return fprintf(stderr, "usage: testfloat FUNCTION ROUNDING [PRECISION]\n"), 2;
    for (unsigned r = 0; r < LENGTH(roundings); r++)
        if (!strcmp(argv[2], roundings[r]))
            e.rounding = (enum rounding)r;
    if (argc > 3)
        e.precision = !strcmp(argv[3], "32") ? 24 : !strcmp(argv[3], "64") ? 53 : 64;
    while (fgets(line, sizeof line, stdin)) {
        int verdict = judge(&f, line, e);
        if (verdict == 2)
            return printf("%s: not understood: %s", argv[1], line), 1;
        cases++;
        different += (unsigned long)verdict;
        if (different == 10)
            break;
    }
    for (int i = 1; i < argc; i++)
        printf("%s%s", argv[i], i + 1 < argc ? " " : ": ");
    printf("%lu cases, %lu differ%s\n", cases, different, different == 10 ? ", and no more were tried" : "");
    return different || !cases;
}
