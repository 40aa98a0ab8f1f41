/* receipt_text.h - how receipts and proofs are written (spec/receipt.md): lines "name: value", and names in them. */
#ifndef MUNIMENT_DESK_RECEIPT_TEXT_H
#define MUNIMENT_DESK_RECEIPT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/archive.h"

/* Decodes a name in its place; false unless it is written in the one way. */
bool receipt_read_name(char *name);
/* Whether a name is one of the bag's payload, and leads nowhere else. */
bool receipt_name_is_inside(const char *name);

/* Takes the next line, which loses its line feed; null at the end, or where there is none. */
char *receipt_next_line(char **at);
/* The value of a line "name: value"; null: it is another line, or none. */
char *receipt_value(char *line, const char *name);
/* A digest of 64 digits; false: it is none. value may be null. */
bool receipt_read_digest(const char *value, hex_digest to);

/* Reads a whole file, with a NUL after it, which the caller frees. */
bool receipt_read_file(const char *path, size_t limit, char **text, size_t *size, struct error *error);

#endif
