"""Which files a user's cohort is made of, what is in them, and which reader reads them."""
from __future__ import annotations

import pathlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from ..base.errors import InputError
from ..base.files import visible_files
from .arrays import companion_table, headers_of, read_arrays_file, recognize_arrays
from .delimited import read_delimited, recognize_delimited
from .delimited_form import form_of
from .embedding_file import EmbeddingFile
from .embedding_pickle import read_embedding_pickle
from .parquet import ParquetTable, read_parquet
from .patient_table import as_text, normalized, patient_record
from .recognition import FeatureGroup, ImportChoice, Recognition, model_name, proposal

TEXT, PARQUET, ARRAYS, PICKLE = (".csv", ".tsv", ".txt"), (".parquet", ".pq"), (".npz", ".npy"), (".pkl", ".pickle")
KINDS = (*TEXT, *PARQUET, *ARRAYS, *PICKLE)
#: what is read of a folder; notes are .txt files, too
_IN_FOLDERS = tuple(kind for kind in KINDS if kind != ".txt")
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
        groups = tuple(FeatureGroup(group["prefix"], tuple(group["columns"]), group["gap"]) for group in found["groups"])
        recognition = Recognition(found["id_column"], groups, tuple(found["others"]), tuple(found["questions"]),
                                  found["together"])
        return cls(value["path"], recognition, ImportChoice.from_json(value["choice"]), value["sample"], tuple(value["notes"]))

    def chosen_by_name(self, id_column: str | None, prefix: str | None) -> ImportChoice:
        """The proposed choice, but with this id column and feature prefix where they are given and the file has them."""
        choice, found = self.choice, self.recognition
        names = (found.id_column, *found.others)
        if id_column in names:
            choice = replace(choice, id_column=id_column, facets=tuple(name for name in names if name != id_column))
        if prefix in {group.prefix for group in found.groups}:
            choice = replace(choice, prefixes=(prefix,))
        return choice


def own_files(paths) -> list[pathlib.Path]:
    """The files of a user's cohort, in the order given; a folder stands for all files in it that can be read.

    The table beside a numpy file without ids belongs to it and is no file of its own. Raises InputError for what is not
    there, or is of another kind.
    """
    found = []
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            inside = sorted(other for kind in _IN_FOLDERS for other in visible_files(path, "*" + kind))
            if not inside:
                raise InputError("no embedding files", source=path, expected=f"*_features.pkl, or {', '.join(_IN_FOLDERS)}")
            found += inside
        elif not path.is_file():
            raise InputError("no such folder or file", source=path, expected=f"a folder, or a file ({', '.join(KINDS)})")
        elif path.suffix.lower() not in KINDS:
            raise InputError(f"files of the kind {path.suffix or 'without ending'!r} are not known", source=path,
                             expected=", ".join(KINDS))
        else:
            found.append(path)
    found = list(dict.fromkeys(found))
    companions = {companion_table(path) for path in found if path.suffix.lower() in ARRAYS and not _has_ids(path)}
    return [path for path in found if path not in companions]


def files_to_hash(files) -> list[pathlib.Path]:
    """The files and the tables beside numpy files: all that the cohort depends on."""
    tables = [companion_table(path) for path in files if path.suffix.lower() in ARRAYS and not _has_ids(path)]
    return [*files, *(table for table in tables if table)]


def _has_ids(path):
    headers = headers_of(path).values()
    counts = {header.shape[0] for header in headers if header.is_embedding}
    return any(len(header.shape) == 1 and header.shape[0] in counts for header in headers)


def preview(path) -> FilePreview:
    """Look at the beginning of a file; InputError when it can not be a part of a cohort."""
    path, notes = pathlib.Path(path), ()
    kind = path.suffix.lower()
    if kind in PICKLE:
        choice = ImportChoice("PatientID", (), (), _pickle_model(path))
        return FilePreview(str(path), Recognition("PatientID", (), ()), choice, {})
    if kind in PARQUET:
        with ParquetTable(path) as table:
            recognition, sample = table.recognition(), table.sample()
    elif kind in ARRAYS:
        recognition, sample = recognize_arrays(path)
    else:
        form = form_of(path)
        recognition, notes = recognize_delimited(form), form.notes
        shown = {recognition.id_column, *recognition.others,
                 *(name for group in recognition.groups for name in group.columns[:_PREVIEW_FEATURES])}
        sample = {name: [as_text(record[i]) for record in form.sample] for i, name in enumerate(form.header) if name in shown}
    sample = {name: [value[:200] for value in values[:_PREVIEW_ROWS]] for name, values in sample.items()}
    return FilePreview(str(path), recognition, proposal(recognition, model_name(path.stem)), sample, notes)


def _pickle_model(path):
    return path.name.removesuffix("_features.pkl") if path.name.endswith("_features.pkl") else model_name(path.stem)


def read_file(path, choice: ImportChoice, report=lambda fraction, message="": None) -> EmbeddingFile:
    """Read one file as chosen."""
    kind = pathlib.Path(path).suffix.lower()
    if kind in PICKLE:
        return _read_published(pathlib.Path(path), choice.model)
    return (read_parquet if kind in PARQUET else read_arrays_file if kind in ARRAYS else read_delimited)(path, choice, report)


def _read_published(path, model):
    """A pickle of the published form: patients with exactly one row, as there."""
    content = read_embedding_pickle(path)
    ids = [as_text(row.get("PatientID")) for row in content.rows]
    counts = Counter(ids)
    kept = [number for number, patient in enumerate(ids) if patient and counts[patient] == 1]
    if not kept:
        raise InputError("no patient has exactly one row", source=path)
    rows, kept_ids = [number + 1 for number in kept], [ids[number] for number in kept]
    table = normalized([patient_record(content.rows[number]) for number in kept], source=path, rows=rows)
    left_out = len(counts) - len(kept)
    notes = (f"{left_out} patients of {path.name} with several rows were left out.",) if left_out else ()
    return EmbeddingFile(path, kept_ids, {model: content.features[kept]},
                         {name: table.loc[kept_ids, name].tolist() for name in table}, rows, "PatientID", notes)
