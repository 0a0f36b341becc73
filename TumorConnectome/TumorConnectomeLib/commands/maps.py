"""Command ``maps``: how far maps of the patients can be trusted, as CSV; worker ``map``: one map for the module."""
import argparse
import pathlib

from ..base.errors import InputError
from ..connectome.analysis import analyze
from ..connectome.prepared import read_prepared
from ..evaluation.distances import blocks_of, model_blocks
from ..layout.map_file import map_path, read_map, write_map
from ..layout.map_quality import MAP_NEIGHBORS, map_quality, quality_of_blocks, usual_k
from ..layout.maps import MapKind, make_map
from ..neighbors.consensus import CONSENSUS
from ..neighbors.repairs import Repair
from .derive import fused_analyses, repaired_analyses
from .tables import add_data_option, add_rows_option, checked_k, chosen_models, cohort_of, write_csv

COLUMNS = ("model", "map", "k", "n", "trustworthiness", "continuity", "recall")
_BUILT_IN = (MapKind.NEIGHBORS, MapKind.PCA)


def add_parser(subparsers):
    """Register the command with argparse."""
    parser = subparsers.add_parser("maps", help="quality of maps per model, as CSV",
                                   description="Trustworthiness, continuity (Venna and Kaski, 2001) and recall of the k "
                                               "nearest neighbors on maps of the patients. t-SNE needs scikit-learn, UMAP "
                                               "umap-learn.")
    add_data_option(parser)
    add_rows_option(parser)
    parser.add_argument("--model", default="all", help="models' names, separated by commas, or 'all' (default)")
    parser.add_argument("--map", default=",".join(kind.value for kind in _BUILT_IN),
                        help=f"of {', '.join(kind.value for kind in MapKind)}; separated by commas (default: the first two)")
    parser.add_argument("--k", type=int, default=MAP_NEIGHBORS,
                        help=f"neighbors compared (default {MAP_NEIGHBORS})")
    parser.add_argument("--seed", type=int, default=0, help="of t-SNE and UMAP (default 0)")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the CSV file to write")
    parser.set_defaults(run=run)


def run(options):
    """Write the CSV file; returns 0. Raises InputError for what the cohort does not have."""
    known = {kind.value: kind for kind in MapKind}
    kinds = [name.strip() for name in options.map.split(",")]
    if unknown := [name for name in kinds if name not in known]:
        raise InputError(f"no map {unknown[0]!r}", expected=f"one of {', '.join(known)}")
    if options.seed < 0:
        raise InputError(f"--seed {options.seed}", expected="0 or more")
    cohort = cohort_of(options)
    k, models = checked_k(cohort, options.k), chosen_models(cohort, options.model)
    analyses, rows = analyze(cohort), []
    for model in models:
        for kind in kinds:
            positions = make_map(known[kind], cohort.embeddings[model], analyses[model].positions, seed=options.seed)
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
    parser.add_argument("--map", required=True, choices=[kind.value for kind in MapKind])
    parser.add_argument("--repair", choices=[repair.value for repair in Repair], default=Repair.NONE.value)
    options = parser.parse_args(arguments)
    report(0.0, "Reading the cohort")
    prepared, repair, kind = read_prepared(options.prepared), Repair(options.repair), MapKind(options.map)
    cohort = prepared.cohort
    path = map_path(options.cache, options.prepared, repair.value, options.model, kind.value)
    if path.exists():
        try:
            read_map(path, len(cohort.patients))
            return {"path": str(path)}
        except InputError:
            report(0.0, "The cached map is made anew")
    positions = _positions(options, prepared, repair, kind, report)
    report(0.7, f"Quality of the map ({kind.label()})")
    k = usual_k(len(cohort.patients))
    quality = quality_of_blocks(model_blocks(cohort, options.model, blocks_of(repair), k), positions, k)
    write_map(path, positions, quality)
    return {"path": str(path)}


def _positions(options, prepared, repair, kind, report):
    """Positions of the patients on a map, turned to lie as the neighbor layout does."""
    analyses, model = prepared.analyses, options.model
    consensus = model == CONSENSUS and CONSENSUS not in prepared.cohort.models
    if consensus or repair is not Repair.NONE:
        analyses = (fused_analyses if consensus else repaired_analyses)(
            options.cache, options.prepared, prepared, repair, lambda fraction, message="": report(0.3 * fraction, message))
    if model not in analyses:
        raise InputError(f"no model {model!r}", source=prepared.cohort.name, expected=f"one of {', '.join(analyses)}")
    if consensus and kind is not MapKind.NEIGHBORS:
        raise InputError("the consensus has neighbor lists, but no embedding", expected="the neighbor layout, or a model")
    report(0.3, f"{kind.label()} of {model}")
    embedding = None if consensus else prepared.cohort.embeddings[model]
    return make_map(kind, embedding, analyses[model].positions)
