/* json.h - the little of JSON (RFC 8259) that the desk writes. */
#ifndef MUNIMENT_FORMATS_JSON_H
#define MUNIMENT_FORMATS_JSON_H

#include <stdio.h>

/* Writes a string in quotes. What a terminal must not get (formats/plain.h) is escaped; bytes that are no UTF-8 become
 * U+FFFD. */
void json_string(FILE *to, const char *text);

/* Writes "name": "text", with the given text before it (such as ", "). */
void json_member(FILE *to, const char *before, const char *name, const char *text);

#endif
