#!/bin/bash
# faults.sh - every system call of ingest on a shelf of three floppies, and of seal, fails once (strace --inject), or the process is killed in it: each
# archive is whole or not there, nothing half-written stays when the same command has run again, and that comes to its end. FAULTS=N, or all with
# LONG, of the calls of each kind; the counts are printed.
set -u
. tests/facts.sh
muniment=$(realpath "${MUNIMENT:-build/muniment}")
cd "$WORK" || exit 1
command -v strace >/dev/null || { echo "strace is not installed"; exit 77; }
strace -o /dev/null true 2>/dev/null || { echo "strace may not trace here"; exit 77; }
most=${FAULTS:-${LONG:+100000}}
most=${most:-3}
python3 - <<'PY'
import random
for name in "abc":
    with open(name + ".img", "wb") as image:
        image.write(b"\xeb\xfe" + random.Random(name).randbytes(70000))
        image.truncate(1474560)
PY
"$muniment" key new office >out && "$muniment" suggest a.img --machine dos-1990 >a.yaml
printf 'accession,title,images\nA,One,a.img\nB,Two,b.img\nC,Three,c.img\n' >shelf.csv
"$muniment" ingest shelf.csv --library sound --key office >out && "$muniment" seal a.yaml -o sound.mun --key office >out || exit 1
roots=$(for file in sound/*.mun; do "$muniment" info --root "$file"; done)

# whole FOLDER: each archive in it is intact.
whole() { local file; for file in "$1"/*.mun; do [ ! -e "$file" ] || "$muniment" verify "$file" --trust office.pub --quick >verdict 2>&1 || { echo "$file is not whole"; return 1; }; done; }
# clean FOLDER: and nothing else is there.
clean() { [ -z "$(ls -A "$1" | grep -v -e '\.mun$' -e '^\.muniment-index\.sqlite$')" ] || { ls -A "$1"; return 1; }; }

# under INJECTION COMMAND...: runs it with a fault in one call of the first process.
under() { local injection=$1; shift; { timeout -k 5 100 strace -o trace --inject="$injection" "$@" >out 2>err; } 2>killed; }
declare -A tried
for fault in write:error=ENOSPC pwrite64:error=ENOSPC fsync:error=EIO fdatasync:error=EIO openat:error=EMFILE linkat:error=EIO renameat:error=EIO renameat2:error=EIO rename:error=EIO \
    unlinkat:error=EACCES flock:error=EINTR clone:error=EAGAIN clone3:error=EAGAIN socketpair:error=EMFILE mmap:error=ENOMEM read:error=EIO pread64:error=EIO close:error=EIO \
    getdents64:error=EIO newfstatat:error=EIO write:signal=KILL pwrite64:signal=KILL fsync:signal=KILL linkat:signal=KILL renameat:signal=KILL unlinkat:signal=KILL openat:signal=KILL close:signal=KILL; do
    call=${fault%%:*}
    for act in ingest seal; do
        if [ $act = ingest ]; then command=("$muniment" ingest shelf.csv --library lib --key office); else command=("$muniment" seal a.yaml -o lib/A.mun --key office --threads 1); fi
        rm -rf lib && mkdir lib
        strace -o trace -e trace=$call,rt_sigaction "${command[@]}" >out 2>err
        count=$(grep -c "^$call(" trace)
        # The first ones are the loader's, before the command watches for signals. Those that are tried lie apart by the same number of calls.
        first=$(($(sed '/^rt_sigaction(SIGINT/,$d' trace | grep -c "^$call(") + 1))
        step=$(((count - first + most) / most))
        for ((n = first; n <= count; n += step < 1 ? 1 : step)); do
            rm -rf lib && mkdir lib
            status=0 begun=$SECONDS
            under "$fault:when=$n" "${command[@]}" || status=$?
            [ $((SECONDS - begun)) -lt 100 ] || passed "$act, $fault, call $n: it comes to an end" 1
            tried[$act]=$((${tried[$act]-0} + 1))
            case $status in 0 | 2 | 3 | 4 | 137) ;; *) passed "$act, $fault, call $n: exit status $status" 1 ;; esac
            [ $act = seal ] || [ -d lib ] || mkdir lib
            whole lib || passed "$act, $fault, call $n: what is there is whole" 1
            status=0
            if [ $act = ingest ]; then
                "${command[@]}" >out 2>err || status=$?
                [ "$(for file in lib/*.mun; do "$muniment" info --root "$file"; done)" = "$roots" ] || status=99
            else
                "${command[@]}" --force >out 2>err || status=$?
            fi
            [ $status = 0 ] || passed "$act, $fault, call $n: the same command comes to its end ($status)" 1
            clean lib || passed "$act, $fault, call $n: nothing else is left" 1
            whole lib || passed "$act, $fault, call $n: all is whole" 1
        done
    done
done
passed "calls failed: ${tried[ingest]} of ingest, ${tried[seal]} of seal" $((${tried[ingest]-0} == 0 || ${tried[seal]-0} == 0))
echo "calls that failed once: ${tried[ingest]} of ingest, ${tried[seal]} of seal"
facts "faults.sh"
