#!/bin/bash
# opengem.sh - OpenGEM 7, the graphical desktop of GEM, on FreeDOS, with a mouse at the PS/2 port and, in a run of its own, at COM2: CTMOUSE finds either, and the
# desktop looks the same.
set -euo pipefail
. tests/guests/guest.sh
suite boot.img freedos13-floppy.img 6a6a75d96e4b0f89b160d1c6193873154b0c75bf9989d0e27b6663a13d8c59b3
suite bin.tar sdcboot-freedos.tar a7549b25e2d31fceb352e9b2064ccbd7ae4e8d36044cf32bc04f76f6c71d7b8e
suite gem.zip opengem7.zip f9c737c2154197a979136bf6857e5af7e61efb0d8436b380ec52427ac46277b1

# A disk of one FAT16 partition with the desktop at its root; the floppy starts from the installer's own boot sector and kernel.
(
    cd "$WORK"
    export SOURCE_DATE_EPOCH=883612800 TZ=UTC
    tar -xf bin.tar
    python3 -m zipfile -e gem.zip .
    printf '%s\r\n' 'DEVICE=A:\HIMEMX.EXE' FILES=40 LASTDRIVE=Z 'SHELL=A:\COMMAND.COM A:\ /E:512 /P=A:\AUTOEXEC.BAT' >fdconfig.sys
    printf '%s\r\n' '@ECHO OFF' 'PROMPT $P$G' 'CTMOUSE' 'C:' 'ECHO ALL LOADED' >autoexec.bat
    mdeltree -i boot.img ::freedos
    mdel -i boot.img ::'*.bat' ::fdconfig.sys
    mcopy -i boot.img {fdconfig.sys,autoexec.bat} freedos/bin/{{command,fdapm}.com,{himemx,ctmouse}.exe} ::
    truncate -s 33030144 disk.img
    printf 'label: dos\nlabel-id: 0x4d756e69\nstart=63, size=64449, type=6, bootable\n' | sfdisk -q disk.img
    mformat -i disk.img@@32256 -T 64449 -h 16 -s 63 -H 63 -N 4d756e69 ::
    find OPENGEM -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    mcopy -smi disk.img@@32256 OPENGEM/* ::
) || skip "mtools, sfdisk or python3 is not there (make deps-guests)"

machine pc-isa i486 25 16 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: boot.img
  hd0:
    kind: disk
    image: disk.img
END
# The same by the serial mouse, in its own time.
sed "s/^display: vga/&\npointer: com2/" "$WORK/machine.yaml" >"$WORK/serial.yaml"
[[ ${GUEST_PEER-} = @(*/qemu.py|*/bochs.py) ]] || (cd "$WORK" && run serial serial.yaml opengem --engine translator | tail -n 1 && grep -q "Installed at COM2" serial)
guest
