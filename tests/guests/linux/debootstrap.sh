# debootstrap.sh - to be sourced: makes a Debian 12 for i386 in a folder of BUILD/debian, and of that an ext2 disk; folder, disk and its label are called as the script is.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
name=$(basename "$0" .sh)

skip()
{
    echo "$*"
    exit 77
}

# debian PACKAGES: makes the folder, and goes to BUILD/debian. The script ends if the disk is there and not older than it.
debian()
{
    local script

    script=$(realpath "$0")
    mkdir -p "$BUILD/debian" && cd "$BUILD/debian"
    exec 9>"$name.lock" && flock 9
    [ ! "$name.img" -nt "$script" ] || exit 0
    command -v debootstrap >/dev/null || skip "debootstrap is not there (make deps-guests)"
    [ "$(id -u)" = 0 ] || skip "only root can make a system with debootstrap"
    trap 'rm -rf "$name" "$name.new"' EXIT
    debootstrap --arch=i386 --variant=minbase --include="$1" bookworm "$name" http://deb.debian.org/debian ||
        skip "debootstrap cannot make a Debian 12 for i386 with $1"
}

# disk SIZE: the folder becomes the disk.
disk()
{
    rm -rf "$name"/var/cache/apt/* "$name"/var/lib/apt/lists/*
    truncate -s "$1" "$name.new"
    mke2fs -q -t ext2 -L "$name" -d "$name" "$name.new"
    mv "$name.new" "$name.img"
}
