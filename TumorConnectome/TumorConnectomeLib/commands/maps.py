"""Command ``maps``: how far maps of the patients can be trusted, as CSV."""
import pathlib

from ..core.analysis import analyze
from ..core.errors import InputError
from ..core.structure.map_quality import map_quality
from ..core.structure.maps import MapKind, make_map
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
    parser.add_argument("--k", type=int, default=15, help="neighbors compared (default 15)")
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
