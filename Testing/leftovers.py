"""Counts what a session leaves behind: nodes, observers, widgets, objects, threads, processes, temporary files, memory."""
import collections
import ctypes
import enum
import gc
import os
import pathlib
import sys
import tempfile
import threading

import slicer
from PySide6 import QtCore

_LIBRARY = "TumorConnectome"


def child_processes():
    """Process ids of the children of this process that still run."""
    own, found = os.getpid(), []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue                                    # it has ended meanwhile
        state, parent = rest.split()[:2]
        if int(parent) == own and state != "Z":
            found.append(int(name.partition(" ")[0]))
    return found


def resident_megabytes():
    """Memory of this process in use, after what malloc keeps for later was given back."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _is_value(thing):
    """Enum members and frozen dataclasses at file scope: Python's typing caches keep those of a reloaded file."""
    options = getattr(thing, "__dataclass_params__", None)
    return isinstance(thing, enum.Enum) or options is not None and options.frozen


def counts(application):
    """Everything countable, by name; to compare two moments in the same situation."""
    # outside of exec() nobody deletes what deleteLater() has marked: event type 52
    QtCore.QCoreApplication.sendPostedEvents(None, 52)
    gc.collect()
    found = collections.Counter()
    for index in range(slicer.mrmlScene.GetNumberOfNodes()):
        found[f"node {slicer.mrmlScene.GetNthNode(index).GetClassName()}"] += 1
    for widget in application.allWidgets():
        found[f"widget {type(widget).__name__}"] += 1
    for thing in gc.get_objects():
        module = getattr(type(thing), "__module__", None)
        if isinstance(module, str) and module.startswith(_LIBRARY) and not _is_value(thing):
            found[f"object {type(thing).__qualname__}"] += 1
    found["observers"] = len(list(slicer.modules.TumorConnectomeWidget.Observations))
    found["threads"] = threading.active_count()
    found["processes"] = len(child_processes())
    for name in temporary_files():
        found[f"temporary file {name}"] = 1
    return found


def temporary_files():
    """Names in the folder for temporary files, and unfinished files of the cache."""
    cache = pathlib.Path(os.environ["TUMORCONNECTOME_CACHE"])
    unfinished = [path.relative_to(cache).as_posix() for path in cache.rglob("*")
                  if path.is_file() and (path.name.endswith((".tmp", ".part")) or path.name.startswith((".tmp", "tmp")))]
    return sorted(os.listdir(tempfile.gettempdir())) + unfinished
