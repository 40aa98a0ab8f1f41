/* ghostscript.h - PDF of PostScript by Ghostscript, and of PCL by GhostPCL, where they are installed.
 *
 * A process that waits since before the machine ran starts Ghostscript for each job, since the machine's own can start
 * nothing. What it starts reads programs and fonts of this host, writes into the folder of the prints, and has no more
 * than a minute of processor time and 2 GiB of memory (jail.h). */
#ifndef MUNIMENT_DESK_GHOSTSCRIPT_H
#define MUNIMENT_DESK_GHOSTSCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/error.h"

struct ghostscript;

/* Starts the process. The folder is there. Null with *error. */
struct ghostscript *ghostscript_begin(const char *folder, struct error *error);
void ghostscript_end(struct ghostscript *ghostscript);

/* A job, and where in NAME.prn it lies. */
struct ghostscript_job {
    unsigned number;
    uint32_t from, length;
    bool pcl;
};

/* Makes NAME.pdf of NAME.prn in the folder. False with *error; status STATUS_OK: the program is not installed. */
bool ghostscript_make(struct ghostscript *ghostscript, const struct ghostscript_job *job, struct error *error);

#endif
