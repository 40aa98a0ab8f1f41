#!/bin/bash
# acpi.sh - the ACPI tables that a system finds in memory: iasl reads them, and compiles the DSDT again without an error (it warns
# of what ACPI 1.0 wants: Processor(), and a root bridge with an address); the DSDT has
# the nodes that Windows looks for. Nothing promises an APIC, unless the machine has one: then iasl reads the MADT, and the table of
# the MultiProcessor Specification says the same.
set -u
command -v iasl >/dev/null || { echo "no iasl (Debian: acpica-tools)"; exit 77; }
. tests/facts.sh
image=$(realpath "$BUILD/bios/test.img")

# machine FOLDER [LINE]: starts a machine that prints its tables, in a folder of its own; a further line of its manifest.
machine()
{
    mkdir "$WORK/$1" && cd "$WORK/$1" || exit
    cp "$image" floppy.img
    truncate -s 1474560 floppy.img
    cat >machine.yaml <<END
muniment: machine 0
machine: pc-i440fx
cpu:
  model: pentium2
  speed: 25 MIPS
memory: 16 MiB
firmware:
  system: built-in 0
  video: built-in 0
clock: 1993-01-01T00:00:00
boot:
  - floppy
${2-}
ports:
  - com1
display: vga
drives:
  fd0:
    kind: floppy 1.44M
    image: floppy.img
END
    gives "$1: the machine starts and prints its tables" 0 "$MUNIMENT" boot machine.yaml --until poweroff --limit 300 --serial serial
    ! grep BAD serial >out
    passed "$1: the firmware's own test finds no fault" $?
    python3 - <<'END'
for line in open("serial", encoding="ascii"):
    if line.startswith("table "):
        table = bytes.fromhex(line[6:].strip())
        with open(table[:4].decode().lower() + ".dat", "wb") as file:
            file.write(table)
END
    for table in rsdt facp dsdt; do
        gives "$1: iasl reads $table" 0 iasl -d "$table.dat"
    done
    gives "$1: iasl compiles the DSDT again" 0 iasl -p again dsdt.dsl
    says "$1: without an error" out " 0 Errors"
}

machine plain
says "the bridge to ISA is a node of the PCI bus" dsdt.dsl "Device (ISA)"
says "the FACS has its signature" <(head -c 4 facs.dat) FACS
for absent in apic pcmp; do
    [ ! -e $absent.dat ]
    passed "no $absent" $?
done
! grep -q APIC <(xxd -p -r <(sed -n 's/^table //p' serial | tr -d '\r\n') | head -c 200)
passed "the RSDT leads to no MADT" $?

machine apic "apic: yes"
gives "iasl reads apic" 0 iasl -d apic.dat
gives "the MADT has processor and I/O APIC, IRQ 0 at interrupt 2, the SCI level-triggered, NMI at LINT1" 0 python3 - <<'END'
import struct
madt = open("apic.dat", "rb").read()
assert struct.unpack_from("<II", madt, 36) == (0xFEE00000, 1)
entries, at = [], 44
while at < len(madt):
    entries.append(madt[at:at + madt[at + 1]])
    at += madt[at + 1]
assert at == len(madt)
assert entries[0] == struct.pack("<BBBBI", 0, 8, 0, 0, 1)
assert entries[1] == struct.pack("<BBBBII", 1, 12, 1, 0, 0xFEC00000, 0)
assert entries[2] == struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0)
assert entries[3] == struct.pack("<BBBBIH", 2, 10, 0, 9, 9, 0x0D)
assert entries[4:] == [struct.pack("<BBBHB", 4, 6, 0, 0, 1)]
END
gives "the MP table has processor, buses and I/O APIC, and where each interrupt leads" 0 python3 - <<'END'
import struct
table = open("pcmp.dat", "rb").read()
assert table[:4] == b"PCMP" and table[6] == 4 and struct.unpack_from("<I", table, 36)[0] == 0xFEE00000
entries, at = [], 44
while at < len(table):
    length = 20 if table[at] == 0 else 8
    entries.append(table[at:at + length])
    at += length
assert at == len(table) and len(entries) == struct.unpack_from("<H", table, 34)[0]
processor, pci, isa, io_apic = entries[:4]
assert processor[:4] == bytes([0, 0, 0x11, 3]) and struct.unpack_from("<II", processor, 4) == (0x652, 0x0183FBFF)
assert (pci, isa) == (b"\1\0PCI   ", b"\1\1ISA   ")
assert io_apic == struct.pack("<BBBBI", 2, 1, 0x11, 1, 0xFEC00000)
interrupts = {(e[0], e[1], e[4], e[5]): (e[7], struct.unpack_from("<H", e, 2)[0], e[6]) for e in entries[4:]}
assert len(interrupts) == len(entries) - 4
for irq in range(16):
    flags = 0x0D if irq in (9, 10, 11) else 0
    assert irq == 2 or interrupts.pop((3, 0, 1, irq)) == (irq or 2, flags, 1)
assert interrupts.pop((3, 3, 1, 0)) == (0, 0, 1)
for slot in (1, 2):
    for pin in range(4):
        assert interrupts.pop((3, 0, 0, slot << 2 | pin)) == (16 + (slot - 1 + pin) % 4, 0, 1)
assert interrupts == {(4, 3, 1, 0): (0, 0, 255), (4, 1, 1, 0): (1, 0, 255)}
END
says "_PIC switches the board over" dsdt.dsl "Method (_PIC, 1"
gives "_PRT leads to the I/O APIC's pins 16 to 19 as the links lead to PIRQA to PIRQD" 0 python3 - <<'END'
import re
text = open("dsdt.dsl", encoding="latin-1").read()
assert re.search(r"Method \(_PRT.*?If \(\\?PICF\).*?Return \(PRTA\).*?Return \(PRTP\)", text, re.S)
number = {"Zero": 0, "One": 1}
middle, end = text.index("Name (PRTP"), text.index("Device (ISA)")
by_apic = re.findall(r"0x([0-9A-F]{8}),\s*(\w+),\s*Zero,\s*0x([0-9A-F]+)\s*}", text[text.index("Name (PRTA"):middle])
by_pic = re.findall(r"0x([0-9A-F]{8}),\s*(\w+),\s*\^?LNK([A-D]),\s*Zero\s*}", text[middle:end])
assert len(by_apic) == len(by_pic) == 60
for (slot, pin, interrupt), link in zip(by_apic, by_pic):
    assert link == (slot, pin, "ABCD"[int(interrupt, 16) - 16])
END
facts acpi
