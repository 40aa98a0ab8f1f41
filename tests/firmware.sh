#!/bin/bash
# firmware.sh - the firmware's services hold (bios/tests/): on our pc-isa and pc-i440fx, on QEMU where that is installed, and, with LONG=1, on Bochs.
set -euo pipefail
. bios/tests/media.sh
media_make "$BUILD/bios/test.img" "$WORK"
good=0 runs=0
monitors=(1280x1024 none 640x480 800x600 1024x768 1600x1200)

# on_ours MACHINE BOOT KINDS DRIVE...: the test image reports on the serial line, one fact a line, and switches the machine off. A drive is
# place, kind, image and, if need be, a further line of the manifest.
on_ours()
{
    local machine=$1 boot=$2 kinds=$3 drive
    shift 3
    echo "--- $machine, $display, pointer: $pointer, from $boot, $*"
    {
        printf 'muniment: machine 0\nmachine: %s\ncpu:\n  model: %s\n  speed: 25 MIPS\nmemory: 16 MiB\n' "$machine" "$cpu"
        printf 'firmware:\n  system: built-in 0\n  video: built-in 0\nclock: 1993-01-01T00:00:00\nboot:\n  - %s\n' "$boot"
        [ $pointer = ps2 ] || printf 'pointer: %s\n' $pointer
        printf 'ports:\n  - com1\n%s  - lpt1\ndisplay: %s\nmonitor: %s\ndrives:\n' "${com2:+  - com2$'\n'}" "$display" "${monitors[runs++ % ${#monitors[@]}]}"
        for drive; do
            set -- $drive
            printf '  %s:\n    kind: %s\n    image: %s\n' "$1" "${2/-/ }" "$3"
            [ -z "${4-}" ] || printf '    %s\n' "${4/:/: }"
        done
    } >"$WORK/machine.yaml"
    "$MUNIMENT" boot "$WORK/machine.yaml" --until poweroff --limit 300 --script "$WORK/$pointer.script" --serial "$WORK/serial" --force || good=1
    facts_hold "$WORK/serial" ${com2:-mouse} vbe $kinds || good=1
}

# on_cirrus MACHINE CHIP: the same with the VGA BIOS for Cirrus chips.
on_cirrus()
{
    display="cirrus $2"
    on_ours "$1" floppy "floppy disks" "fd0 floppy-1.44M floppy.img" "hd0 disk disk.img" "hd1 disk scratch.img"
    display=vga
}

# What moves the mouse, when the image on the machine asks for it.
echo 'wait poweroff' >"$WORK/ps2.script"
printf 'wait serial "mouse: 300 right"\nmouse move 300 -5\n' >"$WORK/com2.script"
printf 'wait serial "pointer: to the middle"\npointer 360 200\n' >"$WORK/absolute.script"
display=vga pointer=ps2 com2=
for machine in pc-isa pc-i440fx; do
    pci=${machine/pc-i*0fx/pci}
    pci=${pci/pc-isa/}
    cpu=pentium${pci:+2}
    on_ours $machine floppy "floppy disks $pci" "fd0 floppy-1.44M floppy.img" "hd0 disk disk.img" "hd1 disk scratch.img"
    on_ours $machine disk "disks $pci" "hd0 disk disk.img" "hd2 disk scratch.img"
    on_ours $machine cdrom "cd $pci" "fd0 floppy-1.44M floppy.img" "hd0 disk disk.img" "hd1 disk scratch.img" "hd2 cdrom floppy.iso" "hd3 cdrom large.iso"
    on_ours $machine cdrom "cd $pci" "fd0 floppy-1.44M floppy.img" "hd0 disk scratch.img" "hd3 cdrom disk.iso"
    pointer=com2 com2=sermouse on_ours $machine floppy "floppy disks" "fd0 floppy-1.44M floppy.img" "hd0 disk disk.img" "hd1 disk scratch.img"
    pointer=absolute on_ours $machine disk "disks backdoor" "hd0 disk disk.img" "hd1 disk scratch.img"
done
cpu=pentium
# Disks as other BIOSes showed them: their geometry is one in all places, too.
on_ours pc-isa disk disks "hd0 disk disk.img geometry:963/8/17" "hd1 disk scratch.img translation:large-240"
on_ours pc-i440fx disk "disks pci" "hd0 disk disk.img geometry:234/10/56" "hd1 disk scratch.img translation:large"
on_cirrus pc-isa gd5434
on_cirrus pc-i440fx gd5430
on_cirrus pc-i440fx gd5446
bios/tests/bios_in_qemu.sh "$BUILD/bios/test.img" || good=1
[ -z "${LONG-}" ] || bios/tests/bios_in_bochs.sh "$BUILD/bios/test.img" || good=1
exit $good
