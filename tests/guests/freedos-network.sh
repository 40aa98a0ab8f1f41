#!/bin/bash
# freedos-network.sh - two machines with FreeDOS on one cable: Crynwr's packet driver finds the NE2000, mTCP's PING hears the other one, and a file that NC sends comes as it
# was. Our firmware only; the set is the same by both engines and in any slices.
set -euo pipefail
. tests/guests/guest.sh
suite boot.img freedos13-floppy.img 6a6a75d96e4b0f89b160d1c6193873154b0c75bf9989d0e27b6663a13d8c59b3
suite bin.tar sdcboot-freedos.tar a7549b25e2d31fceb352e9b2064ccbd7ae4e8d36044cf32bc04f76f6c71d7b8e
suite ne2000.com ne2000.com 69573724d30a9498f2a81d3b0ca9b79b4a326522d8aa43d111f7a9ddf047bc12
no_peer "peers' machines are not on our cable"

# system NUMBER: a floppy that starts the packet driver, for the address 10.0.0.NUMBER.
system()
{
    printf '%s\r\n' FILES=40 'SHELL=A:\COMMAND.COM A:\ /E:512 /P=A:\AUTOEXEC.BAT' >fdconfig.sys
    printf '%s\r\n' '@ECHO OFF' 'PROMPT $P$G' 'SET MTCPCFG=A:\MTCP.CFG' 'NE2000 0x60 10 0x300' 'ECHO ALL LOADED' >autoexec.bat
    printf '%s\r\n' 'PACKETINT 0x60' "IPADDR 10.0.0.$1" 'NETMASK 255.255.255.0' "HOSTNAME dos$1" >mtcp.cfg
    cp boot.img "system$1.img"
    mcopy -i "system$1.img" fdconfig.sys autoexec.bat mtcp.cfg data.dat ne2000.com freedos/bin/{{command,fdapm}.com,{ping,nc,fc}.exe} ::
}
(
    cd "$WORK"
    export SOURCE_DATE_EPOCH=883612800 TZ=UTC
    tar -xf bin.tar
    mdeltree -i boot.img ::freedos
    mdel -i boot.img ::'*.bat' ::fdconfig.sys
    awk 'BEGIN { for (i = 0; i < 32000 / 16; i++) printf "%015x\n", i * 2654435761 % 1099511627776 }' >data.dat
    system 1 && system 2
) || skip "mtools is not there (make deps-guests)"
for number in 1 2; do
    machine pc-isa i486 25 16 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: system$number.img
END
    { cat "$WORK/machine.yaml"; printf 'network:\n  card: ne2000\n  address: 02:00:00:00:00:0%s\n  cable: yes\n' "$number"; } >"$WORK/machine$number.yaml"
done
printf 'muniment: set 0\nmachines:\n  - name: server\n    machine: machine1.yaml\n  - name: client\n    machine: machine2.yaml\n    power-on: 2 s\n' >"$WORK/set.yaml"
cd "$WORK"
! elsewhere set.yaml freedos-network || exit 0
"$MUNIMENT" boot set.yaml --script freedos-network.script --limit 400 --digest --text >first || { cat first; exit 1; }
cat first
[ -n "${GUEST_ONCE-}" ] || {
    "$MUNIMENT" boot set.yaml --script freedos-network.script --limit 400 --digest --text --engine random:7 --slice random:3 >second
    cmp first second
}
