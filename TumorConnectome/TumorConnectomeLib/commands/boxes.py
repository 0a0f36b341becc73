"""The command ``boxes``: the lesions of a structured report in patient coordinates, as JSON."""
import json
import sys

from ..base.files import atomic_file


def boxes(ct, sr, out, series_uid=None):
    """Write the lesions that a report marks on a CT, as a JSON list, full precision, atomically.

    Parameters
    ----------
    ct : path
        Folder of the CT series.
    sr : path
        Structured report file.
    out : path
        JSON file to write: a list of ``center_lps`` [mm], ``size_mm``, ``axes_lps`` (rows: row direction, column direction,
        slice normal), ``slices`` (SOP Instance UIDs), ``tracking_ids``.
    series_uid : str, optional
        Which CT series, when the folder has several.

    Returns
    -------
    dict
        See `imaging.inspection.inspect`.

    Raises
    ------
    InputError
        See `imaging.inspection.inspect`.
    """
    from ..imaging.inspection import inspect

    found = inspect(ct, sr, series_uid)
    with atomic_file(out, "w", encoding="utf-8") as stream:
        json.dump(found["lesions"], stream, indent=2, allow_nan=False)
        stream.write("\n")
    return found


def add_parser(subparsers):
    """Register ``boxes`` with the command line."""
    parser = subparsers.add_parser("boxes", help="lesions of a structured report in patient coordinates (LPS, mm) as JSON")
    parser.add_argument("--ct", required=True, metavar="DIR", help="folder of the CT series")
    parser.add_argument("--sr", required=True, metavar="FILE", help="structured report with the boxes")
    parser.add_argument("--out", required=True, metavar="FILE.json", help="file to write")
    parser.add_argument("--series", metavar="UID", help="Series Instance UID, when the folder has several CT series")
    parser.set_defaults(run=_run)


def _run(options):
    found = boxes(options.ct, options.sr, options.out, options.series)
    for finding in found["findings"]:
        print(f"Note: {finding}", file=sys.stderr)
    count = len(found["lesions"])
    print(f"{count} lesion{'s' * (count != 1)} written to {options.out}")
    return 0
