#!/usr/bin/env python3
"""bag.py BAG - whether a folder is a bag by RFC 8493, version 1.0, with SHA-256: sections 2.1 to 2.3 and 3 (complete and valid).

Written from the RFC. Nothing is taken for granted that it leaves open but the one digest algorithm, and that all tag files are in the tag manifest."""
import hashlib
import os
import re
import sys


def check(bag):
    def read(name):
        with open(os.path.join(bag, name), "rb") as file:
            return file.read()

    def files(folder):
        return {os.path.relpath(os.path.join(at, name), bag) for at, _, names in os.walk(os.path.join(bag, folder)) for name in names}

    def manifest(name):
        found = {}
        for line in read(name).decode("utf-8").splitlines():
            digest, path = re.fullmatch(r"([0-9a-f]{64})  (.+)", line).groups()
            path = re.sub("%(25|0A|0D)", lambda m: chr(int(m[1], 16)), path)  # 2.1.3
            assert path not in found and ".." not in path.split("/") and not path.startswith("/"), path
            assert hashlib.sha256(read(path)).hexdigest() == digest, path
            found[path] = digest
        return found

    assert read("bagit.txt") == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"  # 2.1.1
    payload, there = manifest("manifest-sha256.txt"), files("data")
    assert set(payload) == there, set(payload) ^ there  # 3
    tags = manifest("tagmanifest-sha256.txt")
    assert set(tags) == files(".") - there - {"tagmanifest-sha256.txt"}, tags  # 2.2.1
    labels = []
    for line in read("bag-info.txt").decode("utf-8").splitlines():  # 2.2.2
        assert re.fullmatch(r"[^:\s][^:]*: .*|\s+.*", line), line
        labels.append(line.split(":")[0])
    assert labels.count("Payload-Oxum") == 1 and labels.count("Bagging-Date") == 1
    size = sum(os.path.getsize(os.path.join(bag, name)) for name in there)
    assert f"Payload-Oxum: {size}.{len(there)}\n" in read("bag-info.txt").decode("utf-8")


if __name__ == "__main__":
    check(sys.argv[1])
