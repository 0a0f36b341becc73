"""A DICOMweb server on this machine that renders every slice as the same picture, or misbehaves."""
import http.server
import struct
import threading
import zlib


def png(width=32, height=24):
    """A gray PNG of that size, as bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes([128] * width) for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def jpeg(width=32, height=24):
    """Headers and end of a JPEG of that size, as bytes: enough for whoever does not decode it."""
    return (b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9) + b"\xff\xdb" + struct.pack(">H", 67) + bytes(65)
            + b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
            + b"\xff\xda\0\x08\1\1\0\0?\0" + b"\x7f" * 40 + b"\xff\xd9")


class PictureServer(http.server.ThreadingHTTPServer):
    """Answers with `body`, or as `fault` says: an HTTP status, ``"cut"``, ``"endless"``, ``"slam"`` or ``"silent"``.

    Attributes
    ----------
    requests : list of (str, str)
        Path (the whole address when asked as a proxy) and Accept header of every request.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body, self.fault, self.requests, self.released = jpeg(), None, [], threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def address(self):
        """Base address."""
        return f"http://127.0.0.1:{self.server_address[1]}/dicomWeb"

    def close(self):
        """Stop listening: from now on connections are refused."""
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Clients that go away are what the tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers["Accept"]))
        if isinstance(server.fault, int):
            self.send_error(server.fault)
            return
        if server.fault == "slam":
            self.connection.close()
            return
        if server.fault == "silent":
            server.released.wait(30)
            return
        self.send_response(200)
        if server.fault != "endless":
            self.send_header("Content-Length", str(len(server.body)))
        self.end_headers()
        if server.fault == "endless":
            for _ in range(200):
                self.wfile.write(bytes(1 << 16))
        else:
            self.wfile.write(server.body[:len(server.body) // 2] if server.fault == "cut" else server.body)

    def log_message(self, *arguments):
        """Quiet."""
