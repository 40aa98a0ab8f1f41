#!/bin/bash
# evidence.sh - evidence beside archives (spec/evidence.md): batches, time stamps by `openssl ts`, keys judged at the stamped
# time; rights (spec/rights.md): closures by archive, drive and path, later decisions, chains, review. A red team's list of
# attacks is at the end, each with the verdict that it must get.
set -u
here=$PWD
. "$here/tests/facts.sh"
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
cd "$WORK"
export LC_ALL=C.UTF-8 TZ=UTC

for key in office second work later stranger rootkey; do "$MUNIMENT" key new $key >out; done
"$MUNIMENT" key root rootkey.pub --name Office -o office.root >out
certify() { "$MUNIMENT" key certify "$1.pub" --root office.root --key rootkey --name "$1" --from "$2" --until "$3" -o "$1.cert" ${4:-} --force; }
certify work 2020-01-01 2099-01-01 >out
certify second 2020-01-01 2099-01-01 --office >out
"$MUNIMENT" seal records.yaml --description records-description.yaml -o open.mun --key work >out
trust="--trust office.root --trust work.cert --trust second.cert"
"$MUNIMENT" log new office.log --origin registry.example/log >out
# The folder of an archive's batches.
beside()
{
    local folder=. digest
    [[ $1 != */* ]] || folder=${1%/*}
    digest=$(tar -xOf "$1" --occurrence content.txt | sha256sum)
    echo "$folder/${digest:0:16}.evidence"
}
read_one() { "$MUNIMENT" files "$1" RECORDS/P1021.TXT "${@:2}"; }

# --- An authority for time stamps, by openssl ts ---

authority() # NAME DAYS [EXTENSION]: a CA and a certificate that it gave
{
    mkdir -p "$1"
    (
        cd "$1" || exit
        LD_PRELOAD=$WORK/clock.so CLOCK=1000000000 openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 36500 -subj "/CN=$1 CA"
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tsa.key -out tsa.csr -subj "/CN=$1 TSA"
        printf '%s\n' extendedKeyUsage=critical,timeStamping ${3:+"$3"} >tsa.ext
        echo 01 >serial; : >index.txt; echo 01 >crlnumber; echo 01 >tsaserial
        cat >ca.cnf <<CNF
[ca]
default_ca=x
[x]
database=$PWD/index.txt
serial=$PWD/serial
crlnumber=$PWD/crlnumber
new_certs_dir=$PWD
certificate=$PWD/ca.pem
private_key=$PWD/ca.key
default_md=sha256
default_crl_days=30
policy=p
[p]
commonName=supplied
[tsa]
default_tsa=t
[t]
serial=$PWD/tsaserial
crypto_device=builtin
signer_cert=$PWD/tsa.pem
signer_key=$PWD/tsa.key
signer_digest=sha256
default_policy=1.2.3.4
digests=sha256,sha512
ess_cert_id_alg=sha256
CNF
        openssl ca -batch -config ca.cnf -in tsa.csr -out tsa.pem -extfile tsa.ext $2
    ) >"$1.log" 2>&1
}
# tsa NAME [DATE]: the command that asks it, on another day.
tsa() { echo "cat >q.tsq; ${2:+LD_PRELOAD=$WORK/clock.so CLOCK=$(date -d "$2" +%s)} openssl ts -reply -config $WORK/$1/ca.cnf -section t -queryfile q.tsq 2>>log"; }
gcc -shared -fPIC -o clock.so "$here/tests/clock.c" -ldl || exit 1
authority good "-days 3650"
authority long "-startdate 20100101000000Z -enddate 20990101000000Z"
authority other "-days 3650"
authority expired "-startdate 20200101000000Z -enddate 20210101000000Z"

# --- Stamps ---

gives "a signature is stamped" 0 "$MUNIMENT" stamp open.mun --tsa "$(tsa good)" --key work --log office.log --by archivist-1
batch=$(ls $(beside open.mun)/*.batch)
passed "B-1: the batch is named by its digest" $([ "$(sha256sum <"$batch" | cut -d' ' -f1).batch" = "${batch##*/}" ]; echo $?)
passed "and read-only" $([ "$(stat -c %a "$batch")" = 444 ]; echo $?)
gives "verify reports since when it is proved" 0 "$MUNIMENT" verify open.mun $trust --tsa-trust good/ca.pem
says "by the time of the stamp" out '  proved        since 2'
says "by whom, and when that expires" out 'by /CN=good TSA, whose certificate expires on'
gives "without an authority that is trusted it is only claimed" 0 "$MUNIMENT" verify open.mun $trust
passed "and nothing is proved" $(grep -c '  proved' out)
says "for that reason" out 'no authority that is trusted made it'
sed -n 's/^stamp: signature //p' "$batch" | base64 -d >stamp.tsr
tar -xf open.mun evidence
gives "openssl ts finds the same" 0 openssl ts -verify -in stamp.tsr -data evidence/00000000/statement.sig -CAfile good/ca.pem
says "B-16: the digests that renewals need are kept" "$batch" "file: sha512 $(stat -c %s open.mun) $(sha512sum <open.mun | cut -d' ' -f1)"
passed "SHA-3 too" $(grep -q "^file: sha3-512 .* $(openssl dgst -sha3-512 -r open.mun | cut -d' ' -f1)$" "$batch"; echo $?)
gives "a batch can be stamped as well" 0 "$MUNIMENT" stamp open.mun --tsa "$(tsa other)" --about "$(basename "$batch" .batch)" --log office.log --by archivist-1
gives "both are found" 0 "$MUNIMENT" verify open.mun $trust --tsa-trust good/ca.pem --tsa-trust other/ca.pem
passed "each in a line" $([ "$(grep -c 'stamped 2' out)" = 2 ]; echo $?)
passed "B-6: the second stands on the first" $(grep -q "^stands-on: $(basename "$batch" .batch)$" $(beside open.mun)/*.batch; echo $?)
gives "an authority that answers something else" 4 "$MUNIMENT" stamp open.mun --tsa "echo no"
gives "one that fails" 4 "$MUNIMENT" stamp open.mun --tsa "exit 3"
gives "a stamp over a batch that is not there" 3 "$MUNIMENT" stamp open.mun --tsa "$(tsa good)" --about "$(printf '0%.0s' $(seq 64))"
gives "B-10: an authority whose certificate has expired stamps nothing" 0 "$MUNIMENT" stamp open.mun --tsa "$(tsa expired)"
gives "for verify" 0 "$MUNIMENT" verify open.mun $trust --tsa-trust expired/ca.pem
passed "nothing is proved" $(grep -c '  proved' out)

# An authority by HTTP, and what is refused of one that answers badly.
python3 "$here/tests/tsa.py" good/ca.cnf port >>log 2>&1 &
server=$!
trap 'kill $server' EXIT
for ((n = 0; n < 100; n++)); do [ -s port ] && break; sleep 0.1; done
address=http://127.0.0.1:$(cat port)
mkdir web; cp open.mun web/web.mun
gives "an authority is asked by its address" 0 "$MUNIMENT" stamp web/web.mun --tsa "$address/good" --key work
says "as RFC 3161 has it" port.asked 'POST /good application/timestamp-query'
gives "its stamp is as good" 0 "$MUNIMENT" verify web/web.mun $trust --tsa-trust good/ca.pem
says "for verify" out '  proved        since 2'
gives "a type may have parameters" 0 "$MUNIMENT" stamp web/web.mun --tsa "$address/parameter" --key work
badly() # FACT PATH TEXT OPTION...: nothing is taken
{
    gives "B-17: $1 is no answer" 4 timeout 20 "$MUNIMENT" stamp web/web.mun --tsa "$address$2" --key work --timeout 2 "${@:4}"
    says "$1: says why" err "$3"
}
for path in nonce ordering; do gives "$path: a stamp is as good with it" 0 "$MUNIMENT" stamp web/web.mun --tsa "$address/$path" --key work; done
gives "B-18: a policy is asked for, and got" 0 "$MUNIMENT" stamp web/web.mun --tsa "$address/good" --key work --policy 1.2.3.4
gives "verify reports it" 0 "$MUNIMENT" verify web/web.mun $trust --tsa-trust good/ca.pem
says "by its number" out 'under policy 1.2.3.4 by /CN=good TSA'
gives "what is no policy is not asked for" 2 "$MUNIMENT" stamp web/web.mun --tsa "$address/good" --policy any
batches=$(ls $(beside web/web.mun) | wc -l)
badly "another policy than the one that was asked for" /policy 'gave a stamp of policy 1.2.3.4, not 1.2.3.5' --policy 1.2.3.5
badly "a policy that the authority has not" /good 'it is a refusal of the authority' --policy 1.2.3.5
badly "a refusal" /refusal 'it is a refusal of the authority'
badly "another digest" /imprint 'it is not over a SHA-256'
badly "a time that has not come" /ahead 'it is of a time that has not come yet'
badly "a time of two hours" /vague 'it is less accurate than an hour'
badly "another type" /type 'answered 200 text/html, not 200 application/timestamp-reply'
badly "a type that begins so" /types 'answered 200 application/timestamp-replyx'
badly "another type that says it was the right one" /posing 'answered 200 text/html'
badly "a redirection, whatever comes with it" /redirect 'answered 302'
passed "it was not followed" $(grep -c '^GET' port.asked)
badly "a redirection to a file" /file 'answered 301'
badly "an error" /error 'exit status 22'
badly "a stamp over something else" /other 'it is over something else'
badly "a stamp and more" /again 'it is no time stamp of RFC 3161'
badly "a stamp that is cut off" /short 'exit status 18'
badly "nothing" /empty 'gave what is no stamp'
badly "an answer without end" /long 'more than 65792 bytes'
badly "an answer of a terabyte" /announced 'more than 65792 bytes'
badly "an answer byte by byte" /slow 'exit status 28'
badly "silence" /silent 'exit status 28'
# Lists of revoked certificates are fetched from where the certificates say (B-19 to B-21).
pointing() # NAME ADDRESS: an authority whose certificate names an address of lists, and an archive to be stamped by it
{
    authority "$1" "-days 3650" "crlDistributionPoints=URI:$2"
    (cd "$1" && openssl ca -config ca.cnf -gencrl -out list.crl) >>log 2>&1
    mkdir "$1/at" && cp open.mun "$1/at/o.mun"
}
asked() { grep -c '^GET' port.asked; }
kept() { grep -hc '^crl: ' "$(beside "$1/at/o.mun")"/*.batch; }
fetches() { gives "$1" "$2" timeout 60 "$MUNIMENT" stamp "$3/at/o.mun" --tsa "$(tsa "$3")" --timeout 2 "${@:4}"; }
pointing listed-at "$address/list"; cp listed-at/list.crl port.list
before=$(asked)
fetches "an authority that is not trusted names a list" 0 listed-at
fetches "a list is given" 0 listed-at --tsa-trust listed-at/ca.pem --crl listed-at/list.crl
passed "B-19: neither is fetched" $(($(asked) != before))
rm -r "$(beside listed-at/at/o.mun)"
fetches "one that is trusted does" 0 listed-at --tsa-trust listed-at/ca.pem
passed "it is fetched" $(($(asked) != before + 1))
passed "and kept" $(($(kept listed-at) != 1))
gives "verify uses it" 0 "$MUNIMENT" verify listed-at/at/o.mun $trust --tsa-trust listed-at/ca.pem
says "the stamp is good" out '  proved        since 2'
passed "and nothing is missing" $(grep -c 'no list says' out)
(cd listed-at && openssl ca -config ca.cnf -revoke tsa.pem -crl_reason keyCompromise && openssl ca -config ca.cnf -gencrl -out ../port.list) >>log 2>&1
rm -r "$(beside listed-at/at/o.mun)"
fetches "B-21: by its list it was revoked" 4 listed-at --tsa-trust listed-at/ca.pem
says "which is said" err 'gave what is no stamp: its authority was revoked on'
passed "and nothing is kept" $([ ! -e "$(beside listed-at/at/o.mun)" ]; echo $?)
for case in "moved /file gave no list" "elsewhere /moved-list gave no list" "text /empty gave no list" "long /long more than 65536 bytes" "silent /silent exit status 28" "missing /nowhere exit status 52"; do
    read -r name path text <<<"$case"
    name=lists-$name
    pointing "$name" "$address$path"
    fetches "B-20: $name: a list that is not to be had is no fault" 0 "$name" --tsa-trust "$name/ca.pem"
    says "$name: it is named" err "$address$path: "
    says "$name: and why" err "$text"
    passed "$name: nothing is kept of it" $(kept "$name")
done
passed "B-20: a redirection was not followed" $(grep -c '^GET /list' port.asked | grep -qx 2; echo $?)
before=$(asked)
pointing lists-quoted "$address/list\\'x"; pointing lists-local "file://$WORK/port.list"
passed "a certificate names an address with a quote" $(openssl x509 -in lists-quoted/tsa.pem -noout -text | grep -q "list'x"; echo $?)
for name in lists-quoted lists-local; do
    fetches "B-19: $name: another address is not asked" 0 $name --tsa-trust $name/ca.pem
    passed "$name: nothing is kept" $(kept $name)
done
passed "nobody was asked" $(($(asked) != before))
kill $server; wait $server 2>/dev/null
trap - EXIT
badly "nobody" /good 'exit status 7'
passed "B-18: nothing of it was kept" $([ "$(ls $(beside web/web.mun) | wc -l)" = "$batches" ]; echo $?)
gives "an address that would end its quotes" 2 "$MUNIMENT" stamp open.mun --tsa "http://x/';touch broken'"
passed "runs nothing" $([ ! -e broken ]; echo $?)
gives "a time that is none" 2 "$MUNIMENT" stamp open.mun --tsa "$address/good" --timeout soon
gives "a command without end is ended" 4 timeout 20 "$MUNIMENT" stamp open.mun --tsa "cat /dev/zero"
# A command that hangs is ended, with all that it began.
hangs() # FACT COMMAND: nothing is taken, and nothing of it runs on
{
    gives "$1" 4 timeout 20 "$MUNIMENT" stamp open.mun --tsa "$2" --timeout 1
    says "$1: says why" err 'did not end within 1 seconds'
    passed "$1: nothing of it runs on" $(pgrep -c -f "sleep 98765$$")
}
hangs "a command that hangs" "sleep 98765$$"
hangs "one that has left its session" "setsid sleep 98765$$; true"
hangs "one whose children have, each in its own" "for n in 1 2 3; do setsid sh -c 'setsid sleep 98765$$ & setsid sleep 98765$$' & done; wait"
hangs "one whose children hang" "trap '' TERM; sleep 98765$$ & sleep 98765$$ & wait"
hangs "one that has closed its output" "exec >&-; sleep 98765$$; true"
hangs "one that has answered, and whose child holds the output" "$(tsa good); sleep 98765$$ &"
mkdir left; cp open.mun left/
gives "one that has answered is taken" 0 "$MUNIMENT" stamp left/open.mun --tsa "$(tsa good); sleep 98765$$ >left/out 2>&1 &"
passed "what it left is ended, too" $(pgrep -c -f "sleep 98765$$")
mkdir daemon; cp open.mun daemon/
gives "one that has answered, and left a daemon" 0 "$MUNIMENT" stamp daemon/open.mun --tsa "$(tsa good); (setsid sleep 98765$$ >daemon/out 2>&1 &)"
passed "the daemon is ended, too" $(pgrep -c -f "sleep 98765$$")
# One file is stamped and digested: whoever changes or replaces it meanwhile gets no batch.
mkdir moved; cp open.mun moved/m.mun
at=$(($(stat -c %s open.mun) / 2))
for change in "printf X | dd of=moved/m.mun bs=1 seek=$at conv=notrunc" "cp --remove-destination open.mun moved/m.mun" "truncate -s $at moved/m.mun"; do
    gives "B-16: a file is changed while the authority is asked: ${change%% *}" 3 "$MUNIMENT" stamp moved/m.mun --tsa "$(tsa good); sleep 1; $change 2>>log"
    passed "nothing is kept of it" $([ ! -e "$(beside open.mun | sed 's|^[.]|moved|')" ]; echo $?)
    cp open.mun moved/m.mun
done
gives "a command may hold an address" 4 "$MUNIMENT" stamp open.mun --tsa "echo http://127.0.0.1/"
says "it was run" err 'gave what is no stamp'

gives "what is no list of revoked certificates is not kept" 3 "$MUNIMENT" stamp open.mun --tsa "$(tsa good)" --crl work.pub
gives "an authority's certificate that is none" 3 "$MUNIMENT" verify open.mun $trust --tsa-trust work.pub
gives "or not there" 3 "$MUNIMENT" verify open.mun $trust --tsa-trust nowhere.pem
mkdir ahead; cp open.mun ahead/
gives "a stamp of 2030, taken in 2030" 0 env LD_PRELOAD=./clock.so CLOCK="$(date -d 2030-06-01 +%s)" "$MUNIMENT" stamp ahead/open.mun --tsa "$(tsa good 2030-06-01)"
gives "B-13: is no error before that" 0 "$MUNIMENT" verify ahead/open.mun $trust --tsa-trust good/ca.pem
says "for that reason" out 'is of a time that has not come yet'
passed "but proves nothing" $(grep -c '  proved' out)

# Keys are judged at the stamped time (B-15).
today=$(date +%F) tomorrow=$(date -d tomorrow +%F)
revoke() { "$MUNIMENT" key revoke work.pub --root office.root --key rootkey --second second --since "$1" --reason compromised -o work.revoked --force >out; }
revoke "$tomorrow"
gives "a key that was lost after the stamp is trusted for what it signed before" 0 "$MUNIMENT" verify open.mun $trust --trust work.revoked --tsa-trust good/ca.pem
says "and it is said why" out "compromised since $tomorrow; it had signed before, on $today"
gives "not without the stamp" 1 "$MUNIMENT" verify open.mun $trust --trust work.revoked
gives "a use of the archive is judged alike" 0 "$MUNIMENT" info open.mun $trust --trust work.revoked --tsa-trust good/ca.pem
gives "without the stamp, too" 1 "$MUNIMENT" info open.mun $trust --trust work.revoked
revoke 2021-01-01
gives "a key that was lost before the stamp is not" 1 "$MUNIMENT" verify open.mun $trust --trust work.revoked --tsa-trust good/ca.pem

# A revoked authority (B-11): the reason decides.
for reason in keyCompromise superseded; do
    authority "r$reason" "-days 3650"
    cp open.mun "r$reason/r.mun"
    "$MUNIMENT" stamp "r$reason/r.mun" --tsa "$(tsa "r$reason")" >out
    sleep 1.1
    (cd "r$reason" && openssl ca -config ca.cnf -revoke tsa.pem -crl_reason $reason && openssl ca -config ca.cnf -gencrl -out crl.pem) >>log 2>&1
    "$MUNIMENT" stamp "r$reason/r.mun" --tsa "$(tsa good)" --crl "r$reason/crl.pem" >out
done
gives "an authority whose key was lost proves nothing" 1 "$MUNIMENT" verify rkeyCompromise/r.mun $trust --tsa-trust rkeyCompromise/ca.pem
says "and is named" out 'its authority was revoked on'
gives "one that was superseded later proves what it stamped before" 0 "$MUNIMENT" verify rsuperseded/r.mun $trust --tsa-trust rsuperseded/ca.pem
says "it does" out '  proved        since'

# An authority whose certificate has expired since, or whose key was lost later: another stamp shows that the first is older (B-12).
mkdir old; cp open.mun old/o.mun
gives "a stamp of 2020, by an authority that expired in 2021" 0 "$MUNIMENT" stamp old/o.mun --tsa "$(tsa expired 2020-06-01)"
batch=$(basename "$(beside old/o.mun)"/*.batch .batch)
gives "is no error" 0 "$MUNIMENT" verify old/o.mun $trust --tsa-trust expired/ca.pem
passed "but proves nothing" $(grep -c '  proved' out)
says "for that reason" out 'its authority expired on 2021-01-01, and no later stamp shows that it is older'
cp -r old late
gives "a stamp over it, of after that" 0 "$MUNIMENT" stamp late/o.mun --tsa "$(tsa long 2021-06-01)" --about "$batch"
gives "changes nothing" 0 "$MUNIMENT" verify late/o.mun $trust --tsa-trust expired/ca.pem --tsa-trust long/ca.pem
passed "nothing is proved" $(grep -c '  proved' out)
gives "a stamp over it, of before" 0 "$MUNIMENT" stamp old/o.mun --tsa "$(tsa long 2020-12-01)" --about "$batch"
gives "is taken" 0 "$MUNIMENT" verify old/o.mun $trust --tsa-trust expired/ca.pem --tsa-trust long/ca.pem
says "the first is as good as it was" out '  proved        since 2020-06-01T00:00:00Z'
gives "if its authority is trusted" 0 "$MUNIMENT" verify old/o.mun $trust --tsa-trust expired/ca.pem
passed "else nothing is proved" $(grep -c '  proved' out)
authority stolen "-startdate 20200101000000Z -enddate 20990101000000Z"
mkdir robbed; cp open.mun robbed/r.mun
"$MUNIMENT" stamp robbed/r.mun --tsa "$(tsa stolen 2025-01-01)" >out
batch=$(basename "$(beside robbed/r.mun)"/*.batch .batch)
(cd stolen && openssl ca -config ca.cnf -revoke tsa.pem -crl_reason keyCompromise && openssl ca -config ca.cnf -gencrl -out crl.pem) >>log 2>&1
"$MUNIMENT" stamp robbed/r.mun --tsa "$(tsa long)" --crl stolen/crl.pem >out
both="--tsa-trust stolen/ca.pem --tsa-trust long/ca.pem"
gives "a stamp of before the loss of its key is wrong" 1 "$MUNIMENT" verify robbed/r.mun $trust $both
says "if nothing shows that it is" out "its authority was revoked on $today, and no later stamp shows that it is older"
gives "another authority shows it" 0 "$MUNIMENT" stamp robbed/r.mun --tsa "$(tsa long 2025-02-01)" --about "$batch"
gives "so that it is good" 0 "$MUNIMENT" verify robbed/r.mun $trust $both
says "from its time on" out '  proved        since 2025-01-01T00:00:00Z'
# An authority under an intermediate one: a list of any certificate of its chain counts (RFC 5280, section 6).
mkdir tall
at() { env LD_PRELOAD="$WORK/clock.so" CLOCK="$(date -d "$1" +%s)" openssl "${@:2}" 2>>"$WORK/log"; } # DATE ARGUMENT...: on that day
ca() # NAME: the configuration of an authority of certificates
{
    mkdir $1.d; echo 01 >$1.d/serial; : >$1.d/index; echo 01 >$1.d/number
    printf '[ca]\ndefault_ca=x\n[x]\ndatabase=%s/index\nserial=%s/serial\ncrlnumber=%s/number\nnew_certs_dir=%s\ncertificate=%s.pem\nprivate_key=%s.key\ndefault_md=sha256\ndefault_crl_days=30\nunique_subject=no\npolicy=p\n[p]\ncommonName=supplied\n' \
        $1.d $1.d $1.d $1.d $1 $1 >$1.cnf
}
(
    cd tall || exit
    new="req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    ca root; ca middle
    at 2010-01-01 $new -x509 -keyout root.key -out root.pem -days 36500 -subj "/CN=tall root"
    at 2010-01-01 $new -x509 -keyout forged.key -out forged.pem -days 36500 -subj "/CN=tall root"
    at 2010-01-01 $new -keyout middle.key -out middle.csr -subj "/CN=tall middle"
    printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' >middle.ext
    openssl ca -batch -config root.cnf -in middle.csr -out middle.pem -extfile middle.ext -startdate 20100101000000Z -enddate 20960101000000Z
    at 2010-01-01 $new -keyout tsa.key -out tsa.csr -subj "/CN=tall TSA"
    openssl ca -batch -config middle.cnf -in tsa.csr -out tsa.pem -extfile ../good/tsa.ext -startdate 20100101000000Z -enddate 20990101000000Z
    sed "s|/good/|/tall/|; s|^default_policy|certs=$PWD/middle.pem\n&|" ../good/ca.cnf >ca.cnf; echo 01 >tsaserial
    sed 's/forged.d/root.d/; s/root.pem/forged.pem/; s/root.key/forged.key/' root.cnf >forged.cnf
    for ca in root middle; do at 2024-05-01 ca -config $ca.cnf -gencrl -out $ca.crl; done
    at 2020-05-01 ca -config root.cnf -gencrl -out expired.crl
    revoked() { cp -r root.d kept.d; at "$2" ca -config root.cnf -revoke middle.pem -crl_$3 "$4"; at "$5" ca -config "${6:-root}.cnf" -gencrl -out $1.crl; rm -r root.d; mv kept.d root.d; }
    revoked before 2024-04-01 reason superseded 2024-05-01
    revoked lost 2025-04-01 reason keyCompromise 2025-05-01
    revoked since 2025-04-01 reason superseded 2025-05-01
    revoked stolen 2025-04-01 compromise 20240401000000Z 2025-05-01
    revoked old 2020-04-01 reason superseded 2020-05-01
    revoked forgery 2024-04-01 reason keyCompromise 2024-05-01 forged
) >>log 2>&1
cp open.mun tall/t.mun
gives "an authority under another" 0 "$MUNIMENT" stamp tall/t.mun --tsa "$(tsa tall 2024-05-05)"
mv "$(beside tall/t.mun)" tall/first
listed() # FACT STATUS TEXT CRL...: what verify says with these lists
{
    local fact=$1 status=$2 text=$3
    rm -rf "$(beside tall/t.mun)"; cp -r tall/first "$(beside tall/t.mun)"
    "$MUNIMENT" stamp tall/t.mun --tsa "$(tsa other)" $(printf -- '--crl tall/%s.crl ' "${@:4}") >out 2>err || cat err
    gives "B-11: $fact" "$status" "$MUNIMENT" verify tall/t.mun $trust --tsa-trust tall/root.pem
    says "$fact: says so" out "$text"
}
gives "without any list it is good" 0 "$MUNIMENT" verify tall/t.mun --evidence tall/first $trust --tsa-trust tall/root.pem
says "and it is said that there is none" out 'by /CN=tall TSA, whose certificate expires on 2096-01-01: stamp again before; no list says whether it was revoked'
listed "a list of each of the two" 0 'whose certificate expires on 2096-01-01: stamp again before' root middle
passed "then nothing more is said" $(grep -c 'no list says' out)
listed "of the intermediate one's issuer alone" 0 'no list says whether it was revoked' root
listed "of the first one's alone" 0 'no list says whether it was revoked' middle
listed "one that had expired before the stamp" 0 'no list says whether it was revoked' expired middle
listed "the intermediate one was revoked before" 1 'an authority above it was revoked on 2024-04-01' before middle
listed "an expired list says so" 1 'an authority above it was revoked on 2020-04-01' old
listed "its key was lost later, and nothing shows that the stamp is older" 1 'an authority above it was revoked on 2025-04-01, and no later stamp' lost middle
listed "it was superseded later" 0 '  proved        since 2024-05-05' since middle
listed "the day of the loss counts, not that of the revocation" 1 'an authority above it was revoked on 2024-04-01' stolen
listed "a list of another key under its issuer's name is none" 0 '  proved        since 2024-05-05' forgery
# The digest is SHA-256, and the time the latest that the accuracy allows (B-13).
tar -xf open.mun evidence/00000000/statement.sig
for digest in sha1 sha512; do
    sed -i 's/^digests=.*/digests=sha1,sha256,sha512/' good/ca.cnf
    gives "a stamp over another digest, $digest, is none" 4 "$MUNIMENT" stamp open.mun --tsa "openssl ts -query -data $WORK/evidence/00000000/statement.sig -$digest -cert -out q.tsq 2>>log; openssl ts -reply -config $WORK/good/ca.cnf -section t -queryfile q.tsq 2>>log"
    says "for that reason, $digest" err 'it is not over a SHA-256'
done
mkdir asked; cp open.mun asked/a.mun
gives "a stamp that somebody else asked for, with a nonce" 0 "$MUNIMENT" stamp asked/a.mun --tsa "openssl ts -query -data $WORK/evidence/00000000/statement.sig -sha256 -cert -out q.tsq 2>>log; openssl ts -reply -config $WORK/good/ca.cnf -section t -queryfile q.tsq 2>>log"
gives "is as good" 0 "$MUNIMENT" verify asked/a.mun $trust --tsa-trust good/ca.pem
says "as any" out '  proved        since'
# One that does not say which certificate it is of (B-10: RFC 3161, section 2.4.2).
sed -n 's/^stamp: signature //p' "$(beside asked/a.mun)"/*.batch | base64 -d >named.tsr
{ openssl ts -reply -in named.tsr -token_out -out named.der && openssl cms -verify -noverify -inform DER -in named.der -out info.der &&
    openssl cms -sign -binary -nodetach -econtent_type 1.2.840.113549.1.9.16.1.4 -md sha256 -in info.der -signer good/tsa.pem -inkey good/tsa.key -outform DER -out bare.der; } 2>>log
python3 -c 'token = open("bare.der", "rb").read(); open("bare.tsr", "wb").write(b"\x30\x82" + (len(token) + 5).to_bytes(2, "big") + bytes([0x30, 3, 2, 1, 0]) + token)'
mkdir unnamed; cp open.mun unnamed/u.mun
gives "a stamp that names no certificate" 0 "$MUNIMENT" stamp unnamed/u.mun --tsa "cat $WORK/bare.tsr"
gives "is no error" 0 "$MUNIMENT" verify unnamed/u.mun $trust --tsa-trust good/ca.pem
says "but nobody's" out 'no authority that is trusted made it'
passed "and proves nothing" $(grep -c '  proved' out)
authority vague "-startdate 20200101000000Z -enddate 20990101000000Z"
mkdir vaguely; cp open.mun vaguely/v.mun
echo 'accuracy=secs:2, millisecs:500' >>vague/ca.cnf
gives "an authority that is accurate to 2.5 seconds" 0 "$MUNIMENT" stamp vaguely/v.mun --tsa "$(tsa vague '2024-05-05 10:00:00')"
gives "is taken" 0 "$MUNIMENT" verify vaguely/v.mun $trust --tsa-trust vague/ca.pem
says "at the latest time" out '  proved        since 2024-05-05T10:00:03Z'
for second in 04 02; do
    cp -r vaguely "revoked$second"
    (cd vague && cp index.txt valid.txt && openssl ca -config ca.cnf -revoke tsa.pem -crl_reason superseded && sed -i "s/[0-9]*Z,superseded/2405051000${second}Z,superseded/" index.txt &&
        openssl ca -config ca.cnf -gencrl -out crl.pem && mv valid.txt index.txt) >>log 2>&1
    "$MUNIMENT" stamp "revoked$second/v.mun" --tsa "$(tsa long)" --crl vague/crl.pem >out
done
gives "B-11: revoked after its latest time" 0 "$MUNIMENT" verify revoked04/v.mun $trust --tsa-trust vague/ca.pem
says "it is good" out '  proved        since 2024-05-05T10:00:03Z'
gives "before that it is not" 1 "$MUNIMENT" verify revoked02/v.mun $trust --tsa-trust vague/ca.pem
says "for that reason" out 'its authority was revoked on 2024-05-05'
sed -i 's/^accuracy=.*/accuracy=secs:7200/' vague/ca.cnf
gives "one that is accurate to two hours is not" 4 "$MUNIMENT" stamp vaguely/v.mun --tsa "$(tsa vague)"
says "which is said" err 'it is less accurate than an hour'
sed -i 's/^accuracy=.*/accuracy=secs:-1, millisecs:500/' vague/ca.cnf
gives "nor one whose accuracy is no number of seconds" 4 "$MUNIMENT" stamp vaguely/v.mun --tsa "$(tsa vague)"
says "for that reason" err 'it is less accurate than an hour'

# --- Decisions ---

mkdir a; cp open.mun a/a.mun
gives "an open archive is read" 0 read_one a/a.mun $trust
gives "closed by a decision" 0 "$MUNIMENT" decide a/a.mun --close-until 2099-01-01 --reason "living persons" --review 2030-01-01 --key work $trust --log office.log --by archivist-1
gives "Q-1: it is closed, by the date" 6 read_one a/a.mun $trust
says "which is named" err 'is closed until 2099-01-01'
for command in "boot a/a.mun --until time:1" "export a/a.mun -o x.img" "retrieve a/a.mun RECORDS -o bag" "replay a/a.mun none.journal" "diff a/a.mun open.mun"; do
    gives "$command asks the same" $([ "${command%% *}" = replay ] && echo 3 || echo 6) "$MUNIMENT" $command $trust
done
gives "no --trust: the archive's own signer decides" 6 read_one a/a.mun
gives "Q-11: a reason alone is not enough" 2 read_one a/a.mun $trust --override "court order 17"
gives "nor is one that is recorded" 5 read_one a/a.mun $trust --override "court order 17" --log office.log --by archivist-1
gives "Q-12: one person permits it" 0 "$MUNIMENT" decide a/a.mun --permit-until 2099-01-01 --reason "court order 17" --key work $trust
says "which is not enough" out 'archive permitted until 2099-01-01: court order 17 (a permit takes two: it changes nothing)'
gives "so that it stays closed" 5 read_one a/a.mun $trust --override "court order 17" --log office.log --by archivist-1
gives "two persons permit it" 0 "$MUNIMENT" decide a/a.mun --permit-until 2099-01-01 --reason "court order 17" --key work --second second $trust
"$MUNIMENT" key certify second.pub --root office.root --key rootkey --name work --from 2020-01-01 --until 2099-01-01 -o same.cert --office >out
gives "K-20: not one person with two keys" 5 read_one a/a.mun --trust office.root --trust work.cert --trust same.cert --override "court order 17" --log office.log --by archivist-1
gives "then a reason that is recorded opens it" 0 read_one a/a.mun $trust --override "court order 17" --log office.log --by archivist-1
gives "without one it stays closed" 6 read_one a/a.mun $trust
says "which is said" err 'is closed until 2099-01-01'
permitted() # FACT STATUS OPTION...: of an archive that the office closed, by a permit
{
    rm -rf permit; mkdir permit; cp open.mun permit/p.mun
    "$MUNIMENT" decide permit/p.mun --close-until 2099-01-01 --reason law --key work $trust >out
    "$MUNIMENT" log new permit/log --origin x >out
    "$MUNIMENT" decide permit/p.mun --permit-until 2098-01-01 --reason r --key work --second second $trust "${@:3}" >out
    gives "$1" "$2" read_one permit/p.mun $trust --override r --log permit/log --by archivist-1
}
permitted "a permit of the drive" 0 --drive fd0
permitted "of a file opens no archive that is closed as a whole" 6 --drive fd0 --path records/p1021.txt
permitted "of all" 0
gives "boot takes that as well" 0 "$MUNIMENT" boot permit/p.mun --until time:1 $trust --override r --log permit/log --by archivist-1
gives "until its day" 6 env LD_PRELOAD=./clock.so CLOCK="$(date -d 2098-01-02 +%s)" "$MUNIMENT" files permit/p.mun RECORDS/P1021.TXT $trust --override r --log permit/log --by archivist-1
mkdir paths; cp open.mun paths/p.mun; "$MUNIMENT" log new paths/log --origin x >out
reason="--override r --log paths/log --by archivist-1"
for file in 1 4; do "$MUNIMENT" decide paths/p.mun --drive fd0 --path records/p102$file.txt --close-until 2099-01-01 --reason r --key work $trust >out; done
"$MUNIMENT" decide paths/p.mun --drive fd0 --path RECORDS/P1021.TXT --permit-until 2098-01-01 --reason r --key work --second second $trust >out
gives "a permit of a file opens that file" 0 read_one paths/p.mun $trust $reason
gives "and no other" 6 "$MUNIMENT" files paths/p.mun RECORDS/P1024.TXT $trust $reason
gives "nor the machine" 6 "$MUNIMENT" boot paths/p.mun --until time:1 $trust $reason
says "which says what would" err 'two persons whom --trust names permit it'
"$MUNIMENT" decide paths/p.mun --drive fd0 --path records --permit-until 2098-01-01 --reason r --key work --second second $trust >out
gives "one of its folder opens both, and so the machine" 0 "$MUNIMENT" boot paths/p.mun --until time:1 $trust $reason
mkdir folder; cp open.mun folder/f.mun; "$MUNIMENT" log new folder/log --origin x >out
reason="--override r --log folder/log --by archivist-1"
"$MUNIMENT" decide folder/f.mun --drive fd0 --path records --close-until 2099-01-01 --reason r --key work $trust >out
gives "what a folder closes wants two persons" 6 read_one folder/f.mun $trust
says "which is said" err 'two persons whom --trust names permit it'
"$MUNIMENT" decide folder/f.mun --drive fd0 --path records/p1021.txt --permit-until 2098-01-01 --reason r --key work --second second $trust >out
gives "a permit of a file in a closed folder opens that file" 0 read_one folder/f.mun $trust $reason
gives "to be retrieved as well" 0 "$MUNIMENT" retrieve folder/f.mun RECORDS/P1021.TXT -o folder/bag $trust $reason
passed "alone" "$([ "$(cd folder/bag/data && find . -type f)" = ./RECORDS/P1021.TXT ]; echo $?)"
gives "not without a reason" 6 read_one folder/f.mun $trust
gives "and nothing beside it" 6 "$MUNIMENT" files folder/f.mun RECORDS/P1024.TXT $trust $reason
gives "nor the folder" 6 "$MUNIMENT" retrieve folder/f.mun RECORDS -o folder/all $trust $reason
gives "of which the list shows that file" 6 "$MUNIMENT" files folder/f.mun $trust $reason
passed "and none other" "$([ "$(grep -c RECORDS out)" = 1 ] && grep -q P1021 out; echo $?)"
# An office without a root: the keys of two are named (Q-13).
mkdir rootless; cp open.mun rootless/r.mun; "$MUNIMENT" log new rootless/log --origin x >out
reason="--override r --log rootless/log --by archivist-1" both="--trust work.pub --trust second.pub"
"$MUNIMENT" decide rootless/r.mun --close-until 2099-01-01 --reason law --key work $both >out
gives "Q-13: without a root, a reason alone opens nothing" 6 read_one rootless/r.mun $both $reason
gives "nor where nobody is named" 6 read_one rootless/r.mun $reason
says "which says what would" err 'two persons whom --trust names permit it'
"$MUNIMENT" decide rootless/r.mun --permit-until 2098-01-01 --reason r --key work --second second $both >out
gives "two of the keys that are named permit it" 0 read_one rootless/r.mun $both $reason
gives "but not a reader who names one of them" 6 read_one rootless/r.mun --trust work.pub $reason
gives "nor one who names nobody" 6 read_one rootless/r.mun $reason
gives "nor without a reason" 6 read_one rootless/r.mun $both
says "it is recorded" office.log '"override":"court order 17"'
"$MUNIMENT" decide open.mun --permit-until 2099-01-01 --reason r --key work --second second $trust >out
gives "the closed one of two may be the second" 0 "$MUNIMENT" diff open.mun a/a.mun $trust --override "court order 18" --log office.log --by archivist-1
says "it is recorded, too" office.log "\"override\":\"court order 18\",\"other-machine-root\":\"$("$MUNIMENT" info a/a.mun --root)\""
gives "Q-6: one person cannot open it again" 0 "$MUNIMENT" decide a/a.mun --open --reason mistake --key work $trust
says "which is said at once" out 'archive open: mistake (it would open what was closed, which takes two: it changes nothing)'
gives "it stays closed" 6 read_one a/a.mun $trust
gives "verify says why" 0 "$MUNIMENT" verify a/a.mun $trust
says "in words" out 'it would open what was closed, which takes two'
gives "two can" 0 "$MUNIMENT" decide a/a.mun --open --reason "consent given" --key work --second second $trust
gives "Q-5: it is open" 0 read_one a/a.mun $trust
"$MUNIMENT" key new third >out; certify third 2020-01-01 2099-01-01 --office >out
lose_second() { "$MUNIMENT" key revoke second.pub --root office.root --key rootkey --second third --since 2024-05-01 --reason "$1" -o second.revoked --force >out; }
lose_second superseded
gives "the second's key was superseded since: it stays open" 0 read_one a/a.mun $trust --trust third.cert --trust second.revoked
lose_second compromised
gives "K-18: it was compromised, and seconds nothing any more" 6 read_one a/a.mun $trust --trust third.cert --trust second.revoked
# What held when it was made is what a decision is measured by, not what was replaced before that (Q-6).
mkdir again; cp open.mun again/a.mun
"$MUNIMENT" decide again/a.mun --close-until 2095-01-01 --reason one --key work $trust >out
"$MUNIMENT" decide again/a.mun --open --reason two --key work --second second $trust >out
gives "one person closes again what two had opened, for less long than before" 0 "$MUNIMENT" decide again/a.mun --close-until 2050-01-01 --reason three --key work $trust
gives "Q-6: that closes it" 6 read_one again/a.mun $trust
says "until then" err 'until 2050-01-01'
"$MUNIMENT" decide again/a.mun --close-until 2040-01-01 --reason four --key work $trust >out
gives "he cannot shorten that alone" 6 read_one again/a.mun $trust
says "it stays" err 'until 2050-01-01'
mkdir p; cp open.mun p/p.mun
gives "a path is closed" 0 "$MUNIMENT" decide p/p.mun --drive fd0 --path records/p1021.txt --redact --reason name --key work $trust
for path in /RECORDS/P1021.TXT RECORDS/ RECORDS//P1021.TXT RECORDS/./P1021.TXT ../RECORDS ""; do
    gives "no file has the path \"$path\": a rule about it would close nothing" 2 "$MUNIMENT" decide p/p.mun --drive fd0 --path "$path" --redact --reason name --key work $trust
done
gives "Q-3: it is left out" 6 "$MUNIMENT" files p/p.mun $trust
says "others are listed" out 'RECORDS/P1024.TXT'
passed "it is not" $(grep -c 'P1021' out)
gives "it is not retrieved" 6 "$MUNIMENT" retrieve p/p.mun RECORDS/P1021.TXT -o bag1 $trust
gives "others are" 0 "$MUNIMENT" retrieve p/p.mun RECORDS/P1024.TXT -o bag2 $trust
gives "Q-4: the machine is not started" 6 "$MUNIMENT" boot p/p.mun --until time:1 $trust
says "for it is redacted" err 'is redacted'
mkdir d; cp open.mun d/d.mun
gives "a drive is closed" 0 "$MUNIMENT" decide d/d.mun --drive fd0 --close-until 2098-01-01 --reason x --key work $trust
gives "Q-2: all of it" 6 read_one d/d.mun $trust
gives "its volumes, too" 6 "$MUNIMENT" files d/d.mun --volumes $trust
passed "none of which is named" "$([ ! -s out ]; echo $?)"
# What a description closes on its drives, in an archive of its own.
cp records-description.yaml described.yaml
cat >>described.yaml <<'END'
closures:
  - until: 2095-01-01
    drive: fd0
    path: "RECORDS/P1021.TXT"
END
gives "a path is closed by the description" 0 "$MUNIMENT" seal records.yaml --description described.yaml -o part.mun --key work
passed "without a warning" "$([ ! -s err ]; echo $?)"
sed 's/P1021/P1021X/' described.yaml >idle.yaml
gives "a path that names nothing" 0 "$MUNIMENT" seal records.yaml --description idle.yaml -o idle.mun --key work
says "is named at sealing" err "no file or folder on the sealed disk has that name: the rule closes none of them"
gives "it is left out" 6 "$MUNIMENT" files part.mun $trust
passed "it is not listed" $(grep -c 'P1021' out)
mkdir shelf; cp part.mun shelf
gives "a list of archives" 0 "$MUNIMENT" ls shelf
says "has it" out 'in part closed until 2095-01-01'
gives "the machine is not started" 6 "$MUNIMENT" boot part.mun --until time:1 $trust
says "until the date" err 'is closed until 2095-01-01'
gives "Q-6: one person cannot open it" 0 "$MUNIMENT" decide part.mun --drive fd0 --path records/p1021.txt --open --reason x --key work $trust
gives "it stays closed" 6 "$MUNIMENT" retrieve part.mun RECORDS/P1021.TXT -o bag4 $trust
gives "two can" 0 "$MUNIMENT" decide part.mun --drive fd0 --path records/p1021.txt --open --reason consent --key work --second second $trust
gives "then it is open" 0 "$MUNIMENT" retrieve part.mun RECORDS/P1021.TXT -o bag4 $trust
mkdir folder; cp open.mun folder/f.mun
"$MUNIMENT" decide folder/f.mun --drive fd0 --path RECORDS --redact --reason x --key work $trust >out
gives "of a file in a closed folder it is said that this is closed, not that there is none" 6 "$MUNIMENT" retrieve folder/f.mun "rec*/P1021.TXT" -o bag3 $trust
gives "a name that is nowhere is not there" 1 "$MUNIMENT" retrieve folder/f.mun NOWHERE/P1021.TXT -o bag3 $trust
# Forks: neither knows of the other; the strictest holds (Q-7).
mkdir f; cp open.mun f/f.mun
"$MUNIMENT" decide f/f.mun --close-until 2050-01-01 --reason one --key work $trust >out && mv $(beside f/f.mun) f1
"$MUNIMENT" decide f/f.mun --close-until 2060-01-01 --reason other --key work $trust >out && mv $(beside f/f.mun) f2
gives "of a fork the stricter rule holds" 6 read_one f/f.mun $trust --evidence f1 --evidence f2
says "that is it" err 'until 2060-01-01'
gives "verify shows the fork" 0 "$MUNIMENT" verify f/f.mun $trust --evidence f1 --evidence f2
says "with both ends" out "evidence      a fork: no batch stands on $(basename -a f1/*.batch f2/*.batch | cut -c1-8 | sort | paste -sd, | sed 's/,/, /')"
gives "a list knows of it" 0 "$MUNIMENT" ls f $trust --evidence f1 --evidence f2
says "too" out 'closed until 2060-01-01'
gives "one alone" 6 read_one f/f.mun $trust --evidence f1
says "is what it says" err 'until 2050-01-01'
# Strangers' batches between decisions: 2 to the power of 40 ways lead from the last one down.
mkdir -p deep/deep.mun.evidence; cp f/f.mun deep/deep.mun; cp f1/*.batch deep/deep.mun.evidence
python3 - "$(grep -h ^archive: f1/*.batch)" "$(basename f1/*.batch .batch)" <<'PY'
import hashlib, sys
below = [sys.argv[2]]
for layer in range(40):
    batches = ["\n".join(["muniment-batch: 0", sys.argv[1], *(f"stands-on: {digest}" for digest in below), f"made: 2026-01-01T00:00:0{side}Z", ""]) for side in (1, 2)]
    below = [hashlib.sha256(batch.encode()).hexdigest() for batch in batches]
    for digest, batch in zip(below, batches): open(f"deep/deep.mun.evidence/{digest}.batch", "w").write(batch)
PY
gives "a decision stands on all of them" 0 timeout 60 "$MUNIMENT" decide deep/deep.mun --close-until 2055-01-01 --reason three --key work $trust
gives "each is gone over once" 6 timeout 60 "$MUNIMENT" files deep/deep.mun $trust --evidence f2
says "and the fork is found beside them" err 'until 2060-01-01'
gives "Q-11: a reason that the log cannot keep whole is none" 2 read_one f/f.mun $trust --evidence f1 --override "$(printf '%0256d' 0)" --log office.log --by archivist-1
# Chains (Q-8).
mkdir chain; cp open.mun chain/parent.mun
"$MUNIMENT" derive chain/parent.mun --set memory="16 MiB" -o chain/child.mun --key work >out
gives "a child is open" 0 read_one chain/child.mun $trust
gives "its parent is closed" 0 "$MUNIMENT" decide chain/parent.mun --close-until 2040-01-01 --reason late --key work $trust
gives "so is the child, whichever copy of the parent is found" 6 read_one chain/child.mun $trust
says "by the parent's rule" err 'until 2040-01-01'
mkdir orphan && cp chain/child.mun orphan/
gives "without its parent nobody knows" 5 read_one orphan/child.mun $trust
gives "nor by a reason that nobody records" 5 read_one orphan/child.mun $trust --override "court order 17"
"$MUNIMENT" log new orphan/log --origin x >out
orphaned() { read_one orphan/child.mun "$@" --override "court order 17" --log orphan/log --by archivist-1; }
gives "Q-12: nor by one that nobody permitted" 5 orphaned $trust
gives "Q-13: nor where no root is named" 5 orphaned $both
gives "ls shows what is to be reviewed" 0 "$MUNIMENT" ls a --due 9999 --log office.log
says "by its date" out 'review 2030-01-01'
# ls and premis say what is decided now, not what was sealed.
shows() # ARCHIVE WORDS OPTION...: ls of its folder shows the rights
{
    gives "ls of $1" 0 "$MUNIMENT" ls "$(dirname "$1")" --json "${@:3}"
    passed "ls shows $1 as $2" $(grep -F "\"file\": \"${1##*/}\"" out | grep -qF "\"rights\": \"$2\""; echo $?)
}
shows a/a.mun open $trust
shows p/p.mun "in part redacted" $trust
shows d/d.mun "in part closed until 2098-01-01" $trust
shows chain/parent.mun "closed until 2040-01-01" $trust
shows chain/child.mun "closed until 2040-01-01" $trust
shows chain/child.mun "closed until 2040-01-01"
shows orphan/child.mun undecided $trust
gives "a word finds them" 0 "$MUNIMENT" ls chain 'until 2040' $trust
passed "both" $([ "$(grep -c 'closed until 2040-01-01' out)" = 2 ]; echo $?)
gives "by another signer's word nothing is decided" 0 "$MUNIMENT" ls chain --trust stranger.pub
passed "it is said" $(grep -q 'parent.mun .* undecided' out; echo $?)
gives "premis says the same" 0 "$MUNIMENT" premis chain/child.mun $trust
says "with the end" out '<endDate>2040-01-01</endDate>'
python3 "$here/tests/premis.py" out >log 2>&1
passed "which is valid" $?
gives "of what is redacted" 0 "$MUNIMENT" premis p/p.mun $trust
says "there is no end" out '<restriction>in part redacted</restriction>'
python3 "$here/tests/premis.py" out >log 2>&1
passed "which is valid, too" $?
# So do info, the page of a library and a bag, whatever was sealed.
told() # ARCHIVE WORDS SEALED OPTION...: info, ls --html and the PREMIS of a bag have these rights
{
    gives "info of $1" 0 "$MUNIMENT" info "$1" "${@:4}"
    passed "info has $2" $(grep -qx "rights        $2" out; echo $?)
    passed "and what was sealed, $3" $([ "$2" = "$3" ] || grep -qx "at sealing    $3" out; echo $?)
    gives "info of $1 as JSON" 0 "$MUNIMENT" info "$1" --json "${@:4}"
    says "has both" out "\"rights\": \"$2\", \"rights-at-sealing\": \"$3\""
    gives "the page of $1" 0 "$MUNIMENT" ls "$(dirname "$1")" --html "${@:4}"
    passed "the page has $2" $([ "$(grep -A3 "<td>${1##*/}</td>" out | sed -n '4s/ *<.\{0,1\}td>//gp')" = "$2" ]; echo $?)
    rm -rf bag-told
    gives "a bag of $1" 0 "$MUNIMENT" bag "$1" -o bag-told "${@:4}"
    passed "its PREMIS has $2" $([ "$2" = open ] || grep -qF "<restriction>$2</restriction>" "bag-told/${1##*/}.premis.xml"; echo $?)
    passed "and no other restriction" $([ "$(grep -c '<restriction>' "bag-told/${1##*/}.premis.xml")" = "$([ "$2" = open ]; echo $?)" ]; echo $?)
    python3 "$here/tests/premis.py" "bag-told/${1##*/}.premis.xml" >log 2>&1
    passed "its PREMIS is valid" $?
}
told a/a.mun open open $trust
told p/p.mun "in part redacted" open $trust
told d/d.mun "in part closed until 2098-01-01" open $trust
told chain/parent.mun "closed until 2040-01-01" open $trust
told chain/child.mun "closed until 2040-01-01" open $trust
told orphan/child.mun undecided open $trust
told part.mun open "in part closed until 2095-01-01" $trust # its only closure was opened by two persons
says "the review of a decision" <("$MUNIMENT" info a/a.mun $trust) 'rights-review 2030-01-01'
says "in PREMIS" <("$MUNIMENT" premis a/a.mun $trust) 'to be reviewed on 2030-01-01'
# A folder with the batches of a thousand others costs nothing.
mkdir many
cp a/a.mun many/; cp -r "$(beside a/a.mun)" many/
(cd many && printf '%016x.evidence\n' {0..999} | xargs mkdir && printf '%d.mun.evidence\n' {0..999} | xargs mkdir)
if strace -o calls true 2>err; then # else this host forbids it, as faults.sh says
    strace -f -o calls -e trace=open,openat "$MUNIMENT" files many/a.mun RECORDS/P1021.TXT $trust >out 2>err
    passed "it is read" $(grep -q P1021 out; echo $?)
    passed "no folder of another is opened" $(grep -F .evidence calls | grep -vF "$(basename "$(beside a/a.mun)")" | grep -vcF many/a.mun.evidence)
    # A log of two thousand acts is read once for all archives of a chain.
    acts read.log x 4000
    "$MUNIMENT" files chain/child.mun RECORDS/P1021.TXT $trust --log read.log --by r >out 2>err # makes its tree
    strace -f -y -o calls -e trace=read "$MUNIMENT" files chain/child.mun RECORDS/P1021.TXT $trust --log read.log --by r >out 2>err
    read=$(sed -n 's|.*read([0-9]*<[^>]*/read.log>.* = \([0-9]*\)$|\1|p' calls | awk '{sum += $1} END {print sum + 0}')
    passed "the log is read once: $read of $(stat -c %s read.log) bytes" $([ "$read" -gt 300000 ] && [ "$read" -lt $(($(stat -c %s read.log) * 3 / 2)) ]; echo $?)
fi

# --- Countersignatures ---

mkdir counter; cp open.mun counter/c.mun
"$MUNIMENT" key new hash >out
gives "an archive is countersigned" 0 "$MUNIMENT" countersign counter/c.mun --key hash --log office.log --by archivist-1
gives "B-22: a second key that is trusted vouches for it" 0 "$MUNIMENT" verify counter/c.mun --trust hash.pub
says "in these words" out 'c.mun: intact, countersigned by a trusted key'
gives "beside the first" 0 "$MUNIMENT" verify counter/c.mun $trust --trust hash.pub
says "which is named first" out 'c.mun: intact, signed by a trusted key'
says "and it is named" out 'it fits, and the key is trusted'
gives "a stranger's changes nothing" 1 "$MUNIMENT" verify counter/c.mun --trust stranger.pub
says "and is no reason" out 'c.mun: intact, signer unknown'
gives "nor does it where nobody is named who is trusted" 1 "$MUNIMENT" verify counter/c.mun
says "so that the signer is unknown" out 'c.mun: intact, signer unknown'
cp open.mun counter/own.mun
gives "the archive's own signer" 0 "$MUNIMENT" countersign counter/own.mun --key work
gives "does not vouch for himself" 1 "$MUNIMENT" verify counter/own.mun
says "whom nobody knows" out 'own.mun: intact, signer unknown'
says "which is said of the key" out "it fits, and the key is the signer's"
gives "a key that only seconds" 0 "$MUNIMENT" countersign counter/c.mun --key second
gives "vouches for no archive" 1 "$MUNIMENT" verify counter/c.mun --trust office.root --trust second.cert
cp counter/c.mun counter/worn.mun; flip counter/worn.mun $(($(stat -c %s counter/c.mun) / 2))
gives "a damaged archive stays damaged" 1 "$MUNIMENT" verify counter/worn.mun --trust hash.pub
says "whoever signed it" out 'worn.mun: damaged'
# By the commands of the specification, with any tool.
by_hand() # FOLDER ALGORITHM DER COMMAND: a countersignature of NAME.mun there
{
    mkdir -p "$1"; cp open.mun "$1/NAME.mun"; cp "$3" "$1/DER"
    sed -n '/^tar -xf NAME.mun content/,/^```/p' "$here/spec/evidence.md" | sed '/^```/d' | sed "s/slh-dsa-sha2-128s/$2/; s|^SIGN |$4 |" >"$1/commands"
    (cd "$1" && bash -e commands && ls *.evidence/*.batch) >>log 2>&1 || passed "$1: the commands of the specification make a batch" 1
}
for key in ec other; do openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out $key.pem 2>>log; done
openssl pkey -in ec.pem -pubout -out ec.pub; openssl pkey -in ec.pem -pubout -outform DER -out ec.der
by_hand ecdsa ecdsa-sha256 ec.der "openssl dgst -sha256 -sign $WORK/ec.pem"
gives "one by ECDSA, made by openssl" 0 "$MUNIMENT" verify ecdsa/NAME.mun --trust ec.pub
says "is as good" out 'NAME.mun: intact, countersigned by a trusted key'
by_hand forged ecdsa-sha256 ec.der "openssl dgst -sha256 -sign $WORK/other.pem"
gives "another key's signature under its name is none" 1 "$MUNIMENT" verify forged/NAME.mun --trust ec.pub
# SLH-DSA (FIPS 205): its public key and its signature have their lengths, also where OpenSSL does not know it.
if openssl genpkey -algorithm SLH-DSA-SHA2-128s -out slh.pem 2>>log; then
    for algorithm in slh-dsa-sha2-128s slh-dsa-shake-192f ml-dsa-65; do
        openssl genpkey -algorithm "${algorithm^^}" -out $algorithm.pem 2>>log
        openssl pkey -in $algorithm.pem -pubout -out $algorithm.pub; openssl pkey -in $algorithm.pem -pubout -outform DER -out $algorithm.der
        echo "cat >m && openssl pkeyutl -sign -rawin -inkey $WORK/$algorithm.pem -in m" >$algorithm.sign
        by_hand $algorithm $algorithm $algorithm.der "sh $WORK/$algorithm.sign"
        gives "one by $algorithm, where OpenSSL knows it" 0 "$MUNIMENT" verify $algorithm/NAME.mun --trust $algorithm.pub
        says "is as good, too: $algorithm" out 'NAME.mun: intact, countersigned by a trusted key'
        echo "sh $WORK/$algorithm.sign | tr a-z b-za" >$algorithm.forge
        by_hand forged-$algorithm $algorithm $algorithm.der "sh $WORK/$algorithm.forge"
        gives "one that does not fit is none: $algorithm" 1 "$MUNIMENT" verify forged-$algorithm/NAME.mun --trust $algorithm.pub
        gives "it vouches for uses: $algorithm" 0 "$MUNIMENT" info $algorithm/NAME.mun --trust $algorithm.pub
    done
    cp -r slh-dsa-sha2-128s slh; cp slh-dsa-sha2-128s.der slh.der; cp slh-dsa-sha2-128s.pem slh.pem
else
    echo "this OpenSSL has no SLH-DSA: such a signature is not checked"
    python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex("3030300b0609608648016503040314032100") + bytes(range(32)))' >slh.der
    { echo "-----BEGIN PUBLIC KEY-----"; base64 -w64 slh.der; echo "-----END PUBLIC KEY-----"; } >slh.pub
    by_hand slh slh-dsa-sha2-128s slh.der "head -c 7856 /dev/zero"
    gives "B-23: an algorithm that is not known here is undecided" 5 "$MUNIMENT" verify slh/NAME.mun --trust slh.pub
    says "and not passed" out "NAME.mun: intact, signer unknown; a trusted key's countersignature is not checked here"
    says "the key is named" out "countersigned by $(sha256sum <slh.der | cut -c1-64): the key is trusted; its algorithm is not checked here"
fi
gives "with the first signer all is as before" 0 "$MUNIMENT" verify slh/NAME.mun $trust
says "the second is reported" out "countersigned by $(sha256sum <slh.der | cut -c1-64): "
gives "a stranger's of that algorithm changes nothing" 1 "$MUNIMENT" verify slh/NAME.mun --trust stranger.pub
mkdir -p replayed/r.mun.evidence; sed 's/^title:.*/title: third/' records-description.yaml >third.yaml
"$MUNIMENT" seal records.yaml --description third.yaml -o replayed/r.mun --key stranger >out
cp ecdsa/*.evidence/*.batch replayed/r.mun.evidence
gives "a countersignature of another archive is none" 1 "$MUNIMENT" verify replayed/r.mun --trust ec.pub
"$MUNIMENT" seal records.yaml --description records-description.yaml -o replayed/s.mun --key stranger >out
mkdir replayed/s.mun.evidence; cp ecdsa/*.evidence/*.batch replayed/s.mun.evidence
gives "nor one of the same machine that somebody else sealed" 1 "$MUNIMENT" verify replayed/s.mun --trust ec.pub

# B-24: whoever vouches by verify vouches for every use: each command asks the same function.
mkdir used; printf 'wait time 1\n' >one.script
"$MUNIMENT" seal records.yaml --description records-description.yaml -o used/u.mun --key stranger >out
"$MUNIMENT" boot used/u.mun --script one.script --record one.journal >out
uses() # STATUS FACT ARCHIVE OPTION...: each command that uses the archive ends with it
{
    local status=$1 fact=$2 archive=$3
    shift 3
    rm -rf u.img bag-u bag-t u-derived.mun
    for command in "info $archive" "files $archive" "boot $archive --until time:1" "replay $archive one.journal" "text $archive one.journal" \
        "export $archive -o u.img" "retrieve $archive RECORDS/P1021.TXT -o bag-u" "diff $archive $archive" "bag $archive -o bag-t" \
        "derive $archive --set cpu.model=pentium -o u-derived.mun --key work"; do
        gives "$fact: ${command%% *}" "$status" "$MUNIMENT" $command "$@"
    done
}
uses 1 "an archive of an unknown signer is not used" used/u.mun --trust hash.pub
"$MUNIMENT" countersign used/u.mun --key stranger >out
uses 1 "its own signer's countersignature is none" used/u.mun --trust hash.pub
cp -r used own; "$MUNIMENT" countersign used/u.mun --key hash >out
gives "it is countersigned" 0 "$MUNIMENT" verify used/u.mun --trust hash.pub
uses 0 "with a trusted key's countersignature it is used" used/u.mun --trust hash.pub
uses 1 "but not by another's trust" used/u.mun --trust later.pub
mkdir taken; cp used/u.mun taken/; mkdir taken/u.mun.evidence; cp "$(beside counter/c.mun)"/*.batch taken/u.mun.evidence/
uses 1 "a countersignature of another archive of this machine is none" taken/u.mun --trust hash.pub
cp -r used cut; at=$(grep -abo 'evidence/00000000/statement.sig' cut/u.mun | tail -n 1 | cut -d: -f1); flip cut/u.mun $((at + 512))
uses 1 "nobody vouches where the archive's own signature does not fit" cut/u.mun --trust hash.pub
uses 1 "its own signer is not enough where another is named" used/u.mun --trust office.root --trust work.cert
cp -r own unchecked; mkdir -p unchecked/u.mun.evidence; cp unchecked/u.mun NAME.mun
if [ ! -e slh.pem ]; then
    (cp slh.der DER; rm -rf evidence ./*.evidence/none; bash -e slh/commands) >>log 2>&1
    cp "$(beside NAME.mun)"/*.batch unchecked/u.mun.evidence/
    uses 5 "one that is not checked here leaves all undecided" unchecked/u.mun --trust slh.pub
fi
# By a key that is certified, revoked, with and without a stamp of before.
"$MUNIMENT" key certify later.pub --root office.root --key rootkey --name Later --from 2020-01-01 --until 2099-01-01 -o later.cert >out
office="--trust office.root --trust later.cert --trust second.cert"
mkdir lost; cp used/u.mun lost/; "$MUNIMENT" countersign lost/u.mun --key later >out
batch=$(basename "$(beside lost/u.mun)"/*.batch .batch)
uses 0 "a certified key vouches" lost/u.mun $office
lose() { "$MUNIMENT" key revoke later.pub --root office.root --key rootkey --second second --since "$1" --reason compromised -o later.revoked --force >out; }
lose "$tomorrow"
uses 1 "not when it was compromised" lost/u.mun $office --trust later.revoked
"$MUNIMENT" stamp lost/u.mun --tsa "$(tsa good)" --about "$batch" >out
gives "B-15: unless a stamp shows that it had countersigned before" 0 "$MUNIMENT" verify lost/u.mun $office --trust later.revoked --tsa-trust good/ca.pem
says "in the same words" out 'u.mun: intact, countersigned by a trusted key'
uses 0 "for all uses" lost/u.mun $office --trust later.revoked --tsa-trust good/ca.pem
uses 1 "an authority that nobody trusts shows nothing" lost/u.mun $office --trust later.revoked
lose 2021-01-01
uses 1 "a stamp after the loss shows nothing" lost/u.mun $office --trust later.revoked --tsa-trust good/ca.pem
# What such a key closed stays closed (Q-10), and what it opened does not stay open; a stamp of before shows both.
all="$trust --trust later.cert" lost="$trust --trust later.cert --trust later.revoked"
mkdir kept shut; cp open.mun kept/k.mun
"$MUNIMENT" decide kept/k.mun --close-until 2066-01-01 --reason law --key later $all >out
gives "a key closes" 6 read_one kept/k.mun $all
gives "its closure outlives its loss" 6 read_one kept/k.mun $lost
says "with the date" err 'until 2066-01-01'
gives "verify says why" 0 "$MUNIMENT" verify kept/k.mun $lost
says "in words" out 'its key was compromised: it closes, and opens nothing'
cp -r kept two; cp -r kept opened
"$MUNIMENT" decide two/k.mun --open --reason consent --key work $lost >out
gives "one person does not open it" 6 read_one two/k.mun $lost
"$MUNIMENT" decide two/k.mun --open --reason consent --key work --second second $lost >out
gives "two others do" 0 read_one two/k.mun $lost
lose "$tomorrow"
"$MUNIMENT" decide opened/k.mun --open --reason consent --key later --second second $all >out
gives "it opens, with a second person" 0 read_one opened/k.mun $all
gives "but not any more when it was lost" 6 read_one opened/k.mun $lost
opening=$(grep -l '^decision: archive open$' "$(beside opened/k.mun)"/*.batch)
"$MUNIMENT" stamp opened/k.mun --tsa "$(tsa good)" --about "$(basename "$opening" .batch)" >out
gives "unless a stamp shows that it had opened before" 0 read_one opened/k.mun $lost --tsa-trust good/ca.pem
gives "a stamp of an authority that nobody trusts does not" 6 read_one opened/k.mun $lost
sed 's/^rights:.*/rights: closed until 2095-01-01/' records-description.yaml >shut.yaml
"$MUNIMENT" seal records.yaml --description shut.yaml -o shut/s.mun --key work >out
"$MUNIMENT" decide shut/s.mun --open --reason x --key later --second second $all >out
gives "what the description closes is opened" 0 read_one shut/s.mun $all
gives "until the key that opened it is lost" 6 read_one shut/s.mun $lost
# A certificate must have been valid at the stamped time: not before its first day, either.
"$MUNIMENT" key certify hash.pub --root office.root --key rootkey --name Hash --from "$today" --until 2099-01-01 -o hash.cert >out
mkdir early; "$MUNIMENT" seal records.yaml -o early/e.mun --key hash >out
"$MUNIMENT" stamp early/e.mun --tsa "$(tsa good)" >out
gives "B-15: a signature of a day of its certificate" 0 "$MUNIMENT" verify early/e.mun --trust office.root --trust hash.cert --tsa-trust good/ca.pem
mkdir before; cp early/e.mun before/
gives "B-15: the same, stamped before the first day of its certificate" 0 "$MUNIMENT" stamp before/e.mun --tsa "$(tsa long 2019-06-01)"
gives "is of nobody whom the certificate speaks for" 1 "$MUNIMENT" verify before/e.mun --trust office.root --trust hash.cert --tsa-trust long/ca.pem
says "and says so" out "certified by Office only from $today on; it had signed before, on 2019-06-01"
gives "for all uses" 1 "$MUNIMENT" info before/e.mun --trust office.root --trust hash.cert --tsa-trust long/ca.pem

# Whoever is trusted decides on rights, too; the unknown signer does not.
"$MUNIMENT" decide used/u.mun --close-until 2088-01-01 --reason x --key stranger >out
gives "the unknown signer closes nothing" 0 read_one used/u.mun --trust hash.pub
"$MUNIMENT" decide used/u.mun --close-until 2087-01-01 --reason x --key hash --trust hash.pub >out
gives "who vouches does" 6 read_one used/u.mun --trust hash.pub
says "until his date" err 'is closed until 2087-01-01'
gives "also for a run" 6 "$MUNIMENT" boot used/u.mun --until time:1 --trust hash.pub

# The desk in the browser asks it as well.
reading() # FOLDER OPTION...: what the desk's library says, and the status of a session of its first archive
{
    rm -f served shelf.json answer code
    "$MUNIMENT" serve "$1" --listen 127.0.0.1:0 --state "$WORK/state" --key office "${@:2}" >served 2>>log &
    server=$!
    for ((n = 0; n < 100; n++)); do grep -q '#' served && break; sleep 0.1; done
    link=$(grep -o 'http://.*' served) origin=${link%%/#*}
    for ((n = 0; n < 100; n++)); do curl -sf -o page "$origin/" && break; sleep 0.1; done
    curl -sf -c jar -H "Origin: $origin" -d "${link##*#}" "$origin/api/enter" >>log
    curl -sf -b jar "$origin/api/library" >shelf.json
    curl -s -b jar -o answer -w '%{http_code}' -H "Origin: $origin" --data-binary "${reason- }" "$origin/api/archives/u.mun/sessions" >code
    kill $server; wait $server 2>/dev/null
    rm -rf state
}
mkdir fresh; cp own/u.mun fresh/; "$MUNIMENT" countersign fresh/u.mun --key hash >out
reading fresh --trust hash.pub
says "the desk lists what is countersigned as open" shelf.json '"rights": "open"'
passed "and opens a session of it" $([ "$(cat code)" -lt 300 ]; echo $?)
reading own --trust hash.pub
says "what only its own signer countersigned is undecided" shelf.json '"rights": "undecided"'
passed "and not opened" $([ "$(cat code)" -ge 400 ]; echo $?)
reading used --trust hash.pub
says "what the one who vouches closed is closed" shelf.json '"rights": "closed until 2087-01-01"'
passed "and not opened, either" $([ "$(cat code)" -ge 400 ]; echo $?)
mkdir asked-for; cp open.mun asked-for/u.mun; "$MUNIMENT" log new desk.log --origin registry.example/desk >out
"$MUNIMENT" decide asked-for/u.mun --close-until 2087-01-01 --reason x --key work $trust >out
reason=$'override order 17\n'
reading asked-for $trust --log desk.log
passed "Q-12: nor for a reason that nobody permitted" $([ "$(cat code)" -ge 400 ]; echo $?)
"$MUNIMENT" decide asked-for/u.mun --permit-until 2086-01-01 --reason "order 17" --key work --second second $trust >out
reading asked-for $trust --log desk.log
passed "but as these permit it" $([ "$(cat code)" -lt 300 ]; echo $?)
unset reason

# --- Attacks: each with the verdict that it must get ---

attacks=0
attack() { attacks=$((attacks + 1)); gives "attack: $1" "${@:2}"; }
fresh() { rm -rf t; mkdir t; cp a0/a0.mun t/t.mun; cp -r $(beside a0/a0.mun) t/t.mun.evidence; chmod u+w t/t.mun.evidence/*; }
mkdir a0 another closed
"$MUNIMENT" seal records.yaml --description records-description.yaml -o a0/a0.mun --key work >out
"$MUNIMENT" decide a0/a0.mun --close-until 2070-01-01 --reason law --key work $trust --log office.log --by archivist-1 >out
"$MUNIMENT" stamp a0/a0.mun --tsa "$(tsa good)" --log office.log --by archivist-1 >out
one=$(grep -l ^decision $(beside a0/a0.mun)/*.batch) two=$(grep -l ^stamp $(beside a0/a0.mun)/*.batch)
one=${one##*/} two=${two##*/}
mkdir elsewhere; cp a0/a0.mun a0/renamed.mun
attack "an archive is renamed, or copied under another name" 6 read_one a0/renamed.mun $trust
rm a0/renamed.mun
fresh; rm t/t.mun.evidence/"$one"
attack "B-7: a closure is removed, and the stamp that stands on it shows it" 1 "$MUNIMENT" verify t/t.mun $trust
attack "and nobody reads" 5 read_one t/t.mun $trust
fresh; rm t/t.mun.evidence/*
attack "B-8: all batches are removed: the log knows them" 1 "$MUNIMENT" verify t/t.mun $trust --log office.log --by x
attack "with the log nobody reads" 5 read_one t/t.mun $trust --log office.log --by x
fresh; rm t/t.mun.evidence/"$two"
attack "the last batch is rolled back: the log knows it" 1 "$MUNIMENT" verify t/t.mun $trust --log office.log --by x
fresh
printf x >"t/t.mun.evidence/x"$'\n'" ffffffff: all is well.batch"
gives "a batch has the name of its file" 1 "$MUNIMENT" verify t/t.mun $trust
passed "on one line, whatever that is" $(grep -c '^ *evidence *ffffffff' out)
fresh; sed -i 's/2070/1970/' t/t.mun.evidence/"$one"
attack "a closure is edited" 1 "$MUNIMENT" verify t/t.mun $trust
attack "and not obeyed otherwise" 5 read_one t/t.mun $trust
fresh; sed 's/2070/1970/' t/t.mun.evidence/"$one" >e; rm t/t.mun.evidence/"$one"; cp e "t/t.mun.evidence/$(sha256sum <e | cut -d' ' -f1).batch"
attack "edited and named anew" 5 read_one t/t.mun $trust
fresh; sed '/^key/d; /^$/,$d; s/2070/2099/' t/t.mun.evidence/"$one" >u; rm t/t.mun.evidence/*; cp u "t/t.mun.evidence/$(sha256sum <u | cut -d' ' -f1).batch"
attack "B-9: a decision that nobody signed" 0 read_one t/t.mun $trust
fresh; sed 's/^made:/note: x\n&/' t/t.mun.evidence/"$one" >u; cp u "t/t.mun.evidence/$(sha256sum <u | cut -d' ' -f1).batch"
attack "B-4: a batch with a line that there is not" 1 "$MUNIMENT" verify t/t.mun $trust
for line in "made: the day before today.." "made: 2026-13-45T00:00:0xZ" "file: sha256 12 abc" "file: sha256 012 $(printf 'a%.0s' $(seq 64))" "review: 2026-00-10"; do
    fresh; rm t/t.mun.evidence/*
    { sed '/^key/d; /^$/,$d; /^reason/d; /^stands/d' $(beside a0/a0.mun)/"$one"; } | case $line in made*) sed "s/^made:.*/$line/" ;; file*) sed "s/^decision/$line\n&/" ;; *) sed "\$a$line" ;; esac >u
    cp u "t/t.mun.evidence/$(sha256sum <u | cut -d' ' -f1).batch"
    attack "B-4: a batch with \"$line\"" 1 "$MUNIMENT" verify t/t.mun $trust
    says "is none: ${line%%:*}" out 'is no batch of version 0'
done
fresh; rm t/t.mun.evidence/"$two"; mv e x.batch; rm t/t.mun.evidence/*; cp x.batch "t/t.mun.evidence/$(sha256sum <x.batch | cut -d' ' -f1).batch"
attack "alone, its signature does not fit: it is no decision" 0 read_one t/t.mun $trust
fresh; mv t/t.mun.evidence/"$one" t/t.mun.evidence/"$(printf 'a%.0s' $(seq 64))".batch
attack "renamed" 1 "$MUNIMENT" verify t/t.mun $trust
# Batches in another order, without a key: the opening of two stands on the closure; let it stand on nothing, or the closure on it.
mkdir order; cp a0/a0.mun order/o.mun
"$MUNIMENT" decide order/o.mun --close-until 2071-01-01 --reason law --key work $trust >out; shutting=$(basename "$(beside order/o.mun)"/*.batch)
"$MUNIMENT" decide order/o.mun --open --reason consent --key work --second second $trust >out; opening=$(basename "$(ls "$(beside order/o.mun)"/*.batch | grep -v "$shutting")")
gives "two persons opened it" 0 read_one order/o.mun $trust
retied() { rm -rf t; mkdir -p t/t.mun.evidence; cp a0/a0.mun t/t.mun; cp "$(beside order/o.mun)"/*.batch t/t.mun.evidence; chmod u+w t/t.mun.evidence/*; sed "$2" "t/t.mun.evidence/$1" >e; rm "t/t.mun.evidence/$1"; cp e "t/t.mun.evidence/$(sha256sum <e | cut -d' ' -f1).batch"; }
retied "$opening" /^stands-on/d
attack "the opening is cut off from the closure" 6 read_one t/t.mun $trust
retied "$shutting" "s/^made:/stands-on: ${opening%.batch}\n&/"
attack "the closure is put after the opening" 5 read_one t/t.mun $trust
rm -rf t; mkdir -p t/t.mun.evidence; cp a0/a0.mun t/t.mun; cp "$(beside order/o.mun)/$opening" t/t.mun.evidence
attack "the opening alone is replayed" 5 read_one t/t.mun $trust
# Another office, with a root and two persons of its own.
for key in theirs their-second their-root; do "$MUNIMENT" key new $key >out; done
"$MUNIMENT" key root their-root.pub --name Theirs -o their.root >out
for key in theirs their-second; do "$MUNIMENT" key certify $key.pub --root their.root --key their-root --name $key --from 2020-01-01 --until 2099-01-01 -o $key.cert $([ $key = theirs ] || echo --office) >out; done
fresh; "$MUNIMENT" decide t/t.mun --open --reason forged --key theirs --second their-second --trust their.root --trust theirs.cert --trust their-second.cert --trust work.pub >out
attack "two persons of another office open it" 6 read_one t/t.mun $trust
fresh; "$MUNIMENT" decide t/t.mun --open --reason forged --key work --second their-second $trust --trust their.root --trust their-second.cert >out
attack "one is of another office" 6 read_one t/t.mun $trust
fresh; "$MUNIMENT" decide t/t.mun --permit-until 2099-01-01 --reason forged --key theirs --second their-second --trust their.root --trust theirs.cert --trust their-second.cert --trust work.pub >out
"$MUNIMENT" log new their.log --origin x >out
attack "they permit it" 6 read_one t/t.mun $trust --override x --log their.log --by x
fresh; rm t/t.mun.evidence/*; cp $(beside p/p.mun)/* t/t.mun.evidence/
attack "batches of the same machine and description are about it too" 6 "$MUNIMENT" files t/t.mun $trust
sed 's/^title:.*/title: another/' records-description.yaml >another.yaml
"$MUNIMENT" seal records.yaml --description another.yaml -o another/another.mun --key work >out
mkdir another/another.mun.evidence; cp $(beside a/a.mun)/* another/another.mun.evidence/
attack "B-5: batches of another archive change nothing: its opening does not open" 0 read_one another/another.mun $trust
"$MUNIMENT" decide another/another.mun --close-until 2090-01-01 --reason r --key work $trust >out
attack "it is closed by its own" 6 read_one another/another.mun $trust
fresh; "$MUNIMENT" decide t/t.mun --open --reason forged --key stranger --second later --trust stranger.pub --trust later.pub >out
attack "strangers open it" 6 read_one t/t.mun $trust
fresh; "$MUNIMENT" decide t/t.mun --open --reason forged --key work --second work $trust >out
attack "one person signs twice" 6 read_one t/t.mun $trust
fresh; "$MUNIMENT" decide t/t.mun --open --reason forged --key work --second stranger $trust >out
attack "the second person is nobody's" 6 read_one t/t.mun $trust
fresh; "$MUNIMENT" decide t/t.mun --close-until 2021-01-01 --reason forged --key work $trust >out
attack "an earlier date is an opening" 6 read_one t/t.mun $trust
sed 's/^rights:.*/rights: closed until 2095-01-01/' records-description.yaml >closed.yaml
"$MUNIMENT" seal records.yaml --description closed.yaml -o closed/closed.mun --key work >out
"$MUNIMENT" decide closed/closed.mun --open --reason forged --key work >out
attack "one person opens what was sealed as closed" 6 read_one closed/closed.mun $trust
"$MUNIMENT" derive closed/closed.mun --set memory="16 MiB" --description records-description.yaml -o closed/laundered.mun --key work >out
attack "a derived archive under an open description" 6 read_one closed/laundered.mun $trust
"$MUNIMENT" flatten closed/laundered.mun -o flat.mun --key work >out
attack "Q-9: and flattened" 6 read_one flat.mun $trust
says "it stays closed as long" err 'until 2095-01-01'
mkdir twin; cp closed/laundered.mun twin/; cp a0/a0.mun twin/closed.mun
attack "beside an open twin of its parent" 5 read_one twin/laundered.mun $trust
printf 'wait time 1\nsnapshot s.snapshot\n' >s.script
"$MUNIMENT" decide closed/closed.mun --permit-until 2090-01-01 --reason order --key work --second second $trust >out
"$MUNIMENT" boot closed/closed.mun --script s.script --record s.journal $trust --override "court order 17" --log office.log --by archivist-1 >out
attack "a journal of a closed machine, on an open twin" 3 "$MUNIMENT" replay open.mun s.journal $trust
says "is refused by the digest of content.txt" err 'of another archive of this machine'
attack "a snapshot of it" 3 "$MUNIMENT" boot open.mun --resume s.snapshot --until time:2 $trust
attack "derived into an open one" 3 "$MUNIMENT" derive open.mun --snapshot s.snapshot -o leaked.mun --key work
fresh; sed -n 's/^stamp: signature //p' t/t.mun.evidence/"$two" >s; rm t/t.mun.evidence/*
printf 'muniment-batch: 0\narchive: %s %s %s\nmade: 2026-01-01T00:00:00Z\nstamp: signature %s\n' "$("$MUNIMENT" info another/another.mun --root)" \
    "$(tar -xOf another/another.mun content.txt | sha256sum | cut -d' ' -f1)" "$(tar -xOf another/another.mun evidence/00000000/statement.txt | sha256sum | cut -d' ' -f1)" "$(cat s)" >b
rm -rf another/another.mun.evidence; mkdir another/another.mun.evidence; cp b "another/another.mun.evidence/$(sha256sum <b | cut -d' ' -f1).batch"
attack "B-14: a stamp over another signature" 1 "$MUNIMENT" verify another/another.mun $trust --tsa-trust good/ca.pem
says "is named" out 'is over something else'
fresh; head -c 200 t/t.mun.evidence/"$one" >h; cp h t/t.mun.evidence/"$one"
attack "a batch is cut off" 1 "$MUNIMENT" verify t/t.mun $trust
fresh; head -c 2000000 /dev/zero >"t/t.mun.evidence/$(printf 'b%.0s' $(seq 64)).batch"
attack "a batch of 2 MB" 1 "$MUNIMENT" verify t/t.mun $trust
# Two writers at once, one killed: every batch is whole or not there (B-2, B-3).
fresh
for n in 1 2 3 4 5 6; do "$MUNIMENT" decide t/t.mun --close-until 208$n-01-01 --reason r$n --key work $trust >>log 2>&1 & done
"$MUNIMENT" decide t/t.mun --close-until 2089-01-01 --reason killed --key work $trust >>log 2>&1 & kill -9 $! 2>/dev/null
wait
attack "two offices add at once, and one is killed" 0 "$MUNIMENT" verify t/t.mun $trust
attack "the strictest of all forks holds" 6 read_one t/t.mun $trust
echo "attacks: $attacks"
facts evidence
