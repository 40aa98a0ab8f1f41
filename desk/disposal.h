/* disposal.h - the certificate that stays of an archive that was disposed of (spec/library.md). */
#ifndef MUNIMENT_DESK_DISPOSAL_H
#define MUNIMENT_DESK_DISPOSAL_H

#include "desk/options.h"

#define DISPOSAL_ENDING ".disposed" /* after the name of the archive */

/* Whether a path names a certificate. */
bool is_disposal(const char *path);

/* Checks the signature of a certificate, by the public keys of --trust, and prints what it says. */
enum status disposal_verify(const struct arguments *arguments, const char *path);

/* Lists the certificates of a folder that hold each of the words, in the order of their names, as `ls` does. */
bool disposals_list(const char *folder, const char *const *words, size_t count, bool json, struct error *error);

#endif
