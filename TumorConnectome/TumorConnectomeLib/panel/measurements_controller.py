"""The Measurements section of the panel: query and neighbor side by side, and the whole cohort as columns and a table node."""
from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ..base.errors import Cancelled
from ..base.files import default_cache_folder
from ..base.text import elided
from ..cohort.column_titles import MEASURED, title_of
from ..cohort.measurements import lesion_rows, with_measurements
from ..imaging.measurement_store import MeasurementStore
from ..presentation.measurement_text import measurement_texts, side_notes
from ..widgets.texts import put_text, show_text
from ..work.jobs import PythonJob
from ..work.runner import LatestTask
from .changes import COLUMNS, IMAGES
from .result_nodes import write_result

#: kind of the table node, and so a part of its name
RESULT = "measurements"
#: characters of a PatientID above a column
_LONGEST_ID = 20
#: milliseconds without new images after which what was measured on them becomes columns
_JOIN_AFTER = 1000


def measure_sequence(path: str, cache_folder, image_folder: str):
    """Jobs that measure the patients of a prepared cohort whose images are on this machine; returns what the worker says."""
    images = ["--images", image_folder] if image_folder else []
    return (yield PythonJob(_("Measuring"), "measure", "--prepared", path, "--cache", cache_folder, *images))


class MeasurementsController:
    """Shows measurements, joins them to the cohort that is shown, and has the whole cohort measured.

    Parameters
    ----------
    panel : Panel
        Its state takes the cohort when it has new measurements.
    status : StatusLine
    """

    def __init__(self, panel, status):
        self._panel, self._ui, self._status = panel, panel.ui, status
        self._store, self._cohort = MeasurementStore(default_cache_folder()), None
        self._work = LatestTask(panel.runner, status)
        table = self._ui.measurementsTable
        table.setRowCount(len(MEASURED))
        table.setHorizontalHeaderLabels([""] * table.columnCount)
        for row, column in enumerate(MEASURED.values()):
            self._put(row, 0, column.title, column.note)
        header = table.horizontalHeader()
        header.setSectionResizeMode(0, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(1, qt.QHeaderView.Stretch)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 6)
        self._ui.measureCohortButton.connect("clicked(bool)", self._onMeasure)
        panel.state.bind(self.compareMeasurements, "selectedPatient", "comparedPatient", COLUMNS)
        panel.changes.bind(self.takeMeasured, IMAGES)
        self._joinTimer = qt.QTimer(table)
        self._joinTimer.setSingleShot(True)
        self._joinTimer.connect("timeout()", self._join)

    @property
    def busy(self):
        """Whether the cohort is being measured."""
        return self._work.busy

    def cleanup(self):
        """Nothing is taken any more."""
        self._joinTimer.stop()

    def setCohort(self, cohort):
        """Another cohort was loaded: returns it with what is known from earlier sessions."""
        self.cancel()
        self._joinTimer.stop()
        self._status.done("")
        self._cohort = cohort
        self._store.update()
        self._ui.measureCohortButton.enabled = True
        return self.joined()

    def takeMeasured(self, parameters):
        """Show what has been measured meanwhile here, and as columns when no more images come.

        All that colors, filters and evaluates shows other columns anew: once for several patients, when their images stand.
        """
        if self._cohort is not None and self._store.update():
            self.compareMeasurements(parameters)
            self._joinTimer.start(_JOIN_AFTER)

    def _join(self):
        if self._cohort is not None:
            self._panel.state.useCohort(self.joined())

    def joined(self):
        """The loaded cohort with all that has been measured."""
        return with_measurements(self._cohort, self._store.measurements)

    def cancel(self):
        """Stop measuring; what was measured stays."""
        self._work.cancel()

    def compareMeasurements(self, parameters):
        """Show the query and the marked patient side by side."""
        names = parameters.selectedPatient, parameters.comparedPatient
        found = [self._measurement(name) for name in names]
        heads = [_("Measurement"), names[0] or _("Selected patient"), names[1] or _("Marked patient")]
        for column, head in enumerate(heads):
            put_text(self._ui.measurementsTable.horizontalHeaderItem(column), elided(head, _LONGEST_ID), head)
        for column, (name, measurement) in enumerate(zip(names, found), start=1):
            texts = measurement_texts(measurement) if measurement else {}
            for row, key in enumerate(MEASURED):
                self._put(row, column, texts.get(key, "" if not name or measurement else "\N{EN DASH}"))
        missing = [name for name, measurement in zip(names, found) if name and measurement is None]
        notes = [_("{patient}: not measured yet; load the images.").format(patient=name) for name in missing]
        notes += [f"{name}: {note}" for name, measurement in zip(names, found) if measurement
                  for note in side_notes(measurement)]
        show_text(self._ui.measurementsNoteLabel, "\n".join(notes))
        self._ui.measurementsNoteLabel.setVisible(bool(notes))

    def _measurement(self, patient):
        patients = None if self._cohort is None else self._cohort.patients
        if patients is None or "CT_SeriesInstanceUID" not in patients or patient not in patients.index:
            return None
        return self._store.measurements.get(patients.loc[patient, "CT_SeriesInstanceUID"])

    def _put(self, row, column, text, tip=""):
        table = self._ui.measurementsTable
        item = table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem()
            table.setItem(row, column, item)
        put_text(item, text, tip or text)

    def _onMeasure(self, checked=False):
        if self._cohort is None or self.busy:
            return
        self._ui.measureCohortButton.enabled = False
        sequence = measure_sequence(self._panel.cohort.loader.path, self._panel.sources.cache_folder,
                                    self._panel.parameters.imageFolder)

        def over(show):
            self._ui.measureCohortButton.enabled = True
            if self._store.update():
                self._join()
            show()

        self._work.run(sequence, lambda result: over(lambda: self._onMeasured(result)),
                       lambda error: over(lambda: self._onFailed(error)))

    def _onMeasured(self, result):
        node = self._writeTable()
        count = len(self._cohort.patients)
        lines = [_("{n} of {all} patients measured, {new} of them now; {absent} have no images on this machine.").format(
            n=result["measured"], all=count, new=result["new"], absent=result["absent"])]
        lines += [f"\N{WARNING SIGN} {patient}: {problem}" for patient, problem in result["problems"][:5]]
        if len(result["problems"]) > 5:
            lines.append(_("and {n} more").format(n=len(result["problems"]) - 5))
        if node is not None:
            lines.append(_("Table in the scene: {name}").format(name=node.GetName()))
        self._status.done("\n".join(lines))

    def _onFailed(self, error):
        if isinstance(error, Cancelled):
            self._writeTable()
        self._status.failed(error, self._onMeasure)

    def _writeTable(self):
        """The table node of all measured lesions of the cohort; None when there are none."""
        uids = self._cohort.patients.get("CT_SeriesInstanceUID", [""] * len(self._cohort.patients))
        rows = lesion_rows(self._cohort.patient_ids, uids, self._store.measurements)
        if not rows:
            return None
        columns = ["PatientID", title_of("CT_SeriesInstanceUID"), _("Lesion (1 is the largest)"),
                   *(column.title for column in MEASURED.values()), _("Note on the side")]
        return write_result(RESULT, columns, rows, {"cohort": self._cohort.name, "synthetic": self._cohort.synthetic})
