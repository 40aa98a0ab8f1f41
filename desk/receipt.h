/* receipt.h - receipts: which files an office took out of an archive, signed by it (spec/receipt.md). */
#ifndef MUNIMENT_DESK_RECEIPT_H
#define MUNIMENT_DESK_RECEIPT_H

#include "desk/volume.h"

/* Adds a name as a receipt has it. */
void receipt_name(struct text *text, const char *name);
/* The head of a receipt for what comes from a volume of an archive. session: as a session left it. date: YYYY-MM-DD. */
void receipt_begin(struct text *receipt, const struct arguments *arguments, const struct desk_volume *volume,
                   bool session, const char *date);
void receipt_file(struct text *receipt, const char *name, const char *path, uint64_t size,
                  const uint8_t digest[DIGEST_SIZE]);
/* The same of a file that is not whole: what is in the bag, and what is missing, as files.csv has it. */
void receipt_damaged(struct text *receipt, const char *name, const char *path, uint64_t size,
                     const uint8_t digest[DIGEST_SIZE], const char *missing);
/* Commits to a file without naming it, and adds to `kept` what shows later that it was this one. */
bool receipt_withheld(struct text *receipt, struct text *kept, const char *path, uint64_t size,
                      const uint8_t digest[DIGEST_SIZE], struct error *error);

#define RECEIPT_FIRST "muniment-receipt: 0\n"

/* Whether a path names a receipt; the file is not opened, for a verdict is about one that is opened once. */
bool is_receipt(const char *path);
/* Checks a receipt, with the files beside it and what --trust, --shown and --archive name; prints what it proves. */
enum status receipt_verify(const struct arguments *arguments, const char *path);

#endif
