#!/usr/bin/env python3
"""shelf.py - what archives cost: sealing, verifying, identifying and listing, beside other programs.

    tests/bench/shelf.py BUILD [MIB [ARCHIVES [ROUNDS]]]

The image, of MIB (1,024) megabytes, is a half of files of this host, a sixth of random bytes, and a third of zeros. CPU seconds (user and system) and
wall time, each the least of ROUNDS (3); MB/s are those of the image per CPU second. The memory is the largest of any process. At the end stands what was
to be reached, and whether it was."""
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
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
muniment = f"{build}/muniment"
aims = []


def make_image(path):
    chance = random.Random(1)
    with open(path, "wb") as image, open(f"{build}/bench/read.bin", "rb") as boot:
        left = (mib << 19) - image.write(boot.read())
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


def run(command, out=None, before=None):
    """(CPU seconds, wall seconds, KiB of memory) of one run."""
    if before:
        before()
    begun = time.monotonic()
    with open(out or os.devnull, "wb") as to:
        process = subprocess.Popen(command, stdout=to, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if os.waitstatus_to_exitcode(status) not in (0, 5):
        raise OSError(f"{command}: {status}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begun, usage.ru_maxrss


def best(command, out=None, before=None):
    """The least CPU time, the least wall time and the most memory of the rounds."""
    cpu, wall, memory = zip(*(run(command, out, before) for _ in range(rounds)))
    return min(cpu), min(wall), max(memory)


def row(name, result, size=0):
    cpu, wall, memory = result
    line = f"  {name:34} {cpu:8.2f} s CPU {wall:8.2f} s {memory / 1024:7.0f} MiB of memory"
    print(line + (f" {size / cpu / 1e6:8.0f} MB/s" if size else ""), flush=True)
    return result


def target(what, value, wanted, most=False):
    """A line of the table in which each aim stands: at least, or at most, what is wanted."""
    reached = value <= wanted if most else value >= wanted
    aims.append(f"  {what:58} {value:8.3f}   wanted: {'at most' if most else 'at least'} {wanted:g}{'' if reached else '   NOT REACHED'}")


def remove(*paths):
    for path in paths:
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)


def compressors(size):
    """Other programs that pack the image. Returns what qemu-img took."""
    qemu = row("qemu-img convert -c -W", best(["qemu-img", "convert", "-c", "-W", "-O", "qcow2", "image.img", "image.qcow2"]), size)
    row("gzip -6", best(["gzip", "-6", "-c", "image.img"], "image.gz"), size)
    os.environ |= {"RESTIC_PASSWORD": "x", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes", "BORG_BASE_DIR": os.getcwd(), "RESTIC_CACHE_DIR": "cache"}
    for name, command, before in (
            ("libdeflate-gzip -6", ["libdeflate-gzip", "-6", "-c", "image.img"], None),
            ("zstd -3", ["zstd", "-3", "-q", "-c", "image.img"], None),
            ("ewfacquire -c deflate:fast", ["ewfacquire", "-q", "-u", "-t", "image", "-c", "deflate:fast", "-f", "encase6", "-S", "100GiB", "image.img"],
             lambda: remove("image.E01")),
            ("restic backup", ["restic", "-q", "-r", "restic", "backup", "image.img"],
             lambda: (remove("restic", "cache"), subprocess.run(["restic", "-q", "-r", "restic", "init"], check=True))),
            ("borg create -C zlib,6", ["borg", "create", "-C", "zlib,6", "borg::image", "image.img"],
             lambda: (remove("borg"), subprocess.run(["borg", "init", "-e", "none", "borg"], check=True)))):
        if shutil.which(command[0]):
            row(name, best(command, "image.other", before), size)
        else:
            print(f"  {name:34} is not installed", flush=True)
    return qemu


def checkers(size):
    """Other programs that check what they packed."""
    gunzip = row("gunzip", best(["gunzip", "-c", "image.gz"]), size)
    for name, command in (("ewfverify", ["ewfverify", "-q", "image.E01"]), ("restic check --read-data", ["restic", "-q", "-r", "restic", "check", "--read-data"]),
                          ("borg check --verify-data", ["borg", "check", "--verify-data", "borg"])):
        if shutil.which(command[0]):
            row(name, best(command), size)
    return gunzip


def guest_reads():
    """A guest reads 100 MiB in order by its firmware, by turns from the archive and from the image of which it was made."""
    names, runs = ("image.yaml", "image.mun"), ([], [])
    for _ in range(rounds):
        for name, list_ in zip(names, runs):
            list_.append(run([muniment, "boot", name, "--until", "serial:read"]))
    return [row(f"guest reads 100 MiB of {name}", (min(cpu), min(wall), max(memory)), 100 << 20) for name, (cpu, wall, memory) in zip(names, (zip(*r) for r in runs))]


def library():
    """Archives of one floppy each, listed."""
    with open("one.img", "wb") as file:
        file.write(b"\xeb\xfe" + random.Random(2).randbytes(1000))
        file.truncate(368640)
    with open("one.yaml", "wb") as file:
        subprocess.run([muniment, "suggest", "one.img", "--machine", "dos-1990"], check=True, stdout=file)
    subprocess.run([muniment, "seal", "one.yaml", "-o", "one.mun", "--key", "key"], check=True, stdout=subprocess.DEVNULL)
    os.mkdir("library")
    for number in range(archives):
        os.link("one.mun", f"library/{number}.mun")
    print(f"{archives} archives:")
    first = row("index made", run([muniment, "ls", "library"]))
    again = row("ls", best([muniment, "ls", "library"]))
    target(f"index of {archives} archives: archives a second", archives / first[1], 200)
    target(f"ls over {archives} archives: seconds", again[1], 0.05, most=True)
    return first, again


def main():
    size = mib << 20
    cores = len(os.sched_getaffinity(0))
    if os.fork() == 0:  # what this process has of memory, its children begin with
        make_image("image.img")
        os._exit(0)
    os.wait()
    subprocess.run([muniment, "key", "new", "key"], check=True, stdout=subprocess.DEVNULL)
    with open("image.yaml", "wb") as file:
        subprocess.run([muniment, "suggest", "image.img", "--machine", "windows-98"], check=True, stdout=file)
    print(f"A mixed image of {mib} MiB, {cores} processors, the best of {rounds} rounds:")
    seal = [muniment, "seal", "image.yaml", "-o", "image.mun", "--key", "key", "--force"]
    verify = [muniment, "verify", "image.mun", "--trust", "key.pub"]
    qemu = compressors(size)
    one = row("seal, one thread", best(seal + ["--threads", "1"]), size)
    all_cores = row("seal", best(seal), size)
    sealed = os.path.getsize("image.mun")
    target("seal: times qemu-img, processor time", qemu[0] / one[0], 1.7)
    target("seal: times qemu-img, wall time, all cores", qemu[1] / all_cores[1], 1.7)
    target("seal: size, times that of qemu-img's qcow2", sealed / os.path.getsize("image.qcow2"), 1.01, most=True)
    gunzip = checkers(size)
    digest = row("openssl dgst -sha256 of the archive", best(["openssl", "dgst", "-sha256", "image.mun"]), sealed)
    full, quick = row("verify", best(verify), size), row("verify --quick", best(verify + ["--quick"]), sealed)
    target("full verify: times gunzip, processor time", gunzip[0] / full[0], 2.5)
    target("quick verify: of openssl dgst times the processors, wall", digest[1] / quick[1], 0.85 * cores)
    raw, read = guest_reads()
    target("guest reading 100 MiB: times raw, processor time", read[0] / raw[0], 1.08, most=True)
    identify = row("identify", best([muniment, "identify", "image.img"]))
    target("identify: seconds", identify[1], 0.2, most=True)
    os.truncate("image.img", 200 << 30)
    sparse = row("seal, 200 GiB with this and holes", best(seal), size)
    target("seal: 200 GiB sparse, times its data alone, processor time", sparse[0] / all_cores[0], 1.2, most=True)
    remove("image.img", "image.mun", "image.gz", "image.qcow2", "image.other", "image.E01", "restic", "borg", "cache")
    first, again = library()
    target("memory of each of these: MiB", max(r[2] for r in (one, all_cores, full, quick, identify, sparse, first, again)) / 1024, 64, most=True)
    print("What was to be reached:", *aims, sep="\n")


with tempfile.TemporaryDirectory(dir=build) as work:
    os.chdir(work)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
