#!/usr/bin/env python3
"""disassemble.py - a trace of translation (muniment boot --trace-translation FILE) with the host's instructions in the
place of the host's bytes, by objdump.

    tests/bench/disassemble.py FILE [EIP ...]      only blocks of these addresses, in hexadecimal, if there are any
"""

import re
import subprocess
import sys
import tempfile

HOST = re.compile(r"    \+([0-9a-f]+)((?: [0-9a-f]{2})+)$")
BLOCK = re.compile(r"block ([0-9a-f]+) ")
JUMP = re.compile(r"((?:j\w+|call) +)0x([0-9a-f]+)$")


def wanted(lines, addresses):
    """The lines of the blocks that are asked for."""
    shown = not addresses
    for line in lines:
        block = BLOCK.match(line)
        if block and addresses:
            shown = int(block[1], 16) in addresses
        if shown:
            yield line


def instructions(code):
    """From the place of an instruction in the code to its text. All runs of bytes begin and end with an instruction."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(code)
        file.flush()
        command = ["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn", file.name]
        listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        place, colon, text = line.partition(":\t")
        if colon:
            found[int(place, 16)] = text.strip()
    return found


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        lines = list(wanted(file.read().splitlines(), {int(word, 16) for word in sys.argv[2:]}))
    runs = [HOST.match(line) for line in lines]
    text = instructions(b"".join(bytes.fromhex(run[2]) for run in runs if run))
    at = base = 0
    for line, run in zip(lines, runs):
        if not run:
            print(line)
            continue
        if int(run[1], 16) == 0:
            base = at
        start = at
        at += len(run[2]) // 3
        for place in range(start, at):
            if place in text:
                jump = JUMP.match(text[place])
                target = (int(jump[2], 16) - base) & 0xFFFFFFFFFFFFFFFF if jump else 0
                shared = target >> 31 and "shared code" or f"+{target:04x}"
                print(f"    +{place - base:04x} {jump[1] + shared if jump else text[place]}")


if __name__ == "__main__":
    main()
