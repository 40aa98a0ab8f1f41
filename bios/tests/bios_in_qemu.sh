#!/bin/sh
# Boots test.img on QEMU with our firmware, on its ISA PC and on its PC of the 440FX and PIIX3, and prints what it reports on
# the serial line. Exit 0 if every fact holds. Usage, in the root of the repository: bios_in_qemu.sh TEST.IMG.
set -eu
image=${1:?the image of the tests}
out=bios/versions/0
. "$(dirname "$0")/media.sh"
qemu=$(command -v qemu-system-i386) || { echo "bios_in_qemu: skipped: no qemu-system-i386 (Debian: qemu-system-x86)"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
media_make "$image" "$work"
image() { echo "format=raw,file=$work/$1"; }

# run NAME KINDS OPTION...: on the ISA PC isa-debug-exit stands at the power-off port: the "S" of "Shutdown" ends QEMU with status 2 * 53h + 1.
# On the other the PIIX4 ends it.
run() {
    echo "--- $1, on QEMU"
    case $1 in ISA*) wanted=167 ;; *) wanted=0 ;; esac
    kinds=$2
    shift 2
    status=0
    : >"$work/serial"
    python3 "$(dirname "$0")/qemu_pointer.py" "$work/qmp" "$work/serial" &
    timeout 120 "$qemu" -m 16 -display none -monitor none -net none -no-reboot -bios "$out/system.bin" \
        -qmp unix:"$work/qmp",server=on,wait=off -serial file:"$work/serial" "$@" || status=$?
    wait
    facts_hold "$work/serial" mouse vbe $kinds && [ $status -eq $wanted ] || good=1
}

good=0
isa="-M isapc -cpu 486 -vga std -device loader,file=$out/vga.bin,addr=0xC0000,force-raw=on -device isa-debug-exit,iobase=0x8900,iosize=1"
pci="-M pc -cpu pentium3 -vga none -device VGA,romfile=$out/vga.bin"
run "ISA, from a floppy" "floppy disks" $isa -drive if=floppy,$(image floppy.img) -drive if=ide,index=0,$(image disk.img) -drive if=ide,index=1,$(image scratch.img)
run "ISA, with a mouse on COM2" "floppy disks sermouse" $isa -drive if=floppy,$(image floppy.img) -drive if=ide,index=0,$(image disk.img) \
    -drive if=ide,index=1,$(image scratch.img) -chardev msmouse,id=mouse -serial chardev:mouse
run "ISA, from a disk" "disks" $isa -drive if=ide,index=0,$(image disk.img) \
    -drive if=none,id=s,$(image scratch.img) -device ide-hd,drive=s,bus=ide.1,bios-chs-trans=large
run "ISA, from a CD as a disk" "cd" $isa -boot d -drive if=floppy,$(image floppy.img) -cdrom "$work/disk.iso" -drive if=ide,index=0,$(image scratch.img)
run "PCI, from a floppy" "floppy disks pci backdoor" $pci -drive if=floppy,$(image floppy.img) -drive if=ide,index=0,$(image disk.img) \
    -drive if=none,id=s,$(image scratch.img) -device ide-hd,drive=s,bus=ide.0,unit=1,bios-chs-trans=rechs
run "PCI, from a disk" "disks pci backdoor" $pci -drive if=ide,index=0,$(image disk.img) -drive if=ide,index=1,$(image scratch.img)
run "PCI, from a CD as a floppy" "cd pci backdoor" $pci -boot d -drive if=floppy,$(image floppy.img) -cdrom "$work/floppy.iso" \
    -drive if=ide,index=0,$(image disk.img) -drive if=ide,index=1,$(image scratch.img)
cirrus="-M pc -cpu pentium3 -vga none -device cirrus-vga,vgamem_mb=4,romfile=$out/cirrus.bin"
run "PCI, Cirrus, from a floppy" "floppy disks pci backdoor" $cirrus -drive if=floppy,$(image floppy.img) -drive if=ide,index=0,$(image disk.img) \
    -drive if=none,id=s,$(image scratch.img) -device ide-hd,drive=s,bus=ide.0,unit=1,bios-chs-trans=rechs
exit $good
