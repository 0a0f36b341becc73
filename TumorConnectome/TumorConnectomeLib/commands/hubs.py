"""Command ``hubs``: how far each model has hubs and anisotropy, with or without a repair, as CSV."""

from ..cohort.choosing import checked_k
from ..evaluation.hubs import TOP_HUBS, hubs
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

_PER_DIRECTION = ("max", "max_PatientID", "skewness", f"top{TOP_HUBS}_share", "never")
COLUMNS = ("model", "repair", "k", "n", *(f"{end}_{name}" for end in ("near", "far") for name in _PER_DIRECTION), "mean_cosine")


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("hubs", help="patients in very many neighbor lists, per model, as CSV",
                                   description="k-occurrence: in how many lists a patient is. Per model its maximum, skewness, "
                                               f"share of all slots held by the {TOP_HUBS} largest hubs and number of patients "
                                               "in nobody's list, for the nearest and the farthest; mean cosine of all pairs.")
    add_table_options(parser, _add_options)
    parser.set_defaults(run=run)


def run(options):
    """Write the CSV file; returns 0. Raises InputError for what the cohort does not have."""
    write_csv(options.out, COLUMNS, _rows(table_cohort_of(options), options, lambda fraction, message="": None))
    return 0


def hubs_command(arguments, report):
    """Worker command ``hubs``: ``--prepared FILE`` and the options of the command line.

    Returns
    -------
    dict
        ``columns`` and ``rows`` of the table; undefined values are None.
    """
    options = worker_options("hubs", arguments, _add_options)
    return {"columns": list(COLUMNS), "rows": [plain(row) for row in _rows(independent_cohort_of(options)[0], options, report)]}


def _add_options(parser):
    add_model_option(parser)
    add_k_option(parser, "neighbors per patient")
    add_repair_option(parser)


def _rows(cohort, options, report):
    ids, repair = cohort.patient_ids, Repair(options.repair)
    k = checked_k(options.k, len(ids), cohort.name)
    models, rows = chosen_models(cohort, options.model), []
    for number, model in enumerate(models):
        report(number / len(models), f"Hubs of {model}")
        found = hubs(repaired_lists(cohort.embeddings[model], k, repair, source=model), cohort.embeddings[model], k)
        row = [model, repair.value, k, len(ids)]
        for occurrence in (found.near, found.far):
            largest = int(occurrence.largest(1)[0])
            row += [int(occurrence.counts[largest]), ids[largest], occurrence.skewness, occurrence.top_share, occurrence.never]
        rows.append([*row, found.mean_cosine])
    return rows
