#!/bin/bash
# network-probe.sh - the probe of the NE2000 (tests/probe/network.S): a reset, the PROM, remote DMA round the end of the ring, an empty transfer, and a packet that leaves; the
# same on QEMU and on Bochs. What two machines say to each other is in tests/set.sh.
set -euo pipefail
. tests/guests/guest.sh

probe network pc-isa
printf 'network:\n  card: ne2000\n  address: 52:54:00:12:34:56\n  cable: yes\n' >>"$WORK/machine.yaml"
guest
