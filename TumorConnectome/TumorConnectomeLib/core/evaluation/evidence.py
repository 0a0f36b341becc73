"""All the evidence about a cohort's models in one object, and the file that hands it from a worker process to the module."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..cohort import Cohort
from ..embedding_pickle import EmbeddingRows
from ..errors import InputError
from ..files import atomic_file
from . import confounds, same_patient, table
from .distances import Blocks, cosine_blocks
from .verdict import verdict

if TYPE_CHECKING:
    import pandas as pd

_KIND = "TumorConnectome evidence"
#: part of every cache key: raise it when the file's form or any figure in it changes
VERSION = 1
_TEXT_COLUMNS = {"model", "facet", "metric", "role", "targets", "within"}
_COUNTS = {"n", "patients", "unknown", "without_target", "strata", "exchangeable"}
_TABLES = {"table": (*table.COLUMNS, *table.MORE_COLUMNS), "same_patient": same_patient.COLUMNS, "confounds": confounds.COLUMNS}


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known about the models of a cohort.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `table.evaluate`.
    same_patient, confounds : pandas.DataFrame or None
        Of `same_patient.same_patient_retrieval` and `confounds.confound_table`; None when not asked for.
    note : str
        What the user should know about same-patient retrieval ("" if nothing).
    sentences : tuple of str
        The verdict.
    """

    table: pd.DataFrame
    same_patient: pd.DataFrame | None
    confounds: pd.DataFrame | None
    note: str
    sentences: tuple[str, ...]


def gather_evidence(cohort: Cohort, files: Mapping[str, EmbeddingRows] | None = None, within: Sequence[str] = (), *,
                    models: Sequence[str] | None = None, facets: Sequence[str] | None = None, k: int = 5,
                    permutations: int = table.PERMUTATIONS, seed: int = 0, blocks: Blocks = cosine_blocks, distance: str = "",
                    report=lambda fraction, message="": None) -> Evidence:
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
    """
    for name in within:
        confounds.strata_of(cohort, name)               # a wrong name is reported before the work, not after it
    shared = {"models": models, "facets": facets, "k": k, "permutations": permutations, "seed": seed, "blocks": blocks}
    evaluated = table.evaluate(cohort, **shared, report=lambda part, message="": report(0.6 * part, message))
    inside = retrieved = None
    if within:
        inside = confounds.confound_table(cohort, within, **shared,
                                          report=lambda part, message="": report(0.6 + 0.3 * part, message))
    if files:
        chosen = {model: rows for model, rows in files.items() if models is None or model in models}
        retrieved = same_patient.same_patient_retrieval(chosen, seed=seed,
                                                        report=lambda part, message="": report(0.9 + 0.1 * part, message))
    retrieval = retrieved.table if retrieved else None
    titles = {key: facet.title for key, facet in cohort.facets.items()}
    return Evidence(evaluated, retrieval, inside, retrieved.note if retrieved else "",
                    tuple(verdict(evaluated, titles, retrieval, inside, distance)))


def write_evidence(path, evidence: Evidence) -> None:
    """Write the evidence as JSON, in one step."""
    content = {"kind": _KIND, "version": VERSION, "note": evidence.note, "sentences": list(evidence.sentences)}
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
        return Evidence(**tables, note=str(content["note"]), sentences=tuple(map(str, content["sentences"])))
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
