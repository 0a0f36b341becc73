"""Vectors that stand in one text: a JSON list, what numpy or torch print, or numbers with anything usual between them."""
from __future__ import annotations

import json
import math
import re
from collections import Counter

import numpy as np

from ..base.errors import InputError
from ..cohort.words import is_missing
from .embedding_file import other_length, place

#: what Python, JAX, R and C print around numbers: array([...], dtype=float32), tensor([...], device='cuda:0'), c(1, 2)
_CALL = re.compile(r"(?:(?:np|numpy|torch|jnp|jax)\.)?(?:array|tensor|Tensor|Array|DeviceArray|list|tuple|vector|c)\((.*)\)",
                   re.DOTALL)
_SCALAR = re.compile(r"(?:np\.|numpy\.)?(?:float|int)\d{1,3}\(([^()]*)\)")
_MORE = re.compile(r",\s*(?:dtype|device|requires_grad|grad_fn|shape)\s*=.*$", re.DOTALL)
_BETWEEN = re.compile(r"[,;|\s]+")
_KEY = re.compile(r"\"[^\"]*\"\s*:|'[^']*'\s*:|(?<=[{,])\s*\w+\s*:")
_EXPECTED = "numbers separated by commas, spaces or line breaks, or a JSON list"
_BRACKETED = re.compile(r"\s*[\"']?\s*(?:[\[{<]|\((?=\s*[-+.\d])|(?:(?:np|numpy|torch|jnp|jax)\.)?"
                        r"(?:array|tensor|Tensor|Array|DeviceArray|list|tuple|vector|c)\()")
#: numbers without brackets are a vector if there are so many of them, or the column's name says so: a size is "512 512 130"
_FEWEST_WITHOUT_BRACKETS = 4
_PLAIN_NUMBERS = re.compile(r"[-+.,;|\deE\s]+")
_NAMES_VECTORS = re.compile(r".*(emb|feat|vec|latent|repr|encod).*", re.IGNORECASE)
_SEVERAL, _LOOKED_AT = re.compile(r"[\[({<,;|\s]"), 5
#: that share of the cells that are not empty may be wrong: their patients are left out
_MOST_WRONG = 0.2


def numbers_in(text: str, source, row=None) -> np.ndarray:
    """The numbers of a vector in a text: float64, shape (D,).

    With semicolons between them numbers may have a decimal comma. Lists inside a list are one vector if there is only one, or
    one number in each.

    Raises
    ------
    InputError
        A part is no number (its place is named), there are none, or numpy has left some out when it printed them.
    """
    inner = text.strip().strip("\"'").strip()
    if "..." in inner or "\N{HORIZONTAL ELLIPSIS}" in inner:
        raise InputError("numbers were left out ('...') when it was printed", source=source, row=row,
                         expected="all of them; numpy.set_printoptions(threshold=sys.maxsize) prints them")
    if inner.startswith("["):                           # most files have JSON, which is read fastest
        try:
            values = json.loads(inner)
            if set(map(type, values)) <= {int, float} and values:
                return np.array(values, np.float64)
        except (ValueError, OverflowError, RecursionError):
            pass                                        # brackets of numpy, or lists in the list
    if match := _CALL.fullmatch(inner):
        inner = _MORE.sub("", match[1])
    inner = _SCALAR.sub(r"\1", inner)
    if inner.startswith("{"):
        inner = _KEY.sub(" ", inner)                    # a JSON object: its values
    inner = re.sub(r"[\[\](){}<>\"']", " ", inner)
    if ";" in inner or "|" in inner:
        inner = inner.replace(",", "." if re.search(r"\d,\d", inner) else " ")
    inner = inner.strip(",;| \t\r\n")
    parts = _BETWEEN.split(inner)
    if not parts[0]:
        raise InputError("it is empty", source=source, row=row, expected=_EXPECTED)
    try:
        if "_" in inner:                                # Python reads 1_000 as 1000
            raise ValueError
        return np.array(parts, dtype=object).astype(np.float64)
    except ValueError:
        for number, part in enumerate(parts, start=1):
            try:
                float(part if "_" not in part else "not a number")
            except ValueError:
                raise InputError(f"number {number} is {part[:40]!r}", source=source, row=row, expected=_EXPECTED) from None
        raise


def vector_length(name: str, texts) -> int:
    """Numbers in the vectors that most of some cells of a column hold; 0 if they are something else.

    Vectors are lists or arrays in any of the usual notations; without brackets, at least four numbers in each cell, or fewer
    under a name such as "embedding".
    """
    if not any(_SEVERAL.search(text.strip()) for text in texts[:_LOOKED_AT]):
        return 0                                        # single words or numbers
    texts = [text for text in texts if not is_missing(text)]
    if not texts:
        return 0
    if "..." in texts[0] and _BRACKETED.match(texts[0]):
        return 2                                        # it is said when the file is read
    fewest = 2 if _NAMES_VECTORS.fullmatch(name) else _FEWEST_WITHOUT_BRACKETS
    lengths: Counter = Counter()
    for number, text in enumerate(texts):
        bracketed = _BRACKETED.match(text)
        if bracketed or _PLAIN_NUMBERS.fullmatch(text):
            try:
                length = len(numbers_in(text, ""))
            except InputError:
                continue
            lengths[length if length >= (2 if bracketed else fewest) else 0] += 1
        elif number - lengths.total() > _MOST_WRONG * len(texts):
            return 0
    length, count = max(lengths.items(), key=lambda item: item[1], default=(0, 0))
    return length if count >= (1 - _MOST_WRONG) * len(texts) else 0


def vectors_of_cells(texts, path, rows, column) -> tuple[np.ndarray, dict[int, InputError]]:
    """One vector in each cell.

    Returns
    -------
    vectors : np.ndarray
        float64, shape (R, D), NaN where there is none.
    wrong : dict of int to InputError
        What is wrong with the cells that hold no numbers, or another count of them than most, by the row's index.
    """
    found, wrong = [], {}
    for number, (text, row) in enumerate(zip(texts, rows)):
        try:
            found.append(None if is_missing(text) else numbers_in(text, path, place(row, column)))
        except InputError as error:
            wrong[number] = error
            found.append(None)
    lengths = Counter(len(vector) for vector in found if vector is not None)
    width = lengths.most_common(1)[0][0] if lengths else 1
    vectors = np.full((len(found), width), math.nan)
    for number, vector in enumerate(found):
        if vector is not None and len(vector) == width:
            vectors[number] = vector
        elif vector is not None:
            wrong[number] = other_length(len(vector), width, path, place(rows[number], column))
    return vectors, wrong
