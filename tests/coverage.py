#!/usr/bin/env python3
"""coverage.py - which lines of the translator the random programs of translate_fuzz never reach: `make check-coverage`.

    tests/coverage.py BUILD [COUNT]

BUILD holds translate_fuzz, built with --coverage. It runs on each model of a processor, with much memory for code and
with little, COUNT programs each (15,000). Exit status 1: a row of the decoder's table was in no program, or a line of
emu/cpu/translate was reached by none. ELSEWHERE has the functions that are reached in other ways as well.
"""
import glob
import gzip
import json
import os
import subprocess
import sys

# A function, or all of a file; why no program comes to every line of it, and what does.
ELSEWHERE = {
    'report.c': 'writes for --trace-translation: engine.sh',
    'emit_unit': 'notes places for it: engine.sh',
    'find': 'calls it: engine.sh',
    'translator_watch_translation': 'asks for it: engine.sh',
    'translator_watch': 'make check-lockstep',
    'translator_run': 'calls who watches: make check-lockstep',
    'found_entry': 'leaves what nobody may enter while somebody watches: make check-lockstep',
    'translator_init': 'has no memory',
    'find_across': 'the second page is not at hand: guests',
    'translator_statistics': 'has none without a translator: engine.sh',
    'pages_filled': 'finds the entry of a page whose memory moved: no program moves memory',
    'page_enlist': 'more pages than a megabyte has: bench programs',
    'row_agrees': 'a host that computes otherwise: build/tests/another_host',
    'x87_row_agrees': 'a host that computes otherwise: build/tests/another_host',
    'x87_try_rows': 'a host that computes otherwise: build/tests/another_host',
    'backend_try_rows': 'a host that computes otherwise: build/tests/another_host',
}
MODELS = 7


def run_programs(build, count):
    """Returns the complaints of all runs."""
    faults = []
    for old in glob.glob(f'{build}/**/*.gcda', recursive=True):
        os.remove(old)
    for model in range(MODELS):
        for cache in ([], ['--cache', '256']):
            command = [f'{build}/tests/translate_fuzz', '--count', str(count), '--model', str(model),
                       '--seed', str(2 * model + len(cache) // 2 + 1), *cache]
            done = subprocess.run(command, capture_output=True, text=True)
            rows = done.stdout.strip().splitlines()[-1:] or ['nothing']
            print(f'model {model}{" with 256 KiB" if cache else ""}: {rows[0]}', flush=True)
            reached = rows[0].split()
            if done.returncode or len(reached) != 4 or reached[0] != reached[2]:
                faults.append(' '.join(command) + f': status {done.returncode}, {rows[0]}')
    return faults


def unreached(build, source):
    """(lines, [(line, function)] that nothing reached) of a source file."""
    where = f'{build}/{os.path.dirname(source)}'
    out = subprocess.run(['gcov', '--json-format', '--stdout', '-o', where, source], capture_output=True, check=True)
    text = gzip.decompress(out.stdout) if out.stdout[:2] == b'\x1f\x8b' else out.stdout
    for file in json.loads(text)['files']:
        if file['file'] == source:
            return len(file['lines']), [(line['line_number'], line.get('function_name', '')) for line in file['lines']
                                        if not line['count']]
    return 0, []


def main():
    build, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 15000
    faults = run_programs(build, count)
    total = missed = 0
    for source in sorted(glob.glob('emu/cpu/translate/*.c')):
        lines, left = unreached(build, source)
        left = [(line, function) for line, function in left 
                if function not in ELSEWHERE and os.path.basename(source) not in ELSEWHERE]
        total, missed = total + lines, missed + len(left)
        faults += [f'{source}:{line}: {function}: no program came here' for line, function in left]
    print('\n'.join(faults + [f'{total - missed} of {total} lines of emu/cpu/translate: {len(faults)} faults']))
    return 1 if faults or not total else 0


if __name__ == '__main__':
    sys.exit(main())
