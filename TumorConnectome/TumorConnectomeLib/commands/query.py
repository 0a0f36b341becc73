"""Command ``query``: the patients most and least like one new vector, as CSV; and the worker behind the panel's query."""
import argparse
import pathlib

from ..core.errors import InputError
from ..core.prepared import read_prepared
from ..core.query import query
from ..readers.vectors import parse_vector, read_vectors
from .tables import add_data_option, add_rows_option, checked_k, chosen_models, cohort_of, write_csv

COLUMNS = ("query", "model", "match", "rank", "MatchPatientID", "cosine_distance", "percentile")
#: rows of a file that the panel offers
_MOST_ROWS = 20_000


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("query", help="nearest and farthest patients of one new vector, as CSV",
                                   description="Exact neighbors of a vector that is not in the cohort, by cosine distance. "
                                               "'percentile': percent of the model's patient pairs that are farther apart.")
    add_data_option(parser)
    add_rows_option(parser)
    parser.add_argument("--model", required=True, help="the model that made the vector")
    parser.add_argument("--vector", required=True, type=pathlib.Path, metavar="FILE",
                        help="numbers separated by commas, spaces or lines, JSON, npy, or a file of embeddings with --row")
    parser.add_argument("--row", default="", metavar="ID", help="which row of the file, by its id")
    parser.add_argument("--k", type=int, default=5, help="patients at each end (default 5)")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the CSV file to write")
    parser.set_defaults(run=run)


def run(options):
    """Write the CSV file; returns 0. Raises InputError for a model, row or k that is not there, or an unfitting vector."""
    cohort = cohort_of(options)
    models = chosen_models(cohort, options.model)
    if len(models) != 1:
        raise InputError(f"--model {options.model}", source=cohort.name, expected=f"one of {', '.join(cohort.models)}")
    model = models[0]
    label, vector = _vector_of_file(options.vector, options.row, model, cohort.embeddings[model].shape[1])
    found = query(vector, cohort.embeddings[model], cohort.patient_ids, checked_k(cohort, options.k), label=label, model=model)
    write_csv(options.out, COLUMNS, [(found.label, model, one.match, one.rank, one.patient_id, one.distance, one.percentile)
                                     for one in found.neighbors])
    return 0


def query_command(arguments, report):
    """Query a prepared cohort.

    Parameters
    ----------
    arguments : list of str
        ``--prepared FILE`` (of the worker ``prepare``), ``--model``, ``--k``, and ``--text FILE`` (pasted numbers) or
        ``--vector FILE`` with ``--row ID``; ``--label`` names the query.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``result``: see `QueryResult.to_json`; ``vector``: the numbers that were used.
    """
    parser = argparse.ArgumentParser(prog="query")
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--k", required=True, type=int)
    parser.add_argument("--text", type=pathlib.Path)
    parser.add_argument("--vector", type=pathlib.Path)
    parser.add_argument("--row", default="")
    parser.add_argument("--label", default="")
    options = parser.parse_args(arguments)
    report(None, "Reading the vectors")
    prepared = read_prepared(options.prepared)
    cohort, model = prepared.cohort, options.model
    if options.text:
        label, vector = "", parse_vector(options.text.read_text("utf-8"))
    else:
        label, vector = _vector_of_file(options.vector, options.row, model, cohort.embeddings[model].shape[1])
    report(None, "Looking for neighbors and the place")
    found = query(vector, cohort.embeddings[model], cohort.patient_ids, min(options.k, len(cohort.patients)),
                  label=options.label or label, model=model, analysis=prepared.analyses[model])
    return {"result": found.to_json(), "vector": [float(number) for number in vector]}


def rows_command(arguments, report):
    """The rows of a file that can be queried by.

    Parameters
    ----------
    arguments : list of str
        ``--vector FILE``.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``rows``: their ids, at most 20,000; ``count``: how many there are.
    """
    parser = argparse.ArgumentParser(prog="query-rows")
    parser.add_argument("--vector", required=True, type=pathlib.Path)
    options = parser.parse_args(arguments)
    report(None, f"Reading {options.vector.name}")
    labels = read_vectors(options.vector).labels
    return {"rows": labels[:_MOST_ROWS], "count": len(labels)}


def _vector_of_file(path, row, model, length):
    """Label and vector of a file's row."""
    rows = read_vectors(path)
    number = rows.row_of(row, path)
    return rows.labels[number], rows.models[rows.model_for(model, length, path)][number]
