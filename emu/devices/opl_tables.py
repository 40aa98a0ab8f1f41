#!/usr/bin/env python3
"""opl_tables.py - prints emu/devices/opl_tables.h: the two ROMs of Yamaha's OPL, which photographs of the opened chips show to be these functions."""
from decimal import Decimal, getcontext

getcontext().prec = 50
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
LN2 = Decimal(2).ln()


def sine(x):
    term, total, n = x, x, 1
    while abs(term) > Decimal(10) ** -45:
        term *= -x * x / ((n + 1) * (n + 2))
        total += term
        n += 2
    return total


def nearest(x):
    return int(x.to_integral_value(rounding="ROUND_HALF_EVEN"))


def show(name, what, values):
    print(f"\n/* {what} */\nstatic const uint16_t {name}[256] = {{")
    for at in range(0, 256, 16):
        print("    " + ", ".join(str(v) for v in values[at:at + 16]) + ",")
    print("};")


print("/* opl_tables.h - printed by opl_tables.py, not to be edited: the ROMs of the OPL. */\n/* clang-format off */")
show("log_sine", "A quarter of a sine: -256 log2 sin((i + 1/2) pi / 512).",
     [nearest(-256 * sine((i + Decimal("0.5")) * PI / 512).ln() / LN2) for i in range(256)])
show("power", "1,024 * 2^((255 - i) / 256).", [nearest(1024 * (Decimal(255 - i) / 256 * LN2).exp()) for i in range(256)])
print("/* clang-format on */")
