#!/bin/bash
# sound-probe.sh - the probe of what is heard (tests/probe/sound.S) finds synthesizer, DSP and MIDI port; the same on QEMU and on Bochs, so far as they have these. What it sounds like is in
# tests/sound.sh.
set -euo pipefail
. tests/guests/guest.sh

cp "$BUILD/tests/sound.img" "$WORK"
machine pc-i440fx i486 25 16 floppy <<YAML
  fd0:
    kind: floppy 1.44M
    image: sound.img
YAML
printf 'sound:\n  speaker: yes\n  card: sb16\n' >>"$WORK/machine.yaml"
guest
