"""Dataclasses of arrays in ``.npz`` files: written atomically, read without pickle, checked when read."""
from __future__ import annotations

import json

import numpy as np

from .errors import InputError
from .files import atomic_file

_HEADER = "header.json"
#: bytes up to which a file is compressed; more would make whoever reads it wait
_COMPRESSED = 32_000_000


def write_arrays(path, kind: str, header: dict, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays and a JSON header as one ``.npz`` file, in one step (temporary file, then rename)."""
    for name, array in arrays.items():
        if np.asarray(array).dtype == object:
            raise ValueError(f"array {name!r} has dtype object")
    text = json.dumps({"kind": kind, **header})
    small = sum(np.asarray(array).nbytes for array in arrays.values()) <= _COMPRESSED
    with atomic_file(path) as stream:
        save = np.savez_compressed if small else np.savez
        save(stream, allow_pickle=False, **{_HEADER: np.frombuffer(text.encode(), np.uint8)}, **arrays)


def read_arrays(path, kind: str, *, unread: str | None = None) -> tuple[dict, dict[str, np.ndarray | None]]:
    """Read a file of `write_arrays`: its header and its arrays; None stands for those whose names begin with `unread`.

    Raises
    ------
    InputError
        The file is missing, damaged (the archive has checksums over header and arrays) or of another kind.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: None if unread and name.startswith(unread) else archive[name] for name in archive.files}
        header = json.loads(arrays.pop(_HEADER).tobytes())
    except Exception as error:                          # a damaged archive can raise nearly any type
        raise InputError(f"damaged or not readable ({error})", source=path, expected=f"a {kind} file") from None
    if not isinstance(header, dict) or header.get("kind") != kind:
        raise InputError("another kind of file", source=path, expected=f"a {kind} file")
    return header, arrays
