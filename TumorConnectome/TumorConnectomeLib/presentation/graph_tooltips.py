"""What the tooltips of nodes and edges say, as HTML."""
from __future__ import annotations

from collections.abc import Collection
from html import escape

import numpy as np

from ..connectome.connectome import Connectome
from ..neighbors.match import Match
from .coloring import Coloring


def node_text(connectome: Connectome, coloring: Coloring, node: int) -> str:
    """Patient, category and number of connections."""
    leaving, arriving = int(connectome.out_degree[node]), int(connectome.in_degree[node])
    category = coloring.categories[coloring.codes[node]]
    return (f"<b>{escape(connectome.patient_ids[node])}</b><br>{escape(coloring.title)}: {escape(category)}<br>"
            f"{leaving + arriving} connections: {leaving} to others, {arriving} from others")


def category_text(category: str, hidden: Collection[str]) -> str:
    """What a click on the category's entry in the legend does."""
    action = "Click to show these patients in their color again" if category in hidden else "Click to gray these patients out"
    return f"<b>{escape(category)}</b><br>{action}"


def edge_text(connectome: Connectome, edge: int) -> str:
    """Both patients, rank, distance and percentile; the reverse edge, too, when there is one."""
    source, target = connectome.sources[edge], connectome.targets[edge]
    reverse = np.flatnonzero((connectome.sources == target) & (connectome.targets == source))
    return "<br>".join(_edge_line(connectome, e) for e in sorted((edge, *reverse.tolist())))


def _edge_line(connectome, edge):
    source, target = (connectome.patient_ids[ends[edge]] for ends in (connectome.sources, connectome.targets))
    return (f"{escape(source)} \u2192 {escape(target)}: rank {int(connectome.ranks[edge])}, "
            f"{escape(connectome.distance)} {distance_text(connectome.distances[edge])}, "
            f"{percentile_text(connectome.percentiles[edge], connectome.match)}")


def distance_text(distance: float) -> str:
    """Four decimals, or more where they would say little: some models have all patients within 0.0074."""
    return f"{distance:.4f}" if distance >= 0.01 else f"{distance:.6f}"


def percentile_text(percentile: float, match: Match) -> str:
    """"closer than 99.6 % of pairs", or, among the least similar, "farther than 99.6 % of pairs"."""
    if match is Match.LEAST:
        return f"farther than {_one_decimal(100 - percentile)} % of pairs"
    return f"closer than {_one_decimal(percentile)} % of pairs"


def _one_decimal(percent):
    """Rounded down, so that 100 % is said of no pair but one that has every other behind it."""
    return f"{np.floor(round(float(percent) * 10, 6)) / 10:.1f}"
