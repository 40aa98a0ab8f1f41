/* pages.h - an archive as a session has it: its file and those of its parents, open, and the chunks of its disks that
 * the storage process (storage.h) has verified, which all sessions of the archive share.
 *
 * The pages are a file without a name that is sealed: the storage process alone can write to it. A byte for each chunk
 * says whether it is there; the chunks follow. A session asks for one that is not. It waits for a moment, and without
 * an answer reads and verifies this chunk and those of the next seconds itself: so it runs on when the storage process
 * is busy or gone. Where there is no room for more pages, it asks again after five seconds. */
#ifndef MUNIMENT_DESK_PAGES_H
#define MUNIMENT_DESK_PAGES_H

#include "archive/archive.h"

/* How many chunks the disks before a slot have; of DRIVE_COUNT: all. */
uint64_t pages_before(const struct archive *archive, unsigned slot);
/* Where a chunk lies, counted over all disks. */
uint64_t pages_place(const struct archive *archive, uint64_t chunk);

/* The first message at a session's socket: why there is no archive, or how many files its chain has. Their names follow
 * it, each ending with NUL; beside it are their descriptors (SCM_RIGHTS) and, with pages, that of the pages. */
struct pages_offer {
    struct error why; /* status STATUS_OK: it may be seen */
    uint32_t files;
    uint32_t overlays; /* media_overlays: a session opens them before it reads the archive, */
    uint64_t memory;   /* and limits its own by the machine's, in bytes */
    bool pages;
};
#define PAGES_DESCRIPTORS (CHAIN_LIMIT + 1)
#define PAGES_OFFER (sizeof(struct pages_offer) + CHAIN_LIMIT * 512u) /* bytes of it at most */

/* A question for a chunk, and the answer to it. */
struct pages_message {
    uint64_t chunk;                                               /* counted over all disks */
    enum { PAGES_ASK, PAGES_THERE, PAGES_NONE, PAGES_FULL } kind; /* PAGES_FULL: there is no room for more */
};

struct pages {
    int socket, file; /* file: below 0: nothing is shared */
    struct pages_offer offer;
    char *names; /* owned: of the chain's files, which follow each other */
    int descriptors[CHAIN_LIMIT];
    struct archive *archive; /* null: not opened yet */
    bool asks;               /* for what is not there, */
    uint64_t asks_from;      /* from this second of a clock on */
};

/* Waits for the offer at a socket of storage_ask. Nothing of the archive is read: that is for a process that is locked
 * in. False with *error. */
bool pages_receive(int socket, struct pages *pages, struct error *error);
/* Opens the archive of an offer, and joins the pages to it. *pages and its socket must outlive the archive. Null with
 * *error. */
struct archive *pages_open(struct pages *pages, struct error *error);

#endif
