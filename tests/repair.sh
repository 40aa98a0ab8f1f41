#!/bin/bash
# repair.sh - parity files (spec/parity.md) and repair: by parity, by replicas, by both, by the seal alone; what is mended is
# the archive that was sealed, to the byte, what is not is listed; parity.py, written from the specification, agrees.
set -eu
here=$PWD
. "$here/tests/facts.sh"
cd "$WORK"
export LC_ALL=C.UTF-8
independent="python3 $here/tests/parity.py"

cat >machine.yaml <<'YAML'
muniment: machine 0

machine: pc-isa
cpu:
  model: i486
  speed: 25 MIPS
memory: 8 MiB
firmware:
  system: built-in 0
  video: built-in 0

clock: 1998-11-02T09:00:00
drives:
  hd0:
    kind: disk
    geometry: 132/16/63
    image: hd.img
    read-only: no
boot:
  - disk

ports:
  - com1
display: vga
YAML
disk() # SEED: a disk of two extents, with data in both
{
    python3 - "$1" <<'PY'
import random, sys
r = random.Random(int(sys.argv[1]))
with open("hd.img", "wb") as f:
    f.truncate(132 * 16 * 63 * 512)
    for at in [0, *range(1 << 20, 2 << 20, 65536), *range(64 << 20, (64 << 20) + 14 * 65536, 65536)]:
        f.seek(at)
        f.write(r.randbytes(65536))
PY
}
disk 1
for key in office.key other.key; do "$MUNIMENT" key new $key >out; done
"$MUNIMENT" seal machine.yaml -o sound.mun --key office.key >out
"$MUNIMENT" seal machine.yaml -o resigned.mun --key other.key >out
disk 2
"$MUNIMENT" seal machine.yaml -o foreign.mun --key office.key >out

spoil() # FILE OFFSET LENGTH: noise there, in which no byte is what it was
{
    perl -e 'use strict; use warnings; my ($path, $at, $size) = @ARGV; my ($f, $was); srand($size);
        open($f, "+<", $path) && seek($f, $at, 0) && defined(read($f, $was, $size)) or die "$path: $!";
        my $noise = pack("C*", map { 1 + int(rand(255)) } 1 .. 8191) x (1 + length($was) / 8191);
        seek($f, $at, 0) && print($f $was ^ substr($noise, 0, length($was))) && close($f) or die "$path: $!"' "$@"
}
declare -A places
members() # FILE: where the data of each of its members begin
{
    local member place
    while read -r place member; do places[$1:$member]=$place; done < \
        <(python3 -c 'import sys, tarfile; [print(m.offset_data, m.name) for m in tarfile.open(sys.argv[1])]' "$1")
}
members sound.mun; members foreign.mun
at() { echo "${places[${2-sound.mun}:$1]}"; } # MEMBER [FILE]: offset of its data
fresh() { rm -f new.mun; cp sound.mun worn.mun; }
mended() # FACT ARGUMENT...: repair of worn.mun gives sound.mun, to the byte
{
    local fact=$1 before
    shift
    before=$(sha256sum worn.mun)
    gives "$fact" 0 "$MUNIMENT" repair worn.mun -o new.mun "$@"
    passed "$fact: it is what was sealed" "$(cmp -s new.mun sound.mun; echo $?)"
    passed "$fact: the damaged file is as it was (P-15)" "$([ "$(sha256sum worn.mun)" = "$before" ]; echo $?)"
    rm -f new.mun
}
lost() # FACT TEXT ARGUMENT...: repair of worn.mun ends with 1, writes nothing, and lists TEXT
{
    local fact=$1 text=$2
    shift 2
    gives "$fact" 1 "$MUNIMENT" repair worn.mun -o new.mun "$@"
    says "$fact: is listed (P-17)" out "$text"
    passed "$fact: nothing is written (P-16)" "$([ ! -e new.mun ]; echo $?)"
}
size=$(stat -c %s sound.mun)

# --- The parity file ---
gives "a parity file is written" 0 "$MUNIMENT" parity new sound.mun
says "and says what it bears" out "28 of 224 blocks of 4096 bytes"
gives "it is what the specification says (P-1 to P-10)" 0 $independent check sound.mun sound.mun.parity
gives "it checks" 0 "$MUNIMENT" parity check sound.mun
gives "it is not replaced" 3 "$MUNIMENT" parity new sound.mun
for amount in 1/5 1/64; do
    gives "an amount of $amount" 0 "$MUNIMENT" parity new sound.mun --amount $amount -o other.parity --force
    gives "$amount is what the specification says" 0 $independent check sound.mun other.parity
done
for amount in 1/1 1/65 2/8 1/8x 8; do gives "no amount of $amount" 2 "$MUNIMENT" parity new sound.mun --amount $amount -o x.parity; done
fresh
spoil worn.mun 300000 1
gives "damage is not protected (P-18)" 1 "$MUNIMENT" parity new worn.mun -o x.parity
passed "nothing is written of it" "$([ ! -e x.parity ]; echo $?)"
gives "a check finds it" 1 "$MUNIMENT" parity check worn.mun --parity sound.mun.parity
says "and says that it can be mended" out "1 of 4096 bytes lost; 1 are computed"
cp sound.mun.parity x.parity; spoil x.parity 5000 1
gives "a check finds damage of the parity file" 1 "$MUNIMENT" parity check sound.mun --parity x.parity
says "and says where it is" out "its parity is damaged: make it anew"

# --- By parity ---
P="--parity sound.mun.parity"
amount=$(sed -n 's/.*mends up to \([0-9]*\) bytes.*/\1/p' <("$MUNIMENT" parity new sound.mun --force))
for from in 0 1 511 $((size / 3)) $((size - amount)); do
    fresh; spoil worn.mun "$from" "$amount"
    mended "a burst of $amount bytes from $from" $P
done
$independent mend worn.mun sound.mun.parity independent.mun
passed "parity.py mends it as well" "$(cmp -s independent.mun sound.mun; echo $?)"
fresh; truncate -s $((size - amount)) worn.mun
mended "an end that was cut off" $P
fresh; head -c 100000 </dev/urandom >>worn.mun
mended "something at its end" $P
fresh; cp sound.mun.parity worn.mun.parity; spoil worn.mun 0 "$amount"; spoil worn.mun.parity 0 512
mended "a parity file beside it is found, without its text (P-5)"
rm worn.mun.parity
fresh; spoil worn.mun 0 $((amount * 3 / 2))
lost "more than the amount" "cannot be mended: " $P
spoil worn.mun 0 "$size"
lost "all of it" "cannot be mended" $P
gives "what is no parity file" 3 "$MUNIMENT" repair worn.mun --parity hd.img -o new.mun

# --- By replicas ---
fresh; spoil worn.mun "$(at disk/hd0/00000000.gz)" 400000; cp worn.mun one.mun
fresh; spoil worn.mun "$(at disk/hd0/00000001.gz)" 400000
mended "chunks from a replica that is damaged elsewhere (P-21)" --from one.mun
spoil one.mun "$(at disk/hd0/00000001.gz)" 60000
lost "a chunk that both have lost" "of extent 1 of disk/hd0, sectors 13" --from one.mun
gives "what is mended is written if asked" 1 "$MUNIMENT" repair worn.mun -o new.mun --from one.mun --partial
gives "the damaged archive" 1 "$MUNIMENT" verify worn.mun --integrity-only
before=$(grep -c 'chunk ' out)
gives "has more damage" 1 "$MUNIMENT" verify new.mun --integrity-only
passed "than what was written" "$([ "$(grep -c 'chunk ' out)" -lt "$before" ]; echo $?)"
rm new.mun
mended "two replicas and parity" --from one.mun --from sound.mun
mended "both: what the replica lacks is computed" --from one.mun $P

for member in 000-README.txt recover.py source/muniment.tar machine.yaml description.yaml firmware/system.bin disk/hd0.top \
    disk/hd0.unreadable content.txt SHA256SUMS seal.txt evidence/00000000/key.pub evidence/00000000/statement.sig \
    evidence/00000000/statement.txt disk/hd0/00000001.map; do
    fresh; spoil worn.mun $(($(at $member) - 512)) 600
    mended "$member, with its header, from a replica" --from sound.mun
done

# --- By the seal alone ---
for member in 000-README.txt source/muniment.tar disk/hd0/00000000.gz disk/hd0.top seal.txt evidence/00000000/key.pub; do
    fresh; spoil worn.mun $(($(at $member) - 512)) 512
    mended "the header of $member follows (P-19)"
done
for member in content.txt evidence/00000000/statement.txt disk/hd0/00000000.map; do
    fresh; spoil worn.mun "$(at $member)" 90
    mended "$member follows"
done
fresh; spoil worn.mun $((size - 1024)) 1024
mended "the end follows"
truncate -s $((size - 700)) worn.mun
mended "an end that is short follows"
head -c 5000 /dev/zero >>worn.mun
mended "an end that is long is cut"
fresh; spoil worn.mun "$(at evidence/00000000/statement.sig)" 64
lost "a signature does not follow" "by the seal   nothing"
mended "but it comes from a replica" --from sound.mun
mended "it is found among others" --from foreign.mun --from one.mun --from sound.mun

# --- What is no replica ---
fresh; spoil worn.mun "$(at seal.txt)" 2000
lost "another machine is no replica (P-20)" "by the seal   nothing" --from foreign.mun
fresh; truncate -s "$(at SHA256SUMS)" worn.mun; spoil worn.mun "$(at content.txt)" 10
mended "a replica is one by the manifests and tops" --from sound.mun
fresh; truncate -s "$(at content.txt)" worn.mun; spoil worn.mun "$(at disk/hd0.top)" 10
lost "without them it is not" "by the seal   nothing" --from sound.mun
fresh; spoil worn.mun "$(at disk/hd0/00000000.gz)" 400000
mended "chunks of an archive that another signed are as good" --from resigned.mun
lost "what another archive has in their place is not (P-12)" "chunk " --from foreign.mun
gives "its parity file mends nothing" 0 "$MUNIMENT" parity new foreign.mun
before=$(sha256sum worn.mun)
gives "and is refused in the end (P-14)" 1 "$MUNIMENT" repair worn.mun --parity foreign.mun.parity -o new.mun
cp foreign.mun worn.mun; spoil worn.mun "$(at disk/hd0/00000000.gz foreign.mun)" 1000
gives "a seal of its own is followed, not the replica's" 1 "$MUNIMENT" repair worn.mun --from sound.mun -o new.mun
says "and is named" out "seal of worn.mun"

# --- Where it is written ---
fresh; spoil worn.mun 5000 10
for there in worn.mun sound.mun sound.mun.parity; do
    gives "$there is not written to (P-15)" 3 "$MUNIMENT" repair worn.mun --from sound.mun $P -o $there --force
done
ln worn.mun link.mun
gives "nor by another name" 3 "$MUNIMENT" repair worn.mun $P -o link.mun --force
cp foreign.mun there.mun
gives "a file that is there is not replaced" 3 "$MUNIMENT" repair worn.mun $P -o there.mun
gives "but if asked" 0 "$MUNIMENT" repair worn.mun $P -o there.mun --force
passed "and is whole then" "$(cmp -s there.mun sound.mun; echo $?)"
gives "a full disk" 4 bash -c "ulimit -f 1000; trap '' XFSZ; '$MUNIMENT' repair worn.mun $P -o new.mun"
passed "leaves nothing" "$([ ! -e new.mun ] && ! ls | grep -q '\.tmp$'; echo $?)"
"$MUNIMENT" log new office.log --origin archive.example/log >out
gives "a repair is an act" 0 "$MUNIMENT" repair worn.mun $P -o new.mun --log office.log --by p-1
says "in the log" office.log '"outcome":"done","verdict":"mended"'
facts repair
