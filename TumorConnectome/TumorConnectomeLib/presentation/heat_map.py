"""A heat map as data: values, how deep their colors are, marks and words for every cell."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

#: what the ends of the colors of a lift stand for, see `lift_shade`
LIFT_SCALE = ("half as often", "chance", "twice as often")


@dataclass(frozen=True)
class Axes:
    """What a plot of a heat map says at its axes, and what of it belongs on one axis.

    Parameters
    ----------
    figures, rows : str
        Titles of the axis of the figures and of that of the rows; without one the heat map's title is taken.
    chance : float
        Figure that is reached by chance; NaN when there is none, or not the same one for all cells.
    chance_name : str
        What `chance` is called.
    columns : tuple of str
        Column keys whose figures have the same scale; empty: all.
    """

    figures: str = ""
    rows: str = "Model"
    chance: float = math.nan
    chance_name: str = "Chance"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class HeatMap:
    """R rows by C columns of figures.

    Parameters
    ----------
    title, note : str
        What is shown, and what colors and marks mean.
    row_keys, column_keys : tuple of str
        R and C names for programs.
    columns : tuple of str
        C names for people.
    values, shades : np.ndarray
        float64, shape (R, C): the figures, and their colors from -1 (deepest blue) over 0 (none) to 1 (deepest orange); NaN
        where there is none.
    marks : np.ndarray
        bool, shape (R, C): cells marked with an asterisk.
    words : tuple of tuple of str
        R by C: everything about the cell, in lines.
    decimals : tuple of int
        C numbers of decimals that are printed.
    spans : np.ndarray
        float64, shape (R, C, 2): ends of the interval of each figure, on the scale of the shades; NaN where there is none.
    scale : tuple of str
        What the deepest blue, no color and the deepest orange stand for; "" for an end that does not occur. Empty: no legend.
    controls : tuple of str
        Column keys that are set apart at the right, because they are no results but controls.
    intervals : np.ndarray
        float64, shape (R, C, 2): ends of the 95 % interval of each figure, on its own scale; NaN where there is none.
    axes : Axes
        How the figures are called in a plot.
    rows : tuple of str
        R names for people; by default the keys.
    """

    title: str
    row_keys: tuple[str, ...]
    column_keys: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray
    shades: np.ndarray
    marks: np.ndarray
    words: tuple[tuple[str, ...], ...]
    decimals: tuple[int, ...]
    spans: np.ndarray
    note: str = ""
    scale: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    intervals: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 2)))
    axes: Axes = field(default_factory=Axes)
    rows: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "rows", self.rows or self.row_keys)

    @classmethod
    def of_cells(cls, title: str, rows: Sequence[str], keys: Sequence[str], columns: Sequence[str], cell: Callable,
                 note: str = "", decimals: Sequence[int] | None = None, scale: Sequence[str] = (),
                 controls: Sequence[str] = (), axes: Axes = Axes(), names: Sequence[str] = ()) -> HeatMap:
        """The heat map of ``cell(row key, column key) -> (value, shade, mark, words[, (low, high)[, (ci_low, ci_high)]])``.

        The first pair is the interval on the scale of the shades, the second that of the figures. Shades and their
        intervals are clipped; two decimals are printed unless told otherwise. `names` are those of the rows for people.
        """
        nothing = (math.nan, math.nan)
        cells = [[(*found, *[nothing] * (6 - len(found))) for found in (cell(row, key) for key in keys)] for row in rows]
        spans, intervals = (np.array([[one[number] for one in line] for line in cells], float).reshape(
            len(rows), len(keys), 2) for number in (4, 5))

        def part(number, kind):
            return np.array([[one[number] for one in line] for line in cells], kind).reshape(len(rows), len(keys))

        return cls(title, tuple(rows), tuple(keys), tuple(columns), part(0, float), np.clip(part(1, float), -1, 1),
                   part(2, bool), tuple(tuple(one[3] for one in line) for line in cells),
                   (2,) * len(keys) if decimals is None else tuple(decimals), np.clip(spans, -1, 1), note, tuple(scale),
                   tuple(controls), intervals, axes, tuple(names))

    def text(self, row: int, column: int) -> str:
        """What is printed in a cell: the figure, with an asterisk when it is marked."""
        return number_text(self.values[row, column], self.decimals[column]) + ("*" if self.marks[row, column] else "")


def lift_shade(lift: float) -> float:
    """Color of a lift: its logarithm to base 2; NaN when it is undefined.

    Examples
    --------
    >>> lift_shade(2.0), lift_shade(0.5)
    (1.0, -1.0)
    """
    return math.log2(lift) if lift > 0 else -1.0 if lift == 0 else math.nan


def number_text(value: float, decimals: int = 2) -> str:
    """A figure with some decimals, a whole number above 99, a dash for NaN.

    Examples
    --------
    >>> number_text(1.234), number_text(123.4)
    ('1.23', '123')
    """
    if math.isnan(value):
        return "\N{EN DASH}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.{decimals}f}"
