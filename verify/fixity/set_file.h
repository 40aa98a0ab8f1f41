/* set_file.h - the set file: names archives whose machines stood on one cable, and is signed (spec/set.md). */
#ifndef MUNIMENT_VERIFY_SET_FILE_H
#define MUNIMENT_VERIFY_SET_FILE_H

#include "verify/fixity/keytext.h"

#define SET_FILE_LIMIT (256u << 20) /* bytes */

struct text;

struct set_member {
    char name[SET_NAME];
    hex_digest root;   /* its machine-root */
    uint64_t power_on; /* microseconds */
    char file[256];    /* of the archive, relative to the set file */
};

struct set_file {
    uint32_t latency; /* microseconds */
    uint32_t count;
    struct set_member members[SET_MACHINES]; /* in the order of their names */
    hex_digest root;                         /* the set-root: of latency, names, machine-roots and times of power-on */
    struct key_der signer;
    const char *journal; /* of the reference run, in `text`; null: none */
    size_t journal_length;
    bool fits;  /* the signature fits */
    char *text; /* owned */
};

/* Computes the set-root from the rest. */
void set_root(struct set_file *set);

/* Whether a file begins as a set file does. */
bool set_file_is(const char *text, size_t length);
/* Takes text over, `length` bytes and a NUL. A signature that does not fit is no error. The caller calls set_file_free
 * in any case. */
bool set_file_parse(char *text, size_t length, const char *name, struct set_file *set, struct error *error);
void set_file_free(struct set_file *set);
/* Writes what a set file says, with its journal if that is not null, and signs it. */
bool set_file_print(const struct set_file *set, const struct text *journal, const struct key *key, struct text *to,
                    struct error *error);

#endif
