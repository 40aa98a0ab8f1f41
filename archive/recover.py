#!/usr/bin/env python3
"""recover.py - checks a Muniment archive and restores what is in it, by Python's standard library alone (3.6 or newer).

    python3 recover.py FILE.mun FOLDER [PARENT.mun ...]

Written from spec/archive.md, independently of the program that wrote the archive. FOLDER, which must be new or empty,
receives the disks (fd0.img, hd0.img ...) and every member that is not a piece of a disk, under its own name. A disk
gets its name, and is called intact, only if all that the archive says of it is right and its bytes lead to the root
that was signed; else it is called fd0.img.damaged, or fd0.img.unproved if no signature leads to it. The two manifests
are restored, and not read. Exit status: 0 everything is intact; 1 something is not (all of it is listed, and the rest
is restored); 2 usage; 3 this is no Muniment archive; 4 something could not be read or written. A derived archive
holds what differs from its parent, which is then named as well, with its own parents."""

import base64
import bisect
import contextlib
import hashlib
import os
import re
import sys
import zlib

BLOCK, CHUNK, EXTENT_CHUNKS = 512, 65536, 1024
EXTENT = CHUNK * EXTENT_CHUNKS
GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
GZIP_MAX = 65564
SPKI = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of Ed25519 (RFC 8410), then the key
EVIDENCE = "evidence/00000000/"
DISKS = ("fd0", "fd1", "hd0", "hd1", "hd2", "hd3")
LIMITS = {"000-README.txt": 1 << 20, "content.txt": 1 << 20, "seal.txt": 1 << 20, "machine.yaml": 65536,
          "description.yaml": 65536, "firmware/system.bin": 1 << 20, "firmware/video.bin": 1 << 20,
          "attest.txt": 16 << 20, "attest.journal": 16 << 20}
SMALL = 1 << 28  # no member but an extent is larger

# The members in their order, and whether each must be there. Free names, and the pieces of a disk, sort by their bytes.
FREE = "[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*"
ORDER = [("000-README[.]txt", True), ("recover[.]py", True)]
ORDER += [(folder + FREE, False) for folder in ("spec/", "source/", "docs/")]
ORDER += [(name, True) for name in ("machine[.]yaml", "description[.]yaml", "firmware/system[.]bin")]
ORDER += [("firmware/video[.]bin", True)]
ORDER += [(f"disk/{disk}{form}", False) for disk in DISKS
          for form in ("/[0-9]{8}[.](gz|map)", "[.]top", "[.]unreadable")]
ORDER += [("attest[.]txt", False), ("attest[.]journal", False), ("content[.]txt", True), ("SHA256SUMS", True)]
ORDER += [(name, True) for name in ("seal[.]txt", EVIDENCE + "key[.]pub", EVIDENCE + "statement[.]sig")]
ORDER += [(EVIDENCE + "statement[.]txt", True)]
PIECE = re.compile("disk/([fh]d[0-3])/([0-9]{8})[.](gz|map)")
# Names that Windows keeps for itself, or cuts.
RESERVED = re.compile("(con|prn|aux|nul|com[0-9]|lpt[0-9])([.].*)?|.*[.]")


class Report:
    """What was found. Everything is printed with its control characters escaped, in what the output can encode."""

    def __init__(self, path):
        self.path, self.damage, self.failures = path, set(), 0

    def say(self, text, stream):
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        encoding = getattr(stream, "encoding", None) or "ascii"
        try:
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            stream.flush()
        except (AttributeError, OSError, ValueError):
            self.failures += 1

    def wrong(self, subject, what):
        """Damage of a member, or of a disk; each is said once."""
        if (subject, what) not in self.damage:
            self.say(f"DAMAGED: {self.path}: {subject}: {what}", sys.stderr)
        self.damage.add((subject, what))

    def quiet(self):
        """Another, of a file about which nothing is said."""
        other = Report(self.path)
        other.say = lambda text, stream: None
        return other

    def failed(self, error, path):
        self.failures += 1
        self.say(f"{error.filename or path}: {error.strerror or error}", sys.stderr)

    def is_damaged(self, beginning):
        return any(subject.startswith(beginning) for subject, _ in self.damage)


def sha256(data):
    return hashlib.sha256(data).digest()


# --- Ed25519 (RFC 8032, section 5.1) ---

P = 2**255 - 19
ORDER_OF_BASE = 2**252 + 27742317777372353535851937790883648493


def inverse(n):
    return pow(n, P - 2, P)


D = -121665 * inverse(121666) % P


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
    square = (y * y - 1) * inverse(D * y * y + 1) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def signature_fits(key, signature, message):
    if len(key) != 32 or len(signature) != 64:
        return False
    base = point_decode((4 * inverse(5) % P).to_bytes(32, "little"))
    a, r, s = point_decode(key), point_decode(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER_OF_BASE:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER_OF_BASE
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


def place(name):
    """Where a member belongs among the others; None if there is no such member."""
    return next(((i, name) for i, (form, _) in enumerate(ORDER) if re.fullmatch(form, name)), None)


class Shrunk(Exception):
    """The file has become shorter while it was read."""


class Archive:
    def __init__(self, path, report=None):
        self.file, self.report = open(path, "rb"), report or Report(path)
        self.size = os.fstat(self.file.fileno()).st_size
        self.members = {}  # name: (offset of the data, size)
        self.digests = {}  # as far as they are known
        self.parents = {}  # archives by the digest of their content.txt
        self.walk()

    def read(self, offset, size):
        """Bytes of the file; fewer at its end, and none of a place that the host cannot read."""
        try:
            self.file.seek(offset)
            data = self.file.read(size)
        except OSError as error:
            self.report.wrong(f"offset {offset}", f"cannot be read: {error.strerror}")
            return b""
        if len(data) < min(size, self.size - offset):
            raise Shrunk
        return data

    def header(self, offset):
        """(name, size) of the legal header at an offset, or None."""
        block = self.read(offset, BLOCK)
        if not re.fullmatch(rb"[0-7]{11}\0", block[124:136]) or not re.fullmatch(rb"[^\0\x80-\xff]+\0+", block[:100]):
            return None
        name, size = block[:100].rstrip(b"\0").decode("ascii"), int(block[124:135], 8)
        return (name, size) if block == header_of(name, size) else None

    def walk(self):
        """Finds the members by their headers, each of which has one legal form; after damage, the next one."""
        offset, last = 0, (-1, "")
        while offset + BLOCK <= self.size:
            found = self.header(offset)
            if not found and not any(self.read(offset, BLOCK)):
                break
            if not found or offset + BLOCK + padded(found[1]) > self.size:
                self.report.wrong(f"header at offset {offset}", "not a legal header of a member that fits in the file")
                offset += BLOCK
                while offset + BLOCK <= self.size and not place((self.header(offset) or ("", 0))[0]):
                    offset += BLOCK
                continue
            name, size = found
            where, data = place(name), offset + BLOCK
            offset = data + padded(size)
            if not where or name in self.members or where < last:
                self.report.wrong(name, "no member that an archive has" if not where else
                                  "twice" if name in self.members else "out of place")
            if where and name not in self.members:
                self.members[name], last = (data, size), max(last, where)
            if any(self.read(data + size, padded(size) - size)):
                self.report.wrong(name, "padding behind it is not zero")
        if offset + 1024 != self.size or any(self.read(offset, 1024)):
            self.report.wrong(f"end at offset {offset}", "not exactly 1024 zero bytes up to the end of the file")

    def digest(self, name):
        """The SHA-256 of a member, in hexadecimal."""
        if name not in self.digests:
            offset, size = self.members[name]
            total = hashlib.sha256()
            for at in range(0, size, 1 << 20):
                total.update(self.read(offset + at, min(size - at, 1 << 20)))
            self.digests[name] = total.hexdigest()
        return self.digests[name]

    def bytes(self, name):
        """A small member; empty, and a complaint, when it is not there."""
        offset, size = self.members.get(name, (0, SMALL))
        if size >= SMALL:
            self.report.wrong(name, "missing or too long")
            return b""
        return self.read(offset, size)

    def text(self, name):
        return self.bytes(name).decode("latin-1")


# --- What vouches for what ---


def check_evidence(archive):
    """The members, of content.txt and seal.txt, that the signature vouches for."""
    report, pem = archive.report, archive.text(EVIDENCE + "key.pub")
    statement, signature = archive.bytes(EVIDENCE + "statement.txt"), archive.bytes(EVIDENCE + "statement.sig")
    try:
        der = base64.b64decode("".join(pem.splitlines()[1:-1]), validate=True)
    except ValueError:
        der = b""
    again = f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"
    if pem != again or der[:-32] != SPKI:
        report.wrong(EVIDENCE + "key.pub", "not an Ed25519 public key as an archive has it")
    match = re.fullmatch("muniment-evidence: 0\nprevious: none\nsigner: ([0-9a-f]{64})\n"
                         "member: ([0-9a-f]{64}) content[.]txt\nmember: ([0-9a-f]{64}) seal[.]txt\n",
                         statement.decode("latin-1"))
    if not match:
        report.wrong(EVIDENCE + "statement.txt", "not a statement of version 0")
        return set()
    named = match[1] == hashlib.sha256(der).hexdigest()
    if not named:
        report.wrong(EVIDENCE + "key.pub", "not the key that the statement names")
    fits = signature_fits(der[len(SPKI):], signature, statement)
    if not fits:
        report.wrong(EVIDENCE + "statement.sig", "does not fit statement and key: nobody vouches for this archive")
    proved = {name for name, digest in (("content.txt", match[2]), ("seal.txt", match[3]))
              if check_digest(archive, name, digest, "the statement")}
    if not named or not fits:
        return set()
    report.say(f"{report.path}: signed by the key with SHA-256 {match[1]}; "
               "compare it with what the institution published", sys.stdout)
    return proved


def check_digest(archive, name, digest, source):
    """Whether a member is there with this digest. What is wrong with a member is said once."""
    if name in archive.members and archive.digest(name) == digest:
        return True
    if not archive.report.is_damaged(name):
        archive.report.wrong(name, f"does not match its digest in {source}" if name in archive.members else
                             f"missing, but {source} names it")
    return False


def check_tables(archive):
    """What seal.txt, content.txt and SHA256SUMS say of the members. Extents are checked when they are restored."""
    members, seal, sums = archive.members, archive.text("seal.txt"), archive.text("SHA256SUMS")
    for digest, offset, size, name in re.findall(r"^member: ([0-9a-f]{64}) (\d{15}) (\d{15}) (\S+)$", seal, re.M):
        if check_digest(archive, name, digest, "seal.txt") and members[name] != (int(offset), int(size)):
            archive.report.wrong(name, "not where seal.txt says")
    for digest, name in re.findall(r"^member: ([0-9a-f]{64}) (\S+)$", archive.text("content.txt"), re.M):
        check_digest(archive, name, digest, "content.txt")
    unreadable = re.compile(r"^disk: (\w{3}) \d{15} [0-9a-f]{64} ([0-9a-f]{64})$", re.M)
    for disk, digest in unreadable.findall(archive.text("content.txt")):
        check_digest(archive, f"disk/{disk}.unreadable", digest, "content.txt")
    summed = {name: digest for digest, name in re.findall("^([0-9a-f]{64})  ([!-~]+)$", sums, re.M)}
    for name, digest in summed.items():
        if not PIECE.fullmatch(name) or not name.endswith("gz"):
            check_digest(archive, name, digest, "SHA256SUMS")
    for form, needed in ORDER:
        if needed and form.replace("[.]", ".") not in members:
            archive.report.wrong(form.replace("[.]", "."), "missing")
    for name in LIMITS:
        if members.get(name, (0, 0))[1] > LIMITS[name]:
            archive.report.wrong(name, f"has more than {LIMITS[name]} bytes")
    return summed


def find_disks(archive, proved):
    """{name: (size, root)}, and which of content.txt and seal.txt they are from: one that the signature vouches for,
    if there is one."""
    source = "seal.txt" if "seal.txt" in proved and "content.txt" not in proved else "content.txt"
    line = re.compile(r"^disk: (\w{3}) (\d{15}) ([0-9a-f]{64})(?: [0-9a-f]{64})?$", re.M)
    found = {name: {disk: (int(size), root) for disk, size, root in line.findall(archive.text(name))}
             for name in ("content.txt", "seal.txt")}
    source = source if proved or found[source] else "seal.txt"
    for disk in DISKS:
        if len(proved) != 1 and found["content.txt"].get(disk) != found["seal.txt"].get(disk):
            archive.report.wrong(f"disk/{disk}", "content.txt and seal.txt name different disks")
        elif disk not in found[source] and any(name.startswith(f"disk/{disk}") for name in archive.members):
            archive.report.wrong(f"disk/{disk}", f"is there, but {source} does not name it")
    return {disk: found[source][disk] for disk in DISKS if 0 < found[source].get(disk, (0, ""))[0] <= 1 << 41
            and found[source][disk][0] % BLOCK == 0}, source


def origin_lines(archive, disks):
    """What the seal says about where disks came from, in the one order that it may have."""
    form = r"origin: {0} \S+ [ -~]+\n(?:file: {0} \d{{15}} [0-9a-f]{{64}} [ -~]+\n)*(?:stated: {0} [ -~]+\n)*(?:note: {0} [ -~]+\n)*"
    text = archive.text("seal.txt")
    found = [re.search("^" + form.format(disk), text, re.M) for disk in disks]
    return "".join(match[0] for match in found if match)


def find_images(archive, disks):
    """{name: (length, digest)} of the files that the disks were made from, as far as seal.txt says."""
    found = re.findall(r"^image: (\w{3}) (\d{15}) ([0-9a-f]{64})$", archive.text("seal.txt"), re.M)
    return {disk: (int(size), digest) for disk, size, digest in found
            if disk in disks and 0 <= disks[disk][0] - int(size) < BLOCK}


def find_parent(archive):
    """(machine-root, digest of content.txt) of the parent that seal.txt names, or None."""
    found = re.search("^parent: ([0-9a-f]{64}) ([0-9a-f]{64})$", archive.text("seal.txt"), re.M)
    return (found[1], found[2]) if found else None


def check_texts(archive, disks):
    """When the digests are right: the texts, written anew from what they speak of."""
    names, report = list(archive.members), archive.report

    def lines(wanted, form):
        return "".join(form.format(archive.digest(n), *archive.members[n], n) for n in names if re.match(wanted, n))

    def disk_lines(unreadable):
        return "".join(f"disk: {disk} {size:015d} {root}" + unreadable(f"disk/{disk}.unreadable") + "\n"
                       for disk, (size, root) in disks.items())

    images = find_images(archive, disks)
    stated = "".join(f"image: {disk} {images[disk][0]:015d} {images[disk][1]}\n" for disk in disks if disk in images)
    above = names[:names.index("SHA256SUMS")]
    digest_and_name, place_too = "member: {0} {3}\n", "member: {0} {1:015d} {2:015d} {3}\n"
    head = "muniment-machine: 0\n" + lines("machine|firmware", digest_and_name) + "cmos: none\n"
    head += disk_lines(lambda name: " " + archive.digest(name))
    attested = lines("attest", digest_and_name)
    told = re.match("muniment-seal: 0\nsoftware: [ -~]{0,159}\ncompressor: [ -~]{0,63}\n", archive.text("seal.txt"))
    parent = "parent: %s %s\n" % find_parent(archive) if find_parent(archive) else ""
    changes = re.search("^parent: [0-9a-fno ]+\n((?:change: [ -~]{1,255}\n){0,64})", archive.text("seal.txt"), re.M)
    expected = {
        "content.txt": head + f"machine-root: {sha256(head.encode()).hex()}\n" + parent
        + lines("description", digest_and_name) + lines("docs/", digest_and_name)
        + (attested or "attestation: none\n"),
        "SHA256SUMS": "".join(f"{archive.digest(n)}  {n}\n" for n in above),
        "seal.txt": (told[0] if told else "") + (parent or "parent: none\n") + (changes[1] if changes else "") + ("" if not parent or changes and changes[1] else "change: ?\n")
        + lines("(?!seal|evidence|disk/.*(gz|map)$)", place_too)
        + disk_lines(lambda name: "") + stated + origin_lines(archive, disks),
    }
    for name in expected:
        if archive.text(name) != expected[name]:
            report.wrong(name, "does not say what the archive holds")
    readme = archive.text("000-README.txt")
    fields = ("\nsealed-bytes: ", archive.size), ("\nseal-at: ", archive.members["seal.txt"][0] - BLOCK)
    if any(readme.count(key) != 1 or key + "%015d\n" % value not in readme for key, value in fields):
        report.wrong("000-README.txt", "its fields sealed-bytes and seal-at are not so")
    if ("attest.txt" in names) != ("attest.journal" in names):
        report.wrong("attest.txt", "half an attestation")


# --- Disks ---


def tree(leaves):
    """The root over leaves (RFC 9162, section 2.1.1), level by level: a last node without a partner moves up."""
    while len(leaves) > 1:
        pairs = [sha256(b"\1" + a + b) for a, b in zip(leaves[::2], leaves[1::2])]
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
    good = data[:10] == GZIP_HEADER and inflate.eof and inflate.unused_data == trailer and len(data) <= GZIP_MAX
    return contents if good else None


def zero_root(size):
    """The root of an extent of zeros."""
    whole, rest = divmod(size, CHUNK)
    leaves = [sha256(b"\0" + sha256(bytes(CHUNK)))] * whole
    return tree(leaves + ([sha256(b"\0" + sha256(bytes(rest)))] if rest else []))


class Disk:
    def __init__(self, archive, name, size, summed):
        self.archive, self.report, self.name, self.size, self.summed = archive, archive.report, name, size, summed
        self.extents = (size + EXTENT - 1) // EXTENT
        self.whole_zero, self.last_zero = zero_root(EXTENT), zero_root(size - (self.extents - 1) * EXTENT)
        above = archive.parents.get((find_parent(archive) or "  ")[1])
        same = above and f"\ndisk: {name} {size:015d} " in above.text("content.txt")
        self.above = Disk(above, name, size, {}) if same else None  # the parent's
        self.derived, self.maps = find_parent(archive) is not None, {}
        self.tops = [line.split(" ") for line in archive.text(f"disk/{name}.top").split("\n")]
        self.unreadable = []  # first sector, sector after the last
        text, name = archive.text(f"disk/{name}.unreadable"), f"disk/{name}.unreadable"
        ranges = [(int(a), int(a) + int(b)) for a, b in re.findall(r"(\d{15}) (\d{15})\n", text)]
        apart = all(a[1] < b[0] for a, b in zip(ranges, ranges[1:]))
        inside = all(a < b <= size // BLOCK for a, b in ranges)
        if len(ranges) * 32 != len(text) or len(ranges) > 65536 or not apart or not inside:
            self.report.wrong(name, "not ranges of sectors of this disk, in order and apart")
        else:
            self.unreadable = ranges

    def holds_unreadable_data(self, contents, sector):
        """Whether a sector that could not be read from the original has data; `contents` begin at `sector`."""
        i = max(bisect.bisect_right(self.unreadable, (sector, 1 << 60)) - 1, 0)
        for first, end in self.unreadable[i:i + CHUNK // BLOCK + 1]:
            if any(contents[max(first - sector, 0) * BLOCK:max(end - sector, 0) * BLOCK]):
                return True
        return False

    def piece(self, number, chunk):
        """A chunk, from where it is in the chain; None if it cannot be had. Who asks knows its digest."""
        try:
            top = self.tops[number]
            if top[1] == "d" and number not in self.maps:
                self.maps = {number: self.archive.text(f"disk/{self.name}/{number:08d}.map").splitlines()}
            line = self.maps[number][chunk].split(" ") if top[1] == "d" else top
            if line[1] == "d":
                return gunzip(self.archive.read(int(top[2]) + int(line[2]), int(line[3])))
            if line[1] == "z":
                return bytes(min(CHUNK, self.size - number * EXTENT - chunk * CHUNK))
            return self.above.piece(number, chunk) if line[1] == "p" and self.above else None
        except (LookupError, ValueError):
            return None

    def inherited(self, number, chunk):
        """A chunk that is the parent's."""
        if not self.above:
            self.report.wrong(f"disk/{self.name}", f"the parent with content {find_parent(self.archive)[1]} is needed, with this disk; "
                              "what comes from it is zeros")
        return self.above.piece(number, chunk) if self.above else None

    def inherit_extent(self, number, output):
        """Writes an extent that is the parent's; returns its root."""
        leaves = []
        for chunk in range((min(EXTENT, self.size - number * EXTENT) + CHUNK - 1) // CHUNK):
            contents = self.inherited(number, chunk) or b""
            leaves.append(sha256(b"\0" + sha256(contents)))
            if any(contents):
                output.seek(number * EXTENT + chunk * CHUNK)
                output.write(contents)
        return tree(leaves)

    def restore_extent(self, number, entry, output):
        """Writes the chunks of an extent; returns its root. Every chunk that is not right is named, and stays zeros."""
        archive, report, name = self.archive, self.report, f"disk/{self.name}/{number:08d}"
        offset, length, here = int(entry[2]), int(entry[3]), min(EXTENT, self.size - number * EXTENT)
        text = archive.text(name + ".map")
        lines = text.splitlines()
        if archive.members.get(name + ".gz") != (offset, length) or len(text) != (here + CHUNK - 1) // CHUNK * 88:
            report.wrong(name + ".gz", "top, member and map do not fit each other")
            return bytes(32)
        check_digest(archive, name + ".map", entry[4], f"disk/{self.name}.top")
        leaves, at, total, empty = [], 0, hashlib.sha256(), True
        for chunk, line in enumerate(lines):
            match = re.fullmatch("([0-9]{4}) [dp] ([0-9]{8}) ([0-9]{6}) ([0-9a-f]{64})", line)
            own = line[5:6] == "d"
            if match and not own and self.derived and match[2] + match[3] == "0" * 14 and int(match[1]) == chunk:
                empty = False
            elif not match or not own or (int(match[1]), int(match[2])) != (chunk, at) or at + int(match[3]) > length:
                report.wrong(name + ".map", f"line {chunk + 1} is not right; chunks from {chunk} on are lost")
                return bytes(32)
            data = archive.read(offset + at, int(match[3])) if own else b""
            contents, at = gunzip(data) if own else self.inherited(number, chunk), at + int(match[3])
            total.update(data)
            digest = sha256(contents or b"")
            leaves.append(sha256(b"\0" + digest))
            sector = (number * EXTENT_CHUNKS + chunk) * (CHUNK // BLOCK)
            last = min(sector + CHUNK // BLOCK, self.size // BLOCK) - 1
            where = f"chunk {chunk} of extent {number} of {self.name}, sectors {sector}-{last}"
            if contents is None or len(contents) != min(CHUNK, here - chunk * CHUNK) or digest.hex() != match[4]:
                report.wrong(name + ".gz", where)
            elif any(contents):
                empty = False
                if self.holds_unreadable_data(contents, sector):
                    report.wrong(name + ".gz", where + ": has data in a sector that is listed as unreadable")
                output.seek(number * EXTENT + chunk * CHUNK)
                output.write(contents)
        if at != length:
            report.wrong(name + ".gz", "is longer than its chunks")
        elif total.hexdigest() != self.summed.get(name + ".gz") and not report.is_damaged(name):
            report.wrong(name + ".gz", "does not match its digest in SHA256SUMS")
        elif not any(line[5:6] == "d" for line in lines):
            report.wrong(name + ".gz", "holds nothing, and must not be there")
        elif empty and not report.is_damaged(name):
            report.wrong(name + ".gz", "holds nothing but zeros, and must not be there")
        archive.digests[name + ".gz"] = total.hexdigest()
        return tree(leaves)

    def restore(self, output):
        """Writes the disk; returns the root of what was written."""
        top, roots, entries = f"disk/{self.name}.top", [], self.tops
        for number in range(self.extents):
            entry = entries[number] if number < len(entries) else []
            zero = self.whole_zero if number + 1 < self.extents else self.last_zero
            bare = entry[:1] + entry[2:5] == [f"{number:08d}", "0" * 15, "0" * 9, "0" * 64]
            if bare and entry[1] == "z":
                roots.append(zero)
            elif bare and entry[1] == "p" and self.derived:
                roots.append(self.inherit_extent(number, output))
            elif entry[:2] == [f"{number:08d}", "d"] and [len(column) for column in entry[2:]] == [15, 9, 64, 64] and \
                    re.fullmatch("[0-9]+", entry[2] + entry[3]):
                roots.append(self.restore_extent(number, entry, output))
            else:
                self.report.wrong(top, f"line {number + 1} is not right; that extent is lost")
                roots.append(bytes(32))
                continue
            if roots[-1].hex() != entry[-1]:
                self.report.wrong(top, f"extent {number} does not have the root that stands here")
        if entries[self.extents:] != [[""]]:
            self.report.wrong(top, "does not have one line for each extent")
        for name in self.archive.members:
            piece = PIECE.fullmatch(name)
            number = int(piece[2]) if piece and piece[1] == self.name else -1
            if number >= self.extents or number >= 0 and number < len(entries) and entries[number][1:2] in (["z"], ["p"]):
                self.report.wrong(name, "a piece of the disk that its top does not have")
        return tree(roots).hex()


def put(report, path, write):
    """Makes a file by `write`, which gets it open and may return another name for it; it appears when it is complete.
    Returns its name; None: it could not be made."""
    part = path + ".part"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(part, "w+b") as output:
            path = write(output) or path
        os.replace(part, path)
        return path
    except OSError as error:
        report.failed(error, path)
        return None
    finally:
        with contextlib.suppress(OSError):
            os.remove(part)


def file_digest(file):
    file.seek(0)
    total = hashlib.sha256()
    for part in iter(lambda: file.read(1 << 20), b""):
        total.update(part)
    return total.hexdigest()


def restore_disk(archive, folder, disk, size, root, image, proved, source, summed):
    """Writes the image, as long as the file that was sealed: `image` is its length and digest, which may be empty."""
    report, path, made_of = archive.report, os.path.join(folder, disk + ".img"), Disk(archive, disk, size, summed)

    def write(output):
        if made_of.restore(output) != root:
            report.wrong(f"disk/{disk}", f"its bytes do not lead to the root in {source}")
        output.truncate(image[0])
        if image[1] and not report.is_damaged(f"disk/{disk}") and file_digest(output) != image[1]:
            report.wrong(f"disk/{disk}", "is not the file that was sealed: another SHA-256 than that in seal.txt")
        return path + (".damaged" if report.is_damaged(f"disk/{disk}") else "" if proved else ".unproved")

    made = put(report, path, write)
    if made == path:
        report.say(f"{path}: intact, {image[0]} bytes", sys.stdout)
    elif made:
        report.say(f"{made}: NOT " + ("proved: no signature leads to it" if made.endswith("proved") else
                                      "what was sealed; damaged chunks are zeros"), sys.stderr)
    for first, end in made_of.unreadable if made else []:
        report.say(f"{made}: could not be read from the original: sectors {first}-{end - 1}", sys.stdout)


def restore_members(archive, folder):
    for name in archive.members:
        if not PIECE.fullmatch(name):
            parts = [part + "_" if RESERVED.fullmatch(part) else part for part in name.split("/")]
            put(archive.report, os.path.join(folder, *parts),
                lambda output, name=name: output.write(archive.bytes(name)) and None)


def open_parents(archive, paths):
    """Whatever is given: each archive finds its parent by content.txt, and chunks count by their digests."""
    opened = [archive]
    for path in paths:
        opened.append(Archive(path, Report(path).quiet()))
        archive.parents[hashlib.sha256(opened[-1].bytes("content.txt")).hexdigest()] = opened[-1]
    for one in opened:
        one.parents = archive.parents


def recover(path, folder, parents, report):
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder):
        report.say(f"{folder}: is not empty; name a new folder", sys.stderr)
        return 4
    archive = Archive(path, report)
    open_parents(archive, parents)
    proved = check_evidence(archive)
    summed = check_tables(archive)
    disks, source = find_disks(archive, proved)
    restore_members(archive, folder)
    images = find_images(archive, disks) if "seal.txt" in proved else {}
    for disk, (size, root) in disks.items():
        restore_disk(archive, folder, disk, size, root, images.get(disk, (size, "")), source in proved, source, summed)
    if not report.damage:
        check_texts(archive, disks)
    root = re.search("^machine-root: ([0-9a-f]{64})$", archive.text("content.txt"), re.M)
    named = f"machine-root {root[1]}: " if root and "content.txt" in proved else ""
    report.say(f"{path}: {named}" + (f"{len(report.damage)} places are damaged" if report.damage else
                                     "some of it could not be restored" if report.failures else
                                     "everything is intact"), sys.stdout)
    return 4 if report.failures else 1 if report.damage else 0


def main(arguments):
    if len(arguments) < 3:
        print(__doc__.split("\n\n")[1].strip(), file=sys.stderr)
        return 2
    report = Report(arguments[1])
    try:
        with open(arguments[1], "rb") as file:
            if file.read(15) != b"000-README.txt\0":
                report.say(f"{arguments[1]}: is not a Muniment archive: it does not begin with 000-README.txt",
                           sys.stderr)
                return 3
        return recover(arguments[1], arguments[2], arguments[3:], report)
    except Shrunk:
        report.say(f"{arguments[1]}: has become shorter while it was read", sys.stderr)
    except OSError as error:
        report.failed(error, arguments[1])
    return 4


if __name__ == "__main__":
    os._exit(main(sys.argv))  # what was printed is out already; what could not be must not be tried again
