#!/bin/bash
# firmware_source.sh - the source in bios/ is what the kept bytes (bios/versions/) were made from, and no instruction of it loses a segment.
#
# The tools that made the kept bytes must make them again. Others may make other bytes: that is reported, and no failure, as the program
# always carries the kept ones.
set -euo pipefail
kept=bios/versions/0
out=$(realpath --relative-to=. "$WORK")
(cd "$kept" && sha256sum --quiet -c SHA256SUMS) || { echo "$kept: the bytes are not those of SHA256SUMS: git checkout $kept, or make firmware"; exit 1; }
same_tools=0
[ "$(make -s BUILD="$out" firmware-tools)" != "$(cat "$kept/made-by")" ] || same_tools=1
if ! make -s BUILD="$out" "$out/bios/system.bin" "$out/bios/vga.bin" "$out/bios/cirrus.bin" >"$WORK/log" 2>&1; then
    cat "$WORK/log"
    [ $same_tools = 0 ] || exit 1
    echo "these tools do not build the firmware: $(make -s BUILD="$out" firmware-tools | paste -sd ';')"
    exit 77
fi
tests/firmware_segments.py "$out/bios"
if cmp "$kept/system.bin" "$out/bios/system.bin" && cmp "$kept/vga.bin" "$out/bios/vga.bin" && cmp "$kept/cirrus.bin" "$out/bios/cirrus.bin"; then
    echo "the source makes the kept bytes"
elif [ $same_tools = 1 ]; then
    echo "the source does not make the kept bytes: make firmware, and name the change of the machine in the commit"
    exit 1
else
    echo "these tools make other bytes than those kept, which the program carries: $(make -s BUILD="$out" firmware-tools | paste -sd ';')"
    exit 77
fi
