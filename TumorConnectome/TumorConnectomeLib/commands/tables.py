"""What commands that write tables share: checked options, CSV files and tables for worker results."""
import argparse
import csv
import json
import math
import pathlib

from ..core.cohort_reader import read_cohort
from ..core.errors import InputError
from ..core.files import atomic_file, default_cache_folder
from ..core.measurements import with_measurements
from ..core.prepared import read_prepared
from ..core.readers.own_cohort import previews
from ..core.readers.sources import published_folder, read_data, split_paths
from ..core.row_rules import RowRule, one_node_per_patient
from ..core.structure.consensus import with_consensus
from ..imaging.measurement_store import MeasurementStore

#: said where figures of a cohort with several rows of a patient are shown
ONCE_NOTE = "Each patient counts once, with its first row: rows of one patient are no independent observations."


def add_rows_option(parser):
    """The choice of what becomes of patients with several rows."""
    parser.add_argument("--rows", choices=[rule.value for rule in RowRule], default=RowRule.SINGLE.value,
                        help="; ".join(f"{rule.value}: {rule.meaning()}" for rule in RowRule) + " (default single)")


def add_data_option(parser):
    """The files of a cohort; `read_cohort_of` reads them."""
    parser.add_argument("--data", required=True, type=split_paths, action="extend", metavar="PATH",
                        help="folder with *_features.pkl files (itself or in 'embeddings') and maybe a patient table, or a "
                             "file of your own (CSV, TSV, Parquet, npz, npy with a CSV beside it), or a folder of these; give "
                             "it several times for several models of the same patients")
    parser.add_argument("--id-column", metavar="NAME", help="column of the patient ids, where it is not clear")
    parser.add_argument("--feature-prefix", metavar="PREFIX", help="what stands before the numbers of the feature columns, "
                                                                   "where there are several sets of them")


def add_table_options(parser, add_own):
    """What a command takes that writes a table about a cohort: its files, the CSV file, and by `add_own` the command's own."""
    add_data_option(parser)
    add_rows_option(parser)
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the CSV file to write")
    add_own(parser)


def worker_options(name, arguments, add_own):
    """The options of such a command when it runs as a worker: a prepared cohort instead of files, and no CSV file."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    add_own(parser)
    return parser.parse_args(arguments)


def read_cohort_of(options, report=lambda fraction, message="": None, rows=None):
    """The cohort of ``--data``, ``--rows``, ``--id-column`` and ``--feature-prefix``; `rows` of published files, if known."""
    paths, choices = options.data, {}
    if rows is not None:
        return read_cohort(published_folder(paths), report, RowRule(options.rows), rows)
    column, prefix = getattr(options, "id_column", None), getattr(options, "feature_prefix", None)
    if (column or prefix is not None) and published_folder(paths) is None:
        choices = {one.path: one.chosen_by_name(column, prefix) for one in previews(paths)}
    return read_data(paths, report, RowRule(options.rows), choices)


def add_measured_option(parser):
    """The choice to use what was measured on the patients' images."""
    parser.add_argument("--measured", nargs="?", type=pathlib.Path, const=default_cache_folder(), metavar="CACHE",
                        help="join what the command 'measure' found to the patient table: box sizes, body side, kernel, ...; "
                             "they can be facets and strata (default folder: the cache)")


def cohort_of(options, report=lambda fraction, message="": None, rows=None):
    """The cohort that ``--data`` with its options, or ``--prepared`` (a file of the cache) names; see ``--measured``."""
    prepared, measured = getattr(options, "prepared", None), getattr(options, "measured", None)
    cohort = read_prepared(prepared).cohort if prepared else read_cohort_of(options, report, rows)
    if measured is None:
        return cohort
    store = MeasurementStore(measured)
    store.update()
    return with_measurements(cohort, store.measurements)


def independent_cohort_of(options, report=lambda fraction, message="": None, rows=None):
    """As `cohort_of`, but with one node per patient, and ONCE_NOTE if that is fewer nodes, else ""."""
    cohort = cohort_of(options, report, rows)
    once = one_node_per_patient(cohort)
    return once, "" if once is cohort else ONCE_NOTE


def chosen_models(cohort, name, *, consensus=False):
    """All models for "all", else those named, separated by commas and without regard to case; InputError for another.

    With `consensus` the consensus of several models is one of them.
    """
    models = with_consensus(cohort.models) if consensus else cohort.models
    if name == "all":
        return models
    return chosen_names("model", name, models, cohort.name)


def chosen_names(what, text, possible, source):
    """Those of the possible names that a text lists, without regard to case and without repetitions.

    Raises
    ------
    InputError
        Another name, or none.
    """
    by_name, chosen = {name.lower(): name for name in possible}, []
    for part in parts_of(text) or [""]:
        if part not in possible and part.lower() not in by_name:
            raise InputError(f"no {what} {part!r}", source=source, expected=f"all or some of {', '.join(possible) or 'none'}")
        chosen.append(part if part in possible else by_name[part.lower()])
    return tuple(dict.fromkeys(chosen))


def parts_of(text):
    """Names in a text such as "CTFM,Merlin", or in a JSON list, for names with a comma."""
    if text.lstrip().startswith("["):
        try:
            return [str(part) for part in json.loads(text)]
        except ValueError:
            raise InputError(f"{text!r} is no JSON list of names") from None
    return [part.strip() for part in text.split(",") if part.strip()]


def checked_k(cohort, k):
    """`k` if every patient has that many others; InputError otherwise."""
    largest = len(cohort.patients) - 1
    if not 1 <= k <= largest:
        raise InputError(f"--k {k}", source=cohort.name,
                         expected=f"1 to {largest} for {len(cohort.patients)} patients" if largest else "at least two patients")
    return k


def write_csv(path, columns, rows):
    """Write a table in one step; numbers keep their full precision, undefined ones (NaN) are empty."""
    with atomic_file(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(["" if value is None else repr(value) if isinstance(value, float) else value
                             for value in plain(row)])


def plain(values):
    """A list of what JSON can write: NaN becomes None."""
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values]
