/* disposal.h - the certificate that stays of an archive that was disposed of (spec/library.md). */
#ifndef MUNIMENT_DESK_DISPOSAL_H
#define MUNIMENT_DESK_DISPOSAL_H

#include "desk/options.h"

#define DISPOSAL_ENDING ".disposed" /* after the name of the archive */

/* Whether a path names a certificate. */
bool is_disposal(const char *path);

/* Checks the signature of a certificate, by the public keys of --trust, and prints what it says. */
enum status disposal_verify(const struct arguments *arguments, const char *path);

/* Prints the line of `ls` for the certificate NAME of a folder if it is one and holds each of the words. */
void disposal_list(const char *folder, const char *name, const char *const *words, size_t count, bool json);

#endif
