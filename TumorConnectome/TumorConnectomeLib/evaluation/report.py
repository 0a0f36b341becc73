"""The one-page report on a cohort's models: sections of plain sentences and a small table, as text and as HTML."""
from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

#: width of the text form in characters
_WIDTH = 100
_STYLE = ("body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; line-height: 1.4 } "
          "table { border-collapse: collapse } th, td { border: 1px solid #999; padding: 2px 8px } th { text-align: left }")


@dataclass(frozen=True)
class Section:
    """A heading and its sentences."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """A page.

    Parameters
    ----------
    title : str
    sections : tuple of Section
    caption : str
        What the table shows; "" without a table.
    table : tuple of tuple of str
        Rows of equal length, the first with the heads of the columns.
    """

    title: str
    sections: tuple[Section, ...]
    caption: str = ""
    table: tuple[tuple[str, ...], ...] = ()

    def to_plain(self) -> dict:
        """What JSON can hold; `from_plain` reads it."""
        return {"title": self.title, "caption": self.caption, "table": [list(row) for row in self.table],
                "sections": [[section.title, list(section.sentences)] for section in self.sections]}

    @classmethod
    def from_plain(cls, content: Mapping) -> Report:
        """A report of `to_plain`; KeyError, TypeError or ValueError if it is none."""
        sections = tuple(Section(str(title), _texts(sentences)) for title, sentences in content["sections"])
        table = tuple(_texts(row) for row in content["table"])
        if len({len(row) for row in table}) > 1:
            raise ValueError("rows of different length")
        return cls(str(content["title"]), sections, str(content["caption"]), table)


def _texts(items: Sequence) -> tuple[str, ...]:
    if isinstance(items, str):
        raise TypeError("a text instead of a list of texts")
    return tuple(str(item) for item in items)


def report_text(report: Report) -> str:
    """The report as plain text, lines up to 100 characters (the table's may be longer)."""
    lines = [report.title, "=" * len(report.title), ""]
    for section in report.sections:
        lines += [section.title, "-" * len(section.title)]
        for sentence in section.sentences:
            lines += textwrap.wrap(sentence, _WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        lines.append("")
    if report.table:
        widths = [max(map(len, column)) for column in zip(*report.table)]
        lines += textwrap.wrap(report.caption, _WIDTH, break_on_hyphens=False)
        lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in report.table]
    return "\n".join(lines).rstrip() + "\n"


def report_body(report: Report, *, table: bool = True) -> str:
    """The report as HTML without head and style, of tags that Qt's rich text knows; with or without its table."""
    parts = [f"<h3>{escape(report.title)}</h3>"]
    for section in report.sections:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in section.sentences)
        parts.append(f'<h4>{escape(section.title)}</h4><ul style="margin-left: 1em; -qt-list-indent: 0">{items}</ul>')
    if table and report.table:
        head, *rows = (["".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)]
                       for row, tag in zip(report.table, ["th", *["td"] * len(report.table)]))
        body = "".join(f"<tr>{cells}</tr>" for (cells,) in (head, *rows))
        parts.append(f'<p>{escape(report.caption)}</p><table border="1" cellspacing="0" cellpadding="3">{body}</table>')
    return "\n".join(parts)


def report_html(report: Report) -> str:
    """The report as a web page of its own."""
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(report.title)}</title>'
            f"<style>{_STYLE}</style></head>\n<body>\n{report_body(report)}\n</body></html>\n")
