/* printer.c - the canonical form of a manifest (spec/manifest.md, "Canonical form"): one structure, one sequence of
 * bytes. */
#include "manifests/schema.h"

#include <string.h>

struct printer {
    char *buffer;
    size_t size, length;
    bool failed; /* the buffer is full, or something that must be written is not there */
};

static void put(struct printer *p, const char *text, size_t length)
{
    if (p->failed || length >= p->size - p->length) {
        p->failed = true;
        return;
    }
    memcpy(p->buffer + p->length, text, length);
    p->length += length;
    p->buffer[p->length] = '\0';
}

static void put_text(struct printer *p, const char *text)
{
    put(p, text, strlen(text));
}

static void put_indent(struct printer *p, int depth)
{
    for (; depth > 0; depth--)
        put_text(p, "  ");
}

static void put_quoted(struct printer *p, const char *text)
{
    put_text(p, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            put_text(p, "\\");
        put(p, text, 1);
    }
    put_text(p, "\"");
}

/* A literal block whose indentation is stated, so that its lines may begin with spaces. An empty line has no
 * indentation. */
static void put_block(struct printer *p, const char *text, int depth)
{
    put_text(p, "|2-");
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        put_text(p, "\n");
        if (length > 0)
            put_indent(p, depth + 1);
        put(p, text, length);
    }
}

static void put_scalar(struct printer *p, const char *text, enum scalar_style style, int depth)
{
    switch (style) {
    case STYLE_PLAIN: put_text(p, text); break;
    case STYLE_QUOTED: put_quoted(p, text); break;
    case STYLE_BLOCK: put_block(p, text, depth); break;
    }
    put_text(p, "\n");
}

static const uint8_t *value_of(const struct rule *rule, const void *parent)
{
    return (const uint8_t *)parent + rule->offset;
}

static bool name_is_set(const struct rule *name, const void *parent)
{
    bool set;

    memcpy(&set, value_of(name, parent), sizeof(set));
    return set;
}

/* Element i of a sequence, or null when it is the end. */
static const uint8_t *item_at(const struct rule *rule, const uint8_t *value, uint32_t i)
{
    const uint8_t *item = value + i * rule->items->size;

    return i < rule->max_items && !rule_is_empty(rule->items, item) ? item : NULL;
}

bool rule_is_empty(const struct rule *rule, const void *parent)
{
    const uint8_t *value = value_of(rule, parent);
    char text[SCALAR_LIMIT];

    if (rule->scalar && rule->scalar->print(rule, value, text))
        return false;
    /* A mapping is there when its first required key is; without required keys, when any key is. */
    for (const struct rule *key = rule->keys; key && key->key; key++) {
        if (!rule_is_empty(key, value))
            return false;
        if (key->required)
            break;
    }
    for (const struct rule *name = rule->names; name && name->key; name++)
        if (name_is_set(name, value))
            return false;
    return !rule->items || !item_at(rule, value, 0);
}

static void put_value(struct printer *p, const struct rule *rule, const uint8_t *value, int depth);

/* Writes the keys of a mapping that are there; begun: the first one stands in the line that was begun. */
static void put_keys(struct printer *p, const struct rule *rule, const uint8_t *value, int depth, bool begun)
{
    for (const struct rule *key = rule->keys; key && key->key; key++) {
        if (!key->required && rule_is_empty(key, value))
            continue;
        if (!begun)
            put_indent(p, depth + 1);
        begun = false;
        put_text(p, key->key);
        put_text(p, ":");
        put_value(p, key, value_of(key, value), depth + 1);
    }
}

/* Writes what follows "KEY:", with the end of the line. */
static void put_value(struct printer *p, const struct rule *rule, const uint8_t *value, int depth)
{
    char text[SCALAR_LIMIT];

    if (rule->scalar && rule->scalar->print(rule, value, text)) {
        put_text(p, " ");
        put_scalar(p, text, rule->scalar->style, depth);
        return;
    }
    if (!rule->keys && !rule->names && !rule->items)
        p->failed = true;
    if (depth >= 0)
        put_text(p, "\n");
    put_keys(p, rule, value, depth, false);
    for (const struct rule *name = rule->names; name && name->key; name++) {
        if (!name_is_set(name, value))
            continue;
        put_indent(p, depth + 1);
        put_text(p, "- ");
        put_scalar(p, name->key, STYLE_PLAIN, depth);
    }
    const uint8_t *item;
    for (uint32_t i = 0; rule->items && (item = item_at(rule, value, i)) && !p->failed; i++) {
        put_indent(p, depth + 1);
        put_text(p, rule->items->keys ? "- " : "-");
        if (rule->items->keys)
            put_keys(p, rule->items, item, depth + 1, true);
        else
            put_value(p, rule->items, item, depth + 1);
    }
}

size_t manifest_print(const struct rule *rule, const void *parent, char *buffer, size_t size)
{
    struct printer p = {.buffer = buffer, .size = size, .failed = size == 0};

    put_value(&p, rule, parent, -1);
    return p.failed ? 0 : p.length;
}
