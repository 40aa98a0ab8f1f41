#!/bin/bash
# desk.sh - end-to-end tests of the command. Run from the repository root after `make`; MUNIMENT names another build of the command.
#
# The machine is one boot sector, assembled here: it greets on screen and COM1, echoes what is typed and sent, and obeys single letters.

set -u
. tests/facts.sh
muniment=$(realpath "${MUNIMENT:-build/muniment}")
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# --- The guest ---

cat >guest.S <<'END'
    .code16
    .globl _start
_start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    mov %dl, drive
    mov $0x3fb, %dx             /* COM1: 115,200 bits a second, 8 bits, no parity */
    mov $0x83, %al
    out %al, %dx
    mov $0x3f8, %dx
    mov $0x0001, %ax
    out %ax, %dx
    mov $0x3fb, %dx
    mov $0x03, %al
    out %al, %dx
    mov $greeting, %si
1:  lodsb
    test %al, %al
    jz main
    call put
    jmp 1b
main:
    mov $1, %ah
    int $0x16
    jnz key
    mov $0x3fd, %dx
    in %dx, %al
    test $1, %al
    jnz received
    sti
    hlt
    jmp main
key:
    xor %ah, %ah
    int $0x16
    cmp $'h', %al
    je halt
    cmp $'o', %al
    je off
    cmp $'w', %al
    je write
    cmp $'r', %al
    je read
echo:
    call put
    jmp main
received:
    mov $0x3f8, %dx
    in %dx, %al
    jmp echo
halt:
    cli
    hlt
    jmp halt
off:                        /* APM: connect, version 1.1, set power state */
    mov $0x5301, %ax
    xor %bx, %bx
    int $0x15
    mov $0x530e, %ax
    xor %bx, %bx
    mov $0x0102, %cx
    int $0x15
    mov $0x5307, %ax
    mov $1, %bx
    mov $3, %cx
    int $0x15
    mov $'!', %al
    jmp echo
write:
    movb $'Z', 0x8000
    mov $0x0301, %ax
    call transfer
    jmp echo
read:
    mov $0x0201, %ax
    call transfer
    cmp $'E', %al
    je echo
    mov 0x8000, %al
    jmp echo
transfer:                   /* sector 2; what came of it in AL. The first try after a change of floppy only tells of it. */
    mov $3, %di
1:  push %ax
    mov $0x8000, %bx
    mov $2, %cx
    xor %dh, %dh
    mov drive, %dl
    int $0x13
    pop %ax
    jnc 2f
    dec %di
    jnz 1b
    mov $'E', %al
    ret
2:  mov $'w', %al
    ret
put:
    push %ax
    mov $0x0e, %ah
    mov $7, %bx
    int $0x10
    mov $0x3fd, %dx
1:  in %dx, %al
    test $0x20, %al
    jz 1b
    pop %ax
    mov $0x3f8, %dx
    out %al, %dx
    ret
greeting: .asciz "READY> "
drive: .byte 0
    .org 510
    .word 0xaa55
END
gcc -m32 -c -o guest.o guest.S && ld -m elf_i386 -Ttext=0x7c00 --oformat=binary -o guest.bin guest.o || exit 1
cp guest.bin floppy.img && printf 'A' >>floppy.img && truncate -s 1474560 floppy.img
cp guest.bin disk.img && printf 'D' >>disk.img && truncate -s 4M disk.img

machine()
{
    cat <<END
muniment: machine 0
machine: pc-isa
cpu:
  model: i486
  speed: 25 MIPS
memory: 2 MiB
firmware:
  system: built-in 0
  video: built-in 0
clock: 1998-01-01T00:00:00
drives:
  hd0:
    kind: disk
    image: $1
boot:
  - disk
ports:
  - com1
display: vga
END
}
machine disk.img >machine.yaml

# --- Help and usage ---

gives "--version says the version" 0 "$muniment" --version
says "--version says the version" out "muniment "
gives "--help lists the commands" 0 "$muniment" --help
for command in "key new" "manifest check" seal verify info identify suggest machines boot; do
    says "--help names $command" out "$command"
done
for command in "key new" "manifest check" seal verify info identify suggest machines boot; do
    gives "$command --help" 0 "$muniment" $command --help
    says "$command --help shows usage" out "Usage: muniment $command "
    sed -n 's/^  \(-[^ ]*\).*/\1/p' out | while read -r option; do
        grep -qF -e "${option//-/\\-}" "$root/desk/muniment.1" || [ "$option" = --help ] || echo "$option"
    done >undocumented
    [ ! -s undocumented ]; passed "the man page has every option of $command" $?
done
gives "no command is wrong usage" 2 "$muniment"
gives "an unknown command is wrong usage" 2 "$muniment" frobnicate
gives "half a command is wrong usage" 2 "$muniment" key
gives "an unknown option is wrong usage" 2 "$muniment" boot floppy.img --frobnicate
says "an unknown option is named" err "--frobnicate"
gives "an option without its value is wrong usage" 2 "$muniment" boot floppy.img --until
gives "a switch with a value is wrong usage" 2 "$muniment" boot floppy.img --digest=yes
gives "an option given twice is wrong usage" 2 "$muniment" boot floppy.img --limit 1 --limit 2
gives "a missing operand is wrong usage" 2 "$muniment" boot
gives "too many operands are wrong usage" 2 "$muniment" boot floppy.img disk.img
gives "seal needs -o" 2 "$muniment" seal machine.yaml --key key
gives "seal needs --key" 2 "$muniment" seal machine.yaml -o x.mun
for condition in tick: tick:x tick:-1 tick:99999999999999999999 time: time:1e3 screen: serial: halted poweroff: nothing ""; do
    gives "--until '$condition' is wrong usage" 2 "$muniment" boot floppy.img --until "$condition"
done
gives "--limit takes a number" 2 "$muniment" boot floppy.img --limit soon
gives "--slice takes a number" 2 "$muniment" boot floppy.img --slice 0

# --- Completion ---

bash -c '
    . "$0/desk/muniment.bash"; compopt() { :; }
    COMP_WORDS=("$1" boot floppy.img --unt) COMP_CWORD=3; _muniment; echo "${COMPREPLY[*]}"
    COMP_WORDS=("$1" "") COMP_CWORD=1; _muniment; echo "${COMPREPLY[*]}"' "$root" "$muniment" >out 2>err
says "completion knows options" out "--until"
says "completion knows commands" out "seal"

# --- Keys ---

gives "key new makes a key" 0 "$muniment" key new key
[ "$(stat -c %a key)" = 600 ]; passed "a private key has mode 0600" $?
openssl pkey -in key -pubout 2>/dev/null | cmp -s - key.pub; passed "openssl derives the same public key" $?
cp key key.before
gives "key new replaces nothing" 3 "$muniment" key new key
cmp -s key key.before; passed "a refused key new leaves the key as it was" $?
gives "key new needs a folder" 4 "$muniment" key new no/folder/key
"$muniment" key new other >/dev/null

# --- Manifests ---

for file in "$root"/manifests/*.yaml "$root"/manifests/machines/*.yaml machine.yaml; do
    gives "${file##*/} is valid" 0 "$muniment" manifest check "$file"
    says "${file##*/} has a digest" out "sha256:"
done
gives "the canonical form is printed" 0 "$muniment" manifest check --canonical machine.yaml
cp out canonical.yaml
gives "the canonical form is its own canonical form" 0 "$muniment" manifest check --canonical canonical.yaml
cmp -s out canonical.yaml; passed "the canonical form is its own canonical form" $?
gives "the digest is that of the canonical form" 0 "$muniment" manifest check machine.yaml
says "the digest is that of the canonical form" out "$(sha256sum <canonical.yaml | cut -d' ' -f1)"
"$muniment" manifest check machine.yaml | cut -d: -f3 >digest
(printf '\357\273\277'; cat machine.yaml) >marked.yaml
gives "a byte order mark may stand before a manifest" 0 "$muniment" manifest check marked.yaml
cut -d: -f3 out | cmp -s - digest; passed "and leaves no trace in its digest" $?
gives "nor in its canonical form" 0 "$muniment" manifest check --canonical marked.yaml
cmp -s out canonical.yaml; passed "which is the same" $?
cp marked.yaml marked
gives "a manifest is known by its first line, mark or not" 0 "$muniment" boot marked --until time:0.1
(printf '\357\273\277muniment: description 0\ntitle: A title\n') >marked.yaml
gives "before a description as well" 0 "$muniment" manifest check marked.yaml
says "which is one" out "valid description"
for encoding in UTF-16LE UTF-16BE UTF-32LE UTF-32BE UTF-16 UTF-32; do
    iconv -f UTF-8 -t $encoding machine.yaml >wide.yaml
    gives "a manifest in $encoding is bad input" 3 "$muniment" manifest check wide.yaml
    grep -q "muniment: wide.yaml: is in the encoding ${encoding%[LB]E}: save it as UTF-8" err; passed "and $encoding is named" $?
done
printf 'muniment: description 0\ntitle: Gr\374n\n' >latin.yaml
gives "a manifest in Latin 1 is bad input" 3 "$muniment" manifest check latin.yaml
says "and the encoding that is asked for is named" err "latin.yaml:2:10: not valid YAML: invalid leading UTF-8 octet; is the text in ISO 8859-1 or Windows-1252? It must be UTF-8"
sed "s|system: built-in 0|system:\n    file: machine.yaml\n    sha256: $(sha256sum </dev/null | cut -d' ' -f1)|" machine.yaml >bad.yaml
gives "firmware that does not have its digest is bad input (M-21)" 3 "$muniment" boot bad.yaml --until time:0.1
says "for what it is" err "machine.yaml: the file does not have the SHA-256 that the manifest names"
sed 's/2 MiB/2 MB/' machine.yaml >bad.yaml
gives "a bad size is bad input" 3 "$muniment" manifest check bad.yaml
says "a bad size has file, line and column" err "muniment: bad.yaml:6:9: memory must be"
sed 's/disk.img/..\/disk.img/' machine.yaml >bad.yaml
gives "a path upwards is bad input" 3 "$muniment" seal bad.yaml -o bad.mun --key key
says "a path upwards has file, line and column" err "bad.yaml:14:12: drives.hd0.image must be a path"
[ ! -e bad.mun ]; passed "a refused seal writes nothing" $?
gives "a missing manifest is the host's failure" 4 "$muniment" manifest check nothing.yaml

# --- Boot ---

boot()
{
    "$muniment" boot "$@"
}

gives "a floppy image boots to its screen" 0 boot floppy.img --until screen:'READY>' --limit 60 --digest --text
says "the screen is printed" out "READY>"
grep -qE '^tick [0-9]+ sha256:[0-9a-f]{64}$' out; passed "the digest is printed" $?
cp out once
for slicing in 1000 17 random:1 random:2 random:3 random:4; do
    gives "slices of $slicing change nothing" 0 boot floppy.img --until screen:'READY>' --limit 60 --digest --text --slice $slicing
    cmp -s out once; passed "slices of $slicing change nothing" $?
done
gives "a traced run" 0 boot floppy.img --until screen:'READY>' --limit 60 --digest --text --trace trace.txt --to tick:3000
cmp -s out once; passed "a trace changes nothing" $?
says "a trace begins at the reset vector" trace.txt "0 f000:0000fff0"
says "a trace tells what was written" trace.txt "]="
passed "a trace ends where it is told to" "$(awk '$1 >= 3000 { late = 1 } END { print late + 0 }' trace.txt)"
gives "a trace takes ticks" 2 boot floppy.img --trace trace.txt --from 5
gives "a disk image boots to its serial line" 0 boot disk.img --until serial:'READY>' --limit 60 --serial -
says "the serial line is printed" out "READY>"
gives "a manifest boots" 0 boot machine.yaml --until serial:'READY>' --limit 60 --serial serial.txt
says "the serial line is written" serial.txt "READY>"
# A port access takes 25 ticks on this machine: the instruction at a tick may end so much later.
ends_at()
{
    passed "$1" "$(awk -v n="$2" '$1 == "tick" && $2 >= n && $2 <= n + 25 { found = 1 } END { print 1 - found }' out)"
}
gives "a tick ends a run at its instruction" 0 boot floppy.img --until tick:1234567 --digest
ends_at "a tick ends a run at its instruction" 1234567
gives "a time ends a run at its instruction" 0 boot floppy.img --until time:0.1 --digest
ends_at "a time ends a run at its instruction" 2500000
gives "the first condition decides" 0 boot floppy.img --until screen:never --until time:0.1 --until tick:5000000 --digest
ends_at "the first condition decides" 2500000
gives "the limit ends a run as a failure" 1 boot floppy.img --until screen:never --limit 2.5
says "the limit is named" err "the limit came before"
gives "no image is the host's failure" 4 boot nothing.img
: >empty.img
gives "an empty image is bad input" 3 boot empty.img
gives "a folder is no image" 3 boot .
gives "what is no ISO 9660 volume is no CD" 3 boot floppy.img --cd disk.img
says "what is no ISO 9660 volume is no CD" err "no ISO 9660 volume (block 16)"
sed 's/kind: disk/kind: cdrom/' machine.yaml >bad.yaml
gives "nor is it in a manifest" 3 boot bad.yaml --until tick:1
gives "nor is it sealed as one" 3 "$muniment" seal bad.yaml -o bad.mun --key key
sed 's/disk.img/nothing.img/' machine.yaml >bad.yaml
gives "an image that is missing is bad input" 3 boot bad.yaml --until tick:1
says "an image that is missing is bad input" err "nothing.img: cannot open"
for medium in floppy cd disk; do
    gives "--$medium needs its image" 3 boot floppy.img --$medium nothing.img --until tick:1
done
sed 's/image: disk.img/&\n    geometry: 16383\/16\/63/' machine.yaml >bad.yaml
gives "an image shorter than its geometry is bad input" 3 boot bad.yaml --until tick:1
says "an image shorter than its geometry is bad input" err "but the geometry in the manifest needs 16514064: correct the image or the geometry"

cat >script <<'END'
wait screen "READY>"
expect serial "READY>"
type "Hi #1"
wait screen "READY> Hi #1"
expect serial "Hi #1"
serial "xyz"
wait serial "xyz"
key shift-a
wait serial "A"
screenshot screen.png
text
digest
type "h"
wait halt
END
gives "a script drives the machine" 0 boot floppy.img --script script --limit 60
says "a script prints the text screen" out "READY> Hi #1xyzA"
cp out once
for slicing in 999 random:7; do
    gives "a script sees the same in slices of $slicing" 0 boot floppy.img --script script --limit 60 --force --slice $slicing
    cmp -s out once; passed "a script sees the same in slices of $slicing" $?
done
python3 - screen.png <<'END' 2>err
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n"
at, kinds, packed = 8, [], b""
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at:at + 8])
    body = data[at + 8:at + 8 + size]
    assert struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + body)
    kinds.append(kind)
    packed += body if kind == b"IDAT" else b""
    if kind == b"IHDR":
        width, height, depth, colour = struct.unpack(">IIBB", body[:10])
    at += 12 + size
assert kinds == [b"IHDR", b"IDAT", b"IEND"] and (depth, colour) == (8, 2)
rows = zlib.decompress(packed)
assert len(rows) == height * (1 + 3 * width) and len(set(rows)) > 1
END
passed "a screenshot is a PNG that shows something" $?
printf 'wait screen "READY>"\nexpect screen "never"\n' >script
gives "a script that expects in vain fails" 1 boot floppy.img --script script --limit 60
says "a failed command is named by its line" err "muniment: script:2: the screen does not show \"never\""
printf 'digest\nwait screen READY\n' >script
gives "a script with a mistake is bad input" 3 boot floppy.img --script script
says "a mistake has file, line and column" err "muniment: script:2:13: "
[ ! -s out ]; passed "a script with a mistake is not begun" $?
printf 'wait screen "READY>"\ntype "o"\nwait poweroff\n' >script
gives "a machine switches itself off" 0 boot floppy.img --script script --limit 60
printf 'wait screen "READY>"\ntype "o"\nwait screen "never"\n' >script
gives "a machine that is off ends a wait" 1 boot floppy.img --script script --limit 60
says "a machine that is off ends a wait" err "the machine went off before"
printf 'wait screen "READY>"\ntype "r"\nwait screen "READY> A"\nfloppy other.img\ntype "r"\nwait screen "READY> AB"\n' >script
cp floppy.img other.img; printf 'B' | dd of=other.img bs=1 seek=512 conv=notrunc 2>/dev/null
gives "a script changes the floppy" 0 boot floppy.img --script script --limit 60
printf 'wait screen "READY>"\nfloppy none\ntype "r"\nwait screen "READY> E"\nfloppy other.img\ntype "r"\nwait screen "READY> EB"\n' >script
gives "a script takes the floppy out" 0 boot floppy.img --script script --limit 60
truncate -s 64K cd.iso; printf '\001CD001\001' | dd of=cd.iso bs=1 seek=32768 conv=notrunc 2>/dev/null
printf 'wait screen "READY>"\ndigest\ncd none\ndigest\ncd cd.iso\ndigest\ncd disk.img\n' >script
gives "a script changes the CD, for another CD" 3 boot floppy.img --cd cd.iso --script script --limit 60
says "a script changes the CD, for another CD" err "disk.img: the image holds no ISO 9660 volume"
passed "a script takes the CD out and puts one in" "$(sort -u out | awk 'END { print NR != 3 }')"
printf 'cd none\n' >script
gives "a script needs a CD-ROM drive to change its medium" 3 boot floppy.img --script script
says "a script needs a CD-ROM drive to change its medium" err "script:1: the machine has no CD-ROM drive"
printf 'wait screen "READY>"\ntype "r"\nwait screen "READY> B"\n' >script
gives "--floppy puts in another medium" 0 boot floppy.img --floppy other.img --script script --limit 60
gives "--floppy needs a drive" 3 boot machine.yaml --floppy other.img --until time:0.1
head -c 600000 floppy.img >cut.img
printf 'wait screen "READY>"\ntype "r"\nwait screen "READY> A"\ntype "w"\nwait screen "READY> Aw"\n' >script
gives "a floppy image that is cut off boots" 0 boot cut.img --script script --limit 60
head -c 2000000 /dev/zero | cat floppy.img - >long.img
gives "a floppy image that is too long is bad input (M-29)" 3 boot floppy.img --floppy long.img --until time:0.1
says "for what it is" err "long.img: the image is longer than a floppy of its drive"
gives "--disk adds a drive" 0 boot floppy.img --disk disk.img --until screen:'READY>' --limit 60

# --- What appears at once, what is still on its way, resets, interrupts ---

cat >t14.S <<'END'
    .code16
    .globl _start
_start:                     /* 9600 baud by INT 14h, a line, and HLT while it is still being sent */
    mov $0x00e3, %ax
    xor %dx, %dx
    int $0x14
    mov $line, %si
1:  cs lodsb
    test %al, %al
    jz 2f
    mov $1, %ah
    xor %dx, %dx
    int $0x14
    jmp 1b
2:  mov $line, %si          /* and LPT1 */
1:  cs lodsb
    test %al, %al
    jz 2f
    xor %ah, %ah
    xor %dx, %dx
    int $0x17
    jmp 1b
2:  cli
    hlt
line: .asciz "LAST LINE OF THE REPORT 12345\n"
    .org 510
    .word 0xaa55
END
cat >again.S <<'END'
    .code16
    .globl _start
_start:                     /* the keyboard controller's reset, at once */
    mov $0xfe, %al
    out %al, $0x64
1:  jmp 1b
    .org 510
    .word 0xaa55
END
for guest in t14 again; do
    gcc -m32 -c -o $guest.o $guest.S && ld -m elf_i386 -Ttext=0x7c00 --oformat=binary -o $guest.img $guest.o && truncate -s 1474560 $guest.img || exit 1
done
printf 'LAST LINE OF THE REPORT 12345\n' >line
for halt in "--until halt" "--script halt.script" ""; do
    echo 'wait halt' >halt.script
    gives "a machine that halted lets out what chips hold ($halt)" 0 boot t14.img $halt --serial sent --parallel printed --force --digest
    cmp -s line sent && cmp -s line printed; passed "to the last byte ($halt)" $?
    cp out whole
    gives "also in slices ($halt)" 0 boot t14.img $halt --serial sent --parallel printed --force --digest --slice random:3
    cmp -s line sent && cmp -s out whole; passed "to the last byte ($halt)" $?
done
gives "--until reset ends a run at the first" 0 boot again.img --until reset --digest
first=$(sed -n 's/^tick \([0-9]*\) .*/\1/p' out)
gives "--until reset:3 at the third" 0 boot again.img --until reset:3 --digest
third=$(sed -n 's/^tick \([0-9]*\) .*/\1/p' out)
[ "$third" -gt $((2 * first)) ] && [ "$third" -lt $((4 * first)) ]; passed "which is so much later" $?
[ ! -s err ]; passed "three resets are nothing to speak of" $?
gives "a guest that resets again and again" 1 boot again.img --until screen:never --limit 30
[ "$(grep -c 'muniment: again.img: the guest has reset the machine 4 times (tick [0-9]*): it may need another processor' err)" -eq 1 ]; passed "is reported, once" $?
for reset in reset: reset:0 reset:x resets; do
    gives "--until $reset is wrong usage" 2 boot again.img --until $reset
done

# A machine that runs on: what it prints comes through a pipe while it does.
printf 'wait screen "READY>"\ntext\ndigest\nwait screen "never"\n' >endless.script
mkfifo pipe
for what in "--script endless.script" "--until screen:never --serial -" "--until screen:never --digest-every 0.5"; do
    "$muniment" boot floppy.img $what --limit 100000000 >pipe 2>err &
    running=$!
    timeout 20 head -c 6 <pipe >first
    kill -0 $running; passed "what a run prints appears while it runs ($what)" $?
    [ -s first ]; passed "through a pipe as well ($what)" $?
    kill -KILL $running; wait $running 2>/dev/null
done
"$muniment" boot floppy.img --until screen:never --serial growing --limit 100000000 >out 2>err &
running=$!
for ((i = 0; i < 200; i++)); do [ -s growing ] && break; sleep 0.05; done
kill -0 $running && [ -s growing ]; passed "a file of what COM1 sends grows while the machine runs" $?
kill -INT $running; wait $running
[ $? -eq 4 ]; passed "an interrupted run says so" $?
says "with what it waited for" err "muniment: floppy.img: interrupted before --until screen:never (tick "
says "and shows the screen" err "READY>"
"$muniment" boot floppy.img --script endless.script --limit 100000000 >out 2>err &
running=$!
for ((i = 0; i < 200; i++)); do grep -q sha256 out && break; sleep 0.05; done
kill -INT $running; wait $running
says "in a script with its line" err 'muniment: endless.script:4: interrupted before the screen showed "never" (tick '

# --- Overlays ---

sha256sum disk.img >disk.sha256
printf 'wait screen "READY>"\ntype "w"\nwait screen "READY> w"\n' >write
printf 'wait screen "READY>"\ntype "r"\nwait screen "READY> Z"\n' >written
printf 'wait screen "READY>"\ntype "r"\nwait screen "READY> D"\n' >unwritten
gives "a machine writes" 0 boot disk.img --script write --limit 60
gives "what it wrote is thrown away" 0 boot disk.img --script unwritten --limit 60
gives "a machine writes to a named overlay" 0 boot disk.img --script write --limit 60 --overlay kept
[ -s kept.hd0 ]; passed "the overlay is kept" $?
gives "what it wrote is there again" 0 boot disk.img --script written --limit 60 --overlay kept
cp kept.hd0 sound.hd0
printf 'torn' >>kept.hd0
gives "what a crash tore is dropped" 0 boot disk.img --script written --limit 60 --overlay kept
says "and reported" err "muniment: kept.hd0: the last record was torn by a crash before it was synced, and is dropped"
cmp -s kept.hd0 sound.hd0; passed "the rest is as it was" $?
cp sound.hd0 rotten.hd0
flip rotten.hd0 $(($(stat -c %s rotten.hd0) - 3))
gives "a last record that was on the disk and is damaged is not dropped" 3 boot disk.img --script written --limit 60 --overlay rotten
says "but reported" err "muniment: rotten.hd0: is damaged: it was on the disk, and is not what it was (record "
head -c -1 sound.hd0 >rotten.hd0
gives "nor is one that is cut off" 3 boot disk.img --script written --limit 60 --overlay rotten
says "but reported" err "muniment: rotten.hd0: is cut off: records that were on the disk are missing (record "
gcc -shared -fPIC -O1 -o failing.so "$root/tests/failing.c" -ldl || exit 1
for fault in sync folder-sync; do
    gives "$fault fails: an overlay is not begun" 4 env FAIL=$fault LD_PRELOAD=./failing.so "$muniment" boot disk.img --script write --limit 60 --overlay failed
    says "$fault fails: which is reported" err "Input/output error"
    rm -f failed.hd0
done
gives "an overlay that can no longer be synced ends the run" 4 env FAIL=sync:2 LD_PRELOAD=./failing.so "$muniment" boot disk.img --script write --limit 60 --overlay failed
says "and is reported" err "muniment: failed.hd0: cannot sync: Input/output error"
cp disk.img changed.img && printf 'x' | dd of=changed.img bs=1 seek=4096 conv=notrunc 2>/dev/null
gives "the overlay of another disk is refused" 3 boot changed.img --overlay kept --until time:0.1
sha256sum -c --quiet disk.sha256; passed "the image is never written" $?

# --- Sealing, verifying, booting what was sealed ---

cat >description.yaml <<'END'
muniment: description 0
title: A "test" machine
identifiers:
  - T-1
rights: closed until 2001-01-01
END
gives "a machine is sealed" 0 "$muniment" seal machine.yaml --description description.yaml -o a.mun --key key
says "the machine-root is printed" out "machine-root "
for threads in 1 2 5; do
    gives "by $threads threads" 0 "$muniment" seal machine.yaml --description description.yaml -o threads.mun --key key --threads $threads --force
    gives "to the same bytes" 0 cmp a.mun threads.mun
done
gives "a trusted archive verifies" 0 "$muniment" verify a.mun --trust key.pub
says "a trusted archive verifies" out "intact, signed by a trusted key"
gives "an unknown signer is told" 1 "$muniment" verify a.mun
says "an unknown signer is told" out "signer unknown"
gives "another's key is not trusted" 1 "$muniment" verify a.mun --trust other.pub
gives "several keys may be trusted" 0 "$muniment" verify a.mun --trust other.pub --trust key.pub
gives "--integrity-only leaves the signer out" 0 "$muniment" verify a.mun --integrity-only
gives "info prints the title" 0 "$muniment" info a.mun
says "info prints the title" out 'A "test" machine'
gives "info --root prints the root" 0 "$muniment" info a.mun --root
grep -qxE '[0-9a-f]{64}' out; passed "info --root prints only the root" $?
cp out root
gives "info --json is JSON" 0 "$muniment" info a.mun --json
python3 -c 'import json, sys
o = json.load(open("out")); assert o["title"] == "A \"test\" machine" and o["machine-root"] == open("root").read().strip()
assert o["identifiers"] == ["T-1"] and o["closed-until"] == "2001-01-01" and o["media"] == {"hd0": 4194304}' 2>err
passed "info --json says what is sealed" $?
gives "an archive boots" 0 boot a.mun --until serial:'READY>' --limit 60 --digest
cp out sealed
gives "a sealed machine is its manifest's machine" 0 boot machine.yaml --until serial:'READY>' --limit 60 --digest
cmp -s out sealed; passed "a sealed machine is its manifest's machine" $?
sha256sum a.mun >a.sha256
gives "a session on an archive writes beside it" 0 boot a.mun --script write --limit 60 --overlay session
gives "a session on an archive is continued" 0 boot a.mun --script written --limit 60 --overlay session
sha256sum -c --quiet a.sha256; passed "an archive is never written" $?

# --- Snapshots ---

gives "checkpoints are taken" 0 boot a.mun --until time:30 --checkpoints points --checkpoint-every 0.5 --keep 3 --digest
cp out whole
[ "$(ls points/*.snapshot | wc -l)" -gt 0 ] && [ "$(ls points/*.snapshot | wc -l)" -le 3 ]; passed "the last three stay" $?
for point in points/*.snapshot; do
    gives "a machine goes on from ${point##*/}" 0 boot a.mun --resume "$point" --until time:30 --digest
    cmp -s out whole; passed "it goes on from ${point##*/} as if nothing had been" $?
done
gives "a run does not begin in the folder of another" 3 boot a.mun --until time:30 --checkpoints points
touch points/00000000000000000001.snapshot.muniment-1-0.tmp points/00000000000000000001.pack.muniment-1-0.tmp points/00000000000000000001.pack
gives "the last checkpoint is gone on from in its folder" 0 boot a.mun --resume "$point" --until time:40 --checkpoints points --checkpoint-every 2 --keep 1
[ "$(ls points/*.snapshot | wc -l)" -eq 1 ] && [ ! -e points/00000000000000000001.pack ] && ! ls points/*.tmp 2>/dev/null; passed "what a killed run left is cleared away" $?
gives "--keep needs --checkpoints" 2 boot a.mun --keep 3 --until time:1
gives "a checkpoint every 0 seconds is a usage error" 2 boot a.mun --checkpoints p --checkpoint-every 0 --until time:1
gives "checkpoints that find no room are said, and the run goes on" 4 bash -c 'ulimit -f 1; exec "$@"' bash "$muniment" boot a.mun --until time:30 --checkpoints full --checkpoint-every 1 --digest
cmp -s out whole; passed "a run whose checkpoints fail is the same" $?
says "what could not be written is said" err "muniment: full/"
! ls full/* 2>/dev/null; passed "nothing half-written is left" $?

printf 'wait screen "READY>"\ntype "w"\nwait screen "READY> w"\nwait time 0.1\nsnapshot first.snap\ntype "r"\nwait screen "READY> wZ"\nwait time 0.1234\ndigest\n' >script
printf 'type "r"\nwait screen "READY> wZ"\nwait time 0.1234\ndigest\n' >rest
gives "a script writes a snapshot" 0 boot disk.img --script script --limit 60
cp out whole
gives "a machine goes on from a snapshot" 0 boot disk.img --resume first.snap --script rest --limit 60
cmp -s out whole; passed "it goes on as if nothing had been" $?
gives "what was written since is in the snapshot, not on the disk" 0 boot disk.img --script unwritten --limit 60
gives "a snapshot is of a medium, not of a name" 3 boot changed.img --resume first.snap --until time:9
says "the medium that is asked for is named by its digest" err "$(sha256sum <disk.img | cut -d' ' -f1) (hd0): give that image"
gives "a snapshot is of a machine" 3 boot floppy.img --resume first.snap --until time:9
says "what is another machine is said" err "first.snap: is of a machine with another manifest or firmware"
gives "an archive is another machine than its manifest's" 3 boot a.mun --resume first.snap --until time:9
printf 'wait screen "READY>"\ntype "w"\nwait screen "READY> w"\nwait time 0.1\nsnapshot sealed.snap\ntype "r"\nwait screen "READY> wZ"\ndigest\n' >script
printf 'type "r"\nwait screen "READY> wZ"\ndigest\n' >rest
gives "a sealed machine writes a snapshot" 0 boot a.mun --script script --limit 60
cp out whole
gives "state compares a snapshot with itself" 0 "$muniment" state sealed.snap sealed.snap
[ ! -s out ]; passed "nothing differs between a snapshot and itself" $?
printf 'wait screen "READY>"\ntype "w"\nwait screen "READY> w"\nwait time 0.1\ntype "x"\nwait time 0.1\nsnapshot other.snap\n' >typed
gives "another snapshot is taken" 0 boot a.mun --script typed --limit 60
gives "state says what differs" 1 "$muniment" state sealed.snap other.snap
grep -q '^tick: [0-9]* / [0-9]*$' out && grep -q '^cpu\.eip: 0x\|^keyboard\.' out && grep -q '^video page 0: .* from address 0x0000' out && ! grep -q '^hd0' out; passed "it names fields and pages" $?
printf 'wait screen "READY>"\nwait time 0.1\nsnapshot unwritten.snap\n' >typed
gives "a snapshot without a write is taken" 0 boot a.mun --script typed --limit 60
gives "state compares drives" 1 "$muniment" state sealed.snap unwritten.snap
says "it names sectors" out "hd0 sector 1: written only in the first"
gives "state prints a snapshot" 0 "$muniment" state sealed.snap
says "every field is there" out "pit.counter[2].gate = "
gives "a sealed machine goes on from it" 0 boot a.mun --resume sealed.snap --script rest --limit 60 --overlay resumed
cmp -s out whole; passed "a sealed machine goes on as if nothing had been" $?
gives "a session with an overlay that was written to is another one" 3 boot a.mun --resume sealed.snap --until time:9 --overlay session
cat >both <<'END'
wait screen "READY>"
type "r"
wait screen "READY> Z"
wait time 0.1
snapshot continued.snap
type "w"
wait screen "READY> Zw"
wait time 0.3
digest
END
printf 'type "w"\nwait screen "READY> Zw"\nwait time 0.3\ndigest\n' >rest
gives "a session goes on, and writes a snapshot" 0 boot a.mun --script both --limit 60 --overlay session
cp out whole
cp session.hd0 later.hd0
gives "it is resumed with the overlay, which was written to since" 0 boot a.mun --resume continued.snap --script rest --limit 60 --overlay session
cmp -s out whole; passed "and goes on as if nothing had been" $?
cmp -s -n $(($(stat -c %s later.hd0) - 1536)) -i 1536 session.hd0 later.hd0; passed "the overlay has only grown" $?
gives "not without the overlay" 3 boot a.mun --resume continued.snap --script rest --limit 60
says "which is asked for" err "continued.snap: the machine ran over an overlay that held 1 records (hd0): give it with --overlay"
gives "nor with another" 3 boot a.mun --resume continued.snap --script rest --limit 60 --overlay resumed
gives "a session of another overlay" 0 boot a.mun --script write --limit 60 --overlay fresh
printf 'wait screen "READY>"\ntype "ww"\nwait screen "READY> ww"\nwait time 0.1\nsnapshot fresh.snap\ntype "w"\nwait screen "READY> www"\nwait time 0.3\ndigest\n' >begun
gives "a session with a new overlay writes a snapshot" 0 boot a.mun --script begun --limit 60 --overlay begun
cp out whole
printf 'type "w"\nwait screen "READY> www"\nwait time 0.3\ndigest\n' >more
for overlay in "" "--overlay begun" "--overlay newest"; do
    gives "which is resumed with that, with none, with a new one ($overlay)" 0 boot a.mun --resume fresh.snap --script more --limit 60 $overlay
    cmp -s out whole; passed "as if nothing had been ($overlay)" $?
done
gives "not with one that another session wrote" 3 boot a.mun --resume fresh.snap --script more --limit 60 --overlay fresh
says "which is said" err "the overlay of this drive holds other writes (hd0)"
gives "a disk image and its overlay are resumed as well" 0 boot disk.img --script both --limit 60 --overlay kept --force
cp out whole
gives "with that image" 0 boot disk.img --resume continued.snap --script rest --limit 60 --overlay kept
cmp -s out whole; passed "as if nothing had been, too" $?
at=$((10#$(head -c 54 sealed.snap | tail -c 15)))
tail -c +$((at + 1)) sealed.snap | gunzip >text 2>err; passed "the text of a snapshot comes out with tail and gunzip" $?
says "it names the machine" text "machine-root: $("$muniment" info --root a.mun)"
grep '^page' text | while read -r _ _ _ _ _ _ offset length _ _ digest; do
    [ "$(tail -c +$((offset + 1)) sealed.snap | head -c "$length" | gunzip | sha256sum | cut -d' ' -f1)" = "$digest" ] || exit 1
done
passed "its pages come out with tail, head, gunzip and sha256sum" $?
for length in 0 64 65 1000 $((at - 1)) $((at + 10)) $(($(stat -c %s sealed.snap) - 1)); do
    head -c $length sealed.snap >short.snap
    gives "a snapshot cut to $length bytes is bad input" 3 boot a.mun --resume short.snap --until time:9
done
cp sealed.snap damaged.snap
flip damaged.snap $((at / 2))
gives "a damaged snapshot is bad input" 3 boot a.mun --resume damaged.snap --until time:9
says "where it is damaged is said" err "muniment: damaged.snap: a chunk "

size=$(stat -c %s a.mun)
cp a.mun damaged.mun
offset=$(LC_ALL=C grep -obUaF 'disk/hd0/00000000.gz' a.mun | awk -F: '$1 % 512 == 0 { print $1; exit }')
flip damaged.mun $((offset + 512 + 40))
gives "damage is found" 1 "$muniment" verify damaged.mun --trust key.pub --json
python3 -c 'import json
o = json.load(open("out")); assert o["verdict"] == "damaged" and any("hd0" in f["member"] + f["place"] for f in o["findings"])' 2>err
passed "damage is located" $?
gives "several archives are verified, the worst counts" 1 "$muniment" verify a.mun damaged.mun --trust key.pub --json
[ "$(wc -l <out)" -eq 2 ]; passed "each archive has its line of JSON" $?
gives "a damaged disk stops the machine" 3 boot damaged.mun --until screen:'READY>' --limit 60 --digest
[ ! -s out ]; passed "a machine whose disk failed has no digest" $?
for length in 0 511 512 4096 $((size / 2)) $((size - 512)) $((size - 1)); do
    head -c $length a.mun >short.mun
    "$muniment" verify short.mun --trust key.pub >out 2>err
    status=$?
    [ $status -eq 1 ] || [ $status -eq 3 ]; passed "an archive cut to $length bytes is found out" $?
done
gives "a file that is no archive is bad input" 3 "$muniment" verify machine.yaml
says "verify says which file is no archive" err "machine.yaml"

# --- What must leave nothing ---

nothing_left()
{
    [ -z "$(find . -maxdepth 1 -name 'big.mun*' -print)" ]; passed "$1" $?
}
head -c 64M /dev/urandom >big.img
machine big.img >big.yaml
"$muniment" seal big.yaml -o big.mun --key key >out 2>err &
sleep 0.4; kill -INT $!; wait $!
status=$?
[ $status -eq 4 ]; passed "an interrupted seal says so" $?
nothing_left "an interrupted seal leaves nothing"
(ulimit -f 8192; exec "$muniment" seal big.yaml -o big.mun --key key) >out 2>err
status=$?
[ $status -eq 4 ]; passed "a full disk is the host's failure" $?
nothing_left "a full disk leaves nothing"
gives "a folder that is not there is the host's failure" 4 "$muniment" seal machine.yaml -o no/big.mun --key key
if [ "$(id -u)" -ne 0 ]; then
    mkdir -m 555 locked
    gives "a missing permission is the host's failure" 4 "$muniment" seal machine.yaml -o locked/big.mun --key key
fi
(ulimit -f 0; exec "$muniment" boot floppy.img --until time:0.1 --digest) >digest.txt 2>/dev/null
[ $? -eq 4 ]; passed "output that cannot be written is the host's failure" $?
echo old >picture.png
(ulimit -f 0; exec "$muniment" boot floppy.img --until time:0.1 --screenshot picture.png --force) >/dev/null 2>err
[ $? -eq 4 ] && [ "$(cat picture.png)" = old ]; passed "a picture that cannot be written leaves the old one" $?
[ -z "$(find . -name '*.tmp' -print)" ]; passed "no temporary file is left" $?

facts desk
