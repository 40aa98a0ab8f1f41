#!/bin/sh
# image_seeds.sh FOLDER - small sound images, with which fuzz_images begins: FOLDER/images-FORMAT/..., made by the tools of the host that are there.
set -eu
floppies=$(realpath "$(dirname "$0")/../floppies.py")
mkdir -p "$1" && cd "$1"
for format in qcow2 vhd vmdk vdi ewf imd teledisk copyqm cue raw packed map; do mkdir -p "images-$format"; done
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

# Text, bytes that do not shrink, and zeros between; a floppy of 8 tracks.
{ yes 'Parcel 1021' | head -c 6144; head -c 2048 /dev/urandom; head -c 24576 /dev/zero; head -c 4096 /dev/urandom; } >"$work/raw"
{ cat "$work/raw"; yes 'Volume 12' | head -c 36864; } >"$work/floppy"
if command -v qemu-img >/dev/null; then
    convert() { qemu-img convert -q -O "$2" ${3:+-o "$3"} ${4:+"$4"} "$work/raw" "$1"; }
    convert images-qcow2/v2 qcow2 compat=0.10,cluster_size=512
    convert images-qcow2/v3 qcow2 cluster_size=512
    convert images-qcow2/packed qcow2 cluster_size=4096 -c
    convert images-qcow2/zstd qcow2 cluster_size=4096,compression_type=zstd -c || rm -f images-qcow2/zstd
    convert images-vhd/fixed vpc subformat=fixed
    convert images-vhd/dynamic vpc
    convert images-vmdk/sparse vmdk
    convert images-vmdk/stream vmdk subformat=streamOptimized
    convert images-vdi/dynamic vdi
fi
if command -v ewfacquire >/dev/null; then
    for way in encase6 smart; do
        ewfacquire -q -u -t "$work/$way" -f $way -c deflate:best "$work/raw" >/dev/null 2>&1 || continue
        cp "$work/$way".?01 "images-ewf/$way"
    done
fi
python3 "$floppies" imd "$work/floppy" 9 images-imd/imd 3 -7
python3 "$floppies" td0 "$work/floppy" 9 images-teledisk/plain 3 -7
python3 "$floppies" td0-packed "$work/floppy" 9 images-teledisk/packed
python3 "$floppies" cqm "$work/floppy" 9 images-copyqm/cqm
printf 'FILE "image.bin" BINARY\nTRACK 01 MODE1/2352\nINDEX 01 00:00:00\nREM SESSION 02\nTRACK 02 AUDIO\nPREGAP 00:02:00\nINDEX 00 00:00:20\nINDEX 01 00:00:22\n' >images-cue/disc
cp "$work/raw" images-raw/raw
gzip -c "$work/raw" >images-packed/gz
xz -c "$work/raw" >images-packed/xz
tar -C "$work" -cf images-packed/tar raw
! command -v zip >/dev/null || zip -qj images-packed/zip.zip "$work/raw"
! command -v 7z >/dev/null || 7z a -bd -bso0 images-packed/7z.7z "$work/raw"
printf '# Mapfile. Created by GNU ddrescue version 1.27\n# Command line: ddrescue a b c\n0x00000000 ? 1\n0x00000000 0x8000 +\n0x8000 0x1000 -\n0x9000 0x7000 ?\n' >images-map/map
