"""What stands beside an embedded tumor: how much a shifted point changes such vectors, and whether they were checked."""
from __future__ import annotations

from dataclasses import dataclass

from ..connectome.stability import Stability


@dataclass(frozen=True)
class Shift:
    """What pairs of published rows of one series, a distance apart, say about a model.

    Parameters
    ----------
    shift : str
        Range of distances between the two points.
    pairs : int
    distance : float
        Median cosine distance between the two vectors.
    own_percent : int
        Percent of the pairs in which the patient's own other vector is nearer than any other patient's.
    """

    shift: str
    pairs: int
    distance: float
    own_percent: int


_RANGES = (("less than 3 mm", 23), ("3 to 6 mm", 12), ("6 to 12 mm", 22))
#: model -> median distance to the nearest other patient; (median distance, percent) for each of these ranges
_MEASURED = {
    "CTFM": (0.074, (0.0045, 100), (0.0105, 100), (0.027, 95)),
    "VISTA3D": (0.087, (0.012, 100), (0.038, 100), (0.079, 82)),
    "SUPREME": (0.0011, (0.0002, 100), (0.0005, 100), (0.0008, 91)),
    "PASTA": (0.020, (0.0052, 100), (0.0099, 100), (0.023, 45)),
    "Merlin": (0.197, (0.12, 96), (0.22, 58), (0.19, 36)),
    "CTClipVit": (0.058, (0.019, 100), (0.037, 50), (0.060, 55)),
}


def shifts_of(model: str) -> tuple[float, tuple[Shift, ...]] | None:
    """Median distance to the nearest other patient and what shifts do, of a published model; None where it was not measured."""
    found = next((values for name, values in _MEASURED.items() if name.lower() == model.lower()), None)
    if found is None:
        return None
    nearest, *measured = found
    return nearest, tuple(Shift(shift, pairs, distance, percent)
                          for (shift, pairs), (distance, percent) in zip(_RANGES, measured))


def stability_text(found: Stability) -> str:
    """One sentence or two about the neighbors of points around the tumor's own."""
    mean = sum(found.kept) / len(found.kept)
    return (f"Of its {found.k} nearest patients {mean:.1f} on average ({found.kept[0]} to {found.kept[-1]}) stay when the "
            f"point is moved by 3 mm along one or more axes ({found.points} points around it); the nearest one stays in "
            f"{100 * found.nearest_kept:.0f} %. Median distance of these vectors to its own: {found.median_distance:.2g}; "
            f"to the nearest patient: {found.nearest_distance:.2g}.")
