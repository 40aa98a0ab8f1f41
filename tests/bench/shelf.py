#!/usr/bin/env python3
"""shelf.py - what archives cost: sealing, verifying, identifying and listing, beside other programs.

    tests/bench/shelf.py BUILD [MIB [ARCHIVES]]

The image, of MIB (1,024) megabytes, is a half of files of this host, a sixth of random bytes, and a third of zeros. CPU seconds (user and system) of
the best of three runs, and the wall time of that run; MB/s are those of the image per CPU second. The memory is the largest of any process."""
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

build = os.path.realpath(sys.argv[1])
mib = int(sys.argv[2]) if len(sys.argv) > 2 else 1024
archives = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
muniment = f"{build}/muniment"


def make_image(path):
    chance = random.Random(1)
    with open(path, "wb") as image:
        left = mib << 19
        for folder in ("/usr/lib", "/usr/bin", "/usr/share"):
            for at, folders, names in os.walk(folder):
                folders.sort()
                for name in sorted(names):
                    file = os.path.join(at, name)
                    if left <= 0 or os.path.islink(file) or not os.path.isfile(file):
                        continue
                    with open(file, "rb") as source:
                        left -= image.write(source.read(left))
        image.seek(mib << 19)
        for _ in range(mib // 6):
            image.write(chance.randbytes(1 << 20))
        image.truncate(mib << 20)


def run(command, out=None):
    """(CPU seconds, wall seconds, KiB of memory) of one run."""
    begun = time.monotonic()
    with open(out or os.devnull, "wb") as to:
        process = subprocess.Popen(command, stdout=to, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if os.waitstatus_to_exitcode(status) not in (0, 5):
        raise OSError(f"{command}: {status}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begun, usage.ru_maxrss


def best(command, out=None, before=lambda: None):
    runs = []
    for _ in range(3):
        before()
        runs.append(run(command, out))
    return min(runs)


def row(name, result, size=0, beside=None):
    cpu, wall, memory = result
    line = f"  {name:34} {cpu:8.2f} s CPU {wall:8.2f} s {memory / 1024:7.0f} MiB of memory"
    if size:
        line += f" {size / cpu / 1e6:8.0f} MB/s"
    if beside:
        line += f"   {beside[0] / cpu:5.2f} times {beside[1]}"
    print(line, flush=True)


def remove(path):
    if os.path.exists(path):
        os.remove(path)


def main():
    size = mib << 20
    if os.fork() == 0:  # what this process has of memory, its children begin with
        make_image("image.img")
        os._exit(0)
    os.wait()
    subprocess.run([muniment, "key", "new", "key"], check=True, stdout=subprocess.DEVNULL)
    with open("image.yaml", "wb") as file:
        subprocess.run([muniment, "suggest", "image.img", "--machine", "windows-98"], check=True, stdout=file)
    print(f"A mixed image of {mib} MiB:")
    qemu = best(["qemu-img", "convert", "-c", "-W", "-O", "qcow2", "image.img", "image.qcow2"])
    row("qemu-img convert -c -W", qemu, size)
    row("gzip -6", best(["gzip", "-6", "-c", "image.img"], "image.gz"), size)
    for tool, command in (("libdeflate-gzip", ["libdeflate-gzip", "-6", "-c", "image.img"]), ("zstd", ["zstd", "-3", "-q", "-c", "image.img"])):
        if shutil.which(tool):
            row(" ".join(command[:2]), best(command, "image.other"), size)
    if shutil.which("ewfacquire"):
        row("ewfacquire -c deflate:fast", best(["ewfacquire", "-q", "-u", "-t", "image", "-c", "deflate:fast", "-f", "encase6", "-S", "100GiB", "image.img"],
                                              before=lambda: remove("image.E01")), size)
    seal = [muniment, "seal", "image.yaml", "-o", "image.mun", "--key", "key", "--force"]
    row("seal, one thread", best(seal + ["--threads", "1"]), size, (qemu[0], "qemu-img"))
    row("seal", best(seal), size, (qemu[0], "qemu-img"))
    print(f"  sizes: {os.path.getsize('image.mun') / os.path.getsize('image.qcow2'):.3f} of qemu-img's")
    gunzip = best(["gunzip", "-c", "image.gz"])
    digest = best(["openssl", "dgst", "-sha256", "image.mun"])
    row("gunzip", gunzip, size)
    row("verify", best([muniment, "verify", "image.mun", "--trust", "key.pub"]), size, (gunzip[0], "gunzip"))
    row("openssl dgst -sha256", digest, os.path.getsize("image.mun"))
    row("verify --quick", best([muniment, "verify", "image.mun", "--trust", "key.pub", "--quick"]), os.path.getsize("image.mun"), (digest[0], "openssl dgst"))
    row("identify", best([muniment, "identify", "image.img"]))
    os.rename("image.img", "small.img")
    shutil.copyfile("small.img", "image.img")
    os.truncate("image.img", 200 << 30)
    row("seal, 200 GiB with this and holes", run(seal), size)
    for name in ("image.img", "image.mun", "small.img", "image.gz", "image.qcow2", "image.other", "image.E01"):
        remove(name)
    with open("one.img", "wb") as file:
        file.write(b"\xeb\xfe" + random.Random(2).randbytes(1000))
        file.truncate(368640)
    with open("one.yaml", "wb") as file:
        subprocess.run([muniment, "suggest", "one.img", "--machine", "dos-1990"], check=True, stdout=file)
    subprocess.run([muniment, "seal", "one.yaml", "-o", "one.mun", "--key", "key"], check=True, stdout=subprocess.DEVNULL)
    os.mkdir("library")
    for number in range(archives):
        os.link("one.mun", f"library/{number}.mun")
    first = run([muniment, "ls", "library"])
    print(f"{archives} archives:")
    row("index made", first)
    print(f"    {archives / first[1]:.0f} archives a second")
    row("ls", best([muniment, "ls", "library"]))


with tempfile.TemporaryDirectory(dir=build) as work:
    os.chdir(work)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
