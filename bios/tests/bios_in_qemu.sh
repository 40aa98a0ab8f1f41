#!/bin/sh
# Boots test.img on QEMU with our firmware, on its ISA PC and on its PC of the 440FX and PIIX3, and prints what it reports on
# the serial line. Exit 0 if every fact holds. Usage: bios_in_qemu.sh FOLDER, where system.bin, vga.bin and test.img lie.
set -eu
out=${1:?folder of the images}
qemu=$(command -v qemu-system-i386) || { echo "bios_in_qemu: skipped: no qemu-system-i386 (Debian: qemu-system-x86)"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# On the ISA PC isa-debug-exit stands at the power-off port: the "S" of "Shutdown" ends QEMU with status 2 * 53h + 1. On the other
# the PIIX4 ends it.
run() {
    echo "--- $1"
    case $1 in ISA*) wanted=167 ;; *) wanted=0 ;; esac
    shift
    status=0
    timeout 120 "$qemu" -m 16 -display none -monitor none -net none -no-reboot -bios "$out/system.bin" \
        -serial file:"$work/serial" "$@" || status=$?
    tr -d '\r' < "$work/serial"
    # QEMU's timers run by the host's clock, and come late on a busy host: waits are judged on our own hardware, where time is ticks.
    [ $status -eq $wanted ] && grep -q '^done' "$work/serial" && ! grep '^BAD' "$work/serial" | grep -qv waits_end
}

cp "$out/test.img" "$work/floppy.img"
cp "$out/test.img" "$work/disk.img"
truncate -s 1474560 "$work/floppy.img"
truncate -s 64M "$work/disk.img"
truncate -s 2G "$work/scratch.img"

# cd MEDIA FILE: test.img as the boot image of a CD, which stands for a 1.44M floppy (2) or for a disk (4). Blocks of 2,048 bytes: 16
# volume, 17 boot record, 18 end of descriptors, 19 boot catalog, 20 the image (El Torito 1.0).
cd_image() {
    rm -f "$2"
    put() { printf "$2" | dd of="$file" bs=1 seek=$(($1)) conv=notrunc status=none; }
    file=$2
    put 16*2048 '\001CD001\001'
    put 17*2048 '\000CD001\001EL TORITO SPECIFICATION'
    put 17*2048+71 '\023'
    put 18*2048 '\377CD001\001'
    put 19*2048 '\001'
    put 19*2048+28 '\252\125\125\252'
    put 19*2048+32 '\210'
    put 19*2048+33 "\\$1"
    put 19*2048+38 '\001'
    put 19*2048+40 '\024'
    dd if="$out/test.img" of="$file" bs=2048 seek=20 conv=notrunc status=none
    put 20*2048+446 '\200\001\001\000\006\001\022\117'
    truncate -s 2M "$file"
}
cd_image 2 "$work/floppy.iso"
cd_image 4 "$work/disk.iso"
good=0
isa="-M isapc -cpu 486 -vga std -device loader,file=$out/vga.bin,addr=0xC0000,force-raw=on -device isa-debug-exit,iobase=0x8900,iosize=1"
pci="-M pc -cpu pentium3 -vga none -device VGA,romfile=$out/vga.bin"
run "ISA, from a floppy" $isa -drive if=floppy,format=raw,file="$work/floppy.img" \
    -drive if=ide,index=0,format=raw,file="$work/disk.img" -drive if=ide,index=1,format=raw,file="$work/scratch.img" || good=1
run "ISA, from a disk" $isa -drive if=ide,index=0,format=raw,file="$work/disk.img" \
    -drive if=none,id=s,format=raw,file="$work/scratch.img" -device ide-hd,drive=s,bus=ide.1,bios-chs-trans=large || good=1
run "PCI, from a floppy" $pci -drive if=floppy,format=raw,file="$work/floppy.img" \
    -drive if=ide,index=0,format=raw,file="$work/disk.img" \
    -drive if=none,id=s,format=raw,file="$work/scratch.img" -device ide-hd,drive=s,bus=ide.0,unit=1,bios-chs-trans=rechs || good=1
run "PCI, from a CD as a floppy" $pci -boot d -drive if=floppy,format=raw,file="$work/floppy.img" -cdrom "$work/floppy.iso" \
    -drive if=ide,index=0,format=raw,file="$work/disk.img" -drive if=ide,index=1,format=raw,file="$work/scratch.img" || good=1
run "ISA, from a CD as a disk" $isa -boot d -drive if=floppy,format=raw,file="$work/floppy.img" -cdrom "$work/disk.iso" \
    -drive if=ide,index=0,format=raw,file="$work/scratch.img" || good=1
exit $good
