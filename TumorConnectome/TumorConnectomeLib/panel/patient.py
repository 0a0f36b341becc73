"""The patient section of the panel: clinical data, neighbors, who matched it, and the strip of pictures."""
from __future__ import annotations

from html import escape

import qt
from slicer.i18n import tr as _

from ..base.errors import TumorConnectomeError
from ..base.files import default_cache_folder
from ..base.text import elided, elided_words
from ..cohort.nlst import data_note, in_nlst, patient_viewer_url
from ..imaging.thumbnail import thumbnail_sequence
from ..imaging.thumbnail_store import ThumbnailStore
from ..neighbors.match import Match
from ..presentation.patient_summary import clinical_values, matched_by_rows, neighbor_rows, pair_text, percent_text
from ..scene.patient_nodes import find_patient, loaded_patients
from ..scene.tumor_picture import common_field_mm, tumor_picture
from ..widgets.pair_table import SAME_PATIENT, PairTable
from ..widgets.picture_strip import TileInfo
from ..work.runner import JobRunner
from .changes import COLUMNS, GRAPH, IMAGES


class PatientSection:
    """Shows the query and the marked neighbor.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    state : Session
    pictures : PatientPictures
    onMarked, onClicked, onOpened : callable
        Called with the PatientID of a row that was marked, clicked, or opened for comparison.
    """

    def __init__(self, ui, state, pictures, onMarked, onClicked, onOpened):
        self._ui, self._state, self._pictures = ui, state, pictures
        self._tables = [PairTable(table, onMarked, onOpened, _) for table in (ui.neighborsTable, ui.matchedByTable)]
        for table in self._tables:
            table.onClicked = onClicked
        ui.viewerButton.connect("clicked(bool)", self._onViewerButton)
        self._patientId, self._lists = "", ([], [])
        state.bind(self.describe, "selectedPatient", "facet", "numberColors", GRAPH, COLUMNS)
        state.bind(self.markCompared, "selectedPatient", "comparedPatient", "facet", "numberColors", GRAPH, COLUMNS)

    def describe(self, parameters):
        """Show the query: who it is, whom it is like, and who is like it."""
        ui, graph, cohort = self._ui, self._state.connectome, self._state.cohort
        patient = parameters.selectedPatient
        known = patient in graph.nodes
        ui.loadButton.enabled = known
        self._patientId, self._lists = patient if known else "", ([], [])
        if not known:
            self._describeNobody(patient)
            return
        node = graph.nodes[patient]
        facet, of_node = self._state.facetOf(parameters), cohort.node_patients
        self._lists = lists = [find(graph, node, facet, self._state.prepared.analyses, of_node)
                               for find in (neighbor_rows, matched_by_rows)]
        ui.patientLabel.toolTip = patient
        ui.patientLabel.text = f"<b>{escape(elided(patient))}</b>" + (f" ({_('synthetic')})" if cohort.synthetic else "")
        note = data_note(cohort, node)
        ui.noticeLabel.text = f"\N{WARNING SIGN} {note}" if note else ""
        ui.noticeLabel.setVisible(bool(note))
        ui.viewerButton.enabled = bool(patient_viewer_url(cohort, node))
        for table, rows in zip(self._tables, lists):
            table.setRows(rows, facet.title if facet else "", graph.distance)
            table.onOpenViewer = None if cohort.synthetic else self.openViewer
        kind = _("Most similar") if graph.match is Match.MOST else _("Least similar")
        ui.neighborTabs.setTabText(0, f"{kind} ({len(lists[0])})")
        ui.neighborTabs.setTabText(1, _("Matched by ({n})").format(n=len(lists[1])))
        self._pictures.offer(patient, lists[0])

    def markCompared(self, parameters):
        """Show which neighbor is marked, and how far it is from the query."""
        ui, graph = self._ui, self._state.connectome
        compared = parameters.comparedPatient
        compared = compared if self._patientId and compared in graph.nodes and compared != self._patientId else ""
        ui.compareButton.enabled = ui.goToButton.enabled = bool(compared)
        ui.patientDetailsLabel.text = self._details(compared) if self._patientId else ""
        for table in self._tables:
            table.mark(compared)
        self._pictures.frame(compared)

    def openViewer(self, patientId):
        """Open a patient's study in the IDC viewer, in the web browser."""
        url = patient_viewer_url(self._state.cohort, self._state.cohort.row_of(patientId))
        if url:
            qt.QDesktopServices.openUrl(qt.QUrl(url))

    def _onViewerButton(self, checked=False):
        if self._patientId:
            self.openViewer(self._patientId)

    def _describeNobody(self, patientId):
        ui = self._ui
        ui.patientLabel.text = _("Patient {id} is not in this cohort.").format(id=elided(patientId)) if patientId \
            else _("Click a patient in the connectome.")
        ui.noticeLabel.setVisible(False)
        ui.viewerButton.enabled = False
        for table in self._tables:
            table.setRows([])
        for tab, text in enumerate((_("Neighbors"), _("Matched by"))):
            ui.neighborTabs.setTabText(tab, text)
        self._pictures.offer("", [])

    def _details(self, comparedId):
        graph, lists = self._state.connectome, self._lists
        node = graph.nodes[self._patientId]
        rows = [row for rows in lists for row in rows]
        links = _("{out} out, {into} in").format(out=int(graph.out_degree[node]), into=int(graph.in_degree[node]))
        values = [*clinical_values(self._state.cohort, node), (_("Links"), links)]
        if same := sum(row.same_patient for row in lists[0]):
            values.append((_("Same patient"), _("{n} of the {k} neighbors are rows of the same patient ({mark})").format(
                n=same, k=len(lists[0]), mark=SAME_PATIENT)))
        table = "".join(f"<tr><td>{escape(elided_words(_(name)))}:&nbsp;&nbsp;</td><td>{escape(elided_words(value))}</td></tr>"
                        for name, value in values)
        pair = next((row for row in rows if row.patient_id == comparedId), None)
        text = _("Marked: {id}, {pair}").format(id=elided(comparedId), pair=pair_text(
            graph.distance, pair.distance, pair.percentile)) if pair else ""
        return f"<table>{table}</table>" + (f"<p>{escape(text)}</p>" if text else "")


class PatientPictures:
    """Pictures of the selected patient and its neighbors.

    Parameters
    ----------
    strip : PictureStrip
    state : Session
    changes : Changes
    """

    def __init__(self, strip, state, changes):
        self._strip, self._state, self._tiles = strip, state, []
        self._loaded = set()                            # PatientIDs: a click looks for nobody else's CT in the scene
        self._runner, self._tasks = JobRunner(), {}
        self.thumbnails, self.cacheFolder = True, default_cache_folder()
        state.bind(self.startAgain)
        state.bind(self.allowThumbnails, "thumbnails")
        changes.bind(lambda parameters: self.takeLoaded(), IMAGES)

    def cleanup(self):
        """Stop all downloads."""
        self._runner.cleanup()

    def startAgain(self, parameters):
        """Another cohort: pictures of the one before are of no use."""
        self._tiles = []
        self._stop([])

    def allowThumbnails(self, parameters):
        """Follow whether thumbnails may be fetched."""
        self.thumbnails = parameters.thumbnails
        if self._tiles:
            self.refresh()

    def offer(self, patientId, rows):
        """Show a patient and its neighbors (PairRows)."""
        tiles = [TileInfo(patientId, _("Selected"))] if patientId else []
        caption = _("closer than {percent}")
        tiles += [TileInfo(row.patient_id, str(row.rank), caption.format(percent=percent_text(row.percentile))) for row in rows]
        if tiles != self._tiles:                        # only the color of the patients is another one
            self._tiles = tiles
            self._strip.setTiles(tiles)
            self.refresh()

    def frame(self, compared):
        """Frame the marked patient's picture."""
        self._strip.mark(compared)

    def takeLoaded(self):
        """Images were loaded or removed."""
        self._loaded = {patient.patient_id for patient in loaded_patients()}
        self.refresh()

    def refresh(self):
        """Show what there is now: after other patients were chosen, or images were loaded or removed."""
        ids = [info.patient_id for info in self._tiles]
        loaded = {patient: nodes for patient in ids if patient in self._loaded and (nodes := find_patient(patient)) is not None}
        field = common_field_mm(loaded.values()) if loaded else None
        for patient, nodes in loaded.items():
            self._strip.setPicture(patient, tumor_picture(nodes, field), field)
        note = _("Crops around the tumor, {mm:g} mm wide, in the lung window.")
        self._strip.setNote(note.format(mm=field) if loaded else "")
        waiting = [patient for patient in ids if patient not in loaded]
        self._stop(waiting)
        for patient in waiting:
            self._fetchThumbnail(patient)

    def pathOf(self, node):
        """Path of a patient's thumbnail if it was fetched before, else None."""
        sop = self._sop(node)
        return ThumbnailStore(self.cacheFolder).find(sop) if sop else None

    def _sop(self, node):
        """SOPInstanceUID of the annotated slice, "" when IDC does not have it."""
        cohort = self._state.cohort
        return cohort.patients.iloc[node].get("center_SOPInstanceUID") or "" if in_nlst(cohort, node) else ""

    def _fetchThumbnail(self, patient):
        node = self._state.cohort.row_of(patient)
        sop = self._sop(node)
        if not sop:
            self._strip.setProblem(patient, _("load the CT to see it"))
            return
        path = self.pathOf(node)
        if path:
            self._strip.setPicture(patient, qt.QImage(str(path)))
        elif not self.thumbnails:
            self._strip.setProblem(patient, _("thumbnails are off"))
        elif patient not in self._tasks:
            record = self._state.cohort.patients.iloc[node]
            study, series = record["StudyInstanceUID"], record["CT_SeriesInstanceUID"]
            sequence = thumbnail_sequence(study, series, sop, self.cacheFolder)
            self._tasks[patient] = self._runner.start(
                sequence, lambda fraction, message: None, lambda path, p=patient: self._arrived(p, path),
                lambda error, p=patient: self._failed(p, error))

    def _arrived(self, patient, path):
        self._tasks.pop(patient, None)
        self._strip.setPicture(patient, qt.QImage(str(path)))

    def _failed(self, patient, error: TumorConnectomeError):
        self._tasks.pop(patient, None)
        self._strip.setProblem(patient, str(error))

    def _stop(self, wanted):
        """Cancel downloads for patients that are not shown any more."""
        for patient in [patient for patient in self._tasks if patient not in wanted]:
            self._tasks.pop(patient).drop()
