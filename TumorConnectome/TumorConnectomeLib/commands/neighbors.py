"""Command ``neighbors``: neighbor lists of a cohort as CSV, or with layout and quantiles as a result for the module."""
import pathlib
import sys

from ..base.errors import InputError
from ..cohort.choosing import checked_k
from ..connectome.analysis import KEPT_NEIGHBORS
from ..connectome.graph_export import NEIGHBOR_COLUMNS, SAME_PATIENT
from ..neighbors.match import Match
from ..neighbors.neighbors import neighbor_lists
from .cluster_search import ROWS_PER_TASK
from .neighbor_result import write_result
from .tables import (
    add_data_option,
    add_k_option,
    add_model_option,
    add_rows_option,
    chosen_models,
    cohort_of,
    write_csv,
)


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("neighbors", help="nearest or farthest patients of every patient, as CSV",
                                   description="Exact neighbors by cosine distance; ties go to the smaller PatientID. "
                                               "'percentile': percent of the model's patient pairs that are farther apart. "
                                               "With '--rows all' a node is a row ('117502 #2') and 'same_patient' is 1 for "
                                               "two rows of one patient.")
    add_data_option(parser)
    add_rows_option(parser)
    add_model_option(parser)
    parser.add_argument("--match", type=str.lower, choices=[match.value for match in Match], default="most",
                        help="most or least similar")
    add_k_option(parser, "neighbors per patient", None)
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE.csv", help="the CSV file to write")
    parser.add_argument("--out-result", type=pathlib.Path, metavar="FOLDER",
                        help="write neighbors of both ends, layout and quantiles as Parquet, which the module opens as a "
                             f"cohort without vectors ({KEPT_NEIGHBORS} neighbors unless --k says otherwise)")
    parser.add_argument("--no-layout", action="store_true", help="with --out-result: leave out the layout, for more patients "
                                                                 "than can be drawn; the module can not open such a result")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="with --out-result: compute on this Dask cluster, whose workers "
                                                               "see the same files; see docs/large-cohorts.md")
    parser.add_argument("--rows-per-task", type=int, default=ROWS_PER_TASK,
                        help=f"patients per task of the cluster (default {ROWS_PER_TASK})")
    parser.set_defaults(run=run)


def run(options):
    """Write what is asked for; returns 0. Raises InputError for a model or k that the cohort does not have."""
    if (options.out is None) == (options.out_result is None):
        raise InputError("nothing to write", expected="--out FILE for a table, or --out-result FOLDER for the module")
    if options.scheduler and options.out_result is None:
        raise InputError("--scheduler without a result", expected="--out-result FOLDER that all workers see")
    if options.rows_per_task < 1:
        raise InputError(f"--rows-per-task {options.rows_per_task}", expected="at least 1")
    if options.out_result is not None:
        write_result(options, _progress_line())
        return 0
    options.k = 5 if options.k is None else options.k
    return _write_csv(options)


def _progress_line():
    """Says on standard error how far it is, once for every percent."""
    said = -1

    def report(fraction, message=""):
        nonlocal said
        if int(100 * fraction) > said:
            said = int(100 * fraction)
            print(f"{said:3d} % {message}", file=sys.stderr, flush=True)
    return report


def _write_csv(options):
    cohort = cohort_of(options)
    models, k = chosen_models(cohort, options.model), checked_k(options.k, len(cohort.patients), cohort.name)
    same = [SAME_PATIENT] if cohort.node_patients != cohort.patient_ids else []
    write_csv(options.out, [*NEIGHBOR_COLUMNS, *same], _rows(cohort, models, Match(options.match), k))
    return 0


def _rows(cohort, models, match, k):
    """The lines of the table, one list after the other."""
    ids, patients = cohort.patient_ids, cohort.node_patients
    repeated = patients != ids
    for model in models:
        lists = neighbor_lists(cohort.embeddings[model], k, source=model)[match]
        for row, patient in enumerate(ids):
            for rank, (other, distance, percentile) in enumerate(zip(
                    lists.indices[row].tolist(), lists.distances[row].tolist(), lists.percentiles[row].tolist()), start=1):
                same = [int(patients[row] == patients[other])] if repeated else []
                yield [model, match.value, patient, rank, ids[other], distance, percentile, *same]
