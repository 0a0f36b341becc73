"""Reads published embedding pickles without unpickling them.

The files are ``{'all': [{'feature': float32 (1, D), 'row': pandas.Series}, ...]}``. `pickle_records` writes down what
they hold, with an allow-list of the few numpy and pandas names such a file needs; here the arrays are decoded from their
bytes, with their size checked. Neither numpy nor pandas is asked to build anything from the file.
"""
from __future__ import annotations

import contextlib
import pathlib
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from .embedding_file import refuse_pointer
from .pickle_records import Record, Refused, read_records
from .pickled_arrays import NUMPY_NAMES, TEXT_NAMES, decode, is_array, plain

#: what a pickle may name -> kind of the record made of it; numpy 2 and pandas 3 moved some of them
_ALLOWED = {
    **NUMPY_NAMES, **TEXT_NAMES,
    "pandas.core.series Series": "Series",
    "pandas Series": "Series",
    "pandas.core.internals.managers SingleBlockManager": "Manager",
    "pandas.core.indexes.base _new_Index": "Index",
    "pandas.core.indexes.base Index": "IndexType",
    "pandas Index": "IndexType",
    "builtins slice": "Slice",
    "__builtin__ slice": "Slice",
}
_LARGEST_INTEGER = 2 ** 63
_EXPECTED = "a published embedding file: {'all': [{'feature': float32 (1, D), 'row': pandas.Series}, ...]}"


@dataclass(frozen=True, eq=False)
class EmbeddingRows:
    """The rows of one embedding file, in file order.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    features : np.ndarray
        float32, shape (R, D); finite.
    rows : tuple of dict
        R dictionaries of str, int, float, bool or None: PatientID, SeriesInstanceUID, ...
    """

    path: pathlib.Path
    features: np.ndarray
    rows: tuple[dict, ...]


#: what was read in the outermost `read_once`, by path; None outside
_kept: dict[pathlib.Path, EmbeddingRows] | None = None


@contextlib.contextmanager
def read_once():
    """Inside, a file that is asked for again is not read again: for who makes a cohort of files and needs all rows, too."""
    global _kept
    before, _kept = _kept, {} if _kept is None else _kept
    try:
        yield
    finally:
        _kept = before


def read_embedding_pickle(path) -> EmbeddingRows:
    """Read one ``*_features.pkl`` file.

    Raises
    ------
    InputError
        The file needs a name outside the allow-list (it could run code), is truncated, has other keys, rows of
        unequal length, or a NaN or infinite value. The text names file, row and what was expected.
    """
    path = pathlib.Path(path)
    if _kept is None:
        return _read(path)
    if path not in _kept:
        _kept[path] = _read(path)
        _kept[path].features.flags.writeable = False    # nobody puts the rows of all in another order
    return _kept[path]


def _read(path):
    try:
        data = path.read_bytes()
        refuse_pointer(data[:64], path)
        content = read_records(data, _ALLOWED)
    except InputError:
        raise
    except OSError as error:
        raise InputError(error.strerror or str(error), source=path) from None
    except Refused as error:
        raise InputError(f"refused, because {error}", source=path, expected=_EXPECTED) from None
    except Exception as error:                          # a damaged pickle can raise nearly any type
        text = f"{type(error).__name__}: {error}"[:200]
        raise InputError(f"not a readable pickle ({text})", source=path, expected=_EXPECTED) from None
    return _checked(content, path, len(data))


def texts_of_pickled_array(data: bytes) -> list | None:
    """What numpy's pickle of an array of objects (one dimension) lists, without unpickling it; None if it is no plain data."""
    try:
        array = read_records(data, NUMPY_NAMES)
        values = decode(array, ValueError) if is_array(array) else None
    except Exception:                                   # a damaged pickle can raise nearly any type
        return None
    return values if isinstance(values, list) and all(map(_is_plain, values)) else None


def _is(value, kind):
    return isinstance(value, Record) and value.kind == kind


def _feature(array, problem):
    """The vector of one row: float32, shape (D,)."""
    if not is_array(array):
        raise problem("'feature' is not a numpy array")
    values = decode(array, problem)
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        raise problem("'feature' is not a numeric array")
    if not values.size or values.shape[-1:] != (values.size,):
        raise problem(f"'feature' has shape {values.shape}")
    if values.dtype == np.float32 and values.dtype.isnative:
        return values.ravel()
    with np.errstate(over="ignore"):                    # what float32 can not hold is reported as infinite
        return values.ravel().astype(np.float32)


def _row_values(row, problem):
    """The dict behind a pickled pandas Series (or a plain dict)."""
    if isinstance(row, dict):
        names, values = list(row), list(row.values())
    else:
        if not (_is(row, "Series") and isinstance(row.state, dict) and _is(row.state.get("_mgr"), "Manager")):
            raise problem("'row' is not a pandas.Series")
        try:
            axes, blocks = row.state["_mgr"].state[:2]
            index, block = axes[0].arguments[1]["data"], blocks[0]
        except (AttributeError, TypeError, ValueError, KeyError, IndexError):
            raise problem("'row' is not a pandas.Series of one block") from None
        names, values = decode(index, problem), decode(block, problem)
        values = values.ravel().tolist() if isinstance(values, np.ndarray) else values
    if len(names) != len(values) or not all(isinstance(name, str) for name in names):
        raise problem("'row' has names that are not texts, or not one name for each value")
    if not all(map(_is_plain, values)):
        values = [plain(value, problem) for value in values]
    if not all(map(_is_plain, values)):
        name = next(name for name, value in zip(names, values) if not _is_plain(value))
        raise problem(f"'row' holds a value under {name[:40]!r} that is no plain text or number")
    return dict(zip(names, values))


def _is_plain(value):
    if isinstance(value, str):                          # a lone surrogate can not be written to any file
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, int):
        return -_LARGEST_INTEGER <= value < _LARGEST_INTEGER
    return value is None or isinstance(value, float)


def _checked(content, path, size):
    """`EmbeddingRows` of what a pickle of `size` bytes holds."""
    if isinstance(content, dict) and "all" not in content and any(content.values()) and all(
            isinstance(part, list) for part in content.values()):       # train, val, test of another benchmark
        content = {"all": [item for part in content.values() for item in part]}
    if not isinstance(content, dict) or not isinstance(content.get("all"), list):
        found = f"the keys {sorted(content)}"[:200] if isinstance(content, dict) else f"a {type(content).__name__}"
        raise InputError(f"found {found}", source=path, expected=_EXPECTED)
    if not content["all"]:
        raise InputError("it holds no rows", source=path, expected=_EXPECTED)
    features, rows = [], []
    for number, item in enumerate(content["all"], start=1):
        def problem(text, number=number, expected=_EXPECTED):
            return InputError(text, source=path, row=number, expected=expected)

        if not isinstance(item, dict) or not {"feature", "row"} <= set(item):
            raise problem("the keys 'feature' and 'row' are missing")
        feature = _feature(item["feature"], problem)
        if features and feature.size != features[0].size:
            raise problem(f"'feature' has {feature.size} values", expected=f"{features[0].size} as in row 1")
        features.append(feature)
        rows.append(_row_values(item["row"], problem))
        size -= feature.nbytes + len(rows[-1])
        if size < 0:                                    # one vector listed a million times would fill the memory
            raise problem("the file lists more values than it holds")
    together = np.stack(features)
    for number in np.flatnonzero(~np.isfinite(together).all(axis=1)).tolist():
        raise InputError("'feature' has a NaN or infinite value", source=path, row=number + 1, expected="finite numbers")
    return EmbeddingRows(path, together, tuple(rows))
