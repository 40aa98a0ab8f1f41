#!/usr/bin/env python3
"""transcendental_tables.py - writes transcendental_tables.h: constants to 1,024 bits, and the landmarks from which logarithms and angles are measured.

    python3 emu/cpu/transcendental_tables.py >emu/cpu/transcendental_tables.h

Everything is computed here, in integers, from the series atanh z = z + z^3/3 + ... and atan z = z - z^3/3 + .... The file is the same whoever writes it."""
from fractions import Fraction
from itertools import product
from math import atan2, gcd, pi

BITS, GUARD, SLOTS = 1024, 64, 32
ONE = 1 << (BITS + GUARD)


def odd_series(numerator, denominator, sign):
    """atanh (sign 1) or atan (sign -1) of a fraction, times ONE."""
    power, total, n = ONE * numerator // denominator, 0, 1
    while power:
        total += power // n
        power = sign * power * numerator * numerator // (denominator * denominator)
        n += 2
    return total


def log(fraction):
    return 2 * odd_series(fraction.numerator - fraction.denominator, fraction.numerator + fraction.denominator, 1)


LN2 = log(Fraction(2))


def log2(fraction):
    return log(fraction) * ONE // LN2


CONSTANTS = [
    ("ln_2", "ln 2", LN2),
    ("half_log2_e", "1 / (2 ln 2)", ONE * ONE // (2 * LN2)),
]
LOGARITHMS = [(f"log2({p}/{q})", log2(Fraction(p, q))) for p, q in ((3, 2), (5, 4), (7, 4))]
ANGLES = [("pi/4", 4 * odd_series(1, 5, -1) - odd_series(1, 239, -1)),
          ("arg(2 + i)", odd_series(1, 2, -1)), ("arg(3 + 2i)", odd_series(2, 3, -1)), ("arg(4 + i)", odd_series(1, 4, -1))]


def limbs(value):
    value >>= GUARD
    assert 0 < value < 1 << BITS
    words = [f"0x{value >> (BITS - 32 * (i + 1)) & 0xFFFFFFFF:08X}" for i in range(BITS // 32)]
    return ",\n     ".join(", ".join(words[i:i + 8]) for i in range(0, len(words), 8))


def log_landmarks():
    """For each 1/32 of 1..2 the simplest 7-smooth p such that p/2^s lies near its middle."""
    smooth = sorted((3**b * 5**c * 7**d, b, c, d) for b, c, d in product(range(10), range(7), range(6)) if 3**b * 5**c * 7**d < 1 << 20)
    rows = [(1, 0, 0, 0)]
    for slot in range(1, SLOTS):
        middle = 1 + (slot + 0.5) / SLOTS
        rows.append(next(row for row in smooth if abs(row[0] / (1 << row[0].bit_length() - 1) - middle) < 1 / 128))
    return rows


def angle_landmarks():
    """For each 1/32 of 0..1 the simplest a + bi, a product of the four Gaussian primes and their conjugates, such that b/a lies near its middle."""
    primes = [(1, 1), (2, 1), (3, 2), (4, 1)]
    found = []
    for powers in product(range(-7, 8), *[range(-3, 4)] * 3):
        a, b = 1, 0
        for (x, y), power in zip(primes, powers):
            for _ in range(abs(power)):
                y_signed = y if power > 0 else -y
                a, b = a * x - b * y_signed, a * y_signed + b * x
        angle = sum(atan2(y, x) * power for (x, y), power in zip(primes, powers))
        if 0 < angle <= pi / 4 + 1e-9:
            found.append((a // gcd(a, b), b // gcd(a, b), powers))
    found.sort()
    rows = [(1, 0, (0, 0, 0, 0))]
    for slot in range(1, SLOTS):
        a, b, powers = next(row for row in found if abs(row[1] / row[0] - (slot + 0.5) / SLOTS) < 1 / 128)
        rows.append((a, b, powers))
    return rows


def rows_of(items, per_line):
    return "\n".join("    " + " ".join(items[i:i + per_line]) for i in range(0, len(items), per_line))


print("""/* transcendental_tables.h - written by transcendental_tables.py; do not edit. Included by transcendental.c only.
 *
 * Constants are fractions of 32 limbs, the highest first, cut off. A landmark is a number whose logarithm, or a direction whose angle, is a sum of
 * few constants: an argument is measured from the landmark of its 1/32, so that the series that remains is short. */
/* clang-format off */
""")
for name, meaning, value in CONSTANTS:
    print(f"/* {meaning} */\nstatic const uint32_t {name}[BIG_LIMBS] = {{\n     {limbs(value)}}};\n")
for name, constants in (("log_units", LOGARITHMS), ("angle_units", ANGLES)):
    print(f"static const uint32_t {name}[][BIG_LIMBS] = {{")
    for meaning, value in constants:
        print(f"    {{ /* {meaning} */\n     {limbs(value)}}},")
    print("};\n")
print("""/* log2(p / 2^s) is, except for its integer part, the sum of log_units times units; p / 2^s, between 1 and 2, is near 1 + (i + 1/2)/32. */
static const struct log_landmark { uint32_t p; int8_t units[3]; } log_landmarks[] = {""")
print(rows_of([f"{{{p}, {{{b}, {c}, {d}}}}}," for p, b, c, d in log_landmarks()], 6))
print("};\n")
print("""/* atan(b / a) is the sum of angle_units times units; b / a is near (i + 1/2)/32. */
static const struct angle_landmark { uint16_t a, b; int8_t units[4]; } angle_landmarks[] = {""")
print(rows_of([f"{{{a}, {b}, {{{', '.join(map(str, powers))}}}}}," for a, b, powers in angle_landmarks()], 5))
print("};")
