#!/bin/sh
# novnc.sh - brings @novnc/novnc, the screen of the desk in the browser, into a folder: by npm where it is, by curl otherwise. Its digest is known here.
#
#   desk/novnc.sh FOLDER      does nothing if it is there
set -eu
version=1.7.0
sha512=b9c1093b1e13d9abc844295ea1d93b6286d98f93b619ad8078b7d0ebd03fca31bd1c76dadbe3c38304a437716db6b986fbbd191b1db5b0494d168b8ad77473c8
[ ! -e "$1/core/rfb.js" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "@novnc/novnc@$version" >/dev/null 2>&1 && mv ./*.tgz novnc.tgz) ||
    curl -fsSL -o "$work/novnc.tgz" "https://registry.npmjs.org/@novnc/novnc/-/novnc-$version.tgz" || {
    echo "noVNC cannot be fetched: the desk is built without the screen (make deps tries again)" >&2
    exit 0
}
if ! echo "$sha512  $work/novnc.tgz" | sha512sum -c --status; then
    echo "noVNC $version is not what it was: nothing of it is used" >&2
    exit 1
fi
mkdir -p "$1"
# With the time of now (m), not of 1985: what was built without it is older, and is built again.
tar -xzmf "$work/novnc.tgz" -C "$1" --strip-components=1 package/core package/vendor package/LICENSE.txt
