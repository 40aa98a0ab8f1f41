#!/bin/bash
# demo.sh - the demonstration does what it says, also where it has been before, and README.md shows the picture that it makes.
set -euo pipefail
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
tests/demo/demo.sh "$WORK"
tests/demo/demo.sh "$WORK" >/dev/null
for left in records.mun key key.pub records.png; do
    [ -s "$WORK/$left" ]
done
"$MUNIMENT" verify "$WORK/records.mun" --trust "$WORK/key.pub" >/dev/null
# What zlib made of the pixels may differ.
python3 - "$WORK/records.png" tests/demo/records.png <<'END'
import struct, sys, zlib

def pixels(path):
    data, at, packed = open(path, "rb").read(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += 12 + size
    return data[16:29], zlib.decompress(packed)

if pixels(sys.argv[1]) != pixels(sys.argv[2]):
    sys.exit(f"{sys.argv[2]} is not the picture that the demonstration makes")
END
