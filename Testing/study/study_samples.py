"""Small studies for the tests: choices as arrays, and as the CSV of a study that was read elsewhere."""
import csv

import numpy as np

from TumorConnectomeLib.study.readings import Readings

COLUMNS = ("reader", "query", "candidate", "model_choice", "chosen")


def random_readings(readers=5, queries=25, follow=0.8, seed=1):
    """Readers who choose five of ten, somewhat as the model does."""
    random = np.random.default_rng(seed)
    model = np.array([random.permutation(10) < 5 for _ in range(queries)])
    values = random.standard_normal((readers, queries, 10)) + follow * model
    chosen = values >= np.sort(values, axis=-1)[..., 5:6]
    return Readings.of_choices([f"r{i}" for i in range(readers)], [f"q{i}" for i in range(queries)], model, chosen)


def rows_of(readings, skipped=()):
    """Rows of the CSV, as lists of texts; `skipped` are (reader, query) without rows."""
    return [[reader, query, f"c{c}", str(int(readings.model[q, c])), str(int(readings.chosen[r, q, c]))]
            for r, reader in enumerate(readings.readers) for q, query in enumerate(readings.queries)
            if (reader, query) not in skipped for c in range(10)]


def write_choices(path, rows, columns=COLUMNS):
    """Write the CSV and return its path."""
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def figures_of(path):
    """The written table as {(statistic, reader): {column: float or None}}."""
    with open(path, newline="", encoding="utf-8") as stream:
        return {(row["statistic"], row["reader"]): {name: float(row[name]) if row[name] else None
                                                    for name in ("n", "value", "ci_low", "ci_high", "chance", "p")}
                for row in csv.DictReader(stream)}


def choice(*places):
    """Ten candidates of which these are chosen."""
    return np.isin(np.arange(10), places)
