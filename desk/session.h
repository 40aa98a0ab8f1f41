/* session.h - running a machine until something is true.
 *
 * Conditions are looked at, and inputs given, only at ticks that depend on nothing but the machine: at multiples of a
 * period of 10 ms of guest time, at ticks that a condition names, and where the machine stops by itself. How the run is
 * cut into slices between them changes nothing. */
#ifndef MUNIMENT_DESK_SESSION_H
#define MUNIMENT_DESK_SESSION_H

#include "desk/keys.h"
#include "desk/look.h"
#include "desk/progress.h"
#include "desk/sound.h"
#include "emu/cable.h"
#include "verify/runs/runs.h"

enum condition_kind {
    WHEN_TICK,
    WHEN_SCREEN,
    WHEN_SERIAL,
    WHEN_SOUND,
    WHEN_SILENCE,
    WHEN_STILL,
    WHEN_PICTURE,
    WHEN_HALT,
    WHEN_RESET,
    WHEN_POWEROFF,
    WHEN_SENT,
    WHEN_REPLAYED,
    WHEN_PRINTED
};

/* WHEN_HALT: the processor has halted with interrupts off, and no chip has anything on its way out any more.
 * WHEN_RESET: it was reset `tick` times. WHEN_SCREEN: text stands within a row of the text screen. WHEN_SERIAL: COM1
 * has sent text since the last WHEN_SERIAL that came true. WHEN_SOUND: there was sound since the last WHEN_SOUND or
 * WHEN_SILENCE that came true. WHEN_SILENCE: there was none for half a second. WHEN_STILL: the picture has not changed
 * for `tick` ticks, as far as it was looked at since session_look_anew. WHEN_PICTURE: `wanted` stands in the picture.
 * At both is looked every 100 ms. WHEN_SENT: all inputs of session_keys, session_mouse and session_serial have been
 * taken; a machine that is off takes any. WHEN_REPLAYED: the journal is at its end. WHEN_PRINTED: `tick` print jobs
 * have ended. */
struct condition {
    enum condition_kind kind;
    uint64_t tick;
    const char *text; /* `length` bytes and a NUL */
    size_t length;
    const struct look_for *wanted; /* of WHEN_STILL its region counts */
};

enum session_end {
    SESSION_MET,         /* a condition is true */
    SESSION_LIMIT,       /* the limit of guest time is reached */
    SESSION_OFF,         /* the machine is off, and no condition is true */
    SESSION_FAILED,      /* a disk failed */
    SESSION_UNRECORDED,  /* the journal could not be written */
    SESSION_DIFFERS,     /* the replay differs from its journal, or failed */
    SESSION_INTERRUPTED, /* by a signal */
    SESSION_LEFT         /* who watched it asked for the end */
};

struct slicing {
    bool random;
    uint64_t length; /* of a slice, in ticks; 0: whole periods */
    uint64_t state;  /* of the random sequence */
};

/* What is written of a run, instruction by instruction. */
struct tracing {
    FILE *file;        /* null: nothing */
    uint64_t from, to; /* ticks */
};

#define SERIAL_MEMORY \
    (1u << 20) /* output of COM1 that conditions can look back on; of more, the older half is forgotten */

struct session {
    struct machine *machine;
    struct cable *cable;    /* the machine is one of a set, and runs with all of it; null: alone */
    unsigned station;       /* on the cable */
    uint64_t period, limit; /* in the session's time, as all times below */
    struct slicing slicing;
    struct tracing tracing;
    struct recorder recorder;          /* through which inputs are given */
    struct replay *replay;             /* inputs come from its journal; null: from here */
    size_t met;                        /* which condition ended the last wait */
    bool halted, off;                  /* what the machine has said of itself */
    uint64_t resets;                   /* since this process runs it: the caller counts */
    uint64_t printed;                  /* jobs that have ended: likewise */
    char *serial;                      /* what COM1 sent, SERIAL_MEMORY bytes */
    size_t serial_length, serial_seen; /* up to serial_seen it has answered a condition */
    struct look_memory seen;           /* of WHEN_STILL and WHEN_PICTURE */
    uint64_t changed_at, looked_at;    /* when the picture changed; in which look, from 1 */
    unsigned found_x, found_y;         /* where WHEN_PICTURE has found it: its middle */
    struct sound_ear ear;              /* what the machine plays: the caller hears it */
    uint64_t input_due, key_due;       /* ticks before which nothing, and no key, is given */
    const struct key_event *keys;      /* still to be pressed; one every second period */
    size_t key_count;
    bool mouse_waiting; /* the mouse is still to be moved, or its buttons to change */
    bool mouse_to;      /* to a position */
    int mouse_dx, mouse_dy;
    uint16_t mouse_x, mouse_y; /* where the pointer was last sent */
    unsigned mouse_buttons;    /* that are down, or will be */
    const uint8_t *bytes;      /* still to be sent to COM1 */
    size_t byte_count;
    struct progress progress;
    bool (*looked)(void *context); /* called whenever conditions are checked, between two slices; false: a disk failed;
                                      null: not called */
    void *looked_context;
    /* Called between two slices; returns the length of the next, in ticks, at most. 0: who watched asked for the end.
     * Inputs may be given through `recorder`. null: not called. */
    uint64_t (*paced)(void *context);
    void *paced_context;
    bool left; /* it returned 0 */
};

/* What a session counts its time in: ticks of its machine, or, in a set, microseconds since the set's beginning. */
uint64_t session_now(const struct session *s);
uint64_t session_rate(const struct session *s); /* a second has so many */

/* limit is in the session's time. The caller keeps the machine, which must hand the bytes of COM1 to
 * session_serial_out. Returns false when memory is short. */
bool session_begin(struct session *s, struct machine *machine, uint64_t limit, struct slicing slicing);
void session_end(struct session *s);

/* Takes a byte that COM1 sent. */
void session_serial_out(struct session *s, uint8_t byte);

/* Runs until one of the conditions is true; at once if one is. Without conditions: until the machine is off or the
 * limit. */
enum session_end session_wait(struct session *s, const struct condition *conditions, size_t count);

/* Press keys, move the mouse and press and release its buttons, send bytes to COM1, until all are taken. */
enum session_end session_keys(struct session *s, const struct key_event *keys, size_t count);
enum session_end session_mouse(struct session *s, int dx, int dy, unsigned pressed, unsigned released);
/* Moves the pointer to a dot of the picture, which is that of now (pointer: absolute). */
enum session_end session_pointer(struct session *s, unsigned x, unsigned y);
enum session_end session_serial(struct session *s, const uint8_t *bytes, size_t count);

/* What COM1 sent and what was heard so far does not count. */
void session_forget(struct session *s);
/* What was seen so far does not count for WHEN_STILL and WHEN_PICTURE. */
void session_look_anew(struct session *s);

/* Whether COM1 has sent the text at any time (within SERIAL_MEMORY). */
bool session_has_sent(const struct session *s, const char *text, size_t length);

/* Reads SECONDS, a decimal number with at most six places, up to 10^8, as microseconds. */
bool session_read_seconds(const char *text, uint64_t *microseconds);

#endif
