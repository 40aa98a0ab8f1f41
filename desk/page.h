/* page.h - the fixity history of a library as a page: plain verdicts, and the next step for each archive. */
#ifndef MUNIMENT_DESK_PAGE_H
#define MUNIMENT_DESK_PAGE_H

#include "formats/error.h"
#include "formats/text.h"

/* Writes the page (HTML) of a folder of archives, with the checks that the office's log records. The caller frees *to.
 */
bool page_print(struct text *to, const char *folder, const char *log, struct error *error);

#endif
