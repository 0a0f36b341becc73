"""What commands that write tables share: checked options, CSV files and tables for worker results."""
import argparse
import csv
import json
import math
import pathlib
import re
import sys

from ..base.errors import InputError
from ..base.files import atomic_file, default_cache_folder
from ..cohort.measurements import with_measurements
from ..cohort.row_rules import RowRule, one_node_per_patient
from ..connectome.prepared import read_prepared
from ..imaging.measurement_store import MeasurementStore
from ..neighbors.consensus import with_consensus
from ..readers.own_cohort import previews, undecided
from ..readers.recognition import ROW_NUMBER
from ..readers.sources import published_folder, read_data, split_paths

#: lines of the import report that only say what a file holds
_IS_CONTENT = re.compile(r"\t\d+ rows\t")
#: lines of the import report that are printed
_MOST_NOTES = 20
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
    parser.add_argument("--id-column", metavar="NAME", help="column of the patient ids, where it is not clear; "
                                                            f"'{ROW_NUMBER}' numbers the rows of a file without any")
    parser.add_argument("--feature-prefix", metavar="PREFIX", help="what stands before the numbers of the feature columns, "
                                                                   "where there are several sets of them")
    parser.add_argument("--categories", metavar="COLUMN", action="append", default=[],
                        help="column whose numbers are names of classes, not amounts; may be given several times")


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


def read_cohort_of(options, report=lambda fraction, message="": None):
    """The cohort of ``--data``, ``--rows``, ``--id-column`` and ``--feature-prefix``."""
    choices = {} if published_folder(options.data) is not None else chosen_by_name(
        options.data, options.id_column, options.feature_prefix, options.categories)
    if published_folder(options.data) is not None:
        _refuse_choices(options)
    cohort = read_data(options.data, report, RowRule(options.rows), choices)
    _say_notes(cohort)
    return cohort


def chosen_by_name(paths, id_column, prefix, categories):
    """How files are read with these names of columns, by path; InputError for a name that no file has."""
    if not id_column and prefix is None and not categories:
        return {}
    found = previews(paths)
    _refuse_unknown("column", id_column, [name for one in found for name in one.columns], paths)
    groups = [group.prefix for one in found for group in one.recognition.groups]
    _refuse_unknown("feature columns", prefix, groups, paths)
    for name in categories:
        _refuse_unknown("column", name, [name for one in found for name in one.columns if name != ROW_NUMBER], paths)
    for one in found:
        for question in one.undecided(id_column, prefix):
            raise undecided(one, question)
    return {one.path: one.chosen_by_name(id_column, prefix, categories) for one in found}


def _refuse_unknown(what, name, possible, paths):
    if name is not None and name not in possible:
        some = ", ".join(map(repr, dict.fromkeys(possible)))
        raise InputError(f"no file has {'the' if what == 'feature columns' else 'a'} {what} {name!r}", source=paths[0],
                         expected=f"one of {some[:300]}" if some else "a file with columns")


def _refuse_choices(options):
    """Published files have no columns that anybody could choose."""
    for option, value in (("--id-column", options.id_column), ("--feature-prefix", options.feature_prefix),
                          ("--categories", options.categories)):
        if value and value != "PatientID":
            raise InputError(f"{option} {value if isinstance(value, str) else value[0]}", source=options.data[0],
                             expected="files of one's own; in published files nothing is to be chosen")


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


def independent_cohort_of(options, report=lambda fraction, message="": None):
    """As `cohort_of`, but with one node per patient, and ONCE_NOTE if that is fewer nodes, else ""."""
    cohort = cohort_of(options, report)
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
