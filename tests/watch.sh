#!/bin/bash
# watch.sh - muniment text and film show what a recorded session showed: every row of its screens, once; its colours; its pictures with their times.
set -eu
. tests/facts.sh
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml tests/demo/records.script "$WORK"
cd "$WORK"
"$MUNIMENT" key new key >out
"$MUNIMENT" seal records.yaml --description records-description.yaml -o records.mun --key key >out
sed 's/^ *digest$/&\n  text/' records.script >shown.script
gives "a session" 0 "$MUNIMENT" boot records.mun --script shown.script --record session.journal --text
cp out shown
gives "its text" 0 "$MUNIMENT" text records.mun session.journal
cp out text
status=0
python3 - <<'PY' >out 2>err || status=$?
import re
lines = [re.fullmatch(r" *([0-9]+\.[0-9]{2})  (.*)", line).groups() for line in open("text", encoding="utf-8").read().splitlines()]
rows = [row for _, row in lines]
shown = {row.rstrip() for row in open("shown", encoding="utf-8").read().splitlines() if re.search(r"[0-9A-Za-z]", row) and not row.startswith("tick ")}
assert shown, "nothing was shown"
missing = [row for row in shown if row not in rows]
assert not missing, missing
assert all(re.search(r"[0-9A-Za-zÀ-ω]", row) for row in rows)
assert max(float(at) for at, _ in lines) < 600
PY
passed "has every row of the screens that the script saw" $status
passed "each row that stays stands once" "$([ "$(grep -c 'Starting from floppy disk' text)" = 1 ] && [ "$(grep -c 'Reading the register' text)" = 1 ]; echo $?)"
gives "the same in other slices and by the other engine" 0 "$MUNIMENT" text records.mun session.journal --engine interpreter -o again
passed "it is" "$(cmp -s text again; echo $?)"
gives "nothing is replaced" 3 "$MUNIMENT" text records.mun session.journal -o again
(sleep 0.3; status=0; "$MUNIMENT" text records.mun session.journal 2>err || status=$?; echo $status >status) | true
passed "a reader of it that has gone, such as head, is no news" "$([ "$(cat status)" = 4 ] && [ ! -s err ]; echo $?)"
gives "as a page" 0 "$MUNIMENT" text records.mun session.journal --html
status=0
python3 - <<'PY' >page 2>err || status=$?
import html.parser
class Page(html.parser.HTMLParser):
    open, text, classes = [], "", set()
    def handle_starttag(self, tag, attributes):
        if tag not in ("meta",): self.open.append(tag)
        Page.classes |= set(dict(attributes).get("class", "").split())
    def handle_endtag(self, tag): assert self.open.pop() == tag
    def handle_data(self, data): Page.text += data
page = Page()
page.feed(open("out", encoding="utf-8").read())
assert not page.open and "COUNTY LAND REGISTRY" in Page.text and len(Page.classes) > 3, Page.classes
PY
passed "which is well formed and has the colours" $status
gives "for a terminal" 0 "$MUNIMENT" text records.mun session.journal --ansi
passed "with its colours" "$(grep -q $'\033\[0;[0-9]*;4[0-7]m.*COUNTY LAND REGISTRY' out; echo $?)"

gives "a film" 0 "$MUNIMENT" film records.mun session.journal -o film
says "of some pictures" out "pictures"
"$MUNIMENT" replay records.mun session.journal --screenshot last.png >replayed
SPEED=$(sed -n "s/^ *speed: \([0-9]*\) MIPS.*/\1e6/p" records.yaml)
export SPEED
passed "the last one is the replay's" "$(cmp -s last.png "film/$(ls film | grep png | tail -n 1)"; echo $?)"
status=0
python3 - <<'PY' >out 2>err || status=$?
import os, re
text = open("film/frames.ffconcat").read().splitlines()
assert text[0] == "ffconcat version 1.0"
files = [line[5:] for line in text if line.startswith("file ")]
times = [float(line[9:]) for line in text if line.startswith("duration ")]
assert files == sorted(f for f in os.listdir("film") if f.endswith(".png")) and len(files) == len(times)
end = int(re.search(r"to tick (\d+), the end", open("replayed").read())[1]) / float(os.environ["SPEED"])
assert end - 0.2 < sum(times) <= end + 1e-3, (sum(times), end)
assert all(a != b for a, b in zip(*[[open("film/" + f, "rb").read() for f in part] for part in (files, files[1:])]))
PY
passed "each picture differs from the one before, and they last as long as the run" $status
gives "no folder is replaced" 3 "$MUNIMENT" film records.mun session.journal -o film
mkdir bin
printf '#!/bin/bash\n[ "$7" = frames.ffconcat ] && cp 000001.png "${!#}"\n' >bin/ffmpeg
chmod +x bin/ffmpeg
gives "ffmpeg is asked for a film" 0 env PATH="$PWD/bin:$PATH" "$MUNIMENT" film records.mun session.journal -o session.mp4
passed "and it is there" "$(cmp -s film/000001.png session.mp4; echo $?)"
printf '#!/bin/bash\nexit 1\n' >bin/ffmpeg
gives "one that fails is reported" 4 env PATH="$PWD/bin:$PATH" "$MUNIMENT" film records.mun session.journal -o other.mp4
gives "none is reported" 4 env PATH= "$MUNIMENT" film records.mun session.journal -o other.mp4
passed "nothing is left" "$([ -z "$(ls -d other.mp4* session.mp4.* 2>/dev/null)" ]; echo $?)"
gives "--every" 0 "$MUNIMENT" film records.mun session.journal -o slow --every 2
passed "gives fewer pictures" "$([ "$(ls slow | wc -l)" -lt "$(ls film | wc -l)" ]; echo $?)"
gives "but is no zero" 2 "$MUNIMENT" film records.mun session.journal -o none --every 0
facts watch
