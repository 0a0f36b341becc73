"""What the view shows and what stands out in it. Pure numpy; no pixels beyond the geometry."""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..base.errors import InputError
from ..connectome.connectome import Connectome
from ..presentation.coloring import Coloring
from .graph_geometry import GraphGeometry

#: which edges are drawn: all, those of the selected patient and inside the group, none
EDGE_MODES = ("all", "selection", "none")


class GraphState:
    """Patients are named by id, so that what stands out survives a change of the connectome.

    Attributes
    ----------
    geometry : GraphGeometry or None
        None while there is nothing to show.
    coloring : Coloring or None
    selected, compared, hovered : str or None
        Patients with a ring, and the one under the pointer.
    edge_mode : str
        One of EDGE_MODES.
    query : query_mark.QueryMark or None
        A new patient's vector that is marked among the patients.
    paths : tuple of path_marks.PathMark
        Scans of patients in order of time, drawn as arrows.
    """

    def __init__(self):
        self.geometry: GraphGeometry | None = None
        self.coloring: Coloring | None = None
        self.selected = self.compared = self.hovered = None
        self.edge_mode, self.query, self.paths = EDGE_MODES[0], None, ()
        self._group: tuple[str, ...] = ()
        self._hidden: frozenset[str] = frozenset()
        self._kept: frozenset[str] | None = None
        self._lit = self._inside = None

    def copy(self) -> GraphState:
        """The same state with its own geometry, without a hovered patient."""
        other = GraphState()
        vars(other).update(vars(self), hovered=None)
        if self.geometry is not None:
            other.geometry = GraphGeometry(self.geometry.connectome)
            other.geometry.positions = self.geometry.positions.copy()
        return other

    # ---- content

    def set_connectome(self, connectome: Connectome | None, coloring: Coloring | None):
        """Show another graph; None, or a graph without patients, shows nothing.

        With other patients the filter is dropped; whoever is not in the new graph is neither selected nor in the group.

        Raises
        ------
        InputError
            The coloring has another number of patients.
        """
        if connectome is None or not connectome.patient_ids:
            self.geometry = self.coloring = None
        else:
            _check_fit(coloring, len(connectome.patient_ids), connectome.model)
            if self.geometry is not None and set(connectome.patient_ids) != set(self.geometry.connectome.patient_ids):
                self._kept = None
            self._use_coloring(coloring)
            self.geometry = GraphGeometry(connectome)
        self._lit = self._inside = None
        for name in ("selected", "compared", "hovered"):
            if self.node_of(getattr(self, name)) is None:
                setattr(self, name, None)
        self._group = tuple(patient for patient in self._group if self.node_of(patient) is not None)

    def set_coloring(self, coloring: Coloring):
        """Recolor the graph; the categories of another facet are all shown."""
        if self.geometry is None:
            return
        _check_fit(coloring, len(self.geometry.points), coloring.title)
        self._use_coloring(coloring)
        self._lit = None

    def _use_coloring(self, coloring):
        if self.coloring is not None and coloring.title != self.coloring.title:
            self._hidden = frozenset()
        self.coloring = coloring

    def node_of(self, patient_id: str | None) -> int | None:
        """Node of a patient, None if there is none."""
        return self.geometry.index_of(patient_id) if self.geometry is not None else None

    # ---- what is grayed

    @property
    def hidden(self) -> frozenset[str]:
        """Categories whose patients are grayed."""
        return self._hidden

    @hidden.setter
    def hidden(self, categories: Iterable[str]):
        self._hidden, self._lit = frozenset(categories), None

    @property
    def filtered(self) -> bool:
        """Whether there is a filter."""
        return self._kept is not None

    def set_filter(self, patients: np.ndarray | Iterable[str] | None):
        """Gray all patients but these: ids, or bool of shape (N,) in the connectome's order; None grays nobody.

        Raises
        ------
        InputError
            A bool array of another length.
        """
        values = patients if isinstance(patients, (np.ndarray, type(None))) else list(patients)
        if values is not None and len(values) and isinstance(values[0], (bool, np.bool_)):
            ids = self.geometry.connectome.patient_ids if self.geometry is not None else ()
            if len(values) != len(ids):
                raise InputError(f"the filter has {len(values)} values", expected=f"{len(ids)}, one per patient")
            values = [ids[node] for node in np.flatnonzero(values)]
        self._kept, self._lit = None if values is None else frozenset(map(str, values)), None

    @property
    def kept(self) -> np.ndarray:
        """Whether each patient passes the filter: bool, (N,)."""
        ids = self.geometry.connectome.patient_ids
        if self._kept is None:
            return np.ones(len(ids), bool)
        return np.fromiter((patient in self._kept for patient in ids), bool, len(ids))

    @property
    def lit(self) -> np.ndarray:
        """Whether each node has its color: not of a hidden category, and passed by the filter: bool, (N,)."""
        if self._lit is None:
            hidden = [name in self._hidden for name in self.coloring.categories]
            self._lit = ~np.array(hidden, bool)[self.coloring.codes] & self.kept
        return self._lit

    def category_counts(self) -> list[str]:
        """Patients per category as text: "153", or with a filter "20 of 153"."""
        if not self.filtered:
            return [str(int(count)) for count in self.coloring.counts]
        kept = np.bincount(self.coloring.codes[self.kept], minlength=len(self.coloring.categories))
        return [f"{int(n)} of {int(m)}" for n, m in zip(kept, self.coloring.counts)]

    # ---- group and edges

    @property
    def group(self) -> tuple[str, ...]:
        """Patients of the group, in the connectome's order."""
        return self._group

    @group.setter
    def group(self, patients: Iterable[str]):
        nodes = {self.node_of(patient) for patient in patients} - {None}
        self._group = tuple(self.geometry.connectome.patient_ids[node] for node in sorted(nodes)) if nodes else ()
        self._inside = None

    def group_nodes(self) -> np.ndarray:
        """Nodes of the group: int64, ascending."""
        return np.array([self.node_of(patient) for patient in self._group], np.int64)

    def strong_edges(self) -> np.ndarray:
        """Edges that stand out: of the selected patient and inside the group: int64, ascending."""
        if self._inside is None:
            member, graph = np.zeros(len(self.geometry.points), bool), self.geometry.connectome
            member[self.group_nodes()] = True
            self._inside = np.flatnonzero(member[graph.sources] & member[graph.targets])
        node = self.node_of(self.selected)
        return self._inside if node is None else np.union1d(self._inside, self.geometry.edges_of(node))

    def step(self, by: int) -> str | None:
        """The patient `by` ranks after the compared one in the selected patient's list; it stops at both ends.

        From outside the list the first step down leads to its first, up to its last patient. None without a list.
        """
        node = self.node_of(self.selected)
        if node is None:
            return None
        ordered = self.geometry.neighbors_by_rank(node).tolist()
        if not ordered:
            return None
        compared = self.node_of(self.compared)
        if compared in ordered:
            place = min(max(ordered.index(compared) + by, 0), len(ordered) - 1)
        else:
            place = 0 if by > 0 else -1
        return self.geometry.connectome.patient_ids[ordered[place]]

    def describe(self, empty_text: str, translate=lambda text: text) -> str:
        """What is shown, in words, for people who do not see it."""
        if self.geometry is None:
            return empty_text
        graph, _ = self.geometry.connectome, translate
        parts = [_("{n} patients, {edges} connections by {model}.").format(
            n=len(graph.patient_ids), edges=len(graph.sources), model=graph.model)]
        if not self.lit.all():
            parts.append(_("{n} patients are grayed.").format(n=int((~self.lit).sum())))
        if self._hidden & set(self.coloring.categories):
            names = ", ".join(name for name in self.coloring.categories if name in self._hidden)
            parts.append(_("Hidden: {names}.").format(names=names))
        if self._group:
            parts.append(_("Group: {n} patients.").format(n=len(self._group)))
        if self.selected is not None:
            parts.append(_("Selected: {id}.").format(id=self.selected))
        if self.compared is not None:
            parts.append(_("Compared: {id}.").format(id=self.compared))
        if self.paths:
            parts.append(_("Paths of {n} patients from scan to scan.").format(n=len(self.paths)))
        if self.query is not None:
            parts.append(_("Query {label}: {names}.").format(label=self.query.label, names=", ".join(self.query.neighbors)))
        return " ".join(parts)


def _check_fit(coloring, count, source):
    if coloring is None or len(coloring.codes) != count:
        raise InputError("the coloring does not fit the connectome", source=source,
                         expected=f"a category for each of the {count} patients")
