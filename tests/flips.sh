#!/bin/bash
# flips.sh - a bit flipped at each of 400 random positions of the demonstration's archive, written again without the program's source, and at every third
# of the ends of its structural fields, each time others, is found and located; with LONG at each of 20,000, as it was sealed, and at all of the ends.
set -euo pipefail
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
root=$PWD
cd "$WORK"
"$MUNIMENT" key new key
"$MUNIMENT" seal records.yaml --description records-description.yaml -o records.mun --key key --attest 1
[ -n "${LONG-}" ] && flips="20000 $RANDOM" || { flips="400 $RANDOM 3"; python3 "$root/tests/forge.py" records.mun key small.mun; mv small.mun records.mun; }
python3 "$root/tests/archive_flip.py" "$MUNIMENT" records.mun $flips
