"""Makes a cohort from a folder of published embedding files and, if there is one, a patient table."""
from __future__ import annotations

import pathlib
from collections.abc import Mapping

from .cohort import Cohort
from .embedding_pickle import EmbeddingRows, read_embedding_pickle
from .errors import InputError
from .facets import standard_facets
from .files import sha256_of_files, visible_files
from .known_studies import add_known_studies
from .patient_table import find_patient_table, normalized, patient_record, read_patient_table
from .published_cohort import published_cohort, verification
from .row_rules import PATIENT_OF_NODE, RowRule, select_rows, vectors_of

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


def read_cohort(folder, report=lambda fraction, message="": None, rule: RowRule = RowRule.SINGLE,
                rows: Mapping[str, EmbeddingRows] | None = None) -> Cohort:
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
    rows : mapping of str to EmbeddingRows, optional
        Of `read_all_rows`, where the files were read already.

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
        per_model[model] = rows[model] if rows and model in rows else read_embedding_pickle(path)
    selection = select_rows(per_model, rule)
    patients, table_note = _patient_table(per_model, selection, rule), ""
    if table_path:
        patients, table_note = _joined(patients, table_path)
    add_known_studies(patients)
    embeddings = {model: vectors_of(rows, selection.places[model]) for model, rows in per_model.items()}
    return Cohort(_cohort_name(folder), patients, embeddings, standard_facets(patients), provenance={
        "synthetic": False,
        "files": ", ".join(path.name for path in files),
        "sha256": sha256_of_files(files),
        "rule": rule.meaning(),
        "row_rule": rule.value,
        "rows": max(len(rows.rows) for rows in per_model.values()),
        "rows_used": sum(len(place) for place in next(iter(selection.places.values()))),
        "patients_in_files": selection.found,
        "patients_left_out": selection.found - len(set(selection.patients)),
        "patient_table": table_note or "none",
        "verified": verification(pickles, published_cohort()),
    })


def _patient_table(per_model, selection, rule):
    """The table of the nodes, from the rows of the first model."""
    first = next(iter(per_model.values()))
    places = [place[0] for place in next(iter(selection.places.values()))]
    records = [{**patient_record(first.rows[place]), "PatientID": name} for name, place in zip(selection.names, places)]
    if rule is RowRule.ALL:
        for record, patient in zip(records, selection.patients):
            record[PATIENT_OF_NODE] = patient
    return normalized(records, source=first.path, rows=[place + 1 for place in places])


def _cohort_name(folder):
    """The published files keep their folder's name; 'embeddings' alone says nothing."""
    path = pathlib.Path(folder).resolve()
    return path.parent.name if path.name == "embeddings" else path.name


def _joined(patients, path):
    """Join the patient table by PatientID: its values win.

    But the CT series is the one that the embedding was made from. Where the table names another, its other UIDs belong to
    that one and are not used.
    """
    import pandas as pd

    table = read_patient_table(path)
    of_node = pd.Index(patients.get(PATIENT_OF_NODE, patients.index))
    known = of_node.isin(table.index)
    if not known.any():
        raise InputError(f"none of its {len(table)} patients is in the embedding files", source=path,
                         expected=f"PatientIDs such as {of_node[0]}")
    aligned = table.reindex(of_node).set_index(patients.index)
    differing = 0
    if "CT_SeriesInstanceUID" in table and "CT_SeriesInstanceUID" in patients:
        ours, theirs = patients["CT_SeriesInstanceUID"], aligned["CT_SeriesInstanceUID"]
        others = known & (ours != theirs) & (ours != "") & (theirs != "")
        aligned.loc[others, [name for name in table if name.endswith("InstanceUID")]] = ""
        differing = int(others.sum())
    own = [PATIENT_OF_NODE, "center_SOPInstanceUID"] if PATIENT_OF_NODE in patients else []     # these differ between rows
    for name in aligned.columns.drop(own, errors="ignore"):
        column = aligned[name] if aligned[name].dtype == float else aligned[name].astype(object).fillna("")
        if name in patients:
            filled = column.notna() if column.dtype == float else column != ""
            column = column.where(filled, patients[name])
        patients[name] = column
    what = "rows" if PATIENT_OF_NODE in patients else "patients"
    note = f"{path.name}: {int(known.sum())} of {len(patients)} {what}"
    return patients, note + (f"; {differing} name another CT series than the embedding" if differing else "")
