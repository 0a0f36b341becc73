"""Which files a user's cohort is made of, what is in them, and which reader reads them."""
from __future__ import annotations

import pathlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace

from ..base.errors import InputError
from ..base.files import visible_files
from ..cohort.words import as_text
from .anndata import H5AD, read_anndata, recognize_anndata
from .arrays import SAFETENSORS, companions, headers_of, read_arrays_file, recognize_arrays
from .arrow_file import COLUMNAR
from .delimited import read_delimited, recognize_delimited
from .delimited_form import form_of, starts_with_numbers
from .embedding_file import EmbeddingFile
from .parquet import ParquetTable, data_set_name, read_parquet, shards_of
from .parts import partitions, parts_beside
from .published_file import read_published
from .recognition import ROW_NUMBER, FeatureGroup, ImportChoice, Recognition, model_name, proposal, row_numbers
from .text_stream import COMPRESSED, TEXT, kind_of, stem_of

PICKLE = (".pkl", ".pickle")
ARRAYS = (".npz", ".npy", SAFETENSORS)
KINDS = (*TEXT, *COLUMNAR, *ARRAYS, H5AD, *PICKLE)
#: what is read of a folder; notes are .txt files, too
_IN_FOLDERS = tuple(kind for kind in KINDS if kind != ".txt")
#: workbooks of spreadsheets
_SHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
#: endings of compressed tables
COMPRESSED_TEXT = tuple(kind + end for kind in TEXT if kind != ".txt" for end in COMPRESSED)
#: where a data set of Hugging Face has its files
_INNER = "data"
#: between the paths of several files in one text
SEPARATOR = ";"
_PREVIEW_ROWS, _PREVIEW_FEATURES = 8, 3


@dataclass(frozen=True)
class FilePreview:
    """What a file looks like, for a person who decides how it is read.

    Parameters
    ----------
    path : str
    recognition : Recognition
    choice : ImportChoice
        What is proposed.
    sample : mapping of str to list of str
        The first values of each column that is not a feature, and of the first features.
    notes : tuple of str
        What was assumed.
    """

    path: str
    recognition: Recognition
    choice: ImportChoice
    sample: Mapping[str, list[str]]
    notes: tuple[str, ...] = ()

    @property
    def is_table(self) -> bool:
        """Whether it has no embedding: a table of patients that joins the others."""
        return not self.recognition.groups

    def to_json(self) -> dict:
        """As what json can write."""
        found = asdict(self.recognition)
        return {"path": self.path, "recognition": found, "choice": self.choice.to_json(), "sample": dict(self.sample),
                "notes": list(self.notes)}

    @classmethod
    def from_json(cls, value) -> FilePreview:
        """The inverse of `to_json`."""
        found = value["recognition"]
        groups = tuple(FeatureGroup(group["prefix"], tuple(group["columns"]), group["gap"], group["size"])
                       for group in found["groups"])
        texts = {name: tuple(found[name]) for name in ("others", "id_questions", "group_questions", "lists", "unused", "small")}
        recognition = Recognition(found["id_column"], groups, together=found["together"], **texts)
        return cls(value["path"], recognition, ImportChoice.from_json(value["choice"]), value["sample"], tuple(value["notes"]))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names that can be the id column, a real one before the number of the row."""
        found = self.recognition
        return tuple(dict.fromkeys(name for name in (found.id_column, *found.others, ROW_NUMBER) if name))

    def named(self, name: str | None) -> str | None:
        """A column's name as it stands in the file, if one has this name but for capital letters; else as it is given."""
        if name is None or name in self.columns:
            return name
        found = [column for column in self.columns if column.lower() == name.lower()]
        return found[0] if len(found) == 1 else name

    def undecided(self, id_column: str | None = None, prefix: str | None = None) -> tuple[str, ...]:
        """The questions that an id column and a feature prefix, where they are given and the file has them, do not answer."""
        found = self.recognition
        chosen = prefix is not None and prefix in {group.prefix for group in found.groups}
        return (*(() if id_column in self.columns else found.id_questions), *(() if chosen else found.group_questions))

    def chosen_by_name(self, id_column: str | None, prefix: str | None, categories: Collection[str] = ()) -> ImportChoice:
        """The proposed choice, but with this id column, feature prefix and categories where they are given and it has them."""
        choice, found = self.choice, self.recognition
        if id_column in self.columns:
            facets = tuple(name for name in (found.id_column, *found.others) if name not in (id_column, "", ROW_NUMBER)
                           and name not in found.unused)
            choice = replace(choice, id_column=id_column, facets=facets)
        if prefix in {group.prefix for group in found.groups}:
            choice = replace(choice, prefixes=(prefix,))
        wanted = tuple(name for name in (*found.others, found.id_column) if name in categories and name != choice.id_column)
        return replace(choice, categories=wanted, facets=tuple(dict.fromkeys([*choice.facets, *wanted])))


def own_files(paths) -> list[pathlib.Path]:
    """The files of a user's cohort, in the order given; a folder stands for all files in it that can be read.

    The table beside a numpy file without ids belongs to it and is no file of its own. Raises InputError for what is not
    there, or is of another kind.
    """
    found = []
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            inside = (_inside(path) or _inside(path / _INNER)) + partitions(path, _inside)
            if not inside:
                sheets = [other.name for kind in _SHEETS for other in visible_files(path, "*" + kind)]
                raise _not_known(path / sheets[0]) if sheets else InputError(
                    "no embedding files", source=path, expected=f"*_features.pkl, or {', '.join(_IN_FOLDERS)}")
            found += inside
        elif not path.is_file():
            raise InputError("no such folder or file", source=path, expected=f"a folder, or a file ({', '.join(KINDS)})")
        elif kind_of(path) not in KINDS:
            raise _not_known(path)
        else:
            found += parts_beside(path) if kind_of(path) in TEXT else [path]
    found = list(dict.fromkeys(path if path.suffix.lower() not in COLUMNAR else shards_of(path)[0] for path in found))
    return _without_companions(found)


def _not_known(path):
    kind = kind_of(path)
    known = ".csv: save the sheet as CSV (in Excel: Save as, CSV UTF-8)" if kind in _SHEETS else ", ".join(KINDS)
    return InputError(f"files of the kind {kind or 'without ending'!r} are not known", source=path, expected=known)


def unread_workbooks(paths) -> list[str]:
    """A sentence about each workbook in the folders of a cohort: else nobody would notice that it is missing."""
    return [f"{other.name} is not read: workbooks have to be saved as CSV." for path in map(pathlib.Path, paths)
            if path.is_dir() for kind in _SHEETS for other in visible_files(path, "*" + kind)]


def _inside(folder):
    return sorted(other for kind in (*_IN_FOLDERS, *COMPRESSED_TEXT) for other in visible_files(folder, "*" + kind))


def _without_companions(files):
    """Files without the lists and tables that belong to arrays."""
    taken = {other for path in files if _may_need_others(path) for other in companions(path)}
    return [path for path in files if path not in taken] or files


def files_to_hash(files) -> list[pathlib.Path]:
    """The files, the tables beside numpy files and all parts of data sets: all that the cohort depends on."""
    tables = [other for path in files if _may_need_others(path) for other in companions(path)]
    parts = [part for path in files for part in (shards_of(path) if path.suffix.lower() in COLUMNAR else [path])]
    return [*parts, *tables]


def is_matrix(path) -> bool:
    """Whether a file holds arrays that a table beside it may explain: numpy's, safetensors, or a text of numbers only."""
    path = pathlib.Path(path)
    return path.suffix.lower() in ARRAYS or (kind_of(path) in TEXT and starts_with_numbers(path))


def _may_need_others(path):
    """Whether it is a file of arrays with vectors: a list of ids has no others beside it."""
    return is_matrix(path) and any(header.is_embedding for header in headers_of(path).values())


def preview(path) -> FilePreview:
    """Look at the beginning of a file; InputError when it can not be a part of a cohort."""
    path, notes = pathlib.Path(path), ()
    kind = kind_of(path)
    if kind in PICKLE:
        choice = ImportChoice("PatientID", (), (), _pickle_model(path))
        return FilePreview(str(path), Recognition("PatientID", (), ()), choice, {})
    if kind in COLUMNAR:
        with ParquetTable(path) as table:
            sample, recognition = table.sample(), table.recognition()
            notes = tuple(table.notes())
    elif kind == H5AD:
        recognition, sample = recognize_anndata(path)
    elif is_matrix(path):
        recognition, sample = recognize_arrays(path)
    else:
        form = form_of(path)
        recognition, notes = recognize_delimited(form), form.notes
        shown = {recognition.id_column, *recognition.others,
                 *(name for group in recognition.groups for name in group.columns[:_PREVIEW_FEATURES])}
        sample = {name: [as_text(record[i]) for record in form.sample] for i, name in enumerate(form.header) if name in shown}
    sample = {name: [value[:200] for value in values[:_PREVIEW_ROWS]] for name, values in sample.items()}
    sample.setdefault(ROW_NUMBER, row_numbers(max(map(len, sample.values()), default=_PREVIEW_ROWS)))
    return FilePreview(str(path), recognition, proposal(recognition, _model_of(path)), sample, notes)


def _model_of(path):
    return model_name(data_set_name(path) or stem_of(path))


def _pickle_model(path):
    return path.name.removesuffix("_features.pkl") if path.name.endswith("_features.pkl") else model_name(path.stem)


def read_file(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read one file as chosen."""
    path = pathlib.Path(path)
    kind = kind_of(path)
    if kind in PICKLE:
        return read_published(path, choice.model)
    if kind == H5AD:
        return read_anndata(path, choice, report)
    return (read_parquet if kind in COLUMNAR else read_arrays_file if is_matrix(path) else read_delimited)(path, choice, report)
