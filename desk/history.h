/* history.h - the fixity history: what the office's log says of the checks of archives. */
#ifndef MUNIMENT_DESK_HISTORY_H
#define MUNIMENT_DESK_HISTORY_H

#include <limits.h>

#include "archive/archive.h"
#include "desk/options.h"
#include "verify/log/log.h"

/* An act that has ended, a verification for example. What the log does not say is empty. */
struct check_record {
    uint64_t line;                         /* of the log, of its intent */
    char act[LOG_NAME_LIMIT + 1];          /* "verify" */
    char time[21], by[LOG_NAME_LIMIT + 1]; /* of its end; who did it */
    char object[512];                      /* the file that was named */
    char outcome[16], verdict[24], method[16], findings[24];
    hex_digest machine_root;
};

/* Hands over each verification that the log records, in its order. False with *error: it cannot be read. */
bool history_read(const char *log, void (*each)(void *context, const struct check_record *record), void *context,
                  struct error *error);

/* The same for all acts. */
bool history_acts(const char *log, void (*each)(void *context, const struct check_record *record), void *context,
                  struct error *error);

/* The name of the file, without its folder, by which an act belongs to an archive: logs have relative paths. */
const char *history_file(const struct check_record *record);

/* A library, by which its checks are told from those of replicas elsewhere, whose files have the same names. */
struct history_folder {
    char given[PATH_MAX], real[PATH_MAX]; /* as it was named, and its path without links */
    char last[512]; /* the folder of the act that was looked at last, and whether it is this one */
    bool last_is;
};
void history_folder_find(struct history_folder *folder, const char *path);
/* Whether an act may have been on a file of this folder: the log names a file as the command line did. One without a
 * folder, or by . or .., may be of any; one by a relative path, of each folder whose name is the same. */
bool history_in(const struct check_record *record, struct history_folder *folder);

/* Whether a check came to a verdict about all of an archive. */
bool history_decides(const struct check_record *record);

/* Says on standard error that the last such check of an archive, by the log (--log), left it in doubt: whoever uses it
 * may go on. Silent without a log. */
void history_warn(const struct arguments *arguments, const struct archive *archive);

/* What is to be done after a check with this outcome and verdict, in words. */
const char *history_next_step(const struct check_record *record);

#endif
