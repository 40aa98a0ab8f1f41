#!/bin/bash
# debian-installer.sh - Debian 12's installer for i386 from a CD, by f3e2c1786564e148fb394e2321666ddccccedc18f7cf9db3e2416d45d13ea492 and El Torito, to its text menu; a shell on its second console switches the machine off.
set -euo pipefail
. tests/guests/guest.sh

files=/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386
medium linux $files/linux c77cd9c37609b8b1b1cdfbb91b644a44d606d3d75da8656a0c79635be0b89c21 "package debian-installer-12-netboot-i386"
medium initrd.gz $files/initrd.gz c24f8bfb72a45b9231e3e5a4257f108f2ea7f48ce2cf68f614654d0da4463201 "package debian-installer-12-netboot-i386"
medium isolinux.bin /usr/lib/ISOLINUX/isolinux.bin f3e2c1786564e148fb394e2321666ddccccedc18f7cf9db3e2416d45d13ea492 "package isolinux"
medium ldlinux.c32 /usr/lib/syslinux/modules/bios/ldlinux.c32 26cbd44c3a3dacbf3971cfbc04db539da07767fa00797f505044e2f68dcfae89 "package syslinux-common"
command -v xorriso >/dev/null || skip "xorriso is not there"

# Without "nomodeset" the installer draws its text on the linear frame buffer, where a script cannot read it.
(
    cd "$WORK"
    mkdir cd
    mv linux initrd.gz isolinux.bin ldlinux.c32 cd
    echo "default /linux initrd=/initrd.gz nomodeset cryptomgr.notests" >cd/isolinux.cfg
    SOURCE_DATE_EPOCH=883612800 TZ=UTC xorriso -as mkisofs -quiet -o installer.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table cd
    rm -r cd
)
machine pc-i440fx pentium2 200 512 cdrom <<END
  hd2:
    kind: cdrom
    image: installer.iso
END
guest
