#!/usr/bin/env python3
"""log_check.py - checks a log, its heads and proofs, from spec/log.md alone, by the standard library alone.

    log_check.py log LOG [HEAD ...]     each line's form, each act's outcome, each head
    log_check.py proof PROOF            that its line leads to its head
    log_check.py growth REQUEST HEAD    that the head of the request has only grown since HEAD

Signatures are left to openssl: `log_check.py note HEAD` prints what is signed to FILE.note and the signature to
FILE.sig. Exit status 1, and a line that says what is wrong."""

import base64
import hashlib
import json
import re
import sys

HEADS = {"time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "by": r"[a-z0-9.-]{1,64}"}
OUTCOMES = ["done", "wrong", "usage", "input", "host", "undecided", "closed"]


def wrong(text):
    sys.exit(text)


def leaf(line):
    return hashlib.sha256(b"\0" + line).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node(root(leaves[:half]), root(leaves[half:]))


def head(text):
    body = text.split("\n\n")[0].split("\n")
    return body[0], int(body[1]), base64.b64decode(body[2], validate=True)


def check_line(number, line, waiting):
    try:
        members = json.loads(line, object_pairs_hook=list)
    except ValueError:
        return "is no JSON"
    names = [name for name, _ in members]
    values = dict(members)
    if number == 0:
        return None if names == ["muniment-log", "origin", "made"] and values["muniment-log"] == 0 else "names no log"
    if names[:3] != ["line", "time", "by"] or values["line"] != number:
        return "has another number or other members"
    if not all(re.fullmatch(form, values[name]) for name, form in HEADS.items()):
        return "has no time or no author"
    if names[3:5] == ["act", "object"]:
        waiting.add(number)
    elif names[3:5] == ["intent", "outcome"]:
        if values["intent"] not in waiting or values["outcome"] not in OUTCOMES:
            return "is the outcome of no act that waits for one"
        waiting.remove(values["intent"])
    elif names[3:4] != ["torn"] or values["torn"] != number - 1:
        return "has neither act, intent nor torn"
    return None


def check_log(path, heads):
    lines = open(path, "rb").read().split(b"\n")[:-1]
    leaves, waiting, faults = [], set(), {}
    for number, line in enumerate(lines):
        fault = check_line(number, line, waiting)
        if fault:
            faults[number] = fault
        elif number - 1 in faults and b'"torn":' in line:
            del faults[number - 1]
        leaves.append(leaf(line))
    for number, fault in faults.items():
        wrong(f"line {number} {fault}")
    for file in heads:
        origin, size, its = head(open(file, encoding="utf-8").read())
        if origin != json.loads(lines[0])["origin"] or size > len(lines) or root(leaves[:size]) != its:
            wrong(f"{file} is not a head of this log")
    print(f"{len(lines)} lines, {root(leaves).hex()}")


def check_proof(path):
    proof, text = open(path, encoding="utf-8").read().split("\n\n", 1)
    first, extra, index, *nodes = proof.split("\n")
    _, size, its = head(text)
    number, last, hashed = int(index.split()[1]), size - 1, leaf(base64.b64decode(extra.split()[1]))
    for step in map(base64.b64decode, nodes):
        if number & 1 or number == last:
            hashed = node(step, hashed)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            hashed = node(hashed, step)
        number, last = number >> 1, last >> 1
    if first != "c2sp.org/tlog-proof@v1" or last or hashed != its:
        wrong("the proof does not hold")


def check_growth(request, old_head):
    proof, text = open(request, encoding="utf-8").read().split("\n\n", 1)
    old, *nodes = proof.split("\n")
    nodes = [base64.b64decode(n) for n in nodes if n]
    _, before, first_root = head(open(old_head, encoding="utf-8").read())
    _, size, second_root = head(text)
    if int(old.split()[1]) != before:
        wrong("the request is about another size")
    if before == size:
        return None if not nodes and first_root == second_root else wrong("the log did not grow as the proof says")
    if before & (before - 1) == 0:
        nodes.insert(0, first_root)
    number, last = before - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    one = two = nodes[0]
    for step in nodes[1:]:
        if number & 1 or number == last:
            one, two = node(step, one), node(step, two)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            two = node(two, step)
        number, last = number >> 1, last >> 1
    return None if last == 0 and (one, two) == (first_root, second_root) else wrong("the log did not only grow")


def print_note(path):
    body, signatures = open(path, encoding="utf-8").read().split("\n\n", 1)
    open(path + ".note", "w", encoding="utf-8").write(body + "\n")
    signature = base64.b64decode(signatures.split("\n")[0].split(" ")[2])
    open(path + ".sig", "wb").write(signature[4:])


if __name__ == "__main__":
    command, *operands = sys.argv[1:]
    {"log": lambda path, *heads: check_log(path, heads), "proof": check_proof, "growth": check_growth,
     "note": print_note}[command](*operands)
