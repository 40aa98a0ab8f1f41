/* state.c - walks the state tables (state.h). */
#include "emu/state.h"

#include <string.h>

#include "emu/endian.h"

static unsigned scalar_width(enum state_kind kind)
{
    switch (kind) {
    case STATE_U16: return 2;
    case STATE_U32: return 4;
    case STATE_U64:
    case STATE_I64:
    case STATE_TICK: return 8;
    default: return 1;
    }
}

/* A scalar in host order, as 64 bits. */
static uint64_t scalar_value(enum state_kind kind, const uint8_t *p)
{
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (scalar_width(kind)) {
    case 2: memcpy(&u16, p, 2); return u16;
    case 4: memcpy(&u32, p, 4); return u32;
    case 8: memcpy(&u64, p, 8); return u64;
    default: return kind == STATE_BOOL ? *p != 0 : *p;
    }
}

void state_serialize(const struct state_field *table, const void *structure,
                     void (*sink)(void *context, const uint8_t *bytes, size_t length), void *context)
{
    for (const struct state_field *f = table; f->name; f++) {
        const uint8_t *p = (const uint8_t *)structure + f->offset;
        uint8_t bytes[8];

        if (f->kind == STATE_NESTED) {
            for (uint32_t i = 0; i < f->count; i++)
                state_serialize(f->nested, p + (size_t)i * f->stride, sink, context);
        } else if (f->kind == STATE_BYTES) {
            uint32_t live = f->count;
            if (f->live != STATE_ALL)
                memcpy(&live, (const uint8_t *)structure + f->live, sizeof live);
            if (live > f->count)
                live = f->count;
            store32(bytes, live);
            sink(context, bytes, 4);
            sink(context, p, live);
        } else {
            unsigned width = scalar_width(f->kind);
            for (uint32_t i = 0; i < f->count; i++) {
                store64(bytes, scalar_value(f->kind, p + (size_t)i * width));
                sink(context, bytes, width);
            }
        }
    }
}

/* --- Names --- */

struct walk {
    bool (*visit)(void *context, const struct state_leaf *leaf);
    void *context;
    struct state_leaf leaf;
};

static size_t put_text(char *name, size_t at, const char *text)
{
    while (*text && at < STATE_NAME - 1)
        name[at++] = *text++;
    name[at] = 0;
    return at;
}

static size_t put_index(char *name, size_t at, uint32_t index)
{
    char digits[12] = "", *first = digits + sizeof digits - 2;

    *first = ']';
    do {
        *--first = (char)('0' + index % 10);
    } while (index /= 10);
    *--first = '[';
    return put_text(name, at, first);
}

static bool walk(struct walk *w, const struct state_field *table, uint8_t *structure, size_t prefix)
{
    struct state_leaf *leaf = &w->leaf;

    for (const struct state_field *f = table; f->name; f++) {
        bool bytes = f->kind == STATE_BYTES;
        uint32_t elements = bytes ? 1 : f->count, stride = f->kind == STATE_NESTED ? f->stride : scalar_width(f->kind);
        size_t field = put_text(leaf->name, put_text(leaf->name, prefix, "."), f->name);

        for (uint32_t i = 0; i < elements; i++) {
            size_t end = elements > 1 ? put_index(leaf->name, field, i) : field;
            uint8_t *value = structure + f->offset + (size_t)i * stride;
            if (f->kind == STATE_NESTED) {
                if (!walk(w, f->nested, value, end))
                    return false;
                continue;
            }
            leaf->field = f;
            leaf->value = value;
            leaf->live = bytes && f->live != STATE_ALL ? structure + f->live : NULL;
            if (!w->visit(w->context, leaf))
                return false;
        }
    }
    return true;
}

bool state_walk(const char *part, const struct state_field *table, void *structure,
                bool (*visit)(void *context, const struct state_leaf *leaf), void *context)
{
    struct walk w = {.visit = visit, .context = context};

    return walk(&w, table, structure, put_text(w.leaf.name, 0, part));
}

/* --- Values as text --- */

static bool is_decimal(enum state_kind kind)
{
    return kind == STATE_I64 || kind == STATE_TICK;
}

static void print_decimal(uint64_t value, bool negative, char *text)
{
    char digits[20];
    unsigned n = 0;

    if (negative)
        *text++ = '-';
    do {
        digits[n++] = (char)('0' + value % 10);
    } while (value /= 10);
    while (n)
        *text++ = digits[--n];
    *text = 0;
}

void state_print_scalar(const struct state_leaf *leaf, char text[STATE_VALUE])
{
    enum state_kind kind = leaf->field->kind;
    uint64_t value = scalar_value(kind, leaf->value);
    bool negative = kind == STATE_I64 && value >> 63;

    if (kind == STATE_BOOL) {
        put_text(text, 0, value ? "true" : "false");
    } else if (kind == STATE_TICK && value == UINT64_MAX) {
        put_text(text, 0, "never");
    } else if (is_decimal(kind)) {
        print_decimal(negative ? 0 - value : value, negative, text);
    } else {
        unsigned digits = 2 * scalar_width(kind);
        size_t at = put_text(text, 0, "0x");
        while (digits--)
            text[at++] = "0123456789abcdef"[value >> 4 * digits & 15];
        text[at] = 0;
    }
}

uint32_t state_live(const struct state_leaf *leaf)
{
    uint32_t live = leaf->field->count;

    if (leaf->live)
        memcpy(&live, leaf->live, sizeof live);
    return live < leaf->field->count ? live : leaf->field->count;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void set_scalar(const struct state_leaf *leaf, uint64_t value)
{
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;

    switch (scalar_width(leaf->field->kind)) {
    case 2: memcpy(leaf->value, &u16, 2); break;
    case 4: memcpy(leaf->value, &u32, 4); break;
    case 8: memcpy(leaf->value, &value, 8); break;
    default:
        if (leaf->field->kind == STATE_BOOL) {
            bool b = value;
            memcpy(leaf->value, &b, sizeof b);
        } else {
            *leaf->value = (uint8_t)value;
        }
    }
}

static bool read_scalar(const char *text, size_t length, uint64_t *value)
{
    bool hex = length > 2 && text[0] == '0' && text[1] == 'x', negative = text[0] == '-';

    *value = 0;
    if (length == 4 && !memcmp(text, "true", 4))
        *value = 1;
    else if (length == 5 && !memcmp(text, "never", 5))
        *value = UINT64_MAX;
    else if (length != 5 || memcmp(text, "false", 5))
        for (size_t i = hex ? 2 : negative; i < length; i++) {
            int digit = hex_digit(text[i]);
            if (digit < 0 || (digit > 9 && !hex))
                return false;
            *value = *value * (hex ? 16 : 10) + (uint64_t)digit;
        }
    if (negative)
        *value = 0 - *value;
    return true;
}

static bool within(const struct state_field *f, uint64_t value)
{
    if (f->kind == STATE_I64 && value >> 63)
        value = 0 - value;
    return !f->limit || value <= f->limit;
}

/* The bytes that are not alive become zeros, as in a machine that never used them. */
static const char *read_bytes(const struct state_leaf *leaf, const char *text, size_t length)
{
    uint64_t count;
    size_t colon = 0, digits;
    char canonical[STATE_VALUE];

    while (colon < length && text[colon] != ':')
        colon++;
    if (colon == length || !colon || colon > 9 || !read_scalar(text, colon, &count) || count > leaf->field->count ||
        (!leaf->live && count != leaf->field->count))
        return "has not as many bytes as it can have";
    print_decimal(count, false, canonical);
    digits = length - colon - 1;
    if (digits != 2 * count || strlen(canonical) != colon || memcmp(canonical, text, colon))
        return "does not have the bytes that it says it has";
    memset(leaf->value, 0, leaf->field->count);
    for (size_t i = 0; i < digits; i++) {
        int digit = hex_digit(text[colon + 1 + i]);
        if (digit < 0)
            return "has something else than hexadecimal digits";
        leaf->value[i / 2] = (uint8_t)(leaf->value[i / 2] << 4 | digit);
    }
    if (leaf->live) {
        uint32_t live = (uint32_t)count;
        memcpy(leaf->live, &live, sizeof live);
    }
    return NULL;
}

const char *state_read(const struct state_leaf *leaf, const char *text, size_t length)
{
    char canonical[STATE_VALUE];
    uint64_t value;

    if (leaf->field->kind == STATE_BYTES)
        return read_bytes(leaf, text, length);
    if (!length || length >= STATE_VALUE || !read_scalar(text, length, &value))
        return "has no value";
    set_scalar(leaf, value);
    state_print_scalar(leaf, canonical);
    if (strlen(canonical) != length || memcmp(canonical, text, length))
        return "has a value that is not written as it must be";
    return within(leaf->field, value) ? NULL : "is out of range";
}
