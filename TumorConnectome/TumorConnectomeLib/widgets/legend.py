"""What stands beside the graph: title and banner, and the legend with facet, categories, counts and what a line means."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import qt

from ..base.text import elided
from ..neighbors.match import Match
from .graph_state import GraphState
from .surface import Surface
from .theme import Theme, bold_font

#: characters of a category's name and of the title
_LONGEST_NAME = 48
_PAD, _GAP, _DOT, _SAMPLE, _MARGIN = 8.0, 6.0, 10.0, 26.0, 8.0
#: an entry reaches this far beyond its mark and its count
_REACH = 5.0
_PATH_TEXT = "next scan"
_EDGE_TEXTS = {Match.MOST: "most similar", Match.LEAST: "least similar"}
#: the legend may take this share of the widget before it is left out
_LARGEST_SHARE = 0.45


@dataclass(frozen=True)
class _Entry:
    """One line; `category` is the index of the category, None for a line sample: of edges, or of a `path`."""

    name: str
    count: str
    category: int | None
    hidden: bool = False
    path: bool = False


class Legend:
    """Stands beside the graph or below it, whichever leaves the graph more room.

    A category is a check box: a filled dot when its patients have their color, hollow and struck out when they are grayed.

    Attributes
    ----------
    rect : tuple or None
        x, y, width, height in pixels; None when the widget is too small for a legend.
    cursor : int or None
        Category that the keyboard is at.
    """

    def __init__(self):
        self.rect = self.cursor = None
        self._entries, self._title, self._places = [], "", []

    @property
    def count(self) -> int:
        """Number of categories."""
        return sum(entry.category is not None for entry in self._entries)

    def set_content(self, state: GraphState):
        """Take titles, names, counts, colors and the line sample from a state that has a coloring."""
        coloring, self._match = state.coloring, state.geometry.connectome.match
        self._title, self._coloring = elided(coloring.title, _LONGEST_NAME), coloring
        self._entries = [_Entry(elided(name, _LONGEST_NAME), count, number, name in state.hidden)
                         for number, (name, count) in enumerate(zip(coloring.categories, state.category_counts()))]
        if self.cursor is not None and self.cursor >= len(self._entries):
            self.cursor = None
        if state.edge_mode != "none":
            self._entries.append(_Entry(_EDGE_TEXTS[self._match], "", None))
        if state.paths:
            self._entries.append(_Entry(_PATH_TEXT, "", None, path=True))

    def category_at(self, x: float, y: float) -> int | None:
        """Category whose entry is under a pixel, or None."""
        if self.rect is None:
            return None
        for entry, (left, top, size) in zip(self._entries, self._places):
            if entry.category is not None and left - _REACH <= x <= left + size + _REACH and top <= y < top + self._line:
                return entry.category
        return None

    def entry_box(self, category: int) -> tuple[float, float, float, float] | None:
        """x, y, width and height of a category's entry; None while there is no legend."""
        if self.rect is None:
            return None
        left, top, size = self._places[category]
        return left - _REACH, top, size + 2 * _REACH, self._line

    def arrange(self, font: qt.QFont, width: float, height: float, top: float) -> tuple:
        """Choose the place below `top`; returns x, y, width and height of what is left for the graph."""
        metrics, bold = qt.QFontMetricsF(font), qt.QFontMetricsF(bold_font(font))
        self._line, self._ascent = metrics.height() + 4, metrics.ascent() + 2
        self._widths = [(_SAMPLE if entry.category is None else _DOT, _wide(metrics, entry.name), _wide(metrics, entry.count))
                        for entry in self._entries]
        self._title_width = _wide(bold, self._title)
        whole = (0.0, float(top), float(width), float(height - top))
        options = [option for option in (self._beside(*whole), self._below(*whole)) if option is not None]
        if not options:
            self.rect = self.cursor = None
            return whole
        self.rect, self._places, area = max(options, key=lambda option: min(option[2][2:]))
        return area

    def _beside(self, left, top, width, height):
        rows = [mark + _GAP + name + (2 * _GAP + count if count else 0) for mark, name, count in self._widths]
        inner = max([self._title_width, *rows])
        panel = inner + 2 * _PAD
        tall = self._line * (len(self._entries) + 1) + 2 * _PAD
        if panel > _LARGEST_SHARE * width or tall > height - 2 * _MARGIN:
            return None
        x, y = left + width - panel - _MARGIN, top + _MARGIN
        places = [(x + _PAD, y + _PAD + self._line * (n + 1), inner) for n in range(len(self._entries))]
        return (x, y, panel, tall), places, (left, top, width - panel - _MARGIN, height)

    def _below(self, left, top, width, height):
        inner = width - 2 * (_PAD + _MARGIN)
        places, x, row = [], self._title_width + 3 * _GAP, 0
        for mark, name, count in self._widths:
            size = mark + _GAP + name + (_GAP + count if count else 0)
            if x + size > inner and x > 0:
                x, row = 0.0, row + 1
            if size > inner:
                return None
            places.append((x, row, size))
            x += size + 3 * _GAP
        tall = self._line * (row + 1) + _PAD
        if tall > _LARGEST_SHARE * height or self._title_width > inner:
            return None
        corner = left + _MARGIN, top + height - tall - _MARGIN
        places = [(corner[0] + _PAD + x, corner[1] + _PAD / 2 + self._line * row, size) for x, row, size in places]
        return (*corner, width - 2 * _MARGIN, tall), places, (left, top, width, height - tall - _MARGIN)

    def paint(self, surface: Surface, font: qt.QFont, theme: Theme):
        """Draw at the place found by `arrange`."""
        if self.rect is None:
            return
        surface.panel(self.rect, theme.background, theme.panel_edge)
        below = self._places[0][1] < self.rect[1] + self._line      # the title shares its line with the first entries
        base = self.rect[1] + (_PAD / 2 if below else _PAD) + self._ascent
        surface.text(self.rect[0] + _PAD, base, self._title, bold_font(font), theme.text)
        struck = qt.QFont(font)
        struck.setStrikeOut(True)
        for entry, (mark, _, count_width), (x, y, size) in zip(self._entries, self._widths, self._places):
            self._paint_mark(surface, theme, entry, x, y + self._line / 2, not below)
            surface.text(x + mark + _GAP, y + self._ascent, entry.name, struck if entry.hidden else font,
                         theme.quiet if entry.hidden else theme.text)
            surface.text(x + size - count_width, y + self._ascent, entry.count, font, theme.quiet)
        if self.cursor is not None:
            left, top, width, height = self.entry_box(self.cursor)
            surface.panel((left, top + 1, width, height - 2), None, theme.compared, 2.0)

    def _paint_mark(self, surface, theme, entry, x, middle, upright):
        if entry.category is None:
            least = self._match is Match.LEAST and not entry.path
            color = theme.query if entry.path else theme.dissimilar if least else theme.similar
            self._paint_line(surface, color, least, x, middle)
            return
        color = qt.QColor(self._coloring.colors(theme.dark)[entry.category])
        if self._coloring.scale is not None and not entry.hidden:
            self._paint_section(surface, self._coloring.scale.section(entry.category, theme.dark), x, middle, upright)
            return
        center = x + _DOT / 2, middle
        if entry.hidden:
            surface.circle(center, _DOT / 2 - 0.5, theme.background, color, 1.5)
        else:
            surface.circle(center, _DOT / 2, color, theme.outline)

    def _paint_section(self, surface, shades, x, middle, upright):
        """A piece of the color scale: downwards from low to high, so that pieces join to one bar, or to the right."""
        length = self._line if upright else _DOT
        shades = shades[::max(1, math.ceil(len(shades) / length))]
        step = length / len(shades)
        for place, shade in enumerate(shades):
            box = (x, middle - length / 2 + place * step, _DOT, step + 0.3) if upright else (
                x + place * step, middle - _DOT / 2, step + 0.3, _DOT)
            surface.fill(box, qt.QColor(shade))

    @staticmethod
    def _paint_line(surface, color, dashed, x, y):
        tip = x + _SAMPLE
        surface.lines(np.array([[x, y]]), np.array([[tip - 6, y]]), color, 2.0, dashed=dashed)
        surface.polygon(np.array([(tip, y), (tip - 6, y - 3.5), (tip - 6, y + 3.5)]), color, None)


def _wide(metrics, text):
    return metrics.horizontalAdvance(text) if text else 0.0


#: of the title from the border of the view
_BORDER = 10.0
_MOST_LINES = 2


class Header:
    """Texts at the top left and a banner ("SYNTHETIC") at the top right.

    In a narrow view title and subtitle take two lines each, and the banner one of its own; what is longer is elided, never
    cut.
    """

    def __init__(self):
        self.title = self.subtitle = self.banner = ""
        self._lines, self._height, self._key = [], 0.0, None

    def arrange(self, font: qt.QFont, width: float) -> float:
        """Break the texts into lines for a view of this width; returns the height that the header takes."""
        key = font.key(), width, self.title, self.subtitle, self.banner
        if key == self._key:
            return self._height
        plain, bold = qt.QFontMetricsF(font), qt.QFontMetricsF(bold_font(font))
        room = width - 2 * _BORDER
        self._banner_width = bold.horizontalAdvance(self.banner) + 2 * _PAD if self.banner else 0.0
        beside = room - self._banner_width - _PAD if self.banner else room
        title = wrapped(self.title, bold, beside)
        if self.banner and (not title or _shortened(title)):
            title = ["", *wrapped(self.title, bold, room)]          # the banner gets a line of its own
        self._lines = [(line, True) for line in title]
        self._lines += [(line, False) for line in wrapped(self.subtitle, plain, room)]
        self._height = len(self._lines) * (plain.height() + 2) + (_BORDER + 4 if self._lines else 0)
        self._key = key
        return self._height

    def paint(self, surface: Surface, font: qt.QFont, theme: Theme, width: float):
        """Draw into the top `width` pixels, over the graph."""
        surface.fill((0.0, 0.0, width, self.arrange(font, width)), theme.background)
        bold, metrics = bold_font(font), qt.QFontMetricsF(font)
        line, top = metrics.height() + 2, _BORDER - 2
        if self.banner:
            left = width - _BORDER - self._banner_width
            surface.panel((left, top - 3, self._banner_width, line + 1), theme.banner)     # clear of the line below
            surface.text(left + _PAD, top - 1 + metrics.ascent(), self.banner, bold, theme.banner_text)
        for number, (text, strong) in enumerate(self._lines):
            baseline = top + number * line + metrics.ascent()
            surface.text(_BORDER, baseline, text, bold if strong else font, theme.text if strong else theme.quiet)


def _shortened(lines):
    return any("\N{HORIZONTAL ELLIPSIS}" in line for line in lines)


def wrapped(text: str, metrics: qt.QFontMetricsF, width: float, most: int = _MOST_LINES) -> list[str]:
    """The text in at most `most` lines of `width` pixels, broken between words; what is too long is elided."""
    lines, words = [], text.split()
    while words and len(lines) < most - 1:
        count = 1
        while count < len(words) and metrics.horizontalAdvance(" ".join(words[:count + 1])) <= width:
            count += 1
        lines.append(metrics.elidedText(" ".join(words[:count]), qt.Qt.ElideRight, width))
        words = words[count:]
    return [*lines, metrics.elidedText(" ".join(words), qt.Qt.ElideRight, width)] if words else lines
