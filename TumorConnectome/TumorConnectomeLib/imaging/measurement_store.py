"""Measurements in one file of the cache: a line for each series, written in one piece, checked when read."""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import time

from ..base.errors import InputError
from ..cohort.measurements import SeriesMeasurement, measurement_of_record
from .file_lock import Busy, exclusive

#: part of every line: raise it when what is measured, or how, changes
VERSION = 2
#: so long a writer waits for another one [s]
_PATIENCE_S = 10.0


class MeasurementStore:
    """The file ``measurements.jsonl`` in the cache folder.

    Lines are only added: the last one of a series counts. A line that was cut off by a crash, changed, or written by another
    version counts as not there, so that the series is measured again.

    Parameters
    ----------
    folder : path
        The cache folder (base.files.default_cache_folder()).

    Attributes
    ----------
    measurements : dict of str to SeriesMeasurement
        By SeriesInstanceUID of the CT, as of the last `update`.
    damaged : int
        Lines that are no measurements.
    """

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "measurements.jsonl"
        self.measurements: dict[str, SeriesMeasurement] = {}
        self.damaged, self._read = 0, 0

    def update(self) -> bool:
        """Read what was added since the last time; returns whether there was anything."""
        try:
            size = self.path.stat().st_size
            if size < self._read:                       # emptied by the user or another process
                self.measurements, self.damaged, self._read = {}, 0, 0
            if size == self._read:
                return False
            with open(self.path, "rb") as stream:
                stream.seek(self._read)
                added = stream.read()
        except FileNotFoundError:
            emptied = bool(self.measurements)
            self.measurements, self.damaged, self._read = {}, 0, 0
            return emptied
        whole = added[:added.rfind(b"\n") + 1]          # the rest is being written just now, or never will be
        self._read += len(whole)
        for line in whole.splitlines():
            if line.strip():
                self._take(line)
        return bool(whole)

    def add(self, measurement: SeriesMeasurement) -> None:
        """Write a measurement, unless the file has the same one; for worker processes: it may wait for another writer.

        Raises
        ------
        Busy
            Another process has held the file for a long time.
        """
        self.update()
        if self.measurements.get(measurement.series_uid) == measurement:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _patient(self.path.with_suffix(".lock")), open(self.path, "ab+") as stream:
            end = stream.seek(0, os.SEEK_END)
            broken = False
            if end:
                stream.seek(end - 1)
                broken = stream.read(1) != b"\n"
            stream.write((b"\n" if broken else b"") + _line(measurement))
            stream.flush()
            os.fsync(stream.fileno())
        self.update()

    def _take(self, line):
        try:
            entry = json.loads(line)
            if entry["version"] != VERSION:
                return
            if entry["check"] != _check(entry["measurement"]):
                raise InputError("the checksum differs")
            measurement = measurement_of_record(entry["measurement"])
        except (ValueError, KeyError, TypeError, RecursionError, InputError):
            self.damaged += 1
            return
        self.measurements[measurement.series_uid] = measurement


def _line(measurement):
    record = measurement.as_record()
    return json.dumps({"version": VERSION, "check": _check(record), "measurement": record}, allow_nan=False).encode() + b"\n"


def _check(record):
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


@contextlib.contextmanager
def _patient(path):
    """Hold a lock file, waiting for whoever holds it."""
    end = time.monotonic() + _PATIENCE_S
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(exclusive(path, "the file of measurements"))
                break
            except Busy:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        yield
