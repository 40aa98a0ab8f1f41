#!/bin/bash
# lockstep.sh - the translator and the interpreter do the same, tick by tick (lockstep.h): `make check-lockstep`.
#
#   tests/lockstep.sh                     the suites of the processor in MUNIMENT_SUITES, and the images in its folder images (or in
#                                         LOCKSTEP_IMAGES), each for LOCKSTEP_SECONDS (20) of guest time
#   tests/lockstep.sh MACHINE.yaml SCRIPT as GUEST_PEER of tests/guests/guest.sh: one guest, from power-on to the end of its script
#
# The suites are compared after slices at random, and at the end of each unit; programs for Linux, which are longer, in one slice of eight; machines in one of 64.
set -euo pipefail
suites=${MUNIMENT_SUITES:-/nowhere} failed=0

# pair NAME COMMAND...: both; what they print must be the same as well.
pair()
{
    local name=$1 line
    shift
    { LOCKSTEP=write:/dev/fd/3 "$@" 3>&1 >"$WORK/$name.written" 2>"$WORK/$name.writer" || true; } |
        { LOCKSTEP=read:/dev/fd/3 "$@" 3<&0 </dev/null >"$WORK/$name.read" 2>"$WORK/$name.reader" || true; }
    line=$(grep '^lockstep: ' "$WORK/$name.reader" | tail -n 1)
    echo "$name ${line:-lockstep: nothing was compared}"
    if [[ $line == *"equal after"* ]] && cmp "$WORK/$name.written" "$WORK/$name.read"; then
        rm "$WORK/$name".{written,read,writer,reader}
    else
        tail -n 3 "$WORK/$name.writer" "$WORK/$name.reader"
        failed=1
    fi
}

machine()
{
    LOCKSTEP_MEAN=${LOCKSTEP_MEAN:-500000} LOCKSTEP_UNITS=${LOCKSTEP_UNITS:-64} pair "$@"
}

if [ $# -eq 2 ]; then
    machine "${2%.script}" "$(dirname "$MUNIMENT")/tests/lockstep" boot "$1" --script "$2" --engine translator --limit 3600 --force
    exit $failed
fi

units=${LOCKSTEP_UNITS:-1}
export LOCKSTEP_UNITS=$units
[ ! -f "$suites/test386.asm/test386.bin" ] || pair test386 "$BUILD/tests/test386" "$suites/test386.asm/test386.bin" "$suites/test386.asm/test386-EE-reference.txt"
for name in realmode emulator taskswitch2 cmpxchg8b eventinj setjmp taskswitch tsc; do
    [ ! -f "$suites/kvm-unit-tests/x86/$name.flat" ] || pair "$name" "$BUILD/tests/multiboot" "$suites/kvm-unit-tests/x86/$name.flat"
done
for program in "$suites"/qemu-i386/test-i386* "$suites"/valgrind-x86/insn_*; do
    case ${program##*/} in
    insn_sse3) continue ;;
    *fprem)    [ -n "${LONG-}" ] || continue ;;
    esac
    [ ! -x "$program" ] || LOCKSTEP_UNITS=$((8 * units)) pair "${program##*/}" "$BUILD/tests/linuxuser" "$program"
done
unset LOCKSTEP_UNITS
for image in "${LOCKSTEP_IMAGES:-$suites/images}"/*; do
    [ ! -f "$image" ] || machine "${image##*/}" "$BUILD/tests/lockstep" boot "$image" --engine translator --until "time:${LOCKSTEP_SECONDS:-20}" --until poweroff
done
exit $failed
