/* translated.h - which cases of x87_host and simd_host ran in code that the translator made. Each row of the decoder's
 * table that the back end compiles must have had one. */
#ifndef MUNIMENT_TESTS_TRANSLATED_H
#define MUNIMENT_TESTS_TRANSLATED_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct insn;

struct translated_cases {
    struct translated_row {
        /* Of cases: whose context was one for which the back end compiles the row; that ran in translated code. */
        unsigned long compiled, ran;
    } * row;
};

/* False: there is no translator. Ends the program if there is no memory. */
bool translated_begin(struct translated_cases *c, const struct cpu *cpu);
/* How many instructions the back end's own code has done. */
uint64_t translated_count(const struct cpu *cpu);
/* Whether the back end compiles an instruction in the context in which the processor is. */
bool translated_compiles(const struct cpu *cpu, const struct insn *insn);
void translated_note(struct translated_cases *c, const struct insn *insn, bool compiled, bool ran);
/* Prints the counts. False: of a row that is compiled no case ran in translated code, or none at all did. */
bool translated_report(const struct translated_cases *c);

#endif
