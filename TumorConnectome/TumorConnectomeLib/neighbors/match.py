"""Which end of a neighbor list is meant, and what its distances are."""
from __future__ import annotations

from enum import Enum

COSINE_DISTANCE = "cosine distance"


class Match(Enum):
    """Which end of the neighbor list the edges show."""

    MOST = "most"
    LEAST = "least"

    def label(self) -> str:
        """What the interface shows."""
        return "Most similar" if self is Match.MOST else "Least similar"
