#!/usr/bin/env python3
"""circles.py - who includes and who calls whom: the directions of spec/architecture.md, and no circles.

A module is NAME.c with NAME.h, a folder's module its path. Checked are:

- calls between folders go in the directions of USES, and includes across folders name public headers only;
- no circle of includes or of calls holds modules of two folders, none more than four;
- no name is defined by two modules.

Calls are those of the object files in $BUILD (build), as nm prints them: a header can declare what another file defines. The firmware is
two programs with an entry in assembler each, of which only the includes are checked.
"""
import os
import pathlib
import re
import subprocess
import sys

LIMIT = 4
BELOW = ["formats"]
MACHINE = ["emu", "manifests", *BELOW]
# What each folder may use besides itself.
USES = {
    "formats": [],
    "formats/images": BELOW,
    "formats/volumes": BELOW,
    "manifests": BELOW,
    "emu": ["emu/cpu", "emu/cpu/translate", "emu/devices", *MACHINE],
    "emu/cpu": ["emu/cpu/translate", *MACHINE],
    "emu/cpu/translate": ["emu/cpu", *MACHINE],
    "emu/devices": MACHINE,
    "emu/host": MACHINE,
    "archive": ["manifests", "formats/images", *BELOW],
    "verify/fixity": ["archive", "manifests", *BELOW],
    "verify/log": ["archive", *BELOW],
    "verify/evidence": ["verify/fixity", "archive", "manifests", *BELOW],
    "verify/repair": ["verify/fixity", "archive", "manifests", *BELOW],
    "verify/runs": ["archive", "formats/images", *MACHINE],
    "desk/rfb": ["desk", *MACHINE],
    "desk": ["desk/rfb", "verify/evidence", "verify/fixity", "verify/log", "verify/repair", "verify/runs", "archive", "bios", "emu/host", "formats/images", "formats/volumes",
             *MACHINE],
    "bios": [],
}
# Headers for other folders. The parts of the machine see each other's headers.
PUBLIC = {
    "formats": ["formats.h", "block.h", "wave.h", "codepage.h", "error.h", "file.h", "json.h", "letters.h", "libarchive.h", "loaded.h", "message.h",
                "monotonic.h", "numbers.h", "output.h", "padding.h", "plain.h", "text.h", "xml.h"],
    "formats/images": ["images.h"],
    "formats/volumes": ["volumes.h", "files.h", "registry.h", "signatures.h"],
    "manifests": ["manifests.h"],
    "emu": ["emu.h", "cable.h"],
    "emu/host": ["host.h"],
    "archive": ["archive.h"],
    "bios": ["bios.h"],
    "desk": ["keys.h", "layouts.h"],
    "desk/rfb": ["rfb.h"],
    "verify/fixity": ["fixity.h", "keytext.h", "set_file.h"],
    "verify/evidence": ["evidence.h"],
    "verify/log": ["log.h"],
    "verify/repair": ["repair.h"],
    "verify/runs": ["runs.h"],
}
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def circles(graph):
    """The strongly connected parts of more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            part = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(part) > 1:
                found.append(sorted(part))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def folder(module):
    return module.rpartition("/")[0]


def is_machine(name):
    return name == "emu" or name.startswith("emu/")


def read_includes():
    """{file: the files that it includes}"""
    includes = {}
    for name in USES:
        for path in pathlib.Path(name).glob("*.[ch]"):
            names = INCLUDE.findall(path.read_text())
            includes[str(path)] = [n if "/" in n else f"{name}/{n}" for n in names]
    return includes


def read_symbols(paths):
    """{object file: its symbols, each with its kind}: one nm reads them all."""
    symbols = {}
    listed = subprocess.run(["nm", "-A", "-P", *paths], check=True, capture_output=True, text=True).stdout if paths else ""
    for line in listed.splitlines():
        path, symbol, kind = line.split()[:3]
        symbols.setdefault(path.rstrip(":"), []).append((symbol, kind))
    return symbols


def read_calls(build):
    """({module: {module: a symbol}}, names that two modules define: of those in libraries the linker takes one without a word)"""
    defined, wanted, twice = {}, [], []
    for name in USES:
        paths = sorted(pathlib.Path(build, name).glob("*.o"))
        symbols = read_symbols(paths)
        for path in paths:
            module = f"{name}/{path.stem}"
            if name == "bios" or not pathlib.Path(f"{module}.c").exists():
                continue
            for symbol, kind in symbols.get(str(path), ()):
                if kind == "U":
                    wanted.append((module, symbol))
                elif kind.isupper():
                    if symbol in defined:
                        twice.append(f"{symbol} is defined by {defined[symbol]} and by {module}")
                    defined[symbol] = module
    calls = {}
    for module, symbol in wanted:
        other = defined.get(symbol, module)
        if other != module:
            calls.setdefault(module, {}).setdefault(other, symbol)
    return calls, twice


def main():
    build = os.environ.get("BUILD", "build")
    includes = read_includes()
    calls, faults = read_calls(build)
    graph = {}
    for path, names in sorted(includes.items()):
        here, module = folder(path), path.rpartition(".")[0]
        for name in names:
            there, _, base = name.rpartition("/")
            graph.setdefault(module, set()).add(name.rpartition(".")[0])
            if there == here:
                continue
            if there not in USES[here]:
                faults.append(f"{path} includes {name}: {here}/ does not use {there}/")
            elif not (is_machine(here) and is_machine(there)) and base not in PUBLIC[there]:
                faults.append(f"{path} includes {name}, which is not public")
    for module in graph:
        graph[module].discard(module)
    for module, others in sorted(calls.items()):
        for other, symbol in sorted(others.items()):
            here, there = folder(module), folder(other)
            if there != here and there not in USES[here]:
                faults.append(f"{module} calls {symbol} in {other}: {here}/ does not use {there}/")
    for kind, links in ("includes", graph), ("calls", calls):
        for part in circles(links):
            print(f"circle of {kind}: {' '.join(part)}")
            if len({folder(module) for module in part}) > 1:
                faults.append(f"a circle of {kind} joins two folders: {' '.join(part)}")
            elif len(part) > LIMIT:
                faults.append(f"a circle of {kind} has {len(part)} modules: {' '.join(part)}")
    for fault in faults:
        print(fault)
    if not calls:
        sys.exit(f"circles.py: {build} holds no object files: run make first")
    print(f"{len(includes)} files in {len(USES)} folders, {sum(map(len, includes.values()))} includes, "
          f"{sum(map(len, calls.values()))} calls between modules: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
