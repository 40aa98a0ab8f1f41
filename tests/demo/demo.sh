#!/bin/bash
# demo.sh - the demonstration: seals the records terminal, verifies it, boots it twice under the same script, retrieves a record and a print, damages a copy.
#
#   tests/demo/demo.sh FOLDER     FOLDER holds records.img, records.yaml and records-description.yaml (tests/demo/demo.mk)
#
# Leaves there records.mun, key, key.pub, extract.txt, chime.wav, session.journal, records.png, the bag parcel and the prints, and the script. What it made there before is made again.
set -euo pipefail
muniment=$(realpath "${MUNIMENT:-build/muniment}")
script=$(realpath "$(dirname "$0")/records.script")
cd "$1"
mkdir -p bin
ln -sf "$muniment" bin/muniment
cp "$script" records.script
PATH=$PWD/bin:$PATH
rm -rf prints parcel
rm -f key key.pub records.mun damaged.mun records.png extract.txt chime.wav session.journal first.digests second.digests

say()
{
    printf '\n%s\n' "$*"
}

# Shows a command as one would type it, and runs it.
run()
{
    local shown="$*"
    echo "\$ ${shown//$PWD\//}"
    "$@"
}

echo "In ${PWD}:"
say "1. Seal the machine: hardware, firmware and disk go into one signed file, with what the machine does in a reference boot."
run muniment key new key
run muniment seal records.yaml --description records-description.yaml -o records.mun --key key --attest records.script

say "2. Verify it: every byte is as it was sealed, by somebody whom we trust, and the machine still starts identically."
run muniment verify records.mun --trust key.pub --reboot

say "3. Boot it twice. The script walks through the records terminal and takes three digests of the whole machine's state."
run muniment boot records.mun --script records.script --digest | tee first.digests
run muniment boot records.mun --script records.script --digest --serial extract.txt --record session.journal | tee second.digests
# The first line of each file is the command itself.
if ! cmp <(sed 1d first.digests) <(sed 1d second.digests); then
    echo "The two boots differ."
    exit 1
fi
echo "The digests are equal: both boots were the same, bit for bit."
say "The extract that the terminal sent to its serial line (extract.txt):"
cat extract.txt
say "When it had sent the extract it chimed: a third boot lets one hear it (chime.wav). The sound's digest is in the archive, with those of state and picture."
run muniment boot records.mun --script records.script --sound chime.wav | sed -n 1p
if [ "$(tail -c +45 chime.wav | tr -d '\0' | wc -c)" -lt 1000 ]; then
    echo "Nothing was heard."
    exit 1
fi
say "The second boot was recorded. Its journal repeats it to any point, and shows the screen there (records.png):"
run muniment replay records.mun session.journal --until 'screen:Lock 2 is a scheduled monument' --screenshot records.png

say "4. Take a record out, with a receipt that the office signs, and a print. The receipt is checked with the archive."
run muniment retrieve records.mun RECORDS/P1021.TXT -o parcel --key key
run muniment verify parcel/receipt.txt --trust key.pub --archive records.mun
run muniment boot records.mun --script records.script --print prints
[ -s prints/0001.pdf ]
echo "The print is in prints/0001.pdf."

say "5. Flip one bit in a copy, in the middle of the disk's compressed chunks."
cp records.mun damaged.mun
# tar counts blocks of 512 bytes; the member begins one block behind its header.
header=$(tar -tRf damaged.mun | sed -n 's/^block \([0-9]*\): disk\/fd0\/00000000\.gz$/\1/p')
offset=$(((header + 1) * 512 + 3000))
byte=$(od -An -tu1 -j $offset -N 1 damaged.mun)
printf "\\$(printf %o $((byte ^ 1)))" | dd of=damaged.mun bs=1 seek=$offset conv=notrunc status=none
status=0
run muniment verify damaged.mun --trust key.pub 2>&1 | tee damage.txt || status=$?
if [ $status -ne 1 ] || ! grep -q 'chunk' damage.txt; then
    echo "The damage was not found where it is."
    exit 1
fi
echo "The damage is found, and the chunk is named."
rm -rf bin damaged.mun first.digests second.digests damage.txt
say "Left in $PWD: records.mun key key.pub extract.txt session.journal records.png parcel prints chime.wav"
echo "To use the machine in a browser:  $muniment serve $PWD --key $PWD/key --trust $PWD/key.pub"
