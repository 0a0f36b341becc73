"""Heat maps of models against each other, of two cohorts, and over numbers of neighbors."""
import json
import math

import numpy as np
import pytest

from TumorConnectomeLib.presentation.contrast_maps import COMPARISON, REPLICATION, SWEEP, references, sweep_lines
from TumorConnectomeLib.presentation.result_maps import ResultKind, heat_map_of

NAN = math.nan


def pair(model, reference, value, other, p):
    ratio = value / other
    return {"facet": "stage", "model": model, "reference": reference, "metric": "P@k", "k": 5, "n": 90, "value": value,
            "reference_value": other, "ratio": ratio, "ci_low": ratio / 1.1, "ci_high": ratio * 1.2, "p": p, "p_holm": 1.0,
            "role": "tested"}


def test_a_reference_turns_the_pairs_and_is_corrected_by_itself():
    records = [pair("A", "b", 0.4, 0.2, 0.02), pair("A", "c", 0.4, 0.4, 1.0), pair("b", "c", 0.2, 0.4, 0.04)]
    assert references(records) == ["A", "b", "c"]
    found = heat_map_of(ResultKind.RETRIEVAL, records, COMPARISON, {"stage": "Stage (AJCC)"}, "b")
    assert found.row_keys == ("A", "c") and found.columns == ("Stage",) and "b" in found.title
    np.testing.assert_allclose(found.values[:, 0], [1.0, 1.0])
    np.testing.assert_allclose(found.intervals[:, 0], [[1 - math.log2(1.1), 1 + math.log2(1.2)],
                                                       [1 - math.log2(1.2), 1 + math.log2(1.1)]])
    assert found.marks[:, 0].tolist() == [True, True] and "by Holm 0.0400" in found.words[0][0]
    assert "c 2.000 times b" in found.words[1][0] and "P@k 0.400 and 0.200" in found.words[1][0]
    by_default = heat_map_of(ResultKind.RETRIEVAL, records, COMPARISON, {}, "gone")
    assert by_default.row_keys == ("b", "c") and by_default.values[:, 0].tolist() == [-1.0, 0.0]
    one = [pair("A", "b", 0.4, 0.2, 0.02)]
    assert references(one) == ["A", "b"]
    undefined = heat_map_of(ResultKind.RETRIEVAL, [{**one[0], "ratio": NAN, "p": NAN}], COMPARISON, {})
    assert np.isnan(undefined.values).all() and "not defined" in undefined.words[0][0]


def again(model, facet, q, again_p, again_q=NAN, heterogeneity_p=0.5):
    row = {"model": model, "facet": facet, "n": 90, "value": 0.3, "chance": 0.2, "lift": 1.5, "ci_low": 1.1, "ci_high": 2.0,
           "p": q / 2, "q": q, "heterogeneity_p": heterogeneity_p, "joint_lift": 1.2, "joint_lift_ci_low": 0.9,
           "joint_lift_ci_high": 1.6, "role": "tested"}
    return {**row, **{f"again_{name}": value for name, value in {
        "n": 50, "value": 0.25, "chance": 0.2, "lift": 0.5, "ci_low": 0.2, "ci_high": 1.4, "p": again_p, "q": again_q}.items()}}


def test_both_cohorts_stand_side_by_side_for_what_was_found_in_one_of_them():
    records = [again("A", "stage", 0.01, 0.2, 0.2, 0.03), again("A", "sex", 0.3, 0.04), again("A", "age", 0.3, 0.4),
               again("A", "random", 0.01, 0.01)]
    found = heat_map_of(ResultKind.RETRIEVAL, records, REPLICATION, {"stage": "Stage (AJCC)"})
    assert found.rows == ("A: Stage", "A: sex") and json.loads(found.row_keys[0]) == ["A", "stage"]
    assert found.column_keys == ("lift", "again_lift", "joint_lift", "heterogeneity_p")
    assert found.values[0].tolist() == [1.5, 0.5, 1.2, 0.03]
    assert found.marks.tolist() == [[True, False, False, True], [False, True, False, False]]
    assert found.shades[0, 1] == -1 and "50 patients; 0.25, by chance 0.20" in found.words[0][1]
    nothing = heat_map_of(ResultKind.RETRIEVAL, [again("A", "age", 0.3, 0.4)], REPLICATION, {})
    assert nothing.rows == ("A: age",) and "nothing was found" in nothing.note


def test_lifts_over_k_are_marked_outside_of_the_band_and_make_a_curve():
    records = [{"model": "A", "facet": "stage", "k": k, "n": 90, "value": value, "chance": 0.2, "null_low": 0.15,
                "null_high": 0.25, "lift": value / 0.2, "ci_low": 1.0, "ci_high": 2.0, "role": "tested"}
               for k, value in ((5, 0.24), (1, 0.4))]
    found = heat_map_of(ResultKind.RETRIEVAL, records, SWEEP, {})
    assert found.column_keys == ("1", "5") and found.values[0].tolist() == pytest.approx([2.0, 1.2])
    assert found.marks[0].tolist() == [True, False]
    lines = sweep_lines(records, "A", "stage")
    assert lines == {"k": [1, 5], "value": [0.4, 0.24], "chance": [0.2, 0.2], "null_low": [0.15] * 2, "null_high": [0.25] * 2}
