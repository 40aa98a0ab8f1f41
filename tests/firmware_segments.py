#!/usr/bin/env python3
"""firmware_segments.py - the firmware reads its ROM by FS or CS and the BIOS data area by GS, and never by another segment.

While C code of the firmware runs, DS is the caller's stack (bios/rom.h). Its sources therefore access both areas by assembler
templates that name the segment. Two things must hold: the compiler made no such access by itself, as it may lose the segment; and no
instruction of any object, the assembler's included, reaches the ROM or the data area by DS, ES or SS. Usage: firmware_segments.py FOLDER,
where each object has its assembler text beside it if it is from C."""

import glob
import os
import re
import subprocess
import sys

HEADING = re.compile(r"^[0-9a-f]+ <(.*)>:")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t(.*)")
RELOCATION = re.compile(r"^\t+([0-9a-f]+): (R_386_(8|16|32))\t(\S+)")
NUMBER_ALONE = re.compile(r"(?:^|[ ,])(%[a-z]s:)?(0x[0-9a-f]+)(?:,|$)")
BIOS_DATA = range(0x400, 0x500)


def disassembled(path):
    """(function, offset, bytes, text, [(offset, size, symbol)]) of each instruction"""
    wide = os.path.basename(path).startswith(("flat_", "bios32"))       # 32-bit code
    out = subprocess.run(["objdump", "-dr", "--insn-width=16", "-m", "i386" if wide else "i8086", path],
                         stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    function, found = "", []
    for line in out.splitlines():
        if HEADING.match(line):
            function = HEADING.match(line).group(1)
        elif INSTRUCTION.match(line):
            at, octets, words = INSTRUCTION.match(line).groups()
            found.append((function, int(at, 16), len(octets.split()), words.split("#")[0].strip(), []))
        elif RELOCATION.match(line) and found:
            at, _, bits, symbol = RELOCATION.match(line).groups()
            if int(at, 16) < found[-1][1] + found[-1][2]:       # else it belongs to data, which objdump shows as such
                found[-1][4].append((int(at, 16), int(bits) // 8, symbol))
    return found


def unsegmented(path, from_c):
    """The instructions that reach ROM or BIOS data without the segment."""
    faults = []
    for function, start, length, words, relocations in disassembled(path):
        mnemonic, _, operands = words.partition(" ")
        if mnemonic.startswith("lea"):
            continue
        # An immediate operand is what an instruction ends with; every other address that the linker fills in is memory's.
        in_memory = [r for r in relocations if not ("$" in operands and r[0] + r[1] == start + length)]
        if in_memory and not re.search(r"%(fs|cs):", operands) and not mnemonic.startswith(("call", "jmp", "lcall", "ljmp", "j")):
            faults.append(f"{path}: {function}: {words}: {in_memory[0][2]} is ROM")
        for segment, number in NUMBER_ALONE.findall(operands) if from_c and not mnemonic.startswith("j") else ():
            if int(number, 16) in BIOS_DATA and segment != "%gs:" and not relocations and "$" + number not in operands:
                faults.append(f"{path}: {function}: {words}: BIOS data")
    return faults


def by_compiler(path):
    """The lines of a compiler's output that name FS or GS and are not from a template (those lie between #APP and #NO_APP)."""
    template, faults = False, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(("#APP", "#NO_APP")):
                template = line.startswith("#APP")
            elif not template and re.search(r"%[fg]s:", line):
                faults.append(f"{path}: {line.strip()}: the compiler's own access; it may lose the segment")
    return faults


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ["BUILD"] + "/bios"
    # The test sees what it looks for: accesses with and without.
    probe = os.path.join(os.environ["WORK"], "probe")
    with open(probe + ".s", "w", encoding="utf-8") as file:
        file.write(".code16\nprobe: movzwl table+2(,%edi,4), %ecx\nmovb 0x449, %al\naddb $1, table\n"
                   "movb %fs:table(%eax), %al\nmovb %gs:0x449, %al\nleal table(%eax), %ecx\nmovw $table, %ax\n"
                   "movw $table, %es:(%bx)\n.section .rom\ntable: .long 0\n")
    subprocess.run(["as", "--32", "-o", probe + ".o", probe + ".s"], check=True)
    seen = unsegmented(probe + ".o", True)
    faults = [] if len(seen) == 3 else [f"of 3 planted accesses {len(seen)} were found: {seen}"]
    objects = [o for o in sorted(glob.glob(folder + "/*.o")) if not os.path.basename(o).startswith(("start.", "firmware"))]      # start.S: a boot sector, DS = 0
    for path in objects:
        text = path[:-2] + ".s"
        faults += unsegmented(path, os.path.exists(text))
        if os.path.exists(text):
            faults += by_compiler(text)
    print("\n".join(faults + [f"{len(objects)} objects, {len(faults)} faults"]))
    return 1 if faults or not objects else 0


sys.exit(main())
