#!/bin/bash
# ingest.sh - a shelf is taken in from a table: all rows are checked first, good ones sealed and read back, the others come back as a table to be
# mended; runs that are interrupted, killed or out of room are resumed and leave nothing half-written; passwords, documents, quarantine, copies.
set -u
. tests/facts.sh
here=$PWD
cd "$WORK" || exit 1
muniment=$(realpath "${MUNIMENT:-build/muniment}")

python3 - <<'PY'
import random
chance = random.Random(15)
for name, size, total in (("a", 60000, 1474560), ("b", 40000, 1474560), ("hd", 900000, 20 << 20), ("big", 12 << 20, 12 << 20)):
    with open(name + ".img", "wb") as image:
        image.write(b"\xeb\xfe" + chance.randbytes(size - 2))
        image.truncate(total)
open("virus.img", "wb").write(open("a.img", "rb").read()[:-30] + b"EICAR-STANDARD-ANTIVIRUS-TEST!")
open("Label 1.JPG", "wb").write(chance.randbytes(300000))
PY
cp a.img same.img && gzip -k hd.img && secret=$(openssl rand -hex 16) && echo "Administrator: $secret" >guest.txt && mkdir deep && cp a.img deep && echo other >deep/label-1.jpg
ln -s /etc/passwd shadow.txt && ln -s "$here/README.md" out.img
"$muniment" key new office >out
for who in anna berta; do
    openssl req -x509 -newkey rsa:2048 -nodes -keyout $who.key -out $who.pem -subj /CN=$who -days 10 2>/dev/null
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout carla.key -out carla.pem -subj /CN=carla -days 10 2>/dev/null
keys="--key office --archivist anna.pem --archivist carla.pem"
ingest() { "$muniment" ingest "$@" $keys; }
# column FILE NAME [ROW]: the fields of a column, one on a line, or that of a row
column() { python3 -c 'import csv, sys; rows = [r[sys.argv[2]] for r in csv.DictReader(open(sys.argv[1], newline=""))]; print("\n".join(rows if len(sys.argv) < 4 else [rows[int(sys.argv[3]) - 1]]))' "$@"; }
# whole FOLDER: all archives in it are intact, and nothing else is there
whole() {
    local file
    for file in "$1"/* "$1"/.[!.]*; do
        case $file in
        *'*' | *.muniment-index.sqlite | *'.[!.]*') ;;
        *.mun) "$muniment" verify "$file" --trust office.pub >verdict 2>&1 || { cat verdict; return 1; } ;;
        *) echo "$file is litter"; return 1 ;;
        esac
    done
}

cat >shelf.csv <<'CSV'
accession,reference,title,creator,custodian,languages,provenance,rights,rights-reason,rights-review,images,machine,software,documents,passwords
LR/1998/42,GB 123 LR/7,"Land ""registry"", room 14",County Land Registry,County Record Office,en; de-CH,"Imaged 2024
with ddrescue",closed until 2031-01-01,Names of living persons,2030-06-30,a.img,suggested,LANDREG|2.1|OEM|label on the disk;WP|5.1,Label 1.JPG,guest.txt
P-2,,Payroll,,,,,open,,,hd.img.gz;b.img,dos-1995,,,
P-3,,The same again,,,,,open,,,same.img,,,,
E-1,,Rights,,,,,mine,,,a.img,,,,
E-2,,Image,,,,,open,,,none.img,,,,
,,No number,,,,,open,,,a.img,,,,
P-2,,The number twice,,,,,open,,,a.img,,,,
E-5,,Outside,,,,,open,,,../a.img,,,,
E-6,,No machine,,,,,open,,,a.img,pdp-11,,,
E-7,,Documents,,,,,open,,,a.img,,,Label 1.JPG;deep/label-1.jpg,
E-8,,Too many,,,,,open,,,a.img;b.img;same.img,,,,
E-9,,Wrong drive,,,,,open,,,hd0:a.img,,,,
E-10,,Review,,,,,open,,2030-02-30,a.img,,,,
E-11,,Software,,,,,open,,,a.img,,a|b|c|d|e,,
E-12,,Folder,,,,,open,,,deep,,,,
E-13,,Link,,,,,open,,,a.img,,,shadow.txt,
E-14,,Link to an image,,,,,open,,,out.img,,,,
CSV

# --- Usage ---
gives "a table is needed" 3 ingest /dev/null --library lib
gives "passwords need archivists" 2 "$muniment" ingest shelf.csv --library lib --key office
gives "who have certificates" 3 "$muniment" ingest shelf.csv --library lib --key office --archivist office.pub
gives "a log needs a pseudonym" 2 ingest shelf.csv --library lib --log x
sed 's/^accession/number/' shelf.csv >wrong.csv
gives "an unknown column is refused" 3 ingest wrong.csv --library lib
says "by name" err 'has a column "number", which is not known'
says "and which there are" err "the columns are accession, reference, title,"
tr ',' ';' <shelf.csv >wrong.csv
gives "semicolons are no commas" 3 ingest wrong.csv --library lib
cut -d, -f2- shelf.csv | sed 's/^/x/' >wrong.csv
printf 'accession\ttitle\timages\nA-1\tTabs\ta.img\n' >wrong.csv
gives "nor are tabs" 3 ingest wrong.csv --library lib
says "which are named" err "semicolons or tabs, not by commas"
printf 'accession,title,images\nA-1,Good,a.img\nA-2,M\374ller,a.img\n' >wrong.csv
gives "nor is Latin 1 UTF-8" 3 ingest wrong.csv --library lib
says "with the line" err "wrong.csv: is not UTF-8 (line 3): save the table as CSV in UTF-8"
printf '\357\273\277Accession,Title,Images,,\r\nA-1,As spreadsheets write it,a.img,,\r\n,,,,\r\n,,,,\r\n' >wrong.csv
gives "columns and rows that a spreadsheet left empty are none" 0 ingest wrong.csv --library lib --dry-run
says "whatever the case of the letters" out "1 row: 1 good"
sed -i 's/img,,/img,,x/' wrong.csv
gives "a column without a name is none only if it is empty" 3 ingest wrong.csv --library lib --dry-run
printf 'accession,title,images\n,,\n' >wrong.csv
gives "a table of empty rows has none" 3 ingest wrong.csv --library lib --dry-run
printf 'accession,title,images\nA-1,,a.img\nA-2,Of Windows,deep\\a.img\n' >wrong.csv
gives "a title is needed" 3 ingest wrong.csv --library lib --dry-run
says "by its name" err "wrong.csv: has no title (row 1, A-1)"
says "and the folders of Windows are told apart otherwise" err 'No such file or directory (row 2, A-2): write / between folders'
gives "the table is not its report" 2 ingest shelf.csv --library lib --dry-run --errors shelf.csv
passed "and nothing was made so far" "$([ ! -e lib ]; echo $?)"

# --- All rows are checked first ---
gives "a dry run checks" 3 ingest shelf.csv --library lib --dry-run
says "and counts" out "17 rows: 3 good, 14 wrong"
passed "and makes no library" "$([ ! -e lib ]; echo $?)"
passed "but the report" "$([ "$(column shelf-report.csv outcome | sort | uniq -c | tr -s ' \n' ' ')" = " 3 good 14 wrong " ]; echo $?)"
for fact in "4:rights must be open" "5:none.img: cannot open" "6:no accession number" "7:would become P-2.mun, as row 2 does" "8:outside its folder: ../a.img" \
    "9:pdp-11: there is no ready-made machine" "10:two documents of one name: docs/label-1.jpg" "11:finds no drive for a floppy" "12:first disk in hd0" \
    "13:rights-review must be a date" "14:more than name|version|licence|evidence" "15:deep: is no regular file" "16:shadow.txt: is a link to a file outside its folder" "17:out.img: is a link to a file outside"; do
    column shelf-report.csv message "${fact%%:*}" >out
    says "row ${fact%%:*} is wrong" out "${fact#*:}"
done

# --- Taking in ---
"$muniment" log new day.log --origin archive.example/log >out
gives "the good rows are taken in" 3 ingest shelf.csv --library lib --log day.log --by p-17
says "and counted" out "17 rows: 3 sealed, 14 wrong"
passed "each archive is intact, and nothing else is there" "$(whole lib; echo $?)"
passed "three of them" "$([ "$(ls lib)" = "LR-1998-42.mun
P-2.mun
P-3.mun" ]; echo $?)"
"$muniment" log show day.log >out
says "the log has each" out "ingest \"P-2.mun\""
says "with the accession number" out "LR/1998/42"
says "and what is the same" out "LR-1998-42.mun: the same"
tar -xOf lib/LR-1998-42.mun description.yaml >out
for text in 'title: "Land \"registry\", room 14"' '  - "LR/1998/42"' 'rights: closed until 2031-01-01' 'rights-reason: "Names of living persons"' 'rights-review: 2030-06-30' \
    'reference: "GB 123 LR/7"' 'creator: "County Land Registry"' 'custodian: "County Record Office"' '  - "de-CH"' '    evidence: "label on the disk"' '  by: "p-17"'; do
    says "the description has $text" out "$text"
done
tar -xOf lib/LR-1998-42.mun docs/label-1.jpg >out
passed "a document is sealed as it is" "$(cmp -s out "Label 1.JPG"; echo $?)"
for who in anna carla; do
    tar -xOf lib/LR-1998-42.mun docs/passwords.cms | openssl cms -decrypt -inform DER -recip $who.pem -inkey $who.key >out 2>err
    passed "$who reads the passwords" "$(cmp -s out guest.txt; echo $?)"
done
tar -xOf lib/LR-1998-42.mun docs/passwords.cms | openssl cms -decrypt -inform DER -recip berta.pem -inkey berta.key >out 2>err
passed "berta does not" "$(grep -q "$secret" out; echo $(($? == 0)))"
passed "nor does the archive" "$(grep -qa "$secret" lib/LR-1998-42.mun; echo $(($? == 0)))"
"$muniment" export lib/P-2.mun --drive hd0 -o disk.img >out && cmp -s disk.img hd.img
passed "a packed disk is sealed as what it holds" $?
"$muniment" export lib/P-2.mun --drive fd0 -o disk.img --force >out && cmp -s disk.img b.img
passed "with its floppy" $?
passed "the same disk is reported" "$([ "$(column shelf-report.csv same-as 3)" = "LR-1998-42.mun: the same machine" ]; echo $?)"
gives "the library is searched by custodian" 0 "$muniment" ls lib "record office"
says "and found" out LR-1998-42.mun
gives "and by software" 0 "$muniment" ls lib landreg
says "and found" out LR-1998-42.mun
"$muniment" ls lib --replica lib >out
says "archives elsewhere are known by root" out "2 of this machine  2 elsewhere"

# --- Mended, and run again ---
passed "the errors are a table of fourteen rows" "$([ "$(column shelf-errors.csv error | wc -l)" = 14 ]; echo $?)"
sha256sum lib/*.mun >before
gives "the same again" 3 ingest shelf.csv --library lib
says "finds them there" out "17 rows: 3 there, 14 wrong"
passed "and leaves them" "$(sha256sum -c --quiet before; echo $?)"
python3 - <<'PY'
import csv
rows = list(csv.reader(open("shelf-errors.csv", newline="")))
rows[1][rows[0].index("rights")] = "open"
rows[2][rows[0].index("images")] = "deep/a.img"
csv.writer(open("mended.csv", "w", newline="")).writerows(rows[:3])
PY
gives "mended rows are taken in" 0 ingest mended.csv --library lib
says "both" out "2 rows: 2 sealed"
sed -i 's/Payroll/Wages/' shelf.csv
gives "a row that was changed" 3 ingest shelf.csv --library lib
says "is not the archive that is there" err "lib/P-2.mun: is there already, from another row"
passed "which stays" "$(sha256sum -c --quiet before; echo $?)"

# --- A manifest of one's own, drives by name ---
"$muniment" suggest hd.img --machine dos-1990 >own.yaml
printf 'accession,title,images,machine\nM-1,Own machine,hd.img,own.yaml\nM-2,Two disks,hd0:hd.img;hd1:hd.img.gz;fd1:b.img,\nM-3,Too many,hd.img;b.img,own.yaml\n' >own.csv
gives "a machine may be the office's own" 3 ingest own.csv --library own
says "if it has a drive for each image" err "more images than its manifest has drives"
"$muniment" info own/M-2.mun >out
for slot in hd0 hd1 fd1; do says "the disk is in $slot" out "$slot  "; done

# --- Quarantine ---
printf '#!/bin/sh\ngrep -q EICAR "$1" && { echo "$1: Eicar-Signature FOUND"; exit 1; }\necho checked; exit 0\n' >scanner && chmod +x scanner
printf 'accession,title,images,findings\nV-1,Clean,a.img,\nV-2,Infected,virus.img,\nV-3,Infected but wanted,virus.img,accepted\n' >virus.csv
gives "what a scanner finds holds the row" 3 ingest virus.csv --library held --scan ./scanner
says "and the others are sealed" out "3 rows: 2 sealed, 1 held"
passed "the finding is in the report" "$(column virus-report.csv scan 2 | grep -q 'found something: virus.img: Eicar-Signature FOUND'; echo $?)"
tar -xOf held/V-3.mun description.yaml >out
says "and in the description of what is sealed all the same" out 'scan: "./scanner: found something: virus.img: Eicar-Signature FOUND"'
tar -xOf held/V-1.mun description.yaml >out
says "that nothing was found, too" out 'scan: "./scanner: nothing found: checked"'
mformat -C -f 1440 -i inside.img :: && printf 'an EICAR test\n' >inside.txt && mmd -i inside.img ::DOCS && mcopy -i inside.img inside.txt ::DOCS/INSIDE.TXT &&
    truncate -s 1474560 inside.img
printf '#!/bin/sh\n[ -d "$1" ] || exit 0\ngrep -l EICAR "$1"/* && exit 1; exit 0\n' >file_scanner && chmod +x file_scanner
printf 'accession,title,images\nF-1,Clean,a.img\nF-2,A file in it,inside.img\n' >files.csv
gives "files are scanned as well" 3 ingest files.csv --library scanned --scan ./file_scanner --scan-files
says "each image" out "2 rows: 1 sealed, 1 held"
passed "a finding names the file" "$(column files-report.csv scan 2 | grep -q 'found something: .*_DOCS_INSIDE.TXT'; echo $?)"
passed "and nothing is left of them" "$([ -z "$(ls -d "${TMPDIR:-/var/tmp}"/muniment-scan-* 2>/dev/null)" ]; echo $?)"
mkdir dashed && cp a.img dashed/-version.img && cp a.img dashed/written.img && cp virus.img dashed/other.img
printf 'accession,title,images\nD-1,Named like an option,-version.img\n' >dashed/dashed.csv
printf 'accession,title,images\nW-1,Written to,written.img\n' >dashed/written.csv
printf '#!/bin/sh\necho "$1"\n' >dashed/echo && printf '#!/bin/sh\ncp other.img copy && mv copy "$1"\n' >dashed/mover && chmod +x dashed/echo dashed/mover
(cd dashed && "$muniment" ingest dashed.csv --library sealed --key ../office --scan ./echo) >out 2>err
tar -xOf dashed/sealed/D-1.mun description.yaml >out
says "a name like an option is a file to the scanner" out 'nothing found: ./-version.img'
(cd dashed && "$muniment" ingest written.csv --library sealed --key ../office --scan ./mover) >out 2>err
says "an image that is replaced after it was scanned is not sealed" err 'written.img: was changed while it was read'
passed "and leaves no archive" "$([ ! -e dashed/sealed/W-1.mun ]; echo $?)"
gives "they need a scanner" 2 ingest files.csv --library scanned --scan-files
gives "a scanner that fails ends the run" 4 ingest virus.csv --library failing --scan /nonexistent
says "with the reason" err "was not scanned: /nonexistent failed with status 127"
passed "and what was not begun is said" "$([ "$(column virus-report.csv outcome | tr '\n' ' ')" = "failed not begun not begun " ]; echo $?)"

# --- In the words of PREMIS, and on the way to others ---
"$muniment" verify lib/*.mun --trust office.pub --log day.log --by p-18 >out
for file in lib/LR-1998-42.mun lib/P-2.mun own/M-2.mun held/V-3.mun; do
    gives "$file has a PREMIS document" 0 "$muniment" premis $file --log day.log
    cp out premis.xml
    gives "which is valid" 0 python3 "$here/tests/premis.py" premis.xml
done
"$muniment" premis lib/LR-1998-42.mun --log day.log >premis.xml
for text in "<eventType>ingestion<" "<eventOutcome>done<" "<eventType>fixity check<" "<eventOutcome>trusted<" "<agentIdentifierValue>p-18<" "<restriction>closed until 2031-01-01<" \
    "<otherRightsNote>Names of living persons<" "<objectIdentifierValue>GB 123 LR/7<" "Land &quot;registry&quot;" "$(sha256sum <lib/LR-1998-42.mun | cut -d' ' -f1)" "$(sha256sum <a.img | cut -d' ' -f1)"; do
    says "it has $text" premis.xml "$text"
done
"$muniment" premis lib/P-2.mun >premis.xml
says "the donor's file is in it" premis.xml "<originalName>hd.img.gz<"
says "with its own digest" premis.xml "$(sha256sum <hd.img.gz | cut -d' ' -f1)"
gives "archives go into a bag" 0 "$muniment" bag lib/*.mun -o parcel --trust office.pub --log day.log --by p-18
gives "which is valid" 0 python3 "$here/tests/bag.py" parcel
passed "with the archives as they are" "$(cmp -s parcel/data/P-3.mun lib/P-3.mun; echo $?)"
gives "and their PREMIS" 0 python3 "$here/tests/premis.py" parcel/P-3.mun.premis.xml
mkdir evident && cp lib/P-3.mun evident/E.mun && mkdir evident/E.mun.evidence && echo claim >evident/E.mun.evidence/0a1b.txt
tag=$(tar -xOf evident/E.mun content.txt | sha256sum | cut -c1-16)
mkdir "evident/$tag.evidence" && echo batch >"evident/$tag.evidence/0c.batch"
gives "evidence beside an archive goes with it" 0 "$muniment" bag evident/E.mun -o evidence
passed "into the bag" "$(cmp -s evident/E.mun.evidence/0a1b.txt evidence/data/E.mun.evidence/0a1b.txt; echo $?)"
passed "that of its content, too" "$(cmp -s "evident/$tag.evidence/0c.batch" "evidence/data/$tag.evidence/0c.batch"; echo $?)"
says "which counts archives" out "evidence: 1 archive, "
gives "and is valid" 0 python3 "$here/tests/bag.py" evidence
gives "no bag is written over" 3 "$muniment" bag lib/P-2.mun -o parcel
cp lib/P-2.mun bad.mun && flip bad.mun $(($(stat -c %s bad.mun) / 2))
gives "what is damaged goes into none" 1 "$muniment" bag lib/P-3.mun bad.mun -o damaged
passed "and nothing is left" "$([ -z "$(ls -d damaged* 2>/dev/null)" ]; echo $?)"
"$muniment" key new stranger >out
gives "nor what a stranger signed" 1 "$muniment" bag lib/P-3.mun -o damaged --trust stranger.pub

# --- Interrupted, killed, out of room ---
{ echo accession,title,images; for n in 1 2 3 4 5 6; do echo "K-$n,Number $n,big.img;fd0:b.img"; done; } >many.csv
# catches PID: muniment runs, and catches SIGINT.
catches() { grep -qsx muniment /proc/"$1"/comm && grep -qs '^SigCgt.*[2367abef]$' /proc/"$1"/status; }
for begun in many.csv cut/K-1.mun; do # while rows are checked, and while they are sealed
    rm -rf cut
    "$muniment" ingest many.csv --library cut $keys >out 2>err & until [ -e $begun ] && catches $!; do sleep 0.01; done; sleep 0.02; kill -INT $!; status=0; wait $! || status=$?
    passed "an interrupt ends it" "$([ $status = 4 ]; echo $?)"
    passed "with nothing half-written" "$(whole cut; echo $?)"
    [ ! -e many-report.csv ] || passed "none is called sealed that is not" "$([ "$(column many-report.csv outcome | grep -c sealed)" = "$(ls cut/*.mun 2>/dev/null | wc -l)" ]; echo $?)"
done
passed "and a report" "$(column many-report.csv outcome | grep -q "not begun"; echo $?)"
gives "it is resumed" 0 ingest many.csv --library cut
passed "to the end" "$([ "$(ls cut/*.mun | wc -l)" = 6 ] && whole cut; echo $?)"
killed=0
for ((round = 0; round < ${KILLS:-${LONG:+60}} + 0 || round < 6; round++)); do
    "$muniment" ingest many.csv --library kill $keys >out 2>err & sleep 0.$((RANDOM % 9))$((RANDOM % 9)); kill -9 $! 2>/dev/null && killed=$((killed + 1)); wait $! 2>/dev/null
    rm -f kill/.muniment-index.sqlite-journal
    for file in kill/*.mun; do [ ! -e "$file" ] || gives "an archive is whole or not there" 0 "$muniment" verify "$file" --trust office.pub; done
    [ $((round % 3)) != 2 ] || rm -rf kill
done
gives "after $killed kills it is resumed" 0 ingest many.csv --library kill
passed "and nothing is left of what was killed" "$(whole kill; echo $?)"
(ulimit -f 12000; ingest many.csv --library full) >out 2>err
passed "where there is no room" "$([ $? = 4 ] && whole full; echo $?)"
passed "the rows are not to be mended" "$([ -z "$(column many-errors.csv error)" ]; echo $?)"
gives "but run again" 0 ingest many.csv --library full

facts "ingest.sh"
