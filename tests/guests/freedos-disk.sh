#!/bin/bash
# freedos-disk.sh - FreeDOS 1.3 installs itself: partitions and formats a blank disk, starts from it with HIMEMX and JEMM386, and so runs in virtual-8086 mode
# with paging; copies, compresses and compares files there, checks its disk by a 32-bit DPMI program, and switches the machine off by APM.
set -euo pipefail
. tests/guests/guest.sh
suite boot.img freedos13-floppy.img 6a6a75d96e4b0f89b160d1c6193873154b0c75bf9989d0e27b6663a13d8c59b3
suite bin.tar sdcboot-freedos.tar a7549b25e2d31fceb352e9b2064ccbd7ae4e8d36044cf32bc04f76f6c71d7b8e
truncate -s 100M "$WORK/disk.img"

# The second floppy: what goes to C:\DOS, and what starts it. Its boot sector gives way to the next drive by INT 18h.
(
    cd "$WORK"
    export SOURCE_DATE_EPOCH=883612800
    tar -xf bin.tar
    printf '%s\r\n' 'DEVICE=C:\DOS\HIMEMX.EXE' 'DEVICE=C:\DOS\JEMM386.EXE' DOS=HIGH,UMB FILES=40 \
        'SHELLHIGH=C:\DOS\COMMAND.COM C:\DOS /E:512 /P=C:\AUTOEXEC.BAT' >config.sys
    printf '%s\r\n' '@ECHO OFF' 'PATH C:\DOS' 'PROMPT $P$G' 'SET TZ=UTC0' >autoexec.bat
    printf '%s\r\n' '@ECHO OFF' 'MD C:\DOS' 'COPY A:\CONFIG.SYS C:\' 'COPY A:\*.BAT C:\' 'COPY A:\*.EXE C:\DOS' 'COPY A:\*.COM C:\DOS' 'ECHO ALL COPIED' >install.bat
    printf '%s\r\n' '@FC /B %1 %2' '@IF NOT ERRORLEVEL 1 ECHO ALL ARE THE SAME' >same.bat
    mformat -C -f 720 -N 0 -i tools.img ::
    printf '\xcd\x18' | dd of=tools.img bs=1 seek=62 conv=notrunc status=none
    mcopy -i tools.img {config.sys,{autoexec,install,same}.bat} freedos/bin/{{command,fdapm}.com,{himemx,jemm386,mem,xcopy,fc,zip,unzip,cwsdpmi,dosfsck}.exe} ::
)

machine pc-i440fx pentium 8 32 floppy disk <<END
  fd0:
    kind: floppy 1.44M
    image: boot.img
  hd0:
    kind: disk
    image: disk.img
END
GUEST_LIMIT=600 guest
