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
