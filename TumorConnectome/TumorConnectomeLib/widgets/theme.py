"""Colors of the view for a light or dark background; all are opaque, mixed with the background beforehand."""
from __future__ import annotations

import qt

#: share of black and white at which a background counts as dark (HSL lightness)
_DARK_BELOW = 0.5


class Theme:
    """Colors that go with a background and a text color.

    Translucent antialiased strokes are ten times slower than opaque ones, so fading is mixing here.
    """

    def __init__(self, background: qt.QColor, text: qt.QColor):
        self.key = background.name(), text.name()
        self.dark = background.lightnessF() < _DARK_BELOW
        self.background, self.text = background, text
        self.similar = qt.QColor("#9fb2cc" if self.dark else "#4f6480")
        self.dissimilar = qt.QColor("#f08075" if self.dark else "#9c1c1c")
        self.selected = qt.QColor("#ffc61a" if self.dark else "#e0a100")
        self.compared = qt.QColor("#39b5ff" if self.dark else "#0078d4")
        self.query = qt.QColor("#ff6ec7" if self.dark else "#c2187a")
        self.banner = qt.QColor("#ffb000")
        self.banner_text = qt.QColor("#1a1a1a")
        self.quiet = self.mix(text, 0.65)
        self.outline = self.mix(text, 0.6)
        self.panel_edge = self.mix(text, 0.2)
        # grayed nodes are hollow: a gray fill would look like a category "Unknown"
        self.grayed, self.grayed_edge = self.mix(text, 0.06), self.mix(text, 0.25)
        self.lasso = qt.QColor(text)
        self.lasso.setAlphaF(0.08)

    @classmethod
    def of_palette(cls, palette: qt.QPalette) -> Theme:
        """The theme of a widget's palette."""
        return cls(palette.color(qt.QPalette.Base), palette.color(qt.QPalette.Text))

    @classmethod
    def standard(cls, dark: bool) -> Theme:
        """A theme of its own, for pictures that are to be light or dark whatever the application is."""
        return cls(qt.QColor("#2b2b2b"), qt.QColor("#eeeeee")) if dark else cls(qt.QColor("#ffffff"), qt.QColor("#000000"))

    def mix(self, color: qt.QColor, share: float) -> qt.QColor:
        """`share` of a color over the background."""
        share, rest = float(share), 1 - float(share)
        return qt.QColor(*(int(round(share * a + rest * b)) for a, b in zip(_rgb(color), _rgb(self.background))))


def _rgb(color):
    return color.red(), color.green(), color.blue()


def pen(color: qt.QColor, thickness: float, dashed: bool = False) -> qt.QPen:
    """A pen whose lines end exactly where they are said to end."""
    result = qt.QPen(qt.QBrush(color), float(thickness))
    result.setCapStyle(qt.Qt.FlatCap)
    if dashed:
        result.setStyle(qt.Qt.DashLine)
    return result


def no_pen() -> qt.QPen:
    """A pen that draws nothing."""
    result = qt.QPen()
    result.setStyle(qt.Qt.NoPen)
    return result


def bold_font(font: qt.QFont) -> qt.QFont:
    """The same font in bold."""
    result = qt.QFont(font)
    result.setBold(True)
    return result
