#!/usr/bin/env python3
"""rules.py - each sentence of a format's specification that says must, never or only has a number, each number a test.

    tests/rules.py [--list]

A number stands in brackets within its sentence: [A-17]. The numbers of a specification are 1, 2, 3 ... in the order of
the text. A test names the rule that it breaks, in its source, as A-17, A-17 to A-19 or A-17-A-19. Reported are
sentences and table cells without a number, numbers out of order, rules that no test names, and numbers in tests that
no specification has; --list prints each rule with its tests. A specification without any number is not numbered yet:
that is reported, and no failure."""

import glob
import os
import re
import sys

SPECIFICATIONS = {"A": "spec/archive.md", "C": "spec/set.md", "J": "spec/journal.md", "K": "spec/keys.md", "L": "spec/log.md", "M": "spec/manifest.md",
                  "B": "spec/evidence.md", "P": "spec/parity.md", "Q": "spec/rights.md", "R": "spec/receipt.md",
                  "S": "spec/snapshot.md", "V": "spec/retrieval.md", "W": "spec/sound.md"}
WORDS = re.compile(r"\b(must|never|only)\b", re.I)
NUMBER = re.compile(r"\b([%s])-(\d+)\b" % "".join(SPECIFICATIONS))
SPAN = re.compile(r"\b([%s])-(\d+)(?: to |-)(?:\1-)(\d+)\b" % "".join(SPECIFICATIONS))
HERE = os.path.dirname(os.path.abspath(__file__))


def sentences(text):
    """(line, sentence) of a Markdown text: of its paragraphs, list items and table cells; code is left out."""
    block, first, code = [], 0, False
    for number, line in enumerate(text.split("\n") + [""], 1):
        fence = line.lstrip().startswith("```")
        code ^= fence
        alone = fence or code or not line.strip() or line.startswith(("|", "#"))
        if block and (alone or re.match(r"\s*([-*]|\d+\.) ", line)):
            at = 0
            for sentence in re.split(r"(?<=[.:;!?])\s+(?=[A-Z`*])", "\n".join(block)):
                yield first + "\n".join(block)[:at].count("\n"), sentence
                at = "\n".join(block).index(sentence, at) + len(sentence)
            block = []
        if line.startswith("|"):
            yield from ((number, cell) for cell in line.strip("| \n").split("|"))
        elif not alone:
            first = first if block else number
            block.append(line)


def read(path):
    with open(os.path.join(HERE, "..", path), encoding="utf-8") as file:
        return file.read()


def named_in_tests():
    """{(prefix, number): [file]} of the tests."""
    found = {}
    for path in sorted(glob.glob(os.path.join(HERE, "**", "*"), recursive=True)):
        if not path.endswith((".c", ".h", ".py", ".sh")) or os.path.samefile(path, __file__):
            continue
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        numbers = {(prefix, int(number)) for prefix, number in NUMBER.findall(text)}
        for prefix, first, last in SPAN.findall(text):
            numbers.update((prefix, number) for number in range(int(first), int(last) + 1))
        for rule in numbers:
            found.setdefault(rule, []).append(os.path.relpath(path, HERE))
    return found


def main(arguments):
    tests, wrong, count = named_in_tests(), [], 0
    for prefix, path in SPECIFICATIONS.items():
        rules, unnumbered = {}, []
        for line, sentence in sentences(read(path)):
            numbers = [int(number) for letter, number in re.findall(r"\[([A-Z])-(\d+)\]", sentence) if letter == prefix]
            rules.update((number, (line, sentence)) for number in numbers if number not in rules)
            if WORDS.search(sentence) and not numbers:
                unnumbered.append(f"{path}:{line}: has no number: {' '.join(sentence.split())}")
        if not rules:
            print(f"{path}: not numbered yet; {len(unnumbered)} sentences say must, never or only")
            continue
        wrong += unnumbered
        if list(rules) != list(range(1, len(rules) + 1)):
            wrong.append(f"{path}: the numbers are not 1, 2, 3 ... in order: {list(rules)}")
        for number, (line, sentence) in rules.items():
            files = tests.pop((prefix, number), [])
            if not files:
                wrong.append(f"{path}:{line}: no test names {prefix}-{number}: {' '.join(sentence.split())}")
            if "--list" in arguments:
                print(f"{prefix}-{number}\t{path}:{line}\t{' '.join(sentence.split())}\t{', '.join(files)}")
        count += len(rules)
    wrong += [f"tests/{files[0]}: names {prefix}-{number}, which is in no specification"
              for (prefix, number), files in tests.items()]
    print("\n".join(wrong + [f"{count} rules, {len(wrong)} faults"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
