"""Library of the TumorConnectome module, in rooms that depend one way (see CONTRIBUTING.md and each package).

Notebooks and Slicer's Python console find all they need in these names, see `notebook`.
"""
import importlib

__all__ = ["InputError", "demo_cohort", "draw", "embed_tumor", "evaluate", "find_neighbors", "map_patients", "query",
           "read_cohort"]


def __getattr__(name):
    """The names of `notebook`, which is imported when the first of them is asked for: `__main__` runs before numpy is there."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(".notebook", __name__), name)
