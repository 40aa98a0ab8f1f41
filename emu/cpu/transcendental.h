/* transcendental.h - the functions of the x87 unit that are not algebraic, each with one mathematical definition
 * (spec/processor.md, "Transcendental functions").
 *
 * Results are correctly rounded to 64 bits by the rounding of *e (precision control does not apply), whatever it takes:
 * evaluation at 128 bits, then 256, then doubling, until the rounding is certain; exact results and tiny arguments are
 * settled first. Operands are neither NaN, infinity, unnormal nor otherwise invalid unless a function says so: the x87
 * unit has answered those. Flags raised: inexact, underflow, denormal as the operand has it; rounded_up is C1. */
#ifndef MUNIMENT_EMU_TRANSCENDENTAL_H
#define MUNIMENT_EMU_TRANSCENDENTAL_H

#include "emu/cpu/softfloat.h"

/* |x| < 2^63; with P = C90FDAA22168C234Ch * 2^-66, k the integer nearest to 2x/P and r = x - kP/2 exactly: sin or cos
 * of r by k mod 4. */
struct float80 f80_sin(struct float80 x, struct float_env *e);
struct float80 f80_cos(struct float80 x, struct float_env *e);
struct float80 f80_tan(struct float80 x, struct float_env *e);
struct float80 f80_atan2(struct float80 y, struct float80 x, struct float_env *e); /* FPATAN, infinities and zeros
                                                                                      included */
struct float80 f80_2xm1(struct float80 x, struct float_env *e);                    /* outside of -1..1 defined too */
struct float80 f80_yl2x(struct float80 y, struct float80 x, struct float_env *e); /* y * log2(x), x > 0 finite, y finite
                                                                                   */
struct float80 f80_yl2xp1(struct float80 y, struct float80 x, struct float_env *e); /* y * log2(x + 1), x > -1 */

#endif
