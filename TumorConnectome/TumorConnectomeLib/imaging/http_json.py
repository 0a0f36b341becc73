"""What a server's API answers in JSON, with bounded length and one line for every way to fail."""
from __future__ import annotations

import contextlib
import json

from .http_answers import failure_of, opener
from .transfer_errors import TransferFailed

_LONGEST_ANSWER = 1 << 22


def fetch_object(address: str, silence: float, server: str = "") -> dict:
    """The JSON object that an address answers with.

    Parameters
    ----------
    address : str
        http or https.
    silence : float
        Seconds without a byte after which the server is given up.
    server : str
        Name for messages; by default that of the address.

    Raises
    ------
    TransferFailed
        The server can not be reached, refuses, or answers something else.
    """
    import urllib.request

    server = server or address.split("/")[2]
    request = urllib.request.Request(address, headers={"User-Agent": "TumorConnectome", "Accept": "application/json"})
    try:
        with contextlib.closing(opener().open(request, timeout=silence)) as answer:
            said = json.loads(answer.read(_LONGEST_ANSWER))
    except ValueError:
        said = None
    except Exception as error:                          # urllib, http.client, ssl and socket raise many kinds
        failure = failure_of(error, server)
        if failure is None:
            raise
        raise failure from None
    if not isinstance(said, dict):
        raise TransferFailed("wrong", f"{server} answers something else than its API; a login page of the network?")
    return said


def as_text(path: str) -> str:
    """A path of an address as it is read: "a%20b" is "a b"."""
    from urllib.parse import unquote

    return unquote(path)


def as_path(text: str) -> str:
    """The inverse of `as_text`."""
    from urllib.parse import quote

    return quote(text)
