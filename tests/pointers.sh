#!/bin/bash
# pointers.sh - a machine whose mouse is on COM2, and one with VMware's backdoor, while the firmware's test asks for movement: both engines in the same states, resumed
# from a snapshot as never interrupted, and position and clipboard recorded and repeated.
set -euo pipefail
. bios/tests/media.sh
media_make "$BUILD/bios/test.img" "$WORK"
cd "$WORK"

# machine POINTER: machine.yaml; the test image starts from the floppy and switches the machine off.
machine()
{
    printf 'muniment: machine 0\nmachine: pc-i440fx\ncpu:\n  model: pentium2\n  speed: 25 MIPS\nmemory: 16 MiB\nfirmware:\n  system: built-in 0\n  video: built-in 0\n'
    printf 'clock: 1993-01-01T00:00:00\nboot:\n  - floppy\nports:\n  - com1\n  - lpt1\n'; [ "$1" != com2 ] || printf '  - com2\n'
    printf 'display: vga\npointer: %s\ndrives:\n' "$1"
    printf '  fd0:\n    kind: floppy 1.44M\n    image: floppy.img\n  hd0:\n    kind: disk\n    image: disk.img\n'
}

good=0
printf 'wait serial "mouse: 300 right"\nmouse move 300 -5\n' >com2.script
printf 'wait serial "pointer: to the middle"\nclick 360 200\nclipboard "from outside"\n' >absolute.script
for pointer in com2 absolute; do
    machine $pointer >machine.yaml
    printf 'snapshot %s.snapshot\nwait time 1\ndigest\n' $pointer >>$pointer.script
    for engine in interpreter translator random:7; do
        "$MUNIMENT" boot machine.yaml --script $pointer.script --engine $engine --until poweroff --limit 300 --digest --serial serial --force >$pointer.$engine
        grep -q '^done' serial && ! grep '^BAD' serial || good=1
        cmp $pointer.interpreter $pointer.$engine || good=1
    done
    [ "$("$MUNIMENT" boot machine.yaml --resume $pointer.snapshot --until poweroff --limit 300 --digest | tail -n 1)" = "$(tail -n 1 $pointer.interpreter)" ] ||
        { echo "$pointer: resumed, the machine ends in another state"; good=1; }
    cat $pointer.interpreter
done

printf 'muniment: description 0\ntitle: "Pointers"\n' >description.yaml
"$MUNIMENT" key new key >/dev/null
"$MUNIMENT" seal machine.yaml --description description.yaml -o sealed.mun --key key >/dev/null
"$MUNIMENT" boot sealed.mun --script absolute.script --until poweroff --record journal --force >/dev/null
grep -E 'position|clipboard' journal
[ "$(grep -cE '^[0-9]+ (position 32813 32849 0 0|clipboard 66726f6d206f757473696465) ' journal)" = 2 ] || good=1
"$MUNIMENT" replay sealed.mun journal || good=1
# buttons COMMAND: what the command does to the left button, by the journal: 1 is down.
buttons()
{
    printf 'wait serial "pointer: to the middle"\n%s\n' "$1" >buttons.script
    "$MUNIMENT" boot sealed.mun --script buttons.script --record buttons.journal >/dev/null
    sed -nE 's/^[0-9]+ (position|pointer) [-0-9]+ [-0-9]+ [-0-9]+ ([0-9]).*/\2/p' buttons.journal | tr -d '\n'
    rm buttons.journal
}
[ "$(buttons 'double-click 10 10')" = 01010 ] || { echo "a double click does something else"; good=1; }
exit $good
