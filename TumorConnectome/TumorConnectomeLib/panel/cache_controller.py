"""Where downloaded images are kept and how much of them: settings of the user, and a worker that keeps to them."""
from __future__ import annotations

import pathlib
import shutil

import qt
import slicer.util
from slicer.i18n import tr as _

from ..base.errors import TumorConnectomeError
from ..base.files import default_cache_folder
from ..imaging.s5cmd_job import check_folder
from ..imaging.series_cache import CacheSource
from ..scene.scene_source import SceneSource
from ..widgets.texts import show_text
from ..work.jobs import PythonJob

FOLDER_SETTING, LIMIT_SETTING = "TumorConnectome/ImageCacheFolder", "TumorConnectome/ImageCacheLimitGB"
DEFAULT_LIMIT_GB = 20.0
_NAME = "TumorConnectome"
#: milliseconds before the cache is looked at: after the user's last change, and at most so often while images come
_TIDY_AFTER, _TIDY_EVERY = 1500, 10_000


class CacheController:
    """The cache's controls.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    runner : JobRunner
    inUse : callable
        SeriesInstanceUIDs (and, of synthetic patients, PatientIDs) that must stay: what is shown or on its way.
    onFolder : callable
        Called with the cache folder (Path) at the start and when the user has chosen another.
    """

    def __init__(self, ui, runner, inUse, onFolder):
        self._ui, self._runner, self._inUse, self._onFolder = ui, runner, inUse, onFolder
        self.folder, self.size, self._task = saved_folder(), None, None
        onFolder(self.folder)
        ui.cacheDirectoryButton.caption = _("Where downloaded images are kept")
        ui.cacheDirectoryButton.directory = str(_chosen(self.folder))
        ui.cacheLimitSpinBox.value = slicer.util.settingsValue(LIMIT_SETTING, DEFAULT_LIMIT_GB, converter=float)
        ui.cacheDirectoryButton.connect("directoryChanged(QString)", self._onDirectory)
        ui.cacheLimitSpinBox.connect("valueChanged(double)", self._onLimit)
        ui.emptyCacheButton.connect("clicked(bool)", self.empty)
        self._timer = qt.QTimer(ui.emptyCacheButton)    # with a parent, or its connections would keep us for ever
        self._timer.setSingleShot(True)
        self._timer.connect("timeout()", self.tidy)
        self.tidySoon()

    def cleanup(self):
        """Stop the timer; the runner stops the worker."""
        self._timer.stop()

    def onFetched(self, request, files):
        """Look at the cache soon if something new may be in it."""
        if files.source not in (CacheSource.name, SceneSource.name) and not self._timer.isActive():
            self._timer.start(_TIDY_EVERY)              # not now: somebody waits for the images to be read

    def tidySoon(self):
        """Look at the cache when the user has changed nothing for a moment."""
        self._timer.start(_TIDY_AFTER)

    def tidy(self):
        """Remove leftovers and what is over the limit, and show the size."""
        self._run(round(self._ui.cacheLimitSpinBox.value * 1e9))

    def empty(self, checked=False):
        """Remove everything that is neither shown nor being fetched, after the user has agreed."""
        question = _("Remove all images and thumbnails from {folder}?") if self.size is None \
            else _("Remove {gb:.2f} GB of images and thumbnails from {folder}?")
        question = question.format(gb=(self.size or 0) / 1e9, folder=self.folder) + "\n\n" + _(
            "What is shown or being fetched now stays. Everything can be downloaded again.")
        if slicer.util.confirmOkCancelDisplay(question):
            self._run(0)

    def _run(self, limit):
        if self._task is not None:
            self.tidySoon()
            return
        job = PythonJob(_("Tidying the image cache"), "tidy-cache", self.folder, limit, *sorted(self._inUse()))
        self._ui.emptyCacheButton.enabled = False
        self._task = self._runner.start(_single(job), lambda fraction, message: None, self._onTidied, self._onError)

    def _onTidied(self, answer):
        self._ended()
        self.size = answer["bytes"]
        text = _("{gb:.2f} GB, {n} series, in {folder}.").format(gb=self.size / 1e9, n=answer["series"], folder=self.folder)
        if answer["freed"] >= 1e6:
            text += " " + _("{mb:.0f} MB were removed.").format(mb=answer["freed"] / 1e6)
        free = _free_bytes(self.folder)
        if free is not None:
            text += " " + _("{gb:.1f} GB are free on this disk.").format(gb=free / 1e9)
        if self.size > self._ui.cacheLimitSpinBox.value * 1e9:
            text += " " + _("What is in use is larger than the limit.")
        show_text(self._ui.cacheLabel, text)

    def _onError(self, error):
        self._ended()
        show_text(self._ui.cacheLabel, f"\N{WARNING SIGN} {error}")

    def _ended(self):
        self._task = None
        self._ui.emptyCacheButton.enabled = True

    def _onLimit(self, gigabytes):
        qt.QSettings().setValue(LIMIT_SETTING, float(gigabytes))
        self.tidySoon()

    def _onDirectory(self, directory):
        folder = _cache_in(pathlib.Path(str(directory)))
        if folder == self.folder:
            return
        try:
            check_folder(folder)
        except TumorConnectomeError as error:
            show_text(self._ui.cacheLabel, f"\N{WARNING SIGN} {error}")
            self._ui.cacheDirectoryButton.directory = str(_chosen(self.folder))
            return
        show_text(self._ui.cacheLabel, _("Images are kept in {folder} from now on; those in {old} stay there.").format(
            folder=folder, old=self.folder))
        self.folder, self.size = folder, None
        qt.QSettings().setValue(FOLDER_SETTING, str(folder))
        self._onFolder(folder)
        self._timer.start(4 * _TIDY_AFTER)              # time to read the line


def saved_folder() -> pathlib.Path:
    """The cache folder that the user chose, or the default one."""
    chosen = slicer.util.settingsValue(FOLDER_SETTING, "")
    return pathlib.Path(chosen) if chosen else default_cache_folder()


def _cache_in(directory):
    """The cache folder for a chosen directory: one of its own, since it will be emptied."""
    own = directory == default_cache_folder() or directory.name == _NAME
    return directory if own else directory / _NAME


def _chosen(folder):
    """What the button shows for a cache folder: a directory that exists, for which `_cache_in` gives that folder."""
    return folder.parent if folder.name == _NAME else folder


def _free_bytes(folder):
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue                                    # not made yet
    return None


def _single(job):
    """The sequence of one job."""
    return (yield job)
