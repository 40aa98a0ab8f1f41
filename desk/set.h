/* set.h - sets of machines on one cable at the desk: boot, replay, verify and seal them (spec/set.md). */
#ifndef MUNIMENT_DESK_SET_H
#define MUNIMENT_DESK_SET_H

#include "desk/act.h"

/* Whether a file is a set file or the manifest of a set. */
bool set_recognise(const char *path);

/* As the runs of the subcommands boot and replay, on a set. */
enum status set_boot_run(const struct arguments *arguments);
enum status set_replay_run(const struct arguments *arguments);
/* Checks a set file and its archives; with --reboot repeats its reference run. */
enum status set_verify_run(const struct arguments *arguments);
/* Says what is in a set file, or the manifest of a set. */
enum status set_info_run(const struct arguments *arguments);
/* The subcommand "set seal". */
enum status set_seal_run(const struct arguments *arguments);

#endif
