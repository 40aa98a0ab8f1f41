#!/bin/bash
# keys.sh - signing by keys with a pass phrase, and by commands that hold them (spec/keys.md): what a command returns is
# used only if it is the signature. With pkcs11-tool and SoftHSM, where they are, by a token.
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
refused "too much (K-6)" 4 "gave 65 bytes" "cat >m; $sign m; echo"
refused "nothing" 4 "gave 0 bytes" "cat >m"
refused "a flood" 4 "no signature of its key" "head -c 3000000 /dev/zero"
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
else
    echo "no pkcs11-tool and SoftHSM here: no token was tried"
fi
facts keys
