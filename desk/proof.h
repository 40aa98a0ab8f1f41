/* proof.h - leads files from pieces of the sealed disk to the machine-root, for those who have no archive
 * (spec/receipt.md, "Proofs"). */
#ifndef MUNIMENT_DESK_PROOF_H
#define MUNIMENT_DESK_PROOF_H

#include "desk/volume.h"

struct proof;

/* Begins a proof about the disk of a volume, which must be an archive's, as it was sealed, and open to all. Null with
 * *error. */
struct proof *proof_begin(const struct desk_volume *volume, const char *object, struct error *error);
void proof_free(struct proof *proof);

/* Adds a file of the bag; one that does not lie on the disk as it is, is noted as not proved. False: out of memory. */
bool proof_file(struct proof *proof, const struct desk_volume *volume, const char *name,
                const struct file_entry *entry);
/* Notes a file of the bag as not proved. */
bool proof_leave(struct proof *proof, const char *name);
/* Keeps what holds bytes of this file from being disclosed. False with *error: where they lie is not known. */
bool proof_withhold(struct proof *proof, const struct desk_volume *volume, const char *path,
                    const struct file_entry *entry, struct error *error);

/* Hands over proof.txt, content.txt and the chunks, each by its name in the bag. Refused with STATUS_CLOSED if a chunk
 * holds bytes of what is withheld. *disclosed: bytes. */
bool proof_end(struct proof *proof, const struct desk_volume *volume,
               bool (*add)(void *context, const char *name, const struct text *text, struct error *error),
               void *context, uint64_t *disclosed, struct error *error);

/* Checks the proof of a bag, if it has one, without the archive. */
struct proof_check {
    const char *folder;       /* of the bag, with a slash at its end, or empty */
    const char *machine_root; /* of its receipt, as what follows */
    const char *content;
    const char *const *names; /* of its files, in order of strcmp */
    size_t count;
    void (*wrong)(void *context, const char *object, const char *what);
    void *context;
    bool present;           /* there is one */
    uint64_t files, chunks; /* that it leads to the machine-root */
};
bool proof_check(struct proof_check *check, struct error *error);

#endif
