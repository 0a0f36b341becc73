"""Evaluations as worker jobs: what each is started with, and the tables that come back."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from ..core.errors import InputError
from ..core.evaluation.evidence import read_evidence
from ..core.evaluation.report import Report
from ..core.files import default_cache_folder
from ..core.jobs import PythonJob
from ..core.result_maps import ResultKind
from .parameters import Scope


@dataclass(frozen=True)
class Result:
    """What an evaluation found.

    Parameters
    ----------
    tables : mapping of str to (columns, rows)
        The first is that of the heat map, by the kind of result.
    report : Report or None
        The verdict.
    """

    tables: dict[str, tuple[Sequence[str], list]]
    report: Report | None = None


def evaluation_sequence(parameters, state, path):
    """Jobs of the evaluation that the state asks for; returns a Result.

    Parameters
    ----------
    parameters : TumorConnectomeParameterNode
    state : StateController
    path : str
        File of the prepared cohort.

    Raises
    ------
    InputError
        The consensus is to be evaluated, or there is no facet.
    """
    kind, cohort = parameters.evaluation, state.cohort
    model, facet = state.modelOf(parameters), state.facetOf(parameters)
    only_shown = parameters.evaluatedModels is Scope.SHOWN and kind is not ResultKind.AGREEMENT
    if only_shown and model not in cohort.models:
        raise InputError(_("{model} has neighbor lists, but no embedding").format(model=model),
                         expected=_("a model, or all models"))
    shown_facet = parameters.evaluatedFacets is Scope.SHOWN
    if facet is None and kind in (ResultKind.RETRIEVAL, ResultKind.PROBES):
        raise InputError(_("nothing is known about the patients"), source=cohort.name, expected=_("a patient table"))
    arguments = ["--prepared", path, "--model", model if only_shown else "all"]
    if kind is ResultKind.PROBES:
        arguments += ["--task", facet.key] if shown_facet else []
    else:
        k = min(parameters.neighborCount, len(cohort.patients) - 1)
        arguments += ["--k", k, "--repair", parameters.repair.value]
    if kind is ResultKind.RETRIEVAL:
        arguments += ["--cache", default_cache_folder(), "--facet", facet.key if shown_facet else "all",
                      "--permutations", parameters.permutations, "--within", "all" if parameters.confounds else ""]
        arguments += ["--data", parameters.dataFolder] if parameters.dataFolder else []
        name = "evaluate"
    else:
        name = kind.value
    return _run(PythonJob(kind.label(), name, *arguments), kind)


def _run(job, kind):
    found = yield job
    if kind is not ResultKind.RETRIEVAL:
        return Result({kind.value: (found["columns"], found["rows"])})
    evidence = read_evidence(found["path"])
    frames = {kind.value: evidence.table, "same patient": evidence.same_patient, "confounds": evidence.confounds,
              "votes": evidence.votes}
    tables = {name: (list(frame), frame.astype(object).where(frame.notna(), None).to_numpy().tolist())
              for name, frame in frames.items() if frame is not None}
    return Result(tables, evidence.report)
