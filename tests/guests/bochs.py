#!/usr/bin/env python3
"""bochs.py - a guest on Bochs with Muniment's firmware, by Bochs' debugger: `bochs.py machine.yaml NAME.script` (peers.py).

The debugger lets the machine run for so many instructions and reads its memory; keys go in by xdotool to its window on an X server without a screen, and COM1 is a
socket. Time is instructions, as in our machine. A floppy is changed for one of its format, a CD stays in its drive, and the mouse is not moved. The X server
repeats no key, as it would by the host's time. Bochs draws by SDL, as its own X display hangs now and then when a mode changes."""

import os, re, select, shutil, signal, socket, subprocess, tempfile, threading, time

import peers

# Bochs has no 80386 and 80486; of its Pentium II, Klamath, FXSAVE is no instruction, which our pentium2 has.
CPUS = {"i386": "pentium", "i486": "pentium", "pentium": "pentium", "pentium-mmx": "pentium_mmx", "pentium2": "p3_katmai", "pentium3": "p3_katmai",
        "pentium4": "p4_willamette"}
FLOPPIES = {163840: "160k", 184320: "180k", 327680: "320k", 368640: "360k", 737280: "720k", 1228800: "1_2", 1474560: "1_44", 1720320: "image", 2949120: "2_88"}
STUCK_SECONDS = 20      # of the host, for a second of the guest
FASTEST = 50            # MIPS: a fast machine is given fewer instructions to a second, as Bochs carries out no more
KEYSYMS = {"esc": "Escape", "backspace": "BackSpace", "tab": "Tab", "enter": "Return", "ctrl": "Control_L", "rctrl": "Control_R", "shift": "Shift_L",
           "rshift": "Shift_R", "alt": "Alt_L", "ralt": "Alt_R", "capslock": "Caps_Lock", "numlock": "Num_Lock", "home": "Home", "left": "Left", "up": "Up", "right": "Right",
           "down": "Down", "pageup": "Page_Up", "pagedown": "Page_Down", "end": "End", "ins": "Insert", "del": "Delete", "space": "space", "minus": "minus",
           **dict(zip("`=[]\\;',./", ("grave", "equal", "bracketleft", "bracketright", "backslash", "semicolon", "apostrophe", "comma", "period", "slash"))),
           **{f"f{n}": f"F{n}" for n in range(1, 13)}}


class Bochs:
    CANNOT = {("wait", "still"): "its pictures are not looked at", ("mouse",): "the mouse cannot be moved there", ("cd",): "a CD cannot be changed there"}

    def __init__(self, machine):
        for program in ("bochs", "Xvfb", "xdotool"):
            if not shutil.which(program):
                raise peers.Skip(f"no {program} (Debian: bochs, bochs-sdl, xvfb, xdotool)")
        if int(machine["memory"].split()[0]) > 512:
            raise peers.Skip("more memory than it is given here")
        self.work = tempfile.TemporaryDirectory()
        self.serial, self.on, self.at_rest = b"", True, False
        self.mips = min(int(machine["cpu"]["speed"].split()[0]), FASTEST)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(60)
        with open(self.path("bochsrc"), "w", encoding="utf-8") as file:
            file.write("\n".join(self.options(machine, listener.getsockname()[1])) + "\n")
        self.screen_server = subprocess.Popen(["Xvfb", "-r", "-displayfd", "1", "-screen", "0", "1600x1200x24"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.on_screen_server = dict(os.environ, DISPLAY=":" + self.screen_server.stdout.readline().decode().strip())
        self.process = subprocess.Popen(["bochs", "-q", "-f", self.path("bochsrc")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=open(self.path("errors"), "wb"), env=self.on_screen_server)
        self.said = b""
        self.com1, _ = listener.accept()
        threading.Thread(target=self.listen, daemon=True).start()
        self.prompt()
        self.do(f"sba {1 << 60}")           # never comes; Bochs 2.7 corrupts its memory if its last time breakpoint comes twice while the processor is halted
        self.window("search", "--sync", "--class", "bochs", "windowfocus")

    def path(self, name):
        return os.path.join(self.work.name, name)

    def options(self, machine, port):
        system, video = (os.path.abspath(os.path.join(peers.FIRMWARE, name)) for name in ("system.bin", "vga.bin"))
        size, unit = machine["memory"].split()
        start = time.strptime(machine["clock"], "%Y-%m-%dT%H:%M:%S")
        order = machine["boot"] if machine["boot"] != "none" else ["disk"]
        pci = machine["machine"] == "pc-i440fx"
        lines = ["config_interface: textconfig", "display_library: sdl2", "vga: realtime=0, update_freq=50",
                 "plugin_ctrl: unmapped=true, biosdev=true, speaker=false, extfpuirq=true, parallel=true, serial=true",
                 f"memory: guest={max(1, int(size) // {'KiB': 1024, 'MiB': 1}[unit])}, host=256", f"cpu: model={CPUS[machine['cpu']['model']]}, ips={self.mips * 1000000}",
                 f"clock: sync=none, time0={int(time.mktime(start))}", f"romimage: file={system}, address=0xffff0000", f"vgaromimage: file={video}",
                 "mouse: enabled=0, type=ps2", "parport1: enabled=1, file=parallel.peer", f"com1: enabled=1, mode=socket-client, dev=localhost:{port}",
                 "boot: " + ", ".join(order), f"log: {self.path('log')}", "panic: action=fatal",
                 "pci: enabled=1, chipset=i440fx, slot1=pcivga" if pci else "pci: enabled=0",
                 "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15"]
        drives = machine["drives"] if machine["drives"] != "none" else {}
        lines += [self.drive(place, drive) for place, drive in drives.items()]
        card = machine.get("network")
        if card:
            lines.append(f"ne2k: ioaddr=0x{card.get('port', '300h')[:-1]}, irq={card.get('irq', '10')}, mac={card['address']}, ethmod=null")
        if machine.get("sound", {}).get("card") == "sb16":
            lines += ["sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy", "sb16: enabled=1, wavemode=1, midimode=1, dmatimer=900000"]
        if "fd0" not in drives:
            lines.append("floppya: type=none")          # or there is one of 1.44M
        return lines

    def drive(self, place, drive):
        kind, image = drive["kind"], drive.get("image")
        if place.startswith("fd"):
            options = f"floppy{'ab'[int(place[2])]}: type={FLOPPIES[peers.FLOPPIES[kind.split()[1]]]}"
            if not image:
                return options + ", status=ejected"
            copy = peers.floppy_copy(image, kind, self.path(place))
            return options + f", {FLOPPIES[os.path.getsize(copy)]}={copy}, status=inserted"
        name = f"ata{int(place[2]) // 2}-" + ("master", "slave")[int(place[2]) % 2]
        if kind == "cdrom":
            return f"{name}: type=cdrom, " + (f"path={os.path.abspath(image)}, status=inserted" if image else "path=none, status=ejected")
        cylinders, heads, sectors = peers.geometry(drive)
        copy = self.path(place)
        subprocess.run(["cp", "--sparse=always", "--no-preserve=mode", image, copy], check=True)
        os.truncate(copy, max(os.path.getsize(copy), cylinders * heads * sectors * 512))
        return f"{name}: type=disk, mode=flat, path={copy}, cylinders={cylinders}, heads={heads}, spt={sectors}, translation={'lba' if cylinders > 1024 else 'none'}"

    def listen(self):
        try:
            while got := self.com1.recv(65536):
                self.serial += got
        except OSError:
            pass

    def window(self, *command):
        subprocess.run(["xdotool", *command], env=self.on_screen_server, stdout=subprocess.DEVNULL, timeout=60, check=True)

    def prompt(self):
        """What the debugger said up to its next prompt; None if it has ended. Where the processor has halted with interrupts off, no breakpoint is reached: it is
        interrupted, and at rest from then on."""
        begun, (_, before) = time.monotonic(), peers.ran_and_waited(self.process.pid)
        while not (found := re.search(rb"<bochs:\d+> ", self.said)):
            if not select.select([self.process.stdout], [], [], 1)[0]:
                if time.monotonic() - begun - (peers.ran_and_waited(self.process.pid)[1] - before) > STUCK_SECONDS:
                    self.process.send_signal(signal.SIGINT)
                    self.at_rest = True
                    begun += STUCK_SECONDS
                continue
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

    def run(self, seconds):
        """A halted processor stops with its next interrupt, which may be later."""
        while self.on and not self.at_rest and seconds > 0:
            self.do(f"sb {int(min(seconds, 1) * self.mips * 1000000)}")
            self.on = self.do("c") is not None
            seconds -= 1
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
        """The debugger does not tell where the display begins: at the page that the BIOS data area names, or, under a system in protected mode, which scrolls by moving that
        beginning, anywhere in text memory."""
        data = self.memory(0x400, 256) if self.on else b""
        if len(data) < 256 or "graphics_alpha = 1" in (self.do('info device "vga"') or ""):
            return []
        columns, rows, start = data[0x4A], data[0x84] + 1, data[0x4E] | data[0x4F] << 8
        if re.search(r"CR0=.*\bPE\b", self.do("creg") or "") and " vm " in (self.do("r") or ""):
            rows, start = 0x8000 // (columns * 2), 0
        return peers.text_rows(self.memory(0xB8000 + start, columns * rows * 2), columns, rows)

    def halted(self):
        return "halted" in (self.do("info cpu") or "")

    def key(self, name, down):
        self.window("keydown" if down else "keyup", KEYSYMS.get(name, name))

    def send(self, data):
        self.com1.sendall(data)

    def medium(self, place, image):
        """By the button on Bochs' header bar: out, and in again, when the file is another."""
        copy = self.path(place)
        if place != "fd0" or os.path.getsize(image) != os.path.getsize(copy):
            raise peers.Skip("a floppy of another format cannot be inserted there")
        for change in (lambda: None, lambda: shutil.copyfile(image, copy)):
            change()
            self.window("search", "--class", "bochs", "mousemove", "--window", "%1", "16", "16", "click", "1")
            self.run(1)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.screen_server.kill()
        self.screen_server.wait()
        self.work.cleanup()


if __name__ == "__main__":
    peers.main("bochs", Bochs)
