"""Where the patients of the graph are placed: neighbor layout, PCA, t-SNE or UMAP, each with its quality; made by a worker."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from slicer.i18n import tr as _

from ..base.errors import InputError
from ..base.files import default_cache_folder
from ..layout.map_file import map_path, read_map
from ..layout.map_quality import MapQuality
from ..layout.maps import MapKind
from ..work.jobs import PythonJob
from ..work.runner import LatestTask


@dataclass(frozen=True, eq=False)
class Placed:
    """A map of the patients that are shown.

    Parameters
    ----------
    kind : MapKind
        What is shown, which may be less than what was chosen.
    positions : np.ndarray
        float64, shape (N, 2).
    quality : MapQuality or None
        None until it has been measured.
    note : str
        Why it is not what was chosen; "" if it is.
    """

    kind: MapKind
    positions: np.ndarray
    quality: MapQuality | None = None
    note: str = ""

    def text(self) -> str:
        """The map and its quality in one line."""
        if self.quality is None or np.isnan(self.quality.recall):
            return _(self.kind.label())
        return _("{map}: trustworthiness {t:.2f}, continuity {c:.2f}, neighbor recall {r:.2f} ({k} nearest)").format(
            map=_(self.kind.label()), t=self.quality.trustworthiness, c=self.quality.continuity, r=self.quality.recall,
            k=self.quality.k)


def map_sequence(path: str, count: int, repair, model: str, kind: MapKind):
    """Jobs that leave a map of `count` patients in the cache; returns what `read_map` reads there."""
    found = yield PythonJob(_("Map of the patients"), "map", "--cache", default_cache_folder(), "--prepared", path, "--repair",
                            repair.value, "--model", model, "--map", kind.value)
    return read_map(found["path"], count)


class MapPositions:
    """Gives the map that can be shown at once, and has the wanted one made; one request at a time.

    Parameters
    ----------
    runner : JobRunner
    status : StatusLine
    onReady : callable
        Called without arguments when something that was missing has come, or will not come.
    """

    def __init__(self, runner, status, onReady):
        self._work, self._status, self._onReady = LatestTask(runner, status), status, onReady
        self._path, self._count, self._wanted = "", 0, None
        self._found, self._failed = {}, set()

    @property
    def busy(self):
        """Whether a map is being made or measured."""
        return self._work.busy

    def setPrepared(self, prepared, path: str):
        """Start from another cohort."""
        self.cancel()
        self._path, self._count, self._found, self._failed = path, len(prepared.cohort.patients), {}, set()

    def cancel(self):
        """Stop what is being made, and call nobody."""
        self._wanted = None
        self._work.cancel()

    def choose(self, shown, kind: MapKind) -> Placed:
        """The wanted map of what is shown (see `derived_analyses.Shown`), or, until that has been made, the neighbor layout."""
        note = ""
        if kind is not MapKind.NEIGHBORS and shown.model not in shown.analyses:
            note = _("{model} has neighbor lists, but no embedding of its own: it has the neighbor layout only.").format(
                model=shown.model)
            kind = MapKind.NEIGHBORS
        key = shown.repair, shown.model, kind
        found = self._found.get(key) or self._cached(key)
        if found is not None:
            if self.busy:
                self.cancel()
            return Placed(kind, found[0] if kind is not MapKind.NEIGHBORS else shown.analysis.positions, found[1], note)
        if key not in self._failed:
            self._request(key)
        layout = self._found.get((shown.repair, shown.model, MapKind.NEIGHBORS))
        return Placed(MapKind.NEIGHBORS, shown.analysis.positions, layout[1] if layout else None, note)

    def _cached(self, key):
        """A map that the cache has; None if it has not, or a file of no use, which the worker makes anew."""
        repair, model, kind = key
        path = map_path(default_cache_folder(), self._path, repair.value, model, kind.value)
        if key in self._failed or not path.exists():
            return None
        try:
            self._found[key] = read_map(path, self._count)
        except InputError:
            return None
        return self._found[key]

    def _request(self, key):
        if key == self._wanted:
            return
        self.cancel()
        self._wanted = key

        def again():
            self._failed.discard(key)
            self._onReady()

        def done(found):
            self._found[key], self._wanted = found, None
            self._status.done("")
            self._onReady()

        def failed(error):
            self._failed.add(key)
            self._wanted = None
            self._onReady()

        # measuring the layout in the background is not worth a word
        self._work.run(map_sequence(self._path, self._count, *key), done, failed, again,
                       watched=key[2] is not MapKind.NEIGHBORS)
