#!/usr/bin/env python3
"""letters.py - the tables of formats/letters.c are what Unicode says of case: each character of Unicode 3.2 beyond ASCII that has no more than 16 bits, and the letters of
Latin script without their accents, beside Python's copy of that version."""
import re
import sys
import unicodedata

source = open("formats/letters.c", encoding="utf-8").read()
rows = [tuple(int(number, 0) for number in row) for row in re.findall(r"\{(0x\w+), (0x\w+), (\d+), (-?\d+)\}", source)]
bare = "".join(re.findall(r'"([^"]*)"', re.search(r"bare_letters\[\] = (.*?);", source, re.S)[1]))
assert len(rows) > 100 and all(row[1] < after[0] for row, after in zip(rows, rows[1:])), "rows are out of order"


def folded(code):
    row = next((row for row in rows if code <= row[1]), None)
    return code + row[3] if row and code >= row[0] and (code - row[0]) % row[2] == 0 else code


def simple(mapped, letter):
    """A mapping to several characters is none here; nor is one to a character that came later."""
    return mapped if len(mapped) == 1 and unicodedata.ucd_3_2_0.category(mapped) != "Cn" else letter


wrong = []
for code in range(0x80, 0x10000):
    letter = chr(code)
    if unicodedata.ucd_3_2_0.category(letter) in ("Cn", "Cs") or code == 0x130:  # of capital I with a dot, only the simple mapping is i
        continue
    small = simple(letter.lower(), letter)
    if folded(code) != ord(simple(small.upper(), small)):
        wrong.append(f"U+{code:04X} becomes U+{folded(code):04X}")
if folded(0x130) != ord("I"):
    wrong.append("U+0130 is not I")
for code in range(0xC0, 0x180):
    parts = unicodedata.normalize("NFD", chr(code))
    if len(parts) > 1 and parts[0].isascii() and bare[code - 0xC0] != parts[0].upper():
        wrong.append(f"U+{code:04X} without its accent is {bare[code - 0xC0]}")
print("\n".join(wrong) or f"letters: {len(rows)} rows are Unicode's")
sys.exit(len(wrong) > 0)
