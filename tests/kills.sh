#!/bin/bash
# kills.sh - a run with checkpoints is killed by SIGKILL at a random moment, KILLS times (10, or 100 with LONG): the process that runs, the one that writes, or both. The last complete
# checkpoint is good each time, the run goes on from it, and nothing half-written stays. The same while the disk is full.
set -euo pipefail
KILLS=${KILLS:-${LONG:+100}}
KILLS=${KILLS:-10}
RANDOM=${SEED:-1}
guest=$(realpath "$BUILD")/demo/records.yaml
muniment=$(realpath "$MUNIMENT")
cd "$WORK"

# The last complete checkpoint goes on as the run that was never interrupted does; none at all is the beginning.
resumes()
{
    [ -n "$last" ] || { nothing=$((nothing + 1)); return 0; }
    "$muniment" boot "$guest" --resume "$last" --until time:$seconds --limit 500000 --digest | cmp - whole
    resumed=$((resumed + 1))
}

resumed=0 nothing=0
for ((i = 0; i < KILLS; i++)); do
    rm -rf points
    "$muniment" boot "$guest" --until time:400000 --limit 400000 --checkpoints points --checkpoint-every 0.5 --keep $((1 + i % 3)) 2>errors &
    run=$!
    sleep 0.$(printf %02d $((RANDOM % 25)))
    child=$(pgrep -P $run | head -n 1 || true)
    case $((i % 3)) in
    0) ;;
    1) [ -z "$child" ] || kill -9 "$child" 2>/dev/null || true ;;
    2) [ -z "$child" ] || kill -9 "$child" 2>/dev/null || true; sleep 0.05 ;;
    esac
    kill -9 $run 2>/dev/null || true # on a busy host it may have come to its end, or have missed what was killed: its reader of images
    status=0
    wait $run 2>/dev/null || status=$?
    case $status in 0 | 137) ;; *) grep -q 'its reader was killed\|made its reader end' errors || { cat errors; exit 1; } ;; esac
    [ ! -d points ] || flock points true # what writes goes on writing when only the other was killed
    # What was killed late has gone further than the run to compare with: that one is made as long.
    last=$(ls points/*.snapshot 2>/dev/null | tail -n 1 || true)
    tick=$(basename "${last:-0}" .snapshot | sed 's/^0*//')
    seconds=$((${tick:-0} / 25000000 + 3))
    "$muniment" boot "$guest" --until time:$seconds --limit 500000 --digest >whole
    resumes
    [ -n "$last" ] || continue
    "$muniment" boot "$guest" --resume "$last" --until time:$seconds --limit 500000 --checkpoints points --checkpoint-every 1000 --keep 0
    for snapshot in points/*.snapshot; do "$muniment" state "$snapshot"; done >texts
    for pack in points/*.pack; do # S-35 is in resumes: each that a snapshot names is there
        [ ! -e "$pack" ] || grep -qF " $(basename "$pack") " texts || { echo "$pack is litter"; exit 1; }
    done
    if ls points/*.tmp 2>/dev/null; then exit 1; fi
done
echo "$KILLS runs were killed: $resumed go on from their last checkpoint, $nothing had none"
[ $resumed -gt 0 ]

# A full disk: files may grow to 1 KiB, and each checkpoint needs more; the ones before stay as they were.
rm -rf points
"$muniment" boot "$guest" --until time:5 --checkpoints points --checkpoint-every 1
last=$(ls points/*.snapshot | tail -n 1)
sha256sum points/* >before
status=0
(ulimit -f 1; exec "$muniment" boot "$guest" --resume "$last" --until time:12 --digest --checkpoints points --checkpoint-every 1 --keep 0) >out 2>err || status=$?
[ $status -eq 4 ]
grep -q 'muniment: points/.*: cannot write: File too large' err
sha256sum -c --quiet before
if ls points/*.tmp 2>/dev/null; then exit 1; fi
"$muniment" boot "$guest" --resume "$last" --until time:12 --digest | cmp - out
echo "a full disk is said, the run goes on, and what was written before is intact"
