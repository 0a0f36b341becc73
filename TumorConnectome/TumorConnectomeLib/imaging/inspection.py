"""One look at a CT folder and its report: what the module needs before it loads them, as plain JSON."""
import argparse
import pathlib

from ..base.errors import InputError
from .ct_series import read_series
from .lesions import find_lesions
from .measurement_store import MeasurementStore
from .measuring import fingerprint, measure
from .sr_boxes import read_sr


def read_study(ct_folder, sr_file=None, series_uid=None):
    """Read a CT series and the lesions of its report.

    Parameters
    ----------
    ct_folder : path
        See `ct_series.read_series`.
    sr_file : path, optional
        See `sr_boxes.read_sr`; without it there are no lesions.
    series_uid : str, optional
        Which CT series, when the folder has several.

    Returns
    -------
    series : CTSeries
    lesions : list of Lesion
    findings : list of str
        What is unusual about both, one line each.

    Raises
    ------
    InputError
        Anything wrong with the CT or the report, or the report is about another series.
    """
    report = read_sr(sr_file) if sr_file is not None else None
    series = read_series(ct_folder, series_uid, {box.sop_uid for box in report.boxes} if report else ())
    lesions, findings = find_lesions(report, series) if report else ([], [])
    return series, lesions, [*series.findings, *(report.findings if report else ()), *findings]


def inspect(ct_folder, sr_file=None, series_uid=None):
    """Return the sorted files of a CT series, the lesions of its report, and what is unusual about them.

    Parameters
    ----------
    ct_folder, sr_file, series_uid
        See `read_study`.

    Returns
    -------
    dict
        For json: ``files`` (absolute paths ascending along the normal), ``series_uid``, ``patient_id``, ``lesions`` (see
        `Lesion.as_record`), ``findings`` (one line each), ``geometry`` (``slices``, ``rows``, ``columns``, ``slice_step_mm``,
        ``pixel_spacing_mm`` rows first), ``placement`` (``first_lps`` and ``last_lps``: centers of the first pixel of the first
        and last slice; ``axes_lps`` and ``frame_of_reference_uid``, as in `CTSeries`), ``stack`` (for each file
        ``positions_lps``, ``sop_uids`` and ``pixels``, see `PixelForm.to_record`).

    Raises
    ------
    InputError
        See `read_study`.
    """
    return _described(*read_study(ct_folder, sr_file, series_uid))


def inspect_command(arguments, report):
    """Worker command ``inspect --ct DIR [--sr FILE] [--series UID] [--measure CACHE_FOLDER]``: a study that will be loaded.

    Returns what `inspect` does. With ``--measure`` the series and its lesions are measured, too, for `MeasurementStore`; what
    prevents that is one of the findings.

    Raises
    ------
    InputError
        See `inspect`, but a report that can not be used is told and the CT read all the same; or Slicer's reader can not
        decode the pixels, or they are no gray values on any slice.
    """
    parser = argparse.ArgumentParser("inspect")
    parser.add_argument("--ct", required=True)
    parser.add_argument("--sr")
    parser.add_argument("--series")
    parser.add_argument("--measure")
    options = parser.parse_args(arguments)
    report(None, "Reading the CT's geometry and the report")
    series, lesions, findings = read_usable_study(options.ct, options.sr, options.series)
    if series.undecodable:
        raise InputError(f"the pixels are stored as {series.undecodable}, which Slicer can not decode", source=series.files[0],
                         expected="uncompressed pixels, RLE, JPEG, JPEG-LS or JPEG 2000")
    problems = [(file, form.problem) for file, form in zip(series.files, series.pixels) if form.problem]
    if len(problems) == len(series.files):
        raise InputError(f"the pixels can not be shown: {problems[0][1]}", source=problems[0][0],
                         expected="gray values of a CT, one sample a pixel")
    if options.measure and (lesions or options.sr is None):
        report(None, "Measuring the lesions")
        try:
            MeasurementStore(options.measure).add(measure(series, lesions, fingerprint(options.ct, options.sr)))
        except OSError as error:                        # a full disk, say: the images can be shown all the same
            findings = [*findings, f"The measurements could not be stored: {error.strerror or error}"]
    return _described(series, lesions, findings)


def read_usable_study(ct_folder, sr_file, series_uid):
    """What `read_study` returns; without boxes, and told why, when the report is there but can not be used for this CT."""
    try:
        return read_study(ct_folder, sr_file, series_uid)
    except InputError as error:
        if sr_file is None or not pathlib.Path(sr_file).is_file():
            raise
        series, lesions, findings = read_study(ct_folder, None, series_uid)
        return series, lesions, [*findings, f"No boxes: {error}"]


def _described(series, lesions, findings):
    return {
        "files": [str(file) for file in series.files],
        "series_uid": series.series_uid,
        "patient_id": series.patient_id,
        "lesions": [lesion.as_record() for lesion in lesions],
        "findings": findings,
        "geometry": {"slices": len(series.files), "rows": series.rows, "columns": series.columns,
                     "slice_step_mm": series.slice_step_mm, "pixel_spacing_mm": list(series.pixel_spacing_mm)},
        "placement": {"first_lps": series.positions_lps[0].tolist(), "last_lps": series.positions_lps[-1].tolist(),
                      "axes_lps": series.axes_lps.tolist(),
                      "frame_of_reference_uid": series.frame_of_reference_uid},
        "stack": {"positions_lps": series.positions_lps.tolist(), "sop_uids": list(series.sop_uids),
                  "pixels": [form.to_record() for form in series.pixels]},
    }
