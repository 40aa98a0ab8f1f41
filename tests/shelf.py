#!/usr/bin/env python3
"""shelf.py FOLDER - makes a shelf of forty machines as a donor might leave it: an image of each in another format, three of them damaged, nine closed,
two the same, with shelf.csv that lists them, and raw/NN.raw, what each image holds.

The raw disks are a function of their number: FAT volumes by mtools, ISO 9660 by xorriso. Other programs make the images: qemu-img, ewfacquire, gzip, xz,
bzip2, zstd, zip, tar, split, and floppies.py. Exit status 77, with the reason: one of them is not installed."""
import csv
import os
import random
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = ("qemu-img", "ewfacquire", "gzip", "xz", "bzip2", "zstd", "zip", "tar", "split", "mformat", "mcopy", "xorriso")


def run(*command, out=None):
    with open(out, "wb") if out else open(os.devnull, "wb") as to:
        subprocess.run(command, check=True, stdout=to, stderr=subprocess.DEVNULL, env=dict(os.environ, MTOOLS_SKIP_CHECK="1", SOURCE_DATE_EPOCH="910000000"))


def raw(number, size):
    """A FAT volume with files of random lengths, the same each time; a disk has the volume after its first track."""
    chance, path = random.Random(number), f"raw/{number:02}.raw"
    offset = 0 if size == 1474560 else 63 * 512
    with open(path, "wb") as file:
        file.truncate(size)
    image = f"{path}@@{offset}" if offset else path
    if offset:
        sectors = (size - offset) // 512
        with open(path, "r+b") as file:
            file.seek(446)
            file.write(bytes([0x80, 1, 1, 0, 4 if sectors < 65536 else 6, 15, 63, 16]) + (63).to_bytes(4, "little") + sectors.to_bytes(4, "little"))
            file.seek(510)
            file.write(b"\x55\xaa")
        run("mformat", "-i", image, "-h", "16", "-s", "63", "-T", str(sectors), "-N", f"{number:08x}", "::")
    else:
        run("mformat", "-i", image, "-f", "1440", "-N", f"{number:08x}", "::")
    for name in ("LEDGER.DBF", "LETTER.TXT", "NOISE.BIN"):
        data = chance.randbytes(chance.randrange(60000)) if name == "NOISE.BIN" else (f"{name} {number} ".encode() * 9000)[:chance.randrange(60000)]
        with open("file", "wb") as file:
            file.write(data)
        os.utime("file", (910000000, 910000000))
        run("mcopy", "-m", "-i", image, "file", f"::{name}")
    os.remove("file")
    return path


def qemu(fmt, options="", *more):
    def make(path, to):
        run("qemu-img", "convert", "-q", "-O", fmt, *(["-o", options] if options else []), *more, path, to)
    return make


def ewf(fmt, *options):
    def make(path, to):
        run("ewfacquire", "-q", "-u", "-t", to.rsplit(".", 1)[0], "-C", "case 7", "-e", "an examiner", "-D", "a disk", "-E", "7", "-N", "note", "-m", "fixed",
            "-M", "physical", "-f", fmt, *options, path)
    return make


def packed(*command):
    return lambda path, to: run(*command, path, out=to)


def floppy(kind):
    return lambda path, to: run(sys.executable, f"{HERE}/floppies.py", kind, path, "18", to)


def member(*command):
    def make(path, to):
        shutil.copy(path, "disk.img")
        run(*command, to, "disk.img")
        os.remove("disk.img")
    return make


def split(*options):
    def make(path, to):
        run("split", *options, path, to[:to.rindex(".") + 1])
    return make


def rescued(path, to):
    data = bytearray(open(path, "rb").read())
    data[102400:104448] = bytes(2048)  # what could not be read
    for name in (path, to):
        with open(name, "wb") as file:
            file.write(data)
    with open(to[:-4] + ".map", "w") as file:
        file.write(f"# Mapfile. Created by GNU ddrescue version 1.27\n0x{len(data):08X} + 1\n0x00000000 0x{102400:X} +\n0x{102400:X} 0x{2048:X} -\n"
                   f"0x{104448:X} 0x{len(data) - 104448:X} +\n")


def layered(path, to):
    below = to.replace(".qcow2", "-base.qcow2")
    qemu("qcow2")(path, below)
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", os.path.basename(below), "-F", "qcow2", to)


def iso(path, to):
    os.mkdir("tree")
    with open("tree/README.TXT", "w") as file:
        file.write(f"A CD of 1998: {os.path.basename(path)}\n" * 3000)
    os.utime("tree/README.TXT", (910000000, 910000000))
    run("xorriso", "-as", "mkisofs", "-quiet", "-V", "SHELF", "-o", to, "tree")
    shutil.rmtree("tree")
    size = os.path.getsize(to)
    with open(to, "ab") as file:
        file.truncate(max(size, 3 << 20))  # longer than a floppy
    shutil.copy(to, path)


def sheet(path, to):
    iso(path, to.replace(".cue", ".bin"))
    with open(to, "w") as file:
        file.write(f'FILE "{os.path.basename(to)[:-4]}.bin" BINARY\r\n  TRACK 01 MODE1/2048\r\n    INDEX 01 00:00:00\r\n')


def damaged(make, what):
    def spoil(path, to):
        make(path, to)
        what(to)
    return spoil


def flip(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0x10]))


def cut(path):
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) * 2 // 3)


FLOPPY, DISK = 1474560, 5 << 20
# (size of the raw disk, ending of the image, how it is made): damaged ones come last.
SHELF = [
    (FLOPPY, "img", shutil.copy), (DISK, "dd", shutil.copy), (DISK, "001", split("-b", "1000001", "-d", "-a", "3", "--numeric-suffixes=1")),
    (DISK, "aa", split("-b", "3000320")), (FLOPPY, "img.gz", packed("gzip", "-c")), (DISK, "img.gz", packed("gzip", "-1", "-c")),
    (FLOPPY, "img.xz", packed("xz", "-c")), (FLOPPY, "img.bz2", packed("bzip2", "-c")), (DISK, "img.zst", packed("zstd", "-q", "-c")),
    (FLOPPY, "zip", member("zip", "-q")), (FLOPPY, "tar", member("tar", "-cf")), (DISK, "tgz", member("tar", "-czf")), (DISK, "img", rescued),
    (DISK, "E01", ewf("encase6", "-c", "deflate:best")), (DISK, "E01", ewf("encase5", "-c", "deflate:none")),
    (DISK, "E01", ewf("encase6", "-c", "none", "-S", "2MiB")), (DISK, "s01", ewf("smart", "-c", "deflate:fast")),
    (DISK, "qcow2", qemu("qcow2")), (DISK, "qcow2", qemu("qcow2", "compat=0.10")), (DISK, "qcow2", qemu("qcow2", "", "-c")),
    (DISK, "qcow2", qemu("qcow2", "cluster_size=512")), (DISK, "qcow2", layered), (DISK, "vhd", qemu("vpc", "force_size=on")),
    (DISK, "vhd", qemu("vpc", "subformat=fixed,force_size=on")), (DISK, "vmdk", qemu("vmdk", "subformat=monolithicSparse")),
    (DISK, "vmdk", qemu("vmdk", "subformat=monolithicFlat")), (DISK, "vmdk", qemu("vmdk", "subformat=twoGbMaxExtentSparse")),
    (DISK, "vmdk", qemu("vmdk", "subformat=streamOptimized")), (DISK, "vdi", qemu("vdi")), (DISK, "vdi", qemu("vdi", "static=on")),
    (FLOPPY, "imd", floppy("imd")), (FLOPPY, "td0", floppy("td0")), (FLOPPY, "td0", floppy("td0-packed")), (FLOPPY, "cqm", floppy("cqm")),
    (0, "iso", iso), (0, "cue", sheet), (FLOPPY, "img", None),
    (DISK, "E01", damaged(ewf("encase6", "-c", "deflate:best"), flip)), (DISK, "vdi", damaged(qemu("vdi", "static=on"), cut)),
    (FLOPPY, "img.gz", damaged(packed("gzip", "-c"), cut)),
]
COLUMNS = ["accession", "reference", "title", "creator", "custodian", "languages", "provenance", "rights", "rights-reason", "rights-review", "images", "machine",
           "software", "documents", "passwords"]


def main():
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        print("not installed:", *missing)
        sys.exit(77)
    os.makedirs(sys.argv[1] + "/raw")
    os.chdir(sys.argv[1])
    with open("photo.jpg", "wb") as file:
        file.write(random.Random(0).randbytes(20000))
    with open("passwords.txt", "w") as file:
        file.write("Supervisor: as on the label under the keyboard\n")
    rows = [COLUMNS]
    for number, (size, ending, make) in enumerate(SHELF, 1):
        path, image = f"raw/{number:02}.raw", f"m{number:02}.{ending}"
        if size:
            raw(number, size)
        if make:
            make(path, image)
        else:  # the first one again, under another number
            shutil.copy("raw/01.raw", path)
            shutil.copy(path, image)
        closed = number % 4 == 0 and number < 38
        rows.append([f"1998/{number:03}", f"CRO 7/{number}", f"Registry machine {number} ({ending})", "County Land Registry", "County Record Office", "en;de",
                     "Imaged in 2024 by the donor.", "closed until 2031-01-01" if closed else "open", "Names of living persons" if closed else "",
                     "2030-06-30" if closed else "", image, "suggested", "LANDREG|2.1||label on the disk" if number == 2 else "",
                     "photo.jpg" if number == 2 else "", "passwords.txt" if number == 2 else ""])
    with open("shelf.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "archivist.key", "-out", "archivist.pem", "-subj", "/CN=archivist", "-days", "36500")


if __name__ == "__main__":
    main()
