"""All the evidence about a cohort's models in one object, and the file that hands it from a worker process to the module."""
from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.errors import InputError
from ..base.files import atomic_file
from ..cohort.cohort import Cohort
from ..cohort.column_kinds import survival_columns
from ..neighbors.blas_threads import one_thread_per_product
from . import classes, compare, confounds, outcomes, replication, same_patient, sweep, table, vote_table
from .controls import RANDOM, TESTED
from .distances import Blocks, cosine_blocks
from .duplicates import duplicate_rows
from .ranking import FULL_RANKINGS
from .report import Report, Section
from .verdict import LIFT_CAPTION, lift_table, verdict

if TYPE_CHECKING:
    import pandas as pd

    from ..readers.embedding_pickle import EmbeddingRows

_KIND = "TumorConnectome evidence"
#: part of every cache key: raise it when the file's form or any figure in it changes
VERSION = 6
_TEXT_COLUMNS = {"model", "facet", "metric", "role", "targets", "within", "class", "reference", "time", "event", "column"}
_COUNTS = {"n", "patients", "unknown", "without_target", "strata", "exchangeable", "votes", "models", "pairs",
           "permutations", "events", "again_n"}
_TABLES = {"table": (*table.COLUMNS, *table.MORE_COLUMNS), "same_patient": same_patient.COLUMNS, "confounds": confounds.COLUMNS,
           "votes": vote_table.COLUMNS, "classes": classes.COLUMNS, "comparison": compare.COLUMNS,
           "survival": outcomes.SURVIVAL_COLUMNS,
           "numbers": outcomes.NUMBER_COLUMNS, "sweep": sweep.COLUMNS, "replication": replication.COLUMNS}


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known about the models of a cohort.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `table.evaluate_all`, as `classes`.
    same_patient, confounds : pandas.DataFrame or None
        Of `same_patient.same_patient_retrieval` and `confounds.confound_table`; None when not asked for.
    votes : pandas.DataFrame or None
        Of `vote_table.vote_table`; None when there is only one model.
    comparison : pandas.DataFrame or None
        Of `compare.compare_models`; None when there is only one model.
    survival, numbers, sweep, replication : pandas.DataFrame or None
        Of `outcomes.survival_table` (None without such columns), `outcomes.number_table`, `sweep.sweep_table` and
        `replication.replication_table`; None when not asked for.
    note : str
        What the user should know about same-patient retrieval and the patients that are counted ("" if nothing).
    report : Report
        The one-page verdict.
    """

    table: pd.DataFrame
    same_patient: pd.DataFrame | None
    confounds: pd.DataFrame | None
    votes: pd.DataFrame | None
    classes: pd.DataFrame
    comparison: pd.DataFrame | None
    survival: pd.DataFrame | None
    numbers: pd.DataFrame | None
    sweep: pd.DataFrame | None
    replication: pd.DataFrame | None
    note: str
    report: Report


def gather_evidence(cohort: Cohort, files: Mapping[str, EmbeddingRows] | Callable | None = None, within: Sequence[str] = (), *,
                    models: Sequence[str] | None = None, facets: Sequence[str] | None = None, k: int = 5,
                    permutations: int = table.PERMUTATIONS, seed: int = 0, blocks: Blocks = cosine_blocks, distance: str = "",
                    about: str = "", reference: str | None = None, second: Cohort | None = None, more: Sequence[str] = (),
                    report=lambda fraction, message="": None, partial=lambda table: None) -> Evidence:
    """Evaluate a cohort in every way.

    Parameters
    ----------
    cohort : Cohort
    files : mapping of str to EmbeddingRows, or callable, optional
        All rows of the embedding files, for same-patient retrieval; or what reads them when it is their turn.
    within : sequence of str
        Facets or columns whose strata may explain a lift.
    models, facets, k, permutations, seed, blocks, report, partial
        See `table.evaluate_all`, as for the errors raised.
    distance : str
        What `blocks` are, for the verdict; "" when they are the model's own.
    about : str
        What else is to be said of the patients that are counted.
    reference : str, optional
        The model that the others are compared with; all pairs by default.
    second : Cohort, optional
        Another cohort in which everything is looked at again; see `replication.disjoint`.
    more : sequence of str
        Of "numbers" and "sweep": tables that are made only when asked for.
    """
    for name in within:
        confounds.strata_of(cohort, name)               # a wrong name is reported before the work, not after it
    table.check_numbers(cohort, k, permutations, seed)
    small = len(cohort.patients) <= FULL_RANKINGS       # its products are done before several threads have met
    with one_thread_per_product() if small else contextlib.nullcontext():
        ranked = table.cohort_rankings(cohort, facets, k, seed, blocks)
        shared = {"facets": facets, "k": k, "permutations": permutations, "seed": seed, "blocks": blocks, "ranked": ranked}
        evaluated = table.evaluate_all(cohort, models, **shared, report=_part(report, 0.0, 0.5), partial=partial)
        inside = retrieved = voted = None
        if len(cohort.models) > 1:
            voted = vote_table.vote_table(cohort, **shared, report=_part(report, 0.5, 0.6))
        if within:
            inside = confounds.confound_table(cohort, within, models, **shared, report=_part(report, 0.6, 0.85))
        if files:
            files = files() if callable(files) else files
            chosen = {model: rows for model, rows in files.items() if models is None or model in models}
            retrieved = same_patient.same_patient_retrieval(chosen, seed=seed, report=_part(report, 0.85, 0.95))
        retrieval, note = (retrieved.table, retrieved.note) if retrieved else (None, "")
        tested = evaluated.table.loc[evaluated.table["role"] == TESTED, "facet"].drop_duplicates().tolist()
        versus = compare.compare_models(ranked, tested, models, reference) if len(cohort.models) > 1 else None
        survived, differences, sweeped = _deeper(cohort, evaluated.table, shared, tested, more)
        again = None if second is None else replication.replication_table(
            evaluated.table, second, tested, k=k, permutations=permutations, seed=seed, blocks=blocks)
        twins = [] if distance else duplicate_rows(ranked, evaluated.table, permutations, _part(report, 0.95, 1.0))
    titles = {RANDOM: "Random groups", **{key: facet.title for key, facet in cohort.facets.items()}}
    compared = Section("What was compared", _compared(cohort, evaluated.table, k, permutations, seed, about))
    sections = verdict(evaluated.table, titles, retrieval, inside, voted, distance, note, evaluated.classes, twins,
                       _unmeasured(cohort, within), comparison=versus, survival=survived, replication=again)
    page = Report(f"Which model, for what? {cohort.name}", (compared, *sections), LIFT_CAPTION,
                  lift_table(evaluated.table, titles))
    return Evidence(evaluated.table, retrieval, inside, voted, evaluated.classes, versus, survived, differences, sweeped, again,
                    " ".join(filter(None, (note, about))), page)


def _deeper(cohort, evaluated, shared, tested, more):
    """What needs longer lists: survival, where there are such columns, and what else was asked for."""
    pairs = survival_columns(cohort.patients)
    if not pairs and not more:
        return None, None, None
    models, permutations, seed = evaluated["model"].drop_duplicates().tolist(), shared["permutations"], shared["seed"]
    deepest = min(max(shared["k"], *outcomes.SIZES, *sweep.SIZES), len(cohort.patients) - 1)
    deep = table.cohort_rankings(cohort, shared["facets"], deepest, seed, shared["blocks"])
    survived = outcomes.survival_table(deep, models, permutations, k=shared["k"], pairs=pairs) if pairs else None
    numbers = outcomes.number_table(shared["ranked"], models, tested, permutations) if "numbers" in more else None
    return survived, numbers, sweep.sweep_table(deep, models, tested) if "sweep" in more else None


def _part(report, begin, end):
    """Progress of one of several steps."""
    return lambda fraction, message="": report(None if fraction is None else begin + (end - begin) * fraction, message)


#: what often explains why tumors look alike -> parts of names of columns that tell it
_USUAL_CONFOUNDS = {"tumor size": ("size", "diameter", "volume", "longest", "_mm", "extent"),
                    "scanner": ("manufacturer", "scanner", "vendor"), "reconstruction kernel": ("kernel",),
                    "slice thickness": ("thickness", "spacing")}


def _unmeasured(cohort, within):
    """What might explain a lift, but is not known of these patients; "" if all of it is, or no strata are asked for."""
    if not within:
        return ""
    names = [str(name).lower() for name in (*within, *cohort.patients, *cohort.facets)]
    missing = [what for what, parts in _USUAL_CONFOUNDS.items() if not any(part in name for name in names for part in parts)]
    if not missing:
        return ""
    return (f"Not looked at, because not known of these patients: {', '.join(missing)}. \"Measure all patients with images "
            "here\" in the section Measurements (on the command line: measure, then evaluate --measured) finds them out.")


def _compared(cohort, evaluated, k, permutations, seed, about):
    """What the figures rest on, in sentences."""
    models, facets = (evaluated[name].nunique() for name in ("model", "facet"))
    figures = (f"{len(cohort.patients)} patients, {models} model{'s' * (models != 1)} (a consensus counts as one), {facets} "
               f"labels with the controls, {k} neighbors, {permutations} permutations, seed {seed}.")
    tested = evaluated[(evaluated["role"] == TESTED) & evaluated["p"].notna()]
    tests = "Nothing could be tested: no label has a category of two patients."
    if len(tested):
        tests = (f"{len(tested)} test{'s were' if len(tested) != 1 else ' was'} made (models x labels x metrics) and corrected "
                 "together, the controls by themselves; settled ones got fewer permutations, those at the smallest p value "
                 f"that {permutations} allow up to {int(evaluated['permutations'].max())}.")
    lines = [figures, tests]
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
