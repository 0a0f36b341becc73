"""Thumbnails on disk, and which requests failed lately so that they are not repeated at once."""
from __future__ import annotations

import contextlib
import json
import pathlib
import time

from ..base.files import atomic_file, checked_uid

_SUFFIXES = (".jpg", ".png")
#: seconds that pass before the same request is made again, by the kind of failure
RETRY_AFTER = {"offline": 60.0, "busy": 300.0, "quota": 1800.0, "missing": 86400.0, "wrong": 3600.0}
#: these concern every picture of the server, not one
_OF_THE_SERVER = {"offline", "busy", "quota"}


class ThumbnailStore:
    """The folder ``thumbnails`` of the cache: ``<SOPInstanceUID>.jpg`` or ``.png``, and small notes of failures.

    Parameters
    ----------
    cache : path
        The cache folder.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, cache, clock=time.time):
        self.folder, self._clock = pathlib.Path(cache) / "thumbnails", clock

    def find(self, sop_uid: str) -> pathlib.Path | None:
        """The stored picture of an image, None if there is none."""
        paths = (self._path(sop_uid, suffix) for suffix in _SUFFIXES)
        return next((path for path in paths if path.is_file() and path.stat().st_size), None)

    def put(self, sop_uid: str, data: bytes, suffix: str) -> pathlib.Path:
        """Store a picture and forget earlier failures; returns its path."""
        path = self._path(sop_uid, suffix)
        with atomic_file(path) as stream:
            stream.write(data)
        for note in (self._note(sop_uid), self._note("")):
            note.unlink(missing_ok=True)
        return path

    def remember(self, sop_uid: str, kind: str, text: str, server: str) -> None:
        """Keep a failure; `kind` is a key of RETRY_AFTER, `server` the address that was asked."""
        note = {"kind": kind, "text": text, "server": server, "time": self._clock()}
        # a full disk must not hide the failure itself
        with contextlib.suppress(OSError), atomic_file(self._note("" if kind in _OF_THE_SERVER else sop_uid), "w") as stream:
            json.dump(note, stream)

    def recent_failure(self, sop_uid: str, server: str) -> str:
        """Text of a failure after which it is too early to ask this server again, or ""."""
        for path in (self._note(""), self._note(sop_uid)):
            try:
                note = json.loads(path.read_text(encoding="utf-8"))
                age = self._clock() - float(note["time"])
                if note["server"] == server and 0 <= age < RETRY_AFTER[note["kind"]]:
                    return str(note["text"])
            except (OSError, ValueError, KeyError, TypeError):
                continue                                # no note, or a damaged one: ask
        return ""

    def _path(self, sop_uid, suffix):
        return self.folder / (checked_uid(sop_uid) + suffix)

    def _note(self, sop_uid):
        return self.folder / f"{checked_uid(sop_uid) if sop_uid else 'server'}.failed.json"
