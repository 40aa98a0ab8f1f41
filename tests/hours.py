#!/usr/bin/env python3
"""hours.py - the demonstration runs as fast as it can, with a viewer that presses keys, for an hour of its time (eight with LONG): its process grows
by nothing, and has as many descriptors as before."""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import rfb

MUNIMENT, BUILD = os.environ["MUNIMENT"], pathlib.Path(os.environ["BUILD"]).resolve()
HOURS = 8 if os.environ.get("LONG") else 1
work = pathlib.Path(tempfile.mkdtemp(prefix="hours", dir="/tmp"))
machine = subprocess.Popen([MUNIMENT, "boot", BUILD / "demo/records.yaml", "--display", f"vnc:{work}/s", "--speed", "max", "--until", f"time:{HOURS * 3600}", "--digest"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
rfb.listening(machine, work / "s")
keys = 0


def watch():
    global keys
    try:
        viewer = rfb.Viewer(str(work / "s"))
        while True:
            viewer.update(True)
            for symbol in (0xFF0D, 0xFF54, 0xFF52, 0xFF54, 0xFF1B) * 4:
                viewer.key(symbol, True)
                viewer.key(symbol, False)
                keys += 2
                time.sleep(0.001)
    except (OSError, EOFError, AssertionError):
        pass


threading.Thread(target=watch, daemon=True).start()
sizes, descriptors = [], []
while machine.poll() is None:
    try:
        status = open(f"/proc/{machine.pid}/status").read()
        sizes.append(int(status.split("VmRSS:")[1].split()[0]))
        descriptors.append(len(os.listdir(f"/proc/{machine.pid}/fd")))
    except (OSError, IndexError):
        break
    time.sleep(0.2)
said = machine.communicate()[0]
part = max(1, len(sizes) // 8)
early, late = statistics.median(sizes[part:2 * part] or sizes), statistics.median(sizes[-part:])
print(f"hours: {HOURS} h of the machine's time, {keys} keys, {len(sizes)} looks: {early / 1024:.1f} MiB after an eighth, {late / 1024:.1f} MiB at the end; {said.strip()}")
subprocess.run(["rm", "-rf", str(work)], check=False)
good = machine.returncode == 0 and keys > 0 and late - early < 1024 and descriptors[-1] <= max(descriptors[:part * 2])
sys.exit(0 if good else 1)
