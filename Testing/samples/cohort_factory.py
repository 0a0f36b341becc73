"""Makes small folders of embedding files, and cohorts of random vectors; keeps the published cohort."""
import functools

import numpy as np
import pickle_factory

from TumorConnectomeLib.cohort.cohort import Cohort
from TumorConnectomeLib.cohort.facets import standard_facets
from TumorConnectomeLib.cohort.row_rules import RowRule
from TumorConnectomeLib.readers.cohort_reader import read_cohort
from TumorConnectomeLib.readers.patient_table import normalized


def vector(patient, model="", length=6):
    """The same random vector whenever the patient and model are the same."""
    seed = [ord(character) for character in f"{patient} {model}"]
    return np.random.default_rng(seed).standard_normal(length).astype(np.float32)


def write_model(folder, model, patients, series=None, **more):
    """Write ``MODEL_features.pkl`` with one row per entry of `patients`; returns its path."""
    rows = [pickle_factory.row(patient, f"1.2.{number if series is None else series[number]}", **more)
            for number, patient in enumerate(patients)]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{model}_features.pkl"
    path.write_bytes(pickle_factory.published(np.stack([vector(patient, model) for patient in patients]), rows))
    return path


def cohort(count, models=("A", "b"), length=6, **columns):
    """A cohort of `count` patients P000, P001, ... with random vectors; every column is a list of values."""
    ids = [f"P{number:03d}" for number in range(count)]
    records = [{"PatientID": patient, **{name: values[i] for name, values in columns.items()}} for i, patient in enumerate(ids)]
    patients = normalized(records, source="test")
    embeddings = {model: np.stack([vector(patient, model, length) for patient in ids]) for model in models}
    return Cohort("Test", patients, embeddings, standard_facets(patients), {"seed": 1}, synthetic=True)


def published_cohort(folder, rule=RowRule.SINGLE):
    """The published cohort as `read_cohort` reads it, once for all tests; nobody may change it."""
    return _published_cohort(folder, rule)


_published_cohort = functools.cache(lambda folder, rule: read_cohort(folder, rule=rule))
