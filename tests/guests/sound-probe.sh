#!/bin/bash
# sound-probe.sh - the probe of what is heard (tests/probe/sound.S) finds synthesizer, DSP and MIDI port; the same on QEMU and on Bochs, so far as they have these. What it sounds like is in
# tests/sound.sh.
set -euo pipefail
. tests/guests/guest.sh

probe sound
printf 'sound:\n  speaker: yes\n  card: sb16\n' >>"$WORK/machine.yaml"
guest
