#!/bin/bash
# replay.sh - what was recorded is repeated to the same bits, wherever and whenever; a journal that was cut, damaged, tampered with or recorded elsewhere is told
# from a good one, with the line and the tick; what a recorder that was killed had written is there.
set -u
. tests/facts.sh
demo=$(realpath "$BUILD/demo")
root=$PWD
tags=$root/tests/journal_tags.py
faulty=./faulty-muniment # --against takes words, and the path of this folder may have spaces
ln -s "$(realpath "$BUILD/tests/faulty")" "$WORK/$faulty"
ln -s "$MUNIMENT" "$WORK/same-muniment"
cp tests/demo/records.script "$WORK"
cd "$WORK" || exit 1

# same FACT FILE FILE
same()
{
    cmp "$2" "$3" >>err
    passed "$1" $?
}

"$MUNIMENT" key new key >/dev/null && "$MUNIMENT" seal "$demo/records.yaml" -o office.mun --key key >/dev/null || exit 1

# --- Record and replay ---

gives "a run is recorded" 0 "$MUNIMENT" boot office.mun --script records.script --record journal --digest --serial extract.txt --screenshot end.png
tail -n 1 out >recorded
sent=$(sha256sum <extract.txt)
gives "the journal's tags can be checked without Muniment" 0 python3 "$tags" check journal
gives "it is replayed" 0 "$MUNIMENT" replay office.mun journal --digest --serial extract.txt --force --screenshot replayed.png
says "all of it" out "29 inputs given, 2 states equal"
says "to its end" out ", the end"
tail -n 1 out >replayed
same "to the same state" recorded replayed
same "and picture" end.png replayed.png
[ "$sent" = "$(sha256sum <extract.txt)" ]
passed "and output" $?
for slicing in 1009 random:1 random:2; do
    gives "a run cut into slices ($slicing)" 0 "$MUNIMENT" boot office.mun --script records.script --record "sliced-$slicing" --slice "$slicing"
    same "has the same journal" journal "sliced-$slicing"
    gives "and a replay in slices is equal" 0 "$MUNIMENT" replay office.mun journal --slice "$slicing"
done

# Recording and replaying depend on nothing of the host.
mkdir -p elsewhere
gcc -shared -fPIC -o elsewhere/backwards.so "$root/tests/backwards.c" || exit 1
cp records.script elsewhere
gives "a run is recorded in another folder, locale and time zone, while the clock runs backwards" 0 env -C elsewhere -i PATH="$PATH" LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu \
    LD_PRELOAD=./backwards.so "$MUNIMENT" boot ../office.mun --script records.script --record ../elsewhere.journal
same "to the same journal" journal elsewhere.journal
gives "and replayed there" 0 env -C elsewhere -i PATH="$PATH" LC_ALL=C TZ=Pacific/Chatham LD_PRELOAD=./backwards.so "$MUNIMENT" replay ../office.mun ../journal
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 . && cp "$MUNIMENT" ./muniment
    gives "and by another user" 0 setpriv --reuid 65534 --regid 65534 --clear-groups ./muniment replay office.mun journal
fi
if command -v qemu-x86_64 >/dev/null; then
    gives "and on an emulated host" 0 qemu-x86_64 "$MUNIMENT" replay office.mun journal
else
    echo "without qemu-x86_64"
fi

# --- Ends ---

gives "a replay ends at a tick" 0 "$MUNIMENT" replay office.mun journal --to tick:262000000 --digest
says "exactly" out "tick 262000000 sha256:"
gives "or until a condition holds" 0 "$MUNIMENT" replay office.mun journal --until 'screen:records on this disk' --text
says "and shows it" out "records on this disk"
gives "a condition that never holds is reported" 1 "$MUNIMENT" replay office.mun journal --until 'screen:no such text'
says "with the end of the journal" err "the journal ends at tick"
cat >idle.script <<'END'
wait time 60
END
gives "a minute in which nobody types" 0 "$MUNIMENT" boot office.mun --script idle.script --record idle
[ "$(stat -c %s idle)" -lt 1024 ]
passed "takes less than 1 KB" $?

# --- Damage ---

size=$(stat -c %s journal)
head=$(head -n 4 journal | wc -c)
for cut in "$head" $((head + 1)) $((head + 100)) $((head + 400)) $((size - 100)) $((size - 20)) $((size - 1)); do
    head -c "$cut" journal >cut
    gives "a journal cut after $cut bytes is replayed" 0 "$MUNIMENT" replay office.mun cut
    says "to where it was cut" out "where the journal was cut short"
done
head -c $((head - 1)) journal >cut
gives "one that is cut within its head is refused" 3 "$MUNIMENT" replay office.mun cut
: >cut
gives "and an empty one" 3 "$MUNIMENT" replay office.mun cut
gives "and an archive" 3 "$MUNIMENT" replay office.mun office.mun
for line in 2 5 6 17 35; do
    sed "${line}d" journal >bad
    gives "a journal without its line $line is refused" 3 "$MUNIMENT" replay office.mun bad
    says "at that line" err "bad:$line: the tag does not follow"
    says "with what to do" err "find a good copy"
done
sed '10{h;d};11{G}' journal >bad
gives "lines that were exchanged are found" 3 "$MUNIMENT" replay office.mun bad
says "at the first of them" err "bad:10: the tag does not follow"
sed '12s/0/1/' journal >bad
gives "a changed line is found" 3 "$MUNIMENT" replay office.mun bad
says "where it is" err "bad:12: the tag does not follow"

# tampered SED: the journal with lines changed, and tags made to fit.
tampered()
{
    sed "$1" journal | python3 "$tags" again >bad
}
tampered '10{h;d};11{G}'
gives "ticks that go back are refused" 3 "$MUNIMENT" replay office.mun bad
says "with the line" err "bad:11: the line is of an earlier tick"
for change in '6s/^/9999999999999999999/' '6s/key 1c/key 1cc/' '6s/down/sideways/' '6s/key/kez/' '6s/ key/  key/' '5s/digest ./digest g/' '6s/ key.*/ pointer 0 32768 0 0 x/' \
    '6s/ key.*/ pointer 0 0 0 8 x/' '6s/ key.*/ serial 2 00 x/' '6s/ key.*/ serial 0 0 x/' '6s/ key.*/ medium hd9 none x/' '6s/ key.*/ power on x/' '2s/0/x/' '4s/cpu/CPU/'; do
    tampered "$change"
    gives "what is out of range is refused ($change)" 3 "$MUNIMENT" replay office.mun bad
    says "with its line" err "bad:${change%%s*}: "
done
tampered '$s/off/off x/;$p'
gives "something after the end is refused" 3 "$MUNIMENT" replay office.mun bad
# J-13
tampered "3s/: [0-9a-f]*/: $(printf %064d 7)/"
gives "another machine's journal is refused" 3 "$MUNIMENT" replay office.mun bad
says "with its machine-root" err "another machine, with the machine-root 00"
tampered '4s/cpu/gpu/'
gives "and one of a machine with other parts" 3 "$MUNIMENT" replay office.mun bad
tampered '2s/: 0/: 1/'
gives "and one of another version" 3 "$MUNIMENT" replay office.mun bad
says "for what it is" err "the journal is of another version of the machine"
disk=$(sha256sum "$demo/records.img" | cut -d' ' -f1)
tampered "4a medium: fd1 floppy $disk x"
gives "a medium for a drive that is not there is refused (J-12)" 3 "$MUNIMENT" replay office.mun bad --media "$demo/records.img"
says "with the reason" err "into a drive that the machine does not have"

tampered '8d;9d'
gives "a journal that lacks inputs is not equal" 1 "$MUNIMENT" replay office.mun bad
says "at the next digest" err "bad:33: the state is not the one recorded"
says "with the parts" err "parts that differ: ram"
says "and the tick that was equal" err "last equal at tick 0"
tampered '35s/digest ......../digest 00000000/'
gives "a tampered digest is found" 1 "$MUNIMENT" replay office.mun bad
says "where it is, and for what it is" err "bad:35: the state is not the one recorded, although no part differs"
tampered '5a 100 key 1c down x'
gives "a tick at which the machine cannot stand is found (J-24)" 1 "$MUNIMENT" replay office.mun bad
says "with the tick" err "bad:6: the machine cannot stand at this tick (tick 112;"

tampered '6{p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p;p}'
gives "a key for which the machine has no room is found (J-25)" 1 "$MUNIMENT" replay office.mun bad
says "for what it is" err "the machine does not take this input"

# --- Who differs, from when on, in what ---

# Another build, whose machine has a fault at one tick (tests/faulty.c).
fault=123456789:1000000
gives "a machine with a fault is recorded" 0 env FAULT=$fault "$faulty" boot office.mun --script records.script --record faulty
gives "its journal differs here" 1 timeout 60 "$MUNIMENT" replay office.mun faulty
says "and it is said at which digest" err "faulty:35: the state is not the one recorded; parts that differ: ram"
says "and that it is not this host" out "two runs on this host are equal to each other"
gives "beside the one that recorded" 1 timeout 60 "$MUNIMENT" replay office.mun faulty --against "env FAULT=$fault $faulty"
says "the first tick is found" out "first at tick 123456789, last equal at tick 123456788; parts that differ: ram"
says "and the byte" out "ram page 244: 1 bytes, from address 0x000f4240 on: 00 / 01"
if command -v qemu-x86_64 >/dev/null; then
    gives "also when that is for another host" 1 timeout 100 "$MUNIMENT" replay office.mun faulty --against "qemu-x86_64 -E FAULT=$fault $faulty"
    says "it is found" out "ram page 244: 1 bytes, from address 0x000f4240 on: 00 / 01"
fi
gives "one that did not record it" 1 timeout 60 "$MUNIMENT" replay office.mun faulty --against ./same-muniment
says "is told from one that did" out "it is not the one that recorded"
gives "and a program that is none" 1 timeout 60 "$MUNIMENT" replay office.mun faulty --against cat
says "from both" out "cat cannot be compared with"
gives "a machine with a fault is recorded, and its checkpoints kept" 0 env FAULT=$fault "$faulty" boot office.mun --script records.script --record faulty-2 \
    --checkpoint-every 3 --checkpoints kept-states
same "in the same journal" faulty faulty-2
gives "which differs here" 1 timeout 60 "$MUNIMENT" replay office.mun faulty --checkpoints kept-states
says "as do the checkpoints" out "differs from this machine (this / checkpoint)"
says "in that byte" out "ram page 244: 1 bytes, from address 0x000f4240 on: 00 / 01"
gives "a host that is not deterministic" 1 timeout 60 env FAULT=223456789:3000000:times "$faulty" replay office.mun journal
says "is found out" out "two runs on this host differ from each other: this host is not deterministic"
says "with the tick" out "first at tick 223456789, last equal at tick 223456788"
says "and the byte" out "ram page 732: 1 bytes, from address 0x002dc6c0 on: 00 / 01"
[ -z "$(ls -d "${TMPDIR:-/tmp}"/muniment-differ-* 2>/dev/null)" ]
passed "nothing is left of that" $?

# --- Back ---

for back in 0.5 3 11.7; do
    gives "a replay goes back $back s" 0 timeout 60 "$MUNIMENT" replay office.mun journal --back $back --digest
    tick=$(sed -n 's/^back at tick //p' out)
    tail -n 1 out >back
    gives "to where it was then" 0 "$MUNIMENT" replay office.mun journal --to "tick:$tick" --digest
    tail -n 1 out >there
    same "with that state" back there
done
gives "but not past power-on" 2 timeout 60 "$MUNIMENT" replay office.mun journal --back 12

# --- Media ---

cp "$demo/records.img" other.img
cat >floppy.script <<'END'
wait time 3
floppy other.img
wait time 2
floppy other.img
wait time 1
END
gives "changes of the floppy are recorded" 0 "$MUNIMENT" boot office.mun --script floppy.script --record floppies --floppy other.img --digest
tail -n 1 out >recorded
says "with the image" floppies "medium fd0 $(sha256sum other.img | cut -d' ' -f1)"
gives "a replay without the image is refused" 3 "$MUNIMENT" replay office.mun floppies
says "and says which" err "$(sha256sum other.img | cut -d' ' -f1) was put in, and is not here"
gives "with it, it is equal" 0 "$MUNIMENT" replay office.mun floppies --media records.script --media other.img --digest
tail -n 1 out >replayed
same "at the end as well" recorded replayed

# --- Recording ---

gives "a machine that is not sealed is not recorded" 3 "$MUNIMENT" boot "$demo/records.yaml" --record none
says "and it is said what to do" err "seal the machine first"
printf 'wait time 1\nsnapshot later\n' >later.script
"$MUNIMENT" boot office.mun --script later.script >/dev/null
gives "one that goes on from a snapshot is not either" 2 "$MUNIMENT" boot office.mun --resume later --record none --until tick:30000000
says "since a journal starts at power-on" err "a journal starts at power-on"
gives "a journal is not written over (J-28)" 3 "$MUNIMENT" boot office.mun --record journal
says "but another name asked for" err "choose another name"
gives "a run with an overlay" 0 "$MUNIMENT" boot office.mun --overlay kept --until tick:1000 --record first
gives "is recorded again while nothing was written" 0 "$MUNIMENT" boot office.mun --overlay kept --until tick:1000 --record second
same "with the same journal" first second
(ulimit -f 1; exec "$MUNIMENT" boot office.mun --script records.script --record full) >out 2>err
[ $? -eq 4 ]
passed "a full disk ends the run" $?
says "and is said" err "full: cannot write"
gives "what was on it is good" 0 "$MUNIMENT" replay office.mun full

# J-27: what is written down is on the disk within 100 ms. By the time of the processor, so that a busy host does not matter: how long the longest line waited for its sync.
cat >elsewhere/waits.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
static double first, longest;
static int waiting, syncs;
static double now(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return t.tv_sec * 1e3 + t.tv_nsec / 1e6; }
ssize_t write(int to, const void *bytes, size_t length)
{
    ssize_t (*real)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (to > 2 && !waiting++) first = now();
    return real(to, bytes, length);
}
int fdatasync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    if (waiting && now() - first > longest) longest = now() - first;
    waiting = 0, syncs++;
    return real(file);
}
/* Opened before the run locks itself in. */
static FILE *file;
__attribute__((constructor)) static void begin(void)
{
    file = fopen(getenv("WAITS"), "w");
}
__attribute__((destructor)) static void tell(void)
{
    fprintf(file, "%d %d %d\n", (int)longest, syncs, waiting);
    fclose(file);
}
END
gcc -shared -fPIC -o elsewhere/waits.so elsewhere/waits.c -ldl || exit 1
for ((i = 0; i < 100; i++)); do printf 'key down\nkey up\nwait time 0.0%d\n' $((i % 10)); done >steady.script
gives "what is typed is recorded" 0 env WAITS="$WORK/waits" LD_PRELOAD=./elsewhere/waits.so "$MUNIMENT" boot office.mun --script steady.script --record steady
read -r longest syncs left <waits
[ "$longest" -lt 100 ] && [ "$syncs" -ge 2 ] && [ "$left" -eq 0 ]
passed "and synced within 100 ms (the longest waited $longest ms; $syncs syncs)" $?

# J-26, a recorder that is killed: everything that it had written is there. It types for as long as it lives.
for ((i = 0; i < 2000; i++)); do printf 'key down\nkey up\n'; done >busy.script
for wait in 0.3 0.7 1.1; do
    rm -f killed
    "$MUNIMENT" boot office.mun --script busy.script --record killed >/dev/null 2>&1 &
    recorder=$!
    for ((i = 0; i < 200; i++)); do [ -s killed ] && break; sleep 0.05; done
    sleep $wait
    before=$(grep -c '' killed)
    kill -9 $recorder
    wait $recorder 2>/dev/null
    gives "the journal of a recorder that was killed is replayed" 0 "$MUNIMENT" replay office.mun killed
    says "to where it was cut" out "where the journal was cut short"
    [ "$(grep -c '' killed)" -ge "$before" ] && [ "$before" -ge 5 ]
    passed "and has what was in it before" $?
done

facts replay
