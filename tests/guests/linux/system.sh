#!/bin/bash
# system.sh - makes a Debian 12 for i386 on an ext2 disk, BUILD/debian/system.img, if it is not there, or older than this script: as debootstrap makes it, with systemd, e2fsprogs and a root
# without a password.
#
#   BUILD=build tests/guests/linux/system.sh       exit status 77, with the reason in the last line, where it cannot be made
. "$(dirname "$0")/debootstrap.sh"

debian systemd-sysv,udev,e2fsprogs,login
chroot system passwd -d root
echo muniment >system/etc/hostname
echo "LABEL=system / ext2 errors=remount-ro 0 1" >system/etc/fstab
disk 512M
