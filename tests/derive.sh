#!/bin/bash
# derive.sh - derived archives (spec/archive.md, "Derived archives"): hardware that changed, what a session left, a snapshot;
# parents beside them, in a library, missing, damaged, swapped; chains of twenty; flatten, diff; recovery with stock tools.
set -u
here=$PWD
. "$here/tests/facts.sh"
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$here"/tests/demo/records.script "$WORK"
cd "$WORK"
export LC_ALL=C.UTF-8

"$MUNIMENT" key new key >out
"$MUNIMENT" key new other >out
# A second disk of three extents: data in the first, zeros in the second, data in the third.
python3 - <<'PY'
import random
r = random.Random(7)
with open("hd0.img", "wb") as f:
    f.truncate(270 * 16 * 63 * 512)
    for at in (0, 65536, 3 << 20, (128 << 20) + 65536):
        f.seek(at)
        f.write(r.randbytes(50000))
PY
sed 's/^boot:/  hd0:\n    kind: disk\n    image: hd0.img\n    geometry: 270\/16\/63\n&/' records.yaml >machine.yaml
"$MUNIMENT" seal machine.yaml --description records-description.yaml -o parent.mun --key key >out
size() { stat -c %s "$1"; }
root() { "$MUNIMENT" info "$1" --root; }
content() { tar -xOf "$1" content.txt | sha256sum | cut -d" " -f1; }

# --- Other hardware ---

gives "memory is changed" 0 "$MUNIMENT" derive parent.mun --set memory="32 MiB" -o bigger.mun --key key
gives "the derived archive is intact with its parent" 0 "$MUNIMENT" verify bigger.mun --trust key.pub
says "and its parent was read" out "in the parent, parent.mun"
gives "its memory is another" 0 "$MUNIMENT" info bigger.mun --json
says "32 MiB" out '"memory": 33554432'
passed "its machine-root is another" $([ "$(root bigger.mun)" != "$(root parent.mun)" ]; echo $?)
tar -xOf bigger.mun seal.txt >out
says "the change is an event in the seal" out 'change: set memory=32 MiB'
says "the parent is named by machine-root and content" out "parent: $(root parent.mun) $(tar -xOf parent.mun content.txt | sha256sum | cut -d' ' -f1)"
passed "it holds nothing of the disks" $(tar -tf bigger.mun | grep -c '[.]gz$')
passed "the original is as it was" $([ "$(size parent.mun)" -gt "$(size bigger.mun)" ]; echo $?)
gives "a new key of a mapping" 0 "$MUNIMENT" derive parent.mun --set cpu.model=pentium --set sound.card=adlib -o speaker.mun --key key
gives "shows itself" 1 "$MUNIMENT" diff parent.mun speaker.mun
says "as a line that is there" out '+   card: adlib'
says "and one that changed" out '-   model: '
gives "a key goes without a value" 0 "$MUNIMENT" derive speaker.mun --set sound= -o silent.mun --key key
gives "a key that is not there cannot go" 2 "$MUNIMENT" derive parent.mun --set apic= -o none.mun --key key
gives "a value that no machine has" 3 "$MUNIMENT" derive parent.mun --set memory=lots -o none.mun --key key
gives "another medium is no hardware" 2 "$MUNIMENT" derive parent.mun --set drives.hd0.image=x.img -o none.mun --key key
gives "nothing to change" 2 "$MUNIMENT" derive parent.mun -o none.mun --key key
gives "a Cirrus chip brings its BIOS" 0 "$MUNIMENT" derive parent.mun --set display='cirrus gd5434' -o cirrus.mun --key key
gives "which is intact" 0 "$MUNIMENT" verify cirrus.mun --trust key.pub
gives "the parent itself is not written over" 3 "$MUNIMENT" derive parent.mun --set memory="32 MiB" -o parent.mun --key key --force

# --- What a session left ---

cat >write.py <<'PY'
import struct, hashlib, sys
# An overlay by spec/archive.md: blocks of hd0 that are written.
root, path, blocks = sys.argv[1], sys.argv[2], [tuple(map(int, b.split(":"))) for b in sys.argv[3:]]
sectors = 270 * 16 * 63
head = f"muniment-overlay: 0\nbelongs-to: {root}\ndrive: hd0\nsectors: {sectors:015d}\n".encode().ljust(512, b"\0")
chain, records = hashlib.sha256(head).digest(), b""
for number, (block, byte) in enumerate(blocks):
    data = bytes([byte]) * 4096
    start = struct.pack("<QQQ", number, block, 255)
    chain = hashlib.sha256(chain + start + data).digest()
    records += start + chain + data
line = f"synced: {len(blocks):015d} {chain.hex()} ".encode()
count = (line + hashlib.sha256(line).hexdigest().encode() + b"\n").ljust(512, b"\0")
open(path, "wb").write(head + count + bytes(512) + records)
PY
# In the first extent; zeros over data; in the extent of zeros; zeros over zeros in the third.
python3 write.py "$(content parent.mun)" session.hd0 3:65 16:0 17:0 18:0 19:0 20:0 21:0 22:0 23:0 24:0 25:0 26:0 27:0 28:0 29:0 30:0 31:0 $((16384 + 5)):66 $((2 * 16384 + 900)):0
gives "a session's outcome is sealed" 0 "$MUNIMENT" derive parent.mun --overlay session -o session.mun --key key
gives "and intact" 0 "$MUNIMENT" verify session.mun --trust key.pub
tar -xOf session.mun seal.txt >out
says "with the overlay as its event" out 'change: session hd0 19 records '
tar -tf session.mun | grep '^disk/hd0/.*gz' | tr '\n' ' ' >out
says "its members are the extents that differ" out 'disk/hd0/00000000.gz disk/hd0/00000001.gz '
passed "the third is not there, for it did not change" $([ "$(grep -c 00000002 out)" = 0 ]; echo $?)
tar -xOf session.mun disk/hd0/00000000.map >out
says "a chunk of it is here" out '0000 d 00000000'
says "the next too" out '0001 d '
says "another is the parent's" out '0002 p 00000000 000000 '
tar -xOf session.mun disk/hd0.top >out
says "an extent is the parent's as a whole" out '00000002 p 000000000000000 000000000'
gives "a boot sees the session's disk" 0 "$MUNIMENT" export session.mun --drive hd0 -o session.img
cp hd0.img expected.img
python3 - <<'PY'
with open("expected.img", "r+b") as f:
    for block, byte in [(3, 65)] + [(n, 0) for n in range(16, 32)] + [(16384 + 5, 66)]:
        f.seek(block * 4096)
        f.write(bytes([byte]) * 4096)
PY
passed "to the byte" $(cmp session.img expected.img >err 2>&1; echo $?)
gives "the overlay of no drive" 3 "$MUNIMENT" derive parent.mun --overlay nothing -o none.mun --key key
gives "the overlay of another machine" 3 "$MUNIMENT" derive bigger.mun --overlay session -o none.mun --key key

# --- A snapshot ---

printf 'wait screen "records on this disk"\nsnapshot here.snapshot\n' >snap.script
gives "a machine stands somewhere" 0 "$MUNIMENT" boot parent.mun --script snap.script
gives "its disks are sealed" 0 "$MUNIMENT" derive parent.mun --snapshot here.snapshot -o snap.mun --key key
gives "and intact" 0 "$MUNIMENT" verify snap.mun --trust key.pub
gives "a snapshot of another machine" 3 "$MUNIMENT" derive bigger.mun --snapshot here.snapshot -o none.mun --key key

# --- Where the parent is ---

mkdir alone library
cp session.mun alone/
# A-83: nothing is called intact that was not looked at.
gives "without its parent, what is here is sound and the rest undecided" 5 "$MUNIMENT" verify alone/session.mun --trust key.pub
says "in these words" out 'own chunks sound, inherited undecided, signed by a trusted key'
says "and which one is missing" out "machine-root $(root parent.mun)"
for run in 1 2; do
    gives "so it is in a round, $run" 5 "$MUNIMENT" verify alone/session.mun none.mun --trust key.pub --max-time 60 --state round
done
says "which keeps that" out "in this round: inherited-undecided"
gives "until it is asked with the parent's folder" 3 "$MUNIMENT" verify alone/session.mun none.mun --trust key.pub --max-time 60 --state round --library .
says "where it is read anew" out "alone/session.mun: intact, signed by a trusted key"
gives "its disk cannot be read" 5 "$MUNIMENT" export alone/session.mun --drive hd0 -o alone.img
says "for that reason" err 'is not at hand'
gives "what is known is shown" 0 "$MUNIMENT" info alone/session.mun
cp parent.mun library/some-name.mun
gives "a library has it, by whatever name" 0 "$MUNIMENT" verify alone/session.mun --library library --trust key.pub
gives "files come from there" 0 "$MUNIMENT" export alone/session.mun --drive hd0 --library library -o alone.img
passed "the same" $(cmp alone.img expected.img >err 2>&1; echo $?)
# A-81: the open twin, the same machine under another description is another archive.
sed 's/^rights:.*/rights: closed until 2999-01-01/' records-description.yaml >closed.yaml
grep -q '^rights' closed.yaml || echo 'rights: closed until 2999-01-01' >>closed.yaml
"$MUNIMENT" seal machine.yaml --description closed.yaml -o twin.mun --key key >out
passed "a twin has the same machine-root" $([ "$(root twin.mun)" = "$(root parent.mun)" ]; echo $?)
gives "nor does a session of the parent run on it" 3 "$MUNIMENT" derive twin.mun --overlay session -o none.mun --key key
mkdir swapped
cp session.mun swapped/ && cp twin.mun swapped/parent.mun
gives "a twin is not taken for the parent" 5 "$MUNIMENT" verify swapped/session.mun --trust key.pub
# A parent that is damaged where a chunk is inherited.
mkdir worn
cp session.mun parent.mun worn/
at=$(tar -xOf parent.mun disk/hd0.top | sed -n 3p | cut -c12-26)
flip worn/parent.mun $((10#$at + 200))
gives "damage of the parent is damage of what inherits it" 1 "$MUNIMENT" verify worn/session.mun --trust key.pub
says "named by chunk, sectors, and the file in which it is" out 'of extent 2 of disk/hd0, sectors'
says "which is the parent" out 'parent.mun'
gives "--quick and --sample go up the chain too" 0 "$MUNIMENT" verify session.mun --quick --trust key.pub
gives "sampled" 5 "$MUNIMENT" verify session.mun --sample 10 --trust key.pub
flip session.mun $(($(tar -xOf session.mun disk/hd0.top | sed -n 1p | cut -c12-26 | sed 's/^0*//') + 30))
gives "damage of an own chunk is found" 1 "$MUNIMENT" verify session.mun --trust key.pub
cp alone/session.mun session.mun

# --- Flattening and comparing ---

gives "a derived archive is flattened" 0 "$MUNIMENT" flatten session.mun -o flat.mun --key key
passed "to the same machine-root" $([ "$(root flat.mun)" = "$(root session.mun)" ]; echo $?)
mkdir flat && cp flat.mun flat/
gives "and needs nobody" 0 "$MUNIMENT" verify flat/flat.mun --trust key.pub
tar -xOf flat.mun seal.txt >out
says "it says what it was made from" out "change: flattened $(root session.mun)"
gives "archives differ" 1 "$MUNIMENT" diff parent.mun session.mun
says "by sector" out 'sectors 24-31'
says "counted" out 'disk    hd0: 114 sectors differ in 3 places'
gives "an archive and its flat one hold the same" 0 "$MUNIMENT" diff session.mun flat.mun
gives "the machines differ by member" 1 "$MUNIMENT" diff parent.mun bigger.mun
says "and line" out '+ memory: 32 MiB'
cp records.img changed.img
mcopy -o -i changed.img ::RECORDS/P1021.TXT p.txt && sed -i 's/Volume:    12/Volume:    99/' p.txt && mcopy -o -i changed.img p.txt ::RECORDS/P1021.TXT
echo new >new.txt && mcopy -i changed.img new.txt ::NEW.TXT && mdel -i changed.img ::RECORDS/P1024.TXT
sed 's/records.img/changed.img/' machine.yaml >changed.yaml
"$MUNIMENT" seal changed.yaml --description records-description.yaml -o changed.mun --key key >out
gives "files differ" 1 "$MUNIMENT" diff parent.mun changed.mun
says "in what they hold" out 'file    fd0 RECORDS/P1021.TXT: differs'
says "one is new" out 'file    fd0 NEW.TXT: only in changed.mun'
says "one is gone" out 'file    fd0 RECORDS/P1024.TXT: only in parent.mun'
passed "and no other" $([ "$(grep -c '^file' out)" = 3 ]; echo $?)

# --- A chain of twenty ---

mkdir chain
cp parent.mun chain/00.mun
for n in $(seq 1 20); do
    last=$(printf 'chain/%02d.mun' $((n - 1))) next=$(printf 'chain/%02d.mun' "$n")
    python3 write.py "$(content "$last")" "chain/s$n.hd0" $((n * 40)):$((n + 32)) $((16384 + n)):$((n + 64))
    "$MUNIMENT" derive "$last" --overlay "chain/s$n" -o "$next" --key key >out
done
gives "the last of a chain of twenty shows what it is" 0 "$MUNIMENT" info chain/20.mun --json
gives "its disk opens, through all of them" 0 "$MUNIMENT" files chain/20.mun --drive fd0 RECORDS/P1021.TXT
if strace -o calls true 2>err; then # else this host forbids it, as faults.sh says; bench/chain.py measures
    strace -f -o calls -e trace=open,openat "$MUNIMENT" files chain/20.mun --drive fd0 RECORDS/P1021.TXT >out 2>err
    opened=$(sed -n 's|.*"\([^"]*[0-9][0-9]\.mun\)".* = [0-9]*$|\1|p' calls | sort | uniq -c | sort -rn)
    echo "$opened" >opened
    passed "each of the twenty above is opened as often as the one below it" $([ "$(wc -l <opened)" = 21 ] && [ "$(awk '!/20.mun/ {print $1}' opened | sort -u)" = 2 ]; echo $?)
fi
gives "all of it is intact" 0 "$MUNIMENT" verify chain/20.mun --trust key.pub
gives "flattened" 0 "$MUNIMENT" flatten chain/20.mun -o chain-flat.mun --key key
gives "it is the same machine" 0 "$MUNIMENT" verify chain-flat.mun --trust key.pub
passed "of the same root" $([ "$(root chain-flat.mun)" = "$(root chain/20.mun)" ]; echo $?)
for engine in interpreter; do
    "$MUNIMENT" boot chain/20.mun --engine $engine --until 'screen:records on this disk' --digest >chained
    "$MUNIMENT" boot chain-flat.mun --engine $engine --until 'screen:records on this disk' --digest >flatly
done
passed "both start to the same state" $(cmp chained flatly >err 2>&1; echo $?)
rm chain/11.mun
gives "a link that is missing leaves it undecided" 5 "$MUNIMENT" verify chain/20.mun --trust key.pub
says "and is named" out 'which is not at hand'

# A-82: a chain has at most 100 archives.
mkdir long
"$MUNIMENT" seal records.yaml -o long/0.mun --key key >out
for n in $(seq 100); do "$MUNIMENT" derive long/$((n - 1)).mun --set memory="$((n % 2 + 8)) MiB" -o long/$n.mun --key key >out; done
gives "a hundred are a chain" 0 "$MUNIMENT" verify long/99.mun --trust key.pub
gives "one more is too many" 1 "$MUNIMENT" verify long/100.mun --trust key.pub
says "and says so" out 'a chain of more than 100 archives'
rm -r long

# --- Mending, recovery ---

gives "a derived archive has parity" 0 "$MUNIMENT" parity new session.mun
cp session.mun damaged.mun
printf XXXXXXXX | dd of=damaged.mun bs=1 seek=5000 conv=notrunc status=none
gives "and is mended" 0 "$MUNIMENT" repair damaged.mun --parity session.mun.parity -o mended.mun
passed "to the byte" $(cmp mended.mun session.mun >err 2>&1; echo $?)
gives "recover.py restores it from its parent" 0 python3 "$here/archive/recover.py" session.mun restored parent.mun
passed "the disk is that of the session" $(cmp restored/hd0.img expected.img >err 2>&1; echo $?)
gives "through two parents" 0 python3 "$here/archive/recover.py" silent.mun restored2 speaker.mun parent.mun
passed "the disk is the first one's" $(cmp restored2/hd0.img hd0.img >err 2>&1; echo $?)
gives "without its parent it says what is missing" 1 python3 "$here/archive/recover.py" session.mun restored3
says "by content" err "the parent with content"
gives "a twin is not taken" 1 python3 "$here/archive/recover.py" session.mun restored4 twin.mun
# With tar, gunzip, dd, sha256sum: the commands of the README, in the parent's folder first.
commands() { tar -xOf "$1" 000-README.txt | sed -n 's/^    //p'; }
mkdir stock stock/parent stock/session
(cd stock/parent && FILE=$WORK/parent.mun && eval "$(commands ../../parent.mun)") >out 2>err
passed "stock tools restore the parent" $?
(cd stock/session && FILE=$WORK/session.mun PARENT=../parent && eval "$(commands ../../session.mun)") >out 2>err
passed "and then the session" $?
passed "to the byte" $(cmp stock/session/hd0.img expected.img >err 2>&1; echo $?)
facts derive
