#!/bin/sh
# Boots the test image of this folder on QEMU's ISA PC with our firmware, from a floppy and then from a disk, and
# prints what it reports on the serial line. Exit 0 if every fact holds. Usage: bios_in_qemu.sh FOLDER-OF-THE-IMAGES
set -eu
out=${1:?folder of the firmware images}
here=$(dirname "$0")
qemu=$(command -v qemu-system-i386) || { echo "bios_in_qemu: skipped: no qemu-system-i386 (Debian: qemu-system-x86)"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cflags="-m16 -march=i386 -ffreestanding -fno-pic -fno-pie -std=gnu11 -Os -Wall -Wextra -Werror -mregparm=3 -fno-stack-protector
    -mpreferred-stack-boundary=2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-jump-tables -fno-strict-aliasing
    -fno-tree-switch-conversion -fno-delete-null-pointer-checks -fno-tree-loop-distribute-patterns -fcf-protection=none
    -Wno-missing-braces -mno-80387 -mno-mmx -mno-sse"
# shellcheck disable=SC2086
{
    ${BIOS_CC:-gcc} $cflags -c -o "$work/services.o" "$here/services.c"
    ${BIOS_CC:-gcc} -m16 -c -o "$work/start.o" "$here/start.S"
}
ld -m elf_i386 --build-id=none -z noexecstack --orphan-handling=error -T "$here/image.ld" -o "$work/image.elf" \
    "$work/start.o" "$work/services.o" "$out/frame.o" "$out/util.o"
objcopy -O binary -j .boot "$work/image.elf" "$work/boot.bin"
objcopy -O binary -j .text "$work/image.elf" "$work/text.bin"
cat "$work/boot.bin" "$work/text.bin" > "$work/image"

run() {
    name=$1
    shift
    echo "--- $name"
    timeout 120 "$qemu" -M isapc -cpu 486 -m 16 -bios "$out/system.bin" -device loader,file="$out/vga.bin",addr=0xC0000,force-raw=on \
        -vga std -display none -monitor none -net none -no-reboot -serial file:"$work/serial" \
        -device isa-debug-exit,iobase=0x8900,iosize=1 "$@" && status=0 || status=$?
    tr -d '\r' < "$work/serial"
    # "S" of "Shutdown" reaches the exit device as status 2 * 53h + 1
    [ $status -eq 167 ] && grep -q '^done' "$work/serial" && ! grep -q '^BAD' "$work/serial"
}

cp "$work/image" "$work/floppy.img" && truncate -s 1474560 "$work/floppy.img"
cp "$work/image" "$work/disk.img" && truncate -s 64M "$work/disk.img"
truncate -s 2G "$work/scratch.img"
good=0
run "from a floppy" -drive if=floppy,format=raw,file="$work/floppy.img" \
    -drive if=ide,index=0,format=raw,file="$work/disk.img" -drive if=ide,index=1,format=raw,file="$work/scratch.img" || good=1
run "from a disk" -drive if=ide,index=0,format=raw,file="$work/disk.img" \
    -drive if=ide,index=2,format=raw,file="$work/scratch.img" || good=1
exit $good
