"""Tiles of float32 distances between blocks of patients, of which only those within the limits of candidates are touched.

One product of matrices per tile gives the distances of both ends and, since they are symmetric, of both sides. It is looked at
with four comparisons, which cost less than the product.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .candidates import Candidates
from .leading_axes import distance_tile
from .match import Match

#: patients per side of a tile of distances
TILE = 1024
#: rows of a tile that are computed and looked at together: 1 MB, which stays in the cache of a core
_STRIP = 256
#: stands for the distance of a patient to itself
_OWN = {Match.MOST: np.inf, Match.LEAST: -np.inf}


class Hits(NamedTuple):
    """Pairs of a tile that passed a limit: places in its rows and in its columns, int64, and distances, float32, (H,) each."""

    row: np.ndarray
    column: np.ndarray
    values: np.ndarray

    def where(self, chosen: np.ndarray) -> Hits:
        """Those that are chosen."""
        return Hits(*(array[chosen] for array in self))


class Block(NamedTuple):
    """Up to TILE patients: their numbers, and the candidates of both ends if they are looked for."""

    numbers: slice
    sides: dict[Match, Candidates]


def sample_of(count: int, k: int) -> slice:
    """Up to TILE of all patients (or 2 k if that is more), evenly spaced, whose distances give the first limits."""
    return slice(0, count, -(-count // max(TILE, 2 * k)))


def begin(block: Block, left: np.ndarray, right: np.ndarray, some: slice):
    """First limits of the patients of a block.

    Parameters
    ----------
    left, right : np.ndarray
        The factors of `distance_tile` for the block and for `some`.
    some : slice
        As `sample_of` gives it.
    """
    for part in _strips(len(left)):
        strip = distance_tile(left[part], right)
        row = np.flatnonzero((np.arange(part.start, part.stop) + block.numbers.start) % some.step == 0)
        own = row, (row + part.start + block.numbers.start) // some.step
        for match, side in block.sides.items():
            strip[own] = _OWN[match]
            side.begin(strip, part, some)


def look_at_tile(rows: Block, left: np.ndarray, columns: Block, right: np.ndarray, *, both: bool,
                 far: bool = False) -> dict[tuple, Hits]:
    """Compute the distances of two blocks and find those that pass the limits.

    Parameters
    ----------
    rows, columns : Block
        Who is compared; the same for a tile on the diagonal.
    left, right : np.ndarray
        The factors of `distance_tile`.
    both : bool
        Whether the rows are candidates of the columns, too.
    far : bool
        Whether the columns are the longest of all. Then limits of the rows for the farthest are lowered first, and that is all
        that is changed.

    Returns
    -------
    dict of (Match, bool) to Hits
        By end and side: False for the candidates of the rows, True for those of the columns.
    """
    width, overlap = len(right), _overlap(rows.numbers, columns.numbers)
    memory = np.empty((_STRIP, width), np.float32), *(np.empty((_STRIP, width), bool) for _ in range(2))
    places, values = [], []
    for part in _strips(len(left)):
        strip, passed, more = (array[:part.stop - part.start] for array in memory)
        distance_tile(left[part], right, strip)
        if far:
            own = np.array(_overlap(slice(*(rows.numbers.start + end for end in (part.start, part.stop))), columns.numbers),
                           np.int64)
            strip[own - rows.numbers.start - part.start, own - columns.numbers.start] = _OWN[Match.LEAST]
            rows.sides[Match.LEAST].begin(strip, part, columns.numbers)
        _compare(strip, rows, part, columns, both, passed, more)
        place = np.flatnonzero(passed)
        places.append(place + part.start * width)
        values.append(strip.ravel()[place])
    row, column = np.divmod(np.concatenate(places), width)
    hits = Hits(row, column, np.concatenate(values))
    if overlap:                                         # a patient is not its own neighbor, at either end
        hits = hits.where(row + rows.numbers.start != column + columns.numbers.start)
    return _sorted_out(hits, rows, columns, both)


def _strips(count):
    return [slice(first, min(first + _STRIP, count)) for first in range(0, count, _STRIP)]


def _overlap(numbers, others):
    """Numbers that are in both slices."""
    return range(max(numbers.start, others.start), min(numbers.stop, others.stop))


def _compare(strip, rows, part, columns, both, passed, more):
    """Write to `passed` which distances pass a limit; `more` is memory of the same shape."""
    near, far = rows.sides[Match.MOST].limits[part], rows.sides[Match.LEAST].limits[part]
    np.less_equal(strip, near[:, None], out=passed)
    if both:
        passed |= np.less_equal(strip, columns.sides[Match.MOST].limits, out=more)
    lowest = min(far.min(), columns.sides[Match.LEAST].limits.min() if both else np.inf)
    if strip.max() >= lowest:                           # in most tiles nobody is so far
        passed |= np.greater_equal(strip, far[:, None], out=more)
        if both:
            passed |= np.greater_equal(strip, columns.sides[Match.LEAST].limits, out=more)


def _sorted_out(hits, rows, columns, both):
    """The hits by end and side, see `look_at_tile`."""
    found = {}
    for match in Match:
        compare = np.less_equal if match is Match.MOST else np.greater_equal
        found[match, False] = hits.where(compare(hits.values, rows.sides[match].limits[hits.row]))
        if both:
            found[match, True] = hits.where(compare(hits.values, columns.sides[match].limits[hits.column]))
    return found


def take_tile(found: dict[tuple, Hits], rows: Block, columns: Block):
    """Give what `look_at_tile` found to the candidates of both blocks."""
    for (match, side), hits in found.items():
        if side:
            columns.sides[match].take(hits.column, hits.row + rows.numbers.start, hits.values)
        else:
            rows.sides[match].take(hits.row, hits.column + columns.numbers.start, hits.values)


def tile_edges(count: int) -> list[int]:
    """Where tiles begin and end: multiples of TILE, and the end."""
    return [*range(0, count, TILE), count]


def rounds_of_tiles(blocks: int) -> Iterator[list[tuple[int, int]]]:
    """All pairs of blocks once, in rounds: with the first one, and then of the others with ever more of each other.

    So the limits of all patients grow narrow at the same pace, and the tiles of a round can be looked at side by side.
    """
    yield [(0, 0)]
    yield [(block, 0) for block in range(1, blocks)]
    others = blocks - 1
    for apart in range(others // 2 + 1 if others else 0):
        half = 2 * apart == others                      # the last round of an even number would have its pairs twice
        yield [(1 + first, 1 + (first + apart) % others) for first in range(others // 2 if half else others)]
