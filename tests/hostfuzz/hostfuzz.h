/* hostfuzz.h - what the parts of hostfuzz share: where everything lies, what a trial is, who does what.
 *
 *     generate.c  makes trials from the rows of the decoder's table, and chooses segments
 *     ours.c      runs them on our processor              host.c  runs them on the processor of this host
 *     permitted.c lists what processors do differently    ../hostfuzz.c  compares */
#ifndef MUNIMENT_TESTS_HOSTFUZZ_H
#define MUNIMENT_TESTS_HOSTFUZZ_H

#include "tests/bare.h"
#include "tests/host.h"

/* --- Where everything lies --- */

/* The arena: linear addresses that are the same on both sides. Behind code and data nothing is mapped. */
#define ARENA 0x10000000u
#define CODE_SIZE 0x10000u /* of each of the two areas of code: 16-bit, 32-bit */
#define CODE_LIMIT 0xBFFFu
#define DATA_AT (2 * CODE_SIZE)
#define DATA_SIZE 0x22000u
#define DATA_FIXED_AT (DATA_AT + 0x20000u) /* a page of the data that may only be read, as all code */
#define IMAGE_SIZE (DATA_AT + DATA_SIZE)

/* The host has a page more there, from which trials are loaded, and to which they are saved; our side has its tables
 * near the top of the linear space. */
#define CONTROL_AT 0x80000u
#define CONTROL_SIZE 0x10000u
#define SYSTEM 0xFFC00000u
#define SYSTEM_SIZE 0x10000u

/* One slot of code for each trial of a batch. Its size is no part of a page's, so that some lie across two. The
 * instruction ends where the window does. */
enum {
    SLOTS = 512,
    SLOT_SIZE = 88,
    WINDOW = 16,
    PROLOGUE_16 = 26,
    PROLOGUE_32 = 17,
    CHANNEL_WORD = (SLOTS + 1) * SLOT_SIZE + 8
};

/* The LDT. What follows the first five is chosen at random. */
enum { ENTRY_CODE32, ENTRY_CODE16, ENTRY_CHANNEL, ENTRY_DATA32, ENTRY_DATA16, ENTRY_RANDOM, ENTRIES = 24 };
enum kind { KIND_DATA, KIND_DOWN, KIND_CODE, KIND_CONFORMING }; /* as bits 2 and 3 of a descriptor's type */
struct entry {
    uint32_t base, limit; /* the limit as in the descriptor */
    enum kind kind;
    bool wide, pages, fixed, absent, available; /* D, G, not writable (code: not readable), not P, AVL */
};

/* --- Trials --- */

enum { VECTOR_NONE = 0xFF };

struct state {
    uint32_t reg[8], eip, flags;
    uint16_t selector[SEG_COUNT];
};

struct outcome {
    struct state after;
    unsigned vector; /* or VECTOR_NONE: the instruction ended */
    uint32_t error, cr2;
};

struct trial {
    uint8_t bytes[WINDOW];
    unsigned length, row;
    enum decode_result decoded;
    struct insn insn;
    bool unlocked; /* not OK for its LOCK alone: `insn` and `length` are those without it and with it */
    bool traps;    /* it begins with TF set, and ends with the trap, not with the code after it */
    struct state before;
    struct outcome ours, host;
};

struct fuzz {
    struct host host;
    unsigned long random; /* the generator's state */
    struct entry entry[ENTRIES];
    struct segment segment[ENTRIES];
    struct bare bare; /* our side */
    uint8_t *image;   /* the host's code and data, writable */
    bool wide;        /* the batch runs in the 32-bit code segment */
    unsigned fast;    /* trials that do not trap; they lie in front of the others */
    struct trial trial[SLOTS];
    unsigned *rows, row_count; /* to choose from */
};

static inline uint16_t selector_of(unsigned entry)
{
    return (uint16_t)(entry << 3 | 7);
}

static inline uint16_t code_selector(const struct fuzz *f)
{
    return selector_of(f->wide ? ENTRY_CODE32 : ENTRY_CODE16);
}

static inline uint32_t window_end(bool wide, unsigned slot)
{
    return slot * SLOT_SIZE + (wide ? PROLOGUE_32 : PROLOGUE_16) + WINDOW;
}

static inline bool has_error_code(unsigned vector)
{
    return vector == EXC_DF || (vector >= EXC_TS && vector <= EXC_PF) || vector == EXC_AC;
}

/* Where the image lies on our side. */
uint8_t *our_image(struct fuzz *f);
/* Bytes of both sides' images. */
void image_put(struct fuzz *f, uint32_t at, const uint8_t *bytes, uint32_t length);

/* --- generate.c --- */
/* Why there are no trials of a row, or null. */
const char *reason_left_out(const struct opcode_row *row);
bool pushes_often(const struct opcode_row *row);
/* Segments over the data of all kinds: f->entry from ENTRY_RANDOM on. */
void segments_choose(struct fuzz *f);
void data_choose(struct fuzz *f);
/* Fills f->trial, and what they need of code and data. */
void batch_make(struct fuzz *f, bool wide);
/* The offset of the memory operand. */
uint32_t operand_offset(const struct trial *t);
/* Linear address of an offset; and whether SS has a 32-bit stack pointer. */
uint32_t linear_of(const struct fuzz *f, const struct trial *t, unsigned segment, uint32_t offset);
bool stack_is_wide(const struct fuzz *f, const struct trial *t);

/* --- ours.c --- */
bool ours_init(struct fuzz *f);
void ours_set_entry(struct fuzz *f, unsigned n);
void ours_run(struct fuzz *f, struct trial *t);
/* The trial reached for what only one side has: its batch says nothing. */
bool is_elsewhere(const struct trial *t);

/* --- host.c --- */
/* Null, or why this host will not do. */
const char *host_init(struct fuzz *f);
bool host_set_entry(struct fuzz *f, unsigned n);
/* What LAR and LSL give for a selector of the host's GDT; false: nothing. */
bool host_descriptor(uint16_t selector, uint32_t *rights, uint32_t *limit);
/* What VERW gives on the host. */
bool host_writable(uint16_t selector);
/* Runs trials from `begin` on: up to fast_end through their slots, with the one behind them HLT, then up to trap_end by
 * traps. False: control was lost on the way. */
bool host_run(struct fuzz *f, unsigned begin, unsigned fast_end, unsigned trap_end);

/* --- permitted.c --- */

/* Memory that an outcome changes and ours does not. */
struct store {
    uint32_t linear, value;
    unsigned size;
};

enum { STORES = 33, OUTCOMES = 2 }; /* ENTER pushes most */
struct permitted {
    struct outcome outcome;
    struct store store[STORES];
    unsigned stores;
};

/* A trial as a row of the table sees it. */
struct situation {
    const struct fuzz *f;
    const struct trial *t;
    const uint8_t *data; /* the data before it */
};

/* A condition under which processors differ. */
struct permit {
    const char *name, *reason, *seen;
    /* Fills `set` with all outcomes that are permitted: ours must be the first. 0: the condition does not hold. */
    unsigned (*outcomes)(const struct situation *s, struct permitted set[OUTCOMES]);
};

extern const struct permit permits[];
extern const unsigned permit_count;

#endif
