#!/bin/bash
# hosts.sh - a machine is the same on every host: the runner (runner.c), built by Debian's cross compilers and run by qemu-user, prints the same digests on each, at
# many points of each guest, and they are those of `muniment boot`.
#
# HOSTS_TESTED names hosts, or is "all"; without it, and without LONG, a sample: one of 32 bits and one that is big-endian, ten points of each guest, shorter runs of the
# loads, the firmware's tests in two stretches, and of the states that are carried those of three guests, which each run draws. A host whose compiler or emulator is not there is ignored, and
# a line says so.
set -euo pipefail
unset MAKEFLAGS MFLAGS
sample="i386 s390x"
all="i386 aarch64 armhf riscv64 ppc64el s390x"
hosts=${HOSTS_TESTED:-${LONG:+all}}
[ "${hosts:=$sample}" != all ] || hosts=$all
root=$BUILD/hosts
points=10 ticks=8000000
[ "$hosts" = "$sample" ] || points=100 ticks=20000000
loads="integer branchy memory system x87"
drawn=" records $loads sse2 " # for carried
[ "$hosts" != "$sample" ] || drawn=" $(shuf -n 3 -e $drawn | tr '\n' ' ')"

# What runs a host's programs; i386 is at home here.
emulator()
{
    case $1 in
    i386)    ;;
    armhf)   echo qemu-arm ;;
    ppc64el) echo qemu-ppc64le ;;
    *)       echo "qemu-$1" ;;
    esac
}

compiler()
{
    make -s host-compiler HOST="$1" BUILD="$BUILD"
}

works()
{
    echo 'int main(void) { return 0; }' >"$WORK/empty.c"
    [ -z "$(emulator "$1")" ] || command -v "$(emulator "$1")" >/dev/null || return
    $(compiler "$1") -static -o "$WORK/empty" "$WORK/empty.c" 2>/dev/null && $(emulator "$1") "$WORK/empty"
}

# guest NAME TICKS IMAGE [KEY...]: boots it on every host to that tick.
guest()
{
    local name=$1 ticks=$2 image=$3 host
    shift 3
    "$BUILD/tests/runner" "$@" --every $((ticks / points)) --until tick:"$ticks" "$image" >"$WORK/reference"
    printf '%-9s %-8s %s\n' "$name" x86-64 "$(tail -n 1 "$WORK/reference")"
    [ $# -gt 0 ] || "$MUNIMENT" boot --machine plain "$image" --until tick:"$ticks" --digest | cmp - <(tail -n 1 "$WORK/reference")
    digests=$((digests + $(wc -l <"$WORK/reference")))
    for host in $ready; do
        $(emulator "$host") "$root/$host/runner" "$@" --every $((ticks / points)) --until tick:"$ticks" "$image" >"$WORK/$host"
        printf '%-9s %-8s %s\n' "$name" "$host" "$(tail -n 1 "$WORK/$host")"
        diff "$WORK/reference" "$WORK/$host"
    done
}

# carried NAME TICKS IMAGE [KEY...]: a state that is saved on one host at a random tick goes on on another, there and back, and ends as if it had never left.
carried()
{
    local name=$1 ticks=$2 image=$3 host there back
    shift 3
    [[ $drawn == *" $name "* || $hosts != "$sample" ]] || return 0
    "$BUILD/tests/runner" "$@" --until tick:"$ticks" "$image" >"$WORK/reference"
    for host in $ready; do
        there=$((ticks / 5 + (RANDOM * 32768 + RANDOM) % (ticks / 4))) back=$((ticks / 2 + (RANDOM * 32768 + RANDOM) % (ticks / 4)))
        "$BUILD/tests/runner" "$@" --until tick:$there --save "$WORK/there" "$image" >/dev/null
        $(emulator "$host") "$root/$host/runner" "$@" --load "$WORK/there" --until tick:$back --save "$WORK/back" "$image" >"$WORK/$host"
        "$BUILD/tests/runner" "$@" --load "$WORK/back" --until tick:"$ticks" "$image" | diff "$WORK/reference" -
        $(emulator "$host") "$root/$host/runner" "$@" --load "$WORK/back" --until tick:"$ticks" "$image" | diff "$WORK/reference" -
        carries=$((carries + 3))
    done
}

# continued HOST FROM TO STATE OPTION...: from a state that was saved here, the digests on that host are those of the reference.
continued()
{
    local host=$1 from=$2 to=$3 state=$4 every=$5
    shift 5
    $(emulator "$host") "$root/$host/runner" --every "$every" --load "$state" --until tick:"$to" "$@" >"$WORK/$host"
    awk -v from="$from" -v to=$((to + every / 2)) '$2 > from && $2 < to' "$WORK/reference" | diff - "$WORK/$host" || { echo "$name on $host, from tick $from"; return 1; }
    digests=$((digests + $(wc -l <"$WORK/$host"))) carries=$((carries + 1))
    printf '%-9s %-8s %s (from tick %d)\n' "$name" "$host" "$(tail -n 1 "$WORK/$host")" "$from"
}

# stretches NAME TICKS IMAGE OPTION...: a fifth of the run, from a random tick on, and its last tenth, on every host.
stretches()
{
    local name=$1 ticks=$2 image=$3 every=$(($2 / 40)) host at there
    shift 3
    "$BUILD/tests/runner" "$@" --every $every --until tick:"$ticks" "$image" >"$WORK/reference"
    printf '%-9s %-8s %s\n' "$name" x86-64 "$(tail -n 1 "$WORK/reference")"
    for host in $ready; do
        at=$((RANDOM % 32)) there=$((at * every + every / 4 + RANDOM))
        "$BUILD/tests/runner" "$@" --until tick:$there --save "$WORK/there" "$image" >/dev/null
        "$BUILD/tests/runner" "$@" --load "$WORK/there" --until tick:$((36 * every)) --save "$WORK/back" "$image" >/dev/null
        continued "$host" $there $(((at + 8) * every)) "$WORK/there" $every "$@" "$image"
        continued "$host" $((36 * every + every / 4)) "$ticks" "$WORK/back" $every "$@" "$image"
    done
}

# moved NAME OPTION TEXT FACT: the firmware's tests on another machine, whose pointer moves when they ask for it by this text; they find that it did. On the sample of hosts two
# stretches of them, the movement in the second; else all, and carried.
moved()
{
    local name=$1 at image=$BUILD/bios/test.img
    at=$("$BUILD/tests/runner" "$2" --until serial:"$3" "$image" | sed 's/^tick \([0-9]*\) .*/\1/')
    "$BUILD/tests/runner" "$2" --move "$at" --until serial:"ok   $4" "$image" >"$WORK/reference"
    if [ "$hosts" = "$sample" ]; then
        stretches "$name" $((at + 10000000)) "$image" "$2" --move "$at"
    else
        guest "$name" $((at + 10000000)) "$image" "$2" --move "$at"
        carried "$name" $((at + 10000000)) "$image" "$2" --move "$at"
    fi
}

# cable: two machines on one cable are the same on every host, and as `muniment boot` has them.
cable()
{
    local host number there back
    for number in 1 2; do
        {
            printf 'muniment: machine 0\nmachine: pc-isa\ncpu:\n  model: i486\n  speed: %s MIPS\nmemory: 16 MiB\n' $((30 - 5 * number))
            printf 'firmware:\n  system: built-in 0\n  video: built-in 0\nclock: 1998-01-01T00:00:00\ndrives:\n  fd0:\n    kind: floppy 1.44M\n    image: network.img\n'
            printf 'boot:\n  - floppy\n  - disk\nports:\n  - com1\n  - com2\n  - lpt1\ndisplay: vga\n'
            printf 'network:\n  card: ne2000\n  address: 02:00:00:00:00:0%s\n  cable: yes\n' $number
        } >"$WORK/machine$number.yaml"
    done
    cp "$BUILD/tests/network.img" "$WORK"
    printf 'muniment: set 0\nmachines:\n  - name: a\n    machine: machine1.yaml\n  - name: b\n    machine: machine2.yaml\n    power-on: 300 ms\n' >"$WORK/set.yaml"
    "$BUILD/tests/runner" --set --every $((1200000 / points)) --until tick:1200000 "$WORK/network.img" >"$WORK/reference"
    printf '%-9s %-8s %s\n' set x86-64 "$(tail -n 1 "$WORK/reference")"
    "$MUNIMENT" boot "$WORK/set.yaml" --until time:1.2 --digest | cmp - <(tail -n 1 "$WORK/reference")
    printf 'muniment: set 0\nmachines:\n  - name: b\n    machine: machine2.yaml\n    power-on: 300 ms\n  - name: a\n    machine: machine1.yaml\n' >"$WORK/other.yaml"
    "$MUNIMENT" boot "$WORK/other.yaml" --until time:1.2 --digest --slice random:$((RANDOM + 1)) | cmp - <(tail -n 1 "$WORK/reference")
    digests=$((digests + $(wc -l <"$WORK/reference")))
    for host in $ready; do
        $(emulator "$host") "$root/$host/runner" --set --every $((1200000 / points)) --slices $((RANDOM + 1)) --until tick:1200000 "$WORK/network.img" | diff "$WORK/reference" -
        # Within the office's talk, from here to there and back.
        there=$((500000 + RANDOM * 3)) back=$((700000 + RANDOM * 6))
        "$BUILD/tests/runner" --set --until tick:$there --save "$WORK/there" "$WORK/network.img" >/dev/null
        $(emulator "$host") "$root/$host/runner" --set --load "$WORK/there" --until tick:$back --save "$WORK/back" "$WORK/network.img" >/dev/null
        "$BUILD/tests/runner" --set --load "$WORK/back" --until tick:1200000 "$WORK/network.img" | diff <(tail -n 1 "$WORK/reference") -
        carries=$((carries + 2))
        printf '%-9s %-8s %s\n' set "$host" "$(tail -n 1 "$WORK/reference")"
    done
}

# programs NAME...: QEMU's and Valgrind's instruction tests say on a host's linuxuser what they say on x86-64's.
programs()
{
    local program host
    for program; do
        "$BUILD/tests/linuxuser" "$program" >"$WORK/reference" 2>&1 && echo "status 0" >>"$WORK/reference" || true
        for host in $ready; do
            $(emulator "$host") "$root/$host/linuxuser" "$program" >"$WORK/$host" 2>&1 && echo "status 0" >>"$WORK/$host" || true
            cmp "$WORK/reference" "$WORK/$host"
        done
    done
    echo "$# of QEMU's and Valgrind's instruction tests say the same on x86-64$ready"
}

ready= digests=0 carries=0
for host in $hosts; do
    if works "$host"; then
        ready="$ready $host"
    else
        echo "$host: no compiler or no qemu-user for it (make deps-hosts)"
    fi
done
[ -n "$ready" ] || { echo "no compiler for another host is there (make deps-hosts)"; exit 77; }
make -s -j2 BUILD="$BUILD" "$BUILD/tests/runner" "$BUILD/tests/linuxuser" $(for host in $ready; do echo "$root/$host/"{runner,linuxuser,cirrus}; done) >&2
for host in $ready; do
    NM=$($(compiler "$host") -print-prog-name=nm) LIBRARY=$root/$host/libmachine.a tests/symbols.sh | sed "s/^/$host: /"
done

guest first 10000000 "$BUILD/demo/first.img"
# Enter, down, down, 1 0 2 1, Enter, s, Esc: a list, a parcel, its extract on the serial line.
guest records 600000000 "$BUILD/demo/records.img" --key 280000000:1c --key 300000000:d0 --key 310000000:d0 --key 320000000:02 --key 330000000:0b \
    --key 340000000:03 --key 350000000:02 --key 370000000:1c --key 480000000:1f --key 580000000:01
carried records 300000000 "$BUILD/demo/records.img" --key 280000000:1c
for load in $loads; do
    guest "$load" $ticks "$BUILD/bench/$load.img"
    carried "$load" $ticks "$BUILD/bench/$load.img"
done
guest sse2 $ticks "$BUILD/bench/sse2.img" --pentium4
carried sse2 $ticks "$BUILD/bench/sse2.img" --pentium4
moved pci --pci "pointer: to the middle" backdoor_reports_positions
moved mouse --serial-mouse "mouse: 300 right" serial_mouse_reports_what_it_was_given
for host in $ready; do
    $(emulator "$host") "$root/$host/cirrus" --count 1 >"$WORK/$host"
    printf '%-9s %-8s %s\n' cirrus "$host" "$(tail -n 1 "$WORK/$host")"
done
cable
if [ -n "${LONG-}" ] && (. tests/guests/guest.sh && grub_floppy); then
    guest grub 700000000 "$WORK/grub.img" --key 600000000:2e # c: from the menu to the prompt
    carried grub 700000000 "$WORK/grub.img" --key 600000000:2e
fi
suites=${MUNIMENT_SUITES:-/nowhere}
for image in ${LONG:+"$suites"/floppies/*.img}; do
    [ ! -e "$image" ] || { guest "$(basename "$image" .img)" 500000000 "$image"; carried "$(basename "$image" .img)" 500000000 "$image"; }
done
if [ -x "$suites/qemu-i386/test-i386" ] && [ -x "$suites/valgrind-x86/insn_basic" ]; then
    programs "$suites"/qemu-i386/test-i386 "$suites"/valgrind-x86/insn_*
else
    echo "without qemu-i386 and valgrind-x86 (MUNIMENT_SUITES)"
fi
echo "$carries times a state was carried from x86-64 to another host or back, and went on as if it had never left"
echo "$digests digests are equal on x86-64$ready"
