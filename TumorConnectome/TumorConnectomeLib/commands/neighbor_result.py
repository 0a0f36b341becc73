"""Writes a result folder (neighbors, layout, quantiles) that the module opens, computed here or on a Dask cluster."""
import pathlib

import numpy as np

from ..base.errors import InputError
from ..cohort.choosing import checked_k
from ..cohort.row_rules import RowRule
from ..connectome import graph_result
from ..connectome.analysis import KEPT_NEIGHBORS
from ..layout.layout import LAYOUT_NEIGHBORS, layouts
from ..neighbors.match import Match
from ..neighbors.neighbors import neighbors_and_scale
from ..readers.mapped import mapped_cohort
from ..readers.own_cohort import previews
from ..readers.vector_file import open_vectors, write_vectors
from .cluster_search import PLAN, search_on_cluster
from .tables import chosen_models, read_cohort_of

#: too long for a manifest
_LEFT_OUT = ("import_report", "unmatched")


def write_result(options, report) -> None:
    """Write the folder ``--out-result`` for the cohort and options of the command ``neighbors``."""
    folder = pathlib.Path(options.out_result)
    _check_free(folder)
    cohort, path_of = _source(options, folder)
    models, k = chosen_models(cohort, options.model), _k(cohort, options.k)
    folder.mkdir(parents=True, exist_ok=True)
    graph_result.write_patients(folder / graph_result.PATIENTS, cohort.patients)
    entries, nearest, vectors = {}, {}, {}
    for number, model in enumerate(models):
        def part(fraction, message="", number=number, model=model):
            report((number + 0.8 * fraction) / len(models), f"{model}: {message}")

        stem = f"neighbors-{number}"
        vectors[model] = open_vectors(path_of(model, number)) if options.scheduler else cohort.embeddings[model]
        if options.scheduler:
            names, scale = search_on_cluster(options.scheduler, path_of(model, number), k, folder, stem,
                                             rows_per_task=options.rows_per_task, report=part)
        else:
            lists, scale = neighbors_and_scale(vectors[model], k, source=model, report=part)
            names = [f"{stem}-00000.parquet"]
            graph_result.write_lists(folder / names[0], {match: (found.indices, found.distances)
                                                         for match, found in lists.items()})
        entries[model] = {"neighbors": names, "layout": f"layout-{number}.parquet", "quantiles": f"quantiles-{number}.parquet"}
        graph_result.write_scale(folder / entries[model]["quantiles"], scale)
        if not options.no_layout:
            nearest[model] = graph_result.read_indices(folder, names, Match.MOST)[:, :LAYOUT_NEIGHBORS]
    if options.no_layout:
        entries = {model: {**entry, "layout": None} for model, entry in entries.items()}
    else:
        places = layouts(vectors, nearest, lambda fraction, message: report(0.8 + 0.2 * fraction, message))
        for model, positions in places.items():
            graph_result.write_layout(folder / entries[model]["layout"], positions)
    provenance = {key: value for key, value in cohort.provenance.items() if key not in _LEFT_OUT}
    graph_result.write_manifest(folder, cohort, k, entries, provenance)
    for scratch in [*folder.glob(f"*-{PLAN}"), *folder.glob("vectors-*.npy")]:
        scratch.unlink()


def _k(cohort, wanted):
    largest = len(cohort.patients) - 1
    return checked_k(min(KEPT_NEIGHBORS, largest) if wanted is None else wanted, largest + 1, cohort.name)


def _check_free(folder):
    """A folder with other things in it is not touched; an interrupted or older result is written over."""
    if not folder.exists():
        return
    ours = ("neighbors-*", "vectors-*.npy", "layout-*.parquet", "quantiles-*.parquet", graph_result.PATIENTS,
            graph_result.MANIFEST)
    if not folder.is_dir() or any(not any(path.match(name) for name in ours) for path in folder.iterdir()):
        raise InputError("there are other files in it", source=folder, expected="a new or empty folder for --out-result")
    (folder / graph_result.MANIFEST).unlink(missing_ok=True)


def _source(options, folder):
    """The cohort, and a function that gives the path of a model's vectors: the user's own file where that will do."""
    as_it_is = RowRule(options.rows) is RowRule.SINGLE
    if options.scheduler and as_it_is and len(options.data) == 1 and options.data[0].suffix.lower() == ".npy":
        found, = previews(options.data)
        mapped = mapped_cohort(found, found.chosen_by_name(options.id_column, options.feature_prefix, options.categories))
        if mapped.order is None:
            return mapped.cohort, lambda model, number: mapped.path
        return mapped.cohort, lambda model, number: _written(folder, number, open_vectors(mapped.path), mapped.order)
    cohort = read_cohort_of(options)
    return cohort, lambda model, number: _written(folder, number, cohort.embeddings[model])


def _written(folder, number, vectors, order=None):
    path = folder / f"vectors-{number}.npy"
    if not path.exists():
        write_vectors(path, np.asarray(vectors) if order is None else vectors, order)
    return path
