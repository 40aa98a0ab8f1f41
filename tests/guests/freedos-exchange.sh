#!/bin/bash
# freedos-exchange.sh - FreeDOS is given a folder of this host as a CD (boot --give) and copies what is in it to a blank disk (--take), from which a bag is made; the
# same with a journal, which repeats it.
set -euo pipefail
. tests/guests/guest.sh
suite boot.img freedos13-floppy.img 6a6a75d96e4b0f89b160d1c6193873154b0c75bf9989d0e27b6663a13d8c59b3
suite bin.tar sdcboot-freedos.tar a7549b25e2d31fceb352e9b2064ccbd7ae4e8d36044cf32bc04f76f6c71d7b8e
no_peer "peers have no --give"
check=$PWD/tests/facts.sh
cd "$WORK"
tar -xf bin.tar
printf '%s\r\n' 'DEVICE=A:\HIMEMX.EXE' 'DEVICE=A:\UIDE.SYS /D:FDCD0001 /S8' FILES=40 LASTDRIVE=Z 'SHELL=A:\COMMAND.COM A:\ /E:512 /P=A:\AUTOEXEC.BAT' >fdconfig.sys
printf '%s\r\n' '@ECHO OFF' 'PROMPT $P$G' 'SHSUCDX /D:FDCD0001' 'ECHO ALL LOADED' >autoexec.bat
mdeltree -i boot.img ::freedos
mdel -i boot.img ::'*.bat' ::fdconfig.sys
mcopy -i boot.img {fdconfig.sys,autoexec.bat} freedos/bin/{{command,shsucdx,fdapm}.com,{himemx,xcopy,fc}.exe,uide.sys} :: || skip "mtools is not there (make deps-guests)"
machine pc-i440fx pentium 25 32 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: boot.img
END
mkdir -p given/LETTERS/OLD
python3 -c "
import random
random.seed(11)
for name, size in (('LEDGER.DAT', 300001), ('LETTERS/MINUTES.DOC', 70000), ('LETTERS/OLD/NOTE.TXT', 13), ('LETTERS/Minutes of the council.txt', 999)):
    open('given/' + name, 'wb').write(random.randbytes(size))"
printf 'muniment: description 0\ntitle: "FreeDOS, given and taken"\n' >description.yaml
"$MUNIMENT" key new key >out
"$MUNIMENT" seal machine.yaml --description description.yaml -o machine.mun --key key >out
cat >exchange.script <<'END'
wait screen "ALL LOADED"
wait time 1
type "a:xcopy d:\\*.* c:\\ /s\n"
wait screen "4 file(s) copied"
wait time 3
retrieve LEDGER.DAT
END
sed /^retrieve/d exchange.script >whole.script
export GUEST_OPTIONS="--give given --take 16M"
! elsewhere machine.yaml whole || exit 0
. "$check"
gives "a session that is given a folder and a disk" 0 "$MUNIMENT" boot machine.mun --script exchange.script --give given --take 16M --retrieve taken --record taken.journal --key key
says "takes what is there at the end too" out "taken: 5 files"
for file in LEDGER.DAT LETTERS/MINUTES.DOC LETTERS/OLD/NOTE.TXT; do
    passed "$file is what was given" "$(cmp -s given/$file taken/data/$file; echo $?)"
done
passed "a long name came by its short one" "$(cmp -s "given/LETTERS/Minutes of the council.txt" "$(ls taken/data/LETTERS/*.TXT | head -n 1)"; echo $?)"
gives "check.py is content" 0 python3 taken/check.py --key key.pub
gives "the receipt holds" 0 "$MUNIMENT" verify taken/receipt.txt --trust key.pub --archive machine.mun
passed "the journal is in the bag" "$(cmp -s taken.journal taken/session.journal; echo $?)"
gives "which repeats the session" 0 "$MUNIMENT" replay machine.mun taken/session.journal --media given --media blank:16M
gives "again, in other slices" 0 "$MUNIMENT" boot machine.mun --script exchange.script --give given --take 16M --retrieve again --slice random:5
passed "the same payload and manifest" "$(cmp -s taken/manifest-sha256.txt again/manifest-sha256.txt && cmp -s taken/files.csv again/files.csv; echo $?)"
facts freedos-exchange
