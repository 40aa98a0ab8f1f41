#!/usr/bin/env python3
"""record.py - what recording and replaying cost, and how long the journal of a boot is: Debian's GRUB rescue floppy, typed to, and Debian's kernel with its shell.

    tests/bench/record.py BUILD [ROUNDS [GUEST]]

A boot, the same again, the same recorded, and a replay run at the same time on one processor of the host, in turns of milliseconds, so that what slows the host down slows
them alike. Seconds of user CPU time; each ratio is the median of ROUNDS (5). What the second boot differs by is what the figures beside it are uncertain by."""

import os
import statistics
import subprocess
import sys
import tempfile

import linux

GUESTS = [
    # name, image, script, type, CPU, MIPS, MiB, drives, boot
    ("GRUB", "/usr/lib/grub-rescue/grub-rescue-floppy.img", "grub-serial", "pc-isa", "i486", 25, 16, "fd0:\n    kind: floppy 1.44M", "floppy"),
    ("Linux", None, "debian-disk", "pc-i440fx", "pentium2", 200, 64, "hd0:\n    kind: disk", "disk"),
]
MANIFEST = """muniment: machine 0
machine: {type}
cpu:
  model: {cpu}
  speed: {mips} MIPS
memory: {memory} MiB
firmware:
  system: built-in 0
  video: built-in 0
clock: 1998-01-01T00:00:00
drives:
  {drives}
    image: {image}
boot:
  - {boot}
ports:
  - com1
  - com2
  - lpt1
display: vga
"""


def user_seconds(commands):
    """Of each, with all of them on one processor."""
    here = {max(os.sched_getaffinity(0))}
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, here)) for command in commands]
    used = {}
    for _ in running:
        pid, status, usage = os.wait4(-1, 0)
        if status:
            raise OSError(f"status {status} of a run")
        used[pid] = usage.ru_utime
    return [used[process.pid] for process in running]


def image_of(image, folder, build):
    """The image's name in the folder; None, with the reason printed, if it is not to be had."""
    if image and os.path.exists(image):
        os.symlink(image, f"{folder}/image")
        return "image"
    if image:
        print(f"{image} is not there (package grub-rescue-pc)")
        return None
    made = linux.image(build, folder)
    return made and os.path.basename(made)


def measure(build, rounds, guest, folder):
    name, image, script, kind, cpu, mips, memory, drives, boot = guest
    image = image_of(image, folder, build)
    if not image:
        return
    with open(f"{folder}/machine.yaml", "w", encoding="ascii") as file:
        file.write(MANIFEST.format(type=kind, cpu=cpu, mips=mips, memory=memory, drives=drives, image=image, boot=boot))
    muniment, archive, journal = f"{build}/muniment", f"{folder}/machine.mun", f"{folder}/journal"
    subprocess.run([muniment, "key", "new", f"{folder}/key"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([muniment, "seal", f"{folder}/machine.yaml", "-o", archive, "--key", f"{folder}/key"], check=True, stdout=subprocess.DEVNULL)
    run = [muniment, "boot", archive, "--script", f"tests/guests/{script}.script"]
    subprocess.run(run + ["--record", journal], check=True, stdout=subprocess.DEVNULL)
    seconds = []
    for n in range(rounds):
        seconds.append(user_seconds((run, run, run + ["--record", f"{journal}{n}"], [muniment, "replay", archive, journal])))
    ratio = lambda one, other: (statistics.median(s[one] / s[other] for s in seconds) - 1) * 100
    boot = statistics.median(s[0] for s in seconds)
    print(f"{name + ', user CPU':28}boot {boot:7.2f}   again {ratio(1, 0):+.2f} %   recorded {ratio(2, 0):+.2f} %   replayed against recorded {ratio(3, 2):+.2f} %"
          f"   journal {os.path.getsize(journal)} bytes")


def main(build="build", rounds="5", only=None):
    for guest in GUESTS:
        if only not in (None, guest[0]):
            continue
        with tempfile.TemporaryDirectory() as folder:
            measure(os.path.abspath(build), int(rounds), guest, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
