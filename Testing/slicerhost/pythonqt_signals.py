"""PythonQt's connections: by signature string or by signal object, with as many arguments as the function takes."""
import re

from PySide6 import QtCore

from .caller import is_native_class

_SIGNATURE = re.compile(r"\s*2?(\w+)\s*(\(.*\))\s*$")
_MRML_POINTER = re.compile(r"vtk\w+\*")
_native_connect, _native_disconnect = QtCore.QObject.connect, QtCore.QObject.disconnect


class BoundSignal:
    """A signal of an object, as Slicer-style code sees it."""

    def __init__(self, sender, name):
        self._sender, self._name = sender, name

    def connect(self, function):
        """Connect a callable; the connection keeps it alive, also a bound method's object."""
        return _connect(self._sender, _widest(self._sender, self._name), function)

    def disconnect(self, function=None):
        """Disconnect one callable, or all."""
        return _disconnect(self._sender, _widest(self._sender, self._name), function)

    def emit(self, *arguments):
        """Emit the signal."""
        getattr(self._sender, self._name).emit(*arguments)

    __call__ = emit


def connect(sender, signal, *target):
    """sender.connect("signal(type)", function) or sender.connect("signal(type)", receiver, "slot()").

    PythonQt prints a line when the signal does not exist; here that is an error (RuntimeError), so that tests see it.
    """
    if not isinstance(signal, str):                     # PySide6 itself, in QTimer.singleShot(): all four arguments
        return _native_connect(signal, *target)
    return _connect(sender, find_signal(sender, signal), _target(target))


def disconnect(sender, signal, *target):
    """Undo connect(); without a target all connections of that signal. Returns whether there were any."""
    return _disconnect(sender, find_signal(sender, signal), _target(target) if target else None)


def _target(target):
    return target[0] if len(target) == 1 else getattr(target[0], target[1].lstrip("12").partition("(")[0])


def _connect(sender, signature, function):
    if not callable(function):
        raise TypeError(f"{function!r} can not be connected to {signature}: it is not callable")
    slot = trimmed(function)
    if not _native_connect(sender, "2" + signature, slot):
        raise RuntimeError(f"signal '{signature}' of {type(sender).__name__} could not be connected")
    _connections(sender).append((signature, function, slot))
    return True


def _disconnect(sender, signature, function):
    found = [c for c in _connections(sender) if c[0] == signature and (function is None or c[1] == function)]
    for connection in found if function is None else found[:1]:
        _native_disconnect(sender, "2" + signature, connection[2])
        _connections(sender).remove(connection)
    return bool(found)


def _connections(sender):
    return sender.__dict__.setdefault("_connections", [])


def _widest(sender, name):
    """The signature of a signal with all its arguments."""
    meta = sender.metaObject()
    named = [method for method in map(meta.method, range(meta.methodCount())) if bytes(method.name()).decode() == name
             and method.methodType() == QtCore.QMetaMethod.MethodType.Signal]
    return bytes(max(named, key=lambda method: method.parameterCount()).methodSignature()).decode()


def find_signal(sender, signal):
    """The normalized signature of a signal of the sender's class; RuntimeError if there is none."""
    match, meta = _SIGNATURE.match(signal), sender.metaObject()
    if match:
        normal = bytes(QtCore.QMetaObject.normalizedSignature(match[1] + match[2]).data()).decode()
        for text in (normal, _MRML_POINTER.sub("PyObject", normal)):        # stand-ins have no C++ pointers to nodes
            if meta.indexOfSignal(text) >= 0 and _made_in_cpp(sender, match[1]):
                return text
    raise RuntimeError(f"signal '{signal}' does not exist on {type(sender).__name__}")


def trimmed(function):
    """A slot that calls function with at most the number of positional arguments it takes, as PythonQt does."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or code.co_flags & 0x04:            # built-in, or has *args
        return lambda *arguments: function(*arguments)
    count = code.co_argcount - (1 if hasattr(function, "__func__") else 0)
    return lambda *arguments: function(*arguments[:count])


def _made_in_cpp(sender, name):
    """Signals made with qt.Signal() can not be connected by string in PythonQt."""
    owner = next((cls for cls in type(sender).__mro__ if name in cls.__dict__), None)
    return owner is None or is_native_class(owner)
