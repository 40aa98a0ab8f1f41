#!/usr/bin/env python3
"""rules_snapshot.py - for each rule of spec/snapshot.md, snapshots that break just that are refused for it: their
chunks, digests and offsets are made anew. The rules of the state's fields (S-18 to S-21) are in unit/test_machine_state.c too,
those of checkpoints (S-35, S-36) in kills.sh and rules_snapshot.sh.

    rules_snapshot.py MUNIMENT MANIFEST SNAPSHOT

SNAPSHOT is of the manifest's machine, whose drives have not been written to; fd0 has a medium."""

import gzip
import hashlib
import re
import struct
import subprocess
import sys
import zlib

PAGE, CHUNK, LOCATOR, HEADER = 4096, 65536, 65, bytes.fromhex("1f8b08000000000000ff")
LINE = "page {area} {first} {count} {readable} {file} {offset} {length} {size} {skip} {digest}\n"


def member(data, header=HEADER):
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    return header + deflate.compress(data) + deflate.flush() + struct.pack("<II", zlib.crc32(data), len(data))


def locator(at, what=b"snapshot"):
    return HEADER[:3] + b"\x10" + HEADER[4:] + b"muniment %s 0, text at %015d\0" % (what, at) + bytes([3]) + bytes(9)


class Snapshot:
    """The parts of a snapshot: the chunks as gzip members, and runs of pages, each with the number of its chunk."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        at = int(data[39:54])
        text = gzip.decompress(data[at:]).decode("ascii")
        self.head, self.state, pages = text.split("\n\n")
        self.runs, self.chunks, places = [], [], {}
        for words in (line.split(" ") for line in pages.splitlines()[:-1]):
            offset, length = int(words[6]), int(words[7])
            if offset not in places:
                places[offset] = len(self.chunks)
                self.chunks.append(data[offset:offset + length])
            self.runs.append({"area": words[1], "first": int(words[2]), "count": int(words[3]), "readable": words[4],
                              "file": ".", "chunk": places[offset], "skip": int(words[9])})
        self.locator, self.gap, self.end, self.edit, self.member = locator, b"", b"", lambda text: text, member

    def content(self, chunk):
        return zlib.decompress(self.chunks[chunk], wbits=31)

    def add(self, data, **run):
        """A page of a drive, or of another area, with a chunk of its own."""
        self.chunks.append(member(data))
        self.runs.append({"area": "fd0", "first": 0, "count": 1, "readable": "11111111", "file": ".", "skip": 0,
                          "chunk": len(self.chunks) - 1, **run})

    def write(self, path):
        places, at = [], LOCATOR
        for chunk in self.chunks:
            places.append(at)
            at += len(chunk)
        lines = ""
        for run in self.runs:
            chunk = run["chunk"]
            content = self.content(chunk)
            lines += LINE.format(**{"offset": places[chunk], "length": len(self.chunks[chunk]), "size": len(content),
                                    "digest": hashlib.sha256(content).hexdigest(), **run})
        text = self.edit(f"{self.head}\n\n{self.state}\n\n{lines}end\n").encode("latin-1")
        body = b"".join(self.chunks) + self.gap
        text = b"".join(self.member(text[i:i + CHUNK]) for i in range(0, len(text), CHUNK))
        with open(path, "wb") as file:
            file.write(self.locator(LOCATOR + len(body)) + body + text + self.end)


def text(pattern, by):
    """The text with the first match replaced."""
    def change(s):
        s.edit = lambda text: re.sub(pattern, by, text, count=1, flags=re.M)
        assert s.edit(f"{s.head}\n\n{s.state}\n\n") != f"{s.head}\n\n{s.state}\n\n", pattern
    return change


def run(number, **values):
    return lambda s: s.runs[number].update(values)


def put(**values):
    return lambda s: s.__dict__.update(values)


def add(data=b"\1" * PAGE, **values):
    return lambda s: s.add(data, **values)


def swap(s):
    s.runs[0], s.runs[1] = s.runs[1], s.runs[0]


def exchange(s):
    """The chunks, whose lines stay in order."""
    s.chunks[0], s.chunks[1] = s.chunks[1], s.chunks[0]
    for r in s.runs:
        r["chunk"] = {0: 1, 1: 0}.get(r["chunk"], r["chunk"])


def longer(s):
    s.chunks[0] += bytes(1)


def damaged_header(s):
    s.chunks[0] = s.chunks[0][:9] + b"\3" + s.chunks[0][10:]


def part(s):
    """The last chunk with half a page more."""
    last = len(s.chunks) - 1
    s.chunks[last] = member(s.content(last)[:15 * PAGE] + bytes(PAGE // 2))


def big(s):
    s.chunks[0] = member(s.content(0) + bytes(PAGE))


def everything_twice(s):
    s.runs.insert(1, dict(s.runs[0]))


HEAD, LINES = "is not as version 0 of snapshots has it (head)", "is not as it must be (page line "
NONE, PLACE, UNFIT = "is not a snapshot", "its chunks do not fill the file", "does not have the digest"
VALUE = "has a value that is not written as it must be"
DRIVE = "cannot take what was written to it (fd0)"
ZERO = "0" * 64
CASES = [
    ("S-1", put(gap=member(bytes(PAGE))), PLACE),
    ("S-1", put(gap=bytes(10)), PLACE),
    ("S-2", big, LINES),
    ("S-2", put(member=lambda data: member(data + b"x" * CHUNK)), "a chunk "),
    ("S-3", put(locator=lambda at: locator(at, b"snapshat")), NONE),
    ("S-3", put(locator=lambda at: locator(at)[:60] + b"\1" + locator(at)[61:]), NONE),
    ("S-3", put(locator=lambda at: locator(10 ** 14)), NONE),
    ("S-4", part, LINES),
    ("S-5", exchange, PLACE),
    ("S-6", put(end=member(b"x")), LINES),
    ("S-6", put(end=bytes(1)), "a chunk "),
    ("S-7", damaged_header, "a chunk has a wrong gzip header"),
    ("S-7", put(member=lambda data: member(data, HEADER[:9] + b"\3")), "a chunk has a wrong gzip header"),
    ("S-8", text("^muniment-snapshot", "muniment-sn\xe4pshot"), "other characters than those of ASCII"),
    ("S-8", text("^muniment-snapshot", "muniment-sn\0pshot"), "other characters than those of ASCII"),
    ("S-9", text("^muniment-snapshot: 0", "muniment-snapshot: 1"), HEAD),
    ("S-9", text("^medium fd1: none\n", ""), HEAD),
    ("S-9", text("^(medium fd1: none\n)", r"\1\1"), HEAD),
    ("S-9", text("^(medium fd1.*\n)(medium hd0.*\n)", r"\2\1"), HEAD),
    ("S-9", text("\n\ntick", "\ntick"), HEAD),
    ("S-9", put(edit=lambda text: text[:-4]), LINES),
    ("S-10", text("^digest: [0-9a-f]", "digest: A"), HEAD),
    ("S-10", text("^hardware: [0-9a-f]", "hardware: "), HEAD),
    ("S-11", put(edit=lambda text: re.sub("^(page ram )", r"\g<1>0", text, count=1, flags=re.M)), LINES),
    ("S-11", text("^digest: ", f"overlay fd0: 00 0 {ZERO}\ndigest: "), HEAD),
    ("S-11", text("^tick = ", "tick = 0"), VALUE),
    ("S-12", text("^machine: 0", "machine: 1"), HEAD),
    ("S-12", text("^machine-root: none", f"machine-root: {ZERO}"), f"is of the machine {ZERO}"),
    ("S-12", text("^hardware: .*", f"hardware: {ZERO}"), "is of a machine with another manifest or firmware"),
    ("S-13", text("^medium fd0: .*", f"medium fd0: {ZERO}"), f"the medium of this drive has the SHA-256 {ZERO}"),
    ("S-13", text("^medium fd0: .*", "medium fd0: none"), "this drive is empty in it"),
    ("S-13", text("^medium fd0: .*", "medium fd0: sealed"), "this drive has the sealed medium in it"),
    ("S-14", text("^digest: ", f"overlay fd0: 2 1 {ZERO}\ndigest: "), HEAD),
    ("S-15", text("^digest: ", f"overlay fd1: 0 1 {ZERO}\ndigest: "), HEAD),
    ("S-16", text("^digest: ", f"overlay fd0: 1 1 {ZERO}\ndigest: "), "ran over an overlay that held 1 records"),
    ("S-17", text("^digest: .*", f"digest: {ZERO}"), UNFIT),
    ("S-18", text("^cpu.cr2 = .*\n", ""), "is missing (cpu.cr2)"),
    ("S-18", text("^(cpu.cr2 = .*\n)", r"\1\1"), "is there twice, or out of order (cpu.cr2)"),
    ("S-18", text("^cpu.cr2 =", "cpu.cr8 ="), "is no field of this machine (cpu.cr8)"),
    ("S-18", text("^cpu.cr2 = ", "cpu.cr2 =  "), " (cpu.cr2)"),
    ("S-19", text("^cpu.cr2 = 0x", "cpu.cr2 = 0x0"), f"{VALUE} (cpu.cr2)"),
    ("S-19", text("^rtc.update_due_at = .*", "rtc.update_due_at = Never"), " (rtc.update_due_at)"),
    ("S-20", text("^cpu.cpl = .*", "cpu.cpl = 0x04"), "is out of range (cpu.cpl)"),
    ("S-21", text("^rtc.update_due_at = .*", "rtc.update_due_at = 17"), "was due before the tick of the state (rtc.up"),
    ("S-22", swap, LINES),
    ("S-22", lambda s: s.add(bytes(PAGE), area="ram", first=300), LINES),
    ("S-23", everything_twice, LINES),
    ("S-24", run(-1, first=10 ** 6), "has a page past its end"),
    ("S-24", add(first=10 ** 6), "has a page past its end (fd0)"),
    ("S-24", add(area="hd0"), "has a page past its end (hd0)"),
    ("S-24", add(area="hd4"), LINES),
    ("S-25", longer, "a chunk is not as long as it should be"),
    ("S-26", run(0, size=15 * PAGE), "a chunk is not as large as it should be"),
    ("S-27", run(0, digest=ZERO), "a chunk does not match its digest"),
    ("S-28", run(0, count=0), LINES),
    ("S-28", run(0, skip=16), LINES),
    ("S-28", run(-1, count=17), LINES),
    ("S-29", run(0, file="../x"), LINES),
    ("S-29", run(0, file=".x"), LINES),
    ("S-29", run(0, file="x:y"), LINES),
    ("S-30", add(), UNFIT),
    ("S-31", run(0, readable="1111111"), LINES),
    ("S-31", run(0, readable="111111112"), LINES),
    ("S-31", run(0, readable="11111112"), LINES),
    ("S-32", add(readable="01111111"), DRIVE),
    ("S-32", add(readable="11111110"), DRIVE),
    ("S-30", add(bytes(512) + b"\1" * (PAGE - 512), readable="01111111"), UNFIT), # what S-32 asks for
    ("S-33", add(bytes(PAGE), readable="00000000"), LINES),
    ("S-34", run(0, readable="11111110"), "has a page that cannot be read"),
]


def resumed(muniment, manifest, tick):
    return subprocess.run([muniment, "boot", manifest, "--resume", "broken.snap", "--until", f"tick:{tick}"],
                          capture_output=True, text=True, errors="replace")


def main(muniment, manifest, path):
    Snapshot(path).write("broken.snap")
    tick = int(re.search(r"^tick = (\d+)", Snapshot(path).state)[1]) + 1000
    good = resumed(muniment, manifest, tick)
    failures = [] if good.returncode == 0 else [f"a snapshot that breaks no rule: {good.returncode} {good.stderr}"]
    for rule, change, message in CASES:
        snapshot = Snapshot(path)
        change(snapshot)
        snapshot.write("broken.snap")
        result = resumed(muniment, manifest, tick)
        if result.returncode != 3 or message not in result.stderr:
            failures.append(f"{rule}: exit status {result.returncode}, no {message!r}: {result.stderr}")
    print("\n".join(failures + [f"{len(CASES)} snapshots that break a rule, {len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 4 else __doc__)
