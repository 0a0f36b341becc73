"""The picture of a connectome with title, legend, rings and labels, on any painter; no widget, no events."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import qt

from ..core.coloring import Coloring
from ..core.connectome import Connectome
from ..core.errors import InputError
from .graph_geometry import GraphGeometry
from .graph_labels import paint_labels, paint_ring, place, ring_box, wanted_labels
from .graph_painter import LARGE, Detail, GraphPainter
from .graph_tooltips import edge_text, node_text
from .header import Header
from .legend import Legend
from .picture import Picture
from .theme import Theme, pen
from .viewport import Viewport, home_of

#: room between the outermost node centers and the border of the area, for discs and labels
_INSET = 34.0
#: opacity of the veil over all that is not the hovered neighborhood: it keeps 5 % of its color
_VEIL = 0.95
#: pixels per label of a hub: more of them would hide the graph
_AREA_PER_HUB = 14_000


class GraphCanvas:
    """State of what is drawn; nodes are named by patient id, so that they survive a change of the connectome.

    Attributes
    ----------
    geometry : GraphGeometry or None
        None while there is nothing to show.
    selected, compared, hovered : str or None
        Patients with a ring, and the one under the pointer.
    moving : bool
        While True the graph is drawn in less detail; a large one is the last picture, shifted and scaled.
    """

    def __init__(self):
        self.viewport, self.header, self.legend = Viewport(), Header(), Legend()
        self.geometry = self.selected = self.compared = self.hovered = None
        self.moving, self.empty_text = False, ""
        self._coloring, self._theme, self._font = None, None, None
        self._size, self._ratio = (1, 1), 1.0
        self._picture, self._revision = Picture(), 0

    @property
    def large(self) -> bool:
        """Whether the graph is too large to be drawn anew in every frame."""
        return self.geometry is not None and len(self.geometry.points) > LARGE

    @property
    def description(self) -> str:
        """What is shown, in words."""
        if self.geometry is None:
            return self.empty_text
        graph = self.geometry.connectome
        shown = f"{len(graph.patient_ids)} patients, {len(graph.sources)} connections by {graph.model}."
        return f"{shown} Selected: {self.selected}." if self.selected is not None else shown

    def set_connectome(self, connectome: Connectome | None, coloring: Coloring | None):
        """Show another graph; both None (or a graph without patients) shows the empty text."""
        if connectome is None or not connectome.patient_ids:
            self.geometry = self._coloring = None
            self.arrange()
            return
        if coloring is None or len(coloring.codes) != len(connectome.patient_ids):
            raise InputError("the coloring does not fit the connectome", source=connectome.model,
                             expected=f"a category for each of the {len(connectome.patient_ids)} patients")
        self.geometry, self._coloring = GraphGeometry(connectome), coloring
        self.legend.set_content(coloring, connectome.match)
        self.viewport.set_node_count(len(connectome.patient_ids))
        self.viewport.set_home(home_of(self.geometry.positions))
        self.arrange()

    def set_coloring(self, coloring: Coloring):
        """Recolor the graph; dragged nodes stay where they are."""
        if len(coloring.codes) != len(self.geometry.points):
            raise InputError("the coloring does not fit the connectome", source=coloring.title,
                             expected=f"a category for each of the {len(self.geometry.points)} patients")
        self._coloring = coloring
        self.legend.set_content(coloring, self.geometry.connectome.match)
        self.arrange()

    def set_surface(self, width: int, height: int, ratio: float, font: qt.QFont, palette: qt.QPalette):
        """Tell size, device pixels per pixel, font and palette; cheap when nothing has changed."""
        theme = Theme(palette)
        known = self._theme is not None and (self._theme.key, self._font.key()) == (theme.key, font.key())
        if not known or (self._size, self._ratio) != ((width, height), ratio):
            self._size, self._ratio, self._font, self._theme = (width, height), ratio, qt.QFont(font), theme
            self.arrange()

    def arrange(self):
        """Find the places of header, legend and graph, after a text, the size or the font has changed."""
        if self._font is None:
            return
        top = self.header.tall(self._font)
        area = (0.0, top, float(self._size[0]), self._size[1] - top)
        if self.geometry is not None:
            area = self.legend.arrange(self._font, *self._size, top)
        inset = min(_INSET, 0.15 * min(area[2:]))
        self.viewport.set_area(area[0] + inset, area[1] + inset, area[2] - 2 * inset, area[3] - 2 * inset)
        self.refresh()

    def move_nodes(self, positions: np.ndarray, home: np.ndarray):
        """Put the nodes to layout positions (N, 2), with the viewport's home box (2, 2)."""
        self.geometry.positions = positions
        self.viewport.set_home(home)
        self.refresh()

    def refresh(self):
        """Draw anew next time: nodes, selection or viewport have changed."""
        self._revision += 1
        if self.geometry is not None:
            self.geometry.project(self.viewport)

    def shift_view(self):
        """Follow a viewport that was panned or zoomed."""
        if self.geometry is not None:
            self.geometry.project(self.viewport)

    def node_of(self, patient_id: str | None) -> int | None:
        """Node of a patient, None if there is none."""
        return self.geometry.index_of(patient_id) if self.geometry is not None else None

    def places_of(self, connectome: Connectome | None) -> np.ndarray | None:
        """Where the patients of another connectome are now, and the viewport's home box: shape (N + 2, 2).

        None if they are not the patients shown.
        """
        if self.geometry is None or connectome is None:
            return None
        patients = connectome.patient_ids
        if set(patients) != set(self.geometry.connectome.patient_ids):
            return None
        return np.vstack([self.geometry.positions[[self.node_of(patient) for patient in patients]], self.viewport.home])

    def patient_at(self, x: float, y: float) -> str | None:
        """Patient whose node is under a pixel."""
        node = None if self.geometry is None or self.covers(x, y) else self.geometry.node_at(x, y)
        return None if node is None else self.geometry.connectome.patient_ids[node]

    def tooltip_at(self, x: float, y: float, node_info: Callable[[str], str] | None) -> str:
        """HTML for a pixel: of the node there (by `node_info` of its patient, if given), else of an edge, else empty."""
        if self.geometry is None or self.covers(x, y):
            return ""
        graph, node = self.geometry.connectome, self.geometry.node_at(x, y)
        if node is not None:
            return node_info(graph.patient_ids[node]) if node_info else node_text(graph, self._coloring, node)
        edge = self._edge_at(x, y)
        return "" if edge is None else edge_text(graph, edge)

    def covers(self, x: float, y: float) -> bool:
        """Whether the header or the legend lies over a pixel."""
        if self._font is not None and y < self.header.tall(self._font):
            return True
        if self.legend.rect is None or self.geometry is None:
            return False
        left, top, width, height = self.legend.rect
        return left <= x <= left + width and top <= y <= top + height

    def placed_labels(self) -> list:
        """(Label, (x, y, width, height)) of every label drawn."""
        if self.geometry is None:
            return []
        selected, compared, hovered = map(self.node_of, (self.selected, self.compared, self.hovered))
        width, height = self._size
        top = self.header.tall(self._font)
        labels = wanted_labels(self.geometry, selected, compared, hovered, int(width * height / _AREA_PER_HUB))
        obstacles = [ring_box(self.geometry, node) for node in (selected, compared) if node is not None]
        if self.legend.rect is not None:
            obstacles.append(self.legend.rect)
        return place(self.geometry, labels, self._font, (2.0, top, width - 4.0, height - top - 2.0), obstacles)

    def paint(self, painter: qt.QPainter):
        """Draw everything."""
        theme, (width, height) = self._theme, self._size
        if self.geometry is None:
            painter.fillRect(qt.QRectF(0.0, 0.0, float(width), float(height)), qt.QBrush(theme.background))
            self._paint_empty(painter)
        else:
            self._paint_graph(painter)
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        self.header.paint(painter, self._font, theme, width)

    def _edge_at(self, x, y):
        """Edge near a pixel, or None; those of the selected patient come first."""
        selected = self.node_of(self.selected)
        if selected is not None:
            found = self.geometry.edge_at(x, y, self.geometry.edges_of(selected))
            if found is not None:
                return found
        detail = Detail.of(len(self.geometry.points), moving=False)
        return self.geometry.edge_at(x, y, self.geometry.visible_edges(*self._size, detail.edge_limit))

    def _paint_graph(self, painter):
        theme = self._theme
        selected, compared, hovered = map(self.node_of, (self.selected, self.compared, self.hovered))
        drawer = GraphPainter(self.geometry, self._coloring, theme)
        self._update_picture(drawer, selected)
        whole = qt.QRectF(0.0, 0.0, float(self._size[0]), float(self._size[1]))
        if self._picture.transform != self.viewport.transform:
            painter.fillRect(whole, qt.QBrush(theme.background))
        painter.setRenderHint(qt.QPainter.SmoothPixmapTransform, not self.moving)
        self._picture.paint(painter, self.viewport.transform)
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        if hovered is not None:
            veil = qt.QColor(theme.background)
            veil.setAlphaF(_VEIL)
            painter.fillRect(whole, qt.QBrush(veil))
            drawer.paint_neighborhood(painter, hovered)
        for node, color in ((compared, theme.compared), (selected, theme.selected)):
            if node is not None:
                paint_ring(painter, self.geometry, node, color, theme)
                drawer.paint_nodes(painter, np.array([node]))       # over a larger node that covers it
        paint_labels(painter, self.placed_labels(), self._font, theme)
        self.legend.paint(painter, self._font, theme)

    def _update_picture(self, drawer, selected):
        """Draw the picture anew if it is out of date; while a large graph moves, one that is merely elsewhere will do."""
        detail = Detail.of(len(self.geometry.points), self.moving, self._ratio)
        content, picture = (self._revision, self._size, self._ratio), self._picture
        shown = picture.content is not None and picture.content[0] == content
        if shown and self.large and self.moving:
            return
        if shown and picture.content[1] == detail and picture.transform == self.viewport.transform:
            return
        picture.render(lambda painter: drawer.paint(painter, *self._size, detail, selected), self._size, self._ratio,
                       self._theme.background, (content, detail), self.viewport.transform)

    def _paint_empty(self, painter):
        painter.setFont(self._font)
        painter.setPen(pen(self._theme.quiet, 1.0))
        margin = 20.0
        rect = qt.QRectF(margin, margin, max(self._size[0] - 2 * margin, 1.0), max(self._size[1] - 2 * margin, 1.0))
        painter.drawText(rect, int(qt.Qt.AlignCenter) | int(qt.Qt.TextWordWrap), self.empty_text)
