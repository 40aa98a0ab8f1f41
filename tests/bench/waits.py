#!/usr/bin/env python3
"""waits.py - what `wait still` and `wait picture` cost a machine that draws: ReactOS at its desktop, where a window scrolls (with MUNIMENT_SUITES), and, as the
worst that there is, the bench guests that fill all of a linear frame buffer again and again.

    tests/bench/waits.py BUILD [ROUNDS]

The same guest time with `wait time`, with `wait still`, and with `wait picture` of a picture that never comes, one after the other on one processor of the host, in
each round. CPU seconds of the process; what a wait adds is the median of ROUNDS (3), in per cent of these, and in per cent of the guest time, which is what it takes of
a machine that keeps to its clock. "again" is `wait time` once more: what the figures beside it are uncertain by. All end at one digest, or it fails."""
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import record  # noqa: E402

# name, MIPS, MiB, display, drives, boot, what leads to what is measured (a snapshot is taken there; none: it is only waited for), seconds
GUESTS = [
    ("ReactOS scrolls", 200, 128, "cirrus gd5446", "hd2:\n    kind: cdrom", "cdrom", """wait time 80
wait still 8
key enter
wait time 3
key enter
wait time 25
key win-r
wait time 3
type "cmd /k dir /s x:\\\\\\n"
wait time 5
snapshot begin.snap
""", 12),
    ("640 x 480 x 8", 100, 16, "vga", "fd0:\n    kind: floppy 1.44M", "floppy", "", 1.4),
    ("1024 x 768 x 32", 100, 16, "vga", "fd0:\n    kind: floppy 1.44M", "floppy", "", 1.4),
]
IMAGES = {"ReactOS scrolls": os.path.join(os.environ.get("MUNIMENT_SUITES", ""), "guests/reactos-livecd.iso"), "640 x 480 x 8": "bench/linear8.img", "1024 x 768 x 32": "bench/linear32.img"}


def png(path, width, height):
    """A picture of dots that no guest here shows side by side."""
    rows = b"".join(b"\0" + b"".join(bytes((x * 37 & 255, y * 59 & 255, 254 - (x ^ y) & 255)) for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    pathlib.Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def cpu_seconds(command, folder):
    """Of the process, and what it printed last: the digest."""
    here = {min(os.sched_getaffinity(0))}
    with open(f"{folder}/out", "w+") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, preexec_fn=lambda: os.sched_setaffinity(0, here))
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        lines = out.read().strip().splitlines()
    if status:
        raise OSError(f"status {status} of {command}: {lines[-3:]}")
    return usage.ru_utime + usage.ru_stime, lines[-1]


def measure(name, boot, before, seconds, rounds, folder):
    waits = {
        "time": f"wait time {seconds}\n",
        "again": f"wait time {seconds}\n",
        "still": f"wait still 3600 within {seconds} else\nend\n",
        "picture": f"wait picture never.png within {seconds} else\nend\n",
    }
    for kind, text in waits.items():
        pathlib.Path(f"{folder}/{kind}.script").write_text(before + text + "digest\n")
    costs, digests, base = {kind: [] for kind in waits if kind != "time"}, set(), []
    for _ in range(rounds):
        used = {}
        for kind in waits:
            used[kind], digest = cpu_seconds(boot + ["--script", f"{kind}.script"], folder)
            digests.add(digest)
        base.append(used["time"])
        for kind, more in costs.items():
            more.append(used[kind] - used["time"])
    if len(digests) != 1:
        raise ValueError(f"{name}: the runs differ: {digests}")
    cpu = statistics.median(base)
    print(f"{name:18}{seconds:6} s{cpu:8.2f} s" + "".join(f"{100 * more / cpu:+9.1f} %{100 * more / seconds:+6.2f} %" for more in map(statistics.median, costs.values())), flush=True)


def main():
    build, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    print(f"{'what is drawn':18}{'guest':>8}{'CPU':>10}" + "".join(f"{kind:>10}{'guest':>9}" for kind in ("again", "still", "picture")))
    for name, mips, memory, display, drives, boot, before, seconds in GUESTS:
        image = os.path.join(build, IMAGES[name])
        if not os.path.exists(image):
            print(f"{name:18}{image} is not there (tests/README.md)")
            continue
        with tempfile.TemporaryDirectory(dir=build) as folder:
            png(f"{folder}/never.png", 32, 32)
            os.symlink(image, f"{folder}/image")
            manifest = record.MANIFEST.format(type="pc-i440fx", cpu="pentium3", mips=mips, memory=memory, drives=drives, image="image", boot=boot)
            pathlib.Path(f"{folder}/machine.yaml").write_text(manifest.replace("display: vga", f"display: {display}"))
            run = [f"{build}/muniment", "boot", "machine.yaml", "--engine", "translator"]
            if before:
                pathlib.Path(f"{folder}/before.script").write_text(before)
                subprocess.run(run + ["--script", "before.script"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            measure(name, run + (["--resume", "begin.snap"] if before else []), "" if before else "wait time 0.4\n", seconds, rounds, folder)


if __name__ == "__main__":
    main()
