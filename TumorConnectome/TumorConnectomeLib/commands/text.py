"""Command ``text``: how much patients resemble a text, and whether that tells their labels apart; the panel's workers."""
import argparse
import pathlib

from ..base.errors import InputError
from ..cohort.choosing import ALL, chosen_names
from ..cohort.measurements import evaluable_facets
from ..cohort.text_similarity import CAVEAT, TEXT_COLUMN
from ..connectome.prepared import read_prepared
from ..evaluation.table import PERMUTATIONS
from ..evaluation.text_scores import COLUMNS, text_scores
from ..readers.text_vectors import read_text_vectors
from .tables import (
    add_data_option,
    add_measured_option,
    add_out_option,
    add_rows_option,
    add_text_options,
    independent_cohort_of,
    phrase_of,
    plain,
    table_cohort_of,
    write_csv,
)


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("text", help="similarity to a text, and AUROC against labels with chance, as CSV",
                                   description=f"{CAVEAT} One row per category: 'auroc' is the share of pairs of a patient in "
                                               "the category and one outside in which the first is more like the text (chance "
                                               "0.5), with its 95 % interval (DeLong), two-sided permutation p and "
                                               "Benjamini-Hochberg q; 'random' is the negative control.")
    add_data_option(parser)
    add_rows_option(parser)
    _add_options(parser)
    add_out_option(parser)
    parser.add_argument("--values", type=pathlib.Path, metavar="FILE",
                        help="also write the similarity of every patient, as CSV")
    parser.set_defaults(run=run)


def _add_options(parser):
    add_text_options(parser, required=True)
    add_measured_option(parser)
    parser.add_argument("--facet", default=ALL, help="keys of facets, separated by commas, or 'all' (default)")
    parser.add_argument("--permutations", type=int, default=PERMUTATIONS, help=f"label permutations (default {PERMUTATIONS})")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")


def run(options):
    """Write the CSV files; returns 0. Raises InputError for a text, model or facet that is not there, or unfitting vectors."""
    cohort = table_cohort_of(options)
    scores = _scores(cohort, options)
    write_csv(options.out, COLUMNS, scores.itertuples(index=False))
    if options.values:
        write_csv(options.values, ("PatientID", TEXT_COLUMN), zip(cohort.patient_ids, _numbers(cohort)))
    return 0


def text_command(arguments, report):
    """Worker command ``text --prepared FILE`` with the options of the command line.

    Returns
    -------
    dict
        ``numbers``: one for each patient of the prepared cohort, rows of the same patient included; ``columns`` and ``rows`` of
        the table of AUROCs, with each patient once; ``note`` about that, "" if there is none.
    """
    parser = argparse.ArgumentParser(prog="text")
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    _add_options(parser)
    options = parser.parse_args(arguments)
    report(None, "Comparing the vectors with the text")
    whole, (cohort, note) = read_prepared(options.prepared).cohort, independent_cohort_of(options)
    numbers = phrase_of(options, whole)[1]
    report(None, "Testing it against the labels")
    rows = [plain(row) for row in _scores(cohort, options).itertuples(index=False)]
    return {"numbers": [float(number) for number in numbers], "columns": list(COLUMNS), "rows": rows, "note": note}


def texts_command(arguments, report):
    """Worker command ``texts --texts FILE --prepared FILE``.

    Returns
    -------
    dict
        ``names`` of the texts, and the ``models`` of the cohort whose vectors have as many dimensions.
    """
    parser = argparse.ArgumentParser(prog="texts")
    parser.add_argument("--texts", required=True, type=pathlib.Path)
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    options = parser.parse_args(arguments)
    report(None, f"Reading {options.texts.name}")
    texts, cohort = read_text_vectors(options.texts), read_prepared(options.prepared).cohort
    dimensions = {model: cohort.embeddings[model].shape[1] for model in cohort.models}
    fitting = [model for model, count in dimensions.items() if count == texts.vectors.shape[1]]
    if not fitting:
        raise InputError(f"its vectors have {texts.vectors.shape[1]} numbers", source=options.texts,
                         expected=" or ".join(f"{count} ({model})" for model, count in dimensions.items()))
    return {"names": list(texts.names), "models": fitting}


def _numbers(cohort):
    return [float(number) for number in cohort.patients[TEXT_COLUMN]]


def _scores(cohort, options):
    if options.permutations < 1:
        raise InputError(f"--permutations {options.permutations}", expected="at least 1")
    labels = tuple(key for key in cohort.facets if key != TEXT_COLUMN)
    usable = tuple(key for key in evaluable_facets(cohort) if key != TEXT_COLUMN)
    facets = chosen_names("facet", options.facet, labels, cohort.name, everything=usable)
    return text_scores(cohort, TEXT_COLUMN, facets, options.permutations, options.seed)
