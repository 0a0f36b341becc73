"""Worker command ``prepare``: read or make a cohort, analyze it, and leave the result in the cache."""
import argparse
import pathlib

from ..base.errors import InputError
from ..base.files import sha256_of_file
from ..cohort.row_rules import RowRule
from ..connectome.analysis import analyze
from ..connectome.graph_result import MANIFEST, is_result, read_result
from ..connectome.prepared import VERSION, PreparedCohort, read_prepared, write_prepared
from ..evaluation.duplicates import duplicate_text, find_duplicates
from ..neighbors.match import Match
from ..readers.own_cohort import previews
from ..readers.sources import choices_from_text, data_key, published_folder, read_data, split_paths
from .tables import add_rows_option


def prepare(arguments, report):
    """Make sure that the cache holds a prepared cohort.

    Parameters
    ----------
    arguments : list of str
        ``--cache FOLDER``, ``--data PATHS`` (see `sources.split_paths`; or the folder
        of a `connectome.graph_result`), ``--rows RULE`` and ``--choices JSON`` (how files are
        read); without data it is the synthetic demo cohort.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``path`` of the file to read, and ``note``: what the user should know ("" if nothing). Or, when only a person can tell
        what the columns of a file are, ``questions`` as `preview` returns them.
    """
    parser = argparse.ArgumentParser(prog="prepare")
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=split_paths)
    parser.add_argument("--choices", default="")
    add_rows_option(parser)
    options = parser.parse_args(arguments)
    report(0.0, "Looking for the cohort in the cache")
    rule, choices = RowRule(options.rows), choices_from_text(options.choices)
    result = options.data[0] if options.data and len(options.data) == 1 and is_result(options.data[0]) else None
    if options.data and result is None and published_folder(options.data) is None:
        asked = [one for one in previews(options.data) if one.path not in choices and one.recognition.questions]
        if asked:
            return {"questions": [one.to_json() for one in asked]}
    key = _key(options.data, rule, choices) if result is None else f"{sha256_of_file(result / MANIFEST)}-v{VERSION}"
    path = options.cache / "cohorts" / f"{key}.npz"
    note = ""
    if path.exists():
        try:
            return {"path": str(path), "note": _duplicates(read_prepared(path))}
        except InputError as error:
            note = f"The cached cohort was made anew: {error}"
    if result is not None:
        prepared = read_result(result, report)
    else:
        cohort = _cohort(options.data, rule, choices, lambda fraction, message="": report(0.7 * fraction, message))
        prepared = PreparedCohort(cohort, analyze(cohort, lambda fraction, message="": report(0.7 + 0.3 * fraction, message)))
    write_prepared(path, prepared)
    return {"path": str(path), "note": " ".join(filter(None, (note, _duplicates(prepared))))}


def _duplicates(prepared):
    """What is to be said of ids that are there twice, by every model that shows it."""
    texts = []
    for model, analysis in prepared.analyses.items():
        lists = analysis.neighbors[Match.MOST]
        texts.append(duplicate_text(find_duplicates(lists.indices, lists.distances), prepared.cohort.patient_ids, model))
    return " ".join(filter(None, texts))


def preview(arguments, report):
    """Look at the files of a user's cohort.

    Parameters
    ----------
    arguments : list of str
        ``--data PATHS``.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``questions``: a list of `FilePreview.to_json`, empty for published files, of which nobody is asked anything.
    """
    parser = argparse.ArgumentParser(prog="preview")
    parser.add_argument("--data", type=split_paths, required=True)
    options = parser.parse_args(arguments)
    report(None, "Looking at the files")
    known = published_folder(options.data) or is_result(options.data[0])
    return {"questions": [] if known else [one.to_json() for one in previews(options.data)]}


def _key(data, rule, choices):
    """Cache key: everything that the result depends on."""
    if data is None:
        from ..synthetic.cohort import COHORT_VERSION
        return f"synthetic-{COHORT_VERSION}-v{VERSION}"
    return f"{data_key(data, choices)}-{rule.value}-v{VERSION}"


def _cohort(data, rule, choices, report):
    if data is None:
        from ..synthetic.cohort import build_cohort
        return build_cohort(report)
    return read_data(data, report, rule, choices)
