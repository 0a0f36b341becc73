"""Evaluations as worker jobs: what each is started with, and the tables that come back."""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from slicer.i18n import tr as _

from ..base.errors import InputError
from ..base.files import default_cache_folder
from ..evaluation.evidence import read_evidence
from ..evaluation.probe_tasks import tasks_of
from ..evaluation.reliability import COLUMNS as RELIABILITY_COLUMNS
from ..evaluation.reliability import reliability_rows
from ..evaluation.report import Report
from ..neighbors.consensus import with_consensus
from ..presentation.result_maps import RELIABILITY, ResultKind
from ..work.jobs import PythonJob
from .json_list import choice_from_text
from .text_controller import text_options


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


def evaluation_sequence(parameters, state, path, replicate="", partial=lambda found: None):
    """Jobs of the evaluation that the state asks for; returns a Result.

    Parameters
    ----------
    parameters : TumorConnectomeParameterNode
    state : Session
    path : str
        File of the prepared cohort.
    replicate : str
        Second cohort of the evaluation against labels: files with ";" between them, or LEFT_OUT; "" for none.
    partial : callable
        Called with the columns and rows of the evaluation against labels that are known so far, without p and q.

    Raises
    ------
    InputError
        Too few models or no label are chosen.
    """
    kind, cohort = parameters.evaluation, state.cohort
    possible = with_consensus(cohort.models)
    models, facets = choice_from_text(parameters.evaluatedModels, possible), choice_from_text(
        parameters.evaluatedFacets, cohort.facets)
    if kind is not ResultKind.RETRIEVAL:
        models = tuple(model for model in models if model in cohort.models)
    if len(models) < (2 if kind is ResultKind.AGREEMENT else 1):
        raise InputError(_("too few models are ticked"), expected={
            ResultKind.AGREEMENT: _("at least two models (the consensus does not count)"),
            ResultKind.RETRIEVAL: _("at least one")}.get(kind, _("at least one that is not the consensus")))
    if not facets and kind in (ResultKind.RETRIEVAL, ResultKind.PROBES):
        if not cohort.facets:
            raise InputError(_("nothing is known about the patients"), source=cohort.name, expected=_("a patient table"))
        raise InputError(_("no label is ticked"), source=cohort.name, expected=_("at least one"))
    arguments = ["--prepared", path, "--model", json.dumps(models)]
    if kind in (ResultKind.RETRIEVAL, ResultKind.PROBES):
        arguments += ["--measured", default_cache_folder()]
    if kind is ResultKind.PROBES:
        every = len(facets) == len(cohort.facets)       # then the standard questions: all would take an hour
        arguments += ["--task", "" if every else json.dumps(tasks_of(cohort, facets))]
    else:
        k = min(parameters.evaluatedCount, len(cohort.patients) - 1)
        arguments += ["--k", k, "--repair", parameters.repair.value]
    if kind is ResultKind.RETRIEVAL:
        every = len(facets) == len(cohort.facets)       # without what was measured on few patients
        arguments += ["--cache", default_cache_folder(), "--facet", "all" if every else json.dumps(facets),
                      "--permutations", parameters.permutations, "--within", "all" if parameters.confounds else ""]
        arguments += ["--data", parameters.dataFolder] if parameters.dataFolder else []
        arguments += text_options(parameters, cohort)
        arguments += ["--replicate", replicate] if replicate else []
        name = "evaluate"
    else:
        name = kind.value
    job = PythonJob(_(kind.label()), name, *arguments)
    job.onPartial = partial
    return _run(job, kind)


def _run(job, kind):
    found = yield job
    if kind is not ResultKind.RETRIEVAL:
        tables = {kind.value: (found["columns"], found["rows"])}
        if kind is ResultKind.PROBES:
            records = [dict(zip(found["columns"], row)) for row in found["rows"]]
            tables[RELIABILITY] = RELIABILITY_COLUMNS, reliability_rows(records, found["reliability"])
        return Result(tables)
    evidence = read_evidence(found["path"])
    frames = {kind.value: evidence.table, "same patient": evidence.same_patient, "confounds": evidence.confounds,
              "votes": evidence.votes, "classes": evidence.classes, "comparison": evidence.comparison,
              "survival": evidence.survival, "replication": evidence.replication, "sweep": evidence.sweep}
    tables = {name: (list(frame), frame.astype(object).where(frame.notna(), None).to_numpy().tolist())
              for name, frame in frames.items() if frame is not None}
    return Result(tables, evidence.report)
