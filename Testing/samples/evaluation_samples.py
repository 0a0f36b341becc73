"""Makes distances, rankings and facets for the tests of the evaluation."""
import numpy as np

from TumorConnectomeLib.cohort.cohort import Cohort, Facet
from TumorConnectomeLib.evaluation.ranking import rankings


def distances(random, count, levels=None):
    """Symmetric random distances (count, count); with `levels` there are only so many values, hence many ties."""
    values = random.random((count, count)) if levels is None else random.integers(levels, size=(count, count)) / levels
    return np.triu(values, 1) + np.triu(values, 1).T


def ranking_of(matrix, k):
    """The Ranking of all patients by one matrix of distances."""
    everybody = np.arange(len(matrix))
    return rankings([(0, matrix)], [everybody], k, everybody)[0]


def order_of(matrix, query):
    """Targets of a query by distance, then row: written as one would on paper."""
    return sorted((other for other in range(len(matrix)) if other != query), key=lambda other: (matrix[query, other], other))


def labeled_cohort(random, facets, count=40, models=("A", "b"), columns=None):
    """A cohort of random vectors with facets given as (codes, categories, ordered)."""
    import pandas as pd
    patients = pd.DataFrame(columns or {}, index=pd.Index([f"P{i:03d}" for i in range(count)], name="PatientID"))
    made = {key: Facet(key, key.title(), names, codes, ordered) for key, (codes, names, ordered) in facets.items()}
    return Cohort("Test", patients, {model: random.standard_normal((count, 4)) for model in models}, made)
