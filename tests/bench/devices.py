#!/usr/bin/env python3
"""devices.py - what sound and network cost.

    tests/bench/devices.py BUILD [ROUNDS]

The runs that are compared run at the same time on one processor of the host (record.py). Sound: all 18 voices of an OPL3 and the DSP of a Sound Blaster 16, against the same
machine without the card and against one whose card is silent, in percent of a core at real time. A set: two machines that compute, against the two of them by themselves. A
network card on a cable that says nothing, against none. Medians of ROUNDS (5), by user CPU time."""

import os
import statistics
import sys
import tempfile

from record import MANIFEST, user_seconds

SECONDS = 40


def write(folder, name, image, mips, lines):
    os.path.exists(f"{folder}/{os.path.basename(image)}") or os.symlink(image, f"{folder}/{os.path.basename(image)}")
    with open(f"{folder}/{name}.yaml", "w", encoding="ascii") as file:
        file.write(MANIFEST.format(type="pc-isa", cpu="i486", mips=mips, memory=16, drives="fd0:\n    kind: floppy 1.44M", image=os.path.basename(image), boot="floppy") + lines)


def network(number, cable="yes"):
    return f"network:\n  card: ne2000\n  address: 02:00:00:00:00:{number:02}\n  cable: {cable}\n"


def main(build="build", rounds="5"):
    build = os.path.abspath(build)
    with tempfile.TemporaryDirectory() as folder:
        until = lambda name: f"time:{SECONDS}" if name in ("silent", "heard") else "poweroff"
        boot = lambda name: [f"{build}/muniment", "boot", f"{folder}/{name}.yaml", "--until", until(name)]
        # What ends with a power-off takes a tenth of a second: ten times.
        run = lambda name: boot(name) if until(name) != "poweroff" else ["sh", "-c", 'for n in 0 1 2 3 4 5 6 7 8 9; do "$@" || exit; done', "sh", *boot(name)]
        median = lambda names, value: statistics.median(value(*user_seconds([run(name) for name in names])) for _ in range(int(rounds)))
        voices, integer = f"{build}/bench/voices.img", f"{build}/bench/integer.img"
        write(folder, "silent", voices, 25, "")
        write(folder, "heard", voices, 25, "sound:\n  card: sb16\n")
        write(folder, "quiet", integer, 25, "sound:\n  card: sb16\n")
        write(folder, "bare", integer, 25, "")
        write(folder, "carded", integer, 25, network(1))
        write(folder, "first", integer, 20, network(1))  # goes off last
        write(folder, "second", integer, 25, network(2))
        with open(f"{folder}/set.yaml", "w", encoding="ascii") as file:
            file.write("muniment: set 0\nmachines:\n  - name: first\n    machine: first.yaml\n  - name: second\n    machine: second.yaml\n")
        print(f"Sound Blaster 16 with 18 voices      {100 * median(('silent', 'heard'), lambda silent, heard: heard - silent) / SECONDS:6.2f} % of a core at real time")
        print(f"the same card, silent                {100 * median(('bare', 'quiet'), lambda bare, quiet: quiet / bare - 1):+6.2f} % of what the machine takes")
        print(f"a network card that hears nothing    {100 * median(('bare', 'carded'), lambda bare, carded: carded / bare - 1):+6.2f} %")
        print(f"a set of two, against the two        {100 * median(('first', 'second', 'set'), lambda first, second, both: both / (first + second) - 1):+6.2f} %")


if __name__ == "__main__":
    main(*sys.argv[1:])
