"""The connectome view: a widget that shows a connectome and tells what the user points at."""
from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import qt

from ..connectome.connectome import Connectome
from ..presentation.coloring import Coloring
from .graph_canvas import GraphCanvas
from .graph_state import EDGE_MODES
from .keys import action_of
from .movement import Movement, Pointing
from .path_marks import PathMark
from .query_mark import QueryMark
from .theme import Theme, pen
from .view_actions import Mouse, ViewActions, point_of

_CALLBACKS = ("onClicked", "onDoubleClicked", "onHovered", "onCompared", "onGroup", "onCategoriesChanged", "onKeyAction")


class ConnectomeView(qt.QWidget):
    """Nodes are patients, arrows lead to their most (or least) similar patients.

    The mouse and the keys are described in `keys.GESTURES` and `keys.BINDINGS`. Callbacks tell what the user does; the
    methods never call back.

    Parameters
    ----------
    translate : callable
        Translates interface text.

    Attributes
    ----------
    onClicked, onDoubleClicked : callable
        Called with the patient id that the user has selected (None: released), and with one that was double-clicked.
    onHovered : callable
        Called with the patient id under the pointer, or None.
    onCompared : callable
        Called with the patient id that the arrow keys have marked, or None when Escape has cleared the mark.
    onGroup : callable
        Called with the list of patient ids inside a lasso; empty when the group was cleared.
    onCategoriesChanged : callable
        Called with the set of hidden categories after one was switched in the legend.
    onKeyAction : callable
        Called with "load", "compare", "nextModel", "search" or "help" when its key was pressed.
    """

    def __init__(self, translate=lambda text: text, parent=None):
        super().__init__(parent)
        self._canvas, self._nodeInfo = GraphCanvas(translate=translate), None
        self._forgetCallbacks()
        self._movement = Movement(self, self._canvas)
        self._actions = ViewActions(self, self._canvas, self._movement)
        self._mouse = Mouse(self._canvas, self._actions)
        self._pointing = Pointing(self, self._canvas, self.tooltipAt, self._actions.hover)
        self.setMouseTracking(True)
        self.setFocusPolicy(qt.Qt.StrongFocus)
        self.setMinimumSize(200, 160)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Expanding)
        self._readSurface()
        self.setEmptyText(translate("No cohort is loaded."))

    def cleanup(self):
        """Stop all timers and let go of the callbacks, before the view is deleted."""
        self._pointing.cleanup()
        self._movement.cleanup()
        self._forgetCallbacks()
        self._nodeInfo = None

    def _forgetCallbacks(self):
        for name in _CALLBACKS:
            setattr(self, name, lambda value: None)

    # ---- what is shown

    @property
    def canvas(self) -> GraphCanvas:
        """What the view draws, for pictures of it (see `graph_export`)."""
        return self._canvas

    def setConnectome(self, connectome: Connectome | None, coloring: Coloring | None, animate: bool = False):
        """Show a connectome.

        Selection, mark and group stay as far as their patients are in the new one. With the same patients zoom, place and
        filter stay, and if `animate` the nodes glide to their new places in 0.5 s, from wherever they are now; other
        patients are fitted into the view. Hidden categories stay until a coloring has another title.

        Raises
        ------
        InputError
            The coloring has another number of patients.
        """
        start = self._canvas.pose_of(connectome)
        self._canvas.set_connectome(connectome, coloring)
        self._movement.stop()
        self._mouse.cancel()
        if start is None:
            self._canvas.viewport.fit()
        elif animate:
            self._movement.glide(start)
        self._changed()

    def setColoring(self, coloring: Coloring):
        """Color the patients by another facet, whose categories are all shown."""
        self._canvas.state.set_coloring(coloring)
        self._relabel()

    def setAnimated(self, animated: bool):
        """Whether nodes glide to new places, or are there at once."""
        self._movement.animated = bool(animated)
        if not animated:
            self._movement.finish()
            self.update()

    def setEdgeMode(self, mode: str):
        """Draw "all" edges, those of the "selection" (and inside the group), or "none": a map of the patients."""
        if mode not in EDGE_MODES:
            raise ValueError(f"edge mode {mode!r}: expected one of {EDGE_MODES}")
        self._canvas.state.edge_mode = mode
        self._relabel()

    def setFilter(self, patients: np.ndarray | Iterable[str] | None):
        """Gray all patients but these (ids, or bool of shape (N,) in the connectome's order); None ends the filter.

        Raises
        ------
        InputError
            A bool array of another length.
        """
        self._canvas.state.set_filter(patients)
        self._relabel()

    @property
    def hiddenCategories(self) -> set[str]:
        """Categories whose patients are grayed."""
        return set(self._canvas.state.hidden)

    def setHiddenCategories(self, categories: Iterable[str]):
        """Gray the patients of these categories; names that the coloring does not have are kept for another one."""
        self._canvas.state.hidden = categories
        self._relabel()

    @property
    def group(self) -> list[str]:
        """Patients of the group, in the connectome's order."""
        return list(self._canvas.state.group)

    def setGroup(self, patientIds: Iterable[str]):
        """Make these patients the group (dark or light rings, edges between them stand out); unknown ids are left out."""
        self._canvas.state.group = patientIds
        self._marked()

    @property
    def selected(self) -> str | None:
        """The selected patient."""
        return self._canvas.state.selected

    @property
    def compared(self) -> str | None:
        """The compared patient."""
        return self._canvas.state.compared

    def setSelected(self, patientId: str | None):
        """Select a patient (gold ring, neighbors labeled); unknown ids and None select nobody."""
        self._canvas.state.selected = patientId if self._canvas.state.node_of(patientId) is not None else None
        self._marked()

    def setCompared(self, patientId: str | None):
        """Mark the patient compared with the selected one (blue ring); unknown ids and None mark nobody."""
        self._canvas.state.compared = patientId if self._canvas.state.node_of(patientId) is not None else None
        self.describe()
        self.update()

    def setQuery(self, mark: QueryMark | None):
        """Mark a new patient's place (a diamond with lines to its neighbors), or nothing."""
        if mark != self._canvas.state.query:            # a new frame for nothing would be felt in a large cohort
            self._canvas.state.query = mark
            self._changed()

    def setPaths(self, paths: Iterable[PathMark]):
        """Draw arrows from each scan of a patient to the next; the path of the selected patient has names."""
        if tuple(paths) != self._canvas.state.paths:
            self._canvas.state.paths = tuple(paths)
            self._relabel()

    def setNodeInfo(self, info: Callable[[str], str] | None):
        """Use `info(patientId)`, HTML (it may contain pictures), as the nodes' tooltip instead of the view's own."""
        self._nodeInfo = info

    def setTitle(self, title: str, subtitle: str = "", banner: str = ""):
        """Texts above the graph: title, a quieter second text and a banner at the right, such as "SYNTHETIC"."""
        header = self._canvas.header
        header.title, header.subtitle, header.banner = title, subtitle, banner
        self._canvas.arrange()
        self._changed()

    def setEmptyText(self, text: str):
        """Text shown while there is no connectome."""
        self._canvas.empty_text = text
        self._changed()

    def fit(self):
        """Show the whole graph."""
        self._canvas.viewport.fit()
        self._movement.viewMoved()
        self.update()

    def zoom(self, factor: float):
        """Enlarge around the middle of the graph's area."""
        left, top, width, height = self._canvas.viewport.area
        self._actions.zoomAt(left + width / 2, top + height / 2, factor)

    def reveal(self, patientId: str):
        """Pan until a patient's node can be seen."""
        node = self._canvas.state.node_of(patientId)
        if node is not None:
            self._canvas.reveal(node)
            self.update()

    def nodeCenter(self, patientId: str) -> tuple[float, float] | None:
        """Pixel of a patient's node; None if the patient is not shown."""
        node = self._canvas.state.node_of(patientId)
        return None if node is None else tuple(self._canvas.geometry.points[node].tolist())

    def tooltipAt(self, x: float, y: float) -> str:
        """HTML of the tooltip at a pixel: of the legend's entry, the node or the edge there, else empty."""
        return self._canvas.tooltip_at(x, y, self._nodeInfo)

    # ---- events

    def paintEvent(self, event):
        self._readSurface()
        painter = qt.QPainter(self)
        try:
            self._canvas.paint(painter)
            if self.hasFocus():
                painter.setBrush(qt.QBrush())
                painter.setPen(pen(self.palette.color(qt.QPalette.Highlight), 1.0))
                painter.drawRect(qt.QRectF(0.5, 0.5, self.width - 1.0, self.height - 1.0))
        finally:
            painter.end()

    def resizeEvent(self, event):
        self._readSurface()

    def mousePressEvent(self, event):
        if event.button() == qt.Qt.LeftButton:
            self._mouse.press(point_of(event), bool(event.modifiers() & qt.Qt.ShiftModifier))
            self._pointing.stop()

    def mouseMoveEvent(self, event):
        if self._mouse.pressed:
            self._mouse.move(point_of(event))
        else:
            self._pointing.moveTo(point_of(event))

    def mouseReleaseEvent(self, event):
        if self._mouse.pressed and event.button() == qt.Qt.LeftButton:
            self._mouse.release(point_of(event))

    def mouseDoubleClickEvent(self, event):
        if event.button() != qt.Qt.LeftButton:
            return
        point = point_of(event)
        patientId, category = self._canvas.patient_at(*point), self._canvas.category_at(*point)
        if category is not None:
            self._actions.toggleCategory(category)
        elif patientId is not None:
            self.onDoubleClicked(patientId)
        elif not self._canvas.covers(*point):
            self._actions.select(None)

    def wheelEvent(self, event):
        event.accept()
        at = event.position()
        self._actions.turnWheel(at.x(), at.y(), event.angleDelta().y() / 120.0)

    def leaveEvent(self, event):
        self._pointing.leave()

    def keyPressEvent(self, event):
        action = action_of(event)
        if action == "clear" and self._mouse.drawing:
            self._mouse.cancel()
            self.update()
        elif action is None or not self._actions.perform(action):
            event.ignore()

    # ---- changes

    def describe(self):
        """Tell people who do not see the view what it shows."""
        self.setAccessibleDescription(self._canvas.description)

    def _relabel(self):
        self._canvas.relabel()
        self.describe()
        self.update()

    def _marked(self):
        self._canvas.remark()
        self.describe()
        self.update()

    def _changed(self):
        self._canvas.refresh()
        self.describe()
        self.update()

    def _readSurface(self):
        theme = Theme.of_palette(self.palette)
        self._canvas.set_surface(self.width, self.height, self.devicePixelRatioF(), self.font, theme)
