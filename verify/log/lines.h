/* lines.h - the form of a log's lines (spec/log.md): a JSON object with members in a fixed order. */
#ifndef MUNIMENT_VERIFY_LOG_LINES_H
#define MUNIMENT_VERIFY_LOG_LINES_H

#include "verify/log/log.h"

/* Reads one line, without its line feed, into *line, whose number, text and length are set. A line that the
 * specification forbids is LOG_MALFORMED. */
void line_parse(struct log_line *line);

/* Whether a text is a pseudonym or word: 1 to LOG_NAME_LIMIT of a-z 0-9 . - */
bool log_name_is_good(const char *name);
/* Whether a text is an origin: 1 to LOG_ORIGIN_LIMIT printable characters of ASCII, without blank, plus, quote and
 * backslash. */
bool log_origin_is_good(const char *origin, size_t length);

/* The words of the exit statuses, as outcomes. */
extern const char *const log_outcomes[7];

#endif
