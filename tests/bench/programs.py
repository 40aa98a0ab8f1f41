#!/usr/bin/env python3
"""programs.py - how fast work loads run in a guest: in Muniment by its interpreter and its translator, in QEMU (TCG, and with -icount) beside them, and on this host.

    tests/bench/programs.py BUILD [--rounds N] [--only LOAD,...] [--peers NAME,...]

Debian's kernel boots once in each (tests/guests/linux) and runs each load of programs.c N times (3). Seconds are CPU time of the whole process between the lines
that the guest sends on COM1 before and after a load, so that boot and a busy host do not count. A ratio is QEMU's seconds over the others' (the medians): over 1 is
faster than QEMU's translator. The spread is that of Muniment's rounds, as a share of their median. Each checksum must be that of the host."""

import argparse
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import linux

LOADS = [  # name, arithmetic, in which mean
    ("crc", "sse"), ("sha256", "sse"), ("bytecode", "sse"), ("sort", "sse"), ("compress", "sse"),
    ("mandelbrot", "387"), ("nbody", "387"), ("mandelbrot", "sse"), ("nbody", "sse"),
    ("movdqu", "sse"), ("movsd", "sse"), ("chase", "sse"),
    ("fork+exec", "sse"), ("pipe", "sse"), ("getppid", "sse"), ("modified", "sse"),
]
LEAST = 0.01  # seconds: less is not measured, as lines of the guest arrive in batches


def compile_loads(folder):
    for unit in "387", "sse":
        subprocess.run(["gcc", "-m32", "-O2", "-fno-math-errno", "-msse2", f"-mfpmath={unit}", "-static", "-fno-pie", "-no-pie", "-std=gnu11", "-w",
                        "-o", f"{folder}/{unit}", "tests/bench/programs.c", "-lm"], check=True)


def cpu_seconds(pid):
    """Of a process and all its threads, by now: its clock of CPU time, as clock_getcpuclockid(3) names it."""
    return time.clock_gettime(~pid << 3 | 2)


def follow(process, out, results):
    """Reads what the guest sends until it says goodbye: "begin LOAD", "LOAD CHECKSUM", "end LOAD"."""
    begun = checksum = None
    for line in out:
        line = line.decode("ascii", "replace").strip()
        if match := re.fullmatch(r"begin (\S+)", line):
            begun = cpu_seconds(process.pid)
        elif match := re.fullmatch(r"\S+ ([0-9a-f]{8})", line):
            checksum = match[1]
        elif match := re.fullmatch(r"end (\S+)", line):
            results.setdefault(match[1], []).append((cpu_seconds(process.pid) - begun, checksum))
        elif line == "all done":
            return
    raise OSError("the guest ended early")


def run(command, cwd):
    results = {}
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sys.stderr) as process:
        try:
            follow(process, process.stdout, results)
        finally:
            process.kill()
    return results


def on_host(folder, loads, rounds):
    """Empty where the kernel runs no 32-bit programs: the checksums are then those of the peers alone."""
    results = {}
    try:
        subprocess.run(f"{folder}/{loads[0][1]}", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    except OSError as problem:
        print(f"not on this host, which runs no 32-bit programs: {problem.strerror}")
        return results
    for name, unit in loads:
        for _ in range(rounds):
            before = os.times()
            out = subprocess.run([f"{folder}/{unit}", name], stdout=subprocess.PIPE, text=True, check=True).stdout
            after = os.times()
            results.setdefault(f"{name}/{unit}", []).append(
                (after.children_user + after.children_system - before.children_user - before.children_system, out.split()[1]))
    return results


def commands(build):
    muniment = [os.path.abspath(f"{build}/muniment"), "boot", "machine.yaml", "--until", "serial:all done", "--limit", "100000", "--serial", "/dev/stdout"]
    engines = subprocess.run([muniment[0], "boot", "--help"], stdout=subprocess.PIPE, text=True, check=False).stdout
    qemu = ["qemu-system-i386", "-M", "pc", "-cpu", "qemu32,+sse2,+fxsr", "-m", "128", "-accel", "tcg,thread=single", "-display", "none", "-nodefaults",
            "-drive", "format=raw,snapshot=on,file=linux.img", "-serial", "stdio"]
    known = {"interpreter": muniment + ["--engine", "interpreter"], "translator": muniment + ["--engine", "translator"]} if "--engine" in engines else {"interpreter": muniment}
    if shutil.which("qemu-system-i386"):
        known["TCG"] = qemu
        known["icount"] = qemu + ["-icount", "shift=0,sleep=off"]
    return known


def seconds(result):
    return statistics.median(s for s, _ in result)


def cell(results, peer, load, base):
    if load not in results.get(peer, {}):
        return "       -        "
    mine = max(seconds(results[peer][load]), LEAST)
    return f"{mine:8.2f} {base / mine:6.2f}x" if base else f"{mine:8.2f}        "


def mean(results, peer, loads):
    ratios = [seconds(results["TCG"][load]) / max(seconds(results[peer][load]), LEAST)
              for load in loads if load in results.get("TCG", {}) and load in results.get(peer, {}) and not load.startswith("modified")]
    return math.exp(statistics.mean(map(math.log, ratios))) if ratios else 0


def show(results, peers, loads):
    print(f"{'load':15}" + "".join(f"{peer:>16}" for peer in peers) + "  spread")
    wrong = 0
    for load in loads:
        base = seconds(results["TCG"][load]) if load in results.get("TCG", {}) else 0
        sums = {checksum for peer in results for _, checksum in results[peer].get(load, [])}
        ours = [s for s, _ in results.get("translator", results.get("interpreter", {})).get(load, [])]
        spread = (max(ours) - min(ours)) / max(statistics.median(ours), LEAST) if ours else 0
        wrong += len(sums) > 1
        print(f"{load:15}" + "".join(cell(results, peer, load, base) for peer in peers) + f"  {spread:5.0%}" + ("  CHECKSUMS DIFFER" if len(sums) > 1 else ""))
    print(f"{'geometric mean':15}" + "".join(f"{mean(results, peer, loads):15.2f}x" for peer in peers) + "  without modified code")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--peers", default="")
    arguments = parser.parse_args()
    loads = [l for l in LOADS if not arguments.only or l[0] in arguments.only.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/extra")
        compile_loads(f"{folder}/extra")
        with open(f"{folder}/extra/run", "w") as file:
            file.write("#!/bin/busybox sh\n")
            for name, unit in loads * arguments.rounds:
                file.write(f"echo begin {name}/{unit}\n/extra/{unit} {name}\necho end {name}/{unit}\n")
            file.write("echo all done\nsleep 1\npoweroff -f\n")
        os.chmod(f"{folder}/extra/run", 0o755)
        os.environ["EXTRA"] = f"{folder}/extra"
        if not linux.image(arguments.build, folder):
            return 0
        linux.machine(folder, "pentium4", 500, 128)
        results = {}
        for peer, command in commands(arguments.build).items():
            if not arguments.peers or peer in arguments.peers.split(","):
                results[peer] = run(command, folder)
        results["host"] = on_host(f"{folder}/extra", loads, arguments.rounds)
    return 1 if show(results, list(results), [f"{n}/{u}" for n, u in loads]) else 0


if __name__ == "__main__":
    sys.exit(main())
