#!/bin/bash
# debian-cirrus.sh - Debian's kernel with its driver cirrusfb on a Cirrus GD5446: what the console draws through the BitBLT engine equals what it draws with the
# processor, in 8, 16 and 24 bits. Our firmware only: SeaBIOS' VGA BIOS here is that of another card.
set -euo pipefail
. tests/guests/guest.sh

[ -z "${GUEST_PEER-}" ] || { echo "peers have another display here"; exit 77; }
EXTRA=$PWD/tests/guests/linux/cirrus MODULES=drivers/video/fbdev/cirrusfb tests/guests/linux/image.sh "$WORK" || exit
machine pc-i440fx pentium2 200 64 disk <<END
  hd0:
    kind: disk
    image: linux.img
END
sed -i 's/^display: vga/display: cirrus gd5446/' "$WORK/machine.yaml"
GUEST_FIRMWARE=ours guest
