/* jail.h - a process locks itself in: whatever its input makes of it, it can do no more than its work needs.
 *
 * It gives up new privileges, keeps to a short list of system calls (seccomp), to the folders that it names (Landlock),
 * and to limits of memory and time. None of it needs root, and none of it can be undone. Every descriptor that it needs
 * is open before. A call that is not on the list ends the process by SIGSYS, after a line on standard error that names
 * its number. Built without libseccomp, or on a kernel without seccomp or Landlock, the rest of it holds; jail_strength
 * says so.
 */
#ifndef MUNIMENT_DESK_JAIL_H
#define MUNIMENT_DESK_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

enum jail_kind {
    JAIL_READER,  /* reads descriptors that are open and writes others: a reader of images, volumes, print jobs */
    JAIL_SESSION, /* a machine whose files and sockets are open; it may fork, to write a snapshot */
    JAIL_RUN,     /* a machine at the command line: it also names files in its folders, and takes viewers in */
    JAIL_GATE,    /* speaks to people at sockets that others opened */
    JAIL_STORAGE, /* opens files of its folders to read them, and gives descriptors to others */
    JAIL_IMAGE,   /* a reader of an image: files are opened for it, and come as descriptors */
    JAIL_KINDS
};

struct jail_folder {
    const char *path; /* a folder, with everything beneath it; or a file */
    bool write;       /* files may be made, changed, renamed and removed there */
};

struct jail_limits {
    uint64_t memory;      /* bytes of address space; 0: as before */
    uint64_t more_memory; /* the same, besides what it has now */
    uint64_t seconds;     /* of processor time; 0: as before */
    uint64_t file_bytes;  /* that a file may grow to; 0: as before */
    unsigned lifetime;    /* seconds, after which SIGALRM ends it, whether it works or waits; 0: any */
};

/* Locks this process in. It has one thread. A folder that is not there is left out. False: it is not locked in, or only
 * in part, and must not go on. */
bool jail_enter(enum jail_kind kind, const struct jail_folder *folders, size_t count, const struct jail_limits *limits,
                struct error *error);

/* The same for a process that is about to become another program, whose calls are its own matter: no new privileges,
 * the folders, the limits. Programs may be run from folders that cannot be written to. error may be null. */
bool jail_program(const struct jail_folder *folders, size_t count, const struct jail_limits *limits,
                  struct error *error);

/* The first descriptor from `from` on that is open, of those below 65,536 and the process's limit, or -1. */
int descriptor_open(int from);

/* Runs work(context, out) in a child that is locked in as `kind`, without folders, and has no descriptor but standard
 * error, `out` and those of keep. *output receives what it writes to out, with a NUL after it, at most `most` bytes;
 * the caller frees it. False with the error of the work, or of how the child ended: *object is named. */
bool jail_run(enum jail_kind kind, const int *keep, size_t keep_count, const struct jail_limits *limits,
              const char *object, bool (*work)(void *context, int out, struct error *error), void *context, size_t most,
              uint8_t **output, size_t *length, struct error *error);

/* The name of the nth call that a kind permits, from 0 on; null after the last. */
const char *jail_call(enum jail_kind kind, size_t n);

/* What this program and this kernel can do: "seccomp and Landlock", "seccomp", "Landlock" or "limits". */
const char *jail_strength(void);

#endif
