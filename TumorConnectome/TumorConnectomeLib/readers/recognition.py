"""What the columns of a user's file are: ids, features, UIDs and properties; with the reasons when that is not certain."""
from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from ..base.errors import InputError
from ..cohort.words import as_text, is_missing, number_of

#: fewer numbered columns than this are no embedding
_FEWEST_FEATURES = 2
#: names of arrays, columns and parts of file names that say nothing about the model
_GENERIC = {"features", "feature", "feats", "embeddings", "embedding", "emb", "vectors", "vector", "x", "data", "arr_0"}
_NUMBERED = re.compile(r"(.*?)[\[(]?(\d{1,7})['\"]?[\])]?")
#: names of id columns without case, spaces and punctuation, the likeliest first
_ID_NAMES = ("patientid", "patientids", "subjectid", "patient", "subject", "caseid", "case", "participantid", "participant",
             "pid", "id", "ids", "name", "index", "imagepath", "filename", "file", "path", "image")
#: chosen as id column: the number of the row, from 1
ROW_NUMBER = "row number"
#: columns that nobody means: pandas' index and what pyradiomics says about itself; they can be chosen
_UNNAMED = re.compile(r"column 1|Unnamed: 0(?:\.\d+)?|_?index|level_0|row name|__index_level_\d+__")
_NEVER_MEANT = re.compile(r"Unnamed: 0(?:\.\d+)?|diagnostics_.+")
#: names of pyradiomics: filter, class, feature (https://pyradiomics.readthedocs.io/en/latest/features.html)
_RADIOMICS = re.compile(r"(?:original|wavelet\d*-[LH]{2,3}|log-sigma-[\d-]+mm-[23]D|square|squareroot|logarithm|"
                        r"exponential|gradient|lbp-[23]D-\w+)_(?:shape|shape2D|firstorder|glcm|glrlm|glszm|gldm|ngtdm)_\w+")
RADIOMICS = "radiomics"
#: places and sizes: no embedding where there is a larger one
_GEOMETRY = re.compile(r"(?:.*[_ .-])?(?:[xyz](?:min|max)|bbox(?:es)?|box(?:es)?|boundingbox|coords?|coordinates?|"
                       r"centers?|centres?|centroids?|positions?|locations?|points?|landmarks?|spacings?|origin|sizes?|shapes?|dims?|affine|"
                       r"direction|orientation|xyz|spatial)[_ .-]?", re.IGNORECASE)
_LARGEST_GEOMETRY = 16
#: of so many columns only the first rows tell whether they hold numbers
_MANY_COLUMNS, _ROWS_LOOKED_AT = 100, 12
#: that share of the values of a numbered column may be no numbers
_MOST_WRONG = 0.2
#: axes, and maps of an embedding in a plane or in space
_AXES = re.compile(r"(?:.*[_ .-])?(?:x|y|z|umap|tsne|t-sne|phate|draw_graph.*)[_ .-]?", re.IGNORECASE)
_LARGEST_AXES = 4
#: a group is no model beside one that has more than so many times its numbers
_SMALL = 8
_WHOLE_AS_FRACTION = re.compile(r"([+-]?\d+)(?:\.0*|,0{1,2})")
_WHOLE = re.compile(r"[+-]?\d+")
_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+?\d+")
#: DICOM keywords and idc-index columns without case and punctuation -> columns of the patient table
_UID_NAMES = {"studyinstanceuid": "StudyInstanceUID", "studyuid": "StudyInstanceUID", "0020000d": "StudyInstanceUID",
              "seriesinstanceuid": "CT_SeriesInstanceUID", "seriesuid": "CT_SeriesInstanceUID",
              "0020000e": "CT_SeriesInstanceUID", "ctseriesinstanceuid": "CT_SeriesInstanceUID",
              "ctseriesuid": "CT_SeriesInstanceUID", "srseriesinstanceuid": "SR_SeriesInstanceUID",
              "srseriesuid": "SR_SeriesInstanceUID", "sopinstanceuid": "center_SOPInstanceUID",
              "centersopinstanceuid": "center_SOPInstanceUID"}
#: other columns of the patient table that are known under further names
_KNOWN_NAMES = {**dict.fromkeys(("age", "ageyears", "ageinyears", "patientage", "ageatindex", "ageatscan", "ageatimaging",
                                 "ageathistologicaldiagnosis"), "age"),
                "sex": "sex", "gender": "sex", "patientsex": "sex", "race": "race",
                **dict.fromkeys(("smoking", "smokingstatus", "smokinghistory", "tobaccosmokingstatus"), "smoking"),
                "cancertype": "cancer_type", "bodyside": "body_side", "stagecode": "stage_code",
                **dict.fromkeys(("icdo3", "icdo3code", "icdo3morphology", "icdo3histology", "morphology"), "icd_o_3")}


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
    size : int
        Numbers in a vector; 0 where only the whole file tells.
    """

    prefix: str
    columns: tuple[str, ...]
    gap: str = ""
    size: int = 0


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
        All remaining columns that can be ids or properties, in file order.
    id_questions, group_questions : tuple of str
        Why a person should look at the id column, and at the features, one sentence each; empty when it is unambiguous.
    together : bool
        Every group has a name of its own and is a model: arrays, or columns of lists.
    lists : tuple of str
        Columns that hold one vector in each cell.
    unused : tuple of str
        Those of `others` that are no properties unless somebody wants them: row numbers, what a program says about itself.
    small : tuple of str
        Prefixes of groups that are no models unless somebody wants them: places and sizes beside an embedding.
    """

    id_column: str
    groups: tuple[FeatureGroup, ...]
    others: tuple[str, ...]
    id_questions: tuple[str, ...] = ()
    group_questions: tuple[str, ...] = ()
    together: bool = False
    lists: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    small: tuple[str, ...] = ()

    @property
    def questions(self) -> tuple[str, ...]:
        """All that a person has to decide."""
        return self.id_questions + self.group_questions


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
    categories : tuple of str
        Those of `facets` whose values are categories although they are numbers.
    """

    id_column: str
    prefixes: tuple[str, ...]
    facets: tuple[str, ...]
    model: str
    categories: tuple[str, ...] = ()

    def to_json(self) -> dict:
        """As what json can write."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value) -> ImportChoice:
        """The inverse of `to_json`; InputError for anything else."""
        try:
            categories = value.get("categories", ())
            texts = [value["id_column"], value["model"], *value["prefixes"], *value["facets"], *categories]
            if not all(isinstance(text, str) for text in texts):
                raise TypeError
            return cls(value["id_column"], tuple(value["prefixes"]), tuple(value["facets"]), value["model"], tuple(categories))
        except (KeyError, TypeError, AttributeError):
            raise InputError("the import options are damaged", expected="id_column, prefixes, facets and model") from None

    def model_of(self, prefix: str) -> str:
        """Name of the model that a feature group becomes."""
        return self.model if len(self.prefixes) == 1 else prefix.strip("_-. ") or self.model

    @property
    def cohort_categories(self) -> tuple[str, ...]:
        """`categories` by the names that the columns have in the cohort."""
        return tuple(map(cohort_column, self.categories))

    def links(self, values: Sequence) -> dict[str, np.ndarray]:
        """The id column once more if it is a UID: its values lead to the images."""
        ours = cohort_column(self.id_column)
        if ours not in _UID_NAMES.values():
            return {}
        return {ours: np.array([as_text(value) for value in values], object)}


def recognize(columns: Sequence[str], sample: Mapping[str, Sequence[str]], lists: Mapping[str, int] | Sequence[str] = (),
              numeric: Sequence[str] | None = None, decimal: str = ".") -> Recognition:
    """Tell ids, features and other columns apart, by their names and some values.

    Parameters
    ----------
    columns : sequence of str
        All different, in file order.
    sample : mapping of str to sequence of str
        Values of some rows by column, as text; columns may be missing.
    lists : mapping of str to int, or sequence of str
        Columns that hold one vector in each cell, and its length where it is known.
    numeric : sequence of str, optional
        The columns whose values are numbers; by default told from the sample.
    decimal : str
        The decimal sign in the sample.
    """
    numbers = set(columns if numeric is None else numeric)
    if numeric is None:
        rows = _ROWS_LOOKED_AT if len(columns) > _MANY_COLUMNS else None
        numbers = {name for name in columns if are_numbers(sample.get(name, ())[:rows], decimal)}
    lengths = dict(lists) if isinstance(lists, Mapping) else dict.fromkeys(lists, 0)
    lengths = {name: length for name, length in lengths.items() if not _NEVER_MEANT.fullmatch(name)}
    in_cells = [FeatureGroup(name, (name,), size=length) for name, length in lengths.items()]
    groups = (*in_cells, *_numbered_groups(columns, numbers), *_radiomics(columns, numbers))
    small = _small_groups(groups)
    groups = tuple(group for group in groups if group.prefix not in small or group in in_cells)
    used = {name for group in groups for name in group.columns}
    others = [name for name in columns if name not in used]
    unused = tuple(name for name in others if (_NEVER_MEANT.fullmatch(name) and not _are_names(name, sample))
                   or (_UNNAMED.fullmatch(name) and _is_running(name, sample)))
    meant = [group for group in groups if group.prefix not in small]
    questions = []
    id_column, doubt = _id_column([name for name in others if name not in unused], sample)
    together = len(groups) == len(in_cells)
    if len(meant) > 1 and not together:
        named = ", ".join(f"{group.prefix or 'plain numbers'} ({len(group.columns)})" for group in meant[:6])
        questions.append(f"There are several sets of numbered columns: {named}.")
    questions += [f"Column {group.gap!r} is missing among the numbered columns." for group in groups if group.gap]
    return Recognition(id_column, groups, tuple(name for name in others if name != id_column),
                       (doubt,) if doubt else (), tuple(questions), together, tuple(lengths),
                       tuple(name for name in unused if name != id_column),
                       tuple(group.prefix for group in groups if group.prefix in small))


def proposal(recognition: Recognition, model: str) -> ImportChoice:
    """The choice that a recognition amounts to: all groups if they belong together, else the largest; `model` is the file's."""
    meant = [group.prefix for group in recognition.groups if group.prefix not in recognition.small]
    chosen = tuple(meant if recognition.together else meant[:1])
    if recognition.together and len(chosen) == 1 and chosen[0].lower() not in _GENERIC:
        model = chosen[0]
    facets = [name for name in recognition.others if name not in recognition.unused]
    if not chosen:                                      # numbered columns that are no vectors are properties
        facets += [name for group in recognition.groups if len(group.columns) > 1 for name in group.columns]
    return ImportChoice(recognition.id_column, chosen, tuple(facets), model)


def _radiomics(columns, numbers):
    """The features of pyradiomics, which have names instead of numbers."""
    found = tuple(name for name in columns if _RADIOMICS.fullmatch(name) and name in numbers)
    return [FeatureGroup(RADIOMICS, found)] if len(found) >= _FEWEST_FEATURES else []


def _small_groups(groups):
    """Prefixes of groups that are places, sizes or other small things beside the largest group."""
    sizes = {group.prefix: group.size or (len(group.columns) if len(group.columns) > 1 else 0) for group in groups}
    geometry = {prefix for prefix, size in sizes.items() if (_GEOMETRY.fullmatch(prefix) and size <= _LARGEST_GEOMETRY)
                or (_AXES.fullmatch(prefix) and size <= _LARGEST_AXES)}
    if len(geometry) == len(sizes):
        geometry = set()                                # nothing else is there
    largest = max((size for prefix, size in sizes.items() if prefix not in geometry), default=0)
    return geometry | {prefix for prefix, size in sizes.items() if 0 < size * _SMALL < largest}


def beside_larger(recognition: Recognition, largest: int) -> Recognition:
    """A file's recognition when another file has vectors of `largest` numbers: its own may be places, visits or sizes.

    They are no models if their name says so, or if they are few: among properties of the patients at most 16, else at most 4.
    """
    properties = set(recognition.others) - set(recognition.unused)

    def is_small(group):
        size = group.size or len(group.columns)
        few = _LARGEST_GEOMETRY if properties else _LARGEST_AXES
        named = (_GEOMETRY.fullmatch(group.prefix) and size <= _LARGEST_GEOMETRY) or (
            _AXES.fullmatch(group.prefix) and size <= _LARGEST_AXES)
        return group.prefix != RADIOMICS and size * _SMALL <= largest and (bool(named) or size <= few)

    small = tuple(group.prefix for group in recognition.groups if group.prefix in recognition.small or is_small(group))
    if len(small) < len(recognition.groups):            # a file of vectors decides that for itself
        return recognition
    return replace(recognition, small=small, group_questions=())


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
    known = {recognition.id_column, *recognition.others, ROW_NUMBER,
             *(name for group in recognition.groups for name in group.columns)}
    for name in (choice.id_column, *choice.facets):
        if name not in known:
            raise InputError(f"there is no column {name!r}" if name else "it is not said which column has the ids",
                             source=source, expected=f"one of {', '.join(map(repr, sorted(known - {''})))[:200]}")
    return [by_prefix[prefix] for prefix in choice.prefixes]


def cohort_column(name: str) -> str:
    """The name that a file's column has in the patient table: UIDs and clinical columns are known by several names."""
    plain = _plain(name)
    return _UID_NAMES.get(plain) or _KNOWN_NAMES.get(plain) or name


def cohort_columns(names: Sequence[str]) -> dict[str, str]:
    """`cohort_column` of each name; where two are known as the same, the second keeps its own."""
    found: dict[str, str] = {}
    for name in names:
        ours = cohort_column(name)
        found[name] = ours if ours not in found.values() else name
    return found


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
    return sorted(groups, key=lambda group: (-len(group.columns), group.prefix))


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
                  if different(name) and _plain(name) not in _UID_NAMES and not _is_running(name, sample)
                  and not all(_is_fraction(value) for value in sample[name])]
    if len(candidates) == 1:
        return candidates[0], ""
    if not candidates:
        series = [name for name in others if cohort_column(name) == "CT_SeriesInstanceUID" and all(sample.get(name, ()))]
        if len(series) == 1:
            return series[0], ""
        running = [name for name in others if different(name)]
        return running[0] if running else ROW_NUMBER, "No column looks like the patients' ids."
    return candidates[0], f"Several columns could be the patients' ids: {', '.join(candidates[:6])}."


def _is_running(name, sample):
    """Whether a column numbers the rows, as pandas writes its index."""
    values = list(sample.get(name, ()))
    return bool(values) and any(values == [str(first + i) for i in range(len(values))] for first in (0, 1))


def _are_names(name, sample):
    """Whether an index without a name holds different words: pandas' rows after they were selected are whole numbers."""
    values = list(sample.get(name, ()))
    words = bool(values) and not all(map(_WHOLE.fullmatch, values))
    return words and not name.startswith("diagnostics_") and len(set(values)) == len(values)


def ids_of_texts(values: Sequence, column: str) -> tuple[list[str], list[str]]:
    """Values of an id column as ids, and what the user should know about them, one sentence each.

    Where all are whole numbers, "100000.0" is 100000: a missing value made a program write fractions.
    """
    ids, notes = [as_text(value) for value in values], []
    together = "".join(ids)                             # most ids have no sign of what is looked for below
    if ("." in together or "," in together) and any(map(_WHOLE_AS_FRACTION.fullmatch, ids)) and all(
            _WHOLE_AS_FRACTION.fullmatch(text) or _WHOLE.fullmatch(text) for text in ids if text):
        ids = [_WHOLE_AS_FRACTION.sub(r"\1", text) for text in ids]
    if "E" in together.upper() and (short := next(filter(_SCIENTIFIC.fullmatch, ids), "")):
        notes.append(f"Ids such as {short!r} of column {column!r} are rounded numbers: a spreadsheet may have changed them, "
                     "and different patients may have one id.")
    return ids, notes


def row_numbers(count: int) -> list[str]:
    """The ids of rows that have none."""
    return [str(number) for number in range(1, count + 1)]


def _is_fraction(text):
    return _is_number(text) and not _WHOLE.fullmatch(text) and not _WHOLE_AS_FRACTION.fullmatch(text)


def are_numbers(values: Sequence[str], decimal: str = ".") -> bool:
    """Whether most values that are not missing are numbers: the reader names the wrong ones."""
    wrong = [value for value in values if not _is_number(value)]
    wrong = [value for value in wrong if not is_missing(value) and math.isnan(number_of(value, decimal))]
    return len(wrong) <= _MOST_WRONG * len(values)


def _is_number(text):
    try:
        float(text.replace(",", ".", 1)) if text else 0.0
    except ValueError:
        return False
    return True
