#!/bin/bash
# system.sh - makes a Debian 12 for i386 on an ext2 disk, BUILD/debian/system.img, if it is not there, or older than this script: as debootstrap makes it, with systemd, e2fsprogs and a root
# without a password.
#
#   BUILD=build tests/guests/linux/system.sh       exit status 77, with the reason in the last line, where it cannot be made
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

skip()
{
    echo "$*"
    exit 77
}

script=$(realpath "$0")
mkdir -p "$BUILD/debian" && cd "$BUILD/debian"
[ ! system.img -nt "$script" ] || exit 0
command -v debootstrap >/dev/null || skip "debootstrap is not there (make deps-guests)"
[ "$(id -u)" = 0 ] || skip "only root can make a system with debootstrap"
trap 'rm -rf system system.new' EXIT
debootstrap --arch=i386 --variant=minbase --include=systemd-sysv,udev,e2fsprogs,login bookworm system http://deb.debian.org/debian ||
    skip "debootstrap cannot make Debian 12 for i386"
chroot system passwd -d root
echo muniment >system/etc/hostname
echo "LABEL=system / ext2 errors=remount-ro 0 1" >system/etc/fstab
rm -rf system/var/cache/apt/* system/var/lib/apt/lists/*
truncate -s 512M system.new
mke2fs -q -t ext2 -L system -d system system.new
mv system.new system.img
