"""Imports the package slicer of slicer-core, without the folder Testing/slicer, whose scripts are for a running Slicer.

slicer-core takes every folder named slicer below sys.path for a part of itself, and imports what is in it.
"""
import os
import sys

_TESTING = os.path.realpath(os.path.join(os.path.dirname(__file__), os.pardir))


_kept = sys.path[:]
sys.path[:] = [path for path in _kept if os.path.realpath(path or os.curdir) != _TESTING]
try:
    import slicer
    import slicer.util
finally:
    sys.path[:] = _kept

__all__ = ["slicer"]
