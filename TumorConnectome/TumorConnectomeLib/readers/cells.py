"""Vectors that stand in one text: a JSON list, what numpy or torch print, or numbers with anything usual between them."""
from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np

from ..base.errors import InputError
from ..cohort.words import is_missing
from .embedding_file import place

#: what Python prints around numbers: array([...], dtype=float32), tensor([...], device='cuda:0'), np.float32(1.5)
_CALL = re.compile(r"(?:np\.|numpy\.|torch\.)?(?:array|tensor|Tensor)\((.*)\)", re.DOTALL)
_SCALAR = re.compile(r"(?:np\.|numpy\.)?(?:float|int)\d{1,3}\(([^()]*)\)")
_MORE = re.compile(r",\s*(?:dtype|device|requires_grad|grad_fn|shape)\s*=.*$", re.DOTALL)
_BETWEEN = re.compile(r"[,;\s]+")
_EXPECTED = "numbers separated by commas, spaces or line breaks, or a JSON list"


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
    if match := _CALL.fullmatch(inner):
        inner = _MORE.sub("", match[1])
    inner = _SCALAR.sub(r"\1", inner)
    if ";" in inner:
        inner = inner.replace(",", ".")
    inner = re.sub(r"[\[\](){}]", " ", inner).strip(",; \t\r\n")
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


def holds_vectors(values) -> bool:
    """Whether texts are vectors of one length: a list or an array in each that is not empty."""
    lengths = set()
    for text in values:
        if not text.strip():
            continue
        if not re.match(r"\s*[\"']?\s*(?:\[|\((?=\s*[-+.\d])|(?:np\.|numpy\.|torch\.)?(?:array|tensor|Tensor)\()", text):
            return False
        try:
            lengths.add(len(numbers_in(text, "")))
        except InputError:
            return "..." in text                        # it is said when the file is read
    return len(lengths) == 1 and lengths.pop() > 1


def vectors_of_cells(texts, path, rows, column) -> np.ndarray:
    """One vector in each cell: float64, shape (R, D), NaN where the cell says that there is none.

    Raises
    ------
    InputError
        A cell holds no numbers, or another count of them than most; its row and column are named.
    """
    found = [None if is_missing(text) else numbers_in(text, path, place(row, column)) for text, row in zip(texts, rows)]
    lengths = Counter(len(vector) for vector in found if vector is not None)
    width = lengths.most_common(1)[0][0] if lengths else 1
    vectors = np.full((len(found), width), math.nan)
    for number, vector in enumerate(found):
        if vector is not None:
            if len(vector) != width:
                raise InputError(f"the vector has {len(vector)} numbers", source=path, row=place(rows[number], column),
                                 expected=f"{width} as in other rows")
            vectors[number] = vector
    return vectors
