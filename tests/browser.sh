#!/bin/bash
# browser.sh - runs browser.mjs, where Node, Chromium and playwright-core are (make deps-browser).
export PLAYWRIGHT=${PLAYWRIGHT:-build/playwright}
command -v node >/dev/null && [ -x "${CHROMIUM:=$(command -v chromium)}" ] && [ -d "$PLAYWRIGHT/node_modules/playwright-core" ] ||
    { echo "no Node, Chromium or playwright-core here (make deps-browser)"; exit 77; }
export CHROMIUM
[ -e build/novnc/core/rfb.js ] || { echo "built without noVNC (make deps)"; exit 77; }
exec node tests/browser.mjs
