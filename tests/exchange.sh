#!/bin/bash
# exchange.sh - what a machine is given and what it leaves (spec/retrieval.md, V-15 to V-18): a folder as a CD, which xorriso and libtsk read as it is, and a blank
# disk, in which fsck.fat finds no fault; both follow from their names and bytes alone, so that a journal can name them; what the guest leaves becomes a bag.
set -eu
. tests/facts.sh
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml tests/demo/records.script "$BUILD/demo/first.img" "$WORK"
cd "$WORK"
export MTOOLS_SKIP_CHECK=1 PATH=$PATH:/sbin:/usr/sbin LC_ALL=C.UTF-8

"$MUNIMENT" key new key >out
# --- A folder as a CD ---
python3 - <<'PY'
import os, random
random.seed(3)
os.makedirs("tree/LETTERS/1998/Deep/er"); os.makedirs("tree/EMPTY"); os.makedirs("tree/many")
for name, size in (("zero", 0), ("one.block.bin", 2048), ("LETTERS/Minutes of the council, second part.doc", 70001), ("LETTERS/1998/übersicht ärger.txt", 513), ("LETTERS/1998/Deep/er/LEDGER.DBF", 3000000), ("a;b*c?.txt", 7), ("b" * 90 + ".txt", 5), ("b" * 90 + ".doc", 6)):
    open("tree/" + name, "wb").write(random.randbytes(size))
for i in range(700): open(f"tree/many/long name of file {i:04}.txt", "w").write(str(i))
PY
gives "a folder is an image" 0 "$MUNIMENT" export tree -o cd.iso
gives "of ISO 9660 with Joliet" 0 "$MUNIMENT" identify cd.iso
says "it says" out "Joliet"
for system in norock nojoliet; do # the long names of Joliet; the short ones over the same files
    rm -rf read-$system
    xorriso -read_fs $system -indev cd.iso -osirrox on -extract / read-$system >out 2>err || :
    (cd read-$system && find . -type f -exec sha256sum {} + | cut -c1-64 | sort) >found
    (cd tree && find . -type f -exec sha256sum {} + | cut -c1-64 | sort) >expected
    passed "$system: all contents (V-15)" "$(cmp -s found expected; echo $?)"
    passed "$system: all folders" "$([ "$(find read-$system -type d | wc -l)" = "$(find tree -type d | wc -l)" ]; echo $?)"
done
passed "the long names are the host's" "$(cmp -s "tree/LETTERS/Minutes of the council, second part.doc" "read-norock/LETTERS/Minutes of the council, second part.doc" && [ -e "read-norock/LETTERS/1998/übersicht ärger.txt" ] && [ -e 'read-norock/a_b_c_.txt' ]; echo $?)"
passed "the short ones are eight and three of A to Z, 0 to 9 and _" "$(! (cd read-nojoliet && find . -type f -printf '%f\n') | tr a-z A-Z | grep -qvE '^[A-Z0-9_]{1,8}(\.[A-Z0-9_]{0,3})?$'; echo $?)"
cp -r tree again
find again -exec touch -d '2001-01-01' {} +
chmod 600 again/zero
"$MUNIMENT" export again -o again.iso >out
passed "it follows from names and bytes alone (V-16)" "$(cmp -s cd.iso again.iso; echo $?)"
ln -s zero again/link
gives "a link is refused" 3 "$MUNIMENT" export again -o link.iso
says "and named" err "again/link: is neither a file nor a folder"
mkdir -p deep/1/2/3/4/5/6/7/8 empty
gives "folders that are too deep are refused" 3 "$MUNIMENT" export deep -o deep.iso
gives "an empty folder is a CD" 0 "$MUNIMENT" identify empty

# --- A folder as a floppy ---
cp -r tree little
rm -r little/LETTERS/1998/Deep/er/LEDGER.DBF little/many/*5?.txt # what has no room
echo 1 >little/CASE && mkdir little/case && echo 2 >little/case/within && echo 3 >"little/.hidden" && head -c 512 /dev/zero >"little/exactly thirteen"
gives "a folder is a floppy" 0 "$MUNIMENT" export floppy:little -o given.img
passed "of 1440K" "$([ "$(stat -c %s given.img)" = 1474560 ]; echo $?)"
gives "fsck.fat finds no fault in it" 0 fsck.fat -n given.img
mkdir from-floppy && mcopy -s -Q -m -i given.img '::*' from-floppy </dev/null >out 2>err || :
(cd from-floppy && find . -type f -exec sha256sum {} + | cut -c1-64 | sort) >found
(cd little && find . -type f -exec sha256sum {} + | cut -c1-64 | sort) >expected
passed "all contents (V-15)" "$(cmp -s found expected; echo $?)"
gives "files reads it, too" 0 "$MUNIMENT" files given.img
says "with its long names" out "LETTERS/1998/übersicht ärger.txt"
passed "as many as there are" "$([ "$(wc -l <out)" = "$(find little -mindepth 1 | wc -l)" ]; echo $?)"
passed "each short name once in its folder" "$("$MUNIMENT" files given.img --json | python3 -c '
import json, sys
names = [(e["path"].rpartition("/")[0], e["short-name"]) for e in map(json.loads, sys.stdin)]
sys.exit(len(set(names)) != len(names))'; echo $?)"
find little -exec touch -d '2001-01-01' {} +
gives "again" 0 "$MUNIMENT" export floppy:little -o same.img
passed "the same bytes (V-16)" "$(cmp -s given.img same.img; echo $?)"
gives "what has no room is refused" 3 "$MUNIMENT" export floppy:tree -o large.img
says "with the remedy" err "leave something out, or give it as a CD"
mkdir flat && touch flat/{1..130}.long-name
gives "the root has 224 entries" 3 "$MUNIMENT" export floppy:flat -o large.img

# --- A blank disk ---
for size in 160K 180K 320K 360K 720K 1200K 1440K 2880K; do
    gives "a floppy of $size" 0 "$MUNIMENT" export blank:$size -o blank.img --force
    passed "has its size" "$([ "$(stat -c %s blank.img)" = $((${size%K} * 1024)) ]; echo $?)"
    gives "fsck.fat finds no fault in $size" 0 fsck.fat -n blank.img
    gives "mtools writes to $size" 0 mcopy -i blank.img key ::A.TXT
done
for size in 1M 3M 8M 15M 16M 17M 31M 33M 64M 127M 130M 255M 300M 511M 1G 2046M; do
    gives "a disk of $size" 0 "$MUNIMENT" export blank:$size -o blank.img --force
    dd if=blank.img of=partition.img bs=32256 skip=1 conv=sparse status=none
    gives "fsck.fat finds no fault in $size (V-17)" 0 fsck.fat -n partition.img
    gives "files reads it" 0 "$MUNIMENT" files blank.img
    rm -f partition.img
done
for size in 0 1 500K 2G 99G 3T x -1M; do
    gives "no disk of $size" 2 "$MUNIMENT" files blank:$size
done

# --- Given to a machine, journalled, and repeated ---
"$MUNIMENT" seal records.yaml --description records-description.yaml -o records.mun --key key >out
"$MUNIMENT" export blank:3M -o three.img >out
gives "a machine with both" 0 "$MUNIMENT" boot records.mun --script records.script --give tree --take 3M --record session.journal --digest
cp out first
says "the journal names them by digest" session.journal "medium: hd0 disk $(sha256sum three.img | cut -c1-64) "
grep -q "^medium: hd2 cdrom $(sha256sum cd.iso | cut -c1-64) " session.journal
passed "the CD is the folder" $?
gives "the replay takes them again (V-18)" 0 "$MUNIMENT" replay records.mun session.journal --media tree --media blank:3M --digest
passed "to the same state" "$(cmp -s <(tail -n 1 first) <(grep '^tick' out | tail -n 1); echo $?)"
echo changed >again/zero
rm -f again/link
gives "another folder is none of them" 3 "$MUNIMENT" replay records.mun session.journal --media again --media blank:3M
gives "a machine is given a floppy" 0 "$MUNIMENT" boot records.mun --give floppy:little --until time:1 --record floppy.journal
says "which its journal names by digest" floppy.journal "medium: fd0 floppy $(sha256sum given.img | cut -c1-64) "
gives "and a replay takes" 0 "$MUNIMENT" replay records.mun floppy.journal --media floppy:little
gives "--give does not go with --cd" 2 "$MUNIMENT" boot records.mun --give tree --cd cd.iso --until time:1
gives "nor --take with --disk" 2 "$MUNIMENT" boot records.mun --take 3M --disk blank.img --until time:1
gives "a file is no folder" 3 "$MUNIMENT" boot records.mun --give cd.iso --until time:1
gives "what is left on the blank disk is a bag, without a script" 0 "$MUNIMENT" boot records.mun --take 3M --retrieve left --until time:1 --key key
says "nothing was" out "left: 0 files"
gives "and it is sound" 0 python3 left/check.py --key key.pub
facts exchange
