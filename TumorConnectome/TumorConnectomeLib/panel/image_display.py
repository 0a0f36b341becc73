"""What the slice and 3D views show: which patients, in which arrangement, with which labels and window."""
from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ..scene.image_views import MATCH, NEIGHBORS, QUERY, ImageViews
from ..scene.patient_nodes import find_patient
from ..scene.patient_views import show_belongings, show_patients, slice_widget, take_turns
from ..scene.view_labels import ViewLabels, ViewTitle
from ..scene.view_layouts import CONNECTOME_LAYOUT, current_layout, layout_number, show_layout, threed_widget
from ..scene.window_link import WindowLink


class ImageDisplay:
    """Shows loaded patients.

    Parameters
    ----------
    onShown : callable
        Called with the dict of shown PatientNodes by place after each change.

    Attributes
    ----------
    shown : dict of str to PatientNodes
        By place (scene.image_views).
    views : ImageViews
    front : str
        With ImageViews.FLICKER: the place of the patient whose turn it is.
    window : WindowLink
    """

    def __init__(self, onShown=lambda shown: None):
        self._onShown, self._labels, self._titles, self._connectome, self._bars = onShown, {}, {}, True, False
        self.shown, self.views, self.front, self.window = {}, ImageViews.ONE, QUERY, WindowLink()

    def present(self, patientIds, views, connectome=True):
        """Show loaded patients, the query first."""
        self.shown = {place: find_patient(patient) for place, patient in zip(views.places, patientIds)}
        self.views, self.front, self._connectome = views, QUERY, connectome
        self.window.watch(list(self.shown.values()))
        self.fit()
        qt.QTimer.singleShot(0, self.fit)               # the views get their final size in the next event loop turn
        self._onShown(self.shown)

    @property
    def state(self):
        """What is shown and how, for `restore`."""
        return self.shown, self.views, self.front, self._connectome, current_layout()

    def restore(self, state):
        """Show again what was shown when `state` was asked for, after something else could not be shown."""
        self.shown, self.views, self.front, self._connectome, layout = state
        self.window.watch(list(self.shown.values()))
        if self.shown:
            self.fit()
        else:
            show_belongings({}, ImageViews.ONE)         # lesions of what was loaded stay hidden
        show_layout(layout, self._bars)

    def fit(self):
        """Bring every shown tumor to the center of its views again, at one scale."""
        if self.shown:
            show_patients(self.shown, self.views, self._connectome, self.front, self._bars)
            self._label()

    def showBars(self, bars):
        """Show or hide Slicer's bars above the axial views."""
        if bars != self._bars:
            self._bars = bars
            self.fit()
            qt.QTimer.singleShot(0, self.fit)           # hiding a bar gives its view another size

    def showBelongings(self):
        """Show what was added to the shown patients, each in its own views."""
        show_belongings(self.shown, self.views, self.front)

    def takeTurns(self):
        """With ImageViews.FLICKER: show the other patient."""
        if self.views is ImageViews.FLICKER and MATCH in self.shown:
            self.front = MATCH if self.front == QUERY else QUERY
            take_turns(self.shown, self.front)
            self._label()

    def forget(self):
        """Nothing is shown any more: the scene was closed, or the patients were unloaded."""
        if self.shown:
            self.cleanup()
            self._onShown(self.shown)

    def cleanup(self):
        """Let go of nodes and views, and tell nobody: for the end of the module."""
        self.shown = {}
        self.window.forget()
        for labels in [*self._labels.values(), *self._titles.values()]:
            labels.remove()
        self._labels, self._titles = {}, {}

    def showLayout(self):
        """Give the main window the layout that fits what is shown."""
        show_layout(layout_number(self.views, self._connectome) if self.shown else CONNECTOME_LAYOUT, self._bars)

    def title(self, place):
        """Who is shown at a place: "Query 117502"."""
        name = {QUERY: _("Query"), MATCH: _("Neighbor")}.get(place)
        if name is None:
            name = _("Neighbor {n}").format(n=1 + NEIGHBORS.index(place))
        return f"{name} {self.shown[place].patient_id}"

    def labelText(self, place, orientation):
        """What stands in the corner of a slice view."""
        return self._labels[place, orientation].text

    def titleText(self, place):
        """What stands in the corner of a place's 3D view, or of its slice view when nobody is there; "" for nothing."""
        return self._titles[place].text if place in self._titles else ""

    def _label(self):
        for key in [key for key in self._labels if key[0] in self.views.framed_places and key[0] not in self.shown]:
            self._labels.pop(key).remove()
        words = {"Axial": _("axial"), "Coronal": _("coronal"), "Sagittal": _("sagittal")}
        for place in self.views.framed_places:
            source = self.front if self.views is ImageViews.FLICKER and self.front in self.shown else place
            for orientation in self.views.orientations if source in self.shown else ():
                widget = slice_widget(place, orientation)
                if (place, orientation) not in self._labels:
                    self._labels[place, orientation] = ViewLabels(widget)
                title = f"{self.title(source)} {words[orientation]}"
                self._labels[place, orientation].show(title, self.shown[source].volume.GetDisplayNode())
                short = {QUERY: _("Q"), MATCH: _("N")}.get(place) if self._bars else None    # a bar cuts longer names
                widget.mrmlSliceNode().SetLayoutLabel((short or title) if orientation == "Axial" else words[orientation])
        self._labelOthers()

    def _labelOthers(self):
        """Titles of the 3D views, and of slice views that nobody is in."""
        for title in self._titles.values():
            title.remove()
        self._titles = {}
        for place in self.views.framed_places:
            source = self.front if self.views is ImageViews.FLICKER else place
            if source in self.shown and self.views.in_3d:
                self._titles[place] = ViewTitle(threed_widget(place).threeDView())
                self._titles[place].show(f"{self.title(source)} {_('3D')}")
            elif source not in self.shown:
                self._titles[place] = ViewTitle(slice_widget(place, "Axial").sliceView())
                self._titles[place].show(_("No further neighbor"))
