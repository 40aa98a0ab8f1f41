/* view.h - the part of struct cpu that translated code reaches, besides registers, flags and `left`. Nothing here is
 * state.
 *
 * While translated code runs, the flags are a record in layers, so that nothing is computed that is not read (flags.c):
 * flag_op's lowest byte says what the record of flag_result, flag_a and flag_b is; over that may lie the CF and OF of a
 * rotate, and what INC or DEC made of all but CF. Before translated code is left, it becomes one of the interpreter's
 * records. */
#ifndef MUNIMENT_EMU_TRANSLATE_VIEW_H
#define MUNIMENT_EMU_TRANSLATE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct translated;
struct known_descriptor;
struct record_group;

/* How flag_op is divided; byte 0 is (class << 3 | size) of the record. */
#define LAYER_ROTATE_SHIFT 8 /* (class << 3 | size) of a rotate, or 0 */
#define LAYER_OWNER_SHIFT 16 /* 1: OF is the rotate's, 0: it is that of INC or DEC if there was one */
#define LAYER_COUNT_SHIFT 24 /* (class << 3 | size) of INC or DEC, or 0 */

/* Classes of a record that only translated code leaves, after those of enum flag_class. */
enum layered_class {
    LAYERED_ADD = 7, /* result = a + b; a is not held */
    LAYERED_SUB,     /* result = a - b; a is not held */
    LAYERED_CMP,     /* a - b; the result is not held */
    LAYERED_TEST,    /* a & b; the result is not held */
    LAYERED_NEG,     /* result = -b */
    LAYERED_ADC,     /* result = a + b + CF */
    LAYERED_SBB,
    LAYERED_SHL, /* a is shifted by b */
    LAYERED_SHR,
    LAYERED_SAR,
    LAYERED_ROL, /* as a layer: the result is flag_rotate */
    LAYERED_ROR
};

/* The table of jumps: where code runs, by EIP, the number of the page of memory that it lies in, plus 1, and its
 * context. The page is what the address leads to now, by the table of `pages` (PAGES_CODE): so an entry is found in
 * every address space in which it is true, and in no other. */
#define JUMP_INDEX_BITS 16
#define JUMP_HASH 0x9E3779B1u
#define JUMP_PAGE_SHIFT 32
#define JUMP_PAGE_BITS 21
#define JUMP_CONTEXT_SHIFT (JUMP_PAGE_SHIFT + JUMP_PAGE_BITS)
/* The page, as in a key: what PAGES_CODE has. */
#define JUMP_PAGE(page) ((uint64_t)(page) << JUMP_PAGE_SHIFT)
struct jump_table {
    struct jump {
        uint64_t key;
        const uint8_t *code;
    } entry[1 << JUMP_INDEX_BITS];
};

/* The first of the two places for an EIP; the other one is beside it (jump_other). By EIP alone, so that where a jump
 * leads is known before the page is looked up. */
static inline struct jump *jump_of(struct jump_table *t, uint32_t eip)
{
    return &t->entry[eip * JUMP_HASH >> (32 - JUMP_INDEX_BITS)];
}

static inline struct jump *jump_other(struct jump_table *t, const struct jump *first)
{
    return &t->entry[(first - t->entry) ^ 1];
}

struct translator_view {
    bool enabled;    /* translated code is used */
    uint64_t *pages; /* of the current privilege: for each linear page what is to be added to an address to read there,
                        or 0; after those the same for writes; after those PAGES_CODE */
    uint64_t jump_tag; /* the context in which code runs now, as in a key of the table of jumps */
    /* For SYSENTER and SYSEXIT, of each privilege: the last context of flat code of 32 bits on a flat stack, or 0, with
     * what jump_tag is in it; and what `pages` is there. */
    struct flat_context {
        uint64_t *pages;
        uint64_t jump_tag;
        uint32_t bits;
    } flat[2];
    struct jump_table *jumps;
    uint64_t near[16]; /* host addresses of the lowest byte of neighbours (neighbours.c), for the block that runs */
    /* Of each privilege, a linear page that `pages` has for writes, or NO_STACK_PAGE, and where it is: that to which
     * ESP led last. */
    struct stack_page {
        uint64_t page, host;
    } stack[2];
    struct known_descriptor *descriptors;
    uint32_t flag_count;  /* result of INC or DEC */
    uint32_t flag_rotate; /* result of a rotate */
    uint32_t flag_scratch;
    uint8_t units;  /* of the guest's that are in the host's now: HAS_XMM and HAS_X87; 0 outside translated code */
    uint32_t mxcsr; /* the host's while it has XMM, all masked; its flags are the guest's */
    uint32_t mxcsr_default; /* the host's own */
    uint16_t x87_control;   /* the control word likewise, while it has the floating-point unit */
    uint16_t x87_default;
    uint8_t x87_image[108]; /* by which that changes hands */
    /* fills the image in; and reads it. As flags_ready, the first may run while the host has the guest's MXCSR, or its
     * floating-point unit: they compute with integers only. */
    void (*x87_give)(struct cpu *cpu);
    void (*x87_take)(struct cpu *cpu);
    /* Called from translated code, with all registers saved. run_record: by the interpreter, the slow record of this
     * number. They return null where the block goes on, or where other code does, or VIEW_LEAVE. */
    const uint8_t *(*run_record)(struct cpu *cpu, struct translated *block, unsigned number);
    const uint8_t *(*run_group)(struct cpu *cpu, struct record_group *group);
    void (*flags_ready)(struct cpu *cpu);
    /* What is to be added to an address to write there, in a page that holds code, but not beside that address; or 0 */
    uint64_t (*write_beside_code)(struct cpu *cpu, uint32_t linear);
};
/* No linear address is that much above it. */
#define NO_STACK_PAGE (1ull << 32)
#define BESIDE_CODE_SIZE 8u /* bytes that such an access may have */
#define HAS_XMM 1u
#define HAS_X87 2u
#define VIEW_LEAVE ((const uint8_t *)1)
#define PAGES_WRITE (1u << 20) /* index of the first entry for writes */
/* For each linear page whose code ran: JUMP_PAGE of 1 + the page of memory there; or 0. */
#define PAGES_CODE (2u << 20)

#endif
