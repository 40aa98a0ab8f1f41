"""forge.py - a second writer of archives, from spec/archive.md alone, which can break one rule at a time. For tests.

    forge.py FILE.mun KEY OUT.mun [MEMBER=FILE ...]     writes FILE.mun again with other members

Everything that follows from something else is computed anew, and signed again by the key that is given, so that an
archive is wrong in one place and its digests and its signature are right. What is computed can be changed on its way:
`change` maps the name of a member, or one of the names below, to a function from the right bytes to the wrong ones;
what depends on it then follows from the wrong ones.

    header:NAME  padding:NAME  end     of the tar file
    digest:SLOT  root:SLOT  roots:SLOT of the chunks in a map; of a disk; of its extents, joined
    content-head signature             content.txt as far as the machine-root; 64 bytes

`missing` are members that are left out where they would be written. A member may be there twice: what follows a NUL in
a name is not written."""

import base64
import functools
import hashlib
import itertools
import os
import re
import subprocess
import sys
import tempfile
import zlib

BLOCK, CHUNK, EXTENT_CHUNKS = 512, 65536, 1024
EXTENT = CHUNK * EXTENT_CHUNKS
ZEROS = bytes(CHUNK)
GZIP_HEADER = bytes.fromhex("1f8b08000000000000ff")
EVIDENCE = "evidence/00000000/"
SLOTS = ("fd0", "fd1", "hd0", "hd1", "hd2", "hd3")


def sha256(data):
    return hashlib.sha256(data).digest()


chunk_digest = functools.lru_cache(sha256)


def hexadecimal(data):
    return hashlib.sha256(data).hexdigest()


def padded(size):
    return (size + BLOCK - 1) // BLOCK * BLOCK


def tar_header(name, size):
    head = bytearray(BLOCK)
    for at, text in ((0, name.encode()), (100, b"0000644"), (108, b"0000000"), (116, b"0000000"),
                     (124, b"%011o" % size), (136, b"0" * 11), (156, b"0"), (257, b"ustar\0" b"00"),
                     (329, b"0000000"), (337, b"0000000")):
        head[at:at + len(text)] = text
    return refresh(bytes(head))


def refresh(header):
    """The header with the checksum that its other bytes ask for."""
    head = header[:148] + b" " * 8 + header[156:]
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


@functools.lru_cache
def gzip_chunk(data, level=6):
    z = zlib.compressobj(level, zlib.DEFLATED, -15)
    trailer = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return GZIP_HEADER + z.compress(data) + z.flush() + trailer


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:]))


def plain(name):
    return name.split("\0")[0]


def tar_members(data):
    """{name: bytes} of a tar file, in order."""
    offset, found = 0, {}
    while data[offset]:
        name, size = data[offset:offset + 100].rstrip(b"\0").decode(), int(data[offset + 124:offset + 135], 8)
        found[name] = data[offset + BLOCK:offset + BLOCK + size]
        offset += BLOCK + padded(size)
    return found


@functools.lru_cache
def chunks_of(image):
    chunks = (image[at:at + CHUNK] for at in range(0, len(image), CHUNK))
    return tuple(ZEROS if chunk == ZEROS else chunk for chunk in chunks)  # one object, which is soon compared


@functools.lru_cache
def read_archive(path, changed):
    """The members of an archive, and (image, unreadable sectors) of its disks. changed: when it was, lest another be taken for it."""
    with open(path, "rb") as file:
        members, disks = tar_members(file.read()), {}
    for slot, size in re.findall(r"^disk: (\w+) (\d+) ", members["seal.txt"].decode(), re.M):
        image = bytearray(int(size))
        for name in members:
            if re.fullmatch(rf"disk/{slot}/\d+\.gz", name):
                at, data = int(name[9:17]) * EXTENT, members[name]
                while data:
                    z = zlib.decompressobj(31)
                    chunk, data = z.decompress(data), z.unused_data or b""
                    image[at:at + len(chunk)] = chunk
                    at += len(chunk)
        disks[slot] = bytes(image), members[f"disk/{slot}.unreadable"]
    return members, disks


class Disk:
    def __init__(self, image, unreadable=b""):
        self.size, self.unreadable = len(image), unreadable
        self.chunks = list(chunks_of(image))
        self.stored = set()    # extents that have members although they are zeros
        self.gzip = lambda number, chunk: gzip_chunk(chunk)
        self.map_first = False # a map comes before its extent
        self.inherited = {}    # chunks that are the parent's: number to "OFFSET LENGTH"
        self.inherited_extents = set()

    @property
    def image(self):
        return b"".join(self.chunks)


class Forger:
    """Reads an archive; `write` writes it again, as it is or as `change` and the other fields say."""

    def __init__(self, path, key):
        members, disks = read_archive(path, os.stat(path).st_mtime_ns)
        self.key, self.change, self.missing = key, {}, set()
        self.parent, self.changes = None, []  # machine-root and digest of content.txt; lines about changes
        root = re.search(rb"machine-root: (\w+)", members["content.txt"])[1].decode()
        self.own = root, hexadecimal(members["content.txt"])  # what names the archive as a parent
        self.given = {name: data for name, data in members.items()  # what nothing follows from
                      if not re.match(r"disk/|content|SHA256|seal|evidence|source|000", name)}
        self.readme = members["000-README.txt"]
        self.compressor = re.search(rb"software: .*\ncompressor: .*\n", members["seal.txt"])[0].decode()
        self.key_pem = members[EVIDENCE + "key.pub"]
        self.der = base64.b64decode(b"".join(self.key_pem.splitlines()[1:-1]))
        self.disks = {slot: Disk(*disk) for slot, disk in disks.items()}

    def edit(self, name, old, new):
        """Changes a text: the first match of `old`, which must be there, becomes `new`."""
        def replace(data):
            changed, count = re.subn(old, new, data, count=1)
            assert count == 1, (name, old)
            return changed
        self.change[name] = replace

    def wrong(self, name, data):
        return self.change.get(name, lambda same: same)(data)

    def sign(self, statement):
        with tempfile.NamedTemporaryFile() as file:
            file.write(statement)
            file.flush()
            return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", file.name],
                                  check=True, capture_output=True).stdout

    def add(self, name, data):
        return self.put(name, self.wrong(name, data))

    def put(self, name, data):
        if name in self.missing:
            return data
        self.offsets[name] = self.at + BLOCK
        self.at += BLOCK + padded(len(data))
        self.members[name] = data
        return data

    def add_disk(self, slot, disk):
        digests = [chunk_digest(chunk) for chunk in disk.chunks]
        digests[0] = self.wrong(f"digest:{slot}", digests[0])
        parts = [range(at, min(at + EXTENT_CHUNKS, len(digests))) for at in range(0, len(digests), EXTENT_CHUNKS)]
        roots = b"".join(root_of([sha256(b"\0" + digests[i]) for i in part]) for part in parts)
        roots, top = self.wrong(f"roots:{slot}", roots), ""
        roots = [roots[at:at + 32] for at in range(0, len(roots), 32)]
        for extent, part in enumerate(parts):
            if extent not in disk.stored and all(disk.chunks[i] == ZEROS[:len(disk.chunks[i])] for i in part):
                top += f"{extent:08d} z {0:015d} {0:09d} {'0' * 64} {roots[extent].hex()}\n"
                continue
            if extent in disk.inherited_extents:
                top += f"{extent:08d} p {0:015d} {0:09d} {'0' * 64} {roots[extent].hex()}\n"
                continue
            name, gz, lines = f"disk/{slot}/{extent:08d}", b"", ""
            for number, i in enumerate(part):
                if i in disk.inherited:
                    lines += f"{number:04d} p {disk.inherited[i]} {digests[i].hex()}\n"
                    continue
                member = disk.gzip(i, disk.chunks[i])
                lines += f"{number:04d} d {len(gz):08d} {len(member):06d} {digests[i].hex()}\n"
                gz += member
            gz, lines = self.wrong(name + ".gz", gz), self.wrong(name + ".map", lines.encode())
            members = [(name + ".gz", gz), (name + ".map", lines)]
            for member, data in reversed(members) if disk.map_first else members:
                self.put(member, data)
            offset = self.offsets.get(name + ".gz", BLOCK)
            top += f"{extent:08d} d {offset:015d} {len(gz):09d} {hexadecimal(lines)} {roots[extent].hex()}\n"
        self.add(f"disk/{slot}.top", top.encode())
        self.add(f"disk/{slot}.unreadable", disk.unreadable)
        return self.wrong(f"root:{slot}", root_of(roots)).hex()

    def content(self, roots):
        digests = {name: hexadecimal(data) for name, data in self.members.items() if name == plain(name)}
        line = lambda name: f"member: {digests[name]} {name}\n" if name in digests else ""
        machine = "".join(map(line, ("machine.yaml", "firmware/system.bin", "firmware/video.bin")))
        text = "muniment-machine: 0\n" + machine + "cmos: none\n"
        for slot, root in roots.items():
            unreadable = digests.get(f"disk/{slot}.unreadable", "0" * 64)
            text += f"disk: {slot} {self.disks[slot].size:015d} {root} {unreadable}\n"
        head = self.wrong("content-head", text.encode()).decode()
        text = head + f"machine-root: {hexadecimal(head.encode())}\n"
        text += "parent: %s %s\n" % self.parent if self.parent else ""
        attested = [name for name in ("attest.txt", "attest.journal") if name in digests]
        named = ["description.yaml"] + [name for name in digests if name.startswith("docs/")] + attested
        return text + "".join(map(line, named)) + ("" if attested else "attestation: none\n")

    def one_pass(self, sealed_bytes, seal_at):
        self.members, self.offsets, self.at = {}, {}, 0
        fields = b"\nsealed-bytes: %015d\nseal-at: %015d\n" % (sealed_bytes, seal_at)
        self.add("000-README.txt", re.sub(rb"\nsealed-bytes: \d+\nseal-at: \d+\n", fields, self.readme))
        late = [name for name in self.given if name.startswith("attest")]
        for name in self.given:
            if name not in late:
                self.add(name, self.given[name])
        roots = {slot: self.add_disk(slot, self.disks[slot]) for slot in SLOTS if slot in self.disks}
        for name in late:
            self.add(name, self.given[name])
        content = self.add("content.txt", self.content(roots).encode())
        sums = "".join(f"{hexadecimal(data)}  {plain(name)}\n" for name, data in self.members.items())
        self.add("SHA256SUMS", sums.encode())
        text = "muniment-seal: 0\n" + self.compressor
        text += "parent: %s %s\n" % self.parent if self.parent else "parent: none\n"
        text += "".join(f"change: {change}\n" for change in self.changes)
        for name, data in self.members.items():
            if not re.fullmatch(r"disk/.*\.(gz|map)", name):
                text += f"member: {hexadecimal(data)} {self.offsets[name]:015d} {len(data):015d} {plain(name)}\n"
        for slot, root in roots.items():
            text += f"disk: {slot} {self.disks[slot].size:015d} {root}\n"
        seal = self.add("seal.txt", text.encode())
        self.add(EVIDENCE + "key.pub", self.key_pem)
        statement = self.wrong(EVIDENCE + "statement.txt",
                               f"muniment-evidence: 0\nprevious: none\nsigner: {hexadecimal(self.der)}\n"
                               f"member: {hexadecimal(content)} content.txt\n"
                               f"member: {hexadecimal(seal)} seal.txt\n".encode())
        self.put(EVIDENCE + "statement.sig", self.wrong("signature", self.sign(statement) if seal_at else bytes(64)))
        self.put(EVIDENCE + "statement.txt", statement)
        self.end = self.wrong("end", bytes(2 * BLOCK))
        return self.at + len(self.end), self.offsets.get("seal.txt", BLOCK) - BLOCK

    def write(self, path):
        self.one_pass(*self.one_pass(0, 0))
        with open(path, "wb") as file:
            for name, data in self.members.items():
                file.write(self.wrong("header:" + name, tar_header(plain(name), len(data))) + data)
                file.write(self.wrong("padding:" + name, bytes(padded(len(data)) - len(data))))
            file.write(self.end)


def main(arguments):
    forger = Forger(arguments[1], arguments[2])
    for argument in arguments[4:]:
        name, _, path = argument.partition("=")
        with open(path, "rb") as file:
            forger.given[name] = file.read()
        if name.startswith("source/"):  # which is left out otherwise; its place is before the manifest
            forger.given = {**dict.fromkeys(itertools.takewhile("machine.yaml".__ne__, forger.given)), name: b"", **forger.given}
    forger.write(arguments[3])


if __name__ == "__main__":
    main(sys.argv)
