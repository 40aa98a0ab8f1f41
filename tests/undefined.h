/* undefined.h - flags that an instruction leaves undefined: the decoder's column, but for what depends on a count. */
#ifndef MUNIMENT_TESTS_UNDEFINED_H
#define MUNIMENT_TESTS_UNDEFINED_H

#include "emu/cpu/cpu.h"

/* `ecx` is the register before the instruction. A count of 0 leaves nothing undefined, one of 1 defines OF. */
static inline uint32_t undefined_flags(const struct insn *insn, uint32_t ecx)
{
    const struct opcode_row *row = &opcode_rows[insn->row];
    bool by_cl = insn->form == FORM_RC || insn->form == FORM_MC || insn->form == FORM_RRC || insn->form == FORM_MRC;
    unsigned count = (by_cl ? ecx : insn->immediate) & 31;

    switch (insn->operation) {
    /* clang-format off */
    case OP_SHL: case OP_SHR: case OP_SAR: case OP_ROL: case OP_ROR: case OP_RCL: case OP_RCR: case OP_SHLD: case OP_SHRD:
        return !count ? 0 : count == 1 ? row->undefined & ~(uint32_t)FLAG_OF : row->undefined;
    /* clang-format on */
    default: return row->undefined;
    }
}

#endif
