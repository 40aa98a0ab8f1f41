#!/usr/bin/env python3
"""qemu_pointer.py - moves the pointer of a QEMU as the firmware's test asks on the serial line: `qemu_pointer.py QMP-SOCKET SERIAL-FILE`. It ends with QEMU."""

import json
import socket
import sys
import time


def main(place, serial):
    qmp = socket.socket(socket.AF_UNIX)
    for _ in range(100):
        try:
            qmp.connect(place)
            break
        except OSError:
            time.sleep(0.1)
    answers = qmp.makefile("rw")

    def do(command, **arguments):
        answers.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        answers.flush()
        while "return" not in (answer := json.loads(answers.readline())) and "error" not in answer:
            pass

    def moved(kind, x, y):
        return [{"type": kind, "data": {"axis": axis, "value": by}} for axis, by in (("x", x), ("y", y))]

    answers.readline()
    do("qmp_capabilities")
    # A serial mouse reports at most 127 at a time, and QEMU's forgets the rest.
    asked = [("mouse: 300 right", "rel", [(100, -5), (100, 0), (100, 0)]), ("pointer: to the middle", "abs", [(0x4000, 0x4000)])]
    while asked:
        time.sleep(0.1)
        do("query-status")
        with open(serial, encoding="latin-1") as file:
            said = file.read()
        for request in [r for r in asked if r[0] in said]:
            asked.remove(request)
            for place in request[2]:
                do("input-send-event", events=moved(request[1], *place))
                time.sleep(0.2)


try:
    main(*sys.argv[1:])
except (BrokenPipeError, ConnectionResetError, json.JSONDecodeError):
    pass            # it has ended
