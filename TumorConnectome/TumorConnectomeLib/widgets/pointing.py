"""What happens when the pointer rests: hovering after a short moment, a tooltip after a longer one."""
from __future__ import annotations

import qt

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
