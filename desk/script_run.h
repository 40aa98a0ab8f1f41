/* script_run.h - carries out a script. */
#ifndef MUNIMENT_DESK_SCRIPT_RUN_H
#define MUNIMENT_DESK_SCRIPT_RUN_H

#include "desk/boot.h"

/* Does what the script of b says, from its first command to its last, or to the one that fails. */
bool script_run(struct boot *b, struct error *error);

#endif
