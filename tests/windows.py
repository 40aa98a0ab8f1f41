#!/usr/bin/env python3
"""windows.py - each fact of spec/windows.md is held by a test that exists, or the table says why none is.

    tests/windows.py [--list]

The column "Held by" names tests in backquotes: a file, by its path from the root or from one of FOLDERS, or a function of a unit test or of the firmware's tests. Other names in
backquotes are settings or ready-made machines. A cell without a test gives the reason in words. --list prints each fact with its tests."""

import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
FOLDERS = ("", "tests", "tests/unit", "tests/guests", "bios/tests")
A_FILE = re.compile(r"^[\w/.-]+\.(c|S|sh|py)$")
A_FUNCTION = re.compile(r"^[a-z0-9]+(_[a-z0-9]+)+$")


def functions():
    """The names of the unit tests' and the firmware's facts."""
    found = set()
    for path in glob.glob(os.path.join(ROOT, "tests/unit/*.c")) + glob.glob(os.path.join(ROOT, "bios/tests/*.c")):
        with open(path, encoding="utf-8") as file:
            found.update(re.findall(r"^(?:static )?(?:void|bool) (\w+)\(void", file.read(), re.M))
    return found


def tables(text):
    """(section, heading, row's line number, cells) of each row of each table."""
    section, heading = "", None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("## "):
            section = line[3:]
        if not line.startswith("|"):
            heading = None
        elif heading is None:
            heading = [cell.strip() for cell in line.strip("|").split("|")]
        elif not line.startswith("|---"):
            yield section, heading, number, [cell.strip() for cell in line.strip("|").split("|")]


def main(arguments):
    with open(os.path.join(ROOT, "spec/windows.md"), encoding="utf-8") as file:
        text = file.read()
    known, faults, facts, tested = functions(), [], 0, 0
    for section, heading, number, cells in tables(text):
        place = f"spec/windows.md:{number}"
        if len(cells) != len(heading):
            faults.append(f"{place}: {len(cells)} cells in a table of {len(heading)} columns")
            continue
        facts += 1
        cell = dict(zip(heading, cells)).get("Held by")
        if cell is None:
            continue
        tests = []
        for name in re.findall(r"`([^`]+)`", cell):
            if A_FILE.match(name):
                if any(os.path.isfile(os.path.join(ROOT, folder, name)) for folder in FOLDERS):
                    tests.append(name)
                else:
                    faults.append(f"{place}: there is no {name}")
            elif A_FUNCTION.match(name):
                if name in known:
                    tests.append(name)
                else:
                    faults.append(f"{place}: no test is called {name}")
        tested += bool(tests)
        if not tests and not re.sub(r"`[^`]*`", "", cell).strip(" .,;"):
            faults.append(f"{place}: neither a test nor a reason")
        if "--list" in arguments:
            print(f"{section}: {cells[0][:100]}: {', '.join(tests) or 'why not: ' + cell}")
    print("\n".join(faults + [f"{facts} facts, {tested} of them held by tests; {len(faults)} faults"]))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
