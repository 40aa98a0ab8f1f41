#!/bin/bash
# set.sh - machines on one cable are one deterministic machine (spec/set.md): the probe (probe/network.S) finds its card, and who else is there; the same by both engines, in any
# slices, listed in any order; sealed, recorded, replayed, attested; and what breaks a rule is refused.
set -u
. tests/facts.sh
cp "$BUILD/tests/network.img" "$WORK"
cd "$WORK" || exit 1

# machine SPEED ADDRESS CARD: a machine.yaml.
machine()
{
    printf 'muniment: machine 0\nmachine: pc-isa\ncpu:\n  model: i486\n  speed: %s MIPS\nmemory: 4 MiB\nfirmware:\n  system: built-in 0\n  video: built-in 0\n' "$1"
    printf 'clock: 1993-01-01T00:00:00\ndrives:\n  fd0:\n    kind: floppy 1.44M\n    image: network.img\nboot:\n  - floppy\nports:\n  - com1\ndisplay: vga\n'
    printf 'network:\n  card: ne2000\n  address: %s\n' "$2"
    [ -z "${3-}" ] || printf '  %s\n' "$3"
}

# set LINE...: a set.yaml with these lines after its first.
set_of()
{
    printf 'muniment: set 0\n'
    printf '%s\n' "$@"
}

machine 8 52:54:00:12:34:56 "cable: yes" >a.yaml
machine 20 52:54:00:12:34:57 "cable: yes" >b.yaml
machine 8 52:54:00:12:34:56 >alone.yaml
set_of machines: "  - name: b" "    machine: b.yaml" "  - name: a" "    machine: a.yaml" "    power-on: 300 ms" >set.yaml
set_of machines: "  - name: a" "    machine: a.yaml" "    power-on: 300000 us" "  - name: b" "    machine: b.yaml" >other.yaml
printf 'machine "a"\nwait serial "heard pong 57"\ndigest\nmachine "b"\nwait serial "heard ping 56"\nwait serial "end"\ndigest\n' >office.script

gives "the probe finds a card that is alone" 0 "$MUNIMENT" boot a.yaml --until poweroff --serial -
printf 'reset 80 21 \nprom 52 54 00 12 34 56 00 00 00 00 00 00 00 00 57 57 \nmemory 44 9C \nempty 40 \nsent 01 02 \nend\n' | cmp - out 2>>err
passed "which answers as the data sheet says" $?
gives "without a cable the carrier is lost:" 0 "$MUNIMENT" boot alone.yaml --until poweroff --serial -
says "TSR says so" out "sent 11 02"

gives "two machines of different speeds, switched on one after the other, hear each other" 0 "$MUNIMENT" boot set.yaml --script office.script --serial line --digest
cp out end
grep -v heard line.a >err
printf 'reset 80 21 \nprom 52 54 00 12 34 57 00 00 00 00 00 00 00 00 57 57 \nmemory 44 9C \nempty 40 \nsent 01 02 \nheard ping 56 \nend\n' | cmp - line.b 2>>err
passed "each packet once" $?
for slices in "--slice random:1" "--slice 7 --engine interpreter" "--slice random:2 --engine random:5" "--engine interpreter"; do
    gives "the same with $slices (C-5)" 0 "$MUNIMENT" boot set.yaml --script office.script --digest $slices
    cmp end out 2>>err
    passed "to the bit" $?
done
gives "the order of the list says nothing (C-4)" 0 "$MUNIMENT" boot other.yaml --script office.script --digest
cmp end out 2>>err
passed "whatever stands first" $?
gives "a machine that is off leaves the others alone (C-6)" 0 "$MUNIMENT" boot set.yaml --until poweroff --text
says "and conditions are about the first" out "--- a"

printf 'machine "a"\nwait poweroff\nmachine "b"\nwait poweroff\nmachine "a"\nwait poweroff\n' >off.script
gives "a machine that went off while another one was waited for is off" 0 "$MUNIMENT" boot set.yaml --script off.script

# What is refused, of set.yaml.
refused()
{
    gives "$1 is refused" 3 "$MUNIMENT" boot bad.yaml --until poweroff
    says "with the reason" err "$2"
}
set_of machines: "  - name: a" "    machine: a.yaml" >bad.yaml
refused "a set of one machine (C-1)" "at least two machines"
{ printf 'muniment: set 0\nmachines:\n'; for i in $(seq 17); do printf '  - name: m%s\n    machine: a.yaml\n' "$i"; done; } >bad.yaml
refused "a set of seventeen (C-1)" "more than 16"
set_of machines: "  - name: a" "    machine: a.yaml" "  - name: a" "    machine: b.yaml" >bad.yaml
refused "a name that comes twice (C-2)" "the same name"
set_of machines: "  - name: 1st" "    machine: a.yaml" "  - name: b" "    machine: b.yaml" >bad.yaml
refused "a name that begins with a digit" "with a letter first"
set_of machines: "  - name: a" "    machine: a.yaml" "  - name: b" "    machine: a.yaml" >bad.yaml
refused "one address for two cards (C-3)" "have the same address"
set_of "latency: 5 us" machines: "  - name: a" "    machine: a.yaml" "  - name: b" "    machine: b.yaml" >bad.yaml
refused "a latency that is too short" "from 10 us to 10 ms"

# Snapshots: one of them with a packet under way.
{ set_of "latency: 10 ms"; sed 1d set.yaml; } >slow.yaml
printf 'machine "b"\nwait serial "empty 40"\n' >take.script
for n in $(seq 8); do
    printf 'snapshot moment%s\nwait time 0.01\n' "$n" >>take.script
done
cat office.script >>take.script
sed '/^snapshot/d' take.script >same.script
gives "a set whose cable is long" 0 "$MUNIMENT" boot slow.yaml --script same.script --digest
cp out slow
gives "snapshots of it" 0 "$MUNIMENT" boot slow.yaml --script take.script --digest
cmp slow out 2>>err
passed "change nothing" $?
cp office.script rest.script
for n in $(seq 8); do
    gives "it resumes from moment $n (C-16)" 0 "$MUNIMENT" boot slow.yaml --resume moment$n --script rest.script --digest --slice random:$n
    cmp slow out 2>>err
    passed "and continues as it did" $?
done
[ "$(sed -n 's/^cable: //p' moment? | awk '{ print length($0) }' | sort -n | tail -n 1)" -gt 150 ]
passed "one of them was taken while a packet was on the cable" $?
gives "the snapshot of another set is refused (C-17)" 3 "$MUNIMENT" boot set.yaml --resume moment1 --until poweroff
sed 's/^cable: 0/cable: 1/; s/^cable: [1-9a-f]\(.\)/cable: 0\1/' moment1 >bad
cp moment1.a bad.a && cp moment2.b bad.b
gives "parts that do not belong to each other are refused (C-18)" 3 "$MUNIMENT" boot slow.yaml --resume bad --until poweroff
says "with the reason" err "has another digest than the set that it leads to"
for line in 1 2 3 4; do
    sed "${line}s/.*/nothing/" moment1 >bad
    gives "a snapshot without its line $line is refused (C-16)" 3 "$MUNIMENT" boot slow.yaml --resume bad --until poweroff
done

# Sealed.
"$MUNIMENT" key new office.key >/dev/null 2>&1 && "$MUNIMENT" key new other.key >/dev/null 2>&1
for m in a b alone; do
    gives "archive $m" 0 "$MUNIMENT" seal $m.yaml -o $m.mun --key office.key
done
gives "a set of manifests cannot be sealed" 3 "$MUNIMENT" set seal set.yaml -o office.set --key office.key
sed 's/yaml$/mun/' set.yaml >office.yaml
gives "a set of archives can" 0 "$MUNIMENT" set seal office.yaml -o office.set --key office.key --attest office.script
head -n 2 out | cmp - <(head -n 2 end) 2>>err
passed "and its reference run is that of the manifests" $?
gives "the set file and its archives are verified, and the run is repeated" 0 "$MUNIMENT" verify office.set --trust office.key.pub --reboot
says "at three points" out "identical at 3 points, to time 1."
says "each archive too" out "b.mun: intact, signed by a trusted key"
gives "info says what is in it" 0 "$MUNIMENT" info office.set
says "with its machines" out "machine       a, a.mun, on after 300000 us, machine-root"
says "and its reference run" out "reference run sealed"
gives "and what it is called" 0 "$MUNIMENT" info office.set --root
grep -qx "$(sed -n 's/^set-root: //p' office.set)" out
passed "by its set-root" $?
gives "also of a manifest" 0 "$MUNIMENT" info office.yaml
for command in files "retrieve -o bag --key office.key" "export -o x" "diff office.set" "premis"; do
    # shellcheck disable=SC2086
    gives "${command%% *} is for one machine" 3 "$MUNIMENT" ${command%% *} office.set $(cut -d ' ' -s -f 2- <<<"$command")
    says "and says which to name" err "name one of its archives: muniment info lists them"
done
for option in "--display vnc:a.socket" "--retrieve bag" "--give ." "--take 1M"; do
    # shellcheck disable=SC2086
    gives "${option%% *} is refused" 2 "$MUNIMENT" boot office.set --trust office.key.pub --until time:0.1 $option
    says "as it is for one machine" err "is for one machine, and this is a set"
done
gives "each machine prints to a folder of its own" 0 timeout 60 "$MUNIMENT" boot office.set --trust office.key.pub --until time:0.1 --print prints
[ -d prints.a ] && [ -d prints.b ]
passed "by its name" $?
gives "nobody else is trusted (C-11)" 1 "$MUNIMENT" verify office.set --trust other.key.pub
gives "without --trust the signer is unknown" 1 "$MUNIMENT" verify office.set
python3 - >facts.out 2>>err <<'END'
import base64, hashlib
text = open("office.set", "rb").read()
head = text.split(b"journal:\n")[0].decode().splitlines()
# C-8: lines in their order; the set-root from them.
assert head[0] == "muniment-set: 0" and head[2] == "latency: 500" and head[3].startswith("machine: a ") and head[4].endswith(" 0 b.mun") and head[5].startswith("signer: ")
named = "\n".join([head[0], head[2]] + [line.rsplit(" ", 1)[0] for line in head[3:5]]) + "\n"
assert head[1] == "set-root: " + hashlib.sha256(named.encode()).hexdigest()
# C-7: the last digest of the set, from those of its machines.
journal = text.split(b"journal:\n")[1].split(b"\n\n")[0].decode().splitlines()
state = {line.split()[0]: bytes.fromhex(line.split()[3]) for line in journal if line.split()[2:3] == ["digest"] and not line.startswith("set")}
last = [line.split() for line in journal if line.startswith("set ")][-1]
def number(value, size):
    return value.to_bytes(size, "little")
found = []
for off_a in range(2):
    for off_b in range(2):
        bytes_ = b"muniment set 0\0" + number(500, 4) + b"a\0" + number(300000, 8) + state["a"] + b"b\0" + number(0, 8) + state["b"]
        bytes_ += number(int(last[1]), 8) + number(1, 8) + number(off_a, 1) + number(0, 4) + number(2, 8) + number(off_b, 1) + number(0, 4)
        found.append(hashlib.sha256(bytes_).hexdigest() == last[3])
assert any(found), last
END
passed "head and digests are what spec/set.md says (C-7, C-8)" $?

gives "a run of the set is recorded" 0 "$MUNIMENT" boot office.set --trust office.key.pub --script office.script --record run.journal
gives "and repeated (C-15)" 0 "$MUNIMENT" replay office.set run.journal --trust office.key.pub --engine interpreter --slice random:3
says "with the states of machines and set" out "4 states of machines and 2 of the set equal"
{ head -n -3 run.journal; tail -n 3 run.journal | head -c 30; } >short.journal
gives "a journal that was cut short is repeated up to there" 0 "$MUNIMENT" replay office.set short.journal
says "which is said" out "where the journal was cut short"

# bend FILE CODE: a journal with other lines, whose tags follow.
bend()
{
    python3 - run.journal "$1" "$2" <<'END'
import hashlib, sys
lines = [line.rsplit(" ", 1)[0] for line in open(sys.argv[1])]
exec(sys.argv[3])
tag, out = "", ""
for line in lines:
    tag = hashlib.sha256((tag + line).encode()).hexdigest()[:8]
    out += line + " " + tag + "\n"
open(sys.argv[2], "w").write(out)
END
}
sed '5s/[0-9a-f]\( [0-9a-f]*\)$/x\1/' run.journal >bad.journal
gives "a line that was changed is found" 3 "$MUNIMENT" replay office.set bad.journal
says "by its tag" err "the tag does not follow"
bend bad.journal 'lines[1] = "set-root: " + "0" * 64'
gives "the journal of another set is refused (C-13)" 3 "$MUNIMENT" replay office.set bad.journal
says "with the reason" err "another set"
bend bad.journal 'lines[0] = "muniment-set-journal: 1"'
gives "another version is refused (C-13)" 3 "$MUNIMENT" replay office.set bad.journal
bend bad.journal 'lines.insert(9, "c 0 power off")'
gives "a line of no machine is refused (C-14)" 3 "$MUNIMENT" replay office.set bad.journal
bend bad.journal 'lines = [line for line in lines if not line.startswith("a ")]'
gives "a machine that is missing is refused (C-14)" 3 "$MUNIMENT" replay office.set bad.journal
bend bad.journal 'i = [n for n, line in enumerate(lines) if line.startswith("set ")][-1]; lines[i] = lines[i][:-1] + ("0" if lines[i][-1] != "0" else "1")'
gives "a digest of the set that differs is found (C-15)" 1 "$MUNIMENT" replay office.set bad.journal
bend bad.journal 'i = [n for n, line in enumerate(lines) if line.startswith("b ") and " digest " in line][-1]; w = lines[i].split(); w[3] = "0" * 64; lines[i] = " ".join(w)'
gives "and one of a machine (C-15)" 1 "$MUNIMENT" replay office.set bad.journal

sed '2s/[0-9a-f]$/x/; 2s/x$/0/' office.set >bad.set
cmp -s office.set bad.set && sed -i '2s/0$/1/' bad.set
gives "a set file with another set-root is refused (C-9)" 3 "$MUNIMENT" boot bad.set --until poweroff
sed 's/^a 0 digest/b 0 digest/' office.set >bad.set
gives "one whose signature does not fit is not used (C-10)" 1 "$MUNIMENT" boot bad.set --until poweroff
says "with the reason" err "a signature that does not fit"
gives "an unfamiliar signer is not used (C-11)" 1 "$MUNIMENT" boot office.set --trust other.key.pub --until poweroff
mkdir -p elsewhere && cp office.set b.mun elsewhere && cp alone.mun elsewhere/a.mun
gives "another archive is not taken for one of the set (C-12)" 1 "$MUNIMENT" boot elsewhere/office.set --until poweroff
says "with the reason" err "is not the machine \"a\" of the set"
: >elsewhere/a.mun
gives "nor is what is none" 3 "$MUNIMENT" boot elsewhere/office.set --until poweroff
sed 's/^network:/sound:\n  speaker: yes\nnetwork:/' a.yaml >heard.yaml
set_of machines: "  - name: a" "    machine: heard.yaml" "  - name: b" "    machine: b.yaml" >bad.yaml
gives "of a set, those are heard that can be" 0 "$MUNIMENT" boot bad.yaml --until time:0.1 --sound sound --force
[ -s sound.a ] && [ ! -e sound.b ]
passed "in files of their own" $?
gives "options for one machine are refused" 2 "$MUNIMENT" boot office.set --display text
printf 'machine "c"\n' >s.script
gives "and a machine that is not there" 1 "$MUNIMENT" boot office.set --script s.script
printf 'machine "a"\n' >s.script
gives "and any, where there is one" 1 "$MUNIMENT" boot a.mun --script s.script
facts set.sh
