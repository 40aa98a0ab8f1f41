#!/bin/bash
# print.sh - what LPT1 prints becomes a PDF (spec/print.md): the records terminal's extract, with the guest's text, the same bytes whenever it is repeated; bit
# images of all modes, dot by dot as a renderer shows them; jobs and PostScript.
set -eu
here=$PWD
. tests/facts.sh
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml tests/demo/records.script "$WORK"
job=$(realpath "$BUILD/tests/print_job")
cd "$WORK"

sound() # FACT FILE: a PDF without fault, date and identifier
{
    gives "$1: qpdf finds nothing" 0 qpdf --check "$2"
    passed "$1: no date, no identifier" "$(! grep -qaE '/(ID|CreationDate|ModDate|Producer)' "$2"; echo $?)"
}

gives "the records terminal prints" 0 "$MUNIMENT" boot records.yaml --script records.script --print prints --parallel bytes
sound "the extract" prints/0001.pdf
cmp prints/0001.pdf "$here/tests/demo/extract.pdf"
passed "it is the PDF that README.md shows" $?
cmp prints/0001.prn bytes
passed "the bytes are those of the port" $?
tr -d '\r\f' <bytes >text
pdftotext -layout prints/0001.pdf - | sed 's/ *$//; /^$/d' | tr -d '\f' >out
sed 's/ *$//; /^$/d' text | cmp -s - out
passed "the text is the guest's" $?
pdfinfo prints/0001.pdf >out
grep -q '^Pages: *1$' out && grep -q '^Page size: *612 x 792' out
passed "one page" $?
gives "again, in other slices" 0 "$MUNIMENT" boot records.yaml --script records.script --print again --slice random:4
cmp prints/0001.pdf again/0001.pdf
passed "the same PDF" $?
gives "a printer on COM1" 0 "$MUNIMENT" boot records.yaml --script records.script --print serial --print-port com1 --serial bytes1
cmp serial/0001.prn bytes1
passed "gets its bytes" $?
pdftotext -layout serial/0001.pdf - | sed 's/ *$//; /^$/d' | tr -d '\f' >out
tr -d '\r\f' <bytes1 | sed 's/ *$//; /^$/d' | cmp -s - out
passed "as text" $?
gives "no such port" 2 "$MUNIMENT" boot records.yaml --script records.script --print other --print-port usb
gives "nothing is replaced" 3 "$MUNIMENT" boot records.yaml --script records.script --print again
gives "no such printer" 2 "$MUNIMENT" boot records.yaml --script records.script --print other --printer daisywheel

# --- Bit images: a page with one band for each mode, and its dots in a rendering ---
cat >bands.py <<'PY'
import random, struct, subprocess, sys
pins = int(sys.argv[1])
modes = [(0, 60, 8), (1, 120, 8), (2, 120, 8), (3, 240, 8), (4, 80, 8), (5, 72, 8), (6, 90, 8), (7, 144, 8)]
if pins == 24: modes += [(32, 60, 24), (33, 120, 24), (38, 90, 24), (39, 180, 24), (40, 360, 24)]
random.seed(pins)
job, bands = b"\x1b@", []
for n, (mode, density, rows) in enumerate(modes):
    columns = [random.randbytes(rows // 8) for _ in range(101)]
    job += b"\x1b$" + struct.pack("<H", 30) + b"\x1b*" + bytes([mode]) + struct.pack("<H", len(columns)) + b"".join(columns) + b"\r\n\n"
    bands.append((n, density, rows, columns))
open("bands.prn", "wb").write(job)
if len(sys.argv) > 2:
    dpi = 1440
    subprocess.run(["pdftoppm", "-r", str(dpi), "-mono", "-l", "1", "-x", "0", "-y", "0", "-W", "6144", "-H", str(dpi * 11 // 2), sys.argv[2], "page"], check=True)
    import glob
    data = open(glob.glob("page-*.pbm")[0], "rb").read()
    magic, size, bits = data.split(b"\n", 2)
    width, height = map(int, size.split())
    stride, wrong, dots = (width + 7) // 8, 0, 0
    for n, density, rows, columns in bands:
        pitch = 180 if rows == 24 else 60 if pins == 24 else 72
        for i, column in enumerate(columns):
            for row in range(rows):
                x, y = int((0.75 + (i + 0.5) / density) * dpi), int((n * 2 / 6 + (row + 0.5) / pitch) * dpi)
                inked = bits[y * stride + x // 8] >> (7 - x % 8) & 1
                wrong += inked != (column[row // 8] >> (7 - row % 8) & 1)
                dots += 1
    print(dots, "dots,", wrong, "wrong")
    sys.exit(wrong > 0)
PY
for pins in 9 24; do
    python3 bands.py $pins
    gives "bit images with $pins pins" 0 "$job" bands$pins escp$pins <bands.prn
    sound "bit images" bands$pins/0001.pdf
    gives "each dot of $pins pins is where it belongs" 0 python3 bands.py $pins bands$pins/0001.pdf
    cat out
    rm -f page-*.pbm
done

# --- Styles and letters ---
printf '\033@plain \033Ebold\033F \0334slanted\0335 \033-1under\033-0 \017small\022 \033W1wide\033W0\r\n\311\315\273 \201\204\224\r\n\f' >styles.prn
gives "styles" 0 "$job" styles escp9 <styles.prn
sound "styles" styles/0001.pdf
pdftotext -layout styles/0001.pdf - >out
python3 -c '
lines = open("out").read().split("\n")
assert lines[0].replace(" ", "") == "plainboldslantedundersmallwide", lines[0]
assert lines[1].strip() == "╔═╗ üäö", lines[1]' 2>err
passed "and letters are text" $?

# --- Code pages: every character that is not a space is text, and is seen in a rendering ---
cat >pages.py <<'PY'
import glob, subprocess, sys, unicodedata
page = int(sys.argv[2])
shown = [c for c in bytes(range(0x80, 0x100)).decode(f"cp{page}", "replace") if unicodedata.category(c)[0] not in "CZ" and c != "\uFFFD"]
rows = [shown[i:i + 40] for i in range(0, len(shown), 40)]
if sys.argv[1] == "make":
    sys.stdout.buffer.write(b"\x1b@" + b"".join("".join(row).encode(f"cp{page}") + b"\r\n" for row in rows))
else:
    text = "".join(open("out", encoding="utf-8").read().split())
    as_437 = str.maketrans("βµΩ", "ßμΩ")  # one glyph of 437 is either
    found, wanted = unicodedata.normalize("NFC", text).translate(as_437), "".join(shown).translate(as_437)
    if page in (720, 862, 864, 874): # which pdftotext puts in the order of reading, between marks of direction
        found, wanted = (sorted(c for c in s if unicodedata.category(c) != "Cf") for s in (found, wanted))
    assert found == wanted, (found, wanted)
    subprocess.run(["pdftoppm", "-r", "240", "-gray", "-l", "1", sys.argv[3], f"cells{page}"], check=True)
    magic, size, most, dots = open(glob.glob(f"cells{page}-*.pgm")[0], "rb").read().split(b"\n", 3)
    width = int(size.split()[0])
    cell = lambda x, y: tuple(dots[(y * 40 + line) * width + 60 + x * 24 + i] < 128 for line in range(40) for i in range(24))
    cells = {c: cell(x, y) for y, row in enumerate(rows) for x, c in enumerate(row)}
    assert all(any(dots) for dots in cells.values()), [c for c, dots in cells.items() if not any(dots)]
    same = {}
    for c, dots in cells.items(): same.setdefault(dots, []).append(c)
    print(len(cells), "characters,", len(same), "pictures")
    # What is drawn alike looks alike in print, too; nothing is drawn as five others are, as what has no letter is.
    assert max(map(len, same.values())) < 5, [s for s in same.values() if len(s) > 4]
PY
for page in 437 720 737 775 850 852 855 857 858 860 861 862 863 864 865 866 869 874; do
    python3 pages.py make $page >page.prn
    gives "code page $page" 0 "$job" page$page escp24:$page <page.prn
    sound "code page $page" page$page/0001.pdf
    pdftotext -layout page$page/0001.pdf out
    passed "its characters are text, and seen" "$(python3 pages.py check $page page$page/0001.pdf 2>err >seen; echo $?)"
    cat seen
done
printf '\033(t\3\0\1\016\0\033t1\217\224\r\n' >chosen.prn
gives "a code page that the guest chooses" 0 "$job" chosen escp24 <chosen.prn
pdftotext chosen/0001.pdf out
passed "is printed in" "$(grep -q '^ПФ$' out; echo $?)"
printf '\265\r\n' >acute.prn
gives "a printer that is set to one" 0 "$job" acute escp9:850 <acute.prn
pdftotext acute/0001.pdf out
passed "prints in it" "$(grep -q '^Á$' out; echo $?)"
gives "to one of two bytes to a character" 2 "$job" none escp9:936 <acute.prn
says "is refused with those that are" err "escp9:850 with a code page of one byte to a character"

# --- Jobs ---
printf '%%!PS\n/Helvetica findfont 24 scalefont setfont 72 700 moveto (Extract of parcel 1021) show showpage\n\004plain\n' >two.prn
gives "PostScript ends by its mark" 0 "$job" two escp9 <two.prn
passed "and is kept as it came" "$([ "$(ls two/*.prn | wc -l)" = 2 ] && [ -s two/0002.pdf ] && grep -q showpage two/0001.prn; echo $?)"
if command -v gs >/dev/null; then
    gives "PostScript: qpdf finds nothing" 0 qpdf --check two/0001.pdf
    passed "PostScript: no date, no identifier" "$(! grep -qaE '/(ID|CreationDate|ModDate)' two/0001.pdf; echo $?)"
    passed "with the guest's text" "$(pdftotext two/0001.pdf - | grep -q '^Extract of parcel 1021$'; echo $?)"
    gives "again" 0 "$job" once-more escp9 <two.prn
    passed "the same PDF, bit for bit" "$(cmp -s two/0001.pdf once-more/0001.pdf; echo $?)"
    echo secret >secret
    for hostile in "($PWD/secret) (r) file pop showpage" "(made) (w) file closefile showpage" "(%pipe%id) (r) file pop showpage" "nonsense"; do
        rm -rf hostile
        printf '%%!PS\n%s\n\004plain\n' "$hostile" >hostile.prn
        gives "PostScript that does not work, or wants more than it may" 1 "$job" hostile escp9 <hostile.prn
        passed "has no PDF, and the next job has" "$([ "$(ls hostile | tr '\n' ' ')" = "0001.prn 0002.pdf 0002.prn " ]; echo $?)"
        says "which is reported" err "0001.prn: is PostScript of which Ghostscript makes no PDF"
    done
fi
# --- Jobs in the printer job language ---
exit_language='\033%%-12345X'
{
    printf "$exit_language@PJL JOB\r\n@PJL SET RESOLUTION = 300\r\n@PJL ENTER LANGUAGE = POSTSCRIPT\r\n"
    printf '%%!PS\n/Helvetica findfont 24 scalefont setfont 72 700 moveto (Extract of parcel 1022) show showpage\n\004'
    printf "$exit_language@PJL EOJ\r\n$exit_language"
    printf '@PJLAIN is no command\r\n\033%%0\033'
    printf "$exit_language"'\033E\033&l0OPCL\f\033E'"$exit_language@PJL ENTER LANGUAGE=ESCP\r\n\033Ebold$exit_language@PJL EOJ\r\n"
} >wrapped.prn
gives "jobs in PJL" 0 "$job" wrapped escp9 <wrapped.prn
passed "are as many as languages were entered" "$([ "$(ls wrapped/*.prn | wc -l)" = 4 ]; echo $?)"
passed "with all bytes that came, but for what wraps none" "$(cat wrapped/*.prn | cmp -s - <(head -c -10 wrapped.prn); echo $?)"
passed "PostScript ends where its language does" "$(tail -c 9 wrapped/0001.prn | cmp -s - <(printf "$exit_language"); echo $?)"
pdftotext wrapped/0002.pdf out
passed "what only looks like a command is text" "$(grep -q '^@PJLAIN is no command$' out; echo $?)"
says "PCL is named" err "0003.prn: is PCL, and GhostPCL is not installed"
pdftotext wrapped/0004.pdf out
passed "ESC E is bold in ESC/P" "$(grep -q '^bold$' out; echo $?)"
if command -v gs >/dev/null; then
    gives "PostScript in PJL: qpdf finds nothing" 0 qpdf --check wrapped/0001.pdf
    passed "with the guest's text" "$(pdftotext wrapped/0001.pdf - | grep -q '^Extract of parcel 1022$'; echo $?)"
fi
{
    printf '\033*\0\011\0'
    printf "$exit_language"
    printf 'text\r\n'
} >dots.prn
gives "dots of an image that look like the end of a language" 0 "$job" dots escp9 <dots.prn
passed "are dots" "$([ "$(ls dots/*.prn | wc -l)" = 1 ] && pdftotext dots/0001.pdf - | grep -q text; echo $?)"

rm -rf none
gives "without Ghostscript" 0 env PATH=/nowhere "$job" none escp9 <two.prn
says "it is said" err "Ghostscript is not installed"
gives "raw" 0 "$job" raw raw <styles.prn
passed "has no PDF" "$([ "$(ls raw)" = 0001.prn ]; echo $?)"
printf 'wait screen "24 records on this disk"\nkey enter\nwait screen "1 of 24"\nkey enter\nwait screen "Esc back"\ntype "p"\nwait screen "Sent to the printer"\nwait time 6\ntype "p"\nwait time 6\n' >pause.script
gives "two prints with a pause" 0 "$MUNIMENT" boot records.yaml --script pause.script --print pause
passed "are two jobs" "$([ -s pause/0001.pdf ] && cmp -s pause/0001.pdf pause/0002.pdf && [ ! -e pause/0003.prn ]; echo $?)"
"$MUNIMENT" key new key >out
"$MUNIMENT" seal records.yaml --description records-description.yaml -o records.mun --key key >out
cat >next.script <<'END'
wait screen "24 records on this disk"
key enter
wait screen "1 of 24"
key enter
wait screen "Esc back"
for R in twice.csv
  print next within 1 else
    type "p"
    print next within 20
  end
end
print next within 7 else
  retrieve RECORDS/P1021.TXT
end
END
printf 'n\n1\n2\n' >twice.csv
gives "a script takes prints" 0 "$MUNIMENT" boot records.mun --script next.script --print next --retrieve taken --key key
passed "each in its row, with its PDF" "$(cmp -s next/0001.pdf taken/data/1/print.pdf && cmp -s next/0002.prn taken/data/2/print.prn && [ "$(find taken/data -type f | wc -l)" = 5 ]; echo $?)"
says "and the table says where they come from" taken/files.csv ',"print.pdf",'
gives "check.py is content" 0 python3 taken/check.py --key key.pub
gives "again" 0 "$MUNIMENT" boot records.mun --script next.script --print next2 --retrieve taken2 --slice random:3
passed "the same payload and table" "$(cmp -s taken/manifest-sha256.txt taken2/manifest-sha256.txt && cmp -s taken/files.csv taken2/files.csv; echo $?)"
gives "without --print" 2 "$MUNIMENT" boot records.mun --script next.script
says "it is asked for" err "name a folder with --print"
head -c 1000000 /dev/zero | tr '\0' '\f' | "$job" feeds escp9
passed "a job ends where its PDF gets too long" "$([ -s feeds/0002.pdf ] && [ "$(stat -c %s feeds/0001.pdf)" -lt $((256 << 20)) ]; echo $?)"
rm -r feeds
facts print.sh
