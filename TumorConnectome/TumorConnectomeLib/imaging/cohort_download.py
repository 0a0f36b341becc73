"""Download a published cohort into the cache: every file is whole and verified, or not there at all."""
from __future__ import annotations

import argparse
import contextlib
import functools
import pathlib
import shutil
from collections.abc import Callable

from ..base.files import default_cache_folder
from ..cohort.nlst import CACHE_PART, PublishedCohort, PublishedFile, git_blob_id, published_cohort
from ..work.jobs import PythonJob, Sequence
from .clinical_source import CLINICAL_PART
from .file_lock import exclusive
from .http_file import Patience, RemoteFile, TransferMessages, fetch_file
from .transfer_errors import TransferFailed

#: folders of the cache that count as downloaded for a published cohort
_PARTS = CACHE_PART, CLINICAL_PART
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
        progress = TransferMessages(functools.partial(_tell, report, cohort, number))
        remote = RemoteFile(cohort.base + file.path, folder / file.name, functools.partial(difference, file=file), file.size)
        try:
            fetched += fetch_file(remote, progress, patience)
        except TransferFailed as error:
            here = sum((folder / other.name).exists() for other in cohort.files[:number])
            raise TransferFailed(error.kind, f"{file.model}: {error}. {here} of {len(cohort.files)} files are here and verified"
                                 "; the next try continues") from None
    return fetched


def _tell(report, cohort, number, share, text):
    """Report the share of one file as one of all files."""
    count, part = len(cohort.files), 0.5 if share is None else share
    report((number + part) / count, f"File {number + 1} of {count}, {cohort.files[number].model}: {text}")


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
