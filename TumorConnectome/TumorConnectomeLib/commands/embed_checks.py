"""Workers behind two buttons of the panel: how stable an embedded tumor's neighbors are, and published rows for the proof."""
from __future__ import annotations

import argparse
import pathlib

import numpy as np

from ..base.errors import InputError
from ..cohort.nlst import DOUBTFUL_SERIES, git_blob_id, published_cohort
from ..connectome.prepared import read_prepared
from ..connectome.stability import stability
from ..embedding.proof import PROOF_PATIENTS
from ..readers.cohort_reader import read_all_rows
from ..readers.sources import published_folder, split_paths
from ..readers.vector_file import open_vectors
from .tables import one_model


def stability_command(arguments, report):
    """Worker ``stability --prepared FILE --model NAME --vectors FILE.npy [--k K]``: the first row is the point itself.

    Returns
    -------
    dict
        See `Stability.to_record`.
    """
    parser = argparse.ArgumentParser(prog="stability")
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--vectors", required=True, type=pathlib.Path)
    parser.add_argument("--k", type=int, default=5)
    options = parser.parse_args(arguments)
    report(None, "Comparing the neighbors")
    cohort, vectors = read_prepared(options.prepared).cohort, open_vectors(options.vectors)
    model = one_model(cohort, options.model)
    k = max(1, min(options.k, len(cohort.patients)))
    return stability(vectors[0], vectors[1:], cohort.embeddings[model], k, model=model).to_record()


def proof_rows_command(arguments, report):
    """Worker ``proof-rows --data FOLDER --model NAME [--count N]``: published rows that can be made again from their CTs.

    Returns
    -------
    dict
        ``rows``: for each patient ``patient``, ``series`` (SeriesInstanceUID), ``point_lps_mm`` and the published ``vector``.

    Raises
    ------
    InputError
        These are no published files of the model, or their rows do not say where the tumors are.
    """
    parser = argparse.ArgumentParser(prog="proof-rows")
    parser.add_argument("--data", required=True, type=split_paths)
    parser.add_argument("--model", required=True)
    parser.add_argument("--count", type=int, default=PROOF_PATIENTS)
    options = parser.parse_args(arguments)
    report(None, "Choosing published patients")
    folder = published_folder(options.data)
    files = {name.lower(): rows for name, rows in read_all_rows(folder).items()} if folder else {}
    found = files.get(options.model.lower())
    if found is None:
        raise InputError(f"no published vectors of {options.model}", source=options.data[0],
                         expected=f"{options.model}_features.pkl: get the published cohort first")
    _refuse_changed(found.path)
    rows = _usable(found)[:options.count]
    if len(rows) < options.count:
        raise InputError(f"{len(rows)} of its rows say where the tumor is", source=options.data[0], row=options.model,
                         expected=f"at least {options.count} with coordX, coordY, coordZ and a SeriesInstanceUID")
    return {"rows": rows}


def _refuse_changed(path):
    """Only the published bytes prove anything."""
    published = next((file for file in published_cohort().files if file.name == path.name), None)
    if published is None or git_blob_id(path) != published.blob:
        raise InputError("not the published content", source=path, expected="the published file: get the published cohort")


def _usable(found):
    """Rows of patients with one row, by PatientID, without CTs that the authors doubt."""
    ids = [str(row.get("PatientID", "")) for row in found.rows]
    usable = {}
    for row, vector, patient in zip(found.rows, found.features, ids):
        series = str(row.get("SeriesInstanceUID", ""))
        try:
            point = [float(row[f"coord{axis}"]) for axis in "XYZ"]
        except (KeyError, TypeError, ValueError):
            continue
        if patient and series and series not in DOUBTFUL_SERIES and np.isfinite(point).all() and ids.count(patient) == 1:
            usable[patient] = {"patient": patient, "series": series, "point_lps_mm": point,
                               "vector": [float(number) for number in vector]}
    return [usable[patient] for patient in sorted(usable)]
