"""Reloading in developer mode."""
import sys

LIBRARY = __name__.partition(".")[0]


def forget_library():
    """Drop the library's modules, so that the module file imports them anew.

    Slicer's own reload executes only the module's main file again.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == LIBRARY]:
        del sys.modules[name]
