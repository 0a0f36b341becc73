"""The door for notebooks and Slicer's Python console: read a cohort, and get neighbors, places and evidence as pandas tables.

    import TumorConnectomeLib as tc

What is asked for means the same as on the command line: names of models and facets in any case, one, several or ``"all"``;
patients with several rows as `rows` says. What is wrong with a question or a file is an `InputError` of one line; a package
that is not installed is a `base.errors.PackageMissing`, which names it. Nothing here waits in the background or shows a window.
"""
from __future__ import annotations

import contextlib
import operator
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .base.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from .cohort.cohort import Cohort
    from .embedding.embed import Embedding
    from .presentation.picture import Picture

#: all that `TumorConnectomeLib` exports; none has the name of a room, which would take its place when it is imported
NAMES = ("read_cohort", "demo_cohort", "find_neighbors", "query", "map_patients", "evaluate", "draw", "embed_tumor",
         "InputError")
_DIRECTIONS = ("nearest", "farthest")
#: cohort -> neighbor lists and layouts of all its models, which are made together
_analyses = weakref.WeakKeyDictionary()


def read_cohort(*paths, rows: str = "single", id_column: str | None = None, feature_prefix: str | None = None,
                categories: str | Sequence[str] = ()) -> Cohort:
    """Read embeddings and what is known about the patients, from published or your own files.

    Parameters
    ----------
    *paths : str or path
        A folder of ``*_features.pkl`` files, or files of your own (CSV, TSV, Parquet, npz, npy, h5ad): several files are
        several models of the same patients, matched by id; files without vectors are patient tables.
    rows : str
        What becomes of patients with several rows: ``"single"`` (only patients with exactly one), ``"first"``, ``"latest"``
        (scan), ``"all"`` (each row is a node) or ``"mean"``.
    id_column, feature_prefix : str, optional
        Column of the patient ids, and what stands before the numbers of the feature columns, where these are not clear.
    categories : str or sequence of str
        Columns whose numbers are names of classes, not amounts.

    Returns
    -------
    Cohort
        ``models``; ``patients``: DataFrame, one row per patient, index PatientID; ``embeddings``: model name to array (N, D);
        ``facets``: key to Facet, what the patients can be grouped by; ``provenance``: what was read and left out.

    Raises
    ------
    InputError
        A file is not there or not what it should be (file, row and column are named), or a choice does not fit.

    Examples
    --------
    >>> cohort = read_cohort("CTFM.csv", "Merlin.csv", "patients.csv")
    >>> cohort.models, len(cohort.patients), list(cohort.facets)
    (('CTFM', 'Merlin'), 40, ['sex', 'stage'])
    >>> read_cohort("yours.csv")
    Traceback (most recent call last):
    ...
    TumorConnectomeLib.base.errors.InputError: yours.csv: no such folder or file; expected a folder, or a file (.csv, ...)
    """
    import pathlib

    from .cohort.row_rules import RowRule
    from .readers.named_columns import read_named

    rule = _one("row rule", rows, [rule.value for rule in RowRule])
    if not paths:
        raise InputError("no files", expected="a folder of embedding files, or files")
    with _errors_of_files():
        return read_named([pathlib.Path(path).expanduser() for path in paths], rule=RowRule(rule), id_column=id_column,
                          feature_prefix=feature_prefix, categories=[categories] if isinstance(categories, str) else categories)


def demo_cohort() -> Cohort:
    """The demo cohort: 48 made-up patients, whose embeddings are descriptors of their own computed tumors.

    The same in every call and on every machine. Made in some seconds when it is first asked for, then kept in the cache
    folder of the module (see README), which may be deleted at any time.

    Examples
    --------
    >>> cohort = demo_cohort()
    >>> len(cohort.patients), cohort.models[0], cohort.synthetic
    (48, 'IntensityHistogram', True)
    """
    from .base.files import default_cache_folder
    from .commands.prepare import prepare
    from .connectome.prepared import read_prepared

    with _errors_of_files():
        prepared = read_prepared(prepare(["--cache", str(default_cache_folder())], lambda fraction, message="": None)["path"])
    _analyses[prepared.cohort] = prepared.analyses
    return prepared.cohort


def find_neighbors(cohort: Cohort, model="all", *, k: int = 5, direction="nearest") -> pd.DataFrame:
    """The nearest or farthest patients of every patient, exact, by cosine distance.

    Parameters
    ----------
    cohort : Cohort
    model : str or sequence of str
        Names of models, or ``"all"``.
    k : int
        1..N-1 neighbors per patient; ties go to the smaller PatientID.
    direction : str or sequence of str
        ``"nearest"``, ``"farthest"`` or ``"all"`` for both.

    Returns
    -------
    pandas.DataFrame
        A line per model, direction, patient and rank: ``model``, ``direction``, ``PatientID``, ``rank`` (from 1),
        ``NeighborPatientID``, ``cosine_distance`` (0..2) and ``percentile``: percent of the model's patient pairs that are
        farther apart, which can be compared between models. Where rows are nodes, ``same_patient`` tells whether both are
        of one patient.

    Raises
    ------
    InputError
        A model or direction that is not there, k out of range, or a cohort without vectors.

    Examples
    --------
    >>> table = find_neighbors(read_cohort("CTFM.csv", "patients.csv"), k=2)
    >>> table[["PatientID", "rank", "NeighborPatientID"]].head(2).values.tolist()
    [['P00', 1, 'P12'], ['P00', 2, 'P27']]
    """
    import pandas as pd

    from .neighbors.neighbors import neighbor_lists

    k, directions = _checked_k(k, cohort), _names("direction", direction, _DIRECTIONS)
    ids, patients = np.array(cohort.patient_ids, object), np.array(cohort.node_patients, object)
    tables = []
    for name in _models(cohort, model):
        lists = neighbor_lists(cohort.embeddings[name], k, source=name)
        for one in directions:
            found = lists[_match_of(one)]
            others = found.indices.ravel()
            tables.append(pd.DataFrame({
                "model": name, "direction": one, "PatientID": np.repeat(ids, k), "rank": np.tile(np.arange(1, k + 1), len(ids)),
                "NeighborPatientID": ids[others], "cosine_distance": found.distances.ravel(),
                "percentile": found.percentiles.ravel()}))
            if (patients != ids).any():
                tables[-1]["same_patient"] = np.repeat(patients, k) == patients[others]
    return pd.concat(tables, ignore_index=True)


def query(cohort: Cohort, vector, model: str, *, k: int = 5, direction="nearest", label: str = "query") -> pd.DataFrame:
    """The patients of a cohort that are nearest to (or farthest from) a new patient's vector.

    Parameters
    ----------
    cohort : Cohort
    vector : array-like
        Shape (D,), by the same model as the cohort's; finite, not zero.
    model : str
        The model that made it.
    k : int
        1..N neighbors.
    direction : str or sequence of str
        As in `find_neighbors`.
    label : str
        Name of the query, for the table.

    Returns
    -------
    pandas.DataFrame
        A line per direction and rank: ``query``, ``model``, ``direction``, ``rank``, ``NeighborPatientID``,
        ``cosine_distance`` and ``percentile`` (see `find_neighbors`).

    Raises
    ------
    InputError
        A model that is not there, k out of range, or a vector that does not fit the model.

    Examples
    --------
    >>> cohort = read_cohort("CTFM.csv", "patients.csv")
    >>> found = query(cohort, [1, 0, 2, 0, -1, 0, 1, 0.5], "ctfm", k=3, label="mine")
    >>> found[["query", "rank", "NeighborPatientID"]].head(1).values.tolist()
    [['mine', 1, 'P22']]
    """
    import pandas as pd

    from .connectome import query as engine

    directions, name = _names("direction", direction, _DIRECTIONS), _one("model", model, cohort.models, cohort.name)
    try:
        numbers = np.asarray(vector, float)
    except (TypeError, ValueError):
        raise InputError(f"a vector of {type(vector).__name__}", source=label, expected="numbers of shape (D,)") from None
    if not np.isfinite(numbers).all():
        raise InputError("a number of the vector is not finite", source=label, expected="finite numbers")
    found = engine.query(numbers, cohort.embeddings[name], cohort.patient_ids, _checked_k(k, cohort, len(cohort.patients)),
                         label=label, model=name)
    return pd.DataFrame([(label, name, one, neighbor.rank, neighbor.patient_id, neighbor.distance, neighbor.percentile)
                         for one in directions for neighbor in found.of(_match_of(one))],
                        columns=["query", "model", "direction", "rank", "NeighborPatientID", "cosine_distance", "percentile"])


def map_patients(cohort: Cohort, model="all", *, map: str = "neighbors", seed: int = 0) -> pd.DataFrame:      # noqa: A002
    """Where the patients lie on a map of each model, as in the module.

    Near means similar; far means little, and the axes mean nothing. `trustworthiness` and `recall` of the command ``maps`` tell
    how far a map can be trusted.

    Parameters
    ----------
    cohort : Cohort
    model : str or sequence of str
        Names of models, or ``"all"``.
    map : str
        ``"neighbors"`` (the neighbor layout), ``"pca"``, ``"tsne"`` (needs scikit-learn) or ``"umap"`` (needs umap-learn).
    seed : int
        Of t-SNE and UMAP.

    Returns
    -------
    pandas.DataFrame
        A line per model and patient: ``model``, ``PatientID``, ``x``, ``y`` (no unit: the root mean square radius is 1).

    Raises
    ------
    InputError
        A model or map that is not there, or too few patients for it.

    Examples
    --------
    >>> places = map_patients(read_cohort("CTFM.csv", "Merlin.csv"), "merlin", map="PCA")
    >>> places.columns.tolist(), len(places), round(float((places.x ** 2 + places.y ** 2).mean()), 3)
    (['model', 'PatientID', 'x', 'y'], 40, 1.0)
    """
    import pandas as pd

    tables = []
    for name in _models(cohort, model):
        positions = _positions(cohort, name, map, seed)
        tables.append(pd.DataFrame({"model": name, "PatientID": list(cohort.patient_ids), "x": positions[:, 0],
                                    "y": positions[:, 1]}))
    return pd.concat(tables, ignore_index=True)


def evaluate(cohort: Cohort, facet="all", model="all", *, k: int = 5, permutations: int = 2000, seed: int = 0) -> pd.DataFrame:
    """How often the neighbors of each model have the same label, with chance level and uncertainty.

    Parameters
    ----------
    cohort : Cohort
        Where rows are nodes, each patient counts once, with its first row.
    facet : str or sequence of str
        Keys of ``cohort.facets``, or ``"all"``. The controls are always in the table.
    model : str or sequence of str
        Names of models, or ``"all"``, which includes the consensus of several.
    k : int
        1..N-1 neighbors that count.
    permutations, seed : int
        Label permutations (at least 1) for the chance level and p values, and the seed of everything random (at least 0).

    Returns
    -------
    pandas.DataFrame
        A line per model, facet and metric; the columns are explained in `evaluation.table.COLUMNS` and `MORE_COLUMNS`.

    Raises
    ------
    InputError
        A model or facet that is not there, or a number out of range.

    Examples
    --------
    >>> table = evaluate(read_cohort("CTFM.csv", "patients.csv"), "sex", permutations=99)
    >>> table[table.metric == "P@k"][["model", "facet", "k", "n"]].values.tolist()
    [['CTFM', 'sex', 5, 40], ['CTFM', 'random', 5, 40]]
    """
    from .cohort.measurements import evaluable_facets
    from .cohort.row_rules import one_node_per_patient
    from .evaluation.table import evaluate as table_of
    from .neighbors.consensus import with_consensus

    once = one_node_per_patient(cohort)
    facets = _names("facet", facet, tuple(once.facets), once.name, everything=evaluable_facets(once))
    return table_of(once, _names("model", model, with_consensus(once.models), once.name), facets, k=_checked_k(k, once),
                    permutations=_whole("permutations", permutations), seed=_whole("seed", seed))


def draw(cohort: Cohort, model: str, *, color: str | None = None, k: int = 5, direction: str = "nearest",
         map: str = "neighbors", seed: int = 0, width: int = 900, height: int = 640, dark: bool = False) -> Picture:  # noqa: A002
    """The connectome of a model as a picture: patients where a map has them, with lines to their neighbors.

    Parameters
    ----------
    cohort : Cohort
    model : str
        Name of one model.
    color : str, optional
        Key of a facet.
    k : int
        0..50 (at most N-1) neighbors per patient are linked.
    direction, map, seed
        As in `find_neighbors` (one of them) and `map_patients`.
    width, height : int
        Pixels.
    dark : bool
        Light lines on a dark background.

    Returns
    -------
    Picture
        ``svg``: the document as text; ``save(path)`` writes it; a notebook shows it. Pointing at a patient tells who it is.

    Raises
    ------
    InputError
        Something named is not there, or a number is out of range.

    Examples
    --------
    >>> picture = draw(read_cohort("CTFM.csv", "patients.csv"), "CTFM", color="stage")
    >>> picture.save("CTFM.svg")
    """
    from .connectome.analysis import ModelAnalysis, connectome
    from .presentation.coloring import coloring_of
    from .presentation.picture import connectome_picture

    name = _one("model", model, cohort.models, cohort.name)
    facet = None if color is None else cohort.facets[_one("facet", color, tuple(cohort.facets), cohort.name)]
    match = _match_of(_one("direction", direction, _DIRECTIONS))
    analysis = ModelAnalysis(_analyses_of(cohort)[name].neighbors, _positions(cohort, name, map, seed))
    graph = connectome(cohort, analysis, name, match, _whole("k", k))
    kind = _kind_of(map)
    return connectome_picture(cohort, graph, None if facet is None else coloring_of(facet), kind.label(), kind.caution(),
                              width=_whole("width", width), height=_whole("height", height), dark=dark)


def embed_tumor(ct, ijk_to_lps_mm, point_lps_mm, model: str, weights=None, *, series_uid: str | None = None) -> Embedding:
    """The vector of a tumor in a CT, made as the model's published vectors were, for `query`.

    Parameters
    ----------
    ct : array or path
        HU of a volume, shape (K, J, I), as ``slicer.util.arrayFromVolume`` gives it; or the folder of a CT series in DICOM.
    ijk_to_lps_mm : array or None
        Shape (4, 4): center of voxel (i, j, k) [mm, LPS] (Slicer's IJK to RAS, its first two rows negated). None for a folder.
    point_lps_mm : sequence of float
        The tumor's center [mm, LPS].
    model : str
        One of `embedding.models.MODELS`, in any case.
    weights : path, optional
        The model's weights, safetensors or torch, read as data; by default those in the weights folder.
    series_uid : str, optional
        Which series, when the folder has several.

    Returns
    -------
    Embedding
        ``vector``: float32, shape (D,); ``crop``: what the network saw, and what the border of the CT cut off; ``seconds``.

    Raises
    ------
    InputError
        A point outside the CT, voxels that are no HU, a model or weights that are not there or do not fit.

    Examples
    --------
    >>> z, y, x = np.indices((40, 50, 60))
    >>> hu = np.where((z - 20) ** 2 + (y - 25) ** 2 + (x - 30) ** 2 < 64, 30, -850)
    >>> found = embed_tumor(hu, np.eye(4), (30, 25, 20), "SeededRandomFeatures")
    >>> found.vector.shape, found.crop.cut_mm.max()
    ((64,), np.float64(4.0))
    """
    from .embedding import embed

    if ijk_to_lps_mm is not None:
        return embed.embed_tumor(ct, ijk_to_lps_mm, point_lps_mm, model, weights)
    from .embedding.dicom_crop import crop_from_dicom

    if isinstance(ct, np.ndarray):
        raise InputError("an array without ijk_to_lps_mm", expected="the matrix, or a folder of DICOM files")
    with _errors_of_files():
        encoder = embed.Encoder(model, weights)
        return encoder.embed(crop_from_dicom(ct, point_lps_mm, encoder.model, series_uid), point_lps_mm)


def _analyses_of(cohort):
    from .connectome.analysis import analyze

    if cohort not in _analyses:
        _analyses[cohort] = analyze(cohort)
    return _analyses[cohort]


def _positions(cohort, model, wanted, seed):
    from .layout.maps import make_map

    if _whole("seed", seed) < 0:
        raise InputError(f"the seed is {seed}", expected="0 or more")
    return make_map(_kind_of(wanted), cohort.embeddings[model], _analyses_of(cohort)[model].positions, seed=seed)


def _kind_of(wanted):
    from .layout.maps import MapKind

    return MapKind(_one("map", wanted, [kind.value for kind in MapKind]))


def _match_of(direction):
    from .neighbors.match import Match

    return Match.MOST if direction == "nearest" else Match.LEAST


def _models(cohort, wanted):
    return _names("model", wanted, cohort.models, cohort.name)


def _names(what, wanted, possible, source=None, everything=None):
    from .cohort.choosing import chosen_names

    if not isinstance(wanted, str) and not isinstance(wanted, Sequence):
        raise InputError(f"a {what} of type {type(wanted).__name__}", source=source, expected="a name, or a list of names")
    return chosen_names(what, wanted, possible, source, everything=everything)


def _one(what, wanted, possible, source=None):
    found = _names(what, wanted, possible, source)
    if len(found) != 1:
        raise InputError(f"several of {what}: {', '.join(found)}", source=source, expected="one")
    return found[0]


def _checked_k(k, cohort, largest=None):
    from .cohort.choosing import checked_k

    return checked_k(_whole("k", k), len(cohort.patients), cohort.name, largest=largest, called="k =")


def _whole(name, value):
    try:
        return operator.index(value)
    except TypeError:
        raise InputError(f"{name} is {value!r}", expected="a whole number") from None


@contextlib.contextmanager
def _errors_of_files():
    try:
        yield
    except OSError as error:
        raise InputError(error.strerror or str(error), source=error.filename, expected="files that can be read") from error
