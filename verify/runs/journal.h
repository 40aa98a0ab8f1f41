/* journal.h - journals: what entered a machine, at which tick, and what state it was in on the way (spec/journal.md).
 *
 * A writer puts each line into the file as it comes and onto the disk within 100 ms; a reader checks a whole journal
 * before anything of it is used. */
#ifndef MUNIMENT_VERIFY_JOURNAL_H
#define MUNIMENT_VERIFY_JOURNAL_H

#include "archive/archive.h"

#define JOURNAL_LIMIT (256u << 20) /* bytes of a journal */
#define JOURNAL_LINE_LIMIT 1024u   /* bytes of a line */
#define JOURNAL_PARTS_LIMIT 64u    /* parts of a machine */
#define JOURNAL_PART_DIGITS 3u     /* hexadecimal digits of each part's digest */
#define JOURNAL_SERIAL_LIMIT 256u  /* bytes of a serial line, or of one of the clipboard */

struct text; /* formats/text.h */

enum journal_kind {
    JOURNAL_KEY,
    JOURNAL_POINTER,
    JOURNAL_POSITION,
    JOURNAL_SERIAL,
    JOURNAL_CLIPBOARD,
    JOURNAL_MEDIUM,
    JOURNAL_LINE_IN,
    JOURNAL_DIGEST,
    JOURNAL_POWER_OFF
};

/* The state of a machine at some tick. */
struct journal_state {
    uint8_t digest[DIGEST_SIZE];
    char parts[JOURNAL_PARTS_LIMIT * JOURNAL_PART_DIGITS + 1]; /* the first digits of each part's digest, in the order
                                                                  of the parts */
};

struct journal_entry {
    uint64_t tick;
    uint32_t line; /* from 1 */
    enum journal_kind kind;
    union {
        struct {
            uint8_t code;
            bool down;
        } key;
        struct {
            int16_t dx, dy, wheel;
            uint8_t buttons;
        } pointer;
        struct {
            uint16_t x, y;
            int16_t wheel;
            uint8_t buttons;
        } position;
        struct {
            uint8_t port;
            uint16_t count;
            const uint8_t *bytes;
        } serial;
        struct {
            bool more; /* of the text before it */
            uint16_t count;
            const uint8_t *bytes;
        } clipboard;
        struct {
            enum drive_slot slot;
            bool present;
            uint8_t sha256[DIGEST_SIZE];
        } medium; /* and recording, without a slot */
        struct {
            uint8_t sha256[DIGEST_SIZE];
            const char *parts;
        } digest; /* parts: as in journal_state, without an end */
    };
};

/* A medium that was put in before power-on. */
struct journal_medium {
    enum drive_kind kind; /* DRIVE_ABSENT: the sealed one, or none */
    uint8_t sha256[DIGEST_SIZE];
};

struct journal_header {
    uint32_t machine; /* version */
    hex_digest machine_root;
    hex_digest content;             /* of the archive that was started; empty: not stated, as in an attestation */
    char parts[JOURNAL_LINE_LIMIT]; /* names, separated by spaces */
    uint32_t part_count;
    struct journal_medium media[DRIVE_COUNT];
};

struct journal {
    struct journal_header header;
    char *text; /* owned; entries point into it */
    struct journal_entry *entries;
    uint32_t count, capacity;
    uint32_t lines; /* whole ones */
    bool torn;      /* the last line was cut off, and was ignored */
    bool ended;     /* the last line says that the power went off: nothing is missing after it */
};

/* Reads a journal. name is the file's name: an error's object is NAME:LINE. Takes text over, `length` bytes and a NUL.
 * The caller calls journal_free in any case. */
bool journal_parse(char *text, size_t length, const char *name, struct journal *journal, struct error *error);
bool journal_read(const char *path, struct journal *journal, struct error *error);
/* The same of a file that is open, from its beginning; path is its name for messages. */
bool journal_read_in(int descriptor, const char *path, struct journal *journal, struct error *error);
void journal_free(struct journal *journal);

/* The tick of the last line; 0 if there is none. */
uint64_t journal_end(const struct journal *journal);

/* Writes the names of the parts of a state that differ, separated by spaces; none: those that are recorded are
 * equal. */
void journal_differing_parts(const struct journal_header *header, const char *a, const char *b, char *names,
                             size_t size);

/* --- Writing --- */

struct journal_writer {
    int descriptor;   /* -1: lines are collected in memory */
    const char *path; /* the caller's */
    struct text *memory;
    struct journal_writer *into; /* lines go there, after `prefix` and a space: one machine's of a set. null: own file
                                  */
    const char *prefix;          /* the caller's */
    char tag[9];                 /* of the last line */
    uint64_t length;             /* of the file */
    uint64_t synced_at;          /* milliseconds of a monotonic clock */
    bool unsynced;
    struct error error; /* of the first failure; then nothing more is written */
};

/* Creates a journal, which must not be there yet, and puts its head onto the disk. */
bool journal_create(struct journal_writer *w, const char *path, const struct journal_header *header,
                    struct error *error);
/* The same in an empty file that is open for appending, of a folder that is on the disk. */
bool journal_create_in(struct journal_writer *w, int descriptor, const char *path, const struct journal_header *header,
                       struct error *error);
/* Continues one that has been read whole (journal_read_in), and is not ended: a torn last line is cut off. The
 * descriptor reads and appends, and is taken over. */
bool journal_continue(struct journal_writer *w, int descriptor, const char *path, struct error *error);
/* Creates one in memory. */
void journal_create_in_memory(struct journal_writer *w, struct text *memory, const struct journal_header *header);

/* The same as a part of another journal, which has been created by journal_begin. */
void journal_create_into(struct journal_writer *w, struct journal_writer *into, const char *prefix,
                         const struct journal_header *header);
/* Begins a file, which must not be there yet, or, with memory, a text, by one line. */
bool journal_begin(struct journal_writer *w, const char *path, struct text *memory, const char *title,
                   struct error *error);
bool journal_write_line(struct journal_writer *w, const char *text);

/* Each writes a line; false: it could not be written, w->error says why, and the file ends with the last whole line. */
bool journal_write_key(struct journal_writer *w, uint64_t tick, uint8_t code, bool down);
bool journal_write_pointer(struct journal_writer *w, uint64_t tick, int dx, int dy, int wheel, unsigned buttons);
bool journal_write_position(struct journal_writer *w, uint64_t tick, unsigned x, unsigned y, int wheel,
                            unsigned buttons);
bool journal_write_clipboard(struct journal_writer *w, uint64_t tick, const uint8_t *bytes, size_t count);
bool journal_write_serial(struct journal_writer *w, uint64_t tick, unsigned port, const uint8_t *bytes, size_t count);
bool journal_write_medium(struct journal_writer *w, uint64_t tick, enum drive_slot slot, const char *sha256); /* null:
                                                                                                                 taken
                                                                                                                 out */
bool journal_write_line_in(struct journal_writer *w, uint64_t tick, const char *sha256); /* null: disconnected */
bool journal_write_digest(struct journal_writer *w, uint64_t tick, const struct journal_state *state);
bool journal_write_power_off(struct journal_writer *w, uint64_t tick);

/* To be called at least every 50 ms while w->unsynced: puts onto the disk what has waited for long enough. */
bool journal_sync_due(struct journal_writer *w);
/* Puts everything onto the disk and closes. */
bool journal_close(struct journal_writer *w, struct error *error);

#endif
