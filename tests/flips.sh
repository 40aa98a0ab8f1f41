#!/bin/bash
# flips.sh - a bit flipped at each of 1,000 random positions of the demonstration's archive (20,000 with LONG), and in every structural field, is found and located.
set -euo pipefail
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
root=$PWD
[ -n "${LONG-}" ] && flips="20000 $RANDOM" || flips=1000
cd "$WORK"
"$MUNIMENT" key new key
"$MUNIMENT" seal records.yaml --description records-description.yaml -o records.mun --key key --attest 1
python3 "$root/tests/archive_flip.py" "$MUNIMENT" records.mun $flips
