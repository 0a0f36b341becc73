"""The section *Embed a tumor*: a mark in a CT of the scene becomes a vector, and the vector the query of the connectome."""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _

from ..base.errors import InputError
from ..connectome.stability import Stability
from ..embedding.crop import plan_crop
from ..embedding.embed import model_of
from ..embedding.models import MODELS
from ..neighbors.repairs import Repair
from ..presentation.embedding_text import shifts_of, stability_text
from ..scene.crop_box import remove_crop_box, show_crop_box
from ..scene.guest import guest_of, patient_of, receive
from ..scene.image_views import ImageViews
from ..scene.patient_views import fit_volume, is_in_view, show_volume
from ..scene.tumor_marks import (
    BOX,
    POINT,
    SEGMENT,
    box_size_mm,
    ct_volumes,
    ijk_to_lps_mm,
    mark_lps_mm,
    marks_of,
    observe_marks,
    show_own_marks,
    start_marking,
)
from ..work.runner import LatestTask
from .changes import COHORT, IMAGES, SCENE, WEIGHTS
from .embedding_jobs import TumorVoxels, embed_sequence, stability_sequence
from .query_controller import query_of_text, query_to_text
from .status_line import StatusLine
from .weights_controller import WeightsController, own_weights

#: neighbors whose staying is counted
_STABLE_COUNT = 5


@dataclass(frozen=True)
class EmbeddedTumor:
    """How a query was made from a CT.

    Parameters
    ----------
    label, model : str
        Those of the query.
    weights_sha256 : str
    volume_id : str
        ID of the volume in the scene.
    point_lps_mm : tuple of float
    size_mm : tuple of float or None
        Of the box that marked the tumor, along the patient's axes.
    findings : tuple of str
        What was unusual about the crop.
    stability : dict or None
        Record of a Stability, when it was asked for.
    """

    label: str
    model: str
    weights_sha256: str
    volume_id: str
    point_lps_mm: tuple[float, float, float]
    size_mm: tuple[float, float, float] | None
    findings: tuple[str, ...]
    stability: dict | None = None

    def to_text(self) -> str:
        """As JSON for the parameter node."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> EmbeddedTumor | None:
        """The inverse of `to_text`; None for a text that is none."""
        try:
            said = json.loads(text)
            known_model(said["model"])
            size, stable = said["size_mm"], said["stability"]
            return cls(str(said["label"]), str(said["model"]), str(said["weights_sha256"]), str(said["volume_id"]),
                       _three(said["point_lps_mm"]), None if size is None else _three(size),
                       tuple(map(str, said["findings"])), None if stable is None else Stability.from_record(stable).to_record())
        except (ValueError, TypeError, KeyError):
            return None


def known_model(name: str) -> str:
    """The name in MODELS of a model that a cohort may write in another case; InputError for an unknown one."""
    return model_of(name).name


def _three(values):
    x, y, z = map(float, values)
    if not np.isfinite([x, y, z]).all():
        raise ValueError(f"{values}")
    return x, y, z


class EmbedController:
    """Connects the section with the state and the scene.

    Parameters
    ----------
    panel : Panel

    Attributes
    ----------
    weights : WeightsController
    """

    def __init__(self, panel):
        self._panel, self._ui, ui = panel, panel.ui, panel.ui
        self._volumes, self._marks, self._models, self._observed = [], [], [], []
        self._problem, self._marking = "", False
        self._status = StatusLine(ui.embedStatusLabel, ui.embedProgressBar, ui.embedCancelButton)
        self._work = LatestTask(panel.runner, self._status)
        self.weights = WeightsController(panel)
        self._timer = qt.QTimer(ui.embedButton)         # with a parent, or its connections would keep us for ever
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self.refresh)
        scene = slicer.mrmlScene
        self._tags = [scene.AddObserver(event, self._onScene) for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent)]
        ui.embedCollapsibleButton.connect("contentsCollapsed(bool)", self._onCollapsed)
        for combo, chosen in ((ui.embedVolumeComboBox, self._onVolume), (ui.embedMarkComboBox, self._onMarkChosen),
                              (ui.embedModelComboBox, self._onModel)):
            combo.connect("activated(int)", chosen)
        ui.embedMarkButton.connect("clicked(bool)", self.mark)
        ui.embedButton.connect("clicked(bool)", self.embed)
        ui.embedCompareButton.connect("clicked(bool)", self.compare)
        ui.stabilityButton.connect("clicked(bool)", self.tryStability)
        panel.changes.bind(self.refresh, "embedVolume", "embedMark", "embedModel", COHORT, IMAGES, SCENE, WEIGHTS)
        panel.changes.bind(self.presentResult, "embedding", "query", COHORT, WEIGHTS, SCENE)

    def cleanup(self):
        """Stop what runs and let go of the scene."""
        self._timer.stop()
        for tag in self._tags:
            slicer.mrmlScene.RemoveObserver(tag)
        self._unobserve()
        self.cancel()
        remove_crop_box()

    @property
    def busy(self):
        """Whether a tumor is being embedded."""
        return self._work.busy

    def cancel(self):
        """Stop what runs."""
        self._work.cancel()
        self.weights.cancel()

    @property
    def tumor(self) -> EmbeddedTumor | None:
        """How the present query was made; None if it was not made from a CT."""
        parameters = self._panel.parameters
        asked = query_of_text(parameters.query) if parameters is not None and parameters.query else None
        made = EmbeddedTumor.from_text(parameters.embedding) if asked else None
        return made if made is not None and (made.label, made.model) == asked[:2] else None

    # What is offered

    def refresh(self, parameters=None):
        """Offer the CTs, marks and models that there are, and draw the box of what is chosen."""
        parameters = self._panel.parameters
        if parameters is None or self._ui.embedCollapsibleButton.collapsed:
            return
        volumes = ct_volumes()
        self._volumes = [node.GetID() for node in volumes]          # IDs: a node that is kept here keeps its voxels
        place = self._fill(self._ui.embedVolumeComboBox, [node.GetName() for node in volumes], self._volumes,
                           parameters.embedVolume)
        self._marks = marks_of(volumes[place]) if place is not None else []
        kinds = {POINT: _("point"), BOX: _("box"), SEGMENT: _("segment")}
        self._fill(self._ui.embedMarkComboBox, [f"{mark.name} ({kinds[mark.kind]})" for mark in self._marks],
                   [mark.key for mark in self._marks], parameters.embedMark)
        cohort = self._panel.state.cohort
        known = {model.lower() for model in cohort.models} if cohort is not None and cohort.has_vectors else set()
        self._models = [name for name in self.weights.usable() if name.lower() in known]
        self._fill(self._ui.embedModelComboBox, self._models, self._models, parameters.embedModel or
                   (self._panel.state.modelOf(parameters) if cohort is not None else ""))
        self._observe()
        self._drawBox()
        if self._marking and any(mark.key == parameters.embedMark for mark in self._marks):
            self._marking = False
            self._status.done("")

    def _fill(self, combo, texts, keys, wanted):
        """Offer texts; returns the place of the wanted key, of the first one without it, None without any."""
        combo.clear()
        combo.addItems(texts)
        combo.enabled = bool(texts)
        if not keys:
            return None
        combo.currentIndex = keys.index(wanted) if wanted in keys else 0
        return combo.currentIndex

    def _chosen(self):
        """Volume, mark and model that are chosen; None for what is not there."""
        ui = self._ui
        places = ui.embedVolumeComboBox.currentIndex, ui.embedMarkComboBox.currentIndex, ui.embedModelComboBox.currentIndex
        volume, mark, model = (found[place] if 0 <= place < len(found) else None
                               for place, found in zip(places, (self._volumes, self._marks, self._models)))
        return None if volume is None else slicer.mrmlScene.GetNodeByID(volume), mark, model

    def _drawBox(self):
        """Draw what the chosen model will see, and say where that is and what is missing."""
        volume, mark, model = self._chosen()
        self._problem, text = "", ""
        if volume is None:
            self._problem = _("No CT is in the scene: load a patient, or a CT of your own by Slicer's DICOM module.")
        elif mark is None:
            self._problem = _("Mark the tumor: press Mark... and click its middle in a slice view, or draw a ROI or a segment.")
        elif model is None:
            self._problem = _("No model of this cohort has weights on this computer: get some below.")
        if self._problem:
            remove_crop_box()
        else:
            text = self._boxText(volume, mark, MODELS[model])
        self._ui.embedBoxLabel.text = self._problem or text
        self._ui.embedButton.enabled = not self._problem
        self._ui.embedMarkButton.enabled = volume is not None

    def _boxText(self, volume, mark, model):
        point = mark_lps_mm(mark, volume)
        try:
            if point is None:
                raise InputError(_("the segment is empty"), source=mark.name, expected=_("voxels in it"))
            plan = plan_crop(slicer.util.arrayFromVolume(volume).shape, ijk_to_lps_mm(volume), point, model)
        except InputError as error:
            remove_crop_box()
            self._problem = f"\N{WARNING SIGN} {error}"
            return ""
        frame = guest_of(volume) or volume              # the guest's views are those that show the CT
        show_crop_box(frame, plan.corners_lps_mm, _("What {model} will see").format(model=model.name))
        if patient_of(frame):
            self._panel.compare.display.showBelongings()
        sides = np.ptp(plan.corners_lps_mm, axis=0)
        text = _("Box {sides} mm around the point {point} (LPS, mm).").format(
            sides=" \N{MULTIPLICATION SIGN} ".join(f"{side:.0f}" for side in sides),
            point=", ".join(f"{value:.1f}" for value in point))
        cut = float(plan.cut_mm.max())
        warning = " \N{WARNING SIGN} " + _("The border of the CT cuts up to {mm:.1f} mm off.").format(mm=cut)
        return text + warning if cut >= 0.05 else text

    # What the user does

    def show(self, volume):
        """Bring a CT into the slice views, if none of them shows it."""
        own, panel = patient_of(volume), self._panel
        if is_in_view(volume):
            return
        if own in panel.state.cohort.rows:
            panel.load(own)
            return
        panel.compare.display.forget()
        show_own_marks(True)
        show_volume(volume, panel.parameters.connectomeBeside, panel.parameters.viewBars)
        volume_id = volume.GetID()
        qt.QTimer.singleShot(0, lambda: self._fit(volume_id))       # views get their size in the event loop's next turn

    @staticmethod
    def _fit(volume_id):
        volume = slicer.mrmlScene.GetNodeByID(volume_id)
        if volume is not None and is_in_view(volume):
            fit_volume()

    def mark(self, checked=False):
        """Let the next click in a slice view mark the tumor."""
        volume = self._chosen()[0]
        if volume is None or self._panel.state.cohort is None:
            return
        self.show(volume)
        node, self._marking = start_marking(_("Tumor")), True
        self._panel.set(embedVolume=volume.GetID(), embedMark=f"{node.GetID()}/0")
        self._status.done(_("Click the middle of the tumor in a slice view; the point can be dragged afterwards."))

    def embed(self, checked=False):
        """Make the vector of the chosen tumor, and look for its neighbors."""
        self.refresh()                                  # a segment may have been painted meanwhile
        volume, mark, model = self._chosen()
        if self._problem or None in (volume, mark, model):
            self._status.done(self._problem or self._ui.embedBoxLabel.text, problem=not self._problem)
            return
        self._marking = False
        self._panel.set(embedVolume=volume.GetID(), embedMark=mark.key)         # they stay chosen when others are shown
        point, size = mark_lps_mm(mark, volume), box_size_mm(mark, volume)
        tumor = self._voxels(volume, point, model)

        def done(found):
            self._onEmbedded(found, volume.GetID(), self._labelOf(volume), size)

        self._work.run(embed_sequence(tumor), done, again=self.embed)

    def tryStability(self, checked=False):
        """Embed points around the tumor of the present query, and tell how many of its neighbors stay."""
        made, state = self.tumor, self._panel.state
        volume = slicer.mrmlScene.GetNodeByID(made.volume_id) if made is not None else None
        if volume is None or state.cohort is None:
            return
        k = min(_STABLE_COUNT, len(state.cohort.patients))
        tumor = self._voxels(volume, np.array(made.point_lps_mm), made.model)
        model = next(name for name in state.cohort.models if name.lower() == made.model.lower())

        def done(record):
            self._status.done("")
            self._panel.set(embedding=EmbeddedTumor(**{**asdict(made), "stability": record}).to_text())

        self._work.run(stability_sequence(tumor, self._panel.cohort.loader.path, k, model), done, again=self.tryStability)

    def compare(self, checked=False):
        """Show the tumor beside the patient that is marked in the connectome, if it is one of its neighbors, or its nearest."""
        made = self.tumor
        if made is None:
            return
        volume = slicer.mrmlScene.GetNodeByID(made.volume_id)
        listed = [patient for patient in self._panel.query.neighborIds() if volume is None or patient != patient_of(volume)]
        parameters = self._panel.parameters
        marked = [patient for patient in (parameters.comparedPatient, parameters.selectedPatient) if patient in listed]
        if listed:
            self.compareWith((marked or listed)[0])

    def compareWith(self, patientId) -> bool:
        """Show the tumor of the present query beside a patient; False when it was not made from a CT of the scene."""
        made, panel = self.tumor, self._panel
        volume = slicer.mrmlScene.GetNodeByID(made.volume_id) if made is not None else None
        if volume is None:
            return False
        own = patient_of(volume)
        views = panel.parameters.views
        views = views if views is ImageViews.FLICKER else ImageViews.PAIR
        if own in panel.state.cohort.rows:
            panel.set(selectedPatient=own, comparedPatient=patientId)
            panel.showImages([own, patientId], views)
            return True
        receive(volume, made.label, np.array(made.point_lps_mm), made.size_mm)
        show_own_marks(False)
        panel.mark(patientId)
        panel.showImages([made.label, patientId], views)
        return True

    # Results

    def presentResult(self, parameters):
        """Say how the query's vector was made, what can be thought of it, and how stable it is."""
        made, ui = self.tumor, self._ui
        for button in (ui.embedCompareButton, ui.stabilityButton):
            button.enabled = made is not None and slicer.mrmlScene.GetNodeByID(made.volume_id) is not None
        ui.embedResultLabel.setVisible(made is not None)
        ui.embedResultLabel.text = self._resultText(made) if made is not None else ""

    def _resultText(self, made):
        parts = [_("<b>{label}</b> was embedded by {model} at {point} (LPS, mm); its neighbors are listed below.").format(
            label=escape(made.label), model=escape(made.model), point=", ".join(f"{value:.1f}" for value in made.point_lps_mm))]
        parts += [f"\N{WARNING SIGN} {escape(finding)}." for finding in made.findings]
        parts.append(escape(self.weights.proofText(known_model(made.model), made.weights_sha256)))
        if (shifts := shifts_of(made.model)) is not None:
            parts.append(shift_table(*shifts))
        if made.stability is not None:
            parts.append(escape(stability_text(Stability.from_record(made.stability))))
        return "<br>".join(parts)

    def _onEmbedded(self, found, volume_id, label, size):
        one, state = found["embeddings"][0], self._panel.state
        if "problem" in one:
            self._status.done(one["problem"], problem=True)
            return
        model = next((name for name in state.cohort.models if name.lower() == found["model"].lower()), None)
        if model is None:                               # another cohort was loaded meanwhile
            self._status.done(_("This cohort has no vectors of {model}.").format(model=found["model"]), problem=True)
            return
        self._status.done("")
        made = EmbeddedTumor(label, model, found["weights_sha256"], volume_id, tuple(one["point_lps_mm"]),
                             None if size is None else tuple(size), tuple(one["findings"]))
        self._ui.queryCollapsibleButton.collapsed = False
        self._panel.set(model=model, repair=Repair.NONE, query=query_to_text(label, model, one["vector"]),
                        embedding=made.to_text())

    def _labelOf(self, volume):
        """Name of the query: that of the patient or the volume, never that of another patient of the cohort."""
        own, rows = patient_of(volume), self._panel.state.cohort.rows
        if own:
            return _("Tumor of {patient}").format(patient=own)
        name = volume.GetName()
        return _("{name} (own CT)").format(name=name) if name in rows else name

    @staticmethod
    def _voxels(volume, point, model):
        key = known_model(model)
        return TumorVoxels(slicer.util.arrayFromVolume(volume), ijk_to_lps_mm(volume), point, key, own_weights(key))

    # Scene and widgets

    def _observe(self):
        """Follow the marks: the box moves with them."""
        self._unobserve()
        self._observed = observe_marks(self._onScene)

    def _unobserve(self):
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed = []

    def _onScene(self, caller=None, event=None):
        if not self._ui.embedCollapsibleButton.collapsed:
            self._timer.start(0)

    def _onCollapsed(self, collapsed):
        if collapsed:
            self._unobserve()
            remove_crop_box()
        else:
            self.refresh()

    def _onVolume(self, index):
        volume = slicer.mrmlScene.GetNodeByID(self._volumes[index])
        self._panel.set(embedVolume=self._volumes[index])
        if self._panel.state.cohort is not None and volume is not None:
            self.show(volume)

    def _onMarkChosen(self, index):
        self._panel.set(embedMark=self._marks[index].key)

    def _onModel(self, index):
        self._panel.set(embedModel=self._models[index])


def shift_table(nearest: float, shifts) -> str:
    """HTML: what shifts of the point do to a model's vectors."""
    rows = "".join(f"<tr><td>{escape(_(one.shift))}&nbsp;</td><td align='right'>{one.distance:.3g}&nbsp;</td>"
                   f"<td align='right'>{one.own_percent} %&nbsp;</td><td align='right'>{one.pairs}</td></tr>" for one in shifts)
    head = "".join(f"<td><i>{escape(text)}</i>&nbsp;</td>" for text in (
        _("Shifted by"), _("distance"), _("own is nearest"), _("pairs")))
    return _("A shifted point changes such vectors (published pairs, median cosine distance; the nearest other patient is at "
             "{nearest:.2g}):").format(nearest=nearest) + f"<table><tr>{head}</tr>{rows}</table>"
