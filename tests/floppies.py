#!/usr/bin/env python3
"""floppies.py - writes floppies as ImageDisk, Teledisk and CopyQM keep them, from a raw image of 2 heads.

    floppies.py imd|imd-96|td0|td0-96|td0-packed|cqm RAW SECTORS OUT [BAD ...]

-96: a disk of 48 tracks to the inch, read in a drive of 96 (its steps between are empty in one, and the same once more in the other).
SECTORS to the track. BAD: sectors, counted from 0, that are written as read with an error (imd, td0), or, with a minus
sign before it, as not read. Written from the descriptions that the readers in formats/images/ name; all ways in which a
sector can be packed come up. LIBDSK's dsktrans reads them as well.
"""
import struct
import sys

SECTOR = 512


def tracks(raw, per_track):
    """(cylinder, head, sectors) in order."""
    for first in range(0, len(raw), per_track * SECTOR):
        number = first // (per_track * SECTOR)
        yield number // 2, number % 2, [raw[at:at + SECTOR] for at in range(first, first + per_track * SECTOR, SECTOR)]


def order(count, cylinder):
    """The numbers of a track's sectors as they pass, with an interleave of 2 on odd cylinders."""
    return [1 + n for n in range(count)] if cylinder % 2 == 0 else [1 + n for n in [*range(0, count, 2), *range(1, count, 2)]]


def imd(raw, per_track, bad, steps=1):
    out = bytearray(b'IMD 1.18: 02/11/1998 09:10:11\r\nLand registry\r\ndisk 4\r\n\x1a')
    for cylinder, head, sectors in tracks(raw, per_track):
        ids = order(per_track, cylinder)
        maps = cylinder == 3 or steps == 2
        if steps == 2 and cylinder and head == 0:
            out += bytes([0, 2 * cylinder - 1, 0, 0, 0, 0, 2 * cylinder - 1, 1, 0, 0])
        out += bytes([3 if per_track > 11 else 5, steps * cylinder, head | (0xC0 if maps else 0), per_track, 2]) + bytes(ids)
        if maps:
            out += bytes([cylinder] * per_track) + bytes([head] * per_track)
        for one in ids:
            data, number = sectors[one - 1], (cylinder * 2 + head) * per_track + one - 1
            kind = 5 if number in bad else 3 if number % 97 == 5 else 1
            if -number in bad:
                out += b'\0'
            elif len(set(data)) == 1:
                out += bytes([kind + 1, data[0]])
            else:
                out += bytes([kind]) + data
    return out


def crc16_of(byte):
    crc = byte << 8
    for _ in range(8):
        crc = crc << 1 ^ 0xA097 if crc & 0x8000 else crc << 1
    return crc & 0xFFFF


CRC16 = [crc16_of(byte) for byte in range(256)]


def crc16(data):
    crc = 0
    for byte in data:
        crc = crc << 8 & 0xFFFF ^ CRC16[crc >> 8 ^ byte]
    return crc


def pack_sector(data):
    if data == data[:2] * (SECTOR // 2):
        return b'\1' + struct.pack('<H', SECTOR // 2) + data[:2]
    half = data[:4] == data[4:8]
    runs, at = bytearray(b'\2'), 0
    while at < SECTOR and half:
        count = 1
        while at + 4 * count + 4 <= SECTOR and count < 255 and data[at:at + 4] == data[at + 4 * count:at + 4 * count + 4]:
            count += 1
        if count > 1:
            runs += bytes([2, count]) + data[at:at + 4]
            at += 4 * count
        else:
            length = min(200, SECTOR - at)
            runs += bytes([0, length]) + data[at:at + length]
            at += length
    return bytes(runs) if half and len(runs) <= SECTOR else b'\0' + data


def td0(raw, per_track, bad, steps=1):
    head = bytes([0, 0, 21, 2 if per_track > 11 else 0, 4, 0x80, 0, 2])
    comment = b'Land registry\0disk 4\0'
    when = struct.pack('<H', len(comment)) + bytes([98, 10, 2, 9, 10, 11])
    body = bytearray(struct.pack('<H', crc16(when + comment)) + when + comment)
    for step, cylinder, side, sectors in [(s, *t) for t in tracks(raw, per_track) for s in range(steps)]:
        ids = order(per_track, cylinder)
        start = bytes([per_track + (cylinder == 2), steps * cylinder + step, side])
        body += start + bytes([crc16(start) & 0xFF])
        for one in ids:
            data, number = sectors[one - 1], (cylinder * 2 + side) * per_track + one - 1
            flags = 2 if number in bad else 0x20 if -number in bad else 0
            body += bytes([cylinder, side, one, 2, flags, crc16(data) & 0xFF])
            if flags != 0x20:
                packed = pack_sector(data)
                body += struct.pack('<H', len(packed)) + packed
        if cylinder == 2: # the same sector once more
            packed = b'\0' + sectors[0]
            body += bytes([cylinder, side, 1, 2, 1, crc16(sectors[0]) & 0xFF]) + struct.pack('<H', len(packed)) + packed
    return head, bytes(body + b'\xff\0\0\0')


class Huffman:
    """The adaptive code of LZHUF: the writer's half."""
    SYMBOLS = 314
    NODES = 2 * SYMBOLS - 1

    def __init__(self):
        n, t = self.SYMBOLS, self.NODES
        self.freq = [1] * n + [0] * (t - n) + [0xFFFF]
        self.son = [i + t for i in range(n)] + [0] * (t - n)
        self.prnt = [0] * (t + n)
        for i in range(n):
            self.prnt[i + t] = i
        for j, i in zip(range(n, t), range(0, t, 2)):
            self.freq[j] = self.freq[i] + self.freq[i + 1]
            self.son[j] = i
            self.prnt[i] = self.prnt[i + 1] = j
        self.bits = []

    def rebuild(self):
        n, t = self.SYMBOLS, self.NODES
        leaves = [((self.freq[i] + 1) // 2, self.son[i]) for i in range(t) if self.son[i] >= t]
        for j, i in zip(range(n, t), range(0, t, 2)):
            total = leaves[i][0] + leaves[i + 1][0]
            k = j
            while k and total < leaves[k - 1][0]:
                k -= 1
            leaves.insert(k, (total, i))
        self.freq[:t], self.son = [f for f, _ in leaves], [s for _, s in leaves]
        for i in range(t):
            self.prnt[self.son[i]] = i
            if self.son[i] < t:
                self.prnt[self.son[i] + 1] = i

    def put(self, symbol):
        t, code, k = self.NODES, [], self.prnt[symbol + self.NODES]
        while k != t - 1:
            code.append(k & 1)
            k = self.prnt[k]
        self.bits += code[::-1]
        if self.freq[t - 1] == 0x8000:
            self.rebuild()
        freq, son, prnt = self.freq, self.son, self.prnt
        c = prnt[symbol + t]
        while True:
            freq[c] = k = freq[c] + 1
            other = c + 1
            if k > freq[other]:
                while k > freq[other + 1]:
                    other += 1
                freq[c], freq[other] = freq[other], k
                son[c], son[other] = son[other], son[c]
                for node in (c, other):
                    prnt[son[node]] = node
                    if son[node] < t:
                        prnt[son[node] + 1] = node
                c = other
            if c == t - 1:
                return
            c = prnt[c]

    def put_distance(self, distance):
        upper, first, value, counts = distance >> 6, 0, 0, [1, 3, 8, 12, 24, 16]
        for length, count in enumerate(counts, 3):
            if upper < value + count:
                code = first + upper - value
                self.bits += [code >> n & 1 for n in range(length - 1, -1, -1)]
                break
            first, value = (first + count) << 1, value + count
        self.bits += [distance >> n & 1 for n in range(5, -1, -1)]


def lzhuf(data):
    code, at, seen = Huffman(), 0, {}
    while at < len(data):
        best, where = 0, 0
        for start in seen.get(data[at:at + 3], [])[-8:]:
            length, most = 3, min(60, len(data) - at)
            if data[start:start + most] == data[at:at + most]:
                length = most
            while length < most and data[start + length] == data[at + length]:
                length += 1
            if at - start <= 4095 and length > best:
                best, where = length, start
        if at == 0 and data.startswith(b'   '):
            best, where = 3, -1
        if best >= 3:
            code.put(best + 253)
            code.put_distance(at - where - 1)
        else:
            code.put(data[at])
            best = 1
        for n in range(at, at + best):
            seen.setdefault(data[n:n + 3], []).append(n)
        at += best
    bits = code.bits + [0] * (-len(code.bits) % 8)
    return int(''.join(map(str, bits)), 2).to_bytes(len(bits) // 8, 'big')


def cqm(raw, per_track):
    heads, comment = 2, b'Land registry, disk 4'
    cylinders = len(raw) // (per_track * SECTOR * heads)
    used = len(raw.rstrip(b'\0')) // (per_track * SECTOR * heads) + 1
    used = min(used, cylinders)
    data = raw[:used * per_track * SECTOR * heads]
    crc = 0
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0xEDB88320 if n & 1 else 0)
        table.append(n)
    for byte in data:
        crc = table[(crc ^ byte) & 0x3F] ^ crc >> 8
    head = bytearray(133)
    head[:3] = b'CQ\x14'
    struct.pack_into('<HBHBHHBHHH', head, 3, SECTOR, 1, 1, 2, 224, len(raw) // SECTOR, 0xF0, 9, per_track, heads)
    head[0x1C:0x1C + 13] = b'Land registry'
    head[0x58:0x5C] = bytes([0, per_track > 11, used, cylinders])
    struct.pack_into('<I', head, 0x5C, crc)
    struct.pack_into('<H', head, 0x6F, len(comment))
    head[132] = -sum(head[:132]) & 0xFF
    out, at, literal = bytearray(head + comment), 0, bytearray()

    def flush():
        if literal:
            out.extend(struct.pack('<h', len(literal)) + literal)
            literal.clear()
    while at < len(data):
        run = 1
        while at + run < len(data) and run < 32767 and data[at + run] == data[at]:
            run += 1
        if run > 3:
            flush()
            out += struct.pack('<hB', -run, data[at])
        else:
            literal += data[at:at + run]
            if len(literal) > 32000:
                flush()
        at += run
    flush()
    return out


def main():
    kind, raw, per_track, out = sys.argv[1], open(sys.argv[2], 'rb').read(), int(sys.argv[3]), sys.argv[4]
    bad = set(map(int, sys.argv[5:]))
    steps = 2 if kind.endswith('-96') else 1
    if kind.startswith('imd'):
        made = imd(raw, per_track, bad, steps)
    elif kind == 'cqm':
        made = cqm(raw, per_track)
    else:
        head, body = td0(raw, per_track, bad, steps)
        head = (b'td' if kind == 'td0-packed' else b'TD') + head
        made = head + struct.pack('<H', crc16(head)) + (lzhuf(body) if kind == 'td0-packed' else body)
    open(out, 'wb').write(made)


main()
