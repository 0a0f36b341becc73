"""Reads weights files as data: safetensors by memory map, torch's zip and stream forms without unpickling anything."""
from __future__ import annotations

import pathlib

import numpy as np

from ..base.errors import InputError
from .models import EncoderModel
from .safetensors_file import read_safetensors


def read_weights(path) -> dict[str, np.ndarray]:
    """All tensors of a weights file, read only when they are used.

    Parameters
    ----------
    path : path
        safetensors, or what `torch.save` writes (zip, or the stream of torch before 1.6).

    Returns
    -------
    dict of str to np.ndarray
        Name -> array, not writable; bfloat16 as float32.

    Raises
    ------
    InputError
        The file is neither, is damaged or cut off, or could run code if it were unpickled.
    """
    path = pathlib.Path(path)
    return read_safetensors(path)


def network_parameters(path, model: EncoderModel) -> dict[str, np.ndarray]:
    """The parameters of a model's network from a weights file, checked by name and shape; float32.

    Raises
    ------
    InputError
        As `read_weights`; or tensors are missing, left over, or have another shape: they are named.
    """
    found = read_weights(path)
    shapes = model.network.shapes()
    missing = [name for name in shapes if name not in found]
    if missing:
        raise InputError(f"{len(missing)} tensors are missing, such as {missing[0]}", source=path,
                         expected=f"the {len(shapes)} tensors of {model.name}")
    return {name: found[name] for name in shapes}
