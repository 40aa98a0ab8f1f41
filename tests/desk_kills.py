#!/usr/bin/env python3
"""desk_kills.py - sessions of the desk, the gate, the storage process and the desk itself are killed at random moments, while somebody types: what is in a session's
journal stays there, the session resumes, and the whole journal is replayed. 12 times; 200 in make check-long (LONG). A gate that is stopped is replaced; SIGUSR1 has the
desk print a link."""
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from desk_client import Desk, children, descriptors

MUNIMENT, BUILD = os.environ["MUNIMENT"], pathlib.Path(os.environ["BUILD"]).resolve()
ROUNDS = 200 if os.environ.get("LONG") else 12
work = pathlib.Path(tempfile.mkdtemp(prefix="desk", dir="/tmp"))
library, state = work / "library", work / "state"
failures = []


def run(*arguments):
    return subprocess.run([MUNIMENT, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)


def has_open(process, part):
    return any(part in file for file in descriptors(process).values())


def whole_lines(path):
    text = path.read_bytes()
    return text[:text.rfind(b"\n") + 1]


library.mkdir()
run("key", "new", work / "key")
run("seal", BUILD / "demo/records.yaml", "--description", BUILD / "demo/records-description.yaml", "-o", library / "records.mun", "--key", work / "key").check_returncode()
if subprocess.run(["pkg-config", "--exists", "libwebsockets"], check=False).returncode:
    print("built without libwebsockets")
    sys.exit(77)
desk = Desk(work, library, state)
session = re.search(r'"id": "([0-9a-f]{16})"', desk.ask("POST", "/api/archives/records.mun/sessions")[2])[1]
journal = state / "sessions" / session / "journal"
killed = {"session": 0, "gate": 0, "storage": 0, "desk": 0, "viewer": 0}
seed = random.randrange(1 << 32)
random.seed(seed)
for n in range(ROUNDS):
    try:
        viewer = desk.screen(session)
        for _ in range(random.randrange(1, 12)):
            symbol = random.choice([0xFF54, 0xFF52, ord("1"), 0xFF1B])  # no Enter: it might switch the machine off
            viewer.key(symbol, True)
            viewer.key(symbol, False)
            time.sleep(random.random() / 20)
    except (OSError, EOFError, AssertionError) as error:
        where = traceback.extract_tb(error.__traceback__)[-2:]
        failures.append(f"round {n}: no screen: {error!r} in {[(f.name, f.lineno) for f in where]}; sessions: {desk.ask('GET', '/api/sessions')}")
        break
    what = random.choice(list(killed))
    killed[what] += 1
    own = children(desk.process.pid)
    machine = [p for p in own if has_open(p, session)]
    storage = [p for p in own if "memfd:pages" in pathlib.Path(f"/proc/{p}/maps").read_text()]
    before = whole_lines(journal)
    if what == "viewer":
        viewer.close()
    elif what == "session":
        os.kill(machine[0], signal.SIGKILL)
        for _ in range(200):  # until the desk has noticed
            if '"suspended"' in desk.ask("GET", "/api/sessions")[2]:
                break
            time.sleep(0.05)
    elif what == "gate":
        os.kill([p for p in own if p not in machine + storage][0], signal.SIGKILL)
        desk.enter()
    elif what == "storage":
        os.kill(storage[0], signal.SIGKILL)
        try:  # the session goes on, and may suspend itself if two have fallen
            viewer.key(0xFF54, True)
            viewer.key(0xFF54, False)
            viewer.update(False)
        except (OSError, EOFError) as error:
            if "has ended twice" not in desk.ask("GET", "/api/sessions")[2]:
                failures.append(f"round {n}: after the storage process was killed the session does not go on: {error!r}")
                break
    else:
        os.kill(desk.process.pid, signal.SIGKILL)
        desk.process.wait()
        for _ in range(200):  # its processes end by themselves
            if not any(has_open(p, str(journal)) for p in map(int, filter(str.isdigit, os.listdir("/proc")))):
                break
            time.sleep(0.05)
        desk = Desk(work, library, state)
    for _ in range(200):
        status, _, text = desk.ask("POST", f"/api/sessions/{session}/resume")
        now = desk.session(session) or {}
        if status == 200 and now.get("state") == "running" and "reason" not in now:  # one with a reason is about to suspend itself
            break
        time.sleep(0.05)
    else:
        failures.append(f"round {n}: after the {what} was killed the session does not resume: {status} {text}")
        break
    if not journal.read_bytes().startswith(before):
        failures.append(f"round {n}: after the {what} was killed the journal has lost something")
        break
# A session that hears nothing does not hold the desk up. It may have suspended itself since: after its storage fell twice.
machine = []
for _ in range(0 if failures else 200):
    machine = [p for p in children(desk.process.pid) if has_open(p, session)]
    if machine:
        break
    desk.ask("POST", f"/api/sessions/{session}/resume")
    time.sleep(0.05)
if machine:
    os.kill(machine[0], signal.SIGSTOP)
    try:
        asked = [desk.ask("POST", f"/api/sessions/{session}/suspend")[0] for _ in range(400)]
        if set(asked) != {200, 503} or desk.ask("GET", "/api/library")[0] != 200:
            failures.append(f"a session that hears nothing: {set(asked)}")
    except OSError as error:
        failures.append(f"a session that hears nothing holds the desk up: {error!r}")
    os.kill(machine[0], signal.SIGCONT)
elif not failures:
    failures.append("the session does not resume at the end")
# A gate that hears nothing is replaced, and sessions do not notice.
if machine and not failures:
    desk.until(session, "suspended")
    desk.ask("POST", f"/api/sessions/{session}/resume")
    desk.until(session, "running")
    machine = [p for p in children(desk.process.pid) if has_open(p, session)]
    gate = next(p for p in children(desk.process.pid) if p not in machine and "memfd:pages" not in pathlib.Path(f"/proc/{p}/maps").read_text())
    stopped = time.monotonic()
    os.kill(gate, signal.SIGSTOP)
    while os.path.exists(f"/proc/{gate}") and time.monotonic() - stopped < 40:
        time.sleep(0.1)
    if os.path.exists(f"/proc/{gate}"):
        failures.append("a gate that hears nothing is not replaced")
        os.kill(gate, signal.SIGKILL)
    desk.enter()
    if desk.session(session)["state"] != "running" or machine[0] not in children(desk.process.pid):
        failures.append("the end of a gate that heard nothing is noticed by a session")
# When nobody is in, and the link is too old, the desk is asked for another; what is open stays open.
desk.process.send_signal(signal.SIGUSR1)
desk.enter()
if desk.ask("GET", "/api/me")[2] != '{"role": "archivist"}':
    failures.append("SIGUSR1 gives no link")
# Who is killed while the head of the journal is written has done nothing, and begins again.
for part in (20, 300, -3):
    other = re.search(r'"id": "([0-9a-f]{16})"', desk.ask("POST", "/api/archives/records.mun/sessions")[2])[1]
    os.kill(next(p for p in children(desk.process.pid) if has_open(p, other)), signal.SIGKILL)
    if not desk.until(other, "suspended"):
        failures.append("a session that was killed at once is not suspended")
        break
    begun = state / "sessions" / other / "journal"
    head = re.match(rb"(\D.*\n)+", begun.read_bytes())[0]
    begun.write_bytes(head[:part])
    status, _, text = desk.ask("POST", f"/api/sessions/{other}/resume")
    if status != 200 or not desk.until(other, "running") or not begun.read_bytes().startswith(head):
        failures.append(f"a session whose journal ends in its head, at {part}, does not begin again: {status} {text}")
    desk.ask("POST", f"/api/sessions/{other}/discard")
desk.process.terminate()
desk.process.wait()
replay = run("replay", library / "records.mun", journal)
if replay.returncode != 0:
    failures.append(f"the journal is not replayed: {replay.stdout}")
said = pathlib.Path(work / "said").read_text()
if "jail" in said:
    failures.append(said)
for failure in failures:
    print(f"FAILED  {failure} (seed {seed})")
print(f"desk_kills: {sum(killed.values())} killed ({', '.join(f'{v} {k}' for k, v in killed.items())}); {replay.stdout.strip()}")
subprocess.run(["rm", "-rf", str(work)])
sys.exit(1 if failures else 0)
