"""Controls that stand in the same table as the facets: one that nothing can predict, one that every model should see."""
from __future__ import annotations

import numpy as np

from ..cohort.cohort import Facet

#: key of the negative control
RANDOM = "random"
#: key of the positive control: embeddings of a tumor with its surroundings differ strongly between left and right
BODY_SIDE = "body_side"

TESTED, POSITIVE_CONTROL, NEGATIVE_CONTROL = "tested", "positive control", "negative control"


def random_facet(count: int, seed: int) -> Facet:
    """Two equally large groups of `count` patients at random; the same seed gives the same groups."""
    codes = np.random.default_rng([seed, 2]).permutation(np.arange(count) % 2)
    note = f"Negative control: patients assigned at random, seed {seed}."
    return Facet(RANDOM, "Random groups", ("A", "B"), codes, note=note)


def role_of(key: str) -> str:
    """What the facet with this key stands for in the table."""
    return {RANDOM: NEGATIVE_CONTROL, BODY_SIDE: POSITIVE_CONTROL}.get(key, TESTED)
