#!/usr/bin/env python3
"""boot.py - how long Debian's GRUB rescue floppy takes from power-on to its prompt, in Muniment and in QEMU (TCG) beside it.

    tests/bench/boot.py BUILD

Seconds by the wall, and of CPU time in the process; the ratio is QEMU's wall time over Muniment's: over 1 is faster than QEMU. GRUB shows a menu and
waits for the key "c". Bochs cannot be told to press a key and is left out."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

IMAGE = "/usr/lib/grub-rescue/grub-rescue-floppy.img"
MENU, PROMPT = b"for a command-line", b"grub>"
PATIENCE = 120  # seconds


def finished(process, begun):
    """Wall and CPU seconds of a process that is ending."""
    _, _, usage = os.wait4(process.pid, 0)
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime


def run_muniment(build):
    command = [f"{build}/muniment", "boot", IMAGE, "--script", "tests/guests/grub-prompt.script", "--until", "screen:grub>", "--limit", "300"]
    begun = time.monotonic()
    return finished(subprocess.Popen(command), begun)


class Monitor:
    """QEMU's machine protocol, and the text screen read through it."""

    def __init__(self, path, folder):
        self.screen_file = f"{folder}/screen"
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while "return" not in (answer := json.loads(self.file.readline())):
            if "error" in answer:
                raise OSError(answer["error"]["desc"])

    def wait(self, text):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.do("pmemsave", val=0xB8000, size=4000, filename=self.screen_file)
            with open(self.screen_file, "rb") as file:
                if text in file.read()[::2]:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"QEMU does not show {text}")


def run_qemu():
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        process = subprocess.Popen(
            ["qemu-system-i386", "-M", "isapc", "-cpu", "486", "-m", "16", "-accel", "tcg", "-display", "none", "-nodefaults", "-vga", "std",
             "-drive", f"if=floppy,format=raw,readonly=on,file={IMAGE}", "-boot", "a", "-qmp", f"unix:{folder}/qmp,server,nowait"],
            stderr=subprocess.DEVNULL)
        try:
            monitor = Monitor(f"{folder}/qmp", folder)
            monitor.wait(MENU)
            monitor.do("send-key", keys=[{"type": "qcode", "data": "c"}])
            monitor.wait(PROMPT)
        finally:
            process.kill()
            times = finished(process, begun)
        return times


def main(build):
    if not os.path.exists(IMAGE):
        print(f"{IMAGE} is not there (package grub-rescue-pc)")
        return
    wall, cpu = run_muniment(build)
    print(f"GRUB, power-on to prompt    wall      cpu\n  Muniment              {wall:8.2f} {cpu:8.2f}")
    if shutil.which("qemu-system-i386"):
        peer, peer_cpu = run_qemu()
        print(f"  QEMU (TCG)            {peer:8.2f} {peer_cpu:8.2f}    ratio {peer / wall:.2f}x")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build")
