/* state.h - the state of a device is declared once: a table of its fields.
 *
 * Digest, snapshot, comparison and documentation are made from these tables. What is not in a table is no state: it
 * must follow from what is (caches, wiring, host pointers). */
#ifndef MUNIMENT_EMU_STATE_H
#define MUNIMENT_EMU_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum state_kind {
    STATE_BOOL,
    STATE_U8,
    STATE_U16,
    STATE_U32,
    STATE_U64,
    STATE_I64,
    STATE_TICK,
    STATE_BYTES,
    STATE_NESTED
};

struct state_field {
    const char *name;                 /* null ends the table */
    const char *doc;                  /* what it is, with its unit */
    const struct state_field *nested; /* STATE_NESTED: the table of one element */
    uint32_t offset;                  /* in its structure */
    uint32_t count;                   /* elements of a fixed array; 1 for a scalar; capacity of STATE_BYTES */
    uint32_t stride;                  /* bytes of one element of a STATE_NESTED array */
    uint32_t live; /* STATE_BYTES: offset of a uint32_t that holds how many are alive, or STATE_ALL */
    enum state_kind kind;
    uint64_t limit; /* of a scalar: the greatest value, or for I64 the greatest distance from 0; 0: whatever its kind
                       holds */
};

#define STATE_ALL UINT32_MAX
#define STATE_SIZE(type, field) ((uint32_t)sizeof(((type *)0)->field))

/* A scalar: STATE(struct counter, reload, U16, "initial count"). The size of the field is checked against its kind. */
#define STATE(type, field, kind_, doc_) \
    { \
#field, doc_, NULL, (uint32_t)offsetof(type, field) + STATE_CHECK(type, field, kind_), 1, 0, 0, STATE_##kind_, \
            0 \
    }
/* A scalar that is never greater: a snapshot in which it is, is refused. */
#define STATE_UP_TO(type, field, kind_, limit_, doc_) \
    { \
#field, doc_, NULL, (uint32_t)offsetof(type, field) + STATE_CHECK(type, field, kind_), 1, 0, 0, STATE_##kind_, \
            limit_ \
    }
/* A fixed array of scalars. */
#define STATE_ARRAY(type, field, kind_, doc_) \
    { \
#field, doc_, NULL, (uint32_t)offsetof(type, field), STATE_SIZE(type, field) / STATE_WIDTH_##kind_, 0, 0, \
            STATE_##kind_, 0 \
    }
/* An array of bytes of which the first `live_` (a uint32_t field) are alive; the dead ones count as zero. */
#define STATE_BUFFER(type, field, live_, doc_) \
    { \
#field, doc_, NULL, (uint32_t)offsetof(type, field), STATE_SIZE(type, field), 0, \
            (uint32_t)offsetof(type, live_), STATE_BYTES, 0 \
    }
/* An array of bytes that is always alive. */
#define STATE_BYTE_ARRAY(type, field, doc_) \
    { \
#field, doc_, NULL, (uint32_t)offsetof(type, field), STATE_SIZE(type, field), 0, STATE_ALL, STATE_BYTES, 0 \
    }
/* A structure, or a fixed array of structures, with its own table. */
#define STATE_TABLE(type, field, element, table, doc_) \
    { \
#field, doc_, table, (uint32_t)offsetof(type, field), STATE_SIZE(type, field) / (uint32_t)sizeof(element), \
            (uint32_t)sizeof(element), 0, STATE_NESTED, 0 \
    }
#define STATE_END \
    { \
        NULL, NULL, NULL, 0, 0, 0, 0, STATE_BOOL, 0 \
    }

#define STATE_WIDTH_BOOL 1
#define STATE_WIDTH_U8 1
#define STATE_WIDTH_U16 2
#define STATE_WIDTH_U32 4
#define STATE_WIDTH_U64 8
#define STATE_WIDTH_I64 8
#define STATE_WIDTH_TICK 8
/* 0, or a compile-time error where the field does not have the size of its kind. */
#define STATE_CHECK(type, field, kind_) \
    (0 * (uint32_t)sizeof(char[STATE_SIZE(type, field) == STATE_WIDTH_##kind_ ? 1 : -1]))

/* --- One by one, by name --- */

#define STATE_NAME \
    96 /* of a name like keyboard.mouse.replies.bytes, with its NUL: the tables have none that is longer */
#define STATE_VALUE 24 /* of a scalar as text */

/* A scalar, an element of an array of scalars, or a whole array of bytes. */
struct state_leaf {
    char name[STATE_NAME]; /* part.field[i].sub; indices only where there are several */
    const struct state_field *field;
    uint8_t *value;
    uint8_t *live; /* STATE_BYTES: the uint32_t that holds how many are alive; null: all */
};

/* Visits what a table declares, in its order, until visit returns false; returns whether it did not. The names begin
 * with `part`. */
bool state_walk(const char *part, const struct state_field *table, void *structure,
                bool (*visit)(void *context, const struct state_leaf *leaf), void *context);

/* A scalar as text: false or true; 0x and two digits for each byte of an unsigned number; decimal for I64 and TICK, or
 * never. */
void state_print_scalar(const struct state_leaf *leaf, char text[STATE_VALUE]);
/* How many bytes of an array are alive. */
uint32_t state_live(const struct state_leaf *leaf);

/* Sets what a leaf names from its text: a scalar as above, bytes as COUNT:HEX. Only the one form that printing gives is
 * taken. Null, or what is wrong. */
const char *state_read(const struct state_leaf *leaf, const char *text, size_t length);

/* Gives the canonical bytes of a structure to sink: each field in table order, little-endian, booleans as one byte 0 or
 * 1; live bytes are preceded by their count as 32 bits. */
void state_serialize(const struct state_field *table, const void *structure,
                     void (*sink)(void *context, const uint8_t *bytes, size_t length), void *context);

#endif
