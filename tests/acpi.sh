#!/bin/bash
# acpi.sh - the ACPI tables that a system finds in memory: iasl reads them, and compiles the DSDT again without an error (it warns
# of what ACPI 1.0 wants: Processor(), and a root bridge with an address); the DSDT has
# the nodes that Windows looks for; and nothing promises an APIC.
set -u
command -v iasl >/dev/null || { echo "no iasl (Debian: acpica-tools)"; exit 77; }
. tests/facts.sh
image=$(realpath "$BUILD/bios/test.img")
cd "$WORK"
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
ports:
  - com1
display: vga
drives:
  fd0:
    kind: floppy 1.44M
    image: floppy.img
END
gives "the machine starts and prints its tables" 0 "$MUNIMENT" boot machine.yaml --until poweroff --limit 300 --serial serial
python3 - <<'END'
for line in open("serial", encoding="ascii"):
    if line.startswith("table "):
        table = bytes.fromhex(line[6:].strip())
        with open(table[:4].decode().lower() + ".dat", "wb") as file:
            file.write(table)
END
for table in rsdt facp dsdt; do
    gives "iasl reads $table" 0 iasl -d "$table.dat"
done
gives "iasl compiles the DSDT again" 0 iasl -p again dsdt.dsl
says "without an error" out " 0 Errors"
says "the bridge to ISA is a node of the PCI bus" dsdt.dsl "Device (ISA)"
says "the FACS has its signature" <(head -c 4 facs.dat) FACS
for absent in apic _mp_; do
    [ ! -e $absent.dat ]
    passed "no $absent" $?
done
! grep -q APIC <(xxd -p -r <(sed -n 's/^table //p' serial | tr -d '\r\n') | head -c 200)
passed "the RSDT leads to no MADT" $?
facts acpi
