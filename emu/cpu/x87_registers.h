/* x87_registers.h - the state of the floating-point unit (Intel SDM vol. 1, chapter 8; 387 DX data sheet 240225).
 *
 * x87.c data transfer, arithmetic, comparison    x87_numbers.c BCD, constants, scaling, remainders x87_transcendental.c
 * their special operands x87_control.c control and status words, saving and loading, errors
 *
 * Registers lie at their physical positions. The status word is kept in parts: exception flags and C1 where the
 * arithmetic leaves them, TOP by itself, ES nowhere, for it follows from flags and masks. MMX registers are the
 * significands. */
#ifndef MUNIMENT_EMU_CPU_X87_REGISTERS_H
#define MUNIMENT_EMU_CPU_X87_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/cpu/softfloat.h"

/* clang-format off */
enum {
    X87_STACK_FAULT = 0x40, X87_SUMMARY = 0x80, X87_C0 = 0x100, X87_C1 = 0x200, X87_C2 = 0x400, X87_TOP = 0x3800, X87_C3 = 0x4000, X87_BUSY = 0x8000,
    X87_EXCEPTIONS = 0x3F,
    X87_INITIAL_CONTROL = 0x37F,
    X87_CONTROL_BITS = 0x1F7F, X87_CONTROL_ONES = 0x40 /* what FLDCW keeps, and what always reads as 1 */
};
/* clang-format on */

struct x87 {
    struct float80 reg[8]; /* ST(i) is reg[(top + i) & 7]; an MMX register is the significand of the same number */
    struct float_env env;  /* rounding, precision and masks follow from `control`; flags: the exceptions of the status
                              word; rounded_up: its C1 */
    uint16_t control;
    uint16_t condition; /* C0 C2 C3 and SF, where the status word has them */
    uint8_t top;
    uint8_t used;    /* bit n: reg[n] is not empty */
    bool error;      /* an unmasked exception waits, and is not to be ignored: the next waiting instruction stops */
    bool ferr;       /* FERR#: one did stop, with CR0.NE clear */
    bool ignne;      /* IGNNE#: it may run all the same */
    uint16_t opcode; /* of the last instruction that was no control instruction: its first two bytes, less the upper
                        five bits */
    uint16_t cs, ds; /* selectors of its code and of its last memory operand */
    uint32_t ip, dp; /* and offsets */
};

#endif
