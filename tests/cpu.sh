#!/bin/bash
# cpu.sh - runs the processor's suites and adds up their cases.
#
#   [BUILD=build] tests/cpu.sh TEST ...     from the root of the repository
#
# Each test ends with "N passed, N failed", of cases; so does this.
set -u
export BUILD=${BUILD:-build}
passed=0 failed=0 status=0

tests/run.sh "$@" || status=1
for test; do
    name=${test##*/}
    name=${name%.*}
    line=$(tail -n 1 "$BUILD/tests/$name.log")
    [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]] || continue
    echo "$name: $line"
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
done
echo "$passed passed, $failed failed"
exit $status
