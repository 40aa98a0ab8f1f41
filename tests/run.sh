#!/bin/bash
# run.sh - runs tests and says one line about each, and at the end how many passed.
#
#   [BUILD=build] tests/run.sh TEST ...     from the root of the repository
#
# A test is a program. Exit status 0: passed; 77: skipped, its last line says why; anything else: failed, and the end of what it printed is shown. It
# runs in the root of the repository, finds the command in MUNIMENT and an empty folder of its own in WORK; what it printed stays in
# BUILD/tests/NAME.log. As many tests run at a time as there are processors, and beside them, one after the other, those
# that wait for most of their time: for clocks, viewers and sessions.
set -u
shopt -s lastpipe
WAITING=" vnc.py sessions.py http_fuzz.py terminal.sh desk_kills.py "
export BUILD=${BUILD:-build}
export MUNIMENT=${MUNIMENT:-$(realpath -m "$BUILD/muniment")}

run_test()
{
    local name=${1##*/} status=0
    name=${name%.*}
    local log=$BUILD/tests/$name.log
    WORK=$(realpath -m "$BUILD/tests/$name.work")
    export WORK
    rm -rf "$WORK" && mkdir -p "$WORK"
    local begun=$SECONDS spent TIMEFORMAT='%U %S'
    spent=$({ time "$(realpath "$1")" >"$log" 2>&1 </dev/null; } 2>&1) || status=$?
    case $status in
    0)  echo "passed   $name ($((SECONDS - begun)) s; processor $(awk '{printf "%.0f", $1 + $2}' <<<"$spent"))" ;;
    77) echo "skipped  $name: $(tail -n 1 "$log")" ;;
    *)  printf 'FAILED   %s (exit status %d; %s)\n%s\n' "$name" "$status" "$log" "$(tail -n 40 "$log" | sed 's/^/    /')" ;;
    esac
    [ "$status" -ne 0 ] || rm -rf "$WORK"
}

if [ "${1-}" = --one ]; then
    run_test "$2"
    exit 0
fi
mkdir -p "$BUILD/tests"
passed=0 failed=0 skipped=0
busy=() waiting=()
for test; do
    if [[ $WAITING == *" ${test##*/} "* ]]; then waiting+=("$test"); else busy+=("$test"); fi
done
# run_all AT-A-TIME TEST...
run_all()
{
    [ $# -eq 1 ] || printf '%s\0' "${@:2}" | xargs -0 -n 1 -P "$1" "$0" --one
}
{ run_all "$(nproc)" "${busy[@]}" & run_all 1 "${waiting[@]}" & wait; } | while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in
    "passed "*)  passed=$((passed + 1)) ;;
    "FAILED "*)  failed=$((failed + 1)) ;;
    "skipped "*) skipped=$((skipped + 1)) ;;
    esac
done
echo "$passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
[ $failed -eq 0 ] && [ $((passed + skipped)) -eq $# ]
