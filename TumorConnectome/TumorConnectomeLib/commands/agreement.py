"""Command ``agreement``: how far the models agree about the same patients, as CSV."""

from ..base.errors import InputError
from ..cohort.choosing import checked_k
from ..evaluation.agreement import COLUMNS, RBO_DEPTH, agreement
from ..neighbors.match import Match
from ..neighbors.repairs import Repair, repaired_lists
from .tables import (
    add_k_option,
    add_model_option,
    add_repair_option,
    add_table_options,
    chosen_models,
    independent_cohort_of,
    plain,
    table_cohort_of,
    worker_options,
    write_csv,
)


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("agreement", help="how far models agree, per pair of models, as CSV",
                                   description="Jaccard index of the k nearest, extrapolated rank-biased overlap (p = 0.9, "
                                               f"depth {RBO_DEPTH}), each beside what chance gives, Spearman correlation of "
                                               "all distances, linear CKA, plain and debiased.")
    add_table_options(parser, _add_options)
    parser.set_defaults(run=run)


def run(options):
    """Write the CSV file; returns 0. Raises InputError for what the cohort does not have."""
    found = _agreement(table_cohort_of(options), options, lambda fraction, message="": None)
    write_csv(options.out, COLUMNS, found.rows())
    return 0


def agreement_command(arguments, report):
    """Worker command ``agreement``: ``--prepared FILE`` and the options of the command line.

    Returns
    -------
    dict
        ``columns`` and ``rows`` of the table; undefined values are None.
    """
    options = worker_options("agreement", arguments, _add_options)
    found = _agreement(independent_cohort_of(options)[0], options, report)
    return {"columns": list(COLUMNS), "rows": [plain(row) for row in found.rows()]}


def _add_options(parser):
    add_model_option(parser)
    add_k_option(parser, "neighbors that the Jaccard index compares")
    add_repair_option(parser)
    parser.add_argument("--seed", type=int, default=0, help="of the sample of patients in large cohorts (default 0)")


def _agreement(cohort, options, report):
    k, repair = checked_k(options.k, len(cohort.patients), cohort.name), Repair(options.repair)
    models = chosen_models(cohort, options.model)
    if len(models) < 2:
        raise InputError(f"only the model {models[0]}", source=cohort.name, expected="at least two models to compare")
    if options.seed < 0:
        raise InputError(f"--seed {options.seed}", expected="0 or more")
    depth, nearest = min(max(k, RBO_DEPTH), len(cohort.patients) - 1), {}
    for number, model in enumerate(models):
        report(0.5 * number / len(models), f"Neighbors by {model}")
        nearest[model] = repaired_lists(cohort.embeddings[model], depth, repair, source=model)[Match.MOST]
    return agreement({model: cohort.embeddings[model] for model in models}, nearest, k, seed=options.seed,
                     report=lambda fraction, message="": report(0.5 + 0.5 * fraction, message))
