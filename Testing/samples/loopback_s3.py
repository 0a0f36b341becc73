"""An S3 server on this machine with the key layout of IDC, behind a gate that counts and breaks transfers."""
import contextlib
import http.client
import http.server
import itertools
import logging
import socket
import threading
import uuid

from moto.server import ThreadedMotoServer

BUCKET = "idc-open-data"
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "server", "date"}


class Gate(http.server.ThreadingHTTPServer):
    """A reverse proxy in front of the S3 server; ``behave`` decides the fate of every object download.

    Parameters
    ----------
    target : tuple of (str, int)
        Host and port of the server behind.
    answers : dict, optional
        What the server behind has answered: it is asked once for each thing (moto takes milliseconds for every file).

    Attributes
    ----------
    behave : callable or None
        Takes the key and the number of the object download (from 0; files are asked for several at once, so which one
        has a number is chance) and returns None to let it pass, an HTTP status to answer with, ``"hang"``, ``"die"``
        (the whole server goes), or a share of the body 0..1: ``("cut", share)`` closes the connection there,
        ``("stall", share)`` stops sending there, ``("wrong", share)`` changes the byte there.
    refuse : int or None
        HTTP status that answers every request, listings included.
    downloads : list of str
        Keys whose download was let through to its end, in that order.
    requests : list of (str, dict)
        Method and headers of every request.
    """

    daemon_threads = True

    def __init__(self, target, answers=None):
        super().__init__(("127.0.0.1", 0), _GateHandler)
        self.target, self.behave, self.refuse = target, None, None
        self.answers = {} if answers is None else answers
        self.downloads, self.requests, self._numbers = [], [], itertools.count()
        self.released, self._connections = threading.Event(), set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self):
        """The endpoint for s5cmd."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def reset(self):
        """Behave from now on, and count from zero."""
        self.released.set()
        self.behave, self.refuse, self.released = None, None, threading.Event()
        self.downloads.clear()
        self.requests.clear()
        self._numbers = itertools.count()

    def next_number(self):
        return next(self._numbers)

    def process_request(self, request, client_address):
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """Clients that are killed break their connections: that is what the tests are about."""

    def die(self):
        """Close the listening socket and every open connection, as a server that is killed does."""
        self.released.set()
        threading.Thread(target=self.shutdown, daemon=True).start()
        self.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _GateHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Keep quiet."""

    def do_HEAD(self):
        self._forward()

    def do_GET(self):
        self._forward()

    def _forward(self):
        gate = self.server
        gate.requests.append((self.command, dict(self.headers)))
        if gate.refuse:
            self._answer(gate.refuse, _error_body(gate.refuse))
            return
        key = self.path.partition("?")[0].rpartition(f"/{BUCKET}/")[2]      # a proxy is asked for the whole address
        download = self.command == "GET" and key.endswith(".dcm")
        fate = gate.behave(key, gate.next_number()) if download and gate.behave else None
        if isinstance(fate, int):
            self._answer(fate, _error_body(fate))
        elif fate == "hang":
            self._hang()
        elif fate == "die":
            gate.die()
        else:
            status, headers, body = self._ask_target()
            self._answer(status, body, headers, fate)
            if download and status < 300 and fate is None:
                gate.downloads.append(key)

    def _hang(self):
        self.server.released.wait(60)                   # the client is killed long before
        self.close_connection = True

    def _ask_target(self):
        asked = self.command, self.path, tuple((k, v) for k, v in self.headers.items() if k.lower() != "host")
        if asked not in self.server.answers:
            self.server.answers[asked] = self._ask()
        return self.server.answers[asked]

    def _ask(self):
        connection = http.client.HTTPConnection(*self.server.target, timeout=30)
        with contextlib.closing(connection):
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "accept-encoding", "host")}
            path = self.path[self.path.index(f"/{BUCKET}"):] if BUCKET in self.path else self.path
            connection.request(self.command, path, headers=headers)
            answer = connection.getresponse()
            kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP]
            if self.command == "HEAD":
                kept.append(("Content-Length", answer.getheader("Content-Length", "0")))
            return answer.status, kept, answer.read()

    def _answer(self, status, body, headers=(), fault=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command == "HEAD":
            self.end_headers()
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        kind, share = fault or ("", 1.0)
        at = min(int(share * len(body)), len(body) - 1) if fault else len(body)
        if kind == "wrong":
            self.wfile.write(body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1:])
            return
        self.wfile.write(body[:at])
        if kind == "stall":
            self.wfile.flush()
            self._hang()
        self.close_connection = self.close_connection or kind == "cut"


def _error_body(status):
    code = {403: "AccessDenied", 404: "NoSuchBucket", 503: "SlowDown"}.get(status, "InternalError")
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


class LoopbackS3:
    """moto's S3 server in this process, holding the bucket of IDC, readable by everybody."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)      # one line per request otherwise
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self.host, self._answers = self._server.get_host_and_port(), {}
        self._client().create_bucket(Bucket=BUCKET, ACL="public-read")

    def _client(self):
        import boto3
        return boto3.client("s3", endpoint_url="http://{}:{}".format(*self.host), region_name="us-east-1",
                            aws_access_key_id="test", aws_secret_access_key="test")

    def gate(self):
        """A new gate in front of this server."""
        return Gate(self.host, self._answers)

    def put(self, series_uuid, files):
        """Store byte strings as ``<series uuid>/<instance uuid>.dcm``; returns their keys."""
        client, keys = self._client(), [f"{series_uuid}/{uuid.uuid4()}.dcm" for _ in files]
        for key, content in zip(keys, files):
            client.put_object(Bucket=BUCKET, Key=key, Body=content, ACL="public-read")
        self._forget(keys)
        return keys

    def replace(self, key, content):
        """Store other bytes under a key."""
        self._client().put_object(Bucket=BUCKET, Key=key, Body=content, ACL="public-read")
        self._forget([key])

    def _forget(self, keys):
        """Ask again for these files, and for all that is none: the listings."""
        for asked in list(self._answers):
            path = asked[1].partition("?")[0]
            if not path.endswith(".dcm") or path.endswith(tuple(keys)):
                del self._answers[asked]

    def close(self):
        self._server.stop()


def refused_port():
    """URL of a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"

