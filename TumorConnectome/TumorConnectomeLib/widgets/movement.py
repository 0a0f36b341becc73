"""What takes its time in the view: gliding nodes, the pause before it is drawn in full again, a pointer that rests."""
from __future__ import annotations

import time

import numpy as np
import qt

from .graph_geometry import Pose, Tween

_GLIDE_SECONDS = 0.5
_FRAME_MS, _SETTLE_MS = 16, 150


class Movement:
    """Moves the nodes of a canvas and has its widget drawn.

    Parameters
    ----------
    widget : qt.QWidget
        Owner of the timers.
    canvas : GraphCanvas

    Attributes
    ----------
    animated : bool
        Whether nodes glide; else they are at their new places at once.
    """

    def __init__(self, widget, canvas):
        self.animated = True
        self._widget, self._canvas, self._tween = widget, canvas, None
        self._frameTimer = single_timer(widget, self._onFrame, _FRAME_MS)
        self._settleTimer = single_timer(widget, self._onSettle, _SETTLE_MS)

    def cleanup(self):
        """Stop and let go of the timers."""
        for timer, slot in ((self._frameTimer, self._onFrame), (self._settleTimer, self._onSettle)):
            timer.stop()
            timer.disconnect("timeout()", slot)

    @property
    def gliding(self) -> bool:
        """Whether nodes are on their way."""
        return self._tween is not None

    def glide(self, start: Pose):
        """Let the nodes glide from a pose to the one the canvas has now, if it is another one."""
        end = self._canvas.pose()
        if self.animated and start != end:
            self._tween = Tween(start, end, time.monotonic(), _GLIDE_SECONDS)
            self._onFrame()

    def stop(self):
        """Forget where the nodes were going to."""
        self._frameTimer.stop()
        self._tween, self._canvas.moving = None, False

    def finish(self):
        """Put gliding nodes to their places at once."""
        if self._tween is not None:
            self._canvas.move_to(self._tween.at(float("inf")))
            self.stop()

    def drag(self, node: int, step: np.ndarray):
        """Move one node by a step in layout units, shape (2,); while the others glide it stays where it is dragged."""
        geometry = self._canvas.geometry
        geometry.positions[node] += step
        if self._tween is not None:
            self._tween.hold(node, geometry.positions[node])
        self._canvas.moving = True

    def viewMoved(self):
        """The viewport was panned or zoomed: draw less until it rests."""
        self._canvas.moving = True
        self._canvas.shift_view()
        self._settleTimer.start()

    def dropped(self):
        """A dragged node was let go: draw in full soon."""
        self._settleTimer.start()

    def _onSettle(self):
        self._canvas.moving = self._tween is not None
        self._widget.update()

    def _onFrame(self):
        now = time.monotonic()
        self._canvas.moving = True
        self._canvas.move_to(self._tween.at(now))
        if self._tween.finished(now):
            self.stop()
        else:
            self._frameTimer.start()
        self._widget.update()


_HOVER_MS, _TOOLTIP_MS = 80, 350


class Pointing:
    """Watches a pointer over a widget.

    Parameters
    ----------
    widget : qt.QWidget
        Owner of the timers; gets the cursor and shows the tooltip.
    canvas : GraphCanvas
        Tells the patient, or the category in the legend, under a pixel.
    tooltipAt : callable
        HTML (or "") of the tooltip at a pixel (x, y).
    onHovered : callable
        Called with the patient id, or None, that the pointer has come to rest on.
    """

    def __init__(self, widget, canvas, tooltipAt, onHovered):
        self._widget, self._canvas, self._tooltipAt, self._onHovered = widget, canvas, tooltipAt, onHovered
        self._hovered = self._pointer = None
        self._hoverTimer = single_timer(widget, self._hover, _HOVER_MS)
        self._tooltipTimer = single_timer(widget, self._showTooltip, _TOOLTIP_MS)

    def cleanup(self):
        """Stop and let go of the widget."""
        self.stop()
        self._hoverTimer.disconnect("timeout()", self._hover)
        self._tooltipTimer.disconnect("timeout()", self._showTooltip)

    def moveTo(self, point: tuple[float, float]):
        """The pointer is at a pixel, no button pressed."""
        self._pointer = point
        patientId = self._canvas.patient_at(*point)
        clickable = patientId is not None or self._canvas.category_at(*point) is not None
        self._widget.setCursor(qt.QCursor(qt.Qt.PointingHandCursor if clickable else qt.Qt.ArrowCursor))
        if patientId == self._hovered:
            self._hoverTimer.stop()
        elif not self._hoverTimer.active:
            self._hoverTimer.start()
        if patientId is None or patientId != self._hovered:     # a node's tooltip stays while the pointer stays on it
            qt.QToolTip.hideText()
            self._tooltipTimer.start()

    def leave(self):
        """The pointer has left the widget."""
        self._pointer = None
        self.stop()
        self._hover()

    def stop(self):
        """No hovering and no tooltip until the pointer moves again."""
        self._hoverTimer.stop()
        self._tooltipTimer.stop()
        qt.QToolTip.hideText()

    def _hover(self):
        patientId = None if self._pointer is None else self._canvas.patient_at(*self._pointer)
        if patientId != self._hovered:
            self._hovered = patientId
            self._onHovered(patientId)

    def _showTooltip(self):
        text = self._tooltipAt(*self._pointer) if self._pointer is not None else ""
        if text:
            corner = qt.QPoint(int(self._pointer[0]), int(self._pointer[1]))
            qt.QToolTip.showText(self._widget.mapToGlobal(corner), text, self._widget)


def single_timer(widget: qt.QWidget, slot, milliseconds: int) -> qt.QTimer:
    """Timer, owned by a widget, that fires once after each start."""
    timer = qt.QTimer(widget)
    timer.setInterval(milliseconds)
    timer.setSingleShot(True)
    timer.connect("timeout()", slot)
    return timer
