#!/bin/bash
# grub.sh - real software: Debian's GRUB rescue floppy, unmodified, is sealed, verified and booted, from floppy and from disk; it answers on the screen and
# on the serial line and switches the machine off.
set -euo pipefail
. tests/grub/image.sh

cd "$WORK"
sed 's/fd0/hd0/; s/floppy 1.44M/disk/; s/- floppy/- disk/' grub.yaml >disk.yaml
"$MUNIMENT" key new key
for machine in grub disk; do
    "$MUNIMENT" seal $machine.yaml -o $machine.mun --key key
    "$MUNIMENT" verify $machine.mun --trust key.pub
done

# The image by itself, its manifest and its archive reach the prompt; the same machine gives the same line.
boot="$MUNIMENT boot --script prompt.script --until screen:grub> --limit 60 --digest"
$boot grub.img --text | grep -F 'grub>'
$boot grub.yaml | tee manifest.digest
$boot grub.mun | tee archive.digest
cmp manifest.digest archive.digest

for machine in grub disk; do
    for way in screen serial; do
        echo "$machine.mun, $way:"
        "$MUNIMENT" boot $machine.mun --script $way.script --until poweroff --limit 60 --digest --serial $way.out | tee $way.first
        "$MUNIMENT" boot $machine.mun --script $way.script --until poweroff --limit 60 --digest >$way.second
        cmp $way.first $way.second
    done
    grep -qF 'menuentry "Microsoft Windows"' screen.first
    grep -qF 'menuentry "Microsoft Windows"' serial.out
done
