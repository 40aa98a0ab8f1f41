/* print.h - what the guest prints, job by job: the bytes as they came, and beside them a PDF (spec/print.md). */
#ifndef MUNIMENT_DESK_PRINT_H
#define MUNIMENT_DESK_PRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/error.h"

#define PRINT_PAUSE 5 /* seconds of guest time without a byte end a job */

struct printing;

/* Prints into a folder, which is made if it is not there. printer: escp9, escp24 or raw; null: escp9. Null with
 * *error. */
struct printing *print_open(const char *folder, const char *printer, bool replace, struct error *error);
/* Takes a byte that the machine sent at this tick. A failure shows at the end. */
void print_byte(struct printing *printing, uint8_t byte, uint64_t tick);
/* To be called whenever the machine is looked at: ends the job if it is over. */
void print_look(struct printing *printing, uint64_t tick, uint64_t ticks_per_second);
/* How many jobs have ended; whether one is under way. */
unsigned print_jobs(const struct printing *printing, bool *open);
/* Ends the last job. False: one could not be written. */
bool print_end(struct printing *printing, struct error *error);
void print_close(struct printing *printing);

#endif
