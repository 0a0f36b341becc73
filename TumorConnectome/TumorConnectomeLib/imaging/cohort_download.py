"""Download a published cohort into the cache: every file is whole and verified, or not there at all."""
from __future__ import annotations

import argparse
import contextlib
import functools
import pathlib
import shutil
import time
from collections.abc import Callable

from ..base.files import default_cache_folder
from ..cohort.nlst import CACHE_PART, PublishedCohort, PublishedFile, git_blob_id, published_cohort
from ..work.jobs import PythonJob, Sequence
from .clinical_source import CLINICAL_PART
from .file_lock import exclusive
from .http_file import Patience, RemoteFile, fetch_file
from .transfer_errors import TransferFailed

_MEGABYTE = 1e6
#: folders of the cache that count as downloaded for a published cohort
_PARTS = CACHE_PART, CLINICAL_PART
#: seconds between two messages about the same file
_REPORT_EVERY = 0.1
#: seconds without a message after which the worker counts as dead: longer than its own patience
_SILENCE_LIMIT = 120.0


def download_sequence() -> Sequence:
    """Jobs that leave the published cohort in the cache; returns what the worker says (see `fetch_cohort_command`)."""
    cohort = published_cohort()
    job = PythonJob(f"Downloading the {cohort.name} cohort", "fetch-cohort", "--to", cohort.folder())
    job.silence_limit = _SILENCE_LIMIT
    return (yield job)


def fetch_cohort_command(arguments: list[str], report: Callable[[float | None, str], None]) -> dict:
    """Worker: ``--to FOLDER [--silence S] [--tries N]``; nothing of what arrives is executed.

    Returns
    -------
    dict
        ``folder``; ``fetched`` and ``found``: number of files that came now, or were here and are verified.

    Raises
    ------
    Busy
        Another process is at it.
    TransferFailed
        Not all files came; what is here is kept for the next try.
    """
    parser = argparse.ArgumentParser(prog="fetch-cohort")
    parser.add_argument("--to", required=True, type=pathlib.Path)
    parser.add_argument("--silence", type=float, default=Patience.silence)
    parser.add_argument("--tries", type=int, default=Patience.tries)
    options = parser.parse_args(arguments)
    cohort = published_cohort()
    report(0.0, f"Looking for the {cohort.name} cohort on this computer")
    with exclusive(options.to / ".lock", f"the {cohort.name} cohort"):
        fetched = _fetch_all(cohort, options.to, report, Patience(silence=options.silence, tries=options.tries))
    return {"folder": str(options.to), "fetched": fetched, "found": len(cohort.files) - fetched}


def _fetch_all(cohort: PublishedCohort, folder: pathlib.Path, report, patience) -> int:
    fetched = 0
    for number, file in enumerate(cohort.files):
        progress = _Progress(report, cohort, number)
        remote = RemoteFile(cohort.base + file.path, folder / file.name, functools.partial(difference, file=file), file.size)
        try:
            fetched += fetch_file(remote, progress, patience)
        except TransferFailed as error:
            here = sum((folder / other.name).exists() for other in cohort.files[:number])
            raise TransferFailed(error.kind, f"{file.model}: {error}. {here} of {len(cohort.files)} files are here and verified"
                                 "; the next try continues") from None
    return fetched


class _Progress:
    """Turns bytes of one file into messages about all of them."""

    def __init__(self, report, cohort, number):
        self._report, self._last, self._first = report, 0.0, None
        self._place, self._count = number, len(cohort.files)
        self._title = f"File {number + 1} of {self._count}, {cohort.files[number].model}: "

    def __call__(self, here, total):
        now = time.monotonic()
        if self._first is None:
            self._first = now, here
        if now - self._last < _REPORT_EVERY and here != total:
            return
        self._last = now
        seconds, size = now - self._first[0], here - self._first[1]
        speed = f", {size / seconds / _MEGABYTE:.1f} MB/s" if seconds > _REPORT_EVERY else ""
        whole = f" of {total / _MEGABYTE:.1f}" if total else ""
        part = here / total if total else 0.5
        self._report((self._place + part) / self._count, f"{self._title}{here / _MEGABYTE:.1f}{whole} MB{speed}")


def difference(path: pathlib.Path, file: PublishedFile) -> str:
    """What tells a file on disk from the published one; "" if nothing does."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return f"{size} bytes instead of {file.size}"
    blob = git_blob_id(path)
    return "" if blob == file.blob else f"its git blob id is {blob[:10]} instead of {file.blob[:10]}"


def downloaded_bytes(cache=None) -> int:
    """Bytes of published cohorts and clinical tables in the cache, unfinished files included."""
    count, root = 0, pathlib.Path(cache or default_cache_folder())
    for path in (path for part in _PARTS for path in (root / part).rglob("*")):
        with contextlib.suppress(FileNotFoundError):    # a download may rename its files meanwhile
            count += path.stat().st_size if path.is_file() else 0
    return count


def remove_downloads(cache=None) -> None:
    """Remove published cohorts and clinical tables from the cache; Busy if a cohort is being downloaded."""
    cohort = published_cohort()
    root = pathlib.Path(cache or default_cache_folder())
    with exclusive(root / cohort.place / ".lock", f"the {cohort.name} cohort"):
        for part in _PARTS:
            shutil.rmtree(root / part, ignore_errors=True)
