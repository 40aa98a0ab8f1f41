#!/bin/bash
# firmware.sh - the firmware's services hold (bios/tests/): on our hardware, and on QEMU's ISA PC where that is installed.
set -euo pipefail
image=$(realpath "$BUILD/bios/test.img")

# on_ours NAME OPERAND [OPTION...]: the test image reports on the serial line, one fact a line, and switches the machine off.
on_ours()
{
    echo "--- $1, on our hardware"
    shift
    (cd "$WORK" && "$MUNIMENT" boot "$@" --until poweroff --limit 300 --serial serial)
    cat "$WORK/serial"
    tr -d '\r' <"$WORK/serial" | grep -q '^done'
    ! grep '^BAD' "$WORK/serial"
}

for copy in floppy.img disk.img; do
    cp "$image" "$WORK/$copy"
done
truncate -s 1474560 "$WORK/floppy.img"
truncate -s 64M "$WORK/disk.img"
truncate -s 2G "$WORK/scratch.img"
on_ours "from a floppy" floppy.img --disk disk.img
on_ours "from a disk" disk.img --disk scratch.img
if command -v qemu-system-i386 >/dev/null; then
    bios/tests/bios_in_qemu.sh "$BUILD/bios"
fi
