"""What commands that write tables share: checked options, CSV files and tables for worker results."""
import argparse
import csv
import math
import pathlib
import re
import sys

from ..base.errors import InputError
from ..base.files import atomic_file, default_cache_folder
from ..cohort.choosing import ALL, chosen_names
from ..cohort.measurements import with_measurements
from ..cohort.row_rules import RowRule, one_node_per_patient
from ..connectome.prepared import read_prepared
from ..imaging.measurement_store import MeasurementStore
from ..neighbors.consensus import with_consensus
from ..neighbors.repairs import Repair
from ..readers.named_columns import read_named
from ..readers.recognition import ROW_NUMBER
from ..readers.sources import split_paths

#: lines of the import report that only say what a file holds
_IS_CONTENT = re.compile(r"\t\d+ rows\t")
#: lines of the import report that are printed
_MOST_NOTES = 20
#: said where figures of a cohort with several rows of a patient are shown
ONCE_NOTE = "Each patient counts once, with its first row: rows of one patient are no independent observations."


def add_rows_option(parser):
    """The choice of what becomes of patients with several rows."""
    parser.add_argument("--rows", type=str.lower, choices=[rule.value for rule in RowRule], default=RowRule.SINGLE.value,
                        help="; ".join(f"{rule.value}: {rule.meaning()}" for rule in RowRule) + " (default single)")


def add_data_option(parser, required=True):
    """The files of a cohort; `read_cohort_of` reads them."""
    parser.add_argument("--data", required=required, type=split_paths, action="extend", metavar="PATH",
                        help="folder with *_features.pkl files (itself or in 'embeddings') and maybe a patient table, or a "
                             "file of your own (CSV, TSV, Parquet, Arrow, JSON Lines, npz, npy with a CSV beside it, "
                             "safetensors, h5ad), or a folder of these; give it several times for several models of the same "
                             "patients")
    parser.add_argument("--id-column", metavar="NAME", help="column of the patient ids, where it is not clear; "
                                                            f"'{ROW_NUMBER}' numbers the rows of a file without any")
    parser.add_argument("--feature-prefix", metavar="PREFIX", help="what stands before the numbers of the feature columns, "
                                                                   "where there are several sets of them")
    parser.add_argument("--categories", metavar="COLUMN", action="append", default=[],
                        help="column whose numbers are names of classes, not amounts; may be given several times")


def add_model_option(parser):
    """Which models; `chosen_models` understands it."""
    parser.add_argument("--model", default=ALL, metavar="NAMES",
                        help=f"names of models, separated by commas, in any case, or '{ALL}' (default)")


def add_k_option(parser, what, default=5, said=""):
    """How many neighbors; `choosing.checked_k` checks it. What is `said` about a default that is None stands in the help."""
    parser.add_argument("--k", type=int, default=default,
                        help=f"{what} (default {said or (5 if default is None else default)})")


def add_repair_option(parser):
    """What is done about hubs."""
    parser.add_argument("--repair", type=str.lower, choices=[repair.value for repair in Repair], default=Repair.NONE.value,
                        help="what to do about hubs before neighbors are looked for (default none)")


def add_out_option(parser):
    """The table."""
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE.csv", help="the CSV file to write")


def add_table_options(parser, add_own):
    """What a command takes that writes a table about a cohort: its files, the CSV file, and by `add_own` the command's own."""
    add_data_option(parser)
    add_rows_option(parser)
    add_out_option(parser)
    add_own(parser)


def worker_options(name, arguments, add_own):
    """The options of such a command when it runs as a worker: a prepared cohort instead of files, and no CSV file."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    add_own(parser)
    return parser.parse_args(arguments)


def read_cohort_of(options, report=lambda fraction, message="": None):
    """The cohort of ``--data``, ``--rows``, ``--id-column``, ``--feature-prefix`` and ``--categories``."""
    cohort = read_named(options.data, report, RowRule(options.rows), id_column=options.id_column,
                        feature_prefix=options.feature_prefix, categories=options.categories)
    _say_notes(cohort)
    return cohort


def _say_notes(cohort):
    """What the user should know about the files, a line each on standard error."""
    notes = [line.replace("\t", ": ") for line in cohort.provenance.get("import_report", "").splitlines()[1:]
             if not _IS_CONTENT.search(line)]
    for line in notes[:_MOST_NOTES]:
        print(f"Note: {line}", file=sys.stderr)
    if len(notes) > _MOST_NOTES:
        print(f"Note: ... and {len(notes) - _MOST_NOTES} more", file=sys.stderr)


def add_measured_option(parser):
    """The choice to use what was measured on the patients' images."""
    parser.add_argument("--measured", nargs="?", type=pathlib.Path, const=default_cache_folder(), metavar="CACHE",
                        help="join what the command 'measure' found to the patient table: box sizes, body side, kernel, ...; "
                             "they can be facets and strata (default folder: the cache)")


def cohort_of(options, report=lambda fraction, message="": None):
    """The cohort that ``--data`` with its options, or ``--prepared`` (a file of the cache) names; see ``--measured``."""
    prepared, measured = getattr(options, "prepared", None), getattr(options, "measured", None)
    cohort = read_prepared(prepared).cohort if prepared else read_cohort_of(options, report)
    if measured is None:
        return cohort
    store = MeasurementStore(measured)
    store.update()
    return with_measurements(cohort, store.measurements)


def table_cohort_of(options):
    """As `independent_cohort_of`, for a table on the command line: says the note."""
    cohort, note = independent_cohort_of(options)
    if note:
        print(f"Note: {note}", file=sys.stderr)
    return cohort


def independent_cohort_of(options, report=lambda fraction, message="": None):
    """As `cohort_of`, but with one node per patient, and ONCE_NOTE if that is fewer nodes, else ""."""
    cohort = cohort_of(options, report)
    once = one_node_per_patient(cohort)
    return once, "" if once is cohort else ONCE_NOTE


def chosen_models(cohort, wanted, *, consensus=False):
    """The models that ``--model`` names, see `choosing.chosen_names`; with `consensus` that of several models is one more."""
    return chosen_names("model", wanted, with_consensus(cohort.models) if consensus else cohort.models, cohort.name)


def one_model(cohort, wanted, *, consensus=False):
    """As `chosen_models`, where it must be exactly one."""
    models = chosen_models(cohort, wanted, consensus=consensus)
    if len(models) != 1:
        raise InputError(f"--model {wanted}", source=cohort.name, expected=f"one of {', '.join(models)}")
    return models[0]


def write_csv(path, columns, rows):
    """Write a table in one step; numbers keep their full precision, undefined ones (NaN) are empty."""
    with atomic_file(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(["" if value is None else repr(float(value)) if isinstance(value, float) else value
                             for value in plain(row)])


def plain(values):
    """A list of what JSON can write: NaN becomes None."""
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values]
