"""Data for the tests of hubs, agreement, probes and maps: embeddings with known structure and brute-force distances."""
import numpy as np
from cohort_factory import cohort

from TumorConnectomeLib.cohort.cohort import Cohort


def skewed(count, length=24, seed=0):
    """Vectors in a narrow cone with a few outliers: anisotropic and full of hubs, as real embeddings are."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((count, length)) * np.arange(1, length + 1) ** -0.7 + np.full(length, 1.5)
    vectors[:max(1, count // 40)] *= random.choice([-1.0, 1.0], length)
    return vectors


def cosine_distances(embedding):
    """Distance matrix, one pair at a time, rounded as the library does."""
    vectors = np.asarray(embedding, float)
    count = len(vectors)
    result = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            if i != j:
                cosine = vectors[i] @ vectors[j] / np.sqrt((vectors[i] @ vectors[i]) * (vectors[j] @ vectors[j]))
                result[i, j] = round(1.0 - cosine, 12)
    return result


def ranked(row, own, sign=1, ties=None):
    """Columns of one row of distances, most extreme first, without the own one."""
    return sorted((j for j in range(len(row)) if j != own),
                  key=lambda j: (sign * row[j], sign * ties[j] if ties is not None else 0, j))


def labeled_cohort(count, signal, seed=0, **columns):
    """A cohort whose model "Signal" knows the sex with strength `signal`, and whose model "Noise" knows nothing."""
    random = np.random.default_rng(seed)
    sex = np.where(random.random(count) < 0.4, "F", "M")
    made = cohort(count, models=("Noise",), length=12, sex=list(sex), age=list(random.integers(55, 75, count).astype(str)),
                  smoking=list(random.choice(["Current", "Former"], count)), **columns)
    vectors = random.standard_normal((count, 12))
    vectors[:, 3] += signal * (sex == "F")
    return Cohort(made.name, made.patients, {**made.embeddings, "Signal": vectors}, made.facets, made.provenance)
