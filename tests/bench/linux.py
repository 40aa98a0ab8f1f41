"""linux.py - the guest of several benchmarks: Debian's kernel on a disk, with a shell on COM1 (tests/guests/linux)."""

import os
import subprocess


def image(build, folder):
    """The disk, made in the folder; None, with the reason printed, if it is not to be had."""
    made = subprocess.run(["tests/guests/linux/image.sh", folder], env=dict(os.environ, BUILD=os.path.abspath(build)), stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        print(f"no Linux: {made.stdout.strip()[-200:]}")
        return None
    return f"{folder}/linux.img"


def machine(folder, model, speed, memory, kind="disk", image="linux.img"):
    """Writes FOLDER/machine.yaml, a PC with that disk, or another drive, and COM1; speed in MIPS, memory in MiB. RTC and display are as QEMU has them anyway."""
    with open(f"{folder}/machine.yaml", "w") as file:
        file.write(f"""muniment: machine 0
machine: pc-i440fx
cpu:
  model: {model}
  speed: {speed} MIPS
memory: {memory} MiB
firmware:
  system: built-in 0
  video: built-in 0
clock: 1998-01-01T00:00:00
drives:
  {"hd2" if kind == "cdrom" else "hd0"}:
    kind: {kind}
    image: {image}
boot:
  - {kind}
ports:
  - com1
display: vga
""")
