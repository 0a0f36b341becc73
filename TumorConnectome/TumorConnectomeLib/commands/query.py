"""Command ``query``: the patients most and least like one new vector, as CSV; and the worker behind the panel's query."""
import argparse
import pathlib

from ..base.errors import InputError
from ..cohort.choosing import checked_k
from ..connectome.analysis import KEPT_NEIGHBORS
from ..connectome.prepared import read_prepared
from ..connectome.query import query
from ..readers.vectors import parse_vector, read_vectors
from .tables import add_k_option, add_model_option, add_table_options, chosen_models, cohort_of, one_model, write_csv

COLUMNS = ("query", "model", "match", "rank", "MatchPatientID", "cosine_distance", "percentile")
#: rows of a file that the panel offers
_MOST_ROWS = 20_000


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("query", help="nearest and farthest patients of one new vector, as CSV",
                                   description="Exact neighbors of a vector that is not in the cohort, by cosine distance. "
                                               "'percentile': percent of the model's patient pairs that are farther apart.")
    add_table_options(parser, _add_options)
    parser.set_defaults(run=run)


def _add_options(parser):
    add_model_option(parser)
    parser.add_argument("--vector", required=True, type=pathlib.Path, metavar="FILE",
                        help="numbers separated by commas, spaces or lines, JSON, npy, or a file of embeddings with --row; one "
                             "vector needs --model, a file with vectors of several models answers for several")
    parser.add_argument("--row", default="", metavar="ID", help="which row of the file, by its id")
    add_k_option(parser, "patients at each end")


def run(options):
    """Write the CSV file; returns 0. Raises InputError for a model, row or k that is not there, or an unfitting vector."""
    cohort = cohort_of(options)
    models, k = chosen_models(cohort, options.model), _checked_k(cohort, options.k)
    rows = read_vectors(options.vector)
    if len(models) > 1 and not {model.lower() for model in models} <= {name.lower() for name in rows.models}:
        raise InputError(f"--model {options.model} for one vector", source=cohort.name,
                         expected=f"the model that made it: one of {', '.join(models)}")
    table = []
    for model in models:
        label, vector = _vector_of(rows, options, model, cohort)
        found = query(vector, cohort.embeddings[model], cohort.patient_ids, k, label=label, model=model)
        table += [(found.label, model, one.match, one.rank, one.patient_id, one.distance, one.percentile)
                  for one in found.neighbors]
    write_csv(options.out, COLUMNS, table)
    return 0


def query_command(arguments, report):
    """Query a prepared cohort.

    Parameters
    ----------
    arguments : list of str
        ``--prepared FILE`` (of the worker ``prepare``), ``--model``, ``--k`` (by default as many as neighbor lists keep), and
        ``--text FILE`` (pasted numbers) or ``--vector FILE`` with ``--row ID``; ``--label`` names the query.
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
    parser.add_argument("--k", type=int)
    parser.add_argument("--text", type=pathlib.Path)
    parser.add_argument("--vector", type=pathlib.Path)
    parser.add_argument("--row", default="")
    parser.add_argument("--label", default="")
    options = parser.parse_args(arguments)
    report(None, "Reading the vectors")
    prepared = read_prepared(options.prepared)
    cohort = prepared.cohort
    model, count = one_model(cohort, options.model), len(cohort.patients)
    k = min(KEPT_NEIGHBORS, count) if options.k is None else _checked_k(cohort, options.k)
    if options.text:
        label, vector = "", parse_vector(options.text.read_text("utf-8"))
    else:
        label, vector = _vector_of(read_vectors(options.vector), options, model, cohort)
    report(None, "Looking for neighbors and the place")
    found = query(vector, cohort.embeddings[model], cohort.patient_ids, k,
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


def _checked_k(cohort, k):
    """A new vector can have every patient as its neighbor."""
    return checked_k(k, len(cohort.patients), cohort.name, largest=len(cohort.patients))


def _vector_of(rows, options, model, cohort):
    """Label and vector of the row that is asked for."""
    path, number = options.vector, rows.row_of(options.row, options.vector)
    return rows.labels[number], rows.models[rows.model_for(model, cohort.embeddings[model].shape[1], path)][number]
