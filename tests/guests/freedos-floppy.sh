#!/bin/bash
# freedos-floppy.sh - FreeDOS 1.3 from its installation floppy of 720K, unmodified, on a machine without PCI: its installer, the shell, files that are copied and compared.
set -euo pipefail
. tests/guests/guest.sh
suite boot.img freedos13-floppy.img 6a6a75d96e4b0f89b160d1c6193873154b0c75bf9989d0e27b6663a13d8c59b3
machine pc-isa i386 4 4 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: boot.img
END
GUEST_LIMIT=400 guest
