"""Rankings of very many patients: short lists by the neighbor search, all distances of only those queries that need them."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..neighbors.blocked_neighbors import blocked_neighbors
from ..neighbors.exact_cosine import distances_of_parts, split
from ..neighbors.match import Match
from .ranking import Ranking, RankingBuilder

#: distances in memory at once
_BLOCK_ELEMENTS = 1 << 22
#: vectors that are split at once
_SPLIT_ROWS = 4096
#: a group of patients that is short of targets in more lists than this share is searched by itself
_SHORT = 0.02


def searched_rankings(embedding: np.ndarray, groups: Sequence[np.ndarray], k: int, sampled: np.ndarray, *,
                      source: str = "embedding") -> list[Ranking]:
    """As `ranking.rankings` from all cosine distances, which are never made.

    Parameters
    ----------
    embedding : np.ndarray
        Shape (N, D), any float type.
    groups, k, sampled
        As of `ranking.rankings`; k is much smaller than N.
    source : str
        Name used in error messages.

    Raises
    ------
    InputError
        A vector has no direction.
    """
    count = len(embedding)
    made = [RankingBuilder(rows, k, sampled) for rows in groups]
    # where some patients are left out, a list has to go deeper to hold enough of the others
    depth = min(count - 1, k + 1 if all(len(rows) == count for rows in groups) else 2 * k + 8)
    lists, fixed_of = blocked_neighbors(embedding, depth, source=source)
    whole = np.isin(np.arange(count), sampled)
    for rows, builder in zip(groups, made):
        if builder.width > 0:
            whole[builder.add_lists(*_lists_among(embedding, rows, builder.width, lists[Match.MOST], source))] = True
    del lists
    high, low = np.empty((2, *embedding.shape))
    for first in range(0, count, _SPLIT_ROWS):          # never all vectors a third time
        some = np.arange(first, min(count, first + _SPLIT_ROWS))
        high[some], low[some] = split(fixed_of(some))
    del fixed_of
    queries = np.flatnonzero(whole)
    step = max(1, _BLOCK_ELEMENTS // count)
    for first in range(0, len(queries), step):
        some = queries[first:first + step]
        block = distances_of_parts(high[some], low[some], high, low)
        for builder in made:
            builder.add(some, block)
    return [builder.ranking() for builder in made]


def _lists_among(embedding, rows, width, lists, source):
    """The first `width` targets among the patients `rows`, by their place among these, and distances, NaN where too few."""
    nearest, distances = lists
    if len(rows) == len(embedding):
        return nearest[:, :width], distances[:, :width]
    place = np.full(len(embedding), -1)
    place[rows] = np.arange(len(rows))
    own = place[nearest[rows]]
    short = np.count_nonzero(own >= 0, axis=1) < width
    if short.mean() > _SHORT:
        return blocked_neighbors(embedding[rows], width, source=source)[0][Match.MOST]
    first = np.argsort(own < 0, axis=1, kind="stable")[:, :width]
    found = np.take_along_axis(distances[rows], first, axis=1)
    found[short] = np.nan
    return np.take_along_axis(own, first, axis=1), found
