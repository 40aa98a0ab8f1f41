#!/usr/bin/env python3
"""checkpoints.py - what a checkpoint costs a guest of 128 MiB: how long it stands still, and what each further one of an idle guest adds on disk; beside QEMU's savevm.

    tests/bench/checkpoints.py BUILD

The running guest is the memory load of the benchmark, with all of its memory in use; the idle one is Debian's kernel with its shell (tests/guests/linux)."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import linux

build = sys.argv[1]


def checkpoints(image, seconds, count, *more):
    with tempfile.TemporaryDirectory() as folder:
        line = subprocess.run([f"{build}/tests/checkpoints", image, folder, "128", str(seconds), str(count), *more], check=True, stdout=subprocess.PIPE).stdout
    return [float(word) for word in line.split()]


def monitor_says(connection, command=None):
    """Sends a command to QEMU's monitor; returns when it is done, and how long that took."""
    begun, answer = time.monotonic(), b""
    if command:
        connection.sendall(command.encode("ascii") + b"\n")
    while not answer.endswith(b"(qemu) "):
        answer += connection.recv(65536)
    return time.monotonic() - begun


def savevm(image):
    """Seconds that savevm takes, twice, and how much the second adds."""
    with tempfile.TemporaryDirectory() as folder:
        disk, path = f"{folder}/disk.qcow2", f"{folder}/monitor"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", image, disk], check=True)
        qemu = subprocess.Popen(["qemu-system-i386", "-accel", "tcg", "-m", "128", "-display", "none", "-no-reboot", "-monitor", f"unix:{path},server,nowait",
                                 "-drive", f"file={disk},format=qcow2,if=ide"])
        while not os.path.exists(path):
            time.sleep(0.1)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            monitor_says(connection)
            time.sleep(20)
            first = monitor_says(connection, "savevm a")
            before = os.path.getsize(disk)
            time.sleep(2)
            second = monitor_says(connection, "savevm b")
            grown = os.path.getsize(disk) - before
        qemu.kill()
        qemu.wait()
    return first, second, before, grown


running = checkpoints(f"{build}/bench/memory.img", 1, 6, "full")
print(f"checkpoint, running guest of 128 MiB   pause {running[1]:.1f} ms mean, {running[2]:.1f} ms longest, of {running[0]:.0f}")
with tempfile.TemporaryDirectory() as work:
    idle = linux.image(build, work)
    if not idle:
        sys.exit()
    rest = checkpoints(idle, 150, 10)
    print(f"checkpoint, idle guest of 128 MiB      pause {rest[1]:.1f} ms mean; the first {rest[3]:.0f} bytes, each further one {rest[4]:.0f}: {100 * rest[4] / rest[3]:.2f} %")
    if shutil.which("qemu-system-i386") and shutil.which("qemu-img"):
        first, second, size, grown = savevm(idle)
        print(f"QEMU's savevm of that idle guest       pause {1000 * first:.0f} and {1000 * second:.0f} ms; the first {size} bytes, the second {grown}")
