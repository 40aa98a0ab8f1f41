#!/bin/bash
# rules_archive.sh - archives that break one rule of spec/archive.md each, and are properly signed, are found out (rules_archive.py).
set -euo pipefail
root=$PWD
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
cd "$WORK"
sed 's/^boot:/  hd0:\n    kind: disk\n    image: hd0.img\n&/' records.yaml >machine.yaml
truncate -s 67108864 hd0.img
head -c 100000 "$MUNIMENT" >>hd0.img
truncate -s 67209216 hd0.img
"$MUNIMENT" key new key
"$MUNIMENT" seal machine.yaml --description records-description.yaml -o sealed.mun --key key
python3 "$root/tests/rules_archive.py" "$MUNIMENT" "$root/archive/recover.py" sealed.mun key "$@"
