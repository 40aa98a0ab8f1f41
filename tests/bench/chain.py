#!/usr/bin/env python3
"""chain.py - what a chain of twenty derived archives costs, beside the flat archive of the same machine: to open it, and to boot a guest that reads 100 MiB, of which each link holds chunks.

    tests/bench/chain.py BUILD [ROUNDS]

CPU seconds (user and system) of all rounds, chain and flat by turns; the goal is 1.1 times for the guest."""
import hashlib
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile

build = os.path.realpath(sys.argv[1])
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
muniment = f"{build}/muniment"
SECTORS, LINKS, CHUNK, CHUNKS = 270 * 1008, 20, 65536, 1600


def run(*arguments):
    subprocess.run([muniment, *arguments], check=True, stdout=subprocess.DEVNULL)


def seconds(*arguments):
    process = subprocess.Popen([muniment, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, arguments
    return usage.ru_utime + usage.ru_stime


def make_disk():
    """A disk of files of this host, behind the boot sector that reads them."""
    left = SECTORS * 512
    with open("hd0.img", "wb") as image:
        with open(f"{build}/bench/read.bin", "rb") as boot:
            left -= image.write(boot.read())
        for name in sorted(os.listdir("/usr/bin")):
            if left > 0 and os.path.isfile(f"/usr/bin/{name}"):
                with open(f"/usr/bin/{name}", "rb") as file:
                    left -= image.write(file.read(left))
        image.truncate(SECTORS * 512)
    with open(f"{build}/demo/records.yaml") as demo, open("machine.yaml", "w") as machine:
        text = demo.read().replace("pc-isa", "pc-i440fx").replace("model: i486", "model: pentium").replace("25 MIPS", "100 MIPS")
        disk = f"drives:\n  hd0:\n    kind: disk\n    image: hd0.img\n    geometry: {SECTORS // 1008}/16/63\nboot:\n  - disk\nports:"
        machine.write(re.sub("drives:.*ports:", disk, text, flags=re.S))


def make_overlay(archive, link):
    """What a session wrote: 4 KiB in each fortieth chunk (spec/archive.md, "Overlays")."""
    with tarfile.open(archive) as members:
        content = hashlib.sha256(members.extractfile("content.txt").read()).hexdigest()
    head = f"muniment-overlay: 0\nbelongs-to: {content}\ndrive: hd0\nsectors: {SECTORS:015d}\n".encode().ljust(512, b"\0")
    chain, records = hashlib.sha256(head).digest(), b""
    blocks = range(1 + link * (CHUNK // 4096), CHUNKS * (CHUNK // 4096), 2 * LINKS * (CHUNK // 4096))
    for number, block in enumerate(blocks):
        data, start = bytes([link + 1]) * 4096, struct.pack("<QQQ", number, block, 255)
        chain = hashlib.sha256(chain + start + data).digest()
        records += start + chain + data
    line = f"synced: {len(blocks):015d} {chain.hex()} ".encode()
    count = (line + hashlib.sha256(line).hexdigest().encode() + b"\n").ljust(512, b"\0")
    with open("overlay.hd0", "wb") as overlay:
        overlay.write(head + count + bytes(512) + records)


with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as work:
    os.chdir(work)
    make_disk()
    run("key", "new", "key")
    run("seal", "machine.yaml", "-o", "0.mun", "--key", "key")
    for n in range(LINKS):
        make_overlay(f"{n}.mun", n)
        run("derive", f"{n}.mun", "--overlay", "overlay", "-o", f"{n + 1}.mun", "--key", "key")
    run("flatten", f"{LINKS}.mun", "-o", "flat.mun", "--key", "key")
    for title, command, options in ("opened", "info", []), ("guest reads 100 MiB", "boot", ["--until", "serial:read"]):
        pairs = [[seconds(command, name, *options) for name in (f"{LINKS}.mun", "flat.mun")] for _ in range(rounds)]
        chain, flat = (sum(times) for times in zip(*pairs))
        each = " ".join(f"{one / other:.2f}" for one, other in pairs)
        print(f"{title:<20} chain of twenty {chain / rounds:6.3f} s   flat {flat / rounds:6.3f} s   {chain / flat:5.2f} times (round by round {each})", flush=True)
