#!/usr/bin/env python3
"""memory.py - one allocation of a command fails, whichever of its processes makes it (failing.c): the command says so and leaves nothing behind, or does
without and ends as it does otherwise. It never crashes, and never takes a want of memory for damage. A few allocations of each command, or all of them
with LONG; `memory.py WORD ...` tries the commands in which a word stands."""

import os, re, shutil, struct, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

work, muniment = os.path.abspath(os.environ["WORK"]), os.environ["MUNIMENT"]
demo = os.path.abspath(os.environ.get("BUILD", "build") + "/demo")
preload, environment = work + "/failing.so", {**os.environ, "TZ": "UTC"}
most = 10**9 if os.environ.get("LONG") else 6

PREPARE = """
cp {demo}/records.img {demo}/records.yaml {demo}/records-description.yaml .
muniment key new k
muniment seal records.yaml --description records-description.yaml -o a.mun --key k
muniment derive a.mun --set memory="8 MiB" -o d.mun --key k
muniment parity new a.mun
mkdir broken lib; cp a.mun a.mun.parity broken; cp a.mun d.mun lib; printf XXXX | dd of=broken/a.mun bs=1 seek=200000 conv=notrunc status=none
muniment boot a.mun --script {root}/tests/demo/records.script --record j --serial s
muniment log new log --origin test
for i in 1 2 3; do muniment verify a.mun --quick --trust k.pub --log log --by archivist-1; done
printf 'hello' >LETTER.TXT; mkfs.fat -C disk.img 8192; mmd -i disk.img ::PAPERS; mcopy -i disk.img LETTER.TXT ::PAPERS/
printf 'accession,title,images\\nA,One,disk.img\\n' >shelf.csv
muniment retrieve a.mun RECORDS -o bag --key k --prove
"""

# Each is run in an empty folder beside what PREPARE made, of which a copy comes first where the command adds to it.
COMMANDS = """
key new o
identify ../records.img ../disk.img
identify --json ../records.img
suggest ../disk.img
seal ../records.yaml --description ../records-description.yaml -o o.mun --key ../k --threads 1
verify ../a.mun --trust ../k.pub
verify --json ../d.mun --trust ../k.pub --library ..
verify ../broken/a.mun --threads 1
verify ../bag/receipt.txt --trust ../k.pub
info ../a.mun
info --json ../d.mun
ls ../lib
premis ../a.mun -o o.xml --log ../log
files ../a.mun RECORDS
files ../disk.img
retrieve ../a.mun RECORDS -o o --key ../k
retrieve ../disk.img PAPERS -o o.zip --as zip
export ../a.mun -o o.qcow2 --as qcow2
boot ../a.mun --until tick:1000000 --digest --overlay o --record o.journal
replay ../a.mun ../j --until tick:1000000 --digest
diff ../a.mun ../d.mun
derive ../a.mun --set memory=8MiB -o o.mun --key ../k
flatten ../d.mun -o o.mun --key ../k
parity check ../a.mun
parity new ../a.mun -o o.parity
repair ../broken/a.mun -o o.mun
bag ../a.mun -o o
log verify ../log
log prove ../log 2
log show ../log
ingest ../shelf.csv --library o --key ../k
""".strip().splitlines()


def run(folder, command, failing):
    """Its exit status, what it said, the names that it left, and how many allocations it made."""
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    with open(folder + ".calls", "wb") as calls:
        calls.write(bytes(8))
    result = subprocess.run(
        [muniment, *command.split()], cwd=folder, capture_output=True, text=True, errors="replace", timeout=300, stdin=subprocess.DEVNULL,
        env={**environment, "LD_PRELOAD": preload, "CALLS": folder + ".calls", "FAIL": f"memory:{failing}"})
    with open(folder + ".calls", "rb") as calls:
        (count,) = struct.unpack("=Q", calls.read())
    left = sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)
    # Digests and times differ from run to run, where they name a key, a signature or the day. Rights that could not be judged are undecided, which opens
    # nothing.
    said = re.sub(r"[0-9a-f]{16,}|\d\d\d\d-\d\d-\d\dT[\d:]+Z|[\w+/]{40,}=*|(?<=rights\": \")\w+|(?<=rights        )\w+|(?<=  )(open|undecided)(?=  )", "*",
                  result.stdout).replace("at sealing    open\n", "")
    return result.returncode, said, [re.sub(r"[0-9a-f]{16,}", "*", name) for name in left], result.stderr, count


def wrong(outcome, sound):
    status, said, left, complaint, _ = outcome
    if status == sound[0]:
        return None if (said, left) == sound[1:3] else "ends like a sound run, and gives something else"
    if status < 0 or status > 100:
        return f"ends with {status}"
    # Who reads a volume does not yet tell a host that fails from a sector that cannot be read.
    if status != 4 and "cannot be read (sector" not in complaint:
        return f"ends with {status}, not 4"
    if not re.search("memory|allocate|cannot be read", complaint):
        return "does not say that memory is short"
    # An archive that was sealed is whole, whatever becomes of the report on it.
    return "leaves " + " ".join(left) if not set(left) <= {"o/.muniment-index.sqlite", "o/A.mun"} else None


def main():
    root = os.getcwd()
    os.chdir(work)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", preload, root + "/tests/failing.c", "-ldl"], check=True)
    environment["PATH"] = os.path.dirname(muniment) + ":" + environment["PATH"] + ":/usr/sbin"
    subprocess.run(["bash", "-ec", PREPARE.format(demo=demo, root=root)], check=True, stdout=subprocess.DEVNULL, env=environment)
    tried = failures = 0
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for number, command in enumerate(COMMANDS):
            if len(sys.argv) > 1 and not any(word in command for word in sys.argv[1:]):
                continue
            sound = run(f"{work}/sound", command, 2**63)
            count = sound[4]
            at = sorted({i * count // min(most, count) for i in range(min(most, count))})
            for n, outcome in zip(at, pool.map(lambda n: run(f"{work}/{number}-{n}", command, n), at)):
                tried += 1
                fault = wrong(outcome, sound)
                if fault:
                    failures += 1
                    print(f"FAILED  {command}: allocation {n} of {count}: {fault}\n{outcome[1]}{outcome[3]}", flush=True)
                for path in (f"{work}/{number}-{n}", f"{work}/{number}-{n}.calls"):
                    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    print(f"memory: {len(COMMANDS)} commands, {tried} allocations failed, {failures} wrong")
    return failures > 0


sys.exit(main())
