/* runs.h - the public header of verify/runs/: what a machine did, written down, repeated and compared.
 *
 * media.h opens what a machine is made of. record.h is where inputs enter it and are written to a journal (journal.h);
 * replay.h repeats a run from one, and lockstep.h finds the first tick at which two runs differ. attest.h is the
 * reference boot in an archive; set_journal.h the journal of machines on one cable. snapshot.h writes, reads and
 * compares the state of a machine; checkpoint.h takes snapshots while it runs, and twins.h where no file can be opened.
 */
#ifndef MUNIMENT_VERIFY_RUNS_H
#define MUNIMENT_VERIFY_RUNS_H

#include "verify/runs/attest.h"
#include "verify/runs/checkpoint.h"
#include "verify/runs/journal.h"
#include "verify/runs/lockstep.h"
#include "verify/runs/media.h"
#include "verify/runs/record.h"
#include "verify/runs/replay.h"
#include "verify/runs/set_journal.h"
#include "verify/runs/snapshot.h"
#include "verify/runs/twins.h"

#endif
