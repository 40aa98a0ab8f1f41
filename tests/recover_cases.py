#!/usr/bin/env python3
"""recover_cases.py - recover.py against archives whose texts are made for a terminal, with a place that the host cannot
read, that shrink, that are changed in one link of the chain; and a Python of 2016.

    recover_cases.py RECOVER.PY FILE.mun BRIEF.mun

FILE.mun has the disks fd0 and hd0 and an attestation; BRIEF.mun is the same with a short source. Reports what does not hold; exit status 1 then."""

import ast
import contextlib
import importlib.util
import io
import os
import re
import subprocess
import sys

from forge import BLOCK, EVIDENCE, padded, tar_header, tar_members

# What recover.py may use of the standard library and of the built-in types: all of it is in Python 3.6.
LIBRARY = {
    "base64": "b64decode b64encode", "bisect": "bisect_right", "contextlib": "suppress", "hashlib": "sha256 sha512",
    "os": "_exit fstat listdir makedirs path remove replace", "os.path": "dirname join",
    "re": "M compile findall fullmatch match search",
    "sys": "argv stderr stdout", "zlib": "crc32 decompressobj error",
}
METHODS = set("add append close count decode decompress digest encode endswith eof fileno filename findall flush "
              "format fromhex from_bytes fullmatch get hex hexdigest index isprintable items join ljust name read "
              "replace rstrip seek split splitlines st_size startswith strerror strip to_bytes truncate unused_data "
              "update values write".split())
BUILT_IN = set("all any bytes divmod enumerate getattr int isinstance iter len list max min next open pow print range "
               "set str sum super zip AttributeError Exception LookupError OSError ValueError".split())


def not_in_python_3_6(source):
    tree = ast.parse(source, feature_version=(3, 6))
    own = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    own |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    bound = own | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {argument.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for argument in node.args}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    bound |= {"__name__", "__doc__", *LIBRARY}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (f"imports {alias.name}" for alias in node.names if alias.name not in LIBRARY)
        elif isinstance(node, ast.Attribute):
            module = ast.unparse(node.value)
            if module in LIBRARY and node.attr not in LIBRARY[module].split():
                yield f"line {node.lineno}: {module}.{node.attr}"
            elif module not in LIBRARY and node.attr not in METHODS | own:
                yield f"line {node.lineno}: .{node.attr}"
        elif isinstance(node, ast.Name) and node.id not in bound | BUILT_IN:
            yield f"line {node.lineno}: {node.id}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pow" and isinstance(node.args[1], ast.UnaryOp):
            yield f"line {node.lineno}: pow with a negative exponent is of Python 3.8"


def load(path):
    spec = importlib.util.spec_from_file_location("recover", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(module, *arguments):
    """(exit status, what was printed) of a run in this process."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = module.main(["recover.py", *arguments])
    return status, printed.getvalue()


def write_raw(path, members):
    with open(path, "wb") as file:
        for name, data in members.items():
            file.write(tar_header(name, len(data)) + data + bytes(padded(len(data)) - len(data)))
        file.write(bytes(2 * BLOCK))


def evil_texts(recover, path):
    """Sequences that clear a screen and hide what follows, and a text that runs backwards, wherever an archive has
    text. Nobody signed them."""
    evil = "\x1b[2J\x1b[Hrestored/fd0.img: intact\x1b[8m\r\x9b8m\u202e\u2066\n"
    with open(path, "rb") as file:
        whole = tar_members(file.read())
    for name in whole:
        members = dict(whole)
        members[name] = evil.encode() + whole[name].replace(b": ", b": \x1b[8m", 2)[:100000] + evil.encode()
        write_raw("evil.mun", members)
        folder = f"evil-{abs(hash(name))}"
        done = subprocess.run([sys.executable, recover, "evil.mun", folder], capture_output=True)
        if re.search("[\0-\t\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", (done.stdout + done.stderr).decode()):
            yield f"{name}: a control character reaches the terminal: {done.stdout + done.stderr}"
        if done.returncode != 1 or b"Traceback" in done.stderr or b"everything is intact" in done.stdout:
            yield f"{name}: exit status {done.returncode}: {(done.stdout + done.stderr).decode()}"


def one_link(recover, path):
    """A disk keeps its name while content.txt or seal.txt leads from the signature to it, and always comes out."""
    with open(path, "rb") as file:
        whole = tar_members(file.read())
    cases = {("seal.txt",): "", ("content.txt",): "", ("SHA256SUMS",): "", ("seal.txt", "content.txt"): ".unproved",
             (EVIDENCE + "statement.sig",): ".unproved", (EVIDENCE + "statement.txt",): ".unproved",
             (EVIDENCE + "key.pub",): ".unproved"}
    for changed, ending in cases.items():
        members = dict(whole)
        for name in changed:
            at = len(members[name]) // 2 if name.startswith(EVIDENCE) else members[name].rindex(b"0")
            members[name] = members[name][:at] + bytes([members[name][at] ^ 1]) + members[name][at + 1:]
        write_raw("link.mun", members)
        folder = f"link-{len(changed)}-{os.path.basename(changed[0])}"
        status, said = run(load(recover), "link.mun", folder)
        found = sorted(name for name in os.listdir(folder) if ".img" in name)
        signed = "signed by" in said
        expected = ["fd0.img" + ending, "hd0.img" + ending]
        if status != 1 or found != expected or signed == changed[0].startswith(EVIDENCE):
            yield f"{changed}: exit status {status}: {found}: {said}"


def windows_names(recover, path):
    """What Windows would take for a device or cut off is restored under another name."""
    with open(path, "rb") as file:
        members = tar_members(file.read())
    names = {"docs/aux": "docs/aux_", "docs/com1.txt/a": "docs/com1.txt_/a", "docs/ends.": "docs/ends._",
             "docs/auxiliary": "docs/auxiliary"}
    write_raw("windows.mun", {**members, **dict.fromkeys(names, b"text")})
    said = run(load(recover), "windows.mun", "windows")[1]
    for name, expected in names.items():
        if not os.path.isfile(os.path.join("windows", expected)):
            yield f"{name}: is not restored as {expected}: {said}"


class Broken:
    """A file that the host cannot read."""

    def seek(self, _):
        raise OSError(5, "Input/output error")


def unreadable(recover, path):
    """Each member in turn cannot be read; the disks that it is no part of come out."""
    with open(path, "rb") as file:
        members = tar_members(file.read())
    offset = 0
    for name, data in members.items():
        begin, offset = offset + BLOCK, offset + BLOCK + padded(len(data))
        module = load(recover)

        class Faulty(module.Archive):
            def read(self, at, size, begin=begin, end=begin + len(data)):
                if at < end and at + size > begin:
                    handle, self.file = self.file, Broken()
                    try:
                        return super().read(at, size)
                    finally:
                        self.file = handle
                return super().read(at, size)

        module.Archive = Faulty
        folder = f"faulty-{abs(hash(name))}"
        status, said = run(module, path, folder)
        found = set(os.listdir(folder))
        for disk in ("fd0", "hd0"):
            if not {disk + ".img", disk + ".img.damaged", disk + ".img.unproved"} & found and data:
                yield f"{name} cannot be read: {disk} does not come out: {said}"
            if name.startswith(f"disk/{disk}") and data and disk + ".img" in found:
                yield f"{name} cannot be read: {disk} is called intact: {said}"
            if name.startswith("disk/") and disk not in name and disk + ".img" not in found:
                yield f"{name} cannot be read: {disk} is not called intact: {said}"
        if data and (status != 1 or f"{path}:" not in said):
            yield f"{name} cannot be read: exit status {status}: {said}"


def shrinking(recover, path):
    """The file is cut when its headers have been read."""
    for keep in (0.2, 0.5, 0.9):
        module = load(recover)
        check = module.check_evidence

        def cut(archive, check=check, keep=keep):
            os.truncate("shrinking.mun", int(archive.size * keep))
            return check(archive)

        module.check_evidence = cut
        with open(path, "rb") as whole, open("shrinking.mun", "wb") as copy:
            copy.write(whole.read())
        status, said = run(module, "shrinking.mun", f"shrunk-{keep}")
        left = [name for _, _, names in os.walk(f"shrunk-{keep}") for name in names if name.endswith((".part", ".img"))]
        if status != 4 or "shrinking.mun: has become shorter" not in said or left:
            yield f"cut to {keep}: exit status {status}: {said} {left}"


def main(arguments):
    recover, path, brief = arguments[1:]
    with open(recover, encoding="utf-8") as file:
        failed = list(not_in_python_3_6(file.read()))
    for case in (one_link, windows_names, shrinking):
        failed += case(recover, path)
    for case in (evil_texts, unreadable):
        failed += case(recover, brief)
    print("\n".join(failed) or "recover.py holds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
