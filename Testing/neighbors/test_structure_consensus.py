"""Consensus neighbors and votes against sums over pairs written out, and the published share of same-stage pairs."""
import csv

import numpy as np
import pytest
from cohort_factory import published_cohort
from structure_samples import skewed

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.neighbors import consensus as module
from TumorConnectomeLib.neighbors.consensus import RRF_CONSTANT, consensus_lists, votes
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import NeighborLists, neighbor_lists


def models_of(count, depth, models=("b", "A", "c")):
    return {model: neighbor_lists(skewed(count, seed=seed), depth) for seed, model in enumerate(models)}


def expected_scores(lists, match, count):
    scores = np.zeros((count, count))
    for model in sorted(lists):
        for x, row in enumerate(lists[model][match].indices.tolist()):
            for rank, y in enumerate(row, start=1):
                scores[x, y] += 1.0 / (RRF_CONSTANT + rank)
    return np.round(scores, 12)


@pytest.mark.parametrize(("count", "depth", "k"), [(20, 7, 7), (20, 19, 5), (3, 2, 2), (2, 1, 1), (60, 10, 3)])
@pytest.mark.parametrize("block", [1 << 22, 40])
def test_consensus_follows_the_definition(count, depth, k, block, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_ENTRIES", block)
    lists = models_of(count, depth)
    largest = 3 / (RRF_CONSTANT + 1)
    for match, sign in ((Match.MOST, -1), (Match.LEAST, 1)):
        scores = expected_scores(lists, match, count)
        distances = 1.0 + sign * scores / largest
        others = distances[~np.eye(count, dtype=bool)]
        found = consensus_lists(lists, k)[match]
        for x in range(count):
            order = sorted((y for y in range(count) if y != x), key=lambda y, x=x, s=scores: (-s[x, y], y))[:k]
            assert found.indices[x].tolist() == order
            assert found.distances[x] == pytest.approx(distances[x, order], abs=2e-9)
            farther = [100.0 * (others > distance + 1e-11).sum() / len(others) for distance in distances[x, order]]
            assert found.percentiles[x] == pytest.approx(farther, abs=1e-9)


def test_one_model_is_its_own_consensus():
    lists = {"A": neighbor_lists(skewed(15), 6)}
    for match, found in consensus_lists(lists, 6).items():
        assert (found.indices == lists["A"][match].indices).all()
    assert consensus_lists(lists, 6)[Match.MOST].distances[:, 0].tolist() == [0.0] * 15
    assert consensus_lists(lists, 6)[Match.LEAST].distances[:, 0].tolist() == [2.0] * 15


def test_a_single_patient():
    lists = {model: neighbor_lists(np.ones((1, 3)), 0) for model in "AB"}
    assert all(found.indices.shape == (1, 0) for found in consensus_lists(lists, 0).values())
    assert votes({model: both[Match.MOST] for model, both in lists.items()}, 0)[2].tolist() == []


def test_votes_count_models():
    lists = {model: both[Match.MOST] for model, both in models_of(25, 6).items()}
    sources, targets, counts = votes(lists, 4)
    found = dict(zip(zip(sources.tolist(), targets.tolist()), counts.tolist()))
    for x in range(25):
        expected = [sum(y in one.indices[x, :4] for one in lists.values()) for y in range(25)]
        assert [found.get((x, y), 0) for y in range(25)] == expected
    assert sum(counts) == 3 * 4 * 25
    assert sorted(found) == list(found)


def test_what_does_not_fit_is_refused():
    lists = models_of(10, 3)
    with pytest.raises(InputError, match="Consensus: k = 4 neighbors; expected 0 to 3"):
        consensus_lists(lists, 4)
    with pytest.raises(InputError, match="k = 4 neighbors; expected 0 to 3"):
        votes({model: both[Match.MOST] for model, both in lists.items()}, 4)
    with pytest.raises(InputError, match="A 10, d 9"):
        consensus_lists({"A": lists["A"], "d": neighbor_lists(skewed(9), 3)}, 2)
    with pytest.raises(InputError, match="no model to compare"):
        consensus_lists({}, 1)


def test_pairs_that_six_of_the_nine_models_see_have_the_same_stage_more_often(real_data):
    cohort = published_cohort(real_data)
    lists = {model: neighbor_lists(cohort.embeddings[model], 5)[Match.MOST] for model in cohort.models}
    with open(real_data / "published_matches.csv", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["match"] == "most_similar" and row["model"] not in cohort.models:
                empty = NeighborLists(np.zeros((289, 5), np.int32), np.zeros((289, 5)), np.zeros((289, 5)))
                lists.setdefault(row["model"], empty).indices[
                    cohort.row_of(row["PatientID"]), int(row["rank"]) - 1] = cohort.row_of(row["MatchPatientID"])
    assert len(lists) == 9
    sources, targets, counts = votes(lists, 5)
    stage = cohort.facets["stage"].codes
    same = {number: (stage[sources] == stage[targets])[counts == number].mean() for number in (1, 6)}
    assert same[1] == pytest.approx(0.34, abs=0.005)
    assert same[6] == pytest.approx(0.47, abs=0.005)
