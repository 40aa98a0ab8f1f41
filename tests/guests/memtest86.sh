#!/bin/bash
# memtest86.sh - memtest86+ from its CD: one whole pass over a small memory, two fades of 80 seconds of guest time included.
set -euo pipefail
. tests/guests/guest.sh
medium memtest.iso /usr/lib/memtest86+/memtest86+ia32.iso f4955bce0269abc702847023fea6951f268634092baf82ea2e5a2d6cb34edcaf "package memtest86+"
machine pc-i440fx pentium2 25 5 cdrom <<END
  hd2:
    kind: cdrom
    image: memtest.iso
END
GUEST_LIMIT=600 guest
