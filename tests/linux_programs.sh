#!/bin/bash
# linux_programs.sh - QEMU's and Valgrind's instruction tests, programs for 32-bit Linux, say on our processor (linuxuser.c) what they say on the host's. They lie, linked
# statically, in the folders qemu-i386 and valgrind-x86 of MUNIMENT_SUITES. A case is a line that the host's prints,
# and the exit status.
set -euo pipefail
suites=${MUNIMENT_SUITES:-/nowhere}
if [ ! -x "$suites/qemu-i386/test-i386" ] && [ ! -x "$suites/valgrind-x86/insn_basic" ]; then
    echo "neither qemu-i386/test-i386 nor valgrind-x86/insn_basic is there (MUNIMENT_SUITES)"
    exit 77
fi
passed=0 failed=0

# SHLD and SHRD of 16 bits with a count over 15: the result is undefined from 17 on, and OF from 2 on (SDM vol. 2, SHLD: "If the count is greater than the operand
# size, the result is undefined"). Ours are the formulas of spec/processor.md.
undefined='^sh[lr]dw .* C=000000(1[1-9a-f]) '

# run NAME PROGRAM
run()
{
    local native=0 ours=0 lines different excused
    "$2" >"$WORK/$1.native" 2>/dev/null || native=$?
    "$BUILD/tests/linuxuser" "$2" >"$WORK/$1.ours" || ours=$?
    echo "exit status $native" >>"$WORK/$1.native"
    echo "exit status $ours" >>"$WORK/$1.ours"
    diff --unchanged-line-format= --old-line-format='%L' --new-line-format= "$WORK/$1.native" "$WORK/$1.ours" >"$WORK/$1.lines" || true
    lines=$(wc -l <"$WORK/$1.native")
    excused=$(grep -cE "$undefined" "$WORK/$1.lines" || true)
    different=$(($(wc -l <"$WORK/$1.lines") - excused))
    echo "$1: $((lines - excused - different)) lines equal, $different differ, $excused undefined"
    [ $different -eq 0 ] || { diff <(grep -vE "$undefined" "$WORK/$1.native") <(grep -vE "$undefined" "$WORK/$1.ours") | head -n 40 || true; }
    passed=$((passed + lines - excused - different)) failed=$((failed + different))
}

# The host must run such programs itself, if they are to be compared.
some=$(ls "$suites"/valgrind-x86/insn_basic "$suites"/qemu-i386/test-i386 2>/dev/null | head -n 1)
"$some" >/dev/null 2>&1 || { echo "this host runs no 32-bit programs for x86"; exit 77; }
for program in "$suites"/qemu-i386/test-i386* "$suites"/valgrind-x86/insn_*; do
    case ${program##*/} in
    insn_sse3) continue ;; # no model has it
    *fprem)    [ -n "${LONG-}" ] || continue ;; # 1.7 million lines
    esac
    [ ! -x "$program" ] || run "${program##*/}" "$program"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
