"""Makes a cohort from a folder of published embedding files and, if there is one, a patient table."""
from __future__ import annotations

import pathlib

from .cohort import Cohort
from .embedding_pickle import EmbeddingRows, read_embedding_pickle
from .errors import InputError
from .facets import standard_facets
from .files import sha256_of_files, visible_files
from .patient_table import as_text, find_patient_table, normalized, patient_record, read_patient_table

SUFFIX = "_features.pkl"


def cohort_files(folder) -> list[pathlib.Path]:
    """The files a cohort is made of: ``*_features.pkl`` in `folder` or its ``embeddings``, then the patient table.

    Raises InputError when there is no embedding file.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise InputError("no such folder", source=folder, expected=f"a folder with *{SUFFIX} files")
    pickles = visible_files(folder, "*" + SUFFIX) or visible_files(folder / "embeddings", "*" + SUFFIX)
    if not pickles:
        raise InputError("no embedding files", source=folder, expected=f"*{SUFFIX} in it or in its folder 'embeddings'")
    table = find_patient_table(folder)
    return [*pickles, *([table] if table else [])]


def read_cohort(folder, report=lambda fraction, message="": None) -> Cohort:
    """Read a folder of embedding files as a Cohort with one row per patient.

    A patient is kept when every file has exactly one row for it, as the published cohort does: several rows are mostly
    follow-up scans of the same tumour. The numbers left out stand in the provenance.

    Parameters
    ----------
    folder : path
        Holds ``MODEL_features.pkl`` files, itself or in ``embeddings``, and may hold a patient table (CSV).
    report : callable
        Called with the fraction done and a text.

    Raises
    ------
    InputError
        A file is not what it should be (the text names file and row), or no patient remains.
    """
    files = cohort_files(folder)
    pickles = [path for path in files if path.name.endswith(SUFFIX)]
    table_path = next((path for path in files if path.suffix == ".csv"), None)
    per_model = {}
    for number, path in enumerate(pickles):
        report(number / len(pickles), f"Reading {path.name}")
        per_model[path.name.removesuffix(SUFFIX)] = read_embedding_pickle(path)
    single = {model: _single_rows(rows) for model, rows in per_model.items()}
    seen = set().union(*(_patient_ids(rows) for rows in per_model.values()))
    kept = sorted(set.intersection(*(set(rows) for rows in single.values())))
    if not kept:
        raise InputError(f"none of the {len(seen)} patients has exactly one row in every file", source=folder)
    first = next(iter(per_model))
    _check_same_series(per_model, single, kept, first)
    places = [single[first][patient] for patient in kept]
    patients = normalized([patient_record(per_model[first].rows[place]) for place in places],
                          source=per_model[first].path, rows=[place + 1 for place in places])
    table_note = ""
    if table_path:
        patients, table_note = _joined(patients, table_path)
    embeddings = {model: rows.features[[single[model][patient] for patient in kept]] for model, rows in per_model.items()}
    return Cohort(_cohort_name(folder), patients, embeddings, standard_facets(patients), provenance={
        "synthetic": False,
        "files": ", ".join(path.name for path in files),
        "sha256": sha256_of_files(files),
        "rule": "patients with exactly one row in every file",
        "rows": max(len(rows.rows) for rows in per_model.values()),
        "patients_in_files": len(seen),
        "patients_left_out": len(seen) - len(kept),
        "patient_table": table_note or "none",
    })


def _cohort_name(folder):
    """The published files keep their folder's name; 'embeddings' alone says nothing."""
    path = pathlib.Path(folder).resolve()
    return path.parent.name if path.name == "embeddings" else path.name


def _patient_ids(rows: EmbeddingRows):
    return {as_text(row.get("PatientID")) for row in rows.rows}


def _single_rows(rows: EmbeddingRows) -> dict[str, int]:
    """PatientID -> row index (from 0) for patients with exactly one row."""
    places: dict[str, list[int]] = {}
    for index, row in enumerate(rows.rows):
        patient = as_text(row.get("PatientID"))
        if not patient:
            raise InputError("the row has no PatientID", source=rows.path, row=index + 1)
        places.setdefault(patient, []).append(index)
    return {patient: found[0] for patient, found in places.items() if len(found) == 1}


def _check_same_series(per_model, single, kept, first):
    """A patient's vectors must come from the same CT series in every model, or they can not be compared."""
    for model, rows in per_model.items():
        for patient in kept:
            index = single[model][patient]
            ours, theirs = (as_text(per_model[m].rows[single[m][patient]].get("SeriesInstanceUID")) for m in (model, first))
            if ours != theirs:
                raise InputError(f"patient {patient} has CT series {ours}", source=rows.path, row=index + 1,
                                 expected=f"{theirs} as in {per_model[first].path.name}")


def _joined(patients, path):
    """Join the patient table by PatientID: its values win.

    But the CT series is the one that the embedding was made from. Where the table names another, its other UIDs belong to
    that one and are not used.
    """
    table = read_patient_table(path)
    common = patients.index.intersection(table.index)
    if not len(common):
        raise InputError(f"none of its {len(table)} patients is in the embedding files", source=path,
                         expected=f"PatientIDs such as {patients.index[0]}")
    differing = []
    if "CT_SeriesInstanceUID" in table and "CT_SeriesInstanceUID" in patients:
        ours, theirs = (frame.loc[common, "CT_SeriesInstanceUID"] for frame in (patients, table))
        differing = common[(ours != theirs) & (ours != "") & (theirs != "")]
        table.loc[differing, [name for name in table if name.endswith("InstanceUID")]] = ""
    aligned = table.reindex(patients.index)
    for name in aligned:
        column = aligned[name] if aligned[name].dtype == float else aligned[name].astype(object).fillna("")
        if name in patients:
            known = column.notna() if column.dtype == float else column != ""
            column = column.where(known, patients[name])
        patients[name] = column
    note = f"{path.name}: {len(common)} of {len(patients)} patients"
    return patients, note + (f"; {len(differing)} name another CT series than the embedding" if len(differing) else "")
