#!/bin/bash
# recover.sh - the disks of the demonstration come back without Muniment, byte for byte: by the archive's own recover.py, and by the shell commands that its README prints;
# recover.py says nothing that a terminal would obey, and no fault of the host or of one disk keeps the others from coming out.
set -u
. tests/facts.sh
root=$PWD
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
cd "$WORK" || exit 1
truncate -s 67108864 hd0.img
head -c 100352 "$MUNIMENT" >>hd0.img
sed 's/^boot:/  hd0:\n    kind: disk\n    image: hd0.img\n&/' records.yaml >machine.yaml
"$MUNIMENT" key new key >/dev/null && "$MUNIMENT" seal machine.yaml --description records-description.yaml -o records.mun --key key --attest 1 >/dev/null || exit 1
tar -xf records.mun recover.py || exit 1

# recovered FOLDER: both disks are there, as they were.
recovered() { cmp records.img "$1/fd0.img" && cmp hd0.img "$1/hd0.img"; }

pythons=$(compgen -c | grep -xE 'python3\.[0-9]+' | sort -u; ls -d "$(pyenv root 2>/dev/null)"/versions/3.*/bin/python3 2>/dev/null)
for python in python3 $pythons; do
    $python --version >/dev/null 2>&1 || continue # a name that stands for a version that is not chosen
    gives "recover.py restores all with $($python --version)" 0 $python recover.py records.mun "by-${python//\//-}"
    says "and says that it is intact" out "everything is intact"
    recovered "by-${python//\//-}"
    passed "which it is" $?
done
[ -z "$(find by-python3 -name '*.part' -o -name '*.damaged')" ]
passed "nothing else is left" $?
gives "a folder that is not empty keeps what it has" 4 python3 recover.py records.mun by-python3
says "and is named" err "by-python3: is not empty"

# An image that ends within a sector comes back as long as it was, and the donor's checksum of it is in the archive.
head -c 600001 records.img >short.img
sed 's/records\.img/short.img/' records.yaml >short.yaml
gives "an image that ends within a sector is sealed" 0 "$MUNIMENT" seal short.yaml -o short.mun --key key
says "and its padding is reported" out "short.img: 600001 bytes, filled up with 63 zeros to whole sectors"
tar -xOf short.mun seal.txt >out
says "with length and digest of the file" out "image: fd0 000000000600001 $(sha256sum short.img | cut -d' ' -f1)"
gives "which comes back" 0 python3 recover.py short.mun short
says "as long as it was" out "fd0.img: intact, 600001 bytes"
cmp short.img short/fd0.img
passed "and byte for byte" $?
PYTHONPATH="$root/tests" python3 - short.mun key <<'END'
import sys
from forge import Forger
forger = Forger(*sys.argv[1:])
forger.change["seal.txt"] = lambda text: text + b"image: fd0 %015d %064d\n" % (600001, 0)
forger.write("stated.mun")
END
gives "another digest than that of the file is found" 1 python3 recover.py stated.mun stated
says "and named" err "fd0: is not the file that was sealed: another SHA-256 than that in seal.txt"

mkdir shell && cd shell || exit 1
tar -xOf ../records.mun 000-README.txt | sed -n '/^TO CHECK IT/,/^To see that/s/^    //p' >../commands
FILE=../records.mun sh -eu ../commands >../out 2>../err
passed "the commands of the README do" $?
cd ..
recovered shell
passed "the same" $?

# --- What the host may do ---

mkdir "K\"\\o\$d ä €"
cp records.mun "K\"\\o\$d ä €/ü.mun"
gives "names that standard output cannot encode are written otherwise" 0 env LC_ALL=C PYTHONIOENCODING=ascii PYTHONUTF8=0 python3 recover.py "K\"\\o\$d ä €/ü.mun" "out ä"
recovered "out ä"
passed "and the disks come out" $?
gives "so they do when nobody listens" 4 sh -c 'python3 recover.py records.mun deaf >&- 2>&-'
recovered deaf
passed "both of them" $?
gives "or standard output is full" 4 sh -c 'python3 recover.py records.mun full >/dev/full'
recovered full
passed "both of them too" $?
gives "a disk for which there is no room is reported" 4 sh -c 'ulimit -f 4000; python3 recover.py records.mun small'
says "by its name" err "small/hd0.img: "
cmp records.img small/fd0.img && [ ! -e small/hd0.img ] && [ -z "$(find small -name '*.part')" ]
passed "the other comes out, and nothing is left of it" $?
gives "a folder that cannot be made is named" 4 python3 recover.py records.mun records.img/folder
says "in the message" err "records.img/folder"
gives "a file that is no archive is named" 3 python3 recover.py records.img none
says "in the message" err "records.img: is not a Muniment archive"
gives "one that is not there, too" 4 python3 recover.py nowhere.mun none
says "in the message" err "nowhere.mun: "

# Where each member in turn is changed, of the source, which is nine tenths of an archive, a piece is enough.
tar -xOf records.mun source/muniment.tar | head -c 100000 >piece
python3 "$root/tests/forge.py" records.mun key brief.mun source/muniment.tar=piece
gives "an archive with a piece of it is sound" 0 "$MUNIMENT" verify brief.mun --trust key.pub
python3 "$root/tests/recover_cases.py" recover.py records.mun brief.mun >out 2>err
passed "forged texts, a place that cannot be read, a file that shrinks, an old Python" $?

facts recover
