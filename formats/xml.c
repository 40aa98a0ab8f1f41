/* xml.c - see xml.h. */
#include "formats/xml.h"

#include <string.h>

#include "formats/plain.h"

static void add(struct text *to, const char *text)
{
    text_add(to, text, strlen(text));
}

void xml_escape(struct text *to, const char *text)
{
    static const struct {
        char character;
        const char *reference;
    } references[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

    while (*text) {
        const char *from = text, *reference = NULL;
        uint32_t code;
        bool valid = utf8_next(&text, &code);

        for (size_t i = 0; i < sizeof references / sizeof *references; i++)
            if (*from == references[i].character)
                reference = references[i].reference;
        if (reference) {
            add(to, reference);
        } else if (valid && !code_is_hidden(code) && (code & 0xFFFE) != 0xFFFE) {
            text_add(to, from, (size_t)(text - from));
        } else if (valid && (code == '\n' || code == '\t')) {
            text_print(to, "&#%u;", (unsigned)code);
        } else if (valid) {
            text_print(to, code > 0xFFFF ? "\\U%08x" : "\\u%04x", (unsigned)code);
        } else {
            text_print(to, "\\x%02x", (unsigned)code);
        }
    }
}

struct xml xml_begin(struct text *to)
{
    add(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    return (struct xml){.to = to};
}

/* Ends a start tag that is still open. */
static void end_tag(struct xml *x)
{
    if (x->in_tag)
        add(x->to, ">");
    x->in_tag = false;
}

static void new_line(struct xml *x)
{
    if (x->to->length && x->to->bytes[x->to->length - 1] != '\n')
        add(x->to, "\n");
    for (size_t i = 0; i < x->depth; i++)
        add(x->to, "  ");
}

void xml_open(struct xml *x, const char *name)
{
    if (x->depth == XML_DEPTH) {
        x->to->failed = true;
        return;
    }
    end_tag(x);
    new_line(x);
    add(x->to, "<");
    add(x->to, name);
    x->open[x->depth++] = name;
    x->in_tag = true;
    x->holds_text = false;
}

void xml_attribute(struct xml *x, const char *name, const char *value)
{
    add(x->to, " ");
    add(x->to, name);
    add(x->to, "=\"");
    xml_escape(x->to, value);
    add(x->to, "\"");
}

void xml_text(struct xml *x, const char *text)
{
    end_tag(x);
    xml_escape(x->to, text);
    x->holds_text = true;
}

void xml_close(struct xml *x)
{
    const char *name = x->depth ? x->open[--x->depth] : NULL;

    if (!name) {
        x->to->failed = true;
        return;
    }
    if (x->in_tag) {
        add(x->to, "/>\n");
    } else {
        if (!x->holds_text)
            new_line(x);
        add(x->to, "</");
        add(x->to, name);
        add(x->to, ">\n");
    }
    x->in_tag = x->holds_text = false;
}

void xml_element(struct xml *x, const char *name, const char *text)
{
    xml_open(x, name);
    xml_text(x, text);
    xml_close(x);
}
