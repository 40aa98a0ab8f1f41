/* engine.h - how a machine on the desk executes its instructions: the options --engine, --statistics,
 * --trace-translation and --perf-map (boot.h). */
#ifndef MUNIMENT_DESK_ENGINE_H
#define MUNIMENT_DESK_ENGINE_H

#include "desk/boot.h"

/* Reads --engine. */
bool engine_read_option(struct boot *b, struct error *error);
/* Gives a machine that is to be built memory for code, unless it is to be interpreted. */
void engine_host(struct boot *b, struct machine_host *host);
/* Lets the machine that was built run as asked for, and opens what is to be written of it. */
bool engine_begin(struct boot *b, struct error *error);
/* What --statistics prints. */
void engine_print_statistics(const struct boot *b);
void engine_release(struct boot *b);

#endif
