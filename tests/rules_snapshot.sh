#!/bin/bash
# rules_snapshot.sh - snapshots that break one rule of spec/snapshot.md each are refused for it (rules_snapshot.py), and
# a folder of checkpoints that another run has locked is left alone (S-36).
set -euo pipefail
root=$PWD
cp "$BUILD"/demo/records.img "$BUILD"/demo/records.yaml "$WORK"
cd "$WORK"
sed -i "/read-only/d" records.yaml
printf 'wait time 2\nsnapshot sound.snap\n' >script
"$MUNIMENT" boot records.yaml --script script
python3 "$root/tests/rules_snapshot.py" "$MUNIMENT" records.yaml sound.snap

mkdir points
status=0
flock points "$MUNIMENT" boot records.yaml --until time:2 --checkpoints points --checkpoint-every 1 2>err || status=$?
[ $status -eq 4 ]
grep -q 'points: is in use: end the other run' err
[ -z "$(ls points)" ]
