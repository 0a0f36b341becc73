"""What PythonQt refuses of QPainter and QImage, and where it would crash: painters left open, images destroyed first."""
import functools
import sys
import weakref

from PySide6 import QtCore, QtGui, QtWidgets

from .caller import called_natively
from .pythonqt_members import Slot
from .pythonqt_objects import refuse_keywords

#: methods of QPainter with overloads for int coordinates: how many leading numbers have to be int
_INT_COORDINATES = {"drawArc": 6, "drawChord": 6, "drawEllipse": 4, "drawImage": 2, "drawLine": 4, "drawPie": 6,
                    "drawPixmap": 4, "drawPoint": 2, "drawRect": 4, "drawRoundedRect": 4, "drawText": 4,
                    "drawTiledPixmap": 4, "eraseRect": 4, "fillRect": 4}
_POLYGONS = ("drawPolyline", "drawPolygon", "drawConvexPolygon")

_open = {}


def restrict_painting():
    """Install the checks in QPainter, QImage, QAbstractItemView."""
    painter = QtGui.QPainter
    for name, count in _INT_COORDINATES.items():
        setattr(painter, name, _with_check(painter, name, lambda arguments, count=count, name=name:
                                           _check_coordinates(name, arguments[:count])))
    for name in _POLYGONS:
        setattr(painter, name, _with_check(painter, name, lambda arguments, name=name: _check_polygon(name, arguments)))
    painter.setBrush = _with_check(painter, "setBrush", _check_brush)
    painter.__init__ = _watch_construction(painter.__init__)
    painter.begin = _watch_begin(_raw(painter, "begin"))
    painter.end = _watch_end(_raw(painter, "end"))
    QtGui.QImage.__init__ = _with_check(QtGui.QImage, "__init__", _check_image_data)
    for cls in (QtWidgets.QAbstractItemView, QtWidgets.QTableView, QtWidgets.QTreeView, QtWidgets.QHeaderView):
        if "setModel" in cls.__dict__:
            cls.setModel = _ModelSlot("setModel", _raw(cls, "setModel"))


def _raw(cls, name):
    member = cls.__dict__[name]
    return getattr(member, "raw", member)


def _with_check(cls, name, check):
    raw = _raw(cls, name)

    def checked(self, *arguments, **keywords):
        if not called_natively():
            check(arguments)
        return raw(self, *arguments, **keywords)

    checked.__name__ = name
    return checked


def _check_coordinates(name, arguments):
    for argument in arguments:
        if not hasattr(argument, "__float__"):          # a point, a rectangle, a text: other overloads
            return
        if not isinstance(argument, int):
            raise TypeError(f"{name}({argument!r}, ...): Slicer truncates bare floats to int and refuses numpy's; "
                            "use QPointF, QLineF or QRectF")


def _check_polygon(name, arguments):
    if not arguments or not isinstance(arguments[0], (QtGui.QPolygon, QtGui.QPolygonF)):
        raise ValueError(f"{name}() takes qt.QPolygonF([qt.QPointF, ...]) in Slicer")


def _check_brush(arguments):
    if isinstance(arguments[0], QtCore.Qt.BrushStyle):
        raise ValueError("setBrush() does not take a brush style in Slicer: use qt.QBrush(), or qt.QBrush(color, style)")


def _check_image_data(arguments):
    if not arguments or arguments[0] is None or isinstance(arguments[0], (int, str, QtCore.QSize, QtGui.QImage)):
        return
    if not isinstance(arguments[0], bytes) or len(arguments) != 4:
        raise ValueError("a QImage is made of data only as QImage(bytes, width, height, format) in Slicer")


def _watch_construction(raw):
    def __init__(self, *arguments, **keywords):
        native = called_natively()
        if not native and arguments and isinstance(arguments[0], (QtGui.QImage, QtGui.QPixmap)) \
                and sys.getrefcount(arguments[0]) <= _TEMPORARY:
            raise RuntimeError("the image would be destroyed before its painter, which crashes Slicer: keep a reference")
        raw(self, *arguments, **keywords)
        if arguments and not native:
            _watch(self)

    return __init__


def _watch_begin(raw):
    def begin(self, device):
        if not called_natively():
            _watch(self)
        return raw(self, device)

    return begin


def _watch(painter):
    """Slicer-style code opened this painter: it has to end it before the painter is gone."""
    key = id(painter)
    _open[key] = weakref.ref(painter, lambda _: _report(key))


def _watch_end(raw):
    def end(self):
        _open.pop(id(self), None)
        return raw(self)

    return end


def _report(key):
    if _open.pop(key, None) is not None:
        error = RuntimeError("a QPainter was left open, which crashes Slicer: call end() in finally")
        sys.excepthook(RuntimeError, error, None)


class _ModelSlot(Slot):
    """setModel(): PythonQt does not keep the model."""

    __slots__ = ()

    def __get__(self, obj, owner=None):
        bound = super().__get__(obj, owner)
        return bound if obj is None or called_natively() else functools.partial(_set_model, bound)


def _set_model(bound, model):
    if model is not None and model.parent() is None and sys.getrefcount(model) <= _TEMPORARY_MODEL:
        raise RuntimeError("the model would be collected in Slicer: keep a reference to it")
    bound(model)


class _Probe:
    """Measures the reference count of a temporary argument that comes by the way of a QPainter's image."""

    def __init__(self, *arguments, **keywords):
        self.count = sys.getrefcount(arguments[0])


refuse_keywords(_Probe)
_named = object()
_set_probe = functools.partial(lambda bound, model: sys.getrefcount(model), None)
# Python 3.14 counts named arguments like temporary ones: there nothing is refused
_TEMPORARY = _Probe(object()).count if _Probe(object()).count < _Probe(_named).count else 0
_TEMPORARY_MODEL = _set_probe(object()) if _set_probe(object()) < _set_probe(_named) else 0
