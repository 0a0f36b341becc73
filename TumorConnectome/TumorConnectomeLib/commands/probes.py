"""Command ``probes``: how much embeddings tell about facets, beside clinical data alone, as CSV."""

from ..base.errors import InputError
from ..cohort.choosing import ALL, chosen_names, parts_of
from ..evaluation.probe_tasks import default_tasks, standard_task
from ..evaluation.probes import COLUMNS, PROBES, ProbeOptions, probe_models
from .tables import (
    add_measured_option,
    add_model_option,
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
    parser = subparsers.add_parser("probes", help="classifiers on frozen embeddings, per task and model, as CSV",
                                   description="Nested cross-validation grouped by patient; AUROC, AUPRC and gain over "
                                               "clinical data alone with 95 % intervals (patient bootstrap, widened "
                                               "for the training sets that folds share), p and q of the AUROC by label "
                                               "permutation, p of the gain, Brier score, calibration error, slope and "
                                               "intercept. Clinical data has the tumor's size where it is known. Needs "
                                               "scikit-learn for the logistic probe.")
    add_table_options(parser, _add_options)
    parser.set_defaults(run=run)


def run(options):
    """Write the CSV file; returns 0. Raises InputError for what the cohort does not have."""
    write_csv(options.out, COLUMNS, [score.row() for score in _scores(table_cohort_of(options), options)])
    return 0


def probes_command(arguments, report):
    """Worker command ``probes``: ``--prepared FILE`` and the options of the command line.

    Returns
    -------
    dict
        ``columns`` and ``rows`` of the table, and ``reliability``, one list per row: per class its name and, per bin of equal
        width, the number of patients, mean probability and share of positive patients. Undefined values are None.
    """
    options = worker_options("probes", arguments, _add_options)
    scores = _scores(independent_cohort_of(options)[0], options, report)
    return {"columns": list(COLUMNS), "rows": [plain(score.row()) for score in scores],
            "reliability": [[{"class": name, "counts": one.counts.tolist(), "predicted": plain(one.predicted.tolist()),
                              "observed": plain(one.observed.tolist())}
                             for name, one in zip(score.classes, score.calibrations)] for score in scores]}


def _add_options(parser):
    add_measured_option(parser)
    add_model_option(parser)
    parser.add_argument("--task", default="",
                        help="tasks and facets, separated by commas (default: adenocarcinoma-vs-squamous, late-vs-early-stage "
                             "and sex, as far as the cohort has them)")
    parser.add_argument("--probe", default=ALL, help=f"of {', '.join(PROBES)}; separated by commas, or 'all' (default)")
    parser.add_argument("--repeats", type=int, default=3, help="cross-validations with other folds (default 3)")
    parser.add_argument("--bootstraps", type=int, default=1000, help="bootstrap samples for intervals (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of folds and bootstraps (default 0)")


def _scores(cohort, options, report=lambda fraction, message="": None):
    names = parts_of(options.task)
    tasks = [standard_task(name, cohort) for name in dict.fromkeys(names)] or default_tasks(cohort)
    if not tasks:
        raise InputError("nothing is known about the patients that could be asked for", source=cohort.name,
                         expected="a patient table with cancer type, stage or sex")
    how = ProbeOptions(chosen_names("probe", options.probe, PROBES), options.seed, options.repeats, options.bootstraps)
    return probe_models(cohort, tasks, chosen_models(cohort, options.model), how, report)
