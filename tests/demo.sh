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
python3 tests/guests/same_picture.py "$WORK/records.png" tests/demo/records.png
