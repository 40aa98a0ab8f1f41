# media.sh - what bios_in_qemu.sh, bios_in_bochs.sh and tests/firmware.sh share (sourced): the media from which test.img starts, and
# how its report is judged.

# media_make IMAGE FOLDER: floppy.img, disk.img, an empty scratch.img, floppy.iso, disk.iso.
media_make() {
    cp "$1" "$2/floppy.img"
    cp "$1" "$2/disk.img"
    truncate -s 1474560 "$2/floppy.img"
    truncate -s 64M "$2/disk.img"
    truncate -s 2147475456 "$2/scratch.img"     # 4161/16/63
    cd_make 2 "$1" "$2/floppy.iso"
    cd_make 4 "$1" "$2/disk.iso"
    cp "$2/floppy.iso" "$2/large.iso"
    truncate -s $((333000 * 2048)) "$2/large.iso"   # 74 minutes
}

# cd_make MEDIA IMAGE FILE: the image as the boot image of a CD, where it stands for a 1.44M floppy (2) or for a disk (4). Blocks of 2,048
# bytes: 16 volume, 17 boot record, 18 end of descriptors, 19 boot catalog, 20 the image (El Torito 1.0).
cd_make() {
    rm -f "$3"
    put() { printf "$2" | dd of="$file" bs=1 seek=$(($1)) conv=notrunc status=none; }
    file=$3
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
    dd if="$2" of="$file" bs=2048 seek=20 conv=notrunc status=none
    put 20*2048+446 '\200\001\001\000\006\001\022\117'
    truncate -s 2M "$file"
}

# facts_hold SERIAL KIND...: the report on the serial line is complete, nothing in it is bad, and it has the facts of these kinds of machine.
facts_hold() {
    report=$1
    shift
    tr -d '\r' <"$report" | sed '$a\'
    held=$(grep -c '^ok' "$report") || true
    if ! grep -q '^done' "$report" || grep -q '^BAD' "$report"; then
        echo "FAILED"
        return 1
    fi
    for kind; do
        case $kind in
        floppy) fact=floppy_reads_what_was_written ;;
        disks)  fact=disk_cylinders_and_blocks_agree ;;
        cd)     fact=cd_image_moves_the_others_up_until_it_ends ;;
        pci)    fact=pci_answers_in_protected_mode ;;
        mouse)  fact=pointing_device_reports ;;
        sermouse) fact=serial_mouse_reports_what_it_was_given ;;
        backdoor) fact=backdoor_reports_positions ;;
        vbe)    fact=vbe_serves_protected_mode ;;
        esac
        grep -q "^ok *$fact" "$report" || { echo "FAILED: $fact was not tried"; return 1; }
    done
    echo "$held facts hold"
}
