"""Measures many series whose files are on this machine, one after the other; what was measured before is skipped."""
from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..base.errors import InputError, NotAvailable, TumorConnectomeError
from ..cohort.cohort import Cohort
from .folder_source import find_series, index_folder
from .inspection import read_study
from .measurement_store import MeasurementStore
from .measuring import fingerprint, measure
from .sources import SeriesFiles, SeriesRequest, series_request


@dataclass
class Outcome:
    """How it went: patients measured, of them now and not before, without images here, and (PatientID, problem) of others."""

    measured: int = 0
    new: int = 0
    absent: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)


class FolderFiles:
    """Finds series in a local folder of DICOM files; the folder is looked through once.

    Parameters
    ----------
    folder, cache_folder : path
        See `FolderSource`.
    report : callable
        Progress of the first look.
    """

    def __init__(self, folder, cache_folder, report):
        self._folder, self._cache_folder, self._report = pathlib.Path(folder), pathlib.Path(cache_folder), report
        self._index = None

    def __call__(self, request: SeriesRequest) -> SeriesFiles:
        """Files of a request; NotAvailable when the folder does not have them."""
        if self._index is None:
            self._index = index_folder(self._folder, self._cache_folder, self._report)
        answer = find_series(self._folder, self._index, request, self._cache_folder)
        if "missing" in answer:
            raise NotAvailable(answer["missing"])
        return SeriesFiles(answer["ct_folder"], answer["report"], str(self._folder))


def request_of(cohort: Cohort) -> list[SeriesRequest | InputError]:
    """The series of every patient, in row order; the error where the table does not name them."""
    requests = []
    for patient in cohort.patient_ids:
        try:
            requests.append(series_request(cohort, patient))
        except InputError as error:
            requests.append(error)
    return requests


def measure_all(requests: Sequence[SeriesRequest | InputError], finders: Sequence[Callable[[SeriesRequest], SeriesFiles]],
                store: MeasurementStore, report: Callable[[float, str], None] = lambda fraction, message="": None) -> Outcome:
    """Measure the series of some requests, those whose files did not change since they were measured left out.

    Every measurement is stored at once: when the process is stopped, the next one goes on behind it.

    Parameters
    ----------
    requests : sequence of SeriesRequest or InputError
        See `request_of`; a patient without series counts as absent.
    finders : sequence of callable
        Asked in their order; each returns the SeriesFiles of a request or raises NotAvailable.
    store : MeasurementStore
    report : callable
        Called with the fraction done and a text.
    """
    outcome = Outcome()
    store.update()
    for number, request in enumerate(requests):
        if isinstance(request, InputError):
            outcome.absent += 1
            continue
        report(number / len(requests), f"Measuring patient {request.patient_id} ({number + 1} of {len(requests)})")
        try:
            outcome.new += _measured_now(request, _found(request, finders), store)
            outcome.measured += 1
        except NotAvailable:
            outcome.absent += 1
        except TumorConnectomeError as error:
            outcome.problems.append((request.patient_id, str(error)))
        except OSError as error:
            outcome.problems.append((request.patient_id, f"{error.filename}: {error.strerror or error}"))
    report(1.0, "Measured")
    return outcome


def _found(request, finders):
    """The files from the first finder that has them; a damaged copy gives way to the next one."""
    problem = None
    for find in finders:
        try:
            return find(request)
        except NotAvailable:
            continue
        except TumorConnectomeError as error:
            problem = problem or error
    raise problem or NotAvailable(f"no images of patient {request.patient_id} here")


def _measured_now(request, files, store):
    """Measure one series unless its files are those of its stored measurement; returns whether it did."""
    mark, known = fingerprint(files.ct_folder, files.sr_file), store.measurements.get(request.ct_uid)
    if known is not None and known.files == mark:
        return False
    series, lesions, _ = read_study(files.ct_folder, files.sr_file, request.ct_uid)
    store.add(measure(series, lesions, mark))
    return True
