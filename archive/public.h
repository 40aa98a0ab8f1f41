/* public.h - what crypto.c and signer.c share about OpenSSL's keys. */
#ifndef MUNIMENT_PUBLIC_H
#define MUNIMENT_PUBLIC_H

#include "archive/digest.h"

struct evp_pkey_st; /* EVP_PKEY */

/* The PEM text of the public half of an Ed25519 pair, without NUL; false when OpenSSL will not. */
bool public_pem(struct evp_pkey_st *pair, char pem[PUBLIC_PEM_SIZE]);

#endif
