"""A web server on this machine that serves bytes, with Range and If-Range, and breaks them on request."""
import hashlib
import http.server
import itertools
import threading
import urllib.parse


class FileServer(http.server.ThreadingHTTPServer):
    """Serves a mapping of paths to bytes.

    Parameters
    ----------
    files : dict of str to bytes
        Path below the server ("a/b.pkl") to content; may be changed at any time.

    Attributes
    ----------
    behave : callable or None
        Takes path and number of the request (from 0) and returns None to serve it, an HTTP status, or
        ("cut", bytes), ("stall", bytes), ("wrong", bytes to send) or ("endless", None).
    ranges, versions : bool
        Whether parts are served, and whether files have an entity tag.
    listing : callable or None
        Takes path and query (dict) and returns bytes to answer with, or None: for lists of buckets.
    requests : list of (str, dict)
        Path and headers of every request.
    sent : int
        Bytes of files that were sent.
    """

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.behave, self.ranges, self.versions, self.listing = files, None, True, True, None
        self.requests, self.sent, self.released, self._numbers = [], 0, threading.Event(), itertools.count()
        self._counting = threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def count(self, size):
        """Some bytes of files are sent by one of the threads."""
        with self._counting:
            self.sent += size

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def fate(self, path):
        return self.behave(path, next(self._numbers)) if self.behave else None

    def handle_error(self, request, client_address):
        """Clients that are killed break their connections."""

    def close(self):
        self.released.set()
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Keep quiet."""

    def do_GET(self):
        server = self.server
        path, _, query = self.path.lstrip("/").partition("?")
        path = urllib.parse.unquote(path)
        server.requests.append((path, dict(self.headers)))
        kind, value = self._fate(path)
        listed = server.listing(path, dict(urllib.parse.parse_qsl(query))) if server.listing else None
        content = listed if listed is not None else server.files.get(path)
        if kind == "status" or content is None:
            self._answer(value if kind == "status" else 404, b"no")
            return
        self._serve(value if kind == "wrong" else content, kind, value)

    def _fate(self, path):
        fate = self.server.fate(path)
        if fate is None:
            return None, None
        return ("status", fate) if isinstance(fate, int) else fate

    def _serve(self, content, kind, value):
        start, tag = 0, '"' + hashlib.sha256(content).hexdigest()[:16] + '"'
        asked = self.headers.get("Range", "")
        if self.server.ranges and asked.startswith("bytes=") and self.headers.get("If-Range", tag) == tag:
            start = int(asked[6:].partition("-")[0])
            if start >= len(content):
                self._answer(416, b"")
                return
        self.send_response(206 if start else 200)
        if self.server.versions:
            self.send_header("ETag", tag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if kind != "endless":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.close_connection = kind is not None
        self._send(content[start:] if kind not in ("cut", "stall") else content[start:start + value])
        if kind == "stall":
            self.server.released.wait(60)               # the client gives up long before
        while kind == "endless" and not self.server.released.is_set():
            self._send(bytes(1 << 16))

    def _send(self, data):
        self.server.count(len(data))                    # before: who has got it may look at once
        try:
            self.wfile.write(data)
        except OSError:
            self.server.count(-len(data))
            self.server.released.wait(0.01)

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
