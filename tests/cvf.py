#!/usr/bin/env python3
"""cvf.py - a compressed volume file of DoubleSpace or DriveSpace over the files of a folder, written from its description alone.

    cvf.py FILE FOLDER double|drive|three [HOW]

Clusters are packed by DS, JM, or SQ and JM in turn; each fourth is kept as it is. HOW: `fragments` marks one cluster of DriveSpace 3 as fragmented.
"""
import os, struct, sys, zlib

SECTOR = 512


class Bits:
    def __init__(self):
        self.value = self.count = 0

    def put(self, value, count):
        self.value |= value << self.count
        self.count += count

    def length(self, length):
        """n zeros, a one, n bits for 2 + 2^n and what follows"""
        n = (length - 2).bit_length() - 1
        self.put(0, n)
        self.put(1, 1)
        self.put(length - 2 - (1 << n), n)

    def bytes(self):
        return self.value.to_bytes((self.count + 7) // 8, "little")


def offset_jm(bits, offset):
    if offset < 64: bits.put(0, 1), bits.put(offset, 6)
    elif offset < 320: bits.put(1, 2), bits.put(offset - 64, 8)
    else: bits.put(3, 2), bits.put(offset - 320, 12)


def jm_literal(bits, byte):
    if byte < 128: bits.put(0, 1), bits.put(byte, 7)
    else: bits.put(3, 2), bits.put(byte & 127, 7)


def jm_offset(bits, offset):
    bits.put(1, 2)
    offset_jm(bits, offset)


def ds_literal(bits, byte):
    bits.put(2 if byte < 128 else 1, 2)
    bits.put(byte & 127, 7)


def ds_offset(bits, offset):
    if offset < 64: bits.put(0, 2), bits.put(offset, 6)
    elif offset < 320: bits.put(3, 3), bits.put(offset - 64, 8)
    else: bits.put(7, 3), bits.put(offset - 320, 12)


def pack_bits(data, head, literal, put_offset, shorter):
    """Each 512 bytes end with a mark, and nothing is repeated across it."""
    bits, seen, at = Bits(), {}, 0
    while at < len(data):
        limit = min(len(data), (at // SECTOR + 1) * SECTOR)
        key, length = data[at:at + 3], 0
        begin = seen.get(key)
        if begin is not None and at - begin < 4415:
            while at + length < limit and data[begin + length] == data[at + length] and length < 512 - shorter: length += 1
        if length >= 3:
            put_offset(bits, at - begin)
            bits.length(length + shorter)
        else:
            length = 1
            literal(bits, data[at])
        for i in range(at, at + length): seen[data[i:i + 3]] = i
        at += length
        if at % SECTOR == 0: put_offset(bits, 0x113F)
    return head + bits.bytes()


def sq(data):
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"SQ\0\0" + z.compress(data) + z.flush()


def pack(kind, number, data):
    if kind == "double": return pack_bits(data, b"DS\0\2", ds_literal, ds_offset, 1)
    if kind == "drive": return pack_bits(data, b"JM\0\0", jm_literal, jm_offset, 0)
    return sq(data) if number % 2 else pack_bits(data, b"JM\0\1", jm_literal, jm_offset, 0)


def entry(name, attributes, cluster, size):
    stem, _, end = (name, "", "") if name in (".", "..") else name.partition(".")
    return stem.ljust(8).encode("cp437") + end.ljust(3).encode("cp437") + bytes([attributes]) + bytes(10) + struct.pack("<HHHI", 0x6000, 0x2563, cluster, size)


class Volume:
    def __init__(self, kind):
        self.kind, self.per = kind, 64 if kind == "three" else 16
        self.clusters = {}  # number: bytes
        self.fat = [0xFFF8, 0xFFFF]

    def add(self, data):
        """the first cluster of a chain; there is room between the clusters"""
        size, first = self.per * SECTOR, 0
        for at in range(0, len(data), size):
            number = len(self.fat)
            self.clusters[number] = data[at:at + size]
            self.fat.append(0xFFFF)
            if at: self.fat[number - 1] = number
            first = first or number
        return first

    def folder(self, path, above):
        entries = []
        for name in sorted(os.listdir(path)):
            full = os.path.join(path, name)
            if os.path.isdir(full): entries.append(entry(name, 0x10, self.folder(full, True), 0))
            else:
                data = open(full, "rb").read()
                entries.append(entry(name, 0x20, self.add(data) if data else 0, len(data)))
        content = b"".join(entries)
        if not above: return content
        return self.add((entry(".", 0x10, 0, 0) + entry("..", 0x10, 0, 0) + content).ljust(SECTOR, b"\0"))


def main():
    target, source, kind = sys.argv[1:4]
    how = sys.argv[4] if len(sys.argv) > 4 else ""
    v = Volume(kind)
    root = v.folder(source, False)
    entries, offset = 512, 3
    clusters = max(len(v.fat) + 50, 4200)  # of 16 bits
    size, in_sector = (5, 102) if kind == "three" else (4, 128)
    bitfat = 1, 8
    mdfat = 9, -(-(clusters + offset) // in_sector)
    boot = mdfat[0] + mdfat[1] + 2
    fat = boot + 1, -(-clusters * 2 // SECTOR)
    root_at = fat[0] + fat[1] + 1
    data_at = root_at + entries * 32 // SECTOR + 2
    image, table, marked = bytearray(data_at * SECTOR), bytearray(mdfat[1] * SECTOR), False
    for number, data in v.clusters.items():
        whole = -(-len(data) // SECTOR)
        packed = data.ljust(whole * SECTOR, b"\0")
        other = pack(kind, number, packed)
        raw = number % 4 == 3 or -(-len(other) // SECTOR) >= whole
        kept = packed if raw else other.ljust(-(-len(other) // SECTOR) * SECTOR, b"\0")
        here, start = len(kept) // SECTOR - 1, len(image) // SECTOR - 1
        if kind == "three": value = start | here << 26 | (whole - 1) << 32 | raw << 38 | 1 << 39
        else: value = start | here << 22 | (whole - 1) << 26 | raw << 30 | 1 << 31
        if how == "fragments" and not marked and len(data) == v.per * SECTOR: value, marked = value | 1 << 25, True
        index = number + offset
        at = index // in_sector * SECTOR + index % in_sector * size
        table[at:at + size] = value.to_bytes(size, "little")
        image += kept
    total = 1 + fat[1] + entries // 16 + clusters * v.per
    first = bytearray(SECTOR)
    first[0:11] = b"\xeb\x3c\x90" + (b"MSDBL6.0" if kind == "double" else b"MSDSP6.0")
    struct.pack_into("<HBHBHHBHHHII", first, 11, SECTOR, v.per, fat[0] - boot, 1, entries, 0, 0xF8, fat[1], 17, 6, 0, total)
    second = bytes(first[:54]) + b"FAT16   " + bytes(448) + b"\x55\xaa"
    struct.pack_into("<H", first, 36, mdfat[0] - 1)
    struct.pack_into("<HHHh", first, 39, boot, root_at - boot, data_at - boot - 2, offset)
    first[51] = {"double": 0, "drive": 2, "three": 3}[kind]
    first[54:62] = b"FAT12   "  # which the description calls a lie
    struct.pack_into("<H", first, 62, 512)
    image[0:SECTOR] = first
    image[mdfat[0] * SECTOR:mdfat[0] * SECTOR + len(table)] = table
    image[boot * SECTOR:boot * SECTOR + SECTOR] = second
    image[fat[0] * SECTOR:fat[0] * SECTOR + 2 * len(v.fat)] = struct.pack(f"<{len(v.fat)}H", *v.fat)
    image[root_at * SECTOR:root_at * SECTOR + len(root)] = root
    open(target, "wb").write(image + b"MDR".ljust(SECTOR, b"\0"))


main()
