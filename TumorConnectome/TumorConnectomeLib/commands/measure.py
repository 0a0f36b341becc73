"""Command ``measure`` and the worker of that name: lesion boxes and scans of all patients whose images are on this machine."""
import argparse
import pathlib
import sys

from ..base.errors import NotAvailable
from ..base.files import default_cache_folder
from ..cohort.column_titles import MEASURED
from ..cohort.measurements import lesion_rows
from ..imaging.cohort_measuring import FolderFiles, measure_all, request_of
from ..imaging.measurement_store import MeasurementStore
from ..imaging.series_cache import CacheSource, SeriesCache
from ..imaging.sources import SeriesFiles
from ..synthetic.source import SyntheticSource
from ..synthetic.study import stored_study
from ..work.jobs import run_blocking
from .tables import add_data_option, add_out_option, add_rows_option, cohort_of, write_csv

#: of the CSV file; for those of MEASURED see `cohort.column_titles`
COLUMNS = ("PatientID", "CT_SeriesInstanceUID", "lesion", *MEASURED, "side_note")
_DESCRIPTION = """\
One row per lesion box, largest first, of every patient whose CT is in the cache or in the folder of --images; nothing is
downloaded. Lengths in mm, volumes in mL, voltage in kV, as the columns' names say. 'measured_side': of the patient, by the
box's center against the midline of the body's area on the CT slices around it ('midline_mm', positive to the left); Uncertain
closer than 10 mm to it (25 to 75 mm when the body is cut off, 40 mm when only the middle of the image is known; 'side_note'
says so). What was measured before is not measured again unless its files changed: stop it and start it again as you like."""


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("measure", help="sizes, body side, kernel, ... of all lesion boxes, as CSV",
                                   description=_DESCRIPTION)
    add_data_option(parser)
    add_rows_option(parser)
    _add_places(parser)
    add_out_option(parser)
    parser.set_defaults(run=run)


def _add_places(parser):
    parser.add_argument("--images", type=pathlib.Path, metavar="DIR", help="folder of DICOM files, with its subfolders")
    parser.add_argument("--cache", type=pathlib.Path, default=default_cache_folder(),
                        help="folder of downloaded series (default: the cache of the module)")
    parser.add_argument("--store", type=pathlib.Path, default=default_cache_folder(), metavar="CACHE",
                        help="folder that keeps the measurements (default: the cache of the module)")


def run(options):
    """Measure, write the CSV file; returns 0. Raises InputError for a cohort that can not be read."""
    cohort = cohort_of(options)

    def report(fraction, message=""):
        print(f"\r{100 * fraction:3.0f} % {message[:100]:<100}", end="", file=sys.stderr, flush=True)

    outcome = _measure(cohort, options, report)
    print(file=sys.stderr)
    store = MeasurementStore(options.store)
    store.update()
    uids = cohort.patients.get("CT_SeriesInstanceUID", [""] * len(cohort.patients))
    write_csv(options.out, COLUMNS, lesion_rows(cohort.patient_ids, uids, store.measurements))
    for patient, problem in outcome.problems:
        print(f"Note: patient {patient}: {problem}", file=sys.stderr)
    print(f"{outcome.measured} of {len(cohort.patients)} patients measured ({outcome.new} of them now), "
          f"{outcome.absent} without images here, {len(outcome.problems)} refused; written to {options.out}")
    return 0


def measure_command(arguments, report):
    """Worker command ``measure --prepared FILE [--cache FOLDER] [--images FOLDER] [--store FOLDER]``.

    Returns
    -------
    dict
        ``measured``, ``new``, ``absent``: numbers of patients; ``problems``: list of [PatientID, why it was refused]. The
        measurements themselves are in the MeasurementStore.
    """
    parser = argparse.ArgumentParser(prog="measure")
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    _add_places(parser)
    options = parser.parse_args(arguments)
    report(0.0, "Reading the cohort")
    outcome = _measure(cohort_of(options), options, report)
    return {"measured": outcome.measured, "new": outcome.new, "absent": outcome.absent,
            "problems": [list(problem) for problem in outcome.problems]}


def _measure(cohort, options, report):
    if cohort.synthetic:
        finders = [_synthetic_files(options.cache / "synthetic")]
    else:
        cache = CacheSource(SeriesCache(options.cache))
        finders = [lambda request: run_blocking(cache.fetch(request))]
        if options.images:
            finders.append(FolderFiles(options.images, options.cache, report))
    return measure_all(request_of(cohort), finders, MeasurementStore(options.store), report)


def _synthetic_files(folder):
    """Finds the studies of made-up patients that have been generated before; none is generated for this."""
    source = SyntheticSource(folder)

    def find(request):
        found = stored_study(request.patient_id, folder / request.patient_id) if source.find(request) else None
        if found is None:
            raise NotAvailable("not generated yet")
        return SeriesFiles(*found, "Synthetic")
    return find
