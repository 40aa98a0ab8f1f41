#!/bin/bash
# debian-pnp.sh - Debian's kernel without ACPI, as Windows 95 to ME would have the machine: its driver of the Plug and Play BIOS calls ours in protected mode on
# a 32-bit stack and finds every node, and interrupts go by the routing table. Our firmware only: SeaBIOS' Plug and Play BIOS has no nodes.
set -euo pipefail
. tests/guests/guest.sh

no_peer "peers have no setting for a machine without ACPI"
tests/guests/linux/image.sh "$WORK" || exit
machine pc-i440fx pentium2 200 64 disk <<END
  fd0:
    kind: floppy 1.44M
  hd0:
    kind: disk
    image: linux.img
END
sed -i 's/^ports:/acpi: no\n&/' "$WORK/machine.yaml"
GUEST_FIRMWARE=ours guest
