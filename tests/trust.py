#!/usr/bin/env python3
"""trust.py - archives that somebody without the key has changed, so that all agrees up to a link of the chain (A-56):
`muniment verify` names what is not what was signed, and reassures about nothing; nor does recover.py, which names no
signer either unless the signature fits.

    trust.py MUNIMENT RECOVER.PY FILE.mun STRANGER

STRANGER is a key that the forger has. Each case says which members are as they were in FILE.mun though they should
follow from the others."""

import json
import os
import re
import shutil
import subprocess
import sys

from forge import EVIDENCE, Forger, tar_members

SIGNATURE, KEY, STATEMENT = EVIDENCE + "statement.sig", EVIDENCE + "key.pub", EVIDENCE + "statement.txt"
SIGNED = (KEY, SIGNATURE, STATEMENT)
ROOT = ("disk/fd0", "root stands in content.txt")
# what is stale; the finding that names the change, as (member, part of what is said); the verdict
CASES = {
    "the disk, its map and its top": (
        ("SHA256SUMS", "content.txt", "seal.txt", *SIGNED), ("disk/fd0.top", "digest"), "damaged"),
    "the disk and all of seal.txt but SHA256SUMS": (("SHA256SUMS", "content.txt", *SIGNED), ROOT, "damaged"),
    "the disk and all of seal.txt": (("content.txt", *SIGNED), ROOT, "damaged"),
    "the disk and content.txt": (("SHA256SUMS", "seal.txt", *SIGNED), ("content.txt", "statement"), "damaged"),
    "the disk and all but the evidence": (SIGNED, ("seal.txt", "statement"), "damaged"),
    "all but the signature": ((SIGNATURE,), (SIGNATURE, "does not fit"), "bad-signature"),
    "all but key and signature": ((SIGNATURE, KEY), (SIGNATURE, "does not fit"), "bad-signature"),
}


def printed(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def failures(muniment, recover, path, key):
    with open(path, "rb") as file:
        before = tar_members(file.read())
    for name, (stale, (member, what), verdict) in CASES.items():
        forger = Forger(path, key)
        disk = forger.disks["fd0"]
        assert b"COUNTY" in disk.image
        disk.chunks = [chunk.replace(b"COUNTY", b"FORGED") for chunk in disk.chunks]
        for kept in stale:
            forger.change["signature" if kept.endswith(".sig") else kept] = lambda _, kept=kept: before[kept]
        forger.write("changed.mun")
        answer = json.loads(printed(muniment, "verify", "--json", "changed.mun")[1])
        found = [f["what"] for f in answer["findings"] if f["member"] == member]
        if answer["verdict"] != verdict or not any(what in text for text in found):
            yield f"{name}: verify: {answer}"
        shutil.rmtree("recovered", ignore_errors=True)
        status, out, err = printed(sys.executable, recover, "changed.mun", "recovered")
        if status != 1 or os.path.exists("recovered/fd0.img") or re.search(r"\bintact", out + err):
            yield f"{name}: recover.py reassures: {out + err}"
        if ("signed by" in out) != (SIGNATURE not in stale or KEY in stale and STATEMENT in stale):
            yield f"{name}: recover.py names a signer: {out + err}"
        if not re.search(r"DAMAGED: changed\.mun: (disk/fd0|seal\.txt|content\.txt|evidence)", err):
            yield f"{name}: recover.py does not name the change: {out + err}"
        if any("intact" in f["what"] for f in answer["findings"]) or verdict == "bad-signature" and answer["signer"]:
            yield f"{name}: verify reassures: {answer}"


def main(arguments):
    failed = list(failures(*arguments[1:]))
    print("\n".join(failed) or f"{len(CASES)} archives that somebody has changed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
