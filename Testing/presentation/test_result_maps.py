"""Heat maps of results, the patients behind a figure, and derived analyses in the cache."""
import math

import numpy as np
import pytest
from structure_samples import labeled_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Facet
from TumorConnectomeLib.commands.derive import derive_command
from TumorConnectomeLib.connectome.analysis import analyze
from TumorConnectomeLib.connectome.derived_file import read_derived
from TumorConnectomeLib.connectome.prepared import PreparedCohort, read_prepared, write_prepared
from TumorConnectomeLib.neighbors.consensus import CONSENSUS, consensus_lists
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import NeighborLists
from TumorConnectomeLib.neighbors.repairs import Repair, repaired_lists
from TumorConnectomeLib.presentation.cell_patients import SHOWN, best_queries, common_queries, largest_hubs
from TumorConnectomeLib.presentation.evidence_maps import CONFOUNDS, SAME_PATIENT
from TumorConnectomeLib.presentation.result_maps import ResultKind, heat_map_of

NAN = math.nan


def retrieval(model, facet, lift, q, role="tested", n=20):
    return {"model": model, "facet": facet, "metric": "P@k", "k": 5.0, "n": n, "value": 0.3, "chance": 0.25, "lift": lift,
            "ci_low": 1.0, "ci_high": 1.5, "p": q / 2, "q": q, "role": role,
            "of_possible": 0.1}


def test_a_lift_is_colored_by_its_logarithm_and_marked_by_its_q_value():
    records = [retrieval("A", "stage", 2.0, 0.05), retrieval("A", "sex", 0.5, 0.051), retrieval("B", "stage", 8.0, 0.001),
               retrieval("B", "sex", 1.0, 0.9), {**retrieval("B", "sex", 3.0, 0.0), "metric": "mAP@k"},
               retrieval("A", "random", NAN, NAN, "negative control", n=0)]
    found = heat_map_of(ResultKind.RETRIEVAL, records, "P@k", {"stage": "Stage (AJCC 6th edition)"})
    assert found.row_keys == ("A", "B") and found.column_keys == ("stage", "sex", "random")
    assert found.columns == ("Stage", "sex", "random") and found.controls == ("random",)
    np.testing.assert_allclose(found.spans[0, 0], [0, math.log2(1.5)])
    np.testing.assert_array_equal(found.shades, [[1, -1, NAN], [1, 0, NAN]])
    assert found.marks.tolist() == [[True, False, False], [True, False, False]]
    assert found.text(0, 0) == "2.00*" and found.text(1, 2) == "\u2013"
    assert "95 % CI of the lift 1.00 to 1.50" in found.words[0][0] and "q = 0.0500, n = 20" in found.words[0][0]


def test_controls_come_last_and_say_what_they_are():
    records = [retrieval("A", "body_side", 1.5, 0.01, "positive control"), retrieval("A", "stage", 1.1, 0.5),
               retrieval("A", "random", 1.0, 0.9, "negative control")]
    found = heat_map_of(ResultKind.RETRIEVAL, records, "P@k", {})
    assert found.column_keys == ("stage", "body_side", "random") and found.controls == ("body_side", "random")
    assert found.words[0][1].startswith("A, body_side (positive control)")


def test_same_patient_retrieval_is_colored_from_chance_to_always():
    base = {"model": "A", "targets": "another series", "metric": "R@1", "n": 10, "patients": 5, "value": 0.6, "chance": 0.2,
            "ci_low": 0.2, "ci_high": 1.0}
    found = heat_map_of(ResultKind.RETRIEVAL, [base, {**base, "model": "B", "n": 0, "value": NAN}], SAME_PATIENT, {})
    np.testing.assert_allclose(found.shades, [[0.5], [NAN]])
    np.testing.assert_allclose(found.spans[0, 0], [0, 1])
    assert found.columns == ("R@1, another series",) and not found.marks.any()
    assert "10 queries of 5 patients" in found.words[0][0] and "no patient has such a series" in found.words[1][0]


def test_lifts_inside_strata_have_a_row_only_where_there_is_a_lift():
    base = {"model": "A", "facet": "stage", "within": "sex", "lift": 1.2, "p": 0.01, "within_lift": 1.1, "within_p": 0.06,
            "strata": 2, "exchangeable": 9, "remains": 0.5, "remains_ci_low": 0.2, "remains_ci_high": 0.9}
    records = [base, {**base, "facet": "race", "p": 0.051}, {**base, "facet": "age", "lift": 0.9}]
    found = heat_map_of(ResultKind.RETRIEVAL, records, CONFOUNDS, {"stage": "Stage (AJCC)"})
    assert found.row_keys == ('["A", "stage"]',) and found.rows == ("A: Stage",)
    assert found.column_keys == ("", "sex") and found.columns[0] == "All patients"
    assert found.values.tolist() == [[1.2, 1.1]] and found.marks.tolist() == [[True, False]]
    assert "labels of 9 patients can change" in found.words[0][1]
    assert "50 % of the excess over chance remain, 95 % CI 20 to 90 %" in found.words[0][1]


def test_agreement_has_no_color_at_chance_and_is_symmetric():
    record = {"model_a": "A", "model_b": "B", "n": 9, "jaccard": 0.6, "jaccard_chance": 0.2, "rbo": 0.2, "rbo_chance": 0.2}
    found = heat_map_of(ResultKind.AGREEMENT, [record], "jaccard", {})
    np.testing.assert_allclose(found.values, [[1, 0.6], [0.6, 1]])
    np.testing.assert_allclose(found.shades, [[1, 0.5], [0.5, 1]])
    np.testing.assert_allclose(heat_map_of(ResultKind.AGREEMENT, [record], "rbo", {}).shades, [[1, 0], [0, 1]])


def test_probes_show_the_logistic_probe_beside_clinical_data_alone():
    base = {"task": "sex", "probe": "logistic", "n": 40, "auroc": 0.75, "auroc_ci_low": 0.6, "auroc_ci_high": 0.9, "brier": 0.2,
            "auprc": 0.5, "auprc_ci_low": 0.4, "auprc_ci_high": 0.6, "auprc_chance": 0.5, "gain": NAN, "gain_ci_low": NAN,
            "gain_ci_high": NAN, "note": ""}
    records = [{**base, "model": "", "features": "clinical"},
               {**base, "model": "A", "features": "embedding", "auroc_ci_low": 0.5},
               {**base, "model": "A", "features": "embedding", "probe": "knn", "auroc": 1.0}]
    found = heat_map_of(ResultKind.PROBES, records, "auroc", {})
    assert found.row_keys == ("Clinical data alone", "A") and found.values.tolist() == [[0.75], [0.75]]
    assert found.marks.tolist() == [[True], [False]] and found.shades.tolist() == [[0.5], [0.5]]
    assert np.isnan(heat_map_of(ResultKind.PROBES, records, "gain", {}).values).all()


def lists(rows):
    indices = np.array(rows, np.int32)
    return NeighborLists(indices, np.zeros(indices.shape), np.zeros(indices.shape))


def test_the_best_queries_skip_unknown_patients_on_both_sides():
    facet = Facet("f", "F", ("a", "b", "Unknown"), np.array([0, 0, 0, 1, 2]))
    nearest = lists([[4, 1, 2, 3], [3, 4, 0, 2], [3, 4, 1, 0], [0, 1, 2, 4], [0, 1, 2, 3]])
    rows, least = best_queries(nearest, facet, 2)
    assert rows.tolist() == [0, 1, 2] and least == 1        # 0: patients 1 and 2; 1 and 2: one of two; 3: none; 4 is unknown
    assert best_queries(nearest, Facet("f", "F", tuple("abcde"), np.arange(5)), 2)[0].size == 0


def test_so_many_best_queries_are_shown_and_all_that_are_as_good():
    count = 2 * SHOWN + 5
    nearest = lists([[(row + 1) % count] for row in range(count)])
    rows, least = best_queries(nearest, Facet("f", "F", ("a",), np.zeros(count)), 1)
    assert len(rows) == count and least == 1
    other = lists([[(row + 1) % count] if row < 3 else [(row + 2) % count] for row in range(count)])
    assert [part.tolist() if hasattr(part, "tolist") else part for part in common_queries(nearest, other, 1)] == [[0, 1, 2], 1]


def test_hubs_are_the_patients_in_the_most_lists():
    rows, most = largest_hubs(lists([[1, 2], [2, 0], [1, 0]]), 1, 2)
    assert rows.tolist() == [1, 2] and most == 2


# ---- derived analyses

@pytest.fixture
def prepared(tmp_path):
    cohort = labeled_cohort(40, signal=2.0)
    path = tmp_path / "cohort.npz"
    write_prepared(path, PreparedCohort(cohort, analyze(cohort)))
    return path


def derive(path, *arguments):
    messages = []
    found = derive_command(["--cache", str(path.parent / "cache"), "--prepared", str(path), *arguments],
                           lambda fraction, message="": messages.append(message))
    return found["path"], messages


def test_repaired_analyses_come_from_the_cache_the_second_time(prepared):
    path, _ = derive(prepared, "--repair", "csls")
    cohort = read_prepared(prepared).cohort
    found = read_derived(path, len(cohort.patients))
    for model in cohort.models:
        wanted = repaired_lists(cohort.embeddings[model], found[model].largest_k, Repair.CSLS)
        for match in Match:
            np.testing.assert_array_equal(found[model].neighbors[match].indices, wanted[match].indices)
    again, messages = derive(prepared, "--repair", "csls")
    assert again == path and messages == ["Reading the cohort"]


def test_the_consensus_follows_the_repair_and_damaged_files_are_made_anew(prepared):
    path, _ = derive(prepared, "--repair", "centered", "--consensus")
    count = len(read_prepared(prepared).cohort.patients)
    models = read_derived(derive(prepared, "--repair", "centered")[0], count)
    fused = read_derived(path, count)[CONSENSUS]
    wanted = consensus_lists({model: analysis.neighbors for model, analysis in models.items()}, fused.largest_k)
    for match in Match:
        np.testing.assert_array_equal(fused.neighbors[match].indices, wanted[match].indices)
        assert not np.signbit(fused.neighbors[match].distances).any()
    with open(path, "wb") as stream:
        stream.write(b"damaged")
    with pytest.raises(InputError, match="damaged"):
        read_derived(path, count)
    assert CONSENSUS in read_derived(derive(prepared, "--repair", "centered", "--consensus")[0], count)


def test_derived_analyses_of_another_cohort_are_refused(prepared):
    path, _ = derive(prepared, "--repair", "centered")
    with pytest.raises(InputError, match="do not fit"):
        read_derived(path, 41)
