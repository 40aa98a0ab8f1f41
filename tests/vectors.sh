#!/bin/bash
# vectors.sh - instructions in real mode do what captured processors did: an 80286 (tests/vectors.c) and an 80386
# (tests/vectors386.c). The cases lie in the folders vectors/80286 and vectors/80386 of MUNIMENT_SUITES, or else of ../shared.
set -eu
passed=0 failed=0

# run PROGRAM FOLDER
run()
{
    local folder=${MUNIMENT_SUITES:-../shared}/vectors/$2
    [ -d "$folder" ] || folder=../shared/vectors/$2
    [ -d "$folder" ] || { echo "$2: the captured cases are not there (MUNIMENT_SUITES)"; return; }
    echo "--- $2"
    "$BUILD/tests/$1" "$folder" | tee "$WORK/$1"
    [[ $(tail -n 1 "$WORK/$1") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] || exit 1
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
}

run vectors 80286
run vectors386 80386
if [ $((passed + failed)) -eq 0 ]; then
    echo "no captured cases are there (MUNIMENT_SUITES)"
    exit 77
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
