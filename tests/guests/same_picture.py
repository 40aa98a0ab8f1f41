"""same_picture.py - two PNG files show the same: header and pixels are compared, as what zlib made of the pixels may differ.

    same_picture.py MADE KEPT"""

import struct
import sys
import zlib


def pixels(path):
    """The header, and rows of a picture, each behind its filter's number: 0, none, as muniment writes them."""
    with open(path, "rb") as file:
        data, at, packed = file.read(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += 12 + size
    return data[16:29], zlib.decompress(packed)


if __name__ == "__main__" and pixels(sys.argv[1]) != pixels(sys.argv[2]):
    sys.exit(f"{sys.argv[2]} is not the picture {sys.argv[1]} that is made")
