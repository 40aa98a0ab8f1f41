#!/usr/bin/env python3
"""chain.py - what a chain of twenty derived archives costs: to open it, and to start its machine, beside the flat archive of the same machine.

    tests/bench/chain.py BUILD

CPU seconds (user and system), of the best of five runs by turns."""
import os
import subprocess
import sys
import tempfile

build = os.path.realpath(sys.argv[1])
muniment = f"{build}/muniment"


def run(*arguments):
    subprocess.run([muniment, *arguments], check=True, stdout=subprocess.DEVNULL)


def seconds(*arguments):
    process = subprocess.Popen([muniment, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, arguments
    return usage.ru_utime + usage.ru_stime


with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as work:
    os.chdir(work)
    run("key", "new", "key")
    run("seal", f"{build}/demo/records.yaml", "-o", "0.mun", "--key", "key")
    for n in range(20):
        run("derive", f"{n}.mun", "--set", f"memory={8 + n % 2} MiB", "-o", f"{n + 1}.mun", "--key", "key")
    run("flatten", "20.mun", "-o", "flat.mun", "--key", "key")
    start = ["--until", "screen:records on this disk"]
    for title, command, options in ("opened", "info", []), ("started", "boot", start), ("run for 60 s of the guest", "boot", ["--until", "time:60"]):
        chain, flat = (min(times) for times in zip(*((seconds(command, "20.mun", *options), seconds(command, "flat.mun", *options)) for _ in range(5))))
        print(f"{title:<28} chain of twenty {chain:6.3f} s   flat {flat:6.3f} s   {chain / flat:5.2f} times, {chain - flat:+.3f} s", flush=True)
