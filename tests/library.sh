#!/bin/bash
# library.sh - a folder of archives is listed from an index that always follows from them: new, changed, lost and damaged archives, copies,
# the last check by the office's log, what is due; 1,000 archives (10,000 in make check-long) in their time.
set -u
. tests/facts.sh
demo=$(realpath "$BUILD/demo")
cd "$WORK" || exit 1
cp "$demo/records.img" "$demo"/records*.yaml . || exit 1
if "$MUNIMENT" ls . 2>&1 | grep -q "without SQLite"; then echo "built without SQLite"; exit 77; fi
rm -f .muniment-index.sqlite
"$MUNIMENT" key new office >out
"$MUNIMENT" seal records.yaml --description records-description.yaml -o a.mun --key office >out || exit 1
printf 'muniment: description 0\ntitle: Payroll of 1994\nidentifiers:\n  - PAY-94\nrights: closed until 2031-01-01\n' >pay.yaml
"$MUNIMENT" seal records.yaml --description pay.yaml -o b.mun --key office >out || exit 1
mkdir shelf && cp a.mun shelf/ledger.mun && cp b.mun shelf/payroll.mun

list() { "$MUNIMENT" ls shelf "$@"; }
gives "a folder is listed" 0 list
passed "with both archives, by name" "$([ "$(cut -d' ' -f1 out | tr '\n' ' ')" = "ledger.mun payroll.mun " ]; echo $?)"
says "with title, rights and root" out "Payroll of 1994  closed until 2031-01-01  $("$MUNIMENT" info b.mun --root | cut -c1-8)"
says "two of one machine are counted" out "2 of this machine"
for query in PAY-94 payroll "closed until" "$("$MUNIMENT" info b.mun --root)"; do
    gives "it is searched for $query" 0 list "$query"
    says "and found" out "payroll.mun"
done
list pay 2031 >out
passed "all words must be there" "$([ "$(wc -l <out)" = 1 ]; echo $?)"
list pay 1931 >out
passed "or nothing is" "$([ ! -s out ]; echo $?)"
list "' OR 1=1 --" >out
passed "a word is no SQL" "$([ ! -s out ]; echo $?)"
gives "JSON" 0 list --json PAY-94
passed "has a schema and the fields" "$(python3 -c 'import json; o = json.load(open("out")); assert o["schema"] == "muniment-ls" and o["identifiers"] == "PAY-94" and o["copies"] == 2 and len(o["signer"]) == 64'; echo $?)"

# --- It follows the folder ---
list --json >before
rm shelf/.muniment-index.sqlite && list --json >after
passed "an index made anew says the same" "$(cmp -s before after; echo $?)"
# A command that finds an index of another version, and waits for whoever makes it anew.
passed "one that another process makes anew meanwhile is taken as it is" "$(python3 - "$MUNIMENT" 2>err <<'PY'
import sqlite3, subprocess, sys, time
index = sqlite3.connect("shelf/.muniment-index.sqlite", isolation_level=None)
version = index.execute("PRAGMA user_version").fetchone()[0]
index.execute(f"PRAGMA user_version={version - 1}")
index.execute("BEGIN IMMEDIATE")
ls = subprocess.Popen([sys.argv[1], "ls", "shelf"], stdout=subprocess.PIPE, text=True)
time.sleep(1)
index.execute("UPDATE archive SET title='as another process has it'")
index.execute(f"PRAGMA user_version={version}")
index.execute("COMMIT")
sys.exit(ls.communicate()[0].count("as another process has it") != 2)
PY
echo $?)"
rm shelf/.muniment-index.sqlite
mv shelf/ledger.mun ledger.mun && list >out
passed "what is gone is not listed" "$(! grep -q ledger out; echo $?)"
mv ledger.mun shelf/register.mun && list >out
says "what has another name is" out "register.mun"
mv shelf/register.mun register.mun && mkdir shelf/register.mun && list >out
passed "nor is that in whose place a folder is" "$(! grep -q register.mun out; echo $?)"
rmdir shelf/register.mun && mv register.mun shelf && list >out
cp a.mun shelf/payroll.mun && list >out
passed "another archive under a known name is that one" "$(! grep -q Payroll out; echo $?)"
head -c 100000 b.mun >shelf/cut.mun && list >out
says "what cannot be opened is listed with the reason" out "cut.mun  WRONG: "
echo "no database, but long enough to be one, if it were" >shelf/.muniment-index.sqlite
gives "a damaged index is reported" 4 list
says "with what to do" err "delete it; it is made anew"
rm shelf/.muniment-index.sqlite shelf/cut.mun
gives "a folder that is none" 3 "$MUNIMENT" ls a.mun

# --- Checks ---
"$MUNIMENT" log new day.log --origin archive.example/log >out
gives "days need a log" 2 list --due 30
gives "and a number" 2 list --due x --log day.log
list --due 30 --log day.log >out
passed "what was never checked is due" "$([ "$(wc -l <out)" = 2 ]; echo $?)"
"$MUNIMENT" verify shelf/payroll.mun --sample 10 --trust office.pub --log day.log --by reader-7 >out
list --due 30 --log day.log >out
passed "a sample is no check" "$([ "$(wc -l <out)" = 2 ]; echo $?)"
"$MUNIMENT" verify shelf/payroll.mun --trust office.pub --log day.log --by reader-7 >out
list --due 30 --log day.log >out
passed "what was found good is not due, but its copy is" "$([ "$(cut -d' ' -f1 out)" = register.mun ]; echo $?)"
"$MUNIMENT" verify shelf/register.mun --trust office.pub --log day.log --by reader-7 >out
list --due 30 --log day.log >out
passed "until it is checked" "$([ ! -s out ]; echo $?)"
list --log day.log payroll >out
says "and shows when" out "$(date -u +%Y-%m-%d) trusted"
list --due 0 --log day.log >before; sleep 1.1; list --due 0 --log day.log >out
passed "until the days have passed" "$([ "$(wc -l <out)" = 2 ]; echo $?)"

# --- What is due is verified, and reported ---
sleep 1.1
gives "a library is verified" 0 "$MUNIMENT" verify shelf --trust office.pub
passed "all of it" "$([ "$(grep -c "intact, signed by a trusted key" out)" = 2 ]; echo $?)"
verify_due() { "$MUNIMENT" verify shelf --due "$1" --trust office.pub --log day.log --by reader-7 "${@:2}"; }
gives "what is due is verified" 0 verify_due 0
passed "all of it" "$([ "$(grep -c "intact, signed by a trusted key" out)" = 2 ]; echo $?)"
gives "and then nothing is due" 0 verify_due 30
says "it says so" out "nothing is due"
gives "days need a log" 2 "$MUNIMENT" verify shelf --due 30
gives "and a library" 2 "$MUNIMENT" verify shelf/payroll.mun --due 30 --log day.log --by reader-7
gives "a report for mail" 0 verify_due 30 --mail archivist@example.org
says "has a subject" out "Subject: shelf: all is well"
cp b.mun shelf/bad.mun && flip shelf/bad.mun $(($(stat -c %s b.mun) / 2))
gives "damage is what the mail begins with" 1 "$MUNIMENT" verify shelf --trust office.pub --log day.log --by reader-7 --mail archivist@example.org
says "in its subject" out "Subject: shelf: SOMETHING IS WRONG"
says "and where it is" out "shelf/bad.mun: damaged"
passed "as a message" "$(python3 -c 'import email.policy, email; m = email.message_from_binary_file(open("out", "rb"), policy=email.policy.default); assert m["To"] == "archivist@example.org" and "shelf/bad.mun" in m.get_content()'; echo $?)"
mkdir partly && ln a.mun partly/a.mun && ln shelf/bad.mun partly/b.mun && ln a.mun partly/c.mun && echo "no archive" >partly/d.mun
gives "damage is not hidden by what is no archive" 1 "$MUNIMENT" verify partly --trust office.pub --mail archivist@example.org
says "in the subject" out "Subject: partly: SOMETHING IS WRONG"
gives "nor by a night that was too short" 1 "$MUNIMENT" verify partly/b.mun partly/a.mun partly/c.mun --trust office.pub --max-time 1 --rate 1 --threads 1 --state night
says "which there was" err "c.mun: not begun: time is up"
mkdir unmounted
for due in "" "--due 30"; do
    gives "a folder without archives is not well $due" 3 "$MUNIMENT" verify unmounted $due --trust office.pub --log day.log --by reader-7 --mail archivist@example.org
    says "since its medium may be missing" out "unmounted: holds no archives: look whether its medium is there"
done
gives "no header comes in with an address" 2 "$MUNIMENT" verify shelf --trust office.pub --mail "a
Bcc: b"
gives "a page of the history" 0 list --html --log day.log
passed "has each archive, with verdict and next step" "$(python3 - <<'PY'
import html.parser
class Page(html.parser.HTMLParser):
    rows, cells, checks = [], None, 0
    def handle_starttag(self, tag, attributes):
        if tag == "tr": self.rows.append([]); self.cells = dict(attributes).get("class")
        if tag == "td": self.rows[-1].append("")
        if tag == "li": self.checks += 1
    def handle_data(self, data):
        if self.rows and self.rows[-1]: self.rows[-1][-1] += data
page = Page(); page.feed(open("out").read())
rows = {row[0].strip(): [cell.strip() for cell in row] for row in page.rows if row}
assert set(rows) == {"bad.mun", "payroll.mun", "register.mun"}, rows
assert rows["bad.mun"][5] == "damaged" and rows["bad.mun"][6].startswith("take another copy"), rows["bad.mun"]
assert rows["payroll.mun"][5] == "intact, signed by a trusted key" and page.checks >= 5, rows
PY
echo $?)"
rm shelf/bad.mun

# --- A replica has the names of its originals; what the log knows is missed ---
mkdir -p original replica && cp a.mun original/one.mun && cp b.mun original/two.mun && cp a.mun b.mun replica && mv replica/a.mun replica/one.mun && mv replica/b.mun replica/two.mun
"$MUNIMENT" log new copies.log --origin archive.example/copies >out
check() { "$MUNIMENT" verify "$PWD/$1" --due "${2-30}" --trust office.pub --log copies.log --by reader-7; }
gives "a replica is verified" 0 check replica
"$MUNIMENT" ls original --due 30 --log copies.log >out
passed "which is no check of the original" "$(grep -c never out | grep -qx 0 && [ "$(wc -l <out)" = 2 ]; echo $?)"
"$MUNIMENT" ls --html original --log copies.log >out
says "nor on the page" out "2 were never checked"
gives "the original is verified" 0 check original
(cd original && "$MUNIMENT" ls . --due 30 --log ../copies.log >../out)
passed "wherever one stands" "$([ ! -s out ]; echo $?)"
mv original/two.mun original/renamed.mun && sleep 1.1
gives "what has another name is verified" 0 check original
gives "and not missed" 0 check original
gives "it is checked by a path that is no full one" 0 "$MUNIMENT" verify original --trust office.pub --log copies.log --by reader-7
mv original/renamed.mun .
gives "what is gone is missed" 3 check original
says "by its path" err "$PWD/original/renamed.mun: is missing: it was checked here before: find out where it went"
gives "without --due, too" 3 "$MUNIMENT" verify original --trust office.pub --log copies.log --by reader-7 --mail archivist@example.org
says "in the same words" out "original/renamed.mun: is missing: it was checked here before"
says "and the subject has it" out "Subject: original: something is missing"
gives "as JSON" 3 "$MUNIMENT" verify original --trust office.pub --log copies.log --by reader-7 --json
says "too" out '"verdict": "missing", "error": "is missing: it was checked here before"'
gives "without a log nothing is known of it" 0 "$MUNIMENT" verify original --trust office.pub
for due in "" "--due 30" renamed; do
    gives "a list has it $due" 0 "$MUNIMENT" ls original $due --log copies.log
    says "as missing" out "renamed.mun  WRONG: is missing: it was checked here before  $("$MUNIMENT" info b.mun --root | cut -c1-8)  $(date -u +%Y-%m-%d) trusted"
done
"$MUNIMENT" ls original other --log copies.log >out
passed "unless other words are searched for" "$([ ! -s out ]; echo $?)"
"$MUNIMENT" ls original --log copies.log --json >out
says "as JSON, too" out '"file": "renamed.mun", "machine-root": "'"$("$MUNIMENT" info b.mun --root)"'", "wrong": "is missing: it was checked here before", "checked": "'
"$MUNIMENT" ls --html original --log copies.log >out
says "the page has it" out '<td>is missing: it was checked here before</td>'
says "counts it" out ": 1 need attention"
says "and says what to do" out "find out where it went; put a replica in its place, or dispose of it"
gives "so has info" 3 "$MUNIMENT" info original/renamed.mun --log copies.log
says "in these words" err "original/renamed.mun: is missing: it was checked here before: find out where it went; put a replica in its place, or dispose of it"
passed "to miss writes no index" "$(rm -f original/.muniment-index.sqlite; "$MUNIMENT" verify original --trust office.pub --log copies.log --by reader-7 >out 2>err; [ ! -e original/.muniment-index.sqlite ]; echo $?)"
passed "though its replica was verified" "$(check replica 0 >out 2>err; check original >out 2>err; grep -q renamed.mun err; echo $?)"
mkdir moved && mv renamed.mun moved && sleep 1.1
gives "where it was moved to" 0 check moved
gives "it is missed no more" 0 check original
"$MUNIMENT" ls original --log copies.log >out
passed "in the list neither" "$(! grep -q renamed out; echo $?)"
gives "and info has no file" 3 "$MUNIMENT" info original/renamed.mun --log copies.log

# --- Disposal ---
for key in second rootkey; do "$MUNIMENT" key new $key >out; done
cp a.mun shelf/old.mun && "$MUNIMENT" parity new shelf/old.mun >out
gives "a disposal needs a reason" 2 "$MUNIMENT" dispose shelf/old.mun --key office --second second
gives "which is not empty" 2 "$MUNIMENT" dispose shelf/old.mun --key office --second second --reason ""
gives "and a second person" 2 "$MUNIMENT" dispose shelf/old.mun --key office --reason x
gives "who is another one" 3 "$MUNIMENT" dispose shelf/old.mun --key office --second office --reason x
passed "without one, the archive stays" "$([ -e shelf/old.mun ]; echo $?)"
ln -s old.mun shelf/link.mun
gives "a link is not disposed of" 3 "$MUNIMENT" dispose shelf/link.mun --key office --second second --reason x
rm shelf/link.mun
sha256sum <shelf/old.mun >digest
gives "with one it goes" 0 "$MUNIMENT" dispose shelf/old.mun --key office --second second --reason "Retention ended; schedule 7" --replica shelf --log day.log --by reader-7
passed "with its parity" "$([ ! -e shelf/old.mun ] && [ ! -e shelf/old.mun.parity ]; echo $?)"
says "and a certificate stays" shelf/old.mun.disposed "reason: Retention ended; schedule 7"
says "that names the machine" shelf/old.mun.disposed "machine-root: $("$MUNIMENT" info a.mun --root)"
says "and the bytes" shelf/old.mun.disposed "sha256: $(cut -d' ' -f1 digest)"
says "and what is left elsewhere" shelf/old.mun.disposed "replicas: 2"
gives "two signed it" 0 "$MUNIMENT" verify shelf/old.mun.disposed --trust office.pub --trust second.pub
says "which is said" out 'disposed of, as two trusted keys signed'
gives "one who is trusted is not enough" 1 "$MUNIMENT" verify shelf/old.mun.disposed --trust office.pub
says "which is said, too" out 'it takes two'
gives "nor is one who is named twice" 1 "$MUNIMENT" verify shelf/old.mun.disposed --trust office.pub --trust office.pub
"$MUNIMENT" key root rootkey.pub --name Office -o office.root >out
for key in office second; do "$MUNIMENT" key certify $key.pub --root office.root --key rootkey --name $key --from 2020-01-01 --until 2099-01-01 -o $key.cert $([ $key = second ] && echo --office) >out; done
gives "the office's root vouches for both" 0 "$MUNIMENT" verify shelf/old.mun.disposed --trust office.root --trust office.cert --trust second.cert
"$MUNIMENT" key certify second.pub --root office.root --key rootkey --name office --from 2020-01-01 --until 2099-01-01 -o same.cert --office >out
gives "K-20: two keys of one person are one" 1 "$MUNIMENT" verify shelf/old.mun.disposed --trust office.root --trust office.cert --trust same.cert
"$MUNIMENT" key certify second.pub --root office.root --key rootkey --name first --from 2020-01-01 --until 2099-01-01 -o first.cert --office >out
gives "K-20: nor does one of two names" 1 "$MUNIMENT" verify shelf/old.mun.disposed --trust office.root --trust office.cert --trust same.cert --trust first.cert
gives "the second alone disposes of nothing" 1 "$MUNIMENT" verify shelf/old.mun.disposed --trust office.root --trust second.cert
"$MUNIMENT" key new stranger >out
gives "and not by a stranger" 1 "$MUNIMENT" verify shelf/old.mun.disposed --trust stranger.pub
sed 's/ended/begins/' shelf/old.mun.disposed >changed.disposed
gives "one that was changed is not" 1 "$MUNIMENT" verify changed.disposed --trust office.pub --trust second.pub
says "signed by anybody" out 'no trusted key signed this'
python3 - <<'PY'
import base64
body, signature = open("shelf/old.mun.disposed", "rb").read().split(b"\n\n")
open("body", "wb").write(body + b"\n"), open("signature", "wb").write(base64.b64decode(signature.split()[3]))
PY
gives "openssl says the same" 0 openssl pkeyutl -verify -rawin -pubin -inkey office.pub -in body -sigfile signature
list >out
says "it is listed" out "old.mun  Records terminal"
says "with its end" out "disposed of on $(date -u +%Y-%m-%d): Retention ended; schedule 7"
"$MUNIMENT" log show day.log >out
says "the log has it" out "dispose \"shelf/old.mun\""
gives "fifty operands are no more than one" 0 "$MUNIMENT" ls shelf $(seq 1000 1048)
mkfifo shelf/pipe.mun.disposed
gives "a FIFO with a certificate's name does not hold up a listing" 0 timeout 20 "$MUNIMENT" ls shelf retention
rm shelf/pipe.mun.disposed
passed "words are found in a certificate, small or large" "$(grep -c 'schedule 7' out | grep -qx 1; echo $?)"
cp a.mun shelf/old.mun
cp shelf/old.mun.disposed kept.disposed && sed -i 's/Retention ended/Nothing of worth/' shelf/old.mun.disposed
gives "a certificate that another second signed removes nothing" 3 "$MUNIMENT" dispose shelf/old.mun --key office --second rootkey --reason again
gives "a certificate that nobody signed removes nothing" 3 "$MUNIMENT" dispose shelf/old.mun --key office --second second --reason again
passed "the archive stays" "$([ -e shelf/old.mun ]; echo $?)"
cp -f kept.disposed shelf/old.mun.disposed
gives "an interrupted disposal goes to its end" 0 "$MUNIMENT" dispose shelf/old.mun --key office --second second --reason again
says "with the reason of then" shelf/old.mun.disposed "reason: Retention ended; schedule 7"
cp b.mun shelf/old.mun
gives "a certificate is of one archive" 3 "$MUNIMENT" dispose shelf/old.mun --key office --second second --reason again
passed "another one stays" "$([ -e shelf/old.mun ]; echo $?)"
rm shelf/old.mun shelf/old.mun.disposed

# --- Many ---
[ -n "${LONG-}" ] && many=10000 || many=1000
mkdir many && python3 -c "import os
for n in range($many): os.link('a.mun', f'many/{n}.mun')"
began=$(date +%s%N); "$MUNIMENT" ls many >out; first=$((($(date +%s%N) - began) / 1000000))
passed "all of many are listed" "$([ "$(wc -l <out)" = $many ]; echo $?)"
began=$(date +%s%N); "$MUNIMENT" ls many >out; again=$((($(date +%s%N) - began) / 1000000))
echo "$many archives: index made in $first ms, listed again in $again ms"

facts "library.sh"
