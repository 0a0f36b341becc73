"""From a CT and a point in it to the tumor's vector."""
from __future__ import annotations

import pathlib
import time
from dataclasses import dataclass, field

import numpy as np

from ..base.errors import InputError
from .crop import Crop, crop_around
from .models import MODELS, EncoderModel
from .weights import network_parameters, refuse_not_finite
from .weights_store import WeightsStore


@dataclass(frozen=True, eq=False)
class Embedding:
    """A tumor's vector and how it was made.

    Parameters
    ----------
    model : str
        Name of the model.
    vector : np.ndarray
        float32, shape (D,).
    point_lps_mm : tuple of float
        The tumor's center [mm, LPS].
    crop : Crop
        What the network saw.
    weights_sha256 : str
        Of the weights file; "" for random weights.
    seconds : dict of str to float
        Wall time of "weights", "crop" and "network".
    """

    model: str
    vector: np.ndarray
    point_lps_mm: tuple[float, float, float]
    crop: Crop
    weights_sha256: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


class Encoder:
    """A model with its weights, for one or many crops.

    Parameters
    ----------
    model_name : str
        One of `models.MODELS`, in any case.
    weights_path : path, optional
        The weights file; by default the one that the weights store has.

    Raises
    ------
    InputError
        No such model, no weights, or a weights file that is not this model's.
    """

    def __init__(self, model_name: str, weights_path=None):
        started = time.perf_counter()
        self.model = model_of(model_name)
        self._weights_path = _weights_path(self.model, weights_path)
        self.weights_sha256, self._parameters = _parameters_of(self.model, self._weights_path)
        self.seconds = time.perf_counter() - started

    def vector(self, crop: Crop) -> np.ndarray:
        """The vector of a crop that was made for this model: float32, shape (D,). InputError if it is not finite."""
        vector = np.asarray(self.model.network.encode(crop.values, self._parameters), np.float32)
        if not np.isfinite(vector).all():
            refuse_not_finite(self._parameters, self._weights_path)
            raise InputError(f"{self.model.name} gives NaN or infinite values for this crop", expected="a finite vector")
        return vector

    def embed(self, crop: Crop, point_lps_mm, crop_seconds: float = 0.0) -> Embedding:
        """The embedding of a crop around a point."""
        started = time.perf_counter()
        vector = self.vector(crop)
        return Embedding(self.model.name, vector, tuple(float(value) for value in point_lps_mm), crop, self.weights_sha256,
                         {"weights": self.seconds, "crop": crop_seconds, "network": time.perf_counter() - started})


def embed_tumor(voxels_hu: np.ndarray, ijk_to_lps_mm: np.ndarray, point_lps_mm, model_name: str,
                weights_path=None) -> Embedding:
    """Embed the tumor around a point of a CT as the model's published vectors were made.

    Parameters
    ----------
    voxels_hu : np.ndarray
        HU, shape (K, J, I), as `slicer.util.arrayFromVolume` gives it.
    ijk_to_lps_mm : np.ndarray
        float, shape (4, 4): center of voxel (i, j, k) [mm, LPS].
    point_lps_mm : sequence of float
        The tumor's center [mm, LPS].
    model_name : str
        One of `models.MODELS`, in any case.
    weights_path : path, optional
        The weights file; by default the one that the weights store has.

    Raises
    ------
    InputError
        A point outside the volume, voxels that are no HU, no spacing, an unknown model, unfitting weights.
    """
    model, started = model_of(model_name), time.perf_counter()
    crop = crop_around(voxels_hu, ijk_to_lps_mm, point_lps_mm, model)
    seconds = time.perf_counter() - started
    return Encoder(model.name, weights_path).embed(crop, point_lps_mm, seconds)


def model_of(name: str) -> EncoderModel:
    """The model of a name in any case; InputError when there is none, or no vectors are made with it."""
    model = next((model for key, model in MODELS.items() if key.lower() == str(name).lower()), None)
    usable = [key for key, other in MODELS.items() if not other.left_out]
    if model is None or model.left_out:
        why = f"{model.name}: {model.left_out}" if model else f"no model {str(name)[:80]!r}"
        raise InputError(why, expected=f"one of {', '.join(usable)}")
    return model


def _weights_path(model, path):
    """The weights file, None for a model that needs none."""
    if not model.needs_weights:
        if path is not None:
            raise InputError(f"{model.name} has random weights from a seed", source=path, expected="no weights file")
        return None
    store = WeightsStore()
    path = pathlib.Path(path) if path is not None else store.file_of(model)
    if path is None:
        raise InputError(f"the weights of {model.name} are not on this computer", source=store.folder,
                         expected="a download in the panel, or a weights file of your own")
    return path


def _parameters_of(model, path):
    """SHA-256 of the weights file, and the network's parameters."""
    if path is None:
        return "", seeded_parameters(model.network.shapes(), model.weights_seed)
    # the content is checked first: a file that is no weights file shall be told as such
    parameters = network_parameters(path, model)
    return WeightsStore().checked_sha256(model, path), parameters


def seeded_parameters(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """Random parameters that keep the size of what passes through: the same for a seed on every computer.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Name -> shape.
    seed : int
        Of numpy's default_rng; the parameters are drawn in the order of their names.

    Returns
    -------
    dict of str to np.ndarray
        float32. Of two or more axes: normal, variance 1 / inputs; scales and variances of norms uniform in 0.5..1.5; all others
        normal, deviation 0.1.
    """
    random, parameters = np.random.default_rng(seed), {}
    for name in sorted(shapes):
        shape = shapes[name]
        if len(shape) > 1:
            drawn = random.standard_normal(shape, dtype=np.float32)
            drawn *= np.float32(np.sqrt(1.0 / np.prod(shape[1:])))
        elif name.endswith((".running_var", ".weight")):
            drawn = random.uniform(0.5, 1.5, shape).astype(np.float32)
        else:
            drawn = (0.1 * random.standard_normal(shape)).astype(np.float32)
        parameters[name] = drawn
    return parameters
