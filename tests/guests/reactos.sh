#!/bin/bash
# reactos.sh - ReactOS 0.4.15 (NT 5.2) from its live CD: desktop and Start menu, Notepad saves a file on a disk, Paint draws, WineMine is played by the mouse, the Start menu shuts down. With
# the ACPI HAL on the VGA with VBE, and, in a run of its own that looks at the file, with that of the standard PC on a Cirrus GD5446.
set -euo pipefail
. tests/guests/guest.sh
suite live.iso reactos-livecd.iso any

# The entry that starts by itself is for the standard PC.
(
    cd "$WORK"
    LC_ALL=C sed 's#/BAUDRATE=115200 /SOS /MININT#/HAL=HALACPI.DLL /SOS /MININT#' live.iso >acpi.iso
    truncate -s 33030144 disk.img
    printf 'label: dos\nlabel-id: 0x4d756e69\nstart=63, size=64449, type=6, bootable\n' | sfdisk -q disk.img
    mformat -i disk.img@@32256 -T 64449 -h 16 -s 63 -H 63 -N 4d756e69 ::
) || skip "mtools or sfdisk is not there (make deps-guests)"
machine pc-i440fx pentium3 200 128 cdrom <<END
  hd0:
    kind: disk
    image: disk.img
  hd2:
    kind: cdrom
    image: acpi.iso
END
if [[ ${GUEST_PEER-} != */* ]]; then
    sed 's/^display: vga/display: cirrus gd5446/; s/acpi.iso/live.iso/' "$WORK/machine.yaml" >"$WORK/cirrus.yaml"
    (sed 's/^wait poweroff/wait time 20/; s/picture.png/cirrus.png/' tests/guests/reactos.script && echo 'retrieve "land.txt"') >"$WORK/reactos-cirrus.script"
    (cd "$WORK" && GUEST_LIMIT=300 run cirrus cirrus.yaml reactos-cirrus --engine translator --retrieve bag | tail -n 1)
    printf 'Parcel 47\r\nOwner: the parish\r\n' | cmp - "$WORK/bag/data/land.txt"
fi
GUEST_LIMIT=300 guest
