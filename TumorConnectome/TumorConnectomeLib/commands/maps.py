"""Command ``maps``: how far maps of the patients can be trusted, as CSV; worker ``map``: one map for the module."""
import argparse
import pathlib
import sys

from ..base.errors import InputError
from ..cohort.choosing import checked_k, chosen_names
from ..connectome.analysis import analyze
from ..connectome.prepared import read_prepared
from ..evaluation.distances import blocks_of, model_blocks
from ..layout.map_file import map_path, read_map, write_map
from ..layout.map_quality import MAP_NEIGHBORS, map_quality, quality_of_blocks, usual_k
from ..layout.maps import MapKind, make_map
from ..neighbors.consensus import CONSENSUS
from ..neighbors.repairs import Repair
from .derive import fused_analyses, repaired_analyses
from .tables import (
    add_k_option,
    add_model_option,
    add_repair_option,
    add_table_options,
    chosen_models,
    cohort_of,
    one_model,
    write_csv,
)

COLUMNS = ("model", "map", "k", "n", "trustworthiness", "continuity", "recall")
_KINDS = {kind.value: kind for kind in MapKind}
_BUILT_IN = (MapKind.NEIGHBORS, MapKind.PCA)


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("maps", help="quality of maps per model, as CSV",
                                   description="Trustworthiness, continuity (Venna and Kaski, 2001) and recall of the k "
                                               "nearest neighbors on maps of the patients. t-SNE needs scikit-learn, UMAP "
                                               "umap-learn.")
    add_table_options(parser, _add_options)
    parser.set_defaults(run=run)


def _add_options(parser):
    add_model_option(parser)
    parser.add_argument("--map", default=",".join(kind.value for kind in _BUILT_IN), metavar="NAMES",
                        help=f"of {', '.join(_KINDS)}; separated by commas, in any case, or 'all' (default: the first two)")
    add_k_option(parser, "neighbors compared", None, f"{MAP_NEIGHBORS}, or as many as are defined for fewer patients")
    parser.add_argument("--seed", type=int, default=0, help="of t-SNE and UMAP (default 0)")


def run(options):
    """Write the CSV file; returns 0. Raises InputError for what the cohort does not have."""
    kinds = chosen_names("map", options.map, tuple(_KINDS))
    if options.seed < 0:
        raise InputError(f"--seed {options.seed}", expected="0 or more")
    cohort = cohort_of(options)
    count, models = len(cohort.patients), chosen_models(cohort, options.model)
    # trustworthiness and continuity are defined for fewer than half of the patients; of two patients all is undefined
    k = usual_k(count) if options.k is None else options.k
    checked_k(k, count, cohort.name, largest=count - 1 if count < 3 else (count - 1) // 2)
    if options.k is None and k < MAP_NEIGHBORS:
        print(f"Note: {k} neighbors are compared, the most that is defined for {count} patients.", file=sys.stderr)
    analyses, rows = analyze(cohort), []
    for model in models:
        for kind in kinds:
            positions = make_map(_KINDS[kind], cohort.embeddings[model], analyses[model].positions, seed=options.seed)
            quality = map_quality(cohort.embeddings[model], positions, k)
            rows.append((model, kind, k, len(positions), quality.trustworthiness, quality.continuity, quality.recall))
    write_csv(options.out, COLUMNS, rows)
    return 0


def map_command(arguments, report):
    """Leave a map of a model of a prepared cohort, and its quality, in the cache.

    Parameters
    ----------
    arguments : list of str
        ``--cache FOLDER``, ``--prepared FILE`` (of the worker ``prepare``), ``--model NAME`` (or that of the consensus),
        ``--map KIND``, ``--repair NAME``: of the neighbors that are compared with those on the map.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``path`` of the file, to be read by `layout.map_file.read_map`.
    """
    parser = argparse.ArgumentParser(prog="map")
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--map", required=True)
    add_repair_option(parser)
    options = parser.parse_args(arguments)
    report(0.0, "Reading the cohort")
    prepared, repair, kind = read_prepared(options.prepared), Repair(options.repair), _one_kind(options.map)
    cohort = prepared.cohort
    model = one_model(cohort, options.model, consensus=True)
    path = map_path(options.cache, options.prepared, repair.value, model, kind.value)
    if path.exists():
        try:
            read_map(path, len(cohort.patients))
            return {"path": str(path)}
        except InputError:
            report(0.0, "The cached map is made anew")
    positions = _positions(options, prepared, model, repair, kind, report)
    report(0.7, f"Quality of the map ({kind.label()})")
    k = usual_k(len(cohort.patients))
    quality = quality_of_blocks(model_blocks(cohort, model, blocks_of(repair), k), positions, k)
    write_map(path, positions, quality)
    return {"path": str(path)}


def _one_kind(text):
    kinds = chosen_names("map", text, tuple(_KINDS))
    if len(kinds) != 1:
        raise InputError(f"--map {text}", expected=f"one of {', '.join(_KINDS)}")
    return _KINDS[kinds[0]]


def _positions(options, prepared, model, repair, kind, report):
    """Positions of the patients on a map, turned to lie as the neighbor layout does."""
    analyses = prepared.analyses
    consensus = model == CONSENSUS and CONSENSUS not in prepared.cohort.models
    if consensus or repair is not Repair.NONE:
        analyses = (fused_analyses if consensus else repaired_analyses)(
            options.cache, options.prepared, prepared, repair, lambda fraction, message="": report(0.3 * fraction, message))
    if consensus and kind is not MapKind.NEIGHBORS:
        raise InputError("the consensus has neighbor lists, but no embedding", expected="the neighbor layout, or a model")
    report(0.3, f"{kind.label()} of {model}")
    embedding = None if consensus else prepared.cohort.embeddings[model]
    return make_map(kind, embedding, analyses[model].positions)
