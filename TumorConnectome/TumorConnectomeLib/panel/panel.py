"""The module's panel: connects its controls with the state, the cohort, the connectome view and the images."""
from __future__ import annotations

from slicer.i18n import tr as _

from ..base.files import default_cache_folder
from ..connectome.prepared import PreparedCohort
from ..imaging.acquisition import acquire
from ..imaging.transfer_errors import is_offline
from ..scene.guest import is_guest
from ..scene.image_views import QUERY, ImageViews
from ..scene.scene_source import names_in_scene
from ..scene.view_layouts import CONNECTOME_LAYOUT, CONNECTOME_TAG, show_layout
from ..widgets.connectome_view import ConnectomeView
from ..widgets.picture_strip import PictureStrip
from ..work.queue import DownloadQueue
from ..work.runner import JobRunner
from .cache_controller import CacheController
from .changes import LISTS, Changes
from .chart_place import place_chart
from .cohort_controller import CohortController
from .compare_controller import CompareController
from .database_listing import DatabaseListing
from .derived_analyses import DerivedAnalyses
from .downloads_controller import DownloadsController
from .embed_controller import EmbedController
from .evaluate_controller import EvaluateController
from .export_controller import ExportController
from .graph import GraphSection
from .group_display import GroupDisplay
from .imaging_controller import ImageSources, ImagingController
from .map_positions import MapPositions
from .measurements_controller import MeasurementsController
from .patient import PatientPictures, PatientSection
from .query_controller import QueryController
from .session import Session
from .status_line import StatusLine
from .study_controller import StudyController
from .text_controller import TextController


class Panel:
    """Everything between the controls and the state.

    The state is a TumorConnectomeParameterNode: controls write it, and whatever changed it (a control, a click in the
    view, a loaded scene), `Changes` tells the sections that show what changed; each names its parameters itself.

    Parameters
    ----------
    ui : namespace
        Child widgets of the .ui file.
    resourcePath : callable
        Full path of a file in the module's Resources.
    """

    def __init__(self, ui, resourcePath):
        self.ui, self.changes = ui, Changes()
        self._cameFrom = ""                             # the query from whose list a row was clicked
        self.runner, self.view = JobRunner(), ConnectomeView(_)
        self.view.setAccessibleName(_("Connectome"))
        self.view.setEmptyText(_("No cohort is loaded."))
        place_chart(CONNECTOME_TAG, self.view)
        self.strip = PictureStrip(_)
        self.strip.onPicked = self._onPicture
        ui.stripPlace.layout().addWidget(self.strip)
        self.state = Session(self.changes)
        self.pictures = PatientPictures(self.strip, self.state, self.changes)
        self.graphControls = GraphSection(self, resourcePath, self.pictures.pathOf)
        self.patient = PatientSection(ui, self.state, self.pictures, self.mark, self.moveTo, self.compareFromTable)
        self.group = GroupDisplay(self)
        self.exporter = ExportController(ui, self.view, self.state)
        self.derived = DerivedAnalyses(
            self.runner, StatusLine(ui.deriveStatusLabel, ui.deriveProgressBar, ui.deriveCancelButton), self._onListsReady,
            self._onNotDerived)
        self.maps = MapPositions(
            self.runner, StatusLine(ui.mapStatusLabel, ui.mapProgressBar, ui.mapCancelButton), self._onListsReady)
        self.evaluate = EvaluateController(
            self, StatusLine(ui.evaluateStatusLabel, ui.evaluateProgressBar, ui.evaluateCancelButton))
        self.cohort = CohortController(self, resourcePath)
        self.query = QueryController(self)
        self.sources = ImageSources(default_cache_folder())
        self.downloads = DownloadQueue(acquire, is_offline, sizeOf=self.sources.sizeOf)
        self.compare = CompareController(self)
        self.listing = DatabaseListing(ui.databaseLabel)
        self.imaging = ImagingController(
            self.runner, self.sources, self.downloads,
            StatusLine(ui.imageStatusLabel, ui.imageProgressBar, ui.imageCancelButton), self.compare.display, self.listing)
        self.embed = EmbedController(self)
        self.measurements = MeasurementsController(
            self, StatusLine(ui.measureStatusLabel, ui.measureProgressBar, ui.measureCancelButton))
        self.text = TextController(self)
        ui.imageFolderPathLineEdit.filters = ui.imageFolderPathLineEdit.Dirs | ui.imageFolderPathLineEdit.Readable
        self.downloadsList = DownloadsController(ui, self.downloads, self.sources, self.state)
        self.study = StudyController(self, StatusLine(ui.studyStatusLabel, ui.studyProgressBar, ui.studyCancelButton))
        self.cache = CacheController(ui, self.runner, self._seriesInUse, self._onCacheFolder)
        self.downloads.onFetched = self.cache.onFetched
        ui.loadButton.connect("clicked(bool)", self._onLoadButton)
        ui.compareButton.connect("clicked(bool)", self._onCompareButton)
        ui.goToButton.connect("clicked(bool)", self.goToMarked)
        ui.imageFolderPathLineEdit.connect("currentPathChanged(QString)", self._onImageFolder)

    def cleanup(self):
        """Stop what runs; the widgets are deleted by their owners."""
        self.runner.cleanup()
        self.downloadsList.cleanup()
        self.downloads.cleanup()
        self.cache.cleanup()
        self.pictures.cleanup()
        self.listing.cleanup()
        self.graphControls.cleanup()
        self.measurements.cleanup()
        self.evaluate.cleanup()
        self.study.cleanup()
        self.query.cleanup()
        self.embed.cleanup()
        self.cohort.imports.cleanup()
        self.compare.cleanup()
        self.view.cleanup()

    # State

    @property
    def parameters(self):
        """The state: TumorConnectomeParameterNode, or None while a scene is closed."""
        return self.changes.parameters

    def setParameters(self, parameters):
        """Use another parameter node (a new or loaded scene), or None while a scene is closed."""
        if parameters is None:
            self.changes.follow(None)
            self.imaging.cancel()
            self.imaging.forget()
            self.downloadsList.forget()
            self.evaluate.forget()
            self.study.forget()
            for work in (self.derived, self.maps, self.query, self.measurements, self.embed, self.text):
                work.cancel()
            return
        self.ui.dataFolderPathLineEdit.currentPath = parameters.dataFolder
        self.ui.imageFolderPathLineEdit.currentPath = parameters.imageFolder
        self.changes.follow(parameters)
        if self.state.cohort is not None and self.state.source == parameters.dataFolder:
            self._restoreImages()

    def set(self, **values):
        """Set several parameters in one step."""
        self.changes.set(**values)

    # Cohort

    def takeCohort(self, prepared):
        """Show another cohort (PreparedCohort)."""
        prepared = PreparedCohort(self.measurements.setCohort(prepared.cohort), prepared.analyses)
        self.derived.setPrepared(prepared, self.cohort.loader.path)
        self.maps.setPrepared(prepared, self.cohort.loader.path)
        self.state.choose, self.state.place = self.derived.choose, self.maps.choose
        self.evaluate.cancel()
        self.state.setPrepared(prepared, self.cohort.wanted[0])
        self._restoreImages()

    def _onListsReady(self):
        """Neighbor lists or a map that were missing have come, or will not come."""
        self.changes.tell(LISTS)

    def _onNotDerived(self, shown):
        """What was wanted can not be shown: the state says again what is."""
        self.set(repair=shown.repair, model=shown.model)

    def _restoreImages(self):
        """After a scene was loaded: show the patients whose images came with it."""
        if self.parameters is None:                     # the scene was closed while its cohort was being loaded
            return
        shown = self.compare.loadedPatients()
        if not self.imaging.shown and shown:
            self.showImages(shown, self.parameters.views if len(shown) > 1 else ImageViews.ONE)

    # Selection

    def select(self, patientId):
        """Make a patient the query, or none."""
        if self.parameters is not None and self.parameters.selectedPatient != (patientId or ""):
            self.set(selectedPatient=patientId or "", comparedPatient="")

    def mark(self, patientId):
        """Mark a patient for comparison with the query, or none."""
        self.set(comparedPatient=patientId or "")

    def moveTo(self, patientId):
        """Make a patient of the query's lists the query; the old query stays marked, so that Compare shows both."""
        self._cameFrom = self.parameters.selectedPatient
        self.set(selectedPatient=patientId, comparedPatient=self._cameFrom)
        self.view.reveal(patientId)

    def goToMarked(self, checked=False):
        """Make the marked patient the query."""
        self.select(self.parameters.comparedPatient)

    # Images

    def showConnectome(self):
        """Give the window to the connectome."""
        show_layout(CONNECTOME_LAYOUT)

    def load(self, patientId):
        """Show one patient's CT."""
        self.select(patientId)
        self.showImages([patientId], ImageViews.ONE)

    def compareWith(self, patientId):
        """Show the query and this patient side by side, or taking turns if that is the arrangement."""
        self.mark(patientId)
        views = self.parameters.views
        self.showImages([self.parameters.selectedPatient, patientId],
                        views if views is ImageViews.FLICKER else ImageViews.PAIR)

    def compareFromTable(self, patientId):
        """Compare the query with a row's patient; the click before a double click has made it the query already."""
        if patientId == self.parameters.selectedPatient:
            self.set(selectedPatient=self._cameFrom)
        self.compareWith(patientId)

    def openFromQuery(self, patientId):
        """Compare a query that was made from a CT with a patient of its list; of another query load the patient alone."""
        if not self.embed.compareWith(patientId):
            self.load(patientId)

    @property
    def guest(self):
        """Name of a tumor of the user's own CT, if it is the query in the views; "" if not."""
        shown = self.imaging.shown.get(QUERY)
        return shown.patient_id if shown is not None and is_guest(shown.patient_id) else ""

    def _onPicture(self, patientId):
        if patientId == self.parameters.selectedPatient:
            self.load(patientId)
        else:
            self.compareWith(patientId)

    def _onLoadButton(self, checked=False):
        self.load(self.parameters.selectedPatient)

    def _onCompareButton(self, checked=False):
        self.compareWith(self.parameters.comparedPatient)

    def _seriesInUse(self):
        return names_in_scene() | self.downloads.uidsUnderWay() | self.imaging.seriesUnderWay() | self.study.display.inUse

    def _onCacheFolder(self, folder):
        self.sources.cache_folder = self.pictures.cacheFolder = folder

    def _onImageFolder(self, path):
        if self.parameters is not None and self.parameters.imageFolder != path:
            self.parameters.imageFolder = path

    def showImages(self, patientIds, views):
        """Load patients and show them in an arrangement of views, the query first."""
        self.imaging.bring(self.state.cohort, patientIds, self.parameters.imageFolder, views, self.parameters.connectomeBeside)
        self.set(views=views)

    @property
    def queryNodes(self):
        """PatientNodes of the query in the slice views, or None."""
        return self.imaging.shown.get(QUERY)
