#!/usr/bin/env python3
"""vectors386.py - the runner of captured 80386 cases (vectors386.c) tells right cases from wrong ones.

The cases are written here, in the MOO format: each is right, or wrong in one thing, or one that must not be run."""
import os
import struct
import subprocess
import sys

REGISTERS = "cr0 cr3 eax ebx ecx edx esi edi ebp esp cs ds es fs gs ss eip eflags dr6 dr7".split()
START = {"eax": 0x1234FFFF, "edx": 0x22, "esp": 0x1000, "cs": 0x200, "ds": 0x300, "es": 0x400, "ss": 0x500, "eip": 0x10, "eflags": 2}
AF, CF, PF, ZF = 0x10, 1, 4, 0x40
HALT = 0xF4


def chunk(name, data):
    return name.encode() + struct.pack("<I", len(data)) + data


def registers(name, values):
    present = sum(1 << n for n, register in enumerate(REGISTERS) if register in values)
    return chunk(name, struct.pack("<I", present) + b"".join(struct.pack("<I", values[r]) for r in REGISTERS if r in values))


def memory(entries):
    return chunk("RAM ", struct.pack("<I", len(entries)) + b"".join(struct.pack("<IB", *entry) for entry in entries.items()))


def case(code, after, ram=None, written=None, exception=None, number=[0]):
    """A case of `code` and HLT; returns its chunk and its hash."""
    number[0] += 1
    digest = bytes([number[0]] * 20)
    start = START["cs"] * 16 + START["eip"]
    before = {start + n: byte for n, byte in enumerate(code + bytes([HALT]))} | (ram or {})
    data = struct.pack("<I", number[0])
    data += chunk("NAME", struct.pack("<I", 4) + b"case")
    data += chunk("BYTS", struct.pack("<I", len(code) + 1) + code + bytes([HALT]))
    data += chunk("INIT", registers("RG32", dict.fromkeys(REGISTERS, 0) | START) + memory(before))
    data += chunk("FINA", registers("RG32", {"eip": START["eip"] + len(code) + 1} | after) + memory(written or {}))
    if exception:
        data += chunk("EXCP", struct.pack("<BI", *exception))
    return chunk("TEST", data + chunk("HASH", digest)), digest


def words(address, *values):
    return {address + n: byte for n, byte in enumerate(b"".join(struct.pack("<H", value) for value in values))}


INC = bytes([0x40])                            # inc ax: of FFFFh
DONE = {"eax": 0x12340000, "eflags": 2 | AF | PF | ZF}
STORE = bytes([0xA2, 0x00, 0x01])              # mov [100h], al
STORED = {0x3100: 0xFF}
UNDEFINED = bytes([0xF0, 0x90])                # lock nop: #UD
HANDLER = words(4 * 6, 0x20, 0x600) | {0x6020: HALT}
PUSHED = words(0x5FFA, 0x10, 0x200, 2)
FAULTED = {"esp": 0x0FFA, "eip": 0x21, "cs": 0x600}
FILL = bytes([0xAA])                           # stosb, to its own HLT
REPLACED = START["cs"] * 16 + START["eip"] + 1

RIGHT = [
    case(INC, DONE),
    case(INC, DONE | {"eflags": 2 | PF | ZF}),  # AF is undefined in this file
    case(STORE, {}, written=STORED),
    case(UNDEFINED, FAULTED, HANDLER, PUSHED, (6, 0x5FFE)),
    case(UNDEFINED, FAULTED, HANDLER, PUSHED | {0x5FFE: 2 | AF}, (6, 0x5FFE)),
]
WRONG = [
    case(INC, DONE | {"eax": 0x12350000}),
    case(INC, DONE | {"ds": 0x301}),
    case(INC, DONE | {"eip": 0x13}),
    case(INC, DONE | {"eflags": 2 | AF | PF | ZF | CF}),
    case(STORE, {}),
    case(STORE, {}, written={0x3100: 0xFE}),
    case(STORE, {}, written=STORED | {0x7000: 1}),
    case(UNDEFINED, FAULTED, HANDLER, PUSHED | {0x5FFE: 2 | CF}, (6, 0x5FFE)),
    case(bytes([0xEB, 0xFE]), {}),              # jmp $: there is no HLT
]
SKIPPED = [
    case(INC, {"eax": 0}),                      # revoked
    case(bytes([0xE4, 0x22]), {"eax": 0}),      # in al, 22h
    case(bytes([0xED]), {"eax": 0}),            # in ax, dx
    case(FILL, {}, written={REPLACED: 0xFF}),
]


def run(folder, data):
    with open(os.path.join(folder, "cases.MOO"), "wb") as file:
        file.write(data)
    done = subprocess.run([os.path.join(os.environ["BUILD"], "tests", "vectors386"), folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


def whole(cases):
    header = struct.pack("<BBHI", 1, 1, 0, len(cases)) + b"386E"
    return chunk("MOO ", header) + registers("RM32", {"eflags": 0xFFFFFFFF ^ AF}) + b"".join(data for data, _ in cases)


def main():
    folder, failed = os.environ["WORK"], 0
    with open(os.path.join(folder, "revocation_list.txt"), "w") as file:
        file.write("# one hash a line\n" + SKIPPED[0][1].hex() + "\n")

    def holds(what, truth, shown=""):
        nonlocal failed
        print("ok:" if truth else "FAILED:", what, "" if truth else shown)
        failed += not truth

    status, lines, _ = run(folder, whole(RIGHT + SKIPPED))
    holds("right cases pass, and those that must not run are skipped", status == 0 and lines[-1] == f"{len(RIGHT)} passed, 0 failed", lines)
    holds("each reason for skipping is counted", sorted(line.split()[0] for line in lines if " skipped: " in line) == ["1", "1", "2"], lines)
    for n, wrong in enumerate(WRONG):
        status, lines, _ = run(folder, whole([RIGHT[0], wrong]))
        holds(f"wrong case {n} fails", status == 1 and lines[-1] == "1 passed, 1 failed", lines)
    for cut in (3, 11, 25, len(whole(RIGHT)) - 1):
        status, _, errors = run(folder, whole(RIGHT)[:cut])
        holds(f"a file of {cut} bytes is malformed", status == 3 and "malformed" in errors, errors)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
