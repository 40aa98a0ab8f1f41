/* seat.h - the process of a session at the desk: one machine from an archive, locked in, with viewers that are handed
 * to it. It has no thread but one, no file but its own, and nothing to ask.
 *
 * Everything that enters the machine is in the session's journal. So a session that was suspended, or killed, is there
 * again when its journal has been repeated from its last checkpoint, or from power-on, as far as the journal goes. */
#ifndef MUNIMENT_DESK_SEAT_H
#define MUNIMENT_DESK_SEAT_H

#include <limits.h>

#include "desk/options.h"
#include "manifests/manifests.h"

/* What is in a session's folder: the files that its process has open. A checkpoint is a snapshot; the third one may be
 * shared with others, and is only read. */
#define SEAT_JOURNAL "journal"
#define SEAT_OVERLAY "overlay"
#define SEAT_PAPER "paper" /* what it printed (paper.h) */
#define SEAT_MEDIA "media" /* the paths of the images that were put in, a line each */
#define SEAT_MEDIA_MOST 16u
#define SEAT_CHECKPOINTS 3
extern const char *const seat_checkpoints[SEAT_CHECKPOINTS];

/* What it reports at its control socket, a message each, ending without NUL: SEAT_READY when the machine runs,
 * SEAT_REPEATING and a percentage before, SEAT_FAILED and the reason; and how it ended. */
#define SEAT_READY "ready"
#define SEAT_REPEATING "repeating "
#define SEAT_FAILED "failed "
#define SEAT_LEFT "left " /* and the seconds after which it will suspend itself; 0: it will not, after all */
#define SEAT_OFF "off"
#define SEAT_SUSPENDED "suspended"
#define SEAT_IDLE SEAT_SUSPENDED " idle"       /* by itself: nobody has done anything for too long, */
#define SEAT_LONGEST SEAT_SUSPENDED " longest" /* or it has run for too long */

/* What it is asked for there, besides viewers (vnc_control); at the socket's end it suspends itself. */
#define SEAT_SUSPEND 's' /* besides LIVE_STAY and LIVE_HEAR */
#define SEAT_DISCARD 'q'

struct seat_request {
    const char *archive; /* its name, for messages */
    int storage;         /* the socket at which it receives its archive (pages.h) */
    const char *folder;  /* its own; the journal is continued if it is there, overlays must not be */
    int control;
    unsigned idle_seconds, most_seconds; /* that nobody does anything, or that it runs, after which it suspends itself;
                                            0: never */
    bool interprets;                     /* the machine's code is not translated */
    enum drive_kind insert; /* DRIVE_FLOPPY or DRIVE_CDROM: when it runs, the image of the last line of SEAT_MEDIA is
                               put in, or, with eject, what is in the drive is taken out */
    bool eject;
};

/* Whether --engine of serve says so. */
bool seat_interprets(const struct arguments *arguments);

/* Reads SEAT_MEDIA of a session's folder; returns how many there are. */
unsigned seat_media(const char *folder, char media[SEAT_MEDIA_MOST][PATH_MAX]);

/* Runs it to its end; returns the process's exit status. */
enum status seat_run(const struct seat_request *request);

/* Runs a machine for so long by itself, writes its picture (PNG) to standard output, and suspends it: what sessions
 * begin with. control, idle_seconds and most_seconds of the request are not looked at. */
enum status seat_prepare(const struct seat_request *request, unsigned seconds);

#endif
