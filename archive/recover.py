#!/usr/bin/env python3
"""recover.py - checks a Muniment archive and restores what is in it, with nothing but Python's standard library.

    python3 recover.py FILE.mun FOLDER

Written from spec/archive.md, independently of the program that wrote the archive. FOLDER receives the disks (fd0.img, hd0.img ...)
and every member that is not a piece of a disk, under its own name. A disk appears under its name only if each of its chunks matches
its digest and the digests lead to the root that was signed. Exit status: 0 everything is intact; 1 something is damaged (all of it is
listed, and what is intact is restored); 2 usage; 3 this is no Muniment archive; 4 FOLDER cannot be written."""

import base64
import hashlib
import os
import re
import sys
import zlib

BLOCK, CHUNK, EXTENT_CHUNKS = 512, 65536, 1024
EXTENT = CHUNK * EXTENT_CHUNKS
GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
SPKI = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of Ed25519 (RFC 8410), then the key
EVIDENCE = "evidence/00000000/"
SMALL = 1 << 28  # no member but an extent is larger
DISKS = ("fd0", "fd1", "hd0", "hd1", "hd2", "hd3")
FORM = re.compile(r"000-README\.txt|SHA256SUMS|[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*")

damage = []


def wrong(text):
    damage.append(text)
    print("DAMAGED: " + text, file=sys.stderr)


def sha256(data):
    return hashlib.sha256(data).digest()


# --- Ed25519 (RFC 8032, section 5.1) ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def point_add(p, q):
    """Extended coordinates (X, Y, Z, T); the complete formula, which serves for doubling too."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_times(n, p):
    total = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = point_add(total, p)
        p, n = point_add(p, p), n >> 1
    return total


def point_decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def signature_fits(key, signature, message):
    base = point_decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    a, r, s = point_decode(key), point_decode(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(key) != 32 or len(signature) != 64 or a is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = point_times(s, base), point_add(r, point_times(h, a))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


# --- The tar file ---


def header_of(name, size):
    """The only legal header."""
    head = name.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0"
    tail = b"0" + bytes(100) + b"ustar\0" + b"00" + bytes(64) + b"0000000\0" * 2 + bytes(155 + 12)
    return head + b"%06o\0 " % (sum(head) + 8 * 32 + sum(tail)) + tail


def padded(size):
    return (size + BLOCK - 1) // BLOCK * BLOCK


class Archive:
    def __init__(self, path):
        self.file = open(path, "rb")
        self.size = os.fstat(self.file.fileno()).st_size
        self.members = {}  # name: (offset of the data, size)
        self.walk()

    def read(self, offset, size):
        self.file.seek(offset)
        return self.file.read(size)

    def walk(self):
        """Finds the members by their headers, each of which has one legal form."""
        offset = 0
        while offset + BLOCK <= self.size:
            block = self.read(offset, BLOCK)
            name = block[:100].rstrip(b"\0").decode("latin-1")
            if not name:
                break
            size = int(block[124:135], 8) if re.fullmatch(rb"[0-7]{11}\0", block[124:136]) else -1
            if size < 0 or not FORM.fullmatch(name) or block != header_of(name, size) or name in self.members:
                wrong(f"header at offset {offset}: not a legal header; what follows it cannot be told apart")
                return
            data = offset + BLOCK
            offset = data + padded(size)
            if offset > self.size:
                wrong(f"{name}: the file ends before it does")
                return
            self.members[name] = (data, size)
            if any(self.read(data + size, padded(size) - size)):
                wrong(f"{name}: padding behind it is not zero")
        if offset + 1024 != self.size or any(self.read(offset, 1024)):
            wrong(f"end of archive at offset {offset}: not exactly 1024 zero bytes up to the end of the file")

    def digest(self, name):
        """The SHA-256 of a member, in hexadecimal."""
        offset, left = self.members[name]
        total = hashlib.sha256()
        self.file.seek(offset)
        while left:
            part = self.file.read(min(left, 1 << 20))
            total.update(part)
            left -= len(part)
        return total.hexdigest()

    def bytes(self, name):
        """A small member; empty, and a complaint, when it is not there."""
        offset, size = self.members.get(name, (0, SMALL))
        if size >= SMALL:
            wrong(f"{name}: missing or too long")
            return b""
        return self.read(offset, size)

    def text(self, name):
        return self.bytes(name).decode("latin-1")


# --- What vouches for what ---


def check_digest(archive, name, digest, source):
    if name not in archive.members:
        wrong(f"{name}: missing, but {source} names it")
    elif archive.digest(name) != digest:
        wrong(f"{name}: does not match its digest in {source}")


def check_evidence(archive):
    statement, signature = archive.bytes(EVIDENCE + "statement.txt"), archive.bytes(EVIDENCE + "statement.sig")
    pem = archive.text(EVIDENCE + "key.pub")
    try:
        der = base64.b64decode("".join(pem.splitlines()[1:-1]), validate=True)
    except ValueError:
        der = b""
    if not der.startswith(SPKI) or not signature_fits(der[len(SPKI):], signature, statement):
        wrong("evidence: the signature does not fit the statement and the key")
    match = re.fullmatch(r"muniment-evidence: 0\nprevious: none\nsigner: (\w{64})\nmember: (\w{64}) content\.txt\n"
                         r"member: (\w{64}) seal\.txt\n", statement.decode("latin-1"))
    if not match:
        wrong(EVIDENCE + "statement.txt: not a statement of version 0")
        return
    if match[1] != hashlib.sha256(der).hexdigest():
        wrong(EVIDENCE + "key.pub: not the key that the statement names")
    check_digest(archive, "content.txt", match[2], "the statement")
    check_digest(archive, "seal.txt", match[3], "the statement")
    print(f"signed by the key with SHA-256 {match[1]}; compare it with what the institution published")


def check_tables(archive):
    """seal.txt and SHA256SUMS against the members; returns the disks as {name: (size, root)}."""
    seal, sums = archive.text("seal.txt"), archive.text("SHA256SUMS")
    listed = re.findall(r"^member: (\w{64}) (\d{15}) (\d{15}) (\S+)$", seal, re.M)
    for digest, offset, size, name in listed:
        check_digest(archive, name, digest, "seal.txt")
        if archive.members.get(name) != (int(offset), int(size)):
            wrong(f"{name}: not where seal.txt says")
    summed = dict(line.split("  ", 1)[::-1] for line in sums.splitlines() if "  " in line)
    names = list(archive.members)
    expected = names[: names.index("SHA256SUMS")] if "SHA256SUMS" in names else []
    if list(summed) != expected:
        wrong("SHA256SUMS: does not list exactly the members above it, in order")
    for name in (n for n in summed if re.fullmatch(r"disk/.*\.(gz|map)", n)):
        check_digest(archive, name, summed[name], "SHA256SUMS")
    fields = re.search(r"\nsealed-bytes: (\d{15})\nseal-at: (\d{15})\n", archive.text("000-README.txt"))
    if not fields or int(fields[1]) != archive.size or int(fields[2]) + BLOCK != archive.members.get("seal.txt", (0,))[0]:
        wrong("000-README.txt: its fields sealed-bytes and seal-at are not so")
    disks = re.findall(r"^disk: (\w{3}) (\d{15}) (\w{64})$", seal, re.M)
    return {name: (int(size), root) for name, size, root in disks if name in DISKS and 0 < int(size) <= 1 << 41}


def check_content(archive, disks):
    """The machine-root, and the lines it is computed from."""
    head, found, rest = archive.text("content.txt").partition("machine-root: ")
    root = rest[:64]
    if not found or hashlib.sha256(head.encode("latin-1")).hexdigest() != root:
        wrong("content.txt: the machine-root is not the digest of the lines before it")
    for digest, name in re.findall(r"^member: (\w{64}) (\S+)$", head + rest, re.M):
        check_digest(archive, name, digest, "content.txt")
    listed = re.findall(r"^disk: (\w{3}) (\d{15}) (\w{64}) (\w{64})$", head, re.M)
    if {name: (int(size), root) for name, size, root, _ in listed} != disks:
        wrong("content.txt: names other disks than seal.txt")
    for name, _, _, digest in listed:
        check_digest(archive, f"disk/{name}.unreadable", digest, "content.txt")
    return root


# --- Disks ---


def node(left, right):
    return sha256(b"\1" + left + right)


def tree(leaves):
    """The root over leaves (RFC 9162, section 2.1.1), level by level: a last node without a partner moves up."""
    while len(leaves) > 1:
        pairs = [node(a, b) for a, b in zip(leaves[::2], leaves[1::2])]
        leaves = pairs + leaves[len(pairs) * 2:]
    return leaves[0]


def gunzip(data):
    """The contents of exactly one gzip member with the fixed header; None if it is anything else."""
    inflate = zlib.decompressobj(-15)
    try:
        contents = inflate.decompress(data[10:], CHUNK + 1)
    except zlib.error:
        return None
    trailer = zlib.crc32(contents).to_bytes(4, "little") + len(contents).to_bytes(4, "little")
    return contents if data[:10] == GZIP_HEADER and inflate.eof and inflate.unused_data == trailer else None


def restore_extent(archive, disk, number, size, entry, output):
    """Writes the chunks of an extent; returns its root. Every chunk that is not right is named, and stays zeros."""
    offset, length, map_digest = int(entry[2]), int(entry[3]), entry[4]
    name = f"disk/{disk}/{number:08d}"
    here = min(EXTENT, size - number * EXTENT)
    lines = archive.text(name + ".map").splitlines()
    if archive.members.get(name + ".gz") != (offset, length) or len(lines) != (here + CHUNK - 1) // CHUNK:
        wrong(f"{name}: top, member and map do not fit each other")
        return bytes(32)
    check_digest(archive, name + ".map", map_digest, f"disk/{disk}.top")
    leaves, at = [], 0
    for chunk, line in enumerate(lines):
        match = re.fullmatch(r"(\d{4}) d (\d{8}) (\d{6}) ([0-9a-f]{64})", line)
        if not match or (int(match[1]), int(match[2])) != (chunk, at) or at + int(match[3]) > length:
            wrong(f"{name}.map: line {chunk + 1} is not right; chunks from {chunk} on are lost")
            return bytes(32)
        contents = gunzip(archive.read(offset + at, int(match[3])))
        at += int(match[3])
        digest = sha256(contents or b"")
        leaves.append(sha256(b"\0" + digest))
        if contents is None or len(contents) != min(CHUNK, here - chunk * CHUNK) or digest.hex() != match[4]:
            sector = (number * EXTENT_CHUNKS + chunk) * (CHUNK // BLOCK)
            last = min(sector + CHUNK // BLOCK, size // BLOCK) - 1
            wrong(f"{name}.gz: chunk {chunk} of extent {number} of {disk}, sectors {sector}-{last}")
            continue
        output.seek(number * EXTENT + chunk * CHUNK)
        output.write(contents)
    if at != length:
        wrong(f"{name}.gz: is longer than its chunks")
    return tree(leaves)


def zero_root(size):
    """The root of an extent of zeros."""
    whole, rest = divmod(size, CHUNK)
    leaves = [sha256(b"\0" + sha256(bytes(CHUNK)))] * whole
    return tree(leaves + ([sha256(b"\0" + sha256(bytes(rest)))] if rest else []))


def image_of(archive, disk, size):
    """Length and digest of the file that a disk was made from; the disk's length and no digest if seal.txt does not say."""
    match = re.search(rf"^image: {disk} (\d{{15}}) (\w{{64}})$", archive.text("seal.txt"), re.M)
    if match and not 0 <= size - int(match[1]) < BLOCK:
        wrong(f"seal.txt: names an image that does not have the length of its disk {disk}")
        match = None
    return (int(match[1]), match[2]) if match else (size, "")


def file_digest(path):
    total = hashlib.sha256()
    with open(path, "rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            total.update(part)
    return total.hexdigest()


def restore_disk(archive, disk, size, root, image, folder):
    """Writes the image, as long as the file that was sealed: image is its length and digest, which may be empty."""
    path, before = os.path.join(folder, disk + ".img"), len(damage)
    entries = [line.split(" ") for line in archive.text(f"disk/{disk}.top").splitlines()]
    roots, whole_zero = [], zero_root(EXTENT) if size >= EXTENT else b""
    with open(path + ".damaged", "wb") as output:
        for number in range((size + EXTENT - 1) // EXTENT):
            entry = entries[number] if number < len(entries) else []
            here = min(EXTENT, size - number * EXTENT)
            if len(entry) != 6 or entry[0] != f"{number:08d}" or entry[1] not in "dz" or not (entry[2] + entry[3]).isdecimal():
                wrong(f"disk/{disk}.top: line {number + 1} is not right; that extent is lost")
                continue
            if entry[1] == "z":
                roots.append(whole_zero if here == EXTENT else zero_root(here))
            else:
                roots.append(restore_extent(archive, disk, number, size, entry, output))
            if roots[-1].hex() != entry[5]:
                wrong(f"disk/{disk}.top: extent {number} does not have the root that stands here")
        output.truncate(image[0])
    if len(entries) != len(roots) or tree(roots or [b""]).hex() != root:
        wrong(f"{disk}: its chunks do not lead to the root in seal.txt")
    if len(damage) == before and image[1] and file_digest(path + ".damaged") != image[1]:
        wrong(f"{disk}: is not the file that was sealed: another SHA-256 than that in seal.txt")
    if len(damage) == before:
        os.replace(path + ".damaged", path)
        print(f"{path}: intact, {image[0]} bytes")
    else:
        print(f"{path}.damaged: NOT intact; damaged chunks are zeros", file=sys.stderr)
    for line in archive.text(f"disk/{disk}.unreadable").splitlines():
        print(f"{disk}: could not be read from the original: first sector and count {line}")


def main(arguments):
    if len(arguments) != 3:
        print(__doc__.split("\n\n")[1].strip(), file=sys.stderr)
        return 2
    with open(arguments[1], "rb") as file:
        if file.read(14) != b"000-README.txt":
            print(f"{arguments[1]}: is not a Muniment archive: it does not begin with 000-README.txt", file=sys.stderr)
            return 3
    archive, folder = Archive(arguments[1]), arguments[2]
    check_evidence(archive)
    disks = check_tables(archive)
    root = check_content(archive, disks)
    os.makedirs(folder, exist_ok=True)
    for name in archive.members:
        if not re.fullmatch(r"disk/.*\.(gz|map)", name):
            path = os.path.join(folder, *name.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as output:
                output.write(archive.bytes(name))
    for disk, (size, disk_root) in disks.items():
        restore_disk(archive, disk, size, disk_root, image_of(archive, disk, size), folder)
    print(f"machine-root {root}: " + (f"{len(damage)} places are damaged" if damage else "everything is intact"))
    return 1 if damage else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv))
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(4)
