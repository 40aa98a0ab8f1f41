#!/bin/bash
# grub-cd.sh - Debian's GRUB rescue CD, unmodified, by El Torito without emulation.
set -euo pipefail
. tests/guests/guest.sh
medium grub.iso /usr/lib/grub-rescue/grub-rescue-cdrom.iso 895e963832b7bf6c9cf20cf608e2f2fca7540f1ccaf46e31048c7b299b8c3566 "package grub-rescue-pc"
machine pc-i440fx pentium 25 32 cdrom <<END
  hd2:
    kind: cdrom
    image: grub.iso
END
guest grub-screen grub-serial
