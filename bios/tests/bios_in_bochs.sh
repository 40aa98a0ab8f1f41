#!/bin/sh
# Boots test.img on Bochs with our firmware, with and without PCI, and prints what it reports on the serial line. Exit 0 if every
# fact holds. Usage, in the root of the repository: bios_in_bochs.sh TEST.IMG. Bochs' terminal has no graphics, its RFB
# server none beyond 720x480, and its X display hangs now and then when the mode changes, so it draws by SDL, to nowhere.
set -eu
image=${1:?the image of the tests}
out=$(realpath bios/versions/0)
. "$(dirname "$0")/media.sh"
command -v bochs >/dev/null || { echo "bios_in_bochs: skipped: no bochs (Debian: bochs, bochs-sdl)"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
media_make "$image" "$work"

# run NAME KINDS LINE...: the lines are added to the machine's description. Bochs ends with status 1 when the machine is switched off.
run() {
    echo "--- $1, on Bochs"
    kinds=$2
    shift 2
    cat >"$work/bochsrc" <<END
config_interface: textconfig
display_library: sdl2
plugin_ctrl: unmapped=true, biosdev=true, speaker=false, extfpuirq=true, parallel=true, serial=true
megs: 16
cpu: count=1, ips=20000000
clock: sync=none, time0=946684800
romimage: file=$out/system.bin, address=0xffff0000
vgaromimage: file=$out/vga.bin
mouse: enabled=1, type=imps2
parport1: enabled=1, file=$work/printed
com1: enabled=1, mode=file, dev=$work/serial
log: $work/log
panic: action=fatal
$(printf '%s\n' "$@")
END
    echo c >"$work/commands"
    rm -f "$work"/serial "$work"/*.lock
    SDL_VIDEODRIVER=dummy timeout 300 bochs -q -f "$work/bochsrc" -rc "$work/commands" </dev/null >/dev/null 2>"$work/errors" || true
    facts_hold "$work/serial" mouse vbe $kinds || { tail -qn 5 "$work/errors" "$work/log"; good=1; }
}

good=0
floppy="floppya: 1_44=$work/floppy.img, status=inserted"
disk="type=disk, mode=flat, path=$work/disk.img, cylinders=130, heads=16, spt=63"
scratch="type=disk, mode=flat, path=$work/scratch.img, cylinders=4161, heads=16, spt=63"
isa="pci: enabled=0"
pci="pci: enabled=1, chipset=i440fx, slot1=pcivga"
run "ISA, from a floppy" "floppy disks" "$isa" "boot: floppy" "$floppy" "ata0-master: $disk" "ata0-slave: $scratch"
run "ISA, from a disk" "disks" "$isa" "boot: disk" "ata0-master: $disk" "ata0-slave: $scratch, translation=large"
run "ISA, from a CD as a disk" "cd" "$isa" "boot: cdrom" "$floppy" "ata0-master: $scratch" "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15" \
    "ata1-master: type=cdrom, path=$work/disk.iso, status=inserted"
run "PCI, from a floppy" "floppy disks pci" "$pci" "boot: floppy" "$floppy" "ata0-master: $disk" "ata0-slave: $scratch, translation=rechs"
run "PCI, from a disk" "disks pci" "$pci" "boot: disk" "ata0-master: $disk" "ata0-slave: $scratch"
run "PCI, from a CD as a floppy" "cd pci" "$pci" "boot: cdrom" "$floppy" "ata0-master: $disk" "ata0-slave: $scratch" \
    "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15" "ata1-master: type=cdrom, path=$work/floppy.iso, status=inserted"
exit $good
