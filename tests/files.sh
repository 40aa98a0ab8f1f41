#!/bin/bash
# files.sh - what the command writes: what is there already is refused or replaced whole, links are followed, devices and FIFOs are never replaced, what a
# killed run left is swept and nothing else is, and a host that fails is reported (failing.c). Devices are nodes of its own, never the system's.
set -u
. tests/facts.sh
gcc -shared -fPIC -O1 -o "$WORK/failing.so" tests/failing.c -ldl || exit 1
cp "$BUILD/demo/first.img" "$WORK/floppy.img"
cd "$WORK" || exit 1
muniment=$MUNIMENT
"$muniment" suggest floppy.img --machine plain | sed '/- disk/d' >machine.yaml

seal()
{
    timeout 60 "$muniment" seal machine.yaml --key key "$@"
}

boot()
{
    timeout 60 "$muniment" boot floppy.img --until time:0.5 "$@"
}

# holds FACT FILE TEXT: the file is exactly the text.
holds()
{
    [ "$(cat "$2")" = "$3" ]
    passed "$1" $?
}

no_temporaries()
{
    [ -z "$(find . -name '*.tmp' -print)" ]
    passed "$1" $?
}

gives "a key is made" 0 "$muniment" key new key
[ "$(stat -c %a key)" = 600 ]
passed "that only its owner can read" $?

# --- What is there already ---

echo old >there
chmod 640 there
printf 'wait time 0.5\nscreenshot there\n' >picture.script
printf 'wait time 0.5\nsnapshot there\n' >snapshot.script
gives "an archive that is there is not replaced" 3 seal -o there
says "but another name asked for" err "muniment: there: is there already: choose another name, or replace it with --force"
gives "nor a picture" 3 boot --screenshot there
gives "nor one of a script" 3 boot --script picture.script
gives "nor a snapshot" 3 boot --script snapshot.script
gives "nor what COM1 sent" 3 boot --serial there
gives "nor what was printed" 3 boot --parallel there
gives "nor a trace" 3 boot --trace there --to tick:1000
gives "nor a journal" 3 boot --record there
gives "nor a key, whatever is said" 2 "$muniment" key new there --force
gives "nor a key" 3 "$muniment" key new there
holds "nothing of it was touched" there old
[ ! -s out ]
passed "and no machine had run" $?
gives "--force replaces it by an archive" 0 seal -o there --force
gives "which is whole" 0 "$muniment" verify there --integrity-only
[ "$(stat -c %a there)" = 640 ]
passed "and as readable as what it replaced" $?
cp there archive
gives "by a picture" 0 boot --screenshot there --force
[ "$(head -c 4 there | tail -c 3)" = PNG ]
passed "which is one" $?
gives "by a snapshot" 0 boot --script snapshot.script --force
gives "which is whole as well" 0 "$muniment" state there
cp there snapshot
gives "by what COM1 sent" 0 boot --serial there --force
says "which is all there is" there "First light"
no_temporaries "nothing else is left"

# --- Links, devices, FIFOs ---

echo old >target
ln -s target link
gives "a link to a file that is there is not replaced" 3 seal -o link
gives "with --force" 0 seal -o link --force
[ -L link ] && [ ! -L target ] && "$muniment" verify target --integrity-only >/dev/null
passed "what it leads to is, and the link stays" $?
ln -s nowhere dangling
gives "a link that leads nowhere is refused" 3 seal -o dangling --force
[ -L dangling ] && [ ! -e nowhere ]
passed "and left as it is" $?
mkdir folder
gives "so is a folder" 3 seal -o folder --force
mkfifo fifo
gives "an archive does not go into a FIFO" 3 seal -o fifo --force
printf 'wait time 0.5\nsnapshot fifo\n' >fifo.script
gives "nor a snapshot" 3 boot --script fifo.script --force
for option in --serial --screenshot; do
    timeout 60 cat fifo >received &
    gives "but $option writes to one" 0 boot $option fifo
    wait $!
    [ -s received ] && [ -p fifo ]
    passed "which stays what it is ($option)" $?
done
if [ "$(id -u)" = 0 ] && mknod null c 1 3 2>/dev/null && mknod full c 1 7 && (: >null) 2>/dev/null; then
    for force in "" --force; do
        gives "an archive does not go into a device $force" 3 seal -o null $force
        gives "a picture does $force" 0 boot --screenshot null $force
        gives "so does what COM1 sends $force" 0 boot --serial null $force
        [ -c null ]
        passed "which stays what it is $force" $?
    done
    ln -s null to-null
    gives "also by a link" 0 boot --screenshot to-null --force
    [ -c null ] && [ -L to-null ]
    passed "and both stay what they are" $?
    gives "a device that is full is reported" 4 boot --screenshot full
    gives "by what COM1 sends as well" 4 boot --serial full
    for command in "--version" "manifest check machine.yaml" "info archive" "verify archive --integrity-only" "state snapshot" "boot floppy.img --until time:0.1 --digest"; do
        timeout 60 "$muniment" $command >full 2>err
        [ $? -eq 4 ] && grep -q 'standard output: cannot write' err
        passed "standard output that is full is reported by $command" $?
    done
else
    echo "without devices: no root, or no nodes in this folder"
fi
for command in "--version" "manifest check machine.yaml" "verify archive --integrity-only" "seal machine.yaml --key key -o unsaid.mun" "boot floppy.img --until time:0.1 --digest"; do
    timeout 60 "$muniment" $command >&- 2>err
    [ $? -eq 4 ] && grep -q 'standard output: cannot write' err
    passed "so is one that is closed, by $command" $?
done
(sleep 0.3; status=0; "$muniment" verify unsaid.mun --integrity-only 2>err || status=$?; echo $status >status) | true
passed "a reader of it that has gone is no news" "$([ "$(cat status)" = 4 ] && [ ! -s err ]; echo $?)"
gives "and no file took its place" 0 "$muniment" verify unsaid.mun --integrity-only

# --- What a killed run left ---

head -c 96M /dev/urandom >big.img
sed 's/floppy\.img/big.img/; s/fd0/hd0/; s/floppy 1.44M/disk/; s/- floppy/- disk/' machine.yaml >big.yaml

# begin NAME: a sealing on its way, stopped: its process is $sealing, its temporary $temporary.
begin()
{
    "$muniment" seal big.yaml --key key -o "$1" >/dev/null 2>&1 &
    sealing=$!
    for ((i = 0; i < 200; i++)); do
        temporary=$(ls "$1".muniment-*.tmp 2>/dev/null) && [ -s "$temporary" ] && break
        sleep 0.02
    done
    kill -STOP $sealing
    [ -s "$temporary" ]
    passed "a sealing is on its way" $?
}

touch mine.tmp mine.muniment-.tmp mine.muniment-12-x.tmp mine.muniment-12-0.tmp.mun
printf 'wait time 1\n' >wait.script
gives "a journal and an overlay are made" 0 "$muniment" boot archive --script wait.script --record a.muniment-1-0.journal --overlay over.muniment-1-0
begin big.mun
gives "another run" 0 seal -o other.mun
[ -s "$temporary" ]
passed "leaves what a run writes that lives" $?
kill -KILL $sealing
wait $sealing 2>/dev/null
[ -s "$temporary" ]
passed "a killed run leaves what it wrote" $?
gives "until the next one writes there" 0 boot --screenshot picture.png
[ ! -e "$temporary" ] && [ ! -e big.mun ]
passed "which sweeps it" $?
[ -e mine.tmp ] && [ -e mine.muniment-.tmp ] && [ -e mine.muniment-12-x.tmp ] && [ -e mine.muniment-12-0.tmp.mun ] && [ -s a.muniment-1-0.journal ] && [ -s over.muniment-1-0.fd0 ]
passed "and nothing else" $?
rm mine.*
begin big.mun
kill -TERM $sealing
kill -CONT $sealing
wait $sealing
[ $? -eq 4 ] && [ ! -e "$temporary" ] && [ ! -e big.mun ]
passed "a sealing that is asked to end leaves nothing" $?
begin big.mun
echo mine >big.mun
kill -CONT $sealing
wait $sealing
[ $? -eq 3 ]
passed "a file that came there meanwhile is not replaced" $?
holds "but left" big.mun mine
no_temporaries "and no temporary"

# --- What is changed while it is read ---

for change in "printf x | dd of=big.img conv=notrunc status=none" "truncate -s +1 big.img" "cp big.img copy.img; mv copy.img big.img"; do
    begin changed.mun
    eval "$change"
    kill -CONT $sealing
    wait $sealing
    [ $? -eq 3 ]
    passed "an image that is changed while it is sealed is refused ($change)" $?
    [ -z "$(ls changed.mun* 2>/dev/null)" ]
    passed "and nothing is left ($change)" $?
done

# --- A host that fails ---

# failing WHAT COMMAND...
failing()
{
    FAIL=$1 LD_PRELOAD=./failing.so timeout 60 "${@:2}"
}

export -f boot seal
rm -f a.mun a.png a.snap
printf 'wait time 0.5\nsnapshot a.snap\n' >snapshot.script
for fault in folder-sync list sync rename; do
    gives "$fault fails: an archive" 4 failing $fault "$muniment" seal machine.yaml --key key -o a.mun
    says "$fault fails: and what" err "Input/output error"
    gives "$fault fails: a picture" 4 failing $fault "$muniment" boot floppy.img --until time:0.5 --screenshot a.png
    gives "$fault fails: a snapshot" 4 failing $fault "$muniment" boot floppy.img --script snapshot.script
    gives "$fault fails: a key" 4 failing $fault "$muniment" key new a.key
    [ $fault = folder-sync ] || [ -z "$(ls a.mun a.png a.snap a.key a.key.pub 2>/dev/null)" ]
    passed "$fault fails: and nothing is left" $?
    no_temporaries "$fault fails: nor a temporary"
    rm -f a.mun a.png a.snap a.key a.key.pub
done
head -c 65536 /dev/urandom >firmware.bin
sed "s/^  system: .*/  system:\n    file: firmware.bin\n    sha256: $(sha256sum firmware.bin | cut -d' ' -f1)/" machine.yaml >firmware.yaml
gives "firmware from a file is sealed" 0 "$muniment" seal firmware.yaml --key key -o firmware.mun
gives "a manifest that is changed while it is read is not" 3 failing touch "$muniment" seal firmware.yaml --key key -o a.mun
says "and named" err "firmware.yaml: was changed while it was read"
gives "nor is firmware" 3 failing touch:1 "$muniment" seal firmware.yaml --key key -o a.mun
says "but named" err "firmware.bin: was changed while it was read"
[ ! -e a.mun ]
passed "and nothing is left" $?
for fault in folder-sync sync; do
    gives "$fault fails: a journal" 4 failing $fault "$muniment" boot archive --script wait.script --record a.journal
    [ ! -e a.journal ]
    passed "$fault fails: of which nothing is left" $?
    gives "$fault fails: what COM1 sends" 4 failing $fault "$muniment" boot floppy.img --until time:0.5 --serial a.serial
    rm -f a.serial
done
gives "list fails: checkpoints" 4 failing list "$muniment" boot floppy.img --until time:0.5 --checkpoints points
says "list fails: whose folder is named" err "points: cannot read the folder: Input/output error"
gives "rename fails: what was there" 4 failing rename "$muniment" seal machine.yaml --key key -o big.mun --force
holds "rename fails: is there" big.mun mine

facts files
