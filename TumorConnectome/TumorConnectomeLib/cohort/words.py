"""Words of clinical tables: which mean that nothing is known, and what a text says as a number, an age, a code or a category.

The lists hold what public tables of the field write: TCIA, GDC and TCGA (https://docs.gdc.cancer.gov/Data_Dictionary),
cBioPortal, NLST, DICOM (PS3.5, value representation AS), and the missing values of `pandas.read_csv`.
"""
from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

import numpy as np

#: what means that a value is missing, in small letters; the same for every reader
MISSING = frozenset((
    "", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>", "n/a", "na", "null", "nan",
    "none", "nat", "n.a.", "(null)", "#div/0!", "#ref!", "#value!", "#num!", "#name?", "unknown", "unk", "missing", "not known",
    "not reported", "not collected", "not available", "not applicable", "not evaluated", "not recorded", "not specified",
    "not stated", "not allowed to collect", "not provided", "not determined", "not done", "no data", "unspecified", "pending",
    "declined", "refused", "not documented", "smoking history not documented", "unknown if ever smoked", "prefer not to say",
    "prefer not to answer", "declined to answer", "patient refused", "patient declined", "withheld", "discrepancy", "#null!",
    "no information", "no information available", "no data available", "data not available", "data missing", "unavailable",
    "undefined", "not assessed", "not answered", "not tested", "not given", "not entered", "none recorded", "n.d.", "n.k.",
    "'--", "--", "---", "-", "\u2013", "\u2014", ".", "..", "?", "??"))
_BRACKETS = re.compile(r"\[(.*)\]|\((.*)\)|<(.*)>")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
#: numbers with signs between thousands by the decimal sign: "1,234.5", "1'234.5"; "1.234,5", "1'234,5"
_THOUSANDS = {".": re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:,\d{3})+|(?:'\d{3})+)(?:\.\d+)?"),
              ",": re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:'\d{3})+)(?:,\d+)?")}
#: minus signs and narrow spaces that a typesetter or a spreadsheet puts into numbers; a plain space is between two numbers
_TYPESET = str.maketrans(dict.fromkeys("\u2212\u2013\ufe63", "-") | dict.fromkeys("\u00a0\u202f\u2009\u2019", "'"))
#: what Python prints around a number
_SCALAR = re.compile(r"(?:np\.|numpy\.)?(?:float|int)\d{1,3}\(([^()]*)\)")
#: texts of digits that are names, not numbers: "007", or more digits than a float64 holds
_CODE = re.compile(r"0\d+|\d{16,}")
_AGE = re.compile(r"[<>≥≤]?=?\s*(\d+(?:\.\d+)?)\s*\+?\s*"
                  r"(?:(y|yrs?|years?|yo|y\.?o\.?|m|mos?|months?|w|wks?|weeks?|d|days?)\.?)?"
                  r"(?:\s*old|\s*(?:or|and)\s+(?:older|over|above|more))?", re.IGNORECASE)
#: years in a unit of DICOM's AS by its first letter
_YEARS = {"y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
_MORPHOLOGY = re.compile(r"(?:m-?)?(\d{4})(?:/\d|\d)?(?:\.0+)?", re.IGNORECASE)

#: column -> word in small letters, with spaces for "-", "_" and "/" -> category
KNOWN_WORDS: Mapping[str, Mapping[str, str]] = {
    "sex": {"m": "Male", "male": "Male", "man": "Male", "f": "Female", "female": "Female", "woman": "Female", "w": "Female",
            "o": "Other", "other": "Other"},
    "race": {**dict.fromkeys(("white", "caucasian", "white or caucasian", "white caucasian", "white non hispanic",
                              "non hispanic white", "w"), "White"),
             **dict.fromkeys(("black", "black or african american", "african american", "black african american", "b",
                              "african american black", "black non hispanic", "non hispanic black"), "Black"),
             "asian": "Asian", "a": "Asian",
             **dict.fromkeys(("other", "american indian or alaska native", "american indian", "native american",
                              "native hawaiian or other pacific islander", "native hawaiian",
                              "native hawaiian pacific islander", "pacific islander", "more than one race", "multiracial",
                              "mixed", "hispanic", "latino", "hispanic latino", "hispanic or latino"), "Other")},
    "smoking": {**dict.fromkeys(("current", "current smoker", "smoker", "active smoker", "active", "currently smoking"),
                                "Current"),
                **dict.fromkeys(("former", "former smoker", "ex", "ex smoker", "exsmoker", "past", "past smoker", "quit",
                                 "reformed", "reformed smoker", "previous smoker", "previous"), "Former"),
                **dict.fromkeys(("never", "never smoker", "never smoked", "non", "non smoker", "nonsmoker", "never smokers",
                                 "lifelong non smoker", "lifelong never smoker", "lifetime non smoker"), "Never"),
                "other": "Other"},
    "body_side": {"l": "Left", "left": "Left", "left lung": "Left", "r": "Right", "right": "Right", "right lung": "Right"},
}
_LONGEST_PHRASE = 80
#: what tells a smoking status in a phrase, the first that fits; GDC has "Current Reformed Smoker for > 15 yrs"
_SMOKING_PHRASES = (
    (re.compile(r".*\b(passive|second ?hand|environmental|never or|ever smoked|status unknown|or former|or current)\b.*"),
     None),
    (re.compile(r"(.*\b)?(never|non ?smokers?|non ?smoking|lifelong non|does not smoke|no smoker)\b.*"), "Never"),
    (re.compile(r"(.*\b)?(ex|exsmokers?|former|formerly|reformed|quit|past|previous|stopped|used to smoke)\b.*"), "Former"),
    (re.compile(r"(.*\b)?(current|currently|active|daily|every day|some days?|light|heavy|smoker at diagnosis)\b.*"),
     "Current"))


def is_missing(text: str) -> bool:
    """Whether a text says that nothing is known; brackets around it do not matter ("[Not Available]")."""
    text = text.strip().lower()
    inside = _BRACKETS.fullmatch(text)
    return text in MISSING or bool(inside and (inside[inside.lastindex] or "").strip() in MISSING)


def as_text(value) -> str:
    """A value of a file as text: "" when missing, whole numbers without ".0", no spaces or NULs around it.

    Patients are compared by this text of their PatientID, so that 100158, "100158 " and 100158.0 are the same one.
    """
    if type(value) is str:
        return value.replace("\0", "").strip()
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value).replace("\0", "").strip()


def number_of(text: str, decimal: str = ".") -> float:
    """The number that a text is; NaN if it is none.

    There may be signs between thousands ("1,234.5", "1'234.5"), a percent sign (the number of percent counts), the minus of a
    typesetter, the apostrophe by which a spreadsheet marks a text, and ``np.float32(...)`` around it.

    Parameters
    ----------
    text : str
    decimal : str
        The decimal sign, "." or ",".

    Examples
    --------
    >>> number_of("1,234.5"), number_of("1.234,5", ","), number_of("12 %")
    (1234.5, 1234.5, 12.0)
    """
    text = text.strip()
    if not text or text == "0":
        return 0.0 if text else math.nan
    if not _NUMBER.fullmatch(text):
        text = text.removesuffix("%").strip().translate(_TYPESET).removeprefix("'")
        if match := _SCALAR.fullmatch(text):
            text = match[1]
    if _THOUSANDS[decimal].fullmatch(text):
        text = text.replace("'", "").replace("," if decimal == "." else ".", "")
    if decimal == ",":
        text = text.replace(",", ".", 1) if "." not in text else text + ","
    if not _NUMBER.fullmatch(text):
        return math.nan
    value = float(text)
    return value if math.isfinite(value) else math.nan


def decimal_sign(texts: Iterable[str]) -> str:
    """The decimal sign of numbers written as texts: "," where that makes numbers of more of them, else ".".

    A comma before exactly three digits is one between thousands, unless other texts show that it is not.
    """
    texts = list(texts)
    if not any("," in text for text in texts):
        return "."
    points, commas = (sum(not math.isnan(number_of(text, sign)) for text in texts) for sign in ".,")
    return "," if commas > points else "."


def is_code(text: str) -> bool:
    """Whether digits name something instead of counting it: "007", or more of them than a number holds."""
    return bool(_CODE.fullmatch(text.strip()))


def age_of(text: str) -> float:
    """Age in years of "64", "064Y", "002M", "57 years" or ">89" (which is 89); NaN for anything else and beyond 0 to 120."""
    match = _AGE.fullmatch(text.strip())
    years = float(match[1]) * _YEARS[(match[2] or "y")[0].lower()] if match else math.nan
    return years if 0 <= years <= 120 else math.nan


def morphology_of(text: str) -> float:
    """ICD-O-3 morphology code of "8140", "8140/3" or "M81403", without behavior; NaN for anything else."""
    match = _MORPHOLOGY.fullmatch(text.strip())
    return float(match[1]) if match and 8000 <= int(match[1]) <= 9999 else math.nan


def known_category(column: str, text: str) -> str | None:
    """The category that a word of a known column stands for, None for a word that nobody knows.

    Examples
    --------
    >>> known_category("smoking", "Ex-smoker"), known_category("race", "not a race")
    ('Former', None)
    """
    word = re.sub(r"[\s_/-]+", " ", text.strip().lower())
    known = KNOWN_WORDS[column].get(word)
    if known is None and column == "smoking" and len(word) < _LONGEST_PHRASE:
        return next((category for phrase, category in _SMOKING_PHRASES if phrase.fullmatch(word)), None)
    return known


def known_categories(column: str, texts: Iterable[str]) -> tuple[list[str | None] | None, str]:
    """Category of each text of a known column, and what is to be said about words that nobody knows.

    Returns
    -------
    values : list of (str or None), or None
        None in it for missing ("") texts, "Other" for unknown words. None instead of it when most values are unknown words:
        then they are the user's own categories.
    note : str
        One sentence; "" if every word is known.
    """
    texts = list(texts)
    meaning = {text: known_category(column, text) for text in set(texts) if text}
    unknown = sorted(text for text, category in meaning.items() if category is None)
    if not unknown:
        return [meaning.get(text) for text in texts], ""
    some = ", ".join(f"'{text[:30]}'" for text in unknown[:3]) + (", ..." if len(unknown) > 3 else "")
    cells = sum(text in meaning for text in texts)
    strange = sum(text in meaning and meaning[text] is None for text in texts)
    if 2 * strange > cells:
        return None, f"{strange} of {cells} values are words of its own ({some}), which are its categories."
    return ([(meaning[text] or "Other") if text else None for text in texts],
            f"{strange} of {cells} values are words that are not known ({some}): they are 'Other'.")
