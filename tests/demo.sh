#!/bin/bash
# demo.sh - the demonstration does what it says, and does it again where it has been.
set -euo pipefail
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
tests/demo/demo.sh "$WORK"
tests/demo/demo.sh "$WORK" >/dev/null
cd "$WORK"
for left in records.mun key key.pub records.png; do
    [ -s $left ]
done
"$MUNIMENT" verify records.mun --trust key.pub >/dev/null
