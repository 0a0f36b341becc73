"""The Reader study section of the panel: designs a study, lets a reader read, analyzes the answers."""
from __future__ import annotations

import json
import pathlib
from html import escape

import qt
from slicer.i18n import tr as _

from ..base.errors import InputError, TumorConnectomeError
from ..base.files import default_cache_folder
from ..base.text import elided
from ..scene.view_layouts import READING_LAYOUT, current_layout
from ..study.answers import read_answers
from ..study.readings import answers_name
from ..study.session import ReadingSession
from ..study.study import read_study
from ..widgets.check_list import CheckList
from ..work.jobs import PythonJob
from ..work.runner import LatestTask
from .changes import COLUMNS, GRAPH, RESULTS, SCENE
from .evaluate_controller import results_are_shown, show_results
from .json_list import list_from_text
from .parameters import StudyQueries
from .reading_display import ReadingDisplay
from .reading_images import ReadingImages, is_synthetic
from .study_results import figures_in_scene, figures_text, keep_figures, plots_of, put_plot


class StudyController:
    """Connects the section with the state, the workers and the board.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state; it has the image sources and the download queue.
    status : StatusLine
    """

    def __init__(self, panel, status):
        self._panel, self._ui, self._status = panel, panel.ui, status
        self._work = LatestTask(panel.runner, status)
        self._facets, self._plots, self._studyShown, self._filling = [], [], ("", None), False
        self.display = ReadingDisplay(self._onLeft)
        self.answers = AnswerFiles(panel.ui)
        ui = panel.ui
        ui.studyPathLineEdit.filters = ui.studyPathLineEdit.Files | ui.studyPathLineEdit.Readable
        ui.studyPathLineEdit.connect("currentPathChanged(QString)", self._onPath)
        for button, clicked in ((ui.designButton, self.design), (ui.readButton, self.read), (ui.analyzeButton, self.analyze),
                                (ui.simulateButton, self.simulate), (ui.addAnswersButton, self._onAddAnswers),
                                (ui.showStudyButton, self._onShow)):
            button.connect("clicked(bool)", clicked)
        ui.studyReaderComboBox.connect("activated(int)", self._onReader)
        ui.studyFacetComboBox.connect("activated(int)", self._onFacet)
        ui.studyPlotComboBox.connect("activated(int)", self._onPlot)
        bind, changes = panel.state.bind, panel.changes
        bind(self.offerFacets, "studyQueries", "studyFacet", COLUMNS)
        bind(self.offerDesign, "studyQueries", "group", GRAPH)
        changes.bind(self.presentStudy, "studyFile", "studyReader", SCENE)
        changes.bind(self.presentFigures, RESULTS, SCENE)

    @property
    def busy(self):
        """Whether a study is being drawn, simulated or analyzed."""
        return self._work.busy

    def cancel(self):
        """Stop what runs, without a word."""
        self._work.cancel()

    def forget(self):
        """The scene is being closed."""
        self.display.leave()
        self.cancel()

    def cleanup(self):
        """The module ends."""
        self.display.cleanup()
        self.answers.cleanup()

    # What the user does

    def design(self, checked=False):
        """Draw a study of the shown model's neighbors and save it."""
        state, parameters = self._panel.state, self._panel.parameters
        if state.cohort is None or parameters is None:
            self._status.done(_("Load a cohort first."), problem=True)
            return
        path, model, problem = self._path() or self._askedPath(), state.modelOf(parameters), None
        if path is None:
            return
        if path.exists():
            problem = _("{file} exists; its study may be under way. Give the new one another name.").format(file=path)
        elif model not in state.cohort.models:
            problem = _("{model} has no vectors of its own: choose one of the models.").format(model=model)
        elif parameters.studyQueries is StudyQueries.GROUP and not self._group(parameters):
            problem = _("There is no group: draw a lasso around the queries with Shift and the mouse.")
        if problem:
            self._status.done(problem, problem=True)
            return
        choices = design_arguments(parameters, self._group(parameters), self._facet())
        job = PythonJob(_("Drawing the study"), "study-design", "--prepared", self._panel.cohort.loader.path, "--model",
                        json.dumps([model]), "--measured", default_cache_folder(), "--out", path, *choices)

        def done(found):
            self._panel.changes.tell(SCENE)
            self._ui.studyTabs.currentIndex = 1
            self._status.done("\n".join([_("Saved: {file}").format(file=path), *found["notes"]]))

        self._run(job, done, self.design)

    def read(self, checked=False):
        """Begin or go on with the reading of the chosen reader."""
        parameters = self._panel.parameters
        try:
            study, reader = self._study(), self._ui.studyReaderComboBox.currentText
            session = ReadingSession(study, reader, self._answersOf(reader))
        except (TumorConnectomeError, OSError) as error:
            self._status.done(str(error), problem=True)
            return
        self._status.done("")
        sources, synthetic = self._panel.sources, is_synthetic(study)
        places = sources.of_files(synthetic, parameters.imageFolder, remote=parameters.studyDownload)
        thumbnails = parameters.thumbnails and not synthetic
        self.display.show(study, session, lambda runner, deliver: ReadingImages(
            runner, study, self._panel.downloads, places, sources.cache_folder, thumbnails, deliver))

    def simulate(self, checked=False):
        """Write the answers of simulated readers for those who have none."""
        try:
            study = self._study()
            missing = [reader for reader in study.readers if not self._answersOf(reader).exists()]
        except (TumorConnectomeError, OSError) as error:
            self._status.done(str(error), problem=True)
            return
        if not missing:
            self._status.done(_("Every reader has a file of answers."), problem=True)
            return
        parameters = self._panel.parameters
        job = PythonJob(_("Simulating readers"), "study-simulate", "--study", self._path(), "--readers", json.dumps(missing),
                        "--kappa", parameters.studyKappa, "--seed", parameters.studySeed, "--out-folder", self._path().parent)

        def done(found):
            self._panel.changes.tell(SCENE)
            self._status.done(_("Simulated, for a rehearsal: {names}.").format(names=", ".join(missing)))

        self._run(job, done, self.simulate)

    def analyze(self, checked=False):
        """Analyze the ticked answers."""
        files = self.answers.ticked
        tables = [file for file in files if not file.lower().endswith(".json")]
        try:
            if not files:
                raise InputError(_("no file of answers is ticked"), expected=_("ANSWERS-name.json of at least one reader"))
            if tables and len(tables) < len(files):
                raise InputError(_("a table of choices and files of answers"), source=tables[0], expected=_("either of them"))
            study = None if tables else self._study()
        except (TumorConnectomeError, OSError) as error:
            self._status.done(str(error), problem=True)
            return
        facts = {"cohort": study.cohort if study else pathlib.Path(files[0]).name,
                 "synthetic": study is not None and is_synthetic(study)}
        design = ["--study", self._path()] if study else []
        job = PythonJob(_("Analyzing the answers"), "study-analyze", *design, "--answers", *files)

        def done(found):
            keep_figures(found, facts)
            _node, records, _facts = figures_in_scene()
            put_plot(plots_of(records)[0], records, facts["synthetic"])
            self._status.done(_("The figures are in the scene as a table and a plot."))
            self._panel.changes.tell(RESULTS)

        self._run(job, done, self.analyze)

    def _run(self, job, onDone, again):
        self._work.run(_of_one(job), onDone, again=again)

    # State

    def offerFacets(self, parameters):
        """Offer the labels by whose categories queries can be drawn."""
        facets, combo = self._panel.state.cohort.facets, self._ui.studyFacetComboBox
        if self._facets != list(facets):
            self._facets = list(facets)
            combo.clear()
            combo.addItems([facet.title for facet in facets.values()])
        if parameters.studyFacet in self._facets:
            combo.currentIndex = self._facets.index(parameters.studyFacet)
        combo.enabled = self._ui.studyFacetComboBoxLabel.enabled = parameters.studyQueries is StudyQueries.STRATIFIED

    def offerDesign(self, parameters):
        """Only drawn queries have a number."""
        drawn = parameters.studyQueries in (StudyQueries.RANDOM, StudyQueries.STRATIFIED)
        self._ui.studyQueryCountSpinBox.enabled = self._ui.studyQueryCountSpinBoxLabel.enabled = drawn

    def presentStudy(self, parameters):
        """Show what is in the study file, who reads, and how far everybody is."""
        ui, path = self._ui, parameters.studyFile
        if ui.studyPathLineEdit.currentPath != path:
            ui.studyPathLineEdit.currentPath = path
        try:
            study, problem = (self._study() if path and pathlib.Path(path).is_file() else None), ""
        except (TumorConnectomeError, OSError) as error:
            study, problem = None, str(error)
        names = list(study.readers) if study else []
        combo = ui.studyReaderComboBox
        if [combo.itemText(place) for place in range(combo.count)] != names:
            combo.clear()
            combo.addItems(names)
        if parameters.studyReader in names:
            combo.currentIndex = names.index(parameters.studyReader)
        ui.studyInfoLabel.text = self._describe(study) if study else f"\N{WARNING SIGN} {escape(problem)}" if problem else ""
        ui.studyInfoLabel.setVisible(bool(ui.studyInfoLabel.text))
        ui.readButton.enabled = ui.simulateButton.enabled = study is not None
        self.answers.offer([path for path in map(self._answersOf, names) if path.is_file()] if study else [])
        ui.studyReadLabel.text = self._progress(study, combo.currentText) if study else _("Open a study file first.")

    def presentFigures(self, parameters):
        """Show the figures that are in the scene."""
        ui = self._ui
        node, records, facts = figures_in_scene()
        plots = plots_of(records) if node is not None else []
        if plots != self._plots:
            self._plots = plots
            ui.studyPlotComboBox.clear()
            ui.studyPlotComboBox.addItems([_(plot.label()) for plot in plots])
        for widget in (ui.studyPlotComboBox, ui.studyPlotComboBoxLabel, ui.showStudyButton, ui.studyResultLabel):
            widget.setVisible(bool(plots))
        ui.studyResultLabel.text = figures_text(records, facts) if plots else ""

    # Helpers

    def _path(self):
        text = self._ui.studyPathLineEdit.currentPath.strip()
        return pathlib.Path(text) if text else None

    def _askedPath(self):
        """A name for a new study file, None if the user thinks better of it."""
        path = qt.QFileDialog.getSaveFileName(self._ui.designButton, _("Save the study"), "STUDY.json", "*.json")
        self._ui.studyPathLineEdit.currentPath = path or ""
        return self._path()

    def _study(self):
        """The Study of the file, read again when it has changed; InputError or OSError for none."""
        path = self._path()
        if path is None:
            raise InputError(_("no study file"), expected=_("the path of STUDY.json"))
        status = path.stat()
        key = str(path), status.st_mtime_ns, status.st_size
        if self._studyShown[0] != key:
            self._studyShown = key, read_study(path)
        return self._studyShown[1]

    def _answersOf(self, reader):
        """The file of a reader's answers, beside the study."""
        return self._path().parent / answers_name(reader)

    def _facet(self):
        place = self._ui.studyFacetComboBox.currentIndex
        return self._facets[place] if 0 <= place < len(self._facets) else ""

    def _group(self, parameters):
        """Patients of the lasso's group."""
        known = self._panel.state.cohort.rows
        return [patient for patient in list_from_text(parameters.group) if patient in known]

    def _describe(self, study):
        shown = len(next(iter(study.readers.values())))
        text = _("{cohort}: {n} queries").format(cohort=elided(study.cohort), n=len(study.queries))
        if shown > len(study.queries):
            text += _(", {n} of them twice").format(n=shown - len(study.queries))
        return escape(text + _(", {n} readers.").format(n=len(study.readers)))

    def _progress(self, study, reader):
        path = self._answersOf(reader)
        if not path.is_file():
            return _("{reader} has not begun.").format(reader=reader)
        try:
            found = read_answers(path, study)
        except (TumorConnectomeError, OSError) as error:
            return f"\N{WARNING SIGN} {error}"
        if found.finished:
            return _("{reader} has finished.").format(reader=reader)
        return _("{reader} has answered {n} of {all}.").format(reader=reader, n=len(found.answers),
                                                             all=len(study.readers[reader]))

    # Events

    def _onPath(self, path):
        if self._panel.parameters is not None and self._panel.parameters.studyFile != path:
            self._panel.set(studyFile=path)

    def _onReader(self, place):
        self._panel.set(studyReader=self._ui.studyReaderComboBox.currentText)

    def _onFacet(self, place):
        self._panel.set(studyFacet=self._facet())

    def _onLeft(self, problem):
        """A reading was left: the panel is back."""
        if problem:
            self._status.done(_("The last step is not on disk: {problem}").format(problem=problem), problem=True)
        if self._panel.parameters is None:              # the scene is being closed
            return
        self._panel.changes.tell(SCENE)
        if current_layout() == READING_LAYOUT:          # not when the user has chosen another one
            self._panel.compare.display.showLayout()

    def _onAddAnswers(self, checked=False):
        paths = qt.QFileDialog.getOpenFileNames(self._ui.addAnswersButton, _("Answers of readers"), "",
                                                _("Answers (*.json *.csv);;All files (*)"))
        if paths:
            self.answers.add(list(paths))

    def _onPlot(self, place):
        if results_are_shown():
            self._show()

    def _onShow(self, checked=False):
        if results_are_shown():
            self._panel.compare.display.showLayout()
        else:
            self._show()

    def _show(self):
        node, records, facts = figures_in_scene()
        plot = self._plots[max(0, self._ui.studyPlotComboBox.currentIndex)]
        show_results(put_plot(plot, records, bool(facts.get("synthetic"))), node)


class AnswerFiles:
    """The list of files that are analyzed: those beside the study, and those that the user added.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    """

    def __init__(self, ui):
        self.list = CheckList(_("Files of answers"), _("Files that are analyzed."))
        ui.answersPlace.layout().addWidget(self.list.widget)
        self._beside, self._added = [], []
        self._show({})

    @property
    def ticked(self):
        """Paths of the ticked files."""
        return list(self.list.ticked)

    def offer(self, paths):
        """These lie beside the study."""
        self._beside = [str(path) for path in paths]
        self._show(set(self._beside))

    def add(self, paths):
        """Take files from elsewhere, too."""
        self._added = list(dict.fromkeys([*self._added, *map(str, paths)]))
        self._show(set(map(str, paths)))

    def cleanup(self):
        """Let go of the callback."""
        self.list.onChanged = lambda keys: None

    def _show(self, new):
        paths = list(dict.fromkeys([*self._beside, *self._added]))
        ticked = [path for path in paths if path in self.list.ticked or path in new and path not in self.list.choices]
        self.list.show(paths, [pathlib.Path(path).name for path in paths], ticked)
        self.list.widget.setVisible(bool(paths))


def design_arguments(parameters, group, facet) -> list:
    """Arguments of the worker ``study-design`` for the choices of the state."""
    queries = parameters.studyQueries
    arguments = ["--against", parameters.studyAgainst.value, "--repeats", parameters.studyRepeats,
                 "--seed", parameters.studySeed, "--readers", parameters.studyReaders]
    if parameters.studyAtMost:
        arguments += ["--at-most", parameters.studyAtMost]
    if queries is StudyQueries.GROUP:
        return [*arguments, "--chosen", json.dumps(group)]
    if queries is StudyQueries.STRATIFIED:
        arguments += ["--stratify", facet]
    return [*arguments, "--queries", "all" if queries is StudyQueries.ALL else parameters.studyQueryCount]


def _of_one(job):
    return (yield job)
