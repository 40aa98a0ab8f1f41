#!/bin/bash
# test386.sh - test386.asm, a test of the 80386, runs to its end, and its dump of results equals its reference text (tests/test386.c). The folder test386.asm of
# MUNIMENT_SUITES holds both: a build with POST_PORT 190h and OUT_PORT E9h.
set -eu
folder=${MUNIMENT_SUITES:-/nowhere}/test386.asm
if [ ! -f "$folder/test386.bin" ]; then
    echo "test386.asm/test386.bin is not there (MUNIMENT_SUITES)"
    exit 77
fi
"$BUILD/tests/test386" "$folder/test386.bin" "$folder/test386-EE-reference.txt"
