/* plain.h - text from files, made fit for a terminal: nothing in it is obeyed, hidden, or read in another order than it
 * is written.
 *
 * Controls (C0, DEL, C1), marks and overrides of direction, what has no width, separators of lines, tags and
 * noncharacters become \u202e or \U000e0001, and bytes that are no UTF-8 become \x9b. */
#ifndef MUNIMENT_PLAIN_H
#define MUNIMENT_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Reads a code point of UTF-8 (Unicode, table 3-7) and steps over it; false for a byte that belongs to none. *at is not
 * at the text's end. */
bool utf8_next(const char **at, uint32_t *code);

/* Writes a code point as UTF-8, at most 4 bytes, and returns their number; what is none becomes U+FFFD. */
size_t utf8_put(uint32_t code, char *to);

/* Whether a terminal must not get this code point. */
bool code_is_hidden(uint32_t code);

/* Whether a path within a volume is names with one slash between them, none of them "." or "..". */
bool path_is_plain(const char *path);

/* Whether a word stands in a text, small letters of ASCII being as good as large ones. */
bool plain_contains(const char *text, const char *word);

/* Prints a text; plain_print_lines leaves line feeds and tabs as they are. */
void plain_print(FILE *to, const char *text);
void plain_print_lines(FILE *to, const char *text);

/* Copies a text, cut off between two of its characters if there is no room. */
void plain_copy(char *to, size_t size, const char *from);

#endif
