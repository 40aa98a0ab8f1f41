#!/bin/bash
# log.sh - the office's log (spec/log.md): acts are recorded before and after, by several processes at once and through
# crashes; every change, loss and fork is found with a head of an earlier day; heads and proofs hold for log_check.py and
# openssl, which know nothing of this program. Each rule, L-1 to L-25, is broken alone.
set -eu
here=$PWD
. "$here/tests/facts.sh"
check="python3 $here/tests/log_check.py"
cd "$WORK"
export LC_ALL=C.UTF-8

"$MUNIMENT" log new day.log --origin archive.example/log >out
"$MUNIMENT" key new office.key >out
"$MUNIMENT" key new other.key >out
printf '%s\n' 'muniment: machine' 'version: 0' >bad.yaml
reader=$("$MUNIMENT" log pseudonym names "Reader of the morning")

# --- Acts ---
act() { "$MUNIMENT" verify nothing.mun --log "${1:-day.log}" --by "$reader"; }
gives "an act that fails leaves its outcome (L-14)" 3 act
says "its intent" day.log '"act":"verify","object":"nothing.mun"}'
says "its outcome" day.log '"intent":1,"outcome":"input"}'
gives "--log without --by is refused" 2 "$MUNIMENT" verify nothing.mun --log day.log
gives "a pseudonym has its characters (L-9)" 2 "$MUNIMENT" verify nothing.mun --log day.log --by "Jane Doe"
gives "a log that is not there is no log" 3 "$MUNIMENT" verify nothing.mun --log none.log --by "$reader"
gives "an archive is no log (L-6)" 3 "$MUNIMENT" verify nothing.mun --log office.key --by "$reader"
gives "a log is not replaced (L-1)" 3 "$MUNIMENT" log new day.log --origin archive.example/log
gives "an origin has its characters (L-6)" 2 "$MUNIMENT" log new other.log --origin "an archive"
gives "a name that is known keeps its pseudonym" 0 "$MUNIMENT" log pseudonym names "Reader of the morning"
says "and it is the same" out "$reader"
passed "names are their owner's (L-19)" "$([ "$(stat -c %a names)" = 600 ]; echo $?)"
passed "names are not in the log" "$(! grep -q Reader day.log; echo $?)"
gives "a full disk keeps the act from beginning (L-14)" 4 bash -c "ulimit -f 0; trap '' XFSZ; '$MUNIMENT' verify nothing.mun --log day.log --by $reader"
passed "nothing of it is in the log" "$([ "$(wc -l <day.log)" = 3 ]; echo $?)"

# --- Heads ---
"$MUNIMENT" log head day.log --key office.key -o morning.head
for i in 1 2 3; do act || :; done >out 2>err
"$MUNIMENT" log head day.log --key office.key -o noon.head
for i in 1 2 3 4 5 6; do act || :; done >out 2>err
"$MUNIMENT" log head day.log --key office.key -o evening.head
gives "the log is whole" 0 "$MUNIMENT" log verify day.log --head morning.head --head noon.head --head evening.head --trust office.key.pub
says "and says since when" out "as its heads say up to line 20"
gives "it is for a stranger" 0 $check log day.log morning.head noon.head evening.head
passed "whose checker has at most 100 lines of 120 columns" "$(awk 'length > 120 || NR > 100 { wrong = 1 } END { exit wrong }' "$here/tests/log_check.py"; echo $?)"
says "with the same root" out "$("$MUNIMENT" log verify day.log | sed -n 's/.*root *//p')"
gives "a head of another key is not trusted (L-20)" 1 "$MUNIMENT" log verify day.log --head noon.head --trust other.key.pub
sed 's/^— archive/— brchive/' noon.head >renamed.head
gives "nor a signature under another name (L-20)" 1 "$MUNIMENT" log verify day.log --head renamed.head --trust office.key.pub
sed 's/^$/\nno signature\n/' noon.head >longer.head
gives "what stands between a head and its signatures makes it none" 1 "$MUNIMENT" log verify day.log --head longer.head --trust office.key.pub
python3 -c 'head = open("noon.head").read(); line = head.splitlines()[-1]; print(head + line[:-9] + ("B" if line[-9] == "A" else "A") + line[-8:])' >forged.head
gives "nor does a head with one that does not fit beside it" 1 "$MUNIMENT" log verify day.log --head forged.head --trust office.key.pub
sed '/^$/,$d' noon.head >noon.head.note
sed -n 's/^— [^ ]* //p' noon.head | base64 -d | tail -c +5 >noon.head.sig
gives "the signature is openssl's too" 0 openssl pkeyutl -verify -pubin -inkey office.key.pub -rawin -in noon.head.note -sigfile noon.head.sig
gives "a paper head" 0 "$MUNIMENT" log head day.log --paper
says "has the root in groups" out "$("$MUNIMENT" log verify day.log | sed -n 's/.*root *\(....\)\(....\).*/\1 \2/p')"

# --- Witnesses (L-25): as c2sp.org/tlog-cosignature has it, by openssl ---
for key in witness second; do "$MUNIMENT" key new $key.key >out; done
cosign() # HEAD KEY NAME TIME: adds the line to the head
{
    python3 - "$@" <<'PY'
import base64, hashlib, subprocess, sys
head, key, name, time = sys.argv[1:]
public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout[-32:]
body = open(head).read().split("\n\n")[0] + "\n"
open("message", "w").write(f"cosignature/v1\ntime {time}\n{body}")
subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", "message", "-out", "signature"], check=True)
identity = hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]
line = base64.b64encode(identity + int(time).to_bytes(8, "big") + open("signature", "rb").read()).decode()
open(head, "a").write(f"\u2014 {name} {line}\n")
PY
}
cp noon.head cosigned.head
cosign cosigned.head witness.key witness.example/w 1795946400
gives "a head that a witness cosigned" 0 "$MUNIMENT" log verify day.log --head cosigned.head --trust office.key.pub --witness witness.key.pub
says "says by whom, and when" out 'cosigned.head: cosigned by witness.example/w at 2026-11-29T10:00:00Z'
gives "without asking for him, it is a head" 0 "$MUNIMENT" log verify day.log --head cosigned.head --trust office.key.pub
gives "one that he did not is refused" 1 "$MUNIMENT" log verify day.log --head noon.head --trust office.key.pub --witness witness.key.pub
says "with the way to get it" err 'has no cosignature by witness.key.pub that fits'
gives "each witness must have" 1 "$MUNIMENT" log verify day.log --head cosigned.head --witness witness.key.pub --witness second.key.pub
cosign cosigned.head second.key second.example 1795946401
gives "both did" 0 "$MUNIMENT" log verify day.log --head cosigned.head --witness witness.key.pub --witness second.key.pub
"$MUNIMENT" log prove day.log 3 --head cosigned.head -o cosigned.proof
gives "a proof has them, too" 0 "$MUNIMENT" log verify cosigned.proof --trust office.key.pub --witness second.key.pub
sed '2s/.*/7/' cosigned.head >other.head
gives "of another number of lines they are none" 1 "$MUNIMENT" log verify day.log --head other.head --witness witness.key.pub
sed '/^— witness/s|witness.example/w|witness.example/v|' cosigned.head >other.head
gives "nor under another name" 1 "$MUNIMENT" log verify day.log --head other.head --witness witness.key.pub
cp noon.head other.head; cosign other.head second.key witness.example/w 1795946400
gives "nor does another's count under his name" 1 "$MUNIMENT" log verify day.log --head other.head --witness witness.key.pub
python3 -c 'import base64
lines = open("cosigned.head").read().splitlines(); dash, name, text = lines[-2].split(); b = bytearray(base64.b64decode(text)); b[11] ^= 1
open("other.head", "w").write("\n".join(lines + [f"{dash} {name} {base64.b64encode(b).decode()}"]) + "\n")'
gives "one with another time beside one that fits makes it none" 1 "$MUNIMENT" log verify day.log --head other.head --witness witness.key.pub
gives "the office's key is no witness" 1 "$MUNIMENT" log verify day.log --head cosigned.head --witness office.key.pub

# --- What is changed is found (L-21, L-22) ---
heads="--head morning.head --head noon.head --head evening.head"
tampered() # FACT TEXT COMMAND...: the log changed by the command is wrong, and TEXT says where
{
    local fact=$1 text=$2
    shift 2
    "$@" <day.log >changed.log
    gives "$fact" 1 "$MUNIMENT" log verify changed.log $heads --trust office.key.pub
    says "$fact: where" out "$text"
}
tampered "a byte changed" "among lines 9 to 20" sed '12s/nothing/nothinG/'
tampered "a line dropped" "line 11: has another number" sed 12d
tampered "two lines exchanged" "line 11: has another number" sed '12{h;d};13G'
tampered "a line added" "line 12: has another number" sed '12p'
tampered "lines dropped and numbered anew" "lines at its end are lost" sed '20,$d'
tampered "all written anew by somebody who can" "among lines 0 to 2" sed "s/$reader/p-0/"
tampered "the end lost" "lines at its end are lost" head -n 12
tampered "another log" "is of another log" sed '1s/example/exampel/'
cp day.log fork.log
"$MUNIMENT" verify other.mun --log fork.log --by "$reader" >out 2>err || :
"$MUNIMENT" log head fork.log --key office.key -o fork.head
act >out 2>err || :
gives "a fork" 1 "$MUNIMENT" log verify day.log $heads --head fork.head --trust office.key.pub
gives "a head that is cut off is none" 3 "$MUNIMENT" log verify day.log --head <(head -c 20 noon.head)

# A long line is proved like any other (L-23).
"$MUNIMENT" log new long.log --origin archive.example/long >out
printf '{"line":1,"time":"2026-11-29T09:00:00Z","by":"p-1","act":"look","object":"%s"}\n' "$(head -c 60000 /dev/zero | tr '\0' a)" >>long.log
"$MUNIMENT" log head long.log --key office.key -o long.head
gives "a line of 60,000 bytes is proved" 0 "$MUNIMENT" log prove long.log 1 --head long.head -o long.proof
gives "which holds for a stranger" 0 $check proof long.proof

# --- Each line's form ---
malformed() # FACT TEXT LINE: a log with this last line is wrong
{
    { cat day.log; printf '%b\n' "$3"; } >changed.log
    gives "$1" 1 "$MUNIMENT" log verify changed.log
    says "$1: why" out "$2"
}
n=$(wc -l <day.log)
start="{\"line\":$n,\"time\":\"2026-11-29T09:00:00Z\",\"by\":\"p-1\""
{ cat day.log; printf '%s,"act":"look","object":"a"}\n' "$start"; } >good.log
gives "a line of another writer is good" 0 "$MUNIMENT" log verify good.log
gives "also for a stranger" 0 $check log good.log
malformed "white space (L-4)" "is malformed" "$start,\"act\":\"look\",\"object\":\"a\" }"
malformed "another order (L-4, L-8)" "has no time" "{\"line\":$n,\"by\":\"p-1\",\"time\":\"2026-11-29T09:00:00Z\",\"act\":\"look\",\"object\":\"a\"}"
malformed "a number that is not its own (L-7)" "has another number" "{\"line\":7${start#*$n},\"act\":\"look\",\"object\":\"a\"}"
malformed "a time of another form (L-8)" "has no time" "{\"line\":$n,\"time\":\"2026-11-29 09:00\",\"by\":\"p-1\",\"act\":\"look\",\"object\":\"a\"}"
malformed "an author of other characters (L-9)" "does not say who acted" "{\"line\":$n,\"time\":\"2026-11-29T09:00:00Z\",\"by\":\"Jane Doe\",\"act\":\"look\",\"object\":\"a\"}"
malformed "neither act nor outcome (L-10)" "has neither act" "$start}"
malformed "an outcome without act (L-11)" "is the outcome of no act" "$start,\"intent\":2,\"outcome\":\"done\"}"
malformed "an act that has ended (L-11)" "is the outcome of no act" "$start,\"intent\":1,\"outcome\":\"done\"}"
malformed "an outcome of another word (L-12)" "has no outcome" "$start,\"intent\":1,\"outcome\":\"fine\"}"
malformed "a torn line that is not the one before (L-13)" "names no line before it" "$start,\"torn\":3}"
malformed "a torn line that is whole (L-13)" "and that is whole" "$start,\"torn\":$((n - 1))}"
malformed "a control that is not escaped (L-5)" "has no act and object" "$start,\"act\":\"look\",\"object\":\"a\\0001b\"}"
malformed "an escape that is not needed (L-5)" "has no act and object" "$start,\"act\":\"look\",\"object\":\"\\\\n\"}"
malformed "bytes that are no UTF-8 (L-5)" "has no act and object" "$start,\"act\":\"look\",\"object\":\"\\0377\"}"
malformed "no JSON (L-18)" "does not begin" "hello"
malformed "a line that is too long (L-3)" "is too long" "$start,\"act\":\"look\",\"object\":\"$(head -c 66000 /dev/zero | tr '\0' a)\"}"
printf '%s' "$start" | cat day.log - >torn.log
gives "a line without line feed is torn, and no damage (L-2)" 0 "$MUNIMENT" log verify torn.log $heads
says "it is named" out "line $n: is torn"
gives "the next act closes it (L-17)" 3 act torn.log
says "and says so" torn.log "\"torn\":$n}"
gives "the rest stands (L-18)" 0 "$MUNIMENT" log verify torn.log $heads
says "the torn line is named" out "line $n: was torn by a crash"
gives "also for a stranger" 0 $check log torn.log evening.head
printf '%s\n' "$start" | cat day.log - >twice.log # the crash came between the line feed and the line that says so
gives "a torn line that has its line feed, and nothing after it" 1 "$MUNIMENT" log verify twice.log $heads
gives "is said to be torn by the next act (L-17)" 3 act twice.log
gives "and the rest stands (L-18)" 0 "$MUNIMENT" log verify twice.log $heads
says "it is named" out "line $n: was torn by a crash"
lines=$(wc -l <twice.log)
act twice.log >out 2>err || :
passed "once" "$([ "$(grep -c '"torn"' twice.log)" = 1 ] && [ "$(wc -l <twice.log)" = $((lines + 2)) ]; echo $?)"
printf 'archive.example/log\n0\n%s\n' "$(printf x | openssl dgst -sha256 -binary | base64)" >none.head
gives "a head of no lines is none" 3 "$MUNIMENT" log verify day.log --head none.head

# --- Several writers, one of them killed (L-15, L-16) ---
"$MUNIMENT" log new busy.log --origin archive.example/busy >out
for writer in 1 2 3 4; do
    (for i in $(seq 12); do "$MUNIMENT" verify nothing.mun --log busy.log --by "w-$writer" >/dev/null 2>&1 || :; done) &
done
(for i in $(seq 12); do
    "$MUNIMENT" verify nothing.mun --log busy.log --by w-5 >/dev/null 2>&1 &
    pid=$!
    sleep 0.0$((RANDOM % 10))
    kill -9 $pid 2>/dev/null || :
    wait $pid 2>/dev/null || :
done) &
wait
gives "four writers and one that is killed" 0 "$MUNIMENT" log verify busy.log
for writer in 1 2 3 4; do
    passed "writer $writer: all acts and outcomes" "$([ "$(grep -c "\"w-$writer\",\"act\"" busy.log)" = 12 ]; echo $?)"
done
gives "whole for a stranger" 0 $check log busy.log

# --- Proofs (L-23, L-24) ---
"$MUNIMENT" log head day.log --key office.key -o last.head
lines=$(wc -l <day.log)
for file in morning last; do
    size=$(sed -n 2p $file.head)
    for ((i = 0; i < size; i++)); do
        "$MUNIMENT" log prove day.log $i --head $file.head -o $file.proof --force
        $check proof $file.proof && "$MUNIMENT" log verify $file.proof --trust office.key.pub >out || echo "$file $i" >>bad
    done
    "$MUNIMENT" log prove day.log --from morning.head --head $file.head >growth
    $check growth growth morning.head || echo "$file growth" >>bad
done
passed "each line of each head is proved, and each growth" "$([ ! -e bad ]; echo $?)"
for size in 1 2 3 4 5 6 7 8 9 13 15 16 17 27 31 32 33; do # the shapes of a tree
    for half in $((size / 2 + 1)) $size; do
        head -n $half busy.log >short.log
        "$MUNIMENT" log head short.log -o "s$half.head" --force
    done
    "$MUNIMENT" log prove busy.log $((size * 7 % size)) --head "s$size.head" -o proof --force && $check proof proof || echo "s$size" >>bad
    "$MUNIMENT" log prove busy.log --from "s$((size / 2 + 1)).head" --head "s$size.head" -o growth --force && $check growth growth "s$((size / 2 + 1)).head" || echo "g$size" >>bad
done
passed "in a log of any length" "$([ ! -e bad ]; echo $?)"
gives "a proof holds without anybody's word" 0 "$MUNIMENT" log verify last.proof
gives "not as another line" 1 "$MUNIMENT" log verify <(sed 's/^index .*/index 4/' last.proof)
gives "not with another path" 1 "$MUNIMENT" log verify <(sed '5s/.*/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=/' last.proof)
gives "not as another text" 1 "$MUNIMENT" log verify <(sed "s/^extra .*/extra aGVsbG8=/" last.proof)
gives "not under another's key" 1 "$MUNIMENT" log verify last.proof --trust other.key.pub
gives "no proof with a head of another log" 1 "$MUNIMENT" log prove day.log 3 --head fork.head
gives "no line that is not there" 2 "$MUNIMENT" log prove day.log "$lines" --head last.head

# --- The tree beside the log is no evidence ---
for damage in "rm day.log.tree" "truncate -s 100 day.log.tree" "truncate -s 0 day.log.tree" "cp busy.log.tree day.log.tree" "cp day.log day.log.tree"; do
    $damage
    gives "$damage: acts go on" 3 act
    gives "$damage: proofs too" 0 "$MUNIMENT" log prove day.log 3 --head noon.head
    gives "$damage: the log is whole" 0 "$MUNIMENT" log verify day.log $heads
done
for ((i = 0; i < 15; i++)); do # a bit of it anywhere: a proof is right, or there is none
    cp day.log.tree sound.tree
    python3 - "$i" <<'PY'
import random, sys
random.seed(sys.argv[1]); b = bytearray(open("day.log.tree", "rb").read()); b[random.randrange(len(b))] ^= 1 << random.randrange(8)
open("day.log.tree", "wb").write(b)
PY
    "$MUNIMENT" log prove day.log 3 --head noon.head -o proof --force 2>err && ! $check proof proof && echo "tree $i" >>bad
    cp sound.tree day.log.tree
done
passed "a damaged tree never makes a proof that does not hold" "$([ ! -e bad ]; echo $?)"

# --- A million lines: the times, of which 10 s and 10 ms of a processor are the goals, are printed, as they depend on load ---
if [ -n "${LONG-}" ]; then
    acts million.log big.example/log 1000000
    TIMEFORMAT=%U
    gives "a million lines are whole" 0 "$MUNIMENT" log verify million.log
    took=$({ time "$MUNIMENT" log verify million.log >out; } 2>&1)
    gives "they have a head" 0 "$MUNIMENT" log head million.log --key office.key -o million.head
    gives "a line of them is proved" 0 "$MUNIMENT" log prove million.log 123456 --head million.head -o proof --force
    one=$({ time "$MUNIMENT" log prove million.log 777777 --head million.head -o proof --force; } 2>&1)
    echo "a million lines: verified in $took s, a line proved in $one s"
fi
facts log
