#!/bin/bash
# sb16-probe.sh - the probe of the Sound Blaster 16 (tests/probe/sb16.S): commands of the DSP and their answers, transfers to the channel's end, interrupts and their acknowledgement, pauses,
# the mixer; the same on QEMU and on Bochs, so far as they have these (peers.py).
set -euo pipefail
. tests/guests/guest.sh

probe sb16
printf 'sound:\n  card: sb16\n' >>"$WORK/machine.yaml"
guest
