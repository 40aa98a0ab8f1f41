/* xml.h - writing XML 1.0: elements, attributes and text, escaped.
 *
 * A document is written in order, into a text that the caller owns. What XML cannot hold (section 2.2: controls,
 * surrogates, noncharacters), and what a reader would not see (plain.h), becomes \u001b or \x9b; a backslash stays as
 * it is. */
#ifndef MUNIMENT_XML_H
#define MUNIMENT_XML_H

#include <stddef.h>

#include "formats/text.h"

#define XML_DEPTH 16 /* of elements in each other; more is the caller's mistake and makes to->failed true */

struct xml {
    struct text *to;
    const char *open[XML_DEPTH]; /* names of the elements that are open: the caller's, until they are closed */
    size_t depth;
    bool in_tag, holds_text; /* of the innermost one: attributes may follow; it has text, so no line break before its
                                end */
};

/* Adds a text as content or as the value of an attribute in double quotes. */
void xml_escape(struct text *to, const char *text);

/* Begins a document with its XML declaration. */
struct xml xml_begin(struct text *to);
/* Opens an element, on a line of its own. Names are constants and valid. */
void xml_open(struct xml *xml, const char *name);
/* Only directly after xml_open. */
void xml_attribute(struct xml *xml, const char *name, const char *value);
void xml_text(struct xml *xml, const char *text);
/* Closes the innermost element. */
void xml_close(struct xml *xml);
/* An element that holds a text and nothing else. */
void xml_element(struct xml *xml, const char *name, const char *text);

#endif
