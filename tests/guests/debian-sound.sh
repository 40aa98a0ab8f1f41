#!/bin/bash
# debian-sound.sh - Debian's kernel with its drivers for the Sound Blaster 16: they find DSP, synthesizer and MIDI port, and what a program plays by /dev/dsp is heard as it
# was written: 441 Hz for as long as that many samples are, its harmonics, and the right side half as loud. The run prints the digest of the state.
set -euo pipefail
. tests/guests/guest.sh

no_peer "peers' state has another sound card"
command -v python3 >/dev/null || skip "python3 is not there"
cp -r tests/guests/linux/sound "$WORK/extra"
"${DEMO_CC:-gcc}" -m32 -Os -ffreestanding -nostdlib -static -fno-pic -no-pie -fno-stack-protector -Wall -Wextra -Werror -o "$WORK/extra/play" "$WORK/extra/play.c"
modules="sound/soundcore"
for module in core/snd core/snd-timer core/snd-pcm core/snd-seq-device core/snd-rawmidi core/snd-hwdep drivers/mpu401/snd-mpu401-uart drivers/opl3/snd-opl3-lib \
    isa/sb/snd-sb-common isa/sb/snd-sb16-csp isa/sb/snd-sb16-dsp isa/sb/snd-sb16 core/oss/snd-mixer-oss core/oss/snd-pcm-oss; do
    modules+=" sound/$module"
done
EXTRA=$WORK/extra MODULES=$modules tests/guests/linux/image.sh "$WORK" || exit
machine pc-i440fx pentium2 200 64 disk <<END
  hd0:
    kind: disk
    image: linux.img
END
printf 'sound:\n  card: sb16\n' >>"$WORK/machine.yaml"
cd "$WORK"
! elsewhere machine.yaml debian-sound || exit 0
cat >heard.py <<'END'
import array, cmath, math, sys, wave
w = wave.open(sys.argv[1])
s = array.array("h", w.readframes(w.getnframes()))
left, right = s[0::2], s[1::2]
heard = [i for i, v in enumerate(left) if abs(v) > 4000]
seconds = (heard[-1] - heard[0]) / 48000
print(f"heard for {seconds:.4f} s")
assert abs(seconds - 44000 / 44100) < 0.002
first = heard[0] + 4800
def loud(side, f):
    part = side[first:first + 24000]
    return 2 / len(part) * abs(sum(v * cmath.exp(-2j * cmath.pi * f * i / 48000) for i, v in enumerate(part)))
for n in (1, 3, 5, 9, 15):
    # of 100 samples to a period, each a step: 12,000 * 4 / 100 / sin(pi n / 100)
    expected = 480 / math.sin(math.pi * n / 100)
    amplitude = loud(left, 441 * n)
    print(f"{441 * n} Hz: {amplitude:.1f} of {expected:.1f}, right {loud(right, 441 * n):.1f}")
    assert abs(amplitude / expected - 1) < 0.001 and abs(loud(right, 441 * n) / amplitude - 0.5) < 0.01
assert loud(left, 882) < 50 and loud(left, 1000) < 50
END
for firmware in ${GUEST_FIRMWARE:-ours}; do
    echo "--- firmware: $firmware"
    [ "$firmware" != seabios ] || seabios
    for engine in translator interpreter; do
        "$MUNIMENT" boot machine.yaml --script debian-sound.script --engine $engine --sound $engine.wav --serial $engine.serial --limit 180 --digest --force >$engine
    done
    # The same card with Plug and Play: nothing answers until the driver has put it where the other one is.
    sed 's/card: sb16/card: sb16\n  pnp: yes/' machine.yaml >pnp.yaml
    "$MUNIMENT" boot pnp.yaml --script debian-sound.script --sound pnp.wav --serial pnp.serial --limit 180 --force
    grep -a /sys/bus/pnp pnp.serial
    [ "$(head -c 100000000 pnp.wav | tail -c +45 | tr -d '\0' | wc -c)" -gt 100000 ]
    cat translator
    cmp translator interpreter
    cmp translator.wav interpreter.wav
    grep -A 8 'S16  ' translator.serial
    python3 heard.py translator.wav
done
