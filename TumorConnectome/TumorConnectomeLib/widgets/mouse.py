"""What the left mouse button does: clicks, dragged nodes, panning and the lasso."""
from __future__ import annotations

#: a press that moves less than this many pixels is a click
_CLICK_REACH = 4
#: pixels between the corners of a lasso
_LASSO_STEP = 3


def point_of(event) -> tuple[float, float]:
    """Pixel of a mouse event."""
    return float(event.pos().x()), float(event.pos().y())


class Mouse:
    """Follows one button from press to release; points are (x, y) in pixels.

    Parameters
    ----------
    canvas : GraphCanvas
        Tells what is under a pixel, and shows the lasso while it is drawn.
    actions : ViewActions
        Carries out what the button asks for.
    """

    def __init__(self, canvas, actions):
        self._canvas, self._actions = canvas, actions
        self.cancel()

    @property
    def pressed(self) -> bool:
        """Whether the button is down."""
        return self._pressedAt is not None

    @property
    def drawing(self) -> bool:
        """Whether a lasso is being drawn."""
        return bool(self._canvas.lasso)

    def cancel(self):
        """Forget the press: nothing happens until the next one."""
        self._pressedAt = self._lastAt = self._patient = self._category = None
        self._dragging = self._shift = False
        self._canvas.lasso = []

    def press(self, point: tuple[float, float], shift: bool):
        """The button goes down; with shift a lasso may begin."""
        self.cancel()
        self._category = self._canvas.category_at(*point)
        if self._category is None and self._canvas.covers(*point):
            return
        self._pressedAt = self._lastAt = point
        self._patient, self._shift = self._canvas.patient_at(*point), shift

    def move(self, point: tuple[float, float]):
        """The pointer moves with the button down."""
        self._dragging = self._dragging or max(abs(a - b) for a, b in zip(point, self._pressedAt)) >= _CLICK_REACH
        if not self._dragging or self._category is not None:
            return
        if not self._shift:
            self._actions.drag(self._patient, point[0] - self._lastAt[0], point[1] - self._lastAt[1])
            self._lastAt = point
            return
        lasso = self._canvas.lasso or [self._pressedAt]
        if max(abs(a - b) for a, b in zip(point, lasso[-1])) >= _LASSO_STEP:
            self._canvas.lasso = [*lasso, point]
            self._actions.drawLasso()

    def release(self, point: tuple[float, float]):
        """The button goes up."""
        patient, category, dragging, shift = self._patient, self._category, self._dragging, self._shift
        corners = self._canvas.lasso
        self.cancel()
        if category is not None:
            if category == self._canvas.category_at(*point):
                self._actions.toggleCategory(category)
        elif dragging and shift:
            self._actions.closeLasso(corners)
        elif dragging:
            self._actions.drop()
        elif patient is not None:
            self._actions.click(patient, shift)
