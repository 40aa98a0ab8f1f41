#!/bin/bash
# processor.sh - the speed of the interpreter: work loads in one guest, run by Muniment, QEMU (TCG) and Bochs one after the other.
#
# usage: tests/bench/processor.sh BUILD. Seconds are user CPU time of the whole run, so that a loaded host does not count; boot is in them on all sides. MIPS is
# Muniment's ticks over its seconds, a ratio a peer's seconds over Muniment's: over 1 is faster than the peer. The checksums must agree.
set -eu
build=${1:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TIMEFORMAT=%U

# seconds NAME COMMAND...: runs it, prints its user time
seconds() {
    { time "$@" >"$work/out" 2>"$work/err" </dev/null; } 2>&1 | tail -n 1
}

bochs_run() {
    printf '%s\n' 'megs: 16' 'romimage: file=/usr/share/bochs/BIOS-bochs-latest' 'vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest' \
        "floppya: 1_44=$1, status=inserted" 'boot: floppy' 'display_library: term' "com1: enabled=1, mode=file, dev=$work/bochs.serial" \
        'cpu: ips=50000000' 'sound: driver=dummy' 'speaker: enabled=0' "log: $work/bochs.log" 'panic: action=fatal' >"$work/bochsrc"
    # Debian's Bochs has its debugger built in, which wants to be told to go on, and its text display wants a terminal.
    echo c | TERM=linux timeout 300 script -qec "bochs -q -f $work/bochsrc -rc /dev/null" /dev/null || true
}

qemu_run() {
    timeout 300 qemu-system-i386 -M isapc -cpu "$cpu" -m 16 -accel tcg -drive "file=$1,format=raw,if=floppy,snapshot=on" -display none \
        -serial "file:$work/qemu.serial" -device isa-debug-exit,iobase=0xf4 || true
}

# cell SECONDS: the peer's seconds and ratio, or a dash
cell() {
    [ -n "$1" ] && awk -v p="$1" -v m="$ours" 'BEGIN { printf "%8.2f %6.2fx", p, p / m }' || printf '%8s %7s' - -
}

# machine LOAD IMAGE: the manifest of a PC that has what the load needs
machine() {
    cp "$2" "$work/floppy.img"
    printf '%s\n' 'muniment: machine 0' 'machine: pc-isa' 'cpu:' "  model: $([ "$1" = sse2 ] && echo pentium4 || echo i486)" '  speed: 25 MIPS' \
        'memory: 16 MiB' 'firmware:' '  system: built-in 0' '  video: built-in 0' 'clock: 1998-01-01T00:00:00' 'drives:' '  fd0:' \
        '    kind: floppy 1.44M' '    image: floppy.img' 'boot:' '  - floppy' 'ports:' '  - com1' 'display: vga'
}

have() {
    command -v "$1" >/dev/null
}

printf '%-9s %9s %8s %7s %16s %16s\n' load Mticks seconds MIPS QEMU Bochs
printf 'wait poweroff\ndigest\n' >"$work/script"
for load in integer branchy memory system x87 sse2; do
    image=$build/bench/$load.img cpu=486
    [ "$load" != sse2 ] || cpu=qemu32
    machine "$load" "$image" >"$work/machine.yaml"
    ours=$(seconds "$build/muniment" boot "$work/machine.yaml" --script "$work/script" --serial "$work/serial" --limit 3600)
    ticks=$(awk '{ print $2 }' "$work/out")
    qemu='' bochs=''
    if have qemu-system-i386; then
        qemu=$(seconds qemu_run "$image")
        cmp -s "$work/serial" "$work/qemu.serial" || echo "bench: $load: QEMU computed something else" >&2
    fi
    if have bochs && have script; then
        bochs=$(seconds bochs_run "$image")
        cmp -s "$work/serial" "$work/bochs.serial" || echo "bench: $load: Bochs computed something else" >&2
    fi
    printf '%-9s %9.1f %8.2f %7.0f %s %s\n' "$load" "$(awk "BEGIN { print $ticks / 1e6 }")" "$ours" \
        "$(awk "BEGIN { print $ticks / 1e6 / $ours }")" "$(cell "$qemu")" "$(cell "$bochs")"
done
