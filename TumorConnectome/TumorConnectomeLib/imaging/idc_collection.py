"""The annotations of a collection in IDC, and the CTs that they may be about, by the index of idc-index-data."""
from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from ..base.errors import InputError, PackageMissing
from .idc_series import IdcSeries

_PLACE = "SeriesInstanceUID, crdc_series_uuid, aws_bucket, instanceCount, cast(round(series_size_MB * 1e6) as bigint)"
_COUNTS = """
    select coalesce(analysis_result_id, 'original'), Modality, count(*) from read_parquet(?)
    where collection_id = ? and Modality in ('SR', 'SEG') group by all order by 3 desc"""
_ANNOTATIONS = f"""
    select StudyInstanceUID, Modality, {_PLACE} from read_parquet($index)
    where collection_id = $collection and coalesce(analysis_result_id, 'original') = $kind and Modality = $modality
    order by PatientID, SeriesInstanceUID"""
_CTS = f"""
    select StudyInstanceUID, {_PLACE} from read_parquet($index) where Modality = 'CT' and series_size_MB > 0
    and StudyInstanceUID in (select StudyInstanceUID from ({_ANNOTATIONS})) order by SeriesInstanceUID"""


@dataclass(frozen=True)
class Annotation:
    """One series of annotations and the CTs of its study.

    Parameters
    ----------
    modality : str
        "SR" or "SEG".
    series : IdcSeries
    cts : tuple of IdcSeries
        Only the annotation itself tells which one it is about.
    """

    modality: str
    series: IdcSeries
    cts: tuple[IdcSeries, ...]


def annotations_of(collection: str, kind: str = "") -> list[Annotation]:
    """The annotations of one kind of a collection; of a kind with segmentations and reports its segmentations.

    Parameters
    ----------
    collection : str
        As IDC names it, in any case and with any of "-", "_" and space: ``nlst``, ``lidc_idri``.
    kind : str
        ``analysis_result_id`` in IDC, such as ``nlst_sybil``, or "original"; needed where there are several.

    Raises
    ------
    InputError
        IDC has no such collection or kind, or several kinds: they are listed with their numbers.
    PackageMissing
        duckdb or idc-index-data is not installed.
    """
    for package in ("duckdb", "idc_index_data"):
        if not importlib.util.find_spec(package):
            name = package.replace("_", "-")
            raise PackageMissing(f"to look a collection up in IDC the Python package {name} is needed, which is not installed",
                                 name)
    import duckdb
    import idc_index_data
    index, wanted = str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH), _plain(collection)
    with duckdb.connect() as connection:
        counts = connection.execute(_COUNTS, [index, wanted]).fetchall()
        kinds = sorted({name for name, _, _ in counts})
        listed = ", ".join(f"{name} ({number} {modality})" for name, modality, number in counts[:8])
        if not counts:
            raise InputError(f"IDC has no annotated collection {collection[:60]!r}", expected="its collection_id, such as nlst")
        chosen = _plain(kind) if kind else kinds[0] if len(kinds) == 1 else ""
        match = next((name for name in kinds if _plain(name) == chosen), None)
        if match is None:
            raise InputError(f"annotations {kind[:60]!r} of {wanted}" if kind else f"{wanted} has several kinds of annotations",
                             expected=f"one of {listed}")
        modality = "SEG" if (match, "SEG") in {(name, one) for name, one, _ in counts} else "SR"
        values = {"index": index, "collection": wanted, "kind": match, "modality": modality}
        cts = {}
        for study, *place in connection.execute(_CTS, values).fetchall():
            cts.setdefault(study, []).append(IdcSeries(*place))
        rows = connection.execute(_ANNOTATIONS, values).fetchall()
    return [Annotation(modality, IdcSeries(*place), tuple(cts[study])) for study, modality, *place in rows if study in cts]


def _plain(name):
    return name.strip().lower().replace("-", "_").replace(" ", "_")
