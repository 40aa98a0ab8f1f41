#!/bin/bash
# kvm_unit_tests.sh - the tests of kvm-unit-tests that ask for a 32-bit processor and no hypervisor (tests/multiboot.c). They lie in the folder
# kvm-unit-tests/x86 of MUNIMENT_SUITES, built by configure --arch=i386.
set -euo pipefail
folder=${MUNIMENT_SUITES:-/nowhere}/kvm-unit-tests/x86
if [ ! -f "$folder/realmode.flat" ]; then
    echo "kvm-unit-tests/x86/realmode.flat is not there (MUNIMENT_SUITES)"
    exit 77
fi
passed=0 failed=0

pass() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); echo "FAIL: $1"; }

# Runs one; its lines are then in $WORK/NAME.
run()
{
    "$BUILD/tests/multiboot" "$folder/$1.flat" >"$WORK/$1" || true
    echo "$1: $(tail -n 1 "$WORK/$1")"
}

# Counts what a test reports of itself.
reported()
{
    run "$1"
    passed=$((passed + $(grep -c '^PASS:' "$WORK/$1" || true)))
    grep -E '^(FAIL:|did not leave|left with status ([^1]|1.))' "$WORK/$1" >"$WORK/failures" || true
    failed=$((failed + $(wc -l <"$WORK/failures")))
    cat "$WORK/failures"
}

# Those that only say what they saw: each line must be there.
seen()
{
    grep -qE "^$2\$" "$WORK/$1" && pass || fail "$1: no line \"$2\""
}

for name in realmode emulator taskswitch2 cmpxchg8b eventinj setjmp apic ioapic; do
    if [ -f "$folder/$name.flat" ]; then
        reported $name
    else
        echo "$name: kvm-unit-tests/x86/$name.flat is not there (tests/README.md)"
    fi
done
run taskswitch
seen taskswitch 'error code 1234'
seen taskswitch 'post fault'
run tsc
seen tsc 'rdtsc after wrtsc\(0\): [0-9]{1,3}'
seen tsc 'rdtsc after wrtsc\(100000000000\): 1215752[0-9]{3}' # the lower 32 bits: no processor of ours writes more

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
