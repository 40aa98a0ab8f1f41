/* script.h - the language of scripts, which drive a machine as a person would (spec/script.md). */
#ifndef MUNIMENT_DESK_SCRIPT_H
#define MUNIMENT_DESK_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "desk/keys.h"
#include "desk/look.h"
#include "formats/error.h"

#define SCRIPT_LIMIT (1u << 20) /* bytes of a script */
#define SCRIPT_COMMANDS 500000u /* after all loops are written out */
#define SCRIPT_DEPTH 8u         /* of files that call each other, and of blocks within blocks */

/* clang-format off */
enum script_verb {
    SCRIPT_WAIT_SCREEN, SCRIPT_WAIT_SERIAL, SCRIPT_WAIT_SOUND, SCRIPT_WAIT_SILENCE, SCRIPT_WAIT_TIME, SCRIPT_WAIT_HALT,
    SCRIPT_WAIT_POWEROFF, SCRIPT_WAIT_STILL, SCRIPT_WAIT_PICTURE,
    SCRIPT_EXPECT_SCREEN, SCRIPT_EXPECT_SERIAL, SCRIPT_EXPECT_SOUND, SCRIPT_EXPECT_PICTURE,
    SCRIPT_EXPECT_FILE, SCRIPT_RETRIEVE, SCRIPT_PRINT_NEXT,
    /* inputs, to SCRIPT_DRAG: */
    SCRIPT_TYPE, SCRIPT_KEY, SCRIPT_SERIAL, SCRIPT_FLOPPY, SCRIPT_CD, SCRIPT_LINE_IN,
    SCRIPT_MOUSE_MOVE, SCRIPT_MOUSE_DOWN, SCRIPT_MOUSE_UP, SCRIPT_POINTER, SCRIPT_CLIPBOARD,
    SCRIPT_CLICK, SCRIPT_DOUBLE_CLICK, SCRIPT_DRAG,
    SCRIPT_SCREENSHOT, SCRIPT_TEXT, SCRIPT_DIGEST, SCRIPT_SNAPSHOT,
    SCRIPT_FAIL, SCRIPT_NEXT, SCRIPT_MACHINE,
    SCRIPT_RECORD,              /* a record begins */
    SCRIPT_ON_RESET,            /* the handler begins two commands on */
    SCRIPT_JUMP, SCRIPT_RETURN  /* to the target; from a handler to what was interrupted */
};
/* clang-format on */

/* Where the pointer goes: a dot, or what is looked for. */
struct script_place {
    struct picture *picture; /* the script's; null: the dot */
    unsigned anchor_x, anchor_y;
    int x, y;
};

struct script_command {
    enum script_verb verb;
    unsigned line;      /* from 1 */
    const char *source; /* the file that the line is in; the script's */
    size_t record;      /* of a for, to which it belongs: index into records + 1; 0: none */
    char *text;         /* a string or path: `length` bytes and a NUL; of floppy, cd and line-in null for none */
    size_t length;
    struct key_event *keys; /* of type and key: key_count of them */
    size_t key_count;
    uint64_t microseconds; /* of wait time and wait still */
    uint64_t within;       /* microseconds; 0: no limit of its own */
    size_t target;         /* command to go to: of a jump, and where a wait or an expectation has an else; 0: none */
    int dx, dy;            /* of mouse move: counts to the right and down; of pointer: the dot */
    unsigned button;       /* of mouse down and up: POINTER_LEFT and the like */
    struct script_place places[2]; /* of wait picture, click and drag */
    struct look_region region;
    uint8_t tolerance;
};

/* One row of a table that a `for` goes over. */
struct script_record {
    size_t outer;      /* record in which this one lies: index + 1; 0: none */
    size_t begin, end; /* commands */
    size_t number;     /* of the row, from 1 */
};

struct script {
    struct script_command *commands;
    size_t count;
    struct script_record *records;
    size_t record_count;
    struct script_picture {
        char *path;
        struct picture picture;
        unsigned anchor_x, anchor_y;
        struct script_picture *next;
    } * pictures; /* a list */
    struct script_source {
        struct script_source *next;
        char name[];
    } * sources;                 /* a list */
    uint8_t digest[DIGEST_SIZE]; /* of everything that was read: scripts, tables and pictures */
};

/* Reads a whole script; loops are written out, and variables replaced by what they stand for. name is the file's name:
 * an error's object is NAME:LINE:COLUMN, the column in bytes. text ends with a NUL that does not count. The caller
 * calls script_free in any case. */
bool script_parse(const char *text, size_t length, const char *name, struct script *script, struct error *error);
/* The same of a file. */
bool script_read(const char *path, struct script *script, struct error *error);
void script_free(struct script *script);

#endif
