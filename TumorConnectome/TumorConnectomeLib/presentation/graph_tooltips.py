"""What the tooltips of nodes and edges say, as HTML."""
from __future__ import annotations

from collections.abc import Collection
from html import escape

import numpy as np

from ..connectome.connectome import Connectome
from .coloring import Coloring
from .patient_summary import pair_text


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
    pair = pair_text(connectome.distance, connectome.distances[edge], connectome.percentiles[edge])
    return escape(f"{source} \u2192 {target}: rank {int(connectome.ranks[edge])}, {pair}")
