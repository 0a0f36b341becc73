"""A ``.npy`` file and the table beside it as a cohort whose vectors stay in the file: for more than fits into memory."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort, MissingVectors
from ..cohort.facets import standard_facets
from .arrays import companion_table
from .delimited import read_delimited
from .embedding_file import EmbeddingFile, refuse_repeated
from .files import FilePreview
from .own_cohort import joined_patients
from .recognition import ImportChoice
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
    side = read_delimited(table, ImportChoice(choice.id_column, (), choice.facets, ""))
    refuse_repeated(side)
    if len(side.ids) != len(vectors):
        raise InputError(f"it has {len(side.ids)} rows", source=table,
                         expected=f"{len(vectors)}, one for each vector of {path.name}")
    ids = np.array(side.ids)
    order = np.argsort(ids, kind="stable")
    kept = [side.ids[row] for row in order]
    patients = joined_patients([EmbeddingFile(path, side.ids, {}, side.columns, side.rows, side.id_column)], kept)
    cohort = Cohort(path.stem, patients, MissingVectors([choice.model_of(path.stem)]), standard_facets(patients), provenance={
        "synthetic": False, "files": f"{path.name}, {table.name}", "rows": len(vectors)})
    return MappedCohort(cohort, path, None if (np.diff(order) == 1).all() else order)
