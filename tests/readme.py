#!/usr/bin/env python3
"""readme.py - the transcripts of README.md are true: each command in a ```console block prints exactly what README.md shows below it.

    WORK=FOLDER BUILD=build MUNIMENT=build/muniment tests/readme.py [--update]

--update writes what the commands print today into README.md (`make readme`). README.md shortens digests to eight digits and an ellipsis, and leaves out
the size of an archive, which grows with each line of the program's source. Keys are random; so the key of RFC 8032, section 7.1, test 1 takes the
place of the one that `key new` made. A command whose output is not shown may print anything; every command must succeed."""

import base64
import difflib
import os
import re
import shutil
import subprocess
import sys

SHORTER = ((r"\b([0-9a-f]{8})[0-9a-f]{56}\b", r"\1…"), (r"(checked +)\d+( bytes)", r"\1…\2"))
SECRET = "302e020100300506032b657004220420" "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "302a300506032b6570032100" "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
work, build = os.environ["WORK"], os.environ["BUILD"]


def shortened(output):
    for pattern, shorter in SHORTER:
        output = re.sub(pattern, shorter, output)
    return output


def fix_key(path):
    """Makes a new key the one whose digest README.md shows."""
    for name, kind, der in ((path, "PRIVATE", SECRET), (path + ".pub", "PUBLIC", PUBLIC)):
        with open(name, "w", encoding="ascii") as file:
            text = base64.b64encode(bytes.fromhex(der)).decode("ascii")
            file.write(f"-----BEGIN {kind} KEY-----\n{text}\n-----END {kind} KEY-----\n")


def run(command):
    """What it printed, as README.md is to show it. False: it failed."""
    done = subprocess.run(command, shell=True, cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    made = re.match(r"muniment key new (\S+)$", command)
    if made and done.returncode == 0:
        fix_key(f"{work}/{made[1]}")
    return done.returncode == 0, shortened(done.stdout.decode("utf-8").replace("\r", ""))


def transcript(block):
    """The lines of a block with what its commands print now."""
    lines = block[0]
    for part in re.split(r"^\$ ", block[1], flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        good, output = run(command)
        commands.append(command)
        broken[0] |= not good
        if not good or output != shown:
            failures.append(command)
            print(f"$ {command}{'' if good else ': it failed'}")
            print("\n".join(difflib.unified_diff(shown.splitlines(), output.splitlines(), "README.md", "printed", lineterm="", n=0)))
        lines += f"$ {command}\n{output}"
    return lines + block[2]


for name in ("records.img", "records.yaml", "records-description.yaml"):
    shutil.copy(f"{build}/demo/{name}", work)
shutil.copy(f"{build}/tests/network.img", work)
for name in ("records.script", "tsa", "front.yaml", "back.yaml", "office.yaml", "office.script"):
    shutil.copy(f"tests/demo/{name}", work)
subprocess.run([sys.executable, "tests/shelf.py", f"{work}/forty"], check=True)
os.mkdir(f"{work}/bin")
os.symlink(os.environ["MUNIMENT"], f"{work}/bin/muniment")
environment = dict(os.environ, PATH=f"{work}/bin:{os.environ['PATH']}")

commands, failures, broken = [], [], [False]
with open("README.md", encoding="utf-8") as file:
    readme = file.read()
today = re.sub(r"^(```console\n)(.*?)(^```$)", lambda found: transcript(found.groups()), readme, flags=re.M | re.S)
if sys.argv[1:] == ["--update"] and not broken[0]:
    with open("README.md", "w", encoding="utf-8") as file:
        file.write(today)
    print(f"README.md: {len(failures)} of {len(commands)} commands print something else now")
    sys.exit(0)
if failures:
    print("`make readme` writes into README.md what the commands print")
for path in re.findall(r"\]\(([^)#]+)\)", readme):
    if not path.startswith("https://") and not os.path.exists(path):
        failures.append(path)
        print(f"README.md links to {path}, which is not there")
print(f"{len(commands)} commands, {len(failures)} failures")
sys.exit(1 if failures or not commands else 0)
