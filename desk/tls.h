/* tls.h - the certificate and the key by which the desk speaks TLS, judged before it begins with them: what TLS itself
 * would say of them helps nobody. */
#ifndef MUNIMENT_DESK_TLS_H
#define MUNIMENT_DESK_TLS_H

#include <stdbool.h>

#include "formats/error.h"

/* Whether a file (PEM) with the desk's certificate, and after it those that vouch for it, and one with its key can be
 * used; the two may be one file. False with *error. A certificate that is not good today can be: that is said on
 * standard error, as whoever comes is warned by his browser. */
bool tls_check(const char *certificate, const char *key, struct error *error);

#endif
