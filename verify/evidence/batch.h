/* batch.h - one batch of evidence: its text (spec/evidence.md). */
#ifndef MUNIMENT_BATCH_H
#define MUNIMENT_BATCH_H

#include "verify/evidence/evidence.h"
#include "verify/fixity/keytext.h"

#define BATCH_STANDS 16u
#define BATCH_CRLS 8u
#define BATCH_KEYS 4u

struct batch {
    hex_digest name; /* SHA-256 of the file */
    char *text;      /* owned, with NUL; the signatures are over its first `body` bytes */
    size_t size, body;
    hex_digest machine_root, content, statement;
    hex_digest stands_on[BATCH_STANDS];
    unsigned stand_count, crl_count, key_count;
    char made[21], reason[512], review[11];
    bool decides;
    struct decision decision;
    char about[65]; /* of a stamp; empty: there is none */
    uint8_t *stamp; /* owned */
    size_t stamp_size;
    struct stamp_bytes crls[BATCH_CRLS]; /* owned */
    struct key_der keys[BATCH_KEYS];

    /* As evidence.c judges it. */
    bool trusted;   /* somebody who is trusted signed it */
    bool two;       /* and a second person */
    bool unchecked; /* somebody who is trusted may have signed it, by an algorithm that is not checked here */
    bool lapsed;    /* nobody who is trusted signed it, but somebody who was, until his key was compromised */
    bool ignored;   /* a decision that would need a second person */
    bool ordered;   /* that was found out */
    struct stamp_verdict verdict;
    bool weighed; /* by what stamps its batch */
    bool passed;  /* by the search for what a batch stands on */
};

/* Parses the text of a file, and owns it from then on; null: it is none, or there is no memory. */
struct batch *batch_parse(char *text, size_t size);
void batch_free(struct batch *batch);
/* Prints the body. */
void batch_print(struct text *t, const struct batch *batch, const struct text *files);
/* "archive", "drive hd0", "path hd0 NAME", and what is decided. */
void decision_print(struct text *t, const struct decision *decision);

#endif
