"""Reads docs/slicer-api-semantics.md: one row for each call of the module into Slicer and CTK. Standard library only."""
import pathlib
import re
from dataclasses import dataclass

TABLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "slicer-api-semantics.md"
_ROW = re.compile(r"^\| `([\w.]+)(\([^`]*\))?` \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A call, what its argument means, what comes back when that is not there ("" if nothing can be missed), and the source."""

    call: str
    argument: str
    not_there: str
    source: str


def read_rows(text=None) -> list[Row]:
    """All rows of the table, in its order; ValueError for a line of the table that is no row."""
    text = TABLE.read_text(encoding="utf-8") if text is None else text
    rows = [Row(call, argument, (re.match(r"`([^`]*)`", missing) or [None, ""])[1], source)
            for call, _arguments, argument, missing, source in _ROW.findall(text)]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    if len(lines) != len(rows):
        raise ValueError(f"{len(lines)} lines of the table, {len(rows)} of them readable")
    return rows


def assumed_wrongly(text=None) -> list[str]:
    """The calls of the list below the table: their meaning had been taken for another one."""
    text = TABLE.read_text(encoding="utf-8") if text is None else text
    return re.findall(r"^- `([\w.]+)`:", text.partition("## What had been assumed otherwise")[2], re.MULTILINE)
