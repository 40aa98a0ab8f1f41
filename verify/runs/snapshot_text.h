/* snapshot_text.h - what snapshot.c, which reads, and snapshot_write.c share. */
#ifndef MUNIMENT_VERIFY_SNAPSHOT_TEXT_H
#define MUNIMENT_VERIFY_SNAPSHOT_TEXT_H

#include "verify/runs/snapshot.h"

#define SNAPSHOT_FIRST_LINE "muniment-snapshot: 0\n"
#define SNAPSHOT_LAST_LINE "end\n"

/* The locator: a gzip member with nothing in it, whose comment says where the text begins. */
#define LOCATOR_SIZE 65u
#define LOCATOR_NUMBER 39u /* fifteen decimal digits */
void make_locator(uint64_t text_at, char locator[LOCATOR_SIZE]);

bool page_table_init(struct page_table *t); /* false: no memory, as below */
void page_table_free(struct page_table *t);
struct page_run *page_table_add(struct page_table *t);
/* The index of a file's name. False: there are too many. */
bool page_table_name(struct page_table *t, const char *name, uint16_t *index);

#endif
