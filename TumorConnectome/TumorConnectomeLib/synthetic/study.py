"""A synthetic study on disk: the CT series, the report with the boxes, and a manifest that tells whether they are whole."""
from __future__ import annotations

import json
import pathlib
import shutil
import time
from collections.abc import Callable

from ..base.errors import InputError
from ..base.files import atomic_folder, sha256_of_files
from .box_report import box_report
from .ct_series import CtSlices
from .lesion_boxes import annotate
from .patients import find_patient
from .phantom import Phantom, whole_ct
from .seeds import GENERATOR_VERSION
from .study_ids import StudyIds

_CT, _SR, _MANIFEST = "ct", "sr.dcm", "manifest.json"
#: seconds without a new file
_ABANDONED_AFTER = 3600.0
#: what operating systems put into folders that people look at
_STRAY = {".DS_Store", "Thumbs.db", "desktop.ini"}


def write_study(patient_id: str, folder, report: Callable[[float | None, str], None] = lambda fraction, message: None
                ) -> tuple[pathlib.Path, pathlib.Path]:
    """Write the study of a synthetic patient, unless it is there already and whole.

    Parameters
    ----------
    patient_id : str
        SYN-001 and so on.
    folder : path
        The study's own folder. A damaged or partial study in it is replaced.
    report : callable
        Told the fraction done and a message.

    Returns
    -------
    tuple of Path
        The folder of the CT files and the file of the structured report.

    Raises
    ------
    InputError
        The patient is not synthetic, or the folder holds something else.
    OSError
        The disk is full or not writable; nothing is left behind.
    """
    patient, folder = find_patient(patient_id), pathlib.Path(folder)
    if not is_whole(patient_id, folder):
        import highdicom  # noqa: F401, if it is missing that is said before the CT is drawn
        _remove_leftovers(folder)
        _remove_damaged(folder)
        with atomic_folder(folder) as temporary:
            _write_files(Phantom(patient), temporary, report)
            report(0.98, "Checking the files")
            manifest = json.dumps({**_identity(patient_id), **_content(temporary)})
            (temporary / _MANIFEST).write_text(manifest, encoding="utf-8")
    report(1.0, f"Synthetic CT of {patient_id} is ready")
    return folder / _CT, folder / _SR


def synthesize_study_command(arguments: list[str], report: Callable[[float | None, str], None]) -> dict[str, str]:
    """Worker command: `write_study` with the arguments patient id and folder."""
    if len(arguments) != 2:
        raise InputError(f"{len(arguments)} arguments", source="synthesize-study", expected="a patient id and a folder")
    ct_folder, sr_file = write_study(*arguments, report)
    return {"ct_folder": str(ct_folder), "sr_file": str(sr_file)}


def is_whole(patient_id: str, folder) -> bool:
    """Return whether `folder` holds this generator's study of the patient, every byte of it."""
    folder = pathlib.Path(folder)
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return manifest == {**_identity(patient_id), **_content(folder)}
    except (OSError, ValueError):
        return False


def stored_study(patient_id: str, folder) -> tuple[pathlib.Path, pathlib.Path] | None:
    """The folder of the CT files and the file of the report, if `folder` holds the whole study; see `write_study`."""
    folder = pathlib.Path(folder)
    return (folder / _CT, folder / _SR) if is_whole(patient_id, folder) else None


def _identity(patient_id):
    return {"synthetic": True, "patient_id": patient_id, "generator_version": GENERATOR_VERSION}


def _content(folder):
    files = sorted(path for path in (folder / _CT).iterdir() if path.name not in _STRAY)
    return {"ct_files": len(files), "sha256": sha256_of_files([*files, folder / _SR])}


def _remove_damaged(folder):
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError("is not a folder", source=folder)
    others = {path.name for path in folder.iterdir()} - {_CT, _SR, _MANIFEST, *_STRAY}
    if others:
        raise InputError(f"holds {min(others)!r}", source=folder, expected="an empty folder or a synthetic study")
    shutil.rmtree(folder)


def _remove_leftovers(folder):
    """Remove what processes that were killed left beside `folder`; one that still works is younger than that."""
    for path in folder.parent.glob(f".{folder.name}.*.part"):
        if time.time() - path.stat().st_mtime > _ABANDONED_AFTER:
            shutil.rmtree(path, ignore_errors=True)


def _write_files(phantom, folder, report):
    ids = StudyIds(phantom.patient.patient_id)
    boxes = annotate(phantom)
    annotated, evidence = {box.index for box in boxes}, {}
    slices, count = CtSlices(phantom), phantom.grid.shape[0]
    (folder / _CT).mkdir()
    for first, hu in whole_ct(phantom):
        report(0.02 + 0.92 * first / count, f"Computing synthetic CT of {ids.patient_id}, slice {first + 1} of {count}")
        for index, pixels in enumerate(hu, start=first):
            image = slices.data_set(index, pixels)
            image.save_as(folder / _CT / f"{slices.instance_number(index):04d}.dcm", enforce_file_format=True)
            if index in annotated:
                evidence[index] = image
    report(0.95, "Writing the boxes")
    box_report(ids, boxes, [evidence[box.index] for box in boxes]).save_as(folder / _SR, enforce_file_format=True)
