/* record.h - the one place at which inputs enter a machine that is not being replayed: each is given to the machine at
 * the tick at which that stands, and written down if the machine took it. */
#ifndef MUNIMENT_VERIFY_RECORD_H
#define MUNIMENT_VERIFY_RECORD_H

#include "emu/emu.h"
#include "verify/runs/journal.h"
#include "verify/runs/media.h"

#define RECORD_DIGEST_SECONDS 60 /* of guest time, between two digests in a journal */

struct recorder {
    struct machine *machine;
    bool recording;
    struct journal_writer writer;
    uint64_t interval, digest_at, digest_due; /* ticks: between digests, of the last, of the next */
};

/* Inputs enter, and nothing is written down. */
void recorder_begin(struct recorder *r, struct machine *machine);

/* Begins a journal of a machine that has just been switched on, made of these media: from an archive, with writes
 * thrown away or in a new overlay. */
bool recorder_create(struct recorder *r, struct machine *machine, const struct media *media, const char *path,
                     struct error *error);
/* The same in an empty file that is open (journal_create_in). */
bool recorder_create_in(struct recorder *r, struct machine *machine, const struct media *media, int descriptor,
                        const char *path, struct error *error);
/* Continues a journal (journal_continue), whose replay on this machine has come to its end. */
void recorder_continue(struct recorder *r, struct machine *machine, const struct journal_writer *writer);
/* Begins one in memory, with digests so many ticks apart. */
bool recorder_create_in_memory(struct recorder *r, struct machine *machine, const struct journal_header *header,
                               struct text *memory, uint64_t interval, struct error *error);

/* The same as a part of the journal of a set, under the machine's name, which the caller keeps. */
bool recorder_create_into(struct recorder *r, struct machine *machine, const struct media *media,
                          struct journal_writer *into, const char *name, uint64_t interval, struct error *error);

/* Fills in what a header says of a machine. False: there is no memory for its state. */
bool record_header(struct machine *machine, uint32_t version, const char *machine_root, struct journal_header *header);

/* The state as a journal has it. False as machine_digest. */
bool record_state(struct machine *machine, struct journal_state *state);

/* As the functions of emu.h; a failure to write shows at the next record_look. */
bool record_key(struct recorder *r, uint8_t key, bool down);
bool record_pointer(struct recorder *r, int dx, int dy, int wheel, unsigned buttons);
bool record_pointer_at(struct recorder *r, uint16_t x, uint16_t y, int wheel, unsigned buttons);
/* As machine_paste, without more. */
bool record_paste(struct recorder *r, const uint8_t *text, size_t length);
/* Returns how many of the bytes the port took. */
size_t record_serial(struct recorder *r, unsigned port, const uint8_t *bytes, size_t count);
/* sha256: of the image (image_digest); null with a null medium. */
void record_medium(struct recorder *r, enum drive_slot slot, const struct block *medium, const char *sha256);

/* The same with a recording for the line input, and the SHA-256 of its file. */
void record_line_in(struct recorder *r, const struct wave *recording, const char *sha256);

/* To be called every 10 ms of guest time or so: writes digests when they are due, and syncs. False: r->writer.error
 * says why; STATUS_OK there: the machine's digest failed. */
bool record_look(struct recorder *r);
/* Writes a digest now, unless the last line is one of now. False as record_look. */
bool record_digest(struct recorder *r);

/* Whether something written down is not on the disk yet: then slices must be short, and record_sync called between
 * them. */
static inline bool record_waits(const struct recorder *r)
{
    return r->recording && r->writer.unsynced;
}
bool record_sync(struct recorder *r);

/* Writes a digest, and closes, so that the journal can be continued. */
bool record_suspend(struct recorder *r, struct error *error);
/* Writes the last digest, if the machine has a state, and that the power went off; closes. */
bool record_end(struct recorder *r, bool has_state, struct error *error);

#endif
