/* steward.h - the process behind the desk's gate: it has the library, the office's key and its log, begins a process
 * for each session and each job, and decides again who may have what.
 *
 * The gate's questions come as messages, "NUMBER ROLE PERSON VERB WHAT", a line end, and lines; the answers go back as
 * "NUMBER STATUS LENGTH TYPE", with a descriptor of the body, or of a screen's stream, beside them (SCM_RIGHTS). A gate
 * that says nothing is sent STEWARD_ALIVE, and sends it back. STEWARD_LINK has it print a link.
 * Sessions stand in the state's folder, one folder each: their journal, what the machine wrote, and what they are. So
 * they are found again by a desk that was ended in any way. */
#ifndef MUNIMENT_DESK_STEWARD_H
#define MUNIMENT_DESK_STEWARD_H

#include "desk/options.h"

#define STEWARD_ALIVE "alive"
#define STEWARD_LINK "link"

struct steward;

/* arguments: of the command serve, with --trust, --key, --log and --idle; library: its folder; state: an absolute path,
 * whose folder is made. All must outlive it. Null: *error says why. */
struct steward *steward_open(const struct arguments *arguments, const char *library, const char *state,
                             struct error *error);
/* Has the gate print a link, as it does again at each SIGUSR1, and answers it until its end of the socket is closed, it
 * no longer answers, or another signal comes. True: the gate is gone or to be ended, and another may be begun. */
bool steward_run(struct steward *s, int gate);
/* Has all sessions suspend themselves, and ends. */
void steward_close(struct steward *s);

#endif
