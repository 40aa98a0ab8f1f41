/* error.h - the one type in which errors travel.
 *
 * The function that finds a fault fills in a struct error once; the caller that can act on it prints it once, as
 * "muniment: OBJECT: what is wrong (where): what to do". Everything between passes it up unchanged. */
#ifndef MUNIMENT_ERROR_H
#define MUNIMENT_ERROR_H

#include <stdbool.h>
#include <stdio.h>

/* clang-format off */
/* Exit statuses of the command, and the nature of an error. */
enum status {
    STATUS_OK    = 0,
    STATUS_WRONG = 1, /* the check found something wrong: damage, unknown or bad signature, a reboot that differs */
    STATUS_USAGE = 2,
    STATUS_INPUT = 3, /* what was read is not what it should be */
    STATUS_HOST  = 4, /* the host failed: disk full, no permission */
    STATUS_UNDECIDED = 5, /* it was not all looked at, or something that is needed for it is missing */
    STATUS_CLOSED = 6 /* rights forbid it today */
};
/* clang-format on */

struct error {
    enum status status;
    char object[512]; /* the file or thing concerned */
    char what[512];   /* what is wrong */
    char place[256];  /* where in the object: "line 3, column 7", "chunk 12 of hd0"; may be empty */
    char remedy[256]; /* what the reader can do; may be empty */
};

/* Fills in *e (which may be null) and returns false, so that a function can `return error_set(...)`. place and remedy
 * may be null. Every part is escaped (plain.h), since it may come from a hostile file. */
bool error_set(struct error *e, enum status status, const char *object, const char *place, const char *remedy,
               const char *what, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 6, 7)))
#endif
    ;

/* As error_set with STATUS_HOST and the text of the given errno after what was attempted ("cannot write"). */
bool error_host(struct error *e, const char *object, int error_number, const char *attempted);

/* Makes an error of what came from a process that hostile input may have taken over: each text ends and is escaped
 * again, and a status that is none of a failure becomes `otherwise`. */
void error_tame(struct error *e, enum status otherwise);

/* Prints one line "muniment: OBJECT: what (place): remedy". */
void error_print(FILE *to, const struct error *e);

#endif
