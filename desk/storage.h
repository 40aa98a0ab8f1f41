/* storage.h - the process of the desk that opens the library's archives for its sessions. It is locked in: it reads the
 * library, the office's log and what judges archives (--trust and its like), writes nothing, and has no socket but
 * those of the steward and of the sessions.
 *
 * The steward says which archive a session is to have. The storage process opens it, judges its signature, asks for its
 * rights, and gives the session the open file and the pages of its disks (pages.h); it verifies a page when the first
 * session asks for it. Rights change while sessions run: it asks again every few seconds, and reports what is closed.
 */
#ifndef MUNIMENT_DESK_STORAGE_H
#define MUNIMENT_DESK_STORAGE_H

#include "desk/options.h"

#define STORAGE_ID 16u /* bytes of the name of a session */
#define STORAGE_REASON 256u

struct storage {
    const struct arguments *arguments; /* of serve: those of work_judging, --log */
    const char *library;               /* its folder */
    int process, control;              /* 0, -1: there is none */
};

/* Begins the process. arguments and library must outlive it. False with *error. */
bool storage_begin(struct storage *storage, const struct arguments *arguments, const char *library,
                   struct error *error);
/* It has ended, or is to end. */
void storage_end(struct storage *storage);

/* Has it give an archive of the library to whoever has the socket that is returned (pages_receive), as long as that is
 * open. id: of STORAGE_ID bytes; override: the reason for which what is closed may be seen; may be empty. Below 0 with
 * *error. */
int storage_ask(const struct storage *storage, const char *id, const char *archive, const char *override,
                struct error *error);

/* Receives what it reports, when control is readable: the session whose archive may not be seen, or no longer, and why.
 * It reports so at once when it is asked, and every few seconds until the session's socket is closed. False: it has
 * ended. *id is empty if there is nothing. */
bool storage_hear(const struct storage *storage, char id[STORAGE_ID + 1], char reason[STORAGE_REASON]);

#endif
