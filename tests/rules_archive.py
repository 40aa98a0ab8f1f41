#!/usr/bin/env python3
"""rules_archive.py - for each rule of spec/archive.md, archives that break just that and are properly signed: `muniment
verify` names the member that is wrong, and recover.py finds it too. The rules of attest.txt (A-40 to A-44) are in
attest.sh, those of whoever writes or reads (A-1, A-19, A-37, A-53 to A-56; of derived archives A-81 to
A-83 in derive.sh) where that is tested, those of the overlay in
unit/test_archive_overlay.c.

    rules_archive.py MUNIMENT RECOVER.PY FILE.mun KEY [RULE]

FILE.mun has the disks fd0, of one extent, and hd0, of two, of which the first is zeros; KEY signed it."""

import json
import re
import shutil
import subprocess
import sys
import traceback
import zlib

from forge import BLOCK, CHUNK, EVIDENCE, GZIP_HEADER, Disk, Forger, gzip_chunk, hexadecimal, refresh
from recover_cases import load, run

UNREAD = ("A-14", "A-15", "A-16", "A-17") # recover.py does not read the manifests
FD0 = "disk/fd0/00000000"


def header(at, value, name="recover.py"):
    """A header with other bytes at an offset and a checksum that fits."""
    return lambda f: f.change.update({"header:" + name: lambda h: refresh(h[:at] + value + h[at + len(value):])})


def raw_header(at, value):
    return lambda f: f.change.update({"header:recover.py": lambda h: h[:at] + value + h[at + len(value):]})


def change(name, function):
    return lambda f: f.change.update({name: function})


def edit(name, old, new):
    return lambda f: f.edit(name, old, new)


def image(slot, longer):
    """A line about the image of a disk, so much longer than the disk."""
    size = lambda seal: int(re.search(rb"disk: %s (\d+)" % slot, seal)[1])
    return change("seal.txt", lambda s: s + b"image: %s %015d %064d\n" % (slot, size(s) + longer, 0))


def flip(data):
    return bytes([data[0] ^ 1]) + data[1:]


def give(name, data=b"x", first=False):
    """One more member; `first`: before all that are given."""
    return lambda f: setattr(f, "given", {name: data, **f.given} if first else {**f.given, name: data})


def before(name, other):
    """Moves a member that is given before another."""
    def move(f):
        names = [n for n in f.given if n != name]
        names.insert(names.index(other), name)
        f.given = {n: f.given[n] for n in names}
    return move


def without(*names):
    return lambda f: f.missing.update(names)


def gzip(function, number=0):
    """Another gzip member for a chunk of fd0."""
    return lambda f: setattr(f.disks["fd0"], "gzip", lambda n, c: function(c) if n == number else gzip_chunk(c))


def long_gzip(chunk):
    """Stored blocks of 5,000 bytes each: longer than a chunk must be."""
    parts = [chunk[at:at + 5000] for at in range(0, len(chunk), 5000)]
    data = b"".join(bytes([part is parts[-1]]) + len(part).to_bytes(2, "little") + (len(part) ^ 0xFFFF).to_bytes(2, "little") + part for part in parts)
    return GZIP_HEADER + data + gzip_chunk(chunk)[-8:]


def cut_chunks(function):
    def cut(f):
        function(f.disks["fd0"].chunks)
    return cut


def unreadable(*ranges):
    return lambda f: setattr(f.disks["fd0"], "unreadable", b"".join(b"%015d %015d\n" % r for r in ranges))


def clear_and(function, chunk=22):
    """The last chunk of fd0 is zeros, so that its sectors can be unreadable."""
    def clear(f):
        f.disks["fd0"].chunks[chunk] = bytes(len(f.disks["fd0"].chunks[chunk]))
        function(f)
    return clear


def all_zeros(f):
    f.disks["fd0"] = Disk(bytes(f.disks["fd0"].size))
    f.disks["fd0"].stored = {0}


def all_of(*functions):
    return lambda f: [function(f) for function in functions]


def many_ranges(f):
    disk = f.disks["hd0"]
    disk.chunks = [bytes(len(chunk)) for chunk in disk.chunks]
    disk.unreadable = b"".join(b"%015d %015d\n" % (2 * i, 1) for i in range(65537))


def many_documents(f):
    for i in range(4096):
        f.given[f"docs/{i:04d}"] = b""


def firmware(size):
    def replace(f):
        f.given["firmware/system.bin"] = bytes(size)
        digest = re.compile(rb'(file: "firmware/system.bin"\n +sha256: )\w+')
        f.edit("machine.yaml", digest.pattern, rb"\g<1>" + hexadecimal(bytes(size)).encode())
    return replace


def tamper(line, column, text):
    """Other characters in a column of a line of a text."""
    def replace(data):
        lines = data.splitlines(keepends=True)
        lines[line] = lines[line][:column] + text + lines[line][column + len(text):]
        return b"".join(lines)
    return replace


def derived(*functions):
    """What is forged is derived from the archive that was sealed."""
    def derive(f):
        f.parent, f.changes = f.own, ["set memory=8 MiB"]
        for function in functions:
            function(f)
    return derive


def inherit(slot, *chunks, place="%08d %06d" % (0, 0)):
    return lambda f: f.disks[slot].inherited.update((chunk, place) for chunk in chunks)


def inherit_extent(slot, extent):
    return lambda f: f.disks[slot].inherited_extents.add(extent)


def longer(slot):
    def lengthen(f):
        f.disks[slot].chunks.append(f.disks[slot].chunks.pop() + bytes(512))
        f.disks[slot].size += 512
    return lengthen


def other_chunk(slot, number):
    return lambda f: f.disks[slot].chunks.__setitem__(number, b"x" * len(f.disks[slot].chunks[number]))


M, T = FD0 + ".map", "disk/fd0.top"
LAST_TWO = rb"(member: .*\n)(member: .*\n)\Z"
# rule; what is broken; how; the finding of verify: the member or, after a colon, part of what is said
RULES = [
    ("A-2", "padding", change("padding:recover.py", flip), "recover.py: has byte 01"),
    ("A-3", "512 zeros at the end", change("end", lambda end: end[:512]), "end of archive"),
    ("A-3", "1,536 zeros at the end", change("end", lambda end: end + bytes(512)), "end of archive"),
    ("A-3", "a byte in the end", change("end", flip), "end of archive"),
    *(("A-4", f"another {field}", header(at, value), "recover.py") for field, at, value in (
        ("mode", 100, b"0000755"), ("form of the mode", 100, b"000644 "), ("uid", 108, b"0001750"), ("gid", 116, b"0001750"), ("form of the size", 124, b" "),
        ("mtime", 136, b"00000000001"), ("typeflag", 156, b"\0"), ("link name", 157, b"x"), ("magic", 257, b"ustar  \0"), ("user name", 265, b"root"),
        ("group name", 297, b"root"), ("devmajor", 329, b"\0\0\0\0\0\0\0"), ("devminor", 337, b"0000001"), ("prefix", 345, b"x"), ("rest", 511, b"x"),
        ("byte after the name", 90, b"x"))),
    ("A-4", "a checksum without its zeros", raw_header(148, b" "), "recover.py"),
    ("A-5", "description before machine", before("description.yaml", "machine.yaml"), "seal.txt: out of order"),
    ("A-5", "specification before recover.py", before("spec/archive.md", "recover.py"), "seal.txt: out of order"),
    ("A-6", "a member twice", give("machine.yaml\0again", b"x", True), "seal.txt: out of order"),
    ("A-7", "a member that is none", give("notes.txt"), "seal.txt: does not belong"),
    ("A-7", "a folder that is none", give("notes/a"), "seal.txt: does not belong"),
    ("A-7", "an extent beyond the disk's end", give("disk/fd0/00000001.gz"), "disk/fd0/00000001.gz: end of the disk"),
    ("A-8", "specifications out of order", before("spec/machine.md", "spec/archive.md"), "seal.txt: out of order"),
    ("A-9", "a capital in a name", give("docs/A"), "seal.txt: does not belong"),
    ("A-9", "a byte of UTF-8 in a name", give("docs/\u00e4"), "seal.txt"),
    ("A-9", "an empty part in a name", give("docs/a//b"), "seal.txt: does not belong"),
    ("A-10", "a name with a dot first", give("docs/.a"), "seal.txt: does not belong"),
    ("A-10", "a name that leaves the folder", give("docs/../../a"), "seal.txt: does not belong"),
    ("A-11", "a name of 100 bytes", give("docs/" + "a" * 95), "seal.txt: malformed"),
    *(("A-12", f"no {name}", without(name), name + ": missing" if name.startswith(EVIDENCE) else "seal.txt") for name in (
        "recover.py", "machine.yaml", "description.yaml", "firmware/system.bin", "firmware/video.bin", "disk/fd0.top", "disk/fd0.unreadable",
        "SHA256SUMS", EVIDENCE + "key.pub", EVIDENCE + "statement.sig", EVIDENCE + "statement.txt")),
    ("A-12", "no README", without("000-README.txt"), ""),
    ("A-12", "no content.txt", without("content.txt"), "content.txt: missing"),
    ("A-12", "no map", without(M), FD0 + ".gz: has no map"),
    ("A-12", "no extent", without(FD0 + ".gz"), ""),
    ("A-12", "half an attestation", give("attest.txt"), "seal.txt: half an attestation"),
    ("A-13", "a map before its extent", lambda f: setattr(f.disks["fd0"], "map_first", True), FD0 + ".gz: out of place"),
    ("A-14", "a comment in the machine", change("machine.yaml", lambda y: y + b"# so\n"), "archive: machine.yaml"),
    ("A-14", "a comment in the description", change("description.yaml", lambda y: y + b"# so\n"), "archive: description.yaml"),
    ("A-15", "a drive whose disk is not there", lambda f: f.disks.pop("hd0"), "archive: machine.yaml"),
    ("A-15", "an image that is not `sealed`", edit("machine.yaml", rb'image: "sealed"', b'image: "other"'), "archive: machine.yaml"),
    ("A-16", "a disk without a drive", lambda f: f.disks.update(hd1=Disk(bytes(512))), "archive: machine.yaml"),
    ("A-17", "built-in firmware", edit("machine.yaml", rb"system:\n.*\n.*\n", b"system: built-in 0\n"), "archive: machine.yaml"),
    ("A-17", "the digest of other firmware", edit("machine.yaml", rb"sha256: .", b"sha256: 0"), "archive: machine.yaml"),
    ("A-17", "firmware of another name", edit("machine.yaml", rb"firmware/system.bin", b"firmware/other.bin"), "archive: machine.yaml"),
    ("A-18", "a README of more than 1 MiB", change("000-README.txt", lambda r: r + b"\n" * (1 << 20)), ""),
    ("A-18", "firmware of more than 1 MiB", firmware((1 << 20) + 1), "seal.txt: too long"),
    ("A-18", "a description of more than 65,536 bytes", change("description.yaml", lambda y: y + b"#" * 65536), "seal.txt: too long"),
    ("A-18", "a machine of more than 65,536 bytes", change("machine.yaml", lambda y: y + b"#" * 65536), "seal.txt: too long"),
    ("A-18", "an attestation of more than 16 MiB", all_of(give("attest.txt"), give("attest.journal", bytes((16 << 20) + 1))), "seal.txt: too long"),
    ("A-18", "4,097 members and more", many_documents, "seal.txt"),
    ("A-18", "65,537 unreadable ranges", many_ranges, "seal.txt: top"),
    ("A-18", "a disk of more than 2^41 bytes", edit("seal.txt", rb"disk: fd0 \d{15}", b"disk: fd0 002199023256064"), "seal.txt: malformed line about a disk"),
    ("A-20", "a gzip header with a time", gzip(lambda c: gzip_chunk(c)[:4] + b"\1" + gzip_chunk(c)[5:]), FD0 + ".gz: wrong gzip header"),
    ("A-20", "a gzip header with a name", gzip(lambda c: gzip_chunk(c)[:3] + b"\x08" + gzip_chunk(c)[4:10] + b"a\0" + gzip_chunk(c)[10:]), FD0 + ".gz: wrong gzip header"),
    ("A-21", "another CRC-32", gzip(lambda c: gzip_chunk(c)[:-8] + flip(gzip_chunk(c)[-8:])), FD0 + ".gz: CRC-32"),
    ("A-21", "another ISIZE", gzip(lambda c: gzip_chunk(c)[:-4] + flip(gzip_chunk(c)[-4:])), FD0 + ".gz: wrong length in its gzip trailer"),
    ("A-22", "something between two chunks", gzip(lambda c: gzip_chunk(c) + b"\0"), FD0 + ".gz: ends before its place"),
    ("A-22", "two gzip members for one chunk", gzip(lambda c: gzip_chunk(c[:32768]) + gzip_chunk(c[32768:])), FD0 + ".gz: ends before its place"),
    ("A-22", "something after the last chunk", change(FD0 + ".gz", lambda gz: gz + b"\0"), FD0 + ".gz: followed by"),
    ("A-23", "a chunk of zeros left out", cut_chunks(lambda chunks: chunks.pop(10)), M),
    ("A-23", "no last chunk", cut_chunks(lambda chunks: chunks.pop()), M),
    ("A-24", "a last chunk that is longer", cut_chunks(lambda chunks: chunks.append(chunks.pop() + bytes(512))), FD0 + ".gz: wrong length"),
    ("A-24", "a first chunk that is shorter", cut_chunks(lambda chunks: chunks.insert(0, chunks.pop(0)[:-512])), FD0 + ".gz: wrong length"),
    ("A-25", "a chunk of more than 65,564 bytes", gzip(long_gzip), FD0 + ".gz: does not end"),
    ("A-26", "a stored extent of zeros", all_zeros, FD0 + ".gz: zeros"),
    ("A-27", "another number", change(M, tamper(3, 0, b"0004")), M),
    ("A-27", "another kind", change(M, tamper(3, 5, b"e")), M),
    ("A-27", "a digest in capitals", change(M, lambda m: m[:23] + m[23:87].upper() + m[87:]), M),
    ("A-27", "a carriage return", change(M, lambda m: m.replace(b"\n", b"\r\n", 1)), M),
    ("A-27", "a space instead of a zero", change(M, tamper(3, 7, b" ")), M),
    ("A-27", "a line more", change(M, lambda m: m + m[-88:]), M),
    ("A-28", "a first offset that is not 0", change(M, tamper(0, 7, b"00000001")), M),
    ("A-28", "a gap between chunks", change(M, tamper(5, 7, b"00100000")), M),
    ("A-28", "a sum that is not the length", change(M, tamper(22, 16, b"000999")), M),
    ("A-29", "the digest of another chunk", change("digest:fd0", flip), FD0 + ".gz: digest"),
    *(("A-30", f"another {column} in a top", change(T, tamper(0, at, text)), T) for column, at, text in (
        ("number", 0, b"00000001"), ("kind", 9, b"x"), ("offset", 11, b"000000000000512"), ("length", 27, b"000000001"), ("separator", 8, b"-"))),
    ("A-30", "another digest in a top", change(T, tamper(0, 37, b"0" * 64)), M + ": digest"),
    ("A-30", "an offset of an extent of zeros", change("disk/hd0.top", tamper(0, 11, b"000000000000512")), "disk/hd0.top"),
    ("A-30", "an extent that is called zeros", change(T, tamper(0, 9, b"z " + b"0" * 15 + b" " + b"0" * 9 + b" " + b"0" * 64)), M + ": digest"),
    ("A-30", "a line more in a top", change(T, lambda t: t + t), "seal.txt: top"),
    ("A-31", "another root of an extent", change("roots:fd0", flip), "disk/fd0: root"),
    ("A-31", "another root of zeros", change("roots:hd0", flip), "disk/hd0: root"),
    ("A-32", "another root of a disk", change("root:fd0", flip), "disk/fd0: root"),
    ("A-33", "a range of no sector", clear_and(unreadable((2860, 0))), "archive: unreadable"),
    ("A-34", "ranges out of order", clear_and(unreadable((2870, 1), (2860, 1))), "archive: unreadable"),
    ("A-34", "ranges that touch", clear_and(unreadable((2860, 1), (2861, 1))), "archive: unreadable"),
    ("A-35", "a range beyond the disk", unreadable((2880, 1)), "archive: unreadable"),
    ("A-35", "a range that ends beyond it", clear_and(unreadable((2879, 2))), "archive: unreadable"),
    ("A-36", "an unreadable sector with data", unreadable((0, 1)), FD0 + ".gz: unreadable"),
    ("A-36", "two ranges, the second with data in its end", clear_and(lambda f: unreadable((2860, 1), (2870, 2))(f) or f.disks["fd0"].chunks.append(
        f.disks["fd0"].chunks.pop()[:(2871 - 2816) * 512] + b"x" * 512 + bytes((2880 - 2872) * 512))), FD0 + ".gz: unreadable"),
    ("A-38", "another CMOS", edit("content-head", b"cmos: none", b"cmos: some"), "content.txt"),
    ("A-38", "a line more", change("content.txt", lambda c: c + b"\n"), "content.txt"),
    *(("A-38", f"a text that ends after {end} bytes of a disk's line", change("content.txt", lambda c, end=end: c[:c.index(b"disk: hd0") + end]),
       "content.txt") for end in (9, 10, 25, 26, 90, 91)),
    ("A-38", "nothing: a document more", all_of(give("docs/a", b"a"), before("docs/a", "machine.yaml")), None),
    ("A-38", "documents out of order", all_of(give("docs/a", b"a"), give("docs/b", b"b"), before("docs/a", "machine.yaml"), before("docs/b", "machine.yaml"),
                                             edit("content.txt", rb"(member: .* docs/a\n)(member: .* docs/b\n)", rb"\2\1")), "content.txt"),
    ("A-39", "another machine-root", edit("content.txt", rb"machine-root: ....", b"machine-root: 0000"), "content.txt"),
    ("A-45", "a line less", edit("SHA256SUMS", rb".*  recover.py\n", b""), "SHA256SUMS"),
    ("A-45", "a line more", change("SHA256SUMS", lambda s: s + s[-80:]), "SHA256SUMS"),
    ("A-45", "lines out of order", edit("SHA256SUMS", rb"(.*\n)(.*\n)", rb"\2\1"), "SHA256SUMS"),
    ("A-45", "one space", edit("SHA256SUMS", rb"  recover", b" recover"), "SHA256SUMS"),
    ("A-45", "another digest", edit("SHA256SUMS", rb"\A....", b"0000"), ""),
    ("A-46", "another parent", edit("seal.txt", b"parent: none", b"parent: some"), "seal.txt"),
    ("A-46", "software of 160 characters", edit("seal.txt", b"software: .*", b"software: " + b"x" * 160), "seal.txt"),
    ("A-46", "software with a control", edit("seal.txt", b"software: .", b"software: \x1b"), "seal.txt"),
    ("A-46", "a compressor of 64 characters", edit("seal.txt", b"compressor: .*", b"compressor: " + b"x" * 64), "seal.txt"),
    ("A-46", "a line more", change("seal.txt", lambda s: s + b"\n"), "seal.txt"),
    ("A-46", "a member less", edit("seal.txt", rb"member: .* spec/archive.md\n", b""), "spec/archive.md: seal.txt does not list"),
    ("A-46", "another digest", edit("seal.txt", rb"(member: )....(.* spec/archive.md)", rb"\g<1>0000\2"), "spec/archive.md: digest"),
    ("A-46", "an extent", edit("seal.txt", rb"(member: .* )disk/fd0.top\n", rb"\g<0>\g<1>" + FD0.encode() + b".gz\n"), "seal.txt"),
    ("A-46", "a disk less", edit("seal.txt", rb"disk: hd0 .*\n", b""), "seal.txt: does not have"),
    ("A-46", "an image longer than its disk", image(b"fd0", 1), "seal.txt: does not have the length"),
    ("A-46", "an image a sector shorter than its disk", image(b"hd0", -BLOCK), "seal.txt: does not have the length"),
    ("A-46", "an image of no disk", change("seal.txt", lambda s: s + b"image: hd1 %015d %064d\n" % (BLOCK, 0)), "seal.txt: does not have the length"),
    ("A-70", "a line about an origin of another kind", change("seal.txt", lambda s: s + b"origin: fd0 - VHD\nwhence: fd0 x\n"), "seal.txt: has a malformed line"),
    ("A-71", "an origin of no disk", change("seal.txt", lambda s: s + b"origin: hd1 - VHD\n"), "seal.txt: has a malformed line"),
    ("A-72", "a file before its origin", change("seal.txt", lambda s: s + b"file: fd0 %015d %064d a.vhd\norigin: fd0 - VHD\n" % (1, 0)), "seal.txt: has lines about origins"),
    ("A-72", "a note before a file", change("seal.txt", lambda s: s + b"origin: fd0 - VHD\nnote: fd0 tool x\nfile: fd0 %015d %064d a.vhd\n" % (1, 0)), "seal.txt: has lines about origins"),
    ("A-72", "two origins of a disk", change("seal.txt", lambda s: s + b"origin: fd0 - VHD\norigin: fd0 - VHD\n"), "seal.txt: has lines about origins"),
    ("A-47", "another offset", edit("seal.txt", rb"(member: \w+ )0000000(.* spec/archive.md)", rb"\g<1>0000001\2"), "seal.txt: cannot be"),
    ("A-47", "another length", edit("seal.txt", rb"0(\d{14} spec/archive.md)", rb"1\1"), ""),
    ("A-48", "a field twice", change("000-README.txt", lambda r: r + r[r.index(b"\nsealed-bytes"):][:30]), ""),
    ("A-48", "a field less", edit("000-README.txt", b"\nseal-at: ", b"\nseal: "), ""),
    ("A-49", "another sealed-bytes", edit("000-README.txt", b"sealed-bytes: 0", b"sealed-bytes: 1"), "000-README.txt: fields"),
    ("A-49", "another seal-at", edit("000-README.txt", b"seal-at: 0", b"seal-at: 1"), "000-README.txt: fields"),
    ("A-50", "a key with a carriage return", change(EVIDENCE + "key.pub", lambda k: k.replace(b"\n", b"\r\n", 1)), EVIDENCE + "key.pub"),
    ("A-50", "a key without its last line end", change(EVIDENCE + "key.pub", lambda k: k[:-1]), EVIDENCE + "key.pub"),
    ("A-50", "a key in two lines", change(EVIDENCE + "key.pub", lambda k: re.sub(rb"(\n.{30})(.*)\n-", rb"\1\n\2-", k)), EVIDENCE + "key.pub"),
    ("A-51", "another previous", edit(EVIDENCE + "statement.txt", b"previous: none", b"previous: some"), EVIDENCE + "statement.txt"),
    ("A-51", "another signer", edit(EVIDENCE + "statement.txt", b"signer: ....", b"signer: 0000"), EVIDENCE + "key.pub"),
    ("A-51", "a line more", change(EVIDENCE + "statement.txt", lambda s: s + b"\n"), ""),
    ("A-51", "another content.txt", edit(EVIDENCE + "statement.txt", rb"member: ....(.*content)", rb"member: 0000\1"), "content.txt: statement"),
    ("A-51", "another seal.txt", edit(EVIDENCE + "statement.txt", rb"member: ....(.*seal)", rb"member: 0000\1"), "seal.txt: statement"),
    ("A-52", "a signature of something else", change("signature", flip), EVIDENCE + "statement.sig: does not fit"),
    ("A-52", "a signature that is longer", change("signature", lambda s: s + b"\0"), EVIDENCE + "statement.sig"),
    ("A-73", "nothing: a parent of which a chunk and an extent are", derived(inherit("fd0", 3), inherit_extent("hd0", 1)), None),
    ("A-73", "a parent without its content", edit("seal.txt", b"parent: none", b"parent: " + b"0" * 64), "seal.txt"),
    ("A-73", "a parent with a digest in capitals", derived(edit("seal.txt", rb"parent: \w", b"parent: A")), "seal.txt"),
    ("A-74", "a parent, and no word on what changed", derived(lambda f: f.changes.clear()), "seal.txt: does not say"),
    ("A-74", "65 changes", derived(lambda f: f.changes.extend(["set a=b"] * 64)), "seal.txt: too many lines"),
    ("A-74", "a change of 256 characters", derived(lambda f: f.changes.append("x" * 256)), "seal.txt"),
    ("A-75", "a content.txt without the parent", derived(edit("content.txt", b"parent: .*\n", b"")), "content.txt"),
    ("A-75", "a content.txt with another parent", derived(edit("content.txt", b"parent: ....", b"parent: 0000")), "content.txt"),
    ("A-76", "an inherited chunk without a parent", inherit("fd0", 3), FD0),
    ("A-76", "an inherited extent without a parent", inherit_extent("fd0", 0), "disk/fd0"),
    ("A-77", "an inherited chunk with an offset", derived(inherit("fd0", 3, place="%08d %06d" % (1, 0))), FD0),
    ("A-77", "an inherited chunk with a length", derived(inherit("fd0", 3, place="%08d %06d" % (0, 1))), FD0),
    ("A-78", "an extent of which nothing is here", derived(inherit("fd0", *range(23))), ""),
    ("A-79", "a disk that is longer than the parent's", derived(longer("hd0"), inherit("hd0", 1024)), "disk/hd0: that its parent does not have"),
    ("A-79", "an extent of a disk that is longer", derived(longer("hd0"), inherit_extent("hd0", 1)), "archive: does not have"),
    ("A-80", "a chunk that the parent does not have", derived(other_chunk("fd0", 3), inherit("fd0", 3)), "disk/fd0: parent does not have"),
    ("A-80", "an extent that the parent does not have", derived(other_chunk("fd0", 3), inherit_extent("fd0", 0)), "archive: does not have"),
    ("A-80", "zeros that the parent does not have", derived(lambda f: f.disks["hd0"].chunks.__setitem__(1024, bytes(CHUNK)), inherit("hd0", 1024)), "disk/hd0: parent does not have"),
    ("A-52", "a signature with S + L", change("signature", lambda s: s[:32] + (int.from_bytes(s[32:], "little") + 2**252 +
                                              27742317777372353535851937790883648493).to_bytes(32, "little")), EVIDENCE + "statement.sig: does not fit"),
]


def verify(muniment, path):
    done = subprocess.run([muniment, "verify", "--json", path], capture_output=True, text=True)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, {"findings": [], "verdict": done.stdout + done.stderr}


def wrong_with(arguments, rule, function, finding):
    muniment, recover, sample, key = arguments
    forger = Forger(sample, key)
    function(forger)
    forger.write("broken.mun")
    status, answer = verify(muniment, "broken.mun")
    member, _, what = (finding or "").partition(": ")
    shutil.rmtree("recovered", ignore_errors=True)
    try:
        recovered, said = run(recover, "broken.mun", "recovered", sample)
    except Exception:
        recovered, said = 1, traceback.format_exc()
    if finding is None:
        return answer if status != 1 or answer["verdict"] != "unknown-signer" else said if recovered else None
    found = any(f["member"].startswith(member) and what in f["place"] + f["what"] + f["member"] for f in answer["findings"])
    if status not in (1, 3) or status == 1 and answer["verdict"] not in ("damaged", "bad-signature") or not found and finding:
        return answer
    if rule not in UNREAD and (recovered not in (1, 3) or "Traceback" in said or "everything is intact" in said):
        return f"recover.py: exit status {recovered}: {said}"
    return None


def main(arguments):
    wanted = arguments[5] if len(arguments) > 5 else None
    rules = [rule for rule in RULES if not wanted or rule[0] == wanted]
    arguments[2] = load(arguments[2])
    failed = 0
    for rule, what, function, finding in rules:
        try:
            wrong = wrong_with(arguments[1:5], rule, function, finding)
        except (AssertionError, ValueError, LookupError, TypeError) as error:
            wrong = repr(error)
        if wrong:
            failed += 1
            print(f"{rule}, {what}: {str(wrong)[:1500]}")
    print(f"{len(rules)} archives that break a rule of spec/archive.md, {failed} not found")
    return 1 if failed or not rules else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
