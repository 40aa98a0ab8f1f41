#!/bin/bash
# images.sh - images of other programs: made there, read here, and compared by qemu-img; written here, and read there.
set -u
. tests/facts.sh
muniment=$(realpath "${MUNIMENT:-build/muniment}") campaign=$(realpath "$BUILD/tests/images_campaign")
command -v qemu-img >/dev/null || { echo "qemu-img is not installed (qemu-utils)"; exit 77; }
root=$PWD
cd "$WORK" || exit 1

# 9 MiB and 14 sectors: zeros, text and noise, none of it on a boundary.
python3 - <<'END_PYTHON'
import random
r, size = random.Random(5), 9 * 1048576 + 1024 * 7
b = bytearray(size)
for i in range(20):
    at, n = r.randrange(size - 200000), r.randrange(1, 200000)
    b[at:at + n] = r.randbytes(n) if i % 2 else (b"The quick brown fox %d " % i * 20000)[:n]
open("d.raw", "wb").write(b)
END_PYTHON

# make NAME FORMAT OPTIONS: d.raw by qemu-img.
make()
{
    qemu-img convert -q -O "$2" ${3:+-o "$3"} ${4-} d.raw "$1"
}

# reads IMAGE [FORMAT [OPTION...]]: what is read here is what qemu-img reads there.
reads()
{
    local image=$1 format=${2:+-F $2}
    gives "$image is read" 0 "$muniment" export "$image" -o out.raw --force "${@:3}"
    gives "$image reads as qemu-img reads it" 0 qemu-img compare -q -f raw $format out.raw "$image"
}

# --- Read here ---

make v3.qcow2 qcow2 && make v2.qcow2 qcow2 compat=0.10 && make packed.qcow2 qcow2 "" -c && make small.qcow2 qcow2 cluster_size=512
make large.qcow2 qcow2 cluster_size=2M && make parts.qcow2 qcow2 extended_l2=on,cluster_size=128k
make zstd.qcow2 qcow2 compression_type=zstd -c && make external.qcow2 qcow2 data_file=external.data,data_file_raw=on
make dynamic.vhd vpc && make fixed.vhd vpc subformat=fixed && make forced.vhd vpc force_size=on
for kind in monolithicSparse monolithicFlat twoGbMaxExtentSparse twoGbMaxExtentFlat streamOptimized; do
    make $kind.vmdk vmdk subformat=$kind
done
make dynamic.vdi vdi && make fixed.vdi vdi static=on

# A change on top of another image: written, written as zeros, and not at all.
layer()
{
    qemu-img create -q -f "$2" -b "$3" -F "$2" "$1"
    qemu-io -f "$2" -c 'write -P 7 1M 300k' -c 'write -z 3M 1M' -c 'write -P 9 8M 5000' "$1" >/dev/null
}
layer top.qcow2 qcow2 packed.qcow2 && layer third.qcow2 qcow2 top.qcow2 && layer top.vmdk vmdk monolithicSparse.vmdk

for image in v3.qcow2 v2.qcow2 packed.qcow2 small.qcow2 large.qcow2 parts.qcow2 dynamic.vhd forced.vhd \
    monolithicSparse.vmdk streamOptimized.vmdk dynamic.vdi fixed.vdi; do
    reads $image
done
reads fixed.vhd vpc
if pkg-config --exists libzstd; then
    reads zstd.qcow2
else
    gives "zstd is refused where it was not built in" 3 "$muniment" export zstd.qcow2 -o out.raw --force
    says "and named" err zstd
fi
for image in external.qcow2 monolithicFlat.vmdk twoGbMaxExtentSparse.vmdk twoGbMaxExtentFlat.vmdk top.qcow2 third.qcow2 top.vmdk; do
    gives "$image names other files: refused unless --follow is given" 3 "$muniment" export $image -o refused
    says "and the remedy is named" err "say --follow"
    reads $image "" --follow
done

# A differencing VHD, by the specification of the format (qemu-img writes none): five sectors of its second block, and all else below.
python3 - <<'END_PYTHON'
def word(n, size=4): return n.to_bytes(size, "big")
def checked(b, at): return b[:at] + word(~sum(b[:at] + b[at + 4:]) & 0xFFFFFFFF) + b[at + 4:]
parent = open("dynamic.vhd", "rb").read()
footer, header = parent[-512:], parent[int.from_bytes(parent[-496:-488], "big"):][:1024]
blocks, size = (int.from_bytes(header[at:at + 4], "big") for at in (28, 32))
table = 4 * blocks + 511 & ~511
own = checked(footer[:16] + word(512, 8) + footer[24:60] + word(4) + bytes(4) + b"C" * 16 + footer[84:], 64)
def child(name, uuid):
    head = header[:16] + word(1536, 8) + header[24:40] + uuid + bytes(8) + "C:\\DISKS\\dynamic.vhd".encode("utf-16-be").ljust(512, b"\0") + bytes(1024 - 576)
    with open(name, "wb") as file:
        file.write(own + checked(head, 36) + (word(0xFFFFFFFF) + word((1536 + table) // 512)).ljust(4 * blocks, b"\xFF").ljust(table, b"\0"))
        file.write(bytes([0b00000111, 0b11000000]).ljust(512, b"\0") + bytes(5 * 512) + b"\x77" * 2560 + b"\x55" * (size - 5120) + own)
child("child.vhd", footer[68:84])
child("stranger.vhd", b"S" * 16)
END_PYTHON
gives "a differencing VHD names its parent" 3 "$muniment" export child.vhd -o refused
says "which is shown" err 'names another file as its parent: C:\DISKS\dynamic.vhd'
"$muniment" export dynamic.vhd -o below.raw --force >out
python3 -c 'b = bytearray(open("below.raw", "rb").read()); at = (2 << 20) + 2560; b[at:at + 2560] = b"\x77" * 2560; open("below.raw", "wb").write(b)'
gives "a differencing VHD is read" 0 "$muniment" export child.vhd --follow -o out.raw --force
gives "on top of its parent" 0 cmp out.raw below.raw
gives "a parent that is another is refused" 3 "$muniment" export stranger.vhd --follow -o refused
says "by its UUID" err "is not the parent that stranger.vhd means: its UUID is another"

# What qemu-img writes besides is named, and never taken for raw.
for format in vhdx qcow qed parallels; do
    make unread.$format $format
    gives "unread.$format is refused" 3 "$muniment" export unread.$format -o refused
    says "by its format, with the remedy" err 'convert it: qemu-img convert -O raw; --format raw takes the file as it is'
done
gzip -1 -c unread.vhdx >packed.gz
gives "nor if it is packed" 3 "$muniment" export packed.gz -o refused

gives "an extent is no disk" 3 "$muniment" export twoGbMaxExtentSparse-s001.vmdk -o refused
says "and what names it is asked for" err "is an extent of an image: give the file that names it, without -sNNN"
gives "unless one says so" 0 "$muniment" export --format vmdk twoGbMaxExtentSparse-s001.vmdk -o out.raw --force

# --- Raw images in parts, packed, and rescued ---

split -b 1000001 -d -a 3 --numeric-suffixes=1 d.raw parts. && split -b 3000320 d.raw letters.
gives "parts of any length are joined" 0 "$muniment" export parts.001 -o out.raw --force
gives "to the whole" 0 cmp d.raw out.raw
gives "parts with letters are joined" 0 "$muniment" export letters.aa -o out.raw --force
gives "to the whole" 0 cmp d.raw out.raw
gives "--format raw takes the first part alone" 0 "$muniment" export parts.001 --format raw -o out.raw --force
gives "to the byte" 0 cmp parts.001 out.raw
gives "a later part is no disk" 3 "$muniment" export parts.003 -o refused
says "and the first one is named" err "parts.003: is a later part of the image that begins with parts.001: give that one"
gives "nor is a later one with letters" 3 "$muniment" export letters.ab -o refused
cp parts.001 alone.97 && cp parts.001 alone.98
gives "years are no parts" 0 "$muniment" export alone.98 -o out.raw --force
mv parts.004 away
gives "a part that lacks is missed" 3 "$muniment" export parts.001 -o refused
says "by name" err "parts.001: lacks its part parts.004, though parts.005 is there: put all parts into one folder"
mv away parts.004

gzip -k d.raw && { head -c 5000000 d.raw | gzip -1; tail -c +5000001 d.raw | gzip -9; head -c 1000 /dev/zero; } >members.gz
gzip -c v3.qcow2 >v3.gz && xz -1 -k d.raw && bzip2 -1 -k d.raw && zstd -q d.raw && zip -q d.zip d.raw && zip -q two.zip d.raw v2.qcow2
tar -cf d.tar v3.qcow2 && tar -czf d.tgz d.raw
for image in d.raw.gz members.gz v3.gz d.raw.xz d.raw.bz2 d.raw.zst d.zip d.tar d.tgz; do
    gives "$image is read" 0 "$muniment" export $image -o out.raw --force
    gives "$image holds what was packed" 0 cmp d.raw out.raw
done
zip -q -0 stored.zip d.raw && python3 - <<'PY'
import zipfile
with zipfile.ZipFile("lzma.zip", "w", zipfile.ZIP_LZMA) as file: file.write("d.raw")
zipfile.ZIP64_LIMIT = 1000 # numbers of 64 bits, as beyond 4 GiB
for name, method in ("wide.zip", zipfile.ZIP_DEFLATED), ("wide0.zip", zipfile.ZIP_STORED):
    with zipfile.ZipFile(name, "w", method) as file: file.write("d.raw"), file.writestr("more/other", "x")
for name, place in ("d.zip", -5000), ("stored.zip", 5000):
    content = bytearray(open(name, "rb").read())
    content[place] ^= 1
    open("bad-" + name, "wb").write(content)
    content[place] ^= 1
    content[content.index(b"PK\1\2") + 16] ^= 1 # the checksum
    open("sum-" + name, "wb").write(content)
PY
for image in d.zip stored.zip wide.zip wide0.zip; do
    gives "$image is read where it lies" 0 env TMPDIR=/nowhere "$muniment" export $image --member d.raw -o out.raw --force
    gives "$image holds what was packed" 0 cmp d.raw out.raw
done
for image in bad-d.zip bad-stored.zip sum-d.zip sum-stored.zip; do
    gives "$image is refused" 3 "$muniment" export $image -o refused
    says "since it is damaged" err "get a sound copy"
done
gives "LZMA is unpacked" 0 "$muniment" export lzma.zip -o out.raw --force
gives "to what was packed" 0 cmp d.raw out.raw
gives "and identify says why" 0 "$muniment" identify lzma.zip
says "in these words" out "unpacked      into a temporary file: how the zip file has it allows no random access"
gives "which" 0 "$muniment" identify stored.zip
passed "is not so of what is stored" "$(! grep -q unpacked out; echo $?)"
gives "which of several members is not guessed" 3 "$muniment" export two.zip -o out.raw --force
says "the remedy is named" err "say which is the image with --member"
gives "the one that is named is read" 0 "$muniment" export two.zip --member v2.qcow2 -o out.raw --force
gives "to the whole" 0 cmp d.raw out.raw
gives "nor by identify" 3 "$muniment" identify two.zip
says "which lists them" out "holds         d.raw, $(stat -c %s d.raw) bytes"
gives "identify takes the name as well" 0 "$muniment" identify two.zip --member v2.qcow2
says "and says what is packed in what" out "two.zip: qcow2, version 2, packed: zip"
says "under which name" out "member        v2.qcow2"
split -b 500001 -d -a 3 --numeric-suffixes=1 d.zip volume.zip.
gives "a packed file in parts is refused" 3 "$muniment" export volume.zip.001 -o refused
says "and named" err "volume.zip.001: is the first part of a zip file: join the parts into one file"
gzip -c d.raw.gz >twice.gz
gives "what is packed twice is refused" 3 "$muniment" export twice.gz -o out.raw --force
says "and named" err "packed twice"
head -c -2000 d.raw.gz >short.gz
gives "a gzip file that was cut off is refused" 3 "$muniment" export short.gz -o out.raw --force

cp d.raw rescued.img
cat >rescued.map <<'END_MAP'
# Mapfile. Created by GNU ddrescue version 1.27
# Command line: ddrescue -b 2048 /dev/sr0 rescued.img rescued.map
# Start time:   2021-03-04 10:11:12
# current_pos  current_status  current_pass
0x00900000     +               1
#      pos        size  status
0x00000000  0x00100000  +
0x00100000  0x00000800  -
0x00100800  0x00000400  /
0x00100C00  0x007FF400  +
0x00900000  0x00001C00  ?
END_MAP
gives "a rescued image is read" 0 "$muniment" export rescued.img -o out.raw --force
says "and its unreadable sectors are counted" out "20 sectors could not be read"
gives "before them it is as it is" 0 cmp -n 1048576 d.raw out.raw
gives "they are zeros" 0 cmp -i 1048576:0 -n 3072 out.raw /dev/zero
gives "after them it is as it is" 0 cmp -i 1051648 -n 8385536 d.raw out.raw
# Packed, or in parts, it has its map as well.
mkdir packed && gzip -c rescued.img >packed/rescued.img.gz && xz -1 -c rescued.img >packed/rescued.xz && split -b 3000320 rescued.img packed/rescued. && cp rescued.map packed
(cd packed && zip -q rescued.zip ../rescued.img)
for image in rescued.img.gz rescued.xz rescued.zip rescued.aa; do
    gives "$image is read" 0 "$muniment" export packed/$image -o packed.raw --force
    says "with its map" out "20 sectors could not be read"
    gives "to the same disk" 0 cmp out.raw packed.raw
done
"$muniment" identify packed/rescued.aa >out
says "both are said" out "raw, in 4 parts, with a map of ddrescue"
cut -c 1-9 rescued.map >packed/rescued.map
gives "no map is no map of a packed one" 3 "$muniment" export packed/rescued.img.gz -o refused
says "and the remedy is another" err "restore the map; in another folder than the map the image is read without it"
sed -i 's/0x00100C00/0x00100D00/' rescued.map
gives "a map with a gap is refused" 3 "$muniment" export rescued.img -o out.raw --force
says "and the remedy is named" err "rescued.map: has a line that is none of a map (offset 336): restore the map; --format raw reads the image without it"
cp rescued.map whole.map
for size in 0 1 20 47 200; do
    head -c $size whole.map >rescued.map
    gives "a map of $size bytes is refused" 3 "$muniment" export rescued.img -o out.raw --force
    says "and where it ends" err "(offset $size): restore the map; --format raw"
done
rm rescued.map && echo 'reading took an hour' >rescued.log
gives "a log of another program is no map" 0 "$muniment" export rescued.img -o out.raw --force
says "and the image is raw" out raw
gives "which is said" 0 "$muniment" identify rescued.img
says "with its name" out "ignored       rescued.log, which does not begin as a map of ddrescue"
# A shell makes the file before the command that writes into it looks at the image.
: >rescued.log
gives "an empty log is none" 0 "$muniment" export rescued.img -o out.raw --force
sed 's/0x00100D00/0x00100C00/' whole.map >rescued.log
gives "a whole map in it is one" 0 "$muniment" export rescued.img -o out.raw --force
says "by its sectors" out "20 sectors could not be read"
head -c 200 rescued.log >cut && mv cut rescued.log
gives "one that was cut off is refused" 3 "$muniment" export rescued.img -o out.raw --force
says "with its end" err "(offset 200): restore the map; --format raw"
sed -n '/^0x/p' whole.map | sed 's/0x00100D00/0x00100C00/' >rescued.log
gives "a map without its comments is one" 0 "$muniment" export rescued.img -o out.raw --force
says "by its sectors, too" out "20 sectors could not be read"
mv rescued.log rescued.map && sed -i 's/0x00900000     +/0x00900000     x/' rescued.map
gives "a .map that does not begin as one is refused" 3 "$muniment" export rescued.img -o out.raw --force
says "and why" err "rescued.map: does not begin as a map of ddrescue (offset 0): restore the map; --format raw"
gives "--format raw does without the map" 0 "$muniment" export rescued.img --format raw -o out.raw --force

# --- E01 ---

if command -v ewfacquire >/dev/null; then
    acquire() { ewfacquire -q -u -t "$1" -C case -e examiner -D "a disk" -E 7 -N note -m fixed -M physical -d sha1 "${@:2}" d.raw >/dev/null; }
    acquire packed -c deflate:best -f encase6 && acquire stored -c deflate:none -f encase5 && acquire parts -c none -S 2MiB -f encase6
    acquire smart -c deflate:fast -f smart
    for image in packed.E01 stored.E01 parts.E01 smart.s01; do
        gives "$image is read" 0 "$muniment" export $image -o out.raw --force
        gives "$image holds the disk" 0 cmp d.raw out.raw
    done
    gives "a segment is no disk" 3 "$muniment" export parts.E03 -o refused
    says "and the first one is named" err "parts.E03: is segment 3 of an image: give the first one, which ends in 01"
    rm parts.E02
    gives "a segment that lacks is refused" 3 "$muniment" export parts.E01 -o out.raw --force
    says "and named" err parts.E02
    flip stored.E01 1000000
    gives "a chunk that does not fit its checksum is refused" 3 "$muniment" export stored.E01 -o out.raw --force
    ewf=packed.E01
    # The digest of a disk that was sealed, A-70: it is what the image records.
    "$muniment" key new key >/dev/null
    sed 's/^\( *image:\).*/\1 packed.E01/' "$root/manifests/machines/windows-2000.yaml" >machine.yaml
    gives "an E01 is sealed" 0 "$muniment" seal machine.yaml --key key -o sealed.mun --force
    tar -xOf sealed.mun seal.txt >out
    says "with the MD5 that it records" out "stated: hd0 md5 $(md5sum <d.raw | cut -d' ' -f1)"
    says "and its own digest" out "file: hd0 $(printf %015d "$(stat -c %s packed.E01)") $(sha256sum <packed.E01 | cut -d' ' -f1) packed.E01"
    says "and the examiner" out "note: hd0 examiner examiner"
    gives "the archive is intact" 0 "$muniment" verify sealed.mun --trust key.pub
    gives "the disk comes back" 0 "$muniment" export sealed.mun -o out.raw --force
    gives "to the byte" 0 cmp d.raw out.raw
fi

# --- Floppies track by track: made by floppies.py, and read by LIBDSK too ---

python3 - <<'END_PYTHON'
import random
r, size = random.Random(3), 1474560
b = bytearray(size)
for i in range(40):
    at, n = r.randrange(size - 60000), 4 * r.randrange(1, 15000)
    b[at:at + n] = [r.randbytes(n), (b"The quick brown fox %d " % i * 4000)[:n], b"abcd" * (n // 4), b"\xF6" * n][i % 4]
b[-1] = 0x55 # all cylinders are used: LIBDSK crashes on a CopyQM image of some of them
open("f.raw", "wb").write(b)
open("used.raw", "wb").write(b[:-60000] + bytes(60000))
open("small.raw", "wb").write(b[:737280])
END_PYTHON
for kind in imd:imd td0:tele td0-packed:tele cqm:qm; do
    type=${kind#*:} kind=${kind%:*}
    for disk in f:18:ibm1440 used:18: small:9:ibm720; do
        IFS=: read -r disk sectors format <<<"$disk"
        python3 "$root/tests/floppies.py" $kind $disk.raw $sectors $disk.$kind
        if [ "$format" ]; then
            dsktrans -itype $type -otype raw -format $format $disk.$kind libdsk.raw >out 2>&1 && cmp libdsk.raw $disk.raw
            passed "LIBDSK reads $disk.$kind" $?
        fi
        gives "$disk.$kind is read" 0 "$muniment" export $disk.$kind -o out.raw --force
        gives "$disk.$kind holds the disk" 0 cmp out.raw $disk.raw
    done
done
head -c 368640 f.raw >low.raw
for kind in imd-96 td0-96; do
    python3 "$root/tests/floppies.py" $kind low.raw 9 low.$kind -700
    gives "low.$kind, of a drive with twice as many cylinders, is read" 0 "$muniment" export low.$kind -o out.raw --force
    says "what was not read is counted once" out "1 sectors could not be read"
    gives "and holds the disk" 0 cmp -n 358400 out.raw low.raw
    gives "to its end" 0 cmp -i 358912 out.raw low.raw
    "$muniment" identify low.$kind >out
    says "and the drive is named" out "drive         of 96 tracks to the inch, for a disk of 48"
done
for kind in imd td0 td0-packed; do
    python3 "$root/tests/floppies.py" $kind f.raw 18 bad.$kind 100 101 -1000
    gives "bad.$kind is read" 0 "$muniment" export bad.$kind -o out.raw --force
    says "what was read with an error, or not at all, is unreadable" out "3 sectors could not be read"
    gives "before it the disk is as it was" 0 cmp -n 51200 out.raw f.raw
    gives "after it too" 0 cmp -i 52224 -n 459776 out.raw f.raw
    head -c -5000 f.$kind >short.$kind
    gives "short.$kind is refused" 3 "$muniment" export short.$kind -o out.raw --force
done
sed 's/^IMD/IMG/' f.imd >damaged.imd
gives "what has the name alone is refused" 3 "$muniment" export damaged.imd -o out.raw --force
"$muniment" identify f.td0-packed >out 2>err
says "Teledisk is named, with what it says of itself" out "Teledisk"
says "and its comment" out "Land registry"

# --- Compact discs: a cue sheet and frames ---

xorriso -as mkisofs -quiet -V RECORDS -J -R -o cd.iso "$root/manifests" 2>/dev/null
python3 - <<'END_PYTHON'
iso = open("cd.iso", "rb").read()
iso += bytes(-len(iso) % 2048)
open("cd.iso", "wb").write(iso)
def frame(n, mode, data, form2=False):
    bcd = lambda v: v // 10 << 4 | v % 10
    m, s, f = (n + 150) // 4500, (n + 150) // 75 % 60, (n + 150) % 75
    head = b"\0" + b"\xff" * 10 + b"\0" + bytes([bcd(m), bcd(s), bcd(f), mode])
    f = head + (bytes([0, 0, form2 and 32, 0] * 2) if mode == 2 else b"") + data
    return (f + edc(f[16:] if mode == 2 else f).to_bytes(4, "little")).ljust(2352, b"\xEE")
# ECMA-130 14.3: the polynomial (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1), from the lowest bit on.
def edc_of(sum):
    for bit in range(8):
        sum = sum >> 1 ^ (0xD8018001 if sum & 1 else 0)
    return sum
table = [edc_of(byte) for byte in range(256)]
def edc(data):
    sum = 0
    for byte in data:
        sum = sum >> 8 ^ table[sum & 255 ^ byte]
    return sum
frames = [iso[at:at + 2048] for at in range(0, len(iso), 2048)]
count = len(frames)
open("one.bin", "wb").write(b"".join(frame(n, 1, d) for n, d in enumerate(frames)))
open("two.bin", "wb").write(b"".join(frame(n, 2, d) for n, d in enumerate(frames)))
sound = b"".join(bytes([n % 251]) * 2352 for n in range(300))
last = b"".join(frame(count + 300 + 150 + n, 1, d) for n, d in enumerate(frames[:40]))
open("mixed.bin", "wb").write(open("one.bin", "rb").read() + sound + last)
open("sound.bin", "wb").write(sound)
def msf(n):
    return f"{n // 4500:02d}:{n // 75 % 60:02d}:{n % 75:02d}"
def sheet(name, *lines):
    open(name + ".cue", "w").write("REM made by a test\r\n" + "".join(line + "\r\n" for line in lines))
sheet("one", 'FILE "one.bin" BINARY', "  TRACK 01 MODE1/2352", "    INDEX 01 00:00:00")
sheet("two", "FILE two.bin BINARY", "TRACK 01 MODE2/2352", "INDEX 01 00:00:00")
sheet("iso", "FILE cd.iso BINARY", "TRACK 01 MODE1/2048", "INDEX 01 00:00:00")
sheet("mixed", 'FILE "mixed.bin" BINARY', "TRACK 01 MODE1/2352", "INDEX 01 00:00:00", "TRACK 02 AUDIO", "INDEX 00 " + msf(count),
      "INDEX 01 " + msf(count + 20), "TRACK 03 MODE1/2352", "PREGAP 00:02:00", "INDEX 01 " + msf(count + 300))
sheet("apart", 'FILE "one.bin" BINARY', "TRACK 01 MODE1/2352", "INDEX 01 00:00:00", 'FILE "sound.bin" BINARY', "TRACK 02 AUDIO", "INDEX 01 00:00:00")
sheet("wave", 'FILE "one.wav" WAVE', "TRACK 01 AUDIO", "INDEX 01 00:00:00")
sheet("order", 'FILE "one.bin" BINARY', "TRACK 01 MODE1/2352", "INDEX 01 00:00:10", "TRACK 02 AUDIO", "INDEX 01 00:00:10")
sheet("late", 'FILE "one.bin" BINARY', "TRACK 01 MODE1/2352", "INDEX 01 00:00:00", "TRACK 02 AUDIO", "INDEX 01 90:00:00")
open("tail.raw", "wb").write(iso[:40 * 2048])
# Frames that no drive reads: a byte of the data, of the code, and, in mode 2, form 2. Bytes of the parity do not matter.
spoilt, spoilt2 = bytearray(open("one.bin", "rb").read()), bytearray(open("two.bin", "rb").read())
spoilt[30 * 2352 + 1000] ^= 1
spoilt[31 * 2352 + 2066] ^= 128
spoilt[32 * 2352 + 2200] ^= 1
spoilt2[30 * 2352 + 1000] ^= 1
spoilt2[31 * 2352:32 * 2352] = frame(31, 2, frames[31], True)
open("spoilt.bin", "wb").write(spoilt)
open("spoilt2.bin", "wb").write(spoilt2)
# Two sessions: 6,750 frames of lead-out, 4,500 of lead-in and 150 before the track are in no file.
later = b"".join(frame(count + 11400 + n, 1, d) for n, d in enumerate(frames[:40]))
lead = b"".join(frame(count + 11250 + n, 1, bytes(2048)) for n in range(150))
open("later.bin", "wb").write(later)
open("led.bin", "wb").write(lead + later)
first = ["REM SESSION 01", 'FILE "one.bin" BINARY', "TRACK 01 MODE1/2352", "INDEX 01 00:00:00"]
sheet("sessions", *first, "REM SESSION 02", 'FILE "later.bin" BINARY', "TRACK 02 MODE1/2352", "INDEX 01 00:00:00")
sheet("redump", *first, "REM LEAD-OUT 01:30:00", "REM SESSION 02", "REM LEAD-IN 01:00:00", "REM PREGAP 00:02:00", 'FILE "later.bin" BINARY',
      "TRACK 02 MODE1/2352", "INDEX 01 00:00:00")
sheet("led", *first, "REM SESSION 02", 'FILE "led.bin" BINARY', "TRACK 02 MODE1/2352", "INDEX 00 00:00:00", "INDEX 01 00:02:00")
sheet("overlap", *first, "REM LEAD-OUT 00:00:01", "REM SESSION 02", "REM LEAD-IN 00:00:01", "REM PREGAP 00:00:01", 'FILE "led.bin" BINARY',
      "TRACK 02 MODE1/2352", "INDEX 00 00:00:00", "INDEX 01 00:02:00")
sheet("back", "REM SESSION 02", *first[1:], "REM SESSION 01", 'FILE "later.bin" BINARY', "TRACK 02 MODE1/2352", "INDEX 01 00:00:00")
END_PYTHON
cds=$(stat -c %s cd.iso)
gives "the files of a sheet are read with --follow alone" 3 "$muniment" export one.cue -o out.raw --force
says "and the remedy is named" err "say --follow"
for disc in one two iso apart; do
    gives "$disc.cue is read" 0 "$muniment" export $disc.cue -o out.raw --force --follow
    gives "$disc.cue holds the disc" 0 cmp out.raw cd.iso
done
bchunk one.bin one.cue track >out 2>&1 && cmp track01.iso cd.iso
passed "as bchunk reads it" $?
gives "frames are read without a sheet" 0 "$muniment" export two.bin -o out.raw --force
gives "and are the disc" 0 cmp out.raw cd.iso
gives "tracks of sound and data are read" 0 "$muniment" export mixed.cue -o out.raw --force --follow
says "sound and what leads to the next track is no data" out "$((4 * 450)) sectors could not be read"
gives "the first track is the disc" 0 cmp -n "$cds" out.raw cd.iso
gives "the last one stands at its place" 0 cmp -i "$((cds + 450 * 2048)):0" out.raw tail.raw
for disc in spoilt spoilt2; do
    gives "$disc.bin: what a drive does not read is no error" 0 "$muniment" export $disc.bin -o out.raw --force
    says "but is reported" out "8 sectors could not be read"
    passed "and the rest is the disc" "$(cmp -n $((30 * 2048)) out.raw cd.iso && cmp -i $((32 * 2048)) out.raw cd.iso; echo $?)"
done
"$muniment" suggest spoilt.bin --machine windows-98 >spoilt.yaml && "$muniment" key new spoilt.key >out
gives "such a disc is sealed" 0 "$muniment" seal spoilt.yaml -o spoilt.mun --key spoilt.key
tar -xOf spoilt.mun disk/hd2.unreadable >out
says "what could not be read is sealed as such" out "000000000000120 000000000000008"
for disc in sessions redump led; do
    gives "$disc.cue is read" 0 "$muniment" export $disc.cue -o out.raw --force --follow
    says "what lies between the sessions is no data" out "$((4 * (11400 - ($([ $disc = led ] && echo 150 || echo 0))))) sectors could not be read"
    gives "the first session is the disc" 0 cmp -n "$cds" out.raw cd.iso
    gives "the last one stands at its place" 0 cmp -i "$((cds + 11400 * 2048)):0" out.raw tail.raw
done
gives "the sessions are reported" 0 "$muniment" identify sessions.cue --follow
says "by their tracks" out "of another session"
for disc in wave:BINARY order:order late:ends back:order overlap:overlap; do
    gives "${disc%:*}.cue is refused" 3 "$muniment" export "${disc%:*}.cue" -o out.raw --force --follow
    says "and the reason is named" err "${disc#*:}"
done

# --- Files that an image names ---

mkdir -p inner && cp packed.qcow2 inner && echo secret >secret
qemu-img create -q -u -f qcow2 -b ../packed.qcow2 -F qcow2 inner/up.qcow2 9M
gives "a backing file is looked for in the image's own folder alone" 0 "$muniment" export inner/up.qcow2 -o out.raw --force --follow
rm inner/packed.qcow2
gives "and nowhere else" 3 "$muniment" export inner/up.qcow2 -o out.raw --force --follow
ln -s ../packed.qcow2 inner/packed.qcow2
mkdir -p elsewhere && ln -s ../packed.qcow2 elsewhere/link.qcow2
gives "an image may be given by a link" 0 "$muniment" export elsewhere/link.qcow2 -o out.raw --force
gives "a symbolic link beside it is refused" 3 "$muniment" export inner/up.qcow2 -o out.raw --force --follow
qemu-img create -q -u -f qcow2 -b b.qcow2 -F qcow2 a.qcow2 9M && qemu-img create -q -u -f qcow2 -b a.qcow2 -F qcow2 b.qcow2 9M
gives "two that name each other are refused" 3 "$muniment" export a.qcow2 -o out.raw --force --follow
says "and the reason is named" err "names itself"

# --- A reader that an image has taken over: in its place, what unpacks its clusters ---

cat >hostile.c <<'C'
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
int inflate(void *stream, int flush)
{
    const char *act = getenv("ACT");
    int descriptor = -1;

    (void)stream, (void)flush;
    if (!strcmp(act, "read")) descriptor = open("secret", O_RDONLY);
    if (!strcmp(act, "write")) descriptor = open("stolen", O_CREAT | O_WRONLY, 0600);
    if (!strcmp(act, "tell")) descriptor = write(STDOUT_FILENO, "stolen", 6);
    if (!strcmp(act, "remove")) unlink("keep");
    if (!strcmp(act, "connect")) descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (!strcmp(act, "fork")) descriptor = fork();
    if (!strcmp(act, "kill")) kill(getppid(), SIGKILL);
    if (!strcmp(act, "run")) execl("/bin/touch", "touch", "stolen", (char *)0);
    if (descriptor >= 0) mkfifoat(descriptor, "", 0), abort();
    return -3;
}
C
gcc -w -shared -fPIC -o hostile.so hostile.c
mkdir -p hostile/tree && echo text >hostile/tree/LETTER.TXT && truncate -s 1440K hostile/fat.raw && mformat -i hostile/fat.raw :: && mcopy -i hostile/fat.raw hostile/tree/LETTER.TXT ::
for disk in qcow2 vmdk; do
    qemu-img convert -q -c -O $disk $([ $disk = qcow2 ] || echo -o subformat=streamOptimized) hostile/fat.raw hostile.$disk
done
echo keep >keep
# hostile ACT COMMAND...: ends with a status of its own, and without harm.
hostile()
{
    ACT=$1 LD_PRELOAD=$PWD/hostile.so timeout 60 "$muniment" "${@:2}" >out 2>err
    local status=$?
    passed "${*:2}: a reader that would $1 cannot" "$([ $status -le 3 ] && [ -e keep ] && [ ! -e stolen ] && ! grep -q stolen out; echo $?)"
}
for act in read write tell remove connect fork kill run; do
    for disk in hostile.qcow2 hostile.vmdk; do hostile $act files $disk; done
done
hostile write retrieve hostile.qcow2 -o stolen
hostile write boot hostile.qcow2 --until time:0.1
hostile write boot d.raw --floppy hostile.qcow2 --until time:0.1
hostile write export hostile.qcow2 -o stolen
hostile write identify hostile.qcow2
hostile write suggest hostile.qcow2
gives "without such a reader the files are there" 0 "$muniment" files hostile.qcow2
says "by their names" out LETTER.TXT

# --- What is a known format is not taken for raw ---

cp d.raw damaged.vhd
gives "--format raw takes it for raw" 0 "$muniment" export v3.qcow2 --format raw -o out.raw --force
gives "byte for byte" 0 cmp out.raw v3.qcow2
gives "an image whose name says what its content does not, is refused" 3 "$muniment" export damaged.vhd -o out.raw --force
says "and the remedy is named" err "--format raw"
gives "a format that nobody knows is refused" 2 "$muniment" export v3.qcow2 --format qcow9 -o out.raw --force
printf 'CQ\024 short' >short.img
for format in qcow2 vhd vmdk vdi ewf imd teledisk copyqm cue; do
    for image in d.raw short.img; do gives "one that it is not, $format, is refused" 3 "$muniment" export $image --format $format -o out.raw --force; done
done

# --- The format of one drive, where the image itself decides into which it goes ---

truncate -s 1440K floppy.raw
qemu-img convert -O qcow2 floppy.raw floppy.qcow2
"$muniment" boot floppy.raw --until time:0.1 --digest | tail -n 1 >floppy.digest
for format in fd0:qcow2 hd0:raw; do
    gives "a floppy boots with --format $format" 0 "$muniment" boot floppy.qcow2 --format $format --until time:0.1 --digest
    says "from the disk that is in it" out "$(cat floppy.digest)"
done
gives "the format of a drive that it is not in does not matter" 0 "$muniment" boot d.raw --format fd0:qcow2 --until time:0.1

# --- Written here ---

for format in raw qcow2 vhd; do
    gives "$format is written" 0 "$muniment" export v3.qcow2 --as $format -o "out.$format" --force
    gives "$format holds the same" 0 qemu-img compare -q d.raw "out.$format"
    gives "$format is a function of the disk" 0 "$muniment" export packed.qcow2 --as $format -o "again.$format" --force
    gives "to the byte" 0 cmp "out.$format" "again.$format"
    gives "$format is read here" 0 "$muniment" export "out.$format" -o out.back --force
    gives "and holds the same" 0 cmp -n "$(stat -c %s d.raw)" d.raw out.back
done
gives "qemu-img finds the qcow2 sound" 0 qemu-img check -q out.qcow2
gives "zeros take no room" 0 test "$(stat -c %b out.raw)" -lt "$(stat -c %b d.raw)"
gives "a file that is there is kept" 3 "$muniment" export d.raw -o out.raw
truncate -s 300G sparse.raw
gives "a sparse image of 300 GiB is written in no time" 0 timeout 20 "$muniment" export sparse.raw --as qcow2 -o out.qcow2 --force
gives "and is sound" 0 qemu-img check -q out.qcow2
# Holes cost nothing to seal; where data follows them, the digest of the file is that of all its bytes.
"$muniment" key new key >out
head -c 1000000 /dev/urandom >data
cp data sparse.raw && truncate -s 200G sparse.raw
cp data ends.raw && truncate -s 200M ends.raw && cat data >>ends.raw && truncate -s %512 ends.raw
cp data short.raw && truncate -s 8M short.raw
for disk in sparse ends short; do "$muniment" suggest $disk.raw --machine windows-98 >$disk.yaml; done
seal() { "$muniment" seal "$1.yaml" -o "$1.mun" --key key; }
processor() { TIMEFORMAT=%U; { time seal "$1" >out 2>err; } 2>&1; }
small=$(processor short) large=$(processor sparse)
echo "1 MB sealed in $small s of the processor, with 200 GiB of holes in $large s"
passed "an image of 200 GiB costs what its data cost" $(awk -v a="$small" -v b="$large" 'BEGIN { exit b > 1.2 * a + 0.5 }'; echo $?)
gives "data after a hole" 0 seal ends
cp short.yaml logged.yaml && sed -i 's/short\.raw/logged.img/' logged.yaml && cp short.raw logged.img && truncate -s -1 logged.img
(while [ ! -e stop ]; do echo another program works >>logged.log; done) &
gives "a log beside the image may grow while it is sealed" 0 seal logged
touch stop; wait
says "and is reported" out "logged.img: ignored: logged.log, which does not begin"
tar -xOf ends.mun seal.txt >out
says "are in the digest of the file" out "image: hd0 $(printf %015d "$(stat -c %s ends.raw)") $(sha256sum <ends.raw | cut -d' ' -f1)"

# --- Damage: nothing crashes or hangs, and what is read is counted ---

# A small disk in each format.
mkdir campaign && cp small.imd small.td0 small.td0-packed small.cqm campaign && head -c 300000 d.raw | tail -c 196608 >campaign/s.raw && cd campaign || exit 1
convert() { qemu-img convert -q -O "$2" ${3:+-o "$3"} ${4-} s.raw "$1"; }
convert v3.qcow2 qcow2 && convert packed.qcow2 qcow2 "" -c && convert parts.qcow2 qcow2 extended_l2=on,cluster_size=16k && convert dynamic.vhd vpc
convert fixed.vhd vpc subformat=fixed && convert sparse.vmdk vmdk && convert stream.vmdk vmdk subformat=streamOptimized && convert dynamic.vdi vdi && gzip -k s.raw
qemu-img create -q -f qcow2 -b v3.qcow2 -F qcow2 top.qcow2
head -c 94080 ../one.bin >one.bin && head -c 23520 ../sound.bin >sound.bin
printf 'REM SESSION 01\nFILE "one.bin" BINARY\nTRACK 01 MODE1/2352\nINDEX 01 00:00:00\nFILE sound.bin BINARY\nTRACK 02 AUDIO\nPREGAP 00:02:00\nINDEX 00 00:00:00\nINDEX 01 00:00:02\nREM SESSION 02\nFILE "copy.bin" BINARY\nTRACK 03 MODE2/2352\nINDEX 01 00:00:00\n' >disc.cue
cp one.bin copy.bin && cp s.raw rescue.img
printf '# Mapfile. Created by GNU ddrescue version 1.27\n0x00000000 ? 1\n0x00000000 0x10000 +\n0x10000 0x1000 -\n0x11000 0x1f000 +\n' >rescue.map
printf '# Disk DescriptorFile\nversion=1\nCID=00000001\nparentCID=ffffffff\ncreateType="custom"\nRW 384 SPARSE "stream.vmdk"\nRW 384 SPARSE "again.vmdk"\n' >two.vmdk && cp stream.vmdk again.vmdk
gives "of compressed extents a VMDK has one" 3 "$muniment" export two.vmdk --follow -o out.raw
says "or is refused" err "lists a compressed extent among others"
sed 's/RW 384 SPARSE/RW 999 SPARSE/' stream.vmdk >sizes.vmdk
gives "one whose descriptor says another size" 3 "$muniment" export sizes.vmdk -o out.raw
says "is refused" err "a header and a descriptor that say different sizes"
# A dynamic VHD with blocks of 4 sectors, whose bitmaps fill a sector all the same.
python3 - s.raw blocks.vhd <<'END_PYTHON'
import struct, sys
raw, block = open(sys.argv[1], "rb").read(), 2048
sealed = lambda b, at: b[:at] + struct.pack(">I", ~sum(b) & 0xFFFFFFFF) + b[at + 4:]
count = len(raw) // block
footer = struct.pack(">8sIIQI4sI4sQQHBBI", b"conectix", 2, 0x10000, 512, 0, b"test", 0x10000, b"Wi2k", len(raw), len(raw), 6, 4, 16, 3)
footer = sealed(footer.ljust(512, b"\0"), 64)
header = struct.pack(">8sQQIII", b"cxsparse", 2**64 - 1, 1536, 0x10000, count, block)
header = sealed(header.ljust(1024, b"\0"), 36)
table = struct.pack(f">{count}I", *(4 + 5 * n for n in range(count))).ljust(512, b"\xff")
blocks = b"".join(b"\xff" * 512 + raw[at:at + block] for at in range(0, len(raw), block))
open(sys.argv[2], "wb").write(footer + header + table + blocks + footer)
END_PYTHON
gives "a VHD of small blocks is read" 0 "$muniment" export blocks.vhd -o out.raw
gives "to the whole" 0 cmp s.raw out.raw
images="v3.qcow2 packed.qcow2 parts.qcow2 top.qcow2 dynamic.vhd fixed.vhd sparse.vmdk stream.vmdk dynamic.vdi s.raw.gz small.imd small.td0 small.td0-packed small.cqm disc.cue one.bin rescue.img:rescue.map"
[ -z "${ewf-}" ] || { ewfacquire -q -u -t s -f encase6 -c deflate:best s.raw >/dev/null 2>&1 && images="$images s.E01"; }
gives "flips and truncations" 0 xargs -n 1 -P 4 "$campaign" ${LONG:+--long} <<<"$images"
sort out
! grep -E '^(stream.vmdk|s.raw.gz|s.E01):' out | grep -qE '[1-9][0-9]* other'
passed "formats with checksums never give other content" $?
passed "each format was tried" "$([ "$(wc -l <out)" -eq "$(wc -w <<<"$images")" ]; echo $?)"
cd ..
facts images
