#!/usr/bin/env python3
"""coverage.py - which lines of the translator the random programs of translate_fuzz never reach: `make check-coverage`.

    tests/coverage.py BUILD [COUNT]

BUILD holds translate_fuzz, built with --coverage. It runs on each model of a processor, with much memory for code and
with little, COUNT programs each (8,000). Exit status 1: a row of the decoder's table was in no program, or a line of
emu/cpu/translate was reached by none. ELSEWHERE has the functions that are reached in other ways as well.
"""
import glob
import gzip
import json
import os
import subprocess
import sys

# A function, or all of a file; why no program comes to every line of it, and, after a colon, what does.
ELSEWHERE = {
    'report.c': 'writes for --trace-translation: engine.sh',
    'emit_unit': 'notes places for it: engine.sh',
    'block_make': 'calls it: engine.sh',
    'unit_again': 'CS ends within the page of a block that moves',
    'region_empty': 'guards the region that is filled, where its generation has no other',
    'translator_watch_translation': 'asks for it: engine.sh',
    'translator_watch': 'make check-lockstep',
    'translator_run': 'calls who watches: make check-lockstep',
    'found_entry': 'leaves what nobody may enter while somebody watches: make check-lockstep',
    'translator_init': 'has no memory',
    'find_across': 'the second page is not at hand: guests',
    'translator_statistics': 'has none without a translator: engine.sh',
    'pages_init': 'has no memory',
    'note_touched': 'tables that take 10 MiB, with which programs of a megabyte do not come: engine.sh, test_translate',
    'translator_settle': 'tables that take 10 MiB: engine.sh, test_translate',
    'pages_filled': 'finds the entry of a page whose memory moved: no program moves memory',
    'page_enlist': 'more pages than a megabyte has: bench programs',
    'row_agrees': 'a host that computes otherwise: build/tests/another_host',
    'x87_row_agrees': 'a host that computes otherwise: build/tests/another_host',
    'x87_try_rows': 'a host that computes otherwise: build/tests/another_host',
    'backend_try_rows': 'a host that computes otherwise: build/tests/another_host',
}
MODELS = 7
CACHES = (0, 256, 1100, 2200)  # KiB for code: 0 is the usual; with little it starts over, with more it makes room


def run_programs(build, count):
    """Returns the complaints of all runs."""
    faults = []
    for old in glob.glob(f'{build}/**/*.gcda', recursive=True):
        os.remove(old)
    for model in range(MODELS):
        for kib in CACHES:
            cache = ['--cache', str(kib)] if kib else []
            command = [f'{build}/tests/translate_fuzz', '--count', str(count), '--model', str(model),
                       '--seed', str(10 * model + CACHES.index(kib) + 1), *cache]
            done = subprocess.run(command, capture_output=True, text=True)
            rows = done.stdout.strip().splitlines()[-1:] or ['nothing']
            print(f'model {model}{f" with {kib} KiB" if kib else ""}: {rows[0]}', flush=True)
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
    build, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8000
    faults = run_programs(build, count)
    total = elsewhere = 0
    for source in sorted(glob.glob('emu/cpu/translate/*.c')):
        lines, left = unreached(build, source)
        total += lines
        for line, function in left:
            if function in ELSEWHERE or os.path.basename(source) in ELSEWHERE:
                elsewhere += 1
            else:
                faults.append(f'{source}:{line}: {function}: no program came here')
    print('\n'.join(faults + [f'{total} lines of emu/cpu/translate, of which programs need not reach {elsewhere}: '
                              f'{len(faults)} faults']))
    return 1 if faults or not total else 0


if __name__ == '__main__':
    sys.exit(main())
