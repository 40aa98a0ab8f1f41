#!/bin/bash
# verify.sh - verification as an office does it: quick, sampled, a part at a time, many archives at once, at a rate; what is damaged is
# found by each method that reads it, with member, chunk and sectors; what was read wrongly once is no damage; the log's history.
set -u
. tests/facts.sh
cp "$BUILD/tests/unsteady.so" "$WORK"
cd "$WORK" || exit 1

# 200 MiB: four extents, of which two are zeros and one cannot be compressed; a few sectors for a floppy.
python3 - <<'PY'
import random
chance = random.Random(15)
with open("hd.img", "wb") as image:
    image.write(bytes(512) + b"".join(b"parcel %d of %d\n" % (chance.randrange(1 << 30), n) for n in range(700000)))
    image.seek(128 << 20)
    image.write(chance.randbytes(24 << 20))
    image.truncate(200 << 20)
with open("fd.img", "wb") as image:
    image.write(b"\xeb\xfe" + chance.randbytes(60000))
    image.truncate(1474560)
PY
"$MUNIMENT" suggest hd.img --machine dos-1995 >hd.yaml
"$MUNIMENT" suggest fd.img --machine dos-1990 >fd.yaml
"$MUNIMENT" key new office >out && "$MUNIMENT" key new stranger >out
"$MUNIMENT" seal hd.yaml -o hd.mun --key office >out || exit 1
for n in 1 2 3 4 5; do cp hd.mun copy$n.mun; done
"$MUNIMENT" seal fd.yaml -o fd.mun --key office >out || exit 1
trust="--trust office.pub"

# field FILE NAME: a member of the JSON object in a file; of several, of each.
field() { python3 -c 'import json, sys; [print(json.loads(line)[sys.argv[2]]) for line in open(sys.argv[1])]' "$@"; }
# member NAME: the offset of its data in hd.mun
member() { python3 -c 'import sys, tarfile; print(tarfile.open("hd.mun").getmember(sys.argv[1]).offset_data)' "$1"; }
# flip FILE OFFSET
flip() { python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(int(sys.argv[2])); b = f.read(1); f.seek(-1, 1); f.write(bytes([b[0] ^ 4]))' "$@"; }

# --- The methods ---
for method in "" --quick; do
    gives "an intact archive is intact $method" 0 "$MUNIMENT" verify hd.mun $trust $method
    says "by its signer" out "hd.mun: intact, signed by a trusted key"
    says "with all of its chunks" out "2048 chunks"
    gives "not by another's" 1 "$MUNIMENT" verify hd.mun --trust stranger.pub $method
    says "who is unknown" out "intact, signer unknown"
    for threads in 1 2 7; do
        "$MUNIMENT" verify hd.mun $trust $method --json --threads $threads >json.$threads
        passed "$threads threads find the same" "$(cmp -s json.1 json.$threads; echo $?)"
    done
done
gives "a sample is undecided" 5 "$MUNIMENT" verify hd.mun $trust --sample 2
says "and says sampled" out "hd.mun: sampled, signed by a trusted key"
passed "and never intact" "$(! grep -q intact out; echo $?)"
says "21 of the 1,024 chunks of each extent" out "sampled       42 of 2048 chunks"
gives "a sample of all is still one" 5 "$MUNIMENT" verify hd.mun $trust --sample 100
says "of all chunks" out "sampled       2048 of 2048 chunks"
gives "a sample of a stranger's is wrong" 1 "$MUNIMENT" verify hd.mun --trust stranger.pub --sample 1
gives "unless nobody asks whose it is" 5 "$MUNIMENT" verify hd.mun --integrity-only --sample 1
for wrong in "--sample 0" "--sample 101" "--sample x" "--sample 5 --quick" "--max-time 5" "--rate 0" "--threads 99"; do
    gives "usage: $wrong" 2 "$MUNIMENT" verify hd.mun $wrong
done
"$MUNIMENT" verify hd.mun $trust --json >json
passed "JSON has a schema and a version" "$([ "$(field json schema) $(field json version) $(field json method)" = "muniment-verify 0 full" ]; echo $?)"

# --- All damage, wherever it is ---
gz=$(member disk/hd0/00000000.gz) last=$(member disk/hd0/00000002.gz)
for place in "$((gz + 5000)) disk/hd0/00000000.gz" "$((last + 65564 * 300 + 100)) disk/hd0/00000002.gz" \
    "$(($(member disk/hd0/00000000.map) + 20)) disk/hd0/00000000.map" "$(($(member docs) + 1)) -" "$(($(member disk/hd0.top) + 40)) disk/hd0.top" \
    "$(($(member SHA256SUMS) + 3)) SHA256SUMS" "$(($(member machine.yaml) - 500)) machine.yaml"; do
    set -- $place
    [ "$2" != - ] || continue
    cp hd.mun bad.mun && flip bad.mun "$1"
    for method in "" --quick "--sample 100"; do
        gives "a byte of $2 is found $method" 1 "$MUNIMENT" verify bad.mun $trust $method
        says "there" out "bad.mun: $2: "
        passed "and nothing else" "$(grep -q ': 1 finding$' out; echo $?)"
    done
done 2>/dev/null
cp hd.mun bad.mun && flip bad.mun $((last + 65564 * 300 + 100)) && flip bad.mun $((gz + 5000)) && flip bad.mun $((last + 65564 * 299 + 100))
"$MUNIMENT" verify bad.mun $trust --quick --json >json
passed "all of three, with drive, sectors and chunk" "$(python3 - <<'PY'
import json
found = json.load(open("json"))["findings"]
base = 2 * 131072
places = [(f["drive"], f["sector"], f["sectors"]) for f in found]
assert len(places) == 3 and places[1:] == [("hd0", base + 299 * 128, 128), ("hd0", base + 300 * 128, 128)], places
assert places[0][1] % 128 == 0 and "sectors %d-" % places[0][1] in found[0]["place"], found[0]
PY
echo $?)"

# --- What is read wrongly ---
wrongly() { env LD_PRELOAD=./unsteady.so UNSTEADY_AT="$1" UNSTEADY_TIMES="$2" "$MUNIMENT" verify hd.mun $trust ${3-}; }
# The first MiB is read twice in any case: to find the seal, and as members.
for place in "$((gz + 5000)) 1" "$(($(member recover.py) + 10)) 2" "$(($(member disk/hd0.top) + 40)) 1" "$(($(member seal.txt) + 40)) 1"; do
    at=${place% *}
    for method in "" --quick; do
        gives "what is read wrongly once is intact, and the host fails $method" 4 wrongly $place $method
        says "it says so" out "hd.mun: intact"
        says "and where" err "and rightly when it was read again"
        gives "what is always read wrongly is damaged $method" 1 wrongly $at 1000 $method
    done
done

# --- A part at a time ---
rounds=0 status=5
while [ $status = 5 ] && [ $rounds -lt 40 ]; do
    status=0
    "$MUNIMENT" verify hd.mun $trust --max-time 1 --state state --rate 20 --threads 1 --json >json 2>err || status=$?
    rounds=$((rounds + 1))
    [ $status != 5 ] || passed "a part is called so" "$([ "$(field json verdict)" = partial ]; echo $?)"
done
passed "an archive is verified in several runs" $((status != 0 || rounds < 2))
passed "with the same result as in one" "$([ "$(field json verdict) $(field json chunks)" = "trusted 2048" ]; echo $?)"
"$MUNIMENT" verify hd.mun $trust --max-time 1 --state state --rate 20 --threads 1 >out
says "the next run begins anew" out "checked in part"
members=$(sed -n 's/.*checked       \([0-9]*\) of.*/\1/p' out)
touch hd.mun
"$MUNIMENT" verify hd.mun $trust --max-time 1 --state state --rate 20 --threads 1 >out
passed "and so does one on a file that was touched" "$([ "$(sed -n 's/.*checked       \([0-9]*\) of.*/\1/p' out)" -le $((members + 3)) ]; echo $?)"
rm -r state && cp hd.mun bad.mun && flip bad.mun $((gz + 5000))
status=5
for run in 1 2 3 4 5 6 7 8 9 10 11 12; do
    status=0
    "$MUNIMENT" verify bad.mun $trust --max-time 1 --state state --rate 20 --threads 1 >out 2>err || status=$?
    grep -q "in part" out || grep -q resumes out || break
done
passed "damage that an earlier run found is not forgotten" "$([ $status = 1 ] && grep -q 'damaged: 1 finding' out; echo $?)"

# --- Many at once ---
gives "many archives" 1 "$MUNIMENT" verify copy1.mun copy2.mun bad.mun copy3.mun fd.mun copy4.mun copy5.mun $trust --quick
passed "are reported in order" "$([ "$(grep -E -o '^[a-z0-9]*\.mun: (intact|damaged)' out | tr '\n' ' ')" = "copy1.mun: intact copy2.mun: intact bad.mun: damaged copy3.mun: intact fd.mun: intact copy4.mun: intact copy5.mun: intact " ]; echo $?)"
gives "one that is not there hides no other" 3 "$MUNIMENT" verify copy1.mun nothing.mun copy2.mun $trust --quick
passed "they are reported" "$([ "$(grep -c intact out)" = 2 ]; echo $?)"
gives "a round" 5 "$MUNIMENT" verify copy1.mun copy2.mun copy3.mun $trust --max-time 2 --state round --rate 30 --threads 2
for run in 1 2 3 4 5 6 7 8 9 10 11 12; do
    "$MUNIMENT" verify copy1.mun copy2.mun copy3.mun $trust --max-time 2 --state round --rate 30 --threads 2 >out 2>err && break
done
passed "comes to its end" "$([ "$(grep -c 'intact, signed\|this round: trusted' out)" = 3 ]; echo $?)"
"$MUNIMENT" seal fd.yaml -o other.mun --key stranger >out
ask() { status=0; "$MUNIMENT" verify other.mun hd.mun --max-time 1 --state ask --rate 20 --threads 1 "$@" >out 2>err || status=$?; }
ask $trust
says "one of a stranger is finished first" out "other.mun: intact, signer unknown"
ask $trust
says "and not read again" out "other.mun: checked at"
ask $trust --integrity-only
passed "which is no answer to another question" "$(grep -q "in this round" out; echo $(($? == 0)))"
for run in 1 2 3 4 5 6 7 8 9 10 11 12; do ask $trust; grep -q "hd.mun: intact" out && break; done
passed "nor is it forgotten what it came to" "$([ $status = 1 ] && grep -q "in this round: unknown-signer" out && grep -q "hd.mun: intact" out; echo $?)"
"$MUNIMENT" verify copy1.mun copy2.mun copy3.mun $trust >out 2>&1 &
sleep 0.1; kill -TERM $! && wait $!
passed "an interrupt ends all" $(($? == 0))
"$MUNIMENT" verify copy1.mun copy2.mun copy3.mun $trust --threads 2 --rate 40 >out 2>err &
until [ "$(pgrep -P $! | wc -l)" = 2 ]; do sleep 0.05; done
kill -STOP $!
while ps -o stat= --ppid $! | grep -qv Z; do sleep 0.1; done
kill -TERM $!; kill -CONT $!; wait $!
passed "one that comes when those that were begun have ended is no success" $(($? != 4))
says "since not all were" err "interrupted: not all were begun"
if strace -o calls true 2>err; then # else this host forbids it
    strace -qq -o calls -e trace=write -e inject=write:signal=SIGTERM:when=1 "$MUNIMENT" verify copy1.mun copy2.mun $trust --threads 1 >out 2>err
    passed "nor is one that comes while the first of two is reported" $(($? != 4))
    says "of which the second was not begun" err "interrupted: not all were begun"
    passed "and is not reported" "$([ "$(grep -c '^copy' out)" = 1 ]; echo $?)"
    # The second one's, before they are waited for.
    strace -qq -o calls -e trace=clone -e inject=clone:signal=SIGTERM:when=2 "$MUNIMENT" verify copy1.mun copy2.mun copy3.mun $trust --threads 2 --rate 1 >out 2>err
    passed "one that comes before the first wait is heard" $(($? != 4))
    passed "by those that were begun, of which nothing is said" "$([ ! -s out ]; echo $?)"
    strace -f -qq -o calls -e trace=pread64 -e inject=pread64:signal=SIGTERM:when=5 "$MUNIMENT" verify bad.mun $trust --threads 1 >out 2>err
    passed "nor of one that is interrupted itself" "$([ ! -s out ] && grep -q cancelled err; echo $?)"
else
    echo "strace may not trace here"
fi
began=$(date +%s%N)
"$MUNIMENT" verify hd.mun $trust --quick --rate 20 >out
passed "a rate is kept to" "$([ $((($(date +%s%N) - began) / 1000000)) -ge $(($(stat -c %s hd.mun) / 20972 * 9 / 10)) ]; echo $?)"
memory=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$MUNIMENT" verify hd.mun $trust --threads 8)
passed "memory stays under 64 MiB ($memory KiB)" $((memory < 1024 || memory >= 65536))

# --- The history ---
"$MUNIMENT" log new day.log --origin archive.example/log >out
for check in "hd.mun --quick" "hd.mun --sample 1" "copy1.mun"; do "$MUNIMENT" verify $check $trust --log day.log --by reader-7 >out; done
gives "info shows the checks of an archive" 0 "$MUNIMENT" info copy2.mun --log day.log
says "the first" out "quick   trusted         by reader-7, hd.mun"
says "the sample" out "sample  sampled         by reader-7, hd.mun"
says "one of a replica" out "full    trusted         by reader-7, copy1.mun"
says "and what to do" out "next step     none: check it again when it is due"
gives "and of another none" 0 "$MUNIMENT" info fd.mun --log day.log
says "it says so" out "none in this log"
gives "as JSON as well" 0 "$MUNIMENT" info hd.mun --log day.log --json
passed "with method and verdict" "$(python3 -c 'import json; c = json.load(open("out"))["checks"]; assert [x["method"] for x in c] == ["quick", "sample", "full"] and c[1]["verdict"] == "sampled"'; echo $?)"
gives "many processes share a log" 0 "$MUNIMENT" verify copy1.mun copy2.mun copy3.mun $trust --quick --log day.log --by reader-7
gives "which stays whole" 0 "$MUNIMENT" log verify day.log
python3 - <<'PY'
import tarfile
worn = bytearray(open("fd.mun", "rb").read())
with tarfile.open("fd.mun") as archive:
    rows = archive.extractfile("disk/fd0/00000000.map").read().split(b"\n")
    worn[archive.getmember("disk/fd0/00000000.gz").offset_data + int(rows[22].split()[2]) + 60] ^= 4
open("worn.mun", "wb").write(worn)
PY
gives "damage that no boot reads" 1 "$MUNIMENT" verify worn.mun $trust --log day.log --by reader-7
boots() { "$MUNIMENT" boot "$@" --until tick:1000 --log day.log --by reader-7; }
gives "leaves an archive that boots" 0 boots worn.mun
says "of which the log's last check is said, and what to do" err "worn.mun: the last check, on $(date -u +%Y-%m-%d), came to: damaged: take another copy of it"
gives "of another file of the same machine" 0 boots fd.mun
passed "nothing is said" "$(! grep -q 'last check' err; echo $?)"

facts "verify.sh"
