"""Command ``neighbors``: neighbor lists of a cohort as CSV."""
import csv
import pathlib

from ..core.connectome import Match
from ..core.errors import InputError
from ..core.files import atomic_file
from ..core.graph_export import NEIGHBOR_COLUMNS, SAME_PATIENT
from ..core.neighbors import neighbor_lists
from ..core.row_rules import patients_of
from .tables import add_data_option, add_rows_option, cohort_of


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("neighbors", help="nearest or farthest patients of every patient, as CSV",
                                   description="Exact neighbors by cosine distance; ties go to the smaller PatientID. "
                                               "'percentile': percent of the model's patient pairs that are farther apart. "
                                               "With '--rows all' a node is a row ('117502 #2') and 'same_patient' is 1 for "
                                               "two rows of one patient.")
    add_data_option(parser)
    add_rows_option(parser)
    parser.add_argument("--model", default="all", help="a model's name, or 'all' (default)")
    parser.add_argument("--match", choices=[match.value for match in Match], default="most", help="most or least similar")
    parser.add_argument("--k", type=int, default=5, help="neighbors per patient (default 5)")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the CSV file to write")
    parser.set_defaults(run=run)


def run(options):
    """Write the CSV file; returns 0. Raises InputError for a model or k that the cohort does not have."""
    cohort = cohort_of(options)
    models = cohort.models if options.model == "all" else [m for m in cohort.models if m.lower() == options.model.lower()]
    if not models:
        raise InputError(f"no model {options.model!r}", source=cohort.name,
                         expected=f"all or one of {', '.join(cohort.models)}")
    largest = len(cohort.patients) - 1
    if not 1 <= options.k <= largest:
        raise InputError(f"--k {options.k}", source=cohort.name,
                         expected=f"1 to {largest} for {len(cohort.patients)} patients" if largest else "at least two patients")
    match, ids, patients = Match(options.match), cohort.patient_ids, patients_of(cohort)
    repeated = patients != ids
    with atomic_file(options.out, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*NEIGHBOR_COLUMNS, *([SAME_PATIENT] if repeated else [])])
        for model in models:
            lists = neighbor_lists(cohort.embeddings[model], options.k, source=model)[match]
            for row, patient in enumerate(ids):
                for rank in range(options.k):
                    other = lists.indices[row, rank]
                    same = [int(patients[row] == patients[other])] if repeated else []
                    writer.writerow([model, match.value, patient, rank + 1, ids[other], repr(float(lists.distances[row, rank])),
                                     repr(float(lists.percentiles[row, rank])), *same])
    return 0
