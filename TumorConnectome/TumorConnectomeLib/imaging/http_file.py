"""Fetch one file over http(s): continued where it was cut, and checked before it takes its name."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..base.errors import InputError
from ..base.files import atomic_file
from .http_answers import MESSAGES, failure_of, opener
from .transfer_errors import TransferFailed

#: these may pass by themselves
_PASSING = {"overloaded", "cut", "stalled"}
_BLOCK = 1 << 16
#: seconds between two messages about a file
_REPORT_EVERY = 0.1
#: no file that is fetched this way is larger: an endless answer must not fill the disk
_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Patience:
    """When to give up.

    Parameters
    ----------
    silence : float
        Seconds without a byte.
    tries : int
        Requests in a row that bring next to nothing.
    wait : float
        Seconds before the second request; doubled for each further one.
    slowest : float
        Bytes per second, over 30 s, below which the server counts as stalled.
    """

    silence: float = 10.0
    tries: int = 3
    wait: float = 0.5
    slowest: float = 1000.0


@dataclass(frozen=True)
class RemoteFile:
    """What to fetch and how to know that it is right.

    Parameters
    ----------
    address : str
        http or https.
    target : path
        The name it gets when it is whole and right.
    check : callable
        Says what is wrong with the file at a path; "" if nothing is.
    size : int or None
        Bytes, if known.
    """

    address: str
    target: pathlib.Path
    check: Callable[[pathlib.Path], str]
    size: int | None = None

    def __post_init__(self):
        if not self.address.lower().startswith(("http://", "https://")):
            raise InputError(f"{self.address[:80]!r}", source=self.target.name, expected="an http or https address")

    @property
    def server(self) -> str:
        """Host (and port) for messages."""
        return self.address.split("/")[2].rpartition("@")[2]


class Part:
    """The file under way: hidden beside its target, with a note that says which version of what it is a part of."""

    def __init__(self, target: pathlib.Path):
        self.target = target
        self.path = target.with_name(f".{target.name}.part")
        self._note = target.with_name(f".{target.name}.part.json")

    def size(self) -> int:
        """Bytes that are here."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def headers(self, address: str) -> dict[str, str]:
        """What asks the server for the rest, and only if the file is still the same one; {} to begin anew."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            version = str(note["version"]) if note["address"] == address else ""
        except (OSError, ValueError, TypeError, KeyError):
            version = ""
        return {"Range": f"bytes={self.size()}-", "If-Range": version} if version and self.size() else {}

    def begin(self, address: str, version: str) -> None:
        """Start with an empty file of this version ("" if the server names none: then it can not be continued)."""
        self.drop()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(self._note, "w", encoding="utf-8") as stream:
            json.dump({"address": address, "version": version}, stream)

    def drop(self) -> None:
        """Remove it, the note first."""
        for path in (self._note, self.path):
            path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give the file its name."""
        with open(self.path, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(self.path, self.target)
        self._note.unlink(missing_ok=True)


def fetch_file(file: RemoteFile, report: Callable[[int, int | None], None] = lambda here, total: None,
               patience: Patience | None = None) -> bool:
    """Make sure that the target is there and right; returns whether it had to be fetched.

    What arrived of a file that could not be finished stays hidden beside the target, and the next call continues there.

    Parameters
    ----------
    file : RemoteFile
    report : callable
        Called with the bytes that are here, and the size of the whole (None if unknown).
    patience : Patience, optional

    Raises
    ------
    TransferFailed
        It did not come, or what came is not right; its text is one line for the user.
    """
    if file.target.exists():
        if not file.check(file.target):
            return False
        file.target.unlink()
    patience, part, vain = patience or Patience(), Part(file.target), 0
    while True:
        before = part.size()
        try:
            continued = _receive(file, part, report, patience)
        except TransferFailed as error:
            vain = 0 if part.size() - before > _BLOCK else vain + 1
            if error.kind not in _PASSING or vain >= patience.tries:
                raise
            time.sleep(patience.wait * 2 ** max(vain - 1, 0))
            continue
        problem = file.check(part.path)
        if not problem:
            part.finish()
            return True
        part.drop()
        if not continued:                               # else an old part may be to blame: once more from the start
            raise TransferFailed("wrong", f"what {file.server} sent for {file.target.name} was removed: {problem}")


class TransferMessages:
    """Turns the bytes of one file into messages, not too many; to be the `report` of `fetch_file`.

    Parameters
    ----------
    tell : callable
        Called with the share that is here, 0..1 or None where the size is unknown, and a text: MB, of how many, MB/s.
    """

    def __init__(self, tell: Callable[[float | None, str], None]):
        self._tell, self._last, self._first = tell, 0.0, None

    def __call__(self, here, total):
        now = time.monotonic()
        if self._first is None:
            self._first = now, here
        if now - self._last < _REPORT_EVERY and here != total:
            return
        self._last = now
        seconds, size = now - self._first[0], here - self._first[1]
        speed = f", {size / seconds / 1e6:.1f} MB/s" if seconds > _REPORT_EVERY else ""
        whole = f" of {total / 1e6:.1f}" if total else ""
        self._tell(here / total if total else None, f"{here / 1e6:.1f}{whole} MB{speed}")


def _receive(file, part, report, patience):
    """One request. Returns whether it continued a part; the part then holds all that the server has."""
    import urllib.request

    headers = part.headers(file.address)
    request = urllib.request.Request(file.address, headers={**headers, "Accept-Encoding": "identity",
                                                            "User-Agent": "TumorConnectome"})
    try:
        with contextlib.closing(opener().open(request, timeout=patience.silence)) as answer:
            start = _start(answer, part, file) if answer.status == 206 and headers else 0
            if not start:
                part.begin(file.address, _version(answer))
            announced = answer.headers.get("Content-Length", "")
            total = start + int(announced) if announced.isdigit() else file.size
            _store(answer, part, total, report, _Speed(patience))
    except TransferFailed:
        raise
    except Exception as error:                          # urllib, http.client, ssl and socket raise many kinds
        failure = failure_of(error, file.server)
        if failure is None:
            raise
        if failure.kind == "range":
            part.drop()
            failure = TransferFailed("cut", str(failure))
        raise failure from None
    if total is not None and part.size() < total:
        raise TransferFailed("cut", MESSAGES["cut"].format(place=file.server))
    return bool(start)


def _start(answer, part, file):
    """Where a partial answer begins, if that is where our part ends."""
    begin = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0].strip()
    if begin != str(part.size()):
        part.drop()
        raise TransferFailed("cut", f"{file.server} sent another part of {file.target.name} than was asked for")
    return part.size()


def _version(answer):
    """What names this version of the file for If-Range: a strong entity tag, else the date, else ""."""
    tag = answer.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")


def _store(answer, part, total, report, speed):
    """Append what comes to the part."""
    here = part.size()
    with open(part.path, "ab") as stream:
        while block := answer.read1(_BLOCK):
            stream.write(block)
            stream.flush()                              # a process that is killed keeps what has come
            here += len(block)
            if here > (total if total is not None else _MOST_BYTES):
                raise TransferFailed("wrong", f"more bytes came for {part.target.name} than it has")
            speed.check(len(block))
            report(here, total)


class _Speed:
    """Raises TransferFailed when next to nothing comes for half a minute: a trickle never runs into a time-out."""

    _SPAN = 30.0

    def __init__(self, patience):
        self._patience, self._since, self._bytes = patience, time.monotonic(), 0

    def check(self, count):
        self._bytes += count
        passed = time.monotonic() - self._since
        if passed > self._SPAN:
            if self._bytes < self._patience.slowest * passed:
                raise TransferFailed("stalled", f"the server sends less than {self._patience.slowest:.0f} bytes a second")
            self._since, self._bytes = time.monotonic(), 0
