/* tsa.h - asks a time stamp authority, and for the lists of revoked certificates of its time (spec/evidence.md). */
#ifndef MUNIMENT_DESK_TSA_H
#define MUNIMENT_DESK_TSA_H

#include "archive/archive.h"
#include "desk/options.h"

#define TSA_ROOM (STAMP_LIMIT + 256u) /* for a response, and what curl adds to it */
#define TSA_LISTS 8u                  /* lists that are kept with a stamp */

/* Asks the authority of --tsa for a stamp over some bytes, under --policy, and takes nothing that is none. response has
 * TSA_ROOM bytes. */
bool tsa_ask(const struct arguments *arguments, struct stamp_bytes over, uint8_t *response, size_t *length,
             struct error *error);

/* Fetches the lists that the certificates of a stamp name, if --tsa-trust vouches for them. Adds those that there are
 * to lists (TSA_LISTS, whose bytes the caller frees) and *count, and warns of others. False with *error: by them the
 * stamp is worth nothing. */
bool tsa_lists(const struct arguments *arguments, struct stamp_bytes over, struct stamp_bytes response,
               struct stamp_bytes *lists, size_t *count, struct error *error);

#endif
