#!/bin/bash
# lockstep.sh - the translator and the interpreter do the same, tick by tick (lockstep.h): `make check-lockstep`.
#
#   tests/lockstep.sh                     the suites of the processor in MUNIMENT_SUITES, and the images in its folder images (or in
#                                         LOCKSTEP_IMAGES), each for LOCKSTEP_SECONDS (20) of guest time
#   tests/lockstep.sh MACHINE.yaml SCRIPT as GUEST_PEER of tests/guests/guest.sh: one guest, from power-on to the end of its script
#
# A suite that is not there is a failure, unless MUNIMENT_SUITES is empty: then none is asked for.
#
# The suites are compared after slices at random, and at the end of each unit; programs for Linux and kvm-unit-tests, which are longer, in one slice of eight; machines in one of 64.
set -euo pipefail
suites=${MUNIMENT_SUITES:-/nowhere} failed=0

# pair NAME COMMAND...: both; what they print must be the same as well, and both must succeed, or end with STATUS.
pair()
{
    local name=$1 line
    shift
    { status=0; LOCKSTEP=write:/dev/fd/3 "$@" 3>&1 >"$WORK/$name.written" 2>"$WORK/$name.writer" || status=$?; echo "status $status" >>"$WORK/$name.written"; } |
        { status=0; LOCKSTEP=read:/dev/fd/3 "$@" 3<&0 </dev/null >"$WORK/$name.read" 2>"$WORK/$name.reader" || status=$?; echo "status $status" >>"$WORK/$name.read"; }
    line=$(grep '^lockstep: ' "$WORK/$name.reader" | tail -n 1)
    echo "$name ${line:-lockstep: nothing was compared}"
    if [[ $line == *"equal after"* ]] && cmp "$WORK/$name.written" "$WORK/$name.read" && tail -n 1 "$WORK/$name.read" | grep -qx "status ${STATUS:-0}"; then
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
    machine "${2%.script}" "$(dirname "$MUNIMENT")/tests/lockstep" boot "$1" --script "$2" --engine translator --limit 3600 --force ${GUEST_OPTIONS-}
    exit $failed
fi

units=${LOCKSTEP_UNITS:-1}
export LOCKSTEP_UNITS=$units

# suite FILE COMMAND...: the file is the program, or belongs to it.
suite()
{
    local file=$1
    shift
    if [ -z "${MUNIMENT_SUITES-}" ]; then
        return
    elif [ -e "$file" ]; then
        pair "$@"
    else
        echo "$file is not there"
        failed=1
    fi
}

suite "$suites/test386.asm/test386.bin" test386 "$BUILD/tests/test386" "$suites/test386.asm/test386.bin" "$suites/test386.asm/test386-EE-reference.txt"
# These are longer.
export LOCKSTEP_UNITS=$((8 * units))
for name in realmode emulator taskswitch2 cmpxchg8b eventinj setjmp taskswitch tsc; do
    case $name in taskswitch | tsc) status=1 ;; *) status=0 ;; esac # these two only say what they saw (kvm_unit_tests.sh), so that nothing passed
    STATUS=$status suite "$suites/kvm-unit-tests/x86/$name.flat" "$name" "$BUILD/tests/multiboot" "$suites/kvm-unit-tests/x86/$name.flat"
done
for program in qemu-i386/test-i386{,-f2xm1,-fbstp,-fldcst,-fp-exceptions,-fpatan,-fprem,-fscale,-fxam,-fxtract,-fyl2x,-fyl2xp1,-pseudo-denormal,-snan-convert,-sse-exceptions} \
    valgrind-x86/insn_{basic,cmov,fpu,mmx,mmxext,sse,sse2}; do
    case $program in
    *fprem) # 26 thousand million ticks
        LOCKSTEP_MEAN=1000000 LOCKSTEP_UNITS=256 suite "$suites/$program" "${program##*/}" "$BUILD/tests/linuxuser" "$suites/$program" ;;
    *)  suite "$suites/$program" "${program##*/}" "$BUILD/tests/linuxuser" "$suites/$program" ;;
    esac
done
unset LOCKSTEP_UNITS

# captured CASES PROGRAM: what a processor did, by the translator.
captured()
{
    if [ -z "${MUNIMENT_SUITES-}" ]; then
        return
    elif [ ! -d "$suites/vectors/$1" ]; then
        echo "$suites/vectors/$1 is not there"
        failed=1
    else
        ENGINE=translator "$BUILD/tests/$2" "$suites/vectors/$1" >"$WORK/$1" || failed=1
        echo "$1 by the translator: $(tail -n 1 "$WORK/$1")"
    fi
}
captured 80286 vectors
captured 80386 vectors386
for image in "${LOCKSTEP_IMAGES:-$suites/images}"/*; do
    [ ! -f "$image" ] || machine "${image##*/}" "$BUILD/tests/lockstep" boot "$image" --engine translator --until "time:${LOCKSTEP_SECONDS:-20}" --until poweroff
done
exit $failed
