"""All the evidence about a cohort's models in one object, and the file that hands it from a worker process to the module."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.errors import InputError
from ..base.files import atomic_file
from ..cohort.cohort import Cohort
from . import confounds, same_patient, table, vote_table
from .controls import RANDOM
from .distances import Blocks, cosine_blocks
from .report import Report, Section
from .verdict import LIFT_CAPTION, lift_table, verdict

if TYPE_CHECKING:
    import pandas as pd

    from ..readers.embedding_pickle import EmbeddingRows

_KIND = "TumorConnectome evidence"
#: part of every cache key: raise it when the file's form or any figure in it changes
VERSION = 3
_TEXT_COLUMNS = {"model", "facet", "metric", "role", "targets", "within"}
_COUNTS = {"n", "patients", "unknown", "without_target", "strata", "exchangeable", "votes", "models", "pairs"}
_TABLES = {"table": (*table.COLUMNS, *table.MORE_COLUMNS), "same_patient": same_patient.COLUMNS, "confounds": confounds.COLUMNS,
           "votes": vote_table.COLUMNS}


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known about the models of a cohort.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `table.evaluate`.
    same_patient, confounds : pandas.DataFrame or None
        Of `same_patient.same_patient_retrieval` and `confounds.confound_table`; None when not asked for.
    votes : pandas.DataFrame or None
        Of `vote_table.vote_table`; None when there is only one model.
    note : str
        What the user should know about same-patient retrieval and the patients that are counted ("" if nothing).
    report : Report
        The one-page verdict.
    """

    table: pd.DataFrame
    same_patient: pd.DataFrame | None
    confounds: pd.DataFrame | None
    votes: pd.DataFrame | None
    note: str
    report: Report


def gather_evidence(cohort: Cohort, files: Mapping[str, EmbeddingRows] | None = None, within: Sequence[str] = (), *,
                    models: Sequence[str] | None = None, facets: Sequence[str] | None = None, k: int = 5,
                    permutations: int = table.PERMUTATIONS, seed: int = 0, blocks: Blocks = cosine_blocks, distance: str = "",
                    about: str = "", report=lambda fraction, message="": None) -> Evidence:
    """Evaluate a cohort in every way.

    Parameters
    ----------
    cohort : Cohort
    files : mapping of str to EmbeddingRows, optional
        All rows of the embedding files, for same-patient retrieval.
    within : sequence of str
        Facets or columns whose strata may explain a lift.
    models, facets, k, permutations, seed, blocks, report
        See `table.evaluate`, as for the errors raised.
    distance : str
        What `blocks` are, for the verdict; "" when they are the model's own.
    about : str
        What else is to be said of the patients that are counted.
    """
    for name in within:
        confounds.strata_of(cohort, name)               # a wrong name is reported before the work, not after it
    shared = {"models": models, "facets": facets, "k": k, "permutations": permutations, "seed": seed, "blocks": blocks}
    evaluated = table.evaluate(cohort, **shared, report=lambda part, message="": report(0.55 * part, message))
    inside = retrieved = voted = None
    if len(cohort.models) > 1:
        voted = vote_table.vote_table(cohort, facets, k=k, permutations=permutations, seed=seed, blocks=blocks,
                                      report=lambda part, message="": report(0.55 + 0.05 * part, message))
    if within:
        inside = confounds.confound_table(cohort, within, **shared,
                                          report=lambda part, message="": report(0.6 + 0.3 * part, message))
    if files:
        chosen = {model: rows for model, rows in files.items() if models is None or model in models}
        retrieved = same_patient.same_patient_retrieval(chosen, seed=seed,
                                                        report=lambda part, message="": report(0.9 + 0.1 * part, message))
    retrieval, note = (retrieved.table, retrieved.note) if retrieved else (None, "")
    titles = {RANDOM: "Random groups", **{key: facet.title for key, facet in cohort.facets.items()}}
    compared = Section("What was compared", _compared(cohort, evaluated, k, permutations, seed, about))
    sections = verdict(evaluated, titles, retrieval, inside, voted, distance, note)
    page = Report(f"Which model, for what? {cohort.name}", (compared, *sections), LIFT_CAPTION, lift_table(evaluated, titles))
    return Evidence(evaluated, retrieval, inside, voted, " ".join(filter(None, (note, about))), page)


def _compared(cohort, evaluated, k, permutations, seed, about):
    """What the figures rest on, in sentences."""
    models, facets = (evaluated[name].nunique() for name in ("model", "facet"))
    figures = (f"{len(cohort.patients)} patients, {models} model{'s' * (models != 1)} (a consensus counts as one), {facets} "
               f"labels with the controls, {k} neighbors, {permutations} permutations, seed {seed}.")
    lines = [figures]
    if cohort.synthetic:
        lines.insert(0, "Synthetic demo cohort: made-up patients, nothing here is clinical data.")
    return (*lines, *([about] if about else []))


def write_evidence(path, evidence: Evidence) -> None:
    """Write the evidence as JSON, in one step."""
    content = {"kind": _KIND, "version": VERSION, "note": evidence.note, "report": evidence.report.to_plain()}
    for name in _TABLES:
        content[name] = _as_lists(getattr(evidence, name))
    with atomic_file(path, "w", encoding="utf-8") as stream:
        json.dump(content, stream, allow_nan=False)


def read_evidence(path) -> Evidence:
    """Read a file of `write_evidence`; InputError when it is damaged, incomplete or of another version."""
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
        if (content["kind"], content["version"]) != (_KIND, VERSION):
            raise ValueError(f"it is {content['kind']}, version {content['version']}")
        tables = {name: _as_table(content[name], columns) for name, columns in _TABLES.items()}
        return Evidence(**tables, note=str(content["note"]), report=Report.from_plain(content["report"]))
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"not readable ({error})", source=path, expected=f"a {_KIND} file, version {VERSION}") from None


def _as_lists(frame):
    """Rows of a table for JSON, None for missing values."""
    if frame is None:
        return None
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def _as_table(rows, columns):
    import pandas as pd

    if rows is None:
        return None
    frame = pd.DataFrame(rows, columns=list(columns))
    kinds = {"k": "Int64", **dict.fromkeys(_COUNTS, "int64")}
    return frame.astype({name: kinds.get(name, float) for name in frame if name not in _TEXT_COLUMNS})
