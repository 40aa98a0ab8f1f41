#!/usr/bin/env python3
"""archive_flip.py - a byte flipped at random, and in every structural field, is found by `muniment verify` and located.

    archive_flip.py MUNIMENT FILE.mun [FLIPS [SEED [PART]]]

Each flip is made in a copy, and undone; a run of the command verifies many copies. Located means: a finding covers the offset of the flip. Structural
fields are those of every tar header, each padding and the end, each column of maps, tops and texts (first and last line), and header, body
and trailer of the gzip members of chunks; with PART, a PARTth of the places, which the seed chooses. Runs two at a time; 5,000 flips unless told
otherwise."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

BATCH = 16  # copies that are verified by one run

# Offsets of a ustar header at which a field begins or ends (spec/archive.md).
HEADER = (0, 50, 99, 100, 107, 108, 116, 124, 135, 136, 147, 148, 154, 155, 156, 157, 256, 257, 262, 263, 265, 296, 297, 328, 329, 337,
          345, 499, 500, 511)


def members(data):
    """(name, offset of the data, size) of each member, and the offset of the end."""
    offset, found = 0, []
    while data[offset]:
        name, size = data[offset:offset + 100].rstrip(b"\0").decode(), int(data[offset + 124:offset + 135], 8)
        found.append((name, offset + 512, size))
        offset += 512 + (size + 511) // 512 * 512
    return found, offset


def toggle(path, offset, bit):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1 << bit]))


def line_columns(text, start):
    """The offset of the first byte of each column of the first and the last line, and of its separators."""
    lines = text.split(b"\n")[:-1]
    for number in {0, len(lines) - 1} if lines else ():
        line_at = start + sum(len(line) + 1 for line in lines[:number])
        columns = [0] + [i for i, byte in enumerate(lines[number]) if byte == 0x20 or lines[number][i - 1] == 0x20]
        yield from (line_at + column for column in columns + [len(lines[number])])


def structural_offsets(data):
    found, end = members(data)
    maps = {name[:-4]: data[at:at + size] for name, at, size in found if name.endswith(".map")}
    for name, at, size in found:
        yield from (at - 512 + field for field in HEADER)
        if size % 512:
            yield from (at + size, (at + size + 511) // 512 * 512 - 1)
        if name.endswith(".gz"):
            lines = maps[name[:-3]].splitlines()
            for line in {lines[0], lines[len(lines) // 2], lines[-1]}:
                chunk, length = at + int(line[7:15]), int(line[16:22])
                yield from (chunk + i for i in (*range(11), *range(length - 8, length)))
        elif name.endswith((".map", ".top", ".unreadable", ".txt", ".journal", ".pub")) or name == "SHA256SUMS":
            yield from line_columns(data[at:at + size], at)
        elif size:
            yield from (at, at + size - 1)
    yield from (end, end + 511, end + 512, end + 1023)


class Flipper:
    def __init__(self, command, path, folder):
        self.command = command
        self.copies = SimpleQueue()
        for worker in range(os.cpu_count() or 1):
            self.copies.put([shutil.copy(path, os.path.join(folder, f"copy-{worker}-{i}.mun")) for i in range(BATCH)])

    def verify(self, *copies):
        """The exit status, and what is said of each."""
        done = subprocess.run([self.command, "verify", "--json", *copies], capture_output=True, text=True)
        try:
            answers = [json.loads(line) for line in done.stdout.splitlines()]
            assert [answer["file"] for answer in answers] == list(copies)
        except (ValueError, AssertionError, KeyError):
            answers = [{"findings": [], "verdict": (done.stdout + done.stderr).strip()}] * len(copies)
        return done.returncode, answers

    def flip(self, places):
        """What happened where a flip at (offset, bit) is not found, or not located."""
        copies = self.copies.get()
        try:
            for path, (offset, bit) in zip(copies, places):
                toggle(path, offset, bit)
            status, answers = self.verify(*copies[:len(places)])
            for path, (offset, bit) in zip(copies, places):
                toggle(path, offset, bit)
        finally:
            self.copies.put(copies)  # or the others would wait for them for ever
        return [f"byte {offset}, bit {bit}: exit status {status}, {answer['verdict']}, {answer['findings']}"
                for (offset, bit), answer in zip(places, answers)
                if status != 1 or answer["verdict"] not in ("damaged", "bad-signature") or
                not any(f["offset"] <= offset < f["offset"] + f["length"] for f in answer["findings"])]


def main(arguments):
    if len(arguments) not in (3, 4, 5, 6):
        print(__doc__, file=sys.stderr)
        return 2
    command, path = os.path.abspath(arguments[1]), arguments[2]
    flips, seed = int(arguments[3]) if len(arguments) > 3 else 5000, int(arguments[4]) if len(arguments) > 4 else 1
    with open(path, "rb") as file:
        data = file.read()
    chance = random.Random(seed)
    part = int(arguments[5]) if len(arguments) > 5 else 1
    offsets = sorted(set(structural_offsets(data)))
    structural = [(offset, chance.randrange(8)) for offset in offsets[chance.randrange(part)::part]]
    places = structural + [(chance.randrange(len(data)), chance.randrange(8)) for _ in range(flips)]
    with tempfile.TemporaryDirectory() as folder:
        flipper = Flipper(command, path, folder)
        status, answers = flipper.verify(path)
        if answers[0]["verdict"] != "unknown-signer":
            print(f"{path}: is damaged before any flip: {answers}")
            return 1
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            batches = [places[at:at + BATCH] for at in range(0, len(places), BATCH)]
            missed = [what for missed in pool.map(flipper.flip, batches) for what in missed]
    print("\n".join(missed[:50]))
    print(f"{len(structural)} structural flips of {len(offsets)} and {flips} at random (seed {seed}): {len(missed)} not found or not located")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
