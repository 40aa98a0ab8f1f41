#!/bin/sh
# embed.sh - makes a table of files as bytes for the program: OUT.c, and OUT-bytes.S with the bytes themselves (desk/embedded.h).
#
#   desk/embed.sh OUT NAME:PATH...     from the root of the repository; the assembler reads each PATH
set -eu
out=$1
shift
exec 3>"$out-bytes.S" 4>"$out.c"
printf '.section .note.GNU-stack,"",%%progbits\n.section .rodata\n' >&3
printf '#include "desk/embedded.h"\n' >&4
n=0
for entry; do
    printf '.balign 16\n.globl embedded_%d\nembedded_%d: .incbin "%s"\n' $n $n "${entry#*:}" >&3
    printf 'extern const uint8_t embedded_%d[];\n' $n >&4
    n=$((n + 1))
done
printf 'const struct embedded_file embedded_files[] = {\n' >&4
n=0
for entry; do
    printf '    {"%s", embedded_%d, %d},\n' "${entry%%:*}" $n "$(wc -c <"${entry#*:}")" >&4
    n=$((n + 1))
done
printf '    {NULL, NULL, 0}\n};\n' >&4
