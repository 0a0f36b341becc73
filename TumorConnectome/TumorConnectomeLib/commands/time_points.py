"""Command ``time-points``: how far tumors move from scan to scan, against how far patients differ."""
import pathlib

from ..cohort.row_rules import RowRule
from ..evaluation.time_points import COLUMNS, STEP_COLUMNS, movement
from .tables import add_data_option, add_model_option, add_out_option, chosen_models, read_cohort_of, write_csv

_DESCRIPTION = """\
Patients with scans of several dates as paths through each model's space. One row per model and number of years between two
scans of a patient, and one 'per year': 'distance': mean cosine distance, every patient counting the same, with its interval;
'between': mean distance of scans of different patients; 'ratio': distance / between with its interval; 'closer': share of pairs
of different patients that are closer. Dates come from a column such as StudyDate, or are known for the published cohort (its
dates were shifted to January 2 of the three screening rounds). A scan is the mean of the unit vectors of its rows."""


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("time-points", help="how far tumors move per year, against how far patients differ, as CSV",
                                   description=_DESCRIPTION)
    add_data_option(parser)
    add_model_option(parser)
    add_out_option(parser)
    parser.add_argument("--steps", type=pathlib.Path, metavar="FILE", help="also write every step from a scan to the next")
    parser.add_argument("--seed", type=int, default=0, help="of the scans that are compared, of very many (default 0)")
    parser.set_defaults(run=run, rows=RowRule.ALL.value)


def run(options):
    """Write the files; returns 0. Raises InputError when dates are not known, or for a model that the cohort does not have."""
    cohort = read_cohort_of(options)
    table, steps = movement(cohort, chosen_models(cohort, options.model), options.seed)
    write_csv(options.out, COLUMNS, table.itertuples(index=False))
    if options.steps:
        write_csv(options.steps, STEP_COLUMNS, steps.itertuples(index=False))
    return 0
