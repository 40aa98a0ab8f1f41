#!/usr/bin/env python3
"""digest.py - computes the digest of a snapshot's state, as spec/snapshot.md and spec/digest.md say, with Python's standard library alone.

    digest.py SNAPSHOT --system ROM --video ROM [--memory BYTES] [--display-memory BYTES] [--no-display]    prints tick N sha256:HEX

The ROMs are not in a snapshot; they are given as files. It also checks the SHA-256 of each chunk, and that the digest is the one that the snapshot names."""

import argparse
import gzip
import hashlib
import io
import os
import struct
import sys
import zlib

AREAS = ["ram", "video", "fd0", "fd1", "hd0", "hd1", "hd2", "hd3"]
PAGE, GROUP = 4096, 1024
NOTHING = bytes(32)


def sha256(data):
    return hashlib.sha256(data).digest()


def root(hashes):
    """RFC 9162, 2.1: a level is paired from the left, a last node without a partner rises unchanged."""
    while len(hashes) > 1:
        pairs = [sha256(b"\1" + hashes[i] + hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(pairs) * 2:]
    return hashes[0]


def leaf(page):
    return sha256(b"\0" + page)


class Snapshot:
    def __init__(self, path):
        self.path, self.files = path, {}
        locator = self.read(".", 0, 65)
        text_at = int(locator[10:].split(b"\0")[0].rpartition(b" ")[2])
        text = gzip.decompress(self.read(".", text_at, os.path.getsize(path) - text_at)).decode("ascii")
        head, state, pages = text.split("\n\n")
        self.head = dict(line.split(": ") for line in head.splitlines())
        self.fields = [line.split(" = ") for line in state.splitlines()]
        self.pages = {area: {} for area in AREAS}
        chunks = {}
        for line in pages.splitlines()[:-1]:
            _, area, first, count, _, file, offset, length, size, skip, digest = line.split(" ")
            if digest not in chunks:
                chunks[digest] = zlib.decompress(self.read(file, int(offset), int(length)), wbits=31)
                assert len(chunks[digest]) == int(size) and sha256(chunks[digest]).hex() == digest, line
            for n in range(int(count)):
                at = (int(skip) + n) * PAGE
                self.pages[area][int(first) + n] = chunks[digest][at:at + PAGE]
        assert pages.splitlines()[-1] == "end"

    def read(self, name, offset, length):
        path = self.path if name == "." else os.path.join(os.path.dirname(self.path), name)
        if path not in self.files:
            self.files[path] = open(path, "rb")
        self.files[path].seek(offset)
        return self.files[path].read(length)


def field_bytes(value):
    """What the digest has of a field, from the form in which the snapshot has it."""
    if value in ("true", "false"):
        return bytes([value == "true"])
    if value.startswith("0x"):
        return bytes.fromhex(value[2:])[::-1]
    if ":" in value:
        count, digits = value.split(":")
        return struct.pack("<I", int(count)) + bytes.fromhex(digits)
    return b"\xff" * 8 if value == "never" else struct.pack("<q", int(value))


def memory_root(pages, count):
    zero = leaf(bytes(PAGE))
    return root([leaf(pages[n]) if n in pages else zero for n in range(count)])


def written_root(pages, sectors):
    if not pages:
        return NOTHING
    groups = []
    for group in range((sectors + 8 * GROUP - 1) // (8 * GROUP)):
        units = range(group * GROUP, (group + 1) * GROUP)
        hashes = [leaf(pages[u]) if u in pages else NOTHING for u in units]
        groups.append(root(hashes) if any(u in pages for u in units) else NOTHING)
    return root(groups)


def rom_digest(system, video, card_id, has_display):
    """card_id: the display's PCI ids, or None without PCI. A Cirrus ROM is on the card that it names."""
    space = bytearray(b"\xff" * 0x40000)
    at = struct.unpack_from("<H", video, 0x18)[0] if len(video) > 0x19 else len(video)
    on_card = card_id and has_display and video[at:at + 4] == b"PCIR"
    on_card = on_card and (card_id[:2] == b"\x34\x12" or video[at + 4:at + 8] == card_id)
    card = b""
    if on_card:
        size = PAGE
        while size < len(video):
            size *= 2
        card = video + b"\xff" * (size - len(video))
    else:
        space[:len(video)] = video
    space[0x40000 - len(system):] = system
    return sha256(bytes(space) + card)


parser = argparse.ArgumentParser()
parser.add_argument("snapshot")
parser.add_argument("--system", required=True)
parser.add_argument("--video", required=True)
parser.add_argument("--memory", type=int, default=16 << 20)
parser.add_argument("--display-memory", type=int, default=8 << 20)
parser.add_argument("--no-display", action="store_true")
options = parser.parse_args()
snapshot = Snapshot(options.snapshot)
with open(options.system, "rb") as system, open(options.video, "rb") as video:
    roms = system.read(), video.read()

assert snapshot.fields[0][0] == "tick"
tick = int(snapshot.fields[0][1])
out = io.BytesIO()
out.write(b"muniment state 0\0" + struct.pack("<Q", tick))
part = None
for name, value in snapshot.fields[1:]:
    if name.split(".")[0] != part:
        part = name.split(".")[0]
        out.write(part.encode("ascii") + b"\0")
    out.write(field_bytes(value))
fields = dict(snapshot.fields)
out.write(b"ram\0" + memory_root(snapshot.pages["ram"], options.memory // PAGE))
out.write(b"video\0" + (NOTHING if options.no_display else memory_root(snapshot.pages["video"], options.display_memory // PAGE)))
for drive in AREAS[2:]:
    out.write(b"written\0" + written_root(snapshot.pages[drive], int(fields[drive + ".sectors"], 16)))
out.write(b"rom\0" + rom_digest(*roms, bytes.fromhex(fields["card.config"].split(":")[1][:8]) if "card.config" in fields else None,
                                      not options.no_display))
digest = sha256(out.getvalue()).hex()
print(f"tick {tick} sha256:{digest}")
sys.exit(digest != snapshot.head["digest"])
