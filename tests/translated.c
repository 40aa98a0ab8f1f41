/* translated.c - see translated.h. */
#include "tests/translated.h"

#include <stdio.h>
#include <stdlib.h>

#include "emu/cpu/translate/internal.h"

#define ENOUGH 64u /* cases of a row, for one of them not to go the slow way */

bool translated_begin(struct translated_cases *c, const struct cpu *cpu)
{
    c->row = calloc(opcode_row_count, sizeof *c->row);
    if (!c->row) {
        fprintf(stderr, "no memory\n");
        exit(4);
    }
    return cpu->translator;
}

uint64_t translated_count(const struct cpu *cpu)
{
    return cpu->translator->statistics.ticks - cpu->translator->statistics.slow;
}

bool translated_compiles(const struct cpu *cpu, const struct insn *insn)
{
    const struct unit u = {.bits = context_bits(cpu), .second = NO_SECOND, .software = cpu->translator->software};

    return backend_compiles(&u, insn, NULL);
}

void translated_note(struct translated_cases *c, const struct insn *insn, bool compiled, bool ran)
{
    c->row[insn->row].compiled += compiled;
    c->row[insn->row].ran += ran;
}

bool translated_report(const struct translated_cases *c)
{
    unsigned rows = 0, missing = 0;
    unsigned long ran = 0, compiled = 0;

    for (unsigned n = 0; n < opcode_row_count; n++) {
        const struct translated_row *row = &c->row[n];
        ran += row->ran;
        compiled += row->compiled;
        rows += row->ran != 0;
        if (row->compiled < ENOUGH || row->ran)
            continue;
        missing++;
        printf("%s (%X): compiled, but none of %lu cases ran in translated code\n",
               operation_names[opcode_rows[n].operation], opcode_rows[n].opcode, row->compiled);
    }
    printf("%lu of them in translated code, of %u rows; %lu more of such rows by the interpreter\n", ran, rows,
           compiled - ran);
    return ran && !missing;
}
