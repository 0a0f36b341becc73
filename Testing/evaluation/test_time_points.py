"""Scans of several dates: paths of patients, and how far tumors move against how far patients differ."""
import numpy as np
import pandas as pd
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Cohort
from TumorConnectomeLib.cohort.row_rules import RowRule
from TumorConnectomeLib.cohort.time_points import paths_of, scans_of
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.evaluation.time_points import PER_YEAR, movement


def unit(angle):
    return [np.cos(angle), np.sin(angle)]


def cohort_of(scans, angles):
    """Scans as (patient, date) with the angle of each vector; every one is a node."""
    ids = pd.Index([f"N{number:03d}" for number in range(len(scans))], name="PatientID")
    table = pd.DataFrame(scans, ids, ["patient", "StudyDate"])
    return Cohort("Test", table, {"A": np.array([unit(angle) for angle in angles])}, row_rule=RowRule.ALL)


def test_scans_are_in_order_of_time_and_named_by_round_or_number():
    cohort = cohort_of([("P", "2001-01-02"), ("P", "1999-01-02"), ("Q", "2000-01-02"), ("P", "2001-01-02"), ("Q", "")],
                       [0, 1, 2, 3, 4])
    (first, last), (only,) = scans_of(cohort)
    assert (first.name, last.name, only.name) == ("T0", "T2", "T1")
    assert first.nodes.tolist() == [1] and last.nodes.tolist() == [0, 3] and len(paths_of(cohort)) == 1
    cohort = cohort_of([("P", "2011-05-01"), ("P", "2010-01-02")], [0, 1])
    assert [scan.name for scan in paths_of(cohort)[0]] == ["T0", "T1"]


def test_movement_is_that_of_the_steps_beside_the_distance_of_patients():
    random = np.random.default_rng(3)
    places, turn = random.random(12) * 2, np.arccos(1 - 0.01)      # every year by a distance of 0.01
    scans = [(f"P{number:02d}", f"{2000 + year}-01-01") for number in range(12) for year in range(3 if number < 6 else 2)]
    angles = [places[number] + year * turn for number in range(12) for year in range(3 if number < 6 else 2)]
    table, steps = movement(cohort_of(scans, angles), ["A"])
    found = table.set_index("interval")
    assert found.index.tolist() == ["1 year", "2 years", PER_YEAR]
    assert found["patients"].tolist() == [12, 6, 12] and found["pairs"].tolist() == [18, 6, 18]
    assert found.loc["1 year", "distance"] == pytest.approx(0.01)
    assert found.loc["2 years", "distance"] == pytest.approx(1 - np.cos(2 * turn))
    assert found.loc[PER_YEAR, "distance"] == pytest.approx(0.01, rel=2e-3)     # years of 365 and 366 days
    pairs = [1 - np.cos(angles[one] - angles[other]) for one in range(len(scans)) for other in range(one)
             if scans[one][0] != scans[other][0]]
    assert found["between"].tolist() == pytest.approx([np.mean(pairs)] * 3)
    assert found.loc["1 year", "ratio"] == pytest.approx(0.01 / np.mean(pairs))
    assert found.loc["1 year", "closer"] == pytest.approx(np.mean(np.array(pairs) < 0.01), abs=0.01)
    assert np.isnan(found.loc["1 year", "ci_low"])                              # nothing varies but patients' places
    assert found.loc["1 year", "ratio_ci_low"] < found.loc["1 year", "ratio"] < found.loc["1 year", "ratio_ci_high"]
    assert len(steps) == 18 and steps.iloc[0][["patient", "from", "to"]].tolist() == ["P00", "T0", "T1"]


def test_intervals_hold_the_mean_movement_of_a_population():
    random, held = np.random.default_rng(4), 0
    for _number in range(60):
        turns = random.exponential(0.1, 25)
        scans = [(f"P{number:02d}", date) for number in range(25) for date in ("2000-01-01", "2000-12-31")]
        places = random.random(25) * 3
        angles = np.stack([places, places + turns], axis=1).ravel()
        row = movement(cohort_of(scans, angles), ["A"])[0].iloc[0]
        held += row["ci_low"] <= 1 - 1 / (1 + 0.1 ** 2) <= row["ci_high"]       # mean of 1 - cos of an exponential angle
    assert held >= 50


def test_without_several_dates_the_error_says_what_is_needed(tmp_path, capsys):
    with pytest.raises(InputError, match="0 patients have scans of several known dates.*StudyDate"):
        movement(cohort_of([("P", "2000-01-01"), ("Q", "")], [0, 1]), ["A"])
    path, out = tmp_path / "own.csv", tmp_path / "out.csv"
    path.write_text("PatientID,StudyDate,f_0,f_1,f_2\n" + "".join(
        f"P{number // 2},{2000 + number % 2}0102,{number},{number * number},1\n" for number in range(16)))
    assert main(["time-points", "--data", str(path), "--out", str(out), "--steps", str(tmp_path / "steps.csv")]) == 0
    assert pd.read_csv(out)["interval"].tolist() == ["1 year", "per year"]
    assert pd.read_csv(tmp_path / "steps.csv")["patient"].tolist() == [f"P{number}" for number in range(8)]


def test_published_tumors_move_less_in_a_year_than_patients_differ(real_data, tmp_path):
    out = tmp_path / "out.csv"
    assert main(["time-points", "--data", str(real_data), "--model", "CTFM", "--out", str(out)]) == 0
    found = pd.read_csv(out).set_index("interval")
    assert found["patients"].tolist() == [136, 34, 140] and found.loc["1 year", "ratio_ci_high"] < 0.3
