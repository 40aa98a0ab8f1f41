#!/usr/bin/env python3
"""desk.py - how long it takes from a key at the VNC socket to the first changed dot there: the records terminal, idle, with one viewer.

    tests/bench/desk.py BUILD [KEYS]

Prints the median and the 99th percentile of KEYS (300) keys, in milliseconds; each follows a pause, so that the guest is idle."""
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import rfb  # noqa: E402

build, keys = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300
with tempfile.TemporaryDirectory(dir="/tmp") as work:
    where = f"{work}/s"
    machine = subprocess.Popen([f"{build}/muniment", "boot", f"{build}/demo/records.yaml", "--display", f"vnc:{where}"], stderr=subprocess.DEVNULL)
    rfb.listening(machine, where)
    viewer = rfb.Viewer(where)
    viewer.update(False)
    viewer.socket.settimeout(3)
    try:  # it starts, and reads its register, while nothing moves
        while True:
            viewer.update()
    except TimeoutError:
        viewer.socket.settimeout(60)
    times = []
    for n in range(keys + 1):
        time.sleep(0.05 + random.random() / 20)
        if n:  # the first was asked for when nothing came
            viewer.request(True)
        begun = time.monotonic()
        viewer.key(0xFF54 if n % 2 == 0 else 0xFF52, True)  # Down, Up
        while viewer.message() != 0:
            pass
        if n:  # it may still have been reading its register
            times.append((time.monotonic() - begun) * 1000)
        viewer.key(0xFF54 if n % 2 == 0 else 0xFF52, False)
    machine.terminate()
    machine.wait()
times.sort()
print(f"desk: key to pixel, {keys} keys: median {statistics.median(times):.1f} ms, 99 % {times[len(times) * 99 // 100]:.1f} ms")
