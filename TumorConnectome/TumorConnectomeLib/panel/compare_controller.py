"""The section that compares tumors: arrangement, window, neighbors, taking turns, and what is in memory."""
from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ..base.text import elided
from ..presentation.patient_summary import neighbor_rows
from ..scene.guest import is_guest
from ..scene.image_views import BONE, LUNG, MATCH, MEDIASTINUM, NEIGHBORS, QUERY, ImageViews
from ..scene.patient_nodes import find_patient, loaded_patients, unload_patient, voxel_megabytes
from ..scene.patient_views import release_images, slice_widget
from ..widgets.keys import BINDINGS
from .changes import IMAGES
from .image_display import ImageDisplay
from .nine_directions import NineDirections
from .segmentation_controller import SegmentationController

#: actions of widgets.keys that this section does
_ACTIONS = ("nextImages", "previousImages", "swap", "takeTurns", "lungWindow", "mediastinumWindow", "boneWindow",
            "connectomeBeside")


class CompareController:
    """The section *Compare tumors*.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state, its `showImages` loads patients.
    """

    def __init__(self, panel):
        self._panel, self._ui = panel, panel.ui
        self.display = ImageDisplay(self._onShown)
        self.display.window.onChanged = self._onWindow
        self._nine = None
        self.segmentation = SegmentationController(panel, self.display)
        self._shortcuts = {}                            # by name of their view
        self._timer = qt.QTimer(panel.ui.turnButton)    # what it is connected to is let go when the panel is deleted
        self._timer.connect("timeout()", self.display.takeTurns)
        self.actions = dict(zip(_ACTIONS, (
            self.showNext, self.showPrevious, self.swap, self.display.takeTurns,
            *(lambda w=window: self.display.window.set(w) for window in (LUNG, MEDIASTINUM, BONE)),
            self.toggleConnectome)))
        ui = self._ui
        for button, action in ((ui.lungButton, "lungWindow"), (ui.mediastinumButton, "mediastinumWindow"),
                               (ui.boneButton, "boneWindow"), (ui.previousButton, "previousImages"),
                               (ui.nextButton, "nextImages"), (ui.swapButton, "swap"), (ui.turnButton, "takeTurns")):
            button.connect("clicked(bool)", lambda checked=False, name=action: self.actions[name]())
        ui.turnCheckBox.connect("toggled(bool)", self._onTimed)
        ui.turnSpinBox.connect("valueChanged(double)", self._onTimed)
        ui.nineButton.connect("clicked(bool)", self._onNine)
        ui.unloadButton.connect("clicked(bool)", self._onUnload)
        ui.unloadHiddenButton.connect("clicked(bool)", self._onUnloadHidden)
        scene = slicer.mrmlScene
        self._tag = scene.AddObserver(scene.NodeRemovedEvent, self._onRemoved)
        self._removedTimer = qt.QTimer(panel.ui.unloadButton)
        self._removedTimer.setSingleShot(True)
        self._removedTimer.connect("timeout()", self._unloadRemoved)
        panel.state.bind(self.rearrange, "views", "connectomeBeside")
        panel.state.bind(lambda parameters: self.display.showBars(parameters.viewBars), "viewBars")

    def cleanup(self):
        """Let go of timers, nodes and views."""
        self._timer.stop()
        self._removedTimer.stop()
        slicer.mrmlScene.RemoveObserver(self._tag)
        if self._nine is not None:
            self._nine.cleanup()
        self.display.cleanup()
        for shortcut in [shortcut for found in self._shortcuts.values() for shortcut in found]:
            shortcut.deleteLater()
        self._shortcuts = {}

    @property
    def nine(self):
        """The window with nine directions, made when it is first asked for."""
        if self._nine is None:
            self._nine = NineDirections(self.display, self._ui.nineButton)
        return self._nine

    # Arrangement

    def rearrange(self, parameters):
        """Another arrangement of the views: load the patients that it lacks, and show them."""
        views = parameters.views
        if not self.display.shown or self._panel.imaging.arrangement == (views, parameters.connectomeBeside):
            return                                      # no images, or it follows the images that are on their way
        patients = self.patientsFor(views)
        if len(patients) > 1 and views is not ImageViews.SIX:
            self._panel.mark(patients[1])
        self._panel.showImages(patients, views)

    def toggleConnectome(self):
        """Give the room of the connectome to the images, or take it back."""
        if self.display.shown:
            self._panel.set(connectomeBeside=not self._panel.parameters.connectomeBeside)
            slice_widget(QUERY, "Axial").sliceView().setFocus()          # there the same key brings the connectome back

    def patientsFor(self, views):
        """PatientIDs that an arrangement shows, the query first."""
        parameters = self._panel.parameters
        query = self._panel.guest or parameters.selectedPatient
        others = self._neighbors()
        if views in (ImageViews.PAIR, ImageViews.FLICKER) and parameters.comparedPatient:
            others = [parameters.comparedPatient]
        return [query, *others][:len(views.places)]

    def loadedPatients(self):
        """The patients to show after a scene was loaded: those of its arrangement whose images came with it."""
        found = [patient for patient in self.patientsFor(self._panel.parameters.views) if patient and find_patient(patient)]
        return found if found and found[0] == self._panel.parameters.selectedPatient else []

    def _neighbors(self):
        """PatientIDs of the query's list, by rank: of the tumor of an own CT while that is shown."""
        if self._panel.guest:
            return self._panel.query.neighborIds()
        graph, query = self._panel.state.connectome, self._panel.parameters.selectedPatient
        if graph is None or query not in graph.nodes:
            return []
        return [row.patient_id for row in neighbor_rows(graph, graph.nodes[query])]

    # Neighbors

    def showNext(self, step=1):
        """Compare the query with the next patient of its list, after the last with the first."""
        neighbors, compared = self._neighbors(), self._panel.parameters.comparedPatient
        if neighbors and self.display.shown:
            place = neighbors.index(compared) + step if compared in neighbors else min(step, 0)
            patient = neighbors[place % len(neighbors)]
            if self._panel.guest:
                self._panel.mark(patient)
                self._panel.showImages([self._panel.guest, patient], self.display.views if MATCH in self.display.shown
                                       else ImageViews.PAIR)
            else:
                self._panel.compareWith(patient)

    def showPrevious(self):
        """Compare the query with the patient before in its list."""
        self.showNext(-1)

    def swap(self):
        """Make the neighbor the query and the query the neighbor."""
        if MATCH in self.display.shown:
            query, match = (self.display.shown[place].patient_id for place in (QUERY, MATCH))
            if not any(map(is_guest, (query, match))):  # a guest is no patient of the connectome
                self._panel.set(selectedPatient=match, comparedPatient=query)
            self._panel.showImages([match, query], self.display.views)

    def _onTimed(self, value=None):
        if self._ui.turnCheckBox.checked and self.display.views is ImageViews.FLICKER:
            self._timer.start(int(1000 * self._ui.turnSpinBox.value))
        else:
            self._timer.stop()

    # What is shown

    def _onShown(self, shown):
        ui, pair = self._ui, MATCH in shown
        for button in (ui.lungButton, ui.mediastinumButton, ui.boneButton, ui.previousButton, ui.nextButton, ui.nineButton):
            button.enabled = bool(shown)
        ui.swapButton.enabled = pair
        for widget in (ui.turnButton, ui.turnCheckBox, ui.turnSpinBox):
            widget.enabled = pair and self.display.views is ImageViews.FLICKER
        self._onTimed()
        self._addShortcuts()
        self._onWindow(self.display.window.window)
        self._showLoaded()
        self.segmentation.refresh()
        self._panel.changes.tell(IMAGES)

    def _onWindow(self, window):
        name = f"{_(window.name)}: " if window.name else ""
        self._ui.windowLabel.text = f"{name}{window}" if self.display.shown else ""
        if self._nine is not None:
            self._nine.refresh()

    def _onNine(self, checked=False):
        self.nine.show()

    def _addShortcuts(self):
        """The keys of this section work in the slice views, too."""
        for place in (QUERY, MATCH, *NEIGHBORS) if self.display.shown else ():
            for orientation in self.display.views.orientations:
                widget = slice_widget(place, orientation)
                if widget is None or f"{place}{orientation}" in self._shortcuts:
                    continue
                found = self._shortcuts[f"{place}{orientation}"] = []
                for binding in [binding for binding in BINDINGS if binding.action in self.actions]:
                    shortcut = qt.QShortcut(qt.QKeySequence(binding.keys[0]), widget)
                    shortcut.setContext(qt.Qt.WidgetWithChildrenShortcut)
                    shortcut.connect("activated()", self.actions[binding.action])
                    found.append(shortcut)

    # Memory

    def _showLoaded(self):
        patients, ui = loaded_patients(), self._ui
        ui.loadedComboBox.clear()
        for patient in patients:
            ui.loadedComboBox.addItem(_("{patient}, {mb:.0f} MB").format(
                patient=elided(patient.patient_id), mb=voxel_megabytes(patient)), patient.patient_id)
        ui.loadedComboBox.enabled = ui.unloadButton.enabled = bool(patients)
        ui.unloadHiddenButton.enabled = len(patients) > len(self.display.shown)

    def _onUnload(self, checked=False):
        self.unload([self._ui.loadedComboBox.itemData(self._ui.loadedComboBox.currentIndex)])

    def _onUnloadHidden(self, checked=False):
        shown = {patient.patient_id for patient in self.display.shown.values()}
        self.unload([patient.patient_id for patient in loaded_patients() if patient.patient_id not in shown])

    def _onRemoved(self, scene, event):
        if self._removed():                             # once its other nodes have been told, too
            self._removedTimer.start(0)

    def _removed(self):
        """PatientIDs of the shown patients whose CT was deleted, as in the module Data."""
        return [patient.patient_id for patient in self.display.shown.values()
                if not slicer.mrmlScene.IsNodePresent(patient.volume)]

    def _unloadRemoved(self):
        if removed := self._removed():
            self.unload(removed)

    def unload(self, patientIds):
        """Remove patients from the scene and free their memory; what stays in the views is arranged anew."""
        nodes = {patient.patient_id: patient for patient in self.display.shown.values()}
        shown = list(nodes)
        left = [patient for patient in shown if patient not in patientIds]
        if shown and shown[0] in patientIds:
            left = []
        if left != shown:
            self.display.forget()
        for patient in [find_patient(patientId) or nodes.get(patientId) for patientId in patientIds]:
            if patient is not None:
                unload_patient(patient)
        release_images()
        if left and left != shown:
            views = self.display.views if len(left) > 1 else ImageViews.ONE
            self._panel.showImages(left, views)
        elif not left:
            self._panel.showConnectome()
        self._showLoaded()
        self._panel.changes.tell(IMAGES)
