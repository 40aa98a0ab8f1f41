#!/bin/bash
# first_light.sh - the thinnest guest, one boot sector: sealed, verified, booted twice to one digest, heard on the serial line.
set -euo pipefail
image=$(realpath "$BUILD/demo/first.img")
cp "$image" "$WORK"
cd "$WORK"
"$MUNIMENT" suggest first.img --machine plain >first.yaml
"$MUNIMENT" key new key
"$MUNIMENT" seal first.yaml -o first.mun --key key
"$MUNIMENT" verify first.mun --trust key.pub
# The processor is done before the line has sent its last bytes, which wait halt waits for.
printf 'wait halt\n' >halt.script
for i in 1 2; do
    "$MUNIMENT" boot first.mun --script halt.script --limit 60 --digest --text --serial serial.$i | tee digest.$i
done
cmp digest.1 digest.2
grep -F 'First light' digest.1
printf 'First light\r\n' | cmp - serial.1
