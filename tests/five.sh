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
echo "it needs $needed, and libarchive for what is packed"
[ "$needed" = "libc libcrypto libyaml-0 libz" ] || [ "$needed" = "libc libcrypto libssl libyaml-0 libz" ]
grep -qa 'libarchive\.so\.[0-9]' "$build/muniment"
five run-unit
BUILD=$build tests/run.sh tests/first_light.sh tests/recover.sh tests/trust.sh
