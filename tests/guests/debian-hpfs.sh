#!/bin/bash
# debian-hpfs.sh - HPFS beside Linux's driver: it finds no fault in what tests/hpfs.py makes and reads the same bytes as our reader, and what it writes there,
# folders that outgrow a block and files in many runs, comes out as it reads it.
set -euo pipefail
. tests/guests/guest.sh
no_peer "what is compared here is a file system, not a machine"
check=$PWD/tests/facts.sh hpfs=$PWD/tests/hpfs.py

mkdir -p "$WORK"/extra "$WORK"/tree/{LETTERS/1998,MANY}
cat >"$WORK/extra/check" <<'END'
#!/bin/sh
# Prints digests of all files of HPFS; then writes there, and prints them again.
digests() { (cd /mnt && find . -type f | sort | xargs -d '\n' sha256sum | sed "s/^/$1 /"); }
insmod /lib/hpfs.ko
mount -t hpfs -o ro,case=asis,check=strict,errors=remount-ro /dev/sdb /mnt && digests before && umount /mnt
mount -t hpfs -o rw,case=asis,check=strict,errors=remount-ro /dev/sdb /mnt
mkdir -p /mnt/made/below
n=0
while [ $n -lt 300 ]; do
    n=$((n + 1))
    head -c $((n * 37)) /bin/busybox >"/mnt/made/Minutes of meeting $n"
    cat "/mnt/made/Minutes of meeting $n" >>/mnt/made/below/scattered
done
n=0
while [ $n -lt 300 ]; do
    n=$((n + 3))
    rm "/mnt/made/Minutes of meeting $n"
done
cp /bin/busybox /mnt/made/below/into-the-gaps
digests after
umount /mnt
dmesg | grep -ci 'hpfs: \(filesystem error\|warning\)' | sed 's/^/complaints: /'
poweroff -f
END
chmod +x "$WORK/extra/check"
MODULES=fs/hpfs/hpfs EXTRA=$WORK/extra tests/guests/linux/image.sh "$WORK" || exit
cd "$WORK"
python3 -c "
import random
random.seed(5)
for name, size in [('LETTERS/1998/A long name.TXT', 70001), ('BIG.BIN', 900000), ('NONE', 0)] + [(f'MANY/Record {n} of the council.doc', n) for n in range(500)]:
    open('tree/' + name, 'wb').write(random.randbytes(size))"
python3 "$hpfs" hpfs.img 16 tree 7
machine pc-i440fx pentium2 200 64 disk <<'END'
  hd0:
    kind: disk
    image: linux.img
  hd1:
    kind: disk
    image: hpfs.img
END
cat >hpfs.script <<'END'
wait serial "/ # "
serial "/extra/check\n"
wait poweroff
END
! elsewhere machine.yaml hpfs || exit 0
"$MUNIMENT" key new key >out
"$MUNIMENT" seal machine.yaml -o machine.mun --key key >out
. "$check"
gives "Linux reads it, and writes to it" 0 "$MUNIMENT" boot machine.mun --script hpfs.script --overlay session.overlay --serial linux.serial --limit 900
says "without a complaint" linux.serial "complaints: 0"

# same FACT WORD OPTION...: our reader has the digests that Linux printed after WORD.
same()
{
    tr -d '\r' <linux.serial | sed -n "s|^$2 \([0-9a-f]*\)  ./|\1  data/|p" | LC_ALL=C sort >expected
    rm -rf bag
    gives "$1" 0 "$MUNIMENT" retrieve machine.mun --drive hd1 -o bag "${@:3}"
    LC_ALL=C sort bag/manifest-sha256.txt >found
    [ -s expected ] && cmp expected found
    passed "the same $(wc -l <expected) files" $?
}
same "what Python wrote" before
same "what Linux wrote" after --overlay session.overlay
facts debian-hpfs
