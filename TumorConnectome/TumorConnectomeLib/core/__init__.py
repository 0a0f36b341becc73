"""Embeddings, cohort, neighbors, layout, facets: numpy and pandas only. No qt, slicer, vtk or network."""
