#!/usr/bin/env python3
"""zrle.py - a full screen of 1024x768 in 16 bits, by ZRLE: frames a second of one core, and bytes, in Muniment and in QEMU's VNC server.

    tests/bench/zrle.py BUILD [FRAMES]

A guest draws windows, a gradient, something like text and a pattern, and waits. A viewer asks for all of it FRAMES (40) times; counted is the processor
time of the server's process."""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
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


def used(process):
    """Seconds of processor time of all its threads."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{process}/task").glob("*/schedstat")) / 1e9


def whole(viewer):
    """Asks for the whole screen; the bytes of what comes."""
    viewer.send(struct.pack(">BBHHHH", 3, 0, 0, 0, 1024, 768))
    size, covered = 0, 0
    while covered < 1024 * 768:
        kind, = viewer.unpack("B")
        assert kind == 0
        count, = viewer.unpack("xH")
        for _ in range(count):
            _, _, width, height, encoding = viewer.unpack("HHHHi")
            if encoding == rfb.SIZE:
                continue
            assert encoding == rfb.ZRLE
            length, = viewer.unpack("I")
            viewer.take(length)
            size += length + 16
            covered += width * height
    return size


def measure(name, process, where):
    for _ in range(400):
        if os.path.exists(where):
            break
        time.sleep(0.05)
    time.sleep(1)
    viewer = rfb.Viewer(where, encodings=[rfb.ZRLE, rfb.SIZE], pixels=rfb.Format(16, 16, 0, 1, (31, 63, 31), (11, 5, 0)), timeout=120)
    while (viewer.width, viewer.height) != (1024, 768):
        viewer.update(True)
    time.sleep(10)  # it draws
    whole(viewer)
    before, size = used(process.pid), 0
    for _ in range(frames):
        size += whole(viewer)
    took = used(process.pid) - before
    process.terminate()
    process.wait()
    print(f"zrle: {name}: {frames / took:.1f} frames a second of one core, {size / frames / 1024:.0f} KiB each")
    return frames / took, size / frames


with tempfile.TemporaryDirectory(dir="/tmp") as work:
    (pathlib.Path(work) / "guest.S").write_text(GUEST)
    subprocess.run(["gcc", "-m32", "-c", "-o", f"{work}/guest.o", f"{work}/guest.S"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext=0x7c00", "--oformat=binary", "-o", f"{work}/guest.img", f"{work}/guest.o"], check=True)
    os.truncate(f"{work}/guest.img", 1474560)
    ours = measure("Muniment", subprocess.Popen([f"{build}/muniment", "boot", f"{work}/guest.img", "--display", f"vnc:{work}/ours"], stderr=subprocess.DEVNULL), f"{work}/ours")
    theirs = measure("QEMU", subprocess.Popen(["qemu-system-i386", "-machine", "pc,accel=tcg", "-vga", "std", "-drive", f"file={work}/guest.img,format=raw,if=floppy", "-boot", "a", "-net", "none",
                                               "-vnc", f"unix:{work}/theirs"], stderr=subprocess.DEVNULL), f"{work}/theirs")
    print(f"zrle: {ours[0] / theirs[0]:.2f} times as many frames as QEMU, {ours[1] / theirs[1]:.2f} times the bytes")
