"""The consensus as one more model of the evaluation, and votes: against the definitions, written as on paper."""
import numpy as np
import pytest
from evaluation_samples import distances, labeled_cohort, order_of, patient_values

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.connectome.analysis import KEPT_NEIGHBORS
from TumorConnectomeLib.evaluation.distances import blocks_of, cosine_blocks, model_blocks
from TumorConnectomeLib.evaluation.intervals import pair_share_interval
from TumorConnectomeLib.evaluation.table import evaluate
from TumorConnectomeLib.evaluation.vote_table import COLUMNS, vote_table
from TumorConnectomeLib.neighbors.consensus import CONSENSUS, RRF_CONSTANT, consensus_lists
from TumorConnectomeLib.neighbors.fused_blocks import fused_blocks
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import lists_of_blocks, neighbor_lists
from TumorConnectomeLib.neighbors.repairs import Repair, repaired_lists


def fused(matrices, depth):
    return np.concatenate([block for _first, block in fused_blocks([[(0, matrix)] for matrix in matrices], depth)])


def order_by_definition(matrices, depth, query):
    """Who is in a list first, by its score there; then the others, by their score over whole rankings; ties by row."""
    lists = [order_of(matrix, query) for matrix in matrices]

    def score(other, deepest):
        ranks = [one.index(other) + 1 for one in lists]
        return round(sum(1 / (RRF_CONSTANT + rank) for rank in ranks if rank <= deepest), 12)

    others = [other for other in range(len(matrices[0])) if other != query]
    return sorted(others, key=lambda other: (-score(other, depth), 0 if score(other, depth) else -score(other, len(others)),
                                             other))


@pytest.mark.parametrize("depth", [5, 29, 1])
def test_the_order_is_that_of_the_definition(depth):
    random = np.random.default_rng(60)
    matrices = [distances(random, 30) for _ in range(3)]
    found = fused(matrices, depth)
    np.fill_diagonal(found, np.inf)
    for query in range(30):
        assert np.argsort(found[query], kind="stable")[:-1].tolist() == order_by_definition(matrices, depth, query)


def test_blocks_must_fit_together():
    matrix = distances(np.random.default_rng(61), 6)
    with pytest.raises(ValueError, match="different rows"):
        list(fused_blocks([[(0, matrix)], [(1, matrix)]], 3))
    with pytest.raises(ValueError, match="shorter"):
        list(fused_blocks([[(0, matrix)], []], 3))


@pytest.fixture(scope="module")
def cohort():
    random = np.random.default_rng(62)
    facets = {"stage": (random.integers(3, size=80), ("I", "II", "III"), True),
              "sex": (random.integers(3, size=80), ("M", "F", "Unknown"), False)}
    return labeled_cohort(random, facets, 80, ("A", "b", "c"))


@pytest.mark.parametrize("repair", list(Repair))
def test_neighbors_are_those_that_the_graph_of_the_consensus_shows(cohort, repair):
    kept = {model: repaired_lists(cohort.embeddings[model], KEPT_NEIGHBORS, repair) for model in cohort.models}
    wanted = consensus_lists(kept, 20)[Match.MOST].indices
    blocks = model_blocks(cohort, CONSENSUS, blocks_of(repair), 20)
    assert lists_of_blocks(blocks, 80, 20)[Match.MOST].indices.tolist() == wanted.tolist()


def test_precision_of_the_consensus_is_that_of_its_lists(cohort):
    kept = {model: neighbor_lists(cohort.embeddings[model], KEPT_NEIGHBORS) for model in cohort.models}
    codes = cohort.facets["stage"].codes
    wanted = (codes[consensus_lists(kept, 5)[Match.MOST].indices] == codes[:, None]).mean(axis=1)
    found = evaluate(cohort, [CONSENSUS], ["stage"], permutations=9).set_index(["facet", "metric"])
    assert found.loc[("stage", "P@k"), "value"] == pytest.approx(wanted.mean(), abs=1e-12)
    assert found["model"].unique().tolist() == [CONSENSUS] and found["value"].notna().all()
    assert patient_values(cohort, CONSENSUS, "stage", "P@k", 5) == pytest.approx(wanted, abs=1e-12)


def test_a_single_model_has_no_consensus_and_no_votes_of_others():
    alone = labeled_cohort(np.random.default_rng(1), {"sex": (np.arange(20) % 2, ("M", "F"), False)}, 20, ["A"])
    assert evaluate(alone, permutations=9)["model"].unique().tolist() == ["A"]
    with pytest.raises(InputError, match="no model 'Consensus'"):
        evaluate(alone, [CONSENSUS], permutations=9)
    assert vote_table(alone, permutations=9)["votes"].unique().tolist() == [1]


def test_votes_are_counted_as_on_paper(cohort):
    found = vote_table(cohort, k=4, permutations=50).set_index(["facet", "votes"])
    assert list(found.reset_index()[list(COLUMNS)]) == list(COLUMNS)
    nearest = [neighbor_lists(cohort.embeddings[model], 4)[Match.MOST].indices.tolist() for model in cohort.models]
    names, codes = np.array(cohort.facets["sex"].categories), cohort.facets["sex"].codes
    labels = names[codes]
    pairs = {}
    for source in range(80):
        for target in {other for lists in nearest for other in lists[source]}:
            if "Unknown" not in (labels[source], labels[target]):
                pairs.setdefault(sum(target in lists[source] for lists in nearest), []).append((source, target))
    counts = np.array([(labels == name).sum() for name in ("M", "F")])
    chance = (counts * (counts - 1)).sum() / (counts.sum() * (counts.sum() - 1))
    for vote in (1, 2, 3):
        row, here = found.loc[("sex", vote)], pairs.get(vote, [])
        assert (row["pairs"], row["patients"]) == (len(here), len({patient for pair in here for patient in pair}))
        if here:
            assert row["same"] == pytest.approx(np.mean([labels[a] == labels[b] for a, b in here]), abs=1e-12)
            assert np.isnan(row["ci_low"]) or row["ci_low"] <= row["same"] <= row["ci_high"]
            assert row["chance"] == pytest.approx(chance)
            assert 1 / 51 <= row["p"] <= row["q"] <= 1


def test_votes_of_one_category_unknown_labels_and_nobody():
    facets = {"one": ([0] * 12, ("all",), False), "nobody": ([0] * 12, ("Unknown",), False)}
    found = vote_table(labeled_cohort(np.random.default_rng(2), facets, 12), k=3, permutations=19).set_index("facet")
    known = found.loc["one"].dropna(subset="same")
    assert (known[["same", "chance", "lift", "p"]] == 1).all(axis=None)
    assert known[["ci_low", "ci_high"]].isna().all(axis=None)   # nothing varies
    assert (found.loc["nobody", "pairs"] == 0).all() and found.loc["nobody", ["same", "p", "q"]].isna().all(axis=None)


def test_p_values_of_votes_are_uniform_when_labels_say_nothing():
    random, values = np.random.default_rng(63), []
    cohort = labeled_cohort(random, {}, 40)
    for seed in range(60):
        labels = {"f": (random.integers(2, size=40), ("x", "y"), False)}
        made = labeled_cohort(np.random.default_rng(64), labels, 40)
        table = vote_table(made, k=3, permutations=39, seed=seed)
        values += table.loc[(table["facet"] == "f") & (table["votes"] == 1), "p"].tolist()
    assert len(cohort.models) == 2 and len(values) == 60
    assert abs(np.mean(values) - 0.5) < 3.5 * np.sqrt(1 / 12 / 60)
    assert 0.02 < np.mean(np.array(values) <= 0.2) < 0.4


def test_intervals_of_shares_of_pairs_cover():
    random, held = np.random.default_rng(65), 0
    for _number in range(150):
        labels = random.random(120) < 0.5
        nearest = lists_of_blocks(cosine_blocks("m", random.standard_normal((120, 5))), 120, 4)[Match.MOST].indices
        sources, targets = np.repeat(np.arange(120), 4), nearest.ravel()
        low, high = pair_share_interval(sources, targets, labels[sources] == labels[targets], 120)
        held += low <= 0.5 <= high
    assert 0.88 < held / 150 <= 1


def test_ties_of_a_model_count_as_the_mean_over_their_orders_in_the_consensus_too():
    random = np.random.default_rng(9)
    models = [distances(random, 12, 3), distances(random, 12)]
    blocks = [[(0, matrix)] for matrix in models]
    (_first, found), = fused_blocks(blocks, 4)
    shares = np.zeros((12, 12))
    for matrix in models:
        for row in range(12):
            others = np.delete(np.arange(12), row)
            for other in others:
                nearer, tied = ((compare(matrix[row, others], matrix[row, other])).sum() for compare in (np.less, np.equal))
                ranks = nearer + 1 + np.arange(tied)
                shares[row, other] += np.mean(np.where(ranks <= 4, 1 / (60 + ranks), 0))
    listed = shares > 0
    assert found[listed] == pytest.approx(1 - shares[listed] * 61 / 2, abs=1e-9)
    order = random.permutation(12)
    (_first, again), = fused_blocks([[(0, matrix[np.ix_(order, order)])] for matrix in models], 4)
    assert again == pytest.approx(found[np.ix_(order, order)], abs=1e-12)       # whatever the order in the cohort
