"""Composition of a group of patients: counts, shares, Fisher's exact test and the false discovery rate."""
import itertools
import math

import numpy as np
import pytest
from cohort_factory import cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.group import adjusted, fisher_p, group_summary


def made_cohort():
    """12 patients: four women, who are the four oldest."""
    return cohort(12, sex=["M"] * 8 + ["F"] * 4, age=[56.0] * 4 + [61.0] * 4 + [71.0] * 4)


def shares(summary, key):
    return {share.category: share for facet in summary.facets if facet.key == key for share in facet.shares}


def test_a_group_is_counted_by_every_facet_against_the_cohort():
    summary = group_summary(made_cohort(), ["P011", "P009", "P003", "P009"])
    assert summary.patient_ids == ("P003", "P009", "P011") and summary.count == 3
    assert [facet.key for facet in summary.facets] == ["sex", "age"]
    sex = shares(summary, "sex")
    assert (sex["Female"].in_group, sex["Female"].in_cohort) == (2, 4)
    assert sex["Female"].group_share == pytest.approx(2 / 3) and sex["Female"].cohort_share == pytest.approx(1 / 3)
    assert shares(summary, "age")["65-69"].in_group == 0


def test_a_group_that_is_one_category_stands_out_and_a_mixed_one_does_not():
    women = shares(group_summary(made_cohort(), ["P008", "P009", "P010", "P011"]), "sex")["Female"]
    assert women.p == pytest.approx(1 / math.comb(12, 4)) and women.q < 0.05       # one group of 495 is all women
    mixed = shares(group_summary(made_cohort(), ["P000", "P004", "P008"]), "sex")["Female"]
    assert mixed.p == pytest.approx(1) and mixed.q == pytest.approx(1)


def brute_force(seen, total, size, cohort_size):
    """The share of all groups that are as improbable as the one seen, by listing them."""
    counts = [sum(patient < total for patient in group) for group in itertools.combinations(range(cohort_size), size)]
    frequency = {count: counts.count(count) for count in set(counts)}
    return sum(n for n in frequency.values() if n <= frequency[seen]) / len(counts)


@pytest.mark.parametrize("seen, total, size, cohort_size", [(3, 3, 4, 9), (0, 4, 4, 10), (2, 5, 4, 10), (1, 1, 1, 8),
                                                            (4, 6, 5, 11), (0, 0, 3, 7), (3, 7, 3, 7)])
def test_the_exact_test_agrees_with_counting_all_groups(seen, total, size, cohort_size):
    assert fisher_p([seen], [total], size, cohort_size) == pytest.approx([brute_force(seen, total, size, cohort_size)])


def test_the_exact_test_agrees_with_a_published_table():
    # Fisher's tea tasting: 4 cups of 8 chosen, 3 of them right; one-sided .243, two-sided .486 (Agresti 2007, table 2.8)
    assert fisher_p([3], [4], 4, 8) == pytest.approx([0.4857], abs=1e-4)


def test_the_exact_test_holds_for_large_cohorts():
    p = fisher_p([5000, 900], [10_000, 1000], 12_500, 25_000)
    assert p[0] == pytest.approx(1.0)
    assert 0 <= p[1] < 1e-100


def test_q_values_agree_with_the_published_procedure():
    # Benjamini & Hochberg 1995, section 4.1: at q = 0.05 the four smallest of these fifteen are significant
    p = np.array([0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
                  0.7590, 1.0000])
    assert (adjusted(p) <= 0.05).sum() == 4
    shuffled = np.random.default_rng(1).permutation(len(p))
    assert adjusted(p[shuffled]) == pytest.approx(adjusted(p)[shuffled])
    assert (np.diff(adjusted(p)) >= 0).all() and adjusted(p)[-1] == 1


def test_the_whole_cohort_the_empty_group_and_a_cohort_without_facets_are_summed_up():
    everybody = group_summary(made_cohort(), made_cohort().patient_ids)
    assert all(share.p == 1 and share.in_group == share.in_cohort for facet in everybody.facets for share in facet.shares)
    nobody = group_summary(made_cohort(), [])
    assert nobody.count == 0 and all(math.isnan(share.group_share) for share in nobody.facets[0].shares)
    assert group_summary(cohort(3), ["P001"]).facets == ()


def test_an_unknown_patient_is_named():
    with pytest.raises(InputError, match="P999"):
        group_summary(made_cohort(), ["P001", "P999"])
