#!/bin/bash
# grub-disk.sh - Debian's GRUB rescue floppy as the image of a disk, on a machine with PCI.
set -euo pipefail
. tests/guests/guest.sh
grub_floppy
machine pc-i440fx pentium 25 16 disk <<END
  hd0:
    kind: disk
    image: grub.img
END
guest grub-screen grub-serial
