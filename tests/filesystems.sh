#!/bin/bash
# filesystems.sh - NTFS and ext2 to ext4 are read by libtsk, ISO 9660 and HPFS by our own readers, in a process that is locked in (spec/retrieval.md, V-1 to V-5): the
# lists are fls', the contents, links and permissions those of ntfs-3g, mke2fs and xorriso; damaged metadata (DAMAGES of each kind) never crash or hang the command; a reader that crashes, or opens a file,
# is reported.
set -eu
here=$PWD
. "$here/tests/facts.sh"
cd "$WORK"
export PATH=$PATH:/sbin:/usr/sbin LC_ALL=C.UTF-8 TZ=Asia/Kathmandu
if ! command -v fls >/dev/null || ! pkg-config --exists tsk; then
    echo "libtsk-dev and sleuthkit are not installed"
    exit 77
fi
damages=${DAMAGES:-${LONG:+2500}}
damages=${damages:-12}

python3 - <<'PY'
import os, random
random.seed(17)
os.makedirs("tree/LETTERS/1998/Deep/er"); os.makedirs("tree/MANY"); os.makedirs("tree/EMPTY")
for name, size in (("resident.txt", 5), ("zero", 0), ("LETTERS/Minutes of the council.doc", 70001), ("LETTERS/1998/übersicht ärger.txt", 513), ("LETTERS/1998/Deep/er/LEDGER.DBF", 2000000)):
    open("tree/" + name, "wb").write(random.randbytes(size))
for i in range(300): open(f"tree/MANY/file {i:03}.txt", "w").write(f"{i}\n" * i)
with open("tree/sparse.bin", "wb") as f: f.write(b"begin"); f.seek(3000000); f.write(b"end")
open("tree/compressible.txt", "wb").write(b"Parcel 1021, volume 12, folio 2\n" * 20000)
os.symlink("../LETTERS/Minutes of the council.doc", "tree/MANY/minutes"); os.symlink("/" + "a/" * 150 + "../end", "tree/MANY/far")
os.chmod("tree/resident.txt", 0o4640); os.chown("tree/resident.txt", 1000, 70000); os.chmod("tree/EMPTY", 0o1777)
PY

# as_posix NAME IMAGE: permissions, owners and targets of links are the tree's.
as_posix()
{
    "$MUNIMENT" files "$2" --json >listed
    python3 - >out <<'PY'
import json, os, stat
for line in open("listed"):
    e = json.loads(line)
    if e["path"] in ("lost+found", "both.iso"): continue
    path = "tree/" + e["path"]
    s = os.lstat(path)
    mode = stat.filemode(s.st_mode).replace("d", "D", s.st_mode & 0o40000 > 0).replace("l", "L", stat.S_ISLNK(s.st_mode))
    theirs = (mode, s.st_uid, s.st_gid, os.readlink(path) if stat.S_ISLNK(s.st_mode) else None)
    ours = (e["attributes"], e["owner"], e["group"], e.get("target"))
    if ours != theirs: print(path, ours, theirs)
PY
    passed "$1: permissions, owners and links" "$([ ! -s out ]; echo $?)"
}

# as_7z NAME IMAGE: what files listed has the paths, sizes and times of 7z, where that is installed.
as_7z()
{
    command -v 7z >/dev/null || return 0
    TZ=UTC 7z l -slt "$2" >their-list 2>err || true
    python3 - >out <<'PY'
import json
theirs = {}
for block in open("their-list").read().split("----------\n")[-1].split("\n\n"):
    entry = dict(line.split(" = ", 1) for line in block.split("\n") if " = " in line)
    if "Path" in entry and not entry["Path"].startswith("["): theirs[entry["Path"]] = (entry.get("Size"), entry["Modified"][:19] + "Z")
for line in open("ours.json"):
    e = json.loads(line)
    if e["attributes"][0] != "-" or ":" in e["path"]: continue
    if theirs.get(e["path"]) != (str(e["size"]), e["modified"].rstrip("Z") + "Z"): print(e["path"], e["size"], e["modified"], theirs.get(e["path"]))
PY
    passed "$1: paths, sizes and times are 7z's" "$([ ! -s out ]; echo $?)"
}

# equal NAME IMAGE [OPTIONS...]: files and fls list the same; what is retrieved is the tree.
equal()
{
    local offset=${OFFSET:-0}
    gives "$1: listed" 0 "$MUNIMENT" files "$2" "${@:3}" --json
    cp out ours.json
    [ -n "${RAW:-}" ] || as_7z "$1" "$2"
    cp ours.json out
    # Of a CD fls reads Joliet, which has no links.
    python3 -c 'import json, sys; print("\n".join(sorted(e["path"] for e in map(json.loads, open("out")) if sys.argv[1] != "iso" or "target" not in e)))' "$1" >ours
    fls -r -p -u -o "$offset" "${RAW:-$2}" | sed 's/^[^\t]*\t//' | grep -v '^\$' | sort -u >theirs
    passed "$1: as fls lists it" "$(cmp -s ours theirs; echo $?)"
    gives "$1: retrieved" 0 "$MUNIMENT" retrieve "$2" -o "bag-$1" "${@:3}"
    (cd tree && find . -type f | sort) >expected
    (cd "bag-$1/data" && find . -type f ! -name '*:*' | sort) >out
    passed "$1: the names" "$(cmp -s expected out; echo $?)"
    python3 -c 'import filecmp, os, sys
for files in filecmp.cmpfiles("tree", sys.argv[1], os.fsdecode(sys.stdin.buffer.read()).splitlines(), shallow=False)[1:]:
    for file in files: print(ascii(file))' "bag-$1/data" <expected >out
    passed "$1: the contents" "$([ ! -s out ]; echo $?)"
    gives "$1: check.py is content" 0 python3 "bag-$1/check.py"
}

for type in ext2 ext3 ext4; do
    truncate -s 24M $type.img
    mke2fs -q -t $type -d tree $type.img
    equal $type $type.img
    as_posix $type $type.img
done
modified=$(TZ=UTC stat -c %y tree/resident.txt | cut -c1-19)
passed "times are UTC, whatever the host's zone (V-4)" "$(grep -q "\"path\": \"resident.txt\".*\"modified\": \"${modified}Z\"" <("$MUNIMENT" files ext4.img --json); echo $?)"
TZ=Asia/Kathmandu xorriso -as mkisofs -quiet -J -R -o both.iso tree 2>/dev/null
equal iso both.iso
as_posix iso both.iso
passed "times of ISO 9660 are UTC by the zone that they state" "$(grep -q "\"path\": \"resident.txt\".*\"modified\": \"${modified}Z\"" listed; echo $?)"
gives "a link is shown with where it leads" 0 "$MUNIMENT" files both.iso MANY/minutes
says "in the list as well" out "MANY/minutes -> ../LETTERS/Minutes of the council.doc"
mkdir -p deep/1/2/3/4/5/6/7/8/9/10 && echo end >deep/1/2/3/4/5/6/7/8/9/10/end
xorriso -outdev deep.iso -compliance deep_paths_off -rr_reloc_dir moved -map deep / >log 2>&1
gives "folders that Rock Ridge keeps elsewhere" 0 "$MUNIMENT" retrieve deep.iso 1 -o bag-deep
passed "are where they belong" "$(diff -r deep bag-deep/data >/dev/null; echo $?)"
xorriso -as mkisofs -quiet --norock -J -o joliet.iso tree 2>/dev/null
gives "Joliet alone" 0 "$MUNIMENT" retrieve joliet.iso -o bag-joliet
passed "has names and contents" "$(diff -r --no-dereference tree bag-joliet/data | grep -v 'EMPTY\|: far\|: minutes' >out; [ ! -s out ]; echo $?)"
mkdir plain && head -c 70000 /dev/urandom >plain/BIG1.BIN && head -c 5001 /dev/urandom >plain/BIG2.BIN && truncate -s 69632 plain/BIG1.BIN
xorriso -as mkisofs -quiet --norock -o plain.iso plain 2>/dev/null
gives "plain names" 0 "$MUNIMENT" retrieve plain.iso -o bag-plain
passed "have no version" "$(diff -r plain bag-plain/data >out; echo $?)"
python3 - <<'PY'
image = bytearray(open("plain.iso", "rb").read())
first, second = image.index(b"BIG1.BIN;1"), image.index(b"BIG2.BIN;1")
image[first - 8] |= 0x80 # another section follows
image[second:second + 10] = b"BIG1.BIN;1"
open("sections.iso", "wb").write(image)
image[second - 8] |= 0x80
open("endless.iso", "wb").write(image)
PY
gives "a file in two sections" 0 "$MUNIMENT" retrieve sections.iso -o bag-sections
passed "is one" "$(cat plain/BIG1.BIN plain/BIG2.BIN | cmp -s - bag-sections/data/BIG1.BIN; echo $?)"
long=$(printf 'B%.0s' {1..240})
mkdir long && cp plain/BIG1.BIN "long/${long}1" && cp plain/BIG2.BIN "long/${long}2"
xorriso -as mkisofs -quiet -R -o long.iso long 2>/dev/null
python3 - <<'PY'
import struct
image = bytearray(open("long.iso", "rb").read())
image[image.index(struct.pack("<I", 69632) + struct.pack(">I", 69632)) + 15] |= 0x80 # the flags of its record
open("long.iso", "wb").write(image)
PY
gives "in two sections, with a name that goes on elsewhere" 0 "$MUNIMENT" retrieve long.iso -o bag-long
passed "is one as well" "$(cat plain/BIG1.BIN plain/BIG2.BIN | cmp -s - "bag-long/data/${long}1"; echo $?)"
gives "whose sections do not end" 1 "$MUNIMENT" files endless.iso
says "is named" err "ends within the sections of a file"

# NTFS as ntfs-3g writes it: resident, compressed, sparse files, and streams.
truncate -s 32M ntfs.img
mkntfs -q -F -Q -c 4096 ntfs.img >/dev/null 2>&1
mkdir mnt
if [ -c /dev/fuse ] && ntfs-3g -o compression,streams_interface=xattr ntfs.img mnt 2>/dev/null; then
    python3 - <<'PY' || { umount mnt; exit 1; }
import os, shutil, struct
os.setxattr("mnt", "system.ntfs_attrib_be", struct.pack(">I", 0x810)) # what is made here is compressed
shutil.copy("tree/compressible.txt", "mnt")
os.setxattr("mnt", "system.ntfs_attrib_be", struct.pack(">I", 0x10))
shutil.copytree("tree", "mnt", dirs_exist_ok=True, ignore=lambda *_: ["compressible.txt", "far", "minutes"])
with open("mnt/sparse.bin", "wb") as f: f.write(b"begin"); f.seek(3000000); f.write(b"end")
os.setxattr("mnt/resident.txt", "system.ntfs_attrib_be", struct.pack(">I", 0x23))
os.setxattr("mnt/resident.txt", "user.summary", b"a stream of its own")
open("mnt/gone.txt", "w").write("deleted"); os.remove("mnt/gone.txt")
PY
    umount mnt
    passed "a compressed and a sparse file are there" "$(istat ntfs.img $(ifind -n /compressible.txt ntfs.img) | grep -q Compressed && [ "$(istat ntfs.img $(ifind -n /sparse.bin ntfs.img) | grep -c Sparse)" -gt 0 ]; echo $?)"
    equal ntfs ntfs.img
    passed "NTFS: attributes of DOS" "$("$MUNIMENT" files ntfs.img resident.txt | grep -q ' -RH-A '; echo $?)"
    passed "the stream is a file (V-3)" "$(cmp -s <(printf 'a stream of its own') "bag-ntfs/data/resident.txt:summary"; echo $?)"
    passed "what is deleted is not (V-2)" "$(! grep -q gone bag-ntfs/files.csv; echo $?)"
    ntfs=ntfs
else
    echo "without NTFS: FUSE does not work here"
    ntfs=
fi

# In partitions of an archive: receipt, proof.
if [ -n "$ntfs" ]; then
    truncate -s 64M disk.img
    printf '2048,65536,7\n67584,49152,83\n' | sfdisk -q disk.img
    dd if=ntfs.img of=disk.img bs=1M seek=1 conv=notrunc status=none
    dd if=ext4.img of=disk.img bs=1M seek=33 conv=notrunc status=none
    "$MUNIMENT" suggest disk.img --machine plain >disk.yaml 2>/dev/null
    "$MUNIMENT" key new key >out
    "$MUNIMENT" seal disk.yaml -o disk.mun --key key >out
    RAW=disk.img OFFSET=2048 equal archive disk.mun --drive :1
    for n in 1 2; do
        gives "partition $n with a proof" 0 "$MUNIMENT" retrieve disk.mun LETTERS resident.txt sparse.bin compressible.txt -o proved$n --drive :$n --key key --prove
        gives "holds" 0 python3 proved$n/check.py --key key.pub
        gives "and its receipt, with the archive" 0 "$MUNIMENT" verify proved$n/receipt.txt --trust key.pub --archive disk.mun
        says "in which the bytes are" out "holds these bytes"
        passed "what lies on whole extents is proved, the rest is not" "$(grep -q '^run: data/LETTERS' proved$n/proof/proof.txt && grep -q '^unproved: data/sparse.bin' proved$n/proof/proof.txt; echo $?)"
    done
    "$MUNIMENT" decide disk.mun --drive hd0 --path resident.txt --redact --reason name --key key >out
    gives "Q-3: a stream of a closed file is closed" 6 "$MUNIMENT" retrieve disk.mun resident.txt:summary -o stream --drive :1
    gives "others of its folder are not" 0 "$MUNIMENT" retrieve disk.mun sparse.bin -o open --drive :1
    gives "an ext4 file in place of an NTFS one" 3 "$MUNIMENT" retrieve disk.mun LETTERS -o less --drive :9
fi

truncate -s 3G huge
truncate -s 8M huge.img
mke2fs -q -t ext4 huge.img && printf 'write huge huge\nwrite tree/resident.txt small\n' | debugfs -w -f - huge.img >/dev/null 2>&1
gives "a file that claims more than its disk has (V-5)" 1 "$MUNIMENT" retrieve huge.img -o huge-bag
says "is named" err "claims 3221225472 bytes"
passed "and the rest comes out" "$(cmp -s tree/resident.txt huge-bag/data/small; echo $?)"
debugfs -w -R "set_inode_field small size 999999999999999" huge.img 2>err
gives "a record that claims a petabyte" 0 timeout 20 "$MUNIMENT" files huge.img
says "is listed at once" out " 999999999999999 -rw-r----- small"
debugfs -w -R "set_inode_field <2> size 999999999999999" huge.img 2>err
gives "and a folder that does" 1 timeout 20 "$MUNIMENT" files huge.img
says "is damaged" err "a folder claims more than its disk has"

# --- A reader that crashes, or wants more than it may ---
mkdir fake
cat >fake.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#define STUB(name) void *name(void) { return 0; }
STUB(tsk_img_close) STUB(tsk_fs_close) STUB(tsk_fs_dir_open_meta) STUB(tsk_fs_dir_getsize) STUB(tsk_fs_dir_get) STUB(tsk_fs_dir_close) STUB(tsk_fs_file_open_meta)
STUB(tsk_fs_file_close) STUB(tsk_fs_file_attr_getsize) STUB(tsk_fs_file_attr_get_idx) STUB(tsk_fs_attr_read) STUB(tsk_error_get) STUB(tsk_error_reset)
void *tsk_img_open_external(void) { return (void *)1; }
void *tsk_fs_open_img(void)
{
    if (MODE == 0) abort();
    if (MODE == 1) open("stolen", O_CREAT | O_WRONLY, 0600);
    if (MODE == 2) *(volatile char *)0 = 1;
    return 0;
}
C
library=$(basename "$(readlink -f "$(pkg-config --variable=libdir tsk)/libtsk.so")" | sed 's/\(\.so\.[0-9]*\).*/\1/')
for mode in 0 1 2; do
    gcc -shared -fPIC -w -DMODE=$mode -Wl,-soname,$library -o fake/$library fake.c
    gives "a reader that is hostile ($mode)" 1 env LD_LIBRARY_PATH=fake "$MUNIMENT" files ext4.img
    says "is reported" err "its reader crashed"
done
passed "and has opened nothing (V-1)" "$([ ! -e stolen ]; echo $?)"

# --- HPFS, by our own reader; guests/debian-hpfs.sh has what Linux wrote ---
rm -rf tree/sparse.bin tree/MANY/far tree/MANY/minutes
for run in "" 3; do
    python3 "$here/tests/hpfs.py" hpfs.img 16 tree $run
    gives "hpfs $run: retrieved" 0 "$MUNIMENT" retrieve hpfs.img -o "bag-hpfs$run"
    diff -r tree "bag-hpfs$run/data" >out || :
    passed "hpfs $run: names and contents, also of bad sectors that were replaced" "$([ "$(cat out)" = "Only in tree: EMPTY" ]; echo $?)"
    gives "hpfs $run: listed" 0 "$MUNIMENT" files hpfs.img
    says "hpfs $run: with what is empty" out "EMPTY/"
done
python3 - <<'PY'
image = bytearray(open("hpfs.img", "rb").read())
at = next(at for at in range(0, len(image), 512) if image[at:at + 4] == b"\xae\x0a\xe4\x77" and image[at + 12:at + 16] != bytes(4))
image[at + 4:at + 8] = (0x14).to_bytes(4, "little")
open("cut.img", "wb").write(image)
PY
gives "hpfs: a folder whose entries end too early is damaged" 1 "$MUNIMENT" files cut.img
says "in these words" err "a block of the folder has no end"

# --- Compressed volumes, by our own reader, from files that cvf.py writes after the description ---
python3 - <<'PY'
import os, random
random.seed(4)
os.makedirs("shrunk/LETTERS/OLD")
lines = [b"Parcel %d, volume %d: Caf\x82 %s\r\n" % (random.randrange(9999), random.randrange(40), random.choice((b"Berg", b"Thal \xe9\xf4"))) for _ in range(9000)]
for name, data in (("A.TXT", b"hello"), ("ZERO", b""), ("LETTERS/LEDGER.TXT", b"".join(lines)), ("LETTERS/RANDOM.BIN", random.randbytes(90001)),
                   ("LETTERS/OLD/ZEROS.BIN", bytes(100000)), ("LETTERS/OLD/RUN.BIN", b"ab" * 33000), ("AUTOEXEC.BAT", b"MODE CON CODEPAGE SELECT=850\r\n")):
    open("shrunk/" + name, "wb").write(data)
PY
for kind in double drive three; do
    python3 "$here/tests/cvf.py" $kind.cvf shrunk $kind
    truncate -s 20M host.img
    mformat -i host.img -T 40960 -h 16 -s 63 :: && mcopy -i host.img shrunk/A.TXT ::HOST.TXT && mcopy -i host.img $kind.cvf ::DRVSPACE.001
    gives "$kind: identified" 0 "$MUNIMENT" identify host.img
    says "$kind: as a volume within a volume" out "the file DRVSPACE.001 of the disk"
    says "$kind: with what is in it" out "names in code page 850 (AUTOEXEC.BAT)"
    gives "$kind: two volumes have files" 2 "$MUNIMENT" files host.img
    gives "$kind: retrieved" 0 "$MUNIMENT" retrieve host.img --drive :2 -o "bag-$kind"
    passed "$kind: contents, packed or not" "$(diff -r shrunk "bag-$kind/data" >out; echo $?)"
    passed "$kind: none lies on the disk as it is" "$(! grep -q '<byte_run ' "bag-$kind/dfxml.xml"; echo $?)"
    gives "$kind: the file by itself" 0 "$MUNIMENT" retrieve $kind.cvf -o "bag-$kind-alone"
    passed "$kind: is the same" "$(diff -r shrunk "bag-$kind-alone/data" >out; echo $?)"
done
python3 "$here/tests/cvf.py" fragments.cvf shrunk three fragments
gives "a cluster in fragments is not read" 1 "$MUNIMENT" retrieve fragments.cvf -o bag-fragments
says "and named" err "it is in fragments (DriveSpace 3), which are not read"
passed "and the rest comes out" "$([ "$(diff -rq shrunk bag-fragments/data | wc -l)" = 1 ]; echo $?)"
truncate -s 32M cvf.img && printf '63,65000,6\n' | sfdisk -q --no-reread cvf.img 2>out && mformat -i cvf.img@@32256 -T 65000 -h 16 -s 63 :: && mcopy -i cvf.img@@32256 drive.cvf ::DBLSPACE.000
"$MUNIMENT" suggest cvf.img --machine plain >cvf.yaml 2>out
[ -e key ] || "$MUNIMENT" key new key >out
"$MUNIMENT" seal cvf.yaml -o cvf.mun --key key >out
gives "of an archive, with a receipt" 0 "$MUNIMENT" retrieve cvf.mun LETTERS -o bag-cvf --drive hd0:1001 --key key
gives "which holds" 0 "$MUNIMENT" verify bag-cvf/receipt.txt --trust key.pub --archive cvf.mun
mkdir inner; cp cvf.mun inner
"$MUNIMENT" decide inner/cvf.mun --drive hd0 --path LETTERS/LEDGER.TXT --redact --reason name --key key >out
gives "a path in it is closed" 6 "$MUNIMENT" retrieve inner/cvf.mun LETTERS/LEDGER.TXT --drive hd0:1001 -o bag-inner
gives "Q-4: with the file of the volume, which has all of it" 6 "$MUNIMENT" retrieve inner/cvf.mun DBLSPACE.000 --drive hd0:1 -o bag-inner
gives "another path is not" 0 "$MUNIMENT" retrieve inner/cvf.mun LETTERS/OLD --drive hd0:1001 -o bag-inner
"$MUNIMENT" decide cvf.mun --drive hd0 --path DBLSPACE.000 --redact --reason name --key key >out
gives "a volume whose file is closed" 6 "$MUNIMENT" files cvf.mun --drive hd0:1001
says "is refused" err "the file of this volume is closed"
# A rule about a path has the long name, which is another than that of a compressed volume here.
mformat -C -f 1440 -i long.img :: && mcopy -i long.img shrunk/A.TXT "::Backup of the drive"
python3 - <<'PY'
image, new = bytearray(open("long.img", "rb").read()), b"DRVSPACE000"
at = image.index(b"BACKUP~1   ")
check = 0
for byte in new: check = ((check >> 1) + ((check & 1) << 7) + byte) & 255
image[at:at + 11] = new
for entry in (at - 32, at - 64): image[entry + 13] = check
open("long.img", "wb").write(image)
PY
gives "a file that is DRVSPACE.000 by its short name only" 0 "$MUNIMENT" files long.img
says "is a file" out "Backup of the drive"
gives "of this name" 0 "$MUNIMENT" identify long.img
passed "and no volume" $(grep -c 'DRVSPACE' out)

# --- A plain name of ISO 9660 that is closed ---
mkdir paged; cp shrunk/A.TXT paged/GEHXLT.TXT
xorriso -as mkisofs -quiet --norock -o paged.iso paged 2>/dev/null
LC_ALL=C sed -i 's/GEHXLT.TXT/GEH\x8eLT.TXT/' paged.iso
"$MUNIMENT" suggest paged.iso --machine plain >paged.yaml 2>out
"$MUNIMENT" seal paged.yaml -o paged.mun --key key >out
gives "another code page makes another name" 0 "$MUNIMENT" files paged.mun --code-page 1251
says "of it" out "GEHЋLT.TXT"
"$MUNIMENT" decide paged.mun --drive hd2 --path "GEHÄLT.TXT" --redact --reason name --key key >out
gives "it is closed" 6 "$MUNIMENT" files paged.mun
gives "in any code page" 6 "$MUNIMENT" files paged.mun --code-page 1251
passed "and not shown" "$([ ! -s out ]; echo $?)"

# --- A rule closes a file whichever of its names it has (Q-3) ---
sealed() # IMAGE: seals it as IMAGE.mun
{
    "$MUNIMENT" suggest "$1" --machine plain >named.yaml 2>out
    "$MUNIMENT" seal named.yaml -o "$1.mun" --key key --force >out
}
paths() { sed -n 's/.*"path": "\([^"]*\)".*/\1/p' | sort; }
closes() # FACT IMAGE SLOT RULE FILE...: of all the files of the archive, these alone are no longer listed
{
    rm -rf ruled && mkdir ruled && cp "$2.mun" ruled/a.mun
    "$MUNIMENT" files ruled/a.mun --json | paths >before
    gives "$1: decided" 0 "$MUNIMENT" decide ruled/a.mun --drive "$3" --path "$4" --redact --reason name --key key
    passed "$1: without a warning" "$([ ! -s err ]; echo $?)"
    gives "$1: closed" 6 "$MUNIMENT" files ruled/a.mun --json
    paths <out >after
    passed "$1: those files" "$(comm -23 before after | cmp -s - <(printf '%s\n' "${@:5}" | sort); echo $?)"
}
mkdir -p names/Letters\ of\ 1998 && echo secret >"names/Letters of 1998/Answer to Müller.doc" && echo open >names/OPEN.TXT
mformat -C -f 1440 -i long.fat :: && LC_ALL=C.UTF-8 mcopy -s -i long.fat names/* ::
sealed long.fat
closes "FAT, the long name" long.fat fd0 "letters of 1998/answer to Müller.doc" "Letters of 1998/Answer to Müller.doc"
closes "FAT, the short one" long.fat fd0 "LETTER~1/ANSWER~1.DOC" "Letters of 1998/Answer to Müller.doc"
closes "FAT, one of each" long.fat fd0 "LETTER~1/Answer to Müller.doc" "Letters of 1998/Answer to Müller.doc"
closes "FAT, a folder by its short one" long.fat fd0 "letter~1" "Letters of 1998" "Letters of 1998/Answer to Müller.doc"
gives "a name that no file has: decided" 0 "$MUNIMENT" decide long.fat.mun --drive fd0 --path "LETTER~2/ANSWER~1.DOC" --redact --reason name --key key
says "and named" err "no file or folder on the sealed disk has that name: the rule closes none of them"
for kind in "-J -R:rock" "--norock -J:joliet"; do
    disc=${kind#*:}.disc
    xorriso -as mkisofs -quiet ${kind%:*} -o $disc names 2>/dev/null
    sealed $disc
    xorriso -as mkisofs -quiet --norock -o plain.disc names 2>/dev/null
    short=$("$MUNIMENT" files plain.disc | sed -n 's/.* \(LETTERS[^ ]*\/ANSWER[^ ]*\)$/\1/p')
    closes "$disc, the name that is listed" $disc hd2 "Letters of 1998/Answer to Müller.doc" "Letters of 1998/Answer to Müller.doc"
    closes "$disc, the plain one" $disc hd2 "$short" "Letters of 1998/Answer to Müller.doc"
done
mkdir -p twice/a && echo name >"twice/a/Long name.text" && xorriso -as mkisofs -quiet -J -R -joliet-long -o twice.disc twice 2>/dev/null
python3 - <<'PY' # the name that Rock Ridge has is another than that of Joliet
image = open("twice.disc", "rb").read()
assert image.count(b"Long name.text") == 1
open("twice.disc", "wb").write(image.replace(b"Long name.text", b"Other one.text"))
PY
sealed twice.disc
closes "a disc with Rock Ridge, the name of Joliet" twice.disc hd2 "a/Long name.text" "a/Other one.text"
mkdir linked && echo secret >linked/one && ln linked/one linked/two && echo open >linked/three
truncate -s 2M linked.ext && mke2fs -q -t ext2 -d linked linked.ext && sealed linked.ext
closes "ext2, another name of the same file" linked.ext hd0 one one two
if [ -n "$ntfs" ]; then
    truncate -s 8M names.ntfs && mkntfs -q -F -Q -c 4096 names.ntfs >/dev/null 2>&1 && ntfs-3g -o streams_interface=xattr names.ntfs mnt
    python3 - <<'PY' || { umount mnt; exit 1; }
import os, shutil
shutil.copytree("names", "mnt", dirs_exist_ok=True)
letter = "mnt/Letters of 1998/Answer to Müller.doc"
os.setxattr(letter, "system.ntfs_dos_name", b"ANSWER~1.DOC")
os.setxattr(letter, "user.draft", b"secret")
os.setxattr("mnt/Letters of 1998", "system.ntfs_dos_name", b"LETTER~1")
os.link(letter, "mnt/copy.doc")
PY
    umount mnt
    sealed names.ntfs
    gives "NTFS: the name of DOS" 0 "$MUNIMENT" files names.ntfs --json
    says "is shown" out '"path": "Letters of 1998/Answer to Müller.doc", "short-name": "ANSWER~1.DOC"'
    of=("Letters of 1998/Answer to Müller.doc" "Letters of 1998/Answer to Müller.doc:draft" copy.doc copy.doc:draft)
    closes "NTFS, the long name" names.ntfs hd0 "letters of 1998/answer to Müller.doc" "${of[@]}"
    closes "NTFS, that of DOS" names.ntfs hd0 "LETTER~1/ANSWER~1.DOC" "${of[@]}"
    closes "NTFS, another of the same file" names.ntfs hd0 copy.doc "${of[@]}"
    closes "NTFS, a folder by that of DOS" names.ntfs hd0 letter~1 "Letters of 1998" "${of[@]}"
    closes "NTFS, a stream alone" names.ntfs hd0 "copy.doc:draft" "Letters of 1998/Answer to Müller.doc:draft" copy.doc:draft
fi

# --- Damaged metadata ---
mkdir wild && (cd wild && mkdir $(seq -f 'folder_%03g' 400) && echo sound >sound) && xorriso -as mkisofs -quiet -R -o wild.disc wild 2>/dev/null
python3 - <<'PY' # each folder begins in the last sector, and claims 64 MiB
import struct
image = bytearray(open("wild.disc", "rb").read())
root, size = (struct.unpack_from("<I", image, 16 * 2048 + at)[0] for at in (158, 166))
at, end, folders = root * 2048, root * 2048 + size, 0
while at < end:
    if image[at] == 0: at = (at // 2048 + 1) * 2048; continue
    if image[at + 25] & 2 and image[at + 33] > 1:
        struct.pack_into("<I", image, at + 2, len(image) // 2048 - 1); struct.pack_into("<I", image, at + 10, 64 << 20); folders += 1
    at += image[at]
assert folders == 400
open("wild.disc", "wb").write(image)
PY
gives "ISO 9660: folders that claim what is beyond the disc take no time" 1 bash -c "ulimit -t 3 && exec '$MUNIMENT' files wild.disc"
says "are named" err "folder_399/: "
says "and the sound rest is listed" out " sound"
mkdir -p claims/folder && echo sound >claims/folder/sound && head -c 300000 /dev/urandom >claims/folder/wild && mke2fs -q -t ext2 -b 1024 -d claims claims.img 4M 2>/dev/null
debugfs -w -R 'sif /folder/wild size 200000000' claims.img 2>/dev/null >out # holes that libtsk reads in many pieces, and lists in the square of them
gives "ext2: a file that claims much takes no time in a list" 0 bash -c "ulimit -t 3 && exec '$MUNIMENT' files claims.img"
says "and is listed" out " 200000000 -rw-r--r-- folder/wild"
says "with its neighbours" out " folder/sound"
gives "nor when it is taken out" 0 bash -c "ulimit -t 10 && exec '$MUNIMENT' retrieve claims.img -o claimed"
gives "with its holes" 0 cmp claimed/data/folder/wild <(cat claims/folder/wild; head -c 199700000 /dev/zero)
rm -r claimed
debugfs -w -R "sif /folder/wild block[TIND] $(debugfs -R 'bmap /folder/wild 100' claims.img 2>/dev/null)" claims.img 2>/dev/null >out
gives "where what leads to its blocks is none of that" 1 "$MUNIMENT" retrieve claims.img -o claimed
says "it is damaged" err "folder/wild: a pointer leads out of the disk, to block "
gives "and what lies before comes out" 0 cmp -n 300000 claimed/data/folder/wild claims/folder/wild
rm -r claimed
mkdir links && ln -s "$(printf 'a/%.0s' {1..100})b" links/long && echo sound >links/sound && mke2fs -q -t ext2 -b 1024 -d links links.ext 4M 2>/dev/null
debugfs -w -R 'sif /long size 200000000' links.ext 2>/dev/null >out
gives "ext2: nor does a link that claims much take time" 0 bash -c "ulimit -t 3 && exec '$MUNIMENT' files links.ext"
says "its neighbours are listed" out " sound"
mkdir wide wide/sub && echo sound >wide/sound && echo x >wide/sub/x && truncate -s 256M wide.ext && mke2fs -q -t ext2 -b 1024 -d wide wide.ext
for size in 60000000 200000000; do
    debugfs -w -R "sif /sub size $size" wide.ext 2>/dev/null >out
    gives "ext2: nor a folder" 1 bash -c "ulimit -t 3 && exec '$MUNIMENT' files wide.ext"
    says "which is damaged" err "sub/: a folder $([ $size = 60000000 ] && echo "has holes" || echo "claims 190 MiB, which is more than is listed")"
    says "and its neighbours are listed" out " sound"
done
mkdir rent && head -c 300000 /dev/urandom >rent/wild && mke2fs -q -t ext2 -b 1024 -d rent rent.ext 4M 2>/dev/null
python3 - "$(debugfs -R 'bmap /wild 100' rent.ext 2>/dev/null)" <<'PY'
import struct, sys
block, image = int(sys.argv[1]), bytearray(open("rent.ext", "rb").read())
at = image.index(struct.pack("<II", block, block + 1))
image[at:at + 4] = b"\xf0\xff\xff\xff"
open("rent.ext", "wb").write(image)
PY
gives "ext2: a pointer that leads nowhere" 1 "$MUNIMENT" retrieve rent.ext -o rent-ext
says "is named" err "wild: a pointer leads out of the disk, to block 4294967280"
python3 - <<'PY'
import csv
whole, got = open("rent/wild", "rb").read(), open("rent-ext/data/wild", "rb").read()
assert got == whole[:102400] + bytes(1024) + whole[103424:]
assert next(csv.DictReader(open("rent-ext/files.csv", newline="")))["missing"] == "102400-103423"
PY
passed "and costs its block alone (V-14)" $?
mkdir sea && python3 - <<'PY' # pointers of three levels, extents of some depth, and holes
import random
random.seed(7)
with open("sea/islands", "wb") as file:
    for i in range(600): file.seek((i * 32 + random.randrange(20)) * 4096), file.write(random.randbytes(4096))
    file.truncate((79 << 20) + 5)
PY
for kind in ext2 ext4; do
    truncate -s 32M sea.$kind && mke2fs -q -t $kind -b 1024 -d sea sea.$kind
    gives "$kind: a file of many pieces" 0 "$MUNIMENT" retrieve sea.$kind -o sea-$kind
    gives "comes out" 0 cmp sea/islands sea-$kind/data/islands
done
cat >damage.py <<'PY'
import os, random, shutil, subprocess, sys
muniment, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
whole, faults, crashed, files = open(f"s-{kind}.img", "rb").read(), 0, 0, 0
used = [at for at in range(0, len(whole), 1024) if any(whole[at:at + 64])]
metadata = used if kind == "cvf" else used[:max(1, len(used) // 4)]
for seed in range(count):
    random.seed(seed)
    image = bytearray(whole)
    for _ in range(random.randrange(1, 60)):
        at = random.choice(metadata) + random.randrange(1020)
        if random.random() < 0.3: image[at:at + 4] = random.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", random.randbytes(4)))
        else: image[at] ^= 1 << random.randrange(8)
    name = f"d-{kind}"
    open(name + ".img", "wb").write(image)
    try:
        run = subprocess.run([muniment, "retrieve", name + ".img", "-o", name], capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        run = None
    if run is None or run.returncode not in (0, 1, 2, 3):
        faults += 1
        print(f"FAILED  {kind} {seed}: {'hangs' if run is None else run.returncode}", run and run.stderr[-300:])
    crashed += run is not None and b"crashed" in run.stderr
    if os.path.isdir(name):
        files += sum(len(f) for _, _, f in os.walk(name + "/data"))
        shutil.rmtree(name)
print(f"{count} damages of {kind}: {faults} faults, {files} files came out, {crashed} readers crashed and were reported")
sys.exit(faults > 0)
PY
python3 - <<'PY'
import os, random
os.makedirs("small/A/B")
for i in range(12): open(f"small/A/{'B/' if i % 3 else ''}f{i}", "wb").write(random.Random(i).randbytes(i * 700))
PY
truncate -s 2M s-ext2.img s-ext4.img
mke2fs -q -t ext2 -d small s-ext2.img
mke2fs -q -t ext4 -O ^has_journal -d small s-ext4.img
xorriso -as mkisofs -quiet -J -R -o s-iso.img small 2>/dev/null
truncate -s 2M s-fat.img
mformat -i s-fat.img -F -T 4096 -h 16 -s 63 -c 1 :: 2>/dev/null || mkfs.fat s-fat.img >/dev/null
mcopy -s -Q -i s-fat.img small/A ::
gives "FAT: listed" 0 "$MUNIMENT" files s-fat.img --json
cp out ours.json
as_7z FAT s-fat.img
debugfs -w -R "rm A/f0" s-ext2.img 2>err
gives "ext2: what was deleted is listed where it is wanted" 0 "$MUNIMENT" files s-ext2.img --deleted
says "with what shows it" out "A/f0  (deleted)"
python3 "$here/tests/hpfs.py" s-hpfs.img 3 small 1
python3 "$here/tests/cvf.py" s-cvf.img small double
kinds="ext2 ext4 iso fat hpfs cvf"
if [ -n "$ntfs" ]; then
    truncate -s 3M s-ntfs.img
    mkntfs -q -F -Q s-ntfs.img >/dev/null 2>&1
    ntfs-3g s-ntfs.img mnt && cp -r small/A mnt && umount mnt
    kinds="$kinds ntfs"
fi

# --- What the original did not give, and what the archive has lost ---
cat >lose.py <<'PY'
import sys, tarfile
image, wanted, at, archive = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read(), int(sys.argv[3]), sys.argv[4]
place = image.find(wanted[at:at + 64])
assert place >= 0
sector = place // 512 * 512
open("lost.map", "w").write(f"# Mapfile. Created by GNU ddrescue version 1.27\n0x0 + 1\n0x0 {sector:#x} +\n{sector:#x} 0x200 -\n{sector + 512:#x} {len(image) - sector - 512:#x} +\n")
if archive:
    tar, changed = tarfile.open(archive), bytearray(open(archive, "rb").read())
    names = {name.rsplit(".", 1)[1]: name for name in tar.getnames() if "/00000000." in name}
    chunk = next(line for line in tar.extractfile(names["map"]).read().decode().splitlines() if int(line.split()[0]) == place // 65536).split()
    changed[tar.getmember(names["gz"]).offset_data + int(chunk[2]) + int(chunk[3]) // 2] ^= 1
    open("lost.mun", "wb").write(changed)
PY
for kind in ${kinds/cvf/}; do
    sealed s-$kind.img
    cp s-$kind.img lost.img && python3 lose.py lost.img small/A/B/f11 4096 s-$kind.img.mun && rm -rf lost
    gives "$kind, a sector that the original did not give" 1 "$MUNIMENT" retrieve lost.img -o lost
    says "is named as such" err "the original was unreadable there ("
    python3 - <<'PY'
import csv
row = next(row for row in csv.DictReader(open("lost/files.csv", newline="")) if row["path"].lower().endswith("f11"))
whole, got = open("small/A/B/f11", "rb").read(), open("lost/" + row["file"], "rb").read()
assert got == whole[:4096] + bytes(512) + whole[4608:], got == whole[:4096]
assert (row["state"], row["missing"]) == ("damaged", "4096-4607") and "could not be read: bytes 4096-4607<" in open("lost/dfxml.xml").read()
PY
    passed "all else of the file comes out, and what is missing is listed (V-14)" $?
    rm -rf lost
    gives "$kind, a chunk of the archive that is damaged" $([[ $kind = @(ext4|fat) ]] && echo 3 || echo 1) "$MUNIMENT" retrieve lost.mun -o lost
    says "is named as that, also where the first sectors are in it" err "has a damaged chunk that "
done

# sector_lost IMAGE SECTOR: lost.img is the image, whose map says that the original did not give this sector.
sector_lost() { cp "$1" lost.img; printf '0x0 + 1\n0x0 %#x +\n%#x 0x200 -\n%#x %#x +\n' $(($2 * 512)) $(($2 * 512)) $(($2 * 512 + 512)) $(($(stat -c %s "$1") - $2 * 512 - 512)) >lost.map; rm -rf lost; }
# one_gap.py ORIGINALS SIZE: of the files in lost one is damaged, and lacks one piece of that size within it.
cat >one_gap.py <<'PY'
import csv, sys
rows = [row for row in csv.DictReader(open("lost/files.csv", newline="")) if row["state"] == "damaged"]
assert len(rows) == 1, rows
first, last = (int(n) for n in rows[0]["missing"].split("-"))
whole, got = open(sys.argv[1] + "/" + rows[0]["path"], "rb").read(), open("lost/" + rows[0]["file"], "rb").read()
assert 0 < first and last + 1 < len(whole) and last + 1 - first == int(sys.argv[2]), rows
assert got == whole[:first] + bytes(last + 1 - first) + whole[last + 1:]
PY
if [ -n "$ntfs" ]; then
    clusters=($(istat ntfs.img "$(ifind -n /compressible.txt ntfs.img)" | sed '1,/DATA/d'))
    sector_lost ntfs.img $((8 * clusters[48]))
    gives "NTFS, a sector of a compressed file" 1 "$MUNIMENT" retrieve lost.img compressible.txt -o lost
    passed "its unit of 16 clusters is missing, and no other (V-14)" "$(python3 one_gap.py tree 65536 >out 2>&1; echo $?)"
    if strace -o traced true 2>err; then # else this host forbids it
        # The rest of it is lost as well. SIGINT with each question to its reader, which is asked for what comes after.
        first=${clusters[48]} last=$(printf '%s\n' "${clusters[@]}" | sort -n | tail -n 1)
        printf '0x0 + 1\n0x0 %#x +\n%#x %#x -\n%#x %#x +\n' $((first * 4096)) $((first * 4096)) $(((last - first + 1) * 4096)) $(((last + 1) * 4096)) $(($(stat -c %s ntfs.img) - (last + 1) * 4096)) >lost.map
        for ((n = 1; n < 1000; n++)); do
            rm -rf lost
            status=0
            strace -qq -o traced -e trace=sendto -e inject=sendto:signal=SIGINT:when=$n "$MUNIMENT" retrieve lost.img compressible.txt -o lost >out 2>err || status=$?
            { [ $status = 4 ] && grep -q interrupted err && [ ! -e lost ]; } || break
        done
        passed "an interrupt is no damage, whenever it comes until all is asked" "$([ $status = 1 ] && [ $n -gt 20 ] && grep -q ',196608-639999' lost/files.csv; echo $?)"
        echo "NTFS: interrupted with each of $((n - 1)) questions"
    else
        echo "strace may not trace here"
    fi
fi
sector_lost drive.cvf $(($(stat -c %s drive.cvf) / 1024))
gives "DriveSpace, a sector" 1 "$MUNIMENT" retrieve lost.img -o lost
passed "its cluster is missing, and no other (V-14)" "$(python3 one_gap.py shrunk 8192 >out 2>&1; echo $?)"
cp s-fat.img torn.img && python3 lose.py torn.img small/A/B/f11 4096 "" && mv lost.map torn.map && sealed torn.img
gives "of such a file there is a receipt" 1 "$MUNIMENT" retrieve torn.img.mun -o torn --key key --prove
passed "which says what is missing of it" "$(grep -qi '^damaged: [0-9a-f]* 7700 data/A/B/F11 A/B/F11 4096-4607$' torn/receipt.txt; echo $?)"
gives "it is verified, with the archive" 0 "$MUNIMENT" verify torn --trust key.pub --archive torn.img.mun
says "and the file is said to be damaged" out "damaged       1: the receipt says which of their bytes are missing"
gives "check.py says so, too" 0 python3 torn/check.py --key key.pub
says "in these words" out "receipt: 12 files (1 damaged), 0 withheld"
printf X | dd of="$(find torn/data -iname f11)" bs=1 conv=notrunc status=none
gives "it is signed like the others" 1 "$MUNIMENT" verify torn --trust key.pub
printf f10 >name && cp s-ext2.img lost.img && python3 lose.py lost.img name 0 ""
gives "a folder that the original did not give" 1 "$MUNIMENT" files lost.img
says "is named as such, too" err "the original was unreadable there ("
for kind in $kinds; do
    gives "damaged metadata of $kind never crash or hang the command" 0 python3 damage.py "$MUNIMENT" $kind $damages
    cat out
done
facts filesystems
