"""How the images of patients are arranged and windowed: the choices, without the views."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

#: places of patients in the views, as views are called in saved scenes; MATCH: the neighbor that is compared with the query
QUERY, MATCH = "Query", "Match"
NEIGHBORS = ("Neighbor1", "Neighbor2", "Neighbor3", "Neighbor4", "Neighbor5")
ORIENTATIONS = ("Axial", "Coronal", "Sagittal")


class ImageViews(Enum):
    """Which views of which patients fill the window."""

    ONE = "one"
    PAIR = "pair"
    SIX = "six"
    FLICKER = "flicker"

    def label(self) -> str:
        """What the interface shows."""
        return {"one": "One patient", "pair": "Query and neighbor side by side", "six": "Query and five neighbors, axial",
                "flicker": "Query and neighbor taking turns"}[self.value]

    @property
    def places(self) -> tuple[str, ...]:
        """The places of the patients that are shown, the query first."""
        return {ImageViews.ONE: (QUERY,), ImageViews.SIX: (QUERY, *NEIGHBORS)}.get(self, (QUERY, MATCH))

    @property
    def framed_places(self) -> tuple[str, ...]:
        """The places that have views of their own: in FLICKER both patients take turns in those of the query."""
        return (QUERY,) if self is ImageViews.FLICKER else self.places

    @property
    def orientations(self) -> tuple[str, ...]:
        """The slice views of each framed place."""
        return ORIENTATIONS[:1] if self is ImageViews.SIX else ORIENTATIONS

    @property
    def in_3d(self) -> bool:
        """Whether each framed place has a 3D view, too."""
        return self is not ImageViews.SIX


@dataclass(frozen=True)
class CTWindow:
    """Which Hounsfield units are shown from black to white.

    Parameters
    ----------
    name : str
        What the interface calls it; "" for one that the user set.
    width_hu, level_hu : float
        Width and center in HU.
    """

    name: str
    width_hu: float
    level_hu: float

    def __str__(self):
        return f"W {self.width_hu:.0f} L {self.level_hu:.0f} HU".replace("L -", "L \N{MINUS SIGN}")


#: usual window settings of chest CT
LUNG, MEDIASTINUM, BONE = CTWindow("Lung", 1500, -600), CTWindow("Mediastinum", 350, 50), CTWindow("Bone", 1800, 400)
WINDOWS = (LUNG, MEDIASTINUM, BONE)


def window_of(width_hu: float, level_hu: float) -> CTWindow:
    """The preset with this width and center, or one without a name."""
    return next((window for window in WINDOWS if (window.width_hu, window.level_hu) == (width_hu, level_hu)),
                CTWindow("", width_hu, level_hu))
