/* set_journal.h - the journal of a set (spec/set.md): those of its machines, line by line, and the digests of the set.
 */
#ifndef MUNIMENT_VERIFY_SET_JOURNAL_H
#define MUNIMENT_VERIFY_SET_JOURNAL_H

#include "formats/text.h"
#include "verify/runs/journal.h"

/* Which set it is. */
struct set_names {
    const char *root; /* the set-root */
    const char *names[SET_MACHINES];
    unsigned count;
};

/* A digest of the set, in its journal. */
struct set_point {
    uint64_t time; /* microseconds */
    uint8_t digest[DIGEST_SIZE];
};

struct set_journal {
    hex_digest root;                       /* the set-root */
    struct journal journals[SET_MACHINES]; /* of the machines, in the order of the set */
    struct set_point *points;              /* owned */
    size_t point_count, point_capacity;
};

/* Begins the journal of a set. memory as in journal_begin. */
bool set_journal_begin(struct journal_writer *w, const char *path, struct text *memory, const char *root,
                       struct error *error);
bool set_journal_point(struct journal_writer *w, const struct set_point *point);

/* Reads the journal of a set, which must be this one's. The caller calls set_journal_free in any case. */
bool set_journal_parse(const char *text, size_t length, const char *name, const struct set_names *set,
                       struct set_journal *journal, struct error *error);
bool set_journal_read(const char *path, const struct set_names *set, struct set_journal *journal, struct error *error);
void set_journal_free(struct set_journal *journal);

#endif
