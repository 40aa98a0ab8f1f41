#!/bin/bash
# ipxe.sh - iPXE from its CD, to its shell and its settings; from there it starts GRUB on the disk, which switches the machine off.
set -euo pipefail
. tests/guests/guest.sh
medium ipxe.iso /usr/lib/ipxe/ipxe.iso d3934ddd42ded2879e41cd9667614ec15294b9a3a3a75cb4a4320a3346b168d7 "package ipxe"
medium grub.img /usr/lib/grub-rescue/grub-rescue-floppy.img 6073aa7dbfe945ecdc6972908764bc0a75eae2c2e48024d56f168f72a1648527 "package grub-rescue-pc"
machine pc-i440fx pentium2 25 32 cdrom <<END
  hd0:
    kind: disk
    image: grub.img
  hd2:
    kind: cdrom
    image: ipxe.iso
END
guest
