#!/bin/bash
# keys.sh - signing by keys with a pass phrase, and by commands that hold them (spec/keys.md): what a command returns is
# used only if it is the signature. With pkcs11-tool and SoftHSM, where they are, by a token. Roots, certificates,
# revocations: every link that is cut, and tied again without the key, trusts nobody.
set -u
. "$PWD/tests/facts.sh"
demo=$(realpath "$BUILD/demo")
cp "$demo/records.img" "$demo"/records*.yaml "$WORK"
cd "$WORK" || exit 1
export LC_ALL=C.UTF-8
seal() { rm -f out.mun; "$MUNIMENT" seal records.yaml -o out.mun --key "$1" </dev/null; }

# --- Pass phrases ---
echo "correct horse" >phrase
echo "wrong horse" >wrong
gives "a key with a pass phrase is made" 0 env MUNIMENT_PASSPHRASE_FILE=phrase "$MUNIMENT" key new office.key --encrypt
says "and is encrypted" office.key "BEGIN ENCRYPTED PRIVATE KEY"
passed "it is its owner's (K-2)" "$([ "$(stat -c %a office.key)" = 600 ]; echo $?)"
gives "it is not replaced (K-3)" 3 env MUNIMENT_PASSPHRASE_FILE=phrase "$MUNIMENT" key new office.key --encrypt
gives "openssl reads it" 0 openssl pkey -in office.key -passin file:phrase -pubout
passed "to the same public key" "$(cmp -s out office.key.pub; echo $?)"
export MUNIMENT_PASSPHRASE_FILE=phrase
gives "it signs (K-1)" 0 seal office.key
gives "and is trusted" 0 "$MUNIMENT" verify out.mun --trust office.key.pub
export MUNIMENT_PASSPHRASE_FILE=wrong
gives "not with another pass phrase" 3 seal office.key
says "which it says" err "the pass phrase is missing or wrong"
passed "and seals nothing" "$([ ! -e out.mun ]; echo $?)"
export MUNIMENT_PASSPHRASE_FILE=none
gives "nor with one that is not there" 3 seal office.key
unset MUNIMENT_PASSPHRASE_FILE
gives "nor without a terminal" 3 seal office.key
gives "nor is one made so" 3 "$MUNIMENT" key new new.key --encrypt </dev/null
passed "nothing is left of it" "$([ ! -e new.key ] && [ ! -e new.key.pub ]; echo $?)"

# --- Commands ---
"$MUNIMENT" key new plain.key >/dev/null
"$MUNIMENT" key new other.key >/dev/null
mkdir box
mv plain.key box
cp plain.key.pub box
signer() { printf 'muniment-signer: 0\npublic: plain.key.pub\ncommand: %s\n' "$1" >box/signer; }
sign="openssl pkeyutl -sign -rawin -inkey $WORK/box/plain.key -in"
command="cat >$WORK/m; $sign $WORK/m"
signer "$command"
gives "a command signs" 0 seal box/signer
gives "and is trusted by its key" 0 "$MUNIMENT" verify out.mun --trust plain.key.pub
passed "it got what was signed" "$(tar -xOf out.mun evidence/00000000/statement.txt | cmp -s - m; echo $?)"
mv out.mun by-command.mun
seal box/plain.key >/dev/null
passed "it is the archive that the key signs" "$(cmp -s out.mun by-command.mun; echo $?)"
refused() # FACT STATUS TEXT COMMAND
{
    signer "$4"
    gives "$1" "$2" seal box/signer
    says "$1: says so" err "$3"
    passed "$1: seals nothing" "$([ ! -e out.mun ]; echo $?)"
}
refused "another key's signature (K-7)" 4 "no signature of its key" "cat >m; ${sign/box\/plain/other} m"
refused "a signature of something else (K-7)" 4 "no signature of its key" "cat >m; echo >>m; $sign m"
refused "too little (K-6)" 4 "gave 63 bytes" "cat >m; $sign m | head -c 63"
refused "too much (K-6)" 4 "more than 64 bytes" "cat >m; $sign m; echo"
refused "nothing" 4 "gave 0 bytes" "cat >m"
refused "a flood" 4 "more than 64 bytes" "cat /dev/zero"
refused "a failure" 4 "exit status 7" "cat >m; $sign m; exit 7"
refused "no such command" 4 "exit status 127" "/nowhere/sign"
refused "one that is killed" 4 "exit status 137" 'kill -9 $$'
signer "$command"
sed -i 1d box/signer
gives "a signer begins as one (K-4)" 3 seal box/signer
signer "$command"
sed -i 's/^public/private/' box/signer
gives "it names a key (K-5)" 3 seal box/signer
says "which it says" err 'lacks a line `public:`'
printf 'muniment-signer: 0\npublic: plain.key.pub\n' >box/signer
gives "and a command (K-5)" 3 seal box/signer
printf 'muniment-signer: 0\npublic: plain.key\ncommand: true\n' >box/signer
gives "its key is a public one" 3 seal box/signer

# --- Signers of other algorithms: what is not an archive's own signature ---
"$MUNIMENT" seal records.yaml -o any.mun --key other.key >out
any() # NAME ALGORITHM GENPKEY-ARGUMENT...: a signer of this algorithm, held by openssl
{
    openssl genpkey "${@:3}" -out box/$1.pem 2>>log && openssl pkey -in box/$1.pem -pubout -out box/$1.pub || return
    printf 'muniment-signer: 0\npublic: %s.pub\nalgorithm: %s\ncommand: cat >%s/m; openssl %s %s/box/%s.pem %s/m\n' "$1" "$2" "$WORK" \
        "$(case $2 in *-sha256) echo dgst -sha256 -sign ;; *) echo pkeyutl -sign -rawin -inkey ;; esac)" "$WORK" "$1" "$WORK" | sed '/pkeyutl/s| \([^ ]*\)$| -in \1|' >box/$1.signer
}
"$MUNIMENT" key new root2.key >out; "$MUNIMENT" key root root2.key.pub --name Any -o any.root >out
for kind in "ec ecdsa-sha256 -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1" "ec384 ecdsa-sha256 -algorithm EC -pkeyopt ec_paramgen_curve:secp384r1" \
    "rsa rsa-sha256 -algorithm RSA -pkeyopt rsa_keygen_bits:3072" "ed ed25519 -algorithm ED25519" "slh slh-dsa-sha2-128s -algorithm SLH-DSA-SHA2-128s" "ml ml-dsa-65 -algorithm ML-DSA-65"; do
    set -- $kind
    any "$@" || { echo "this OpenSSL has no $2: no signer of it was tried"; continue; }
    mkdir any-$1; cp any.mun any-$1/
    gives "$1: a signer countersigns" 0 "$MUNIMENT" countersign any-$1/any.mun --key box/$1.signer
    gives "$1: which vouches" 0 "$MUNIMENT" verify any-$1/any.mun --trust box/$1.pub
    says "$1: in these words" out 'any.mun: intact, countersigned by a trusted key'
    gives "$1: it decides" 0 "$MUNIMENT" decide any-$1/any.mun --close-until 2099-01-01 --reason x --key box/$1.signer --trust box/$1.pub
    gives "$1: which closes" 6 "$MUNIMENT" files any-$1/any.mun --trust box/$1.pub
    gives "$1: a root of it certifies" 0 "$MUNIMENT" key root box/$1.pub --name Any -o any.root --force
    gives "$1: by its signer" 0 "$MUNIMENT" key certify other.key.pub --root any.root --key box/$1.signer --name other --from 2020-01-01 --until 2099-01-01 -o any.cert --force
    gives "$1: whom its certificate names is trusted" 0 "$MUNIMENT" verify any.mun --trust any.root --trust any.cert
    [ $1 = ed ] && continue
    gives "$1: an archive is not signed by it" 3 seal box/$1.signer
    says "$1: which is said" err "signs by $2, and this is signed by Ed25519"
    sed -i 's/^command: .*/command: head -c 64 \/dev\/urandom/' box/$1.signer
    gives "$1: what is no signature is not used (K-7)" 4 "$MUNIMENT" countersign any-$1/any.mun --key box/$1.signer
done
any ec ecdsa-sha256 -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1
sed -i 's/^algorithm: .*/algorithm: rsa-sha256/' box/ec.signer
gives "a key of another algorithm than is named" 4 "$MUNIMENT" countersign any.mun --key box/ec.signer
sed -i 's/^algorithm: .*/algorithm: nobodys/' box/ec.signer
gives "one that nobody knows" 4 "$MUNIMENT" countersign any.mun --key box/ec.signer
says "is not used unchecked (K-11)" err "signs by nobodys, which cannot be checked here"
sed -i 's/^algorithm: .*/algorithm: A B/' box/ec.signer
gives "a name that is none" 3 "$MUNIMENT" countersign any.mun --key box/ec.signer

# --- A token ---
module=$(ls /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so 2>/dev/null | head -n 1)
if command -v pkcs11-tool softhsm2-util >/dev/null && [ -n "$module" ]; then
    mkdir tokens
    export SOFTHSM2_CONF=$WORK/softhsm.conf
    printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$WORK" >softhsm.conf
    token="pkcs11-tool --module $module --token-label office --id 01"
    softhsm2-util --init-token --free --label office --pin 1234 --so-pin 4321 >out 2>err
    gives "a token makes a key" 0 $token --login --pin 1234 --keypairgen --key-type EC:edwards25519 --label seal
    $token --read-object --type pubkey -o token.out >out 2>err
    if grep -q BEGIN token.out; then cp token.out token.pub; else openssl pkey -pubin -inform DER -in token.out -out token.pub; fi
    printf 'muniment-signer: 0\npublic: token.pub\ncommand: %s --login --pin 1234 --sign --mechanism EDDSA --input-file /dev/stdin --output-file /dev/stdout\n' \
        "$token" >token.signer
    gives "it signs" 0 seal token.signer
    gives "and is trusted" 0 "$MUNIMENT" verify out.mun --trust token.pub
    sed -i 's/1234/9999/' token.signer
    gives "not with another PIN" 4 seal token.signer
    token="pkcs11-tool --module $module --token-label office --login --pin 1234"
    for kind in "02 EC:prime256v1 ecdsa-sha256 ECDSA --signature-format openssl" "03 rsa:2048 rsa-sha256 SHA256-RSA-PKCS"; do
        set -- $kind
        gives "$3: a token makes a key" 0 $token --id $1 --keypairgen --key-type $2 --label k$1
        $token --id $1 --read-object --type pubkey -o token.out >out 2>err
        openssl pkey -pubin -inform DER -in token.out -out token$1.pub
        printf 'muniment-signer: 0\npublic: token%s.pub\nalgorithm: %s\ncommand: %s %s --id %s --sign --mechanism %s --input-file /dev/stdin --output-file /dev/stdout\n' $1 $3 \
            "$([ $1 = 02 ] && echo 'openssl dgst -sha256 -binary |')" "$token" $1 "${*:4}" >token.signer
        mkdir token-$1; cp any.mun token-$1/
        gives "$3: the token countersigns" 0 "$MUNIMENT" countersign token-$1/any.mun --key token.signer
        gives "$3: which vouches" 0 "$MUNIMENT" verify token-$1/any.mun --trust token$1.pub
    done
else
    echo "no pkcs11-tool and SoftHSM here: no token was tried"
fi
# --- Roots, certificates, revocations ---
for key in root second work next stranger; do "$MUNIMENT" key new $key.key >/dev/null; done
pub() { echo "$1.key.pub"; }
gives "a root is made" 0 "$MUNIMENT" key root root.key.pub --name "County Archive" -o office.root
gives "and another's" 0 "$MUNIMENT" key root stranger.key.pub --name "Stranger" -o stranger.root
certify() { local name=$1; shift; "$MUNIMENT" key certify $name.key.pub --root office.root --key root.key --name "$name" -o $name.cert --force "$@"; }
gives "a key is certified" 0 certify work --from 2020-01-01 --until 2090-12-31
gives "and a second person's" 0 certify second --from 2020-01-01 --until 2090-12-31 --office
gives "not by another key than the root's" 3 "$MUNIMENT" key certify next.key.pub --root office.root --key work.key --name x --from 2020-01-01 --until 2090-01-01 -o x.cert
gives "not with a date that is none (K-9)" 2 "$MUNIMENT" key certify next.key.pub --root office.root --key root.key --name x --from 2020-13-01 --until 2090-01-01 -o x.cert
gives "nor a name with a line feed (K-9)" 2 "$MUNIMENT" key certify next.key.pub --root office.root --key root.key --name "$(printf 'a\nfor: office')" --from 2020-01-01 --until 2090-01-01 -o x.cert
seal work.key >/dev/null; mv out.mun work.mun
seal second.key >/dev/null; mv out.mun second.mun
trusts() # FACT STATUS TEXT PATH...: verify work.mun by these
{
    local fact=$1 status=$2 text=$3 path trust=()
    shift 3
    for path; do trust+=(--trust "$path"); done
    gives "$fact" "$status" "$MUNIMENT" verify work.mun "${trust[@]}"
    says "$fact: says why" out "$text"
}
trusts "root and certificate trust" 0 "work: certified by County Archive from 2020-01-01 to 2090-12-31" office.root work.cert
trusts "no root, no trust (K-13)" 1 "signer unknown" work.cert
trusts "another's root is none (K-13)" 1 "signer unknown" stranger.root work.cert
trusts "a root alone trusts nobody" 1 "signer unknown" office.root
trusts "nor does the root's key in PEM (K-13)" 1 "signer unknown" root.key.pub work.cert
gives "boot takes them as well" 0 "$MUNIMENT" boot work.mun --trust office.root --trust work.cert --until time:0.1
mkdir trust
cp office.root work.cert second.cert trust
echo notes >trust/README
trusts "so does a folder (K-8)" 0 "certified by County Archive" trust
gives "an office's key signs no archives (K-14)" 1 "$MUNIMENT" verify second.mun --trust trust
cp phrase trust/broken.revoked
gives "what a folder's file is named for it must be (K-8)" 3 "$MUNIMENT" verify work.mun --trust trust
rm trust/broken.revoked

# Every link is cut and tied again without the key.
tampered() { # FACT FILE SED-SCRIPT: a file of the folder that was changed so trusts nobody, or is refused
    local status=0
    cp "$2" keep
    sed -i "$3" "$2"
    "$MUNIMENT" verify work.mun --trust trust >out 2>err || status=$?
    passed "$1" "$([ $status = 1 ] || [ $status = 3 ]; echo $?)"
    cp keep "$2"
}
other=$(openssl pkey -pubin -in next.key.pub -outform DER | base64 -w0)
tampered "a certificate for longer (K-12)" trust/work.cert 's/until: 2090/until: 2099/'
tampered "a certificate of another name (K-12)" trust/work.cert 's/name: work/name: worm/'
sed "s/for: office/for: archives/" second.cert >forged.cert
gives "an office's certificate is none for archives (K-12, K-14)" 1 "$MUNIMENT" verify second.mun --trust office.root --trust forged.cert
tampered "a certificate without signature (K-12)" trust/work.cert '/^signature/d'
tampered "a signature of another algorithm (K-11)" trust/work.cert 's/^signature: ed25519/signature: rsa-sha256/'
tampered "a signature of an algorithm that nobody knows (K-11)" trust/work.cert 's/^signature: ed25519/signature: slh-dsa-sha2-999x/'
says "is not checked" out "not checked here"
tampered "a certificate's last byte (K-12)" trust/work.cert '$s/.$/A/;$s/..$/A=/'
tampered "an order of lines (K-9)" trust/work.cert '3{h;d};4G'
tampered "a line more (K-9)" trust/work.cert '4a note: x'
tampered "another root's key (K-13)" trust/office.root "s|^key: .*|key: $other|"
tampered "a certificate as another's root (K-9)" trust/office.root 's/muniment-root/muniment-certificate/'
"$MUNIMENT" key certify next.key.pub --root office.root --name next --from 2020-01-01 --until 2090-01-01 -o next.cert >/dev/null
body=$(stat -c %s next.cert)
openssl pkeyutl -sign -rawin -inkey work.key -in next.cert -out sig
printf '\nsignature: ed25519 %s %s\n' "$(openssl pkey -pubin -in root.key.pub -outform DER | sha256sum | cut -d' ' -f1)" "$(base64 -w0 sig)" >>next.cert
seal next.key >/dev/null
gives "a working key certifies nobody (K-12)" 1 "$MUNIMENT" verify out.mun --trust trust --trust next.cert

# Times.
certify work --from 2090-01-01 --until 2091-01-01 >/dev/null
trusts "not before its time (K-16)" 1 "only from 2090-01-01 on" office.root work.cert
certify work --from 2001-01-01 --until 2002-12-31 >/dev/null
trusts "after its time it is said to be claimed (K-17)" 0 "from 2001-01-01 to 2002-12-31; that it signed before then is only claimed" office.root work.cert

# Revocations take two people.
revoke() { "$MUNIMENT" key revoke work.key.pub --root office.root --since 2024-05-01 -o work.revoked --force "$@"; }
gives "a key is revoked" 0 revoke --key root.key --second second.key --reason compromised
trusts "and not trusted (K-18)" 1 "revoked: compromised since 2024-05-01" trust work.revoked
trusts "even if it was named itself (K-18)" 1 "compromised since" trust work.revoked work.key.pub
trusts "unless the root is not" 0 "" work.revoked work.key.pub
sed -i 's/^signature: ed25519/signature: slh-dsa-sha2-999x/' work.revoked
trusts "one that is not checked revokes (K-19)" 1 "not checked here" trust work.revoked
for reason in lost superseded; do
    revoke --key root.key --second second.key --reason $reason >/dev/null
    trusts "$reason: what it signed is claimed (K-17)" 0 "revoked: $reason since 2024-05-01; that it signed before is only claimed" trust work.revoked
done
gives "no other reason" 2 revoke --key root.key --second second.key --reason whim
gives "the root is not the second" 3 revoke --key root.key --second root.key --reason compromised
for who in "--key root.key" "--second second.key" "--key root.key --second stranger.key" "--key root.key --second work.key" ""; do
    gives "a revocation is written for others to sign" 0 revoke --reason compromised $who
    trusts "but revokes nothing before two have: $who (K-15)" 0 "; revocation of 2024-05-01 ignored: its root and a second person have not both signed it" trust work.revoked
    trusts "also of a key that was named itself: $who (K-15)" 0 "revocation of 2024-05-01 ignored" trust work.revoked work.key.pub
done

# Who holds the root is no second person, whatever the key (K-20).
revoke --key root.key --second second.key --reason compromised >/dev/null
holds() { "$MUNIMENT" key certify $1.key.pub --root office.root --key root.key --name "$2" --from 2020-01-01 --until 2090-12-31 -o "$1-$2.cert" >/dev/null; }
holds second "County Archive" && holds root Ada && holds next Ada && holds next second
trusts "a second who has the root's own name is no second, and it is said (K-20)" 0 "; revocation of 2024-05-01 ignored" trust "second-County Archive.cert" work.revoked
trusts "one who holds another key is a second" 1 "compromised since" trust next-second.cert next-Ada.cert work.revoked
trusts "not if it is who holds the root, by way of a third key (K-20)" 0 "certified by" trust root-Ada.cert next-Ada.cert next-second.cert work.revoked
sed -i 's/^signature: ed25519/signature: slh-dsa-sha2-999x/' next-Ada.cert
trusts "nor if that is not checked (K-20)" 0 "certified by" trust root-Ada.cert next-Ada.cert next-second.cert work.revoked
sed -i '/^signature/d' next-Ada.cert
trusts "what the root did not sign says nothing of who holds a key" 1 "compromised since" trust root-Ada.cert next-Ada.cert next-second.cert work.revoked

# Roots of other kinds, which openssl holds.
for kind in "ecdsa-sha256 EC -pkeyopt ec_paramgen_curve:secp384r1" "rsa-sha256 RSA -pkeyopt rsa_keygen_bits:3072" "rsa-sha256 RSA -pkeyopt rsa_keygen_bits:1024"; do
    set -- $kind
    openssl genpkey -algorithm $2 $3 $4 -out other.pem 2>/dev/null
    openssl pkey -in other.pem -pubout -out other.pub
    "$MUNIMENT" key root other.pub --name "Other" -o other.root --force >/dev/null
    "$MUNIMENT" key certify work.key.pub --root other.root --name work --from 2020-01-01 --until 2090-01-01 -o other.cert --force >/dev/null
    openssl dgst -sha256 -sign other.pem -out sig other.cert
    printf '\nsignature: %s %s %s\n' "$1" "$(openssl pkey -in other.pem -pubout -outform DER | sha256sum | cut -d' ' -f1)" "$(base64 -w0 sig)" >>other.cert
    if [ $4 = rsa_keygen_bits:1024 ]; then trusts "a root of $kind is too short (K-10)" 1 "signer unknown" other.root other.cert
    else trusts "a root of $kind certifies" 0 "certified by Other" other.root other.cert; fi
    sed -i 's/name: work/name: worm/' other.cert
    trusts "and not what it did not sign" 1 "signer unknown" other.root other.cert
done

# A folder of more keys than there is room for: the reason is named, and nobody is judged by the rest.
mkdir many && python3 -c 'import os; [os.link("plain.key.pub", f"many/{i}.pub") for i in range(4097)]'
gives "more keys than there is room for" 3 "$MUNIMENT" verify out.mun --trust many
says "with their number" err "is one more than the 4096 that --trust can name: name fewer"

facts keys
