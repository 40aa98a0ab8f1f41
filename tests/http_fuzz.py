#!/usr/bin/env python3
"""http_fuzz.py - the desk is sent what no browser sends: requests and WebSocket frames that are cut, doubled and changed, for HTTP_FUZZ_SECONDS (8, or
20 with LONG; a campaign takes 1200) each, some after an entry with a cookie that is good; then CONNECTIONS (2,000; 10,000 with LONG) connections at a time that say
nothing, or half a request. The gate stays the one that it was, and answers, with as many descriptors as before."""
import base64
import json
import os
import pathlib
import random
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import time

from desk_client import Desk, children

MUNIMENT, BUILD = os.environ["MUNIMENT"], pathlib.Path(os.environ["BUILD"]).resolve()
SECONDS = float(os.environ.get("HTTP_FUZZ_SECONDS", "20" if os.environ.get("LONG") else "8"))
KINDS = os.environ.get("HTTP_FUZZ_KINDS", "HTTP WebSocket").split()
CONNECTIONS = 10000 if os.environ.get("LONG") else 2000
seed = int(os.environ.get("HTTP_FUZZ_SEED", random.randrange(1 << 32)))
random.seed(seed)
work = pathlib.Path(tempfile.mkdtemp(prefix="http", dir="/tmp"))
failures = []
if subprocess.run(["pkg-config", "--exists", "libwebsockets"], check=False).returncode:
    print("built without libwebsockets")
    sys.exit(77)
(work / "library").mkdir()
subprocess.run([MUNIMENT, "key", "new", work / "key"], stdout=subprocess.DEVNULL, check=True)
subprocess.run([MUNIMENT, "seal", BUILD / "demo/records.yaml", "--description", BUILD / "demo/records-description.yaml", "-o", work / "library/records.mun", "--key", work / "key"],
               stdout=subprocess.DEVNULL, check=True)
desk = Desk(work, work / "library", work / "state")
gate = [p for p in children(desk.process.pid)][0]
session = json.loads(desk.ask("POST", "/api/archives/records.mun/sessions")[2])["id"]
host = f"127.0.0.1:{desk.port}"
PATHS = ["/", "/app.js", "/api/me", "/api/library", "/api/archives/records.mun", "/api/archives/records.mun/files", "/api/sessions", "/api/jobs", "/api/media", "/api/enter", "/api/links",
         "/api/uploads", "/api/uploads/0123456789abcdef", f"/api/sessions/{session}/stay", f"/api/sessions/{session}/insert", f"/api/sessions/{session}/prints", "/api/archives/%2e%2e/files"]
BODIES = ["", " ", "reader", "0" * 64, "a.img\n512", "floppy\nlibrary x", "override x\n", "A" * 5000, "floppy\nupload " + "0" * 64]


def request(method, path, body, upgrade=False):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Origin: {desk.origin}"]
    if random.random() < 0.8:
        lines.append(f"Cookie: {desk.cookie}")
    if upgrade:
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
    elif method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body.encode()


def mutated(data, most=4):
    data = bytearray(data)
    for _ in range(random.randrange(most)):
        at, kind = random.randrange(len(data) + 1), random.randrange(7)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << random.randrange(8)
        elif kind == 1:
            data[at:at] = os.urandom(random.randrange(1, 40))
        elif kind == 2:
            del data[at:at + random.randrange(1, 40)]
        elif kind == 3:
            data[at:at] = data[max(0, at - random.randrange(1, 200)):at]
        elif kind == 4:
            data[at:at] = random.choice([b"\r\n", b"\n", b"\0", b"%00", b"%2f..", b":", b" ", b"\r\n\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 99999999999\r\n", b"Expect: 100-continue\r\n"])
        elif kind == 5:
            data[at:at] = b"A" * random.choice([300, 5000, 20000])
        else:
            del data[at:]
    return bytes(data)


def talk(pieces, wait=0.02):
    """Sends pieces; how many bytes came back."""
    got = 0
    with socket.create_connection(("127.0.0.1", desk.port), 5) as s:
        s.settimeout(wait)
        try:
            for piece in pieces:
                s.sendall(piece)
                if random.random() < 0.3:
                    time.sleep(0.002)
            while part := s.recv(65536):
                got += len(part)
        except OSError:
            pass
    return got


def frame():
    """A WebSocket frame, good or not."""
    payload = random.choice([b"RFB 003.008\n", b"\1", b"\0\0\0\0", struct.pack(">BBHHHH", 3, 1, 0, 0, 640, 480), os.urandom(random.randrange(200)), struct.pack(">BBHI", 4, 1, 0, 0xFF54), b"\6\0\0\0\x7f\xff\xff\xff",
                             struct.pack(">BBH", 2, 0, 65535), b""])
    first = random.choice([0x82, 0x82, 0x82, 0x81, 0x02, 0x80, 0x89, 0x8A, 0x88, 0x83, 0xF2, random.randrange(256)])
    length = random.choice([len(payload), len(payload), len(payload), random.randrange(126), 126, 127])
    head = bytes([first, (0x80 if random.random() < 0.9 else 0) | (length if length < 126 else length)])
    if length == 126:
        head += struct.pack(">H", random.choice([len(payload), 65535, 0]))
    elif length == 127:
        head += struct.pack(">Q", random.choice([len(payload), 1 << 62, 1 << 32, 0]))
    mask = os.urandom(4)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def descriptors():
    return len(os.listdir(f"/proc/{gate}/fd"))


def alive(what):
    if [p for p in children(desk.process.pid) if p == gate] and desk.ask("GET", "/api/me")[0] == 200:
        return True
    failures.append(f"after {what}: the gate is not what it was: {(work / 'said').read_text()[-500:]}")
    return False


before = descriptors()
counts = {"HTTP": 0, "WebSocket": 0}
# Several requests at once, of which one has a body that nobody awaits, and more behind it: the gate read that for ever.
for method in ("PUT", "GET", "POST", "HEAD", "OPTIONS"):
    head = f"HTTP/1.1\r\nHost: {host}\r\nOrigin: {desk.origin}\r\nCookie: {desk.cookie}\r\n"
    talk([f"GET /app.js {head}\r\n{method} /api/uploads {head}Content-Length: 78\r\n\r\n{'A' * 78}OPTIONS /api/jobs {head}\r\n".encode()], 1)
    alive(f"several requests at once, with {method}")
until = time.monotonic() + (SECONDS if "HTTP" in KINDS else 0)
while time.monotonic() < until and not failures:
    many = [mutated(request(random.choice(["GET", "GET", "POST", "POST", "HEAD", "PUT", "OPTIONS"]), random.choice(PATHS), random.choice(BODIES))) for _ in range(random.randrange(1, 4))]
    try:
        talk(many)
    except OSError as error:
        failures.append(f"no connection: {error!r}")
    counts["HTTP"] += len(many)
    if counts["HTTP"] % 500 < 3:
        alive("HTTP")
until = time.monotonic() + (SECONDS if "WebSocket" in KINDS else 0)
while time.monotonic() < until and not failures:
    path = f"/api/sessions/{session}/{random.choice(['screen', 'screen', 'view', 'sound'])}"
    frames = [frame() for _ in range(random.randrange(1, 12))]
    talk([request("GET", path, "", True)] + [f if random.random() < 0.7 else mutated(f) for f in frames], 0.03)
    counts["WebSocket"] += len(frames)
    if counts["WebSocket"] % 500 < 12:
        alive("WebSocket")
    if counts["WebSocket"] % 200 < 12 and desk.session(session) is None:
        session = json.loads(desk.ask("POST", "/api/archives/records.mun/sessions")[2])["id"]
    elif counts["WebSocket"] % 200 < 12 and desk.session(session)["state"] != "running":
        state = desk.session(session)
        if state["state"] != "off":
            failures.append(f"the session is {state}")
        desk.ask("POST", f"/api/sessions/{session}/discard")
        session = json.loads(desk.ask("POST", "/api/archives/records.mun/sessions")[2])["id"]
        desk.until(session, "running")
resource.setrlimit(resource.RLIMIT_NOFILE, (min(CONNECTIONS + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
held, began = [], time.monotonic()
for n in range(CONNECTIONS if not failures else 0):
    try:
        s = socket.create_connection(("127.0.0.1", desk.port), 5)
        if n % 2:
            s.sendall(b"GET / HTTP/1.1\r\nHost:")
        held.append(s)
    except OSError:
        break
print(f"http_fuzz: {counts['HTTP']} requests, {counts['WebSocket']} frames, {len(held)} connections in {time.monotonic() - began:.1f} s; the gate has {descriptors()} descriptors")
if descriptors() > 260:
    failures.append(f"the gate holds {descriptors()} descriptors")
for s in held:
    s.close()
for _ in range(100):
    time.sleep(0.2)
    if descriptors() <= before + 4:
        break
alive("all connections")
if descriptors() > before + 4:
    failures.append(f"the gate had {before} descriptors, and has {descriptors()}")
desk.process.terminate()
desk.process.wait()
said = (work / "said").read_text()
if "signal" in said or "jail" in said:
    failures.append(said)
for failure in failures:
    print(f"FAILED  {failure} (seed {seed})")
subprocess.run(["rm", "-rf", str(work)], check=False)
sys.exit(1 if failures else 0)
