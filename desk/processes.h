/* processes.h - many things of one kind, several at a time, each in a process of its own. */
#ifndef MUNIMENT_DESK_PROCESSES_H
#define MUNIMENT_DESK_PROCESSES_H

#include <stddef.h>

#include "formats/error.h"

/* The graver of two statuses: what is wrong, else the greater number. */
enum status status_graver(enum status a, enum status b);

/* Calls each(context, i) for i from 0 to count - 1, `jobs` at a time in child processes, or in this one if it is one.
 * What they print appears in the order of i, each as a whole. An interrupt is handed on to them, and begins no more; it
 * is reported if some were not begun. Returns the gravest status. */
enum status processes_run(size_t count, unsigned jobs, enum status (*each)(void *context, size_t i), void *context);

#endif
