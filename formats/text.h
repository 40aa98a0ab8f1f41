/* text.h - text that grows, and small tests of bytes. */
#ifndef MUNIMENT_TEXT_H
#define MUNIMENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *bytes; /* owned; null when empty */
    size_t length, capacity;
    bool failed; /* out of memory: what was added since is lost */
};

/* bytes may be null if size is 0. */
void text_add(struct text *t, const void *bytes, size_t size);
void text_print(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *t);
/* Reads a file of 1 to `limit` bytes; kind says what it is, as "a journal". False: there is no text, and *error says
 * why. */
struct error;
bool text_read(struct text *t, const char *path, uint32_t limit, const char *kind, struct error *error);
/* The same of a file that is open, from where it stands; path is its name for messages. */
bool text_read_in(struct text *t, int descriptor, const char *path, uint32_t limit, const char *kind,
                  struct error *error);

/* Reads exactly `width` decimal digits. */
bool decimal_parse(const char *text, unsigned width, uint64_t *value);

/* Whether all of these bytes are 0. */
bool all_zero(const uint8_t *bytes, size_t size);

#endif
