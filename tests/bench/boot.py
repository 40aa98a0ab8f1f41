#!/usr/bin/env python3
"""boot.py - how long guests take from power-on to their prompt, in Muniment and in QEMU (TCG) beside it: Debian's GRUB rescue floppy, Debian's kernel, FreeDOS' floppy, memtest86+ (to the end of its first pass), and ReactOS' live CD.

    tests/bench/boot.py BUILD [GUEST ...]        of grub, linux_boot, screens, reactos

Seconds by the wall, and of CPU time in the process. The ratio is QEMU's over Muniment's, of the wall for GRUB, which shows a menu and waits for the key "c", and of CPU
time for the others: the kernel, whose shell speaks on COM1 (tests/guests/linux), and ReactOS, whose desktop must be the same picture (tests/README.md): over 1 is faster than QEMU. Bochs cannot be told to press a key and is left out."""

import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import linux
sys.path.append(os.path.join(os.path.dirname(__file__), "../guests"))
from same_picture import pixels

IMAGE = "/usr/lib/grub-rescue/grub-rescue-floppy.img"
MENU, PROMPT = b"for a command-line", b"grub>"
SHELL = b"init is ready"
REACTOS = os.path.join(os.environ.get("MUNIMENT_SUITES", ""), "guests/reactos-livecd.iso")
WELCOME, DESKTOP = "wininet/internet.c:319", "connectmanager.cpp"  # the live CD's dialog is about to appear; the desktop has
PATIENCE = 600  # seconds


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

    def screenshot(self):
        """A picture in PPM: its file."""
        self.do("screendump", filename=self.screen_file)
        return self.screen_file

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


def linux_muniment(build, folder):
    linux.machine(folder, "pentium2", 200, 64)  # as in tests/guests/debian-disk.sh
    begun = time.monotonic()
    return finished(subprocess.Popen([f"{build}/muniment", "boot", f"{folder}/machine.yaml", "--until", "serial:" + SHELL.decode()]), begun)


def linux_qemu(folder):
    begun = time.monotonic()
    process = subprocess.Popen(
        ["qemu-system-i386", "-M", "pc", "-cpu", "pentium2", "-m", "64", "-accel", "tcg", "-display", "none", "-nodefaults", "-vga", "std",
         "-drive", f"format=raw,snapshot=on,file={folder}/linux.img", "-serial", "stdio"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        for line in process.stdout:
            if SHELL in line:
                break
        else:
            raise OSError("QEMU does not reach Linux's shell")
    finally:
        process.kill()
        times = finished(process, begun)
    return times


def linux_boot(build):
    with tempfile.TemporaryDirectory() as folder:
        if not linux.image(build, folder):
            return
        wall, cpu = linux_muniment(build, folder)
        print(f"Linux, power-on to shell    wall      cpu\n  Muniment              {wall:8.2f} {cpu:8.2f}")
        if shutil.which("qemu-system-i386"):
            peer, peer_cpu = linux_qemu(folder)
            print(f"  QEMU (TCG)            {peer:8.2f} {peer_cpu:8.2f}    ratio {peer_cpu / cpu:.2f}x")


# ReactOS' desktop is the same picture on both, without the clock in its corner: the first run of ours, which is not measured, draws it; the measured ones end when it stands there.
CLOCK = (640, 560)  # what is right of and below this may differ


def png_rows(path):
    """Width, and rows of RGB, of a picture that muniment wrote."""
    header, raw = pixels(path)
    width, height = struct.unpack(">II", header[:8])
    return width, [raw[y * (width * 3 + 1) + 1:(y + 1) * (width * 3 + 1)] for y in range(height)]


def ppm_rows(path):
    """The same of a picture that QEMU wrote; no rows while it is being written."""
    with open(path, "rb") as file:
        data = file.read()
    fields = data.split(maxsplit=4)[:4]
    if len(fields) < 4 or fields[0] != b"P6":
        return 0, []
    width, height = int(fields[1]), int(fields[2])
    pixels = data[len(data) - width * height * 3:]
    return width, [pixels[y * width * 3:(y + 1) * width * 3] for y in range(height)]


def without_clock(rows):
    return [row[:CLOCK[0] * 3] if y >= CLOCK[1] else row for y, row in enumerate(rows)]


def png_with_hole(path, width, rows):
    """A picture for `wait picture`, transparent where the clock is."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    raw = b""
    for y, row in enumerate(rows):
        shown = [b"\xff" if y < CLOCK[1] or x < CLOCK[0] else b"\0" for x in range(width)]
        raw += b"\0" + b"".join(row[3 * x:3 * x + 3] + shown[x] for x in range(width))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 6, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def reactos_muniment(build, folder, end):
    with open(f"{folder}/desktop.script", "w") as file:
        file.write(f'wait serial "{WELCOME}"\nwait time 8\nkey enter\nwait time 2\nkey enter\nwait serial "{DESKTOP}"\n{end}\n')
    begun = time.monotonic()
    return finished(subprocess.Popen([f"{build}/muniment", "boot", "machine.yaml", "--script", "desktop.script", "--limit", "300", "--until", "time:0", "--force"], cwd=folder), begun)


def reactos_desktop(process, monitor):
    """Brings a QEMU whose COM1 is its standard output to the desktop."""
    end = time.monotonic() + PATIENCE
    said, due, pauses = b"", None, [8, 4]  # each Enter is for a dialog; one that came too early, on a slow host, was lost
    while DESKTOP.encode() not in said:
        if due and due < end and not select.select([process.stdout], [], [], max(due - time.monotonic(), 0))[0]:
            monitor.do("send-key", keys=[{"type": "qcode", "data": "ret"}])
            due = time.monotonic() + (pauses.pop(0) if pauses else 15)
        else:
            more = os.read(process.stdout.fileno(), 65536)
            if not more or time.monotonic() > end:
                raise OSError("QEMU does not reach ReactOS' desktop")
            said += more
            if not due and WELCOME.encode() in said:
                due = time.monotonic() + pauses.pop(0)


def reactos_qemu(folder, desktop):
    begun = time.monotonic()
    process = subprocess.Popen(
        ["qemu-system-i386", "-M", "pc", "-cpu", "pentium3", "-m", "128", "-accel", "tcg", "-display", "none", "-nodefaults", "-vga", "std", "-cdrom", REACTOS,
         "-qmp", f"unix:{folder}/qmp,server,nowait", "-serial", "stdio"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        monitor = Monitor(f"{folder}/qmp", folder)
        reactos_desktop(process, monitor)
        deadline = time.monotonic() + PATIENCE
        while without_clock(ppm_rows(monitor.screenshot())[1]) != desktop:
            if time.monotonic() > deadline:
                raise TimeoutError("QEMU does not show the same desktop")
            time.sleep(0.1)
    finally:
        process.kill()
        times = finished(process, begun)
    return times


def reactos(build):
    if not os.path.exists(REACTOS):
        print("no ReactOS: guests/reactos-livecd.iso is not in MUNIMENT_SUITES (tests/README.md)")
        return
    build = os.path.abspath(build)
    with tempfile.TemporaryDirectory() as folder:
        linux.machine(folder, "pentium3", 200, 128, "cdrom", os.path.basename(REACTOS))  # as in tests/guests/reactos.sh
        os.symlink(os.path.realpath(REACTOS), f"{folder}/{os.path.basename(REACTOS)}")
        reactos_muniment(build, folder, "wait still 4\nscreenshot drawn.png")
        width, rows = png_rows(f"{folder}/drawn.png")
        png_with_hole(f"{folder}/desktop.png", width, rows)
        wall, cpu = reactos_muniment(build, folder, "wait picture desktop.png")
        print(f"ReactOS, power-on to desktop  wall    cpu\n  Muniment              {wall:8.2f} {cpu:8.2f}", flush=True)
        if shutil.which("qemu-system-i386"):
            try:
                peer, peer_cpu = reactos_qemu(folder, without_clock(rows))
                print(f"  QEMU (TCG)            {peer:8.2f} {peer_cpu:8.2f}    ratio {peer_cpu / cpu:.2f}x")
            except TimeoutError as error:
                print(f"  {error} within {PATIENCE} seconds")


# Guests on the text screen: what is asked of each, as (text on the screen, keys then), and how the last text is called.
SUITES = os.environ.get("MUNIMENT_SUITES", "")
SCREENS = {
    "FreeDOS, power-on to prompt": (os.path.join(SUITES, "guests/freedos13-floppy.img"), "isapc", "486", 4,
                                    [("Please select", ["1"]), ("[Y,N]?", ["n", "ret"]), ("A:\\\\>", [])]),
    "memtest86+, first pass": ("/usr/lib/memtest86+/memtest86+ia32.iso", "pc", "pentium2", 5, [("Pass:  1        Errors: 0", [])]),
}


def screen_muniment(build, folder, image, board, memory, steps):
    floppy = board == "isapc"
    name = "boot" + image[image.rindex("."):]
    os.symlink(os.path.realpath(image), f"{folder}/{name}")
    with open(f"{folder}/machine.yaml", "w") as file:
        file.write(f"""muniment: machine 0
machine: {'pc-isa' if floppy else 'pc-i440fx'}
cpu:
  model: {'i486' if floppy else 'pentium2'}
  speed: 25 MIPS
memory: {memory} MiB
firmware:
  system: built-in 0
  video: built-in 0
clock: 1998-01-01T00:00:00
drives:
  {'fd0' if floppy else 'hd2'}:
    kind: {'floppy 1.44M' if floppy else 'cdrom'}
    image: {name}
boot:
  - {'floppy' if floppy else 'cdrom'}
ports:
  - com1
display: vga
""")
    with open(f"{folder}/script", "w") as file:
        for text, keys in steps:
            file.write(f'wait screen "{text}"\n' + "".join(f"key {'enter' if key == 'ret' else key}\n" for key in keys))
    begun, before = time.monotonic(), os.times()
    subprocess.run([f"{build}/muniment", "boot", f"{folder}/machine.yaml", "--script", f"{folder}/script", "--limit", "900", "--until", "time:0"], check=True)
    after = os.times()
    return time.monotonic() - begun, after.children_user + after.children_system - before.children_user - before.children_system


def screen_qemu(folder, image, board, cpu, memory, steps):
    drive = "if=floppy,readonly=on" if board == "isapc" else "media=cdrom"
    begun = time.monotonic()
    process = subprocess.Popen(
        ["qemu-system-i386", "-M", board, "-cpu", cpu, "-m", str(memory), "-accel", "tcg", "-display", "none", "-nodefaults", "-vga", "std",
         "-drive", f"format=raw,{drive},file={image}", "-qmp", f"unix:{folder}/qmp,server,nowait"], stderr=subprocess.DEVNULL)
    try:
        monitor = Monitor(f"{folder}/qmp", folder)
        for text, keys in steps:
            monitor.wait(text.replace("\\\\", "\\").encode())
            for key in keys:
                monitor.do("send-key", keys=[{"type": "qcode", "data": key}])
                time.sleep(0.2)
    finally:
        process.kill()
        times = finished(process, begun)
    return times


def screens(build):
    for name, (image, board, cpu, memory, steps) in SCREENS.items():
        if not os.path.exists(image):
            print(f"{name}: {image} is not there (tests/README.md)")
            continue
        with tempfile.TemporaryDirectory() as folder:
            wall, seconds = screen_muniment(build, folder, image, board, memory, steps)
            print(f"{name:28}wall      cpu\n  Muniment              {wall:8.2f} {seconds:8.2f}")
            if not shutil.which("qemu-system-i386"):
                continue
            try:
                peer, peer_cpu = screen_qemu(folder, image, board, cpu, memory, steps)
                print(f"  QEMU (TCG)            {peer:8.2f} {peer_cpu:8.2f}    ratio {peer_cpu / seconds:.2f}x")
            except TimeoutError as error:
                print(f"  {error} within {PATIENCE} seconds")


def grub(build):
    if not os.path.exists(IMAGE):
        print(f"{IMAGE} is not there (package grub-rescue-pc)")
        return
    wall, cpu = run_muniment(build)
    print(f"GRUB, power-on to prompt    wall      cpu\n  Muniment              {wall:8.2f} {cpu:8.2f}")
    if shutil.which("qemu-system-i386"):
        peer, peer_cpu = run_qemu()
        print(f"  QEMU (TCG)            {peer:8.2f} {peer_cpu:8.2f}    ratio {peer / wall:.2f}x")


if __name__ == "__main__":
    for guest in grub, linux_boot, screens, reactos:
        if guest.__name__ in (sys.argv[2:] or guest.__name__):
            guest(sys.argv[1] if len(sys.argv) > 1 else "build")
