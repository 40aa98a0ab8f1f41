#!/bin/bash
# debian-record.sh - ALSA's arecord on Debian's kernel records what is at the line input of the Sound Blaster 16, sample for sample: 16 bits in stereo at 44.1 kHz, the highest rate that Linux's
# driver takes, and without a sign, mono, at 22,050 Hz, from WAV files of these rates. Our firmware only; the run is the same by both engines. To make the system takes root, the network and some
# minutes, once.
set -euo pipefail
. tests/guests/guest.sh

no_peer "peers have no such input"
command -v python3 >/dev/null || skip "python3 is not there"
tests/guests/linux/office.sh || exit
cp -r tests/guests/linux/record "$WORK/extra"
cp tests/guests/linux/enter "$WORK/extra/run"
modules sound/{soundcore,core/snd,core/snd-timer,core/snd-pcm,core/snd-seq-device,core/snd-rawmidi,core/snd-hwdep,drivers/mpu401/snd-mpu401-uart,drivers/opl3/snd-opl3-lib} \
    sound/isa/sb/{snd-sb-common,snd-sb16-csp,snd-sb16-dsp,snd-sb16}
echo "snd-sb16 isapnp=0 port=0x220 irq=5 dma8=1 dma16=5 mpu_port=0x330 fm_port=0x388" >"$WORK/extra/options"
EXTRA=$WORK/extra tests/guests/linux/image.sh "$WORK" || exit
debian office pentium2 200 64
printf 'sound:\n  card: sb16\n  line-in: yes\n' >>"$WORK/machine.yaml"
cd "$WORK"
python3 - <<'PYTHON'
import random, struct, wave
random.seed(19)
for name, channels, rate in ("wide", 2, 44100), ("narrow", 1, 22050):
    w = wave.open(name + ".wav", "wb")
    w.setparams((channels, 2, rate, 0, "NONE", ""))
    w.writeframes(struct.pack("<%dh" % (60 * rate * channels), *(random.randrange(-32768, 32768) for i in range(60 * rate * channels))))
PYTHON
! elsewhere machine.yaml debian-record || exit 0
for engine in translator interpreter; do
    "$MUNIMENT" boot machine.yaml --script debian-record.script --engine "$engine" --serial "$engine.serial" --limit 300 --digest >"$engine"
done
cat translator
cmp translator interpreter
python3 - <<'PYTHON'
import base64, re, wave
console = open("translator.serial", "rb").read().replace(b"\r", b"")
for name, size, convert in ("wide", 4, lambda tape: tape), ("narrow", 2, lambda tape: bytes(v ^ (i % 2 * 0x80) for i, v in enumerate(tape))):
    sent = base64.b64decode(re.search(b"begin %b\n(.*?)end %b\n" % (name.encode(), name.encode()), console, re.S)[1])
    w = wave.open(name + ".wav")
    tape = convert(w.readframes(w.getnframes()))
    at = tape.index(sent)
    print(f"{name}: {len(sent)} bytes are those of the file from byte {at}")
    assert len(sent) == 12000 * size and at % size == 0
PYTHON
