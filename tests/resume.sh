#!/bin/bash
# resume.sh - a machine that was written into a snapshot at a random tick, and goes on from it in another process, is at every later tick the one that was never
# interrupted: RESUMES times (20, or 1,000 with LONG) over the guests of the tree, those of MUNIMENT_SUITES, and Debian's GRUB. tests/digest.py computes the digest
# of every tenth snapshot. Then runs are killed, and their checkpoints resumed.
set -euo pipefail
RESUMES=${RESUMES:-${LONG:+1000}}
RESUMES=${RESUMES:-20}
RANDOM=${SEED:-1}
build=$(realpath "$BUILD")
muniment=$(realpath "$MUNIMENT")
suites=${MUNIMENT_SUITES:-/nowhere}
tests=$PWD/tests
cd "$WORK"
done_count=0 digests=0

# --- The guests: an image and how it is started, a machine's memory in MiB, and what is done to it ---

cat >pci.yaml <<END
muniment: machine 0
machine: pc-i440fx
cpu:
  model: pentium4
  speed: 50 MIPS
memory: 24 MiB
firmware:
  system: built-in 0
  video: built-in 0
clock: 1998-11-02T09:00:00
drives:
  fd0:
    kind: floppy 1.44M
    image: test.img
  hd0:
    kind: disk
    image: disk.img
  hd2:
    kind: cdrom
boot:
  - floppy
ports:
  - com1
  - com2
  - lpt1
display: vga
END
sed 's/^display: vga/display: cirrus gd5446/' pci.yaml >cirrus.yaml
cp "$build/bios/test.img" test.img
cp "$build/bios/test.img" disk.img
truncate -s 8M disk.img
guests=("records 8 $build/demo/records.yaml" "firmware 16 $build/bios/test.img --disk disk.img" "firmware-pci 24 pci.yaml" "firmware-cirrus 24 cirrus.yaml")
sed 's/^ports:/apic: yes\n&/' pci.yaml >apic.yaml
guests+=("firmware-apic 24 apic.yaml")
for pointer in com2 absolute; do
    sed "s/^display: vga/&\npointer: $pointer/" pci.yaml >$pointer.yaml
    guests+=("pointer-$pointer 24 $pointer.yaml")
done
# Sound and network: the probes of both, a recording at the line input, and all voices of the synthesizer.
sed '/^machine:/s/pc-i440fx/pc-isa/; /^ *model:/s/pentium4/i486/; /^  hd0:/,/^    kind: cdrom/d' pci.yaml >isa.yaml
printf 'sound:\n  speaker: yes\n  card: sb16\n' | cat isa.yaml - | sed 's/test.img/sound.img/' >sound.yaml
printf 'sound:\n  card: sb16\n  line-in: yes\n' | cat isa.yaml - | sed 's/test.img/record.img/' >record.yaml
printf 'sound:\n  card: sb16\n  pnp: yes\nnetwork:\n  card: ne2000\n  address: 02:00:00:00:00:01\n  pnp: yes\n' | cat isa.yaml - | sed 's/test.img/voices.img/' >voices.yaml
printf 'network:\n  card: ne2000\n  address: 02:00:00:00:00:01\n  cable: yes\n' | cat isa.yaml - | sed 's/test.img/network.img/' >network.yaml
sed 's/ne2000/rtl8029/; s/pc-isa/pc-i440fx/; s/i486/pentium/' network.yaml >rtl8029.yaml
cp "$build"/tests/{sound,record,network}.img "$build/bench/voices.img" .
python3 -c '
import array, wave
w = wave.open("tape.wav", "wb")
w.setparams((2, 2, 44100, 0, "NONE", ""))
w.writeframes(array.array("h", [i * 7919 % 65536 - 32768 for i in range(6 * 44100)]).tobytes())'
guests+=("sound 24 sound.yaml" "record 24 record.yaml --line-in tape.wav" "voices 24 voices.yaml" "network 24 network.yaml" "rtl8029 24 rtl8029.yaml")
for load in integer branchy memory system x87; do
    guests+=("$load 16 $build/bench/$load.img")
done
for image in "$suites"/floppies/*.img; do
    [ ! -e "$image" ] || guests+=("$(basename "$image" .img) 16 $image")
done
if [ -e "$suites/guests/xv6.img" ]; then # APICs at work, and two disks
    cp "$suites/guests/xv6.img" "$suites/guests/xv6-fs.img" .
    sed '/^drives:/,$d' apic.yaml >xv6.yaml
    printf '%s\n' 'drives:' '  hd0:' '    kind: disk' '    image: xv6.img' '  hd1:' '    kind: disk' '    image: xv6-fs.img' \
        'boot:' '  - disk' 'apic: yes' 'ports:' '  - com1' 'display: vga' >>xv6.yaml
    sed -i 's/memory: 24 MiB/memory: 256 MiB/' xv6.yaml
    guests+=("xv6 256 xv6.yaml")
fi
if [ -n "${LONG-}" ] && (cd "$tests/.." && . tests/guests/guest.sh && grub_floppy); then
    guests+=("grub 16 machine.yaml")
fi

seconds() # a random number of seconds below $1 hundredths
{
    local micro=$(((RANDOM * 32768 + RANDOM) % ($1 * 10000)))
    printf '%d.%06d' $((micro / 1000000)) $((micro % 1000000))
}

# resumes NAME COUNT MEMORY ARGUMENTS...: one run takes the snapshots; the state some time after each is that of the run that goes on from it.
resumes()
{
    local name=$1 count=$2 memory=$3 video=vga.bin display=8 i keys=("down" "up" "enter" "1" "f1" "tab")
    shift 3
    [ "$name" != firmware-cirrus ] || video=cirrus.bin display=4
    rm -rf snapshots && mkdir snapshots
    for ((i = 0; i < count; i++)); do
        case $name in
        pointer-*) echo "mouse move $((RANDOM % 600 - 300)) -5" ;;
        *)         echo "key ${keys[$((RANDOM % 6))]}" ;;
        esac
        echo "wait time $(seconds $((RANDOM % 5 ? 12 : 200)))"
        echo "snapshot snapshots/$i"
        echo "wait time $(seconds 40)" | tee "snapshots/$i.script"
        echo digest | tee -a "snapshots/$i.script"
    done >script
    # A guest that switches itself off, or takes no more keys, ends the script: what came before counts, be it nothing.
    "$muniment" boot "$@" --script script --limit 1000 >whole 2>ended ||
        grep -q 'the machine went off before\|the limit came before all keys were taken' ended || { cat ended; exit 1; }
    for ((i = 0; i < $(wc -l <whole); i++)); do
        "$muniment" boot "$@" --resume "snapshots/$i" --script "snapshots/$i.script" --limit 1000 >resumed
        sed -n $((i + 1))p whole | diff - resumed || { echo "$name: snapshot $i goes on otherwise"; exit 1; }
        done_count=$((done_count + 1))
        if [ $((done_count % 10)) -eq 1 ]; then
            python3 "$tests/digest.py" "snapshots/$i" --system "$tests/../bios/versions/0/system.bin" --video "$tests/../bios/versions/0/$video" --memory $((memory << 20)) --display-memory $((display << 20)) >/dev/null ||
                { echo "$name: digest.py computes another digest of snapshot $i"; exit 1; }
            digests=$((digests + 1))
        fi
    done
    echo "$name: $(wc -l <whole)"
}

# The guests that switch themselves off give fewer; the others make up for them.
while [ "$done_count" -lt "$RESUMES" ]; do
    before=$done_count
    each=$(((RESUMES - done_count + ${#guests[@]} - 1) / ${#guests[@]}))
    for guest in "${guests[@]}"; do
        read -r -a words <<<"$guest"
        count=$((RESUMES - done_count < each ? RESUMES - done_count : each))
        [ "$count" -eq 0 ] || resumes "${words[0]}" "$count" "${words[@]:1}"
    done
    [ "$done_count" -gt "$before" ] || { echo "no guest runs long enough for one snapshot"; exit 1; }
done
echo "$digests digests computed by digest.py are those of the machine"
echo "$done_count of $RESUMES resumed runs are those that were never interrupted"
