#!/bin/bash
# state_doc.sh - spec/state.md is what the tables of the machine say.
"$BUILD/tests/state_doc" | diff - spec/state.md || { echo "spec/state.md is not current: make state-doc"; exit 1; }
