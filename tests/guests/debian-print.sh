#!/bin/bash
# debian-print.sh - Debian's line printer daemon (lpr) on Debian's kernel, with a queue whose filter is enscript, prints two texts as PostScript on the parallel port: Ghostscript, locked in,
# makes a PDF of each job, whose text is the guest's, and whose bytes are the same by both engines. Our firmware only. To make the system takes root, the network and some minutes, once.
set -euo pipefail
. tests/guests/guest.sh

no_peer "peers have no such printer"
for tool in gs qpdf pdftotext python3; do
    command -v $tool >/dev/null || skip "$tool is not there"
done
tests/guests/linux/system.sh || exit
cp -r tests/guests/linux/print "$WORK/extra"
cp tests/guests/linux/enter "$WORK/extra/run"
echo system >"$WORK/extra/label"
modules drivers/parport/{parport,parport_pc} drivers/char/lp
echo "parport_pc io=0x378 irq=none" >"$WORK/extra/options"
python3 - "$WORK/extra" <<'PYTHON'
import sys
with open(sys.argv[1] + "/ledger.txt", "w") as f:
    for n in range(150): f.write(f"{n + 1:4}  Parcel {1000 + n * 7 % 97}  volume {n % 12 + 1:2}  folio {n * 31 % 211:3}  {n * n % 1000 / 100:5.2f} ha (a \\ b)\n")
with open(sys.argv[1] + "/letter.txt", "w") as f: f.write("The registry office\n\nDear Sir,\n\n    the extract of parcel 1021 is enclosed.\n")
PYTHON
export PROGRAMS="lpr=1:2008.05.17.3+nmu1 cfff96acaf77b29bf4f7fcf42666128333d67cd68d70fc79134c9f53e471798e
    enscript=1.6.5.90-3+b1 d55828b97e9275be17be8f7759e27d09c85b6b7ec9f773b565a1f72babb52e19
    libpaper1=1.1.29 76ab86560740d4b0fc324da8f8147015b509e8d3dd57dbfd41cdc3dbacae6ad5"
EXTRA=$WORK/extra tests/guests/linux/image.sh "$WORK" || exit
debian system pentium2 200 64
cd "$WORK"
export GUEST_OPTIONS="--print printed"
! elsewhere machine.yaml debian-print || exit 0
for engine in translator interpreter; do
    "$MUNIMENT" boot machine.yaml --script debian-print.script --engine "$engine" --serial "$engine.serial" --print "$engine" --limit 300 --digest >"$engine.out" || { tail -n 5 "$engine.serial"; exit 1; }
    [ -z "${GUEST_ONCE-}" ] || break
done
# words: lines of words with one space between them.
words()
{
    tr -d '\f' | tr -s ' ' | sed 's/^ //; s/ $//; /^$/d'
}
n=0
for name in ledger letter; do
    n=$((n + 1))
    head -c 9 "translator/000$n.prn" | grep -aq '%!PS-Adob'
    qpdf --check "translator/000$n.pdf" >/dev/null
    pdftotext -layout "translator/000$n.pdf" - | words >"$name.out"
    words <"extra/$name.txt" | diff - "$name.out"
    echo "$name: $(pdfinfo "translator/000$n.pdf" | sed -n 's/^Pages: *//p') pages of PostScript, and the guest's text"
done
[ -z "${GUEST_ONCE-}" ] || exit 0
cmp translator.out interpreter.out
for file in translator/*; do
    cmp "$file" "interpreter/${file##*/}"
done
