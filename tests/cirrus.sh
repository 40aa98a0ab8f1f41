#!/bin/bash
# cirrus.sh - the BitBLT engine of our Cirrus chip does what a model of it does, and so does QEMU's, where that is installed and but for what cirrus.c lists.
set -euo pipefail
"$BUILD/tests/cirrus"
! qemu=$(command -v qemu-system-i386) || "$BUILD/tests/cirrus" --qemu "$qemu" --count ${LONG:+1}1
