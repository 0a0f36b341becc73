"""Downloaded series on disk: each whole and checked, or not there at all."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
from dataclasses import dataclass
from enum import Enum

from ..base.errors import InputError, NotAvailable, TumorConnectomeError
from ..base.files import atomic_file, checked_uid, list_files
from ..work.jobs import Sequence
from .series_check import verify_job
from .sources import SeriesFiles, SeriesRequest

MARKER = "series.json"
_FILES = "files"
_FORMAT = 1


class Damaged(TumorConnectomeError):
    """The cache had the series, but its files are not what was stored."""


class Condition(Enum):
    """What a look at names, sizes and times of the files says about a cached series."""

    MISSING = "missing"
    WHOLE = "whole"
    #: same names and sizes but other times: only the contents can tell
    TOUCHED = "touched"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class SeriesRecord:
    """What the cache knows about a series it stores.

    Parameters
    ----------
    uid : str
        SeriesInstanceUID.
    files : tuple of (str, int, int)
        Name, size in bytes and modification time in ns of each file, by name.
    sha256 : str
        Of names, sizes and contents (base.files.sha256_of_files).
    references : tuple of str
        SeriesInstanceUIDs a report refers to.
    report_uid : str
        SeriesInstanceUID of the report that belongs to a CT, empty when there is none.
    """

    uid: str
    files: tuple[tuple[str, int, int], ...]
    sha256: str
    references: tuple[str, ...] = ()
    report_uid: str = ""


class SeriesCache:
    """Series under ``<folder>/idc/<SeriesInstanceUID>/``: the files in ``files/``, the record in ``series.json``.

    Parameters
    ----------
    folder : path
        The cache folder (base.files.default_cache_folder()).
    """

    def __init__(self, folder):
        self.folder, self._promises = pathlib.Path(folder), {}

    @contextlib.contextmanager
    def promised(self, ct_uid: str, size: int):
        """Reserve disk space for a series while the block runs; yields the bytes that are promised to the others.

        What has arrived of those counts twice, as used and as promised: on the safe side.
        """
        others = sum(self._promises.values())
        self._promises[ct_uid] = size
        try:
            yield others
        finally:
            del self._promises[ct_uid]

    def entry(self, uid: str) -> pathlib.Path:
        """Folder of a series, whether it is there or not; InputError if `uid` is not a UID."""
        return self.folder / "idc" / checked_uid(uid)

    def staging(self, ct_uid: str) -> pathlib.Path:
        """Folder in which a CT and its reports are gathered; nothing in it counts as stored."""
        return self.folder / "staging" / checked_uid(ct_uid)

    def lock_file(self, ct_uid: str) -> pathlib.Path:
        """The file to lock (file_lock.exclusive) while a CT is being fetched."""
        return self.folder / "staging" / f"{checked_uid(ct_uid)}.lock"

    def files_folder(self, uid: str) -> pathlib.Path:
        """Folder that holds the files of a stored series, and nothing else."""
        return self.entry(uid) / _FILES

    def report_file(self, uid: str) -> pathlib.Path:
        """The file of a stored report: its series holds one."""
        return self.files_folder(uid) / self.record(uid).files[0][0]

    def record(self, uid: str) -> SeriesRecord | None:
        """The record of a stored series; None if there is none or it can not be read."""
        try:
            return read_record(self.entry(uid) / MARKER, uid)
        except (OSError, InputError):
            return None

    def condition(self, uid: str) -> Condition:
        """Compare a stored series with its record, without reading its files."""
        entry = self.entry(uid)
        if not entry.is_dir():
            return Condition.MISSING
        record = self.record(uid)
        if record is None:
            return Condition.DAMAGED
        try:
            found = list_files(entry / _FILES)
        except OSError:
            return Condition.DAMAGED
        if [row[:2] for row in found] != [row[:2] for row in record.files]:
            return Condition.DAMAGED
        return Condition.WHOLE if found == list(record.files) else Condition.TOUCHED

    def put(self, staged: pathlib.Path, record: SeriesRecord) -> None:
        """Store ``staged/files``: the record is written last, then everything takes its place in one step.

        `staged` must be on the same file system. What `files` holds must be what `record` says. If the series is
        stored and whole already, that copy stays.
        """
        entry = self.entry(record.uid)
        with atomic_file(staged / MARKER, "w", encoding="utf-8") as stream:
            json.dump({"format": _FORMAT, **vars(record)}, stream)
        if self.condition(record.uid) is Condition.WHOLE:
            shutil.rmtree(staged)
            return
        self.drop(record.uid)
        entry.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged, entry)

    def refresh(self, record: SeriesRecord) -> None:
        """Write the record of a stored series anew."""
        with atomic_file(self.entry(record.uid) / MARKER, "w", encoding="utf-8") as stream:
            json.dump({"format": _FORMAT, **vars(record)}, stream)

    def touch(self, uid: str) -> None:
        """Note that a series is used now, for those who remove what was not used for long."""
        with contextlib.suppress(OSError):              # a cache that can only be read is of use, too
            os.utime(self.entry(uid) / MARKER)

    def drop(self, uid: str) -> None:
        """Remove a stored series, record first, so that a half removed one never counts."""
        entry = self.entry(uid)
        (entry / MARKER).unlink(missing_ok=True)
        if entry.exists():
            shutil.rmtree(entry)


def read_record(path: pathlib.Path, uid: str) -> SeriesRecord:
    """Read a record; InputError if it is not one of series `uid`, OSError if it can not be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        record = SeriesRecord(value["uid"], tuple((str(name), int(size), int(time)) for name, size, time in value["files"]),
                              str(value["sha256"]), tuple(value["references"]), str(value["report_uid"]))
    except (ValueError, TypeError, KeyError):
        raise InputError("damaged record of a cached series", source=path) from None
    if value.get("format") != _FORMAT or record.uid != uid or not record.files:
        raise InputError("record of another series or format", source=path)
    return record


def record_of(uid: str, seen: dict, report_uid: str = "") -> SeriesRecord:
    """The record of a series from what `verify_command` saw."""
    return SeriesRecord(uid, tuple(tuple(row) for row in seen["files"]), seen["sha256"], tuple(seen["references"]), report_uid)


class CacheSource:
    """Series that were downloaded before.

    Parameters
    ----------
    cache : SeriesCache
        Where they are.
    """

    name = "Cache"
    remote = False

    def __init__(self, cache: SeriesCache):
        self._cache = cache

    def find(self, request: SeriesRequest) -> bool:
        """Whether something is stored for the CT."""
        return self._cache.entry(request.ct_uid).is_dir()

    def fetch(self, request: SeriesRequest) -> Sequence:
        """Return the stored files; a job runs only if the times of files changed.

        Raises
        ------
        NotAvailable
            The CT, or the report asked for, is not stored.
        Damaged
            It is, but was changed by somebody else; nothing of it is used.
        """
        yield from self.check(request.ct_uid)
        report_uid = request.sr_uid or self._cache.record(request.ct_uid).report_uid
        report = None
        if report_uid:
            yield from self.check(report_uid)
            report = self._cache.report_file(report_uid)
        self._cache.touch(request.ct_uid)
        return SeriesFiles(self._cache.files_folder(request.ct_uid), report, self.name)

    def check(self, uid: str) -> Sequence:
        """Make sure that a series is stored and whole; raises as `fetch` does."""
        condition, record = self._cache.condition(uid), self._cache.record(uid)
        if condition is Condition.MISSING:
            raise NotAvailable(f"series {uid} is not stored")
        if condition is Condition.TOUCHED:
            seen, = yield verify_job((self._cache.files_folder(uid), uid))
            if seen["sha256"] != record.sha256:
                condition = Condition.DAMAGED
            else:
                self._cache.refresh(record_of(uid, seen, record.report_uid))
        if condition is Condition.DAMAGED:
            raise Damaged(f"the stored files of series {uid} were changed or are incomplete; they are not used")
