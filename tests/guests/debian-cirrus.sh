#!/bin/bash
# debian-cirrus.sh - Debian's kernel with its driver cirrusfb on each Cirrus chip: what the console draws through the BitBLT engine equals what it draws with the
# processor, in 8, 16 and 24 bits.
set -euo pipefail
. tests/guests/guest.sh

[[ ${GUEST_PEER-} != */bochs.py ]] || skip "Bochs' Cirrus chip has no VGA BIOS of ours"
EXTRA=$PWD/tests/guests/linux/cirrus MODULES=drivers/video/fbdev/cirrusfb tests/guests/linux/image.sh "$WORK" || exit
machine pc-i440fx pentium2 200 64 disk <<END
  hd0:
    kind: disk
    image: linux.img
END
sed -i 's/^display: vga/display: cirrus gd5446/' "$WORK/machine.yaml"
for chip in gd5430 gd5434; do
    sed "s/gd5446/$chip/" "$WORK/machine.yaml" >"$WORK/$chip.yaml"
    [ -n "${GUEST_PEER-}" ] || (cd "$WORK" && run "$chip" "$chip.yaml" debian-cirrus --engine translator | tail -n 1)
done
guest
