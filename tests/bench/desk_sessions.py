#!/usr/bin/env python3
"""desk_sessions.py - what sessions of the desk cost.

    tests/bench/desk_sessions.py BUILD [SESSIONS]

Prints, for the interpreter and for the translator, how long it takes from the request for a session to its first picture, for a guest of 64 MiB that has been on for 40 s, median and worst of 20;
what memory such a session has beyond what the guest has written; what part of a core SESSIONS (50) sessions of a guest of 16 MiB use that waits in
HLT; and how fast ten run that never wait, with a key to pixel in an idle one beside them."""
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from desk_client import Desk, children  # noqa: E402

build, sessions = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 50
os.environ["MUNIMENT"] = muniment = str(build / "muniment")
BUSY = b"\xfa\x31\xc0\x8e\xd8\x66\x69\xd2\x6d\x4e\xc6\x41\x66\x81\xc2\x39\x30\x00\x00\x66\x89\x16\x00\x80\xeb\xeb"  # cli; a linear congruence, for ever


def used(processes):
    """Seconds of processor time."""
    return sum(int(open(f"/proc/{p}/schedstat").read().split()[0]) for p in processes) / 1e9


def private(process):
    """Bytes of memory that are this process's alone and were written."""
    return int(re.search(r"^Private_Dirty: *(\d+) kB", open(f"/proc/{process}/smaps_rollup").read(), re.M)[1]) * 1024


def open_session(desk, archive):
    session = json.loads(desk.ask("POST", f"/api/archives/{archive}.mun/sessions")[2])["id"]
    viewer = None
    while not viewer:
        try:
            viewer = desk.screen(session)
        except (OSError, EOFError, AssertionError):
            time.sleep(0.005)
    viewer.update(False)
    return session, viewer


def first_pictures(desk, state, engine):
    times, costs = [], []
    for n in range(20):
        own = [desk.process.pid, *children(desk.process.pid)]
        began, before = time.monotonic(), used(own)
        session, viewer = open_session(desk, "large")
        times.append((time.monotonic() - began) * 1000)
        costs.append((used([desk.process.pid, *children(desk.process.pid)]) - before) * 1000)
        if n == 19:
            time.sleep(2)
            process = [p for p in children(desk.process.pid) if session in "".join(os.path.realpath(f"/proc/{p}/fd/{fd}") for fd in os.listdir(f"/proc/{p}/fd"))][0]
            pages = subprocess.run([muniment, "state", state / "sessions" / session / "opening"], stdout=subprocess.PIPE, text=True, check=True).stdout
            written = sum(int(count) for count in re.findall(r"^page \S+ \d+ (\d+) ", pages, re.M)) * 4096
            memory = private(process)
        viewer.close()
        desk.ask("POST", f"/api/sessions/{session}/discard")
    print(f"desk, {engine}: a session of a guest of 64 MiB to its first picture: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms; "
          f"of the processor {statistics.median(costs):.0f} ms")
    print(f"desk, {engine}: its memory: {memory / 2**20:.1f} MiB, {(memory - written) / 2**20:.1f} MiB over what the guest has written", flush=True)


with tempfile.TemporaryDirectory(dir="/tmp") as folder:
    work = pathlib.Path(folder)
    library = work / "library"
    library.mkdir()
    subprocess.run([muniment, "key", "new", work / "key"], stdout=subprocess.DEVNULL, check=True)
    manifest = (build / "demo/records.yaml").read_text()
    (work / "busy.img").write_bytes((BUSY.ljust(510, b"\0") + b"\x55\xaa").ljust(1474560, b"\0"))
    (work / "records.img").write_bytes((build / "demo/records.img").read_bytes())
    for name, text in (("large", manifest.replace("8 MiB", "64 MiB")), ("small", manifest.replace("8 MiB", "16 MiB")), ("busy", manifest.replace("records.img", "busy.img"))):
        (work / f"{name}.yaml").write_text(text)
        subprocess.run([muniment, "seal", work / f"{name}.yaml", "--description", build / "demo/records-description.yaml", "-o", library / f"{name}.mun", "--key", work / "key"],
                       stdout=subprocess.DEVNULL, check=True)
    for engine in ("interpreter", "translator"):
        (work / engine).mkdir()
        desk = Desk(work / engine, library, work / engine / "state", "--engine", engine)
        for name in ("large", "small"):
            while desk.ask("GET", f"/api/archives/{name}.mun/picture")[0] != 200:
                time.sleep(0.2)
        first_pictures(desk, work / engine / "state", engine)
        many = [json.loads(desk.ask("POST", "/api/archives/small.mun/sessions")[2])["id"] for _ in range(sessions)]
        for session in many:
            desk.until(session, "running")
        time.sleep(5)
        own = [desk.process.pid, *children(desk.process.pid)]
        before, began = used(own), time.monotonic()
        time.sleep(30)
        print(f"desk, {engine}: {sessions} idle sessions of 16 MiB: {(used(own) - before) / (time.monotonic() - began) * 100:.2f} % of a core, "
              f"{sum(map(private, own)) / sessions / 2**20:.1f} MiB each", flush=True)
        if engine == "interpreter":
            desk.process.terminate()
            desk.process.wait()
    for session in many[1:]:
        desk.ask("POST", f"/api/sessions/{session}/discard")
    busy = [json.loads(desk.ask("POST", "/api/archives/busy.mun/sessions", "power-on")[2])["id"] for _ in range(10)]
    for session in busy:
        desk.until(session, "running")
    time.sleep(3)
    own = [desk.process.pid, *children(desk.process.pid)]
    before, began = used(own), time.monotonic()
    viewer, times = desk.screen(many[0]), []
    viewer.update(False)
    for n in range(100):
        time.sleep(0.05)
        viewer.request(True)
        begun = time.monotonic()
        viewer.key(0xFF54 if n % 2 == 0 else 0xFF52, True)
        while viewer.message() != 0:
            pass
        times.append((time.monotonic() - begun) * 1000)
        viewer.key(0xFF54 if n % 2 == 0 else 0xFF52, False)
    print(f"desk: ten busy sessions at 25 MIPS: {(used(own) - before) / (time.monotonic() - began) * 100:.0f} % of a core; a key to pixel beside them, through the gate: "
          f"median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms")
    viewer.close()
    desk.process.terminate()
    desk.process.wait()
