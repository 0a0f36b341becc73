"""The verdict: what fabricated figures on both sides of each threshold are allowed to say."""
import numpy as np
import pandas as pd
import pytest

from TumorConnectomeLib.evaluation.verdict import Strength, facet_sentence, lift_table, strength, verdict

TITLES = {"stage": "Stage (AJCC 6th edition)", "sex": "Sex", "body_side": "Body side"}


def row(**changes):
    """A row of the evaluation table that is evidence, with changes."""
    return {"model": "CTFM", "facet": "stage", "metric": "P@k", "k": 5, "n": 289, "value": 0.388, "null_mean": 0.322,
            "lift": 1.205, "ci_low": 1.113, "ci_high": 1.302, "p": 0.0005, "q": 0.0091, "role": "tested", **changes}


def random_row(**changes):
    return row(**{"facet": "random", "role": "negative control", "lift": 1.01, "ci_low": 0.95, "ci_high": 1.08, "p": 0.3,
                  "q": 0.6, **changes})


def side_row(**changes):
    return row(**{"facet": "body_side", "role": "positive control", "lift": 1.61, "ci_low": 1.5, **changes})


def lines_of(*rows, **more):
    return [line for section in verdict(pd.DataFrame(rows), TITLES, **more) for line in section.sentences]


def text_of(*rows, **more):
    return "\n".join(lines_of(*rows, **more))


UNTOLD = {"n": 0, "value": np.nan, "null_mean": np.nan, "lift": np.nan, "ci_low": np.nan, "ci_high": np.nan, "p": np.nan,
          "q": np.nan}


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, Strength.EVIDENCE), ({"q": 0.05, "ci_low": 1.0001}, Strength.EVIDENCE),
    ({"ci_low": 1.0}, Strength.UNSURE), ({"ci_low": 0.9}, Strength.UNSURE), ({"ci_low": np.nan}, Strength.UNSURE),
    ({"q": 0.0501}, Strength.HINT), ({"q": 0.0501, "p": 0.05}, Strength.HINT), ({"q": 0.0501, "p": 0.0501}, Strength.NONE),
    ({"q": 0.9, "p": 0.9, "lift": 0.8, "ci_low": 0.7, "ci_high": 0.9}, Strength.NONE),
    (UNTOLD, Strength.UNTOLD), ({"null_mean": 0.0}, Strength.UNTOLD)])
def test_strength_at_its_thresholds(changes, expected):
    assert strength(row(**changes)) is expected


def test_evidence_is_said_with_interval_q_and_what_it_means():
    assert facet_sentence(row(), TITLES, 24) == (
        "CTFM finds the same stage 1.21 times as often as chance (95 % CI 1.11 to 1.31; q = 0.010): 1.94 of 5 neighbors "
        "instead of 1.61.")


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
        ("CTFM: no evidence, by lift over chance, that it finds the same stage (1.00, 95 % CI 0.90 to 1.11), sex (0.98, "
         "95 % CI 0.90 to 1.11) or site (1.02, 95 % CI 0.90 to 1.11)."),
        "Merlin: no evidence, by lift over chance, that it finds the same stage (1.21, 95 % CI 1.11 to 1.31)."]


@pytest.mark.parametrize(("changes", "said"), [({"ci_high": 1.1}, True), ({"ci_high": 1.1001}, False), ({"n": 29}, False),
                                               ({"ci_high": np.nan}, False), ({"q": 0.05}, False)])
def test_a_model_is_called_no_good_only_when_the_interval_leaves_no_room(changes, said):
    lines = lines_of(row(**{"lift": 1.0, "ci_low": 0.93, "ci_high": 1.07, "p": 0.5, "q": 0.6, **changes}))
    assert any(line.startswith("CTFM is not good for finding the same stage (1.00, 95 % CI 0.93 to ") for line in lines) == said
    assert any("no evidence, by lift over chance" in line for line in lines) == (not said and changes != {"q": 0.05})


def vote_rows(**changes):
    rows = [{"facet": "stage", "votes": vote, "models": 6, "pairs": pairs, "same": same, "same_low": same - 0.101,
             "same_high": same + 0.101, "chance": 0.32, "q": q, "role": "tested"}
            for vote, pairs, same, q in ((1, 5000, 0.34, 0.3), (2, 800, 0.36, 0.3), (3, 30, 0.47, 0.01), (4, 29, 0.9, 0.001))]
    return pd.DataFrame([{**one, **changes} for one in rows])


def test_votes_are_said_of_the_most_that_enough_pairs_have():
    text = text_of(row(), votes=vote_rows())
    assert ("Same stage: 0.34 of 5000 pairs with 1 of 6 votes (95 % CI 0.23 to 0.45), 0.47 of 30 pairs with 3 of 6 votes "
            "(95 % CI 0.36 to 0.58); 0.32 by chance (q = 0.010 for the most votes).") in text
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
    text = text_of(row(q=0.2), row(metric="nDCG@k"), random_row(), side_row())
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
                          "within_p": 0.01, "remains": 0.75, **changes}])


@pytest.mark.parametrize(("changes", "clause"), [
    ({}, "leave 1.15 within body side."), ({"within_p": 0.05}, "leave 1.15 within body side."),
    ({"within_p": 0.0501}, "leave 1.15 within body side (no longer significant)."),
    ({"remains": 0.5}, "leave 1.15 within body side."), ({"remains": 0.49}, "within body side (which explains most of it).")])
def test_what_other_columns_explain_is_said(changes, clause):
    assert clause in text_of(row(), confounds=confounds(**changes))


def test_without_strata_the_reader_is_told_that_nobody_looked():
    sentence = "Whether body side, scanner or another column explains these lifts has not been looked at."
    assert sentence in lines_of(row())
    assert sentence not in lines_of(row(), confounds=confounds())
    assert sentence not in lines_of(row(q=0.2))


def retrieval(**changes):
    return {"model": "CTFM", "targets": "another series", "metric": "R@1", "n": 378, "patients": 143, "value": 0.8148,
            "chance": 0.0024, "value_low": 0.7526, "value_high": 0.8711, **changes}


@pytest.mark.parametrize(("changes", "compared"), [({}, ", above chance (0.0024)"), ({"value_low": 0.00241}, ", above chance"),
                                                   ({"value_low": 0.0024}, "not clearly above chance")])
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
