"""Mouse and keys for the self-test: Qt's own events, delivered as the application delivers those of a person.

Slicer's Python has no QTest. Events go to the widget that lies under the pointer; a widget that can not be seen or used
refuses them, because a person could not have done that.
"""
import qt
import slicer


class NotUsable(AssertionError):
    """A person could not click there."""


def click(widget, x=None, y=None, modifiers=None, double=False):
    """Press and release the left button at a point of a widget (pixels from its upper left corner), at its middle without."""
    point = _usable(widget, x, y)
    _mouse(widget, point, qt.QEvent.MouseMove, False, modifiers)
    _mouse(widget, point, qt.QEvent.MouseButtonPress, True, modifiers)
    _mouse(widget, point, qt.QEvent.MouseButtonRelease, False, modifiers)
    if double:
        _mouse(widget, point, qt.QEvent.MouseButtonDblClick, True, modifiers)
        _mouse(widget, point, qt.QEvent.MouseButtonRelease, False, modifiers)
    slicer.app.processEvents()


def hover(widget, x, y):
    """Move the pointer over a widget, with no button pressed."""
    _mouse(widget, _usable(widget, x, y), qt.QEvent.MouseMove, False, None)
    slicer.app.processEvents()


def drag(widget, points, modifiers=None):
    """Press the left button at the first of some points, move along the others, release at the last."""
    points = [_usable(widget, x, y) for x, y in points]
    _mouse(widget, points[0], qt.QEvent.MouseButtonPress, True, modifiers)
    for point in points[1:]:
        _mouse(widget, point, qt.QEvent.MouseMove, True, modifiers)
    _mouse(widget, points[-1], qt.QEvent.MouseButtonRelease, False, modifiers)
    slicer.app.processEvents()


def press(widget, key):
    """Press and release a key of `qt.Qt` while a widget has the focus."""
    _usable(widget)
    widget.setFocus()
    for kind in (qt.QEvent.KeyPress, qt.QEvent.KeyRelease):
        qt.QApplication.sendEvent(widget, qt.QKeyEvent(kind, key, qt.Qt.NoModifier))
    slicer.app.processEvents()


def _usable(widget, x=None, y=None):
    """A point of a widget as QPointF; NotUsable if a person could not reach it."""
    name = widget.objectName or widget.className()
    if not widget.visible:
        raise NotUsable(f"{name} can not be seen")
    if not widget.enabled:
        raise NotUsable(f"{name} can not be used")
    x = widget.width / 2 if x is None else float(x)
    y = widget.height / 2 if y is None else float(y)
    if not (0 <= x < widget.width and 0 <= y < widget.height):
        raise NotUsable(f"({x:.0f}, {y:.0f}) is outside of {name}")
    return qt.QPointF(x, y)


def _mouse(widget, point, kind, pressed, modifiers):
    """One event: which button caused it, which buttons are down."""
    moved = kind == qt.QEvent.MouseMove
    place = widget.mapToGlobal(qt.QPoint(int(point.x()), int(point.y())))
    qt.QApplication.sendEvent(widget, qt.QMouseEvent(
        kind, point, qt.QPointF(place.x(), place.y()), qt.Qt.NoButton if moved else qt.Qt.LeftButton,
        qt.Qt.LeftButton if pressed else qt.Qt.NoButton, qt.Qt.NoModifier if modifiers is None else modifiers))
