#!/bin/bash
# wine.sh - makes a Debian 12 for i386 with Wine and an X server on an ext2 disk, BUILD/debian/wine.img, if it is not there, or older than this script. It has no init: a shell in the initramfs
# starts its session (linux/wine).
#
#   BUILD=build tests/guests/linux/wine.sh       exit status 77, with the reason in the last line, where it cannot be made
. "$(dirname "$0")/debootstrap.sh"

debian wine,wine32,xserver-xorg-core,xserver-xorg-video-cirrus,xserver-xorg-input-evdev,fonts-dejavu-core,fonts-wine,xdotool
# Wine's own folder, C: and the registry. Its mount of /proc ends with the command.
unshare --mount --propagation private sh -c 'mount -t proc proc wine/proc && chroot wine env HOME=/root WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=" sh -c "wineboot --init; wineserver --wait"'
# The programs and libraries of C: are those of the package.
own=wine/usr/lib/i386-linux-gnu/wine/i386-windows
find wine/root/.wine/drive_c/windows -type f | while read -r file; do
    ! cmp -s "$file" "$own/${file##*/}" || ln -f "$own/${file##*/}" "$file"
done
# No program here draws in three dimensions.
rm -rf wine/usr/lib/i386-linux-gnu/{libLLVM-15.so.1,libz3.so.4,dri} wine/usr/share/{iso-codes,xml,doc,man,locale} wine/tmp/.[!.]* wine/tmp/*
disk 1G
