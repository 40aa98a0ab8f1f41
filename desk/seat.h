/* seat.h - the process of a session at the desk: one machine from an archive, locked in, with viewers that are handed
 * to it. It has no thread but one, no file but its own, and nothing to ask.
 *
 * Everything that enters the machine is in the session's journal. So a session that was suspended, or killed, is there
 * again when its journal has been repeated, as far as the journal goes. */
#ifndef MUNIMENT_DESK_SEAT_H
#define MUNIMENT_DESK_SEAT_H

#include "desk/options.h"

/* What it reports at its control socket, a message each, ending without NUL: SEAT_READY when the machine runs,
 * SEAT_REPEATING and a percentage before, SEAT_FAILED and the reason; and how it ended. */
#define SEAT_READY "ready"
#define SEAT_REPEATING "repeating "
#define SEAT_FAILED "failed "
#define SEAT_OFF "off"
#define SEAT_SUSPENDED "suspended"

/* What it is asked for there, besides viewers (vnc_control); at the socket's end it suspends itself. */
#define SEAT_SUSPEND 's'
#define SEAT_DISCARD 'q'

struct seat_request {
    const struct arguments *arguments; /* --trust; the first operand is the archive */
    const char *journal;               /* continued if it is there */
    const char *overlay;               /* as boot --overlay; must not be there */
    int control;
    unsigned idle_seconds; /* that nobody watches, after which it suspends itself; 0: never */
};

/* Runs it to its end; returns the process's exit status. */
enum status seat_run(const struct seat_request *request);

#endif
