"""Makes distances, rankings and facets for the tests of the evaluation."""
import numpy as np

from TumorConnectomeLib.cohort.cohort import Cohort, Facet
from TumorConnectomeLib.evaluation.distances import cosine_blocks, model_blocks
from TumorConnectomeLib.evaluation.metrics import R_PRECISION
from TumorConnectomeLib.evaluation.permutation import CHUNK, Labelings, NullMeans, query_values
from TumorConnectomeLib.evaluation.ranking import rankings, sampled_rows
from TumorConnectomeLib.evaluation.relevance import relevance_of


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


def null_means(relevance, ranking, metrics, count, seed, strata=None):
    """Means of metrics over the queries under `count` random labelings: float64, shape (count,) each."""
    source, null = Labelings(relevance.labels, seed, strata), NullMeans(relevance, ranking)
    parts = [null.means(source.chunk(number), metrics) for number in range(-(-count // CHUNK))]
    return {metric: np.concatenate([part[metric] for part in parts])[:count] for metric in metrics}


def patient_values(cohort, model, facet, metric, k):
    """Value of a metric for every patient as query, (N,); NaN for those that the evaluation leaves out (with seed 0)."""
    relevance = relevance_of(cohort.facets[facet])
    values = np.full(len(cohort.patients), np.nan)
    ranking, = rankings(model_blocks(cohort, model, cosine_blocks, k), [relevance.rows], k, sampled_rows(len(values), 0))
    rows = relevance.rows[ranking.sampled] if metric == R_PRECISION else relevance.rows
    values[rows] = query_values(relevance, ranking, metric)
    return values
