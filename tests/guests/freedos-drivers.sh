#!/bin/bash
# freedos-drivers.sh - DOS drivers that look at the hardware for themselves, in virtual-8086 mode under JEMM386: UIDE caches a disk and a CD-ROM drive that it finds to be UltraDMA and
# reads by bus master, SHSUCDX shows the CD, XCOPY and FC copy and compare 6 MB (in 6 and 34 s at 25 MIPS: FC /B takes 135 instructions for a byte), CTMOUSE finds Microsoft's mouse on COM2, and a DPMI client of 32 bits draws in mode X; in
# a run of its own a program uses long names on the disk through DOSLFN, which reads and writes its sectors. Our firmware
# only: SeaBIOS leaves the controller's bus mastering off (PCI command 0001h), and UIDE then takes it for a bad one.
set -euo pipefail
. tests/guests/guest.sh
suite boot.img freedos13-floppy.img 6a6a75d96e4b0f89b160d1c6193873154b0c75bf9989d0e27b6663a13d8c59b3
suite bin.tar sdcboot-freedos.tar a7549b25e2d31fceb352e9b2064ccbd7ae4e8d36044cf32bc04f76f6c71d7b8e
suite udvd2.zip udvd2.zip cbf2098961001cceffe834ff30b6fb71cdbcfee62c4f2767fa11fe4419c9202e
suite doslfn.zip doslfn.zip 2c106d453115e7be838ecffd70598d3b6ec21da141c5a8609e0d8b6a191a9d77
no_peer "peers have no serial mouse of Microsoft's"

tests=$PWD/tests/guests/dos
# A disk of one FAT16 partition with a file of 6 MB, and a CD with another; the floppy starts from the installer's own boot sector and kernel.
(
    cd "$WORK"
    export SOURCE_DATE_EPOCH=883612800 TZ=UTC
    tar -xf bin.tar
    for program in modex lfn; do
        gcc -m32 -c -o $program.o "$tests/$program.S" && ld -m elf_i386 -Ttext=0x100 --oformat=binary -o $program.com $program.o
    done
    printf '%s\r\n' 'DEVICE=A:\HIMEMX.EXE' 'DEVICE=A:\JEMM386.EXE' 'DEVICE=A:\UIDE.SYS /D:FDCD0001 /S8' FILES=40 LASTDRIVE=Z 'SHELL=A:\COMMAND.COM A:\ /E:512 /P=A:\AUTOEXEC.BAT' >fdconfig.sys
    printf '%s\r\n' '@ECHO OFF' 'PROMPT $P$G' 'SHSUCDX /D:FDCD0001' 'CWSDPMI -p' 'ECHO ALL LOADED' >autoexec.bat
    mdel -i boot.img ::'*.bat' ::fdconfig.sys
    mdeltree -i boot.img ::freedos
    mcopy -i boot.img {fdconfig.sys,autoexec.bat} freedos/bin/{{command,shsucdx,fdapm}.com,{himemx,jemm386,cwsdpmi,ctmouse,xcopy,fc}.exe,uide.sys} modex.com ::
    python3 -m zipfile -e udvd2.zip .
    sed 's#^DEVICE=A:.UIDE.*#DEVICE=A:\\UDVD2.SYS /D:FDCD0001\r#' fdconfig.sys >udvd2.sys
    cp boot.img udvd2.img
    mdel -i udvd2.img ::fdconfig.sys ::uide.sys
    mcopy -i udvd2.img udvd2.sys ::fdconfig.sys
    mcopy -i udvd2.img BIN/UDVD2.SYS ::
    python3 -m zipfile -e doslfn.zip .
    cp boot.img lfn.img
    mdel -i lfn.img ::fc.exe ::modex.com
    mcopy -i lfn.img doslfn.com cp437uni.tbl lfn.com ::
    awk 'BEGIN { for (i = 0; i < 6291456 / 16; i++) printf "%015x\n", i * 2654435761 % 1099511627776 }' >six.dat
    truncate -s 33030144 disk.img
    printf 'label: dos\nlabel-id: 0x4d756e69\nstart=63, size=64449, type=6, bootable\n' | sfdisk -q disk.img
    mformat -i disk.img@@32256 -T 64449 -h 16 -s 63 -H 63 -N 4d756e69 ::
    mcopy -i disk.img@@32256 six.dat ::
    echo "kept since 1998" >left && mcopy -i disk.img@@32256 left "::Left by the host.text"
    mkdir cd && mv six.dat cd/SIX.DAT && touch -d "@$SOURCE_DATE_EPOCH" cd cd/SIX.DAT
    xorriso -as mkisofs -quiet -V DRIVERS -o cd.iso cd 2>/dev/null
) || skip "mtools, sfdisk or xorriso is not there (make deps-guests)"

machine pc-i440fx pentium 25 32 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: boot.img
  hd0:
    kind: disk
    image: disk.img
  hd2:
    kind: cdrom
    image: cd.iso
END
sed -i 's/^display: vga/&\npointer: com2/' "$WORK/machine.yaml"
# UDVD2, which serves CD-ROM drives alone.
sed 's/boot.img/udvd2.img/' "$WORK/machine.yaml" >"$WORK/udvd2.yaml"
sed 's/boot.img/lfn.img/' "$WORK/machine.yaml" >"$WORK/lfn.yaml"
[ -n "${GUEST_PEER-}" ] || (
    cd "$WORK"
    run udvd2 udvd2.yaml freedos-udvd2 --engine translator && tail -n 1 udvd2
    "$MUNIMENT" key new office
    "$MUNIMENT" seal lfn.yaml -o lfn.mun --key office
    run lfn lfn.mun freedos-lfn --engine translator --overlay session && grep -v "^tick" lfn
    "$MUNIMENT" retrieve lfn.mun --drive hd0 --overlay session -o left-by-dos "Minutes of the council/Second of March 1998, accepted.text" "Left by the host.text"
    printf 'Parcel 1021 is sold.\r\n' | cmp - "left-by-dos/data/Minutes of the council/Second of March 1998, accepted.text"
    cmp left "left-by-dos/data/Left by the host.text"
)
GUEST_FIRMWARE=ours GUEST_LIMIT=600 guest
