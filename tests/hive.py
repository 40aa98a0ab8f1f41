#!/usr/bin/env python3
"""hive.py - registries of a Windows that never was, written from the descriptions of their formats alone.

    hive.py FILE nt|nt3|95 OEMCP ACP

nt: regf 1.3, names of one byte or two, subkeys in lf, lh, li and ri lists; nt3: regf 1.1 with its longer cells; 95: CREG with keys in two blocks. Control set 2 is
the one in use, and another says something else."""
import struct, sys

target, kind, oem, ansi = sys.argv[1:5]
many = {f"Service{i:03}": {} for i in range(40)}
codepage = {"=10000": "c_10000.nls", "=ACP": ansi, "=OEMCP": oem}
tree = {"ControlSet001": {"Control": {"Nls": {"CodePage": {"=ACP": "1252", "=OEMCP": "437"}}}}, "ControlSet002": {"Control": {"Äußeres": {}, "Nls": {"CodePage": codepage, "Language": {}}}, "Services": many},
        "Select": {"=Default": 2, "=Current": 2}, "Setup": {}}


def regf(minor):
    extra = 4 if minor <= 1 else 0
    cells, lists = bytearray(32), [0]  # the header of a bin

    def cell(content):
        at = len(cells)
        size = -(-(4 + extra + len(content)) // 8) * 8
        cells.extend(struct.pack("<i", -size) + bytes(extra) + content.ljust(size - 4 - extra, b"\0"))
        return at

    def text(name):
        wide = minor <= 1 or not name.isascii()
        return name.encode("utf-16-le" if wide else "latin-1"), wide

    def value(name, data):
        raw, wide = text(name)
        kind, content = (4, struct.pack("<I", data)) if isinstance(data, int) else (1, (data + "\0").encode("utf-16-le"))
        where = struct.unpack("<I", content)[0] if len(content) == 4 else cell(content)
        return cell(b"vk" + struct.pack("<HIIIHH", len(raw), len(content) | (1 << 31 if len(content) == 4 else 0), where, kind, 0 if wide else 1, 0) + raw)

    def key(name, content):
        children = [key(n, c) for n, c in content.items() if n[0] != "="]
        values = [value(n[1:], c) for n, c in content.items() if n[0] == "="]
        subkeys = 0xFFFFFFFF
        if len(children) > 20:
            halves = [cell(b"li" + struct.pack(f"<H{len(h)}I", len(h), *h)) for h in (children[:20], children[20:])]
            subkeys = cell(b"ri" + struct.pack("<H2I", 2, *halves))
        elif children:
            lists[0] += 1
            subkeys = cell((b"lf", b"lh")[lists[0] % 2] + struct.pack("<H", len(children)) + b"".join(struct.pack("<I4s", c, b"hash") for c in children))
        raw, wide = text(name)
        listed = cell(struct.pack(f"<{len(values)}I", *values)) if values else 0xFFFFFFFF
        return cell(b"nk" + struct.pack("<HQIIIIIIIIIIIIIIIHH", 0 if wide else 0x20, 0, 0, 0, len(children), 0, subkeys, 0xFFFFFFFF, len(values), listed, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0, 0, 0, 0,
                                         len(raw), 0) + raw)

    root = key("$$$PROTO.HIV", tree)
    cells.extend(bytes(-len(cells) % 4096))
    cells[:32] = b"hbin" + struct.pack("<II", 0, len(cells)) + bytes(20)
    header = b"regf" + struct.pack("<IIQIIIIII", 1, 1, 0, 1, minor, 0, 1, root, len(cells))
    return header.ljust(4096, b"\0") + cells


def creg():
    blocks, keys = [bytearray(32), bytearray(32)], bytearray(32)
    names = {"System": {"CurrentControlSet": {"Control": {"Nls": {"Codepage": codepage}, "Other": {}}, "Services": many}}, "Software": {}}
    numbers = [0, 0]

    def key(name, content, block):
        number = numbers[block]
        numbers[block] += 1
        values = b""
        for n, c in content.items():
            if n[0] == "=": values += struct.pack("<IIHH", 1, 0, len(n) - 1, len(c)) + n[1:].encode() + c.encode()
        count = sum(n[0] == "=" for n in content)
        record = struct.pack("<HHIHHI", number, block, 20 + len(name) + len(values), len(name), count, 0) + name.encode() + values
        blocks[block].extend(struct.pack("<I", len(record) + 4) + record)
        at = len(keys)
        keys.extend(bytes(28))
        below = siblings([(n, c) for n, c in content.items() if n[0] != "="], 1)
        return at, below, number, block

    def siblings(content, block):
        after = 0xFFFFFFFF
        for name, below in reversed(content):
            at, child, number, block = key(name, below, block)
            struct.pack_into("<IIIIIIHH", keys, at, 0, sum(name.encode()), 0xFFFFFFFF, 0, child, after, number, block)
            after = at
        return after

    top = siblings(list(names.items()), 0)
    root = len(keys)
    keys.extend(struct.pack("<IIIIIIHH", 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, top, 0xFFFFFFFF, 0xFFFF, 0xFFFF))
    keys[:12] = b"RGKN" + struct.pack("<II", len(keys), root)
    for block in blocks: block[:8] = b"RGDB" + struct.pack("<I", len(block))
    return b"CREG" + struct.pack("<IIIHH", 0x10000, 32 + len(keys), 0, 2, 0) + bytes(12) + keys + blocks[0] + blocks[1]


open(target, "wb").write(creg() if kind == "95" else regf(1 if kind == "nt3" else 3))
