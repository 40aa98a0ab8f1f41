#!/bin/bash
# trust.sh - a verdict, a comparison and a boot are about one file, opened once; nothing is believed that does not lead to what was signed, by `muniment` and by
# recover.py: archives that somebody without the key has changed.
set -u
. tests/facts.sh
demo=$(realpath "$BUILD/demo")
swap=./swap.so # a path without spaces, whatever this folder is called
root=$PWD
cp "$demo/records.img" "$demo"/records*.yaml "$BUILD/tests/swap.so" "$WORK"
cd "$WORK" || exit 1
for key in office stranger; do "$MUNIMENT" key new $key >/dev/null || exit 1; done
"$MUNIMENT" seal records.yaml --description records-description.yaml -o target.mun --key office >/dev/null || exit 1
"$MUNIMENT" seal records.yaml -o other.mun --key stranger --attest 1 >/dev/null || exit 1

# --- One file, opened once ---

# swapped N COMMAND...: while target.mun means other.mun at its Nth open.
swapped()
{
    local at=$1
    shift
    env SWAP_AT="$at" LD_PRELOAD="$swap" "$MUNIMENT" "$@"
}

for at in 1 2 3 4; do
    gives "verify judges and boots one file (open $at)" 1 swapped $at verify target.mun --trust office.pub --reboot
    if [ $at = 1 ]; then says "and says whose it is" out "intact, signer unknown"; else says "and that it has no reference boot" err "holds no reference boot"; fi
    gives "boot starts what it has judged (open $at)" $((at == 1)) swapped $at boot target.mun --trust office.pub --until time:0.1 --digest
    gives "info says what it has judged (open $at)" $((at == 1)) swapped $at info target.mun --trust office.pub
done

# --- Whom to trust ---

before=$(sha256sum other.mun)
"$MUNIMENT" boot other.mun --until time:0.1 --record run.journal
for command in "boot other.mun --until time:0.1 --digest" "replay other.mun run.journal" "info other.mun" "info other.mun --root"; do
    gives "$command takes a signer that is trusted" 0 "$MUNIMENT" $command --trust office.pub --trust stranger.pub
    gives "not one that is not" 1 "$MUNIMENT" $command --trust office.pub
    says "and names him" err "is signed by $(openssl pkey -pubin -in stranger.pub -outform DER | sha256sum | cut -d' ' -f1)"
    gives "nor a key that is none" 3 "$MUNIMENT" $command --trust records.img
    cp other.mun stale.mun
    sig=$(grep -abo evidence/00000000/statement.sig stale.mun | tail -n 1 | cut -d: -f1)
    flip stale.mun $((sig + 520))
    gives "nor a signature that does not fit" 1 "$MUNIMENT" ${command/other/stale} --trust stranger.pub
    says "which it says" err "has a signature that does not fit: nobody vouches"
    gives "without --trust it goes on" 0 "$MUNIMENT" ${command/other/stale}
    says "and says so" err "has a signature that does not fit: nobody vouches"
done
[ "$(sha256sum other.mun)" = "$before" ]
passed "the archive is as it was (A-1)" $?
gives "a machine that nobody signed cannot be trusted" 3 "$MUNIMENT" boot records.yaml --trust office.pub --until time:0.1
gives "verify does not boot what nobody vouches for" 1 "$MUNIMENT" verify stale.mun --trust stranger.pub --reboot
says "and calls it by its name" out "agrees with itself, but the signature does not fit: nobody vouches for it"
says "with the attestation" out "reboot        not compared"
! grep -q "  signer " out
passed "it names no signer" $?

# --- What reaches a terminal ---

# shows NOTHING: neither output nor errors hold a control, a mark of direction, or something without width, raw.
plain() { ! cat out err | LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf'; }

printf 'muniment: description 0\ntitle: "a \\u202Egpj.exe\\u2066 \\u200B\\u00E4\U0001F5FA"\nidentifiers:\n  - "b\\u202Ec"\nprovenance: "\\u200Fd"\nrights: open\n' >evil.yaml
gives "a title may hold what turns a line around" 0 "$MUNIMENT" seal records.yaml --description evil.yaml -o evil.mun --key office
for command in "info evil.mun" "info evil.mun --json" "info evil.mun --trust office.pub"; do
    gives "$command shows it" 0 "$MUNIMENT" $command
    plain
    passed "escaped" $?
    says "as what it is" out 'a \u202egpj.exe'
done
gives "as JSON" 0 "$MUNIMENT" info evil.mun --json
python3 -c 'import json; assert json.load(open("out"))["title"] == "a \u202egpj.exe\u2066 \u200b\u00e4\U0001f5fa"' 2>>err
passed "it is the same title" $?
name=$(printf 'x\033[2J\342\200\256\233.mun')
cp stale.mun "$name"
for command in verify info; do
    "$MUNIMENT" $command "$name" >out 2>err
    plain
    passed "$command shows the name of a file as it is" $?
done
"$MUNIMENT" verify --json "$name" >out 2>err
plain
passed "verify --json too" $?

# --- What somebody has changed who has no key ---

python3 "$root/tests/trust.py" "$MUNIMENT" "$root/archive/recover.py" target.mun stranger >out 2>err
passed "archives that were changed" $?
cat out err

facts trust
