#!/bin/bash
# debian-system.sh - Debian 12 for i386, as debootstrap makes it, on an ext2 disk: systemd brings it up to a login on COM1, e2fsck mends another disk. To make the
# system takes root, the network and some minutes, once.
set -euo pipefail
. tests/guests/guest.sh
PATH=$PATH:/usr/sbin:/sbin

tests/guests/linux/system.sh || exit
# In 90 s, by itself, systemd gives the serial port up; on a peer or a busy host the boot takes longer.
tests/guests/linux/image.sh "$WORK" root=LABEL=system systemd.default_timeout_start_sec=900 || exit
# A file system in which a file's count of links is wrong.
truncate -s 16M "$WORK/broken.img"
mke2fs -q -t ext2 -L broken -d tests "$WORK/broken.img"
debugfs -w -R "set_inode_field README.md links_count 7" "$WORK/broken.img"
debian system pentium2 200 128 broken.img
guest
