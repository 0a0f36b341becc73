"""Same-patient retrieval: the published figures, who is query, candidate and target, chance, studies and clusters."""
import itertools
import pathlib

import numpy as np
import pytest

from TumorConnectomeLib.evaluation.same_patient import (
    ANY_SERIES,
    COLUMNS,
    METRICS,
    OTHER_STUDY,
    SAME_STUDY,
    same_patient_retrieval,
)
from TumorConnectomeLib.readers.cohort_reader import SUFFIX, cohort_files
from TumorConnectomeLib.readers.embedding_pickle import EmbeddingRows, read_embedding_pickle

#: R@1 over all 734 rows, as measured by others on the same embeddings
PUBLISHED = {"CTFM": 0.81, "VISTA3D": 0.75, "SUPREME": 0.75, "PASTA": 0.57, "CTClipVit": 0.39, "Merlin": 0.36}


def rows_at(angles, patients, series, **more):
    """Rows in a plane, so that the distance is the angle between them; `more` are other columns."""
    radians = np.radians(angles)
    rows = [{"PatientID": patient, "SeriesInstanceUID": uid, **{name: values[i] for name, values in more.items()}}
            for i, (patient, uid) in enumerate(zip(patients, series))]
    return EmbeddingRows(pathlib.Path("A.pkl"), np.stack([np.cos(radians), np.sin(radians)], 1).astype(np.float32), tuple(rows))


def table_of(rows, kind=ANY_SERIES):
    table = same_patient_retrieval({"A": rows}).table
    return table[table["targets"] == kind].set_index("metric")


def test_the_published_figures_come_out(real_data):
    files = {path.name.removesuffix(SUFFIX): read_embedding_pickle(path) for path in cohort_files(real_data)
             if path.suffix == ".pkl"}
    found = same_patient_retrieval(files, resamples=200)
    first = found.table[(found.table["metric"] == "R@1") & (found.table["targets"] == ANY_SERIES)].set_index("model")
    assert dict(round(first["value"], 2)) == PUBLISHED
    assert (first["n"] == 378).all() and (first["patients"] == 143).all()
    assert first["chance"].to_numpy() == pytest.approx(np.full(6, 0.002), abs=0.0005)
    other = found.table[(found.table["metric"] == "R@1") & (found.table["targets"] == OTHER_STUDY)].set_index("model")
    assert (other["n"] == 372).all() and (other["value"] - first["value"]).abs().max() < 0.005
    assert found.note == "", "the studies of the published series are known"


def test_rows_of_the_same_series_are_neither_targets_nor_candidates():
    #                 query, its own series, other patient, target
    rows = rows_at([0, 1, 5, 9], ["p", "p", "q", "p"], ["1", "1", "2", "3"])
    found = table_of(rows)
    assert found.loc["R@1", "n"] == 3
    assert found.loc["R@1", "value"] == pytest.approx(0)        # patient q is nearer to all three of them
    # of the first two queries the target has rank 2, of the third the targets have ranks 2 and 3
    assert found.loc["mAP", "value"] == pytest.approx((1 / 2 + 1 / 2 + (1 / 2 + 2 / 3) / 2) / 3)


def test_a_patient_with_one_series_is_no_query():
    found = table_of(rows_at([0, 1, 2], ["p", "p", "q"], ["1", "1", "2"]))
    assert found["n"].tolist() == [0, 0, 0]
    assert found[["value", "chance", "lift", "ci_low"]].isna().all(axis=None)


def test_recall_looks_at_the_first_ranks_only():
    others = [1, 2, 3, 4]
    found = table_of(rows_at([0, *others, 5], ["p", *"abcd", "p"], list("123456")))
    assert found["value"].to_dict() == pytest.approx({"R@1": 0, "R@5": 1, "mAP": 1 / 5})
    found = table_of(rows_at([0, *others, 4.5, 5], ["p", *"abcde", "p"], list("1234567")))
    assert found["value"].to_dict() == pytest.approx({"R@1": 0, "R@5": 0, "mAP": 1 / 6})


def test_ties_count_as_the_mean_over_their_orders_whatever_the_order_of_the_rows():
    #                                         the second row of p is as near to the first as those of a and z
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        patients, series = np.array(["p", "a", "p", "z"])[order], np.array(["1", "2", "3", "4"])[order]
        found = table_of(rows_at(np.zeros(4), patients, series))
        assert found["value"].to_dict() == pytest.approx({"R@1": 1 / 3, "R@5": 1, "mAP": (1 + 1 / 2 + 1 / 3) / 3})


@pytest.mark.parametrize(("targets", "candidates"), [(1, 1), (1, 6), (2, 6), (3, 7), (5, 5), (1, 7)])
def test_chance_is_the_mean_over_all_orders(targets, candidates):
    random = np.random.default_rng(1)
    patients = ["p", *["p"] * targets, *(f"q{number}" for number in range(candidates - targets))]
    series = ["0", *["1"] * targets, *(str(number + 2) for number in range(candidates - targets))]
    found = same_patient_retrieval({"A": rows_at(random.random(len(patients)) * 90, patients, series)}).table
    sums, orders = np.zeros(3), list(itertools.combinations(range(1, candidates + 1), targets))
    for ranks in orders:
        sums += [ranks[0] <= 1, ranks[0] <= 5, np.mean([(place + 1) / rank for place, rank in enumerate(ranks)])]
    forth = sums / len(orders)
    back = [1 / (candidates - targets + 1), min(1, 5 / (candidates - targets + 1)),  # the other rows look for the one row
            np.mean([1 / rank for rank in range(1, candidates - targets + 2)])]
    wanted = (forth + targets * np.array(back)) / (1 + targets)
    assert found["chance"].to_numpy() == pytest.approx(wanted, abs=1e-12)


def test_studies_are_told_apart_where_the_rows_name_them():
    #                  two series of study s, one of study t, one other patient
    rows = rows_at([0, 2, 9, 5], ["p", "p", "p", "q"], list("1234"), StudyInstanceUID=["s", "s", "t", "u"])
    found = same_patient_retrieval({"A": rows})
    assert found.note == ""
    first = found.table[found.table["metric"] == "R@1"].set_index("targets")
    assert first["n"].to_dict() == {ANY_SERIES: 3, SAME_STUDY: 2, OTHER_STUDY: 3}
    # within study s both find each other; to study t and back patient q is always nearer
    assert first["value"].to_dict() == pytest.approx({ANY_SERIES: 2 / 3, SAME_STUDY: 1, OTHER_STUDY: 0})


def test_dates_do_where_there_are_no_study_uids():
    rows = rows_at([0, 2, 9, 5], ["p", "p", "p", "q"], list("1234"), StudyDate=["19990101", "19990101", "20000101", "19990101"])
    assert table_of(rows, SAME_STUDY)["n"].tolist() == [2, 2, 2]
    assert table_of(rows, OTHER_STUDY)["n"].tolist() == [3, 3, 3]


def test_a_row_without_study_is_left_out_of_the_split_only():
    rows = rows_at([0, 2, 9, 5], ["p", "p", "p", "q"], list("1234"), StudyInstanceUID=["s", "s", "", "u"])
    found = same_patient_retrieval({"A": rows})
    assert found.note.startswith("Not every row of A names its study")
    first = found.table[found.table["metric"] == "R@1"].set_index("targets")
    assert first["n"].to_dict() == {ANY_SERIES: 3, SAME_STUDY: 2, OTHER_STUDY: 0}


def test_intervals_resample_patients_not_queries():
    """Twenty patients, ten of whom are always found: with 4 or 20 queries each the uncertainty is the same."""
    low, high = [], []
    for series in (2, 10):
        angles, patients, uids = [], [], []
        for patient in range(20):
            for scan in range(series):                          # every other patient is spread over the whole circle
                angles.append(18 * patient + 0.1 * scan if patient % 2 else 9 + 360 / series * scan + 0.01 * patient)
                patients.append(f"p{patient}")
                uids.append(f"{patient}.{scan}")
        row = table_of(rows_at(angles, patients, uids)).loc["R@1"]
        assert row["value"] == pytest.approx(0.5, abs=0.05) and row["n"] == 20 * series
        low.append(row["ci_low"])
        high.append(row["ci_high"])
    assert low == pytest.approx([0.28, 0.28], abs=0.06)
    assert high == pytest.approx([0.72, 0.72], abs=0.06)


def test_the_table_has_a_row_per_model_and_metric_and_follows_from_the_seed():
    random = np.random.default_rng(2)
    rows = rows_at(random.random(12) * 360, list("aabbccddeeff"), [str(i) for i in range(12)])
    found = same_patient_retrieval({"A": rows, "b": rows}, seed=3)
    assert list(found.table) == list(COLUMNS)
    assert found.table[["model", "metric"]].to_numpy().tolist() == [[model, metric] for model in "Ab" for metric in METRICS]
    assert found.table.equals(same_patient_retrieval({"A": rows, "b": rows}, seed=3).table)
