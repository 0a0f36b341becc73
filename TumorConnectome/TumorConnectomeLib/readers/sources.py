"""What ``--data`` and the path in the panel name: a folder of published files, or a user's own files."""
from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence

from ..base.errors import InputError
from ..base.files import sha256_of_files, visible_files
from ..cohort.cohort import Cohort
from ..cohort.row_rules import RowRule
from .cohort_reader import SUFFIX, cohort_files, read_cohort
from .files import SEPARATOR, files_to_hash, own_files
from .own_cohort import read_own_cohort
from .recognition import ImportChoice


def split_paths(text: str) -> list[pathlib.Path]:
    """The files (or the folder) that a text names: one path, or several with ";" between them."""
    text = text.strip()
    if SEPARATOR not in text or pathlib.Path(text).exists():
        return [pathlib.Path(text)]
    return [pathlib.Path(part.strip()) for part in text.split(SEPARATOR) if part.strip()]


def published_folder(paths: Sequence[pathlib.Path]) -> pathlib.Path | None:
    """The folder, if the paths are one folder that holds embedding files of the published form (or no file we know)."""
    if len(paths) != 1 or not paths[0].is_dir():
        return None
    folder = paths[0]
    if visible_files(folder, "*" + SUFFIX) or visible_files(folder / "embeddings", "*" + SUFFIX):
        return folder
    return None


def data_key(paths: Sequence[pathlib.Path], choices: Mapping[str, ImportChoice]) -> str:
    """Hexadecimal digest of all files that a cohort is made of, and of how they are read."""
    folder = published_folder(paths)
    if folder is not None:
        return sha256_of_files(cohort_files(folder))
    files = own_files(paths)
    chosen = [choices[str(path)].to_json() for path in files if str(path) in choices]
    return hashlib.sha256(json.dumps([sha256_of_files(files_to_hash(files)), chosen]).encode()).hexdigest()


def read_data(paths: Sequence[pathlib.Path], report=lambda fraction, message="": None, rule: RowRule = RowRule.SINGLE,
              choices: Mapping[str, ImportChoice] | None = None) -> Cohort:
    """Read a folder of published files, or a user's own files, as a Cohort.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        See `published_folder` and `files.own_files`.
    report : callable
        Called with the fraction done and a text.
    rule : RowRule
        What becomes of patients with several rows.
    choices : mapping of str to ImportChoice, optional
        How a user's files are read, by path.

    Raises
    ------
    InputError
        A file is not what it should be; the text names file, row and column.
    """
    folder = published_folder(paths)
    if folder is not None:
        return read_cohort(folder, report, rule)
    return read_own_cohort(paths, choices, report, rule)


def choices_to_text(choices: Mapping[str, ImportChoice]) -> str:
    """Import choices as JSON, for the parameter node and worker commands; "" for none."""
    return json.dumps({path: choice.to_json() for path, choice in choices.items()}, sort_keys=True) if choices else ""


def choices_from_text(text: str) -> dict[str, ImportChoice]:
    """The inverse of `choices_to_text`; InputError for a text that is none."""
    if not text:
        return {}
    try:
        found = json.loads(text)
        return {path: ImportChoice.from_json(choice) for path, choice in found.items()}
    except (ValueError, AttributeError):
        raise InputError("the import options are damaged", expected="a JSON object") from None
