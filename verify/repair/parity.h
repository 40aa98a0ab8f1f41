/* parity.h - the file NAME.mun.parity: what is lost of a file is computed from the rest (spec/parity.md).
 *
 * A Reed-Solomon code over GF(2^8). The file is cut into `rows` rows of equal length, one after the other; each check
 * row is a combination of all of them. Blocks that lie at the same place of their rows are a column: as many of them
 * can be lost as there are check rows. Each record of the parity file has one block of a check row, and a share of the
 * digests of its column, so what is lost is known as well. Nothing here knows what the file holds. */
#ifndef MUNIMENT_PARITY_H
#define MUNIMENT_PARITY_H

#include "verify/repair/worn.h"

#define PARITY_MARK "MUNPAR0\n"
#define PARITY_HEAD 512u  /* the text that begins a parity file */
#define PARITY_DIGEST 16u /* bytes of a SHA-256 that are kept */
#define PARITY_BLOCK_MIN 4096u
#define PARITY_BLOCK_MAX 131072u
#define PARITY_AMOUNT 8u /* 1/8 */
#define PARITY_AMOUNT_MIN 2u
#define PARITY_AMOUNT_MAX 64u

struct parity_shape {
    uint64_t size;                   /* of the file, in bytes */
    uint32_t rows, checks;           /* rows of data and check rows */
    uint32_t block;                  /* bytes: a power of two */
    uint8_t identity[PARITY_DIGEST]; /* what the file is: the digest of an archive's statement */
    uint64_t columns;                /* these follow from the rest: blocks of a row */
    uint32_t shares, share;          /* records that hold the digests of a column plainly; bytes of a share */
    uint32_t record;                 /* bytes of a record */
};

/* The shape for a file of `size` bytes (1 to FILE_LIMIT) and an amount of 1/amount. */
void parity_shape(struct parity_shape *shape, uint64_t size, uint32_t amount, const uint8_t identity[PARITY_DIGEST]);
/* The length of its parity file in bytes. */
uint64_t parity_size(const struct parity_shape *shape);

struct parity_writing {
    const struct worn *source;
    const struct parity_shape *shape;
    const char *path; /* formats/output.h */
    bool replace;
    progress_function *progress; /* or null */
    void *progress_context;
};

/* Writes the parity file of a source. Fails (STATUS_HOST) where the source cannot be read. */
bool parity_write(const struct parity_writing *request, struct error *error);

struct parity_mending {
    const struct worn *sources; /* the file that is damaged, then others that may have its blocks at their places */
    size_t count;
    const struct worn *parity;
    int output;                  /* descriptor of a file that gets what is mended; below 0: only look */
    progress_function *progress; /* or null */
    void *progress_context;
};

/* Blocks of the first source, unless it says otherwise. */
struct parity_result {
    struct parity_shape shape;
    uint64_t lost;                  /* that are not what they were */
    uint64_t replaced, computed;    /* of these: found in another source; computed, or could be */
    uint64_t kept;                  /* that are neither: they stay as they are */
    uint64_t unknown;               /* columns of which nothing is known, as their digests are lost */
    uint64_t records, lost_records; /* of the parity file */
    bool head_lost;                 /* its text is not what it was, or it has another length */
};

/* Mends, or only looks. Whatever is put out has the digest that the parity file has for it, or is as it was. False with
 * *error when it is no parity file (STATUS_INPUT), the host fails, or it was cancelled (STATUS_HOST). */
bool parity_mend(const struct parity_mending *request, struct parity_result *result, struct error *error);

#endif
