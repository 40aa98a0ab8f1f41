#!/bin/bash
# reactos-install.sh - ReactOS 0.4.15 (NT 5.2) installed unattended from its CD on an empty disk, to its desktop; power-off by ACPI.
set -euo pipefail
. tests/guests/guest.sh
suite boot.iso reactos-bootcd.iso 47efc035acc4beab173932cdd5949fcf9baab3bcc272ab7359cd39c1bd210ce1

# Setup writes the disk's own geometry into the boot sector, whatever INT 13h shows, so the disk is one that is not translated.
LC_ALL=C sed -i 's/UnattendSetupEnabled = no/UnattendSetupEnabled= yes/; s/DisableGeckoInst = no/DisableGeckoInst= yes/' "$WORK/boot.iso"
truncate -s 480M "$WORK/disk.img"
machine pc-i440fx pentium3 200 128 disk cdrom <<END
  hd0:
    kind: disk
    image: disk.img
  hd2:
    kind: cdrom
    image: boot.iso
END
GUEST_LIMIT=400 guest
