/* page.h - the fixity history of a library as a page: plain verdicts, and the next step for each archive. */
#ifndef MUNIMENT_DESK_PAGE_H
#define MUNIMENT_DESK_PAGE_H

#include "desk/options.h"
#include "formats/error.h"
#include "formats/text.h"

/* Writes the page (HTML) of a folder of archives, the first operand, with their rights as decided and the checks that
 * the office's log (--log) records. The caller frees *to. */
bool page_print(struct text *to, const struct arguments *arguments, struct error *error);

#endif
