#!/bin/bash
# make.sh - the two commands of README.md work in a folder whose path has spaces and letters outside of ASCII, and set-up goes on when a package list cannot be
# refreshed; a library that is installed after the first command is in what the second one tests. apt-get, dpkg-query, pkg-config and sudo are stand-ins.
set -euo pipefail
unset MAKEFLAGS MFLAGS
source=$(realpath "$BUILD/muniment.tar")
pkg_config=$(command -v pkg-config)
mkdir "$WORK/bin"
cd "$WORK"
PATH=$PWD/bin:$PATH

# stand_in NAME: a program whose text comes from standard input.
stand_in()
{
    (echo '#!/bin/sh'; cat) >"bin/$1"
    chmod +x "bin/$1"
}

stand_in sudo <<'END'
exec "$@"
END
stand_in dpkg-query <<'END'
for name; do :; done
[ "$name" = "$MISSING" ] || echo 'install ok installed'
END
stand_in apt-get <<'END'
echo "$*" >>"$ASKED"
case $1 in
update) exit $UPDATE ;;
install) exit $INSTALL ;;
esac
END
stand_in pkg-config <<END
[ "\$*" != "--exists \$HIDDEN" ] || exit 1
exec "$pkg_config" "\$@"
END

folder="Land registry/Grundbuch Süd & Öst's"
mkdir -p "$folder"
tar -xf "$source" -C "$folder"
cd "$folder"
export ASKED=$WORK/asked MISSING=tar UPDATE=0 INSTALL=0 HIDDEN=none
make --no-print-directory deps
[ "$(cat "$ASKED")" = $'update -qq\ninstall -y -qq --no-install-recommends tar' ]
UPDATE=100 make --no-print-directory deps | grep 'not all package lists could be refreshed'
[ "$(tail -n 1 "$ASKED")" = 'install -y -qq --no-install-recommends tar' ]
if INSTALL=100 make --no-print-directory deps; then exit 1; fi
export MISSING=none
rm "$ASKED"
HIDDEN=tsk make --no-print-directory CFLAGS="-O1 -Wno-maybe-uninitialized" demo
if grep -q 'libtsk\.so\.[0-9]' build/muniment; then exit 1; fi
cmp build/muniment.tar "$source" # the sealed source makes itself again
make --no-print-directory CFLAGS="-O1 -Wno-maybe-uninitialized" TEST_OBJECTS= CPU_PROGRAMS= TESTS="tests/first_light.sh tests/recover.sh tests/files.sh tests/trust.sh" check
if pkg-config --exists tsk; then grep -q 'libtsk\.so\.[0-9]' build/muniment; fi
[ ! -e "$ASKED" ]
