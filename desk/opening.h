/* opening.h - a machine that has been on for a while, suspended, with its picture: sessions begin there. It is three
 * files of one name in the state's folder: journal, snapshot, picture. */
#ifndef MUNIMENT_DESK_OPENING_H
#define MUNIMENT_DESK_OPENING_H

#include <limits.h>
#include <stdbool.h>

enum opening_file { OPENING_JOURNAL, OPENING_SNAPSHOT, OPENING_PICTURE, OPENING_FILES };

/* The name of an archive's, a path without the ending of the files: another file has another, and so has
 * another program, which may not come to the same state. False: there is no such
 * file. */
bool opening_name(const char *state, const char *archive, char name[PATH_MAX]);
void opening_path(const char *name, enum opening_file file, char path[PATH_MAX]);
/* Where seat_prepare and who calls it leave them in a folder. */
void opening_made(const char *folder, enum opening_file file, char path[PATH_MAX]);
/* Keeps what was made. The picture comes last: who finds it finds all. */
bool opening_keep(const char *folder, const char *name);
/* Gives a new session its journal and snapshot, if it is there. */
void opening_use(const char *name, const char *folder);

/* Removes those that were made more than OPENING_DAYS ago: their archives may be gone, and the others are made again.
 * Sessions that began there keep theirs. */
#define OPENING_DAYS 90
void opening_forget(const char *state);

#endif
