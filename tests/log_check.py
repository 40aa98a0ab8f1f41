#!/usr/bin/env python3
"""log_check.py - checks a log, its heads and proofs, from spec/log.md alone, by the standard library alone.

    log_check.py log LOG [HEAD ...]     each line's form, each act's outcome, each head
    log_check.py proof PROOF            that its line leads to its head
    log_check.py growth REQUEST HEAD    that the head of the request has only grown since HEAD

Exit status 1, and a line that says what is wrong. Signatures are left to openssl (log.sh)."""
import base64, hashlib, json, re, sys

TIME, WORD = rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"', rb'"[a-z0-9.-]{1,64}"'
FIRST = rb'{"muniment-log":0,"origin":"[!#-*,-\[\]-~]{1,256}","made":' + TIME + b"}"
LINE = (rb'{"line":%d,"time":' + TIME + b',"by":' + WORD + rb',(?:("act"):' + WORD + rb',"object":".*"|"intent":(\d+),'
        rb'"outcome":"(?:done|wrong|usage|input|host|undecided|closed)"(?:,.*)?|"torn":%d(?:,.*)?)}')


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(leaves):
    half = 1 << (len(leaves) - 1).bit_length() - 1 if len(leaves) > 1 else 0
    return digest(b"\1", root(leaves[:half]), root(leaves[half:])) if half else leaves[0]


def climb(number, last, at, nodes):
    """The roots before and after that a path leads to (RFC 9162, 2.1.3.2 and 2.1.4.2), and the levels it lacks."""
    before = after = at
    for step in nodes:
        if number & 1 or number == last:
            before, after = digest(b"\1", step, before), digest(b"\1", step, after)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            after = digest(b"\1", after, step)
        number, last = number >> 1, last >> 1
    return before, after, last


def read(path):
    """The lines before the first empty line, and those after it."""
    return [part.split("\n") for part in open(path, encoding="utf-8").read().split("\n\n", 1)]


def head(lines):
    return lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)


def fault_of(number, line, waiting):
    form = re.fullmatch(LINE % (number, number - 1) if number else FIRST, line)
    try:
        json.loads(line)
    except ValueError:
        form = None
    if not form or not number:
        return None if form else "has not the form of a line, or another number"
    act, intent = form.groups()
    if act:
        waiting.add(b"%d" % number)
    elif intent and intent not in waiting:
        return "is the outcome of no act that waits for one"
    return waiting.discard(intent)


def check_log(path, *heads):
    lines, waiting = open(path, "rb").read().split(b"\n")[:-1], set()
    faults = [fault_of(number, line, waiting) for number, line in enumerate(lines)]
    for number, fault in enumerate(faults):
        if fault and not (faults[number + 1:number + 2] == [None] and b'"torn":' in lines[number + 1]):
            sys.exit(f"line {number} {fault}")
    leaves = [digest(b"\0", line) for line in lines]
    for file in heads:
        origin, size, its = head(read(file)[0])
        if origin != json.loads(lines[0])["origin"] or size > len(lines) or root(leaves[:size]) != its:
            sys.exit(f"{file} is not a head of this log")
    print(f"{len(lines)} lines, {root(leaves).hex()}")


def check_proof(path):
    (first, extra, index, *nodes), rest = read(path)
    _, size, its = head(rest)
    leaf = digest(b"\0", base64.b64decode(extra.split()[1]))
    _, after, lacking = climb(int(index.split()[1]), size - 1, leaf, map(base64.b64decode, nodes))
    if first != "c2sp.org/tlog-proof@v1" or (after, lacking) != (its, 0):
        sys.exit("the proof does not hold")


def check_growth(request, old_head):
    (old, *nodes), rest = read(request)
    (_, before, first), (_, size, second) = head(read(old_head)[0]), head(rest)
    path = [first] * (before & before - 1 == 0) + [base64.b64decode(text) for text in nodes if text]
    whole = (before & -before).bit_length() - 1  # the height of the last whole tree of the old log
    grown = path and climb((before >> whole) - 1, size - 1 >> whole, path[0], path[1:]) == (first, second, 0)
    if int(old.split()[1]) != before or before > size or not (grown or (before == size and first == second)):
        sys.exit("the log did not only grow")


if __name__ == "__main__":
    {"log": check_log, "proof": check_proof, "growth": check_growth}[sys.argv[1]](*sys.argv[2:])
