#!/bin/bash
# hostfuzz_judges.sh - the comparison of hostfuzz finds what it must: what the host did is altered, where each row of its
# table of permitted outcomes applies and in one other trial of 50; every alteration fails on a family that was tried, and
# is reported and not judged on one that nobody has tried.
set -u
hostfuzz=$BUILD/tests/hostfuzz status=0
"$hostfuzz" --count 80000 --alter 50 --host AuthenticAMD/25/17 >"$WORK/tried" || status=$?
if [ $status -eq 77 ]; then
    tail -n 1 "$WORK/tried"
    exit 77
fi
failed=0
# Rare ones: LOCK before VERW, a far return near the end of the stack.
for opcode in F00 CB; do
    "$hostfuzz" --count 15000 --row $opcode --alter 1000000 --host AuthenticAMD/25/17
done >"$WORK/rare"
holds() # WHAT COMMAND ...
{
    local what=$1
    shift
    "$@" >/dev/null && echo "ok: $what" || { echo "FAILED: $what"; failed=1; }
}
is_met() # ICEBP differs under a hypervisor only
{
    local bare=none
    grep -q 'no hypervisor$' "$WORK/tried" && bare=icebp-address
    cat "$WORK/tried" "$WORK/rare" | awk -v bare=$bare '/^altered: / { met[$2] += $3 } END { for (n in met) if (!met[n] && n != bare) exit 1 }'
}
all_found() { [[ $(grep ' altered, ' "$WORK/tried") =~ ^([0-9]+)\ altered,\ ([0-9]+)\ found$ ]] && [ "${BASH_REMATCH[1]}" -eq "${BASH_REMATCH[2]}" ]; }

holds "a family that was tried fails" [ $status -eq 1 ]
holds "each row of the table applied" is_met
holds "every alteration is found" all_found
status=0
"$hostfuzz" --count 5000 --alter 50 --host NobodyTried/6/1 >"$WORK/untried" || status=$?
holds "a family that nobody has tried is not judged" [ $status -eq 77 ]
holds "its first differences are reported" grep -qE '^not judged: [0-9]+ of [0-9]+ differ on NobodyTried family 6, .*: .*\([0-9A-F]+\) [0-9]+' "$WORK/untried"
grep -E '^altered|altered,' "$WORK/tried"
exit $failed
