"""Python subclasses of widgets: overrides, own attributes, super()."""
import pytest

RESERVED = ("x", "y", "pos", "size", "width", "height", "rect", "font", "style", "layout", "parent", "cursor", "update",
            "show", "hide", "palette", "mask", "actions", "children", "window", "event")


@pytest.fixture
def canvas(qt):
    """A widget that notes the events it gets."""
    class Canvas(qt.QWidget):
        def __init__(self, parent=None):
            super().__init__(parent)
            self.seen = []
            self.mouseTracking = True

        def paintEvent(self, event):
            self.seen.append("paint")

        def resizeEvent(self, event):
            self.seen.append("resize")

        def mousePressEvent(self, event):
            self.seen.append(("press", event.pos().x(), event.button() == qt.Qt.LeftButton))

        def mouseMoveEvent(self, event):
            self.seen.append(("move", event.pos().y()))

        def mouseReleaseEvent(self, event):
            self.seen.append("release")

        def wheelEvent(self, event):
            self.seen.append(("wheel", event.angleDelta().y()))

        def keyPressEvent(self, event):
            self.seen.append(("key", event.key() == qt.Qt.Key_A))

        def event(self, event):
            if event.type() == qt.QEvent.ToolTip:
                self.seen.append("tooltip")
            return qt.QWidget.event(self, event)

    return Canvas()


def test_event_overrides_are_called(qt, host, canvas):
    from PySide6 import QtCore, QtGui, QtTest
    canvas.resize(80, 60)
    canvas.show()
    host.processEvents()
    point, none = QtCore.QPoint(11, 12), QtCore.Qt.KeyboardModifier.NoModifier
    QtTest.QTest.mousePress(canvas, QtCore.Qt.MouseButton.LeftButton, none, point)
    QtTest.QTest.mouseRelease(canvas, QtCore.Qt.MouseButton.LeftButton, none, point)
    QtTest.QTest.mouseMove(canvas, QtCore.QPoint(21, 22))
    QtTest.QTest.keyClick(canvas, QtCore.Qt.Key.Key_A)
    wheel = QtGui.QWheelEvent(QtCore.QPointF(point), QtCore.QPointF(point), QtCore.QPoint(), QtCore.QPoint(0, 120),
                              QtCore.Qt.MouseButton.NoButton, none, QtCore.Qt.ScrollPhase.NoScrollPhase, False)
    host.sendEvent(canvas, wheel)
    host.sendEvent(canvas, QtGui.QHelpEvent(QtCore.QEvent.Type.ToolTip, point, point))
    for expected in ("paint", "resize", ("press", 11, True), "release", ("wheel", 120), ("key", True), "tooltip"):
        assert expected in canvas.seen, expected
    canvas.hide()


def test_event_filters_are_called(qt, host):
    class Filter(qt.QObject):
        def eventFilter(self, watched, event):
            self.caught = event.type() == qt.QEvent.Close
            return self.caught

    watch, label = Filter(), qt.QLabel()
    label.installEventFilter(watch)
    label.close()
    assert watch.caught


@pytest.mark.parametrize("name", RESERVED)
def test_attributes_with_names_of_qt_are_refused(canvas, name):
    with pytest.raises(AttributeError, match=name):
        setattr(canvas, name, object())


def test_other_own_attributes_are_fine(canvas):
    canvas.onClicked = canvas.zoom = 3
    assert canvas.onClicked == canvas.zoom == 3


def test_super_finds_no_method_of_qt(qt, canvas):
    class Child(type(canvas)):
        def paintEvent(self, event):
            super().paintEvent(event)                   # a Python class: found

        def resizeEvent(self, event):
            try:
                super().show()
            except AttributeError as error:
                self.problem = str(error)

    child = Child()
    child.paintEvent(None)
    child.resizeEvent(None)
    assert child.seen == ["paint"] and "'super' object has no attribute 'show'" in child.problem


def test_the_method_of_the_base_class_is_called_by_its_name(qt):
    class Label(qt.QLabel):
        def paintEvent(self, event):
            self.painted = True
            qt.QLabel.paintEvent(self, event)

    label = Label("x")
    label.resize(40, 20)
    label.grab()
    assert label.painted


def test_size_hints_come_from_the_get_methods_only(qt, host):
    class Plain(qt.QWidget):
        def sizeHint(self):
            return qt.QSize(321, 123)

        def minimumSizeHint(self):
            return qt.QSize(300, 100)

    class Both(Plain):
        def getSizeHint(self):
            return qt.QSize(222, 111)

        def getMinimumSizeHint(self):
            return qt.QSize(200, 90)

    plain, both, layout, box = Plain(), Both(), qt.QVBoxLayout(), qt.QWidget()
    plain.adjustSize()
    both.adjustSize()
    assert plain.width != 321 and plain.sizeHint().width() == 321
    assert (both.width, both.height) == (222, 111)
    box.setLayout(layout)
    layout.addWidget(both)
    assert layout.minimumSize().width() >= 200
    both.setParent(None)
    layout.addWidget(plain)
    assert layout.minimumSize().width() < 200


def test_custom_signals_are_connected_by_object_only(qt):
    class Picker(qt.QWidget):
        picked = qt.Signal(object)

    picker, got = Picker(), []
    picker.picked.connect(got.append)
    picker.picked.emit({"index": 3})
    assert got == [{"index": 3}]
    with pytest.raises(RuntimeError, match="does not exist"):
        picker.connect("picked(PyObject)", got.append)
