"""peers.py - a guest's script (spec/script.md) carried out on another emulator with Muniment's firmware: what qemu.py and bochs.py share.

GUEST_PEER of guest.sh names qemu.py or bochs.py, which run as `PEER machine.yaml NAME.script` in the guest's folder. A peer is an object with

    run(seconds)            goes on for so long; False if the machine has switched itself off
    picture()               something that is equal for equal pictures
    screen()                the rows of the text screen, [] in graphics
    halted()                the processor has halted with interrupts off
    key(name, down)         a key by its name in the script
    send(bytes)             to COM1
    mouse(dx, dy, buttons)  a movement, and the buttons that are down
    medium(place, image)    another medium in "fd0" or "cd"
    stop()
    serial                  what COM1 has sent

What a peer cannot do, by CANNOT of its class before it starts, ends the run with status 77 and the reason. DIFFERENT lists where a peer is known to differ: not what our firmware does."""

import glob, os, re, shutil, sys

FIRMWARE = os.environ.get("FIRMWARE") or os.path.join(os.path.dirname(__file__), "../../bios/versions/0")
WAIT_SECONDS = 900          # of the peer's time, for one wait

# (peer or "", command) -> the command in its place, or None; and why.
DIFFERENT = {
    ("", 'wait serial "cpu MHz\\t\\t: 200.0"'): (["wait", "serial", "cpu MHz"], "a peer's processor has a clock of its own"),
    ("", 'wait serial "XFER_UDMA_2"'): (["wait", "serial", "XFER_MW_DMA_2"], "a peer's PIIX3 has no Ultra DMA"),
    ("qemu", 'wait serial "reset 80 21 \\n"'): (["wait", "serial", "reset 80 00 \n"], "QEMU's CR is 0 until it is written; the data sheet says 21h"),
    ("qemu", 'wait serial "prom 52 54 00 12 34 56 00 00 00 00 00 00 00 00 57 57 \\n"'):
        (["wait", "serial", "prom 52 54 00 12 34 56 12 12 34 34 56 56 00 00 57 57 \n"], "what is between address and 57h is nobody's"),
    ("bochs", 'wait serial "prom 52 54 00 12 34 56 00 00 00 00 00 00 00 00 57 57 \\n"'):
        (["wait", "serial", "prom 52 54 00 12 34 56 57 57 57 57 57 57 57 57 57 57 \n"], "what is between address and 57h is nobody's"),
    ("qemu", 'wait serial "opl 3\\n"'): (None, "the timers of QEMU's OPL2 do not run while it is silent"),
    ("", 'wait serial "sb16 04 13 50 \\n"'): (["wait", "serial", "sb16 04 "], "a peer's DSP is 4.05 or so, and how many blocks end in half a second follows the host's clock"),
    ("qemu", 'wait serial "midi\\n"'): (None, "QEMU has no MPU-401"),
    ("bochs", 'wait serial "empty 40 \\n"'): (["wait", "serial", "empty 00 \n"], "a transfer of no bytes does not end on Bochs"),
    ("", 'wait serial "version 04 0D \\n"'): (["wait", "serial", "version 04 "], "a peer's DSP is 4.05 or so"),
    ("qemu", 'wait serial "speaker FF 00 \\n"'): (None, "QEMU's DSP has no command D8h"),
    ("qemu", 'wait serial "mixer C0 C0 C0 C0 C0 C0 00 00 00 00 1F 15 0B 00 00 00 80 80 \\n"'): (None, "QEMU's mixer keeps what is written, and has nothing else"),
    ("qemu", 'wait serial "pro B8 78 B7 \\n"'): (None, "the same"),
    ("bochs", 'wait serial "forced 01 00 02 00 \\n"'): (["wait", "serial", "forced 01 00 "], "Bochs' DSP has no command F3h"),
    ("", 'wait serial "paused = continued # ended = \\n"'): (["wait", "serial", "paused = "], "how far a peer is afterwards follows the host's clock"),
    ("", 'wait serial "silent 00 01 \\n"'): (None, "a peer's silence is over at once, or has no end"),
    # How far the channel is where blocks follow each other, and what else is not on a peer.
    **{("qemu", f'wait serial "{command} FFFF 01 \\n"'): (["wait", "serial", f"{command} 00FF 01 \n"], "QEMU's controller has its count again at the end") for command in ("14", "91", "c0")},
    **{("qemu", f'wait serial "{command} FFFF 01 \\n"'): (None, "the same; blocks follow each other by the host's clock") for command in ("1c", "90", "c6")},
    **{("qemu", f'wait serial "{command} FFFF 01 \\n"'): (None, "QEMU plays no ADPCM") for command in ("16", "17", "1f", "74", "75", "7d", "76", "77", "7f")},
    **{(peer, f'wait serial "{command} FFFF 02 \\n"'): (None, "the same, and Bochs moves nothing by channel 5") for command in ("b0", "b6") for peer in ("qemu", "bochs")},
    **{("", f'wait serial "{line} \\n"'): (None, "nothing is recorded on a peer") for line in
       ("24 FFFF 01 80", "99 FFFF 01 80", "2c FFFF 01 80", "98 FFFF 01 80", "c8 FFFF 01 80", "ce FFFF 01 80", "b8 FFFF 02 00", "be FFFF 02 80")},
}


class Skip(Exception):
    pass


class Failed(Exception):
    pass


def ran_and_waited(process):
    """For how many seconds the busiest thread of a process ran, and was ready to and had no processor of the host: a busy host makes a peer slow, and is no fault of it."""
    account = (0, 0)
    for path in glob.glob(f"/proc/{process}/task/*/schedstat"):
        try:
            with open(path) as file:
                account = max(account, tuple(int(n) / 1e9 for n in file.read().split()[:2]))
        except OSError:
            pass
    return account


# --- Manifests: mappings and lists, by indentation (spec/manifest.md). ---

def manifest(path):
    with open(path, encoding="utf-8") as file:
        lines = [re.sub(r"\s+#.*", "", line.rstrip()) for line in file if line.strip() and not line.lstrip().startswith("#")]
    return block(lines, 0)[0]


def block(lines, at):
    indent = len(lines[at]) - len(lines[at].lstrip())
    found = [] if lines[at].lstrip().startswith("- ") else {}
    while at < len(lines) and len(lines[at]) - len(lines[at].lstrip()) == indent:
        text = lines[at].strip()
        at += 1
        if isinstance(found, list):
            found.append(text[2:].strip().strip("'\""))
            continue
        key, value = text.split(":", 1)
        if value.strip():
            found[key] = value.strip().strip("'\"")
        elif at < len(lines):
            found[key], at = block(lines, at)
    return found, at


FLOPPIES = {"360K": 368640, "1.2M": 1228800, "720K": 737280, "1.44M": 1474560, "2.88M": 2949120}
FORMATS = {163840, 184320, 327680, 1720320} | set(FLOPPIES.values())


def floppy_copy(image, kind, path):
    """A copy that a peer may write to; a short image is the beginning of a floppy in the drive's own format."""
    shutil.copyfile(image, path)
    if os.path.getsize(path) not in FORMATS:
        os.truncate(path, FLOPPIES[kind.split()[1]])
    os.chmod(path, 0o644)
    return path


def geometry(drive):
    """Cylinders, heads, sectors of a disk, by the rule of spec/manifest.md."""
    if "geometry" in drive:
        return tuple(int(n) for n in drive["geometry"].split("/"))
    with open(drive["image"], "rb") as file:
        sector = file.read(512)
    heads, sectors = 16, 63
    entries = [sector[at:at + 16] for at in range(446, 510, 16)]
    if sector[510:] == b"\x55\xaa" and all(e[0] in (0, 0x80) for e in entries):
        used = [e for e in entries if e[4]]
        last_head, last_sector = (max((f(e) for e in used), default=0) for f in (lambda e: e[5] + 1, lambda e: e[6] & 63))
        if used and last_sector:
            heads, sectors = min(last_head, 16), last_sector
    whole = os.path.getsize(drive["image"]) // 512 // heads // sectors
    return max(1, min(whole, 16383)), heads, sectors


# --- Scripts. ---

WORD = re.compile(r'\s*(?:#.*|"((?:[^"\\]|\\.)*)"|([^\s"#]+))')
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "e": "\x1b"}


def script(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = [unescape(m[1]) if m[1] is not None else m[2] for m in WORD.finditer(line.rstrip("\n")) if m[1] is not None or m[2]]
            if words:
                yield line.strip(), words


def unescape(text):
    return re.sub(r"\\(x[0-9a-f]{2}|.)", lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 3 else ESCAPES.get(m[1], m[1]), text)


SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./"))
NAMES = {"\n": "enter", "\t": "tab", "\b": "backspace", "\x1b": "esc", " ": "space", "-": "minus"}


def keys_of(character):
    plain = SHIFTED.get(character, character.lower())
    shift = ["shift"] if character in SHIFTED or character.isupper() else []
    return shift + [NAMES.get(plain, plain)]


LOW = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"


def text_rows(memory, columns, rows):
    """Characters of text memory, code page 437 as what its glyphs look like."""
    look = lambda c: LOW[c] if c < 32 else "⌂" if c == 127 else " " if c == 255 else bytes([c]).decode("cp437")
    return ["".join(look(c) for c in memory[row * columns * 2:(row + 1) * columns * 2:2]) for row in range(rows)]


class Run:
    def __init__(self, peer):
        self.peer, self.seen, self.on, self.buttons = peer, 0, True, set()

    def go(self, seconds):
        self.on = self.peer.run(seconds)

    def until(self, condition, what):
        waited = 0
        while not condition():
            if not self.on or waited >= WAIT_SECONDS:
                raise Failed(f"{what}: {'not before the limit' if self.on else 'the machine switched itself off before'}")
            self.go(0.25)
            waited += 0.25

    def still(self, seconds):
        last, since, waited = None, 0, 0
        while since < seconds:
            if not self.on or waited >= WAIT_SECONDS:
                raise Failed("the picture was never still for so long")
            self.go(1)
            picture, waited = self.peer.picture(), waited + 1
            last, since = picture, since + 1 if picture == last else 0

    def on_screen(self, text):
        return any(text in row for row in self.peer.screen())

    def on_serial(self, text):
        at = self.peer.serial.find(text.encode(), self.seen)
        if at >= 0:
            self.seen = at + len(text.encode())
        return at >= 0

    def press(self, keys):
        for key, down in [(key, True) for key in keys] + [(key, False) for key in reversed(keys)]:
            self.peer.key(key, down)
            self.go(0.04)

    def command(self, words):
        kind, rest = (tuple(words[:2]), words[2:]) if words[0] in ("wait", "expect", "mouse") else (words[0], words[1:])
        match kind:
            case "wait", "screen":    self.until(lambda: self.on_screen(rest[0]), words)
            case "wait", "serial":    self.until(lambda: self.on_serial(rest[0]), words)
            case "wait", "time":      self.go(float(rest[0]))
            case "wait", "still":     self.still(float(rest[0]))
            case "wait", "halt":      self.until(self.peer.halted, words)
            case "wait", "poweroff":  self.until(lambda: not self.on, words)
            case "expect", "screen":  self.until(lambda: self.on_screen(rest[0]), words)    # it may be drawn a moment later there
            case "expect", "serial":
                if rest[0].encode() not in self.peer.serial:
                    raise Failed(words)
            case "type":
                for character in rest[0]:
                    self.press(keys_of(character))
            case "key":               self.press(rest[0].split("-"))
            case "serial":            self.peer.send(rest[0].encode("latin-1"))
            case "mouse", "move":     self.peer.mouse(int(rest[0]), int(rest[1]), self.buttons)
            case "mouse", ("down" | "up") as way:
                (self.buttons.add if way == "down" else self.buttons.discard)(rest[0])
                self.peer.mouse(0, 0, self.buttons)
                self.go(0.1)
            case ("floppy" | "cd") as drive: self.peer.medium({"floppy": "fd0"}.get(drive, drive), rest[0])
            case "text":              print("\n".join(row.rstrip() for row in self.peer.screen()))
            case "screenshot" | "digest": pass
            case _:                   raise Failed(f"unknown command {words}")


def main(name, make):
    if len(sys.argv) != 3:
        sys.exit(f"usage: {name}.py machine.yaml NAME.script")
    peer = None
    try:
        for line, words in script(sys.argv[2]):
            for kind, reason in make.CANNOT.items():
                if tuple(words[:len(kind)]) == kind:
                    raise Skip(f"{reason} ({line})")
        peer = make(manifest(sys.argv[1]))
        run = Run(peer)
        for line, words in script(sys.argv[2]):
            other = DIFFERENT.get((name, line)) or DIFFERENT.get(("", line))
            if other:
                print(f"not {line}: {other[1]}")
                if not other[0]:
                    continue
                words = other[0]
            print(line, flush=True)
            run.command(words)
        print(f"{sys.argv[2]}: done on {name}")
    except Skip as reason:
        print(f"{sys.argv[2]} on {name}: {reason}")
        sys.exit(77)
    except Failed as reason:
        print("\n".join(row.rstrip() for row in peer.screen() if row.strip()))
        print("serial:", peer.serial[-2000:].decode("latin-1"))
        sys.exit(f"{sys.argv[2]} on {name}: {reason}")
    finally:
        if peer:
            peer.stop()
