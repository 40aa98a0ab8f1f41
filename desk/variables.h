/* variables.h - the variables of a script, and the tables of comma-separated values that it goes over. */
#ifndef MUNIMENT_DESK_VARIABLES_H
#define MUNIMENT_DESK_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/error.h"

#define TABLE_LIMIT (16u << 20) /* bytes of a table */

struct variables {
    struct variable *all; /* owned */
    size_t count, room;
};

/* Gives a variable a value, both copied. False when memory is short. */
bool variables_set(struct variables *v, const char *name, const char *value);
/* The value of NAME[0 .. length-1]; null: there is no such variable. */
const char *variables_find(const struct variables *v, const char *name, size_t length);
void variables_free(struct variables *v);

/* A table as RFC 4180 has it, in UTF-8, with a header. */
struct table {
    char *text;    /* owned: the fields, each with a NUL */
    char **fields; /* owned: columns * (rows + 1) of them; the first row is the header */
    size_t columns, rows;
};

/* Reads a text, which ends with a NUL that does not count; name is for the error. The caller calls table_free in any
 * case. */
bool table_parse(const char *text, size_t length, const char *name, struct table *table, struct error *error);
void table_free(struct table *table);

#endif
