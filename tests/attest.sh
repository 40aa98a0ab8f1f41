#!/bin/bash
# attest.sh - a reference boot is sealed with its machine and repeated from the archive alone; a machine that is not what it was is told from one that is, with the
# tick and the part.
set -u
. tests/facts.sh
demo=$(realpath "$BUILD/demo")
root=$PWD
cp tests/demo/records.script "$demo/records.img" "$WORK"
cd "$WORK" || exit 1

# --- What is so ---

"$MUNIMENT" key new key >/dev/null && cp "$demo/records.yaml" . || exit 1
gives "a machine is sealed with a reference boot" 0 "$MUNIMENT" seal records.yaml -o office.mun --key key --attest records.script
gives "which is the same when it is repeated" 0 "$MUNIMENT" verify office.mun --trust key.pub --reboot
says "at each point" out "identical at 13 points, to tick"
gives "as JSON too" 0 "$MUNIMENT" verify office.mun --trust key.pub --reboot --json
python3 -c 'import json; r = json.load(open("out"))["reboot"]; assert r["outcome"] == "equal" and r["points"] == 13' 2>>err
passed "which is valid" $?
gives "the same machine, sealed again," 0 "$MUNIMENT" seal records.yaml -o again.mun --key key --attest records.script
cmp office.mun again.mun >>err
passed "has the same bytes" $?
gives "without a reference boot" 0 "$MUNIMENT" seal records.yaml -o bare.mun --key key
[ "$("$MUNIMENT" info --root bare.mun)" = "$("$MUNIMENT" info --root office.mun)" ]
passed "it has the same machine-root" $?
gives "and nothing to compare" 1 "$MUNIMENT" verify bare.mun --trust key.pub --reboot
says "which is said" err "holds no reference boot"
gives "seconds instead of a script do as well" 0 "$MUNIMENT" seal records.yaml -o idle.mun --key key --attest 2.5
gives "and are repeated" 0 "$MUNIMENT" verify idle.mun --trust key.pub --reboot
says "to that tick" out "identical at 4 points, to tick 62500000"
gives "recover.py knows it" 0 python3 "$root/archive/recover.py" office.mun restored
tar -xf office.mun attest.txt attest.journal
gives "the journal in the archive is one like others" 0 "$MUNIMENT" replay office.mun attest.journal --digest
[ "$(tail -n 1 out | sed 's/.*sha256://')" = "$(tail -n 1 attest.txt | cut -d' ' -f2)" ]
passed "and comes to the same end" $?

# --- What is not ---

gives "a script that fails" 1 "$MUNIMENT" seal records.yaml -o none.mun --key key --attest <(echo 'expect screen "no such text"')
gives "one that is none" 3 "$MUNIMENT" seal records.yaml -o none.mun --key key --attest <(echo 'no command')
gives "one that puts in a medium, which the archive would lack," 3 "$MUNIMENT" seal records.yaml -o none.mun --key key --attest <(echo 'floppy records.img')
gives "and one that is not there" 4 "$MUNIMENT" seal records.yaml -o none.mun --key key --attest nowhere
[ -z "$(ls none.mun* 2>/dev/null)" ]
passed "leave nothing behind" $?

# sealed AS [SED-OF-ATTEST.TXT [JOURNAL]]: the machine in AS.yaml, sealed under the old attestation, or one that was changed. Rules A-40 to A-44 of spec/archive.md are broken
# here: lines that are none, points out of order, another machine-root, a journal that puts in a medium, one without its end.
sealed()
{
    rm -f "$1.mun"
    sed "${2-}" attest.txt >changed.txt
    [ "$1.bare" -nt "$1.yaml" ] || "$MUNIMENT" seal "$1.yaml" -o "$1.bare" --key key --force >/dev/null || exit 1
    python3 "$root/tests/forge.py" "$1.bare" key "$1.mun" attest.txt=changed.txt attest.journal="${3-attest.journal}" || exit 1
}

# firmware OFFSET: the machine with one bit of its firmware changed.
firmware()
{
    tar -xOf office.mun firmware/system.bin >flipped.bin
    byte=$(od -An -tu1 -j "$1" -N 1 flipped.bin)
    printf "\\$(printf %o $((byte ^ 1)))" | dd of=flipped.bin bs=1 seek="$1" conv=notrunc status=none
    sed "s/^  system: .*/  system:\n    file: flipped.bin\n    sha256: $(sha256sum flipped.bin | cut -d' ' -f1)/" records.yaml >flipped.yaml
}

sealed records
gives "a machine that is sealed under its own attestation passes" 0 "$MUNIMENT" verify records.mun --trust key.pub --reboot
size=$(tar -xOf office.mun firmware/system.bin | wc -c)
for offset in 1000 $((size / 2)) $((size - 16)); do
    firmware "$offset"
    sealed flipped
    gives "one whose firmware has another bit does not ($offset)" 1 "$MUNIMENT" verify flipped.mun --trust key.pub --reboot
    says "although the archive is intact" out "intact, signed by a trusted key"
    says "and differs from power-on" out "DIFFERS first at tick 0: rom; equal nowhere before; the attestation is of a machine with another machine-root"
done
sed 's/speed: 25 MIPS/speed: 26 MIPS/' records.yaml >faster.yaml
sealed faster
gives "a faster machine is another" 1 "$MUNIMENT" verify faster.mun --trust key.pub --reboot
python3 - <<'END'
image = bytearray(open("records.img", "rb").read())
image[0x1fd] ^= 0x10
open("bad.img", "wb").write(image)
END
sed 's/records\.img/bad.img/' records.yaml >bad.yaml
sealed bad
gives "one with another disk is equal until that is read" 1 "$MUNIMENT" verify bad.mun --trust key.pub --reboot
says "and differs then" out "DIFFERS first at tick 25000000: ram; last equal at tick 0;"

sealed records '9s/ \(......\)/ 000000/'
gives "a state that never was is found" 1 "$MUNIMENT" verify records.mun --trust key.pub --reboot
says "where it is" out "DIFFERS first at tick 125000000: the state, although no part differs; last equal at tick 100000000"
sealed records '9s/\( [0-9]*x[0-9]* \)....../\1000000/'
gives "and a picture that never was" 1 "$MUNIMENT" verify records.mun --trust key.pub --reboot
says "where it is" out "DIFFERS first at tick 125000000: picture; last equal at tick 100000000"
sealed records '9s/...$/000/'
gives "and a sound that never was" 1 "$MUNIMENT" verify records.mun --trust key.pub --reboot
says "where it is" out "DIFFERS first at tick 125000000: sound; last equal at tick 100000000"
for change in '1s/0/1/' '3s/cpu/cpU/' '4s/^0/1/' '7s/ / x/' '7s/^/0/' '7s/x/y/' '9s/^125/99/' '$d' '$p' '5,$d' '4,$d' '5s/^.*$/x/'; do
    sealed records "$change"
    gives "an attestation that is none is refused ($change)" 3 "$MUNIMENT" verify records.mun --trust key.pub --reboot
    says "with its line" err "attest.txt:"
done

# journal SED AS: the journal of the attestation, changed, with tags that fit.
journal()
{
    sed 's/ [0-9a-f]*$//' attest.journal | sed "$1" | python3 "$root/tests/journal_tags.py" again --bare >"$2"
}

journal '$d' endless.journal && journal '5s/^/0 medium fd0 none\n/' medium.journal || exit 1
for change in 'endless:its journal was cut short' 'medium:the reference boot changes a medium'; do
    sealed records "" "${change%%:*}.journal"
    gives "a journal that an attestation cannot have is refused (${change%%:*})" 3 "$MUNIMENT" verify records.mun --trust key.pub --reboot
    says "with the reason" err "${change#*:}"
done

facts attest
