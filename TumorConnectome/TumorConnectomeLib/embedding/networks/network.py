"""What every network is: named parameters of fixed shapes, and a way from a crop to a vector."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np


class Network(Protocol):
    """A network without its weights."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter, as in the published state dict."""

    def encode(self, crop: np.ndarray, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """The vector of a crop: float32 (1, a, b, c) to float32 (D,)."""
