/* journal_line.h - what the reader (journal.c) and the writer (journal_write.c) of journals share. */
#ifndef MUNIMENT_VERIFY_JOURNAL_LINE_H
#define MUNIMENT_VERIFY_JOURNAL_LINE_H

#include "archive/archive.h"
#include "verify/runs/journal.h"

#define JOURNAL_TICK_LIMIT (UINT64_C(1) << 62)

extern const char *const journal_drive_kinds[];

/* The tag of a line: the first 8 digits of SHA-256(previous tag | text of the line). The first line has no tag before
 * it: "". */
void journal_tag(const char *previous, const char *text, size_t length, char tag[9]);

#endif
