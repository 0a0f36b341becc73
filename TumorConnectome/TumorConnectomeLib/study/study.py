"""A reader study as it is kept in STUDY.json: what is shown to whom, and, sealed, what the model says about it."""
from __future__ import annotations

import base64
import functools
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from ..base.errors import InputError
from ..base.files import atomic_file
from .readings import CANDIDATES, checked_readers

FORMAT, VERSION = "TumorConnectome reader study", 1
_LARGEST_FILE, _LARGEST_KEY = 1 << 26, 1 << 26
#: where a file says what it is
_HEAD = 200


@dataclass(frozen=True)
class StudyQuery:
    """A query and its candidates.

    Parameters
    ----------
    key : str
        Its name in the study ("Q07").
    patient : str
        PatientID.
    candidates : tuple of str
        Ten PatientIDs, ascending: the order says nothing about the model.
    """

    key: str
    patient: str
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class CandidateKey:
    """What the model says about the candidates of a query, in their order.

    Parameters
    ----------
    ranks : tuple of int
        Rank among all patients of the cohort, 1 for the nearest.
    places : tuple of int
        Rank among the ten; the model chooses places 1 to 5.
    margin : float
        Distance of the nearest candidate not chosen less that of the farthest chosen, in standard deviations of the query's
        distances to everybody: small where the question is hard.
    """

    ranks: tuple[int, ...]
    places: tuple[int, ...]
    margin: float


@dataclass(frozen=True)
class Presentation:
    """A query as one reader sees it.

    Parameters
    ----------
    query : str
        Key of the query.
    time : int
        1, or 2 when the reader sees it a second time.
    candidates : tuple of str
        PatientIDs in the order of the tiles.
    """

    query: str
    time: int
    candidates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Study:
    """A reader study.

    Parameters
    ----------
    cohort, cohort_sha256, patients
        Name, digest (see `design.cohort_sha256`) and number of patients of the cohort.
    model : str
    choices : mapping
        What its maker decided, see `design.DesignChoices`.
    queries : tuple of StudyQuery
    readers : mapping of str to tuple of Presentation
        Every reader's order.
    images : mapping of str to mapping of str to str
        Identifiers of the images by PatientID.
    keys : tuple of CandidateKey
        One per query.

    Raises
    ------
    InputError
        Its parts do not fit together.
    """

    cohort: str
    cohort_sha256: str
    patients: int
    model: str
    choices: Mapping[str, object]
    queries: tuple[StudyQuery, ...]
    readers: Mapping[str, tuple[Presentation, ...]]
    images: Mapping[str, Mapping[str, str]]
    keys: tuple[CandidateKey, ...]

    def __post_init__(self):
        checked_readers(tuple(self.readers))
        of_key = {query.key: query for query in self.queries}
        if not self.readers or not self.queries or len(of_key) < len(self.queries) or len(self.keys) != len(self.queries):
            raise InputError("readers, queries or their key are missing")
        for query, key in zip(self.queries, self.keys):
            if len({query.patient, *query.candidates}) != CANDIDATES + 1 or len(query.candidates) != CANDIDATES:
                raise InputError(f"query {query.key} has not {CANDIDATES} different candidates")
            if sorted(key.places) != list(range(1, CANDIDATES + 1)):
                raise InputError(f"the key of query {query.key} is damaged")
        for reader, order in self.readers.items():
            shown = [(one.query, one.time) for one in order]
            if len(set(shown)) < len(shown) or {key for key, time in shown if time == 1} != set(of_key):
                raise InputError(f"reader {reader} does not see every query once")
            for one in order:
                if one.query not in of_key or sorted(one.candidates) != sorted(of_key[one.query].candidates):
                    raise InputError(f"reader {reader} sees other candidates of query {one.query}")

    @functools.cached_property
    def sha256(self) -> str:
        """Digest of the whole design: answers name it, at every click."""
        return _digest(self._record())

    def to_record(self) -> dict:
        """As JSON can hold it, with its digest."""
        record = self._record()
        return {**record, "sha256": _digest(record)}

    def _record(self):
        key = json.dumps([[list(one.ranks), list(one.places), one.margin] for one in self.keys])
        return {"format": FORMAT, "version": VERSION,
                "cohort": {"name": self.cohort, "sha256": self.cohort_sha256, "patients": self.patients}, "model": self.model,
                "choices": dict(self.choices),
                "queries": [{"query": one.key, "patient": one.patient, "candidates": list(one.candidates)}
                            for one in self.queries],
                "readers": {reader: [{"query": one.query, "time": one.time, "candidates": list(one.candidates)}
                                     for one in order] for reader, order in self.readers.items()},
                "images": {patient: dict(images) for patient, images in self.images.items()},
                "sealed": base64.b64encode(zlib.compress(key.encode(), 9)).decode()}

    @classmethod
    def from_record(cls, record: Mapping) -> Study:
        """The inverse of `to_record`; InputError for a record that is damaged or was changed after the design."""
        plain = {name: value for name, value in record.items() if name != "sha256"}
        if record.get("sha256") != _digest(plain):
            raise InputError("the study was changed after it was designed", expected="the file as 'study design' wrote it")
        unpack = zlib.decompressobj()
        keys = json.loads(unpack.decompress(base64.b64decode(record["sealed"], validate=True), _LARGEST_KEY))
        cohort = record["cohort"]
        return cls(str(cohort["name"]), str(cohort["sha256"]), int(cohort["patients"]), str(record["model"]),
                   dict(record["choices"]),
                   tuple(StudyQuery(str(one["query"]), str(one["patient"]), tuple(map(str, one["candidates"])))
                         for one in record["queries"]),
                   {str(reader): tuple(Presentation(str(one["query"]), int(one["time"]), tuple(map(str, one["candidates"])))
                                       for one in order) for reader, order in record["readers"].items()},
                   {str(patient): {str(name): str(value) for name, value in images.items()}
                    for patient, images in record["images"].items()},
                   tuple(CandidateKey(tuple(map(int, ranks)), tuple(map(int, places)), float(margin))
                         for ranks, places, margin in keys))


def _digest(record):
    return hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def read_record(path, form: str) -> dict:
    """A JSON object of one of the study's formats; InputError for a file that is none."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST_FILE + 1)
        record = json.loads(content.decode("utf-8-sig")) if len(content) <= _LARGEST_FILE else None
    except (ValueError, RecursionError):
        if form.encode() in content[:_HEAD]:
            raise InputError(f"the file is cut off or damaged ({len(content):,} bytes)", source=path,
                             expected="the file as it was written") from None
        record = None
    if not isinstance(record, dict) or record.get("format") != form:
        raise InputError("not a file of this kind", source=path, expected=f"JSON with \"format\": \"{form}\"")
    if record.get("version") != VERSION:
        raise InputError(f"version {str(record.get('version'))[:20]} of the format", source=path, expected=f"version {VERSION}")
    return record


def write_record(path, record: Mapping):
    """Write a record as JSON in one step."""
    with atomic_file(path, "w", encoding="utf-8", newline="\n") as stream:
        json.dump(record, stream, indent=1, ensure_ascii=False, allow_nan=False)
        stream.write("\n")


def read_study(path) -> Study:
    """Read STUDY.json.

    Raises
    ------
    InputError
        It is not a study, is damaged, or was changed after the design.
    """
    record = read_record(path, FORMAT)
    try:
        return Study.from_record(record)
    except InputError as error:
        raise InputError(error.problem, source=path, row=error.row, expected=error.expected) from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, zlib.error) as error:
        raise InputError(f"the study is damaged ({type(error).__name__})", source=path,
                         expected="the file as 'study design' wrote it") from None
