#!/bin/bash
# debian-office.sh - two machines with Debian on one cable: an NFS server, whose NE2000 Linux finds by Plug and Play, and its client with an RTL8029, which writes a file of 4 MiB and reads it again. The set is sealed with its reference run, verified by
# repeating it, recorded and replayed, resumed from a snapshot taken while the file is written, and the same in any slices, whichever machine is listed first. Our firmware only. To make
# the system takes root, the network and some minutes, once.
set -euo pipefail
. tests/guests/guest.sh

no_peer "peers' machines are not on our cable"
tests/guests/linux/office.sh || exit
cp -r tests/guests/linux/office "$WORK/extra"
cp tests/guests/linux/enter "$WORK/extra/run"
modules drivers/net/ethernet/8390/{8390,8390p,ne,ne2k-pci} net/sunrpc/sunrpc net/sunrpc/auth_gss/auth_rpcgss fs/nfs_common/grace fs/lockd/lockd fs/nfs_common/nfs_acl fs/nfsd/nfsd \
    net/dns_resolver/dns_resolver fs/netfs/netfs fs/fscache/fscache fs/nfs/nfs fs/nfs/nfsv4
EXTRA=$WORK/extra tests/guests/linux/image.sh "$WORK" || exit
debian office pentium2 200 96
on_cable server 200 02:00:00:00:00:01 "card: ne2000" "pnp: yes"
on_cable client 150 02:00:00:00:00:02 "card: rtl8029"
cd "$WORK"
printf 'muniment: set 0\nmachines:\n  - name: server\n    machine: server.mun\n  - name: client\n    machine: client.mun\n    power-on: 1 s\n' >set.yaml
# The other way round, and of the manifests.
printf 'muniment: set 0\nmachines:\n  - name: client\n    machine: client.yaml\n    power-on: 1000 ms\n  - name: server\n    machine: server.yaml\n' >other.yaml
grep -v snapshot debian-office.script >whole.script
! elsewhere other.yaml whole || exit 0
boot_set()
{
    "$MUNIMENT" boot "$1" --script "$2" --serial "$3" --limit 600 --digest "${@:4}" >"$3" || { tail -n 5 "$3".*; exit 1; }
    grep '^time' "$3"
}
boot_set other.yaml whole.script first --engine translator
grep -aE "NE2000|RealTek|serves|mounted|nfs4|written|equal|[0-9a-f]{64}|eth0" first.server first.client
[ "$(grep -aoE '^[0-9a-f]{64}  /(srv|tmp).*letters' first.server first.client | cut -d : -f 2 | cut -d ' ' -f 1 | sort -u | wc -l)" = 1 ]
[ -z "${GUEST_ONCE-}" ] || exit 0
"$MUNIMENT" key new key
for name in server client; do
    "$MUNIMENT" seal "$name.yaml" -o "$name.mun" --key key
done
"$MUNIMENT" set seal set.yaml -o office.set --key key --attest whole.script >sealed
grep '^time' sealed | cmp - <(grep '^time' first | head -n "$(grep -c '^time' sealed)")
"$MUNIMENT" verify office.set --trust key.pub --reboot
boot_set office.set debian-office.script second --trust key.pub --record office.journal --slice random:5
cmp first second
cmp first.client second.client
"$MUNIMENT" replay office.set office.journal --trust key.pub
sed '0,/^snapshot/d' debian-office.script >rest.script
boot_set office.set rest.script rest --trust key.pub --resume moment
cmp <(tail -n 1 first) <(tail -n 1 rest)
