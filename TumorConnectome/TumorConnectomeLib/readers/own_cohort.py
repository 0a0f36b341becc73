"""A user's files as one Cohort: several files of the same patients become several models, matched by id."""
from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from ..cohort.facets import facet_notes, standard_facets
from ..cohort.row_rules import PATIENT_OF_NODE, RowRule
from ..cohort.vector_checks import is_constant
from .embedding_file import EmbeddingFile, one_row_each, refuse_repeated
from .files import FilePreview, own_files, preview, read_file, unread_workbooks
from .joining import import_report, joined_columns, overlapping, summary_of, unmatched_patients
from .parts import stacked, with_partition_columns
from .patient_table import patient_table
from .recognition import ROW_NUMBER, ImportChoice, beside_larger, model_name, proposal
from .row_selection import select_rows, vectors_of


def previews(paths) -> list[FilePreview]:
    """What each file of a user's cohort looks like beside the others; InputError for one that can not be read."""
    found = [preview(path) for path in own_files(paths)]
    largest = max((group.size or len(group.columns) for one in found for group in one.recognition.groups), default=0)
    return [_beside_larger(one, largest) if one.recognition.groups else one for one in found]


def _beside_larger(one, largest):
    recognition = beside_larger(one.recognition, largest)
    if recognition is one.recognition:
        return one
    return replace(one, recognition=recognition, choice=proposal(recognition, one.choice.model))


def _small_notes(found, choices):
    """Sentences about files beside larger ones whose few numbers make no model."""
    left = {one.path: [group.prefix or "plain numbers" for group in one.recognition.groups] for one in found
            if one.recognition.groups and not one.choice.prefixes and one.path not in choices}
    return [f"{pathlib.Path(path).name}: not used as models, because they are places or small: {', '.join(names)}."
            for path, names in left.items()]


def open_questions(found: Sequence[FilePreview], choices: Mapping[str, ImportChoice]) -> list[tuple[FilePreview, str]]:
    """What only a person can decide: previews and a question each. Files with a choice are decided."""
    return [(one, question) for one in found if one.path not in choices for question in one.recognition.questions]


def undecided(one: FilePreview, question: str) -> InputError:
    """The error that a file of which something is not clear can not be read."""
    options = "import options (or --id-column and --feature-prefix) that say which columns are meant"
    more = f"; --id-column '{ROW_NUMBER}' numbers the rows" if question in one.recognition.id_questions else ""
    return InputError(question.rstrip("."), source=one.path, expected=options + more)


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
        What becomes of patients with several rows. By default they are an error, and left out of files of the published form.

    Raises
    ------
    InputError
        A file is not what it should be (the text names file, row and column), it is not clear what its columns are, no file
        has an embedding, or the files have no patient in common.
    """
    choices = choices or {}
    found = previews(paths)
    for one, question in open_questions(found, choices):
        raise undecided(one, question)
    read = []
    for number, one in enumerate(found):
        def part(fraction, message="", number=number):
            report(0.9 * (number + fraction) / len(found), message)

        read.append(with_partition_columns(read_file(one.path, choices.get(one.path, one.choice), part), paths))
    report(0.9, "Joining the files")
    read = [one if one.has_vectors else one_row_each(one) for one in stacked(read, paths)]
    for one in read:
        if not one.has_vectors or (rule is RowRule.SINGLE and not one.several_expected):
            refuse_repeated(one)
    return _joined(read, rule, _small_notes(found, choices), unread_workbooks(paths))


def _joined(read: list[EmbeddingFile], rule, notes, unread) -> Cohort:
    with_models, tables = [one for one in read if one.has_vectors], [one for one in read if not one.has_vectors]
    if not with_models:
        unused = " ".join(note for one in read for note in one.notes if "not used" in note)
        raise InputError(f"no file has numbered feature columns{unused and f' ({unused})'}", source=read[0].path,
                         expected="columns such as pred_0, pred_1, ... or an array with one vector per patient")
    common = set.intersection(*(set(one.ids) for one in with_models))
    if not common:
        raise InputError(f"it has no patient in common with {with_models[0].path.name}", source=with_models[1].path,
                         expected=f"ids such as {with_models[0].ids[0]!r}, found {with_models[1].ids[0]!r}")
    selection = select_rows({str(number): one for number, one in enumerate(with_models)}, rule)
    tables = [overlapping(one, common, with_models[0]) for one in tables]
    embeddings, constant = _embeddings(with_models, selection)
    joined = joined_columns([*with_models, *tables], selection, rule)
    categories = {name for one in read for name in one.categories} | ({PATIENT_OF_NODE} if rule is RowRule.ALL else set())
    patients, told = patient_table(selection.names, joined, categories)
    facets = standard_facets(patients)
    told += facet_notes(patients, facets)
    unmatched = unmatched_patients([*with_models, *tables], common)
    first, everyone = with_models[0].path, set().union(*(one.ids for one in with_models))
    summary = " ".join(filter(None, (summary_of(unmatched), _several(with_models, rule), *constant, *unread)))
    return Cohort(model_name(first.stem) if len(with_models) == 1 else first.resolve().parent.name, patients, embeddings,
                  facets, row_rule=rule, provenance={
        "files": ", ".join(one.path.name for one in read),
        "rule": "patients that are in every embedding file, matched by id" if rule is RowRule.SINGLE else rule.meaning(),
        "rows": max(len(one.ids) for one in with_models),
        "rows_used": selection.used,
        "patients_in_files": len(everyone),
        "patients_left_out": len(everyone) - len(set(selection.patients)),
        "patient_table": ", ".join(one.path.name for one in tables) or "none",
        "unmatched": summary,
        "import_report": import_report(read, len(selection.names), unmatched,
                                       {"files": unread, "models": [*notes, *constant], "columns": told}),
    })


def _several(files, rule):
    """What is said about patients whose several rows are no error but left out."""
    if rule is not RowRule.SINGLE:
        return ""
    counts = {one.path.name: len(set(one.ids)) - _single_count(one.ids) for one in files if one.several_expected}
    return " ".join(f"{count} patients of {name} with several rows were left out." for name, count in counts.items() if count)


def _single_count(ids):
    seen, repeated = set(), set()
    for patient in ids:
        (repeated if patient in seen else seen).add(patient)
    return len(seen) - len(repeated)


def _embeddings(files, selection):
    """The vectors of the nodes by model, and a sentence about each model that says nothing."""
    embeddings: dict[str, np.ndarray] = {}
    constant = []
    for number, one in enumerate(files):
        for model in list(one.models):
            vectors = vectors_of(one.models.pop(model), selection, str(number))     # large files: not in memory twice for long
            if is_constant(vectors):
                constant.append(f"Model {model} of {one.path.name} is left out: its {len(vectors)} vectors do not vary.")
                continue
            vectors = vectors if vectors.base is None else vectors.copy()
            vectors.flags.writeable = False
            embeddings[_unused(model, one.path.stem, embeddings)] = vectors
            del vectors
    if not embeddings:
        raise InputError("the vectors of all patients have the same direction", source=files[0].path,
                         expected="vectors that vary between patients")
    return embeddings, constant


def _unused(model, stem, taken):
    """A model's name that no other has."""
    names = [model, f"{stem} {model}", *(f"{model} {number}" for number in range(2, len(taken) + 3))]
    known = {name.lower() for name in taken}
    return next(name for name in names if name.lower() not in known)
