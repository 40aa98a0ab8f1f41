/* work.h - what the jobs of the desk do, each in a process of its own (jobs.h): a command of muniment about one
 * archive, or about what a session left. The process that opens an archive asks for its rights again. */
#ifndef MUNIMENT_DESK_WORK_H
#define MUNIMENT_DESK_WORK_H

#include <limits.h>

#include "desk/jobs.h"

#define OPENING_SECONDS 40 /* of a machine's time, after which its picture is taken, and sessions begin */

struct work {
    const struct arguments *arguments; /* of serve */
    const char *library, *state;
    const char *person, *reason; /* reason: for which he sees what is closed; null: none */
    char *lines;                 /* of the question; it may be cut */
    const char *session;         /* the folder of a session, which is meant; empty: the sealed disk */
    char path[PATH_MAX];         /* of the archive */
    char folder[PATH_MAX];       /* of its own, or empty */
    int storage;                 /* where the archive comes from that a new picture is taken of (pages.h) */
    bool overlaid;               /* the session wrote something, which is there */
    struct job_line line;
};

/* What is named for archives to be judged by: --trust, --evidence, --tsa-trust, --library. Returns the next path, and
 * the option in place->name; null at the end. *place begins as zeros. */
struct work_place {
    size_t option, position;
    const char *name;
};
const char *work_judging(const struct arguments *arguments, struct work_place *place);
/* Adds all of these. */
void work_trust(const struct arguments *arguments, struct job_line *line);
/* Adds --log, with --by. */
void work_log(const struct arguments *arguments, const char *person, struct job_line *line);

/* For job_begin; context is the struct work. What they write to standard output is the answer. */
enum status work_library(void *context);
enum status work_info(void *context);
/* The volumes of all disks; the files of one, and their retrieval. The lines may begin with "drive=SLOT:N". */
enum status work_volumes(void *context);
enum status work_files(void *context);
enum status work_retrieve(void *context);
enum status work_verify(void *context);
/* The picture that is kept; or, with a folder of its own, a new one there, with its opening (opening.h). */
enum status work_picture(void *context);
/* What a session printed: a list of jobs, a line each; or the job whose number is in the lines. */
enum status work_prints(void *context);
enum status work_print_pdf(void *context);
enum status work_print_raw(void *context);
/* A session's journal as it is. */
enum status work_journal(void *context);
/* A session's journal as pictures: for each a line, {"duration": SECONDS, "length": BYTES}, and that many bytes of
 * PNG. A line before all says what was made. */
enum status work_film(void *context);

#endif
