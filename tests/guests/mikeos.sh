#!/bin/bash
# mikeos.sh - MikeOS 4.6.1 from its floppy: dialogs, command line, a copied file, a picture in mode 13h.
set -euo pipefail
. tests/guests/guest.sh
suite mikeos.img mikeos.img 93023e2b2aa970097933eb2423ddc9c6b38c76264d8e14074a4aa7168b59fe00
machine pc-isa i386 4 1 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: mikeos.img
END
guest
