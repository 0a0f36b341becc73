"""How many files of the library an action enters: `python Testing/tools/files_entered.py [--list] [ACTION...]`.

Runs the module in the host with the demo cohort and counts, with a profiling hook, the distinct files of TumorConnectomeLib in
which a function is entered: by a click on a patient until it is shown, by a bare Modified() of the parameter node, by a double
click until the CT stands in the views, by Evaluate until its heat map is shown, and by the command line that writes neighbors.
What worker processes enter is not counted. A short count means that a newcomer has few files to read to follow the action.
"""
import argparse
import collections
import contextlib
import inspect
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = str(ROOT / "TumorConnectome" / "TumorConnectomeLib") + os.sep
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "TumorConnectome")]
#: in the order in which they are run and printed
ACTIONS = ("click", "modified", "double-click", "evaluate", "neighbors")
_PERMUTATIONS = 20


@contextlib.contextmanager
def files_entered():
    """Count the calls of each file of the library inside the block: Counter of paths below the library."""
    found = collections.Counter()

    def enter(frame, event, _argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(LIBRARY) and code.co_flags & inspect.CO_OPTIMIZED:
            found[code.co_filename[len(LIBRARY):]] += 1   # importing a file, or making a class, enters no function

    sys.setprofile(enter)
    try:
        yield found
    finally:
        sys.setprofile(None)


class Person:
    """Does what a person does with the mouse in the host's window."""

    def __init__(self):
        from module_session import ModuleSession

        self.session = ModuleSession()
        self.session.load_cohort()
        self._next = 0
        self._rest()

    def _rest(self):
        """Wait until nothing runs any more that an action before, or the start, has begun."""
        panel = self.panel
        self.session.wait(lambda: not (panel.maps.busy or panel.derived.busy or panel.imaging.busy or panel.downloads.busy))
        self.session.settle()                        # longer than the timers of downloads and cache

    @property
    def panel(self):
        """The module's panel."""
        return self.session.panel

    def do(self, action):
        """Do one of ACTIONS; returns the Counter of files."""
        with files_entered() as found:
            getattr(self, "_" + action.replace("-", "_"))()
        self._rest()
        return found

    def _paint(self):
        """All that is shown is painted; what a timer does later is not waited for."""
        self.panel.view.repaint()
        self.session.application.processEvents()

    def _patient(self):
        """A patient whose node can be clicked: not the selected one, not covered by the legend."""
        view, ids = self.panel.view, self.panel.state.cohort.patient_ids
        while True:
            patient = ids[self._next % len(ids)]
            self._next += 7
            x, y = view.nodeCenter(patient)
            if view.canvas.patient_at(x, y) == patient and not view.canvas.covers(x, y):
                return patient

    def _mouse(self, patient, double=False):
        from PySide6 import QtCore, QtTest

        point = QtCore.QPoint(*(round(value) for value in self.panel.view.nodeCenter(patient)))
        press = QtTest.QTest.mouseDClick if double else QtTest.QTest.mouseClick
        press(self.panel.view, QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier, point)

    def _click(self):
        with _paused():
            patient = self._patient()
        self._mouse(patient)
        self.session.wait(lambda: self.panel.ui.patientLabel.text.startswith(f"<b>{patient}"))
        self._paint()

    def _modified(self):
        with _paused():
            node = self.panel.parameters.parameterNode
        node.Modified()
        self.session.settle()

    def _double_click(self):
        with _paused():
            patient = self._patient()
        self._mouse(patient)
        self._mouse(patient, double=True)
        self.session.wait(lambda: not self._imaging_busy() and patient in {
            nodes.patient_id for nodes in self.panel.imaging.shown.values()})
        self._paint()

    def _imaging_busy(self):
        with _paused():
            return self.panel.imaging.busy

    def _evaluate(self):
        with _paused():
            self.panel.set(permutations=_PERMUTATIONS)
            self.session.settle()
        self.panel.ui.evaluateButton.click()
        self.session.wait(lambda: not self.panel.evaluate.busy)
        self.session.settle()


@contextlib.contextmanager
def _paused():
    """The counting stands still: what the observer asks is not of the action."""
    hook = sys.getprofile()
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(hook)


def neighbors():
    """The command line, on a small CSV file of embeddings: Counter of files."""
    import numpy as np

    from TumorConnectomeLib.commands.main import main

    vectors = np.random.default_rng(0).normal(size=(40, 8))
    with tempfile.TemporaryDirectory() as folder:
        data, out = (str(pathlib.Path(folder) / name) for name in ("embeddings.csv", "neighbors.csv"))
        lines = [",".join(["patient_id", *(f"e{column}" for column in range(8))])]
        lines += [",".join([f"P{row}", *map(repr, vector)]) for row, vector in enumerate(vectors.tolist())]
        pathlib.Path(data).write_text("\n".join(lines), encoding="utf-8")
        with files_entered() as found, contextlib.redirect_stdout(sys.stderr):
            status = main(["neighbors", "--data", data, "--k", "3", "--out", out])
    if status:
        raise RuntimeError(f"the command ended with status {status}")
    return found


def main():
    """Print one line per action."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("actions", nargs="*", default=ACTIONS, help=f"some of {', '.join(ACTIONS)}")
    parser.add_argument("--list", action="store_true", help="also the files, with the number of calls")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("TUMORCONNECTOME_CACHE", cache)
        person = Person() if set(options.actions) - {"neighbors"} else None
        for action in options.actions:
            found = neighbors() if action == "neighbors" else person.do(action)
            print(action, len(found), flush=True)
            if options.list:
                for name, calls in sorted(found.items()):
                    print(f"    {name} ({calls})")


if __name__ == "__main__":
    main()
