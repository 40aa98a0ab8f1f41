#!/bin/bash
# debian-apic.sh - Debian's kernel with local and I/O APIC: by the MADT where there is ACPI, and by the MP table, out of PIC mode by the IMCR, where there is not. Interrupts
# of timer, serial port, disks and the local APIC's timer come that way. Our firmware only: SeaBIOS' tables know no IMCR.
set -euo pipefail
. tests/guests/guest.sh
no_peer "our firmware describes the APICs of our machine, by a setting that peers have not"

tests/guests/linux/image.sh "$WORK" || exit
machine pc-i440fx pentium2 200 64 disk <<END
  fd0:
    kind: floppy 1.44M
  hd0:
    kind: disk
    image: linux.img
END
sed -i 's/^ports:/apic: yes\n&/' "$WORK/machine.yaml"
GUEST_FIRMWARE=ours guest
[ -z "${GUEST_PEER-}" ] || exit 0
sed -i 's/^apic:/acpi: no\n&/' machine.yaml
GUEST_FIRMWARE=ours
rm -f machine.mun picture.png
"$MUNIMENT" seal machine.yaml -o machine.mun --key key
both mp debian-apic-mp
