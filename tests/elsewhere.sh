#!/bin/bash
# elsewhere.sh - what `make check-lockstep` and `make check-points` put in the place of a guest's own runs: the probe of the network card in lockstep, and at a hundred points.
set -euo pipefail
for peer in lockstep guest_builds; do
    mkdir "$WORK/$peer"
    GUEST_PEER=$PWD/tests/$peer.sh GUEST_FIRMWARE=ours POINT_BUILDS="" WORK=$WORK/$peer tests/guests/network-probe.sh
done
