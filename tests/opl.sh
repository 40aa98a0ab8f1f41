#!/bin/bash
# opl.sh - our OPL3 beside another opinion, Nuked-OPL3, which is not part of Muniment: a hundred patterns of writes (a thousand with LONG=1) give the same samples. It is
# taken from the folder nuked-opl3 of MUNIMENT_SUITES: opl3.c and opl3.h of nukeykt/Nuked-OPL3 at cfedb09.
set -eu
theirs=${MUNIMENT_SUITES:-/nowhere}/nuked-opl3
[ -e "$theirs/opl3.c" ] || { echo "there is no $theirs/opl3.c"; exit 77; }
for file in "$theirs/opl3.c" tests/opl_peer.c; do
    ${CC:-cc} -std=c11 -O2 -w -DOPL_QUIRK_CHANNELSAMPLEDELAY=0 -I"$theirs" -I. -c "$file" -o "$WORK/$(basename "$file" .c).o"
done
${CC:-cc} -std=c11 -O2 -I. -o "$WORK/opl_peer" tests/opl_ours.c "$WORK/opl3.o" "$WORK/opl_peer.o" "$BUILD/libmachine.a"
"$WORK/opl_peer" $((${LONG:-0} ? 1000 : 100))
