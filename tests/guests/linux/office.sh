#!/bin/bash
# office.sh - makes a Debian 12 for i386 with an NFS server, its client and ALSA's programs on an ext2 disk, BUILD/debian/office.img, if it is not there, or older than this script. It has no
# init: a shell in the initramfs starts what it needs.
#
#   BUILD=build tests/guests/linux/office.sh       exit status 77, with the reason in the last line, where it cannot be made
. "$(dirname "$0")/debootstrap.sh"

debian nfs-kernel-server,alsa-utils
rm -rf office/usr/share/{doc,man,locale}
disk 512M
