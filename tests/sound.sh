#!/bin/bash
# sound.sh - what a machine plays is a function of its ticks: the probe (probe/sound.S) is heard as it must be, the same by both engines, in any slices, from a snapshot,
# and attested; scripts listen. What it records (probe/record.S) is the WAV file at its line input, sample for sample; the journal names that file.
set -u
. tests/facts.sh
cp "$BUILD/tests/sound.img" "$BUILD/tests/record.img" "$WORK"
root=$PWD
cd "$WORK" || exit 1

# machine LINE...: machine.yaml, with these lines at its end.
machine()
{
    printf 'muniment: machine 0\nmachine: pc-isa\ncpu:\n  model: i486\n  speed: 8 MIPS\nmemory: 4 MiB\nfirmware:\n  system: built-in 0\n  video: built-in 0\n'
    printf 'clock: 1993-01-01T00:00:00\ndrives:\n  fd0:\n    kind: floppy 1.44M\n    image: sound.img\nboot:\n  - floppy\nports:\n  - com1\ndisplay: vga\n'
    printf '%s\n' "$@"
}

# spectrum FILE BEGIN SECONDS SIDE: the frequency that is loudest in this part of a WAV, on one side (0 left), and its amplitude.
spectrum()
{
    python3 - "$@" <<'END'
import array, cmath, sys, wave
w = wave.open(sys.argv[1])
assert (w.getframerate(), w.getnchannels(), w.getsampwidth()) == (48000, 2, 2)
w.setpos(int(float(sys.argv[2]) * 48000))
s = array.array("h", w.readframes(int(float(sys.argv[3]) * 48000)))
s = s[int(sys.argv[4])::2]
def loud(f):
    return 2 / len(s) * abs(sum(v * cmath.exp(-2j * cmath.pi * f * i / 48000) for i, v in enumerate(s)))
best = max(range(20, 2020, 20), key=loud)
print(best, round(loud(best)))
END
}

machine >silent.yaml
machine "sound:" "  speaker: yes" "  card: sb16" >machine.yaml
machine "sound:" "  card: adlib" >adlib.yaml
printf 'wait serial "speaker"\nwait sound\nexpect sound\nsnapshot middle.snapshot\nwait serial "sb16"\nwait time 0.2\nsnapshot late.snapshot\nwait silence\nwait serial "end"\n' >listen.script

gives "a script listens" 0 "$MUNIMENT" boot machine.yaml --script listen.script --until time:3 --sound a.wav --midi a.mid --serial lines --digest
cp out end
gives "the translator plays the same," 0 "$MUNIMENT" boot machine.yaml --script listen.script --until time:3 --sound b.wav --digest --engine translator --slice random:3 --force
cmp end out && cmp a.wav b.wav 2>>err
passed "to the bit, in any slices" $?
begin=$(python3 - <<'END'
import array, wave
w = wave.open("a.wav")
s = array.array("h", w.readframes(w.getnframes()))
print(next(i for i, v in enumerate(s) if abs(v) > 32) / 96000)
END
)
for note in 0:440 1:660 2:880; do
    found=$(spectrum a.wav "$(python3 -c "print($begin + ${note%:*} * 0.25 + 0.05)")" 0.15 0)
    read -r frequency amplitude <<<"$found"
    [ "$frequency" = "${note#*:}" ] && [ "$amplitude" -ge 10200 ] && [ "$amplitude" -le 10600 ]
    passed "a note of ${note#*:} Hz is heard ($found)" $?
done
printf 'speaker\nopl 3\nsb16 04 13 50 \nmidi\nend\n' | cmp - lines 2>>err
passed "drivers find synthesizer and DSP, and 50 blocks of 480 samples end in half a second" $?
python3 - <<'END' 2>>err
import re
# W-24
b = open("a.mid", "rb").read()
assert b[:18] == bytes.fromhex("4d546864 00000006 0000 0001 03e8 4d54726b")
assert int.from_bytes(b[18:22], "big") == len(b) - 22
# tempo; system exclusive; programme; note on, and off 0.25 s later; end
assert re.fullmatch(rb"\x00\xff\x51\x03\x0f\x42\x40[\x80-\xff]*[\x00-\x7f]\xf0\x05\x7e\x7f\x09\x01\xf7[\x00-\x03]\xc0\x13[\x00-\x02]\x90\x3c\x64"
                    rb"\x81[\x7a-\x7f]\x90\x3c\x00\x00\xff\x2f\x00", b[22:], re.S), b[22:].hex()
END
passed "what it sends by MIDI is a standard MIDI file" $?
# The DSP plays after the last 0.1 s of silence but one: from 0.1 s before the end of what is heard, backwards.
triangles=$(python3 - <<'END'
import array, wave
w = wave.open("a.wav")
s = array.array("h", w.readframes(w.getnframes()))
print(max(i for i, v in enumerate(s) if abs(v) > 4000) / 96000 - 0.3)
END
)
for side in 0:1000:9600 1:2000:4800; do # a triangle's first harmonic is 8 / pi^2 of its height
    IFS=: read -r side frequency height <<<"$side"
    read -r found amplitude <<<"$(spectrum a.wav "$triangles" 0.25 "$side")"
    [ "$found" = "$frequency" ] && [ $((amplitude * 1000)) -ge $((height * 800)) ] && [ $((amplitude * 1000)) -le $((height * 820)) ]
    passed "the DSP plays $frequency Hz on side $side ($found $amplitude)" $?
done
for snapshot in middle late; do
    gives "a run goes on from a snapshot ($snapshot)" 0 "$MUNIMENT" boot machine.yaml --resume $snapshot.snapshot --until time:3 --sound rest.wav --digest --force
    cmp end out && python3 -c '
rest, whole = open("rest.wav", "rb").read()[44:], open("a.wav", "rb").read()[44:]
assert len(rest) > 4 * 24000 and any(rest) and whole.endswith(rest)' 2>>err
    passed "and plays the rest" $?
done
gives "an AdLib is an OPL2" 0 "$MUNIMENT" boot adlib.yaml --until halt --serial lines --sound c.wav --force
printf 'speaker\nopl\nend\n' | cmp - lines 2>>err
passed "and no Sound Blaster" $?
read -r found amplitude <<<"$(spectrum c.wav 1.25 0.2 0)"
[ "$found" = 440 ] && [ "$amplitude" -gt 6000 ]
passed "and plays its note ($found $amplitude)" $?

printf 'muniment: description 0\ntitle: "Sound"\n' >description.yaml
"$MUNIMENT" key new key >/dev/null
gives "a reference boot is sealed" 0 "$MUNIMENT" seal machine.yaml --description description.yaml -o sealed.mun --key key --attest <(grep -v snapshot listen.script)
gives "and repeated" 0 "$MUNIMENT" verify sealed.mun --trust key.pub --reboot
tar -xf sealed.mun attest.txt
python3 - <<'END' 2>>err
import hashlib
frames, at = open("a.wav", "rb").read()[44:], 0
lines = open("attest.txt").read().splitlines()[3:]
for line in lines:
    words = line.split()
    until = 4 * (int(words[0]) * 48000 // 8000000)
    assert until <= len(frames) and hashlib.sha256(frames[at:until]).hexdigest() == words[5], line
    at = until
assert len(lines) == 4
END
passed "its points have the digests of what the WAV file holds" $?

gives "a machine that is not heard gives no file" 3 "$MUNIMENT" boot silent.yaml --sound none.wav --until time:0.1
says "and says why" err "nothing that is heard"
[ ! -e none.wav ]
passed "and leaves none" $?
gives "nor has one without a Sound Blaster MIDI" 3 "$MUNIMENT" boot adlib.yaml --midi none.mid --until time:0.1
gives "nor does it wait for sound" 3 "$MUNIMENT" boot silent.yaml --script <(echo 'wait sound') --limit 1
gives "a sound that does not come is missed" 1 "$MUNIMENT" boot machine.yaml --script <(echo 'expect sound') --limit 1
gives "--until knows sound" 0 "$MUNIMENT" boot machine.yaml --until sound --limit 60
gives "and silence (W-8)" 0 "$MUNIMENT" boot machine.yaml --until silence --limit 60

# --- What is recorded ---

# A file of 48 kHz: 1,000 Hz to the left, 3,000 Hz and a ramp to the right; another one that is silent, of 44.1 kHz, 8 bits, mono.
python3 - <<'END'
import array, math, wave
w = wave.open("tape.wav", "wb")
w.setparams((2, 2, 48000, 0, "NONE", ""))
w.writeframes(array.array("h", [v for i in range(5 * 48000) for v in (round(12000 * math.sin(2 * math.pi * i / 48)), round(9000 * math.sin(2 * math.pi * i / 16)) + i % 20011)]).tobytes())
w = wave.open("quiet.wav", "wb")
w.setparams((1, 1, 44100, 0, "NONE", ""))
w.writeframes(bytes([128]) * 44100)
END
# recorded FILE: what the probe sent, as record.S says, is in tape.wav.
recorded()
{
    python3 - "$1" 2>>err <<'END'
import math, sys, wave
sent = open(sys.argv[1], "rb").read()
w = wave.open("tape.wav")
tape = w.readframes(w.getnframes())
def part(name, length):
    at = sent.index(name) + len(name)
    return sent[at:at + length]
wide = part(b"wide\n", 1920)
at = tape.index(wide)
assert at % 4 == 0 and at > 48000, at
narrow = [v - 128 for v in part(b"narrow\n", 2000)]
assert len(narrow) == 2000
turn = 2 * math.pi * 1000 / (1000000 / 45)
amplitude = 256 * abs(sum(v * complex(math.cos(turn * i), math.sin(turn * i)) for i, v in enumerate(narrow))) / 1000
assert abs(amplitude - 12000) < 100, amplitude
assert len(part(b"direct\n", 16)) == 16 and sent.endswith(b"end\n")
END
}
machine "sound:" "  card: sb16" "  line-in: yes" | sed 's/sound.img/record.img/' >recorder.yaml
gives "a recording at the line input" 0 "$MUNIMENT" boot recorder.yaml --line-in tape.wav --until halt --serial lines --digest --force
cp out end
recorded lines
passed "is recorded, sample for sample (W-26 to W-29)" $?
gives "the interpreter records the same," 0 "$MUNIMENT" boot recorder.yaml --line-in tape.wav --until halt --serial other --digest --engine interpreter --slice random:3 --force
cmp out end && cmp lines other 2>>err
passed "in any slices" $?
gives "nothing at the line input" 0 "$MUNIMENT" boot recorder.yaml --until halt --serial lines --force
python3 -c '
sent = open("lines", "rb").read()
assert sent[5:1925] == bytes(1920) and sent[1932:3932] == bytes([128]) * 2000' 2>>err
passed "is silence" $?

gives "it is sealed" 0 "$MUNIMENT" seal recorder.yaml --description description.yaml -o recorder.mun --key key
printf 'line-in tape.wav\nwait serial "narrow"\nsnapshot taken.snapshot\nwait serial "direct"\nline-in quiet.wav\nline-in none\nwait halt\n' >tape.script
printf 'wait serial "direct"\nline-in quiet.wav\nline-in none\nwait halt\n' >rest.script
gives "a script connects a recording, and takes it away" 0 "$MUNIMENT" boot recorder.mun --script tape.script --record tape.journal --serial lines --digest --force
cp out end
grep -q "^0 line-in $(sha256sum <tape.wav | cut -d ' ' -f 1) " tape.journal && grep -q '^[0-9]* line-in none ' tape.journal
passed "the journal names it by its digest" $?
gives "a run that ends where one was connected" 0 "$MUNIMENT" boot recorder.mun --line-in tape.wav --until time:0 --record zero.journal
passed "has a digest after that" "$(grep -A 1 "^0 line-in " zero.journal | grep -q "^0 digest "; echo $?)"
gives "it is replayed" 0 "$MUNIMENT" replay recorder.mun tape.journal --media quiet.wav --media tape.wav
gives "not without the file" 3 "$MUNIMENT" replay recorder.mun tape.journal --media quiet.wav
says "which it names" err "give its file with --media"
tr '\0' '\1' <tape.wav >changed.wav
gives "nor with another one" 3 "$MUNIMENT" replay recorder.mun tape.journal --media quiet.wav --media changed.wav
gives "a snapshot names it, and resumes with it (S-13)" 0 "$MUNIMENT" boot recorder.mun --resume taken.snapshot --line-in tape.wav --script rest.script --digest
cmp out end 2>>err
passed "as it was" $?
gives "not without it" 3 "$MUNIMENT" boot recorder.mun --resume taken.snapshot --until time:9
says "and says which it is" err "give that WAV file with --line-in"
gives "nor with another" 3 "$MUNIMENT" boot recorder.mun --resume taken.snapshot --line-in quiet.wav --until time:9
gives "a reference boot has none" 3 "$MUNIMENT" seal recorder.yaml --description description.yaml -o other.mun --key key --attest <(grep -v snapshot tape.script)
gives "one machine has one line input" 2 "$MUNIMENT" boot recorder.mun --line-in tape.wav --line-in quiet.wav --until time:0.1
says "and says so" err "given twice: --line-in"

# In a set each machine has its own.
printf 'muniment: set 0\nmachines:\n  - name: a\n    machine: recorder.mun\n  - name: b\n    machine: recorder.mun\n    power-on: 100 ms\n' >set.yaml
printf 'machine "b"\nwait serial "narrow"\nsnapshot pair\nwait serial "end"\nmachine "a"\nwait serial "end"\n' >pair.script
gives "two machines of a set record (C-19)" 0 "$MUNIMENT" boot set.yaml --line-in b:tape.wav --line-in a:quiet.wav --script pair.script --serial lines --digest --force
cp out end
recorded lines.b && ! recorded lines.a
passed "each what is at its own line input" $?
gives "the set resumes with them" 0 "$MUNIMENT" boot set.yaml --line-in b:tape.wav --line-in a:quiet.wav --resume pair --script <(sed 2,3d pair.script) --digest
cmp out end 2>>err
passed "as it was" $?
gives "not with others" 3 "$MUNIMENT" boot set.yaml --line-in a:tape.wav --line-in b:quiet.wav --resume pair --until time:9
"$MUNIMENT" set seal set.yaml -o pair.set --key key >/dev/null 2>err
sed -i /snapshot/d pair.script
gives "a run is recorded" 0 "$MUNIMENT" boot pair.set --line-in b:tape.wav --line-in a:quiet.wav --script pair.script --record pair.journal
grep -q "^b 0 line-in $(sha256sum <tape.wav | cut -d ' ' -f 1) " pair.journal && grep -q "^a 0 line-in $(sha256sum <quiet.wav | cut -d ' ' -f 1) " pair.journal
passed "and its journal names each by its digest" $?
gives "it is replayed" 0 "$MUNIMENT" replay pair.set pair.journal --media tape.wav --media quiet.wav
gives "not without a file" 3 "$MUNIMENT" replay pair.set pair.journal --media quiet.wav
gives "so is a run of no time" 0 "$MUNIMENT" boot pair.set --line-in b:tape.wav --until time:0 --record nothing.journal
gives "which is replayed as well" 0 "$MUNIMENT" replay pair.set nothing.journal --media tape.wav
for given in tape.wav c:tape.wav "a:tape.wav --line-in a:quiet.wav"; do
    # shellcheck disable=SC2086
    gives "--line-in $given is refused" 2 "$MUNIMENT" boot set.yaml --line-in $given --until time:0.1
    says "and says what is meant" err "give NAME:FILE.wav, once for a machine"
done
printf 'machine "b"\nline-in tape.wav\n' >early.script
gives "a machine that is not on has no inputs (C-20)" 1 "$MUNIMENT" boot set.yaml --script early.script
says "and says so" err 'the machine "b" is not on'
printf 'machine "b"\nwait time 0.2\nline-in tape.wav\nwait time 0.1\nline-in none\nwait time 0.1\n' >later.script
gives "one that is on has them" 0 "$MUNIMENT" boot pair.set --script later.script --record later.journal
gives "and they are replayed" 0 "$MUNIMENT" replay pair.set later.journal --media tape.wav
gives "a reference run of a set has none (C-21)" 3 "$MUNIMENT" set seal set.yaml -o other.set --key key --attest later.script
says "and says so" err "could not be repeated from the archives"

gives "a machine without a line input takes none" 3 "$MUNIMENT" boot machine.yaml --line-in tape.wav --until time:0.1
says "and says what to do" err "line-in: yes under sound"
head -c 1000 tape.wav >cut.wav
gives "a file that is cut short is refused" 3 "$MUNIMENT" boot recorder.yaml --line-in cut.wav --until time:0.1
says "with the reason" err "ends within its samples"
gives "and what is no WAV file, in a script" 3 "$MUNIMENT" boot recorder.yaml --script <(echo 'line-in machine.yaml') --until time:0.1
says "with the remedy" err "give a WAV file of PCM"
facts sound
