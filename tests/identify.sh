#!/bin/bash
# identify.sh - images that the host's tools make, and what identify, suggest and boot find in them: partition tables, file systems, systems by
# their files, damage, geometry, and the machine that follows. The systems themselves are not here: their files are made up of the signs alone.
set -u
. tests/facts.sh
muniment=$MUNIMENT
export MTOOLS_SKIP_CHECK=1 PATH=$PATH:/sbin:/usr/sbin
cp "$BUILD/demo/first.img" "$WORK"
cd "$WORK" || exit 1
for tool in mformat sfdisk mkfs.fat mkntfs mke2fs mkswap mkfs.minix xorriso mkudffs; do
    command -v $tool >/dev/null || { echo "$tool is not there"; exit 77; }
done

# names FACT IMAGE TEXT...: identify says each text.
names()
{
    local fact=$1 image=$2 text
    shift 2
    gives "$fact" 0 "$muniment" identify "$image"
    for text; do
        says "$fact: $text" out "$text"
    done
}

# put IMAGE PATH TEXT: a file in the FAT volume; TEXT is as printf takes it.
put()
{
    local folder
    case $2 in */*)
        folder=${2%/*}
        mmd -i "$1" "::/${folder%%/*}" >/dev/null 2>&1
        mmd -i "$1" "::/$folder" >/dev/null 2>&1 ;;
    esac
    # shellcheck disable=SC2059
    printf "$3" | mcopy -o -i "$1" - "::/$2"
}

# floppy NAME: a 1.44M floppy; disk NAME: FAT16, 32 MiB, no partitions.
floppy()
{
    rm -f "$1" && mformat -C -f 1440 -i "$1" ::
}

# --- DOS by the version that COMMAND.COM checks ---

check='\264\060\315\041\075' # MOV AH,30h; INT 21h; CMP AX,
for row in '3 12 3.10 dos-1985' '3 36 3.30 dos-1990' '5 0 5.00 dos-1990' '6 26 6.22 dos-1995'; do
    read -r major minor version machine <<<"$row"
    floppy dos.img
    put dos.img IO.SYS '\353\076\220kernel' && put dos.img MSDOS.SYS 'kernel'
    put dos.img COMMAND.COM "\351shell$check\\0$major\\0$minor\\164"
    names "MS-DOS $version" dos.img "system        MS-DOS $version (COMMAND.COM)" "machine       $machine"
done
floppy dos.img
put dos.img IBMBIO.COM 'kernel' && put dos.img IBMDOS.COM 'kernel'
names "PC DOS" dos.img "system        PC DOS (IBMBIO.COM)"
put dos.img IBMDOS.COM 'Copyright Digital Research'
names "DR-DOS" dos.img "system        DR-DOS (IBMBIO.COM)"
floppy dos.img
put dos.img KERNEL.SYS '\353\033CONFIG'
names "FreeDOS" dos.img "system        FreeDOS (KERNEL.SYS)" "machine       dos-1995"

# --- Windows ---

# resource MAJOR MINOR: the fixed part of a version resource.
resource()
{
    printf '\\275\\004\\357\\376\\000\\000\\001\\000\\%03o\\000\\%03o\\000\\147\\000\\000\\000' "$2" "$1"
}
for row in '4.00.950 windows-95 95' '4.00.1111 windows-95 95' '4.10.1998 windows-98 98' '4.10.2222 windows-98 98' '4.90.3000 windows-me ME'; do
    read -r version machine name <<<"$row"
    floppy windows.img
    put windows.img IO.SYS 'MZkernel'
    put windows.img MSDOS.SYS "[Paths]\\r\\nWinDir=C:\\\\WINDOWS\\r\\n[Options]\\r\\nWinVer=$version\\r\\n"
    names "Windows $name" windows.img "system        Windows $name, version $version (MSDOS.SYS)" "machine       $machine"
done
floppy windows.img
put windows.img WINDOWS/WIN.COM 'program'
put windows.img WINDOWS/SYSTEM/USER.EXE "NE$(resource 3 10)"
names "Windows 3.1" windows.img "system        Windows 3.10.103 (WINDOWS/WIN.COM)" "machine       windows-3"
put windows.img WINDOWS/SYSTEM/WFWNET.DRV 'driver'
put windows.img WINDOWS/SYSTEM/USER.EXE "NE$(resource 3 11)"
names "Windows for Workgroups" windows.img "system        Windows for Workgroups 3.11.103" "machine       wfw-3.11"
for row in '3 51 nt-3.51' '4 0 nt-4' '5 0 windows-2000' '5 1 windows-xp'; do
    read -r major minor machine <<<"$row"
    floppy nt.img
    put nt.img NTLDR 'loader' && put nt.img WINNT/SYSTEM32/NTOSKRNL.EXE "MZ$(resource "$major" "$minor")"
    names "NT $major.$minor" nt.img "system        Windows NT, kernel $major.$(printf %02d "$minor").103" "machine       $machine"
done
floppy nt.img
put nt.img NTLDR 'loader'
put nt.img BOOT.INI 'multi(0)disk(0)rdisk(0)partition(1)\\WINNT="Windows NT Workstation Version 4.00"\r\n'
names "NT by its BOOT.INI" nt.img 'Windows NT ("Version 4.0") (BOOT.INI)' "machine       nt-4"
floppy os2.img
put os2.img OS2KRNL 'kernel' && put os2.img OS2LDR 'loader'
names "OS/2 1" os2.img "system        OS/2 1 (OS2KRNL)" "machine       os2-1.3"
put os2.img OS2/MDOS/VBIOS.SYS 'driver'
names "OS/2 2" os2.img "system        OS/2 2 to 4 (OS2KRNL)" "machine       os2-4"

# --- Compressed drives, files that are no disks ---

floppy packed.img
put packed.img DRVSPACE.000 'volume'
names "DriveSpace" packed.img "compressed by DriveSpace"
floppy packed.img
put packed.img STACVOL.DSK 'STACKER'
names "Stacker" packed.img "compressed by Stacker"
(printf '\353\074\220MSDSP6.0'; head -c 1048565 /dev/zero) >packed.img
names "a DriveSpace volume alone" packed.img "it is a DriveSpace or DoubleSpace compressed volume"
# unread BYTES TITLE REMEDY: an image that begins so is named, and never taken for raw unless one says so.
unread()
{
    # shellcheck disable=SC2059
    (printf "$1"; head -c 1M /dev/zero) >unread.img
    gives "$2" 3 "$muniment" identify unread.img
    says "is named" out "unread.img: $2"
    says "and what to do" err "unread.img: is of a format that is not read: $2: $3; --format raw takes the file as it is"
}
unread '\376\357\001\001' 'Norton Ghost image' 'restore it to a disk with the program that made it, and image that'
unread 'TAPE\000\000\003\000' 'NTBackup file (Microsoft Tape Format)' 'restore it to a disk with the program that made it, and image that'
unread 'EVF2\r\n\201\000' 'EnCase 7 image (Ex01)' 'convert it: ewfexport'
unread 'AFF10\r\n\000' 'AFF image' 'convert it: affconvert -r'
unread 'HXCPICFE' 'HxC floppy image (HFE)' 'convert it to a raw image'
unread '\252\132\360\000\000\002' 'SaveDskF image' 'restore it to a disk with the program that made it, and image that'
unread '\170\211\046\022' 'PowerQuest Drive Image' 'restore it to a disk with the program that made it, and image that'
unread 'CISO\030' 'compressed ISO image (CSO)' 'convert it to an ISO image'
unread 'QRST\000\000\200\077' 'Compaq floppy image (QRST)' 'convert it to a raw image'
unread 'Rar!\032\007' 'RAR file' 'unpack it'
unread '\041\052-lh5-' 'LHA file' 'unpack it'
# Signatures of which a boot sector might begin: the rest of the header, by the formats' documents, decides.
python3 - <<'PY'
import struct, zlib
def le(n, size=4): return n.to_bytes(size, "little")
def be(n, size=4): return n.to_bytes(size, "big")
def at(size, **fields):
    b = bytearray(size)
    for place, value in fields.items(): b[int(place[1:], 16):int(place[1:], 16) + len(value)] = value
    return bytes(b)
arj = bytes([30, 11, 1, 0, 16, 0, 2]) + bytes(23) + b"OLD.ARJ\0\0"
track = bytes([0x0D, 4, 10, 0]) + b"name=Kryo\0" + bytes(range(14, 255)) * 4
files = {
    "ARJ file": (b"\x60\xEA" + le(len(arj), 2) + arj + le(zlib.crc32(arj)) + bytes(3000), 20),
    "ARC file": (at(4096, _0=b"\x1A\x08LEDGER.DBF\0", _F=le(1000)), 4),
    "SuperCard Pro flux image (SCP)": (at(9000, _0=b"SCP\x22\0\5\0\xA1", _10=le(0x2B0), _2B0=b"TRK\0"), 0x2B2),
    "KryoFlux stream of one track": (track + b"\r\r\r\r", -1),
    "TransCopy floppy image": (at(9000, _0=b"\x5A\xA5LEDGER", _100=b"\3\0\x27\2\1"), 0x102),
    "TRS-80 floppy image (DMK)": (at(16 + 40 * 0x1900, _0=b"\0\x28" + le(0x1900, 2) + b"\x10", _10=le(0x80C0, 2), _D0=b"\xFE"), 0xD0),
    "PC-88 floppy image (D88)": (at(9000, _0=b"LEDGER", _1C=le(9000), _20=le(0x2B0)), 0x20),
    "PC-98 disk image (HDI, FDI)": (at(4096 + 40 * 4 * 17 * 512, _8=le(4096) + le(40 * 4 * 17 * 512) + le(512) + le(17) + le(4) + le(40)), 0x14),
    "Atari ST floppy image (MSA)": (at(9000, _0=b"\x0E\x0F" + be(9, 2) + be(1, 2) + be(0, 2) + be(79, 2) + be(4608, 2)), 2),
    "Apple DiskCopy image": (at(84 + 819200 + 19200, _0=b"\6LEDGER", _40=be(819200) + be(19200), _50=b"\1\x22\1"), 0x47),
    "Apple II disk image (2IMG)": (at(9000, _0=b"2IMGCdrP" + le(64, 2) + le(1, 2)), 8),
    "DiscJuggler disc image": (at(9000, _2320=le(0x80000006) + le(400)), -8),
    "ZOO file": (b"ZOO 2.10 Archive.\x1A\0\0" + le(0xFDC4A7DC) + bytes(2000), 20),
}
with open("files", "w") as names:
    for i, (name, (content, place)) in enumerate(files.items()):
        other = bytearray(content)
        other[place] ^= 0x80
        open(f"unread-{i}.img", "wb").write(content)
        open(f"raw-{i}.img", "wb").write(other)
        print(i, name, file=names)
PY
while read -r i title; do
    gives "$title" 3 "$muniment" suggest "unread-$i.img"
    says "is named" err "is of a format that is not read: $title: "
    gives "but for a bit of its header it is raw" 0 "$muniment" identify "raw-$i.img"
    says "and identified as such" out "raw-$i.img: raw"
done <files
rm -f unread-*.img raw-*.img
truncate -s 1M backup.v2i
gives "a name that no raw image has" 3 "$muniment" identify backup.v2i
says "is asked about" err "has the name of a V2i file, but not its content: if it is raw, say --format raw"
gives "raw is what --format says" 0 "$muniment" identify --format raw unread.img
says "and nothing else is" out "unread.img: raw, 1048583 bytes"
gives "as JSON" 3 "$muniment" identify --json unread.img
python3 -c 'import json; o = json.load(open("out")); assert o["title"] == "LHA file" and "not read" in o["error"] and "format" not in o'; passed "it is named, too" $?
for row in 'koly 512 Apple disk image' 'NER5 12 Nero disc image'; do
    read -r bytes from title <<<"$row"
    head -c 1M /dev/zero >unread.img
    printf '%s' "$bytes" | dd of=unread.img bs=1 seek=$((1048576 - from)) conv=notrunc status=none
    gives "$title, by its end" 3 "$muniment" suggest unread.img
    says "is named" err "is of a format that is not read: $title"
done

# --- File systems ---

head -c 1474560 /dev/zero >blank.img
names "nothing" blank.img "partitions    unknown" "machine       plain"
for kind in 2 3 4; do
    rm -f ext.img && mke2fs -q -t ext$kind -L archive ext.img 16M 2>/dev/null
    names "ext$kind" ext.img "ext$kind \"archive\", blocks of" "machine       unix-2000"
done
printf '\000' | dd of=ext.img bs=1 seek=1082 conv=notrunc status=none
names "an ext4 that was not unmounted" ext.img "damage        the disk: ext4 was not unmounted"
truncate -s 8M ext.img
names "one that was cut off" ext.img "the file system has 32768 sectors, but only 16384 are there"
rm -f swap.img && truncate -s 1M swap.img && mkswap -q -L store swap.img
names "swap" swap.img 'Linux swap "store"'
rm -f minix.img && truncate -s 4M minix.img && mkfs.minix -1 -n 14 minix.img >/dev/null
names "Minix" minix.img "Minix, version 1, names of 14 bytes"
rm -f ntfs.img && truncate -s 16M ntfs.img && mkntfs -q -F -L Records -H 16 -S 63 -p 0 ntfs.img >/dev/null 2>&1
names "NTFS" ntfs.img 'NTFS "Records", version 3.1' "16 heads, 63 sectors to the track, by the boot sector of the disk" "machine       windows-2000"
mkdir -p tree && echo record >tree/record.txt
xorriso -as mkisofs -quiet -V RECORDS -J -b first.img -o cd.iso tree first.img 2>/dev/null
names "an ISO 9660 volume" cd.iso "partitions    none: a CD" 'ISO 9660 "RECORDS", El Torito (1.44M floppy), Joliet' "machine       unix-2000"
truncate -s 200K cd.iso
names "half a CD" cd.iso "damage        the disk: the ISO 9660 volume has"
rm -f udf.img && truncate -s 8M udf.img && mkudffs --media-type=hd -b 2048 udf.img >/dev/null 2>&1
names "UDF" udf.img "UDF 2"
for bits in 12 16 32; do
    rm -f fat.img && mkfs.fat -C -F $bits -s 1 -n OFFICE -i CAFE1998 fat.img $((bits == 32 ? 40000 : bits == 16 ? 8000 : 1440)) >/dev/null
    names "FAT$bits" fat.img "FAT$bits \"OFFICE\", clusters of 512 bytes, serial number CAFE-1998"
done
printf x | dd of=fat.img bs=512 seek=40 conv=notrunc status=none
names "copies of a FAT" fat.img "damage        the disk: the two copies of the FAT differ"
printf '\377\377\377\007' | dd of=fat.img bs=1 seek=$((32 * 512 + 4)) conv=notrunc status=none
names "a FAT32 that was not unmounted" fat.img "damage        the disk: the volume was not unmounted"
(head -c 512 /dev/zero; printf '\376\377\377'; head -c 163325 /dev/zero) >old.img
names "a floppy of DOS 1" old.img "FAT12, clusters of 512 bytes" "1 heads, 8 sectors to the track, by the boot sector of the disk"
(printf '\353\074\220-FVE-FS-'; head -c 1048565 /dev/zero) >locked.img
names "BitLocker" locked.img "encrypted by BitLocker"
(printf 'LUKS\272\276\000\001'; head -c 1048568 /dev/zero) >locked.img
names "LUKS" locked.img "encrypted by LUKS"

# at IMAGE OFFSET BYTES: writes bytes there; a file of that size is made first.
at()
{
    # shellcheck disable=SC2059
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
head -c 2M /dev/zero >hpfs.img
at hpfs.img 8192 '\111\350\225\371\305\351\123\372\002\003\000\000\000\000\000\000\000\040\000\000'
at hpfs.img 8704 '\111\030\221\371\305\051\122\372\001'
names "HPFS" hpfs.img "HPFS, version 2" "the file system has 8192 sectors, but only 4096 are there" "HPFS was not unmounted" "machine       os2-4"
head -c 2M /dev/zero >netware.img
at netware.img 16384 'HOTFIX00' && at netware.img 16896 'MIRROR00'
names "NetWare" netware.img "NetWare" "system        NetWare (NetWare)"
head -c 1M /dev/zero >xenix.img
at xenix.img 2040 '\104\125\053\000'
names "Xenix" xenix.img "system        Xenix (Xenix)"

# --- Partitions ---

# disk SCRIPT: a disk of 64 MiB with these partitions.
disk()
{
    rm -f disk.img && truncate -s 64M disk.img && sfdisk -q disk.img <<<"$1"
}
disk $'label: dos\nlabel-id: 0x19980605\nstart=63, size=20000, type=6, bootable\nstart=20480, size=100000, type=5\nstart=20543, size=30000, type=7\nstart=60543, size=30000, type=83'
mkfs.fat -F 16 --offset 63 -g 16/63 -h 63 disk.img 10000 >/dev/null
names "primary and logical partitions" disk.img "partitions    MBR" "partition 1   FAT16 (06h), active, sectors 63 to 20062" "partition 2   extended (05h), sectors 20480 to 120479" \
    "partition 5   NTFS or HPFS (07h), sectors 20543 to 50542" "partition 6   Linux (83h), sectors 60543 to 90542" "by the boot sector of partition 1"
gives "the same as JSON" 0 "$muniment" identify --json disk.img blank.img
python3 - out <<'PY'
import json, sys
disk, blank = map(json.loads, open(sys.argv[1]))
assert disk["identify"] == 0 and disk["file"] == "disk.img" and disk["format"] == "raw" and disk["size"] == 64 << 20
assert disk["partition-table"] == "MBR" and disk["signature"] == "19980605"
assert [(v["number"], v["first"]) for v in disk["volumes"]] == [(1, 63), (2, 20480), (5, 20543), (6, 60543)]
assert disk["volumes"][0]["active"] and disk["volumes"][0]["geometry"] == {"heads": 16, "sectors": 63}
assert blank["partition-table"] == "unknown" and blank["machine"] == "plain" and blank["damage"] == []
PY
passed "and it is what a program reads" $?
truncate -s 20M disk.img
names "a disk that was cut off" disk.img "damage        partition 5: ends at sector 50543, but the disk has 40960: the image was cut off, or the table is another disk's" \
    "partition 2: the table of logical drives at sector 60542 lies beyond the end of the disk"
disk $'label: gpt\nstart=2048, size=20000, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\nstart=30720, size=2048, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B'
names "GPT" disk.img "partitions    GPT" "partition 1   Microsoft basic data, sectors 2048 to 22047" "partition 2   EFI system, sectors 30720 to 32767"
at disk.img 530 'x'
names "a GPT whose first header is damaged" disk.img "damage        GPT: the first header is damaged; the second one is used" "partition 2   EFI system"
disk $'label: dos\nstart=64, size=4000, type=55'
dd if=disk.img of=disk.img bs=512 count=1 seek=1 conv=notrunc status=none
at disk.img 962 '\006'
names "EZ-Drive" disk.img "after EZ-Drive" "partition 1   FAT16 (06h), sectors 64 to 4063"
disk $'label: dos\nstart=63, size=4000, type=54'
dd if=disk.img of=disk.img bs=512 count=1 seek=63 conv=notrunc status=none
at disk.img $((63 * 512 + 450)) '\006'
names "OnTrack" disk.img "after OnTrack Disk Manager" "partition 1   FAT16 (06h), sectors 126 to 4125"

# --- Which machine, and how its disk is shown ---

# geometry TEXT SIZE HEADS/SECTORS: a disk whose boot sector has this geometry is suggested so.
geometry()
{
    rm -f disk.img && truncate -s "$2" disk.img && sfdisk -q disk.img <<<$'label: dos\nstart=63, size=100000, type=6, bootable'
    mkfs.fat -F 16 --offset 63 -g "$3" -h 63 disk.img 50000 >/dev/null
    gives "a manifest for $3 on $2" 0 "$muniment" suggest disk.img
    grep -qE -e "$1" out; passed "$3 on $2: $1" $?
    mv out disk.yaml
    gives "which is valid" 0 "$muniment" manifest check disk.yaml
}
geometry '# - 16 heads and 63 sectors to the track, by the boot sector of partition 1' 100M 16/63
at disk.img 446 '\200\001\001\000\006\017\077\145\077\000\000\000\141\221\001\000'
gives "a table that ends with the cylinder" 0 "$muniment" suggest disk.img
says "says the same" out '# - 16 heads and 63 sectors to the track, by the boot sector of partition 1'
! grep -q 'geometry:\|translation:' out; passed "and needs no word of its own" $?
gives "geometry of the table" 0 "$muniment" identify disk.img
says "which is named" out '16 heads, 63 sectors to the track, by the partition table'
geometry 'geometry: 682/15/20' 100M 15/20
geometry '# - 128 heads and 63 sectors' 3G 128/63
! grep -q 'translation:' disk.yaml; passed "which the firmware shows by itself" $?
geometry '# - 64 heads and 63 sectors' 1G 64/63
geometry 'translation: large$' 656M 32/56
says "with its geometry" disk.yaml 'geometry: 1499/16/56'
geometry 'translation: large-240' 8000M 240/63
geometry 'which the BIOS can show of no disk of this size' 100M 255/56

gives "Windows 2000 is given time" 0 "$muniment" suggest ntfs.img
says "for its writes" out 'write-delay: 1 ms'
says "and a comment stays with its value" out '    kind: cdrom                # secondary master'
floppy dos.img
put dos.img KERNEL.SYS '\353\033CONFIG'
gives "an image boots on the machine that suits it" 0 "$muniment" boot dos.img --until time:0.5 --digest
says "which is named" err "muniment: dos.img: FreeDOS: boots on the machine dos-1995"
cp out direct
gives "suggest prints it" 0 "$muniment" suggest dos.img
mv out dos.yaml
gives "and it boots" 0 "$muniment" boot dos.yaml --until time:0.5 --digest
cmp -s out direct; passed "to the same state" $?
gives "another machine may be chosen" 0 "$muniment" boot dos.img --machine windows-98 --until time:0.5 --digest
! cmp -s out direct; passed "which is another" $?
gives "a name that is none is wrong usage" 2 "$muniment" boot dos.img --machine windows-97
says "and the remedy is said" err "windows-97: there is no ready-made machine of this name: \`muniment machines\` lists them"
gives "a manifest says itself which machine it is" 2 "$muniment" boot dos.yaml --machine plain
gives "nothing recognised: the machine is plain" 0 "$muniment" boot blank.img --until time:0.1
! grep -q boots err; passed "and nothing is said" $?
mkdir -p shelf && cp dos.img "shelf/a \"disk\".img"
gives "a name with quotes" 0 "$muniment" suggest "shelf/a \"disk\".img"
says "is quoted" out 'image: "shelf/a \"disk\".img"'
gives "a path that a manifest cannot have" 0 "$muniment" suggest "$PWD/dos.img"
says "becomes the name, and the reader is told" out "# Put dos.img beside this file."
gives "machines are listed" 0 "$muniment" machines
for machine in dos-1985 dos-1990 dos-1995 windows-3 wfw-3.11 windows-95 windows-98 windows-me nt-3.51 nt-4 windows-2000 windows-xp os2-1.3 os2-4 unix-2000 plain; do
    says "machine $machine is listed" out "  $machine "
done
gives "and printed" 0 "$muniment" machines nt-4
cmp -s out "$OLDPWD/manifests/machines/nt-4.yaml"; passed "as they are" $?

# --- Bad input, and how long it takes ---

gives "an image that is not there" 3 "$muniment" identify nothing.img
gives "is named, and the others are read" 3 "$muniment" identify nothing.img blank.img
says "all of them" out "blank.img: raw, 1474560 bytes"
gives "also as JSON" 3 "$muniment" identify --json nothing.img
python3 -c 'import json, sys; assert "cannot open" in json.load(open("out"))["error"]'; passed "with the reason" $?
rm -f disk.img && truncate -s 200G disk.img && sfdisk -q disk.img <<<$'label: dos\nsize=100G, type=7\ntype=c'
mkfs.fat -F 32 --offset 209717248 disk.img 100000000 >/dev/null
TIMEFORMAT='%U %S'
{ time "$muniment" identify disk.img >out 2>err; } 2>seconds
passed "a disk of 200 GiB takes less than 0.2 s: $(cat seconds)" "$(awk '{ print !($1 + $2 < 0.2) }' seconds)"
says "and is read" out "FAT32"

facts identify
