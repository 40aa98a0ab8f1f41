#!/usr/bin/env python3
"""sessions.py - sessions of the desk begin at an opening, and come back from their checkpoints: what is repeated is the journal after it alone, and
the state is that of the whole journal's repetition, which is carried out at the end and compares every digest."""
import base64
import ctypes
import fcntl
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from desk_client import Desk, children, descriptors

MUNIMENT, BUILD = os.environ["MUNIMENT"], pathlib.Path(os.environ["BUILD"]).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="sessions", dir="/tmp"))
library, state = work / "library", work / "state"
facts = {"count": 0, "failed": 0}

# A machine that is never idle: it counts on its screen, and echoes keys to COM1.
BUSY = """
    .code16
    .globl _start
_start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $0x7c00, %sp
    mov $0xb800, %ax
    mov %ax, %es
    mov $0x0700, %bx
1:  mov $20000, %cx
2:  imul $1103515245, %edx, %edx
    add $12345, %edx
    mov %edx, 0x8000
    loop 2b
    mov 0x8002, %al
    mov $7, %ah
    mov %ax, %es:0
    mov $1, %ah
    int $0x16
    jz 1b
    xor %ah, %ah
    int $0x16
    mov $7, %ah
    mov %ax, %es:2
    push %dx
    mov $0x3f8, %dx
    out %al, %dx
    mov $0x0301, %ax
    mov $0x7c00, %bx
    mov $2, %cx
    xor %dx, %dx
    push %es
    push %ds
    pop %es
    int $0x13
    pop %es
    pop %dx
    jmp 1b
    .org 510
    .word 0xaa55
"""


def files_of(process):
    return list(descriptors(process).values())


def fact(name, holds, detail=""):
    facts["count"] += 1
    if not holds:
        facts["failed"] += 1
        print(f"FAILED  {name} {detail}")


def run(*arguments):
    return subprocess.run([MUNIMENT, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)


def has_code_memory(process):
    return re.search(r"r-xs .*/dev/zero", pathlib.Path(f"/proc/{process}/maps").read_text()) is not None


def digests(path):
    return re.findall(r"^\S* ?(\d+) digest ([0-9a-f]{64})", path.read_text(), re.M)


def snapshot_digest(path):
    said = run("state", path)
    found = re.search(r"^digest: (\S+)", said.stdout, re.M)
    return found and found[1]


def press(desk, session, *symbols):
    viewer = desk.screen(session)
    for symbol in symbols:
        viewer.key(symbol, True)
        viewer.key(symbol, False)
        time.sleep(0.1)
    return viewer


def resume(desk, session):
    """Seconds until it runs, and whether it was seen to repeat its journal."""
    began, repeated = time.monotonic(), False
    status, _, text = desk.ask("POST", f"/api/sessions/{session}/resume")
    while status == 200 and desk.session(session)["state"] != "running" and time.monotonic() - began < 60:
        repeated = repeated or desk.session(session)["state"] == "repeating"
        time.sleep(0.01)
    if desk.session(session)["state"] != "running":
        print(text)
    return time.monotonic() - began, repeated


if subprocess.run(["pkg-config", "--exists", "libwebsockets"], check=False).returncode:
    print("built without libwebsockets")
    sys.exit(77)
library.mkdir()
for key in ("key", "second"):
    run("key", "new", work / key)
run("seal", BUILD / "demo/records.yaml", "--description", BUILD / "demo/records-description.yaml", "-o", library / "records.mun", "--key", work / "key")
(work / "busy.S").write_text(BUSY)
subprocess.run(["gcc", "-m32", "-c", "-o", work / "busy.o", work / "busy.S"], check=True)
subprocess.run(["ld", "-m", "elf_i386", "-Ttext=0x7c00", "--oformat=binary", "-o", work / "busy.img", work / "busy.o"], check=True)
os.truncate(work / "busy.img", 1474560)
manifest = (BUILD / "demo/records.yaml").read_text().replace("25 MIPS", "2000 MIPS").replace("records.img", "busy.img").replace("    read-only: yes\n", "")
(work / "busy.yaml").write_text(manifest)
print(run("seal", work / "busy.yaml", "--description", BUILD / "demo/records-description.yaml", "-o", library / "busy.mun", "--key", work / "key").stdout, end="")
(work / "idle").mkdir()
idle = Desk(work / "idle", library, work / "idle-state", "--idle", "1")
idle_session, killed = [json.loads(idle.ask("POST", "/api/archives/records.mun/sessions")[2])["id"] for _ in range(2)]
idle.until(idle_session, "running")
(work / "longest").mkdir()
longest = Desk(work / "longest", library, work / "longest-state", "--idle", "0", "--longest", "1")
longest_session = json.loads(longest.ask("POST", "/api/archives/records.mun/sessions")[2])["id"]
(state / "openings").mkdir(parents=True)
(state / "openings/old.png").write_bytes(b"")
os.utime(state / "openings/old.png", (time.time() - 100 * 86400,) * 2)
desk = Desk(work, library, state)
fact("openings of long ago are removed", not (state / "openings/old.png").exists())

# --- A session begins where the picture was taken ---

began = time.monotonic()
picture = desk.ask("GET", "/api/archives/records.mun/picture")
fact("a picture is taken, and an opening with it", picture[0] == 200 and len(list((state / "openings").glob("*.snapshot"))) == 1, str(picture[:2]))
began = time.monotonic()
session = json.loads(desk.ask("POST", "/api/archives/records.mun/sessions")[2])["id"]
folder = state / "sessions" / session
desk.until(session, "running")
viewer = desk.screen(session)
viewer.update(incremental=False)
print(f"sessions: a session begins and shows its first picture after {time.monotonic() - began:.3f} s")
viewer.close()
opened = digests(folder / "journal")
fact("its journal is that of the machine from power-on", [tick for tick, _ in opened] == ["0", opened[-1][0]] and len(opened) == 2, str(opened))
fact("and its checkpoint the last state of it", snapshot_digest(folder / "opening") == opened[-1][1])
fact("which it does not write to", os.stat(folder / "opening").st_nlink == 2)
other = json.loads(desk.ask("POST", "/api/archives/records.mun/sessions", "power-on")[2])["id"]
fact("a session may begin at power-on as well", not (state / "sessions" / other / "opening").exists() and digests(state / "sessions" / other / "journal")[0][0] == "0")
desk.ask("POST", f"/api/sessions/{other}/discard")

# --- A session that nobody uses says when it will end ---

for _ in range(100):
    left = idle.session(idle_session).get("left")
    if left is not None:
        break
    time.sleep(0.1)
fact("a session in which nobody does anything says that it will be suspended", left is not None and left <= 60, str(left))
fact("and somebody who is there may stay", idle.ask("POST", f"/api/sessions/{idle_session}/stay")[0] == 200 and idle.session(idle_session)["state"] == "running")

# --- Suspended, and resumed from its checkpoint ---

press(desk, session, 0xFF54, ord("1"), 0xFF54).close()
for n in range(3):
    desk.ask("POST", f"/api/sessions/{session}/suspend")
    fact(f"suspended {n}", desk.until(session, "suspended"))
    last = digests(folder / "journal")[-1][1]
    fact(f"what is suspended is in a checkpoint {n}", last in (snapshot_digest(folder / "checkpoint.0"), snapshot_digest(folder / "checkpoint.1")))
    seconds, repeated = resume(desk, session)
    fact(f"and resumes without a repetition {n}", not repeated)
    press(desk, session, 0xFF52, ord("2")).close()

# --- Checkpoints that are no good ---

for what in ("damaged", "empty", "another's", "hostile"):
    desk.ask("POST", f"/api/sessions/{session}/suspend")
    desk.until(session, "suspended")
    for n, name in enumerate(("checkpoint.0", "checkpoint.1", "opening")):
        path = folder / name
        content = bytearray(path.read_bytes())
        if what == "damaged" and content:
            content[len(content) // 2] ^= 1
        elif what == "empty":
            content = b""
        elif what == "another's":
            content = b"\x1f\x8b" + os.urandom(1000)
        elif what == "hostile" and content:
            content = content[:100]
        path.unlink()
        path.write_bytes(bytes(content))
    seconds, repeated = resume(desk, session)
    fact(f"{what} checkpoints: the journal is repeated", desk.session(session)["state"] == "running")
    press(desk, session, ord("3")).close()

# --- A busy machine has checkpoints while it runs, and is killed ---

busy = json.loads(desk.ask("POST", "/api/archives/busy.mun/sessions", "power-on")[2])["id"]
folder = state / "sessions" / busy
desk.until(busy, "running")
press(desk, busy, ord("a"), ord("b")).close()
for _ in range(400):
    if snapshot_digest(folder / "checkpoint.0"):
        break
    time.sleep(0.1)
fact("a machine that works has checkpoints", snapshot_digest(folder / "checkpoint.0") in [d for _, d in digests(folder / "journal")])
press(desk, busy, ord("c")).close()
time.sleep(0.5)
machine = [p for p in children(desk.process.pid) if any(str(folder / "journal") in file for file in files_of(p))]
fact("its code is translated", has_code_memory(machine[0]))
os.kill(machine[0], signal.SIGKILL)
fact("killed", desk.until(busy, "suspended"))
seconds, _ = resume(desk, busy)
fact("it resumes", desk.session(busy)["state"] == "running")
press(desk, busy, ord("d")).close()
desk.ask("POST", f"/api/sessions/{busy}/suspend")
desk.until(busy, "suspended")
idle.ask("POST", f"/api/sessions/{killed}/resume")
idle.until(killed, "running")
os.kill(next(p for p in children(idle.process.pid) if any(f"{killed}/journal" in file for file in files_of(p))), signal.SIGKILL)
idle.until(killed, "suspended")
desk.process.terminate()
desk.process.wait()

# --- Why they are suspended, when the desk begins again ---


def begun_again(where, why):
    again = Desk(work / "again", library, where)
    for name, words in why.items():
        found = again.session(name)
        fact(f"why a session is suspended stays: {words}", words == found.get("reason", found.get("suspended")), str(found))
    return again


(work / "again").mkdir()
again = begun_again(state, {session: "desk", busy: "hand"})
resume(again, busy)
again.process.kill()
again.process.wait()
while any(f"{busy}/journal" in file for p in pathlib.Path("/proc").glob("[0-9]*") for file in files_of(p.name)):
    time.sleep(0.1)  # it suspends itself
again = Desk(work / "again", library, state)
fact("and is that of the last time, also if the desk was killed", again.session(busy).get("suspended") == "desk", str(again.session(busy)))
again.process.terminate()
again.process.wait()

# --- The whole of it, repeated from power-on ---

for name, archive in ((session, "records.mun"), (busy, "busy.mun")):
    journal = state / "sessions" / name / "journal"
    replay = run("replay", library / archive, journal)
    fact(f"{archive}: the whole journal has every state", replay.returncode == 0 and f"{len(digests(journal)) } states equal" in replay.stdout.replace("1 state equal", "1 states equal"), replay.stdout)
    print(replay.stdout, end="")

# --- What a session left, when its archive is closed afterwards ---

def process_of(what):
    return next((p for p in children(desk.process.pid) if any(what in file for file in files_of(p))), None)


def error(answer):
    return json.loads(answer[2]).get("error", "") if answer[0] >= 400 else ""


(work / "office").mkdir()  # a job may reach the folder of the log
run("log", "new", work / "office/log", "--origin", "office.example/log")
(work / "later").mkdir()
subprocess.run(["cp", MUNIMENT, work / "muniment"], check=True)
os.utime(work / "muniment", (1, 1))
os.environ["MUNIMENT"] = str(work / "muniment")
both = ("--trust", work / "key.pub", "--trust", work / "second.pub")
desk = Desk(work / "later", library, state, "--log", work / "office/log", "--engine", "interpreter", *both)
wrong = run("serve", library, "--state", work / "no-state", "--engine", "fast")
fact("no other engine is taken", wrong.returncode == 2 and "translator or interpreter" in wrong.stdout, wrong.stdout)
begun = time.monotonic()
fact("another program makes its own openings", desk.ask("GET", "/api/archives/records.mun/picture")[0] == 200 and len(list((state / "openings").glob("*.snapshot"))) == 2)
for name, size, why in (("n" * 128, 512, "a name of at most 127 bytes"), ("a.img", 513, "no raw image of at most 900 MiB"), ("a.img", 2**64 - 512, "no raw image of")):
    refused = desk.ask("POST", "/api/uploads", f"{name}\n{size}")
    fact(f"an image is refused: {why}", refused[0] == 422 and why in error(refused), str(refused))
image = bytes(163840)


def bring(name, image):
    """Brings an image: the answer to its last piece."""
    begun = desk.ask("POST", "/api/uploads", f"{name}\n{len(image)}")
    for at in range(0, len(image), 40960):
        answer = desk.ask("POST", f"/api/uploads/{json.loads(begun[2])['id']}", base64.b64encode(image[at:at + 40960]).decode())
    return answer


brought = json.loads(bring("brought.img", image)[2])["image"]
short = json.loads(desk.ask("POST", "/api/archives/records.mun/sessions", "power-on")[2])["id"]
desk.until(short, "running")
fact("with --engine interpreter it has no memory for code", not has_code_memory(process_of(f"{short}/journal")))
inserted = desk.ask("POST", f"/api/sessions/{short}/insert", f"floppy\nupload {brought}")
film = desk.ask("GET", f"/api/sessions/{short}/film")
(library / "records.mun").rename(library / "away")
failed = desk.ask("POST", f"/api/sessions/{short}/insert", "floppy")
(library / "away").rename(library / "records.mun")
resumed = desk.ask("POST", f"/api/sessions/{short}/resume")
fact("one that could not take its image out, as its archive was not there, still has what its journal needs",
     failed[0] == 422 and "No such file" in error(failed) and resumed[0] == 200 and desk.until(short, "running"), f"{failed} {resumed} {desk.session(short)}")
fact("a session that was given an image is filmed, by a process that reaches no other folder", inserted[0] == 200 and film[0] == 200 and "duration" in film[2], f"{inserted} {film[0]} {film[2][:300]}")
old = json.loads(bring("old.img", b"o" * 512)[2])["image"]
for name in (brought, old):
    os.utime(state / "media" / name, (1, 1))
(work / "office/log").rename(work / "office/away")
unrecorded = bring("unrecorded.img", b"u" * 512)
invited = desk.ask("POST", "/api/links", "reader")
(work / "office/away").rename(work / "office/log")
fact("an image that the log cannot record is not kept", unrecorded[0] == 500 and not any(p.read_bytes()[:1] == b"u" for p in (state / "media").iterdir()), str(unrecorded))
fact("nor is anybody let in", invited[0] == 500 and "muniment-link" not in invited[1], str(invited))
fact("an image of long ago is gone, unless a session has it", (state / "media" / brought).exists() and not list((state / "media").glob(f"{old}*")))
invited = desk.ask("POST", "/api/links", "reader")
shown = run("log", "show", work / "office/log").stdout
fact("the log has who came in, whom he invited and what he brought", invited[0] == 200 and all(re.search(words, shown) for words in (r"enter.*archivist", r"link.*reader", r"upload.*brought\.img")), shown)
desk.ask("POST", f"/api/sessions/{short}/suspend")
suspended = desk.until(short, "suspended")
if shutil.which("strace"):
    trace = work / "trace"
    # The kernel seems to have no Landlock: that a session reads no other archive must not depend on it.
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-s", "250", "-e", "trace=read,pread64,open,openat,seccomp,landlock_create_ruleset", "-e", "inject=landlock_create_ruleset:error=ENOSYS",
                               "-e", "signal=none", "-o", trace, "-p", str(desk.process.pid)], stderr=subprocess.PIPE)
    time.sleep(1)
    if tracer.poll() is None:
        desk.ask("POST", f"/api/sessions/{short}/resume")
        desk.until(short, "running")
        desk.ask("POST", f"/api/sessions/{short}/suspend")
        desk.until(short, "suspended")
        tracer.terminate()
    tracer.wait()
    print("the calls of a session that resumes:", trace.read_text().count("\n") if trace.exists() else "this host lets nobody look")
    locking, locked, early, readers, openers, late, named = set(), set(), set(), set(), set(), set(), set()
    lines = trace.read_text().splitlines() if trace.exists() else []  # none: this host lets nobody look
    for process, call in (line.split(None, 1) for line in lines):
        if "SECCOMP_SET_MODE_FILTER" in call:
            locking.add(process)
        if process in locking and "SECCOMP_GET" not in call and "seccomp" in call and call.endswith("= 0"):
            locked.add(process)
        if "muniment-journal" in call:
            readers.add(process)
            early |= {process} - locked
        if "000-README.txt" in call:
            openers.add(process)
            late |= set() if process in locked else {process}
        if call.startswith("open"):
            named |= {(process, call)} if ".mun" in call or process in locked else set()
    named = {call for process, call in named if process in readers}
    fact("who reads a journal is locked in before: the session, and before it the one that lists what was put in", not lines or (len(readers) == 2 and not early),
         f"{readers} {early}")
    fact("a session reads its archive when it is locked in, and opens none, where the kernel has no Landlock either",
         not lines or (len(readers & openers) == 1 and not readers & late and not named and "ENOSYS" in trace.read_text()), f"{readers} {openers} {late} {named}")
(state / "media" / brought).rename(work / "away")
refused = desk.ask("POST", f"/api/sessions/{short}/resume")
fact("without it the session does not resume, and the reason names no folder of the desk", suspended and refused[0] == 422 and brought in error(refused) and str(work) not in error(refused),
     str(refused))
desk.ask("POST", f"/api/sessions/{short}/discard")

# --- What has waited for a minute meanwhile ---

fact("a session that nobody used is suspended", idle.until(idle_session, "suspended", 90))
fact("and one that has run for too long", longest.until(longest_session, "suspended", 90))
for one, where, why in ((idle, "idle-state", {idle_session: "idle", killed: "ended by signal 9"}), (longest, "longest-state", {longest_session: "longest"})):
    one.process.terminate()
    one.process.wait()
    again = begun_again(work / where, why)
    again.process.terminate()
    again.process.wait()

# --- One archive for each session, pages for all of it; its rights may change ---


def pages_of(process):
    """The pages that it has: how they are sealed, and how many are there."""
    found = [fd for fd, file in descriptors(process).items() if "memfd:pages" in file]
    if not found:
        return None
    pages = os.open(f"/proc/{process}/fd/{found[0]}", os.O_RDONLY)
    what = (os.fstat(pages).st_ino, fcntl.fcntl(pages, 1034), os.pread(pages, 65536, 0).count(1))
    os.close(pages)
    return what


def confuse_storage(process):
    """Sends to the storage process, in a session's place, what no session sends, and hears none of its answers."""
    first = min(fd for fd, file in descriptors(process).items() if file.startswith("socket:"))
    taken = ctypes.CDLL(None).syscall(438, os.pidfd_open(process), first, 0)  # pidfd_getfd
    if taken < 0:
        print("this host gives no descriptor of another process: no session is hostile")
        return
    with socket.socket(fileno=taken) as ours:
        ours.setblocking(False)
        try:
            for message in (b"", b"x", *(struct.pack("<QQ", 2**64 - n, n) for n in range(1, 1000))):
                ours.send(message)
        except OSError:  # there is no more room, or nobody
            pass
        time.sleep(0.5)


derived = run("derive", library / "records.mun", "--set", "memory=12 MiB", "-o", library / "wider.mun", "--key", work / "key")
fact("an archive is derived", derived.returncode == 0, derived.stdout)
one, other = [json.loads(desk.ask("POST", "/api/archives/wider.mun/sessions", "power-on")[2])["id"] for _ in range(2)]
fact("two sessions run", desk.until(one, "running") and desk.until(other, "running"))
viewer = desk.screen(one)
viewer.wait_until(lambda v: len(set(v.picture())) > 1)
ours, theirs = process_of(one), process_of(other)
archives = {os.path.basename(file) for file in files_of(ours) if file.endswith(".mun")}
fact("a session has its archive, with its parent, and no other", archives == {"wider.mun", "records.mun"}, str(archives))
limits = {line[:26].strip(): line[26:46].strip() for line in pathlib.Path(f"/proc/{ours}/limits").read_text().splitlines()}
fact("its memory and its time are limited", limits["Max cpu time"] == str(4 * 720 * 60 + 3600) and limits["Max address space"] != "unlimited", str(limits))
pages = pages_of(ours)
fact("two sessions have the same pages, some are there, and they cannot write to them", pages and pages == pages_of(theirs) and pages[1] == 0x17 and pages[2] > 0,
     f"{pages} {pages_of(theirs)}")
reasoned = json.loads(desk.ask("POST", "/api/archives/wider.mun/sessions", "override a request\npower-on")[2])["id"]
fact("one is opened for a reason", desk.until(reasoned, "running"))
confuse_storage(theirs)
before, folders = (state / "sessions" / one / "journal").read_bytes(), set(library.iterdir())
run("decide", library / "wider.mun", "--permit-until", "2098-01-01", "--reason", "a request", "--key", work / "key", "--second", work / "second", *both)


def looks(session):
    """Whether there is a screen, though its session may not answer at it."""
    try:
        return desk.screen(session).socket is not None
    except TimeoutError:
        return True
    except (OSError, EOFError):
        return False


fact("a screen is shown of what is open", looks(one))
os.kill(process_of(one), signal.SIGSTOP)  # it cannot suspend itself yet
closing = run("decide", library / "wider.mun", "--close-until", "2098-01-01", "--reason", "living persons", "--key", work / "key")
fact("and of what was closed a moment ago none", closing.returncode == 0 and not looks(one), closing.stdout)
fact("but to who opened it for a reason, which two permitted", looks(reasoned))
os.kill(process_of(one), signal.SIGCONT)
fact("sessions end when their archive is closed meanwhile", closing.returncode == 0 and desk.until(one, "suspended", 30) and desk.until(other, "suspended", 30), closing.stdout)
fact("with the date", "closed until 2098-01-01" in desk.session(one).get("reason", ""), str(desk.session(one)))
try:
    for _ in range(1000):
        viewer.update()
    fact("and so do their screens", False)
except (OSError, EOFError):
    fact("and so do their screens", True)
fact("what was journaled is kept", (state / "sessions" / one / "journal").read_bytes().startswith(before))
refused = desk.ask("POST", f"/api/sessions/{one}/resume")
fact("they are not resumed", refused[0] == 403 and "closed until 2098-01-01" in error(refused), str(refused))
fact("one that was opened for a reason goes on", desk.session(reasoned)["state"] == "running", str(desk.session(reasoned)))
for folder in set(library.iterdir()) - folders:
    subprocess.run(["rm", "-r", str(folder)], check=True)
resumed = desk.ask("POST", f"/api/sessions/{one}/resume")
fact("they are when nothing closes it any more", resumed[0] == 200 and desk.until(one, "running"), str(resumed))
time.sleep(max(0, begun + 11 - time.monotonic()))  # a storage process that lived so long has a successor
storage = next(p for p in children(desk.process.pid) if "memfd:pages" in pathlib.Path(f"/proc/{p}/maps").read_text())
os.kill(storage, signal.SIGSTOP)
closing = run("decide", library / "wider.mun", "--close-until", "2097-01-01", "--reason", "living persons", "--key", work / "key")
os.kill(storage, signal.SIGKILL)
fact("one ends whose archive was closed before a new storage process asked", closing.returncode == 0 and desk.until(one, "suspended", 30) and
     "closed until 2097-01-01" in desk.session(one).get("reason", ""), str(desk.session(one)))
for folder in set(library.iterdir()) - folders:
    subprocess.run(["rm", "-r", str(folder)], check=True)
replay = run("replay", library / "wider.mun", state / "sessions" / one / "journal")
fact("the journal is repeated from the sealed file alone", replay.returncode == 0, replay.stdout)
archivist = desk.cookie
link = desk.ask("POST", "/api/links", f"reader {desk.session(one)['owner']}")[1]["muniment-link"]
desk.cookie = desk.ask("POST", "/api/enter", link)[1]["set-cookie"].split(";")[0]
fact("a reader who is invited back has the sessions that were his, but for what an archivist opened for a reason",
     desk.session(one) and not desk.session(reasoned) and desk.ask("POST", f"/api/sessions/{reasoned}/suspend")[0] == 404)
desk.cookie = archivist
for which in (one, other, reasoned):
    desk.ask("POST", f"/api/sessions/{which}/discard")
(library / "wider.mun").unlink()
kept = desk.ask("GET", f"/api/sessions/{session}/journal")
fact("its journal is given", kept[0] == 200 and kept[2] == (state / "sessions" / session / "journal").read_text(), str(kept[:2]))
fact("and the log has that", re.search(r"journal.*records\.mun", run("log", "show", work / "office/log").stdout), run("log", "show", work / "office/log").stdout)
none = desk.ask("POST", f"/api/sessions/{session}/print-raw", "7")
fact("a print that is not there is named", none[0] == 422 and "no print 7" in error(none), str(none))
(library / "records.mun").rename(work / "away.mun")
gone = desk.ask("GET", f"/api/sessions/{session}/files")
fact("whose archive is gone, that is said", gone[0] == 404 and error(gone) == "its archive is not in the library", str(gone))
(work / "away.mun").rename(library / "records.mun")
(state / "sessions").rename(state / "away")
failed = desk.ask("POST", "/api/archives/records.mun/sessions")
fact("and why a session cannot begin", failed[0] == 500 and error(failed) == "the session: cannot be kept: No such file or directory", str(failed))
(state / "away").rename(state / "sessions")
decided = run("decide", library / "records.mun", "--close-until", "2099-01-01", "--reason", "living persons", "--key", work / "key")
fact("the archive is closed", decided.returncode == 0, decided.stdout)
for method, what in (("GET", "journal"), ("GET", "film"), ("GET", "files"), ("GET", "prints"), ("POST", "print-raw"), ("POST", "print-pdf"), ("POST", "resume")):
    closed = desk.ask(method, f"/api/sessions/{session}/{what}", "1")
    fact(f"{what}: no more than the archive allows today", closed[0] == 403 and "closed until 2099-01-01" in error(closed), str(closed))
listed = {a["file"]: a["rights"] for a in map(json.loads, desk.ask("GET", "/api/library")[2].splitlines())}
fact("the library says so", listed["records.mun"] == "closed until 2099-01-01", str(listed))
desk.process.terminate()
desk.process.wait()
run("key", "new", work / "stranger")
(work / "trusting").mkdir()
desk = Desk(work / "trusting", library, state, "--trust", work / "stranger.pub")
listed = {a["file"]: a["rights"] for a in map(json.loads, desk.ask("GET", "/api/library")[2].splitlines())}
fact("and of a desk that trusts others, that its rights are undecided", listed["records.mun"] == "undecided", str(listed))
desk.process.terminate()
desk.process.wait()

# --- A host whose clock is set ---

subprocess.run(["gcc", "-shared", "-fPIC", "-o", work / "leaps.so", "tests/leaps.c", "-ldl"], check=True)
(work / "leaping").mkdir()
os.environ["LD_PRELOAD"] = str(work / "leaps.so")
leaping = Desk(work / "leaping", library, work / "leaping-state")
del os.environ["LD_PRELOAD"]
session = json.loads(leaping.ask("POST", "/api/archives/busy.mun/sessions", "power-on")[2])["id"]
one, other = [json.loads(leaping.ask("POST", "/api/uploads", f"{name}.img\n81920")[2])["id"] for name in ("one", "other")]
piece = base64.b64encode(bytes(40960)).decode()
fact("a clock that is set ahead lets nobody's image be given up", [leaping.ask("POST", f"/api/uploads/{which}", piece)[0] for which in (one, other) * 2] == [200] * 4)
link = leaping.ask("POST", "/api/links", "reader")[1]["muniment-link"]
time.sleep(3)
fact("nor a link grow old, a person be signed out, a session be suspended or its gate be replaced",
     leaping.until(session, "running", 5) and leaping.ask("POST", "/api/enter", link)[0] == 200 and "gate" not in (work / "leaping/said").read_text())
machine = next(p for p in children(leaping.process.pid) if any(f"{session}/journal" in file for file in files_of(p)))
os.kill(machine, signal.SIGSTOP)
leaping.process.terminate()
time.sleep(2)
fact("and when the desk ends, it waits for sessions that are not yet suspended", leaping.process.poll() is None)
os.kill(machine, signal.SIGCONT)
leaping.process.wait()

# --- TLS ---


def openssl(*arguments, **more):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=work, **more)


def serve_tls(*options):
    return [MUNIMENT, "serve", str(library), "--listen", "127.0.0.1:0", "--state", str(work / "tls-state"), *map(str, options)]


new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
openssl("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=root", "-keyout", "root.pem.key", "-out", "root.pem")
for name, above, extension in (("middle", "root", "basicConstraints=critical,CA:TRUE"), ("leaf", "middle", "subjectAltName=DNS:desk.test")):
    openssl("req", *new_key, "-subj", f"/CN={name}", "-keyout", f"{name}.pem.key", "-out", f"{name}.csr")
    (work / "extension").write_text(extension)
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{above}.pem", "-CAkey", f"{above}.pem.key", "-CAcreateserial", "-days", "2", "-extfile", "extension", "-out", f"{name}.pem")
(work / "chain.pem").write_text((work / "leaf.pem").read_text() + (work / "middle.pem").read_text())
openssl("pkey", "-in", "leaf.pem.key", "-aes256", "-passout", "pass:phrase", "-out", "phrase.key")
for what, status, words, options in (
        ("that is not there", 4, "gone.pem: cannot open: No such file", ("--certificate", work / "gone.pem")),
        ("whose key is not there", 4, "gone.key: cannot open: No such file", ("--certificate", work / "leaf.pem", "--certificate-key", work / "gone.key")),
        ("that is none", 3, "busy.yaml: has no certificate (PEM): name a file", ("--certificate", work / "busy.yaml")),
        ("without a key", 3, "leaf.pem: has no private key (PEM): put it into the file", ("--certificate", work / "leaf.pem")),
        ("whose key has a pass phrase", 3, "phrase.key: the private key has a pass phrase: write one without", ("--certificate", work / "leaf.pem", "--certificate-key", work / "phrase.key")),
        ("with another's key", 3, f"root.pem.key: is not the key of the certificate in {work}/leaf.pem: name the key", ("--certificate", work / "leaf.pem", "--certificate-key", work / "root.pem.key")),
        ("that is not named", 2, "--certificate-key: is of no use alone: name its certificate", ("--certificate-key", work / "leaf.pem.key"))):
    refused = subprocess.run(serve_tls(*options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, start_new_session=True)
    fact(f"TLS does not begin with a certificate {what}, and the message has object, place and remedy", refused.returncode == status and words in refused.stdout, f"{refused.returncode} {refused.stdout}")
subprocess.run(["gcc", "-shared", "-fPIC", "-o", work / "clock.so", "tests/clock.c", "-ldl"], check=True)
openssl("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=old", "-keyout", "old.pem.key", "-out", "old.pem", env={**os.environ, "LD_PRELOAD": str(work / "clock.so"), "CLOCK": "1000000000"})
for what, certificate, said in (("with those that vouch for it", "chain.pem", ""), ("that is too old, which is said,", "old.pem", "old.pem: the certificate was good until 2001-09-11: browsers warn of it: renew")):
    key = "leaf.pem.key" if certificate == "chain.pem" else "old.pem.key"
    with subprocess.Popen(serve_tls("--certificate", work / certificate, "--certificate-key", work / key), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as guarded:
        text = ""
        while "#" not in text and guarded.poll() is None:
            text += guarded.stdout.readline()
        place = re.search(r"https://([^/]*)/", text)[1]
        judged = subprocess.run(["openssl", "s_client", "-connect", place, "-CAfile", work / "root.pem", "-verify_return_error"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False)
        fact(f"it does with one {what}", said in text and (judged.returncode == 0) == (not said), f"{text} {judged.stdout.decode()}")
        guarded.terminate()

# --- Behind a proxy, at a socket that systemd listens at ---


class Proxied(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(work / "desk.socket"))


def through_proxy(method, path, body=None, host="desk.example", **headers):
    connection = Proxied("desk", timeout=30)
    connection.request(method, path, body, {"Host": host, **headers})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


listening = socket.socket(socket.AF_UNIX)
listening.bind(str(work / "desk.socket"))
listening.listen(8)
activated = subprocess.Popen(["sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{listening.fileno()}', "sh", MUNIMENT, "serve", library, "--state", state, "--host", "desk.example"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=(listening.fileno(),))
activated.stdout.readline()
link = activated.stdout.readline().strip()
fact("a desk that systemd begins prints a link by the name of its proxy", link.startswith("https://desk.example/#"), link)
entered = through_proxy("POST", "/api/enter", link.split("#")[1], Origin="https://desk.example")
cookie = (entered[1]["set-cookie"] or "").split(";")
fact("and lets in there, by a cookie for TLS alone", entered[0] == 200 and cookie[0].startswith("__Host-muniment=") and " Secure" in cookie, str(entered[0]))
fact("and by no other name", through_proxy("GET", "/api/me", host="evil.example", Cookie=cookie[0])[0] == 403)
fact("nor by what a header says of who asks", through_proxy("GET", "/api/me", **{"X-Forwarded-User": "archivist", "Remote-User": "archivist"})[0] == 401)
fact("who is in is in", through_proxy("GET", "/api/me", Cookie=cookie[0])[2] == '{"role": "archivist"}')
activated.terminate()
activated.wait()
said = (work / "said").read_text() + (work / "later/said").read_text() + (work / "trusting/said").read_text() + (work / "leaping/said").read_text()
fact("no process did what its jail does not permit", "jail" not in said, said)
subprocess.run(["rm", "-rf", str(work)], check=True)
print(f"sessions: {facts['count']} facts, {facts['failed']} failed")
sys.exit(1 if facts["failed"] else 0)
