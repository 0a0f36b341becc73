"""Folders that show one CT series alone, though its files lie among others; and the report that belongs to it."""
from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
from collections.abc import Iterable

from ..base.files import atomic_folder
from .file_header import SYBIL_DESCRIPTION
from .sources import SeriesRequest

#: folder of the cache
LINKED = "linked"


def choose_report(reports: Iterable[tuple[str, str, Iterable[str], object]], request: SeriesRequest):
    """The report asked for, else a Sybil report of the CT, else any that refers to it; None if there is none.

    Parameters
    ----------
    reports : iterable of (str, str, iterable of str, object)
        SeriesInstanceUID, SeriesDescription and referenced SeriesInstanceUIDs of each, and what to return for it.
    request : SeriesRequest
    """
    fitting = [(uid != request.sr_uid, description != SYBIL_DESCRIPTION, place)
               for uid, description, references, place in reports if request.ct_uid in references or uid == request.sr_uid]
    return min(fitting)[2] if fitting else None


def folder_of(files: list[pathlib.Path], ct_uid: str, cache_folder: pathlib.Path) -> pathlib.Path:
    """The folder the files lie in if they are alone there, else a folder of links to them in the cache.

    Where links are not possible it holds copies. The files themselves are never changed.
    """
    parents = {file.parent for file in files}
    if len(parents) == 1:
        parent = parents.pop()
        if len(os.listdir(parent)) == len(files):
            return parent
    originals = [file.parent.resolve() / file.name for file in files]
    digest = hashlib.sha256("\0".join(map(str, originals)).encode(errors="surrogateescape"))
    linked = cache_folder / LINKED / f"{ct_uid}-{digest.hexdigest()[:12]}"
    if not _up_to_date(linked, originals):
        shutil.rmtree(linked, ignore_errors=True)
        with atomic_folder(linked) as temporary:
            for number, original in enumerate(originals):
                link(original, temporary / f"{number:05d}.dcm")
    os.utime(linked)                                    # when it was used last
    return linked


def _up_to_date(linked, originals):
    try:
        links = sorted(linked.iterdir())
        return len(links) == len(originals) and all(
            (a.stat().st_size, a.stat().st_mtime_ns) == (b.stat().st_size, b.stat().st_mtime_ns)
            for a, b in zip(links, originals))
    except OSError:
        return False


def link(original: pathlib.Path, path: pathlib.Path) -> None:
    """Make `path` a symbolic link to a file, else a hard link, else a copy."""
    for make in (os.symlink, os.link):                  # Windows allows the first only to some users
        try:
            make(original, path)
            return
        except (OSError, NotImplementedError):
            continue
    shutil.copy2(original, path)
