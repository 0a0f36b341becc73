"""Library of the TumorConnectome module, in rooms that depend one way (see CONTRIBUTING.md and each package).

Notebooks and Slicer's Python console find all they need in these names, see `notebook`.
"""
from .notebook import InputError, demo_cohort, draw, embed_tumor, evaluate, find_neighbors, map_patients, query, read_cohort

__all__ = ["InputError", "demo_cohort", "draw", "embed_tumor", "evaluate", "find_neighbors", "map_patients", "query",
           "read_cohort"]
