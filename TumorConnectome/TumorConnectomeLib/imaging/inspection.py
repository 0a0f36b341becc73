"""One look at a CT folder and its report: what the module needs before it loads them, as plain JSON."""
import argparse

from .ct_series import read_series
from .lesions import find_lesions
from .sr_boxes import read_sr


def inspect(ct_folder, sr_file=None, series_uid=None):
    """Return the sorted files of a CT series, the lesions of its report, and what is unusual about them.

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
    dict
        For json: ``files`` (absolute paths ascending along the normal), ``series_uid``, ``patient_id``, ``lesions`` (see
        `Lesion.as_record`), ``findings`` (one line each), ``geometry`` (``slices``, ``rows``, ``columns``, ``slice_step_mm``,
        ``pixel_spacing_mm`` rows first).

    Raises
    ------
    InputError
        Anything wrong with the CT or the report, or the report is about another series.
    """
    report = read_sr(sr_file) if sr_file is not None else None
    series = read_series(ct_folder, series_uid)
    lesions, findings = find_lesions(report, series) if report else ([], [])
    return {
        "files": [str(file) for file in series.files],
        "series_uid": series.series_uid,
        "patient_id": series.patient_id,
        "lesions": [lesion.as_record() for lesion in lesions],
        "findings": [*series.findings, *(report.findings if report else ()), *findings],
        "geometry": {"slices": len(series.files), "rows": series.rows, "columns": series.columns,
                     "slice_step_mm": series.slice_step_mm, "pixel_spacing_mm": list(series.pixel_spacing_mm)},
    }


def inspect_command(arguments, report):
    """Worker command ``inspect --ct DIR [--sr FILE] [--series UID]``: see `inspect`."""
    parser = argparse.ArgumentParser("inspect")
    parser.add_argument("--ct", required=True)
    parser.add_argument("--sr")
    parser.add_argument("--series")
    options = parser.parse_args(arguments)
    report(None, "Reading the CT's geometry and the report")
    return inspect(options.ct, options.sr, options.series)
