#!/bin/bash
# grub.sh - real software: Debian's GRUB rescue image, unmodified, is sealed, verified and booted; it answers on the screen and on the serial line and
# switches the machine off.
set -euo pipefail
. tests/grub/image.sh

cd "$WORK"
"$MUNIMENT" key new key
"$MUNIMENT" seal grub.yaml -o grub.mun --key key
"$MUNIMENT" verify grub.mun --trust key.pub

# The image by itself, its manifest and its archive reach the prompt; the same machine gives the same line.
boot="$MUNIMENT boot --script prompt.script --until screen:grub> --limit 60 --digest"
$boot grub.img --text | grep -F 'grub>'
$boot grub.yaml | tee manifest.digest
$boot grub.mun | tee archive.digest
cmp manifest.digest archive.digest

for way in screen serial; do
    "$MUNIMENT" boot grub.mun --script $way.script --until poweroff --limit 60 --digest --serial $way.out >$way.first
    "$MUNIMENT" boot grub.mun --script $way.script --until poweroff --limit 60 --digest >$way.second
    cat $way.first
    cmp $way.first $way.second
done
grep -F 'menuentry "Microsoft Windows"' screen.first
grep -F 'menuentry "Microsoft Windows"' serial.out
