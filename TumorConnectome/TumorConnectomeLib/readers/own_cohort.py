"""A user's files as one Cohort: several files of the same patients become several models, matched by id."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..base.errors import InputError
from ..base.files import sha256_of_files
from ..cohort.cohort import Cohort
from ..cohort.facets import standard_facets
from .embedding_file import EmbeddingFile, refuse_repeated
from .files import FilePreview, files_to_hash, own_files, preview, read_file
from .patient_table import normalized
from .recognition import ImportChoice, model_name
from .row_rules import PATIENT_OF_NODE, RowRule, RowSelection
from .row_selection import selected_rows, selected_vectors

_NAMED = 3
#: lines of the report at most
_REPORT_LIMIT = 100_000


def previews(paths) -> list[FilePreview]:
    """What each file of a user's cohort looks like; InputError for one that can not be read."""
    return [preview(path) for path in own_files(paths)]


def open_questions(found: Sequence[FilePreview], choices: Mapping[str, ImportChoice]) -> list[tuple[FilePreview, str]]:
    """What only a person can decide: previews and a question each. Files with a choice are decided."""
    return [(one, question) for one in found if one.path not in choices for question in one.recognition.questions]


def read_own_cohort(paths, choices: Mapping[str, ImportChoice] | None = None, report=lambda fraction, message="": None,
                    rule: RowRule = RowRule.SINGLE) -> Cohort:
    """Read a user's files as a Cohort.

    Parameters
    ----------
    paths : sequence of path
        Files, or a folder of them (see `files.own_files`).
    choices : mapping of str to ImportChoice, optional
        How files are read, by path; the others as recognized.
    report : callable
        Called with the fraction done and a text.
    rule : RowRule
        What becomes of patients with several rows; by default they are an error.

    Raises
    ------
    InputError
        A file is not what it should be (the text names file, row and column), it is not clear what its columns are, no file
        has an embedding, or the files have no patient in common.
    """
    choices = choices or {}
    files = own_files(paths)
    found = [preview(path) for path in files]
    for one, question in open_questions(found, choices):
        raise InputError(question.rstrip("."), source=one.path,
                         expected="import options (or --id-column and --feature-prefix) that say which columns are meant")
    read = []
    for number, one in enumerate(found):
        def part(fraction, message="", number=number):
            report(0.9 * (number + fraction) / len(found), message)

        read.append(read_file(one.path, choices.get(one.path, one.choice), part))
    report(0.9, "Joining the files")
    for one in read:
        if rule is RowRule.SINGLE or not one.has_vectors:
            refuse_repeated(one)
    return _joined(read, files_to_hash(files), rule)


def _joined(read: list[EmbeddingFile], hashed, rule) -> Cohort:
    with_models, tables = [one for one in read if one.has_vectors], [one for one in read if not one.has_vectors]
    if not with_models:
        raise InputError("no file has numbered feature columns", source=read[0].path,
                         expected="columns such as pred_0, pred_1, ... or an array with one vector per patient")
    common = set.intersection(*(set(one.ids) for one in with_models))
    if not common:
        raise InputError(f"it has no patient in common with {with_models[0].path.name}", source=with_models[1].path,
                         expected=f"ids such as {with_models[0].ids[0]!r}, found {with_models[1].ids[0]!r}")
    selection = None if rule is RowRule.SINGLE else selected_rows(with_models, rule)
    kept = sorted(common) if selection is None else selection.names
    tables = [one for one in tables if _overlaps(one, common, with_models[0])]
    embeddings: dict[str, np.ndarray] = {}
    for number, one in enumerate(with_models):
        order = _order(one, kept) if selection is None else None
        for model in list(one.models):
            name = _unused(model, one.path.stem, embeddings)
            if selection is not None:
                one.models[model] = selected_vectors(one, model, selection.places[str(number)])
            vectors = one.models.pop(model)             # large files: not twice in memory for longer than needed
            vectors = np.ascontiguousarray(vectors if order is None else vectors[order])
            vectors.flags.writeable = False
            embeddings[name] = vectors
            del vectors
    patients = joined_patients([*with_models, *tables], kept, selection)
    if rule is RowRule.ALL:
        patients[PATIENT_OF_NODE] = list(selection.patients)
    unmatched = _unmatched([*with_models, *tables], common)
    first = with_models[0].path
    return Cohort(model_name(first.stem) if len(with_models) == 1 else first.resolve().parent.name, patients, embeddings,
                  standard_facets(patients), provenance={
        "synthetic": False,
        "files": ", ".join(one.path.name for one in read),
        "sha256": sha256_of_files(hashed),
        "rule": "patients that are in every embedding file, matched by id" if selection is None else rule.meaning(),
        "row_rule": rule.value,
        "rows": max(len(one.ids) for one in with_models),
        "rows_used": len(kept) if selection is None else sum(map(len, selection.places["0"])),
        "patients_in_files": len(set().union(*(one.ids for one in with_models))),
        "patients_left_out": len(set().union(*(one.ids for one in with_models))) - len(
            kept if selection is None else set(selection.patients)),
        "patient_table": ", ".join(one.path.name for one in tables) or "none",
        "unmatched": _summary(unmatched),
        "import_report": _report(read, kept, unmatched),
    })


def _overlaps(table, common, first):
    if common.isdisjoint(table.ids):
        raise InputError(f"none of its {len(table.ids)} patients is in the embedding files", source=table.path,
                         expected=f"ids such as {first.ids[0]!r}, found {table.ids[0]!r}")
    return True


def _order(one, kept):
    """Rows of a file in the order of the kept patients; None if it has exactly these in this order."""
    if one.ids == kept:
        return None
    places = {patient: row for row, patient in enumerate(one.ids)}
    return np.array([places[patient] for patient in kept])


def _unused(model, stem, taken):
    """A model's name that no other has."""
    names = [model, f"{stem} {model}", *(f"{model} {number}" for number in range(2, len(taken) + 3))]
    known = {name.lower() for name in taken}
    return next(name for name in names if name.lower() not in known)


def joined_patients(read: Sequence[EmbeddingFile], kept: Sequence[str], selection: RowSelection | None = None):
    """The patient table: the first file that says something about a patient's property wins.

    Parameters
    ----------
    read : sequence of EmbeddingFile
        Those with vectors first.
    kept : sequence of str
        Names of the nodes, ascending.
    selection : RowSelection, optional
        The rows behind the nodes, where patients have several; see `row_selection.selected_rows`.
    """
    records, rows = [{"PatientID": node} for node in kept], [0] * len(kept)
    for number, one in enumerate(read):
        if selection is not None and str(number) in selection.places:
            where = [place[0] for place in selection.places[str(number)]]
        else:
            places = {patient: row for row, patient in enumerate(one.ids)}
            where = [places.get(patient) for patient in (kept if selection is None else selection.patients)]
        columns = [(name, values) for name, values in one.columns.items() if name != "PatientID"]
        for node, row in enumerate(where):
            if row is None:
                continue
            rows[node] = rows[node] or one.rows[row]
            for name, values in columns:
                if records[node].get(name) in (None, ""):
                    records[node][name] = values[row]
    return normalized(records, source=read[0].path, rows=rows)


def _unmatched(read, common):
    """(file name, what is wrong, ids) of patients that are not in the cohort, or of whom a file says nothing."""
    found = []
    everyone = set().union(*(one.ids for one in read if one.has_vectors))
    for one in read:
        missing = sorted((everyone if one.has_vectors else common) - set(one.ids))
        alien = sorted(set(one.ids) - everyone)
        if missing:
            found.append((one.path.name, "not in" if one.has_vectors else "nothing in", missing))
        if alien:                                       # a table may well hold others, a file of vectors never does
            found.append((one.path.name, "only in", alien))
    return found


def _summary(unmatched):
    """One sentence per file: how many patients, and the first few."""
    return " ".join(f"{len(ids)} patients {what} {name} ({', '.join(ids[:_NAMED])}{', ...' if len(ids) > _NAMED else ''})."
                    for name, what, ids in unmatched)


def _report(read, kept, unmatched):
    """Everything about the import as text, one fact per line, for the clipboard."""
    lines = [f"{len(kept)} patients"]
    for one in read:
        lines += [f"{one.path.name}\t{len(one.ids)} rows\t{', '.join(one.columns) or 'no further columns'}",
                  *(f"{one.path.name}\t{note}" for note in one.notes)]
    for name, what, ids in unmatched:
        lines += [f"{patient}\t{what} {name}" for patient in ids]
    if len(lines) > _REPORT_LIMIT:
        lines = [*lines[:_REPORT_LIMIT], f"... and {len(lines) - _REPORT_LIMIT} more"]
    return "\n".join(lines)
