# guest.sh - to be sourced by the tests of guests, tests/guests/NAME.sh: real software on the machine, driven by tests/guests/NAME.script.
#
#   medium NAME FILE SHA256 [SOURCE]      puts a pinned file into WORK as NAME, or skips the test; SOURCE says what provides it
#   suite NAME FILE SHA256                the same from $MUNIMENT_SUITES/guests
#   machine TYPE CPU MIPS MIB BOOT... <<  writes machine.yaml; its drives come from standard input, as in a manifest
#   debian SYSTEM CPU MIPS MIB [IMAGE...]  writes machine.yaml: linux.img (linux/image.sh), the system that linux/SYSTEM.sh made, and further disks
#   probe NAME [TYPE]                     writes machine.yaml: the floppy of tests/probe/NAME.S
#   on_cable NAME MIPS ADDRESS LINE...    writes NAME.yaml: the machine of machine.yaml at another speed, on the cable; the LINEs say more of its card
#   no_peer REASON                        skips the test on QEMU and on Bochs (peers.py)
#   elsewhere MACHINE [SCRIPT...]         with GUEST_PEER: runs the machine, or the set, there under SCRIPT.script, and is true
#   modules MODULE...                     kernel modules that come along in MODULES (linux/image.sh), and that linux/enter loads in this order
#   guest [SCRIPT...]                     runs it under SCRIPT.script (NAME.script): boots the manifest by the interpreter, and, cut into slices at random, the archive that
#                                         is sealed from it by the translator, and the manifest by both in turn; all must print the same, digests of the whole state included.
#                                         Of the last two each run draws one, unless LONG or GUEST_FIRMWARE is set
#
# A guest proves what it did within its script, which ends with the machine switched off, or with a screen. The line `screenshot picture.png` there says which
# picture the gallery shows (build/gallery/NAME.png), which is the last one otherwise; the one in tests/guests/gallery/, if there is one, must equal it. What the run printed and the
# machine sent lies in WORK as FIRMWARE-SCRIPT, with .serial and .parallel behind it.
#
#   GUEST_FIRMWARE   "ours", "seabios" (Debian's, in place of ours) or both, in turn
#   GUEST_ONCE       not empty: only the manifest, for a look
#   GUEST_LIMIT      guest seconds of a run at most; a guest that needs more than 180 sets it
#   GUEST_PEER       a command that runs in WORK in place of all this with machine.yaml and the script: the same guest elsewhere
#   GUEST_OPTIONS    of `boot`, for those that are commands of ours (lockstep.sh, guest_builds.sh); set by a test
name=$(basename "$0" .sh)
cp tests/guests/*.script "$WORK"

skip()
{
    echo "$*"
    exit 77
}

no_peer()
{
    [[ ${GUEST_PEER-} != @(*/qemu.py|*/bochs.py) ]] || skip "$*"
}

# medium NAME FILE SHA-256 [WHERE FROM]: a copy in WORK. The digest is "any" of a file that each build makes anew: what it
# draws, such as a field of mines by its clock, is then not compared with the picture in gallery/.
fixed=1
medium()
{
    [ -e "$2" ] || skip "$2 is not there${4:+ ($4)}"
    if [ "$3" = any ]; then
        fixed=0
    else
        echo "$3  $2" | sha256sum --check --quiet || skip "$2 is not the version that this test knows"
    fi
    cp "$2" "$WORK/$1" && chmod u+w "$WORK/$1"
}

suite()
{
    medium "$1" "${MUNIMENT_SUITES:-MUNIMENT_SUITES}/guests/$2" "$3" tests/README.md
}

# GRUB's rescue floppy, which other tests boot as well, in the machine on which an image by itself boots.
grub_floppy()
{
    medium grub.img /usr/lib/grub-rescue/grub-rescue-floppy.img 6073aa7dbfe945ecdc6972908764bc0a75eae2c2e48024d56f168f72a1648527 "package grub-rescue-pc"
    machine pc-isa i486 25 16 floppy disk <<END
  fd0:
    kind: floppy 1.44M
    image: grub.img
END
}

probe()
{
    cp "$BUILD/tests/$1.img" "$WORK"
    machine "${2-pc-i440fx}" i486 25 16 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: $1.img
END
}

debian()
{
    local slot=0 image
    cp --sparse=always "$BUILD/debian/$1.img" "$WORK"
    for image in linux.img "$1.img" "${@:5}"; do
        printf '  hd%d:\n    kind: disk\n    image: %s\n' $((slot++)) "$image"
    done | machine pc-i440fx "$2" "$3" "$4" disk
}

machine()
{
    cat >"$WORK/machine.yaml" <<END
muniment: machine 0
machine: $1
cpu:
  model: $2
  speed: $3 MIPS
memory: $4 MiB
firmware:
  system: built-in 0
  video: built-in 0
clock: 1998-01-01T00:00:00
drives:
$(cat)
boot:
$(printf -- '  - %s\n' "${@:5}")
ports:
  - com1
  - com2
  - lpt1
display: vga
END
}

on_cable()
{
    { sed "s/speed: .*/speed: $2 MIPS/" "$WORK/machine.yaml"; printf 'network:\n'; printf '  %s\n' "address: $3" "cable: yes" "${@:4}"; } >"$WORK/$1.yaml"
}

modules()
{
    printf '%s\n' "${@##*/}" >"$WORK/extra/modules"
    export MODULES=$*
}

# SeaBIOS in place of our firmware. It needs the 440FX, whose shadow RAM it writes to itself; QEMU gives its machine without PCI a BIOS in RAM.
# It also executes instructions that a 386 has not.
seabios()
{
    medium system.bin /usr/share/seabios/bios.bin 7ba476745bd8d32d66b7a5bd12999e2445e7a345a4a72c30352b1d4a69a26e88 "package seabios"
    if grep -q '^display: cirrus' "$WORK/machine.yaml"; then
        medium video.bin /usr/share/seabios/vgabios-cirrus.bin 0e9261c2cc2871db3da11d39b181021de5f6caaac323b47efdad95defb8ba2f7 "package seabios"
    else
        medium video.bin /usr/share/seabios/vgabios-stdvga.bin cc2f735f19b6318922ac3de9506dee498f149a6b75534f7e5c176d4441a7fa4a "package seabios"
    fi
    sed -i 's/pc-isa/pc-i440fx/; s/model: i386/model: i486/' "$WORK/machine.yaml"
    for part in system video; do
        sed -i "s/^  $part: built-in 0/  $part:\n    file: $part.bin\n    sha256: $(sha256sum <"$WORK/$part.bin" | cut -d ' ' -f 1)/" "$WORK/machine.yaml"
    done
}

# run OUTPUT MACHINE SCRIPT [OPTION...]
run()
{
    local output=$1 machine=$2 script=$3
    shift 3
    echo "$machine, $script $*"
    "$MUNIMENT" boot "$machine" --script "$script.script" --limit "${GUEST_LIMIT:-180}" --digest --digest-every 1 --serial "$output.serial" --parallel "$output.parallel" --screenshot "$output.png" --force "$@" >"$output" || { cat "$output"; return 1; }
}

# both FIRMWARE SCRIPT: the manifest and its archive give the same run.
both()
{
    local first=$1-$2 part other others="again mixed"
    [ -n "${LONG-}${GUEST_FIRMWARE-}" ] || others=$(shuf -n 1 -e $others)
    run "$first" machine.yaml "$2" --engine interpreter
    grep -v '^tick' "$first" || true
    tail -n 1 "$first"
    [ -z "${GUEST_ONCE-}" ] || return 0
    for other in $others; do
        case $other in
        again) run again machine.mun "$2" --engine translator --slice random:1 ;;
        mixed) run mixed machine.yaml "$2" --engine random:1 --slice random:2 ;;
        esac
        for part in "" .serial .parallel; do
            cmp "$first$part" "$other$part"
        done
    done
}

# picture FIRMWARE SCRIPT: to the gallery, and compared where one is kept. Without one that the script chose, the last one.
picture()
{
    [ -e picture.png ] || cp "$1-$2.png" picture.png
    mkdir -p "$gallery"
    cp picture.png "$gallery/$name.png"
    if [ "$1" = ours ] && [ $fixed = 1 ] && [ -e "$kept/$name.png" ]; then
        python3 "$kept/../same_picture.py" picture.png "$kept/$name.png"
    fi
}

# Sets start with our firmware only.
elsewhere()
{
    local firmware script machine=$1
    [ -n "${GUEST_PEER-}" ] || return 1
    shift
    for firmware in ${GUEST_FIRMWARE:-ours}; do
        if [ "$firmware" = seabios ]; then
            ! grep -q '^muniment: set' "$machine" || continue
            seabios
        fi
        for script; do
            "$GUEST_PEER" "$machine" "$script.script" || exit
        done
    done
}

guest()
{
    local firmware script scripts=${*:-$name} gallery kept
    gallery=$(realpath -m "$BUILD/gallery") kept=$(realpath -m tests/guests/gallery)
    cd "$WORK"
    ! elsewhere machine.yaml $scripts || return 0
    "$MUNIMENT" key new key
    for firmware in ${GUEST_FIRMWARE:-ours}; do
        echo "--- firmware: $firmware"
        [ "$firmware" != seabios ] || seabios
        rm -f machine.mun picture.png
        [ -n "${GUEST_ONCE-}" ] || "$MUNIMENT" seal machine.yaml -o machine.mun --key key
        for script in $scripts; do
            both "$firmware" "$script"
        done
        [ -n "${GUEST_ONCE-}" ] || "$MUNIMENT" verify machine.mun --trust key.pub
        picture "$firmware" "$script"
    done
}
