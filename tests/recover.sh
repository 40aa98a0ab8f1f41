#!/bin/bash
# recover.sh - the disks come back without Muniment, byte for byte: once by the archive's own recover.py, once by the shell commands that its README prints. The
# demonstration's, and an image that ends within a sector, of which the donor's checksum is in the archive.
set -euo pipefail
cp "$BUILD"/demo/records.img "$BUILD"/demo/records*.yaml "$WORK"
cd "$WORK"

# restores NAME: NAME.yaml is sealed, and NAME.img restored.
restores()
{
    "$MUNIMENT" seal "$1.yaml" --description records-description.yaml -o "$1.mun" --key key | tee sealed
    tar -xOf "$1.mun" seal.txt | grep "^image: fd0 0*$(stat -c %s "$1.img") $(sha256sum "$1.img" | cut -d' ' -f1)$"
    tar -xf "$1.mun" recover.py
    python3 recover.py "$1.mun" python | grep "fd0.img: intact, $(stat -c %s "$1.img") bytes"
    cmp "$1.img" python/fd0.img
    mkdir shell
    tar -xOf "$1.mun" 000-README.txt | sed -n '/^TO CHECK IT/,/^To see that/s/^    //p' >commands
    (cd shell && FILE=../$1.mun sh -eu ../commands)
    cmp "$1.img" shell/fd0.img
    rm -r python shell
}

"$MUNIMENT" key new key
restores records
cat commands
head -c 600001 records.img >short.img
sed 's/records\.img/short.img/' records.yaml >short.yaml
restores short
grep '^short.img: 600001 bytes, filled up with 63 zeros to whole sectors$' sealed


# The digest of the image is the signer's statement: recovery compares it.
for digest in $(sha256sum short.img | cut -d' ' -f1) $(sha256sum short.yaml | cut -d' ' -f1); do
    PYTHONPATH=$OLDPWD/tests python3 - short.mun key "$digest" <<'END'
import sys
from forge import Forger
forger = Forger(*sys.argv[1:3])
forger.change["seal.txt"] = lambda text: text + b"image: fd0 %015d %s\n" % (600001, sys.argv[3].encode())
forger.write("stated.mun")
END
    "$MUNIMENT" verify stated.mun --integrity-only
    python3 recover.py stated.mun python 2>said || [ $? -eq 1 ]
    rm -r python
done
cat said
[ "$(grep -c 'fd0: is not the file that was sealed: another SHA-256 than that in seal.txt' said)" -eq 1 ]
