/* replay.h - runs a machine as a journal says: each input at its tick, the state compared at each recorded digest. */
#ifndef MUNIMENT_VERIFY_REPLAY_H
#define MUNIMENT_VERIFY_REPLAY_H

#include "emu/emu.h"
#include "verify/runs/journal.h"
#include "verify/runs/media.h"
#include "verify/runs/snapshot.h"

/* The image files from which media are put in, found by their digests. */
struct replay_images {
    const char **paths;  /* the caller's */
    hex_digest *digests; /* owned */
    size_t count;
    struct ready_medium *ready; /* owned: what replay_open_media opened; null: files are opened for what is put in */
    uint32_t ready_count;
};

#define REPLAY_MEDIA 64u /* media that are opened beforehand */

/* A medium that a journal puts in. */
struct replay_insert {
    uint32_t entry;
    uint32_t slot; /* DRIVE_COUNT: a recording, at the line input */
    uint8_t sha256[DIGEST_SIZE];
};

struct ready_medium {
    uint32_t entry, slot; /* as in struct replay_insert */
    uint8_t sha256[DIGEST_SIZE];
    struct ready_image image; /* of this one and the next, one is present, until it is used */
    struct recording recording;
};

enum replay_outcome {
    REPLAY_EQUAL,   /* so far */
    REPLAY_DIFFERS, /* the machine stands where it differs first from what is recorded */
    REPLAY_FAILED   /* on this host */
};

struct replay {
    const char *name; /* of the journal, for messages */
    const struct journal *journal;
    struct media *media;
    const struct replay_images *images;
    struct machine_host outside;  /* what takes the machine's output */
    struct machine *machine;      /* owned */
    uint32_t next;                /* entry */
    uint32_t inputs, digests;     /* that were given, that were equal */
    uint64_t equal_at;            /* tick of the last equal digest */
    bool unchecked;               /* recorded digests are ignored */
    bool (*equal)(void *context); /* or null: called where a recorded digest was equal. False: r->error says what failed
                                   */
    void (*branch)(void *context); /* or null: called in a process that was forked off, before it runs on: the machine's
                                      output is not to be written twice */
    bool (*show)(void *context);   /* or null: shows the state, in such a process */
    void *branch_context, *equal_context;
    enum replay_outcome outcome;
    struct error error; /* unless the outcome is REPLAY_EQUAL */
};

/* Computes the digests of the images, which are opened as the request says, or null. The caller calls
 * replay_images_free in any case. */
bool replay_images_open(struct replay_images *images, const char **paths, size_t count,
                        const struct image_request *request, progress_function *progress, void *context,
                        struct error *error);
void replay_images_free(struct replay_images *images);

/* Builds the machine that a journal belongs to, from its sealed media, whose machine_root is given, and switches it on.
 * Everything is the caller's and must outlive the replay; outside says what takes the machine's output, its other
 * fields are filled in here. The caller calls replay_end in any case. */
bool replay_begin(struct replay *r, const char *name, const struct journal *journal, struct media *media,
                  const char *machine_root, const struct replay_images *images, const struct machine_host *outside,
                  struct error *error);
void replay_end(struct replay *r);

/* What a journal puts in; returns how much that is. Above REPLAY_MEDIA, the rest is left out. */
uint32_t replay_inserts(const struct journal *journal, struct replay_insert inserts[REPLAY_MEDIA]);
/* Opens it, so that replays with these images open no file any more: for a process that is locked in before it reads
 * the archive and the journal. So the list may be a hostile process's: what does not fit the journal is refused by the
 * replay. requests: for each slot. */
bool replay_open_media(struct replay_images *images, const struct image_request requests[DRIVE_COUNT],
                       const struct replay_insert *inserts, uint32_t count, struct error *error);

/* Brings a replay that has just begun to where a snapshot of the same run was taken: the journal has its digest. What
 * comes before is not repeated. identity is that of machine_identify before the machine ran; overlays of sealed disks
 * must be kept (media.h). False: *error says why, and the machine stands at power-on; null then: it could not be built
 * again. */
bool replay_from(struct replay *r, const struct snapshot *snapshot, struct machine_identity *identity,
                 struct error *error);

/* As machine_run. Also ends with the journal, and where the outcome is no longer REPLAY_EQUAL; MACHINE_HOST_FAILED is
 * the outcome REPLAY_FAILED. Entries of the tick at which it ends have been carried out. */
enum machine_stop replay_to(struct replay *r, uint64_t until);

/* After fork: gives this process overlays of its own, and lets it interpret. */
bool replay_branch(struct replay *r, struct error *error);

/* Fills in what a machine needs of its media. */
void media_host(const struct media *media, struct machine_host *host);
/* Builds the machine of media; object is for messages. Null: *error says why. */
struct machine *media_machine(const struct media *media, const struct machine_host *host, const char *object,
                              struct error *error);

#endif
