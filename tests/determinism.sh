#!/bin/bash
# determinism.sh - compilers, optimisation and slicing change no bit: a machine built by gcc -O0 or by clang -O3, as each run draws, with LONG both, the host's side
# too, and by gcc -O3, clang -O2, and gcc with AddressSanitizer and UBSan, and runs cut into slices of any length, print the same digests for GRUB up to its prompt,
# for the demonstration and for x87 and SSE2.
set -euo pipefail
unset MAKEFLAGS MFLAGS
demo=$(realpath "$BUILD/demo")
script=$(realpath tests/demo/records.script)
root=$PWD

# A build records the journal of the archive that the first one sealed, and replays that one's.
records()
{
    rm -f "$1.journal"
    "$2" boot sealed.mun --script "$script" --record "$1.journal" >/dev/null
    cmp reference.journal "$1.journal"
    "$2" replay sealed.mun reference.journal
}

# What a build prints, with options of boot behind it.
results()
{
    local muniment=$1
    shift
    "$muniment" boot "$demo/records.yaml" --script "$script" --limit 60 --digest --force --serial serial --parallel parallel "$@"
    sha256sum serial parallel
    "$muniment" boot x87.yaml --until tick:20000000 --digest "$@"
    "$muniment" boot sse2.yaml --until tick:20000000 --digest "$@"
    [ ! -e machine.yaml ] || "$muniment" boot machine.yaml --script grub-prompt.script --until 'screen:grub>' --limit 60 --digest "$@"
}

# same NAME COMMAND [OPTION...]
same()
{
    local name=$1
    shift
    results "$@" >"$name"
    diff reference "$name"
    records "$name" "$1"
    echo "same  $name"
}

# build NAME CC CFLAGS: a build of its own. The firmware and the guests are not part of the program: they come from one compiler.
build()
{
    make -C "$root" -s -j2 BUILD="$BUILD/$1" "${host[@]}" CC="$2" CFLAGS="$3" "$BUILD/$1/muniment" >&2
}

host=()
[ -n "${LONG-}" ] || host=(HOST_BUILD="$BUILD")
command -v clang >/dev/null || { echo "clang is not there"; exit 77; }
(. tests/guests/guest.sh && grub_floppy) || echo "without GRUB"
for load in x87 sse2; do
    cp "$BUILD/bench/$load.img" "$WORK"
    "$MUNIMENT" suggest "$WORK/$load.img" --machine plain | sed s/i486/pentium4/ >"$WORK/$load.yaml"
done
cd "$WORK"
results "$MUNIMENT" | tee reference
"$MUNIMENT" key new key
"$MUNIMENT" seal "$demo/records.yaml" -o sealed.mun --key key
"$MUNIMENT" boot sealed.mun --script "$script" --record reference.journal
same again "$MUNIMENT"
same slices-1009 "$MUNIMENT" --slice 1009
random=$(shuf -i 4-1000000000 -n "$([ -n "${LONG-}" ] && echo 30 || echo 1)")
for seed in 1 2 3 $random; do
    same slices-random-$seed "$MUNIMENT" --slice random:$seed
done
drawn="gcc-O0 clang-O3"
[ -n "${LONG-}" ] || drawn=$(shuf -n 1 -e $drawn)
for name in $drawn; do
    build $name ${name%-*} -${name#*-}
    same $name "$root/$BUILD/$name/muniment" --slice random:4
done
[ -n "${LONG-}" ] || exit 0
build gcc-O3 gcc -O3
same gcc-O3 "$root/$BUILD/gcc-O3/muniment"
build clang-O2 clang -O2
same clang-O2 "$root/$BUILD/clang-O2/muniment" --slice random:5
build sanitized-command gcc '-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all'
same sanitized-command "$root/$BUILD/sanitized-command/muniment"
