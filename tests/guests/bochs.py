#!/usr/bin/env python3
"""bochs.py - a guest on Bochs with Muniment's firmware, by Bochs' debugger: `bochs.py machine.yaml NAME.script` (peers.py).

The debugger lets the machine run for so many instructions and reads its memory; keys go in by Bochs' RFB server (RFC 6143), which shows modes up to 720x480, and
COM1 is a socket. Time is instructions, as in our machine. Media stay in their drives, and the mouse is not moved: the RFB server has no way to say it."""

import os, re, shutil, socket, struct, subprocess, tempfile, threading, time

import peers

# Bochs has no 80386 and 80486; of its Pentium II, Klamath, FXSAVE is no instruction, which our pentium2 has.
CPUS = {"i386": "pentium", "i486": "pentium", "pentium": "pentium", "pentium-mmx": "pentium_mmx", "pentium2": "p3_katmai", "pentium3": "p3_katmai",
        "pentium4": "p4_willamette"}
FASTEST = 50            # MIPS: a fast machine is given fewer instructions to a second, as Bochs carries out no more
KEYSYMS = {"esc": 0xFF1B, "backspace": 0xFF08, "tab": 0xFF09, "enter": 0xFF0D, "space": 0x20, "ctrl": 0xFFE3, "rctrl": 0xFFE4, "shift": 0xFFE1, "rshift": 0xFFE2,
           "alt": 0xFFE9, "ralt": 0xFFEA, "capslock": 0xFFE5, "numlock": 0xFF7F, "home": 0xFF50, "left": 0xFF51, "up": 0xFF52, "right": 0xFF53, "down": 0xFF54,
           "pageup": 0xFF55, "pagedown": 0xFF56, "end": 0xFF57, "ins": 0xFF63, "del": 0xFFFF, "minus": 0x2D, **{f"f{n}": 0xFFBD + n for n in range(1, 13)}}


class Bochs:
    def __init__(self, machine):
        program = shutil.which("bochs")
        if not program:
            raise peers.Skip("no bochs (Debian: bochs)")
        if int(machine["memory"].split()[0]) > 512:
            raise peers.Skip("more memory than it is given here")
        self.work = tempfile.TemporaryDirectory()
        self.serial, self.on = b"", True
        self.mips = min(int(machine["cpu"]["speed"].split()[0]), FASTEST)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(60)
        with open(self.path("bochsrc"), "w", encoding="utf-8") as file:
            file.write("\n".join(self.options(machine, listener.getsockname()[1])) + "\n")
        self.process = subprocess.Popen([program, "-q", "-f", self.path("bochsrc")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=open(self.path("errors"), "wb"))
        self.said = b""
        self.com1, _ = listener.accept()
        threading.Thread(target=self.listen, daemon=True).start()
        self.prompt()
        with open(self.path("log"), encoding="latin-1") as file:
            self.keyboard = self.connect(int(re.search(r"listening for connections on port (\d+)", file.read())[1]))

    def path(self, name):
        return os.path.join(self.work.name, name)

    def options(self, machine, port):
        system, video = (os.path.abspath(os.path.join(peers.FIRMWARE, name)) for name in ("system.bin", "vga.bin"))
        size, unit = machine["memory"].split()
        start = time.strptime(machine["clock"], "%Y-%m-%dT%H:%M:%S")
        order = machine["boot"] if machine["boot"] != "none" else ["disk"]
        pci = machine["machine"] == "pc-i440fx"
        lines = ["config_interface: textconfig", 'display_library: rfb, options="timeout=0"', "vga: realtime=0, update_freq=50",
                 "plugin_ctrl: unmapped=true, biosdev=true, speaker=false, extfpuirq=true, parallel=true, serial=true",
                 f"memory: guest={max(1, int(size) // {'KiB': 1024, 'MiB': 1}[unit])}, host=256", f"cpu: model={CPUS[machine['cpu']['model']]}, ips={self.mips * 1000000}",
                 f"clock: sync=none, time0={int(time.mktime(start))}", f"romimage: file={system}, address=0xffff0000", f"vgaromimage: file={video}",
                 "mouse: enabled=0, type=ps2", "parport1: enabled=1, file=parallel.peer", f"com1: enabled=1, mode=socket-client, dev=localhost:{port}",
                 "boot: " + ", ".join(order), f"log: {self.path('log')}", "panic: action=fatal",
                 "pci: enabled=1, chipset=i440fx, slot1=pcivga" if pci else "pci: enabled=0",
                 "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15"]
        drives = machine["drives"] if machine["drives"] != "none" else {}
        lines += [self.drive(place, drive) for place, drive in drives.items()]
        if "fd0" not in drives:
            lines.append("floppya: type=none")          # or there is one of 1.44M
        return lines

    def drive(self, place, drive):
        kind, image = drive["kind"], drive.get("image")
        if place.startswith("fd"):
            size = kind.split()[1].rstrip("MK").replace(".", "_")
            if not image:
                return f"floppy{'ab'[int(place[2])]}: type={size}, status=ejected"
            return f"floppy{'ab'[int(place[2])]}: type={size}, {size}={peers.floppy_copy(image, kind, self.path(place))}, status=inserted"
        name = f"ata{int(place[2]) // 2}-" + ("master", "slave")[int(place[2]) % 2]
        if kind == "cdrom":
            return f"{name}: type=cdrom, " + (f"path={os.path.abspath(image)}, status=inserted" if image else "path=none, status=ejected")
        cylinders, heads, sectors = peers.geometry(drive)
        copy = self.path(place)
        subprocess.run(["cp", "--sparse=always", "--no-preserve=mode", image, copy], check=True)
        os.truncate(copy, cylinders * heads * sectors * 512)
        return f"{name}: type=disk, mode=flat, path={copy}, cylinders={cylinders}, heads={heads}, spt={sectors}, translation={'lba' if cylinders > 1024 else 'none'}"

    @staticmethod
    def received(source):
        try:
            while got := source.recv(65536):
                yield got
        except OSError:
            pass

    def listen(self):
        for got in self.received(self.com1):
            self.serial += got

    def drain(self, source):
        for _ in self.received(source):
            pass

    def prompt(self):
        """What the debugger said up to its next prompt; None if it has ended."""
        while not (found := re.search(rb"<bochs:\d+> ", self.said)):
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                return None
            self.said += got
        text, self.said = self.said[:found.start()], self.said[found.end():]
        return text.decode("latin-1")

    def do(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        return self.prompt()

    def connect(self, port):
        """RFB 3.3 without authentication. Pictures are sent unasked, and are taken so that Bochs does not wait."""
        server = socket.create_connection(("127.0.0.1", port), 30)
        server.recv(12)
        server.sendall(b"RFB 003.003\n")
        server.recv(4)
        server.sendall(b"\x01")
        server.settimeout(None)
        threading.Thread(target=self.drain, args=(server,), daemon=True).start()
        return server

    def run(self, seconds):
        if self.on:
            self.do(f"sb {int(seconds * self.mips * 1000000)}")
            self.on = self.do("c") is not None
        if not self.on:
            self.process.wait()
            with open(self.path("errors"), encoding="latin-1") as file:
                last = file.read()
            if "soft power off" not in last and "shutdown requested" not in last:
                raise peers.Failed("Bochs ended: " + last[-600:])
        return self.on

    def memory(self, at, size):
        answer = self.do(f"xp /{size}bx {at:#x}") or ""
        return bytes(int(byte, 16) for byte in re.findall(r"\t0x([0-9a-f]{2})\b", answer))

    def screen(self):
        """The debugger does not tell where the display begins: at the page that the BIOS data area names."""
        data = self.memory(0x400, 256) if self.on else b""
        if len(data) < 256 or "graphics_alpha = 1" in (self.do('info device "vga"') or ""):
            return []
        columns, rows, start = data[0x4A], data[0x84] + 1, data[0x4E] | data[0x4F] << 8
        return peers.text_rows(self.memory(0xB8000 + start, columns * rows * 2), columns, rows)

    def halted(self):
        return "halted" in (self.do("info cpu") or "")

    def key(self, name, down):
        if name not in KEYSYMS and len(name) != 1:
            raise peers.Skip(f"its RFB server does not know the key {name}")
        self.keyboard.sendall(struct.pack(">BBHI", 4, down, 0, KEYSYMS.get(name, ord(name[0]))))
        time.sleep(0.03)

    def mouse(self, dx, dy, buttons):
        raise peers.Skip("the mouse cannot be moved there")

    def send(self, data):
        self.com1.sendall(data)

    def medium(self, place, image):
        raise peers.Skip("media cannot be changed there")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.work.cleanup()


if __name__ == "__main__":
    peers.main("bochs", Bochs)
