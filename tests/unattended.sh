#!/bin/bash
# unattended.sh - a script retrieves 100 records by a table (a thousand with LONG), unattended (spec/retrieval.md, "From a script"): repeated, and interrupted twice, once
# by SIGKILL, it gives the same payload, manifest and tables; another script or a damaged state is refused; receipts hold.
set -eu
here=$PWD
. tests/facts.sh
cp "$BUILD/tests/ledger.bin" "$WORK"
cd "$WORK"
export MTOOLS_SKIP_CHECK=1
RECORDS=${RECORDS:-${LONG:+1000}}
RECORDS=${RECORDS:-100}

mformat -C -f 1440 -B ledger.bin -i floppy.img ::
head -c 512 /dev/zero >nothing
mcopy -i floppy.img nothing ::ANSWER.TXT
mcopy -i floppy.img nothing '::100%.TXT' # which a manifest writes in another form
cat >machine.yaml <<'PY'
muniment: machine 0
machine: pc-isa
cpu:
  model: i486
  speed: 2 MIPS
memory: 1 MiB
firmware:
  system: built-in 0
  video: built-in 0
clock: 1998-11-02T09:00:00
drives:
  fd0:
    kind: floppy 1.44M
    image: floppy.img
boot:
  - floppy
ports:
  - com1
display: vga
PY
printf 'muniment: description 0\ntitle: "A ledger"\n' >description.yaml
"$MUNIMENT" key new key >/dev/null
"$MUNIMENT" seal machine.yaml --description description.yaml -o ledger.mun --key key >/dev/null
python3 -c "
print('id,name')
for i in range($RECORDS): print(f'{i if i % 100 != 50 else 9000 + i:04},\"Record, no. {i}\"')" >records.csv
cat >work.script <<'PY'
wait screen "Record?"
retrieve 100%.TXT
for R in records.csv
  type "\{R.id}"
  wait screen "- done \{R.id}" within 3 else
    expect screen "- no record \{R.id}"
    next
  end
  wait still 0.2
  expect file "ANSWER.TXT"
  retrieve ANSWER.TXT
end
PY
retrieve() { "$MUNIMENT" boot ledger.mun --script work.script --retrieve "$@" --limit 100000; }

gives "a script that retrieves needs a folder" 2 "$MUNIMENT" boot ledger.mun --script work.script
gives "a run that is not interrupted" 0 retrieve whole --key key
says "says what it took" out "whole: $((RECORDS + 1 - (RECORDS + 49) / 100)) files"
passed "nothing unfinished is left" "$([ ! -e whole.unfinished ]; echo $?)"
python3 - whole "$RECORDS" <<'PY' >out 2>err
import csv, os, sys
bag, count = sys.argv[1], int(sys.argv[2])
want = {f"data/{i + 1}/ANSWER.TXT": i for i in range(count) if i % 100 != 50}
table = list(csv.DictReader(open(bag + "/files.csv", newline="")))
assert [row["file"] for row in table] == ["data/100%.TXT", *want]
for name, i in want.items():
    data = open(f"{bag}/{name}", "rb").read()
    assert data == f"{i:04}".encode() * 128, (name, data[:8])
rows = list(csv.reader(open(bag + "/rows.csv", newline="")))[1:]
assert [r[:2] for r in rows] == [[str(i + 1), "given up" if i % 100 == 50 else "done"] for i in range(count)]
PY
passed "each record is the one that was asked for, and each row is accounted for" $?
gives "the receipt holds" 0 "$MUNIMENT" verify whole/receipt.txt --trust key.pub

# interrupt SIGNAL FILES OPTIONS...: sends a signal to the run when so many files are there. Its exit status is in $status.
interrupt()
{
    local signal=$1 files=$2
    shift 2
    "$MUNIMENT" boot ledger.mun --script work.script --retrieve parts --limit 100000 "$@" >out 2>err &
    local run=$!
    until [ "$(find parts.unfinished/bag/data -type f 2>/dev/null | wc -l)" -ge "$files" ] || ! kill -0 $run 2>/dev/null; do sleep 0.05; done
    kill -s "$signal" $run 2>/dev/null || :
    status=0; wait $run 2>/dev/null || status=$?
}
# Interrupted by a signal, then killed, then to the end. Other slices change nothing.
interrupt TERM $((RECORDS * 3 / 10))
passed "interrupted" "$([ $status = 4 ] && [ ! -e parts ] && [ -e parts.unfinished/state ]; echo $?)"
place=$(sed -n 's/^command: //p' parts.unfinished/state)
interrupt KILL $((RECORDS * 6 / 10)) --slice random:9
passed "killed" "$([ $status = 137 ] && [ ! -e parts ]; echo $?)"
later=$(sed -n 's/^command: //p' parts.unfinished/state)
passed "places were kept on the way ($place, $later)" "$([ "$later" -gt "$place" ] && [ "$place" -gt 20 ]; echo $?)"
cp -r parts.unfinished other.unfinished
cp -r parts.unfinished damaged.unfinished
gives "and ends" 0 retrieve parts
for file in manifest-sha256.txt files.csv rows.csv bagit.txt; do
    cmp -s "whole/$file" "parts/$file"
    passed "$file is the same" $?
done
diff -r whole/data parts/data >out 2>&1
passed "the payload is the same" $?
passed "nothing unfinished is left either" "$([ ! -e parts.unfinished ]; echo $?)"

# What a session changed: the guest's own writing, and what mtools makes of the rest of an overlay's disk.
cat >one.script <<'PY'
wait screen "Record?"
type "0007"
wait screen "- done 0007"
wait time 1
snapshot moment.snapshot
type "0009"
wait screen "- done 0009"
wait time 1
PY
gives "a session with an overlay" 0 "$MUNIMENT" boot ledger.mun --script one.script --overlay session
gives "says what it changed" 0 "$MUNIMENT" files ledger.mun --overlay session --changed
passed "which is one file" "$([ "$(wc -l <out)" = 1 ] && grep -q '^changed .*ANSWER.TXT$' out; echo $?)"
gives "a path that it has" 0 "$MUNIMENT" files ledger.mun "ANSWER.*" --overlay session --changed
gives "and one that neither side has" 1 "$MUNIMENT" files ledger.mun ANSWER.TXT NONE.TXT --overlay session --changed
says "is named" err 'holds nothing of the name "NONE.TXT", and did not'
passed "after what there is" "$([ "$(wc -l <out)" = 1 ]; echo $?)"
gives "as JSON too" 0 "$MUNIMENT" files ledger.mun --overlay session --changed --json
says "with the word" out '"change": "changed", "path": "ANSWER.TXT"'
gives "what a snapshot had by then" 0 "$MUNIMENT" files ledger.mun --snapshot moment.snapshot --changed
passed "is the same file" "$([ "$(wc -l <out)" = 1 ] && grep -q '^changed .*ANSWER.TXT$' out; echo $?)"
gives "with what it held then" 0 "$MUNIMENT" retrieve ledger.mun ANSWER.TXT --snapshot moment.snapshot -o moment --key key
passed "not later" "$([ "$(head -c 8 moment/data/ANSWER.TXT)" = 00070007 ]; echo $?)"
gives "later there is more" 0 "$MUNIMENT" retrieve ledger.mun ANSWER.TXT --overlay session -o later --key key
passed "of the next record" "$([ "$(head -c 8 later/data/ANSWER.TXT)" = 00090009 ]; echo $?)"
says "the receipt says that it is a session's" moment/receipt.txt "state: session"
gives "no snapshot of a bare image" 2 "$MUNIMENT" files floppy.img --snapshot moment.snapshot
gives "no snapshot with an overlay" 2 "$MUNIMENT" files ledger.mun --snapshot moment.snapshot --overlay session
sed 's/wait still 0.2/wait still 0.3/' work.script >changed.script
gives "another script does not resume it" 3 "$MUNIMENT" boot ledger.mun --script changed.script --retrieve other
says "and is told" err "was begun with another script"
sed -i 's/9049/9048/' records.csv; sed -i 's/0000,/0001,/' records.csv
gives "nor another table" 3 retrieve other
head -c 700 damaged.unfinished/state >state; cp state damaged.unfinished/state
sed -i 's/0001,"Record, no. 0"/0000,"Record, no. 0"/' records.csv
gives "nor one with a damaged state" 3 retrieve damaged
says "which is told" err "its state is damaged"
mkdir strange.unfinished
gives "a folder of others is left alone" 3 retrieve strange
printf 'wait screen "Record?"\nretrieve NOTHING.TXT\n' >nothing.script
gives "what is not there" 1 "$MUNIMENT" boot ledger.mun --script nothing.script --retrieve nowhere
printf 'wait screen "Record?"\nexpect file "NOTHING.*" else\nfail "as it should"\nend\n' >nothing.script
gives "or is expected" 1 "$MUNIMENT" boot ledger.mun --script nothing.script --retrieve elsewhere
says "can be answered" err "as it should"
printf 'muniment: description 0\ntitle: "A ledger"\nrights: closed until 2999-01-01\n' >description.yaml
"$MUNIMENT" seal machine.yaml --description description.yaml -o closed.mun --key key >/dev/null 2>err || cat err
gives "what is closed is not retrieved" 6 "$MUNIMENT" boot closed.mun --script work.script --retrieve closed
# --- A disk with a damaged folder: what is sound comes out, and the exit status says that something may be missing ---
mformat -C -f 1440 -i damaged.img :: && mmd -i damaged.img ::BAD && echo sound >a.txt && mcopy -i damaged.img a.txt ::A.TXT && mcopy -i damaged.img a.txt ::BAD/B.TXT
python3 - <<'PY'
image = bytearray(open("damaged.img", "rb").read())
at = image.index(b"BAD        \x10")
image[at + 26:at + 28] = b"\xf0\x0e" # a cluster that the volume does not have
open("damaged.img", "wb").write(image)
PY
echo 'retrieve A.TXT' >sound.script
gives "a folder of the disk is damaged" 1 "$MUNIMENT" boot damaged.img --script sound.script --retrieve hurt
says "which is reported by its name" err "muniment: BAD/: a chain begins outside the volume"
says "and at the end" err "the disk had damaged folders: what lies in them is not in it"
passed "the bag has the sound file" "$(cmp -s a.txt hurt/data/A.TXT && python3 "$here/tests/bag.py" hurt && [ ! -e hurt.unfinished ]; echo $?)"
"$MUNIMENT" suggest damaged.img --machine plain >damaged.yaml 2>err
"$MUNIMENT" seal damaged.yaml -o damaged.mun --key key >out
printf 'wait time 0.1\nsnapshot damaged.snapshot\n' >moment.script
gives "a session on it" 0 "$MUNIMENT" boot damaged.mun --script moment.script
gives "what it changed is not all known" 1 "$MUNIMENT" files damaged.mun --snapshot damaged.snapshot --changed
says "for a folder is damaged" err "muniment: BAD/: a chain begins outside the volume"
facts unattended.sh
