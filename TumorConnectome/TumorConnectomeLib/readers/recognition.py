"""What the columns of a user's file are: ids, features, UIDs and properties; with the reasons when that is not certain."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ..base.errors import InputError

#: fewer numbered columns than this are no embedding
_FEWEST_FEATURES = 2
#: names of arrays, columns and parts of file names that say nothing about the model
_GENERIC = {"features", "feature", "feats", "embeddings", "embedding", "emb", "vectors", "vector", "x", "data", "arr_0"}
_NUMBERED = re.compile(r"(.*?)[\[(]?(\d{1,7})[\])]?")
#: names of id columns without case, spaces and punctuation, the likeliest first
_ID_NAMES = ("patientid", "patientids", "subjectid", "patient", "subject", "caseid", "case", "participantid", "participant",
             "pid", "id", "ids", "name", "index", "imagepath", "filename", "file", "path", "image")
#: the row numbers that pandas writes as a first column, with and without its name
_UNNAMED = re.compile(r"column 1|Unnamed: 0|index")
#: DICOM keywords and idc-index columns without case and punctuation -> columns of the patient table
_UID_NAMES = {"studyinstanceuid": "StudyInstanceUID", "studyuid": "StudyInstanceUID", "0020000d": "StudyInstanceUID",
              "seriesinstanceuid": "CT_SeriesInstanceUID", "seriesuid": "CT_SeriesInstanceUID",
              "0020000e": "CT_SeriesInstanceUID", "ctseriesinstanceuid": "CT_SeriesInstanceUID",
              "ctseriesuid": "CT_SeriesInstanceUID", "srseriesinstanceuid": "SR_SeriesInstanceUID",
              "srseriesuid": "SR_SeriesInstanceUID", "sopinstanceuid": "center_SOPInstanceUID",
              "centersopinstanceuid": "center_SOPInstanceUID"}
#: other columns of the patient table that are known under further names
_KNOWN_NAMES = {"age": "age", "ageyears": "age", "patientage": "age", "sex": "sex", "gender": "sex", "patientsex": "sex",
                "race": "race", "smoking": "smoking", "smokingstatus": "smoking", "cancertype": "cancer_type",
                "icdo3": "icd_o_3", "stagecode": "stage_code", "bodyside": "body_side"}


@dataclass(frozen=True)
class FeatureGroup:
    """Numbered columns that are one embedding, or one column of lists.

    Parameters
    ----------
    prefix : str
        What stands before the number: ``pred_``; "" for plain numbers; the name of a column of lists.
    columns : tuple of str
        In the order of their numbers.
    gap : str
        Name of the first column that is missing between them; "" if none is.
    """

    prefix: str
    columns: tuple[str, ...]
    gap: str = ""


@dataclass(frozen=True)
class Recognition:
    """What the columns of a file are taken for.

    Parameters
    ----------
    id_column : str
        "" when no column can be it.
    groups : tuple of FeatureGroup
        Largest first; empty for a patient table.
    others : tuple of str
        All remaining columns, in file order.
    questions : tuple of str
        Why a person should look at it, one sentence each; empty when it is unambiguous.
    together : bool
        Every group has a name of its own and is a model: arrays, or columns of lists.
    """

    id_column: str
    groups: tuple[FeatureGroup, ...]
    others: tuple[str, ...]
    questions: tuple[str, ...] = ()
    together: bool = False


@dataclass(frozen=True)
class ImportChoice:
    """How a file is read: as recognized, or as the user decided.

    Parameters
    ----------
    id_column : str
    prefixes : tuple of str
        Feature groups that are read, each as a model; empty for a patient table.
    facets : tuple of str
        Other columns that are kept.
    model : str
        Name of the model; with several groups their prefixes are the models' names.
    """

    id_column: str
    prefixes: tuple[str, ...]
    facets: tuple[str, ...]
    model: str

    def to_json(self) -> dict:
        """As what json can write."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value) -> ImportChoice:
        """The inverse of `to_json`; InputError for anything else."""
        try:
            texts = [value["id_column"], value["model"], *value["prefixes"], *value["facets"]]
            if not all(isinstance(text, str) for text in texts):
                raise TypeError
            return cls(value["id_column"], tuple(value["prefixes"]), tuple(value["facets"]), value["model"])
        except (KeyError, TypeError):
            raise InputError("the import options are damaged", expected="id_column, prefixes, facets and model") from None

    def model_of(self, prefix: str) -> str:
        """Name of the model that a feature group becomes."""
        return self.model if len(self.prefixes) == 1 else prefix.strip("_-. ") or self.model


def recognize(columns: Sequence[str], sample: Mapping[str, Sequence[str]], lists: Sequence[str] = (),
              numeric: Sequence[str] | None = None) -> Recognition:
    """Tell ids, features and other columns apart, by their names and some values.

    Parameters
    ----------
    columns : sequence of str
        All different, in file order.
    sample : mapping of str to sequence of str
        Values of some rows by column, as text; columns may be missing.
    lists : sequence of str
        Columns that hold one vector in each cell.
    numeric : sequence of str, optional
        The columns whose values are numbers; by default told from the sample.
    """
    numbers = set(columns if numeric is None else numeric)
    if numeric is None:
        numbers = {name for name in columns if all(_is_number(value) for value in sample.get(name, ()))}
    groups = (*(FeatureGroup(name, (name,)) for name in lists), *_numbered_groups(columns, numbers))
    used = {name for group in groups for name in group.columns}
    others = [name for name in columns if name not in used and not (_UNNAMED.fullmatch(name) and _is_running(name, sample))]
    questions = []
    id_column, doubt = _id_column(others, sample)
    if doubt:
        questions.append(doubt)
    together = len(groups) == len(lists)
    if len(groups) > 1 and not together:
        named = ", ".join(f"{group.prefix or 'plain numbers'} ({len(group.columns)})" for group in groups[:6])
        questions.append(f"There are several sets of numbered columns: {named}.")
    questions += [f"Column {group.gap!r} is missing among the numbered columns." for group in groups if group.gap]
    return Recognition(id_column, groups, tuple(name for name in others if name != id_column), tuple(questions),
                       together)


def proposal(recognition: Recognition, model: str) -> ImportChoice:
    """The choice that a recognition amounts to: all groups if they belong together, else the largest; `model` is the file's."""
    chosen = tuple(group.prefix for group in (recognition.groups if recognition.together else recognition.groups[:1]))
    if recognition.together and len(chosen) == 1 and chosen[0].lower() not in _GENERIC:
        model = chosen[0]
    return ImportChoice(recognition.id_column, chosen, recognition.others, model)


def model_name(stem: str) -> str:
    """A model's name from a file's: without "features", "embeddings" and the like at its ends."""
    words = re.split(r"[ _.-]+", stem)
    while len(words) > 1 and words[-1].lower() in _GENERIC:
        words.pop()
    while len(words) > 1 and words[0].lower() in _GENERIC:
        words.pop(0)
    return "_".join(words) or stem


def chosen_groups(recognition: Recognition, choice: ImportChoice, source) -> list[FeatureGroup]:
    """The feature groups of a choice; InputError when the file has them or other chosen columns no more."""
    by_prefix = {group.prefix: group for group in recognition.groups}
    for prefix in choice.prefixes:
        if prefix not in by_prefix:
            raise InputError(f"there are no feature columns {prefix!r}", source=source,
                             expected=f"one of {', '.join(map(repr, by_prefix)) or 'columns such as pred_0, pred_1'}")
    known = {recognition.id_column, *recognition.others, *(name for group in recognition.groups for name in group.columns)}
    for name in (choice.id_column, *choice.facets):
        if name not in known:
            raise InputError(f"there is no column {name!r}", source=source, expected="the columns of the import options")
    return [by_prefix[prefix] for prefix in choice.prefixes]


def cohort_column(name: str) -> str:
    """The name that a file's column has in the patient table: UIDs and clinical columns are known by several names."""
    plain = _plain(name)
    return _UID_NAMES.get(plain) or _KNOWN_NAMES.get(plain) or name


def _plain(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _numbered_groups(columns, numbers):
    found: dict[str, list[tuple[int, str]]] = {}
    for name in columns:
        match = _NUMBERED.fullmatch(name.strip())
        if match and cohort_column(name) == name:
            found.setdefault(match[1], []).append((int(match[2]), name))
    groups = []
    for prefix, members in found.items():
        members.sort()
        present = [number for number, _name in members]
        if len(members) < _FEWEST_FEATURES or len(set(present)) < len(present) or 2 * len(present) <= present[-1] - present[0]:
            continue                                    # such as "week 4" and "week 12": no embedding
        if 2 * sum(name in numbers for _number, name in members) < len(members):
            continue                                    # texts; a single wrong cell is an error that the reader names
        gap = next((number for number in range(present[0], present[-1]) if number not in set(present)), None)
        if gap is None and present[0] > 1:
            gap = 0
        groups.append(FeatureGroup(prefix, tuple(name for _number, name in members),
                                   "" if gap is None else members[0][1].replace(str(present[0]), str(gap), 1)))
    groups.sort(key=lambda group: (-len(group.columns), group.prefix))
    largest = len(groups[0].columns) if groups else 0   # beside 512 features "visit_1, visit_2" are properties
    return [group for group in groups if len(group.columns) * 8 >= largest]


def _id_column(others, sample):
    """The column of ids, and a sentence about what makes it doubtful ("" if nothing does)."""
    def different(name):
        values = sample.get(name, ())
        return all(values) and len(set(values)) == len(values)

    by_name = {}
    for name in others:
        if _plain(name) in _ID_NAMES:
            by_name.setdefault(_ID_NAMES.index(_plain(name)), []).append(name)
    named = [name for _rank, names in sorted(by_name.items()) for name in names]
    if named:
        if different(named[0]) and len(by_name[min(by_name)]) == 1 or len(named) == 1:
            return named[0], ""                         # a single one whose ids repeat is an error that names the row
        return named[0], f"Several columns could be the patients' ids: {', '.join(named[:6])}."
    candidates = [name for name in others
                  if different(name) and _plain(name) not in _UID_NAMES and not _is_running(name, sample)]
    if len(candidates) == 1:
        return candidates[0], ""
    if not candidates:
        running = [name for name in others if different(name)]
        return (running[0] if running else others[0] if others else ""), "No column looks like the patients' ids."
    return candidates[0], f"Several columns could be the patients' ids: {', '.join(candidates[:6])}."


def _is_running(name, sample):
    """Whether a column numbers the rows, as pandas writes its index."""
    values = list(sample.get(name, ()))
    return bool(values) and any(values == [str(first + i) for i in range(len(values))] for first in (0, 1))


def _is_number(text):
    try:
        float(text.replace(",", ".", 1)) if text else 0.0
    except ValueError:
        return False
    return True
