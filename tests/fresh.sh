#!/bin/bash
# fresh.sh - on a fresh Debian 12 and on a fresh Debian 13, `make install`; then a user without privileges goes from an office's floppy to its records: ingest, boot, retrieve,
# serve. FRESH names a root folder with a Debian that is used as it is; without it debootstrap makes both in BUILD/debian, which takes ten minutes each.
set -euo pipefail

skip()
{
    echo "$*"
    exit 77
}

# --- Within ---

user()
{
    cd "$HOME"
    muniment key new office.key
    printf 'accession,title,images,rights\n1998-001,Records terminal,records.img,open\n' >shelf.csv
    muniment ingest shelf.csv --library library --key office.key | tail -n 1
    archive=$(echo library/*.mun)
    muniment verify "$archive" --trust office.key.pub | grep 'intact, signed by a trusted key'
    muniment boot "$archive" --trust office.key.pub --until 'screen:records on this disk' --digest
    muniment retrieve "$archive" RECORDS/P1021.TXT -o parcel --key office.key
    muniment verify parcel/receipt.txt --trust office.key.pub --archive "$archive" | grep 'holds these bytes'
    grep -q '^Parcel: *1021' parcel/data/RECORDS/P1021.TXT
    muniment serve library --listen 127.0.0.1:0 --key office.key --trust office.key.pub >said &
    desk=$!
    for _ in $(seq 100); do grep -q '#' said && break; sleep 0.1; done
    link=$(grep -o 'http://.*' said)
    origin=${link%%/#*}
    for _ in $(seq 50); do curl -sf -o /dev/null "$origin/" && break; sleep 0.1; done
    curl -sf -c jar -H "Origin: $origin" -d "${link##*#}" "$origin/api/enter"
    curl -sf -b jar "$origin/api/library" | grep '"title": "Records terminal"'
    session=$(curl -sf -b jar -H "Origin: $origin" -d ' ' "$origin/api/archives/${archive##*/}/sessions" | grep -o '"id": "[0-9a-f]*"' | cut -d'"' -f4)
    for _ in $(seq 100); do curl -sf -b jar "$origin/api/sessions" | grep -q '"running"' && break; sleep 0.1; done
    curl -sf -b jar "$origin/api/sessions/$session/files" | grep -c RECORDS/
    curl -sf -b jar -o bag.zip -H "Origin: $origin" -d RECORDS/P1021.TXT "$origin/api/sessions/$session/retrieve"
    python3 -m zipfile -e bag.zip bag
    grep -q '^Parcel: *1021' bag/records/data/RECORDS/P1021.TXT
    curl -sf -b jar "$origin/novnc/core/rfb.js" -o /dev/null || echo "without noVNC"
    kill "$desk"
    wait "$desk"
    echo "fresh: the user is done"
}

system()
{
    export DEBIAN_FRONTEND=noninteractive
    mount -t proc proc /proc
    apt-get update -q >/tmp/apt.log 2>&1 || { tail -n 3 /tmp/apt.log; exit 77; }
    apt-get install -q -y make curl python3 >>/tmp/apt.log 2>&1
    cd /srv/muniment
    make deps >/tmp/deps.log 2>&1 || { tail /tmp/deps.log; exit 1; }
    make -j"$(nproc)" >/tmp/make.log 2>&1 || { tail /tmp/make.log; exit 1; }
    make install >/tmp/install.log 2>&1 || { tail /tmp/install.log; exit 1; }
    id reader >/dev/null 2>&1 || useradd -m reader
    rm -rf /home/reader/* /home/reader/.local
    cp /srv/records.img /srv/fresh.sh /home/reader
    chown -R reader: /home/reader
    rm -rf /srv/muniment # nothing but what was installed
    exec su - reader -c 'bash fresh.sh user'
}

case ${1-} in
user | system) "$1"; exit ;;
esac

# --- From outside ---

[ "$(id -u)" = 0 ] || skip "only root can make a system with debootstrap"
build=$(realpath "$BUILD")

# fresh ROOT: from the sources to what the user does, in the Debian that is there.
fresh()
{
    local root=$1
    rm -rf "$root/srv/muniment" && mkdir -p "$root/srv/muniment"
    git ls-files -z | tar --null -T - -c | tar -x -C "$root/srv/muniment"
    cp "$build/demo/records.img" tests/fresh.sh "$root/srv/"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    # Devices of its own: what runs there as root must not reach this host's.
    unshare --mount --pid --fork bash -ec '
        mount -t tmpfs dev "$0/dev"
        for node in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do mknod -m 666 "$0/dev/${node% *}" c 1 "${node#* }"; done
        ln -s /proc/self/fd "$0/dev/fd"
        exec chroot "$0" /bin/bash /srv/fresh.sh system' "$root"
}

if [ -n "${FRESH-}" ]; then
    fresh "$FRESH"
    exit
fi
for release in bookworm trixie; do
    root=$build/debian/$release
    if [ ! -e "$root/etc/debian_version" ]; then
        command -v debootstrap >/dev/null || skip "debootstrap is not there (make deps-guests)"
        debootstrap --variant=minbase $release "$root" http://deb.debian.org/debian >"$WORK/debootstrap.log" || skip "debootstrap cannot make Debian's $release"
    fi
    fresh "$root"
done
