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
from ..cohort.row_rules import RowRule
from ..evaluation.classes import COLUMNS as CLASS_COLUMNS
from ..evaluation.compare import COLUMNS as COMPARE_COLUMNS
from ..evaluation.confounds import COLUMNS as CONFOUND_COLUMNS
from ..evaluation.distances import blocks_of
from ..evaluation.evidence import VERSION, gather_evidence, read_evidence, write_evidence
from ..evaluation.outcomes import NUMBER_COLUMNS, SURVIVAL_COLUMNS
from ..evaluation.replication import COLUMNS as REPLICATION_COLUMNS
from ..evaluation.replication import LEFT_OUT, disjoint
from ..evaluation.report import report_html, report_text
from ..evaluation.same_patient import COLUMNS as SAME_PATIENT_COLUMNS
from ..evaluation.sweep import COLUMNS as SWEEP_COLUMNS
from ..evaluation.table import COLUMNS, PERMUTATIONS
from ..evaluation.vote_table import COLUMNS as VOTE_COLUMNS
from ..imaging.measurement_store import MeasurementStore
from ..neighbors.repairs import Repair
from ..readers.cohort_reader import SUFFIX, cohort_files, read_all_rows
from ..readers.embedding_pickle import read_once
from ..readers.sources import published_folder, split_paths
from .tables import (
    add_data_option,
    add_k_option,
    add_measured_option,
    add_model_option,
    add_out_option,
    add_repair_option,
    add_rows_option,
    add_text_options,
    chosen_models,
    independent_cohort_of,
    write_csv,
)

_DESCRIPTION = """\
One row per model, facet and metric. 'value': mean of the metric over 'n' queries; 'chance': its exact mean over all label
permutations; 'lift': value / chance; 'ci_low', 'ci_high': 95 % interval of the lift, patients being sampled; 'p': one-sided
permutation p value; 'q': Benjamini-Hochberg over all rows but the controls (each of which is a family of its own); 'best':
largest value that is possible; 'of_possible': (value - chance) / (best - chance), with its interval; 'macro_lift': every
category counts the same; 'detectable_lift': found with 80 % power; 'p_below', 'q_below': of a value as small;
'permutations': how many p rests on (more where p would be at its floor, fewer where it is settled). The controls are
always there: 'random' (random groups, nothing should be found) and, if the cohort knows it, 'body_side' (every model should
see it). Patients of unknown category are left out; so are queries without a relevant target. Ties count as the mean over
their orders. 'k' is cut to the number of targets and is empty for R-precision. All columns and methods: docs/evaluation.md."""


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
                        help="also write how much of the excess of P@k remains inside strata of the --within columns, as CSV")
    parser.add_argument("--classes", type=pathlib.Path, metavar="FILE",
                        help="also write P@k of the queries of each category, with lift, interval and share of the excess")
    parser.add_argument("--compare", type=pathlib.Path, metavar="FILE",
                        help="also write model against model: ratio of P@k on the same patients with interval, p and Holm's p")
    parser.add_argument("--k-sweep", type=pathlib.Path, metavar="FILE",
                        help="also write P@k for k from 1 to 50, with the band that chance alone fills")
    parser.add_argument("--survival", type=pathlib.Path, metavar="FILE",
                        help="also write the C index of the neighbors' hazard for columns of time and event")
    parser.add_argument("--numbers", type=pathlib.Path, metavar="FILE",
                        help="also write the mean absolute difference of numbers to the k nearest, over that of all pairs")
    parser.add_argument("--replication", type=pathlib.Path, metavar="FILE",
                        help="also write P@k in the patients of --replicate beside this cohort's, with a test of heterogeneity")
    parser.add_argument("--votes", type=pathlib.Path, metavar="FILE",
                        help="also write how often pairs that 1, 2, ... models agree on have the same label, as CSV")
    parser.add_argument("--verdict", type=pathlib.Path, metavar="FILE",
                        help="also write the verdict in sentences, as HTML if the name ends in .html, else as text")
    parser.set_defaults(run=run)


def _add_choices(parser):
    add_measured_option(parser)
    add_text_options(parser)
    add_model_option(parser)
    parser.add_argument("--facet", default=ALL, help="keys of facets, separated by commas, or 'all' (default)")
    add_k_option(parser, "ranks that count")
    parser.add_argument("--permutations", type=int, default=PERMUTATIONS, help=f"label permutations (default {PERMUTATIONS})")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")
    add_repair_option(parser)
    parser.add_argument("--reference", metavar="MODEL", help="with which the others are compared (default: all pairs)")
    parser.add_argument("--replicate", metavar="DATA",
                        help="a second cohort (files as of --data) in which everything is looked at again, without patients of "
                             f"the first; '{LEFT_OUT}': the patients that --rows single leaves out, with their latest scan")
    parser.add_argument("--within", default=ALL,
                        help="facets or columns of the patient table that may explain a lift; 'all': every facet (default); "
                             "'sex+age' makes strata of both jointly")


def run(options):
    """Write the files; returns 0. Raises InputError for a model, facet, column or k that the cohort does not have."""
    folder = published_folder(options.data)
    with read_once():
        cohort, once = independent_cohort_of(options)
        files = read_all_rows(folder) if folder and (options.same_patient or options.verdict) else None
        second = _second(cohort, options)
    if options.same_patient and folder is None:
        raise InputError("same-patient retrieval needs all rows of every patient", source=options.data[0],
                         expected=f"a folder with *{SUFFIX} files")
    if options.votes and len(cohort.models) < 2:
        raise InputError(f"only the model {cohort.models[0]}", source=cohort.name, expected="at least two models to vote")
    if options.replication and not options.replicate:
        raise InputError("--replication without a second cohort", expected="--replicate DATA")
    more = [name for name, wanted in (("numbers", options.numbers), ("sweep", options.k_sweep)) if wanted]
    evidence = gather_evidence(cohort, files, about=once, more=more, second=second, **_distances(options),
                               **_chosen(cohort, options, bool(options.confounds or options.verdict)))
    _write_table(options.out, evidence.table, COLUMNS)
    if options.same_patient:
        _write_table(options.same_patient, evidence.same_patient, SAME_PATIENT_COLUMNS)
    if options.confounds:
        _write_table(options.confounds, evidence.confounds, CONFOUND_COLUMNS)
    if options.classes:
        _write_table(options.classes, evidence.classes, CLASS_COLUMNS)
    for path, found, columns, missing in (
            (options.compare, evidence.comparison, COMPARE_COLUMNS, "models to compare"),
            (options.k_sweep, evidence.sweep, SWEEP_COLUMNS, ""), (options.numbers, evidence.numbers, NUMBER_COLUMNS, ""),
            (options.survival, evidence.survival, SURVIVAL_COLUMNS, "columns of a time and of an event"),
            (options.replication, evidence.replication, REPLICATION_COLUMNS, "")):
        if path and found is None:
            raise InputError(f"it has no {missing}", source=cohort.name, expected=f"two {missing}")
        if path:
            _write_table(path, found, columns)
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
    files = (lambda: read_all_rows(folder)) if folder else None

    def partial(table):
        tell = getattr(report, "partial", None)         # of a worker; nobody else waits for it
        if tell is not None:
            tell({"columns": list(table), "rows": table.astype(object).where(table.notna(), None).to_numpy().tolist()})

    write_evidence(path, gather_evidence(cohort, files, about=once, second=_second(cohort, options), more=["sweep"], **choices,
                                         **_distances(options), report=report, partial=partial))
    return {"path": str(path)}


def _key(options, folder, choices):
    """Cache key: everything that the result depends on."""
    measured = [MeasurementStore(options.measured).path] if options.measured else []
    files = [options.prepared, *(cohort_files(folder) if folder else []), *(path for path in measured if path.exists())]
    files += [options.texts] if options.texts else []
    content = [VERSION, sha256_of_files(files), options.repair, options.replicate, options.phrase, options.against,
               options.text_model, choices]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _chosen(cohort, options, confounds):
    """Arguments of `gather_evidence` that the user chooses."""
    return {"models": chosen_models(cohort, options.model, consensus=True), "facets": _facets(cohort, options.facet),
            "within": _within(cohort, options.within) if confounds else (),
            "k": checked_k(options.k, len(cohort.patients), cohort.name), "permutations": options.permutations,
            "seed": options.seed, "reference": options.reference}



def _second(cohort, options):
    """The cohort of --replicate, without the patients of the first; None when there is none."""
    if not options.replicate:
        return None
    same = {"id_column": None, "feature_prefix": None, "categories": [], "measured": options.measured}
    if options.replicate == LEFT_OUT:                   # other rows of the same files, read in the same way
        if not options.data:
            raise InputError("its files are not known", source=cohort.name, expected="--replicate with files")
        same.update((name, getattr(options, name)) for name in same if hasattr(options, name))
        other = argparse.Namespace(data=options.data, rows=RowRule.LATEST.value, **same)
    else:
        other = argparse.Namespace(data=split_paths(options.replicate), rows=getattr(options, "rows", "first"), **same)
    return disjoint(cohort, independent_cohort_of(other)[0])


def _distances(options):
    repair = Repair(options.repair)
    return {"blocks": blocks_of(repair), "distance": "" if repair is Repair.NONE else repair.meaning()}


def _within(cohort, text):
    return evaluable_facets(cohort) if text.strip().lower() == ALL else tuple(parts_of(text))


def _facets(cohort, text):
    """Facet keys in a text such as "stage,sex"; "all" is all of them but what was measured on few patients."""
    return chosen_names("facet", text, tuple(cohort.facets), cohort.name, everything=evaluable_facets(cohort))


def _write_table(path, table, columns):
    """Write a table; one without rows where there was nothing to be found."""
    if table is None:
        write_csv(path, columns, [])
        return
    rows = table[list(columns)].astype(object).where(table[list(columns)].notna(), None)
    write_csv(path, columns, rows.itertuples(index=False))
