"""The reliability diagram: where points lie, what is told, and that nothing is shown without curves."""
import numpy as np
import pytest
from widget_hands import has_color, pixels

from TumorConnectomeLib.evaluation.reliability import Curve

CURVE = Curve("A", ((0.2, 0.1, 0.05, 0.3, 20.0), (0.8, 0.9, 0.7, 1.0, 5.0)))
ORANGE = (230, 97, 1)


@pytest.fixture
def plot(host):
    from TumorConnectomeLib.widgets.reliability_plot import ReliabilityPlot

    plot = ReliabilityPlot()
    plot.resize(420, 250)
    plot.setCurves("Sex: Male", [CURVE])
    plot.show()
    host.processEvents()
    yield plot
    plot.close()
    plot.deleteLater()


def test_points_lie_where_their_probabilities_are(plot):
    picture = pixels(plot)
    for predicted, observed, *_rest in CURVE.points:
        x, y = map(round, plot.pointAt(predicted, observed))
        assert has_color(picture[y - 1:y + 2, x - 1:x + 2], ORANGE)
    x, y = map(round, plot.pointAt(0.2, 0.8))
    assert not has_color(picture[y - 8:y + 9, x - 8:x + 9], ORANGE)
    (left, bottom), (right, top) = plot.pointAt(0, 0), plot.pointAt(1, 1)
    assert right - left == pytest.approx(bottom - top), "both scales are the same"


def test_points_of_more_patients_are_larger_and_intervals_are_drawn(plot):
    picture = pixels(plot)

    def width(predicted, observed):
        x, y = map(round, plot.pointAt(predicted, observed))
        return int((np.abs(picture[y, x - 12:x + 13].astype(int) - ORANGE).sum(axis=1) < 60).sum())

    assert width(0.2, 0.1) > width(0.8, 0.9) > 3
    x, y = map(round, plot.pointAt(0.8, 0.72))
    assert has_color(picture[y - 1:y + 2, x - 1:x + 2], ORANGE, 120)


def test_the_figures_are_told_in_words_too(plot):
    assert "Sex: Male" in plot.accessibleName and "0.20 \N{RIGHTWARDS ARROW} 0.10" in plot.accessibleDescription
    assert plot.toolTip.startswith("A: ")


def test_without_curves_nothing_is_shown(plot):
    plot.setCurves("", ())
    assert not plot.isVisible()
