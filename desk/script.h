/* script.h - the language of scripts, which drive a machine as a person would (spec/script.md). */
#ifndef MUNIMENT_DESK_SCRIPT_H
#define MUNIMENT_DESK_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "desk/keys.h"
#include "formats/error.h"

#define SCRIPT_LIMIT (1u << 20) /* bytes of a script */

/* clang-format off */
enum script_verb {
    SCRIPT_WAIT_SCREEN, SCRIPT_WAIT_SERIAL, SCRIPT_WAIT_SOUND, SCRIPT_WAIT_SILENCE, SCRIPT_WAIT_TIME, SCRIPT_WAIT_HALT,
    SCRIPT_WAIT_POWEROFF, SCRIPT_EXPECT_SCREEN, SCRIPT_EXPECT_SERIAL, SCRIPT_EXPECT_SOUND,
    SCRIPT_TYPE, SCRIPT_KEY, SCRIPT_SERIAL, SCRIPT_FLOPPY, SCRIPT_CD,
    SCRIPT_MOUSE_MOVE, SCRIPT_MOUSE_DOWN, SCRIPT_MOUSE_UP, SCRIPT_POINTER, SCRIPT_CLIPBOARD,
    SCRIPT_SCREENSHOT, SCRIPT_TEXT, SCRIPT_DIGEST, SCRIPT_SNAPSHOT
};
/* clang-format on */

struct script_command {
    enum script_verb verb;
    unsigned line; /* from 1 */
    char *text;    /* a string or path: `length` bytes and a NUL; of floppy and cd null for none */
    size_t length;
    struct key_event *keys; /* of type and key: key_count of them */
    size_t key_count;
    uint64_t microseconds; /* of wait time */
    int dx, dy;            /* of mouse move: counts to the right and down; of pointer: the dot */
    unsigned button;       /* of mouse down and up: POINTER_LEFT and the like */
};

struct script {
    struct script_command *commands;
    size_t count;
};

/* Reads a whole script. name is the file's name: an error's object is NAME:LINE:COLUMN, the column in bytes. The caller
 * calls script_free in any case. */
bool script_parse(const char *text, size_t length, const char *name, struct script *script, struct error *error);
void script_free(struct script *script);

#endif
