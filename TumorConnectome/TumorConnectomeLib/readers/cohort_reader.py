"""Makes a cohort from a folder of published embedding files and, if there is one, a patient table."""
from __future__ import annotations

import pathlib
from dataclasses import replace

import numpy as np

from ..base.errors import InputError
from ..base.files import sha256_of_files, visible_files
from ..cohort.cohort import Cohort
from ..cohort.facets import standard_facets
from ..cohort.nlst import add_known_studies, published_cohort, verification
from ..cohort.row_rules import PATIENT_OF_NODE, RowRule
from .delimited import read_patients
from .embedding_pickle import EmbeddingRows, read_embedding_pickle
from .joining import aligned, filled, joined_columns
from .patient_table import find_patient_table, patient_table
from .published_file import read_published
from .row_selection import select_rows, vectors_of

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


def read_all_rows(folder) -> dict[str, EmbeddingRows]:
    """All rows of every embedding file of a folder, by model; see `read_embedding_pickle` for errors."""
    return {path.name.removesuffix(SUFFIX): read_embedding_pickle(path) for path in cohort_files(folder)
            if path.name.endswith(SUFFIX)}


def read_cohort(folder, report=lambda fraction, message="": None, rule: RowRule = RowRule.SINGLE) -> Cohort:
    """Read a folder of embedding files as a Cohort.

    By default a patient is kept when every file has exactly one row for it, as the published cohort does: several rows are
    mostly follow-up scans of the same tumor. What was left out stands in the provenance.

    Parameters
    ----------
    folder : path
        Holds ``MODEL_features.pkl`` files, itself or in ``embeddings``, and may hold a patient table (CSV).
    report : callable
        Called with the fraction done and a text.
    rule : RowRule
        What becomes of patients with several rows.

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
        model = path.name.removesuffix(SUFFIX)
        per_model[model] = read_published(path, model)
    selection = select_rows(per_model, rule)
    first = next(iter(per_model))
    columns = joined_columns([per_model[first]], replace(selection, rows={"0": selection.rows[first]}), rule)
    patients, table_note = patient_table(selection.names, columns, [PATIENT_OF_NODE])[0], ""
    if table_path:
        patients, table_note = _with_table(patients, rule, table_path)
    add_known_studies(patients)
    embeddings = {model: vectors_of(one.models[model], selection, model) for model, one in per_model.items()}
    return Cohort(_cohort_name(folder), patients, embeddings, standard_facets(patients), row_rule=rule, provenance={
        "files": ", ".join(path.name for path in files),
        "sha256": sha256_of_files(files),
        "rule": rule.meaning(),
        "rows": max(len(one.ids) for one in per_model.values()),
        "rows_used": selection.used,
        "patients_in_files": selection.found,
        "patients_left_out": selection.found - len(set(selection.patients)),
        "patient_table": table_note or "none",
        "verified": verification(pickles, published_cohort()),
    })


def _cohort_name(folder):
    """The published files keep their folder's name; 'embeddings' alone says nothing."""
    path = pathlib.Path(folder).resolve()
    return path.parent.name if path.name == "embeddings" else path.name


def _with_table(patients, rule, path):
    """Join the patient table by PatientID: its values win.

    But the CT series is the one that the embedding was made from. Where the table names another, its other UIDs belong to
    that one and are not used.
    """
    side = read_patients(path)
    of_node = patients[PATIENT_OF_NODE].tolist() if rule is RowRule.ALL else patients.index.tolist()
    place = {patient: row for row, patient in enumerate(side.ids)}
    rows = np.array([place.get(patient, -1) for patient in of_node])
    if not (rows >= 0).any():
        raise InputError(f"none of its {len(side.ids)} patients is in the embedding files", source=path,
                         expected=f"PatientIDs such as {of_node[0]}")
    theirs = {name: aligned(values, rows) for name, values in side.columns.items()}
    differing = np.zeros(len(rows), bool)
    if "CT_SeriesInstanceUID" in theirs and "CT_SeriesInstanceUID" in patients:
        ours, told = patients["CT_SeriesInstanceUID"].to_numpy(), theirs["CT_SeriesInstanceUID"]
        differing = (rows >= 0) & (ours != told) & (ours != "") & (told != "")
        for name in theirs:
            if name.endswith("InstanceUID"):
                theirs[name] = np.where(differing, "", theirs[name])
    own = {PATIENT_OF_NODE, "center_SOPInstanceUID"} if rule is RowRule.ALL else set()      # these differ between rows
    columns = {str(name): patients[name].to_numpy() for name in patients}
    for name, values in theirs.items():
        if name not in own:
            columns[name] = filled(values, columns[name]) if name in columns else values
    joined = patient_table(patients.index.tolist(), columns, [PATIENT_OF_NODE])[0]
    what = "rows" if rule is RowRule.ALL else "patients"
    note = f"{path.name}: {int((rows >= 0).sum())} of {len(patients)} {what}"
    if side.left_out:
        note += f"; {len(side.left_out)} of its rows left out ({side.left_out[0][1]})"
    return joined, note + (f"; {int(differing.sum())} name another CT series than the embedding" if differing.any() else "")
