/* set.h - the batches of one archive, as they are judged: shared by evidence.c, rights.c and write.c. */
#ifndef MUNIMENT_EVIDENCE_SET_H
#define MUNIMENT_EVIDENCE_SET_H

#include "verify/evidence/batch.h"

#define BATCHES_LIMIT 4096u

struct evidence {
    struct evidence_subject subject;
    struct batch **batches; /* in the order of their names */
    size_t count;
    struct decision *rules; /* those that count */
    size_t rule_count;
    char review[11], proved[21];
    struct text notes; /* lines; '!' before one about something wrong */
    uint64_t wrong;
    struct trust signer; /* of the archive, at the time that is proved */
    bool somebody;       /* is named as trusted; otherwise the archive's own signer decides, and vouches for nothing */
};

struct batch *evidence_batch(const struct evidence *e, const char *name);
/* Whether a batch stands on the one of that name, through any number of others. */
bool batch_stands_on(const struct evidence *e, const struct batch *b, const char *name);

/* rights.c: finds the rules that count. False: out of memory. */
bool rights_judge(struct evidence *e);

#endif
