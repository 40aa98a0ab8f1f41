#!/bin/bash
# script.sh - scripts that do a reader's work (spec/script.md) on the records terminal: they wait until the picture is still or shows a fragment,
# go over the rows of a table, call others, do something else where a limit passes, and handle a reset; the same ticks whatever the slices.
set -eu
. tests/facts.sh
cp "$BUILD"/demo/records.img "$BUILD"/demo/records.yaml "$WORK"
cd "$WORK"

# fragment FROM X Y WIDTH HEIGHT TO [HOLE]: a part of a PNG picture; the hole's width of its left is transparent. Filtered as encoders do.
cat >fragment.py <<'PY'
import struct, sys, zlib
def read(path):
    data, at, idat = open(path, "rb").read(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR": width, height = struct.unpack(">II", body[:8])
        if kind == b"IDAT": idat += body
        at += 12 + length
    raw, stride = zlib.decompress(idat), 1 + 3 * width
    return [[tuple(raw[y * stride + 1 + 3 * x:y * stride + 4 + 3 * x]) for x in range(width)] for y in range(height)]
def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
def write(path, rows, kind):
    samples, raw, above = {2: 3, 6: 4}[kind], b"", bytes(4 * 2000)
    for y, row in enumerate(rows):
        line, filtered, method = b"".join(bytes(p[:samples]) for p in row), b"", y % 5
        for i, value in enumerate(line):
            left, corner = (line[i - samples], above[i - samples]) if i >= samples else (0, 0)
            filtered += bytes([value - (0, left, above[i], (left + above[i]) // 2, paeth(left, above[i], corner))[method] & 255])
        raw, above = raw + bytes([method]) + filtered, line
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    open(path, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, kind, 0, 0, 0)) +
                           chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
source, x, y, width, height, target = sys.argv[1], *map(int, sys.argv[2:6]), sys.argv[6]
rows = [row[x:x + width] for row in read(source)[y:y + height]]
if len(sys.argv) > 7:
    hole = int(sys.argv[7])
    rows = [[(255, 0, 255, 0) if i < hole else p + (255,) for i, p in enumerate(row)] for row in rows]
    write(target, rows, 6)
else:
    write(target, rows, 2)
if "shade" in target:
    write(target, [[tuple(min(255, v + 9) for v in p) for p in row] for row in rows], 2)
PY

boot() { "$MUNIMENT" boot records.yaml "$@"; }

# --- Pictures ---
printf 'wait screen "24 records on this disk"\nwait still 0.5\ndigest\nscreenshot menu.png\nkey enter\nwait screen "1 of 24"\nscreenshot list.png\n' >menu.script
gives "a picture is still" 0 boot --script menu.script
menu=$(cat out)
gives "at the same tick in other slices" 0 boot --script menu.script --slice random:3 --force
passed "and in the same state" "$([ "$menu" = "$(cat out)" ]; echo $?)"
python3 fragment.py menu.png 200 100 90 40 part.png
python3 fragment.py menu.png 200 100 90 40 hole.png 60
python3 fragment.py menu.png 200 100 90 40 shade.png
python3 fragment.py list.png 0 0 720 400 other.png
printf 'wait picture part.png\ndigest\nexpect picture hole.png\nexpect picture part.png in 190 90 110 60\nexpect picture shade.png tolerance 9\n' >find.script
gives "a fragment is found: filtered, transparent, in a region, with a tolerance" 0 boot --script find.script
found=$(cat out)
gives "in other slices as well" 0 boot --script find.script --slice random:5
passed "at the same tick" "$([ "$found" = "$(cat out)" ]; echo $?)"
for wrong in 'expect picture shade.png tolerance 8' 'expect picture part.png in 201 90 110 60' 'expect picture part.png in 200 100 89 40' 'wait picture other.png within 2'; do
    printf 'wait screen "24 records on this disk"\nwait still 0.5\n%s\n' "$wrong" >wrong.script
    gives "not there: $wrong" 1 boot --script wrong.script
done
says "a limit is named" err "2.000000 s had passed before the screen showed the picture"
printf 'wait still 1\n' >short.script
gives "a limit for the whole run" 1 boot --script short.script --limit 0.5
head -c 300 part.png >torn.png
printf 'x' >text.png
python3 - <<'PY'
data = bytearray(open("part.png", "rb").read())
data[60] ^= 1
open("bent.png", "wb").write(data)
PY
for picture in torn bent text missing; do
    printf 'digest\nwait picture %s.png\n' $picture >bad.script
    status=0; boot --script bad.script >out 2>err || status=$?
    passed "$picture.png is refused before the run" "$([ $status -ge 3 ] && [ ! -s out ]; echo $?)"
done
printf 'click 10 10\n' >click.script
gives "a machine without positions has no clicks" 1 boot --script click.script

# --- Tables, calls, limits ---
printf 'parcel,place,note\r\n1021,7,"a, ""b"""\r\n9999,0,\r\n1027,9,x\r\n' >parcels.csv
printf 'type "\\{R.parcel}"\nwait screen "\\{R.place} of 24" within 1 else\n  key esc\n  key enter\n  set said "no"\n  text\n  next\nend\n' >parcel.script
cat >table.script <<'PY'
set where "24 records"
wait screen "\{where} on this disk"
key enter
for R in parcels.csv
  wait screen "1 of 24"
  call parcel.script
  screenshot "\{R}-\{R.parcel}.png"
  key home
end
digest
PY
gives "a table is gone over" 0 boot --script table.script
table=$(tail -n 1 out)
passed "a row is given up where its limit passes" "$([ -s 1-1021.png ] && [ ! -e 2-9999.png ] && [ -s 3-1027.png ]; echo $?)"
gives "again, in other slices" 0 boot --script table.script --slice random:11 --force
passed "the same" "$([ "$table" = "$(tail -n 1 out)" ]; echo $?)"
printf 'x,y\n1\n' >short.csv; printf 'x\n"1\n' >open.csv; printf 'x\n' >empty.csv; printf 'x\n\xff\n' >latin.csv; printf 'x\n"a"b\n' >after.csv
for table in short open empty latin after; do
    printf 'for R in %s.csv\nend\n' $table >bad.script
    gives "$table.csv is refused" 3 boot --script bad.script
done
printf 'call self.script\n' >self.script
gives "a script that calls itself" 3 boot --script self.script
says "is told" err "more than 8 deep"
python3 -c 'print("x"); [print(i) for i in range(999)]' >many.csv
printf 'for A in many.csv\nfor B in many.csv\nkey a\nend\nend\n' >many.script
gives "loops are bounded" 3 boot --script many.script
printf 'for R in parcels.csv\n type "\\{R.note}"\nend\n' >empty.script
gives "a row's fault" 3 boot --script empty.script
says "is told with the row" err "row 2"

# --- Resets ---
cat >reset.script <<'PY'
on reset
  wait screen "24 records on this disk"
  key enter
end
wait screen "24 records on this disk"
key enter
wait screen "1 of 24"
key ctrl-alt-del
wait time 1
wait screen "1 of 24"
text
PY
gives "a reset is handled" 0 boot --script reset.script
says "and the script resumes" out "1 of 24"
sed '1,4d' reset.script >bare.script
gives "without a handler" 1 boot --script bare.script --limit 30
printf 'for R in parcels.csv\non reset\nwait screen "24 records on this disk"\nnext\nend\nwait screen "24 records on this disk"\nkey ctrl-alt-del\nwait time 60\nend\ntext\n' >next.script
gives "a handler ends its record" 0 boot --script next.script --limit 60
facts script.sh
