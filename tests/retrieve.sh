#!/bin/bash
# retrieve.sh - files are listed and taken out of disks (spec/retrieval.md) as mtools sees them: from images, archives and
# overlays; what is closed is refused; bags are valid; receipts (spec/receipt.md, R-1 to R-12) hold, and nothing else does;
# hostile names and damaged volumes harm nobody.
set -eu
here=$PWD
. "$here/tests/facts.sh"
cd "$WORK"
export MTOOLS_SKIP_CHECK=1 PATH=$PATH:/sbin:/usr/sbin LC_ALL=C.UTF-8

valid() { python3 "$here/tests/bag.py" "$1"; }

# --- What is on the disks ---
mkdir -p tree/LETTERS/1998 tree/EMPTY
python3 - <<'PY'
import random
random.seed(7)
for name, size in (("LETTERS/1998/A.TXT", 0), ("LETTERS/1998/Minutes of the council.doc", 70001), ("LETTERS/übersicht.txt", 513), ("LEDGER.DBF", 200000), ("100%.TXT", 4096)):
    open("tree/" + name, "wb").write(random.randbytes(size))
PY
mformat -C -f 1440 -i floppy.img ::
truncate -s 64M sixteen.img
printf '2048,40960,6\n45056,,c\n' | sfdisk -q sixteen.img
mformat -i sixteen.img@@1M -T 40960 -h 16 -s 63 ::
mformat -F -i sixteen.img@@22M -T 86016 -h 16 -s 63 -c 1 ::
for disk in floppy.img sixteen.img@@1M sixteen.img@@22M; do
    mcopy -s -Q -i $disk tree/* :: </dev/null
done
mdel -i floppy.img ::LEDGER.DBF
mcopy -i floppy.img tree/LEDGER.DBF ::

compare() # NAME IMAGE OPTIONS...: all files of a volume are those of the tree
{
    gives "$1: retrieved" 0 "$MUNIMENT" retrieve "$2" -o "bag-$1" "${@:3}"
    valid "bag-$1" 2>err
    passed "$1: the bag is valid" $?
    diff -r "bag-$1/data" <(:) >/dev/null 2>&1 || :
    (cd tree && find . -type f | sort) >expected
    (cd "bag-$1/data" && find . -type f | sort) >out
    cmp -s expected out
    passed "$1: the names" $?
    while read -r file; do cmp -s "tree/$file" "bag-$1/data/$file" || echo "$file"; done <expected >out
    passed "$1: the contents" "$([ ! -s out ]; echo $?)"
}
compare floppy floppy.img
compare fat16 sixteen.img --drive :1
compare fat32 sixteen.img --drive :2
truncate -s 24M gpt.img
printf 'label: gpt\nstart=2048, size=40960, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n' | sfdisk -q gpt.img
truncate -s 32M logical.img
printf '2048,2048,6\n4096,51200,5\n6144,40960,6\n' | sfdisk -q logical.img
for disk in gpt.img@@1M logical.img@@3M; do
    mformat -i $disk -T 40960 -h 16 -s 63 ::
    mcopy -s -Q -i $disk tree/* :: </dev/null
done
compare gpt gpt.img
compare logical logical.img --drive :5
if command -v qemu-img >/dev/null; then
    qemu-img convert -O qcow2 logical.img logical.qcow2
    compare qcow2 logical.qcow2 --drive :5
fi
gives "of two volumes one must be named" 2 "$MUNIMENT" files sixteen.img
says "and how they are listed is said" err 'muniment files --volumes'
gives "which are listed" 0 "$MUNIMENT" files sixteen.img --volumes
passed "as --drive names them" "$([ "$(awk '{ print $1, $2 }' out | xargs)" = ":1 FAT16 :2 FAT32" ]; echo $?)"
gives "without paths" 2 "$MUNIMENT" files sixteen.img LETTERS --volumes
gives "a partition that is not there" 3 "$MUNIMENT" files sixteen.img --drive :7
gives "files are listed" 0 "$MUNIMENT" files floppy.img
says "with their paths" out "LETTERS/1998/Minutes of the council.doc"
passed "as many as there are" "$([ "$(wc -l <out)" = 8 ]; echo $?)"
gives "patterns" 0 "$MUNIMENT" files floppy.img 'letters/*/minutes*' 'LEDGER.*'
passed "choose" "$([ "$(wc -l <out)" = 2 ]; echo $?)"
gives "nothing of that name" 1 "$MUNIMENT" files floppy.img 'NOTHING'

# --- Names in other code pages: GEH\x8eLT.TXT is GEHÄLT in 850, GEHÄLT in 437 too; \xb6 tells them apart ---
printf 'rem country=007,866\r\ncountry = 049,850,C:\\COUNTRY.SYS\r\n' >config.sys
printf '@echo off\r\nkeyb gr,850\r\nmode con cp select=852\r\nCHCP 866\r\n' >autoexec.bat
echo salaries >salaries.txt
mformat -C -f 1440 -i pages.img ::
mcopy -i pages.img config.sys ::CONFIG.SYS
mcopy -i pages.img salaries.txt ::GEHXYT.TXT
LC_ALL=C sed -i 's/GEHXYT  TXT/GEH\x8e\xb6T  TXT/g' pages.img
gives "the code page is found" 0 "$MUNIMENT" identify pages.img
says "and what shows it" out "names in code page 850 (CONFIG.SYS)"
gives "names" 0 "$MUNIMENT" files pages.img
says "are in it" out "GEHÄÂT.TXT"
gives "or in the one that is named" 0 "$MUNIMENT" files pages.img --code-page 1251
says "so" out "GEHЋ¶T.TXT"
gives "of 932" 0 "$MUNIMENT" files pages.img --code-page 932
says "two bytes are one" out "GEH叱T.TXT"
gives "and no other" 2 "$MUNIMENT" files pages.img --code-page 853

printf 'country=086,1361\r\n' >config.sys
cp pages.img lacking.img && mcopy -o -i lacking.img config.sys ::CONFIG.SYS
gives "a page that is not known" 0 "$MUNIMENT" identify lacking.img
says "is named" out "names in code page 1361 (CONFIG.SYS), which is not known here: shown as in 437"
gives "by who lists" 0 "$MUNIMENT" files lacking.img
says "as well" err "names are in code page 1361 (CONFIG.SYS), which is not known here, and shown as in 437"
gives "one that is named is not lacking" 0 "$MUNIMENT" files lacking.img --code-page 850
passed "then" "$([ ! -s err ]; echo $?)"
gives "retrieved" 0 "$MUNIMENT" retrieve lacking.img -o lacking
says "the bag says so" lacking/bag-info.txt "Muniment-Lacking-Code-Page: 1361"

# --- 10,000 names in each code page, as Python has it ---
cat >names.py <<'PY'
import json, random, struct, sys
PAGES = (437, 720, 737, 775, 850, 852, 855, 857, 858, *range(860, 867), 869, 874, 932, 936, 949, 950, *range(1250, 1259))
def shown(raw, page):
    try: text = raw.decode(f"cp{page}")
    except UnicodeDecodeError: return None
    return text if all(c.isprintable() for c in text) else None
def names(page):
    chance, made = random.Random(page), {}
    single = [bytes([b]) for b in range(0x80, 0x100) if shown(bytes([b]), page)] + [bytes([b]) for b in b"ABCXYZ0189_$"]
    # Of 950 Python also has what a Windows keeps for letters of its user's own: C6A1h to C8FEh.
    pairs = [bytes([a, b]) for a in range(0x81, 0xFF) for b in range(0x40, 0xFF) if page != 950 or not 0xC6A1 <= a << 8 | b <= 0xC8FE]
    double = [pair for pair in pairs if len(shown(pair, page) or "") == 1] if page in (932, 936, 949, 950) else []
    def part(least, most):
        raw = b""
        while len(raw) < least or (len(raw) < most and chance.random() < 0.8):
            more = chance.choice(double if double and chance.random() < 0.5 else single)
            if len(raw) + len(more) <= most: raw += more
            elif len(raw) >= least: break
        return raw
    while len(made) < 10000:
        stem, end = part(1, 8), part(0, 3)
        text = shown(stem, page) + ("." + shown(end, page) if end else "")
        raw = (stem.ljust(8) + end.ljust(3)).replace(b"\xe5", b"\x05", stem[0] == 0xE5)
        made.setdefault(text, raw)
    return made
if sys.argv[1] == "make":
    clusters, per = 5000, 4096
    fat, data = bytearray(2 * (clusters + 2)), bytearray(clusters * per)
    struct.pack_into("<HH", fat, 0, 0xFFF8, 0xFFFF)
    root, at = b"", 2
    for page in PAGES:
        made = names(page)
        json.dump([f"P{page}/{text}" for text in made], open(f"names.{page}", "w"))
        folder = b"".join(raw + b"\x20" + bytes(10) + struct.pack("<HHHI", 0, 0x2563, 0, 0) for raw in made.values())
        count = -(-(len(folder) + 32) // per)
        for i in range(count): struct.pack_into("<H", fat, 2 * (at + i), at + i + 1 if i + 1 < count else 0xFFFF)
        data[(at - 2) * per:(at - 2) * per + len(folder)] = folder
        root += b"P%-10d" % page + b"\x10" + bytes(10) + struct.pack("<HHHI", 0, 0x2563, at, 0)
        at += count
    sectors = -(-len(fat) // 512)
    boot = bytearray(512)
    boot[:11] = b"\xeb\x3c\x90MUNIMENT"
    struct.pack_into("<HBHBHHBHHHII", boot, 11, 512, 8, 1, 2, 512, 0, 0xF8, sectors, 63, 16, 0, 1 + 2 * sectors + 32 + clusters * 8)
    boot[510:] = b"\x55\xaa"
    open("names.img", "wb").write(bytes(boot) + 2 * bytes(fat.ljust(sectors * 512, b"\0")) + root.ljust(32 * 512, b"\0") + data)
else:
    listed = [json.loads(line)["path"] for line in open("listed")]
    wanted = json.load(open(f"names.{sys.argv[1]}"))
    wrong = [(a, b) for a, b in zip(listed, wanted) if a != b]
    print(len(listed), wrong[:5])
    sys.exit(bool(wrong) or len(listed) != 10000)
PY
python3 names.py make
for page in 437 720 737 775 850 852 855 857 858 {860..866} 869 874 932 936 949 950 {1250..1258}; do
    gives "10,000 names in code page $page" 0 "$MUNIMENT" files names.img "P$page/*" --code-page $page --json
    mv out listed
    gives "are those of Python" 0 python3 names.py $page
done

# --- Or by the registry of an installed Windows, which hive.py writes: NT to XP, NT 3, 95 to ME; on the same volume or another ---
for kind in nt nt3 95; do
    file=WINNT/SYSTEM32/CONFIG/SYSTEM
    [ $kind != 95 ] || file=WINDOWS/SYSTEM.DAT
    python3 "$here/tests/hive.py" hive $kind 866 1251
    truncate -s 0 registry.img && truncate -s 2880K registry.img && mformat -i registry.img -f 2880 ::
    path=${file%/*}
    mmd -i registry.img ::${path%%/*}
    [ $kind = 95 ] || mmd -i registry.img ::WINNT/SYSTEM32 ::WINNT/SYSTEM32/CONFIG
    mcopy -i registry.img hive ::$file && mcopy -i registry.img salaries.txt ::GEHXLT.TXT
    LC_ALL=C sed -i 's/GEHXLT  TXT/GEH\x8eLT  TXT/' registry.img
    gives "$kind: names are in the code page of the registry" 0 "$MUNIMENT" files registry.img
    says "$kind: of the control set that is in use" out "GEHОLT.TXT"
    gives "$kind: identified" 0 "$MUNIMENT" identify registry.img
    says "$kind: with what shows it" out "names in code page 866 ($file), texts in 1251"
    gives "$kind: or another that is named" 0 "$MUNIMENT" files registry.img --code-page 850
    says "$kind: counts" out "GEHÄLT.TXT"
    gives "$kind: retrieved" 0 "$MUNIMENT" retrieve registry.img "GEH*" -o "registry-$kind"
    says "$kind: the bag says which" "registry-$kind/bag-info.txt" "Muniment-Code-Page: 866"
done
python3 "$here/tests/hive.py" hive nt 99999 0
mmd -i registry.img ::WINNT ::WINNT/SYSTEM32 ::WINNT/SYSTEM32/CONFIG && mcopy -i registry.img hive ::WINNT/SYSTEM32/CONFIG/SYSTEM
gives "a registry without one" 0 "$MUNIMENT" files registry.img
says "leaves that to the next" out "GEHОLT.TXT"
truncate -s 0 two.img && truncate -s 8M two.img && printf '63,5760,1\n5823,5760,6\n' | sfdisk -q --no-reread two.img 2>out
mformat -i two.img@@32256 -T 5760 -h 2 -s 36 :: && mcopy -i two.img@@32256 salaries.txt ::GEHXLT.TXT
dd if=registry.img of=two.img bs=512 seek=5823 conv=notrunc status=none
LC_ALL=C sed -i 's/GEHXLT  TXT/GEH\x8eLT  TXT/' two.img
gives "of a system on another partition" 0 "$MUNIMENT" files two.img --drive :1
says "as well" out "GEHОLT.TXT"
mcopy -i pages.img autoexec.bat ::AUTOEXEC.BAT
gives "the last that a system selects" 0 "$MUNIMENT" files pages.img
says "holds" out "GEHО╢T.TXT"
"$MUNIMENT" suggest pages.img --machine plain >pages.yaml 2>err
"$MUNIMENT" key new pages.key >out 2>err
gives "sealed" 0 "$MUNIMENT" seal pages.yaml -o pages.mun --key pages.key
gives "and retrieved by another" 0 "$MUNIMENT" retrieve pages.mun 'GEHÄÂT.TXT' --code-page 850 -o pages --key pages.key
says "the bag says which" pages/bag-info.txt "Muniment-Code-Page: 850"
gives "by its receipt the archive is read so" 0 "$MUNIMENT" verify pages/receipt.txt --trust pages.key.pub --archive pages.mun
gives "the script checks it too" 0 python3 pages/check.py
gives "a rule about the name as it was in 850" 0 "$MUNIMENT" decide pages.mun --drive fd0 --path "gehÄÂt.txt" --redact --reason x --key pages.key --trust pages.key.pub
for page in 437 850 852 866 932 936 949 950 1250 1251 1252; do
    gives "closes it in $page" 6 "$MUNIMENT" files pages.mun --code-page $page --trust pages.key.pub
    passed "with only CONFIG.SYS and AUTOEXEC.BAT left in $page" "$([ "$(wc -l <out)" = 2 ]; echo $?)"
done
cp pages.mun folded.mun
gives "a rule in small letters" 0 "$MUNIMENT" decide folded.mun --drive fd0 --path "gehäât.txt" --redact --reason x --key pages.key --trust pages.key.pub
passed "which is not idle" "$(! grep -q 'closes none' err; echo $?)"
gives "closes it, too" 6 "$MUNIMENT" files folded.mun --trust pages.key.pub
gives "letters beyond ASCII in a pattern" 0 "$MUNIMENT" files registry.img "geh?lt.txt" --code-page 850
gives "of whatever case" 0 "$MUNIMENT" files registry.img "geh[à-å]lt.*" --code-page 850
gives "are one character each" 1 "$MUNIMENT" files registry.img "geh??lt.txt" --code-page 850
# DOS writes a letter without its accent where its code page has no such capital.
mcopy -i registry.img salaries.txt ::DEPECHE.TXT && mcopy -i registry.img salaries.txt ::REPONSE.TXT
"$MUNIMENT" suggest registry.img --machine plain >accents.yaml 2>err
"$MUNIMENT" seal accents.yaml -o accents.mun --key pages.key >out 2>err
gives "a rule about a name with accents" 0 "$MUNIMENT" decide accents.mun --drive fd0 --path "dépêche.txt" --redact --reason x --key pages.key --trust pages.key.pub
gives "closes what DOS made of it" 6 "$MUNIMENT" files accents.mun DEPECHE.TXT --trust pages.key.pub
gives "and nothing else" 0 "$MUNIMENT" files accents.mun REPONSE.TXT --trust pages.key.pub
mkdir disc && cp salaries.txt "disc/Übersicht über Änderungen.txt"
"$MUNIMENT" export disc -o disc.iso >out
"$MUNIMENT" suggest disc.iso --machine plain >disc.yaml 2>err
"$MUNIMENT" seal disc.yaml -o disc.mun --key pages.key >out 2>err
gives "a rule about a name of Joliet" 0 "$MUNIMENT" decide disc.mun --drive hd2 --path "ÜBERSICHT ÜBER ÄNDERUNGEN.TXT" --redact --reason x --key pages.key --trust pages.key.pub
gives "closes it" 6 "$MUNIMENT" files disc.mun --trust pages.key.pub
# HPFS says itself which page a name is in; these are of an index that leads nowhere.
mkdir small; cp salaries.txt "small/GEHÄLT.TXT"
python3 "$here/tests/hpfs.py" hp.img 3 small
python3 -c '
image = bytearray(open("hp.img", "rb").read())
at = image.index(b"\xf7\x21\x45\x49") + 0x12
image[at:at + 2] = (1361).to_bytes(2, "little")
open("korean.img", "wb").write(image)'
gives "a volume of HPFS in a code page that is not known" 0 "$MUNIMENT" files korean.img
says "is named" err "names are in code page 1361 (the volume), which is not known here, and shown as in 437"
gives "by identify as well" 0 "$MUNIMENT" identify korean.img --json
says "as such" out '"lacking-code-page": 1361'
gives "and by the bag" 0 "$MUNIMENT" retrieve korean.img -o korean
says "in its description" korean/bag-info.txt "Muniment-Lacking-Code-Page: 1361"
printf 'none' | dd of=hp.img bs=512 seek=24 conv=notrunc 2>err
gives "a name of HPFS in the code page that is named" 0 "$MUNIMENT" files hp.img --code-page 1251
says "so" out "GEHЋLT.TXT"
passed "needs no warning" "$([ ! -s err ]; echo $?)"
"$MUNIMENT" suggest hp.img --machine plain >hp.yaml 2>err
"$MUNIMENT" seal hp.yaml -o hp.mun --key pages.key >out 2>err
gives "in an archive" 0 "$MUNIMENT" files hp.mun --code-page 1251
gives "a rule about it" 0 "$MUNIMENT" decide hp.mun --drive hd0 --path "GEHÄLT.TXT" --redact --reason x --key pages.key --trust pages.key.pub
gives "closes it" 6 "$MUNIMENT" files hp.mun --trust pages.key.pub
gives "and no code page opens it" 6 "$MUNIMENT" files hp.mun --code-page 1251 --trust pages.key.pub
passed "or shows it" "$([ ! -s out ]; echo $?)"

# --- A folder of the name of a file, which no system makes ---
mformat -C -f 1440 -i same.img :: && mcopy -i same.img salaries.txt ::AA && mmd -i same.img ::AB && mcopy -i same.img salaries.txt ::AB/X.TXT && mcopy -i same.img salaries.txt ::AB/Y.TXT
LC_ALL=C sed -i 's/AB         /AA         /' same.img
gives "both are retrieved (V-8)" 0 "$MUNIMENT" retrieve same.img -o same
passed "the later with another name" "$(cmp -s same/data/AA salaries.txt && cmp -s same/data/AA.2/X.TXT salaries.txt && cmp -s same/data/AA.2/Y.TXT salaries.txt; echo $?)"
gives "in a valid bag" 0 valid same

# --- What was deleted ---
mformat -C -f 1440 -i gone.img ::
mmd -i gone.img ::OLD
python3 -c 'import random; r = random.Random(4); [open(n, "wb").write(r.randbytes(s)) for n, s in (("ledger.dbf", 9000), ("minutes.doc", 5000), ("later.txt", 3000))]'
mcopy -i gone.img ledger.dbf ::LEDGER.DBF
mcopy -i gone.img minutes.doc ::OLD/MINUTES.DOC
mdel -i gone.img ::LEDGER.DBF ::OLD/MINUTES.DOC
mrd -i gone.img ::OLD
gives "what was deleted is not listed" 0 "$MUNIMENT" files gone.img
passed "at all" "$([ ! -s out ]; echo $?)"
gives "unless it is wanted" 0 "$MUNIMENT" files gone.img --deleted
says "a file" out "_EDGER.DBF  (deleted)"
says "and one in a folder that was deleted" out "_LD/_INUTES.DOC  (deleted)"
gives "taken out" 0 "$MUNIMENT" retrieve gone.img --deleted -o gone
passed "whole" "$(cmp -s ledger.dbf gone/data/_EDGER.DBF && cmp -s minutes.doc gone/data/_LD/_INUTES.DOC; echo $?)"
says "and marked" gone/files.csv ",deleted,"
LC_ALL=C sed 's/\xe5INUTES DOC/MINUTES DOC/' gone.img >half.img
gives "what lies in a deleted folder" 0 "$MUNIMENT" files half.img --deleted
says "is deleted, whatever its name says" out "_LD/MINUTES.DOC  (deleted)"
LC_ALL=C sed 's/\xe5EDGER  DBF/LEDGER  DBF/' gone.img >half.img
gives "and what begins at a free cluster" 0 "$MUNIMENT" files half.img --deleted
says "is deleted too" out "LEDGER.DBF  (deleted)"
mcopy -i gone.img later.txt ::LATER.TXT
gives "what begins where another file lies now" 0 "$MUNIMENT" files gone.img --deleted
passed "is not listed" "$([ "$(wc -l <out)" = 1 ]; echo $?)"
LC_ALL=C sed 's/LATER   TXT/LAT\/R   TXT/' gone.img >half.img
gives "an entry that no path can name is damage" 1 "$MUNIMENT" files half.img
says "and is not left out in silence" err "a folder has an entry whose name can be none"
"$MUNIMENT" suggest gone.img --machine plain >gone.yaml 2>err
gives "an archive of it" 0 "$MUNIMENT" seal gone.yaml -o gone.mun --key pages.key
gives "without the log" 2 "$MUNIMENT" files gone.mun --deleted
"$MUNIMENT" log new gone.log --origin registry.example/log >out
gives "and with it" 0 "$MUNIMENT" files gone.mun --deleted --log gone.log --by archivist-1
gives "is no receipt" 2 "$MUNIMENT" retrieve gone.mun --deleted --log gone.log --by archivist-1 -o none --key pages.key

printf 'A letter to the council.\r\n' >letter.txt
printf '%%PDF-1.4\n%%' >printed.bin
mformat -C -f 1440 -i kinds.img ::
touch -d '1997-05-01 10:00' letter.txt
touch -d '1999-05-01 10:00' printed.bin
mcopy -m -i kinds.img letter.txt printed.bin tree/LEDGER.DBF ::
gives "files of a kind" 0 "$MUNIMENT" files kinds.img --type text
passed "by their first bytes" "$([ "$(wc -l <out)" = 1 ] && grep -q letter.txt out; echo $?)"
gives "and not by their names" 0 "$MUNIMENT" retrieve kinds.img --type pdf -o kinds
passed "are taken" "$(cmp -s printed.bin kinds/data/printed.bin && [ "$(find kinds/data -type f | wc -l)" = 1 ]; echo $?)"
gives "an unknown kind" 2 "$MUNIMENT" files kinds.img --type letter
gives "files that are newer" 0 "$MUNIMENT" files kinds.img --newer 1998
passed "by the disk's own dates" "$(! grep -q letter out && grep -q printed out; echo $?)"
gives "a choice that leaves nothing is no error" 0 "$MUNIMENT" files kinds.img --newer 2030
passed "and an empty list" "$([ ! -s out ] && [ ! -s err ]; echo $?)"
gives "not of a file that is named either" 0 "$MUNIMENT" files kinds.img letter.txt --newer 2030
gives "a bag of nothing is none" 1 "$MUNIMENT" retrieve kinds.img --newer 2030 -o none
says "for no file is wanted" err "holds no file that is wanted"
gives "of several names one that names nothing" 1 "$MUNIMENT" files kinds.img letter.txt 'TYPO*' LEDGER.DBF
says "is reported" err 'holds nothing of the name "TYPO*"'
passed "and the others are listed" "$([ "$(wc -l <out)" = 2 ]; echo $?)"
gives "no bag is made without it" 1 "$MUNIMENT" retrieve kinds.img letter.txt TYPO -o none
says "for it would be missed" err 'holds nothing of the name "TYPO"'
passed "and nothing is left" "$(! ls -d none* >/dev/null 2>&1; echo $?)"
for date in yesterday 1999-13 1999-5-1 1999-05-32 "1999-05-01 24" "1999-05-01 10:60" 1999-05-01T10:00 1999- 199; do
    gives "no date: $date" 2 "$MUNIMENT" files kinds.img --newer "$date"
done
gives "to the second" 0 "$MUNIMENT" files kinds.img printed.bin --newer "1999-05-01 10:00:00"
passed "then or later" "$([ -s out ]; echo $?)"
gives "and no earlier" 0 "$MUNIMENT" files kinds.img printed.bin --newer "1999-05-01 10:00:01"
passed "as the disk has it" "$([ ! -s out ]; echo $?)"
gives "a date of UTC, as files lists it" 0 "$MUNIMENT" files kinds.img --newer "1999-05-01 10:00:00Z"
"$MUNIMENT" files --help | sed -n '/ --type/,/ help$/p' | sed 's/.*first bytes: //; s/,/\n/g' | grep -oE '[a-z]+' >help-kinds
sed -n '/those whose first bytes are of a kind/,/`help`/p' "$here/spec/retrieval.md" | sed 's/.*of a kind: //' | grep -oE '`[a-z]+`' | tr -d '`' >spec-kinds
passed "--help lists the kinds of the specification" "$([ "$(wc -l <spec-kinds)" = 32 ] && cmp -s help-kinds spec-kinds; echo $?)"
for kind in $(cat help-kinds); do
    gives "$kind is one" 0 "$MUNIMENT" files kinds.img --type $kind
done
gives "nothing changed without a session" 2 "$MUNIMENT" files floppy.img --changed
gives "JSON" 0 "$MUNIMENT" files floppy.img --json
python3 -c 'import json,sys; [json.loads(l) for l in open("out")]'
passed "is JSON" $?
says "with the bytes of names" out '"raw-name": "4c45444745522020444246"'
gives "a part of it" 0 "$MUNIMENT" retrieve floppy.img LETTERS/1998 -o part
passed "has the part" "$([ "$(find part/data -type f | wc -l)" = 2 ]; echo $?)"
gives "nothing is replaced" 3 "$MUNIMENT" retrieve floppy.img -o part
gives "a file that is there neither" 3 "$MUNIMENT" retrieve floppy.img -o floppy.img
"$MUNIMENT" retrieve floppy.img -o again >out
cmp -s again/manifest-sha256.txt bag-floppy/manifest-sha256.txt && cmp -s again/files.csv bag-floppy/files.csv
passed "repeated, the same manifest and table" $?
gcc -shared -fPIC -O1 -o failing.so "$here/tests/failing.c" -ldl
gives "a disk that cannot be written to" 4 env FAIL=sync LD_PRELOAD=./failing.so "$MUNIMENT" retrieve floppy.img -o unsynced
passed "is found before the bag is there" "$(! ls -d unsynced* >/dev/null 2>&1; echo $?)"
gives "a full disk" 4 bash -c "ulimit -f 40; trap '' XFSZ; '$MUNIMENT' retrieve floppy.img -o full"
passed "leaves nothing" "$(! ls -d full* >/dev/null 2>&1; echo $?)"

# --- Archives: sealed, written to, closed ---
"$MUNIMENT" suggest floppy.img --machine plain >machine.yaml
cat >closed.yaml <<'EOT'
muniment: description 0

title: Minutes of the council
rights: closed until 2999-12-31
EOT
"$MUNIMENT" key new key >out
"$MUNIMENT" log new office.log --origin archive.example/retrieval >out
"$MUNIMENT" seal machine.yaml -o open.mun --key key >out
"$MUNIMENT" seal machine.yaml -o closed.mun --key key --description closed.yaml >out
compare archive open.mun --trust key.pub --log office.log --by reader-1
says "the bag names the machine" bag-archive/bag-info.txt "Muniment-Machine-Root: $("$MUNIMENT" info open.mun --root)"
says "and that it is as sealed" bag-archive/bag-info.txt "Muniment-State: sealed"
says "the log too" office.log '"files":"5","bag":"bag-archive"'
gives "what is closed is not listed" 6 "$MUNIMENT" files closed.mun --log office.log --by reader-1
says "until when" err "is closed until 2999-12-31"
says "that is in the log" office.log '"outcome":"closed"'
gives "nor retrieved" 6 "$MUNIMENT" retrieve closed.mun -o closed
passed "nothing of it is there" "$([ ! -e closed ]; echo $?)"
"$MUNIMENT" key new second >out
two="--trust key.pub --trust second.pub" reason="--log office.log --by archivist-2 --override"
gives "nor for a reason that one person has" 6 "$MUNIMENT" retrieve closed.mun -o closed $two $reason "court order 17"
gives "two permit it" 0 "$MUNIMENT" decide closed.mun --permit-until 2999-12-30 --reason "court order 17" --key key --second second $two --log office.log --by archivist-2
gives "then a reason opens it" 0 "$MUNIMENT" retrieve closed.mun -o closed $two $reason "court order 17"
says "which is in the bag" closed/bag-info.txt "Muniment-Override: court order 17"
says "and in the log" office.log '"override":"court order 17"'
gives "an overlay that is not there" 4 "$MUNIMENT" files open.mun --overlay session

# --- Receipts (spec/receipt.md) ---
verify() { "$MUNIMENT" verify "$1/receipt.txt" --trust key.pub --archive open.mun "${@:2}"; }
"$MUNIMENT" key new other >out
gives "a receipt" 0 "$MUNIMENT" retrieve open.mun -o signed --key key --withhold 'LETTERS/1998' --log office.log --by reader-1
valid signed 2>err
passed "its bag is valid" $?
gives "holds" 0 verify signed
says "with its files" out "files         3, 3 of them here"
says "with what was withheld" out "withheld      2, 0 of them shown"
says "and the archive" out "holds these bytes"
passed "what was withheld is not in the bag" "$(! grep -rq Minutes signed; echo $?)"
passed "what shows it is its owner's (R-6)" "$([ "$(stat -c %a signed.withheld)" = 600 ]; echo $?)"
gives "openssl agrees" 0 openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in signed/receipt.txt -sigfile signed/receipt.sig
(cd signed && sed -n 's/^file: \([^ ]*\) [^ ]* \([^ ]*\) .*/\1  \2/p' receipt.txt | grep -v % | sha256sum -c --quiet) >out 2>err
passed "so does sha256sum" $?
grep Minutes signed.withheld >minutes.shown
sed 's/A.TXT/B.TXT/' signed.withheld >other.shown
gives "what was withheld is shown" 0 verify signed --shown signed.withheld
gives "a part of it too" 0 verify signed --shown minutes.shown
says "and counted" out "1 of them shown"
gives "not as another (R-9)" 1 verify signed --shown other.shown
passed "the salts are 32 random bytes (R-5)" "$([ "$(cut -d' ' -f1 signed.withheld | grep -cE '^[0-9a-f]{64}$')" = 2 ] && [ "$(cut -d' ' -f1 signed.withheld | sort -u | wc -l)" = 2 ]; echo $?)"
gives "a receipt alone" 0 bash -c "mkdir alone; cp signed/receipt.* alone; '$MUNIMENT' verify alone/receipt.txt --trust key.pub"
says "says that no file is there" out "files         3, 0 of them here"
gives "no receipt of a bare image" 2 "$MUNIMENT" retrieve floppy.img -o bare --key key
gives "nothing is withheld without one" 2 "$MUNIMENT" retrieve open.mun -o bare --withhold A
gives "what is to be withheld and is not there" 1 "$MUNIMENT" retrieve open.mun -o bare --key key --withhold 'LETTERS/1989'
says "is no reason to give all" err 'names no file: nothing was retrieved'
passed "and nothing is left" "$(! ls -d bare* >/dev/null 2>&1; echo $?)"
mformat -C -f 1440 -i twin.img :: && mcopy -i twin.img salaries.txt ::ONE.TXT && mcopy -i twin.img salaries.txt ::TWO.TXT && mcopy -i twin.img letter.txt ::LETTER.TXT
"$MUNIMENT" suggest twin.img --machine plain >twin.yaml 2>err && "$MUNIMENT" seal twin.yaml -o twin.mun --key key >out
gives "what is withheld is not given by another name" 1 "$MUNIMENT" retrieve twin.mun -o twin --key key --withhold ONE.TXT
says "which is named" err "a withheld file would be in the bag as data/TWO.TXT: nothing was retrieved: withhold it as well"
passed "nothing is left" "$(! ls -d twin twin.withheld twin.muniment* >/dev/null 2>&1; echo $?)"
gives "both are withheld" 0 "$MUNIMENT" retrieve twin.mun -o twin --key key --withhold ONE.TXT --withhold TWO.TXT
gives "a bag stands for its receipt" 0 "$MUNIMENT" verify signed --trust key.pub
says "by its folder" out "signed/receipt.txt: the office signed it"
mkdir shelf && cp open.mun signed/receipt.* shelf
gives "archives beside one are not missed for it" 0 "$MUNIMENT" verify shelf --trust key.pub
says "but verified" out "shelf/open.mun: intact, signed by a trusted key"
rm -r shelf
gives "not for an unknown key (R-7)" 1 "$MUNIMENT" verify signed/receipt.txt --trust other.pub
gives "another archive (R-10)" 1 "$MUNIMENT" verify signed/receipt.txt --trust key.pub --archive closed.mun
tampered() # FACT TEXT COMMAND...: a copy of the bag, changed by the command in its folder, is found out
{
    rm -rf copy
    cp -r signed copy
    (cd copy && "${@:3}")
    gives "$1" 1 verify copy
    cat err >>out
    says "$1: why" out "$2"
}
tampered "a file changed (R-8)" "is not the file that was signed" sh -c 'printf x >>data/LEDGER.DBF'
tampered "a file cut off (R-8)" "is not the file that was signed" truncate -s 4 data/LEDGER.DBF
tampered "a file in place of another (R-12)" "data/new: lies in the bag, and the receipt does not name it" sh -c 'mv data/LEDGER.DBF data/new; sed -i s/LEDGER.DBF/new/ manifest-sha256.txt'
tampered "a link put in (R-12)" "data/LETTERS/link: lies in the bag" ln -s /etc/passwd data/LETTERS/link
tampered "a file put in (R-12)" "lies in the bag, and the receipt does not name it" sh -c 'echo >data/new; echo "$(sha256sum data/new)" >>manifest-sha256.txt'
tampered "another signature (R-7)" "signature that does not fit" sh -c 'head -c 64 /dev/zero >receipt.sig'
for ((i = 0; i < 40; i++)); do # each byte of a receipt counts
    rm -rf copy
    cp -r signed copy
    python3 - $i <<'PY'
import random, sys
random.seed(int(sys.argv[1])); name = "copy/receipt." + random.choice(("txt", "txt", "sig", "pem")); b = bytearray(open(name, "rb").read())
b[random.randrange(len(b) - (1 if name.endswith("pem") else 0))] ^= 1 << random.randrange(8); open(name, "wb").write(b)
PY
    if verify copy >out 2>err && ! cmp -s copy/receipt.pem signed/receipt.pem; then continue; fi
    verify copy >out 2>err && echo "flip $i" >>flips
done
passed "a bit flipped anywhere in text and signature is found" "$([ ! -e flips ]; echo $?)"
signed_again() # FACT TEXT SED: a receipt of another text, properly signed, is refused
{
    rm -rf copy
    cp -r signed copy
    sed "$3" signed/receipt.txt >copy/receipt.txt
    openssl pkeyutl -sign -inkey key -rawin -in copy/receipt.txt -out copy/receipt.sig
    local status=0
    verify copy >out 2>err || status=$?
    cat err >>out
    passed "$1" "$([ $status != 0 ]; echo $?)"
    says "$1: why" out "$2"
}
signed_again "a path that holds other bytes (R-11)" "is not so in the archive" 's/ LEDGER.DBF$/ 100%25.TXT/'
signed_again "a name that leads out of the bag" "is no receipt" 's| data/LEDGER.DBF | data/../../key |'
signed_again "a name that is not written in the one way (R-2)" "is no receipt" 's/ LEDGER.DBF$/ %4CEDGER.DBF/'
signed_again "lines in another order (R-3)" "is no receipt" '2{h;d};3{G}'
signed_again "a line that is too long (R-4)" "is no receipt" "s/ LEDGER.DBF\$/ $(head -c 9000 /dev/zero | tr '\0' A)/"
mkdir cut
printf 'muniment-receipt: 0\nmachine-root: 0' >cut/receipt.txt
openssl pkeyutl -sign -inkey key -rawin -in cut/receipt.txt -out cut/receipt.sig
cp key.pub cut/receipt.pem
"$MUNIMENT" derive open.mun --set memory="32 MiB" -o derived.mun --key key >out
gives "of a derived archive" 0 "$MUNIMENT" retrieve derived.mun LETTERS -o derived --key key
gives "a receipt is checked with it and its parent" 0 "$MUNIMENT" verify derived/receipt.txt --trust key.pub --archive derived.mun
says "of which the bytes are" out "holds these bytes under these paths"
gives "which it must not be without" 1 "$MUNIMENT" verify derived/receipt.txt --trust key.pub --archive open.mun
mkdir orphan && mv derived.mun orphan
gives "and which is missed" 5 "$MUNIMENT" verify derived/receipt.txt --trust key.pub --archive orphan/derived.mun
gives "unless it is named" 0 "$MUNIMENT" verify derived/receipt.txt --trust key.pub --archive orphan/derived.mun --library .
gives "a text that is cut off (R-1)" 3 "$MUNIMENT" verify cut/receipt.txt --trust key.pub

# --- Hostile volumes ---
damaged=${LONG:+1000}
damaged=${damaged:-60}
python3 - $damaged <<'PY'
import random, struct
disk = bytearray(open("floppy.img", "rb").read())
root = 19 * 512
def entry(name, attributes, cluster, size):
    return struct.pack("<11sB8xH4xHI", name, attributes, 0, cluster, size)[:26] + struct.pack("<HI", cluster, size)
bad = bytearray(disk)
free = root + next(i for i in range(0, 224 * 32, 32) if bad[root + i] == 0)
for name, attributes, cluster, size in ((b"..         ", 0x20, 0, 0), (b"A/B     C\x1bD", 0x20, 3, 99), (b"LOOP       ", 0x10, 0, 0), (b"BIG     BIN", 0x20, 3, 0xFFFFFFFF), (b"AWAY    BIN", 0x20, 0xFFF0 & 0xFFE, 5000), (b"LEDGER  DBF", 0x20, 3, 5)):
    bad[free:free + 32] = name + bytes([attributes]) + bytes(14) + struct.pack("<HI", cluster, size)
    free += 32
open("hostile.img", "wb").write(bad)
for i in range(int(__import__("sys").argv[1])):
    random.seed(i)
    b = bytearray(disk)
    for _ in range(random.randrange(1, 40)):
        b[random.randrange(random.choice((512, 33 * 512)))] = random.randrange(256)
    open(f"damaged{i}.img", "wb").write(b)
PY
status=0
timeout 60 "$MUNIMENT" retrieve hostile.img -o hostile >out 2>err || status=$?
passed "hostile names and sizes: reported (V-14)" "$([ $status = 1 ]; echo $?)"
valid hostile 2>>err
passed "the rest is a valid bag" $?
passed "nothing lies outside" "$([ ! -e B ] && [ ! -e hostile/B ] && ! find hostile -name '*[[:cntrl:]]*' | grep -q .; echo $?)"
cmp -s "tree/LETTERS/1998/Minutes of the council.doc" "hostile/data/LETTERS/1998/Minutes of the council.doc"
passed "what is sound came out" $?
for ((i = 0; i < damaged; i++)); do
    status=0
    timeout 20 "$MUNIMENT" retrieve damaged$i.img -o d$i >out 2>err || status=$?
    case $status in
        0 | 1 | 2 | 3) [ ! -e d$i ] || valid d$i 2>>err || echo "$i: the bag is not valid" >>faults ;;
        *) echo "$i: exit status $status" >>faults ;;
    esac
    rm -rf d$i damaged$i.img
done
passed "$damaged damaged volumes: none crashes, hangs or makes a bag that is not valid" "$([ ! -e faults ]; echo $?)"
[ ! -e faults ] || cat faults
facts retrieve
