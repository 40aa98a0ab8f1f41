#!/bin/bash
# five.sh - the core builds and passes its unit tests with five libraries alone: libarchive, OpenSSL, zlib, libyaml, and cmocka for the tests; and the
# thinnest guest and the demonstration are sealed, booted, verified and recovered by it.
set -euo pipefail
unset MAKEFLAGS MFLAGS MUNIMENT
build=$(realpath -m "$BUILD")/five # kept: the next time is short

five()
{
    make --no-print-directory OPTIONAL= TSK_LIBRARY= BUILD="$build" "$@"
}

five all "$build"/demo/{first.img,records.img,records.yaml,records-description.yaml} "$build/tests/swap.so" >"$WORK/make" || { tail "$WORK/make"; exit 1; }
needed=$(readelf -d "$build/muniment" | sed -n 's/.*NEEDED.*\[\(.*\)\.so.*/\1/p' | sort | xargs)
echo "it needs $needed"
[ "$needed" = "libarchive libc libcrypto libyaml libz" ] || [ "$needed" = "libarchive libc libcrypto libssl libyaml libz" ]
five run-unit
BUILD=$build tests/run.sh tests/first_light.sh tests/recover.sh tests/trust.sh
