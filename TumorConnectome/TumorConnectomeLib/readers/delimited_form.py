"""How a text table is written: encoding, delimiter, decimal sign; found from the file itself or refused."""
from __future__ import annotations

import codecs
import csv
import itertools
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass

from ..base.errors import InputError

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SAMPLE_ROWS = 60
_BLOCK = 1 << 20
#: cells may hold a list of some thousand numbers
_LONGEST_CELL = 1 << 22


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
    """

    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def form_of(path) -> DelimitedForm:
    """Find out how a text table is written.

    Raises
    ------
    InputError
        The file is empty, no text, has one column only, no header, or one name twice.
    """
    path = pathlib.Path(path)
    encoding, note = _encoding_of(path)
    delimiter, records = _delimiter_of(path, encoding)
    header = tuple(text.strip() or f"column {number}" for number, text in enumerate(records[0], start=1))
    for number, name in enumerate(header):
        if name in header[:number]:
            raise InputError(f"two columns are called {name[:60]!r} ({header.index(name) + 1} and {number + 1})", source=path,
                             row="header", expected="different names")
    if sum(_is_fraction(name) for name in header) > len(header) / 2:
        raise InputError("the first line holds numbers instead of column names", source=path, row="header",
                         expected="names such as PatientID, pred_0, pred_1")
    sample = tuple(tuple(record) for record in records[1:] if len(record) == len(header))
    return DelimitedForm(encoding, delimiter, _decimal_of(sample, delimiter), header, sample, (note,) if note else ())


def records_of(path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Row number (as a spreadsheet counts, 1 for the header) and cells of every row that is not empty."""
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        with open(path, newline="", encoding=encoding) as stream:
            for row, record in enumerate(csv.reader(stream, delimiter=delimiter, strict=True), start=1):
                if record and (len(record) > 1 or record[0].strip()):
                    yield row, record
    except csv.Error as error:
        raise InputError(f"not readable as a table ({error})", source=path,
                         expected="quotes in pairs, cells of ordinary length") from None
    finally:
        csv.field_size_limit(before)


def _encoding_of(path):
    """Encoding, and a note when it is a guess; looks at the whole file."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(4)
            if not start:
                raise InputError("the file is empty", source=path, expected="a table with a header")
            if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16", ""
            decoder = codecs.getincrementaldecoder("utf-8")()
            block, offset, utf8 = start, 0, True
            while block:
                if b"\0" in block:
                    raise InputError(f"not a text file (a zero byte after {offset + block.index(0):,} bytes)", source=path,
                                     expected="CSV or TSV")
                if utf8:
                    try:
                        decoder.decode(block)
                    except UnicodeDecodeError:
                        utf8 = False
                offset += len(block)
                block = stream.read(_BLOCK)
    except OSError as error:
        raise InputError(error.strerror or str(error), source=path) from None
    if utf8:
        return "utf-8-sig", ""
    return "cp1252", "It is not UTF-8 and was read as Windows-1252."


def _delimiter_of(path, encoding):
    """The delimiter that gives every row the header's number of cells, and the first records."""
    tried = {}
    for delimiter in _DELIMITERS:
        try:
            records = [record for _row, record in itertools.islice(records_of(path, encoding, delimiter), _SAMPLE_ROWS + 1)]
        except InputError as error:
            tried.setdefault("problem", error)
            continue
        except UnicodeDecodeError as error:
            raise InputError(f"not readable as {encoding} text ({error.reason})", source=path, expected="UTF-8 text") from None
        if records and len(records[0]) > 1:
            fitting = sum(len(record) == len(records[0]) for record in records)
            tried[delimiter] = (fitting / len(records) > 0.5, len(records[0])), records
    found = {key: value for key, value in tried.items() if key != "problem"}
    if not found:
        if "problem" in tried:
            raise tried["problem"]
        raise InputError("the first line has one column only", source=path, row="header",
                         expected=f"columns separated by {', '.join(_DELIMITERS.values())}")
    best = max(found, key=lambda key: found[key][0])
    return best, found[best][1]


def _decimal_of(sample, delimiter):
    """"," when cells hold numbers with one, and none with a point."""
    if delimiter == ",":
        return "."
    cells = [cell for record in sample for cell in record]
    with_comma = sum("," in cell and _is_fraction(cell.replace(",", ".", 1)) for cell in cells)
    with_point = sum("." in cell and _is_fraction(cell) for cell in cells)
    return "," if with_comma > with_point else "."


def _is_fraction(text):
    """Whether a text is a number that can not be the number of a column."""
    if text.strip().isdigit():
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


