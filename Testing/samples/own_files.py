"""Makes the files of a user's own cohort in every format."""
import csv

import numpy as np


def vectors(count=12, length=8, seed=0, dtype=np.float32):
    """Random vectors of shape (count, length)."""
    return np.random.default_rng(seed).standard_normal((count, length)).astype(dtype)


def ids(count=12):
    """Patient ids with leading zeros, in descending order: files need not be sorted."""
    return [f"{number:03d}" for number in reversed(range(count))]


def write_csv(path, embedding, patients=None, prefix="pred_", delimiter=",", decimal=".", encoding="utf-8", first=0, more=None,
              id_column="PatientID"):
    """Write a table of ids, numbered features with all digits, and further columns; returns the path."""
    patients = ids(len(embedding)) if patients is None else patients
    more = more or {}
    names = [f"{prefix}{first + number}" for number in range(embedding.shape[1])]
    with open(path, "w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow([id_column, *names, *more])
        for row, patient in enumerate(patients):
            numbers = [repr(float(value)).replace(".", decimal) for value in embedding[row]]
            writer.writerow([patient, *numbers, *(values[row] for values in more.values())])
    return path


def frame(embedding, patients=None, **more):
    """The same as a pandas DataFrame."""
    import pandas as pd

    patients = ids(len(embedding)) if patients is None else patients
    columns = {f"pred_{number}": embedding[:, number] for number in range(embedding.shape[1])}
    return pd.DataFrame({"PatientID": patients, **columns, **more})
