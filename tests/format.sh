#!/bin/bash
# format.sh - all C is laid out as .clang-format says.
#
#   tests/format.sh [--write]     --write lays it out (make format)
#
# Another version of clang-format would lay it out otherwise: only version 14 judges.
set -euo pipefail
for tool in clang-format-14 clang-format; do
    "$tool" --version 2>/dev/null | grep -q 'version 14\.' && break
    tool=
done
[ -n "$tool" ] || { echo "clang-format 14 is not installed"; exit 77; }
{ git ls-files '*.c' '*.h' 2>/dev/null || find . -path ./build -prune -o -name '*.[ch]' -print; } >"${WORK:=$(mktemp -d)}/files"
if [ "${1-}" = --write ]; then
    xargs -P "$(nproc)" -n 20 "$tool" -i <"$WORK/files"
else
    xargs -P "$(nproc)" -n 20 "$tool" --dry-run -Werror <"$WORK/files" || { echo "make format lays them out"; exit 1; }
fi
echo "$(wc -l <"$WORK/files") files"
