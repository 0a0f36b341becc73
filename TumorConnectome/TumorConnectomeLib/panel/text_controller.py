"""The section for texts: similarity of the patients to a phrase as a column to color, filter and evaluate by; an experiment."""
from __future__ import annotations

import pathlib

import numpy as np
import qt
from slicer.i18n import tr as _

from ..cohort.text_similarity import CAVEAT, TEXT_COLUMN, Phrase, with_text_similarity
from ..work.jobs import PythonJob
from ..work.runner import LatestTask
from .changes import COHORT, COLUMNS
from .result_nodes import write_result
from .status_line import StatusLine

#: kind of the table node, and so a part of its name
RESULT = "similarity to a text"
#: the published model whose vectors lie in one space with those of texts, in lower case
_JOINT_SPACE = "merlin"


def text_options(parameters, cohort) -> list:
    """Options of workers that need the column; none where the cohort does not have it."""
    if TEXT_COLUMN not in cohort.facets:
        return []
    return ["--texts", parameters.textFile, "--phrase", parameters.phrase, "--against", parameters.phraseAgainst,
            "--text-model", parameters.textModel]


class TextController:
    """Connects the section with the state.

    Parameters
    ----------
    panel : Panel
        Its session takes the cohort with the column.
    """

    def __init__(self, panel):
        self._panel, self._ui, ui = panel, panel.ui, panel.ui
        self._names, self._models, self._found = [], [], None
        self._status = StatusLine(ui.textStatusLabel, ui.textProgressBar, ui.textCancelButton)
        self._work = LatestTask(panel.runner, self._status)
        ui.textTable.setHorizontalHeaderLabels([_("Category"), _("AUROC"), _("95 % CI"), _("q")])
        header = ui.textTable.horizontalHeader()
        for column in range(4):
            header.setSectionResizeMode(column, qt.QHeaderView.ResizeToContents if column else qt.QHeaderView.Stretch)
        ui.textTable.verticalHeader().setDefaultSectionSize(ui.textTable.fontMetrics().height() + 6)
        ui.textFileButton.connect("clicked(bool)", self._onFileButton)
        ui.textButton.connect("clicked(bool)", self.compare)
        ui.textClearButton.connect("clicked(bool)", self.clear)
        panel.state.extend = self.extend
        self._show()
        panel.state.bind(self.restore, "textFile", "textModel", "phrase", "phraseAgainst", COHORT)
        panel.state.bind(lambda parameters: self._show(), COLUMNS)

    @property
    def busy(self):
        """Whether texts are being read or compared."""
        return self._work.busy

    def cancel(self):
        """Stop what runs."""
        self._work.cancel()

    def extend(self, cohort):
        """The cohort with the column, if it was computed for this one."""
        if self._found is None or self._found["patients"] != cohort.patient_ids:
            return cohort
        return with_text_similarity(cohort, self._found["phrase"], np.array(self._found["numbers"]))

    # What the user does

    def openFile(self, path):
        """Read the names of a file of text vectors, also of the one that is open: it may have changed."""
        values, parameters = {"textFile": str(path), "textModel": "", "phrase": "", "phraseAgainst": ""}, self._panel.parameters
        if parameters is None:
            return
        known = all(getattr(parameters, name) == value for name, value in values.items())
        self._panel.set(**values)
        if known:
            self.restore(parameters)

    def compare(self, checked=False):
        """Compare the patients with the chosen text."""
        ui, parameters = self._ui, self._panel.parameters
        if not self._names or parameters is None:
            self._status.done(_("Open a file of text vectors first."), problem=True)
            return
        phrase = self._names[max(ui.textPhraseComboBox.currentIndex, 0)]
        against = ([""] + self._names)[max(ui.textAgainstComboBox.currentIndex, 0)]
        model = self._models[max(ui.textModelComboBox.currentIndex, 0)]
        if phrase == against:
            self._status.done(_("Choose two different texts."), problem=True)
            return
        self._found = None
        if (parameters.textModel, parameters.phrase, parameters.phraseAgainst) == (model, phrase, against):
            self.restore(parameters)
        else:
            self._panel.set(textModel=model, phrase=phrase, phraseAgainst=against)

    def clear(self, checked=False):
        """Take the column out of the patient table."""
        self.cancel()
        self._status.done("")
        self._panel.set(phrase="", phraseAgainst="")

    # State

    def restore(self, parameters):
        """Read and compare what the state asks for, as far as it is not known."""
        path = self._panel.cohort.loader.path
        wanted = (path, parameters.textFile, parameters.textModel, parameters.phrase, parameters.phraseAgainst)
        if self._found is not None and self._found["of"] != wanted:
            self._found = None
            self._panel.state.useCohort(self._panel.measurements.joined())
        self._ui.textFileLabel.text = pathlib.Path(parameters.textFile).name or _("No text vectors are open.")
        if not parameters.textFile or not path:
            self._offer([], [])
        elif self._found is None:
            self._work.run(_sequence(*wanted), lambda found: self._onFound(wanted, found), self._onFailed,
                           again=lambda: self.restore(self._panel.parameters))

    def _onFound(self, wanted, found):
        self._status.done("")
        self._offer(found["names"], found["models"])
        if "numbers" not in found:
            return
        phrase = Phrase(*wanted[2:])
        cohort = self._panel.state.cohort
        self._found = {"of": wanted, "patients": cohort.patient_ids, "phrase": phrase, **found}
        self._panel.state.useCohort(self._panel.measurements.joined())
        self._panel.set(facet=TEXT_COLUMN, hiddenCategories="")
        write_result(RESULT, found["columns"], found["rows"], {"text": phrase.title, "note": phrase.note})

    def _onFailed(self, error):
        self._offer([], [])

    # Widgets

    def _onFileButton(self, checked=False):
        path = qt.QFileDialog.getOpenFileName(
            self._ui.textFileButton, _("Text vectors"), "", _("Text vectors (*.npz);;All files (*)"))
        if path:
            self.openFile(path)

    def _offer(self, names, models):
        ui, parameters = self._ui, self._panel.parameters
        self._names, self._models = list(names), list(models)
        known = next((model for model in self._models if model.lower() == _JOINT_SPACE), "")
        for combo, texts, wanted in ((ui.textModelComboBox, self._models, parameters.textModel or known),
                                     (ui.textPhraseComboBox, self._names, parameters.phrase),
                                     (ui.textAgainstComboBox, [_("(nothing)"), *self._names], parameters.phraseAgainst)):
            combo.clear()
            combo.addItems(texts)
            combo.currentIndex = texts.index(wanted) if wanted in texts else 0
        self._show()

    def _show(self):
        ui, found = self._ui, self._found
        for widget in (ui.textModelComboBox, ui.textPhraseComboBox, ui.textAgainstComboBox, ui.textButton):
            widget.enabled = bool(self._names)
        ui.textClearButton.enabled = found is not None
        ui.textNoteLabel.text = " ".join(filter(None, (found["phrase"].note, found["note"]))) if found else CAVEAT
        ui.textTable.setVisible(found is not None)
        rows = [dict(zip(found["columns"], row)) for row in found["rows"]] if found else []
        facets = self._panel.state.cohort.facets if self._panel.state.cohort is not None else {}
        ui.textTable.setRowCount(len(rows))
        for place, row in enumerate(rows):
            title = facets[row["facet"]].title if row["facet"] in facets else _("Random groups")
            name = f"{title}: {row['category']}"
            tip = name + "\n" + _("{positives} of {n} patients, p = {p:.3g} ({count} permutations)").format(
                positives=row["positives"], n=row["n"], p=row["p"], count=row["permutations"])
            for column, text in enumerate((name, f"{row['auroc']:.2f}", interval_text(row), f"{row['q']:.2g}")):
                item = qt.QTableWidgetItem(text)
                item.setToolTip(tip)
                ui.textTable.setItem(place, column, item)


def interval_text(row) -> str:
    """The interval of an AUROC, a dash where there is none."""
    return "\N{EN DASH}" if row["ci_low"] is None else f"{row['ci_low']:.2f} to {row['ci_high']:.2f}"


def _sequence(path, file, model, phrase, against):
    """Jobs that list the texts of a file, and compare the patients with one or two of them."""
    found = yield PythonJob(_("Reading the texts"), "texts", "--texts", file, "--prepared", path)
    if not phrase or model not in found["models"]:
        return found
    compared = yield PythonJob(_("Comparing with the text"), "text", "--prepared", path, "--texts", file, "--phrase", phrase,
                               "--against", against, "--text-model", model)
    return {**found, **compared}
