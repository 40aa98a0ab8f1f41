/* signatures.h - what kind of file begins with these bytes: the formats that offices of 1985 to 2005 left. */
#ifndef MUNIMENT_SIGNATURES_H
#define MUNIMENT_SIGNATURES_H

#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_HEAD 1024u /* bytes of a file that are looked at */

struct file_signature {
    const char *name;  /* a word for --type: "word", "text" */
    const char *title; /* "Microsoft Word 1 to 6, or OLE document" */
    const char *mime;  /* a media type (IANA where it has one) */
};

/* By the first `size` bytes of a file, SIGNATURE_HEAD or all of it. Null: not known. */
const struct file_signature *signature_of(const uint8_t *head, size_t size);
/* By its word; null: there is none. */
const struct file_signature *signature_named(const char *name);

#endif
