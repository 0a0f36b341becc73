"""What goes wrong with http(s) requests, as one line for the user; the opener that all of them use."""
from __future__ import annotations

import errno
import socket

from .transfer_errors import TransferFailed

#: kind of TransferFailed -> text; "range" is for the caller alone: the server does not have the part that was asked for
MESSAGES = {
    "offline": "{place} can not be reached; check the network connection",
    "proxy": "the proxy server refused the request for {place}",
    "certificate": "the certificate of {place} is not accepted",
    "stalled": "{place} stopped sending",
    "cut": "the connection to {place} broke",
    "forbidden": "{place} refuses access (HTTP {code})",
    "missing": "{place} does not have the file (HTTP {code})",
    "overloaded": "{place} is overloaded (HTTP {code})",
    "range": "{place} does not have the rest of the file (HTTP {code})",
    "other": "{place} answers HTTP {code}",
}
_KINDS = {401: "forbidden", 403: "forbidden", 404: "missing", 407: "proxy", 410: "missing", 416: "range", 429: "overloaded"}


def opener():
    """An opener for http and https alone, through the proxies that the environment names, with redirections."""
    import urllib.request as request

    made = request.OpenerDirector()
    for handler in (request.ProxyHandler, request.HTTPHandler, request.HTTPSHandler, request.HTTPDefaultErrorHandler,
                    request.HTTPRedirectHandler, request.HTTPErrorProcessor, request.UnknownHandler):
        made.add_handler(handler())
    return made


def failure_of(error: Exception, place: str) -> TransferFailed | None:
    """The TransferFailed that an error of urllib, http.client, ssl or a socket stands for; None if it is none of those."""
    import http.client
    import ssl
    import urllib.error

    if isinstance(error, urllib.error.HTTPError):
        code = error.code
        error.close()
        return _failure(_KINDS.get(code, "overloaded" if code >= 500 else "other"), place, code)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _failure("certificate", place)
    if isinstance(reason, TimeoutError):
        return _failure("offline" if isinstance(error, urllib.error.URLError) else "stalled", place)
    broken = ConnectionResetError, ConnectionAbortedError, BrokenPipeError, http.client.HTTPException, ssl.SSLError
    if isinstance(reason, broken):
        return _failure("cut", place)
    if isinstance(reason, OSError) and "Tunnel connection failed" in str(reason):
        return _failure("proxy", place)
    if isinstance(reason, OSError) and reason.errno == errno.ENOSPC:
        return TransferFailed("disk full", "the disk is full")
    if isinstance(error, urllib.error.URLError) or isinstance(reason, (ConnectionError, socket.gaierror)):
        return _failure("offline", place)
    return None


def _failure(kind, place, code=None):
    return TransferFailed(kind, MESSAGES[kind].format(place=place, code=code))
