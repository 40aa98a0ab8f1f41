#!/bin/bash
# symbols.sh - the machine never sees the host: libmachine.a needs nothing from outside but the functions of symbols.txt.
#
# Names with two leading underscores that compilers call by themselves (__udivdi3 on 32-bit hosts, __asan_...) pass: C code cannot name them by accident.
# _GLOBAL_OFFSET_TABLE_ and .TOC. are the linker's. LIBRARY and NM may name a library for another host, and its nm.
set -euo pipefail
library=${LIBRARY-$BUILD/libmachine.a} nm=${NM-nm}

$nm "$library" | awk '$1 == "U" { print $2 }' | LC_ALL=C sort -u >"$WORK/needed"
$nm "$library" | awk 'NF == 3 && $2 ~ /[A-TV-Z]/ { print $3 }' | LC_ALL=C sort -u >"$WORK/own"
{ cat tests/symbols.txt "$WORK/own"; printf '%s\n' _GLOBAL_OFFSET_TABLE_ .TOC.; } | LC_ALL=C sort -u >"$WORK/allowed"
grep -v '^__' "$WORK/needed" | LC_ALL=C comm -23 - "$WORK/allowed" >"$WORK/forbidden"
echo "needed from outside: $(LC_ALL=C comm -23 "$WORK/needed" "$WORK/own" | tr '\n' ' ')"
if [ -s "$WORK/forbidden" ]; then
    echo "forbidden:"
    cat "$WORK/forbidden"
    exit 1
fi
