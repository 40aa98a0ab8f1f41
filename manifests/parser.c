/* parser.c - reads a manifest by its rules.
 *
 * YAML is scanned twice by libyaml: once as tokens, to refuse the constructs that the language leaves out
 * (spec/manifest.md, "Restricted YAML"), once as events, which are matched against the rules. The rules bound the
 * depth, MANIFEST_LIMIT the length. Every refusal names line and column, both from 1, the column in characters. */
#include "manifests/schema.h"
#include "formats/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct parser {
    yaml_parser_t yaml;
    yaml_event_t event; /* the current one */
    const char *name;   /* of the file */
    const char *text;
    struct error *error;
};

static const char byte_order_mark[] = "\xEF\xBB\xBF";

#define PATH_LIMIT 96 /* a key with those above it, such as drives.hd0.image, for messages */

static bool refuse(struct parser *p, yaml_mark_t at, const char *what, ...)
{
    char object[512], message[512];
    va_list arguments;

    va_start(arguments, what);
    vsnprintf(message, sizeof(message), what, arguments);
    va_end(arguments);
    snprintf(object, sizeof(object), "%.480s:%zu:%zu", p->name, at.line + 1, at.column + 1);
    return error_set(p->error, STATUS_INPUT, object, NULL, NULL, "%s", message);
}

/* The line and column of a byte. */
static yaml_mark_t mark_of(const struct parser *p, size_t offset)
{
    yaml_mark_t at = {.index = 0};

    for (size_t i = 0; i < offset; i++) {
        bool line_feed = p->text[i] == '\n';
        at.line += line_feed;
        at.column = line_feed ? 0 : at.column + (((uint8_t)p->text[i] & 0xC0) != 0x80);
    }
    return at;
}

/* Passes on why libyaml stopped. Its reader knows only the offset of a bad byte, which is turned into line and column
 * here. */
static bool refuse_yaml(struct parser *p)
{
    yaml_mark_t at = p->yaml.problem_mark;

    if (p->yaml.error == YAML_MEMORY_ERROR)
        return error_host(p->error, p->name, ENOMEM, "cannot read");
    if (p->yaml.error == YAML_READER_ERROR)
        at = mark_of(p, p->yaml.problem_offset);
    if (p->yaml.error != YAML_READER_ERROR && p->yaml.context)
        return refuse(p, at, "not valid YAML: %s %s that begins at %zu:%zu", p->yaml.problem, p->yaml.context,
                      p->yaml.context_mark.line + 1, p->yaml.context_mark.column + 1);
    return refuse(p, at, "not valid YAML: %s%s", p->yaml.problem,
                  p->yaml.error == YAML_READER_ERROR ? "; is the text in ISO 8859-1 or Windows-1252? It must be UTF-8"
                                                     : "");
}

static bool open_yaml(struct parser *p, size_t length)
{
    if (!yaml_parser_initialize(&p->yaml))
        return error_host(p->error, p->name, ENOMEM, "cannot read");
    yaml_parser_set_encoding(&p->yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p->yaml, (const unsigned char *)p->text, length);
    return true;
}

/* --- First pass: constructs --- */

static const struct {
    yaml_token_type_t type;
    const char *what;
} refused_tokens[] = {
    {YAML_VERSION_DIRECTIVE_TOKEN, "directives are not allowed"},
    {YAML_TAG_DIRECTIVE_TOKEN, "directives are not allowed"},
    {YAML_DOCUMENT_START_TOKEN, "document markers are not allowed: a manifest is a single document"},
    {YAML_DOCUMENT_END_TOKEN, "document markers are not allowed: a manifest is a single document"},
    {YAML_FLOW_SEQUENCE_START_TOKEN,
     "lists in brackets are not allowed: write one element to a line, each after \"- \""},
    {YAML_FLOW_MAPPING_START_TOKEN, "mappings in braces are not allowed: write one key to a line"},
    {YAML_ALIAS_TOKEN, "aliases are not allowed"},
    {YAML_ANCHOR_TOKEN, "anchors are not allowed"},
    {YAML_TAG_TOKEN, "tags are not allowed"},
};

static bool check_token(struct parser *p, const yaml_token_t *token)
{
    for (size_t i = 0; i < sizeof(refused_tokens) / sizeof(refused_tokens[0]); i++)
        if (token->type == refused_tokens[i].type)
            return refuse(p, token->start_mark, "%s", refused_tokens[i].what);
    /* The token of a key that no "?" introduces is empty. */
    return token->type != YAML_KEY_TOKEN || token->start_mark.index == token->end_mark.index ||
           refuse(p, token->start_mark, "keys after a question mark are not allowed: write \"key: value\"");
}

/* libyaml ignores the mark where it begins a line, and in comments. */
static bool check_marks(struct parser *p, size_t length)
{
    for (size_t i = 0; i + 3 <= length; i++)
        if (!memcmp(p->text + i, byte_order_mark, 3))
            return refuse(p, mark_of(p, i), "a byte order mark may stand before the text only");
    return true;
}

static bool check_tokens(struct parser *p, size_t length)
{
    bool good, end = false;

    good = check_marks(p, length) && open_yaml(p, length);
    if (!good)
        return false;
    while (good && !end) {
        yaml_token_t token;
        good = yaml_parser_scan(&p->yaml, &token);
        if (!good) {
            refuse_yaml(p);
            break;
        }
        good = check_token(p, &token);
        end = token.type == YAML_STREAM_END_TOKEN;
        yaml_token_delete(&token);
    }
    yaml_parser_delete(&p->yaml);
    return good;
}

/* --- Second pass: values --- */

/* Steps to the next event. */
static bool next(struct parser *p)
{
    yaml_event_delete(&p->event);
    return yaml_parser_parse(&p->yaml, &p->event) || refuse_yaml(p);
}

/* The value of a scalar event, or null when it holds a NUL byte. */
static const char *scalar_text(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;

    return strlen(text) == event->data.scalar.length ? text : NULL;
}

/* The length of the part of a value that a message quotes: whole characters. */
static int quoted_length(const char *text)
{
    size_t length = strlen(text);

    if (length <= 60)
        return (int)length;
    for (length = 60; length > 0 && ((uint8_t)text[length] & 0xC0) == 0x80;)
        length--;
    return (int)length;
}

static const struct rule *find_key(const struct rule *rules, const char *text)
{
    for (; rules->key; rules++)
        if (text && !strcmp(rules->key, text))
            return rules;
    return NULL;
}

/* Refuses a key or name that is not in the list, and says what is. */
static bool refuse_unknown(struct parser *p, const struct rule *rules, const char *path)
{
    const char *text = scalar_text(&p->event);
    char known[EXPECT_LIMIT];
    size_t used = 0;

    for (const struct rule *rule = rules; rule->key && used < sizeof(known); rule++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", rule == rules ? "" : ", ", rule->key);
    text = text ? text : "";
    return refuse(p, p->event.start_mark, "%s has no \"%.*s\"; it may have %s", path, quoted_length(text), text, known);
}

static bool parse_value(struct parser *p, const struct rule *rule, const char *path, uint8_t *parent);

static bool parse_scalar(struct parser *p, const struct rule *rule, const char *path, uint8_t *value)
{
    const char *text = scalar_text(&p->event);
    char expected[EXPECT_LIMIT];

    if (text && rule->scalar->parse(rule, text, value))
        return true;
    rule->scalar->expect(rule, expected);
    if (!text)
        return refuse(p, p->event.start_mark, "%s must be %s, without NUL bytes", path, expected);
    return refuse(p, p->event.start_mark, "%s must be %s, not \"%.*s\"", path, expected, quoted_length(text), text);
}

/* Reads one key and its value. seen has a bit for each key of the mapping that was there before. */
static bool parse_key(struct parser *p, const struct rule *rule, const char *path, uint8_t *value, uint32_t *seen)
{
    char child_path[PATH_LIMIT];

    if (p->event.type != YAML_SCALAR_EVENT)
        return refuse(p, p->event.start_mark, "a key of %s must be a single word", path);
    const struct rule *key = find_key(rule->keys, scalar_text(&p->event));
    if (!key)
        return refuse_unknown(p, rule->keys, path);
    uint32_t bit = 1u << (key - rule->keys);
    if (*seen & bit)
        return refuse(p, p->event.start_mark, "%s has \"%s\" twice", path, key->key);
    /* The version comes first, so that the rest is read in the right language. */
    if (!strcmp(rule->keys->key, "muniment") && bit != 1 && !(*seen & 1))
        return refuse(p, p->event.start_mark, "a manifest begins with the key muniment");
    *seen |= bit;
    snprintf(child_path, sizeof(child_path), "%s%s%s", rule->key == path ? "" : path, rule->key == path ? "" : ".",
             key->key);
    return next(p) && parse_value(p, key, child_path, value);
}

static bool parse_mapping(struct parser *p, const struct rule *rule, const char *path, uint8_t *value)
{
    yaml_mark_t start = p->event.start_mark;
    uint32_t seen = 0;

    if (!next(p))
        return false;
    while (p->event.type != YAML_MAPPING_END_EVENT)
        if (!parse_key(p, rule, path, value, &seen) || !next(p))
            return false;
    for (const struct rule *key = rule->keys; key->key; key++)
        if (key->required && !(seen & 1u << (key - rule->keys)))
            return refuse(p, start, "%s needs the key %s", path, key->key);
    const char *wrong = rule->check ? rule->check(value, rule->keys, seen) : NULL;
    return !wrong || refuse(p, start, "%s: %s", path, wrong);
}

/* A sequence of names, each at most once. */
static bool parse_name(struct parser *p, const struct rule *rule, const char *path, uint8_t *value)
{
    const struct rule *name = p->event.type == YAML_SCALAR_EVENT ? find_key(rule->names, scalar_text(&p->event)) : NULL;
    bool set;

    if (p->event.type != YAML_SCALAR_EVENT)
        return refuse(p, p->event.start_mark, "an element of %s must be a single word", path);
    if (!name)
        return refuse_unknown(p, rule->names, path);
    memcpy(&set, value + name->offset, sizeof(set));
    if (set)
        return refuse(p, p->event.start_mark, "%s has \"%s\" twice", path, name->key);
    set = true;
    memcpy(value + name->offset, &set, sizeof(set));
    return true;
}

/* Element i of a sequence of values; none may come twice. Unused bytes of an element are zero, so that elements compare
 * as bytes. */
static bool parse_item(struct parser *p, const struct rule *rule, const char *path, uint8_t *value, uint32_t i)
{
    size_t size = rule->items->size;
    yaml_mark_t start = p->event.start_mark;

    if (i == rule->max_items)
        return refuse(p, start, "%s has more than %u elements", path, (unsigned)rule->max_items);
    if (!parse_value(p, rule->items, path, value + i * size))
        return false;
    for (uint32_t before = 0; before < i; before++)
        if (!memcmp(value + before * size, value + i * size, size))
            return refuse(p, start, "%s has the same element twice", path);
    return true;
}

static bool parse_sequence(struct parser *p, const struct rule *rule, const char *path, uint8_t *value)
{
    if (!next(p))
        return false;
    for (uint32_t i = 0; p->event.type != YAML_SEQUENCE_END_EVENT; i++) {
        bool good = rule->names ? parse_name(p, rule, path, value) : parse_item(p, rule, path, value, i);
        if (!good || !next(p))
            return false;
    }
    return true;
}

/* Reads the value whose first event is the current one; its last event is current afterwards. */
static bool parse_value(struct parser *p, const struct rule *rule, const char *path, uint8_t *parent)
{
    uint8_t *value = parent + rule->offset;

    if (p->event.type == YAML_SCALAR_EVENT && rule->scalar)
        return parse_scalar(p, rule, path, value);
    if (p->event.type == YAML_MAPPING_START_EVENT && rule->keys)
        return parse_mapping(p, rule, path, value);
    if (p->event.type == YAML_SEQUENCE_START_EVENT && (rule->names || rule->items))
        return parse_sequence(p, rule, path, value);
    return refuse(p, p->event.start_mark, "%s must be %s", path,
                  rule->keys                   ? "a mapping"
                  : rule->names || rule->items ? "a list"
                                               : "a single value");
}

/* The document: stream start, document start, the mapping. What may follow was settled by the first pass. */
static bool parse_document(struct parser *p, const struct rule *rule, uint8_t *parent)
{
    if (!next(p) || !next(p))
        return false;
    if (p->event.type == YAML_STREAM_END_EVENT)
        return refuse(p, p->event.start_mark, "the manifest is empty");
    if (!next(p) || !parse_value(p, rule, rule->key, parent) || !next(p) || !next(p))
        return false;
    return p->event.type == YAML_STREAM_END_EVENT || refuse(p, p->event.start_mark, "a manifest is a single document");
}

bool manifest_parse(const struct rule *rule, const char *text, size_t length, const char *name, void *parent,
                    struct error *error)
{
    struct parser p = {.name = name, .text = text, .error = error};

    if (length > MANIFEST_LIMIT)
        return error_set(error, STATUS_INPUT, name, NULL, NULL, "a manifest is at most %d bytes long", MANIFEST_LIMIT);
    if (!check_tokens(&p, length) || !open_yaml(&p, length))
        return false;
    bool good = parse_document(&p, rule, parent);
    yaml_event_delete(&p.event);
    yaml_parser_delete(&p.yaml);
    return good;
}

/* How a text begins that is not UTF-8: with a mark, or with a character of ASCII, which the wider forms write with
 * zeros. A "?" stands for any byte but 0. */
static const struct {
    const char *bytes;
    size_t length;
    const char *encoding;
} other_encodings[] = {
    {"\xFF\xFE\0\0", 4, "UTF-32"}, {"\0\0\xFE\xFF", 4, "UTF-32"}, {"?\0\0\0", 4, "UTF-32"},
    {"\0\0\0?", 4, "UTF-32"},      {"\xFF\xFE", 2, "UTF-16"},     {"\xFE\xFF", 2, "UTF-16"},
    {"?\0", 2, "UTF-16"},          {"\0?", 2, "UTF-16"},          {"+/v", 3, "UTF-7"},
};

/* Refuses a text in another encoding, and takes the mark of UTF-8 away. */
static bool decode(char *text, const char *path, size_t *length, struct error *error)
{
    for (size_t i = 0; i < sizeof(other_encodings) / sizeof(other_encodings[0]); i++) {
        const char *bytes = other_encodings[i].bytes;
        bool is = *length >= other_encodings[i].length;
        for (size_t n = 0; is && n < other_encodings[i].length; n++)
            is = bytes[n] == '?' ? text[n] != '\0' : bytes[n] == text[n];
        if (is)
            return error_set(error, STATUS_INPUT, path, NULL, "save it as UTF-8", "is in the encoding %s",
                             other_encodings[i].encoding);
    }
    if (*length >= 3 && !memcmp(text, byte_order_mark, 3)) {
        *length -= 3;
        memmove(text, text + 3, *length);
    }
    return true;
}

/* Reads all of an open file into a buffer of MANIFEST_LIMIT + 1 bytes. */
static bool read_text(FILE *file, const char *path, char *buffer, size_t *length, struct error *error)
{
    struct file_state before;

    if (!file_state(fileno(file), path, &before, error))
        return false;
    *length = fread(buffer, 1, MANIFEST_LIMIT + 1, file);
    if (ferror(file))
        return error_host(error, path, errno, "cannot read");
    if (*length > MANIFEST_LIMIT)
        return error_set(error, STATUS_INPUT, path, NULL, NULL, "a manifest is at most %d bytes long", MANIFEST_LIMIT);
    if (!file_unchanged(fileno(file), path, &before, error) || !decode(buffer, path, length, error))
        return false;
    buffer[*length] = '\0';
    return true;
}

bool manifest_read_file(const char *path, char **text, size_t *length, struct error *error)
{
    FILE *file = fopen(path, "rb");
    bool good;

    *text = NULL;
    if (!file)
        return error_host(error, path, errno, "cannot open");
    *text = malloc(MANIFEST_LIMIT + 1);
    good = *text ? read_text(file, path, *text, length, error) : error_host(error, path, ENOMEM, "cannot read");
    fclose(file);
    if (!good) {
        free(*text);
        *text = NULL;
    }
    return good;
}
