#!/bin/bash
# host_judges.sh - the comparisons with the processor of this host find what they must. What the host did is altered: in
# hostfuzz wherever a row of its table of permitted outcomes applies, and in some of the other trials of hostfuzz,
# x87_host and simd_host. Every alteration fails on a family that was tried, and is reported and not judged on one that
# nobody has tried.
set -u
failed=0

# run NAME ALTER COUNT HOST [OPTION ...]: into $WORK/NAME; returns the exit status.
run()
{
    local name=$1 alter=$2 count=$3 host=$4
    shift 4
    "$BUILD/tests/$name" --show 1 --alter "$alter" --count "$count" --host "$host" "$@" >"$WORK/$name"
}

# holds WHAT COMMAND ...
holds()
{
    local what=$1
    shift
    if "$@" >/dev/null; then
        echo "ok: $what"
    else
        echo "FAILED: $what"
        failed=1
    fi
}

# The count in front of the second word is not 0, and that in front of the fourth is the same.
all_found()
{
    [[ $(grep ' altered, ' "$WORK/$1") =~ ^([1-9][0-9]*)\ altered,\ ([0-9]+)\ found$ ]] && [ "${BASH_REMATCH[1]}" -eq "${BASH_REMATCH[2]}" ]
}

judged=
for name in hostfuzz x87_host simd_host; do
    status=0
    run $name 50 80000 AuthenticAMD/25/17 || status=$?
    if [ $status -eq 77 ]; then
        echo "$name: $(tail -n 1 "$WORK/$name")"
        continue
    fi
    judged="$judged $name"
    holds "$name: a family that was tried fails" [ $status -eq 1 ]
    holds "$name: every alteration is found" all_found $name
    grep '^altered: ' "$WORK/$name" >>"$WORK/met"
    grep ' altered, ' "$WORK/$name"
    status=0
    run $name 50 5000 NobodyTried/6/1 || status=$?
    holds "$name: a family that nobody has tried is not judged" [ $status -eq 77 ]
    holds "$name: its first differences are reported" \
        grep -qE '^not judged: [0-9]+ of [0-9]+ differ on NobodyTried family 6, .*: .* [0-9]+' "$WORK/$name"
done

[ -n "$judged" ] || exit 77
[[ $judged = *hostfuzz* ]] || exit $failed

# Rare ones besides: LOCK before VERW and CR0, PUSHA, a far return near the end of the stack, LOOPE with a prefix, CALL. ICEBP differs under a hypervisor only.
for opcode in F00 F20 60 CB E1 E8; do
    run hostfuzz 1000000 15000 AuthenticAMD/25/17 --row $opcode --show 0
    grep '^altered: ' "$WORK/hostfuzz" >>"$WORK/met"
done
bare=none
! grep -q 'no hypervisor$' "$WORK/hostfuzz" || bare=icebp-address
awk '{ met[$2] += $3 } END { for (name in met) print name, met[name] }' "$WORK/met" >"$WORK/rows"
cat "$WORK/rows"
holds "each row of hostfuzz's table applied" [ "$(awk -v bare=$bare '!$2 && $1 != bare' "$WORK/rows" | wc -l)" -eq 0 ]
exit $failed
