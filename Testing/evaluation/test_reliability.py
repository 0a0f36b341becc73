"""Reliability curves: intervals, bins and which curves belong to a model and a task."""
import pytest

from TumorConnectomeLib.evaluation.reliability import COLUMNS, curves_of, reliability_rows, wilson_interval


@pytest.mark.parametrize(("share", "count", "low", "high"), [
    (0.5, 10, 0.2366, 0.7634), (0.0, 10, 0.0, 0.2775), (1.0, 10, 0.7225, 1.0), (0.2, 50, 0.1124, 0.3304)])
def test_intervals_are_those_of_wilson(share, count, low, high):
    assert wilson_interval(share, count) == pytest.approx((low, high), abs=2e-4)


def bins(name, counts, predicted, observed):
    return {"class": name, "counts": counts, "predicted": predicted, "observed": observed}


def rows():
    """Twenty patients, three repeats of the cross-validation, of which the empty bins are left out."""
    record = {"task": "sex", "model": "A", "features": "embedding", "probe": "logistic", "n": 20}
    records = [{**record, "model": "", "features": "clinical"}, record, {**record, "features": "clinical+embedding"},
               {**record, "probe": "knn"}]
    one = [bins("Male", [30, 0, 30], [0.1, None, 0.9], [0.2, None, 0.8]), bins("Female", [0, 60, 0], [None, 0.5, None],
                                                                               [None, 0.5, None])]
    return reliability_rows(records, [one] * 4)


def test_every_patient_counts_once_however_often_the_validation_was_repeated():
    first = dict(zip(COLUMNS, rows()[0]))
    assert (first["class"], first["bin"], first["patients"]) == ("Male", 0, 10)
    assert (first["observed_ci_low"], first["observed_ci_high"]) == wilson_interval(0.2, 10)
    assert [row[5] for row in rows()[:3]] == [0, 2, 1], "empty bins have no row"


def test_curves_are_of_the_first_class_and_the_logistic_probe():
    records = [dict(zip(COLUMNS, row)) for row in rows()]
    name, curves = curves_of(records, "sex", "A")
    assert name == "Male"
    assert [curve.name for curve in curves] == ["A", "Clinical data alone", "A + clinical data"]
    assert [point[:2] for point in curves[0].points] == [(0.1, 0.2), (0.9, 0.8)]
    assert [curve.name for curve in curves_of(records, "sex", "")[1]] == ["Clinical data alone"]
    assert curves_of(records, "stage", "A") == ("", ())
