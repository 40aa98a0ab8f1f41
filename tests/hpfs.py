#!/usr/bin/env python3
"""hpfs.py - makes an image of an HPFS volume that holds a folder of this host.

    tests/hpfs.py IMAGE MIB FOLDER [RUN]

Names are in code page 850, or 852 where that cannot hold them. RUN: files lie in runs of so many sectors, with one between them, and
every 50th sector of data is a bad one that was replaced; otherwise each in one piece."""
import os
import struct
import sys

SECTOR, BLOCK, BAND = 512, 2048, 0x4000
BITMAP, CODE_PAGES, HOT_FIXES, BAD, BITMAPS, USERS, BLOCK_BITMAP, BLOCKS, BLOCKS_END = 20, 24, 28, 36, 40, 48, 56, 64, 2112
SPARES = 100


class Volume:
    def __init__(self, mib, run):
        self.sectors = mib * 2048
        self.bytes = bytearray(self.sectors * SECTOR)
        self.run, self.next, self.next_block, self.fixes = run, BLOCKS_END, BLOCKS, []
        self.taken = set(range(BLOCKS_END))

    def put(self, sector, data):
        self.bytes[sector * SECTOR:sector * SECTOR + len(data)] = data

    def take(self, count):
        first = self.next
        while any(s % BAND >= BAND - 4 for s in range(first, first + count)):
            first += 1  # the bitmaps of the odd bands
        self.next = first + count
        self.taken |= set(range(first, self.next))
        return first

    def take_block(self):
        self.next_block += 4
        assert self.next_block <= BLOCKS_END
        return self.next_block - 4

    # --- Files ---

    def put_data(self, data):
        """Returns the runs: (sector of the file, count, sector)."""
        runs, count = [], (len(data) + SECTOR - 1) // SECTOR
        for at in range(0, count, self.run or 4096):
            part = min(self.run or 4096, count - at)
            sector = self.take(part)
            self.put(sector, data[at * SECTOR:(at + part) * SECTOR])
            self.next += bool(self.run)
            runs.append((at, part, sector))
            for s in range(sector, sector + part) if self.run else ():
                if s % 50 == 0 and len(self.fixes) < SPARES:
                    instead = self.take(1)
                    self.put(instead, bytes(self.bytes[s * SECTOR:(s + 1) * SECTOR]))
                    self.put(s, b"bad sector      " * 32)
                    self.fixes.append((s, instead))
        return runs

    @staticmethod
    def node(entries, room, internal, flags=0):
        step = 8 if internal else 12
        form = "<II" if internal else "<III"
        return struct.pack("<B3xBBH", 0x80 * internal | flags, room - len(entries), len(entries), 8 + step * len(entries)) + b"".join(struct.pack(form, *e) for e in entries)

    def tree(self, runs, up):
        """The allocation tree of a fnode: eight runs, or nodes of 40, or nodes of 60 of these."""
        if len(runs) <= 8:
            return self.node(runs, 8, False)
        level, leaves = [], True
        while leaves or len(level) > 12:
            entries, level, room = (runs, [], 40) if leaves else (level, [], 60)
            for at in range(0, len(entries), room):
                part, sector = entries[at:at + room], self.take(1)
                self.put(sector, struct.pack("<III", 0x37E40AAE, sector, up) + self.node(part, room, not leaves, 0x20))
                end = part[-1][0] + part[-1][1] if leaves else part[-1][0]
                level.append((end, sector))
            leaves = False
        level[-1] = (0xFFFFFFFF, level[-1][1])
        for _, sector in level:
            self.put(sector + 0, self.bytes[sector * SECTOR:sector * SECTOR + 512])
        return self.node(level, 12, True)

    def fnode(self, sector, name, up, tree, size, folder):
        head = struct.pack("<I8xB15sI", 0xF7E40AAE, len(name), name[:15], up)
        body = bytearray(SECTOR)
        body[:len(head)] = head
        body[0x37] = folder
        body[0x38:0x38 + len(tree)] = tree
        struct.pack_into("<I", body, 0xA0, size)
        struct.pack_into("<H", body, 0xB8, 0xC4)
        self.put(sector, body)

    # --- Folders ---

    @staticmethod
    def entry(name, page, flags, attributes, fnode, size, time, down=None):
        length = (31 + len(name) + (4 if down is not None else 0) + 3) & ~3
        raw = struct.pack("<HBBIIIIIIBBB", length, flags | (4 if down is not None else 0), attributes, fnode, time, size, time, time, 0, 0, page, len(name)) + name
        raw = raw.ljust(length, b"\0")
        return raw if down is None else raw[:-4] + struct.pack("<I", down)

    def blocks(self, entries, up, down=None):
        """Puts entries into directory blocks; returns the root's sector. down: the blocks before each entry and after the last."""
        last, parts, at, room = 36, [], 0, BLOCK - 0x14
        while True:
            part, filled = [], last
            while at < len(entries):
                length = len(self.entry(*entries[at], down=0 if down else None))
                if filled + length > room:
                    break
                part.append(at)
                filled += length
                at += 1
            parts.append(part)
            if at == len(entries):
                break
            at += 1  # the entry between two blocks goes one level up
            if at == len(entries):
                parts.append([])
                break
        sectors = [self.take_block() for _ in parts]
        between = [entries[part[-1] + 1] for part in parts[:-1]]
        root = self.blocks(between, up, sectors) if between else None
        for part, sector in zip(parts, sectors):
            first = part[0] if part else len(entries)
            raw = b"".join(self.entry(*entries[i], down=down[i] if down else None) for i in part)
            raw += self.entry(b"\xff", 0, 8, 0, 0, 0, 0, down[first + len(part)] if down else None)
            self.put(sector, struct.pack("<IIIII", 0x77E40AAE, 0x14 + len(raw), root is None, up if root is None else 0, sector) + raw)
        for sector in sectors if root is not None else ():
            self.parents.append(sector)
        return root if root is not None else sectors[0]

    def put_folder(self, path, name, up, fnode):
        entries = []
        for leaf in os.listdir(path):
            try:
                raw, page = leaf.encode("cp850"), 0
            except UnicodeEncodeError:
                raw, page = leaf.encode("cp852"), 1
            entries.append((bytes(c - 32 if 97 <= c <= 122 else c for c in raw), raw, page, os.path.join(path, leaf)))
        listed = [(b"\1\1", 0, 1, 0x10, up or fnode, 0, 0)]
        for _, raw, page, where in sorted(entries):
            status, sector = os.stat(where), self.take(1)
            time = int(status.st_mtime)
            if os.path.isdir(where):
                self.put_folder(where, raw, fnode, sector)
                listed.append((raw, page, 0x40, 0x10, sector, 0, time))
                continue
            with open(where, "rb") as file:
                data = file.read()
            self.fnode(sector, raw, fnode, self.tree(self.put_data(data), sector), len(data), False)
            listed.append((raw, page, 0x40, 0x20, sector, len(data), time))
        self.parents = []
        root = self.blocks(listed, fnode)
        self.link(root)
        self.fnode(fnode, name, up or fnode, self.node([(0xFFFFFFFF, 0, root)], 8, False), 0, True)

    def link(self, block):
        """Tells the blocks below one where they hang."""
        raw, at = self.bytes[block * SECTOR:block * SECTOR + BLOCK], 0x14
        while at < struct.unpack_from("<I", raw, 4)[0]:
            length, flags = struct.unpack_from("<HB", raw, at)
            if flags & 4:
                down = struct.unpack_from("<I", raw, at + length - 4)[0]
                struct.pack_into("<I", self.bytes, down * SECTOR + 0xC, block)
                self.link(down)
            at += length

    # --- The volume ---

    def finish(self, root):
        boot = bytearray(SECTOR)
        boot[:3], boot[3:11] = b"\xeb\x3c\x90", b"OS2 20.0"
        struct.pack_into("<HBHBHHBHHHII", boot, 11, 512, 1, 1, 0, 512, 0, 0xF8, 0, 63, 16, 0, self.sectors)
        boot[0x24:0x3E] = struct.pack("<BBBI11s8s", 0x80, 0, 0x28, 0x4D756E69, b"RECORDS    ", b"HPFS    ")
        boot[510:] = b"\x55\xaa"
        self.put(0, boot)
        bands = (self.sectors + BAND - 1) // BAND
        places = [BITMAP if band == 0 else band * BAND + (BAND - 4 if band & 1 else 0) for band in range(bands)]
        for place in places:
            self.taken |= set(range(place, place + 4))
        for band, place in enumerate(places):
            bits = bytearray(BLOCK)
            for s in range(band * BAND, min(self.sectors, (band + 1) * BAND)):
                if s not in self.taken:
                    bits[s % BAND // 8] |= 1 << s % 8
            self.put(place, bits)
        self.put(BITMAPS, b"".join(struct.pack("<I", p) for p in places))
        bits = bytearray(BLOCK)
        for n in range((self.next_block - BLOCKS) // 4, (BLOCKS_END - BLOCKS) // 4):
            bits[n // 8] |= 1 << n % 8
        self.put(BLOCK_BITMAP, bits)
        self.put(16, struct.pack("<IIBBHIIIIIIIIIIIII", 0xF995E849, 0xFA53E9C5, 2, 2, 0, root, self.sectors, 0, BITMAPS, 0, BAD, 0, 0, 0, BLOCKS_END - BLOCKS, BLOCKS, BLOCKS_END - 1, BLOCK_BITMAP))
        struct.pack_into("<I", self.bytes, 16 * SECTOR + 0x60, USERS)
        spares = [instead for _, instead in self.fixes]
        self.put(HOT_FIXES, b"".join(struct.pack("<I", s) for s in [bad for bad, _ in self.fixes] + spares))
        self.put(17, struct.pack("<IIIIIIIIII", 0xF9911849, 0xFA5229C5, 4 if spares else 0, HOT_FIXES, len(spares), len(spares), 0, 0, CODE_PAGES, 2))
        pages = b"".join(struct.pack("<HHIIHH", n, page, 0, CODE_PAGES + 1, n, 0) for n, page in enumerate((850, 852)))
        self.put(CODE_PAGES, struct.pack("<IIII", 0x494521F7, 2, 0, 0) + pages)
        upper = bytes(range(128, 256))
        data = b"".join(struct.pack("<HHH", n, page, 0) + upper + b"\0\0" for n, page in enumerate((850, 852)))
        self.put(CODE_PAGES + 1, struct.pack("<II3I3H", 0x894521F7, 2, 0, 0, 0, 0x1A, 0x1A + 136, 0) + data)


def main():
    image, mib, folder = sys.argv[1:4]
    volume = Volume(int(mib), int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    root = volume.take(1)
    volume.put_folder(folder, b"", 0, root)
    volume.finish(root)
    with open(image, "wb") as file:
        file.write(volume.bytes)


main()
