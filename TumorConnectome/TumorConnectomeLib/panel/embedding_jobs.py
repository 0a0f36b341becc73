"""Jobs of the section *Embed a tumor*: vectors of points of a volume in the scene, how stable they are, and the proof."""
from __future__ import annotations

import contextlib
import itertools
import secrets
from dataclasses import dataclass

import numpy as np
from slicer.i18n import tr as _

from ..base.errors import InputError
from ..base.files import atomic_file, default_cache_folder
from ..embedding.crop import plan_crop
from ..embedding.models import MODELS
from ..embedding.proof import Proof, proof_of
from ..work.awaitable import Together
from ..work.jobs import PythonJob

#: how far points are moved to see how stable an answer is [mm]
SHIFT_MM = 3.0


@dataclass(frozen=True, eq=False)
class TumorVoxels:
    """A tumor in a volume of the scene, and what is to be made of it.

    Parameters
    ----------
    voxels_hu : np.ndarray
        Shape (K, J, I): the node's own memory.
    ijk_to_lps_mm : np.ndarray
        float64, shape (4, 4).
    point_lps_mm : np.ndarray
        float64, shape (3,): the tumor's center.
    model : str
        One of `embedding.models.MODELS`.
    weights : str
        A weights file of the user's own; "" for that of the store.
    """

    voxels_hu: np.ndarray
    ijk_to_lps_mm: np.ndarray
    point_lps_mm: np.ndarray
    model: str
    weights: str = ""


def embed_sequence(tumor: TumorVoxels, points_lps_mm=None):
    """Jobs that embed points of a volume (by default the tumor's alone); returns what the worker ``embed`` says.

    The voxels around the points, and one whole slice that shows whether they are HU, go through a file of the volume's shape in
    which all else is a hole.
    """
    points = [tumor.point_lps_mm] if points_lps_mm is None else list(points_lps_mm)
    path = _temporary_path(".npy")
    try:
        _write_boxes(path, tumor, points)
        numbers = ",".join(repr(float(value)) for value in tumor.ijk_to_lps_mm.ravel())
        asked = [text for point in points for text in ("--point", ",".join(repr(float(value)) for value in point))]
        weights = ["--weights", tumor.weights] if tumor.weights else []
        return (yield _embed_job(_("Embedding the tumor"), "--model", tumor.model, *weights, "--volume", path, "--ijk-to-lps",
                                 numbers, *asked))
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def stability_sequence(tumor: TumorVoxels, prepared: str, k: int, model: str):
    """Jobs that embed 27 points, the tumor's first; returns the record of a `connectome.stability.Stability`.

    Parameters
    ----------
    tumor : TumorVoxels
    prepared : str
        File of the prepared cohort.
    k : int
        Nearest patients to compare.
    model : str
        What the cohort calls the model.
    """
    steps = sorted(itertools.product((0.0, -SHIFT_MM, SHIFT_MM), repeat=3), key=lambda step: sum(map(abs, step)))
    found = yield from embed_sequence(tumor, [tumor.point_lps_mm + np.array(step) for step in steps])
    center, *others = found["embeddings"]
    if "problem" in center:
        raise InputError(center["problem"], source=tumor.model, expected=_("a point in the CT"))
    vectors = [center["vector"], *(one["vector"] for one in others if "vector" in one)]
    path = _temporary_path(".npy")
    try:
        with atomic_file(path) as stream:
            np.save(stream, np.array(vectors))
        return (yield PythonJob(_("Comparing the neighbors"), "stability", "--prepared", prepared, "--model", model,
                                "--vectors", path, "--k", k))
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def proof_sequence(model: str, weights: str, data: str, fetch):
    """Jobs that embed published patients from their CTs; returns a Proof.

    Parameters
    ----------
    model, weights : str
        See TumorVoxels.
    data : str
        Folder of the published files.
    fetch : callable
        Called with PatientID and SeriesInstanceUID; returns what a sequence may yield for SeriesFiles.
    """
    rows = (yield PythonJob(_("Choosing published patients"), "proof-rows", "--data", data, "--model", model))["rows"]
    files = yield Together([fetch(row["patient"], row["series"]) for row in rows])
    made, digest, own = [], "", ["--weights", weights] if weights else []
    for row, found in zip(rows, files):
        point = ",".join(repr(float(value)) for value in row["point_lps_mm"])
        title = _("Embedding published patient {patient}").format(patient=row["patient"])
        said = yield _embed_job(title, "--model", model, *own, "--ct", found.ct_folder, "--series", row["series"], "--point",
                                point)
        one, digest = said["embeddings"][0], said["weights_sha256"]
        if "problem" in one:
            raise InputError(one["problem"], source=_("patient {patient}").format(patient=row["patient"]),
                             expected=_("the CT of the published row"))
        made.append(one["vector"])
    return _proof(model, digest, rows, made)


def _proof(model, digest, rows, made) -> Proof:
    return proof_of(model, digest, [row["patient"] for row in rows], np.array(made), np.array([row["vector"] for row in rows]))


def _embed_job(title, *arguments):
    job = PythonJob(title, "embed", *arguments)
    job.one_thread = True
    return job


def _temporary_path(ending):
    folder = default_cache_folder() / "embedding"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{secrets.token_hex(8)}{ending}"


def _write_boxes(path, tumor, points):
    voxels = tumor.voxels_hu
    kept = np.lib.format.open_memmap(path, mode="w+", dtype=voxels.dtype, shape=voxels.shape)
    kept[0] = voxels[0]
    for point in points:
        with contextlib.suppress(InputError):           # the worker says it of this point
            box = plan_crop(voxels.shape, tumor.ijk_to_lps_mm, point, MODELS[tumor.model]).box
            kept[box] = voxels[box]
    kept.flush()
