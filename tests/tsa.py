#!/usr/bin/env python3
"""tsa.py - a time stamp authority over HTTP (RFC 3161, section 3.4), and others that answer badly: tsa.py CONFIG PORT-FILE.

It writes its port to the file, and counts in PORT-FILE.asked what it was asked. /good answers by `openssl ts -reply`; what the others do stands in
`answer`."""
import http.server
import os
import subprocess
import sys
import time

config, port_file = sys.argv[1:]
asked = []


class Authority(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def stamp(self, query, more="", ahead=0):
        """The answer of openssl: `more` is added to its configuration, whose last section is the authority's."""
        with open(f"{port_file}.tsq", "wb") as file:
            file.write(query)
        with open(config) as plain, open(f"{port_file}.cnf", "w") as changed:
            changed.write(plain.read() + more + "\n")
        clock = {"LD_PRELOAD": "./clock.so", "CLOCK": str(int(time.time()) + ahead)} if ahead else {}
        return subprocess.run(["openssl", "ts", "-reply", "-config", changed.name, "-section", "t", "-queryfile", file.name],
                              check=True, capture_output=True, env={**os.environ, **clock}).stdout

    def query(self, query, *options):
        """A query of its own over the digest that was asked for."""
        digest = query[query.index(b"\x04\x20") + 2:][:32]
        options = options or ("-digest", digest.hex(), "-sha256", "-no_nonce")
        return subprocess.run(["openssl", "ts", "-query", "-cert", *options], check=True, capture_output=True).stdout

    def head(self, status, kind="application/timestamp-reply", **more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        asked.append(f"{self.command} {self.path} {self.headers['Content-Type']}")
        with open(f"{port_file}.asked", "w") as file:
            print(*asked, sep="\n", file=file)
        try:
            self.answer(self.rfile.read(int(self.headers["Content-Length"] or 0)))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self, query):
        path = self.path
        if path == "/good":
            self.head(200)
            self.wfile.write(self.stamp(query))
        elif path == "/parameter":
            self.head(200, "application/timestamp-reply; charset=binary")
            self.wfile.write(self.stamp(query))
        elif path == "/type":  # a good stamp, as something else
            self.head(200, "text/html")
            self.wfile.write(self.stamp(query))
        elif path == "/types":  # with a type that begins as the right one
            self.head(200, "application/timestamp-replyx")
            self.wfile.write(self.stamp(query))
        elif path == "/posing":  # the closing line is part of what it sends
            self.head(200, "text/html")
            self.wfile.write(self.stamp(query) + b"\n200 application/timestamp-reply")
        elif path == "/redirect":
            self.head(302, Location="/good")
            self.wfile.write(self.stamp(query))
        elif path == "/file":
            self.head(301, Location="file:///etc/hostname")
        elif path == "/error":
            self.head(500)
            self.wfile.write(self.stamp(query))
        elif path == "/other":  # over something else
            self.head(200)
            self.wfile.write(self.stamp(self.query(query, "-data", config, "-sha256")))
        elif path == "/imprint":  # over a digest of another algorithm
            self.head(200)
            self.wfile.write(self.stamp(self.query(query, "-digest", "00" * 64, "-sha512")))
        elif path == "/policy":  # under the policy that nobody asked for
            self.head(200)
            self.wfile.write(self.stamp(self.query(query)))
        elif path == "/nonce":  # with a nonce that nobody asked for
            self.head(200)
            digest = query[query.index(b"\x04\x20") + 2:][:32]
            self.wfile.write(self.stamp(self.query(query, "-digest", digest.hex(), "-sha256")))
        elif path == "/ahead":  # of tomorrow
            self.head(200)
            self.wfile.write(self.stamp(query, ahead=86400))
        elif path == "/vague":  # accurate to two hours
            self.head(200)
            self.wfile.write(self.stamp(query, "accuracy=secs:7200"))
        elif path == "/ordering":
            self.head(200)
            self.wfile.write(self.stamp(query, "ordering=yes"))
        elif path == "/refusal":  # status 2: rejection
            self.head(200)
            self.wfile.write(bytes.fromhex("30053003020102"))
        elif path == "/again":  # a good stamp with a byte after it
            self.head(200)
            self.wfile.write(self.stamp(query) + b"x")
        elif path == "/short":
            stamp = self.stamp(query)
            self.head(200, **{"Content-Length": str(len(stamp))})
            self.wfile.write(stamp[:100])
        elif path == "/empty":
            self.head(200)
        elif path == "/long":  # more than a stamp may have, without end
            self.head(200)
            while True:
                self.wfile.write(bytes(65536))
        elif path == "/announced":
            self.head(200, **{"Content-Length": str(1 << 40)})
            while True:
                self.wfile.write(bytes(65536))
        elif path == "/slow":  # a byte now and then
            self.head(200)
            for byte in self.stamp(query):
                self.wfile.write(bytes([byte]))
                time.sleep(0.5)
        elif path == "/list":  # of revoked certificates
            self.head(200, "application/pkix-crl")
            with open(f"{port_file}.list", "rb") as file:
                self.wfile.write(file.read())
        elif path == "/moved-list":
            self.head(302, Location="/list")
        elif path == "/silent":
            time.sleep(30)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Authority)
server.daemon_threads = True
with open(port_file, "w") as file:
    print(server.server_address[1], file=file)
server.serve_forever()
