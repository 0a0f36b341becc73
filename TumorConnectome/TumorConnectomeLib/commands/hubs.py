"""Command ``hubs``: how far each model has hubs and anisotropy, with or without a repair, as CSV."""

from ..evaluation.hubs import TOP_HUBS, hubs
from ..neighbors.repairs import Repair, repaired_lists
from .tables import add_table_options, checked_k, chosen_models, independent_cohort_of, plain, worker_options, write_csv

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
    write_csv(options.out, COLUMNS, _rows(independent_cohort_of(options)[0], options, lambda fraction, message="": None))
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
    parser.add_argument("--model", default="all", help="models' names, separated by commas, or 'all' (default)")
    parser.add_argument("--k", type=int, default=5, help="neighbors per patient (default 5)")
    parser.add_argument("--repair", choices=[repair.value for repair in Repair], default=Repair.NONE.value,
                        help="what to do about hubs before neighbors are looked for (default none)")


def _rows(cohort, options, report):
    k, repair, ids = checked_k(cohort, options.k), Repair(options.repair), cohort.patient_ids
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
