#!/bin/bash
# grub-floppy.sh - Debian's GRUB rescue floppy, unmodified: it answers on the screen and on the serial line, and switches the machine off.
set -euo pipefail
. tests/guests/guest.sh
grub_floppy
guest grub-screen grub-serial
# What GRUB wrote to the serial line, and that the image on the ready-made machine is the same.
if [ -e ours-grub-serial ]; then
    grep -F 'menuentry "Microsoft Windows"' ours-grub-serial.serial
    run alone grub.img grub-serial --machine plain
    cmp alone ours-grub-serial
fi
