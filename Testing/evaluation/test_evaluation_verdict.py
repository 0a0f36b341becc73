"""The verdict: what fabricated figures on both sides of each threshold are allowed to say."""
import numpy as np
import pandas as pd
import pytest

from TumorConnectomeLib.evaluation.verdict import Strength, facet_sentence, lift_table, strength, verdict

TITLES = {"stage": "Stage (AJCC 6th edition)", "sex": "Sex", "body_side": "Body side"}


def row(**changes):
    """A row of the evaluation table that is evidence, with changes."""
    return {"model": "CTFM", "facet": "stage", "metric": "P@k", "k": 5, "n": 289, "value": 0.388, "chance": 0.322,
            "lift": 1.205, "ci_low": 1.113, "ci_high": 1.302, "p": 0.0005, "q": 0.0091, "role": "tested", "best": 1.0,
            "of_possible": 0.0973, "of_possible_ci_high": 0.15, "macro_lift": 1.2, "detectable_lift": 1.12, "p_below": 0.9,
            "q_below": 0.9, "permutations": 2000, **changes}


def random_row(**changes):
    return row(**{"facet": "random", "role": "negative control", "lift": 1.01, "ci_low": 0.95, "ci_high": 1.08, "p": 0.3,
                  "q": 0.6, **changes})


def side_row(**changes):
    return row(**{"facet": "body_side", "role": "positive control", "lift": 1.61, "ci_low": 1.5, **changes})


def lines_of(*rows, **more):
    return [line for section in verdict(pd.DataFrame(rows), TITLES, **more) for line in section.sentences]


def text_of(*rows, **more):
    return "\n".join(lines_of(*rows, **more))


UNTOLD = {"n": 0, "value": np.nan, "chance": np.nan, "lift": np.nan, "ci_low": np.nan, "ci_high": np.nan, "p": np.nan,
          "q": np.nan, "q_below": np.nan, "of_possible": np.nan}


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, Strength.EVIDENCE), ({"q": 0.05, "ci_low": 1.0001}, Strength.EVIDENCE),
    ({"ci_low": 1.0}, Strength.UNSURE), ({"ci_low": 0.9}, Strength.UNSURE), ({"ci_low": np.nan}, Strength.UNSURE),
    ({"q": 0.0501}, Strength.HINT), ({"q": 0.0501, "p": 0.05}, Strength.HINT),
    ({"q": 0.9, "p": 0.9, "ci_high": 0.9, "q_below": 0.05}, Strength.BELOW), ({"q": 0.0501, "p": 0.0501}, Strength.NONE),
    ({"q": 0.9, "p": 0.9, "lift": 0.8, "ci_low": 0.7, "ci_high": 0.9}, Strength.NONE),
    (UNTOLD, Strength.UNTOLD), ({"chance": 0.0}, Strength.UNTOLD)])
def test_strength_at_its_thresholds(changes, expected):
    assert strength(row(**changes)) is expected


def test_evidence_is_said_with_interval_q_and_what_it_means():
    assert facet_sentence(row(), TITLES, 24) == (
        "CTFM finds the same stage 1.21 times as often as chance (95 % CI 1.11 to 1.31; q = 0.010), 9 % of what is possible "
        "beyond chance: 1.94 of 5 neighbors instead of 1.61.")


@pytest.mark.parametrize(("changes", "start"), [
    ({"ci_low": 0.99}, "CTFM, same stage: hardly chance alone, but how much is unsure, perhaps nothing; 1.21 times"),
    ({"q": 0.06}, "CTFM, same stage: a hint, no evidence, as it does not hold among 24 tests; 1.21 times"),
    (UNTOLD, "CTFM, stage: can not be told")])
def test_less_than_evidence_is_said_so(changes, start):
    sentence = facet_sentence(row(**changes), TITLES, 24)
    assert sentence.startswith(start)
    assert " finds " not in sentence


@pytest.mark.parametrize(("lift", "small"), [(1.1, True), (1.1001, False)])
def test_a_small_effect_is_called_small(lift, small):
    assert ("a small effect" in facet_sentence(row(lift=lift), TITLES, 24)) == small


@pytest.mark.parametrize(("n", "few"), [(29, True), (30, False)])
def test_few_patients_are_mentioned(n, few):
    assert (f"Only {n} patients" in facet_sentence(row(n=n), TITLES, 24)) == few
    nothing = text_of(row(n=n, p=0.5, q=0.5))
    assert ("Some have few patients." in nothing) == few


@pytest.mark.parametrize(("changes", "shown"), [
    ({"ci_low": 1.0099, "ci_high": 1.2901}, "95 % CI 1.00 to 1.30"),
    ({"ci_low": 1.01, "ci_high": 1.1}, "95 % CI 1.01 to 1.10"),
    ({"q": 0.0001}, "q = 0.001"), ({"q": 0.0301}, "q = 0.031"), ({"q": 0.05}, "q = 0.050"), ({"ci_low": np.nan}, "no 95 % CI")])
def test_rounding_never_claims_more(changes, shown):
    assert shown in facet_sentence(row(**changes), TITLES, 24)


def test_all_that_shows_nothing_is_one_sentence_per_model():
    rows = [row(facet=facet, lift=lift, ci_low=0.9, ci_high=1.11, p=0.5, q=0.6)
            for facet, lift in (("stage", 1.0), ("sex", 0.98), ("site", 1.02))]
    lines = lines_of(*rows, row(model="Merlin", p=0.5, q=0.5))
    assert lines[2:4] == [
        ("CTFM: no evidence, by lift over chance, that it finds the same stage (1.00, 95 % CI 0.90 to 1.11; 80 % power from "
         "1.12), sex (0.98, 95 % CI 0.90 to 1.11; 80 % power from 1.12) or site (1.02, 95 % CI 0.90 to 1.11; 80 % power from "
         "1.12). (With 80 % power: the lift that one test at .05, before correction, would have found.)"),
        ("Merlin: no evidence, by lift over chance, that it finds the same stage (1.21, 95 % CI 1.11 to 1.31; 80 % power from "
         "1.12). (With 80 % power: the lift that one test at .05, before correction, would have found.)")]


@pytest.mark.parametrize(("changes", "said"), [({"ci_high": 1.1}, True), ({"ci_high": 1.1001}, False), ({"n": 29}, False),
                                               ({"ci_high": np.nan}, False), ({"q": 0.05}, False)])
def test_a_model_is_called_no_good_only_when_the_interval_leaves_no_room(changes, said):
    lines = lines_of(row(**{"lift": 1.0, "ci_low": 0.93, "ci_high": 1.07, "p": 0.5, "q": 0.6, **changes}))
    assert any(line.startswith("CTFM is not good for finding the same stage (1.00, 95 % CI 0.93 to ") for line in lines) == said
    assert any("no evidence, by lift over chance" in line for line in lines) == (not said and changes != {"q": 0.05})


def vote_rows(**changes):
    rows = [{"facet": "stage", "votes": vote, "models": 6, "pairs": pairs, "same": same, "ci_low": same - 0.101,
             "ci_high": same + 0.101, "chance": 0.32, "q": q, "role": "tested", "trend": 0.05,
             "trend_p": 0.2}
            for vote, pairs, same, q in ((1, 5000, 0.34, 0.3), (2, 800, 0.36, 0.3), (3, 30, 0.47, 0.01), (4, 29, 0.9, 0.001))]
    return pd.DataFrame([{**one, **changes} for one in rows])


def test_votes_are_said_of_the_most_that_enough_pairs_have():
    text = text_of(row(), votes=vote_rows())
    assert ("Same stage: 0.34 of 5000 pairs with 1 of 6 votes (95 % CI 0.23 to 0.45), 0.47 of 30 pairs with 3 of 6 votes "
            "(95 % CI 0.36 to 0.58); 0.32 by chance (q = 0.010 for the most votes). It is not shown to rise with the votes "
            "(p = 0.200 of the trend).") in text
    rising = text_of(row(), votes=vote_rows(q=0.3, trend_p=0.01))
    assert "(q = 0.300 for the most votes). The share rises by 0.050 with every vote (p = 0.010 of the trend)." in rising
    assert "not shown to have the same stage more often" in text_of(row(), votes=vote_rows(q=0.0501))
    assert "votes" not in text_of(row(), votes=vote_rows(pairs=29))
    assert "votes" not in text_of(row(), votes=vote_rows(role="negative control"))


def test_the_number_of_tests_and_what_q_means_are_said():
    text = text_of(row(), row(metric="nDCG@k"), row(facet="sex", **UNTOLD), random_row())
    assert "over 2 tests" in text and "intervals of the 2 lifts put into words" in text


def test_why_studies_were_not_told_apart_is_said():
    assert "Rows do not name their study." in lines_of(row(), note="Rows do not name their study")


def test_the_table_of_the_page_has_every_lift_with_its_interval():
    table = lift_table(pd.DataFrame([row(), random_row(), row(model="Merlin", q=0.0501),
                                     random_row(model="Merlin", **UNTOLD), row(metric="nDCG@k", lift=9.0)]), TITLES)
    assert table == (("Model", "Stage", "random (negative control)"), ("CTFM", "1.21* (1.11 to 1.31)", "1.01 (0.95 to 1.08)"),
                     ("Merlin", "1.21 (1.11 to 1.31)", "not defined"))


def test_only_precision_is_put_into_words_and_all_tests_are_counted():
    text = text_of(row(q=0.2), row(metric="nDCG@k", q=0.2), random_row(), side_row())
    assert "among 2 tests" in text
    assert text.count("CTFM, same stage") == 1


def test_the_negative_control_is_always_mentioned():
    assert "There is no negative control." in lines_of(row())
    assert lines_of(row(), random_row())[0] == (
        "Negative control (random groups): found by none of 1 models after correction; 0 at p <= 0.05, where one in twenty is "
        "expected.")
    assert "1 at p <= 0.05" in lines_of(row(), random_row(p=0.05, q=0.051))[0]
    assert "0 at p <= 0.05" in lines_of(row(), random_row(p=0.051, q=0.2))[0]
    assert lines_of(row(), random_row(q=0.05), random_row(model="Merlin"))[0].startswith(
        "Warning: CTFM found the negative control (random groups) after correction. Do not rely on the other results")


def test_the_positive_control_names_who_passes_and_who_does_not():
    assert "There is no positive control: the body side of the tumors is not known." in lines_of(row(), random_row())
    passed = lines_of(row(), random_row(), side_row(), side_row(model="Merlin", lift=1.15))
    assert passed[1] == "Positive control (body side): found by CTFM 1.61 times and Merlin 1.15 times as often as chance."
    half = lines_of(row(), random_row(), side_row(), side_row(model="Merlin", q=0.051))
    assert half[1] == "Positive control (body side): found by CTFM 1.61 times as often as chance."
    assert half[2].startswith("Positive control (body side): not shown for Merlin. There, no evidence for anything else says")
    assert "not shown for CTFM" in text_of(row(), side_row(ci_low=1.0))
    assert "There is no positive control" in text_of(row(), side_row(**UNTOLD))


def confounds(**changes):
    return pd.DataFrame([{"model": "CTFM", "facet": "stage", "metric": "P@k", "within": "body_side", "within_lift": 1.15,
                          "within_p": 0.01, "remains": 0.75, "remains_ci_low": 0.61, "remains_ci_high": 0.9,
                          "exchangeable": 280, **changes}])


@pytest.mark.parametrize(("changes", "clause"), [
    ({}, "of body side 75 % (95 % CI 61 to 90 %; labels of 280 patients can change)."),
    ({"within_p": 0.05}, "280 patients can change)."),
    ({"within_p": 0.0501}, "280 patients can change; no longer significant)."),
    ({"remains": 0.5}, "280 patients can change)."), ({"remains": 0.49}, "can change; which may explain most of it)."),
    ({"remains": 0.3, "remains_ci_high": 0.5}, "can change; which explains most of it)."),
    ({"remains_ci_low": np.nan, "remains_ci_high": np.nan}, "of body side 75 % (no 95 % CI; labels of 280"),
    ({"within": "sex+age"}, "within strata of sex and age 75 %"),
    ({"exchangeable": 0, "within_p": np.nan, "remains": np.nan},
     " Within body side it can not be tested: all patients of a stratum have the same stage.")])
def test_what_other_columns_explain_is_said(changes, clause):
    assert clause in text_of(row(), confounds=confounds(**changes))


def class_row(**changes):
    return {"model": "CTFM", "facet": "stage", "class": "IA", "n": 153, "lift": 1.3, "ci_low": 1.2, "ci_high": 1.4, "q": 0.01,
            "excess_share": 0.84, **changes}


def with_classes(*classes, **changes):
    return text_of(row(**changes), classes=pd.DataFrame(classes))


def test_who_carries_the_excess_is_said():
    assert " IA (53 % of the queries) carries 84 % of the excess over chance." in with_classes(class_row())
    assert "carries" not in with_classes(class_row(excess_share=0.59))
    assert "carries" not in with_classes(class_row(n=250))      # hardly more than its share of the queries


def test_a_rare_category_is_named_where_the_mean_hides_it():
    rare = class_row(**{"class": "rare", "n": 8, "lift": 8.5, "ci_low": 3.0, "ci_high": 24.0, "q": 0.003, "excess_share": 0.5})
    assert "It is found best for rare (8.50 times, 95 % CI 3.00 to 24.00; q = 0.003; 8 patients)." in with_classes(rare)
    nothing = {"lift": 1.01, "ci_low": 0.99, "ci_high": 1.03, "q": 0.4, "p": 0.3}
    said = with_classes(rare, **nothing)
    assert "no evidence over all queries (1.01, 95 % CI 0.99 to 1.03; 80 % power from " in said
    assert "), but found for rare (8.50 times" in said
    assert "not good" not in said and "no evidence, by lift" not in said        # nothing is said twice
    assert "Of single categories it is found for rare (8.50" in with_classes(rare, **nothing | {"p": 0.03})
    assert "rare" not in with_classes({**rare, "q": 0.0501}, **nothing)


def test_other_metrics_and_values_below_chance_are_not_no_evidence():
    nothing = {"lift": 1.03, "ci_low": 0.97, "ci_high": 1.1, "p": 0.3, "q": 0.6}
    text = text_of(row(**nothing), row(metric="R-precision", lift=1.02, ci_low=1.005, ci_high=1.04, q=0.002))
    assert ("CTFM finds the same stage more often than chance by R-precision 1.02 times (95 % CI 1.00 to 1.04; q = 0.002), not "
            "shown for the first 5 neighbors (1.03, 95 % CI 0.97 to 1.10; q = 0.600).") in text
    assert "a hint" in text_of(row(**nothing), row(metric="mAP@k", q=0.06, p=0.01))
    below = text_of(row(lift=0.71, ci_low=0.67, ci_high=0.76, p=1.0, q=1.0, q_below=0.002))
    assert "CTFM finds the same stage less often than chance, 0.71 times as often as chance (95 % CI 0.67 to 0.76" in below
    assert "not good" not in below and "no evidence, by" not in below
    assert "less often" not in text_of(row(lift=0.71, ci_low=0.67, ci_high=0.76, p=1.0, q=1.0, q_below=0.0501))


def test_a_lift_is_small_only_when_little_of_what_is_possible_was_reached():
    assert "a small effect" in text_of(row(lift=1.05, of_possible=0.1))
    assert "a small effect" not in text_of(row(lift=1.05, of_possible=1.0))
    assert "100 % of what is possible" in text_of(row(lift=1.05, of_possible=1.0))
    perfect = text_of(row(lift=4.33, of_possible=1.0, ci_low=np.nan, ci_high=np.nan))
    assert "finds the same stage 4.33 times as often as chance (no 95 % CI; q" in perfect   # nothing varies
    assert "(1.40 times if every category counts the same)" in text_of(row(macro_lift=1.4))


def test_duplicates_are_warned_of_with_what_is_left_without_them():
    lifts = [("stage", 1.62, 1.02, 0.03, 0.98), ("sex", 1.5, np.nan, np.nan, np.nan)]
    twins = {"model": "CTFM", "found": "150 pairs of ids (P1 and P2, ...)", "lifts": lifts}
    text = text_of(row(), duplicates=[twins])
    assert "Warning: CTFM has 150 pairs of ids (P1 and P2, ...) closer than 1 %" in text
    assert "With one id of each: stage 1.02 instead of 1.62 times as often as chance." in text
    assert "CTFM finds the same stage" in text
    copies = text_of(row(), duplicates=[{**twins, "lifts": [("stage", 1.62, 1.02, 0.37, 0.6)]}])
    assert "ids of the same tumor find each other; with one id of each it is 1.02 times (p = 0.370)" in copies
    assert "CTFM finds" not in copies
    assert "too few are left" in text_of(row(), duplicates=[{**twins, "lifts": []}])
    less = row(lift=0.8, ci_low=0.77, ci_high=0.83, p=1.0, q=1.0, q_below=0.002)
    below = text_of(less, duplicates=[{**twins, "lifts": [("stage", 0.8, 0.83, 1.0, 0.002)]}])
    assert "CTFM finds the same stage less often than chance" in below and "ids of the same tumor" not in below
    assert "are counted several times; with one id of each it is 0.97 times (p = 0.300)" in text_of(
        less, duplicates=[{**twins, "lifts": [("stage", 0.8, 0.97, 0.7, 0.3)]}])


def test_what_was_tested_is_told_where_it_has_no_interval():
    none = {"ci_low": np.nan, "ci_high": np.nan}
    assert "hardly chance alone, but how much is unsure" in text_of(row(lift=1.05, **none))
    assert "finds the same stage less often than chance, 0.71 times as often as chance (no 95 % CI" in text_of(
        row(lift=0.71, p=1.0, q=1.0, q_below=0.002, **none))
    other = text_of(row(lift=1.006, ci_low=0.99, ci_high=1.02, q=0.064, p=0.06),
                    row(metric="R-precision", lift=1.004, q=0.002, p=0.0005, **none))
    assert "finds the same stage more often than chance by R-precision 1.00 times (no 95 % CI; q = 0.002)" in other


def test_without_strata_the_reader_is_told_that_nobody_looked():
    sentence = "Whether body side, scanner or another column explains these lifts has not been looked at."
    assert sentence in lines_of(row())
    assert sentence not in lines_of(row(), confounds=confounds())
    assert sentence not in lines_of(row(q=0.2))


def retrieval(**changes):
    return {"model": "CTFM", "targets": "another series", "metric": "R@1", "n": 378, "patients": 143, "value": 0.8148,
            "chance": 0.0024, "ci_low": 0.7526, "ci_high": 0.8711, **changes}


@pytest.mark.parametrize(("changes", "compared"), [({}, ", above chance (0.0024)"), ({"ci_low": 0.00241}, ", above chance"),
                                                   ({"ci_low": 0.0024}, "not clearly above chance")])
def test_same_patient_retrieval_is_compared_with_chance(changes, compared):
    text = text_of(row(), same_patient=pd.DataFrame([retrieval(**changes)]))
    assert "CTFM, same patient: in a share of 0.81 of 378 queries" in text
    assert compared in text


def test_same_patient_retrieval_of_few_or_no_patients():
    def said(**changes):
        rows = [retrieval(**changes), retrieval(model="Merlin"), retrieval(metric="mAP")]
        return text_of(row(), same_patient=pd.DataFrame(rows))

    assert said().count("same patient:") == 1                   # of the models in the table, and R@1 only
    assert "95 % CI 0.75 to 0.88" in said()
    assert "Only 29 patients" in said(patients=29) and "Only" not in said(patients=30)
    assert "CTFM, same patient in another CT series: can not be told" in said(n=0, value=np.nan)


@pytest.mark.parametrize(("n", "another"), [(372, "study"), (0, "CT series")])
def test_another_study_is_said_rather_than_another_series(n, another):
    rows = [retrieval(), retrieval(targets="another study", n=n), retrieval(targets="another series of the study")]
    text = text_of(row(), same_patient=pd.DataFrame(rows))
    assert text.count("same patient:") == 1 and f"the same patient in another {another} (95 %" in text


def test_another_distance_is_said_first():
    assert lines_of(row(), distance="1 - mutual proximity")[0].startswith("Neighbors are by 1 - mutual proximity;")


def test_the_last_sentences_are_the_limits_of_all():
    assert lines_of(row())[-2:] == ["More often than chance does not mean useful for a single patient.",
                                    "Differences between models were not tested."]
