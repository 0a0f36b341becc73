"""Reads vectors of texts by a model of images and text: an ``.npz`` file with the arrays ``names`` and ``vectors``."""
from __future__ import annotations

import pathlib
from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..cohort.vector_checks import problem_of, unusable_rows
from .arrays import headers_of, load_arrays
from .embedding_file import as_vectors

NAMES, VECTORS = "names", "vectors"
_LONGEST_NAME, _MOST_TEXTS = 200, 10_000


@dataclass(frozen=True, eq=False)
class TextVectors:
    """Texts and their vectors in the space of a model.

    Parameters
    ----------
    names : tuple of str
        T different texts.
    vectors : np.ndarray
        float32 or float64, shape (T, D): finite, none of them zero.
    source : path
        The file.
    """

    names: tuple[str, ...]
    vectors: np.ndarray
    source: pathlib.Path

    def vector_of(self, name: str) -> np.ndarray:
        """The vector of a text, shape (D,); InputError names an unknown one."""
        if name not in self.names:
            raise InputError(f"no text {name[:60]!r}", source=self.source, expected=f"one of its {len(self.names)} names, such "
                             f"as {self.names[0]!r}")
        return self.vectors[self.names.index(name)]


def read_text_vectors(path) -> TextVectors:
    """Read a file of text vectors; nothing in it is unpickled.

    Raises
    ------
    InputError
        Another file, a name that is empty, no text or given twice, or a vector with NaN or without direction.
    """
    path = pathlib.Path(path)
    expected = f"an .npz file with the arrays {NAMES!r} (texts) and {VECTORS!r} (numbers, one row for each)"
    if path.suffix.lower() != ".npz":
        raise InputError("not a file of text vectors", source=path, expected=expected)
    headers = headers_of(path)
    missing = [name for name in (NAMES, VECTORS) if name not in headers]
    if missing:
        raise InputError(f"no array {missing[0]!r}, only {', '.join(sorted(headers)) or 'nothing'}", source=path,
                         expected=expected)
    if headers[NAMES].dtype.kind not in "US" or len(headers[NAMES].shape) != 1:
        raise InputError(f"{NAMES!r} holds {headers[NAMES].dtype} of shape {headers[NAMES].shape}", source=path,
                         expected=expected)
    if not headers[VECTORS].is_embedding:
        raise InputError(f"{VECTORS!r} holds {headers[VECTORS].dtype} of shape {headers[VECTORS].shape}", source=path,
                         expected=expected)
    arrays = load_arrays(path, headers, [NAMES, VECTORS])
    names, vectors = _names(arrays[NAMES], path), as_vectors(arrays[VECTORS])
    if len(names) != len(vectors):
        raise InputError(f"{len(names)} names for {len(vectors)} vectors", source=path, expected="one for each")
    for row in unusable_rows(vectors)[:1]:
        raise InputError(f"the text {names[int(row)][:60]!r}: {problem_of(vectors[row])[1]}", source=path, row=int(row) + 1,
                         expected="finite numbers, not all of them zero")
    return TextVectors(names, vectors, path)


def _names(array, path):
    if not 0 < len(array) <= _MOST_TEXTS:
        raise InputError(f"it has {len(array)} texts", source=path, expected=f"1 to {_MOST_TEXTS:,}")
    try:
        names = tuple(" ".join((one.decode("utf-8") if isinstance(one, bytes) else one).split()) for one in array.tolist())
    except UnicodeDecodeError:
        raise InputError("a name is no text", source=path, expected="UTF-8") from None
    for row, name in enumerate(names, start=1):
        if not name or not name.isprintable() or len(name) > _LONGEST_NAME:
            raise InputError(f"the name {name[:60]!r}", source=path, row=row,
                             expected=f"a text of 1 to {_LONGEST_NAME} printable characters")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"the name {twice[0][:60]!r} stands in it twice", source=path, expected="different names")
    return names
