"""The picture of a connectome with title, legend, rings and labels, on any surface, kept as a pixmap; no widget, no events."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import qt

from ..connectome.connectome import Connectome
from ..presentation.coloring import Coloring
from ..presentation.graph_tooltips import category_text, edge_text, node_text
from .graph_geometry import Pose, Viewport, home_of
from .graph_painter import LARGE, Detail, GraphPainter, LabelPlaces, paint_labels, paint_ring, ring_box, wanted_labels
from .graph_state import GraphState
from .legend import Header, Legend
from .path_marks import paint_paths
from .query_mark import paint_query, query_boxes
from .surface import Surface
from .theme import Theme, pen

#: room between the outermost node centers and the border of the area, for discs and labels
_INSET = 34.0
#: opacity of the veil over all that is not the hovered neighborhood: it keeps 5 % of its color
_VEIL = 0.95
#: pixels per label of a hub: more of them would hide the graph
_AREA_PER_HUB = 14_000


class GraphCanvas:
    """Finds the places of everything and draws it.

    Attributes
    ----------
    state : GraphState
        What is shown; call `refresh` (or `relabel` if the legend changes too) after a change.
    moving : bool
        While True the graph is drawn in less detail; a large one is the last picture, shifted and scaled.
    lasso : list of (x, y)
        Corners in pixels of the lasso that is being drawn.
    """

    def __init__(self, state: GraphState | None = None, translate=lambda text: text):
        self._translate = translate
        self.state = GraphState() if state is None else state
        self.viewport, self.header, self.legend = Viewport(), Header(), Legend()
        self.moving, self.empty_text, self.lasso = False, "", []
        self._theme, self._font = None, None
        self._size, self._ratio = (1, 1), 1.0
        #: the whole graph; of a large one the edges, and the nodes, so that a selection can be drawn between them
        self._picture, self._edges, self._nodes = Picture(), Picture(), Picture()
        self._revision = self._marks = 0
        self._labels, self._placed = LabelPlaces(), (None, [])

    @property
    def geometry(self):
        """GraphGeometry of the state; None while there is nothing to show."""
        return self.state.geometry

    @property
    def large(self) -> bool:
        """Whether the graph is too large to be drawn anew in every frame."""
        return self.geometry is not None and len(self.geometry.points) > LARGE

    @property
    def font(self) -> qt.QFont:
        """Font of all texts."""
        return self._font

    @property
    def theme(self) -> Theme:
        """Colors in use."""
        return self._theme

    @property
    def description(self) -> str:
        """What is shown, and where the keyboard is, in words."""
        text = self.state.describe(self.empty_text, self._translate)
        cursor = self.legend.cursor
        if self.geometry is None or cursor is None:
            return text
        name = self.state.coloring.categories[cursor]
        told = self._translate("Legend: {name}, grayed." if name in self.state.hidden else "Legend: {name}, shown.")
        return f"{told.format(name=name)} {text}"

    def snapshot(self) -> GraphCanvas:
        """A canvas of the same content and place, for a picture of another size; nothing is hovered, no lasso drawn."""
        other = GraphCanvas(self.state.copy(), self._translate)
        other.empty_text = self.empty_text
        other.header.title, other.header.subtitle = self.header.title, self.header.subtitle
        other.header.banner = self.header.banner
        other.viewport.follow(self.viewport)
        if other.geometry is not None:
            other.legend.set_content(other.state)
        return other

    # ---- content and place

    def set_connectome(self, connectome: Connectome | None, coloring: Coloring | None):
        """Show another graph; both None (or a graph without patients) shows the empty text."""
        self.state.set_connectome(connectome, coloring)
        if self.geometry is not None:
            self.viewport.set_node_count(len(self.geometry.points))
            self.viewport.set_home(home_of(self.geometry.positions))
        self.relabel()

    def relabel(self):
        """Show what has changed in the state, in the legend too."""
        if self.geometry is not None:
            self.legend.set_content(self.state)
        else:
            self.legend.cursor = None
        self.arrange()

    def set_surface(self, width: int, height: int, ratio: float, font: qt.QFont, theme: Theme):
        """Tell size, device pixels per pixel, font and colors; cheap when nothing has changed."""
        known = self._theme is not None and (self._theme.key, self._font.key()) == (theme.key, font.key())
        if not known or (self._size, self._ratio) != ((width, height), ratio):
            self._size, self._ratio, self._font, self._theme = (width, height), ratio, qt.QFont(font), theme
            self.arrange()

    def arrange(self):
        """Find the places of header, legend and graph, after a text, the size or the font has changed."""
        if self._font is None:
            return
        top = self.header.arrange(self._font, self._size[0])
        area = (0.0, top, float(self._size[0]), self._size[1] - top)
        if self.geometry is not None:
            area = self.legend.arrange(self._font, *self._size, top)
        inset = min(_INSET, 0.15 * min(area[2:]))
        self.viewport.set_area(area[0] + inset, area[1] + inset, area[2] - 2 * inset, area[3] - 2 * inset)
        self.refresh()

    def reveal(self, node: int):
        """Pan until a node is inside the graph's area."""
        left, top, width, height = self.viewport.area
        x, y = self.geometry.points[node].tolist()
        dx, dy = min(max(x, left), left + width) - x, min(max(y, top), top + height) - y
        if dx or dy:
            self.viewport.pan(dx, dy)
            self.refresh()

    def pose(self) -> Pose:
        """Where the nodes are and how large, in the connectome's order."""
        return Pose(self.geometry.positions, self.geometry.diameters, self.viewport.home)

    def pose_of(self, connectome: Connectome | None) -> Pose | None:
        """The present pose of the patients of another connectome, in its order; None if they are not those shown."""
        if self.geometry is None or connectome is None:
            return None
        patients = connectome.patient_ids
        if set(patients) != set(self.geometry.connectome.patient_ids):
            return None
        nodes = [self.state.node_of(patient) for patient in patients]
        return Pose(self.geometry.positions[nodes], self.geometry.diameters[nodes], self.viewport.home)

    def move_to(self, pose: Pose):
        """Put the nodes into a pose."""
        self.geometry.positions, self.geometry.diameters = pose.positions, pose.diameters
        self.viewport.set_home(pose.home)
        self.refresh()

    def refresh(self):
        """Draw anew next time: nodes, colors or viewport have changed."""
        self._revision += 1
        self.shift_view()

    def remark(self):
        """Draw anew next time what stands out: the selection or the group has changed."""
        self._marks += 1

    def shift_view(self):
        """Follow a viewport that was panned or zoomed."""
        if self.geometry is not None:
            self.geometry.project(self.viewport)

    # ---- what is where

    def patient_at(self, x: float, y: float) -> str | None:
        """Patient whose node is under a pixel."""
        node = None if self.geometry is None or self.covers(x, y) else self.geometry.node_at(x, y)
        return None if node is None else self.geometry.connectome.patient_ids[node]

    def category_at(self, x: float, y: float) -> int | None:
        """Category whose entry in the legend is under a pixel."""
        return self.legend.category_at(x, y) if self.geometry is not None else None

    def tooltip_at(self, x: float, y: float, node_info: Callable[[str], str] | None) -> str:
        """HTML for a pixel: of the node there (by `node_info` of its patient, if given), else of an edge, else empty."""
        if self.geometry is None:
            return ""
        category = self.category_at(x, y)
        if category is not None:
            return category_text(self.state.coloring.categories[category], self.state.hidden)
        if self.covers(x, y):
            return ""
        graph, node = self.geometry.connectome, self.geometry.node_at(x, y)
        if node is not None:
            return node_info(graph.patient_ids[node]) if node_info else node_text(graph, self.state.coloring, node)
        edge = self._edge_at(x, y)
        return "" if edge is None else edge_text(graph, edge)

    def covers(self, x: float, y: float) -> bool:
        """Whether the header or the legend lies over a pixel."""
        if self._font is not None and y < self.header.arrange(self._font, self._size[0]):
            return True
        if self.legend.rect is None or self.geometry is None:
            return False
        left, top, width, height = self.legend.rect
        return left <= x <= left + width and top <= y <= top + height

    def _edge_at(self, x, y):
        """Drawn edge near a pixel, or None; those of the selection and the group come first."""
        if self.state.edge_mode == "none":
            return None
        found = self.geometry.edge_at(x, y, self.state.strong_edges())
        if found is not None:
            return found
        detail = Detail.of(len(self.geometry.points), moving=False)
        return self.geometry.edge_at(x, y, GraphPainter(self.state, self._theme).drawn_edges(*self._size, detail))

    def placed_labels(self) -> list:
        """(Label, (x, y, width, height)) of every label drawn."""
        if self.geometry is None:
            return []
        state, (width, height) = self.state, self._size
        key = (self._revision, self._marks, self.viewport.transform, self.moving, state.selected, state.compared, state.hovered,
               state.query)
        if self._placed[0] != key:
            top = self.header.arrange(self._font, width)
            labels = wanted_labels(state, int(width * height / _AREA_PER_HUB))
            rings = (state.node_of(state.selected), state.node_of(state.compared))
            obstacles = [ring_box(self.geometry, node) for node in rings if node is not None]
            if self.legend.rect is not None:
                obstacles.append(self.legend.rect)
            if state.query is not None:
                obstacles += query_boxes(self.viewport, state.query, self._font, width)
            bounds = (2.0, top, width - 4.0, height - top - 2.0)
            self._placed = key, self._labels.place(self.geometry, labels, self._font, bounds, obstacles, self.moving)
        return self._placed[1]

    # ---- drawing

    def paint(self, painter: qt.QPainter):
        """Draw everything, the graph itself from a kept picture if that is still right."""
        surface = Surface(painter)
        if self.geometry is None:
            self._paint_empty(painter)
        else:
            drawer = GraphPainter(self.state, self._theme)
            whole = (0.0, 0.0, *self._size)
            painter.setRenderHint(qt.QPainter.SmoothPixmapTransform, not self.moving)
            if self.large:
                surface.fill(whole, self._theme.background)
                self._paint_layers(painter, surface, drawer)
            else:
                self._update(self._picture, drawer.paint, self._theme.background, self._marks)
                self._picture.paint(painter, self.viewport.transform)
            hovered = self.state.node_of(self.state.hovered)
            if hovered is not None:
                veil = qt.QColor(self._theme.background)
                veil.setAlphaF(_VEIL)
                surface.fill(whole, veil)
                drawer.paint_neighborhood(surface, hovered)
            self._paint_over(surface, drawer)
        self.header.paint(surface, self._font, self._theme, self._size[0])

    def paint_new(self, surface: Surface):
        """Draw everything in full detail and without a kept picture; nothing of what only the pointer shows."""
        surface.fill((0.0, 0.0, *self._size), self._theme.background)
        if self.geometry is not None:
            drawer = GraphPainter(self.state, self._theme)
            drawer.paint(surface, *self._size, Detail())
            self._paint_over(surface, drawer)
        self.header.paint(surface, self._font, self._theme, self._size[0])

    def _paint_over(self, surface, drawer):
        theme, state = self._theme, self.state
        surface.set_smooth(True)
        if state.paths:
            drawer.paint_nodes(surface, paint_paths(surface, self.geometry, state.paths, state.selected, theme))
        if state.query is not None:
            drawer.paint_nodes(surface, paint_query(surface, self.geometry, self.viewport, state.query, self._font, theme,
                                                    self._size[0]))
        for node, color in ((state.node_of(state.compared), theme.compared), (state.node_of(state.selected), theme.selected)):
            if node is not None:
                paint_ring(surface, self.geometry, node, color, theme)
                drawer.paint_nodes(surface, np.array([node]))       # over a larger node that covers it
        paint_labels(surface, self.geometry, self.placed_labels(), self._font, theme)
        if len(self.lasso) > 1:
            surface.polygon(np.array(self.lasso), theme.lasso, theme.text, 1.2, dashed=True)
        self.legend.paint(surface, self._font, theme)

    def _paint_layers(self, painter, surface, drawer):
        """Edges, what stands out, and nodes of a large graph: only the second is drawn anew after a click."""
        clear = qt.QColor(0, 0, 0, 0)
        self._update(self._edges, drawer.paint_background_edges, clear)
        self._update(self._nodes, drawer.paint_visible_nodes, clear)
        painter.setOpacity(drawer.share_beside_strong())
        self._edges.paint(painter, self.viewport.transform)
        painter.setOpacity(1.0)
        drawer.paint_strong(surface, Detail.of(len(self.geometry.points), self.moving, self._ratio))
        self._nodes.paint(painter, self.viewport.transform)

    def _update(self, picture, paint, background, marks=None):
        """Draw a picture anew if it is out of date; while a large graph moves, one that is merely elsewhere will do."""
        detail = Detail.of(len(self.geometry.points), self.moving, self._ratio)
        content = self._revision, marks, self._size, self._ratio
        shown = picture.content is not None and picture.content[0] == content
        if shown and self.large and self.moving:
            return
        if shown and picture.content[1] == detail and picture.transform == self.viewport.transform:
            return
        picture.render(lambda painter: paint(Surface(painter), *self._size, detail), self._size, self._ratio, background,
                       (content, detail), self.viewport.transform)

    def _paint_empty(self, painter):
        painter.fillRect(qt.QRectF(0.0, 0.0, float(self._size[0]), float(self._size[1])), qt.QBrush(self._theme.background))
        painter.setFont(self._font)
        painter.setPen(pen(self._theme.quiet, 1.0))
        margin = 20.0
        rect = qt.QRectF(margin, margin, max(self._size[0] - 2 * margin, 1.0), max(self._size[1] - 2 * margin, 1.0))
        painter.drawText(rect, int(qt.Qt.AlignCenter) | int(qt.Qt.TextWordWrap), self.empty_text)


class Picture:
    """Pixmap with the state it was drawn for.

    Attributes
    ----------
    content, transform : object, tuple
        What was drawn (anything comparable) and the viewport's (scale, left, top) at that time; None before the first frame.
    """

    def __init__(self):
        self.content = self.transform = None
        self._pixmap, self._size = None, (0, 0)

    def render(self, draw, size: tuple[int, int], ratio: float, background: qt.QColor, content, transform):
        """Draw a new frame: `draw(painter)` paints `size` device-independent pixels at `ratio` device pixels each."""
        self._pixmap = qt.QPixmap(int(round(size[0] * ratio)), int(round(size[1] * ratio)))
        self._pixmap.setDevicePixelRatio(ratio)
        self._pixmap.fill(background)
        painter = qt.QPainter(self._pixmap)
        try:
            draw(painter)
        finally:
            painter.end()                       # a painter left open crashes Qt
        self._size, self.content, self.transform = size, content, transform

    def paint(self, painter: qt.QPainter, transform: tuple):
        """Draw the pixmap where the viewport's (scale, left, top) puts it now."""
        if transform == self.transform:
            painter.drawPixmap(qt.QPointF(0.0, 0.0), self._pixmap)
            return
        (scale, left, top), (old_scale, old_left, old_top) = transform, self.transform
        share = scale / old_scale
        target = qt.QRectF(left - share * old_left, top - share * old_top, self._size[0] * share, self._size[1] * share)
        source = qt.QRectF(0.0, 0.0, float(self._pixmap.width()), float(self._pixmap.height()))
        painter.drawPixmap(target, self._pixmap, source)
