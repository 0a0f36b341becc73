"""What a click on a patient costs until it is painted, in a large cohort and in one of 289 patients.

    nice python Testing/benchmarks/bench_click.py [--patients 289 111955] [--group 100] [--clicks 15] [--profile]

A made-up result (neighbor lists, map and patient table, without vectors) is opened in the module in the host's window. A click
is a press and release of the mouse on a patient's node, and lasts until the panel names the patient and the connectome is
painted; printed is the processor time of this process, which other work on the machine changes less than wall time. It is the
median of clicks without a group and with one, and its ratio to the first cohort. Also the time of each file that is exported.
"""
import argparse
import cProfile
import os
import pathlib
import pstats
import statistics
import sys
import tempfile
import time

TESTING = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTING), str(TESTING.parent / "TumorConnectome")]

import numpy as np  # noqa: E402

#: patients of one neighborhood; neighbors are drawn from it
_NEIGHBORHOOD = 40
_NEIGHBORS = 15
_EXPORTS = ("neighbors", "layout", "graphml")


def write_result(folder, count):
    """A result as `neighbors --out-result` writes it, of made-up patients in neighborhoods."""
    import pandas as pd

    from TumorConnectomeLib.cohort.cohort import Cohort, MissingVectors
    from TumorConnectomeLib.connectome import graph_result
    from TumorConnectomeLib.neighbors.distance_scale import DistanceScale
    from TumorConnectomeLib.neighbors.match import Match

    random = np.random.default_rng(0)
    rows, k = np.arange(count)[:, None], min(_NEIGHBORS, _NEIGHBORHOOD - 1)
    first = rows // _NEIGHBORHOOD * _NEIGHBORHOOD
    size = np.minimum(_NEIGHBORHOOD, count - first)
    near = first + (rows - first + 1 + np.arange(k)) % size
    far = (rows + count // 3 + 1 + random.integers(0, count // 3, (1, k))) % count
    distances = np.sort(random.random((count, k)) * 0.1, axis=1)
    graph_result.write_lists(folder / "neighbors-0.parquet", {Match.MOST: (near, distances), Match.LEAST: (far, 1 - distances)})
    places = random.normal(0, 1, (count // _NEIGHBORHOOD + 1, 2))[np.arange(count) // _NEIGHBORHOOD]
    graph_result.write_layout(folder / "layout-0.parquet", places + random.normal(0, 0.05, (count, 2)))
    graph_result.write_scale(folder / "quantiles-0.parquet", DistanceScale(random.random(10_000)))
    ids = pd.Index([f"P{number:06d}" for number in range(count)], name="PatientID", dtype=object)
    patients = pd.DataFrame({
        "age": random.integers(55, 75, count).astype(float), "sex": random.choice(["M", "F"], count),
        "stage_code": random.integers(0, 7, count).astype(float), "smoking": random.choice(["current", "former"], count),
    }, index=ids)
    graph_result.write_patients(folder / graph_result.PATIENTS, patients)
    cohort = Cohort(f"{count} made-up patients", patients, MissingVectors(["CTFM"]), synthetic=True)
    graph_result.write_manifest(folder, cohort, k, {"CTFM": {
        "neighbors": ["neighbors-0.parquet"], "layout": "layout-0.parquet", "quantiles": "quantiles-0.parquet"}})


class Clicks:
    """Presses the mouse on patients of the loaded cohort."""

    def __init__(self, session):
        self._session, self._panel, self._painted, self._next = session, session.panel, 0, 0
        canvas, paint = self._panel.view.canvas, self._panel.view.canvas.paint

        def counted(painter):
            paint(painter)
            self._painted += 1

        canvas.paint = counted

    def release(self):
        """Let the view paint itself uncounted again."""
        del self._panel.view.canvas.paint

    def _patient(self):
        """A patient that is not selected, on top of others and not below the legend."""
        view, ids = self._panel.view, self._panel.state.cohort.patient_ids
        while True:
            self._next += 7919                          # prime: all over the cohort
            patient = ids[self._next % len(ids)]
            x, y = map(round, view.nodeCenter(patient))
            if view.canvas.patient_at(x, y) == patient != view.selected and 0 < x < view.width and 0 < y < view.height:
                return patient, x, y

    def click(self, profile=None):
        """Click the next patient; processor milliseconds until it is painted."""
        from PySide6 import QtCore, QtTest

        patient, x, y = self._patient()
        label, before = self._panel.ui.patientLabel, self._painted
        if profile:
            profile.enable()
        began = time.process_time()
        QtTest.QTest.mouseClick(self._panel.view, QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier,
                                QtCore.QPoint(x, y))
        while self._painted == before or not label.text.startswith(f"<b>{patient}"):
            self._session.application.processEvents()
        took = time.process_time() - began
        if profile:
            profile.disable()
        self._session.settle()
        return 1e3 * took


def measure(session, count, options):
    """Processor milliseconds of clicks (first, later ones, with a group), and seconds of exports, in one cohort."""
    from TumorConnectomeLib.panel.json_list import list_to_text

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_result(folder, count)
        cohort, panel = session.load_cohort(folder), session.panel
        session.settle()
        clicks, times = Clicks(session), {}
        profile = cProfile.Profile() if options.profile else None
        times["first click"] = clicks.click()
        times["click"] = statistics.median(clicks.click(profile) for _ in range(options.clicks))
        panel.set(group=list_to_text(cohort.patient_ids[:options.group]))
        session.settle()
        times["click with a group"] = statistics.median(clicks.click() for _ in range(options.clicks))
        clicks.release()
        for kind in _EXPORTS:
            began = time.process_time()
            panel.exporter.export(kind, folder / "exported")
            times[f"export {kind}"] = 1e3 * (time.process_time() - began)
    if profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="*", default=[289, 111_955])
    parser.add_argument("--group", type=int, default=100)
    parser.add_argument("--clicks", type=int, default=15)
    parser.add_argument("--profile", action="store_true", help="also which functions the clicks without a group spend it in")
    options = parser.parse_args()
    from module_session import ModuleSession

    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("TUMORCONNECTOME_CACHE", cache)
        session, reference = ModuleSession(), None
        session.load_cohort()
        for count in options.patients:
            times = measure(session, count, options)
            reference = reference or times
            print(f"{count:>6} patients: " + ", ".join(f"{name} {value:.1f} ms ({value / reference[name]:.1f}x)"
                                                       for name, value in times.items()), flush=True)


if __name__ == "__main__":
    main()
