"""Download series from a public bucket with s5cmd, so that it can be watched, stopped and continued."""
from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import pathlib
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..base.errors import InputError, PackageMissing
from ..work.jobs import Job, Progress, Transfer
from .idc_series import IdcSeries
from .transfer_errors import TransferFailed, classify

#: files under way at once: few enough that a file is finished every few seconds on a slow line (silence_limit)
_WORKERS = 8
_MEGABYTE = 1e6
#: s5cmd must not pick up the user's own Amazon settings; the region saves a request (all IDC buckets are there)
_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
                "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_REGION": "us-east-1"}


@dataclass(frozen=True)
class Endpoint:
    """An S3 service that has the IDC buckets.

    Parameters
    ----------
    name : str
        As shown to the user.
    url : str
        Its address.
    google : bool
        Whether the buckets have Google's names.
    """

    name: str
    url: str
    google: bool = False

    def address(self, series: IdcSeries) -> str:
        """``s3://`` pattern of all files of a series."""
        return f"s3://{series.google_bucket if self.google else series.bucket}/{series.uuid}/*"


@dataclass(frozen=True)
class Target:
    """A series to download and the folder its files go to."""

    series: IdcSeries
    folder: pathlib.Path

    def sizes(self) -> list[int]:
        """Sizes in bytes of the files that have arrived: only those have their final name."""
        if not self.folder.is_dir():
            return []
        with os.scandir(self.folder) as entries:
            return [entry.stat().st_size for entry in entries if entry.name.endswith(".dcm")]

    def clean(self) -> None:
        """Make the folder, and remove what a killed s5cmd left in it (``<name>.dcm<number>``)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            if path.is_file() and not path.name.endswith(".dcm"):
                with contextlib.suppress(OSError):      # an s5cmd that has not quite ended may remove it first
                    path.unlink()

    @property
    def whole(self) -> bool:
        """Whether number and total size of the files are those of the series."""
        sizes = self.sizes()
        return len(sizes) == self.series.files and sum(sizes) == self.series.bytes


class S5cmdJob(Job):
    """One run of s5cmd. Files that lie in the target folders already are not fetched again.

    `finish` returns the ETag of each file by its name when every target is whole, else raises TransferFailed; what has
    arrived stays for the next try, unless it is not what IDC lists.

    Parameters
    ----------
    executable : path
        s5cmd itself.
    endpoint : Endpoint
        Where to download from.
    targets : sequence of Target
        What, and where to.
    run_file : path
        File for the s5cmd commands; written when the job starts.
    retries : int
        How often s5cmd repeats a failed request (it waits longer each time; 3 is about 5 s).
    silence_limit : float
        Seconds without a finished file after which the server counts as stalled. With 0.5 MB files, 8 at a time,
        45 s means slower than 0.1 MB/s.
    clock : callable
        Seconds, for the speed.
    """

    safe_to_kill = True

    def __init__(self, executable: str | os.PathLike, endpoint: Endpoint, targets: Sequence[Target], run_file: pathlib.Path,
                 retries: int = 3, silence_limit: float = 45.0, clock: Callable[[], float] = time.monotonic):
        self._executable, self._endpoint, self._targets, self._run_file = str(executable), endpoint, tuple(targets), run_file
        self._retries, self.silence_limit, self._clock = retries, silence_limit, clock
        self.title = f"Downloading from IDC ({endpoint.name})"
        self._etags = {}
        self._started, self._fetched_files, self._fetched_bytes, self._here = None, 0, 0, (0, 0)
        self._total = sum(t.series.files for t in self._targets), sum(t.series.bytes for t in self._targets)

    def command(self):
        lines = []
        for target in self._targets:
            target.clean()
            source, destination = self._endpoint.address(target.series), f"{target.folder.as_posix()}/"
            lines.insert(0, f"ls {_quoted(source)}")
            if target.whole:
                continue
            # comparing with files that are here costs a request each: not when there are none
            options = "--no-clobber --if-size-differ " if target.sizes() else ""
            lines.append(f"cp {options}{_quoted(source)} {_quoted(destination)}")
        self._run_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        sizes = [size for target in self._targets for size in target.sizes()]
        self._here, self._started = (len(sizes), sum(sizes)), self._clock()
        return [self._executable, "--no-sign-request", "--endpoint-url", self._endpoint.url,
                "--retry-count", str(self._retries), "--numworkers", str(_WORKERS), "--json", "run", str(self._run_file)]

    def environment(self):
        return dict(_ENVIRONMENT)

    def feed(self, line):
        try:
            message = json.loads(line)
            if "etag" in message:
                self._etags[str(message["key"]).rpartition("/")[2]] = str(message["etag"]).strip('"')
                return None
            if not message.get("success"):
                return None
            size = int(message["object"]["size"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return None                                 # not a line about a file
        self._fetched_files += 1
        self._fetched_bytes += size
        transfer = self.transfer
        return Progress(transfer.fraction, transfer.text())

    @property
    def transfer(self):
        """How far it is: files that were here before it started count, but not for the speed."""
        seconds = self._clock() - self._started if self._started is not None else 0.0
        files, size = self._here[0] + self._fetched_files, self._here[1] + self._fetched_bytes
        return Transfer(files, self._total[0], size, self._total[1], self._fetched_bytes / max(seconds, 1e-3))

    def finish(self, exit_code, errors):
        if all(target.whole for target in self._targets) and len(self._etags) == self._total[0]:
            return self._etags
        problem = classify(errors, self._endpoint.name, exit_code)
        here = sum(len(target.sizes()) for target in self._targets)
        self.stopped()
        for target in self._targets:
            sizes = target.sizes()
            if sum(sizes) > target.series.bytes or len(sizes) >= target.series.files and not target.whole:
                shutil.rmtree(target.folder)            # continuing from files that are not IDC's could never succeed
                raise TransferFailed("wrong", f"{self._endpoint.name} sent {len(sizes)} files of {sum(sizes)} bytes for series "
                                     f"{target.series.uid}, but IDC lists {target.series.files} files of {target.series.bytes} "
                                     "bytes; they were removed")
        kept = f"; {here} of {self._total[0]} files are here and kept for the next try" if here else ""
        raise TransferFailed(problem.kind, f"{problem}{kept}")

    def stopped(self):
        for target in self._targets:
            target.clean()


def find_s5cmd() -> pathlib.Path:
    """The s5cmd executable: that of the Python package s5cmd, else the one on the PATH.

    The package's script of that name is not used: it starts the executable as a child, which would go on when the
    script is ended.

    Raises
    ------
    PackageMissing
        There is none.
    """
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.distribution("s5cmd").files or ():
            if re.fullmatch(r"s5cmd/bin/s5cmd(\.exe)?", file.as_posix()) and pathlib.Path(file.locate()).is_file():
                return pathlib.Path(file.locate())
    if found := shutil.which("s5cmd"):
        return pathlib.Path(found)
    raise PackageMissing("to download from IDC the program s5cmd is needed, which is not installed (Python package s5cmd)",
                         "s5cmd")


def require_space(folder: pathlib.Path, needed: int, promised: int = 0, margin: int = 100_000_000) -> None:
    """Raise TransferFailed if the disk of `folder` has not `needed` bytes free, with a margin and what others were promised."""
    free = shutil.disk_usage(folder).free
    if free < needed + promised + margin:
        others = f" besides {promised / _MEGABYTE:.0f} MB for other downloads" if promised else ""
        raise TransferFailed("disk full", f"not enough free disk space in {folder}: {(needed + margin) / _MEGABYTE:.0f} MB "
                             f"are needed{others}, {free / _MEGABYTE:.0f} MB are free")


def check_folder(folder: pathlib.Path) -> None:
    """Make a folder for downloads if it is not there.

    Raises
    ------
    InputError
        It can not be made or written, or s5cmd has no way to write its name.
    """
    _quoted(folder.as_posix())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"can not be written ({error.strerror or error})", source=folder,
                         expected="a folder for downloaded images") from None


def _quoted(text):
    # s5cmd splits its lines as a POSIX shell does, on every platform, and has no way to write '*', '?' or a newline
    if set(text.removesuffix("*")) & set("*?\r\n"):
        raise InputError(f"the cache folder {text!r} can not be used", expected="a path without '*', '?' and line breaks")
    return shlex.quote(text)
