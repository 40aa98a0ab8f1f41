#!/usr/bin/env python3
"""zrle.py - a full screen of 1024x768 in 16 bits, by ZRLE: frames a second of one core, and bytes, in Muniment and in QEMU's VNC server.

    tests/bench/zrle.py BUILD [FRAMES]

One guest draws windows, a gradient, something like text and a pattern, and waits. A viewer asks for all of it FRAMES (40) times. Another shows the
screens of real guests (tests/guests/gallery, side by side where they are smaller), the next one at each key; the viewer asks for what changes, FRAMES
times. Counted is the processor time of the server's process, the guest's included."""
import os
import pathlib
import select
import struct
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import linux  # noqa: E402
import rfb  # noqa: E402

build, frames = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 40
GUEST = """
    .code16
    .globl _start
_start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $0x7c00, %sp
    mov $0x4f02, %ax
    mov $0x117, %bx
    int $0x10
    mov $0xa000, %ax
    mov %ax, %es
    xor %ebp, %ebp              /* the bank */
    mov $1998, %esi
bank:
    mov $0x4f05, %ax
    xor %bx, %bx
    mov %bp, %dx
    int $0x10
    xor %edi, %edi
pixel:
    mov %edi, %ecx
    shr $1, %ecx
    and $1023, %ecx             /* x */
    mov %edi, %edx
    shr $11, %edx
    mov %ebp, %eax
    shl $5, %eax
    add %eax, %edx              /* y */
    cmp $192, %edx
    jb windows
    cmp $384, %edx
    jb gradient
    cmp $576, %edx
    jb words
    mov %ecx, %eax              /* a pattern */
    xor %edx, %eax
    and $8, %eax
    shl $9, %eax
    jmp put
windows:
    mov %ecx, %eax
    and $0x100, %eax
    mov %edx, %ebx
    and $0x40, %ebx
    or %ebx, %eax
    imul $0x21, %eax, %eax
    jmp put
gradient:
    mov %ecx, %eax
    shr $5, %eax
    shl $11, %eax
    mov %edx, %ebx
    shl $5, %ebx
    or %ebx, %eax
    jmp put
words:
    imul $1103515245, %esi, %esi
    add $12345, %esi
    mov %esi, %eax
    sar $31, %eax
    test $12, %dl
    jnz put
    xor %eax, %eax
put:
    mov %ax, %es:(%di)
    add $2, %edi
    cmp $0x10000, %edi
    jb pixel
    inc %ebp
    cmp $24, %ebp
    jb bank
1:  sti
    hlt
    jmp 1b
    .org 510
    .word 0xaa55
"""

# Loads PICTURES pictures from its disk to 2 MiB, and shows one; at each key the next. Segments have no limits (set anew after each call of the BIOS).
CHANGING = """
    .code16
    .globl _start
_start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    mov %dl, drive
    in $0x92, %al
    or $2, %al
    out %al, $0x92
    mov $0x200000, %edi
load:
    mov $0x42, %ah
    mov drive, %dl
    mov $packet, %si
    push %edi
    int $0x13
    pop %edi
    jc load
    call flat
    mov $0x20000, %esi
    mov $0x2000, %ecx
    addr32 rep movsl
    addl $64, sector
    decw parts
    jnz load
    mov $0x4f01, %ax
    mov $0x4117, %cx
    mov $0x8000, %di
    int $0x10
    mov $0x4f02, %ax
    mov $0x4117, %bx
    int $0x10
again:
    mov $0x200000, %esi
    mov $PICTURES, %bp
show:
    call flat
    mov 0x8028, %edi
    mov $0x60000, %ecx
    addr32 rep movsl
    push %esi
    xor %ax, %ax
    int $0x16
    pop %esi
    dec %bp
    jnz show
    jmp again
flat:
    cli
    lgdt table
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    mov $8, %bx
    mov %bx, %ds
    mov %bx, %es
    and $0xfe, %al
    mov %eax, %cr0
    xor %bx, %bx
    mov %bx, %ds
    mov %bx, %es
    cld
    sti
    ret
    .balign 8
segments: .quad 0, 0x00cf92000000ffff
table: .word 15
    .long segments
packet: .byte 16, 0
    .word 64, 0, 0x2000
sector: .quad 128
parts: .word 48 * PICTURES
drive: .byte 0
    .org 510
    .word 0xaa55
"""
GALLERY = sorted((pathlib.Path(__file__).parent / "../guests/gallery").glob("*.png"))


def screen(path):
    """A PNG of the gallery as a screen of 1024x768 in 16 bits; what is smaller is repeated."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    plain, rows = zlib.decompress(packed), []
    assert (depth, colour) == (8, 2) and not any(plain[y * (3 * width + 1)] for y in range(height)), f"{path}: a PNG that this reader does not know"
    for y in range(height):
        row = plain[y * (3 * width + 1) + 1:(y + 1) * (3 * width + 1)]
        line = b"".join(struct.pack("<H", r >> 3 << 11 | g >> 2 << 5 | b >> 3) for r, g, b in zip(row[0::3], row[1::3], row[2::3]))
        rows.append((line * (1024 // width + 1))[:2048])
    return b"".join(rows[y % height] for y in range(768))


def used(process):
    """Seconds of processor time of all its threads."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{process}/task").glob("*/schedstat")) / 1e9


def update(viewer):
    """The dots and bytes of the next update."""
    kind, = viewer.unpack("B")
    assert kind == 0
    count, = viewer.unpack("xH")
    size = dots = 0
    for _ in range(count):
        _, _, width, height, encoding = viewer.unpack("HHHHi")
        if encoding == rfb.SIZE:
            continue
        assert encoding == rfb.ZRLE
        length, = viewer.unpack("I")
        viewer.take(length)
        size += length + 16
        dots += width * height
    return dots, size


def ask(viewer, incremental):
    viewer.send(struct.pack(">BBHHHH", 3, incremental, 0, 0, 1024, 768))


def whole(viewer):
    """Asks for the whole screen; the bytes of what comes."""
    size = covered = 0
    ask(viewer, False)
    while covered < 1024 * 768:
        dots, more = update(viewer)
        covered, size = covered + dots, size + more
    return size


def changed(viewer):
    """Presses a key, and takes what changes until nothing does for a quarter of a second; the bytes of it."""
    size = 0
    for down in (True, False):
        viewer.key(0x20, down)
    while select.select([viewer.socket], [], [], 0.25 if size else 10)[0]:
        size += update(viewer)[1]
        ask(viewer, True)
    return size


def measure(name, step, command, where):
    process = rfb.listening(subprocess.Popen(command, stderr=subprocess.DEVNULL), where)
    time.sleep(1)
    viewer = rfb.Viewer(where, encodings=[rfb.ZRLE, rfb.SIZE], pixels=rfb.Format(16, 16, 0, 1, (31, 63, 31), (11, 5, 0)), timeout=120)
    while (viewer.width, viewer.height) != (1024, 768):
        viewer.update(True)
    time.sleep(10)  # it draws
    whole(viewer)
    ask(viewer, True)
    step(viewer)
    before, size = used(process.pid), 0
    for _ in range(frames):
        size += step(viewer)
    took = used(process.pid) - before
    process.terminate()
    process.wait()
    print(f"zrle: {name}: {frames / took:.1f} frames a second of one core, {size / frames / 1024:.0f} KiB each")
    return frames / took, size / frames


def assemble(source, *definitions):
    (pathlib.Path(work) / "guest.S").write_text(source)
    subprocess.run(["gcc", "-m32", "-c", "-Wa," + ",".join(f"--defsym,{d}" for d in definitions) if definitions else "-g0", "-o", f"{work}/guest.o", f"{work}/guest.S"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext=0x7c00", "--oformat=binary", "-o", f"{work}/guest.img", f"{work}/guest.o"], check=True)


def compare(name, step, ours, drive):
    results = [measure(f"{name}, {program}", step, command, where) for program, command, where in (
        ("Muniment", [f"{build}/muniment", "boot", f"{work}/{ours}", "--display", f"vnc:{work}/{name}.ours"], f"{work}/{name}.ours"),
        ("QEMU", ["qemu-system-i386", "-machine", "pc,accel=tcg", "-vga", "std", "-drive", f"file={work}/guest.img,format=raw,if={drive}", "-boot", "ac"[drive == "ide"], "-net", "none",
                  "-vnc", f"unix:{work}/{name}.theirs"], f"{work}/{name}.theirs"))]
    print(f"zrle: {name}: {results[0][0] / results[1][0]:.2f} times as many frames as QEMU, {results[0][1] / results[1][1]:.2f} times the bytes")


with tempfile.TemporaryDirectory(dir="/tmp") as work:
    assemble(GUEST)
    os.truncate(f"{work}/guest.img", 1474560)
    compare("still", whole, "guest.img", "floppy")
    assemble(CHANGING, f"PICTURES={len(GALLERY)}")
    os.truncate(f"{work}/guest.img", 65536)
    with open(f"{work}/guest.img", "ab") as image:
        for path in GALLERY:
            image.write(screen(path))
    linux.machine(work, "pentium3", 200, 64, image="guest.img")
    compare("changing", changed, "machine.yaml", "ide")
