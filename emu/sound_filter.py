#!/usr/bin/env python3
"""sound_filter.py - prints emu/sound_filter.h, the filter of spec/sound.md: a sinc of 0.92 of the lower Nyquist frequency under a Kaiser
window with beta 8, 16 zero crossings to each side, 64 values between two of them, in 32768ths."""
from decimal import Decimal, getcontext

getcontext().prec = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
CUT, BETA = Decimal("0.92"), 8


def sine(x):
    x %= 2 * PI
    term, total, n = x, x, 1
    while abs(term) > Decimal(10) ** -50:
        term *= -x * x / ((n + 1) * (n + 2))
        total += term
        n += 2
    return total


def bessel(x):
    """I0."""
    term = total = Decimal(1)
    n = 1
    while term > Decimal(10) ** -50:
        term *= (x / 2) ** 2 / (n * n)
        total += term
        n += 1
    return total


def value(i):
    x = CUT * PI * i / 64
    sinc = sine(x) / x if i else Decimal(1)
    window = bessel(BETA * (1 - (Decimal(i) / 1024) ** 2).sqrt()) / bessel(Decimal(BETA))
    return int((32768 * CUT * sinc * window).to_integral_value(rounding="ROUND_HALF_EVEN"))


values = [value(i) for i in range(1024)] + [0]
print("/* sound_filter.h - printed by sound_filter.py, not to be edited: the right half of the filter of spec/sound.md. */")
print("/* clang-format off */")
print(f"static const int16_t sound_filter[{len(values)}] = {{")
for at in range(0, len(values), 16):
    print("    " + ", ".join(str(v) for v in values[at:at + 16]) + ",")
print("};\n/* clang-format on */")
