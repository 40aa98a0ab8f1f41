#!/usr/bin/env python3
"""retrieval.py - what listing and retrieving cost: many files of a FAT32 disk in an archive beside fls on the raw image, and bytes beside a full verification.

    tests/bench/retrieval.py BUILD [FILES [MIB]]

FILES (100,000) lie in folders of 1,000 each; MIB (1,024) megabytes of random bytes lie in files of one each. CPU seconds (user and system, of all processes) and
wall seconds, of the best of three runs. Each makes a bag of its own, and none is removed before the end: for minutes after files were removed, ext4 looks at
each of their inodes whenever it makes a file."""
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

build = os.path.realpath(sys.argv[1])
files = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
mib = int(sys.argv[3]) if len(sys.argv) > 3 else 1024
muniment = f"{build}/muniment"
CLUSTER, FIRST = 4096, 63 * 512


def entry(name, extension, attributes, cluster, size):
    return struct.pack("<8s3sBxBHHHHHHHI", name, extension, attributes, 0, 0x4800, 0x2562, 0x2562, cluster >> 16, 0x4800, 0x2562, cluster & 0xFFFF, size)


def make_disk(path, folders):
    """A FAT32 partition; folders: {name: [(name, size)]}."""
    data, fat, chance = [], [0x0FFFFFF8, 0x0FFFFFFF], random.Random(1)

    def allocate(size):
        first, count = len(fat), max(1, (size + CLUSTER - 1) // CLUSTER)
        fat.extend(range(first + 1, first + count))
        fat.append(0x0FFFFFFF)
        return first, count * CLUSTER
    root, _ = allocate(32 * (len(folders) + 1))
    entries = b""
    pieces = []
    for folder, content in folders.items():
        at, room = allocate(32 * (len(content) + 3))
        entries += entry(folder, b"   ", 0x10, at, 0)
        own = entry(b".       ", b"   ", 0x10, at, 0) + entry(b"..      ", b"   ", 0x10, 0, 0)
        pieces.append((at, None))
        inside = []
        for name, size in content:
            first = allocate(size)[0] if size else 0
            own += entry(name, b"DAT", 0x20, first, size)
            if size:
                inside.append((first, size))
        pieces[-1] = (at, own)
        pieces += inside
    clusters = len(fat) + 70000  # FAT32 by its number of clusters
    fat_sectors = ((clusters + 2) * 4 + 511) // 512
    total = 32 + 2 * fat_sectors + clusters * 8
    boot = bytearray(512)
    boot[:3] = b"\xeb\x58\x90"
    boot[3:11] = b"MUNIMENT"
    struct.pack_into("<HBHBHHBHHHII", boot, 11, 512, 8, 32, 2, 0, 0, 0xF8, 0, 63, 16, 63, total)
    struct.pack_into("<IHHIHH", boot, 36, fat_sectors, 0, 0, root, 1, 6)
    boot[66], boot[510], boot[511] = 0x29, 0x55, 0xAA
    boot[71:90] = b"NO NAME    FAT32   "
    cylinders = (63 + total + 1007) // 1008
    table = bytearray(512)
    table[446:462] = struct.pack("<BBBBBBBBII", 0, 1, 1, 0, 0x0C, 15, 63 | min(cylinders - 1, 1023) >> 8 << 6, min(cylinders - 1, 1023) & 255, 63, total)
    table[510], table[511] = 0x55, 0xAA
    with open(path, "wb") as disk:
        disk.write(table)
        disk.seek(FIRST)
        disk.write(boot)
        for copy in range(2):
            disk.seek(FIRST + (32 + copy * fat_sectors) * 512)
            disk.write(struct.pack(f"<{len(fat)}I", *fat))
        start = FIRST + (32 + 2 * fat_sectors) * 512 - 2 * CLUSTER
        disk.seek(start + root * CLUSTER)
        disk.write(entries)
        for cluster, piece in pieces:
            disk.seek(start + cluster * CLUSTER)
            disk.write(piece if isinstance(piece, bytes) else chance.randbytes(piece))
        disk.truncate(cylinders * 1008 * 512)


def measure(command):
    best = None
    for round in range(3):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        with open("out", "wb") as out:
            subprocess.run([word.replace("ROUND", str(round)) for word in command], check=True, stdout=out)
        after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, (cpu, wall)) if best else (cpu, wall)
    return best


def show(title, result, beside=None):
    ratio = f"   {result[0] / beside[0]:.2f} times the CPU time, {result[1] / beside[1]:.2f} the wall time" if beside else ""
    print(f"{title:<52} {result[0]:7.2f} s CPU {result[1]:7.2f} s wall{ratio}", flush=True)


def seal(image):
    with open("disk.yaml", "w") as manifest:
        subprocess.run([muniment, "suggest", image, "--machine", "plain"], check=True, stdout=manifest, stderr=subprocess.DEVNULL)
    subprocess.run([muniment, "seal", "disk.yaml", "-o", "disk.mun", "--key", "key", "--force"], check=True, stdout=subprocess.DEVNULL)


with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as work:
    os.chdir(work)
    subprocess.run([muniment, "key", "new", "key"], check=True, stdout=subprocess.DEVNULL)
    make_disk("many.img", {b"DIR%05d" % f: [(b"FILE%04d" % i, 0) for i in range(min(1000, files - 1000 * f))] for f in range((files + 999) // 1000)})
    seal("many.img")
    fls = measure(["fls", "-r", "-p", "-l", "-o", "63", "many.img"]) if shutil.which("fls") else None
    if fls:
        show(f"fls -l of {files} files of the image", fls)
    show(f"files of {files} files of the archive", measure([muniment, "files", "disk.mun"]), fls)
    os.remove("many.img")
    make_disk("large.img", {b"LARGE   ": [(b"F%07d" % i, 1 << 20) for i in range(mib)]})
    seal("large.img")
    os.remove("large.img")
    verify = measure([muniment, "verify", "disk.mun", "--trust", "key.pub", "--threads", "1"])
    show(f"verify of {mib} MiB, one thread", verify)
    show(f"retrieve of {mib} MiB in {mib} files", measure([muniment, "retrieve", "disk.mun", "-o", "bagROUND"]), verify)
