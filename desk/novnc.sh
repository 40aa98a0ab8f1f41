#!/bin/sh
# novnc.sh - brings @novnc/novnc, the screen of the desk in the browser, into a folder: by npm where it is, by curl otherwise. Its digest is known here.
#
#   desk/novnc.sh FOLDER      does nothing if it is there
set -eu
version=1.7.0
integrity=ucEJOx4T2avIRCleodk7YobZj5O2Ga2AeLfQ69A/yjG9HHba2+PDgwSkN3FttrmG+70ZGx21sElNFouK13RzyA==
[ ! -e "$1/core/rfb.js" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "@novnc/novnc@$version" >/dev/null 2>&1 && mv ./*.tgz novnc.tgz) ||
    curl -fsSL -o "$work/novnc.tgz" "https://registry.npmjs.org/@novnc/novnc/-/novnc-$version.tgz" || {
    echo "noVNC cannot be fetched: the desk is built without the screen (make deps tries again)" >&2
    exit 0
}
if [ "$(openssl dgst -sha512 -binary "$work/novnc.tgz" | base64 -w 0)" != "$integrity" ]; then
    echo "noVNC $version is not what it was: nothing of it is used" >&2
    exit 1
fi
mkdir -p "$1"
tar -xzf "$work/novnc.tgz" -C "$1" --strip-components=1 package/core package/vendor package/LICENSE.txt
