"""What commands that write tables share: checked options, CSV files and tables for worker results."""
import csv
import math

from ..core.cohort_reader import read_cohort
from ..core.errors import InputError
from ..core.files import atomic_file
from ..core.prepared import read_prepared
from ..core.row_rules import RowRule, one_node_per_patient

#: said where figures of a cohort with several rows of a patient are shown
ONCE_NOTE = "Each patient counts once, with its first row: rows of one patient are no independent observations."


def add_rows_option(parser):
    """The choice of what becomes of patients with several rows."""
    parser.add_argument("--rows", choices=[rule.value for rule in RowRule], default=RowRule.SINGLE.value,
                        help="; ".join(f"{rule.value}: {rule.meaning()}" for rule in RowRule) + " (default single)")


def cohort_of(options, report=lambda fraction, message="": None):
    """The cohort that ``--data`` (a folder) with ``--rows``, or ``--prepared`` (a file of the cache) names."""
    if getattr(options, "prepared", None):
        return read_prepared(options.prepared).cohort
    return read_cohort(options.data, report, RowRule(options.rows))


def independent_cohort_of(options, report=lambda fraction, message="": None):
    """As `cohort_of`, but with one node per patient, and ONCE_NOTE if that is fewer nodes, else ""."""
    cohort = cohort_of(options, report)
    once = one_node_per_patient(cohort)
    return once, "" if once is cohort else ONCE_NOTE


def chosen_models(cohort, name):
    """All models for "all", else those named, separated by commas and without regard to case; InputError for another."""
    if name == "all":
        return cohort.models
    by_name = {model.lower(): model for model in cohort.models}
    chosen = []
    for part in name.split(","):
        if part.strip().lower() not in by_name:
            raise InputError(f"no model {part.strip()!r}", source=cohort.name,
                             expected=f"all or one of {', '.join(cohort.models)}")
        chosen.append(by_name[part.strip().lower()])
    return tuple(dict.fromkeys(chosen))


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
