#!/bin/bash
# processor.sh - the speed of the interpreter, or with ENGINE=translator of the translator: work loads in one guest, run by Muniment, QEMU (TCG) and Bochs one after the other.
#
# usage: tests/bench/processor.sh BUILD [LOAD...]. Seconds are user CPU time of the whole run, so that a loaded host does not count; boot is in them on all sides. MIPS is
# Muniment's ticks over its seconds, a ratio a peer's seconds over Muniment's: over 1 is faster than the peer. The checksums must agree. MB/s are megabytes that the
# guest stored in display memory, where that is the load, over Muniment's seconds; the peers' follow by the ratio.
set -eu
build=${1:-build}
shift || true
[ $# -gt 0 ] || set -- integer branchy memory system x87 sse2 linear8 linear32 planar code
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
        'vga: extension=vbe' 'pci: enabled=1, chipset=i440fx, slot1=pcivga' 'cpu: ips=50000000' 'sound: driver=dummy' 'speaker: enabled=0' "log: $work/bochs.log" 'panic: action=fatal' >"$work/bochsrc"
    # Debian's Bochs has its debugger built in, which wants to be told to go on, and its text display wants a terminal.
    echo c | TERM=linux timeout 300 script -qec "bochs -q -f $work/bochsrc -rc /dev/null" /dev/null || true
}

qemu_run() {
    timeout 300 qemu-system-i386 -M "$board" -vga std -cpu "$cpu" -m 16 -accel tcg -drive "file=$1,format=raw,if=floppy,snapshot=on" -display none \
        -serial "file:$work/qemu.serial" -device isa-debug-exit,iobase=0xf4 || true
}

# cell SECONDS: the peer's seconds and ratio, or a dash
cell() {
    [ -n "$1" ] && awk -v p="$1" -v m="$ours" 'BEGIN { printf "%8.2f %6.2fx", p, p / m }' || printf '%8s %7s' - -
}

# stored: megabytes that the guest says it has stored, from the last run's serial line
stored() {
    sed -n 's/.*stored KiB \([0-9a-f]*\).*/\1/p' "$work/serial" | { read -r kib && echo $((0x$kib * 1024 / 1000000)) || echo 0; }
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

printf '%-9s %9s %8s %7s %7s %16s %16s\n' load Mticks seconds MIPS MB/s QEMU Bochs
printf 'wait poweroff\ndigest\n' >"$work/script"
for load; do
    image=$build/bench/$load.img cpu=486 board=isapc
    [[ $load != linear* ]] || board=pc # QEMU's ISA display has no linear frame buffer
    [ "$load" != sse2 ] || cpu=qemu32
    machine "$load" "$image" >"$work/machine.yaml"
    ours=$(seconds "$build/muniment" boot "$work/machine.yaml" --script "$work/script" --serial "$work/serial" --force --limit 3600 --engine "${ENGINE:-interpreter}")
    ticks=$(awk '{ print $2 }' "$work/out")
    qemu='' bochs=''
    if have qemu-system-i386; then
        qemu=$(seconds qemu_run "$image")
        cmp -s "$work/serial" "$work/qemu.serial" || echo "bench: $load: QEMU computed something else" >&2
    fi
    if have bochs && have script && [ "$load" != linear32 ]; then # Bochs' displays without X know no 32 bits
        bochs=$(seconds bochs_run "$image")
        cmp -s "$work/serial" "$work/bochs.serial" || echo "bench: $load: Bochs computed something else" >&2
    fi
    printf '%-9s %9.1f %8.2f %7.0f %7s %s %s\n' "$load" "$(awk "BEGIN { print $ticks / 1e6 }")" "$ours" \
        "$(awk "BEGIN { print $ticks / 1e6 / $ours }")" "$(awk -v m="$(stored)" "BEGIN { print m ? int(m / $ours) : \"-\" }")" "$(cell "$qemu")" "$(cell "$bochs")"
done
