"""Simulated readers have the agreement that was put in, and power is that of the tests of a study."""
import csv

import numpy as np
import pytest
from cohort_factory import cohort
from study_samples import random_readings

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.study.analysis import analyze
from TumorConnectomeLib.study.design import DesignChoices, draw_study
from TumorConnectomeLib.study.power import Plan, power_of
from TumorConnectomeLib.study.simulation import (
    common_part,
    facet_preference,
    model_preference,
    simulated_choices,
    simulated_readings,
    strength_of_kappa,
)


def kappa(one, other):
    """Mean kappa of choices of five."""
    return 2 * (one & other).sum(-1).mean() / 5 - 1


@pytest.mark.parametrize("wanted", [-0.4, 0.0, 0.3, 0.8])
def test_readers_agree_with_the_model_as_was_put_in(wanted):
    found = simulated_readings(6000, 2, wanted, np.random.default_rng(0))
    assert (found.chosen.sum(-1) == 5).all()
    assert kappa(found.chosen, found.model) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(("wanted", "between"), [(0.3, 0.4), (0.6, 0.6), (0.0, 0.2), (0.3, 0.9)])
def test_readers_agree_with_each_other_as_was_put_in(wanted, between):
    found = simulated_readings(5000, 2, wanted, np.random.default_rng(1), common=common_part(wanted, between))
    assert kappa(found.chosen[0], found.chosen[1]) == pytest.approx(between, abs=0.015)
    assert kappa(found.chosen, found.model) == pytest.approx(wanted, abs=0.015)


def test_readers_can_not_follow_the_same_and_disagree():
    with pytest.raises(InputError, match=r"kappa 0.1 between readers; expected 0.6\d"):
        common_part(0.8, 0.1)


def test_readers_differ_by_their_spread():
    found = simulated_readings(400, 60, 0.3, np.random.default_rng(2), spread=0.2)
    own = 2 * (found.chosen & found.model).sum(-1).mean(1) / 5 - 1
    assert own.std() == pytest.approx(0.2, abs=0.05)
    assert own.mean() == pytest.approx(0.3, abs=0.08)


def test_readers_follow_a_facet():
    made = cohort(40, sex=["F", "M"] * 20)
    study = draw_study(made, "A", DesignChoices(("a", "b"), queries=12, seed=2))[0]
    preference = facet_preference(study, made, "sex")
    first = study.queries[0]
    assert [value == 1.0 for value in preference[0]] == [int(one[1:]) % 2 == int(first.patient[1:]) % 2
                                                         for one in first.candidates]
    chosen = simulated_choices(preference, np.array([50.0, 50.0]), 0.0, np.random.default_rng(0))[0]
    same = preference.sum(1)
    assert ((chosen * preference).sum(-1) == np.minimum(same, 5)).all()         # first those of the same sex
    for name, text in (("mood", "no facet 'mood'"), ("sex", "no patient")):
        with pytest.raises(InputError, match=text):
            facet_preference(study, cohort(3, sex=["F"] * 3), name)


def test_the_preference_of_the_model_is_its_choice():
    study = draw_study(cohort(40), "A", DesignChoices(("a",), queries=3))[0]
    chosen = simulated_choices(model_preference(study), strength_of_kappa(np.array([0.99])) + 50, 0.0,
                               np.random.default_rng(0))[0, 0]
    assert [[place <= 5 for place in key.places] for key in study.keys] == chosen.tolist()


def test_few_studies_recover_kappas_and_their_intervals_hold_them():
    random, common = np.random.default_rng(3), common_part(0.3, 0.4)
    found = [{(one.statistic, one.reader): one for one in analyze(simulated_readings(25, 5, 0.3, random, common=common), seed)}
             for seed in range(20)]
    for key, truth in ((("cohen_kappa_with_model", "all"), 0.3), (("fleiss_kappa", "all"), 0.4)):
        ones = [figures[key] for figures in found]
        assert np.mean([one.value for one in ones]) == pytest.approx(truth, abs=0.04)
        assert sum(one.ci_low <= truth <= one.ci_high for one in ones) >= 16
        assert all(one.p <= 0.05 for one in ones)


def test_p_values_are_uniform_when_readers_choose_at_random():
    p = [next(one.p for one in analyze(random_readings(readers=3, queries=6, follow=0.0, seed=seed))
              if (one.statistic, one.reader) == ("agreement_with_model", "all")) for seed in range(60)]
    assert np.mean(np.array(p) <= 0.05) <= 0.15
    assert 0.38 < np.mean(p) < 0.68


def test_power_grows_with_queries_and_is_the_level_without_effect():
    small, large, nothing = (power_of(Plan(queries, 3, kappa), studies=80)
                             for queries, kappa in ((2, 0.2), (20, 0.2), (10, 0.0)))
    by_name = [{one.statistic: one.power for one in found} for found in (small, large, nothing)]
    assert by_name[0]["agreement_with_model"] < 0.8 < by_name[1]["agreement_with_model"]
    assert all(power < 0.15 for power in by_name[2].values())
    assert all(one.ci_low <= one.power <= one.ci_high for one in large)
    assert large == power_of(Plan(20, 3, 0.2), studies=80)
    assert [one.statistic for one in power_of(Plan(5, 1, 0.2), studies=5)] == ["agreement_with_model",
                                                                              "cohen_kappa_consensus_model"]


def test_the_command_plans_in_sentences_or_as_a_table(tmp_path, capsys):
    options = ["study", "plan", "--kappa", "0.3", "--queries", "5,10", "--readers", "3", "--studies", "20"]
    assert main(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert lines[3].startswith("10 queries and 3 readers find kappa 0.3 of readers with the model (agreement 6")
    assert main([*options, "--out", str(tmp_path / "plan.csv")]) == 0
    with open(tmp_path / "plan.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["queries"] for row in rows] == ["5"] * 3 + ["10"] * 3
    assert f"with power {float(rows[0]['power']):.2f} (" in lines[0] and "20 simulated studies" in lines[-1]


def test_the_command_tells_how_many_queries_a_power_takes(capsys):
    options = ["study", "plan", "--kappa", "0.3", "--readers", "3", "--studies", "40", "--power", "0.8"]
    assert main(options) == 0
    first, second, _third = capsys.readouterr().out.splitlines()
    assert first.startswith("3 readers find kappa 0.3 of readers with the model") and "their consensus" in second
    needed = int(first.split("from ")[1].split()[0])
    reached, below = ({one.statistic: one.power for one in power_of(Plan(queries, 3, 0.3), studies=40)}["agreement_with_model"]
                      for queries in (needed, needed - 1))
    assert 2 <= needed <= 10 and below < 0.8 <= reached
    assert main([*options[:-1], "1.5"]) == 2 and "power 1.5" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "text"), [
    (["--kappa", "1.5"], "kappa 1.5; expected -0.99 to 0.99"), (["--kappa", "nan"], "kappa nan"),
    (["--kappa", "0.3", "--queries", "0"], "queries 0; expected 1 to 10000"),
    (["--kappa", "0.3", "--readers", "x"], "--readers x"), (["--kappa", "0.3", "--studies", "0"], "0 simulated"),
    (["--kappa", "0.9", "--between", "0.1"], "kappa 0.1 between readers"),
    (["--kappa", "0.3", "--spread", "-1"], "spread -1.0; expected 0 to 1"), ([], "--kappa")])
def test_an_impossible_plan_is_told(capsys, options, text):
    assert main(["study", "plan", *options]) == 2
    error = capsys.readouterr().err
    assert text in error and error.count("\n") == 1
