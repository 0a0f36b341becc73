"""Folders that show one CT series alone, though its files lie among others; and the report that belongs to it."""
from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
from collections.abc import Collection, Iterable

from ..base.files import atomic_folder
from .file_header import SYBIL_DESCRIPTION, FileHeader
from .sources import SeriesRequest

#: folder of the cache
LINKED = "linked"


def choose_report(reports: Iterable[tuple[FileHeader, object]], request: SeriesRequest, sop_uids: Collection[str]):
    """The report that belongs to a CT, by what is in it: most studies have several reports, and most of those no boxes.

    The one asked for; else one with regions on slices of the CT, or in space and with a reference to it, a Sybil report
    before others, then the one with the most of such slices.

    Parameters
    ----------
    reports : iterable of (FileHeader, object)
        Each report, and what to return for it.
    request : SeriesRequest
    sop_uids : collection of str
        SOPInstanceUIDs of the CT's slices.

    Returns
    -------
    object or None
        None if there is none.
    """
    slices, fitting = frozenset(sop_uids), []
    for header, place in reports:
        drawn = len(slices.intersection(header.regions))
        refers = request.ct_uid in header.references
        asked = header.series_uid == request.sr_uid
        if asked or drawn or refers and (header.regions or header.spatial):
            fitting.append(((not asked, not (drawn or header.spatial), header.description != SYBIL_DESCRIPTION, -drawn,
                             header.series_uid, header.sop_uid), place))
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


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
