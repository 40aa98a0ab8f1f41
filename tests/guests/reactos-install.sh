#!/bin/bash
# reactos-install.sh - ReactOS 0.4.15 (NT 5.2) installed unattended from its CD on an empty disk, to its desktop; power-off by ACPI. And, in a run of its own on a machine without ACPI, with
# the HAL of the standard PC, which is then the one on its disk.
#
# There is no more to be seen there: without ACPI, what it installs has neither keyboard nor mouse, though the live CD has them. On a machine without PCI this CD starts if its drive is on the
# first channel, the only one that its driver finds there (it stops with 69h otherwise); what it installs stops with B4h, as it looks for its display on the PCI bus. QEMU with SeaBIOS shows the
# same in all three cases.
set -euo pipefail
. tests/guests/guest.sh
suite boot.iso reactos-bootcd.iso any

no_peer "Setup restarts when it is done, and its script waits by guest time: a peer has another"
# The disk is one that INT 13h translates: Setup writes the geometry of function 48h into its boot sector, which reads by function 42h.
LC_ALL=C sed -i 's/UnattendSetupEnabled = no/UnattendSetupEnabled= yes/; s/DisableGeckoInst = no/DisableGeckoInst= yes/' "$WORK/boot.iso"
truncate -s 600M "$WORK/disk.img"
machine pc-i440fx pentium3 200 128 disk cdrom <<END
  hd0:
    kind: disk
    image: disk.img
  hd2:
    kind: cdrom
    image: boot.iso
END
if [[ ${GUEST_PEER-} != */* ]]; then
    sed 's/^ports:/acpi: no\n&/' "$WORK/machine.yaml" >"$WORK/standard.yaml"
    printf '%s\n' 'wait time 170' 'wait still 15' >"$WORK/reactos-standard.script"
    (
        cd "$WORK"
        "$MUNIMENT" key new standard.key
        "$MUNIMENT" seal standard.yaml -o standard.mun --key standard.key
        GUEST_LIMIT=400 run standard standard.mun reactos-standard --engine translator --overlay installed | tail -n 1
        "$MUNIMENT" retrieve standard.mun reactos/system32/hal.dll --drive hd0 --overlay installed -o bag
        xorriso -osirrox on -indev boot.iso -extract /reactos/system32/hal.dll hal.dll 2>/dev/null
        find bag/data -iname hal.dll -exec cmp {} hal.dll \; -print | grep .
    )
fi
GUEST_LIMIT=400 guest
