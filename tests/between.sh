#!/bin/bash
# between.sh - an archive is renamed, replaced or truncated by somebody else (between.c) before each call on files that
# verify, boot, files and repair make, one after the other: what they say is about one file, and nothing is called sound
# that is not. LONG=1: before every call; else before at most eight of them that lie apart by the same number of calls,
# each time others.
set -u
here=$PWD
. "$here/tests/facts.sh"
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$BUILD/tests/between.so" "$WORK"
cd "$WORK"
# without_source FILE KEY: the same archive without the program's source, which is nine tenths of it: each case begins with copies.
without_source() { python3 "$here/tests/forge.py" "$1" "$2" small.mun && mv small.mun "$1"; }
"$MUNIMENT" key new key >out
"$MUNIMENT" seal records.yaml -o one.mun --key key >out && without_source one.mun key
sed 's/Volume:    12/Volume:    99/' records.img >forged.img
sed 's/records.img/forged.img/' records.yaml >forged.yaml
"$MUNIMENT" key new stranger >out
"$MUNIMENT" seal forged.yaml -o two.mun --key stranger >out && without_source two.mun stranger
"$MUNIMENT" derive one.mun --set memory="16 MiB" -o derived.mun --key key >out
"$MUNIMENT" parity new one.mun >out
cp one.mun worn.mun
printf XXXXXXXX | dd of=worn.mun bs=1 seek=3000 conv=notrunc status=none
root() { "$MUNIMENT" info "$1" --root; }
ours=$(root one.mun) theirs=$(root two.mun)
"$MUNIMENT" boot one.mun --until time:1 --digest >digest

cases=0
# attack COMMAND-LINE ACTION JUDGE: the action before each call; JUDGE gets the exit status.
attack()
{
    local run=$1 action=$2 judge=$3 at=1 step=1 total status
    rm -f ./*.gone count
    fresh
    env LD_PRELOAD=./between.so BETWEEN_COUNT=count $run >out 2>err
    total=$(cat count 2>>log || echo 60) # from within its jail a machine writes no count
    [ -n "${LONG-}" ] || step=$((total / 8 + 1))
    for ((at = 1 + RANDOM % step; at <= total; at += step)); do
        fresh
        status=0
        env LD_PRELOAD=./between.so BETWEEN_AT=$at BETWEEN_COMMAND="$action" $run >out 2>err || status=$?
        cases=$((cases + 1))
        $judge $status
        passed "$run: $action before call $at of $total: exit status $status" $?
    done
}
fresh() { cp one.mun t.mun; cp two.mun other.mun; rm -f mended.mun t.mun.gone; cp one.mun.parity t.mun.parity; cp worn.mun w.mun; }

# Trusted is what the key signed: the one machine, and no other.
verified()
{
    if [ "$1" -eq 0 ]; then grep -q "machine-root  $ours" out && grep -q "intact, signed by a trusted key" out; else ! grep -q "intact, signed by a trusted" out; fi
}
# A machine that has entered its jail renames nothing, and the preload neither.
started() { if [ "$1" -eq 0 ]; then cmp -s out digest; else [ "$1" -le 5 ] || grep -q "jail: the call" err; fi; }
read_out() { if [ "$1" -eq 0 ]; then grep -q 'P1021' out; else [ "$1" -le 5 ]; fi; }
mended() { if [ -e mended.mun ]; then cmp -s mended.mun one.mun; else [ "$1" -ne 0 ]; fi; }
for action in "rename t.mun" "replace t.mun other.mun" "truncate t.mun"; do
    attack "$MUNIMENT verify t.mun --trust key.pub --threads 1" "$action" verified
    attack "$MUNIMENT boot t.mun --trust key.pub --until time:1 --digest" "$action" started
    attack "$MUNIMENT files t.mun --trust key.pub RECORDS/P1021.TXT" "$action" read_out
done
for action in "rename w.mun" "replace w.mun other.mun" "truncate w.mun" "truncate t.mun.parity" "replace t.mun.parity other.mun"; do
    attack "$MUNIMENT repair w.mun --parity t.mun.parity -o mended.mun" "$action" mended
done
# The parent of a derived archive: it is found by digests, whatever becomes of names.
mkdir chain
fresh() { rm -f chain/*; cp derived.mun chain/; cp one.mun chain/p.mun; cp two.mun other.mun; }
inherited() { if [ "$1" -eq 0 ]; then grep -q "chunks were read in the parent" out; else ! grep -q ": intact" out; fi; }
for action in "rename chain/p.mun" "replace chain/p.mun other.mun" "truncate chain/p.mun"; do
    attack "$MUNIMENT verify chain/derived.mun --trust key.pub --threads 1" "$action" inherited
done
echo "$cases times between two calls"
facts between
