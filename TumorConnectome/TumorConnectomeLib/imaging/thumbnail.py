"""Thumbnails of annotated slices as IDC's DICOMweb server renders them: fetched one at a time, kept on disk.

The server is for viewing only and has a daily quota per address: a picture is asked for when it is to be seen, once.
"""
from __future__ import annotations

import os
import pathlib
import time
from collections.abc import Callable

from ..base.errors import InputError, NotAvailable, TumorConnectomeError
from ..base.files import checked_uid
from ..work.jobs import PythonJob, Sequence
from .picture_file import picture_suffix
from .thumbnail_store import ThumbnailStore

_SERVER = ("https://proxy.imaging.datacommons.cancer.gov/current/"
           "viewer-only-no-downloads-see-tinyurl-dot-com-slash-3j3d9jyp/dicomWeb")
_PATH = "/studies/{study}/series/{series}/instances/{sop}/rendered"
#: seconds without a byte, and for the whole transfer
_SILENCE, _LONGEST = 20.0, 60.0
_MOST_BYTES = 4 << 20


class ThumbnailFailed(TumorConnectomeError):
    """No picture came.

    Parameters
    ----------
    kind : str
        Key of `thumbnail_store.RETRY_AFTER`.
    text : str
        One line for the user.
    """

    def __init__(self, kind: str, text: str):
        super().__init__(text)
        self.kind = kind


def server_address() -> str:
    """DICOMweb address of the server: IDC's, or the mirror ``TUMORCONNECTOME_THUMBNAIL_BASE``; InputError if not http(s)."""
    address = (os.environ.get("TUMORCONNECTOME_THUMBNAIL_BASE") or _SERVER).rstrip("/")
    if not address.lower().startswith(("http://", "https://")):
        raise InputError(f"{address[:80]!r}", source="TUMORCONNECTOME_THUMBNAIL_BASE", expected="an http or https address")
    return address


def thumbnail_sequence(study_uid: str, ct_uid: str, sop_uid: str, cache) -> Sequence:
    """Jobs that leave the picture of one CT slice in the cache; returns its path.

    A picture that is there needs no job. A request that failed lately is not repeated yet.

    Parameters
    ----------
    study_uid, ct_uid, sop_uid : str
        StudyInstanceUID, SeriesInstanceUID and SOPInstanceUID of the slice.
    cache : path
        The cache folder.

    Raises
    ------
    NotAvailable
        It failed lately; the text says why.
    TumorConnectomeError
        It failed now; the text says why.
    """
    store = ThumbnailStore(cache)
    if found := store.find(sop_uid):
        return found
    if failure := store.recent_failure(sop_uid, server_address()):
        raise NotAvailable(failure)
    job = PythonJob("Fetching the picture", "thumbnail", study_uid, ct_uid, sop_uid, cache)
    job.silence_limit = _LONGEST + _SILENCE
    return pathlib.Path((yield job)["path"])


def thumbnail_command(arguments: list[str], report: Callable[[float | None, str], None]) -> dict[str, str]:
    """Worker command: fetch one picture; arguments are study, CT series and SOP instance UID and the cache folder."""
    if len(arguments) != 4:
        raise InputError(f"{len(arguments)} arguments", source="thumbnail", expected="three UIDs and the cache folder")
    *uids, cache = arguments
    study, series, sop = (checked_uid(uid, source="thumbnail") for uid in uids)
    store, server = ThumbnailStore(cache), server_address()
    if found := store.find(sop):
        return {"path": str(found)}
    report(None, "Fetching the picture")
    try:
        data = fetch(server + _PATH.format(study=study, series=series, sop=sop))
        suffix = _checked_suffix(data)
    except ThumbnailFailed as error:
        store.remember(sop, error.kind, str(error), server)
        raise
    return {"path": str(store.put(sop, data, suffix))}


def fetch(address: str) -> bytes:
    """The bytes at an http(s) address, through the proxy that the environment names; ThumbnailFailed says why not."""
    import http.client
    import ssl
    import urllib.error
    import urllib.request

    request = urllib.request.Request(address, headers={"Accept": "image/jpeg, image/png", "User-Agent": "TumorConnectome"})
    try:
        with urllib.request.urlopen(request, timeout=_SILENCE) as answer:
            return _body(answer)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(error.code) from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            raise ThumbnailFailed("offline", "the certificate of the picture server is not accepted") from None
        raise _offline(error.reason) from None
    except (http.client.HTTPException, OSError) as error:
        raise _offline(error) from None


def _body(answer):
    """The whole body: not more than a picture may have, not less than was announced, not for longer than is sensible."""
    parts, end = [], time.monotonic() + _LONGEST
    while part := answer.read1(1 << 16):
        parts.append(part)
        if sum(map(len, parts)) > _MOST_BYTES:
            raise ThumbnailFailed("wrong", f"the picture server sends more than {_MOST_BYTES >> 20} MB for one picture")
        if time.monotonic() > end:
            raise ThumbnailFailed("busy", f"the picture did not arrive within {_LONGEST:g} s")
    data, announced = b"".join(parts), answer.headers.get("Content-Length", "")
    if announced.isdigit() and len(data) < int(announced):
        raise ThumbnailFailed("busy", "the connection to the picture server broke")
    return data


def _checked_suffix(data):
    try:
        return picture_suffix(data)
    except InputError as error:
        raise ThumbnailFailed("wrong", f"the picture server sent {error.problem}") from None


def _refusal(code):
    if code in (403, 429):
        return ThumbnailFailed("quota", f"the picture server's quota for today is used up (HTTP {code}); pictures come from "
                               "loaded CTs meanwhile")
    if code in (404, 410):
        return ThumbnailFailed("missing", f"the picture server does not have this picture (HTTP {code})")
    return ThumbnailFailed("busy", f"the picture server does not answer now (HTTP {code})")


def _offline(reason):
    if isinstance(reason, TimeoutError):
        return ThumbnailFailed("offline", "the picture server does not answer")
    if isinstance(reason, (ConnectionResetError, BrokenPipeError)) or not isinstance(reason, OSError):
        return ThumbnailFailed("busy", "the connection to the picture server broke")
    return ThumbnailFailed("offline", "the picture server can not be reached; check the network connection")
