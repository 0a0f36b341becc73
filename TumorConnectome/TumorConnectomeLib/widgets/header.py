"""Title, subtitle and banner of the view."""
from __future__ import annotations

import qt

from .surface import Surface
from .theme import Theme, bold_font

_MARGIN, _PAD = 10.0, 8.0
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
        room = width - 2 * _MARGIN
        self._banner_width = bold.horizontalAdvance(self.banner) + 2 * _PAD if self.banner else 0.0
        beside = room - self._banner_width - _PAD if self.banner else room
        title = wrapped(self.title, bold, beside)
        if self.banner and (not title or _shortened(title)):
            title = ["", *wrapped(self.title, bold, room)]          # the banner gets a line of its own
        self._lines = [(line, True) for line in title]
        self._lines += [(line, False) for line in wrapped(self.subtitle, plain, room)]
        self._height = len(self._lines) * (plain.height() + 2) + (_MARGIN + 4 if self._lines else 0)
        self._key = key
        return self._height

    def paint(self, surface: Surface, font: qt.QFont, theme: Theme, width: float):
        """Draw into the top `width` pixels, over the graph."""
        surface.fill((0.0, 0.0, width, self.arrange(font, width)), theme.background)
        bold, metrics = bold_font(font), qt.QFontMetricsF(font)
        line, top = metrics.height() + 2, _MARGIN - 2
        if self.banner:
            left = width - _MARGIN - self._banner_width
            surface.panel((left, top - 3, self._banner_width, line + 1), theme.banner)     # clear of the line below
            surface.text(left + _PAD, top - 1 + metrics.ascent(), self.banner, bold, theme.banner_text)
        for number, (text, strong) in enumerate(self._lines):
            baseline = top + number * line + metrics.ascent()
            surface.text(_MARGIN, baseline, text, bold if strong else font, theme.text if strong else theme.quiet)


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
