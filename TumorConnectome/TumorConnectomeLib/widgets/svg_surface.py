"""The shapes that the view is made of, written as SVG: Slicer's Qt has no SVG writer."""
from __future__ import annotations

import re
from html import escape

import numpy as np
import qt

from .surface import HALO_WIDTH

#: characters that XML can not contain
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SvgSurface:
    """Has the methods of `surface.Surface`; `document` returns what was drawn.

    `width` and `height` are the picture's pixels, of which `scale` make one unit of the drawing. Texts carry their width as
    Qt measured it, so that they fit into their place with any other font too.
    """

    def __init__(self, width: float, height: float, title: str = "", scale: float = 1.0):
        self._size, self._title, self._scale, self._parts = (float(width), float(height)), title, float(scale), []

    def document(self) -> bytes:
        """The SVG file, UTF-8."""
        width, height = map(_number, self._size)
        inner_width, inner_height = (_number(size / self._scale) for size in self._size)
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                f'viewBox="0 0 {inner_width} {inner_height}">\n<title>{_safe(self._title)}</title>\n')
        return (f'<?xml version="1.0" encoding="UTF-8"?>\n{head}' + "\n".join(self._parts) + "\n</svg>\n").encode()

    def set_smooth(self, smooth: bool):
        """SVG is always smooth."""

    def fill(self, box: tuple, color: qt.QColor):
        """Fill a rectangle."""
        self.panel(box, color, radius=0.0)

    def panel(self, box: tuple, color: qt.QColor | None, edge: qt.QColor | None = None, radius: float = 4.0):
        """A rectangle with rounded corners."""
        x, y, width, height = map(_number, box)
        corner = f' rx="{_number(radius)}"' if radius else ""
        self._parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{corner} {_look(color, edge, 1.0)}/>')

    def lines(self, starts: np.ndarray, ends: np.ndarray, color: qt.QColor, thickness: float, dashed: bool = False):
        """E separate lines; both arrays have shape (E, 2)."""
        path = "".join(f"M{x0:.2f} {y0:.2f}L{x1:.2f} {y1:.2f}" for (x0, y0), (x1, y1) in zip(starts, ends))
        self._parts.append(f'<path d="{path}" {_look(None, color, thickness, dashed)}/>')

    def triangles(self, first: np.ndarray, second: np.ndarray, third: np.ndarray, color: qt.QColor):
        """N filled triangles; each array has shape (N, 2)."""
        path = "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in corners) + "Z" for corners in zip(first, second, third))
        self._parts.append(f'<path d="{path}" {_look(color, None, 0.0)}/>')

    def polygon(self, points: np.ndarray, color: qt.QColor | None, edge: qt.QColor | None, thickness: float = 1.0,
                dashed: bool = False):
        """A closed polygon of shape (P, 2)."""
        path = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
        self._parts.append(f'<polygon points="{path}" {_look(color, edge, thickness, dashed)}/>')

    def discs(self, centers: np.ndarray, radii: np.ndarray, color: qt.QColor, edge: qt.QColor | None = None):
        """N discs, later ones above earlier ones; `centers` (N, 2), `radii` (N,)."""
        if len(centers):
            discs = "".join(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}"/>'
                            for (x, y), radius in zip(centers, radii))
            self._parts.append(f"<g {_look(color, edge, 1.0)}>{discs}</g>")

    def circle(self, center: tuple[float, float], radius: float, color: qt.QColor | None, edge: qt.QColor | None,
               thickness: float = 1.0):
        """One disc or ring."""
        x, y = map(_number, center)
        self._parts.append(f'<circle cx="{x}" cy="{y}" r="{_number(radius)}" {_look(color, edge, thickness)}/>')

    def text(self, x: float, baseline: float, text: str, font: qt.QFont, color: qt.QColor, halo: qt.QColor | None = None):
        """One line of text, with a rim in the color `halo`."""
        if not text:
            return
        style = (' font-weight="bold"' if font.bold() else "") + (' text-decoration="line-through"' if font.strikeOut() else "")
        info, width = qt.QFontInfo(font), qt.QFontMetricsF(font).horizontalAdvance(text)
        # the rim is an element of its own: many programs that show SVG do not know paint-order
        rim = f' stroke="{halo.name()}" stroke-width="{2 * HALO_WIDTH}" stroke-linejoin="round"' if halo is not None else ""
        for look in ([f'fill="{halo.name()}"{rim}'] if rim else []) + [f'fill="{color.name()}"']:
            self._parts.append(
                f'<text x="{_number(x)}" y="{_number(baseline)}" font-family="{_safe(info.family())}, sans-serif" '
                f'font-size="{info.pixelSize()}"{style} textLength="{_number(width)}" lengthAdjust="spacingAndGlyphs" '
                f'{look}>{_safe(text)}</text>')


def _look(color, edge, thickness, dashed=False):
    """Attributes of fill and stroke; dashes as Qt's: four times as long as thick."""
    fill = 'fill="none"' if color is None else f'fill="{color.name()}"'
    if color is not None and color.alphaF() < 1:
        fill += f' fill-opacity="{color.alphaF():.3f}"'
    if edge is None:
        return fill
    dashes = f' stroke-dasharray="{_number(4 * thickness)} {_number(2 * thickness)}"' if dashed else ""
    return f'{fill} stroke="{edge.name()}" stroke-width="{_number(thickness)}"{dashes}'


def _number(value):
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


def _safe(text):
    return escape(_NOT_XML.sub("\ufffd", text))
