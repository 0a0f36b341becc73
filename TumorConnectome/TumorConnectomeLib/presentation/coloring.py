"""Colors of a facet's categories or numbers: palettes that color-blind people can read, on light and dark backgrounds."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..cohort.cohort import UNKNOWN, Facet

#: Unordered categories, derived from Okabe & Ito (2008) "Color Universal Design": shifted in lightness until any two, and
#: the gray of UNKNOWN, stay apart in normal vision and in simulated deuteranopia, protanopia and tritanopia.
_NOMINAL = {False: ("#005e91", "#d78800", "#1d9c76", "#a982aa", "#6dd0ff", "#b35010", "#fcd430"),
            True: ("#3cccff", "#e9a200", "#39a373", "#b17fa8", "#1567d3", "#ce4a0d", "#fff690")}
#: Ordered categories, after viridis (van der Walt & Smith 2015): lightness is monotonic, and the last category (oldest,
#: highest stage) contrasts most with the background.
_ORDINAL = {False: ("#ebeb32", "#a6cd66", "#61be91", "#2d9590", "#44708b", "#41407e", "#330063"),
            True: ("#6c4198", "#4d63e6", "#4d8cb0", "#49b59e", "#89dca5", "#c1f48e", "#f8ff42")}
_GRAY = {False: "#c8c8c8", True: "#6b6b6b"}
#: steps of a continuous scale: more than an eye tells apart, few enough to be drawn in bulk
_SHADES = 48


@dataclass(frozen=True, eq=False)
class ColorScale:
    """Colors of numbers, continuous from the smallest to the largest; the categories are sections of it.

    Parameters
    ----------
    codes : np.ndarray
        int16, shape (N,): shade per patient, the last one for a missing number.
    light, dark : tuple of str
        ``#rrggbb`` per shade, ascending with the number, then that of missing numbers.
    sections : tuple of (int, int)
        First and last shade of each category that is a bin.
    """

    codes: np.ndarray
    light: tuple[str, ...]
    dark: tuple[str, ...]
    sections: tuple[tuple[int, int], ...]

    def section(self, category: int, dark: bool) -> tuple[str, ...]:
        """Shades of a category from low to high; the one of missing numbers for any category that is no bin."""
        colors = self.dark if dark else self.light
        if category >= len(self.sections):
            return colors[-1:]
        first, last = self.sections[category]
        return colors[first:last + 1]


@dataclass(frozen=True, eq=False)
class Coloring:
    """One category and so one color per patient, with all that a legend needs.

    Parameters
    ----------
    title : str
        Title of the legend.
    categories : tuple of str
        C category names in display order.
    codes : np.ndarray
        int16, shape (N,): index into `categories` per patient.
    counts : np.ndarray
        int64, shape (C,): patients per category.
    light, dark : tuple of str
        ``#rrggbb`` per category for a light and for a dark background.
    scale : ColorScale or None
        Colors of the patients by number instead of by category.
    """

    title: str
    categories: tuple[str, ...]
    codes: np.ndarray
    counts: np.ndarray
    light: tuple[str, ...]
    dark: tuple[str, ...]
    scale: ColorScale | None = None

    def colors(self, dark: bool) -> tuple[str, ...]:
        """``#rrggbb`` per category for the given kind of background."""
        return self.dark if dark else self.light

    def patient_colors(self, dark: bool) -> tuple[np.ndarray, tuple[str, ...]]:
        """Index per patient into colors, and these colors as ``#rrggbb``: those of the scale if there is one."""
        if self.scale is None:
            return self.codes, self.colors(dark)
        return self.scale.codes, self.scale.dark if dark else self.scale.light


def coloring_of(facet: Facet, continuous: bool = True) -> Coloring:
    """Coloring of the patients by a facet: distinct hues, a ramp if the facet is ordered, gray for "Unknown".

    A facet of numbers gets a continuous scale, logarithmic if the facet is, unless `continuous` is false.
    """
    light, dark = (palette(facet.categories, facet.ordered, on_dark) for on_dark in (False, True))
    scale = None
    if continuous and facet.numbers is not None:
        scale = _scale_of(facet)
        middles = [(first + last) // 2 for first, last in scale.sections] + [-1] * (len(light) - len(scale.sections))
        light, dark = (tuple(colors[middle] for middle in middles) for colors in (scale.light, scale.dark))
    return Coloring(facet.title, facet.categories, facet.codes, facet.counts, light, dark, scale)


def _scale_of(facet):
    turn = np.log if facet.logarithmic else np.asarray
    known = turn(facet.numbers[~np.isnan(facet.numbers)])
    low, high = float(known.min()), float(known.max())

    def shades(numbers):
        share = (turn(numbers) - low) / ((high - low) or 1.0)
        return np.clip(np.nan_to_num(np.rint(share * (_SHADES - 1))), 0, _SHADES - 1).astype(np.int16)

    codes = np.where(np.isnan(facet.numbers), _SHADES, shades(facet.numbers)).astype(np.int16)
    with np.errstate(divide="ignore"):                  # a limit may be 0 on a logarithmic scale
        limits = shades(np.array(facet.edges)).tolist()
    light, dark = ((*_ramp(_SHADES, _ORDINAL[on_dark]), _GRAY[on_dark]) for on_dark in (False, True))
    return ColorScale(codes, light, dark, tuple(zip(limits, limits[1:])))


def single_coloring(count: int, title: str = "Patients") -> Coloring:
    """Coloring of `count` patients that are in one category, for a cohort without facets."""
    return coloring_of(Facet("all", title, ("All patients",), np.zeros(count, np.int16)))


def palette(categories: tuple[str, ...], ordered: bool, dark: bool) -> tuple[str, ...]:
    """``#rrggbb`` per category; "Unknown" is gray wherever it stands.

    Up to seven categories beside "Unknown" are told apart by color-blind people. More of them repeat the unordered
    colors in other lightness, or are finer steps of the ordered ramp.
    """
    known = sum(name != UNKNOWN for name in categories)
    colors = iter(_ramp(known, _ORDINAL[dark]) if ordered else _rounds(known, _NOMINAL[dark]))
    return tuple(_GRAY[dark] if name == UNKNOWN else next(colors) for name in categories)


def _ramp(count, stops):
    if count <= len(stops):
        return [stops[i] for i in np.rint(np.linspace(0, len(stops) - 1, count)).astype(int)]
    at = np.linspace(0, len(stops) - 1, count)
    channels = np.array([_rgb(stop) for stop in stops])
    return [_hex(rgb) for rgb in np.stack([np.interp(at, range(len(stops)), channel) for channel in channels.T], axis=1)]


def _rounds(count, colors):
    """The colors, then the same ones nearer to mid-gray, and nearer again, ..."""
    result = []
    for i in range(count):
        turn, place = divmod(i, len(colors))
        share = 0.6 ** turn
        result.append(_hex(share * np.array(_rgb(colors[place])) + (1 - share) * 128) if turn else colors[place])
    return result


def _rgb(color):
    return [int(color[i:i + 2], 16) for i in (1, 3, 5)]


def _hex(rgb):
    return "#{:02x}{:02x}{:02x}".format(*(int(round(float(channel))) for channel in rgb))
