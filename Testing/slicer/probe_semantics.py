"""Tries every row of docs/slicer-api-semantics.md in the application that runs: a real Slicer, or the host.

`probe_rows` needs nothing else. It opens no dialog, and leaves scene, layout, settings and DICOM database as they were. What
wrong arguments make Slicer say stands in its error log.
"""
import contextlib
import pathlib
import sys

sys.path[:0] = [folder for folder in [str(pathlib.Path(__file__).resolve().parent)] if folder not in sys.path]

import probe_dicom  # noqa: E402
import probe_marks  # noqa: E402
import probe_scene  # noqa: E402
import probe_views  # noqa: E402
from probe_tools import NotHere, described  # noqa: E402
from semantics_table import read_rows  # noqa: E402

PROBES = {**probe_views.PROBES, **probe_scene.PROBES, **probe_marks.PROBES, **probe_dicom.PROBES}


def probe_rows():
    """Try all rows.

    Returns
    -------
    list of dict
        For each row of the table ``call``, ``argument``, ``expected`` and ``seen`` (what a right argument gives, and what a
        wrong one), and ``as_said``: bool, or None where it can not be tried in this application, with the reason in ``seen``.
    """
    return [{"call": row.call, "argument": row.argument, **_tried(row)} for row in read_rows()]


def _tried(row):
    expected = "right: True" + (f"; not there: {row.not_there}" if row.not_there else "")
    probe = PROBES.get(row.call)
    if probe is None:
        return {"expected": expected, "seen": "no probe", "as_said": False}
    try:
        with contextlib.ExitStack() as cleaning:
            answer = probe(cleaning)
    except NotHere as reason:
        return {"expected": expected, "seen": f"not tried: {reason}", "as_said": None}
    except Exception as error:                          # a call that is refused is an answer, too
        return {"expected": expected, "seen": f"{type(error).__name__}: {str(error)[:200]}", "as_said": False}
    right, wrong = answer if isinstance(answer, tuple) else (answer, None)
    seen = f"right: {bool(right)}" + (f"; not there: {described(wrong)}" if row.not_there else "")
    return {"expected": expected, "seen": seen, "as_said": seen == expected}
