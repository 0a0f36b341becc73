"""Files that are parts of one table: shards by their names, and folders named after the values of a column.

Parquet's own shards are read as one file (`parquet.shards_of`); here parts are put together after each was read.
"""
from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..base.files import visible_files
from ..cohort.words import as_text
from .embedding_file import EmbeddingFile
from .recognition import cohort_column
from .text_stream import stem_of

#: a folder of a partitioned data set as Hive, Spark, Dask, pandas and Arrow write it: site=A
_PARTITION = re.compile(r"(?P<column>[^=]+)=(?P<value>.*)")
#: what they write in place of a missing value
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
#: names that say that they are parts, whoever is in them: Spark's part-00000-..., Dask's part.0, 0000
_PART = re.compile(r"part[-._]?\d+.*|\d+", re.IGNORECASE)
_NAMED_PART = re.compile(r"part[-._]?\d+(?:-[^.]*)?(?:\.[^.]+)+", re.IGNORECASE)
#: what the names of other parts may differ by
_NUMBERS = re.compile(r"\d+|(?<![a-z])(?:training|train|validation|valid|val|test)(?![a-z])", re.IGNORECASE)


def parts_beside(path: pathlib.Path) -> list[pathlib.Path]:
    """All parts of the table that a text file is a part of by its name (part-00000.csv), in order; the file alone if none."""
    if not _NAMED_PART.fullmatch(path.name):
        return [path]
    ending = "".join(path.suffixes)
    found = [other for other in visible_files(path.parent, "*" + path.suffix)
             if _NAMED_PART.fullmatch(other.name) and "".join(other.suffixes) == ending]
    return sorted(found, key=lambda other: [int(number) for number in re.findall(r"\d+", other.name)][:1])


def partitions(folder: pathlib.Path, files_in: Callable[[pathlib.Path], list[pathlib.Path]]) -> list[pathlib.Path]:
    """The files in the folders of a partitioned data set, in order; none if the folder is no such set."""
    found = []
    for inner in sorted(folder.iterdir()):
        if _PARTITION.fullmatch(inner.name) and inner.is_dir():
            found += files_in(inner) + partitions(inner, files_in)
    return found


def with_partition_columns(file: EmbeddingFile) -> EmbeddingFile:
    """The file with the columns that the names of its folders tell; what the file itself tells stays."""
    folders = file.path.relative_to(_root(file.path)).parent.parts
    told = dict(map(_unquoted, _PARTITION.fullmatch(name).groups()) for name in folders)
    columns = {cohort_column(name): "" if value == _NO_VALUE else as_text(value) for name, value in told.items()}
    missing = {name: np.array([value] * len(file.ids), object) for name, value in columns.items() if name not in file.columns}
    return replace(file, columns={**file.columns, **missing}) if missing else file


def _unquoted(text):
    """A text of which some characters are written as %20: their bytes in UTF-8."""
    data = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), text.encode())
    return data.decode("utf-8", "replace")


def stacked(read: Sequence[EmbeddingFile]) -> list[EmbeddingFile]:
    """The files, parts of one table as one.

    Parts lie in one folder (or in partitions of one), and have the same columns and lengths of vectors. Their names say that
    they are parts; or they differ by numbers or by the name of a split only, and no patient is in two of them.
    """
    groups: dict[tuple, list[EmbeddingFile]] = {}
    for one in read:
        groups.setdefault(_key(one), []).append(one)
    found = []
    for members in groups.values():
        apart = len(set().union(*(one.ids for one in members))) == sum(len(set(one.ids)) for one in members)
        found += [_stack(members)] if len(members) > 1 and (apart or _are_named_so(members)) else members
    return found


def _root(path):
    """The folder of a data set: the first one above the file that is no partition."""
    return next(folder for folder in path.parents if not _PARTITION.fullmatch(folder.name))


def _key(one):
    if not one.has_vectors:
        return (id(one),)
    stem = stem_of(one.path)
    name = "" if _root(one.path) != one.path.parent else "part" if _PART.fullmatch(stem) else _NUMBERS.sub("#", stem)
    widths = tuple(vectors.shape[1] for vectors in one.models.values())
    return _root(one.path), "".join(one.path.suffixes[-2:]), name, widths, one.id_column, tuple(sorted(one.columns))


def _are_named_so(members):
    return all(_root(one.path) != one.path.parent or _PART.fullmatch(stem_of(one.path)) for one in members)


def _stack(members):
    first, last = members[0], members[-1]
    names = list(first.models) if len(first.models) > 1 else [_root(first.path).resolve().name or "parts"]
    models = {name: np.concatenate([list(one.models.values())[number] for one in members])
              for number, name in enumerate(names)}
    notes = [note for one in members for note in one.notes]
    return replace(
        first, ids=[patient for one in members for patient in one.ids], models=models,
        columns={name: _joined([one.columns[name] for one in members]) for name in first.columns},
        rows=[f"{row} of {_label(one)}" for one in members for row in one.rows],
        notes=(*dict.fromkeys(notes), f"{len(members)} parts of one table: {_label(first)} to {_label(last)}."),
        left_out=tuple((who, f"{_label(one)}, {why}") for one in members for who, why in one.left_out),
        categories=tuple(dict.fromkeys(name for one in members for name in one.categories)))


def _label(one):
    return one.path.relative_to(_root(one.path)).as_posix()


def _joined(parts):
    """One column: float64 if all parts are, else texts."""
    if all(values.dtype == float for values in parts):
        return np.concatenate(parts)
    return np.array([as_text(value) for values in parts for value in values.tolist()], object)
