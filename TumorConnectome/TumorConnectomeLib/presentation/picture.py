"""The connectome as a picture of its own, SVG without Qt: what a notebook shows."""
from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from ..base.errors import InputError
from ..base.files import atomic_file
from ..base.text import shortened
from ..cohort.cohort import Cohort
from ..connectome.connectome import Connectome
from ..neighbors.match import Match
from .coloring import Coloring

_NAMESPACE = "http://www.w3.org/2000/svg"
#: characters that XML can not contain
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SMALLEST_SIDE, _LARGEST_SIDE = 300, 20_000
#: pixels: margin, place of title and caption, width of the legend, one line of it
_MARGIN, _TITLE, _CAPTION, _LEGEND, _LINE = 24, 64, 40, 210, 22
_MOST_ENTRIES, _LONGEST_ENTRY, _LONGEST_TITLE = 20, 26, 70
#: background, text, quiet text, lines, rim of a patient, a patient without a color
_LIGHT = ("#ffffff", "#202020", "#5c5c5c", "#7d8894", "#ffffff", "#4a6fa5")
_DARK = ("#1e1e1e", "#ececec", "#a8a8a8", "#7d8894", "#1e1e1e", "#7aa5dd")


@dataclass(frozen=True)
class Picture:
    """A picture as an SVG document.

    Parameters
    ----------
    svg : str
    """

    svg: str

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.svg

    def save(self, path) -> None:
        """Write it to a file whose name ends in ``.svg``, in one step; InputError for another one."""
        if not str(path).lower().endswith(".svg"):
            raise InputError("a picture of another kind", source=path, expected="a file name that ends in .svg")
        with atomic_file(path, "w", encoding="utf-8") as stream:
            stream.write(self.svg)


def connectome_picture(cohort: Cohort, graph: Connectome, coloring: Coloring | None, map_name: str, caution: str, *,
                       width: int, height: int, dark: bool = False) -> Picture:
    """Patients as discs, their neighbors as lines, the legend, and a caption that says what can be read from it.

    Parameters
    ----------
    cohort : Cohort
    graph : Connectome
        Of the same patients.
    coloring : Coloring or None
        Colors of the patients; None for one color.
    map_name, caution : str
        What the positions are, and what can be read from them, one sentence.
    width, height : int
        Pixels.
    dark : bool
        Light on dark.

    Raises
    ------
    InputError
        The size is out of range.
    """
    if not (_SMALLEST_SIDE <= width <= _LARGEST_SIDE and _SMALLEST_SIDE <= height <= _LARGEST_SIDE):
        raise InputError(f"a picture of {width} x {height} pixels", expected=f"{_SMALLEST_SIDE} to {_LARGEST_SIDE:,} each")
    ink = _DARK if dark else _LIGHT
    root = ElementTree.Element("svg", {"xmlns": _NAMESPACE, "width": str(width), "height": str(height),
                                       "viewBox": f"0 0 {width} {height}", "font-family": "sans-serif"})
    title = shortened(f"{cohort.name}: {graph.model}", _LONGEST_TITLE)
    ElementTree.SubElement(root, "title").text = _text(title)
    _add(root, "rect", width=width, height=height, fill=ink[0])
    _say(root, _MARGIN, 30, title, ink[1], size=17, weight="bold")
    _say(root, _MARGIN, 50, _subtitle(cohort, graph, map_name), ink[2])
    _say(root, _MARGIN, height - 14, f"{caution} Not for diagnostic use.", ink[2])
    room = _LEGEND if coloring is not None else 0
    box = (_MARGIN, _TITLE, width - 2 * _MARGIN - room, height - _TITLE - _CAPTION)
    points, radius = _places(graph.positions, box)
    _add(root, "path", fill="none", stroke=ink[3], **{"stroke-opacity": "0.35", "stroke-width": "1", "d": "".join(
        f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" for (x0, y0), (x1, y1) in zip(points[graph.sources], points[graph.targets]))})
    codes, colors = (np.zeros(len(points), int), (ink[5],)) if coloring is None else coloring.patient_colors(dark)
    for node, (x, y) in enumerate(points):
        disc = _add(root, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{radius:.1f}", fill=colors[codes[node]], stroke=ink[4])
        told = "" if coloring is None else f"\n{coloring.title}: {coloring.categories[coloring.codes[node]]}"
        ElementTree.SubElement(disc, "title").text = _text(f"{graph.patient_ids[node]}{told}")
    if coloring is not None:
        _legend(root, coloring, coloring.colors(dark), width - _LEGEND + 4, _TITLE + 16, ink)
    return Picture(ElementTree.tostring(root, encoding="unicode") + "\n")


def _subtitle(cohort, graph, map_name):
    count, k = len(graph.patient_ids), int(graph.ranks.max(initial=0))
    end = "most" if graph.match is Match.MOST else "least"
    links = f", each linked to the {k} {end} similar ({graph.distance})" if k else ""
    return f"{count} {'made-up ' * cohort.synthetic}patients{links}. Map: {map_name}"


def _places(positions, box):
    """Pixels of the patients (N, 2), y down, and the radius of their discs."""
    left, top, width, height = box
    low, high = positions.min(axis=0), positions.max(axis=0)
    radius = float(np.clip(0.35 * np.sqrt(width * height / max(len(positions), 1)) / 2, 1.5, 8.0))
    scale = min((side - 2 * radius) / extent if extent > 0 else np.inf for side, extent in zip((width, height), high - low))
    scale = scale if np.isfinite(scale) else 1.0
    middle = np.array([left + width / 2, top + height / 2])
    return middle + (positions - (low + high) / 2) * scale * (1, -1), radius


def _legend(root, coloring, colors, x, y, ink):
    _say(root, x, y, shortened(coloring.title, _LONGEST_ENTRY + 4), ink[1], weight="bold")
    for number, (category, count) in enumerate(zip(coloring.categories, coloring.counts.tolist())):
        y += _LINE
        if number == _MOST_ENTRIES:
            _say(root, x, y, f"and {len(coloring.categories) - number} more", ink[2])
            return
        _add(root, "circle", cx=x + 6, cy=y - 4, r=6, fill=colors[number], stroke=ink[4])
        _say(root, x + 20, y, f"{shortened(category, _LONGEST_ENTRY)} ({count})", ink[1])


def _say(root, x, y, text, color, size=13, weight="normal"):
    _add(root, "text", x=x, y=y, fill=color, **{"font-size": size, "font-weight": weight}).text = _text(text)


def _add(parent, name, **attributes):
    return ElementTree.SubElement(parent, name, {key: str(value) for key, value in attributes.items()})


def _text(text):
    return _NOT_XML.sub("\ufffd", str(text))
