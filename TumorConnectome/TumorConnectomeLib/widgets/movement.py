"""Timers of everything that moves in the view: gliding nodes, and the pause after which it is drawn in full again."""
from __future__ import annotations

import time

import numpy as np

from .motion import Pose, Tween
from .pointing import single_timer

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
        """Let the nodes glide from a pose to the one the canvas has now."""
        if self.animated:
            self._tween = Tween(start, self._canvas.pose(), time.monotonic(), _GLIDE_SECONDS)
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
