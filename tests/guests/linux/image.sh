#!/bin/bash
# image.sh - makes a disk with Debian's kernel for 80686 on it: FOLDER/linux.img, the same bytes each time.
#
#   BUILD=build tests/guests/linux/image.sh FOLDER [PARAMETER ...]      exit status 77, with the reason in the last line, where it cannot be made
#
# GRUB in front of the first partition loads kernel and initramfs from there (FAT16); the initramfs is Debian's busybox and the modules for ATA disks (init). The second
# partition is empty. The kernel gets the PARAMETERS. What lies in the folder that EXTRA names comes along as /extra; if there is a program "run", init starts it. MODULES names more modules, which come along in /lib and are not loaded. PROGRAMS has more packages and their digests, which come along, unpacked, as /extra/programs. The packages are of architecture i386: apt fetches them, in folders of its own so that the system's
# settings stay as they are, and nothing is installed. They stay in BUILD/debian.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
shopt -s nullglob
here=$(dirname "$(realpath "$0")") kept=$(realpath -m "$BUILD/debian")
packages=(
    linux-image-6.1.0-50-686=6.1.176-1           526c469c5148a2b61c4241c3f6575427096575e0ffef9541b6729351c600b3e4
    busybox-static=1:1.35.0-4+deb12u1+b1         725ef9e6fbac4ab79b353165b05005e8c140d6e42177ebbc202ff1e13ded8b7c
)
modules="drivers/scsi/scsi_common drivers/scsi/scsi_mod drivers/ata/libata drivers/ata/ata_piix crypto/crct10dif_common lib/crc-t10dif lib/crc64
    lib/crc64-rocksoft block/t10-pi drivers/scsi/sd_mod crypto/crc32c_generic lib/crc16 fs/mbcache fs/jbd2/jbd2 fs/ext4/ext4"

skip()
{
    echo "$*"
    exit 77
}

apt()
{
    apt-get -qq -o APT::Architecture=i386 -o APT::Architectures::=i386 -o Dir::State="$kept/state" -o Dir::State::status=/dev/null -o Dir::Cache="$kept/cache" \
        -o APT::Sandbox::User= "$@"
}

# fetch PACKAGE=VERSION SHA256 FOLDER: into KEPT, under the name that apt gives it, and unpacked into the folder.
fetch()
{
    local file files=("${1%=*}_"*.deb)
    if [ ${#files[@]} = 0 ]; then
        mkdir -p state/lists/partial cache/archives/partial
        apt download "$1" || { apt update; apt download "$1"; } || skip "$1 of architecture i386 cannot be fetched from Debian"
        files=("${1%=*}_"*.deb)
    fi
    file=${files[0]}
    echo "$2  $file" | sha256sum --check --quiet || skip "$file is not the version that this test knows"
    dpkg-deb -x "$file" "$folder/$3"
}

for tool in apt-get dpkg-deb grub-mkimage cpio mcopy sfdisk; do
    command -v $tool >/dev/null || skip "$tool is not there (make deps-guests)"
done
[ -e /usr/lib/grub/i386-pc/boot.img ] || skip "GRUB is not there (package grub-pc-bin)"

folder=$(realpath "$1") parameters=${*:2}
mkdir -p "$kept" && cd "$kept"
for ((i = 0; i < ${#packages[@]}; i += 2)); do
    (flock 9 && fetch "${packages[i]}" "${packages[i + 1]}" packages) 9>lock
done
programs=(${PROGRAMS-})
for ((i = 0; i < ${#programs[@]}; i += 2)); do
    (flock 9 && fetch "${programs[i]}" "${programs[i + 1]}" programs) 9>lock
done

cd "$folder"
export SOURCE_DATE_EPOCH=883612800 TZ=UTC
mkdir -p initramfs/{bin,dev,lib,mnt,proc,sbin,sys,usr/bin,usr/sbin}
cp "$here/init" initramfs
cp packages/bin/busybox initramfs/bin
for module in $modules; do
    cp packages/lib/modules/*/kernel/"$module.ko" initramfs/lib
    echo "${module##*/}" >>initramfs/lib/order
done
for module in ${MODULES-}; do
    cp packages/lib/modules/*/kernel/"$module.ko" initramfs/lib
done
[ -z "${EXTRA-}" ] || cp -r "$EXTRA" initramfs/extra
[ ${#programs[@]} = 0 ] || mv programs initramfs/extra
find initramfs -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
(cd initramfs && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible -R 0:0) | gzip -n >initramfs.gz

# The ACPI tables that SeaBIOS has without QEMU tell of a hot-plug controller that only QEMU has; Linux would read its absence as an order to eject every device.
cat >grub.cfg <<END
serial --unit=0 --speed=115200
terminal_output serial
set root=(hd0,msdos1)
linux /vmlinuz console=ttyS0,115200 cryptomgr.notests acpiphp.disable=1 $parameters
initrd /initramfs.gz
boot
END
grub-mkimage -O i386-pc -c grub.cfg -p / -o core.img biosdisk part_msdos fat linux serial terminal
truncate -s 32M linux.img
sfdisk -q linux.img <<'END'
label: dos
label-id: 0x4d756e69
start=2048, size=32768, type=6, bootable
start=34816, type=83
END
dd if=/usr/lib/grub/i386-pc/boot.img of=linux.img bs=440 count=1 conv=notrunc status=none
dd if=core.img of=linux.img bs=512 seek=1 conv=notrunc status=none
mformat -i linux.img@@1M -T 32768 -h 16 -s 63 -H 2048 -N 4d756e69 -v LINUX ::
mcopy -i linux.img@@1M packages/boot/vmlinuz-* ::vmlinuz
mcopy -i linux.img@@1M initramfs.gz ::
rm -r packages initramfs initramfs.gz grub.cfg core.img
