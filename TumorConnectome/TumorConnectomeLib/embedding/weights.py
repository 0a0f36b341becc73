"""Reads weights files as data, and checks that they are those of a network: nothing in a file is executed."""
from __future__ import annotations

import pathlib

import numpy as np

from ..base.errors import InputError
from ..readers.embedding_file import refuse_pointer
from .models import EncoderModel
from .safetensors_file import is_safetensors, read_safetensors
from .torch_file import is_torch_file, read_torch_file

_EXPECTED = "a weights file: safetensors, or written by torch.save"
#: counted while a network is trained, of no use afterwards
_COUNTERS = ".num_batches_tracked"
#: names that an error lists
_MOST_NAMES = 4


def read_weights(path) -> dict[str, np.ndarray]:
    """All tensors of a weights file; each is read from disk when its values are used.

    Parameters
    ----------
    path : path
        safetensors, or what ``torch.save`` writes (the zip archive, or the stream of torch before 1.6).

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
    try:
        with open(path, "rb") as stream:
            head = stream.read(64)
        size = path.stat().st_size
    except OSError as error:
        raise InputError(error.strerror or str(error), source=path, expected=_EXPECTED) from None
    if is_torch_file(head):
        return read_torch_file(path)
    if is_safetensors(head, size):
        return read_safetensors(path)
    refuse_pointer(head, path)
    raise InputError("the file is empty" if not head else f"it begins with {head[:8]!r}", source=path, expected=_EXPECTED)


def network_parameters(path, model: EncoderModel) -> dict[str, np.ndarray]:
    """The parameters of a model's network from a weights file, strictly by name and shape.

    Parameters
    ----------
    path : path
    model : EncoderModel
        Its network's names may all stand under one prefix in the file ("module.", "encoder."); its `unused` tells which other
        tensors under the prefix are known.

    Returns
    -------
    dict of str to np.ndarray
        Name -> float32 array.

    Raises
    ------
    InputError
        As `read_weights`; or tensors are missing, left over, of another shape, or whole numbers: they are named.
    """
    found, shapes = read_weights(path), model.network.shapes()
    prefix = _prefix_of(found, shapes)

    def problem(text):
        return InputError(text, source=path, expected=f"the {len(shapes)} tensors of {model.name}, by name and shape")

    missing = [name for name in shapes if prefix + name not in found]
    if missing:
        raise problem(f"{len(missing)} tensors are missing ({_listed(missing)})")
    ends = (_COUNTERS, *(end for end in model.unused if end.startswith(".")))
    starts = tuple(start for start in model.unused if not start.startswith("."))
    left = [name for name in found if name.startswith(prefix) and name[len(prefix):] not in shapes
            and not name.endswith(ends) and not name[len(prefix):].startswith(starts)]
    if left:
        raise problem(f"{len(left)} tensors are left over ({_listed(left)})")
    parameters = {}
    for name, shape in shapes.items():
        values = found[prefix + name]
        if values.shape != shape:
            raise problem(f"{prefix + name} has shape {values.shape} instead of {shape}")
        if not np.issubdtype(values.dtype, np.floating):
            raise problem(f"{prefix + name} is of type {values.dtype}")
        parameters[name] = np.require(values, np.float32, "A")
    return parameters


def _prefix_of(found, shapes):
    """What stands before the network's names in the file; "" if that is unclear."""
    first = next(iter(shapes))
    prefixes = [name[:-len(first)] for name in found if name == first or name.endswith("." + first)]
    return max(prefixes, key=lambda prefix: sum(prefix + name in found for name in shapes), default="")


def refuse_not_finite(parameters: dict[str, np.ndarray], path) -> None:
    """Raise InputError naming the first parameter with a NaN or infinite value."""
    for name, values in parameters.items():
        if not np.isfinite(values).all():
            raise InputError("it has NaN or infinite values", source=path, row=f"tensor {name}", expected="finite weights")


def _listed(names):
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
