"""Knows the timers and processes that Python code made, for tests that wait until nothing moves any more.

Imported before the classes get PythonQt's ways. Looking for them in all objects of Python takes 0.1 s each time.
"""
import weakref

import shiboken6
from PySide6 import QtCore


def _remember(cls):
    def __init__(self, *arguments, _init=cls.__init__, **keywords):
        _init(self, *arguments, **keywords)
        found.add(self)

    found, cls.__init__ = weakref.WeakSet(), __init__
    return found


_timers, _processes = _remember(QtCore.QTimer), _remember(QtCore.QProcess)


def running_timers(within_ms=None):
    """Active timers: all, or those that fire once within some milliseconds."""
    return [timer for timer in _timers if shiboken6.isValid(timer) and timer.isActive()
            and (within_ms is None or timer.isSingleShot() and timer.remainingTime() <= within_ms)]


def running_processes():
    """QProcess objects whose process runs."""
    return [process for process in _processes
            if shiboken6.isValid(process) and process.state() != QtCore.QProcess.ProcessState.NotRunning]
