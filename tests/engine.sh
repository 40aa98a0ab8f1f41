#!/bin/bash
# engine.sh - to look inside the translator changes nothing: --statistics, --trace-translation and --perf-map agree with each other, and the state is that of any engine.
set -u
[ "$(uname -m)" = x86_64 ] || { echo "skipped: the translator has no back end for $(uname -m)"; exit 77; }
. tests/facts.sh
root=$PWD
cp "$BUILD/demo/records.img" "$WORK"
cd "$WORK" || exit 1
rm -f trace.txt

# engine FACT STATUS ENGINE [OPTION...]: five seconds of the records terminal.
engine()
{
    gives "$1" "$2" "$MUNIMENT" boot records.img --until time:5 --digest --engine "${@:3}"
}

engine "the interpreter has statistics" 0 interpreter --statistics
grep -q '^translated *0 (' out
passed "and translates nothing" $?
tail -n 1 out >digest
gives "a cache of no size is refused" 2 "$MUNIMENT" boot records.img --code-cache 0
engine "a small cache is enough" 0 translator --code-cache 1
tail -n 1 out | cmp - digest 2>>err
passed "for the same state" $?
engine "engines in turn" 0 random:7
cmp out digest 2>>err
passed "end in the same state" $?

gives "the translator is watched" 0 bash -c "echo \$\$ >pid; exec \"\$0\" boot records.img --until time:5 --digest --engine translator --statistics --trace-translation trace.txt --perf-map" "$MUNIMENT"
map=/tmp/perf-$(cat pid).map
mv "$map" map
tail -n 1 out | cmp - digest 2>>err
passed "and ends in the same state" $?
python3 - out trace.txt map <<'END' 2>>err
import re, sys
out, trace, names = (open(path).read() for path in sys.argv[1:])
numbers = {line.split()[0]: int(line.split()[1]) for line in out.splitlines() if re.match(r"[a-z]+ +\d+\b", line)}
assert numbers["ticks"] == int(re.search(r"^tick (\d+)", out, re.M)[1])
assert numbers["ticks"] == sum(numbers[kind] for kind in ("translated", "interpreted", "waits", "halted"))
assert numbers["translated"] > numbers["interpreted"] > 0
count = int(re.search(r"^blocks +(\d+) of (\d+) ", out, re.M)[1])
blocks = re.split(r"^block ", trace, flags=re.M)[1:]
assert count == len(blocks) > 100, (count, len(blocks))
assert sum(int(re.search(r", (\d+) instructions", b)[1]) for b in blocks) == int(re.search(r"^blocks +\d+ of (\d+)", out, re.M)[1])
for block in blocks:
    assert int(re.search(r", (\d+) bytes:", block)[1]) == sum(len(line.split()) - 1 for line in block.splitlines() if line.startswith("    +"))
    assert int(re.search(r", (\d+) instructions", block)[1]) == len(re.findall(r"^  [0-9a-f]{8} ", block, re.M)), block
mapped = [line.split() for line in names.splitlines()]
for block in blocks: # its code, and what is rare of it
    parts = [mapped.pop(0) for _ in range(2 if "what is rare" in block else 1)]
    assert all(name == "guest_" + block[:8].upper() for _, _, name in parts), parts
    assert sum(int(size, 16) for _, size, _ in parts) == int(re.search(r", (\d+) bytes:", block)[1]), parts
assert not mapped
mapped = [line.split() for line in names.splitlines()]
spans = sorted((int(at, 16), int(size, 16)) for at, size, _ in mapped)
assert all(at + size <= other for (at, size), (other, _) in zip(spans, spans[1:]))
END
passed "ticks add up; statistics, trace and map have the same blocks, of the same instructions and bytes" $?
gives "the host's instructions are shown" 0 python3 "$root/tests/bench/disassemble.py" trace.txt
[ "$(grep -c '^block ' out)" = "$(grep -c '^block ' trace.txt)" ] && grep -q '^    +[0-9a-f]* sub  *r14' out && ! grep -q '(bad)' out
passed "and all of them are instructions" $?

# another_host.c
gives "on a host that computes otherwise the machine runs" 0 "$root/$BUILD/tests/muniment_there" boot records.img --until time:5 --digest
grep -qx 'muniment: this host computes [0-9]* instructions otherwise: they are interpreted' err
passed "and a line says what it does without" $?
tail -n 1 out | cmp - digest 2>>err
passed "to the same state" $?

# probe/scattered.S
scattered() # ENGINE: says on standard error how many MiB the process took
{
    python3 -c 'import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
sys.exit(status)' "$MUNIMENT" boot "$root/$BUILD/tests/scattered.img" --until halt --serial - --digest --engine "$1"
}
gives "a guest scatters its accesses over eight address spaces" 0 scattered interpreter
mv out scattered.interpreted
least=$(tail -n 1 err)
gives "also in translated code" 0 scattered translator
grep -q '^CBAtick' out && cmp out scattered.interpreted
passed "with the same state" $?
[ $(($(tail -n 1 err) - least)) -le 24 ] # the 10 MiB of pages.c, what these blocks take, and a third of room
passed "and the tables of pages take little memory" $?

engine "a trace is not replaced" 3 translator --trace-translation trace.txt
gives "a map that is there is not followed" 4 bash -c "ln -s \"\$1\" /tmp/perf-\$\$.map; echo \$\$ >pid; exec \"\$0\" boot records.img --until time:1 --engine translator --perf-map" "$MUNIMENT" "$WORK/elsewhere"
rm "/tmp/perf-$(cat pid).map"
[ ! -e elsewhere ]
passed "and nothing is written through it" $?
facts engine
