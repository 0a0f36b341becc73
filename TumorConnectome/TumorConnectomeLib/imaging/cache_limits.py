"""Keeps the cache of images below its limit: what was not used for longest goes first, leftovers go always."""
from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass

from ..base.errors import InputError
from ..base.files import checked_uid, is_temporary
from .file_lock import Busy, exclusive
from .linked_files import LINKED
from .series_cache import MARKER, SeriesCache, read_record
from .tumor_stack import STACKS

#: folders of the cache that hold images or what belongs to them; results of analyses are not touched
_SERIES = "idc"
_DAY = 86400.0
#: kind, folder, and seconds without use after which an item is left over (None for never)
_PLACES = (("", _SERIES, None), ("unfinished", "staging", 14 * _DAY), ("links", LINKED, 30 * _DAY),
           ("thumbnails", "thumbnails", None), ("stacks", STACKS, 90 * _DAY),
           ("synthetic", "synthetic", None), ("lists", "folders", 90 * _DAY), ("lists", "inspections", 90 * _DAY),
           ("lists", "dicom-database", _DAY))
_TEMPORARY_FOR = _DAY
_SERIES_KINDS = {"series", "synthetic"}


@dataclass(frozen=True)
class CacheItem:
    """Something that is kept or removed as a whole.

    Parameters
    ----------
    kind : str
        ``series``, ``unfinished``, ``links``, ``thumbnails``, ``stacks``, ``synthetic``, ``lists`` or ``temporary``.
    paths : tuple of Path
        Files and folders, the one that makes it count first.
    bytes : int
        What removing it frees.
    used : float
        When it was used last, in seconds since 1970.
    names : tuple of str
        What `keep` may call it: SeriesInstanceUIDs, that of the CT first; the PatientID of a synthetic study.
    left_over : bool
        Whether nobody will use it any more.
    """

    kind: str
    paths: tuple[pathlib.Path, ...]
    bytes: int
    used: float
    names: tuple[str, ...] = ()
    left_over: bool = False


def cache_items(folder: pathlib.Path, now: float | None = None) -> list[CacheItem]:
    """Everything in a cache folder that belongs to images, and temporary files of all other work."""
    folder, now = pathlib.Path(folder), time.time() if now is None else now
    items = list(_series_items(SeriesCache(folder)))
    for kind, name, lifetime in _PLACES:
        for path in _entries(folder / name):
            if path.name.startswith(".") and path.suffix == ".part":
                items.append(_item("temporary", path, now, _TEMPORARY_FOR))
            elif kind:
                items.append(_item(kind, path, now, lifetime))
    for place in set(_entries(folder)) - {folder / name for _, name, _ in _PLACES}:
        items += [_item("temporary", path, now, _TEMPORARY_FOR) for path in place.rglob(".*.part") if is_temporary(path)]
    # the locks of downloads stay: whoever removes one in use lets two processes lock the same series
    return [item for item in items if item.paths[0].suffix != ".lock"]


def tidy(folder: pathlib.Path, limit: int | None, keep: Collection[str] = (), now: float | None = None,
         report=lambda fraction, message: None) -> dict:
    """Remove leftovers, then what was not used for longest until the rest is not larger than `limit`.

    Series that are being fetched, by this or another process, hold their lock and stay.

    Parameters
    ----------
    folder : Path
        The cache folder.
    limit : int or None
        Bytes; 0 removes everything that may go, None leftovers only.
    keep : collection of str
        SeriesInstanceUIDs and (for synthetic studies) PatientIDs that stay: what is shown or on its way.
    now : float, optional
        Seconds since 1970.
    report : callable
        Progress, as worker commands get it.

    Returns
    -------
    dict
        For json: ``bytes`` left, CT ``series`` left, ``freed`` bytes, ``removed`` CT series.
    """
    cache, keep = SeriesCache(folder), set(keep)
    items = sorted(cache_items(folder, now), key=lambda item: (not item.left_over, item.used))
    total = sum(item.bytes for item in items)
    before, removed, left = total, 0, []
    for number, item in enumerate(items):
        needed = item.left_over or limit == 0 or (limit is not None and total > limit)
        if needed and not keep.intersection(item.names) and _remove(cache, item):
            report(number / len(items), f"Removing {item.paths[0].name}")
            total -= item.bytes
            removed += item.kind in _SERIES_KINDS
        else:
            left.append(item)
    series = sum(item.kind in _SERIES_KINDS for item in left)
    return {"bytes": total, "series": series, "freed": before - total, "removed": removed}


def tidy_command(arguments, report):
    """Worker: ``tidy-cache FOLDER LIMIT_BYTES [NAME ...]``, a negative limit for none; see `tidy`."""
    folder, limit, *keep = arguments
    return tidy(pathlib.Path(folder), int(limit) if int(limit) >= 0 else None, keep, report=report)


def _series_items(cache):
    """One item for each CT with its report; reports of no CT, and entries without a record, by themselves."""
    records = {}
    for path in _entries(cache.folder / _SERIES):
        if path.name.startswith(".") or not path.is_dir():
            continue
        try:
            records[path.name] = read_record(path / MARKER, checked_uid(path.name))
        except (OSError, InputError):
            records[path.name] = None
    owned = {record.report_uid for record in records.values() if record is not None and record.report_uid}
    for uid, record in records.items():
        if uid in owned:
            continue
        names = (uid, *([record.report_uid] if record is not None and record.report_uid in records else []))
        paths = tuple(cache.folder / _SERIES / name for name in names)
        marker = paths[0] / MARKER
        used = marker.stat().st_mtime if record is not None else paths[0].stat().st_mtime
        yield CacheItem("series", paths, sum(_size(path) for path in paths), used, names, left_over=record is None)


def _item(kind, path, now, lifetime):
    """An item of one file or folder; links to files that are gone are left over."""
    status = path.lstat()
    left_over = lifetime is not None and now - status.st_mtime > lifetime
    if kind == "links":
        left_over = left_over or any(not target.exists() for target in _entries(path))
        return CacheItem(kind, (path,), _size(path), status.st_mtime, (path.name.rpartition("-")[0],), left_over)
    return CacheItem(kind, (path,), _size(path), status.st_mtime, (path.stem if path.is_file() else path.name,), left_over)


def _entries(folder):
    """Paths in a folder, by name; none when it is not there, or no folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(pathlib.Path(entry.path) for entry in entries)
    except OSError:
        return []


def _size(path):
    """Bytes that removing a file or folder frees: links count nothing, nor do files that another name holds."""
    status = path.lstat()
    if path.is_dir() and not path.is_symlink():
        return sum(map(_size, _entries(path)))
    return status.st_size if status.st_nlink < 2 and not path.is_symlink() else 0


def _remove(cache, item):
    """Remove an item unless somebody is at it; whether it is gone."""
    if item.kind not in ("series", "unfinished"):
        return _gone(item.paths[0])
    with contextlib.suppress(Busy, InputError, OSError), exclusive(cache.lock_file(item.names[0]), item.kind):
        if item.kind == "unfinished":
            return _gone(item.paths[0])
        marker = item.paths[0] / MARKER
        if not item.left_over and marker.stat().st_mtime > item.used:
            return False                                # it was used since it was looked at
        for name in item.names:
            cache.drop(name)
        return True
    return False


def _gone(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
    return not path.exists()
