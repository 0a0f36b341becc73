"""Worker command ``prepare``: read or make a cohort, analyze it, and leave the result in the cache."""
import argparse
import pathlib

from ..core.analysis import analyze
from ..core.cohort_reader import cohort_files, read_cohort
from ..core.errors import InputError
from ..core.files import sha256_of_files
from ..core.prepared import VERSION, PreparedCohort, read_prepared, write_prepared
from ..core.row_rules import RowRule
from .tables import add_rows_option


def prepare(arguments, report):
    """Make sure that the cache holds a prepared cohort.

    Parameters
    ----------
    arguments : list of str
        ``--cache FOLDER``, ``--data FOLDER`` and ``--rows RULE``; without data it is the synthetic demo cohort.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``path`` of the file to read, and ``note``: what the user should know ("" if nothing).
    """
    parser = argparse.ArgumentParser(prog="prepare")
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    add_rows_option(parser)
    options = parser.parse_args(arguments)
    report(0.0, "Looking for the cohort in the cache")
    rule = RowRule(options.rows)
    path = options.cache / "cohorts" / f"{_key(options.data, rule)}.npz"
    note = ""
    if path.exists():
        try:
            read_prepared(path)
            return {"path": str(path), "note": note}
        except InputError as error:
            note = f"The cached cohort was made anew: {error}"
    cohort = _cohort(options.data, rule, lambda fraction, message="": report(0.7 * fraction, message))
    analyses = analyze(cohort, lambda fraction, message="": report(0.7 + 0.3 * fraction, message))
    write_prepared(path, PreparedCohort(cohort, analyses))
    return {"path": str(path), "note": note}


def _key(data, rule):
    """Cache key: everything that the result depends on."""
    if data is None:
        from ..synthetic.cohort import GENERATOR_VERSION
        return f"synthetic-{GENERATOR_VERSION}-v{VERSION}"
    return f"{sha256_of_files(cohort_files(data))}-{rule.value}-v{VERSION}"


def _cohort(data, rule, report):
    if data is None:
        from ..synthetic.cohort import build_cohort
        return build_cohort(report)
    return read_cohort(data, report, rule)
