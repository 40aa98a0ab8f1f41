#!/bin/bash
# recover.sh - the disks of the demonstration come back without Muniment, byte for byte: once by the archive's own recover.py, once by the shell commands
# that its README prints.
set -euo pipefail
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
cd "$WORK"
"$MUNIMENT" key new key
"$MUNIMENT" seal records.yaml --description records-description.yaml -o records.mun --key key

tar -xf records.mun recover.py
python3 recover.py records.mun python
cmp records.img python/fd0.img

mkdir shell && cd shell
tar -xOf ../records.mun 000-README.txt | sed -n '/^TO CHECK IT/,/^To see that/s/^    //p' >../commands
cat ../commands
FILE=../records.mun sh -eu ../commands
cmp ../records.img fd0.img
