/* steward_parts.h - the steward, for its files: what it keeps, and what each of them does for the others.
 *
 * steward.c listens, and takes questions; steward_jobs.c has them answered by jobs, steward_seats.c by sessions, and
 * steward_media.c by what is put into those and who comes in. All answer by steward_answers.c. */
#ifndef MUNIMENT_DESK_STEWARD_PARTS_H
#define MUNIMENT_DESK_STEWARD_PARTS_H

#include <limits.h>
#include <stdio.h>

#include "desk/act.h"
#include "desk/jobs.h"
#include "desk/seat.h"
#include "desk/steward.h"
#include "desk/storage.h"
#include "desk/uploads.h"

#define SEATS 64u        /* sessions, suspended ones included */
#define REASON_MOST 255u /* bytes of a reason for which an archivist sees what is closed */
#define PACES 64u        /* jobs of which is remembered how long they took */
#define DOORS 16u        /* streams that wait for storage */
#define NOBODY UINT_MAX  /* the number of a question that a gate asked which is no more */
#define JSON "application/json"
#define LINES "application/x-ndjson"

/* By what a session was suspended, if not for a reason: the desk's end, if nobody says otherwise. */
enum seat_cause { CAUSE_DESK, CAUSE_HAND, CAUSE_IDLE, CAUSE_LONGEST, CAUSES };
enum seat_state { SEAT_STARTS, SEAT_REPEATS, SEAT_RUNS, SEAT_RESTS, SEAT_IS_OFF, SEAT_BROKE };

struct seat {
    char id[17]; /* empty: none */
    char archive[NAME_MAX + 1], owner[17];
    enum seat_state state;
    unsigned percent;
    enum seat_cause cause;          /* of SEAT_RESTS */
    char reason[512];               /* empty: none */
    char override[REASON_MOST + 1]; /* the reason for which it was opened; empty: it is open */
    uint64_t opened;                /* seconds since 1970 */
    uint64_t leaves;                /* milliseconds of a clock: when it will suspend itself; 0: not soon */
    enum drive_kind insert; /* what its next process is to put in, as struct seat_request has it; DRIVE_ABSENT: nothing
                             */
    bool eject, inserting;  /* inserting: its process does */
    bool noted;             /* what it inserts was added to its media */
    char again_by[17];      /* not empty: when its process has ended, another begins for that person */
    int process, control;   /* 0, -1: it has none */
    int watch;              /* as long as it is open, the storage process watches its archive's rights; or -1 */
    bool closing;           /* it was asked to suspend itself, as its archive is closed */
    unsigned question;      /* that waits until it runs; 0: none */
    bool discarded;
    struct act act;
    struct job_line line; /* for the log */
};

struct question {
    unsigned number;
    bool archivist;
    const char *person, *verb, *what, *reason; /* reason: for which he sees what is closed; null: none */
    char *lines;
};

/* How long a job took. */
struct pace {
    const char *verb;
    uint32_t about;
    uint64_t took; /* milliseconds */
};

/* A stream of a session that somebody asked for, while storage says whether the archive may be seen now. */
struct door {
    int socket;        /* of storage_ask; below 0: none */
    unsigned question; /* that waits */
    char session[17], byte;
};

struct steward {
    const struct arguments *arguments;
    const char *library, *state;
    int lock, gate;
    int wanted;        /* SIGUSR1: another link */
    unsigned silences; /* of the gate, in a row */
    struct storage storage;
    uint64_t storage_begun; /* milliseconds of a clock */
    struct seat seats[SEATS];
    struct door doors[DOORS];
    struct job jobs[JOBS_MOST];
    struct uploads uploads;
    char uploads_folder[PATH_MAX];
    struct pace paces[PACES];
    unsigned paced; /* of them, the next to be forgotten */
    unsigned made;  /* numbers of temporary folders */
};

/* What the steward does at a verb. on: null: a job about a session (steward_seat_job), of the next two. */
struct steward_verb {
    const char *verb;
    void (*on)(struct steward *s, struct question *q);
    const char *type;
    enum status (*work)(void *context);
};

/* Their ends have no verb. */
extern const struct steward_verb steward_job_verbs[], steward_seat_verbs[], steward_media_verbs[];

/* --- steward_answers.c --- */

/* Answers a question of the gate; the descriptor stays the caller's. What an earlier gate asked (NOBODY) is not
 * answered. */
void steward_answer(struct steward *s, unsigned question, unsigned status, const char *type, uint64_t length,
                    int descriptor);
/* Answers with what is written to a file without a name; the FILE is closed. */
void steward_answer_file(struct steward *s, unsigned question, unsigned status, const char *type, FILE *file);
/* A file without a name, for an answer; null: there is none. */
FILE *steward_new_file(void);
/* Answers with {"error": text}. */
void steward_answer_error(struct steward *s, unsigned question, unsigned status, const char *text);
/* The same, with an error's object and reason. */
void steward_answer_failure(struct steward *s, unsigned question, unsigned status, const struct error *error);
/* False: it is too long. */
bool steward_path(const char *folder, const char *name, char path[PATH_MAX]);
/* An archive of the library, by its name there. False: there is none. */
bool steward_archive_path(const struct steward *s, const char *name, char path[PATH_MAX]);
/* Makes an error one for people at the desk: neither the program nor the places of its folders are theirs. */
void steward_soften(const struct steward *s, char *text);
/* Takes the reason for which an archivist sees what is closed from before the lines: a line "override REASON". False:
 * he may not, which was answered. */
bool steward_take_reason(struct steward *s, struct question *q);
/* Of a session. */
void steward_new_id(char id[17]);
/* An act of the steward's own. False: it was answered that it cannot be recorded. */
bool steward_begin_act(struct steward *s, const struct question *q, const char *word, const char *object,
                       struct job_line *line, struct act *act);

/* --- steward_jobs.c --- */

/* A job has ended: its question is answered. */
void steward_end_job(struct steward *s, struct job *job);
/* Begins a job about a session: work, whose output is of that type. */
void steward_seat_job(struct steward *s, struct question *q, const char *type, enum status (*work)(void *context));

/* --- steward_seats.c --- */

/* A path within the folder of a session. */
void steward_seat_path(const struct steward *s, const struct seat *seat, const char *name, char path[PATH_MAX]);
/* storage_ask, of a storage process that is begun where there is none. */
int steward_ask_storage(struct steward *s, const char *id, const char *archive, const char *override,
                        struct error *error);
/* Begins the process of a session, for a person. */
bool steward_begin_seat(struct steward *s, struct seat *seat, const char *person, struct error *error);
/* The last of the list is what is put in next: the image goes there. False: there are too many. */
bool steward_note_medium(const struct steward *s, struct seat *seat, const char *image);
/* Takes a message of a session, or its end. */
void steward_hear_seat(struct steward *s, struct seat *seat);
/* False: it is at its end, which is heard, or so much waits for it that it takes no more. */
bool steward_tell_seat(const struct seat *seat, char byte);
/* Takes a message of the storage process, or its end. */
void steward_hear_storage(struct steward *s);
/* What storage says at a door: the stream is handed over, or refused. */
void steward_hear_door(struct steward *s, struct door *door);
/* A session that the person may have, as it is now: his own, or any for an archivist. */
struct seat *steward_find_seat(struct steward *s, const struct question *q);
/* Whether a session was given an image. */
bool steward_has_image(void *context, const char *image);
/* Takes the sessions of earlier desks up. */
void steward_find_sessions(struct steward *s);

#endif
