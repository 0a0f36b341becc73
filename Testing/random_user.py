"""A user who does anything at any time: seeded random actions on every control of the panel, the view and the scene."""
import json
import pathlib
import random
import tempfile

import slicer
from PySide6 import QtCore, QtGui, QtTest, QtWidgets

_LEFT = QtCore.Qt.MouseButton.LeftButton
_MODIFIERS = (QtCore.Qt.KeyboardModifier.NoModifier, QtCore.Qt.KeyboardModifier.ShiftModifier)
_KEYS = ("Down", "Up", "Left", "Right", "Return", "C", "M", "Escape", "L", "Space", "Home", "Plus", "Minus", "Tab", "Slash",
         "N", "P", "S", "T", "V", "B")
#: how often each kind of action is taken, compared with the others
WEIGHTS = {"control": 30, "view_click": 12, "view_drag": 5, "key": 8, "wheel": 3, "row": 6, "filters": 4, "state": 8,
           "load": 2, "compare": 2, "cancel": 3, "evaluate": 1, "wait": 6, "cohort": 1, "close": 1, "scene": 1, "reload": 1,
           "away": 1, "export": 1}


class RandomUser:
    """Acts on a ModuleSession.

    Parameters
    ----------
    session : ModuleSession
    seed : int
    folders : sequence of path
        Data folders that may be loaded, besides the demo cohort; bad ones as well.
    patients : int
        Images are loaded of the first so many patients only: each costs seconds once.
    without : collection of str
        Kinds of actions (keys of WEIGHTS) that are not taken.
    """

    def __init__(self, session, seed, folders=(), patients=3, without=()):
        self.session, self._random, self._folders, self._patients = session, random.Random(seed), list(folders), patients
        self._weights = {kind: weight for kind, weight in WEIGHTS.items() if kind not in without}
        self.done, self._scratch = [], tempfile.TemporaryDirectory(prefix="random-user-")
        self._close_dialogs = QtCore.QTimer()
        self._close_dialogs.timeout.connect(self._reject_dialog)
        self._close_dialogs.start(100)
        self._browser = QtGui.QDesktopServices.openUrl
        QtGui.QDesktopServices.openUrl = staticmethod(lambda url: True)     # no browser

    def close(self):
        """Let go of everything that belongs to the user."""
        self._close_dialogs.stop()
        QtGui.QDesktopServices.openUrl = self._browser
        self._scratch.cleanup()

    def act(self):
        """One random action; returns its name."""
        name = self._random.choices(list(self._weights), self._weights.values())[0]
        self.done.append(name)
        getattr(self, f"_{name}")()
        self.session.application.processEvents()
        return name

    @property
    def panel(self):
        return self.session.panel

    def _ids(self):
        cohort = self.panel.state.cohort
        return list(cohort.patient_ids) if cohort is not None else []

    @staticmethod
    def _reject_dialog():
        dialog = QtWidgets.QApplication.activeModalWidget() or QtWidgets.QApplication.activePopupWidget()
        if dialog is not None:
            dialog.close()

    # Controls

    def _control(self):
        """Use a control that can be used, with a value that it offers."""
        widgets = [widget for name, widget in sorted(vars(self.panel.ui).items())
                   if isinstance(widget, QtWidgets.QWidget) and widget.isEnabled() and not widget.isHidden()
                   and name not in ("loadCohortButton", "dataFolderPathLineEdit", "imageFolderPathLineEdit", "evaluateButton")]
        widget = self._random.choice(widgets)
        if isinstance(widget, QtWidgets.QAbstractButton):
            widget.click()
        elif isinstance(widget, QtWidgets.QComboBox) and widget.count:
            index = self._random.randrange(widget.count)
            widget.setCurrentIndex(index)
            widget.activated.emit(index)
        elif isinstance(widget, (QtWidgets.QSpinBox, QtWidgets.QDoubleSpinBox)):
            low, high = widget.minimum, min(widget.maximum, 3000)
            widget.setValue(type(widget.value)(self._random.uniform(low, high)))
        elif isinstance(widget, QtWidgets.QLineEdit):
            text = self._random.choice([*self._ids()[:5], "", "nobody", "\u00e9\U0001f600"])
            widget.setText(text)
            QtTest.QTest.keyClick(widget, QtCore.Qt.Key.Key_Return)
        elif isinstance(widget, QtWidgets.QTabWidget):
            widget.setCurrentIndex(self._random.randrange(widget.count))

    def _row(self):
        table = self._random.choice([self.panel.ui.neighborsTable, self.panel.ui.matchedByTable])
        if table.rowCount:
            item = table.item(self._random.randrange(table.rowCount), 1)
            center = table.visualItemRect(item).center()
            press = QtTest.QTest.mouseClick if self._random.random() < 0.9 else QtTest.QTest.mouseDClick
            press(table.viewport(), _LEFT, _MODIFIERS[0], center)

    def _cancel(self):
        buttons = [getattr(self.panel.ui, name) for name in vars(self.panel.ui) if name.endswith("CancelButton")]
        shown = [button for button in buttons if not button.isHidden()]
        if shown:
            self._random.choice(shown).click()

    def _evaluate(self):
        from TumorConnectomeLib.presentation.result_maps import ResultKind

        self.panel.set(evaluation=self._random.choice([ResultKind.HUBS, ResultKind.AGREEMENT]))
        self.panel.ui.evaluateButton.click()

    def _export(self):
        self.panel.exporter.save(pathlib.Path(self._scratch.name) / f"export.{self._random.choice(['png', 'svg', 'csv'])}")

    # View

    def _point(self):
        view = self.panel.view
        graph = view.canvas.geometry
        if graph is not None and len(graph.points) and self._random.random() < 0.7:
            x, y = self._random.choice(list(graph.points))
            return QtCore.QPoint(round(float(x)), round(float(y)))
        return QtCore.QPoint(round(self._random.uniform(0, view.width)), round(self._random.uniform(0, view.height)))

    def _view_click(self):
        QtTest.QTest.mouseClick(self.panel.view, _LEFT, self._random.choice(_MODIFIERS), self._point())

    def _view_drag(self):
        view, modifier, points = self.panel.view, self._random.choice(_MODIFIERS), [self._point() for _ in range(5)]
        QtTest.QTest.mousePress(view, _LEFT, modifier, points[0])
        for point in points[1:]:
            where = QtCore.QPointF(point)
            QtCore.QCoreApplication.sendEvent(view, QtGui.QMouseEvent(
                QtCore.QEvent.Type.MouseMove, where, view.mapToGlobal(where), QtCore.Qt.MouseButton.NoButton, _LEFT, modifier))
        QtTest.QTest.mouseRelease(view, _LEFT, modifier, points[-1])

    def _key(self):
        name = self._random.choice(_KEYS)
        if name in ("Return", "C") and self.panel.parameters is not None and \
                self.panel.parameters.selectedPatient not in self._ids()[:self._patients]:
            return                                      # it would load images of yet another patient
        QtTest.QTest.keyClick(self.panel.view, getattr(QtCore.Qt.Key, f"Key_{name}"))

    def _wheel(self):
        from view_input import wheel
        wheel(self.panel.view, self._random.choice((-3, -1, 1, 3)))

    # State, images

    def _state(self):
        """Write parameters as a script or a loaded scene would, unknown values included."""
        from TumorConnectomeLib.neighbors.match import Match

        ids, random_ = self._ids(), self._random
        cohort = self.panel.state.cohort
        choices = {"selectedPatient": [*ids, "", "nobody"], "comparedPatient": [*ids, "", "nobody"], "match": list(Match),
                   "neighborCount": [1, 2, 5, 20], "model": [*(cohort.models if cohort else ()), "", "NoSuchModel"],
                   "facet": [*(cohort.facets if cohort else ()), "", "no_such_column"],
                   "hiddenCategories": ["", json.dumps(["IA"]), "[", "null"],
                   "group": ["", json.dumps(ids[:4]), json.dumps(["nobody"]), "{"]}
        names = random_.sample(list(choices), random_.randint(1, 3))
        self.panel.set(**{name: random_.choice(choices[name]) for name in names})

    def _filters(self):
        from TumorConnectomeLib.cohort.filters import filters_to_text

        self.panel.set(filters=self._random.choice(["", "[", "[]", '[{"column": "age"}]', filters_to_text([])]))

    def _load(self):
        if ids := self._ids()[:self._patients]:
            self.panel.load(self._random.choice(ids))

    def _compare(self):
        if ids := self._ids()[:self._patients]:
            self.panel.select(self._random.choice(ids))
            self.panel.compareWith(self._random.choice(ids))

    def _wait(self):
        self.session.pass_time(self._random.choice((0.0, 0.02, 0.1)))

    # Cohort, scene, module

    def _cohort(self):
        folder = self._random.choice(["", *map(str, self._folders)])
        self.panel.ui.dataFolderPathLineEdit.currentPath = folder
        self.panel.ui.loadCohortButton.click()

    def _close(self):
        slicer.mrmlScene.Clear()

    def _scene(self):
        path = str(pathlib.Path(self._scratch.name) / "scene.mrml")
        if self._random.random() < 0.5 or not pathlib.Path(path).exists():
            slicer.util.saveScene(path)
        else:
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(path)

    def _reload(self):
        slicer.modules.TumorConnectomeWidget.onReload()
        slicer.util.selectModule("TumorConnectome")

    def _away(self):
        """Another module and back."""
        slicer.modules.TumorConnectomeWidget.parent.exit()
        self.session.application.processEvents()
        slicer.util.selectModule("TumorConnectome")
