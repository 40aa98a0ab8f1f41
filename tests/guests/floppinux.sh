#!/bin/bash
# floppinux.sh - a Linux on one floppy: SYSLINUX, Linux 5.13 and a busybox.
set -euo pipefail
. tests/guests/guest.sh
suite floppinux.img floppinux.img 32d22315e6fcabf38d779f73a8d4cb6e08353b119c8265f586997add1e5443fc
machine pc-i440fx pentium2 100 32 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: floppinux.img
END
guest
