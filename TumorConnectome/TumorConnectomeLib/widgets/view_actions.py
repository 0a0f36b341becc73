"""What the user does in the view: the mouse button, and what each click, drag and key changes and tells to the owner."""
from __future__ import annotations

import numpy as np

_WHEEL_STEP, _KEY_STEP = 1.2, 1.25
#: actions that are the owner's, and what has to be chosen for them
_OWNER_ACTIONS = {
    "load": "selected", "compare": "compared", "nextImages": "selected", "previousImages": "selected", "swap": "compared",
    **dict.fromkeys(("takeTurns", "lungWindow", "mediastinumWindow", "boneWindow", "connectomeBeside", "nextModel", "search",
                    "help"))}


class ViewActions:
    """Carries out what mouse and keys ask for.

    Parameters
    ----------
    view : ConnectomeView
    canvas : GraphCanvas
    movement : Movement
    """

    def __init__(self, view, canvas, movement):
        self._view, self._canvas, self._movement = view, canvas, movement
        self._own = {"next": lambda: self._step(1), "previous": lambda: self._step(-1), "goTo": self._goTo,
                     "legend": self._enterLegend, "fit": view.fit, "clear": self.clear,
                     "zoomIn": lambda: view.zoom(_KEY_STEP), "zoomOut": lambda: view.zoom(1 / _KEY_STEP)}

    # ---- mouse

    def click(self, patientId: str, shift: bool):
        """Select a patient, or with shift take it into or out of the group."""
        if not shift:
            self.select(patientId)
            return
        group = self._view.group
        self._tellGroup([p for p in group if p != patientId] if patientId in group else [*group, patientId])

    def select(self, patientId: str | None):
        """Select a patient, or with None release the selection."""
        self._view.setSelected(patientId)
        self._view.onClicked(patientId)

    def toggleCategory(self, category: int):
        """Hide a category, or show it again."""
        hidden = self._view.hiddenCategories ^ {self._canvas.state.coloring.categories[category]}
        self._view.setHiddenCategories(hidden)
        self._view.onCategoriesChanged(hidden)

    def drag(self, patientId: str | None, dx: float, dy: float):
        """Move a node, or without one the whole picture, by pixels."""
        node = self._canvas.state.node_of(patientId)
        if node is not None:
            self._movement.drag(node, np.array([dx, -dy]) / self._canvas.viewport.scale)
            self._canvas.refresh()
        elif self._canvas.geometry is not None:
            self._canvas.viewport.pan(dx, dy)
            self._movement.viewMoved()
        self._view.update()

    def drop(self):
        """The drag has ended."""
        self._movement.dropped()

    def drawLasso(self):
        """The lasso has grown."""
        self._view.update()

    def closeLasso(self, corners: list):
        """Make the patients inside the lasso, of those that are not grayed, the group."""
        if self._canvas.geometry is not None:
            nodes = self._canvas.geometry.nodes_inside(np.array(corners, float).reshape(-1, 2))
            ids = self._canvas.geometry.connectome.patient_ids
            self._tellGroup([ids[node] for node in nodes if self._canvas.state.lit[node]])
        self._view.update()

    def turnWheel(self, x: float, y: float, steps: float):
        """Zoom at a pixel."""
        self.zoomAt(x, y, _WHEEL_STEP ** steps)

    def zoomAt(self, x: float, y: float, factor: float):
        """Enlarge around a pixel."""
        self._canvas.viewport.zoom_at(x, y, factor)
        self._movement.viewMoved()
        self._view.update()

    def hover(self, patientId: str | None):
        """The pointer has come to rest on a patient, or has left one."""
        self._canvas.state.hovered = patientId
        self._view.update()
        self._view.onHovered(patientId)

    # ---- keys

    def perform(self, action: str) -> bool:
        """Carry out an action of `keys.BINDINGS`; False if there is nothing it could do now."""
        if self._canvas.legend.cursor is not None and self._performInLegend(action):
            return True
        if action in self._own:
            return self._own[action]() is not False
        if action not in _OWNER_ACTIONS:
            return False
        needed = _OWNER_ACTIONS[action]
        if needed is not None and getattr(self._view, needed) is None:
            return False
        self._view.onKeyAction(action)
        return True

    def clear(self) -> bool:
        """Take back the last of these that there is: the group, the mark, the selection."""
        view = self._view
        if view.group:
            self._tellGroup([])
        elif view.compared is not None:
            self._mark(None)
        elif view.selected is not None:
            self.select(None)
        else:
            return False
        return True

    def _performInLegend(self, action):
        legend = self._canvas.legend
        if action in ("next", "previous"):
            legend.cursor = (legend.cursor + (1 if action == "next" else -1)) % legend.count
        elif action in ("toggle", "load"):
            self.toggleCategory(legend.cursor)
        elif action in ("legend", "clear"):
            legend.cursor = None
        else:
            return False
        self._view.describe()
        self._view.update()
        return True

    def _enterLegend(self):
        if self._canvas.geometry is None or self._canvas.legend.rect is None:
            return False
        self._canvas.legend.cursor = 0
        self._view.describe()
        self._view.update()
        return True

    def _step(self, by):
        patientId = self._canvas.state.step(by)
        if patientId is None:
            return False
        self._mark(patientId)
        self._view.reveal(patientId)
        return True

    def _goTo(self):
        if self._view.compared is None:
            return False
        self.select(self._view.compared)
        return True

    def _mark(self, patientId):
        self._view.setCompared(patientId)
        self._view.onCompared(patientId)

    def _tellGroup(self, patientIds):
        self._view.setGroup(patientIds)
        self._view.onGroup(self._view.group)


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
