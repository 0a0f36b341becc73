"""How a text table is written: encoding, delimiter, decimal sign, header; found from the file itself or refused."""
from __future__ import annotations

import codecs
import csv
import functools
import itertools
import math
import pathlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ..base.errors import InputError, TumorConnectomeError
from ..cohort.words import decimal_sign, number_of
from .embedding_file import refuse_pointer
from .text_stream import open_bytes, open_text

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}
_SAMPLE_ROWS = 60
_BLOCK = 1 << 20
#: cells may hold a list of some thousand numbers
_LONGEST_CELL = 1 << 22
#: Excel's first line that names the delimiter
_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
_BOMS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
         codecs.BOM_UTF16_BE: "utf-16"}
#: so many columns may have one name: they get others
_MOST_ALIKE = 3
#: what R's write.table leaves out of the header
ROW_NAMES = "row name"


@dataclass(frozen=True)
class DelimitedForm:
    """How a file is written.

    Parameters
    ----------
    encoding : str
        As Python names it; a byte order mark is not part of the text.
    delimiter : str
    decimal : str
        "." or ",".
    header : tuple of str
        Column names; an empty one is called "column 3".
    sample : tuple of tuple of str
        The first rows below the header, as many cells each as the header; empty rows are left out.
    notes : tuple of str
        What was assumed, one sentence each.
    skipped : int
        Rows before the header: comments, or Excel's ``sep=;``.
    headless : bool
        Whether the first row after these is not the header but data.
    """

    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    skipped: int = 0
    headless: bool = False

    @property
    def is_matrix(self) -> bool:
        """Whether it has numbers only, and no header: rows of vectors of which another file says whose they are."""
        return self.headless


def form_of(path, single: bool = False, whole: bool = False) -> DelimitedForm:
    """Find out how a text table is written.

    Parameters
    ----------
    path : path
    single : bool
        Whether it may have one column only.
    whole : bool
        Whether all of it is looked at for its encoding, not only its first megabyte.

    Raises
    ------
    InputError
        The file is empty, no text, has one column only, no header, or one name twice.
    """
    path = pathlib.Path(path)
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(error.strerror or str(error), source=path) from None
    return _form_of(path, single, whole, (state.st_mtime_ns, state.st_size))


@functools.lru_cache(maxsize=8)
def _form_of(path, single, whole, _state):
    """The form of a file in a state: it is asked for when the file is shown, and when it is read."""
    encoding, notes = _encoding_of(path, whole)
    lines = _first_lines(path, encoding)
    skipped, told = _skipped(lines)
    delimiter, records = _delimiter_of(path, encoding, skipped, told, single)
    header, rows = records[0], records[1:]
    said = _header_in_comment(lines, skipped, delimiter, header)
    if said:
        header, rows, skipped = said, records, skipped - 1
    if sum(_is_fraction(name) for name in header) > len(header) / 2:
        return _matrix(path, records, encoding, delimiter, notes, skipped, single)
    header, more = _complete(header, rows)
    header, twice = _different([" ".join(text.split()) or f"column {number}" for number, text in enumerate(header, start=1)],
                               path, single)
    sample = tuple(tuple(record) for record in rows if len(record) == len(header))
    return DelimitedForm(encoding, delimiter, _decimal_of(sample, delimiter), header, sample, (*notes, *more, *twice), skipped)


def _matrix(path, records, encoding, delimiter, notes, skipped, single):
    """A file of numbers only; its columns are called by their number."""
    width = len(records[0])
    decimal = _decimal_of(records, delimiter)
    rows = [[cell.replace(",", ".") for cell in record] if decimal == "," else record for record in records]
    if not (single and width == 1) and not all(_is_number(cell) for record in rows for cell in record):
        raise InputError("the first line holds numbers instead of column names", source=path, row="header",
                         expected="names such as PatientID, pred_0, pred_1")
    return DelimitedForm(encoding, delimiter, decimal, tuple(str(number) for number in range(width)),
                         tuple(map(tuple, records)), notes, skipped, True)


def _complete(header, rows):
    """The header with the name that R leaves out, or without what trailing delimiters add; and what to say about it."""
    longer = [record for record in rows if len(record) == len(header) + 1]
    if not rows or 2 * len(longer) <= len(rows):
        return header, ()
    if all(not record[-1].strip() for record in longer):
        return [*header, ""], ()
    name = next(name for name in (ROW_NAMES, *(f"{ROW_NAMES} {number}" for number in range(2, 99))) if name not in header)
    note = f"The header has one cell less than the rows, as R writes it: the first column is called {name!r}."
    return [name, *header], (note,)


def _different(names, path, strict):
    """Column names that are all different, and what to say about those that were not.

    Raises
    ------
    InputError
        `strict`, columns with one number (which of them is the feature?), or a name that many have.
    """
    found, notes, counts = [], [], Counter(names)
    if len(counts) == len(names):
        return tuple(names), notes
    for name in names:
        if name in found:
            if strict or name[-1].isdigit() or counts[name] > _MOST_ALIKE:
                raise InputError(f"two columns are called {name[:60]!r} ({names.index(name) + 1} and {len(found) + 1})",
                                 source=path, row="header", expected="different names")
            other = next(other for other in (name + count * " again" for count in range(1, len(names)))
                         if other not in found and other not in names)     # not "2": numbered columns may be features
            notes.append(f"Column {len(found) + 1} is called {name[:60]!r} as another is: it is read as {other[:60]!r}.")
            name = other
        found.append(name)
    return tuple(found), notes


def starts_with_numbers(path) -> bool:
    """Whether a text file seems to hold numbers only, without a header: a look at its first row."""
    try:
        with open_text(path, "utf-8-sig") as stream:
            line = next((line for line in (stream.readline(1 << 20) for _ in range(8)) if line.strip() and line[0] != "#"), "")
    except (OSError, UnicodeDecodeError, TumorConnectomeError):
        return False
    cells = [cell for cell in re.split(r"[,;\t| ]+", line.strip()) if cell]
    return len(cells) > 1 and all(map(_is_number, cells)) and any(map(_is_fraction, cells))


def records_of(path, form_or_encoding, delimiter: str = "", skipped: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Row number (as a spreadsheet counts) and cells of every row that is not empty.

    Parameters
    ----------
    path : path
    form_or_encoding : DelimitedForm or str
        Then the header, if there is one, is the first of the rows.
    delimiter, skipped
        With an encoding: as in DelimitedForm.
    """
    encoding = form_or_encoding
    if isinstance(form_or_encoding, DelimitedForm):
        encoding, delimiter, skipped = form_or_encoding.encoding, form_or_encoding.delimiter, form_or_encoding.skipped
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        with open_text(path, encoding, newline="") as stream:
            for row, record in enumerate(_parsed(stream, delimiter, path), start=1):
                if delimiter == " " and record and not record[-1]:
                    record.pop()                        # spaces at the end of a line
                if row > skipped and any(map(str.strip, record)):
                    yield row, record
    finally:
        csv.field_size_limit(before)


def _parsed(stream, delimiter, path):
    """The rows of a table; one with text behind a quote ("big" nodule) is read as spreadsheets do."""
    lines, form = _Lines(stream), {"delimiter": delimiter, "skipinitialspace": delimiter == " "}
    reader, row = csv.reader(lines, strict=True, **form), 0
    while True:
        lines.kept.clear()
        row += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "expected after" not in str(error):      # a quote without end, or a cell without end
                raise InputError(f"not readable as a table ({error})", source=path, row=row,
                                 expected="quotes in pairs, cells of ordinary length") from None
            record = next(csv.reader(list(lines.kept), **form))
            reader = csv.reader(lines, strict=True, **form)
        yield record


class _Lines:
    """The lines of a stream; `kept` are those since it was emptied."""

    def __init__(self, stream):
        self._lines, self.kept = iter(stream), []

    def __iter__(self):
        return self

    def __next__(self):
        self.kept.append(next(self._lines))
        return self.kept[-1]


def _first_lines(path, encoding):
    try:
        with open_text(path, encoding) as stream:
            return [line.rstrip("\r\n") for line in (stream.readline(1 << 16) for _ in range(64))]
    except UnicodeDecodeError as error:
        raise InputError(f"not readable as {encoding} text ({error.reason})", source=path, expected="UTF-8 text") from None


def _skipped(lines):
    """How many lines stand before the header, and the delimiter that one of them names ("" if none)."""
    skipped = 0
    if lines and (match := _SEPARATOR_LINE.fullmatch(lines[0].strip(" "))):
        return 1, match[1]
    while skipped + 1 < len(lines) and lines[skipped].startswith("#") and lines[skipped + 1]:
        skipped += 1
    return skipped, ""


def _header_in_comment(lines, skipped, delimiter, first):
    """The cells of the comment before the first row if they name its columns (cBioPortal has comments above a header)."""
    if not skipped or not lines[skipped - 1].startswith("#") or not any(map(_is_number, first)):
        return None
    said = next(csv.reader([lines[skipped - 1].lstrip("# ")], delimiter=delimiter, skipinitialspace=delimiter == " "))
    return said if len(said) == len(first) else None


def _encoding_of(path, whole):
    """Encoding, and notes when it is a guess; looks at the first block, or the whole file."""
    try:
        with open_bytes(path) as stream:
            start = stream.read(4096)
            if not start:
                raise InputError("the file is empty", source=path, expected="a table with a header")
            refuse_pointer(start, path)
            for mark, name in _BOMS.items():
                if start.startswith(mark):
                    return name, ()
            if guess := _wide(start):
                return guess, ()
            decoder, ascii_so_far = codecs.getincrementaldecoder("utf-8")(), True
            block, offset, utf8 = start, 0, True
            while block:
                if b"\0" in block:
                    raise InputError(f"not a text file (a zero byte after {offset + block.index(0):,} bytes)", source=path,
                                     expected="CSV or TSV")
                if utf8 and not (ascii_so_far and block.isascii()):
                    ascii_so_far = False
                    try:
                        decoder.decode(block)
                    except UnicodeDecodeError:
                        utf8 = False
                offset += len(block)
                block = stream.read(_BLOCK) if whole or offset < _BLOCK else b""
    except OSError as error:
        raise InputError(error.strerror or str(error), source=path) from None
    if utf8:
        return "utf-8-sig", ()
    return "cp1252", ("It is not UTF-8 and was read as Windows-1252.",)


def _wide(start):
    """UTF-16 without a byte order mark: every other byte of its Latin letters is zero."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if len(start) >= 8 and max(even, odd) > 0.4 * len(start) / 2 and min(even, odd) == 0:
        return "utf-16-be" if even > odd else "utf-16-le"
    return ""


def _delimiter_of(path, encoding, skipped, told, single):
    """The delimiter that gives every row the header's number of cells (or one more), and the first records."""
    tried, problem = {}, None
    possible = [told] if told else [one for one in _DELIMITERS if not single or one != " "]
    if single and path.suffix.lower() == ".tsv":
        possible = ["\t"]
    for delimiter in possible:
        try:
            found = itertools.islice(records_of(path, encoding, delimiter, skipped), _SAMPLE_ROWS + 1)
            records = [record for _row, record in found]
        except InputError as error:
            problem = problem or error
            continue
        except UnicodeDecodeError as error:
            raise InputError(f"not readable as {encoding} text ({error.reason})", source=path, expected="UTF-8 text") from None
        width = len(records[0]) if records else 0
        fitting = sum(len(record) in (width, width + 1) for record in records)
        # words with spaces between them are rarely as many in every row
        plausible = bool(records) and fitting / len(records) > (0.5 if delimiter != " " else 0.99)
        if width > 1 and (plausible or delimiter != " "):
            tried[delimiter] = (plausible, delimiter != " ", width), records
        elif single and records:
            tried.setdefault(delimiter, ((not tried, True, 1), records))
    if not tried and problem:
        raise problem
    if not tried:
        raise InputError("the first line has one column only", source=path, row="header",
                         expected=f"columns separated by {', '.join(_DELIMITERS.values())}")
    best = max(tried, key=lambda key: tried[key][0])
    return best, tried[best][1]


def _decimal_of(sample, delimiter):
    """"," when cells hold numbers with one, and few with a point; in a file with commas between cells they stand in quotes."""
    cells = [cell for record in sample for cell in record if "," in cell or "." in cell]
    if not any("," in cell for cell in cells):
        return "."
    with_comma = [cell for cell in cells if "," in cell and not math.isnan(number_of(cell, ","))]
    with_point = sum(not math.isnan(number_of(cell)) for cell in cells if "." in cell and "," not in cell)
    if len(with_comma) <= with_point:
        return "."
    if delimiter == ",":                                # "1,234" is a thousand where commas stand between cells
        return decimal_sign(with_comma)
    return ","


def _is_fraction(text):
    """Whether a text is a number that can not be the number of a column."""
    return not text.strip().isdigit() and _is_number(text)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
