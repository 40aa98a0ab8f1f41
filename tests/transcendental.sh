#!/bin/bash
# transcendental.sh - the transcendental functions against MPFR (transcendental.c): a sample, or, with LONG=1, a million arguments each.
set -eu
program=${BUILD:-build}/tests/transcendental
[ -x "$program" ] || { echo "$program was not built: libmpfr-dev is missing"; exit 77; }
[ -n "${LONG:-}" ] && exec "$program"
exec "$program" --count 10000
