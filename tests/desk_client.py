"""desk_client.py - a desk (muniment serve) that a test has begun, and a person at it: HTTP, and WebSocket as far as a screen needs it."""
import base64
import http.client
import json
import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import threading
import time

import rfb


class Desk:
    """A desk, and a person who is in: an archivist. What it says goes to the file `said` in its folder."""

    def __init__(self, work, library, state, *options):
        self.work = work
        self.said = open(work / "said", "w+")
        self.process = subprocess.Popen([os.environ["MUNIMENT"], "serve", str(library), "--listen", "127.0.0.1:0", "--state", str(state), *map(str, options)],
                                        stdout=self.said, stderr=self.said)
        self.links = 0
        self.enter()

    def enter(self):
        """With the link that was printed last."""
        for _ in range(200):
            links = re.findall(r"http://127.0.0.1:(\d+)/#([0-9a-f]{64})", pathlib.Path(self.work / "said").read_text())
            if len(links) > self.links:
                break
            time.sleep(0.05)
        self.links = len(links)
        self.port, secret = int(links[-1][0]), links[-1][1]
        self.origin, self.cookie = f"http://127.0.0.1:{self.port}", ""
        for _ in range(100):  # until the gate is there
            try:
                status, headers, _ = self.ask("POST", "/api/enter", secret)
                break
            except OSError:
                time.sleep(0.05)
        self.cookie = headers["set-cookie"].split(";")[0]

    def ask(self, method, path, body=" "):
        """Status, headers and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Origin": self.origin, "Cookie": self.cookie}
        connection.request(method, path, body if method == "POST" else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")

    def session(self, session):
        """What the desk says of it, or None."""
        return next((s for s in map(json.loads, self.ask("GET", "/api/sessions")[2].splitlines()) if s["id"] == session), None)

    def until(self, session, state, seconds=60):
        """Whether it comes to that state."""
        for _ in range(seconds * 20):
            if self.session(session)["state"] == state:
                return True
            time.sleep(0.05)
        return False

    def screen(self, session):
        """A viewer: a WebSocket, pumped into a socket by two threads."""
        ws = socket.create_connection(("127.0.0.1", self.port), 20)
        key = base64.b64encode(os.urandom(16)).decode()
        ws.sendall((f"GET /api/sessions/{session}/screen HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    f"Origin: {self.origin}\r\nCookie: {self.cookie}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        read = ws.makefile("rb")
        if b"101" not in read.readline():
            raise ConnectionError("no WebSocket")
        while read.readline().strip():
            pass
        where = str(self.work / f"viewer{random.random()}")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(where)
        listening.listen(1)

        def inwards(ours):
            try:
                while True:
                    first, length = read.read(2)
                    length = struct.unpack(">H", read.read(2))[0] if length == 126 else struct.unpack(">Q", read.read(8))[0] if length == 127 else length
                    data = read.read(length)
                    if first & 15 in (1, 2, 0):
                        ours.sendall(data)
                    elif first & 15 == 8:
                        break
            except (OSError, ValueError, struct.error):
                pass
            ours.shutdown(socket.SHUT_RDWR)

        def outwards():
            ours, _ = listening.accept()
            threading.Thread(target=inwards, args=(ours,), daemon=True).start()
            try:
                while data := ours.recv(4096):
                    mask = os.urandom(4)
                    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
                    ws.sendall(b"\x82" + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
            except OSError:
                pass

        threading.Thread(target=outwards, daemon=True).start()
        return rfb.Viewer(where)


def children(parent):
    return [int(p) for p in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def descriptors(process):
    """The open files of a process, by descriptor. What it closes meanwhile, or does not show, is left out."""
    found = {}
    try:
        for fd in os.listdir(f"/proc/{process}/fd"):
            try:
                found[int(fd)] = os.readlink(f"/proc/{process}/fd/{fd}")
            except OSError:
                pass
    except OSError:
        pass
    return found
