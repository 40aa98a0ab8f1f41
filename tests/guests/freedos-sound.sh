#!/bin/bash
# freedos-sound.sh - a DOS program in protected mode plays by the Sound Blaster 16 (dos/sb16pm.S, a DPMI client of 32 bits, with CWSDPMI as its host): it hooks IRQ 5, and 1,000 Hz are heard for
# as long as 48 blocks last, at the level of the mixer. Our firmware only; the same by both engines.
set -euo pipefail
. tests/guests/guest.sh
suite boot.img freedos13-floppy.img 6a6a75d96e4b0f89b160d1c6193873154b0c75bf9989d0e27b6663a13d8c59b3
suite bin.tar sdcboot-freedos.tar a7549b25e2d31fceb352e9b2064ccbd7ae4e8d36044cf32bc04f76f6c71d7b8e
no_peer "what peers play is not heard here"
command -v python3 >/dev/null || skip "python3 is not there"

root=$PWD
(
    cd "$WORK"
    export SOURCE_DATE_EPOCH=883612800 TZ=UTC
    tar -xf bin.tar
    "${DEMO_CC:-gcc}" -m16 -I"$root/tests/probe" -c -o sb16pm.o "$root/tests/guests/dos/sb16pm.S" && ld -m elf_i386 -Ttext=0x100 --oformat=binary -o sb16pm.com sb16pm.o
    printf '%s\r\n' FILES=40 'SHELL=A:\COMMAND.COM A:\ /E:512 /P=A:\AUTOEXEC.BAT' >fdconfig.sys
    printf '%s\r\n' '@ECHO OFF' 'CWSDPMI -p' 'SB16PM' 'FDAPM POWEROFF' >autoexec.bat
    mdeltree -i boot.img ::freedos
    mdel -i boot.img ::'*.bat' ::fdconfig.sys
    mcopy -i boot.img fdconfig.sys autoexec.bat sb16pm.com freedos/bin/{command,fdapm}.com freedos/bin/cwsdpmi.exe ::
) || skip "mtools is not there (make deps-guests)"
machine pc-i440fx i486 25 16 floppy <<YAML
  fd0:
    kind: floppy 1.44M
    image: boot.img
YAML
printf 'sound:\n  card: sb16\n' >>"$WORK/machine.yaml"
cd "$WORK"
! elsewhere machine.yaml freedos-sound || exit 0
for engine in translator interpreter; do
    "$MUNIMENT" boot machine.yaml --script freedos-sound.script --engine $engine --sound $engine.wav --serial $engine.serial --limit 120 --digest >$engine
done
cat translator translator.serial
cmp translator interpreter
cmp translator.wav interpreter.wav
python3 - <<'PYTHON'
import array, cmath, math, wave
w = wave.open("translator.wav")
s = array.array("h", w.readframes(w.getnframes()))[0::2]
heard = [i for i, v in enumerate(s) if abs(v) > 150]
seconds = (heard[-1] - heard[0]) / 48000
part = s[heard[0] + 4800:heard[0] + 4800 + 14400]
amplitude = 2 / len(part) * abs(sum(v * cmath.exp(-2j * math.pi * i / 48) for i, v in enumerate(part)))
# A square wave of 8,000 under 14 dB twice, of 48 samples to a period: its first harmonic.
expected = 8000 * 10 ** (-28 / 20) * 4 / 48 / math.sin(math.pi / 48)
print(f"heard for {seconds:.3f} s, 1,000 Hz of {amplitude:.0f}, expected {expected:.0f}")
assert 0.48 <= seconds < 0.51 and abs(amplitude / expected - 1) < 0.01
PYTHON
