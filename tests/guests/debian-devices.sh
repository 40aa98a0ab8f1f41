#!/bin/bash
# debian-devices.sh - Debian's kernel with its drivers for what has none of its own elsewhere: a floppy is read and written, Microsoft's serial mouse is attached at COM2 and
# moved, and the PCI bus has what there is.
set -euo pipefail
. tests/guests/guest.sh

no_peer "peers have another PCI bus, and no serial mouse of Microsoft's"
cp -r tests/guests/linux/devices "$WORK/extra"
"${DEMO_CC:-gcc}" -m32 -Os -ffreestanding -nostdlib -static -fno-pic -no-pie -fno-stack-protector -Wall -Wextra -Werror -o "$WORK/extra/mouse" "$WORK/extra/mouse.c"
"$WORK/extra/pattern" >"$WORK/floppy.img"
EXTRA=$WORK/extra MODULES="drivers/block/floppy drivers/input/evdev drivers/input/serio/serport drivers/input/mouse/sermouse" tests/guests/linux/image.sh "$WORK" || exit
machine pc-i440fx pentium2 200 64 disk <<END
  fd0:
    kind: floppy 1.44M
    image: floppy.img
  hd0:
    kind: disk
    image: linux.img
END
sed -i 's/^display: vga/&\npointer: com2/' "$WORK/machine.yaml"
guest
