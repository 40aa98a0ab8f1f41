#!/bin/bash
# firmware-probe.sh - the firmware's tests on a machine with a Cirrus chip, both APICs and VMware's backdoor, whose pointer is moved.
set -euo pipefail
. tests/guests/guest.sh
no_peer "bios/tests/ run on peers by themselves (firmware.sh)"
cp "$BUILD/bios/test.img" "$WORK"
machine pc-i440fx pentium2 25 16 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: test.img
END
sed -i 's/^ports:/apic: yes\n&/; s/^display: vga/display: cirrus gd5446\npointer: absolute/' "$WORK/machine.yaml"
GUEST_FIRMWARE=ours guest
