"""What every story of the self-test needs: the panel, patience, and the application as it was found."""
import contextlib
import pathlib
import shutil
import tempfile
import time
import traceback
import unittest

import slicer

from ...scene.image_views import MATCH, QUERY
from .as_found import AsFound, NotRestorable, give_size, size_of
from .story_report import FAILED, PASSED, SKIPPED, ArrangementSize, StoryOutcome, StoryReport
from .watch import Watch

#: every arrangement fits a main window of this size, that of a common laptop's screen [pixels]
_FITS = 1366, 768
#: turns of the event loop in which views get their size and draw
_TURNS = 5


class StoriesFailed(AssertionError):
    """Some stories failed; the first of them is the cause."""


class StoryTest:
    """Helpers of the stories; mixed into the module's ScriptedLoadableModuleTest.

    Attributes
    ----------
    report : StoryReport
        What became of the stories, as soon as they run.
    pictures : path or None
        Folder for pictures of the main window, one for each arrangement.
    """

    pictures, report, _watch = None, None, None

    @property
    def panel(self):
        """Panel of the module, opened."""
        slicer.util.selectModule("TumorConnectome")
        return slicer.modules.TumorConnectomeWidget.panel

    def runStories(self, stories):
        """Run stories, each from an empty scene, and print a line for each; a failure does not stop the others.

        The user's scene, layout, settings and DICOM database are there again afterwards, which is the last line.

        Raises
        ------
        StoriesFailed
        """
        self.report, self.folder = StoryReport(), pathlib.Path(tempfile.mkdtemp(prefix="TumorConnectome-stories-"))
        if slicer.util.mainWindow() is None or slicer.app.layoutManager() is None:
            self._skipAll(stories, "there is no main window")
            return
        try:
            found = AsFound(self.folder)
        except NotRestorable as error:
            self._skipAll(stories, str(error))
            return
        try:
            for story in stories:
                self._run(story.__name__.removeprefix("story_"), story)
        finally:
            self._run("everything_is_as_it_was_found", lambda: self._restore(found))
        self._raiseFailures()
        self.delayDisplay("Test passed")

    def _skipAll(self, stories, reason):
        for story in stories:
            self.report.add(StoryOutcome(story.__name__.removeprefix("story_"), SKIPPED, 0.0, reason))
        shutil.rmtree(self.folder, ignore_errors=True)

    def _restore(self, found):
        differences = found.restore()
        if not any(line.startswith("nodes ") for line in differences):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            differences.append(f"the scene that was open is kept in {self.folder}")
        if differences:
            self.fail("; ".join(differences))

    def _run(self, name, story):
        start, outcome, reason, details = time.monotonic(), PASSED, "", ""
        with Watch() as self._watch:
            try:
                if name != "everything_is_as_it_was_found":
                    slicer.mrmlScene.Clear()
                story()
                self.letViewsDraw()
            except unittest.SkipTest as skipped:
                outcome, reason = SKIPPED, str(skipped)
            except Exception as error:                  # a story can fail in any way; the others go on
                outcome, reason = FAILED, f"{type(error).__name__}: {' '.join(str(error).split())}"
                details = traceback.format_exc()
        if self._watch.problems:
            reason = "; ".join([*([reason] if outcome == FAILED else []), *self._watch.problems])
            outcome, details = FAILED, "\n".join([details, *self._watch.details]).strip()
        self.report.add(StoryOutcome(name, outcome, time.monotonic() - start, reason, details))

    def _raiseFailures(self):
        failures = self.report.failures
        if failures:
            raise StoriesFailed(f"{len(failures)} of {len(self.report.stories)} stories failed:\n" + "\n".join(
                f"{story.line}\n{story.details}" for story in failures))

    def delayDisplay(self, message, requestedDelay=None, msec=None):
        """Show a message as long as the test was told to; it closes by itself."""
        if self._watch is not None:
            self._watch.paused = True
        super().delayDisplay(message, requestedDelay, msec)
        if self._watch is not None:
            self._watch.paused = False

    def waitUntil(self, done, what, seconds=600):
        """Let the application work until `done()` is true; fail after some time, or when a dialog waits for a person."""
        end = time.monotonic() + seconds
        while not done():
            self.assertLess(time.monotonic(), end, f"{what} within {seconds} s")
            self.assertFalse(self._watch.problems, f"before {what}")
            slicer.app.processEvents()
            time.sleep(0.005)

    def letViewsDraw(self):
        """A few turns of the event loop, in which views get their size and draw."""
        for _turn in range(_TURNS):
            slicer.app.processEvents()

    def loadDemo(self):
        """Open the module with the demo cohort; returns its panel."""
        panel = self.panel
        panel.cohort.loadDemo()
        self.waitUntil(lambda: not panel.cohort.loader.busy, "the demo cohort is loaded")
        self.assertIsNotNone(panel.state.cohort, panel.ui.cohortStatusLabel.text)
        self.assertTrue(panel.state.cohort.synthetic, panel.ui.cohortStatusLabel.text)
        self.letViewsDraw()
        return panel

    def showPair(self):
        """Load a patient and its nearest neighbor side by side; returns the panel."""
        panel = self.loadDemo()
        patient = panel.state.cohort.patient_ids[0]
        panel.select(patient)
        panel.compareWith(panel.ui.neighborsTable.item(0, 1).text())
        self.waitForImages(panel)
        self.assertEqual(set(panel.imaging.shown), {QUERY, MATCH}, panel.ui.imageStatusLabel.text)
        return panel

    def waitForImages(self, panel):
        """Wait until the asked images are shown, and a few turns of the event loop for the views."""
        self.letViewsDraw()                             # a key's or a button's work may begin in the next turn
        self.waitUntil(lambda: not panel.imaging.busy, "the CTs are loaded")
        self.letViewsDraw()

    @contextlib.contextmanager
    def arrangement(self, name):
        """Measure the main window before, during and after an arrangement of views, which the caller brings about.

        The story fails if the arrangement forces a window that is large enough beyond its size.
        """
        window = slicer.util.mainWindow()
        before = size_of(window)
        yield
        self.letViewsDraw()
        during, hint = size_of(window), window.minimumSizeHint
        picture = ""
        if self.pictures is not None:
            picture = str(pathlib.Path(self.pictures) / f"{name.replace(' ', '-')}.png")
            self.assertTrue(window.grab().save(picture), f"{picture} can not be written")
        self.panel.showConnectome()
        self.letViewsDraw()
        give_size(window, before)
        self.letViewsDraw()
        self.report.arrangements.append(ArrangementSize(
            name, before, during, size_of(window), (hint.width(), hint.height()), picture))
        if all(size >= fits for size, fits in zip(before, _FITS)):
            self.assertEqual(during, before, f"size of the main window, which the arrangement {name} forced wider or higher")
