#!/bin/bash
# elks.sh - ELKS 0.6.0, Linux for the 8086, from its floppy: files copied and compared, processes, shutdown.
set -euo pipefail
. tests/guests/guest.sh
suite elks.img elks.img da72402fe978d803ecce2ce7242b2e6dd445d2572a2b557477de6aa7cffe2463
machine pc-isa i386 4 1 floppy <<END
  fd0:
    kind: floppy 1.44M
    image: elks.img
END
guest
