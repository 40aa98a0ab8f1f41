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
says "two of one machine are copies" out "2 copies"
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
mv shelf/ledger.mun ledger.mun && list >out
passed "what is gone is not listed" "$(! grep -q ledger out; echo $?)"
mv ledger.mun shelf/register.mun && list >out
says "what has another name is" out "register.mun"
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
passed "what was found good is not due" "$([ ! -s out ]; echo $?)"
list --log day.log payroll >out
says "and shows when" out "$(date -u +%Y-%m-%d) trusted"
list --due 0 --log day.log >before; sleep 1.1; list --due 0 --log day.log >out
passed "until the days have passed" "$([ "$(wc -l <out)" = 2 ]; echo $?)"

# --- Many ---
[ -n "${LONG-}" ] && many=10000 || many=1000
mkdir many && for ((n = 0; n < many; n++)); do ln a.mun "many/$n.mun"; done
began=$(date +%s%N); "$MUNIMENT" ls many >out; first=$((($(date +%s%N) - began) / 1000000))
passed "all of many are listed" "$([ "$(wc -l <out)" = $many ]; echo $?)"
began=$(date +%s%N); "$MUNIMENT" ls many >out; again=$((($(date +%s%N) - began) / 1000000))
echo "$many archives: index made in $first ms, listed again in $again ms"

facts "library.sh"
