#!/bin/bash
# debian-network.sh - two machines with Debian's kernel on one cable: `ne` finds the NE2000, `ne2k-pci` the RTL8029, and 8 MiB that go each way come as they were sent. Our
# firmware only; the set is the same in any slices.
set -euo pipefail
. tests/guests/guest.sh

no_peer "peers' machines are not on our cable"
cp -r tests/guests/linux/network "$WORK/extra"
EXTRA=$WORK/extra MODULES="drivers/net/ethernet/8390/8390 drivers/net/ethernet/8390/8390p drivers/net/ethernet/8390/ne drivers/net/ethernet/8390/ne2k-pci" \
    tests/guests/linux/image.sh "$WORK" || exit
machine pc-i440fx pentium2 200 64 disk <<END
  hd0:
    kind: disk
    image: linux.img
END
on_cable server 200 02:00:00:00:00:01 "card: ne2000" "irq: 5"
on_cable client 150 02:00:00:00:00:02 "card: rtl8029"
printf 'muniment: set 0\nmachines:\n  - name: server\n    machine: server.yaml\n  - name: client\n    machine: client.yaml\n    power-on: 1500 ms\n' >"$WORK/set.yaml"
cd "$WORK"
! elsewhere set.yaml debian-network || exit 0
run_set()
{
    "$MUNIMENT" boot set.yaml --script debian-network.script --serial "$1" --limit 300 --digest "${@:2}" >"$1"
}
run_set first
cat first first.server first.client | grep -aE '^time|NE2000|RTL|eth0|packets|bytes from|fetched'
[ -n "${GUEST_ONCE-}" ] || {
    run_set second --slice random:3
    cmp first second
    cmp first.client second.client
}
python3 - <<'END'
import re
server, client = ({what: digest for digest, what in re.findall(r"([0-9a-f]{64})  /(?:www/)?(\w+)", open("first." + name).read())} for name in ("server", "client"))
assert server["file"] == client["got"] != client["file"] == server["got"], (server, client)
for name in "server", "client":
    begun, ended = map(float, re.search(r"fetched from ([\d.]+) to ([\d.]+)", open("first." + name).read()).groups())
    print(f"the {name} fetched 8 MiB at {8.388608 / (ended - begun):.3f} MB/s of guest time")
END
