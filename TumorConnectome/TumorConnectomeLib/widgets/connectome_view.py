"""The connectome view: a widget that shows a connectome and tells what the user points at."""
from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import qt

from ..core.coloring import Coloring
from ..core.connectome import Connectome
from .graph_canvas import GraphCanvas
from .motion import Tween
from .pointing import Pointing, single_timer
from .theme import pen
from .viewport import home_of

_GLIDE_SECONDS = 0.5
_FRAME_MS, _SETTLE_MS = 16, 150
_WHEEL_STEP, _KEY_STEP = 1.2, 1.25
#: a press that moves less than this many pixels is a click
_CLICK_REACH = 4


class ConnectomeView(qt.QWidget):
    """Nodes are patients, arrows lead to their most (or least) similar patients.

    Mouse: click selects, double click calls `onDoubleClicked` (on the background it releases the selection), dragging moves a
    node or the picture, the wheel zooms at the pointer. Keys: Escape releases the selection, Home fits, + and - zoom.

    Attributes
    ----------
    onClicked : callable
        Called with the patient id that the user has selected, or None when they released the selection.
    onDoubleClicked : callable
        Called with a patient id.
    onHovered : callable
        Called with the patient id under the pointer, or None.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.onClicked = self.onDoubleClicked = self.onHovered = lambda patientId: None
        self._canvas, self._nodeInfo, self._tween = GraphCanvas(), None, None
        self._pressedAt = self._lastAt = self._grabbed = None
        self._dragging = False
        self._pointing = Pointing(self, self._canvas.patient_at, self.tooltipAt, self._setHovered)
        self._frameTimer = single_timer(self, self._onFrame, _FRAME_MS)
        self._settleTimer = single_timer(self, self._onSettle, _SETTLE_MS)
        self.setMouseTracking(True)
        self.setFocusPolicy(qt.Qt.StrongFocus)
        self.setMinimumSize(200, 160)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Expanding)
        self.setAccessibleName("Connectome")
        self._readSurface()
        self.setEmptyText("No cohort is loaded.")

    def cleanup(self):
        """Stop all timers and let go of the callbacks, before the view is deleted."""
        self._pointing.cleanup()
        for timer, slot in ((self._frameTimer, self._onFrame), (self._settleTimer, self._onSettle)):
            timer.stop()
            timer.disconnect("timeout()", slot)
        self.onClicked = self.onDoubleClicked = self.onHovered = lambda patientId: None
        self._nodeInfo = None

    # ---- what is shown

    def setConnectome(self, connectome: Connectome | None, coloring: Coloring | None, animate: bool = False):
        """Show a connectome.

        The selection stays if its patient is in the new one. With the same patients zoom and place stay, and if `animate`
        the nodes glide to their new places in 0.5 s; other patients are fitted into the view.

        Raises
        ------
        InputError
            The coloring has another number of patients.
        """
        canvas = self._canvas
        start = canvas.places_of(connectome)
        canvas.set_connectome(connectome, coloring)
        self._stopAnimation()
        self._grabbed = None
        if start is None:
            canvas.viewport.fit()
        elif animate:
            end = np.vstack([canvas.geometry.positions, home_of(canvas.geometry.positions)])
            self._tween = Tween(start, end, time.monotonic(), _GLIDE_SECONDS)
            self._onFrame()
        for name in ("selected", "compared", "hovered"):
            if canvas.node_of(getattr(canvas, name)) is None:
                setattr(canvas, name, None)
        self._changed()

    def setColoring(self, coloring: Coloring):
        """Color the patients by another facet."""
        self._canvas.set_coloring(coloring)
        self._changed()

    @property
    def selected(self) -> str | None:
        """The selected patient."""
        return self._canvas.selected

    @property
    def compared(self) -> str | None:
        """The compared patient."""
        return self._canvas.compared

    def setSelected(self, patientId: str | None):
        """Select a patient (gold ring, neighbors labeled) without calling back; unknown ids and None select nobody."""
        self._canvas.selected = patientId if self._canvas.node_of(patientId) is not None else None
        self._changed()

    def setCompared(self, patientId: str | None):
        """Mark the patient compared with the selected one (blue ring); unknown ids and None mark nobody."""
        self._canvas.compared = patientId if self._canvas.node_of(patientId) is not None else None
        self.update()

    def setNodeInfo(self, info: Callable[[str], str] | None):
        """Use `info(patientId)`, HTML, as the nodes' tooltip instead of the view's own."""
        self._nodeInfo = info

    def setTitle(self, title: str, subtitle: str = "", banner: str = ""):
        """Texts above the graph: title, a quieter second line and a banner at the right, such as "SYNTHETIC"."""
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
        self._viewMoved()

    def zoom(self, factor: float):
        """Enlarge around the middle of the graph's area."""
        left, top, width, height = self._canvas.viewport.area
        self._zoomAt(left + width / 2, top + height / 2, factor)

    def nodeCenter(self, patientId: str) -> tuple[float, float] | None:
        """Pixel of a patient's node; None if the patient is not shown."""
        node = self._canvas.node_of(patientId)
        return None if node is None else tuple(self._canvas.geometry.points[node].tolist())

    def tooltipAt(self, x: float, y: float) -> str:
        """HTML of the tooltip at a pixel: of the node there, else of an edge there, else empty."""
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
        point = self._pointOf(event)
        if event.button() != qt.Qt.LeftButton or self._canvas.covers(*point):
            return
        self._pressedAt = self._lastAt = point
        self._grabbed = self._canvas.patient_at(*point)
        self._pointing.stop()

    def mouseMoveEvent(self, event):
        point = self._pointOf(event)
        if self._pressedAt is None:
            self._pointing.moveTo(point)
            return
        self._dragging = self._dragging or max(abs(a - b) for a, b in zip(point, self._pressedAt)) >= _CLICK_REACH
        if self._dragging:
            self._drag(point[0] - self._lastAt[0], point[1] - self._lastAt[1])
            self._lastAt = point

    def mouseReleaseEvent(self, event):
        if self._pressedAt is None or event.button() != qt.Qt.LeftButton:
            return
        clicked, dragged = self._grabbed, self._dragging
        self._pressedAt = self._grabbed = None
        self._dragging = False
        if dragged:
            self._settleTimer.start()
        elif clicked is not None:
            self._select(clicked)

    def mouseDoubleClickEvent(self, event):
        point = self._pointOf(event)
        if event.button() != qt.Qt.LeftButton or self._canvas.covers(*point):
            return
        patientId = self._canvas.patient_at(*point)
        if patientId is not None:
            self.onDoubleClicked(patientId)
        else:
            self._select(None)

    def wheelEvent(self, event):
        event.accept()
        at = event.position()
        self._zoomAt(at.x(), at.y(), _WHEEL_STEP ** (event.angleDelta().y() / 120.0))

    def leaveEvent(self, event):
        self._pointing.leave()

    def keyPressEvent(self, event):
        key = event.key()
        if key == qt.Qt.Key_Escape and self.selected is not None:
            self._select(None)
        elif key == qt.Qt.Key_Home:
            self.fit()
        elif key in (qt.Qt.Key_Plus, qt.Qt.Key_Equal):
            self.zoom(_KEY_STEP)
        elif key == qt.Qt.Key_Minus:
            self.zoom(1 / _KEY_STEP)
        else:
            event.ignore()

    # ---- changes

    def _setHovered(self, patientId):
        self._canvas.hovered = patientId
        self.update()
        self.onHovered(patientId)

    def _select(self, patientId):
        self.setSelected(patientId)
        self.onClicked(patientId)

    def _drag(self, dx, dy):
        if self._canvas.geometry is None:
            return
        if self._grabbed is None:
            self._canvas.viewport.pan(dx, dy)
            self._viewMoved()
            return
        geometry, node = self._canvas.geometry, self._canvas.node_of(self._grabbed)
        geometry.positions[node] += np.array([dx, -dy]) / self._canvas.viewport.scale
        if self._tween is not None:
            self._tween.hold(node, geometry.positions[node])
        self._canvas.moving = True
        self._changed()

    def _zoomAt(self, x, y, factor):
        self._canvas.viewport.zoom_at(x, y, factor)
        self._viewMoved()

    def _viewMoved(self):
        self._canvas.moving = True
        self._canvas.shift_view()
        self._settleTimer.start()
        self.update()

    def _onSettle(self):
        self._canvas.moving = self._tween is not None
        self.update()

    def _onFrame(self):
        now = time.monotonic()
        points = self._tween.at(now)
        self._canvas.moving = True
        self._canvas.move_nodes(points[:-2], points[-2:])
        if self._tween.finished(now):
            self._stopAnimation()
        else:
            self._frameTimer.start()
        self.update()

    def _stopAnimation(self):
        self._frameTimer.stop()
        self._tween, self._canvas.moving = None, False

    def _changed(self):
        self._canvas.refresh()
        self.setAccessibleDescription(self._canvas.description)
        self.update()

    def _readSurface(self):
        self._canvas.set_surface(self.width, self.height, self.devicePixelRatioF(), self.font, self.palette)

    @staticmethod
    def _pointOf(event):
        return float(event.pos().x()), float(event.pos().y())
