"""Rows of the neighbor tables: the same facet value, the models that agree, percentiles in words."""
import cohort_factory
import numpy as np
import pytest

from TumorConnectomeLib.cohort.cohort import Facet
from TumorConnectomeLib.connectome.analysis import analyze, connectome
from TumorConnectomeLib.connectome.votes import edge_votes, pair_votes
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists
from TumorConnectomeLib.presentation.patient_summary import (
    PairRow,
    matched_by_rows,
    neighbor_rows,
    pair_text,
    percent_text,
    percentile_text,
)


@pytest.fixture(scope="module")
def prepared():
    """A cohort of 30 patients with four models, and its analyses."""
    cohort = cohort_factory.cohort(30, models=("A", "B", "C", "D"), length=3)
    return cohort, analyze(cohort)


def graph(prepared, match=Match.MOST, k=4, model="A"):
    cohort, analyses = prepared
    return connectome(cohort, analyses[model], model, match, k)


def votes_one_by_one(prepared, match, k, source, target):
    cohort, analyses = prepared
    return sum(target in analyses[model].neighbors[match].indices[source, :k].tolist() for model in cohort.models)


@pytest.mark.parametrize("match", Match)
def test_votes_are_the_models_that_list_the_pair_at_the_same_end(prepared, match):
    shown = graph(prepared, match)
    votes = edge_votes(prepared[1], shown)
    expected = [votes_one_by_one(prepared, match, 4, s, t) for s, t in zip(shown.sources, shown.targets)]
    assert votes.tolist() == expected and min(expected) >= 1 and max(expected) > 1


def test_votes_have_a_direction_and_depend_on_k(prepared):
    sources, targets = np.divmod(np.arange(900), 30)
    for k in (1, 7):
        votes = pair_votes(prepared[1], Match.MOST, k, sources, targets).reshape(30, 30)
        assert votes.sum() == 4 * 30 * k and np.diag(votes).sum() == 0
        assert (votes != votes.T).any()


def test_rows_tell_rank_value_and_votes(prepared):
    facet = Facet("stage", "Stage", ("IA", "IB", "Unknown"), np.arange(30) % 3)
    shown = graph(prepared)
    rows = neighbor_rows(shown, 3, facet, prepared[1])                # patient 3 is IA
    assert [row.rank for row in rows] == [1, 2, 3, 4]
    for row in rows:
        other = shown.patient_ids.index(row.patient_id)
        assert row.value == facet.categories[other % 3]
        assert row.same is {0: True, 1: False, 2: None}[other % 3]
        assert (row.votes, row.models) == (votes_one_by_one(prepared, Match.MOST, 4, 3, other), 4)
    assert {row.same for node in range(0, 30, 3) for row in neighbor_rows(shown, node, facet)} == {True, False, None}
    assert all(row.same is None for row in neighbor_rows(shown, 2, facet))      # its own value is unknown


def test_matched_by_counts_the_models_in_which_the_others_list_the_patient(prepared):
    shown = graph(prepared)
    node = int(shown.in_degree.argmax())
    rows = matched_by_rows(shown, node, None, prepared[1])
    assert len(rows) == shown.in_degree[node] > 0
    assert [row.votes for row in rows] == [
        votes_one_by_one(prepared, Match.MOST, 4, shown.patient_ids.index(row.patient_id), node) for row in rows]


def test_without_facet_and_analyses_the_rows_are_plain(prepared):
    row = neighbor_rows(graph(prepared), 0)[0]
    assert row == PairRow(row.rank, row.patient_id, row.distance, row.percentile)
    assert (row.value, row.same, row.votes, row.models) == ("", None, None, 0)


@pytest.mark.parametrize("percentile, text", [
    (99.6, "99.6 %"), (99.69, "99.6 %"), (99.96, "99.96 %"), (99.9976, "99.997 %"), (99.99999, "99.9999 %"), (50.0, "50.0 %"),
    (75.04, "75.0 %"), (0.41, "0.5 %"), (0.0024, "0.003 %"), (0.0, "0.0 %"), (100.0, "100.0 %"), (float("nan"), "")])
def test_a_percentile_never_claims_more_than_it_is(percentile, text):
    assert percent_text(percentile) == text


def test_a_percentile_in_words():
    assert percentile_text(99.6) == "closer than 99.6 % of pairs"
    assert percentile_text(float("nan")) == "no pairs to compare with"


def test_a_pair_has_one_text():
    assert pair_text("cosine distance", 0.0012345, 0.41) == "cosine distance 0.001234, closer than 0.5 % of pairs"


def test_no_percentile_of_a_pair_is_shown_as_all_pairs(real_data):
    cohort = cohort_factory.published_cohort(real_data)
    percentiles = neighbor_lists(cohort.embeddings["SUPREME"], 5)[Match.MOST].percentiles.ravel()
    shown = {percent_text(percentile) for percentile in percentiles}
    assert len(shown) > 10 and all(float(text.removesuffix(" %")) < 100 for text in shown)
