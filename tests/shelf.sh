#!/bin/bash
# shelf.sh - a shelf of forty images (shelf.py: every format, some damaged, some closed, two the same) goes from its table to a library, with a report,
# and is verified again: each archive holds what the image held, and what could not be taken in comes back to be mended.
set -u
. tests/facts.sh
here=$PWD muniment=$(realpath "${MUNIMENT:-build/muniment}")
cd "$WORK" || exit 1
python3 "$here/tests/shelf.py" forty >out 2>&1 || { status=$?; cat out; exit $status; }
"$muniment" key new office >out && "$muniment" key new second >out && "$muniment" log new day.log --origin archive.example/log >out
ingest() { "$muniment" ingest "$1" --library library --key office --archivist forty/archivist.pem --log day.log --by p-17 "${@:2}"; }

# --- Identified ---
gives "a shelf is identified" 3 "$muniment" identify forty/m*.img forty/m*.dd forty/m*.001 forty/m*.aa forty/m*.gz forty/m*.xz forty/m*.bz2 forty/m*.zst forty/m*.zip forty/m*.tar \
    forty/m*.tgz forty/m*.E01 forty/m*.s01 forty/m1[89].qcow2 forty/m*.vhd forty/m25.vmdk forty/m28.vmdk forty/m*.vdi forty/m*.imd forty/m*.td0 forty/m*.cqm forty/m*.iso --json
passed "each as what it is" "$(python3 - <<'PY'
import collections, json
found = [json.loads(line) for line in open("out")]
kinds = collections.Counter(o.get("format") for o in found)
for kind in ("raw", "ewf", "qcow2", "vhd", "vmdk", "vdi", "imd", "td0", "cqm"):
    assert kinds[kind] or kind in ("td0", "cqm", "ewf") and any((o.get("title") or "").lower().startswith({"td0": "teledisk", "cqm": "copyqm", "ewf": "e"}[kind]) for o in found), kinds
assert sum("FAT" in json.dumps(o.get("volumes")) for o in found) >= 28
PY
echo $?)"

# --- Taken in ---
gives "files that images name are opened only if one says so" 3 ingest forty/shelf.csv --dry-run
says "else their rows are wrong" out "35 good, 5 wrong"
gives "a shelf of forty is taken in" 3 ingest forty/shelf.csv --follow
says "but for what is damaged" out "40 rows: 37 sealed, 3 wrong"
passed "the report has a row of each" "$(python3 - <<'PY'
import csv
rows = list(csv.DictReader(open("forty/shelf-report.csv", newline="")))
assert len(rows) == 40 and [r["outcome"] for r in rows] == ["sealed"] * 37 + ["wrong"] * 3
assert rows[36]["same-as"] == "1998-001.mun: the same machine" and [r["same-as"] for r in rows[:36]] == [""] * 36, [r["same-as"] for r in rows]
assert "m38.E01: " in rows[37]["message"] and "ends too early" in rows[38]["message"] and "ends within its gzip data" in rows[39]["message"]
assert rows[36]["machine-root"] == rows[0]["machine-root"] and len({r["machine-root"] for r in rows[:36]}) == 36
PY
echo $?)"

# --- Verified again ---
two="--trust office.pub --trust second.pub"
gives "the library is intact" 0 "$muniment" verify library --trust office.pub
passed "all of it" "$([ "$(grep -c 'intact, signed by a trusted key' out)" = 37 ]; echo $?)"
for ((n = 1; n <= 37; n++)); do
    printf -v name %02d $n
    rm -rf permitted && mkdir permitted && cp library/1998-0$name.mun permitted/m.mun
    "$muniment" decide permitted/m.mun --permit-until 2099-01-01 --reason "the test compares" --key office --second second $two >out
    "$muniment" export permitted/m.mun -o disk.raw --force $two --override "the test compares" --log day.log --by p-17 >out 2>err && cmp -n "$(stat -c %s forty/raw/$name.raw)" disk.raw forty/raw/$name.raw >>out 2>&1
    passed "machine $n holds what its image held" $?
    passed "to the end" "$([ $(($(stat -c %s disk.raw) / 512)) -ge $((($(stat -c %s forty/raw/$name.raw) + 511) / 512)) ]; echo $?)"
done
"$muniment" ls library "closed until" >out
passed "nine are closed" "$([ "$(wc -l <out)" = 9 ]; echo $?)"
gives "and their files are not read" 6 "$muniment" files library/1998-004.mun
gives "nor their disks written" 6 "$muniment" export library/1998-004.mun -o disk.raw --force
gives "those of the others are" 0 "$muniment" files library/1998-002.mun
says "by name" out LEDGER.DBF
gives "unreadable sectors stay so" 0 "$muniment" export library/1998-013.mun -o disk.raw --force
says "and are counted" out "4 sectors could not be read"
tar -xOf library/1998-014.mun seal.txt >out
says "an E01 brings its examiner" out "note: hd0 examiner an examiner"
says "and its checksum" out "stated: hd0 md5 $(md5sum <forty/raw/14.raw | cut -d' ' -f1)"
tar -xOf library/1998-002.mun docs/passwords.cms | openssl cms -decrypt -inform DER -recip forty/archivist.pem -inkey forty/archivist.key >out 2>err
passed "archivists read the passwords" "$(cmp -s out forty/passwords.txt; echo $?)"
python3 "$(tar -xOf library/1998-031.mun recover.py >recover.py && echo recover.py)" library/1998-031.mun restored >out 2>err
passed "recover.py restores one without Muniment" "$(cmp restored/fd0.img forty/raw/31.raw; echo $?)"

# --- Mended ---
python3 - <<'PY'
import csv, shutil
rows = list(csv.reader(open("forty/shelf-errors.csv", newline="")))
assert len(rows) == 4
for row, number in zip(rows[1:], (38, 39, 40)):
    shutil.copy(f"forty/raw/{number}.raw", f"forty/again{number}.img")
    row[rows[0].index("images")] = f"again{number}.img"
csv.writer(open("forty/mended.csv", "w", newline="")).writerows(rows)
PY
gives "what was damaged comes in when a sound copy was found" 0 ingest forty/mended.csv
gives "the whole shelf, once more" 3 ingest forty/shelf.csv --follow
says "is there but for rows that were mended elsewhere" out "37 there, 3 wrong"
gives "what is due" 0 "$muniment" verify library --due 30 --trust office.pub --quick --log day.log --by p-17
passed "is all" "$([ "$(grep -c 'intact, signed' out)" = 40 ]; echo $?)"
gives "and then nothing" 0 "$muniment" verify library --due 30 --trust office.pub --quick --log day.log --by p-17
says "is due" out "nothing is due"
gives "all go into a bag" 0 "$muniment" bag library/*.mun -o parcel --log day.log --by p-17
gives "that is valid" 0 python3 "$here/tests/bag.py" parcel
for xml in parcel/*.premis.xml; do python3 "$here/tests/premis.py" "$xml" || { echo "$xml is not valid"; failures=$((failures + 1)); }; done
gives "the log holds" 0 "$muniment" log verify day.log

facts "shelf.sh"
