#!/usr/bin/env python3
"""readme.py - the transcripts of README.md are true: each command in a ```console block prints what stands behind it.

Digests, which README.md shortens to eight digits and an ellipsis, and numbers of two digits and more are not compared. A command whose
output is not shown may print anything; every command must succeed."""

import os
import re
import shutil
import subprocess
import sys

work, build = os.environ["WORK"], os.environ["BUILD"]


def masked(text):
    return re.sub(r"\d{2,}", "N", re.sub(r"\b([0-9a-f]{64}|[0-9a-f]{8}…)", "HEX", text))


def transcripts(text):
    """(command, its output as shown)"""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


for name in ("records.img", "records.yaml", "records-description.yaml"):
    shutil.copy(f"{build}/demo/{name}", work)
shutil.copy("tests/demo/records.script", work)
os.mkdir(f"{work}/bin")
os.symlink(os.environ["MUNIMENT"], f"{work}/bin/muniment")
environment = dict(os.environ, PATH=f"{work}/bin:{os.environ['PATH']}")

failures, count = 0, 0
with open("README.md", encoding="utf-8") as file:
    readme = file.read()
for command, shown in transcripts(readme):
    run = subprocess.run(command, shell=True, cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = run.stdout.decode("utf-8").replace("\r", "")
    count += 1
    if run.returncode != 0 or masked(output) != masked(shown):
        failures += 1
        print(f"$ {command}\nexit status {run.returncode}\n{output}--- README.md says:\n{shown}")
for path in re.findall(r"\]\(([^)#]+)\)", readme):
    if not os.path.exists(path):
        failures += 1
        print(f"README.md links to {path}, which is not there")
print(f"{count} commands, {failures} failures")
sys.exit(1 if failures or not count else 0)
