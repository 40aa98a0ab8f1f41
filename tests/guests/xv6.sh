#!/bin/bash
# xv6.sh - xv6 for x86, unmodified: it needs the table of the MultiProcessor Specification and both APICs. It runs on the local APIC's timer, its console and
# disk interrupt by the I/O APIC, and its processes fork, share the disk and end.
set -euo pipefail
. tests/guests/guest.sh

suite xv6.img xv6.img 0dcde22942d6ba4417d984d9cd3bc5d97f3bf04070dee9ece26263179bdd04fd
suite fs.img xv6-fs.img 416c975db2c77bc88396576871916a504911de95d4ff4e6e9b70e9946abaa101
machine pc-i440fx pentium2 100 256 disk <<END
  hd0:
    kind: disk
    image: xv6.img
  hd1:
    kind: disk
    image: fs.img
END
sed -i 's/^ports:/apic: yes\n&/' "$WORK/machine.yaml"
guest
