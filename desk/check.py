#!/usr/bin/env python3
"""check.py - checks the bag that it lies in, by Python's standard library alone (3.6 or newer).

    python3 check.py [--key OFFICE.key.pub] [--shown FILE]

Written from RFC 8493, spec/retrieval.md and spec/receipt.md, independently of the program that made the bag. Without a
key, receipt.pem serves, which does not show who signed. Exit status: 0 all is right; 1 something is not."""
import argparse, base64, hashlib, os, re, sys

hexed = lambda data: hashlib.sha256(data).hexdigest()
BAG, wrong = os.path.dirname(os.path.abspath(__file__)), []
SPKI = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of Ed25519 (RFC 8410), then the key
P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def check(good, what):
    if not good:
        wrong.append(what)
        print("WRONG: " + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in what))
    return good

def read(name, default=None):
    if default is not None and not os.path.isfile(os.path.join(BAG, *name.split("/"))):
        return default
    return open(os.path.join(BAG, *name.split("/")), "rb").read()

def point_add(p, q):  # RFC 8032, section 5.1.4
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P

def point_times(n, p):
    total = 0, 1, 1, 0
    while n:
        total, p, n = point_add(total, p) if n & 1 else total, point_add(p, p), n >> 1
    return total

def point_decode(data):
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    return (x if x & 1 == sign else P - x), y, 1, (x if x & 1 == sign else P - x) * y % P

def signature_fits(key, signature, message):
    base, s = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")), int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % Q
    a, b = point_times(s, base), point_add(point_decode(signature[:32]), point_times(h, point_decode(key)))
    return len(signature) == 64 and s < Q and all((a[i] * b[2] - b[i] * a[2]) % P == 0 for i in (0, 1))

def key_of(pem):
    der = base64.b64decode(b"".join(line for line in pem.splitlines() if b"-" not in line))
    check(len(der) == 44 and der.startswith(SPKI), "the key is no public key of Ed25519")
    return der[12:]

def check_manifest(manifest):  # RFC 8493, section 2.1.3
    named = []
    for line in read(manifest).decode("utf-8").splitlines():
        digest, name = line.split("  ", 1)
        named.append(re.sub("%(25|0[AaDd])", lambda m: chr(int(m[1], 16)), name))
        good = ".." not in name.split("/") and hexed(read(named[-1], b"not there")) == digest
        check(good, name + ": is not as " + manifest + " says")
    return named

def name_of(text):  # spec/receipt.md, R-2
    name = re.sub("%([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), text)
    check(text == re.sub("[\1- %\x7f]", lambda m: "%%%02X" % ord(m[0]), name), text + ": is not written in the one way")
    return name

def lines_of(name):
    text = read(name).decode("utf-8", "surrogateescape")
    check(text.endswith("\n"), name + ": does not end with a line feed")
    return [line.partition(": ")[::2] for line in text[:-1].split("\n")]

def check_receipt(payload, key, shown):
    lines, text = lines_of("receipt.txt"), read("receipt.txt")
    check(signature_fits(key_of(key or read("receipt.pem")), read("receipt.sig"), text), "the signature does not fit")
    head = " ".join(name for name, _ in lines if name not in ("file", "damaged", "withheld", "override", "code-page"))
    good = head == "muniment-receipt machine-root content signer drive state date"
    check(good and max(map(len, text.split(b"\n"))) <= 8192, "receipt.txt: is no receipt of version 0")
    files = {name_of(f[2]): f for f in (value.split(" ") for name, value in lines if name in ("file", "damaged"))}
    for name, (digest, size, *_) in files.items():
        good = name not in payload or hexed(read(name)) == digest and len(read(name)) == int(size)
        check(good, name + ": is not the file that was signed")
    check(set(payload) <= set(files), "the bag holds files that the receipt does not name")
    commitments = {value for name, value in lines if name == "withheld"}
    check({hexed(line) for line in shown.splitlines()} <= commitments, "a line that is shown is not committed to")
    torn = f" ({sum(name == 'damaged' for name, _ in lines)} damaged)" if "damaged" in dict(lines) else ""
    print(f"receipt: {len(files)} files{torn}, {len(commitments)} withheld, of the machine {lines[1][1]}")
    return dict(lines)

def root_of(number, count, digest, nodes):  # RFC 9162, section 2.1.3.2
    node, fn, sn = hashlib.sha256(b"\0" + digest).digest(), number, count - 1
    for other in nodes:
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\1" + other + node).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\1" + node + other).digest()
        fn, sn = fn >> 1, sn >> 1
    return node.hex() if sn == 0 else None

def check_proof(receipt, payload):
    lines, content = lines_of("proof/proof.txt"), read("proof/content.txt")
    above, root = content.partition(b"machine-root: ")[0], dict(lines)["machine-root"]
    good = hexed(above) == root == receipt.get("machine-root", root)
    check(good and hexed(content) == receipt.get("content", hexed(content)), "content.txt: is that of another machine")
    slot, count = dict(lines)["disk"].split(" ")
    disk = re.search(rb"^disk: %s [0-9]+ ([0-9a-f]{64}) " % slot.encode(), above, re.M)
    chunks, at = {}, {}
    for number, digest, *nodes in (value.split(" ") for name, value in lines if name == "chunk"):
        chunks[int(number)] = read(f"proof/{int(number)}.chunk")
        found = root_of(int(number), int(count), bytes.fromhex(digest), map(bytes.fromhex, nodes))
        good = hexed(chunks[int(number)]) == digest and disk and found == disk[1].decode()
        check(good, f"chunk {number} does not lead to the root of the disk")
    for name, start, place, size in (value.split(" ") for name, value in lines if name == "run"):
        name, start, place, size = name_of(name), int(start), int(place), int(size)
        pieces = (chunks.get(c, b"") for c in range(place >> 16, (place + size - 1 >> 16) + 1))
        good = start == at.get(name, 0) and b"".join(pieces)[place & 65535:][:size] == read(name)[start:start + size]
        check(good, name + ": has a gap in its proof, or other bytes on the disk")
        at[name] = start + size
    unproved = {name_of(value) for name, value in lines if name == "unproved"}
    check(set(at) | unproved <= set(payload), "the proof is about other files")
    for name in set(payload) - unproved:
        check(at.get(name, 0) == len(read(name)), name + ": is not proved to its end")
    print(f"proof: {len(at)} files lie on the sealed disk, in {len(chunks)} chunks")

def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for option in "--key", "--shown": parser.add_argument(option, type=argparse.FileType("rb"))
    options = parser.parse_args()
    payload = check_manifest("manifest-sha256.txt")
    found = sum(len(names) for _, _, names in os.walk(os.path.join(BAG, "data")))
    check(found == len(payload), "data/ holds files that the manifest does not name")
    check_manifest("tagmanifest-sha256.txt")
    key, shown = (file.read() if file else b"" for file in (options.key, options.shown))
    receipt = check_receipt(payload, key, shown) if key or read("receipt.txt", b"") else {}
    if read("proof/proof.txt", b""): check_proof(receipt, payload)
    print(f"{len(payload)} files, {len(wrong)} faults" + ("" if key else "; no key was given: who signed is open"))
    return 1 if wrong else 0

if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError, IndexError) as error:
        sys.exit(f"WRONG: the bag cannot be read: {error}")
