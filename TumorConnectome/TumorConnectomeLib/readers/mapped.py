"""A ``.npy`` file and the table beside it as a cohort whose vectors stay in the file: for more than fits into memory."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort, MissingVectors
from ..cohort.facets import standard_facets
from .arrays import companion_table
from .delimited import read_beside
from .embedding_file import refuse_repeated
from .files import FilePreview
from .joining import joined_columns
from .patient_table import patient_table
from .recognition import ImportChoice
from .row_selection import RowSelection
from .vector_file import open_vectors


@dataclass(frozen=True, eq=False)
class MappedCohort:
    """A cohort without vectors, and the file that has them: `order` (N,) gives the file's row of each patient, None if all
    are in order."""

    cohort: Cohort
    path: pathlib.Path
    order: np.ndarray | None


def mapped_cohort(preview: FilePreview, choice: ImportChoice) -> MappedCohort:
    """Read what stands beside a ``.npy`` file.

    Raises
    ------
    InputError
        The table is not there or does not fit; the text names file, row and column.
    """
    path = pathlib.Path(preview.path)
    vectors, table = open_vectors(path), companion_table(path)
    if table is None:
        raise InputError("it does not say whose vectors these are", source=path, expected=f"a table {path.stem}.csv beside it")
    side = read_beside(table, len(vectors), choice, path.name)
    refuse_repeated(side)
    ids = np.array(side.ids)
    order = np.argsort(ids, kind="stable")
    kept = [side.ids[row] for row in order]
    columns = joined_columns([side], RowSelection(kept, kept, {"0": order}, len(kept)))
    patients, _notes = patient_table(kept, columns, side.categories)
    cohort = Cohort(path.stem, patients, MissingVectors([choice.model_of(path.stem)]), standard_facets(patients), provenance={
        "files": f"{path.name}, {table.name}", "rows": len(vectors)})
    return MappedCohort(cohort, path, None if (np.diff(order) == 1).all() else order)
