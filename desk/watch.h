/* watch.h - looks at a recorded run while it is repeated: muniment text and muniment film. */
#ifndef MUNIMENT_DESK_WATCH_H
#define MUNIMENT_DESK_WATCH_H

#include "desk/options.h"
#include "emu/emu.h"

struct watcher {
    /* Before the run; false with *error: it does not begin. */
    bool (*begin)(void *context, struct error *error);
    /* Every 10 ms of guest time, and once more at the end. */
    void (*look)(void *context, struct machine *machine, bool last);
    /* After the run, also one that differed from its journal: good says that it did not. */
    bool (*end)(void *context, bool good, struct error *error);
    void *context;
};

/* film, by a process that locks itself in when everything is open and the machine has not run; it makes a folder of
 * pictures. lock_in may be null. */
enum status film_make(const struct arguments *arguments, bool (*lock_in)(void *context, struct error *error),
                      void *context);

/* Repeats the journal that is the second operand on the archive that is the first, as replay does, while the watcher
 * looks. */
enum status replay_watched(const struct arguments *arguments, const struct watcher *watcher);

#endif
