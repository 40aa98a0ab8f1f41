#!/bin/bash
# xv6.sh - xv6 for x86, unmodified: it needs the table of the MultiProcessor Specification and both APICs. It runs on the local APIC's timer, its console and
# disk interrupt by the I/O APIC, and its processes fork, share the disk and end.
set -euo pipefail
. tests/guests/guest.sh

suite xv6.img xv6.img 80e3bfc13331df5ef31cc72603d4652006b22d9ce72db8d038a844d89e4dbd33
suite fs.img xv6-fs.img 6f2962a637820efc5cd3a92f73cb9c5bbd7b80e6bb52792831c867c63827ab17
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
