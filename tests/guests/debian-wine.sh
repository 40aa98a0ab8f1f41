#!/bin/bash
# debian-wine.sh - Wine on Debian's kernel and X server, whose driver for Cirrus chips uses a GD5446 itself: programs for Windows, of 32 and of 16 bits, by mouse and keyboard. To make
# the system takes root, the network and some minutes, once.
set -euo pipefail
. tests/guests/guest.sh
PATH=$PATH:/usr/sbin:/sbin

no_peer "peers have another display here"
tests/guests/linux/wine.sh || exit
cp -r tests/guests/linux/wine "$WORK/extra"
(
    cd "$WORK/extra"
    gcc -m32 -c -o hello16.o hello16.S && ld -m elf_i386 -Ttext=0 --oformat=binary -o hello16.exe hello16.o && rm hello16.*[oS]
)
EXTRA=$WORK/extra MODULES="drivers/input/evdev drivers/input/mouse/psmouse" tests/guests/linux/image.sh "$WORK" || exit
debian wine pentium3 200 192
sed -i 's/^display: vga/display: cirrus gd5446/' "$WORK/machine.yaml"
GUEST_LIMIT=600 guest
