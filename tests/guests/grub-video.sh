#!/bin/bash
# grub-video.sh - GRUB's driver for Cirrus chips sets a mode and draws its test picture; by VBE it reads the EDID that our VGA BIOS has from the chip's pins.
set -euo pipefail
. tests/guests/guest.sh
[[ ${GUEST_PEER-} != */bochs.py ]] || skip "Bochs' Cirrus chip has no VGA BIOS of ours"
medium grub.iso /usr/lib/grub-rescue/grub-rescue-cdrom.iso 895e963832b7bf6c9cf20cf608e2f2fca7540f1ccaf46e31048c7b299b8c3566 "package grub-rescue-pc"
machine pc-i440fx pentium 50 32 cdrom <<END
  hd2:
    kind: cdrom
    image: grub.iso
END
sed -i 's/^display: vga/display: cirrus gd5446\nmonitor: 1024x768/' "$WORK/machine.yaml"
[ -n "${GUEST_PEER-}" ] || (cd "$WORK" && run edid machine.yaml grub-edid --engine translator | tail -n 1)
guest
