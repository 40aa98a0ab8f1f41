#!/bin/sh
# Boots test.img on QEMU with our firmware, on its ISA PC and on its PC of the 440FX and PIIX3, and prints what it reports on
# the serial line. Exit 0 if every fact holds. Usage: bios_in_qemu.sh FOLDER, where system.bin, vga.bin and test.img lie.
set -eu
out=${1:?folder of the images}
qemu=$(command -v qemu-system-i386) || { echo "bios_in_qemu: skipped: no qemu-system-i386 (Debian: qemu-system-x86)"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# isa-debug-exit stands at the power-off port: the "S" of "Shutdown" ends QEMU with status 2 * 53h + 1.
run() {
    echo "--- $1"
    shift
    status=0
    timeout 120 "$qemu" -m 16 -display none -monitor none -net none -no-reboot -bios "$out/system.bin" \
        -serial file:"$work/serial" -device isa-debug-exit,iobase=0x8900,iosize=1 "$@" || status=$?
    tr -d '\r' < "$work/serial"
    [ $status -eq 167 ] && grep -q '^done' "$work/serial" && ! grep -q '^BAD' "$work/serial"
}

cp "$out/test.img" "$work/floppy.img"
cp "$out/test.img" "$work/disk.img"
truncate -s 1474560 "$work/floppy.img"
truncate -s 64M "$work/disk.img"
truncate -s 2G "$work/scratch.img"
good=0
isa="-M isapc -cpu 486 -vga std -device loader,file=$out/vga.bin,addr=0xC0000,force-raw=on"
pci="-M pc -cpu pentium3 -vga none -device VGA,romfile=$out/vga.bin"
run "ISA, from a floppy" $isa -drive if=floppy,format=raw,file="$work/floppy.img" \
    -drive if=ide,index=0,format=raw,file="$work/disk.img" -drive if=ide,index=1,format=raw,file="$work/scratch.img" || good=1
run "ISA, from a disk" $isa -drive if=ide,index=0,format=raw,file="$work/disk.img" \
    -drive if=ide,index=2,format=raw,file="$work/scratch.img" || good=1
run "PCI, from a floppy" $pci -drive if=floppy,format=raw,file="$work/floppy.img" \
    -drive if=ide,index=0,format=raw,file="$work/disk.img" -drive if=ide,index=1,format=raw,file="$work/scratch.img" || good=1
exit $good
