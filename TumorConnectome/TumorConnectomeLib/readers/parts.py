"""Files that are parts of one table: shards by their names, and folders named after the values of a column.

Parquet's own shards are read as one file (`parquet.shards_of`); here parts are put together after each was read.
"""
from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..base.errors import InputError
from ..base.files import visible_files
from ..cohort.words import as_text
from .embedding_file import EmbeddingFile
from .recognition import cohort_column
from .text_stream import stem_of

#: a folder of a partitioned data set as Hive, Spark, Dask, pandas and Arrow write it: site=A
_PARTITION = re.compile(r"(?P<column>[^=]+)=(?P<value>.*)")
#: folders of splits, as Hugging Face has them, and the column that they are then
_SPLIT, SPLIT = re.compile(r"train|val|valid|validation|test", re.IGNORECASE), "split"
#: what they write in place of a missing value
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
#: names that say that they are parts, whoever is in them: Spark's part-00000-..., Dask's part.0
_PART = re.compile(r"part[-._]?\d+.*", re.IGNORECASE)
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
    """The files in the folders of a partitioned data set, in order; none if the folder is no such set.

    Folders of splits count where the folder itself has no files: "test" may be anything beside tables.
    """
    found, splits = [], not files_in(folder)
    for inner in sorted(folder.iterdir()):
        if (_PARTITION.fullmatch(inner.name) or splits and _SPLIT.fullmatch(inner.name)) and inner.is_dir():
            found += files_in(inner) + partitions(inner, files_in)
    return found


def _told_by(folder):
    """Column and value that the name of a folder tells, None if it is no partition."""
    if match := _PARTITION.fullmatch(folder):
        return _unquoted(match["column"]), "" if match["value"] == _NO_VALUE else _unquoted(match["value"])
    return (SPLIT, folder) if _SPLIT.fullmatch(folder) else None


def with_partition_columns(file: EmbeddingFile, folders: Sequence) -> EmbeddingFile:
    """The file with the columns that the names of its folders inside of given ones tell; what the file itself tells stays."""
    told = map(_told_by, file.path.relative_to(_root(file.path, folders)).parent.parts)
    columns = {cohort_column(name): as_text(value) for name, value in told}
    missing = {name: np.array([value] * len(file.ids), object) for name, value in columns.items() if name not in file.columns}
    return replace(file, columns={**file.columns, **missing}) if missing else file


def _unquoted(text):
    """A text of which some characters are written as %20: their bytes in UTF-8."""
    data = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), text.encode())
    return data.decode("utf-8", "replace")


def stacked(read: Sequence[EmbeddingFile], folders: Sequence) -> list[EmbeddingFile]:
    """The files, parts of one table as one; `folders` are those in which they were looked for.

    Parts lie in one folder, or in partitions of one. Their names say that they are parts; or these differ by numbers or by the
    name of a split only, their columns and lengths of vectors are the same, and no patient is in two of them.

    Raises
    ------
    InputError
        Files that call themselves parts have vectors of different lengths.
    """
    groups: dict[tuple, list[EmbeddingFile]] = {}
    for one in read:
        groups.setdefault(_key(one, _root(one.path, folders)), []).append(one)
    found = []
    for members in groups.values():
        root = _root(members[0].path, folders)
        names = {stem_of(one.path) for one in members}
        if _is_apart(members) or _is_named_so(members[0], root):
            by_name = [[one for one in members if stem_of(one.path) == name] for name in sorted(names)]
            if not _is_apart(members) and len(names) < len(members) and all(map(_is_apart, by_name)):
                found += [_stack(own, root, stem_of(own[0].path)) for own in by_name]       # models in each partition
            else:
                found += [_stack(members, root, root.resolve().name or "parts")]
        else:
            found += members
    return found


def _is_apart(members):
    """Whether no patient is in two of some files."""
    return len(set().union(*(one.ids for one in members))) == sum(len(set(one.ids)) for one in members)


def _root(path, folders):
    """The folder of a data set: the given one that the file is in, through partitions only; else the file's own."""
    for folder in map(pathlib.Path, folders):
        if folder in path.parents and all(map(_told_by, path.relative_to(folder).parent.parts)):
            return folder
    return path.parent


def _key(one, root):
    """What parts of one table have in common: their folder and kind; where their names do not tell it, their columns, too."""
    if not one.has_vectors:
        return (id(one),)
    place = root, "".join(one.path.suffixes[-2:])
    if _is_named_so(one, root):
        return place
    widths = tuple(vectors.shape[1] for vectors in one.models.values())
    return *place, _NUMBERS.sub("#", stem_of(one.path)), widths, one.id_column, tuple(sorted(one.columns))


def _is_named_so(one, root):
    return root != one.path.parent or bool(_PART.fullmatch(stem_of(one.path)))


def _stack(members, root, model):
    """Some files as one, its model called `model` if it has only one; a single file as it is."""
    if len(members) == 1:
        return members[0]
    labels = [one.path.relative_to(root).as_posix() for one in members]
    first = members[0]
    for one in members:
        ours, theirs = ([vectors.shape[1] for vectors in file.models.values()] for file in (one, first))
        if ours != theirs:
            raise InputError(f"its vectors have {', '.join(map(str, ours))} numbers", source=one.path,
                             expected=f"{', '.join(map(str, theirs))} as in {labels[0]}")
    names = list(first.models) if len(first.models) > 1 else [model]
    models = {name: np.concatenate([list(one.models.values())[number] for one in members])
              for number, name in enumerate(names)}
    columns = dict.fromkeys(name for one in members for name in one.columns)
    notes = [note for one in members for note in one.notes]
    return replace(
        first, ids=[patient for one in members for patient in one.ids], models=models,
        columns={name: _joined([one.columns.get(name, _nothing(one)) for one in members]) for name in columns},
        rows=[f"{row} of {label}" for one, label in zip(members, labels) for row in one.rows],
        notes=(*dict.fromkeys(notes), f"{len(members)} parts of one table: {labels[0]} to {labels[-1]}."),
        left_out=tuple((who, f"{label}, {why}") for one, label in zip(members, labels) for who, why in one.left_out),
        categories=tuple(dict.fromkeys(name for one in members for name in one.categories)))


def _nothing(one):
    return np.full(len(one.ids), np.nan)


def _joined(parts):
    """One column: float64 if all parts are, else texts."""
    if all(values.dtype == float for values in parts):
        return np.concatenate(parts)
    return np.array([as_text(value) for values in parts for value in values.tolist()], object)
