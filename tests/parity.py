#!/usr/bin/env python3
"""parity.py - a second reader and writer of parity files, from spec/parity.md alone.

    parity.py check FILE PARITY        every record is what the file leads to
    parity.py mend FILE PARITY NEW     mends FILE to NEW; status 1: not all of it
"""
import hashlib
import struct
import sys


def multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


TIMES = [bytes(multiply(a, b) for b in range(256)) for a in range(256)]
INVERSE = [0] + [TIMES[a].index(1) for a in range(1, 256)]


def factor(check, row):
    return INVERSE[(255 - check) ^ row]


def add(rows, size):
    """The sum of factor times row over (factor, row)."""
    total = 0
    for by, row in rows:
        total ^= int.from_bytes(row.translate(TIMES[by]), "big")
    return total.to_bytes(size, "big")


def short(data):
    return hashlib.sha256(data).digest()[:16]


def solve(rows, checks, size):
    """Fills in the rows that are None, from {check row: its sum}; false: there are too few."""
    lost = [i for i, row in enumerate(rows) if row is None]
    if len(lost) > len(checks):
        return False
    chosen = sorted(checks)[:len(lost)]
    known = [(i, row) for i, row in enumerate(rows) if row is not None]
    system = [([factor(j, i) for i in lost], add([(1, checks[j])] + [(factor(j, i), row) for i, row in known], size)) for j in chosen]
    for column in range(len(lost)):
        at = next(n for n in range(column, len(lost)) if system[n][0][column])
        system[column], system[at] = system[at], system[column]
        for n, (line, data) in enumerate(system):
            by = TIMES[line[column]][INVERSE[system[column][0][column]]] if n != column else 0
            if by:
                pivot = system[column]
                system[n] = [a ^ TIMES[by][b] for a, b in zip(line, pivot[0])], add([(1, data), (by, pivot[1])], size)
    for n, i in enumerate(lost):
        rows[i] = system[n][1].translate(TIMES[INVERSE[system[n][0][n]]])
    return True


class Parity:
    def __init__(self, data):
        at = data.index(b"MUNPAR0\n")
        self.rows, self.checks, shift, _, check, self.size, column = struct.unpack_from("<BBBBIQQ", data, at + 8)
        self.identity, self.block = data[at + 32:at + 48], 1 << shift
        self.columns = -(-self.size // (self.rows * self.block))
        self.shares = (self.checks + 1) // 2
        self.share = -(-16 * self.rows // self.shares)
        self.record = 64 + self.share + self.block
        self.data = data

    def head(self, check, column):
        return b"MUNPAR0\n" + struct.pack("<BBBBIQQ", self.rows, self.checks, self.block.bit_length() - 1, 0, check, self.size,
                                          column) + self.identity

    def records(self, column):
        """{check row: (share, block)} of the whole records of a column"""
        found = {}
        for check in range(self.checks):
            at = 512 + (check * self.columns + column) * self.record
            record = self.data[at:at + self.record]
            if record[:48] == self.head(check, column) and record[48:64] == short(record[:48] + record[64:]):
                found[check] = record[64:64 + self.share], record[64 + self.share:]
        return found

    def places(self, column):
        return [(row * self.columns + column) * self.block for row in range(self.rows)]

    def blocks(self, data, column):
        return [data[at:min(at + self.block, self.size)].ljust(self.block, b"\0") for at in self.places(column)]


def check(path, parity):
    data, p = open(path, "rb").read(), Parity(open(parity, "rb").read())
    if len(data) != p.size or len(p.data) != 512 + p.checks * p.columns * p.record:
        return "has another size"
    for column in range(p.columns):
        blocks, records = p.blocks(data, column), p.records(column)
        table = b"".join(short(block) for block in blocks).ljust(p.shares * p.share, b"\0")
        shares = [table[i * p.share:(i + 1) * p.share] for i in range(p.shares)]
        for j in range(p.checks):
            share = shares[j] if j < p.shares else add([(factor(j, i), s) for i, s in enumerate(shares)], p.share)
            block = add([(factor(j, i), b) for i, b in enumerate(blocks)], p.block)
            if records.get(j) != (share, block):
                return f"record of check row {j}, column {column} is not what it must be"
    return None


def mend(path, parity, new):
    data, p = open(path, "rb").read(), Parity(open(parity, "rb").read())
    out, whole = bytearray(data[:p.size].ljust(p.size, b"\0")), True
    for column in range(p.columns):
        records = p.records(column)
        shares = [records[i][0] if i in records else None for i in range(p.shares)]
        if not solve(shares, {j: r[0] for j, r in records.items() if j >= p.shares}, p.share):
            whole = False
            continue
        table = b"".join(shares)
        wanted = [table[16 * i:16 * i + 16] for i in range(p.rows)]
        blocks = [block if short(block) == digest else None for block, digest in zip(p.blocks(data, column), wanted)]
        if not solve(blocks, {j: r[1] for j, r in records.items()}, p.block):
            whole = False
            continue
        for at, block, digest in zip(p.places(column), blocks, wanted):
            if short(block) == digest:
                out[at:min(at + p.block, p.size)] = block[:max(0, p.size - at)]
            else:
                whole = False
    open(new, "wb").write(out)
    return None if whole else "not all of it could be mended"


fault = {"check": check, "mend": mend}[sys.argv[1]](*sys.argv[2:])
if fault:
    sys.exit(f"{sys.argv[2]}: {fault}")
