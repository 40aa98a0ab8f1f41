#!/bin/bash
# vectors.sh - instructions in real mode do what a captured processor did (tests/vectors.c). The cases lie in the folder vectors/80286 of MUNIMENT_SUITES,
# or of ../shared.
set -eu
suites=${MUNIMENT_SUITES:-../shared}
if [ ! -d "$suites/vectors/80286" ]; then
    echo "the captured cases are not there (MUNIMENT_SUITES)"
    exit 77
fi
"$BUILD/tests/vectors" "$suites/vectors/80286"
