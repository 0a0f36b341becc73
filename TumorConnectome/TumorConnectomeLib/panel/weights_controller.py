"""Weights of the encoders in the panel: which are here, the download after consent, files of the user's own, and the proof."""
from __future__ import annotations

import pathlib

import qt
import slicer.util
from slicer.i18n import tr as _

from ..cohort.model_catalog import model_info
from ..cohort.nlst import published_cohort
from ..embedding.models import MODELS
from ..embedding.proof import NOT_COMPARABLE, PASS_DISTANCE, PASSED, WARNING_DISTANCE, ProofStore
from ..embedding.weights_download import download_weights_sequence, offer_sequence
from ..embedding.weights_offer import HUB, PUBLISHED, offered
from ..embedding.weights_store import WeightsStore
from ..imaging.sources import SeriesRequest
from ..work.runner import LatestTask
from .changes import COHORT, WEIGHTS
from .embedding_jobs import proof_sequence
from .status_line import StatusLine

_SETTING = "TumorConnectome/Weights/"
_MEGABYTE = 1e6
#: models that need no weights are not listed here, nor those whose vectors are not made
_LISTED = tuple(name for name, model in MODELS.items() if model.needs_weights and not model.left_out)


class WeightsController:
    """The lower part of the section *Embed a tumor*.

    Parameters
    ----------
    panel : Panel
        Its `changes` are told when weights or a proof have come.
    """

    def __init__(self, panel):
        self._panel, self._ui, self._offer = panel, panel.ui, None
        ui = panel.ui
        self._status = StatusLine(ui.weightsStatusLabel, ui.weightsProgressBar, ui.weightsCancelButton)
        self._work = LatestTask(panel.runner, self._status)
        ui.weightsModelComboBox.connect("activated(int)", self._onModel)
        ui.weightsGetButton.connect("clicked(bool)", self.lookUp)
        ui.weightsAgreeButton.connect("clicked(bool)", self.download)
        ui.weightsFileButton.connect("clicked(bool)", self._onFile)
        ui.proofButton.connect("clicked(bool)", self.prove)
        panel.changes.bind(self.present, COHORT, WEIGHTS)

    @property
    def busy(self):
        """Whether something is looked up, downloaded or checked."""
        return self._work.busy

    def cancel(self):
        """Stop what runs."""
        self._work.cancel()
        self._forgetOffer()

    @staticmethod
    def usable() -> list[str]:
        """Names of the models that can make vectors here now."""
        here = WeightsStore().models_with_weights()
        return [name for name, model in MODELS.items() if name in here or not model.left_out and own_weights(name)]

    def proofText(self, model: str, weights_sha256: str) -> str:
        """Whether vectors of these weights were found comparable with the published ones, in one sentence."""
        if not MODELS[model].needs_weights:
            return _("Random weights: there are no published vectors to compare with.")
        proof = ProofStore().find(model, weights_sha256)
        if proof is None:
            return "\N{WARNING SIGN} " + _("Not yet checked on this computer against the published vectors.")
        text = _("{n} published patients were embedded on this computer, at most {worst:.1e} from their published vectors")
        text = text.format(n=len(proof.distances), worst=proof.worst)
        if proof.outcome == PASSED:
            return _("Checked: {text} (cosine distance; passed up to {limit:g}).").format(text=text, limit=PASS_DISTANCE)
        if proof.outcome == NOT_COMPARABLE:
            return "\N{WARNING SIGN} " + _("Not comparable with the published vectors: {text} (more than {limit:g}).").format(
                text=text, limit=WARNING_DISTANCE)
        return "\N{WARNING SIGN} " + _("Checked with a warning: {text}, as far as a point shifted by up to 3 mm.").format(
            text=text)

    # What the user does

    def choose(self, model):
        """Mean this model."""
        if model in _LISTED:
            self._ui.weightsModelComboBox.currentIndex = _LISTED.index(model)
            self._forgetOffer()
            self._showButtons()

    def lookUp(self, checked=False):
        """Ask the publisher what a download brings, and offer it."""
        self._forgetOffer()
        self._run(offer_sequence(self._model), self._onOffer, self.lookUp)

    def download(self, checked=False):
        """Download what was agreed to."""
        offer = self._offer
        if offer is not None:
            self._forgetOffer()
            self._run(download_weights_sequence(offer), self._onDownloaded, self.lookUp)

    def useFile(self, path):
        """Take a weights file of the user's own for the model."""
        qt.QSettings().setValue(_SETTING + self._model, str(path))
        self._status.done(_("{model}: {file} is used. It is read and checked when a tumor is embedded.").format(
            model=self._model, file=pathlib.Path(path).name))
        self._panel.changes.tell(WEIGHTS)

    def prove(self, checked=False):
        """Embed published patients and compare with their published vectors."""
        model, published = self._model, published_cohort()
        parameters = self._panel.parameters
        here = [str(published.folder()), "" if parameters is None else parameters.dataFolder]
        data = next((folder for folder in here if folder and pathlib.Path(folder).is_dir()), "")
        if not data:
            self._status.done(_("The check needs the published vectors: press \"Get the {name} cohort\" first.").format(
                name=published.name), problem=True)
            return
        images = parameters.imageFolder if parameters is not None else ""
        sources = self._panel.sources.of_files(False, images)

        def fetch(patient, series):
            return self._panel.downloads.fetch(SeriesRequest(patient, "", series), sources)

        self._run(proof_sequence(model, own_weights(model), data, fetch), self._onProof, self.prove)

    # Showing

    def present(self, parameters=None):
        """Say which weights are here."""
        combo, chosen, usable = self._ui.weightsModelComboBox, self._model, self.usable()
        combo.clear()
        for name in _LISTED:
            where = _("a file of your own") if own_weights(name) else _("on this computer") if name in usable else _("not here")
            combo.addItem(_("{model}: {where}").format(model=model_info(name).name, where=where), name)
        combo.currentIndex = max(0, _LISTED.index(chosen) if chosen in _LISTED else 0)
        self._showButtons()

    def _showButtons(self):
        model, ui = self._model, self._ui
        here = model in self.usable()
        ui.weightsGetButton.enabled = bool(model) and bool(offered(MODELS[model])) and not here
        ui.weightsFileButton.enabled = bool(model)
        ui.proofButton.enabled = here
        ui.weightsAgreeButton.setVisible(self._offer is not None)

    @property
    def _model(self):
        return self._ui.weightsModelComboBox.itemData(self._ui.weightsModelComboBox.currentIndex) or ""

    def _onModel(self, index):
        self.cancel()
        self._status.done("")
        self._showButtons()

    def _onFile(self, checked=False):
        path = qt.QFileDialog.getOpenFileName(
            self._ui.weightsFileButton, _("Weights of {model}").format(model=self._model), "",
            _("Weights (*.safetensors *.pt *.pth *.torch *.ckpt *.bin);;All files (*)"))
        if path:
            self.useFile(path)

    def _run(self, sequence, onDone, again):
        def done(result):
            self._status.done("")
            onDone(result)

        self._work.run(sequence, done, again=again)

    def _forgetOffer(self):
        self._offer = None
        self._ui.weightsAgreeButton.setVisible(False)

    def _onOffer(self, offer):
        self._offer = offer
        size = _("{mb:.1f} MB").format(mb=offer.size_bytes / _MEGABYTE) if offer.size_bytes else _("size not known")
        self._ui.weightsAgreeButton.text = _("Agree and download ({size})").format(size=size)
        self._ui.weightsAgreeButton.setVisible(True)
        self._status.done(offer_text(offer, size, WeightsStore().folder))

    def _onDownloaded(self, found):
        text = _("{file} is here; its SHA-256 begins with {sha}.").format(
            file=pathlib.Path(found["path"]).name, sha=found["sha256"][:16])
        if found["pinned"]:
            text += " " + _("No hash was known before: from now on this one is expected.")
        self._status.done(text)
        self._panel.changes.tell(WEIGHTS)

    def _onProof(self, proof):
        ProofStore().put(proof)
        each = ", ".join(f"{patient} {distance:.1e}" for patient, distance in proof.distances)
        self._status.done(f"{self.proofText(proof.model, proof.weights_sha256)} ({each})")
        self._panel.changes.tell(WEIGHTS)


def own_weights(model: str) -> str:
    """Path of a weights file that the user has chosen for a model; "" if there is none, or it is gone."""
    path = slicer.util.settingsValue(_SETTING + model, "", converter=str)
    return path if path and pathlib.Path(path).is_file() else ""


def offer_text(offer, size: str, folder) -> str:
    """What a person has to know before a download of weights."""
    fixed = _("revision {revision}").format(revision=offer.revision[:12]) if offer.revision else _("no fixed revision")
    hashes = {PUBLISHED: _("Their SHA-256 is known and will be checked: {sha}..."),
              HUB: _("Their SHA-256 is that of the server, and will be checked: {sha}...")}
    unknown = _("No SHA-256 of them is known: what comes is checked for being weights of this model, and pinned on first use.")
    hashed = hashes.get(offer.hash_from, unknown).format(sha=offer.sha256[:16])
    license_text = _("License: {text}.").format(text=offer.license_text)
    if not offer.license_clear:
        license_text = "\N{WARNING SIGN} " + _("The license is not clear: {text}. Read it at the publisher's first.").format(
            text=offer.license_text)
    return "\n".join([_("Weights of {model}, {size}, from {url} ({fixed}).").format(
        model=model_info(offer.model).name, size=size, url=offer.url, fixed=fixed), license_text, hashed,
        _("They are kept in {folder}. Nothing in them is executed.").format(folder=folder)])
