"""Reads every file of some series, in a child process: what it is, and whether it is what the server has."""
from __future__ import annotations

import hashlib
import json
import pathlib
import re

from ..base.files import checked_uid, list_files, sha256_of_files
from ..work.jobs import PythonJob
from .file_header import read_header

_MD5 = re.compile(r"[0-9a-f]{32}")


def verify_job(*series: tuple[pathlib.Path, str], etags: pathlib.Path | None = None) -> PythonJob:
    """The job that runs `verify_command` on (folder, SeriesInstanceUID) pairs; it returns a list, one for each."""
    return PythonJob("Checking the files", "verify", etags or "", *(argument for pair in series for argument in pair))


def verify_command(arguments, report):
    """Worker: ``verify ETAGS FOLDER SERIES_UID ...``: read every file of one or more series and say what it is.

    ETAGS is a JSON file with the ETag of each file as the server lists it, "" for none.

    Returns for each series ``files`` ([name, size, time] each), ``sha256``, ``bad`` ([name, why] of each file that is not a
    DICOM file of that series, or not what the server has) and ``references`` (SeriesInstanceUIDs that its reports refer to).
    """
    etags, *arguments = arguments
    series = [(pathlib.Path(folder), checked_uid(uid)) for folder, uid in zip(arguments[::2], arguments[1::2])]
    found = [_verify(folder, uid, report) for folder, uid in series]
    if etags:
        _compare(json.loads(pathlib.Path(etags).read_text(encoding="utf-8")), series, found)
    return found


def _verify(folder, uid, report):
    files, bad, references = list_files(folder), [], set()
    for number, (name, *_) in enumerate(files):
        report(number / len(files), f"Checking file {number + 1} of {len(files)}")
        header = read_header(folder / name)
        if header is None:
            bad.append((name, "not a readable DICOM file"))
        elif header.series_uid != uid:
            bad.append((name, f"belongs to series {header.series_uid}"))
        else:
            references.update(header.references)
    return {"files": files, "sha256": sha256_of_files(folder / row[0] for row in files), "bad": bad,
            "references": sorted(references)}


def _compare(etags, series, found):
    """Add to `bad` what differs from the server's own checksums.

    The ETag of an object that anybody may read and that was stored in one part is its MD5, with Amazon and with Google
    (those encrypted by a key of their own, which have another, can not be read without an account). One of several parts
    has a dash in its ETag, which says nothing.
    """
    for (folder, _), seen in zip(series, found):
        known = {name for name, _ in seen["bad"]}
        for name, *_ in seen["files"]:
            if name in known or not _MD5.fullmatch(etags.get(name, "")):
                continue
            with open(folder / name, "rb") as stream:
                md5 = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            if md5 != etags[name]:
                seen["bad"].append((name, "its MD5 is not the one that the server lists"))
