/* confine.h - the jail of a machine that runs: what it may still reach of the host follows from its command line. */
#ifndef MUNIMENT_DESK_CONFINE_H
#define MUNIMENT_DESK_CONFINE_H

#include "desk/options.h"
#include "desk/script.h"
#include "verify/runs/runs.h"

/* Locks the process in, when everything is open: as JAIL_SESSION where neither options nor script name a file that is
 * made, opened or removed later, as JAIL_RUN with the folders of these otherwise. A run with --retrieve stays outside:
 * it reads disks, and signs, at its end. Images that media has opened later are read by this process, which is locked
 * in. False: the machine must not run. */
bool confine_run(const struct arguments *arguments, const struct script *script, struct media *media,
                 struct error *error);

#endif
