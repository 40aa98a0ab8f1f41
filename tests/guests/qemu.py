#!/usr/bin/env python3
"""qemu.py - a guest on QEMU (TCG) with Muniment's firmware, by QMP: `qemu.py machine.yaml NAME.script` (peers.py).

Of the machine it takes processor, memory, clock, display, drives, boot order, sound and network cards; COM1 is a socket. QEMU's own time is the host's, so `wait time` waits."""

import json, os, select, shutil, socket, subprocess, sys, tempfile, time

import peers

# QEMU has no 80386 and no Pentium 4 of 32 bits.
CPUS = {"i386": "486", "i486": "486", "pentium": "pentium", "pentium-mmx": "pentium,+mmx", "pentium2": "pentium2", "pentium3": "pentium3", "pentium4": "pentium3,+sse2"}
KEYS = {"enter": "ret", "space": "spc", "rctrl": "ctrl_r", "rshift": "shift_r", "ralt": "alt_r", "win": "meta_l", "rwin": "meta_r", "menu": "compose",
        "capslock": "caps_lock", "numlock": "num_lock", "scrolllock": "scroll_lock", "pageup": "pgup", "pagedown": "pgdn", "ins": "insert", "del": "delete",
        "printscreen": "print", "kpdot": "kp_decimal", "kpplus": "kp_add", "kpminus": "kp_subtract", "kptimes": "kp_multiply", "kpslash": "kp_divide",
        "kpenter": "kp_enter", "`": "grave_accent", "=": "equal", "[": "bracket_left", "]": "bracket_right", "\\": "backslash", ";": "semicolon",
        "'": "apostrophe", ",": "comma", ".": "dot", "/": "slash", **{f"kp{n}": f"kp_{n}" for n in range(10)}}
FLOPPY_TYPES = {"360K": "120", "1.2M": "120", "720K": "144", "1.44M": "144", "2.88M": "288"}
PLACES = {"hd0": (0, 0), "hd1": (0, 1), "hd2": (1, 0), "hd3": (1, 1)}
MIPS = 200                              # what TCG does at least
SHUTDOWN_PORT = 2 * ord("S") + 1        # the status of isa-debug-exit at port 8900h


class Qemu:
    CANNOT = {}

    def __init__(self, machine):
        program = shutil.which("qemu-system-i386")
        if not program:
            raise peers.Skip("no qemu-system-i386 (Debian: qemu-system-x86)")
        self.work = tempfile.TemporaryDirectory()
        self.serial, self.qmp_bytes = b"", b""
        self.pci = machine["machine"] == "pc-i440fx"
        self.kinds = {}
        self.share = min(1, int(machine["cpu"]["speed"].split()[0]) / MIPS)
        listeners = [self.listen(name) for name in ("qmp", "com1")]
        self.process = subprocess.Popen([program, *self.options(machine)])
        (self.qmp, _), (self.com1, _) = (listener.accept() for listener in listeners)
        self.qmp_line()
        self.do("qmp_capabilities")

    def path(self, name):
        return os.path.join(self.work.name, name)

    def listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path(name))
        listener.listen(1)
        listener.settimeout(60)
        return listener

    def options(self, machine):
        display = {"cirrus gd5446": "cirrus-vga,vgamem_mb=4"}.get(machine["display"], "VGA")
        system, video = (os.path.join(peers.FIRMWARE, name) for name in ("system.bin", "vga.bin" if display == "VGA" else "cirrus.bin"))
        size, unit = machine["memory"].split()
        megabytes = int(size) * {"KiB": 1, "MiB": 1024, "GiB": 1024 * 1024}[unit] // 1024
        letters = {"floppy": "a", "disk": "c", "cdrom": "d"}
        order = "".join(letters[d] for d in machine["boot"]) if machine["boot"] != "none" else "n"
        options = ["-nodefaults", "-cpu", CPUS[machine["cpu"]["model"]], "-m", str(megabytes), "-bios", system, "-rtc", "base=" + machine["clock"], "-boot", "order=" + order,
                   "-display", "none", "-qmp", "unix:" + self.path("qmp"), "-serial", "unix:" + self.path("com1"), "-serial", "null",
                   "-parallel", "file:parallel.peer"]
        if self.pci:
            options += ["-M", "pc", "-vga", "none", "-device", f"{display},romfile={video}"]
        else:
            options += ["-M", "isapc", "-vga", "std", "-device", f"loader,file={video},addr=0xC0000,force-raw=on",
                        "-device", "isa-debug-exit,iobase=0x8900,iosize=1"]
        card = machine.get("network")
        if card:                                        # on a hub, alone
            device = "ne2k_pci" if card["card"] == "rtl8029" else f"ne2k_isa,iobase=0x{card.get('port', '300h')[:-1]},irq={card.get('irq', '10')}"
            options += ["-netdev", "hubport,id=cable,hubid=0", "-device", f"{device},netdev=cable,mac={card['address']}"]
        sound = machine.get("sound", {})
        if sound:                                       # nobody listens
            options += ["-audiodev", "none,id=ear", "-M", "pcspk-audiodev=ear"]
        if sound.get("card", "none") != "none":
            options += ["-device", "adlib,audiodev=ear"] + (["-device", "sb16,audiodev=ear"] if sound["card"] == "sb16" else [])
        for place, drive in machine["drives"].items() if machine["drives"] != "none" else ():
            options += self.drive(place, drive)
        return options

    def drive(self, place, drive):
        kind, image = drive["kind"], drive.get("image")
        self.kinds[place] = kind
        if place.startswith("fd"):
            here = peers.floppy_copy(image, kind, self.path(place)) if image else None
            source = ["-drive", f"if=none,id={place},format=raw,file={here}"] if here else []
            return source + ["-device", f"floppy,unit={place[2]},drive-type={FLOPPY_TYPES[kind.split()[1]]},id=device-{place}" + (f",drive={place}" if here else "")]
        bus = "bus=ide.{},unit={}".format(*PLACES[place])
        source = ["-drive", f"if=none,id={place},format=raw,snapshot=on,file={image}"] if image else []
        link = f",drive={place}" if image else ""
        if kind == "cdrom":
            return source + ["-device", f"ide-cd,{bus},id=device-{place}{link}"]
        cylinders, heads, sectors = peers.geometry(drive)
        translation = "lba" if cylinders > 1024 else "none"
        return source + ["-device", f"ide-hd,{bus}{link},cyls={cylinders},heads={heads},secs={sectors},bios-chs-trans={translation}"]

    def qmp_line(self):
        while b"\n" not in self.qmp_bytes:
            got = self.qmp.recv(65536)
            if not got:
                return None
            self.qmp_bytes += got
        line, self.qmp_bytes = self.qmp_bytes.split(b"\n", 1)
        return json.loads(line)

    def do(self, command, **arguments):
        """The answer of a command; None if QEMU has ended."""
        try:
            self.qmp.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
            while (answer := self.qmp_line()) is not None:
                if "error" in answer:
                    raise peers.Failed(f"QMP {command}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]
        except (BrokenPipeError, ConnectionResetError):
            pass
        return None

    def monitor(self, line):
        return self.do("human-monitor-command", **{"command-line": line}) or ""

    def run(self, seconds):
        """For so long by the host's clock. A busy host adds what it did not give QEMU, until that has had as many instructions as our machine. QEMU closes COM1 when it ends,
        and its last bytes come before."""
        begun, (ran, waited) = time.monotonic(), peers.ran_and_waited(self.process.pid)
        end = begun + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.com1], [], [], left)[0]:
                try:
                    got = self.com1.recv(65536)
                except ConnectionResetError:
                    got = b""
                if not got:
                    break
                self.serial += got
            if time.monotonic() >= end:
                ran_now, waited_now = peers.ran_and_waited(self.process.pid)
                if ran_now - ran < seconds * self.share:
                    end = begun + seconds + max(0, waited_now - waited)
        else:
            return True
        if self.process.wait(60) not in (0, SHUTDOWN_PORT):
            raise peers.Failed(f"QEMU ended with status {self.process.returncode}")
        return False

    def register(self, port, index):
        self.monitor(f"o /b {port:#x} {index}")
        answer = self.monitor(f"i /b {port + 1:#x}")
        return int(answer.split("=")[1], 16) if "=" in answer else 0

    def memory(self, at, size):
        if self.do("pmemsave", val=at, size=size, filename=self.path("memory")) is None:
            return b""
        with open(self.path("memory"), "rb") as file:
            return file.read()

    def screen(self):
        """While the machine stands: the graphics controller says whether there is text, the CRTC where it begins; the BIOS data area its size."""
        if self.process.poll() is not None:
            return []
        self.do("stop")
        selected = {port: self.monitor(f"i /b {port:#x}").split("=")[-1] for port in (0x3CE, 0x3D4)}
        text = not self.register(0x3CE, 6) & 1
        start = (self.register(0x3D4, 12) << 8 | self.register(0x3D4, 13)) * 2
        for port, index in selected.items():
            self.monitor(f"o /b {port:#x} {index}")
        data, text_memory = self.memory(0x400, 256), self.memory(0xB8000, 0x8000)
        self.do("cont")
        if not text or len(data) < 256:
            return []
        columns, rows = data[0x4A], data[0x84] + 1
        around = text_memory[start & 0x7FFF:] + text_memory
        return peers.text_rows(around, columns, rows)

    def picture(self):
        self.do("screendump", filename=self.path("picture"))
        with open(self.path("picture"), "rb") as file:
            return file.read()

    def halted(self):
        state = self.monitor("info registers")
        flags = int(state.split("EFL=")[1].split()[0], 16) if "EFL=" in state else 0x200
        return "HLT=1" in state and not flags & 0x200

    def key(self, name, down):
        code = KEYS.get(name, name)
        self.do("input-send-event", events=[{"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": code}}}])

    def mouse(self, dx, dy, buttons):
        events = [{"type": "rel", "data": {"axis": axis, "value": by}} for axis, by in (("x", dx), ("y", dy)) if by]
        events += [{"type": "btn", "data": {"down": button in buttons, "button": button}} for button in ("left", "middle", "right")]
        self.do("input-send-event", events=events)

    def send(self, data):
        self.com1.sendall(data)

    def medium(self, place, image):
        if place == "cd":
            place = next(p for p, kind in sorted(self.kinds.items()) if kind == "cdrom")
        if place == "fd0":
            image = peers.floppy_copy(image, self.kinds[place], self.path("changed"))
        self.do("blockdev-change-medium", id=f"device-{place}", filename=os.path.abspath(image), format="raw",
                **{"read-only-mode": "retain" if place == "fd0" else "read-only"})

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.work.cleanup()


if __name__ == "__main__":
    peers.main("qemu", Qemu)
