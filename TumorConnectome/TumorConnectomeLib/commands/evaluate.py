"""Command ``evaluate`` and the worker of that name: how well each model retrieves each facet, with chance and uncertainty."""
import argparse
import hashlib
import json
import pathlib
import sys

from ..base.errors import InputError
from ..base.files import atomic_file, sha256_of_files
from ..cohort.choosing import ALL, checked_k, chosen_names, parts_of
from ..cohort.measurements import evaluable_facets
from ..evaluation.confounds import COLUMNS as CONFOUND_COLUMNS
from ..evaluation.distances import blocks_of
from ..evaluation.evidence import VERSION, gather_evidence, read_evidence, write_evidence
from ..evaluation.report import report_html, report_text
from ..evaluation.same_patient import COLUMNS as SAME_PATIENT_COLUMNS
from ..evaluation.table import COLUMNS, PERMUTATIONS
from ..evaluation.vote_table import COLUMNS as VOTE_COLUMNS
from ..imaging.measurement_store import MeasurementStore
from ..neighbors.repairs import Repair
from ..readers.cohort_reader import SUFFIX, cohort_files
from ..readers.embedding_pickle import read_embedding_pickle
from ..readers.sources import published_folder, split_paths
from .tables import (
    add_data_option,
    add_k_option,
    add_measured_option,
    add_model_option,
    add_out_option,
    add_repair_option,
    add_rows_option,
    chosen_models,
    independent_cohort_of,
    write_csv,
)

_DESCRIPTION = """\
One row per model, facet and metric. 'value': mean of the metric over 'n' queries; 'null_mean': mean over label permutations;
'lift': value / null_mean; 'ci_low', 'ci_high': 95 % patient-bootstrap interval of the lift; 'p': one-sided permutation p value;
'q': Benjamini-Hochberg over all rows but the controls (and over the controls among themselves). The controls are always
there: 'random' (random groups, nothing should be found) and, if the cohort knows it, 'body_side' (every model should see
it). Patients of unknown category are left out; so are queries without a relevant target. 'k' is cut to the number of targets
and is empty for R-precision."""


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("evaluate", help="retrieval against labels, with chance level and uncertainty, as CSV",
                                   description=_DESCRIPTION)
    add_data_option(parser)
    add_rows_option(parser)
    _add_choices(parser)
    add_out_option(parser)
    parser.add_argument("--same-patient", type=pathlib.Path, metavar="FILE",
                        help="also write same-patient retrieval over all rows of the files, as CSV")
    parser.add_argument("--confounds", type=pathlib.Path, metavar="FILE",
                        help="also write how much of P@k remains inside strata of the --within columns, as CSV")
    parser.add_argument("--votes", type=pathlib.Path, metavar="FILE",
                        help="also write how often pairs that 1, 2, ... models agree on have the same label, as CSV")
    parser.add_argument("--verdict", type=pathlib.Path, metavar="FILE",
                        help="also write the verdict in sentences, as HTML if the name ends in .html, else as text")
    parser.set_defaults(run=run)


def _add_choices(parser):
    add_measured_option(parser)
    add_model_option(parser)
    parser.add_argument("--facet", default=ALL, help="keys of facets, separated by commas, or 'all' (default)")
    add_k_option(parser, "ranks that count")
    parser.add_argument("--permutations", type=int, default=PERMUTATIONS, help=f"label permutations (default {PERMUTATIONS})")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
    add_repair_option(parser)
    parser.add_argument("--within", default=ALL,
                        help="facets or columns of the patient table that may explain a lift; 'all': every facet (default)")


def run(options):
    """Write the files; returns 0. Raises InputError for a model, facet, column or k that the cohort does not have."""
    cohort, once = independent_cohort_of(options)
    folder = published_folder(options.data)
    if options.same_patient and folder is None:
        raise InputError("same-patient retrieval needs all rows of every patient", source=options.data[0],
                         expected=f"a folder with *{SUFFIX} files")
    if options.votes and len(cohort.models) < 2:
        raise InputError(f"only the model {cohort.models[0]}", source=cohort.name, expected="at least two models to vote")
    files = _all_rows(folder) if folder and (options.same_patient or options.verdict) else None
    evidence = gather_evidence(cohort, files, about=once, **_distances(options),
                               **_chosen(cohort, options, bool(options.confounds or options.verdict)))
    _write_table(options.out, evidence.table, COLUMNS)
    if options.same_patient:
        _write_table(options.same_patient, evidence.same_patient, SAME_PATIENT_COLUMNS)
    if options.confounds:
        _write_table(options.confounds, evidence.confounds, CONFOUND_COLUMNS)
    if options.votes:
        _write_table(options.votes, evidence.votes, VOTE_COLUMNS)
    if options.verdict:
        form = report_html if options.verdict.suffix.lower() in (".html", ".htm") else report_text
        with atomic_file(options.verdict, "w", encoding="utf-8") as stream:
            stream.write(form(evidence.report))
    if evidence.note:
        print(f"Note: {evidence.note}", file=sys.stderr)
    return 0


def evaluate_command(arguments, report):
    """Leave the evidence about a prepared cohort in the cache.

    Parameters
    ----------
    arguments : list of str
        ``--cache FOLDER``, ``--prepared FILE`` (of the worker ``prepare``), and as in the command ``--model``, ``--facet``,
        ``--k``, ``--permutations``, ``--seed``, ``--repair``, ``--within`` ("" for none); ``--data FOLDER`` with
        published embedding files adds same-patient retrieval.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``path`` of the file, to be read by `evaluation.evidence.read_evidence`.
    """
    parser = argparse.ArgumentParser(prog="evaluate")
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=split_paths)
    _add_choices(parser)
    options = parser.parse_args(arguments)
    report(0.0, "Reading the cohort")
    cohort, once = independent_cohort_of(options)
    folder = published_folder(options.data) if options.data else None
    choices = _chosen(cohort, options, bool(options.within))
    path = options.cache / "evaluations" / f"{_key(options, folder, choices)}.json"
    if path.exists():
        try:
            read_evidence(path)
            return {"path": str(path)}
        except InputError:
            report(0.0, "The cached evaluation is made anew")
    files = _all_rows(folder) if folder else None
    write_evidence(path, gather_evidence(cohort, files, about=once, **choices, **_distances(options), report=report))
    return {"path": str(path)}


def _key(options, folder, choices):
    """Cache key: everything that the result depends on."""
    measured = [MeasurementStore(options.measured).path] if options.measured else []
    files = [options.prepared, *(cohort_files(folder) if folder else []), *(path for path in measured if path.exists())]
    return hashlib.sha256(json.dumps([VERSION, sha256_of_files(files), options.repair, choices]).encode()).hexdigest()


def _chosen(cohort, options, confounds):
    """Arguments of `gather_evidence` that the user chooses."""
    return {"models": chosen_models(cohort, options.model, consensus=True), "facets": _facets(cohort, options.facet),
            "within": _within(cohort, options.within) if confounds else (),
            "k": checked_k(options.k, len(cohort.patients), cohort.name), "permutations": options.permutations,
            "seed": options.seed}


def _distances(options):
    repair = Repair(options.repair)
    return {"blocks": blocks_of(repair), "distance": "" if repair is Repair.NONE else repair.meaning()}


def _within(cohort, text):
    return evaluable_facets(cohort) if text.strip().lower() == ALL else tuple(parts_of(text))


def _facets(cohort, text):
    """Facet keys in a text such as "stage,sex"; "all" is all of them but what was measured on few patients."""
    return chosen_names("facet", text, tuple(cohort.facets), cohort.name, everything=evaluable_facets(cohort))


def _all_rows(folder):
    """Model name -> all rows of its embedding file."""
    return {path.name.removesuffix(SUFFIX): read_embedding_pickle(path) for path in cohort_files(folder)
            if path.name.endswith(SUFFIX)}


def _write_table(path, table, columns):
    """Write a table; one without rows where there was nothing to be found."""
    if table is None:
        write_csv(path, columns, [])
        return
    rows = table[list(columns)].astype(object).where(table[list(columns)].notna(), None)
    write_csv(path, columns, rows.itertuples(index=False))
