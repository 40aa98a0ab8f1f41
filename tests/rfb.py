"""rfb.py - a VNC viewer for tests, from RFC 6143 and the registries that desk/rfb/rfb.h names, and from nothing of ours.

It decodes every encoding that the server has, refuses what the specification forbids, and keeps the picture. tests/vnc.py uses it; by itself it
writes a picture:  rfb.py PATH|HOST:PORT FILE.png [PASSWORD]
"""
import os
import socket
import ssl
import struct
import sys
import time
import zlib

RAW, COPY, ZLIB, ZRLE = 0, 1, 6, 16
LAYOUT = 0x4D554E00  # of Muniment (desk/rfb/rfb.h)
CURSOR, SIZE, EXTENDED_SIZE, MOTION, KEYS, AUDIO, LEDS, FENCE, CONTINUE = -239, -223, -308, -257, -258, -259, -261, -312, -313
ALL = [COPY, CURSOR, SIZE, EXTENDED_SIZE, MOTION, KEYS, AUDIO, LEDS, FENCE, CONTINUE]


# Of each byte of a ZRLE tile with a palette, the indices that it holds, by their bits.
INDICES = {bits: [bytes(byte >> at & (1 << bits) - 1 for at in range(8 - bits, -1, -bits)) for byte in range(256)] for bits in (1, 2, 4)}


def des_response(password, challenge):
    """DES by openssl, each byte of the key with its bits reversed."""
    import subprocess
    key = bytes(int(f"{b:08b}"[::-1], 2) for b in password.encode("latin-1")[:8].ljust(8, b"\0"))
    return subprocess.run(["openssl", "enc", "-des-ede3", "-nopad", "-K", (key * 3).hex()], input=challenge, stdout=subprocess.PIPE, check=True).stdout


def listening(process, path):
    """PROCESS, when there is a socket at PATH; an error, if it ended before."""
    while not os.path.exists(path):
        if process.poll() is not None:
            raise ChildProcessError(f"{process.args[0]}: ended with status {process.returncode} before there was {path}")
        time.sleep(0.05)
    return process


class Colours(dict):
    """RGB of the values of a format's pixels, as they come."""

    def __init__(self, form):
        super().__init__()
        self.form = form

    def __missing__(self, value):
        form = self.form
        self[value] = bytes(((value >> s & m) * 255 + m // 2) // m for m, s in zip(form.most, form.shift)) if form.true else form.map[value]
        return self[value]


class Format:
    """bpp, depth, big-endian, true colour, maxima, shifts."""

    def __init__(self, bpp=32, depth=24, big=0, true=1, most=(255, 255, 255), shift=(16, 8, 0)):
        self.bpp, self.depth, self.big, self.true, self.most, self.shift = bpp, depth, big, true, most, shift
        self.colours = Colours(self)
        self.map = {}

    def packed(self):
        return struct.pack(">BBBB3H3B3x", self.bpp, self.depth, self.big, self.true, *self.most, *self.shift)

    def compact(self):
        """The bytes of a CPIXEL, and where they lie in a pixel's value."""
        used = 0
        for most, shift in zip(self.most, self.shift):
            used |= most << shift
        if self.bpp == 32 and self.true and self.depth <= 24:
            if not used & 0xFF000000:
                return 3, 0
            if not used & 0xFF:
                return 3, 8
        return self.bpp // 8, 0

    def values(self, data):
        size = self.bpp // 8
        return struct.unpack(f"{'>' if self.big else '<'}{len(data) // size}{' BH I'[size]}", data)


class Viewer:
    def __init__(self, where, password=None, tls=None, encodings=(ZRLE, *ALL), pixels=None, timeout=20):
        """where: path, or (host, port). tls: None, "vnc" or "plain"."""
        self.socket = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        self.socket.settimeout(timeout)
        self.socket.connect(where)
        self.counts, self.bytes, self.leds, self.absolute, self.keys, self.cut = {}, 0, None, None, False, None
        self.untyped = 0
        self.fences, self.continues, self.sizes, self.rectangles, self.updates, self.hears, self.heard = [], 0, [], [], 0, False, []
        self.inflate = {ZLIB: zlib.decompressobj(), ZRLE: zlib.decompressobj()}
        self.handshake(password, tls)
        self.format = Format()
        if pixels:
            self.format = pixels
            self.send(struct.pack(">Bxxx", 0) + pixels.packed())
        if encodings is not None:
            self.set_encodings(encodings)

    # --- bytes ---

    def send(self, data):
        self.socket.sendall(data)

    def take(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError("the server closed")
            data += part
        self.bytes += count
        return bytes(data)

    def unpack(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(">" + form)))

    # --- handshake ---

    def handshake(self, password, tls):
        assert self.take(12) == b"RFB 003.008\n"
        self.send(b"RFB 003.008\n")
        self.types = list(self.take(self.take(1)[0]))
        if password is None:
            kind = 1
        else:
            kind = 19 if tls else 2
        assert kind in self.types, f"offered are {self.types}"
        self.send(bytes([kind]))
        if kind == 19:
            assert self.take(2) == b"\0\2"
            self.send(b"\0\2")
            assert self.take(1) == b"\0"
            subtypes = self.unpack(f"{self.take(1)[0]}I")
            chosen = 261 if tls == "vnc" else 262
            assert chosen in subtypes
            self.send(struct.pack(">I", chosen))
            assert self.take(1) == b"\1"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
            self.certificate = self.socket.getpeercert(binary_form=True)
        if kind == 19 and tls == "plain":
            self.send(struct.pack(">II", 4, len(password)) + b"name" + password.encode())
        elif kind != 1:
            self.send(des_response(password, self.take(16)))
        if self.unpack("I")[0]:
            raise PermissionError(self.take(self.unpack("I")[0]).decode())
        self.send(b"\1")
        self.width, self.height = self.unpack("HH")
        assert self.take(16) == Format().packed()
        self.name = self.take(self.unpack("I")[0]).decode()
        self.resize(self.width, self.height)

    def resize(self, width, height):
        self.width, self.height = width, height
        self.rows = [bytearray(b"\x5a" * (width * 3)) for _ in range(height)]  # what is there, nobody knows (RFC 6143, 7.8.2)

    # --- to the server ---

    def set_encodings(self, encodings):
        self.encodings = list(encodings)
        self.send(struct.pack(f">BxH{len(self.encodings)}i", 2, len(self.encodings), *self.encodings))

    def request(self, incremental=True, area=None):
        self.send(struct.pack(">BB4H", 3, incremental, *(area or (0, 0, self.width, self.height))))

    def key(self, symbol, down):
        self.send(struct.pack(">BBxxI", 4, down, symbol))

    def key_code(self, code, down, symbol=0):
        self.send(struct.pack(">BBHII", 255, 0, down, symbol, code))

    def type(self, text, pause=0.03):
        for c in text:
            symbol = {"\n": 0xFF0D, "\t": 0xFF09}.get(c, ord(c) if ord(c) < 256 else 0x1000000 + ord(c))
            self.key(symbol, True)
            self.key(symbol, False)
            time.sleep(pause)

    def pointer(self, x, y, buttons=0):
        self.send(struct.pack(">BBHH", 5, buttons, x, y))

    def paste(self, text):
        self.send(struct.pack(">BxxxI", 6, len(text)) + text)

    def fence(self, flags, payload):
        self.send(struct.pack(">BxxxIB", 248, flags, len(payload)) + payload)

    def hear(self, form=None):
        """Enables sound; form: format, sides and frames a second. It comes to self.heard, a part for each stream."""
        if form:
            self.send(struct.pack(">BBHBBI", 255, 1, 2, *form))
        self.send(struct.pack(">BBH", 255, 1, 0))

    def continuous(self, on):
        self.send(struct.pack(">BB4H", 150, on, 0, 0, self.width, self.height))

    # --- from the server ---

    def message(self):
        """Reads one message; returns its type."""
        kind = self.take(1)[0]
        if kind == 0:
            self.take(1)
            self.rectangles = []
            count = self.unpack("H")[0]
            assert count, "an update without rectangles"
            for _ in range(count):
                self.rectangle()
            self.updates += 1
        elif kind == 1:
            self.take(1)
            first, count = self.unpack("HH")
            for i in range(count):
                self.format.map[first + i] = bytes(v >> 8 for v in self.unpack("HHH"))
        elif kind == 3:
            self.take(3)
            self.cut = self.take(self.unpack("I")[0])
        elif kind == 150:
            assert CONTINUE in self.encodings
            self.continues += 1
        elif kind == 248:
            assert FENCE in self.encodings
            self.take(3)
            flags, length = self.unpack("IB")
            self.fences.append((flags, self.take(length)))
        elif kind == 255:
            assert AUDIO in self.encodings
            what, operation = self.unpack("BH")
            assert what == 1 and operation <= 2
            if operation == 1:
                self.heard.append(b"")
            elif operation == 2:
                self.heard[-1] += self.take(self.unpack("I")[0])
        elif kind != 2:
            raise ValueError(f"message {kind}")
        return kind

    def update(self, incremental=True):
        """Asks for an update, and reads up to it."""
        self.request(incremental)
        while self.message() != 0:
            pass

    def wait_until(self, holds, seconds=20):
        """Asks for updates until something holds of this."""
        end = time.time() + seconds
        self.request(False)
        while not holds(self):
            if time.time() > end:
                raise TimeoutError("it did not come to hold")
            if self.message() == 0 and not holds(self):
                self.request()

    def rectangle(self):
        x, y, width, height, encoding = self.unpack("4Hi")
        assert encoding == RAW or encoding in self.encodings or encoding == LAYOUT and any(e & ~0xFF == LAYOUT for e in self.encodings), f"encoding {encoding} was not asked for"
        self.counts[encoding] = self.counts.get(encoding, 0) + 1
        self.rectangles.append((encoding, x, y, width, height))
        if encoding in (SIZE, EXTENDED_SIZE):
            if encoding == EXTENDED_SIZE:
                screens = self.take(4)[0]
                self.take(16 * screens)
                self.sizes.append((x, y, width, height))
            if (width, height) != (self.width, self.height):
                self.resize(width, height)
        elif encoding == CURSOR:
            self.take(width * height * self.format.bpp // 8 + (width + 7) // 8 * height)
        elif encoding == LEDS:
            self.leds = self.take(1)[0]
        elif encoding == MOTION:
            self.absolute = bool(x)
        elif encoding == LAYOUT:
            self.untyped += x
        elif encoding == KEYS:
            self.keys = True
        elif encoding == AUDIO:
            self.hears = True
        else:
            assert width and height and x + width <= self.width and y + height <= self.height
            if encoding == COPY:
                self.copy(x, y, width, height)
            else:
                self.draw(x, y, width, height, self.pixels(encoding, width, height))

    def copy(self, x, y, width, height):
        from_x, from_y = self.unpack("HH")
        assert from_x + width <= self.width and from_y + height <= self.height
        rows = [bytes(self.rows[from_y + i][3 * from_x:3 * (from_x + width)]) for i in range(height)]
        for i, row in enumerate(rows):
            self.rows[y + i][3 * x:3 * (x + width)] = row

    def draw(self, x, y, width, height, values):
        colour, last, drawn = self.format.colours.__getitem__, None, b""
        for i in range(height):
            row = values[i * width:(i + 1) * width]
            if row != last:  # most rows are as the one above
                last, drawn = row, b"".join(map(colour, row))
            self.rows[y + i][3 * x:3 * (x + width)] = drawn

    def inflated(self, encoding):
        stream = self.inflate[encoding]
        data = stream.decompress(self.take(self.unpack("I")[0]))
        assert not stream.unconsumed_tail and not stream.eof
        return data

    def pixels(self, encoding, width, height):
        size = width * height * self.format.bpp // 8
        if encoding == RAW:
            return self.format.values(self.take(size))
        data = self.inflated(encoding)
        if encoding == ZLIB:
            assert len(data) == size
            return self.format.values(data)
        return self.zrle(data, width, height)

    def zrle(self, data, width, height):
        """RFC 6143, 7.7.6."""
        compact, shift = self.format.compact()
        order = "big" if self.format.big else "little"
        at = 0
        result = [0] * (width * height)

        def pixel():
            nonlocal at
            at += compact
            assert at <= len(data)
            return int.from_bytes(data[at - compact:at], order) << shift

        def length():
            nonlocal at
            total = 1
            while data[at] == 255:
                total += 255
                at += 1
            at += 1
            return total + data[at - 1]

        for top in range(0, height, 64):
            for left in range(0, width, 64):
                w, h = min(64, width - left), min(64, height - top)
                kind = data[at]
                at += 1
                self.tiles = getattr(self, "tiles", set()) | {kind if kind < 2 or kind == 128 else 2 if kind <= 16 else 130}
                assert kind <= 16 or kind >= 128 and kind != 129, f"tile of the unused kind {kind}"
                if kind == 0:
                    tile = [pixel() for _ in range(w * h)]
                elif kind == 1:
                    tile = [pixel()] * (w * h)
                elif kind <= 16:
                    palette = [pixel() for _ in range(kind)]
                    bits = 1 if kind == 2 else 2 if kind <= 4 else 4
                    tile = []
                    for _ in range(h):
                        row = data[at:at + (w * bits + 7) // 8]
                        at += len(row)
                        tile += map(palette.__getitem__, b"".join(map(INDICES[bits].__getitem__, row))[:w])
                elif kind == 128:
                    tile = []
                    while len(tile) < w * h:
                        value = pixel()
                        tile += [value] * length()
                else:
                    palette = [pixel() for _ in range(kind - 128)]
                    tile = []
                    while len(tile) < w * h:
                        index = data[at]
                        at += 1
                        tile += [palette[index & 127]] * (length() if index & 128 else 1)
                assert len(tile) == w * h, "a run leaves its tile"
                for y in range(h):
                    begin = (top + y) * width + left
                    result[begin:begin + w] = tile[y * w:(y + 1) * w]
        assert at == len(data), "bytes after the last tile"
        return result

    def picture(self):
        return b"".join(self.rows)

    def png(self, path):
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        with open(path, "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)) +
                    chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in self.rows))) + chunk(b"IEND", b""))

    def close(self):
        self.socket.close()


if __name__ == "__main__":
    place = sys.argv[1]
    if ":" in place and "/" not in place:
        place = (place.rsplit(":", 1)[0], int(place.rsplit(":", 1)[1]))
    viewer = Viewer(place, *sys.argv[3:4])
    viewer.update(False)
    viewer.png(sys.argv[2])
