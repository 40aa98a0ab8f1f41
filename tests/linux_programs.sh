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
passed=0 failed=0 first=

# permitted <LINES: how many of the host's lines that differ from ours are another outcome that is permitted (as in hostfuzz/permitted.c). SHLD and SHRD of
# 16 bits with a count over 16: the result is undefined (SDM vol. 2). Ours is the formula of spec/processor.md; AMD's turns the source, and clears CF.
permitted()
{
    python3 -c '
import re, sys

count = 0
for line in sys.stdin:
    trial = re.match(r"sh([lr])dw +A=(\w+) B=(\w+) C=(\w+) R=(\w+) CCIN=\w+ CC=(\w+)$", line)
    if not trial:
        continue
    destination, source, shift, result, flags = (int(word, 16) for word in trial.groups()[1:])
    turn = shift & 15 if trial[1] == "l" else -shift & 15
    value = (source << turn | (source & 0xFFFF) >> (16 - turn)) & 0xFFFF
    expected = (value >> 8 & 0x80) | (0 if value else 0x40) | (0 if bin(value & 0xFF).count("1") & 1 else 4)
    count += 16 < shift & 31 and result == (destination & ~0xFFFF | value) and flags == expected
print(count)'
}

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
    excused=$(permitted <"$WORK/$1.lines")
    different=$(($(wc -l <"$WORK/$1.lines") - excused))
    echo "$1: $((lines - excused - different)) lines equal, $different differ, $excused differ as permitted"
    if [ $different -ne 0 ]; then
        diff "$WORK/$1.native" "$WORK/$1.ours" | head -n 40 || true
        first="$first${first:+, }$1 $different"
    fi
    passed=$((passed + lines - different)) failed=$((failed + different))
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
exec "$BUILD/tests/host_verdict" $passed $failed "$first"
