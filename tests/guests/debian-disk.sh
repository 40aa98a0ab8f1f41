#!/bin/bash
# debian-disk.sh - Debian's kernel for 80686 with a busybox, by GRUB from an ATA disk: a shell on COM1, the disk read and written by bus-master DMA, a file system
# made and used on it, power-off by ACPI.
set -euo pipefail
. tests/guests/guest.sh

tests/guests/linux/image.sh "$WORK" || exit
machine pc-i440fx pentium2 200 64 disk <<END
  hd0:
    kind: disk
    image: linux.img
END
guest
