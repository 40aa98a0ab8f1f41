#!/bin/bash
# faults.sh - every system call of ingest on a shelf of three floppies, and of seal, fails once (strace --inject), or the process is killed in it: each
# archive is whole or not there, nothing half-written stays when the same command has run again, and that comes to its end. One of the calls of each
# kind, each time another; FAULTS=N of them, or all with LONG. The counts are printed.
set -u
. tests/facts.sh
muniment=$(realpath "${MUNIMENT:-build/muniment}") here=$PWD
cd "$WORK" || exit 1
command -v strace >/dev/null || { echo "strace is not installed"; exit 77; }
strace -o /dev/null true 2>/dev/null || { echo "strace may not trace here"; exit 77; }
most=${FAULTS:-${LONG:+100000}}
most=${most:-1}
python3 - <<'PY'
import random
for name in "abc":
    with open(name + ".img", "wb") as image:
        image.write(b"\xeb\xfe" + random.Random(name).randbytes(70000))
        image.truncate(1474560)
PY
# What is taken in says when: by a clock that stands, an archive is the same file each time, and is compared with the sound one.
gcc -shared -fPIC -o clock.so "$here/tests/clock.c" -ldl && export CLOCK=1900000000 || exit 1
taken() { LD_PRELOAD=$PWD/clock.so "$@"; }
"$muniment" key new office >out && "$muniment" suggest a.img --machine dos-1990 >a.yaml && mkdir sealed || exit 1
printf 'accession,title,images\nA,One,a.img\nB,Two,b.img\nC,Three,c.img\n' >shelf.csv
ingest=("$muniment" ingest shelf.csv --key office --library) seal=("$muniment" seal a.yaml --key office --threads 1 -o)
taken "${ingest[@]}" ingested >out && taken "${seal[@]}" sealed/A.mun >out && rm -f ingested/.muniment-index.sqlite || exit 1
gives "what is taken in is whole" 0 "$muniment" verify ingested sealed --trust office.pub

# differs SOUND: what lib has besides the sound archives, what it lacks, and which are others.
differs() { diff -rq -x .muniment-index.sqlite "$1" lib; }

# under INJECTION COMMAND...: runs it with a fault in one call of the first process.
under() { local injection=$1; shift; { timeout -k 5 100 strace -E LD_PRELOAD="$PWD/clock.so" -o trace -e trace="${injection%%:*}" --inject="$injection" "$@" >out 2>err; } 2>killed; }
declare -A tried
for act in ingest seal; do
    if [ $act = ingest ]; then
        sound=ingested command=("${ingest[@]}" lib) again=("${ingest[@]}" lib)
    else
        sound=sealed command=("${seal[@]}" lib/A.mun) again=("${seal[@]}" lib/A.mun --force)
    fi
    rm -rf lib && mkdir lib
    strace -E LD_PRELOAD="$PWD/clock.so" -o calls "${command[@]}" >out 2>err
    for fault in write:error=ENOSPC pwrite64:error=ENOSPC fsync:error=EIO fdatasync:error=EIO openat:error=EMFILE linkat:error=EIO renameat:error=EIO renameat2:error=EIO rename:error=EIO \
        unlinkat:error=EACCES flock:error=EINTR clone:error=EAGAIN clone3:error=EAGAIN socketpair:error=EMFILE mmap:error=ENOMEM read:error=EIO pread64:error=EIO close:error=EIO \
        getdents64:error=EIO newfstatat:error=EIO write:signal=KILL pwrite64:signal=KILL fsync:signal=KILL linkat:signal=KILL renameat:signal=KILL unlinkat:signal=KILL openat:signal=KILL close:signal=KILL; do
        call=${fault%%:*}
        made=$(grep -c "^$call(" calls)
        # The first ones are the loader's, before the command watches for signals. Those that are tried lie apart by the same number of calls, from any of the first on.
        first=$(($(sed '/^rt_sigaction(SIGINT/,$d' calls | grep -c "^$call(") + 1))
        step=$(((made - first + most) / most))
        [ $step -ge 1 ] || step=1
        for ((n = first + RANDOM % step; n <= made; n += step)); do
            rm -rf lib && mkdir lib
            status=0 begun=$SECONDS
            under "$fault:when=$n" "${command[@]}" || status=$?
            passed "$act, $fault, call $n: it comes to an end" $((SECONDS - begun >= 100))
            tried[$act]=$((${tried[$act]-0} + 1))
            case $status in 0 | 2 | 3 | 4 | 137) wrong=0 ;; *) wrong=1 ;; esac
            passed "$act, $fault, call $n: exit status $status" $wrong
            differs $sound >found
            passed "$act, $fault, call $n: what is there is whole" "$(! grep -v '^Only in' found >&2; echo $?)"
            gives "$act, $fault, call $n: the same command comes to its end" 0 taken "${again[@]}"
            differs $sound
            passed "$act, $fault, call $n: all is whole, and nothing else is left" $?
        done
    done
done
passed "calls failed: ${tried[ingest]} of ingest, ${tried[seal]} of seal" $((${tried[ingest]-0} == 0 || ${tried[seal]-0} == 0))
echo "calls that failed once: ${tried[ingest]} of ingest, ${tried[seal]} of seal"
facts "faults.sh"
