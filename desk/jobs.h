/* jobs.h - what the steward has done for a request: each in a process of its own, which carries a command of muniment
 * out, locked in, and whose output is the answer. */
#ifndef MUNIMENT_DESK_JOBS_H
#define MUNIMENT_DESK_JOBS_H

#include <stdint.h>

#include "desk/options.h"

#define JOBS_MOST 16u      /* at a time */
#define JOB_OPTIONS 48u    /* of a command */
#define JOB_OPERANDS 1024u /* of a command */
#define JOB_SECONDS 1800   /* of processor time */

/* A command line that is made here. Zeros: empty. Texts must outlive it. */
struct job_line {
    struct command command;
    struct option options[JOB_OPTIONS];
    struct given given[JOB_OPTIONS];
    const char *operands[JOB_OPERANDS + 1];
    struct kept kept; /* what the arguments keep, unless they are given another place; its process ends with it */
    struct arguments arguments;
};

void job_command(struct job_line *line, const char *name);
void job_option(struct job_line *line, const char *name, const char *value);
/* False: there are too many. */
bool job_operand(struct job_line *line, const char *operand);

struct job {
    unsigned question; /* the gate's; 0: free */
    int process, life; /* life ends when the process does */
    int out, err;      /* files without a name */
    const char *type;  /* of the output */
    char person[17];   /* who asked; the caller's, as are the next three */
    const char *verb;
    uint64_t begun;    /* milliseconds of a clock */
    uint32_t about;    /* what the job is about, so that another of the kind may be compared */
    char remove[4096]; /* a file or folder that goes with it; empty: none */
    char keep[4096];   /* where what it made stays; the caller's */
};

/* Begins work(context) in a child whose standard output and error are job->out and job->err, and which has no other
 * descriptor but those of keep. job->question and type are the caller's. False with *error: nothing is left open. */
bool job_begin(struct job *job, const int *keep, size_t keep_count, enum status (*work)(void *context), void *context,
               struct error *error);
/* Waits for its end, which job->life has announced. Closes life. */
enum status job_end(struct job *job);

#define FALLS_MOST 20u
#define FALLS_MS 3600000u

/* Falls of a process that is begun again each time. Zeros: none yet. */
struct falls {
    uint64_t at[FALLS_MOST]; /* the last ones, in milliseconds of a clock */
    uint64_t count;
};

/* One more. False: there were more than FALLS_MOST within FALLS_MS, and it is to be given up. */
bool falls_again(struct falls *falls, uint64_t now);

/* Copies a file into an open one. */
bool job_copy(const char *from, int to);
/* Removes a file, or a folder with what is in it. */
void job_remove(const char *path);

#endif
