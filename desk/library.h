/* library.h - a folder of archives, and what an index of them says. */
#ifndef MUNIMENT_DESK_LIBRARY_H
#define MUNIMENT_DESK_LIBRARY_H

#include "desk/options.h"
#include "formats/error.h"

/* What is known of an archive of a library. What is not known is empty. */
struct library_entry {
    const char *name, *machine_root;
    const char *disks;                                    /* "hd0 ROOT" for each disk, separated by line feeds */
    const char *title, *identifiers, *rights, *custodian; /* identifiers: one on a line */
    const char *wrong; /* why it cannot be opened, or that its signature does not fit */
};

/* Hands over each archive of a folder, in the order of their names, from the index where the program has SQLite. rights
 * are those that were decided, by --trust, --evidence and --library of `arguments`; null: those at sealing. False with
 * *error: the folder cannot be read. */
bool library_each(const struct arguments *arguments, const char *folder,
                  void (*each)(void *context, const struct library_entry *entry), void *context, struct error *error);

/* A time so many days ago, as the log writes times. False with *error: days is no such number. command is for it. */
bool library_days_ago(const char *command, const char *days, char time[24], struct error *error);

/* An archive that is not in a library, though the log has a check of it there: it was neither moved, as later checks
 * show, nor disposed of. */
struct library_missing {
    const char *name, *machine_root, *checked, *method, *verdict; /* of the last check */
};
#define LIBRARY_MISSING "is missing: it was checked here before"
#define LIBRARY_MISSING_STEP "find out where it went; put a replica in its place, or dispose of it"

/* Hands over each of them, in the order of their names; none where the program has no SQLite. False with *error: the
 * folder or the log cannot be read. */
bool library_miss(const char *folder, const char *log,
                  void (*each)(void *context, const struct library_missing *missing), void *context,
                  struct error *error);
/* The same of one archive that cannot be opened: if it is missing, *error says so. */
void library_miss_one(const char *path, const char *log, struct error *error);

/* The paths of a folder's archives, in the order of their names; of a bag without any, that of its receipt. With a log,
 * what is missing comes last. With a time, too, those archives only that the log does not record as found intact and
 * signed by a trusted key since; that needs SQLite. A folder in which there never was one is refused: its medium may be
 * missing. */
struct library_paths {
    char **paths; /* owned */
    size_t count, missing;
};
bool library_paths(const char *folder, const char *log, const char *since, struct library_paths *paths,
                   struct error *error);
void library_paths_free(struct library_paths *paths);

#endif
