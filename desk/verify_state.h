/* verify_state.h - how far verifications came that are done a part at a time: a small file for each archive, in a
 * folder that --state names. */
#ifndef MUNIMENT_DESK_VERIFY_STATE_H
#define MUNIMENT_DESK_VERIFY_STATE_H

#include <limits.h>

#include "verify/fixity/fixity.h"

struct kept_state {
    struct verify_state state;
    char path[PATH_MAX]; /* of the archive */
    char file[PATH_MAX]; /* that keeps this */
    char verdict[24];    /* of a verification that is finished; empty: it is not */
    char date[24];       /* when that was */
    enum status status;  /* with which it ended */
};

/* Reads what is kept of each archive. If all of them are finished, a new round begins, and nothing is. question: what
 * is asked of the archives, by whose answer another question is not answered. The result is to be freed; null with
 * *error. */
struct kept_state *states_load(const char *folder, const char *const *paths, size_t count, const struct text *question,
                               struct error *error);

/* Keeps how far a verification came; verdict: what it found, if it is finished, or empty. */
bool state_keep(struct kept_state *kept, const char *verdict, enum status status, struct error *error);

/* Prints what a finished verification found: a line of text, or a JSON object. */
void state_print(FILE *to, const struct kept_state *kept, bool json);

#endif
