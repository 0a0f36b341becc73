"""Made-up embeddings of any number of patients with the spectrum of a published model, for benchmarks."""
import numpy as np

DIMENSIONS = 512


def ctfm_like(count, seed=0):
    """Vectors (count, 512), float32, with the spectrum of CTFM on the published cohort.

    There the mean direction has 74 % of the squared length, and the variances of the rest fall as i^-0.55 exp(-i / 27):
    0.135, 0.089, 0.069 of the whole for the first three, 0.029 for the tenth, 0.002 for the fiftieth.
    """
    random = np.random.default_rng(seed)
    rank = np.arange(1, DIMENSIONS)
    variances = rank ** -0.55 * np.exp(-rank / 27)
    spread = np.sqrt(0.262 * variances / variances.sum()).astype(np.float32)
    vectors = np.empty((count, DIMENSIONS), np.float32)
    vectors[:, 0] = np.sqrt(0.738)
    for first in range(0, count, 10_000):
        rows = len(vectors[first:first + 10_000])
        vectors[first:first + rows, 1:] = random.standard_normal((rows, DIMENSIONS - 1), np.float32) * spread
    return vectors
