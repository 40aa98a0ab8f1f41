#!/usr/bin/env python3
"""reactos_vnc.py - ReactOS at its desktop through VNC, in Muniment and in QEMU (TCG) beside it, measured at the socket: a key in Notepad to the pixel, the
Start menu from the key until it is all there, a window dragged for two seconds.

    MUNIMENT_SUITES=FOLDER tests/bench/reactos_vnc.py BUILD [KEYS]

Neither machine has a serial port: this ReactOS writes what it does to the first one, some 600 bytes for a menu, which take 50 ms at 115,200 baud and no
time in QEMU. The viewer asks for ZRLE and does not decode it, so that it costs nothing. Times are in milliseconds; of the drag, the updates that came and how long
after the last movement the last one did."""
import os
import pathlib
import random
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import boot  # noqa: E402
import linux  # noqa: E402
import rfb  # noqa: E402

SUPER, RETURN, ESCAPE = 0xFFEB, 0xFF0D, 0xFF1B
STILL = 25, 5, 12  # seconds without a change: at the dialog of the live CD, at its second one, at the desktop
TITLE = 12  # dots from a window's upper edge to the middle of its title
CARET, GRAIN = 4, 17  # dots: what is narrower is the caret, which blinks; QEMU sends sixteen dots at least, a letter among them


class Quick(rfb.Viewer):
    """A viewer that only notes what changed, and when."""

    def __init__(self, where):
        super().__init__(where, encodings=[rfb.ZRLE, rfb.SIZE, rfb.MOTION], timeout=30)
        self.asked = False

    def rectangle(self):
        x, y, width, height, encoding = self.unpack("4Hi")
        if encoding == rfb.SIZE:
            self.width, self.height = width, height
        elif encoding == rfb.MOTION:
            self.absolute = bool(x)
        else:
            assert encoding == rfb.ZRLE
            self.take(self.unpack("I")[0])
            self.rectangles.append((x, y, width, height))

    def next(self, seconds, incremental=True, least=GRAIN):
        """The rectangles of the next update that are so wide at least; None: none came in so many seconds."""
        if not self.asked:
            self.request(incremental)
            self.asked = True
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                first = self.socket.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                return None
            self.socket.settimeout(30)
            if not first:
                raise EOFError("the server closed")
            if self.message() != 0:
                continue
            self.asked = False
            areas = [a for a in self.rectangles if a[2] >= least]
            if areas:
                return areas
            self.request(True)
            self.asked = True
        return None

    def settle(self, quiet=2, most=120):
        """Until nothing but a caret has changed for a while; what did."""
        areas, end = [], time.monotonic() + most
        while time.monotonic() < end and (more := self.next(quiet)) is not None:
            areas += more
        return areas

    def tap(self, *symbols):
        for symbol in symbols:
            self.key(symbol, True)
        for symbol in reversed(symbols):
            self.key(symbol, False)

    def move(self, dx, dy, buttons=0):
        self.pointer(0x7FFF + dx, 0x7FFF + dy, buttons)


def keys(v, count):
    times = []
    for _ in range(count):
        while v.next(0.15 + random.random() / 20, least=CARET) is not None:
            pass
        begun = time.monotonic()
        v.tap(ord("a"))
        v.next(10, least=CARET)
        times.append((time.monotonic() - begun) * 1000)
    times.sort()
    return statistics.median(times), times[len(times) * 99 // 100]


def menu(v, rounds=10):
    """From the key until the last change before half a second without one: the median."""
    times = []
    for _ in range(rounds):
        begun = last = time.monotonic()
        v.tap(SUPER)
        while v.next(5 if last == begun else 0.5) is not None:
            last = time.monotonic()
        times.append((last - begun) * 1000)
        v.tap(ESCAPE)
        v.settle(1)
    return statistics.median(times)


def picture(where):
    """What a second viewer sees: rows of bytes."""
    v = rfb.Viewer(where, encodings=[rfb.ZRLE, rfb.SIZE])
    while rfb.ZRLE not in v.counts:
        v.update(False)
    v.close()
    return v.rows


def window(before, after):
    """The uppermost window that has appeared: x, y, width, height. What differs above it is narrower."""
    box = []
    for y, (old, new) in enumerate(zip(before, after)):
        differ = [x for x in range(len(new) // 3) if old[3 * x:3 * x + 3] != new[3 * x:3 * x + 3]]
        if differ and differ[-1] - differ[0] > len(new) // 9:
            box.append((differ[0], differ[-1] + 1, y))
        elif box:
            break
    if not box:
        raise AssertionError("no window has appeared")
    left, right = min(b[0] for b in box), max(b[1] for b in box)
    return left, box[0][2], right - left, len(box)


def drag(v, area):
    """Takes a window by its title, and moves it for two seconds, a step in ten milliseconds: updates, and how long after the last movement the last one came.
    Raises an exception if the window did not move."""
    for _ in range(40):  # a report of the mouse holds 127 steps, and reports come a hundred times a second
        v.move(-100, -100)
        time.sleep(0.02)
    for at, axis in ((area[0] + area[2] // 3, (2, 0)), (area[1] + TITLE, (0, 2))):
        for _ in range(at // 2):  # in steps that the driver does not accelerate
            v.move(*axis)
            time.sleep(0.02)
    v.settle(1)
    v.move(0, 0, 1)
    updates, tallest, begun = 0, 0, time.monotonic()
    for step in range(200):
        v.move(2 if step % 100 < 50 else -2, 0, 1)
        while (left := begun + (step + 1) / 100 - time.monotonic()) > 0:
            if areas := v.next(left):
                updates += 1
                tallest = max(tallest, max(a[1] + a[3] for a in areas) - min(a[1] for a in areas))
    end = last = time.monotonic()
    while v.next(0.5) is not None:
        last = time.monotonic()
        updates += 1
    v.move(0, 0)
    if tallest < area[3] // 2:
        raise AssertionError(f"the window at {area} was not gripped: nothing taller than {tallest} dots changed")
    return updates, (last - end) * 1000


def measure(name, where, count):
    v = Quick(where)
    v.next(5, False)
    v.settle()
    opens = menu(v)
    before = picture(where)
    v.tap(SUPER, ord("r"))
    v.settle()
    v.type("notepad\n", 0.1)
    v.settle(5)
    area = window(before, picture(where))
    median, worst = keys(v, count)
    updates, lag = drag(v, area)
    print(f"reactos: {name}: key in Notepad to pixel: median {median:.1f}, 99 % {worst:.1f}; Start menu {opens:.0f}; a window dragged: {updates / 2:.0f} updates a second, the last "
          f"{lag:.0f} after the last movement")
    return median, worst, opens, updates, lag


def muniment(build, work, count):
    linux.machine(work, "pentium3", 200, 128, "cdrom", os.path.basename(boot.REACTOS))
    manifest = pathlib.Path(f"{work}/machine.yaml")
    before, _, after = manifest.read_text().partition("ports:\n  - com1\n")
    manifest.write_text(f"{before}ports: none\n{after}")
    os.symlink(os.path.realpath(boot.REACTOS), f"{work}/{os.path.basename(boot.REACTOS)}")
    pathlib.Path(f"{work}/desktop.script").write_text(f"wait still {STILL[0]}\nkey enter\nwait still {STILL[1]}\nkey enter\nwait still {STILL[2]}\nsnapshot {work}/desktop.snapshot\n")
    subprocess.run([f"{build}/muniment", "boot", f"{work}/machine.yaml", "--script", f"{work}/desktop.script", "--limit", "300", "--until", "time:0"], check=True)
    process = subprocess.Popen([f"{build}/muniment", "boot", f"{work}/machine.yaml", "--resume", f"{work}/desktop.snapshot", "--display", f"vnc:{work}/ours"], stderr=subprocess.DEVNULL)
    try:
        rfb.listening(process, f"{work}/ours")
        return measure("Muniment", f"{work}/ours", count)
    finally:
        process.terminate()
        process.wait()


def qemu(work, count):
    process = subprocess.Popen(["qemu-system-i386", "-M", "pc", "-cpu", "pentium3", "-m", "128", "-accel", "tcg", "-nodefaults", "-vga", "std", "-cdrom", boot.REACTOS,
                                "-vnc", f"unix:{work}/theirs"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        rfb.listening(process, f"{work}/theirs")
        v = Quick(f"{work}/theirs")
        v.next(5, False)
        for seconds in STILL[:2]:
            v.settle(seconds, 300)
            v.tap(RETURN)
        v.settle(STILL[2], 300)
        v.socket.close()
        return measure("QEMU", f"{work}/theirs", count)
    finally:
        process.kill()
        process.wait()


def main():
    build, count = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100
    if not os.path.exists(boot.REACTOS):
        print("no ReactOS: guests/reactos-livecd.iso is not in MUNIMENT_SUITES (tests/README.md)")
        return
    with tempfile.TemporaryDirectory(dir="/tmp") as work:
        ours = muniment(build, work, count)
        if not shutil.which("qemu-system-i386"):
            return
        theirs = qemu(work, count)
    print(f"reactos: QEMU takes {theirs[0] / ours[0]:.2f} times as long for a key, {theirs[2] / ours[2]:.2f} times for the menu, and sends {theirs[3] / max(ours[3], 1):.2f} times as many updates of a drag")


if __name__ == "__main__":
    main()
