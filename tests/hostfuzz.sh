#!/bin/bash
# hostfuzz.sh - instructions in ring 3 do what they do on the processor of this host (tests/hostfuzz.c): a sample, or with LONG=1 100 million of them, on
# all processors at once.
set -eu
if [ -z "${LONG-}" ]; then
    exec "$BUILD/tests/hostfuzz" --count 1000000
fi
count=100000000 jobs=$(nproc) passed=0 failed=0
for ((job = 1; job <= jobs; job++)); do
    "$BUILD/tests/hostfuzz" --count $((count / jobs + 1)) --seed $job >"$WORK/$job" &
done
for ((job = 1; job <= jobs; job++)); do
    status=0
    wait -n || status=$?
    [ $status -le 1 ] || { tail -qn 1 "$WORK"/* | grep -E '^(not judged|.*cannot run here)' | head -n 1; exit $status; }
done
for ((job = 1; job <= jobs; job++)); do
    echo "--- seed $job"
    cat "$WORK/$job"
    [[ $(tail -n 1 "$WORK/$job") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
