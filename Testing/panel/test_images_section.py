"""The Images section: list of downloads, fetching ahead, and the cache's folder, limit and button."""
import os
import pathlib

import pytest
from held_source import HeldSource
from PySide6 import QtCore, QtTest


def press(button):
    QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)


class Section:
    """The section as a user sees it, on a source that the test controls."""

    def __init__(self, session, source):
        self.session, self.panel, self.ui, self.source = session, session.panel, session.panel.ui, source

    def wait(self, done):
        self.session.wait(done)

    def rows(self):
        """(patient, state) of each line."""
        table = self.ui.downloadsTable
        return [(table.item(row, 0).text(), table.item(row, 2).text()) for row in range(table.rowCount)]

    def neighbors(self):
        table = self.ui.neighborsTable
        return [table.item(row, 1).text() for row in range(table.rowCount)]

    def uid(self, patient):
        cohort = self.panel.state.cohort
        return cohort.patients.iloc[cohort.row_of(patient)]["CT_SeriesInstanceUID"]

    def started(self):
        return [job.request.patient_id for job in self.source.jobs if job.lines]


@pytest.fixture
def section(demo, tmp_path, monkeypatch):
    section = Section(demo, HeldSource(tmp_path))
    monkeypatch.setattr(demo.panel.sources, "of", lambda cohort, folder: [section.source])
    monkeypatch.setattr(demo.panel.downloads, "_offlineUntil", 0.0)     # tests before may have been offline just now
    demo.panel.set(prefetch=False, group="", selectedPatient="")
    demo.panel.select(demo.panel.state.cohort.patient_ids[7])
    yield section
    demo.panel.set(prefetch=False, group="")
    demo.panel.downloads.cancelAll()
    section.wait(lambda: not demo.panel.downloads.downloads)
    demo.settle()


def test_downloads_are_listed_with_their_progress_and_disappear_when_they_are_done(section):
    ui, neighbors = section.ui, section.neighbors()
    assert ui.fetchGroupButton.text == f"Download the neighbors ({len(neighbors)})"
    press(ui.fetchGroupButton)
    section.wait(lambda: [text.endswith("of 20 files") for _, text in section.rows()] == [True] * 2 + [False] * 3)
    assert [patient for patient, _ in section.rows()] == neighbors
    assert section.rows()[0][1] == "2 s left, 0.5 MB/s, 10 of 20 files" and section.rows()[4][1] == "Waiting"
    assert ui.downloadsTable.cellWidget(0, 1).value == 50
    assert "2 running, 3 waiting" in ui.downloadsLabel.text and "1.0 MB/s" in ui.downloadsLabel.text
    for patient in neighbors:
        section.wait(lambda patient=patient: patient in section.started())
        section.source.release(section.uid(patient))
    section.wait(lambda: not section.rows())
    assert not ui.downloadsWidget.isVisibleTo(section.session.window)


def test_one_download_is_stopped_by_its_button_and_all_by_another(section):
    press(section.ui.fetchGroupButton)
    section.wait(lambda: len(section.started()) == 2)
    second = section.neighbors()[1]
    section.wait(lambda: len(section.rows()) == 5)
    button = section.ui.downloadsTable.cellWidget(1, 3)
    assert second in button.toolTip
    press(button)
    section.wait(lambda: second not in dict(section.rows()) and len(section.started()) == 3)
    assert len(section.rows()) == 4
    press(section.ui.cancelDownloadsButton)
    section.wait(lambda: not section.rows())
    assert not section.panel.downloads.downloads


def test_the_delete_key_stops_the_current_download(section):
    press(section.ui.fetchGroupButton)
    section.wait(lambda: len(section.rows()) == 5)
    table = section.ui.downloadsTable
    table.setFocus()
    table.setCurrentCell(4, 0)
    QtTest.QTest.keyClick(table, QtCore.Qt.Key.Key_Delete)
    section.wait(lambda: len(section.rows()) == 4)


def test_a_group_is_downloaded_instead_of_the_neighbors(section):
    ids = section.panel.state.cohort.patient_ids
    section.panel.set(group=f'["{ids[0]}", "{ids[1]}", "nobody"]')
    assert section.ui.fetchGroupButton.text == "Download the group (2)"
    press(section.ui.fetchGroupButton)
    section.wait(lambda: sorted(section.started()) == sorted(ids[:2]))


def test_neighbors_are_fetched_ahead_only_when_wanted_and_give_way(section):
    section.session.settle()
    assert not section.rows()
    press(section.ui.prefetchCheckBox)
    assert section.panel.parameters.prefetch
    section.wait(lambda: len(section.started()) == 2)
    section.wait(lambda: len(section.rows()) == 5)
    assert all(state.startswith("Ahead: ") for _, state in section.rows())
    first = section.neighbors()[0]
    section.panel.load(section.panel.parameters.selectedPatient)
    section.wait(lambda: section.panel.parameters.selectedPatient in section.started())
    assert first in dict(section.rows())
    section.panel.imaging.cancel()
    section.panel.set(selectedPatient=section.panel.state.cohort.patient_ids[30])
    section.wait(lambda: {patient for patient, _ in section.rows()} == set(section.neighbors()))
    press(section.ui.prefetchCheckBox)
    section.wait(lambda: not section.rows())


def test_offline_is_one_line_however_many_wait(section):
    press(section.ui.fetchGroupButton)
    section.wait(lambda: len(section.started()) == 2)
    section.source.release(section.uid(section.neighbors()[0]), "offline")
    section.wait(lambda: sum(state.startswith("\N{WARNING SIGN}") for _, state in section.rows()) == 4)
    assert section.ui.downloadsLabel.text.count("IDC can not be reached") == 1
    assert len(section.started()) == 2


@pytest.fixture
def cache(demo, tmp_path):
    """The cache controller, which has its own folder and limit again afterwards."""
    import qt

    from TumorConnectomeLib.panel.cache_controller import FOLDER_SETTING, LIMIT_SETTING

    controller = demo.panel.cache
    directory, limit = demo.panel.ui.cacheDirectoryButton.directory, demo.panel.ui.cacheLimitSpinBox.value
    yield controller
    demo.panel.ui.cacheDirectoryButton.directory = directory
    demo.panel.ui.cacheLimitSpinBox.value = limit
    for setting in (FOLDER_SETTING, LIMIT_SETTING):
        qt.QSettings().remove(setting)
    demo.settle()


def fill(folder, *patients, size=1_000_000):
    for patient in patients:
        (folder / "synthetic" / patient).mkdir(parents=True)
        with open(folder / "synthetic" / patient / "ct.dcm", "wb") as stream:
            stream.truncate(size)                       # takes no room on the disk


def kept(folder):
    return sorted(path.name for path in (folder / "synthetic").iterdir())


def tidied(session, controller, start):
    """Start something and wait until the cache was looked at."""
    controller._timer.stop()
    session.wait(lambda: controller._task is None)
    controller.size = None
    start()
    session.wait(lambda: controller.size is not None)


def test_the_cache_folder_is_chosen_shown_and_remembered(demo, cache, tmp_path):
    from TumorConnectomeLib.panel.cache_controller import saved_folder

    old = cache.folder
    demo.panel.ui.cacheDirectoryButton.directory = str(tmp_path)
    assert cache.folder == saved_folder() == demo.panel.sources.cache_folder == demo.panel.pictures.cacheFolder \
        == tmp_path / "TumorConnectome"
    assert str(old) in demo.panel.ui.cacheLabel.text and str(cache.folder) in demo.panel.ui.cacheLabel.text
    fill(cache.folder, "A")
    tidied(demo, cache, cache.tidySoon)
    assert demo.panel.ui.cacheLabel.text.startswith(f"0.00 GB, 1 series, in {cache.folder}.")
    assert "GB are free on this disk" in demo.panel.ui.cacheLabel.text


def test_images_that_keep_coming_do_not_keep_the_cache_from_being_looked_at(demo, cache, monkeypatch):
    from types import SimpleNamespace

    from TumorConnectomeLib.panel import cache_controller

    monkeypatch.setattr(cache_controller, "_TIDY_EVERY", 100)

    def looked_at_meanwhile():
        cache.onFetched(None, SimpleNamespace(source="idc"))
        return cache.size is not None

    tidied(demo, cache, lambda: demo.wait(looked_at_meanwhile))


def test_a_folder_that_can_not_be_used_is_refused(demo, cache, tmp_path):
    (tmp_path / "TumorConnectome").write_text("a file in the way")
    old = cache.folder
    demo.panel.ui.cacheDirectoryButton.directory = str(tmp_path)
    assert "\N{WARNING SIGN}" in demo.panel.ui.cacheLabel.text and cache.folder == old
    assert pathlib.Path(demo.panel.ui.cacheDirectoryButton.directory) in (old, old.parent)


def test_above_the_limit_what_was_not_used_for_longest_goes_but_not_what_is_shown(demo, cache, tmp_path):
    shown = demo.panel.state.cohort.patient_ids[0]
    demo.show_images(shown)
    demo.panel.ui.cacheDirectoryButton.directory = str(tmp_path)
    for age, name in enumerate([shown, "A", "B"]):
        fill(cache.folder, name, size=240_000_000)
        os.utime(cache.folder / "synthetic" / name, (1000 + age, 1000 + age))
    tidied(demo, cache, lambda: demo.panel.ui.cacheLimitSpinBox.setValue(0.5))
    assert kept(cache.folder) == sorted([shown, "B"])
    assert "240 MB were removed" in demo.panel.ui.cacheLabel.text


@pytest.mark.parametrize("agreed", [False, True])
def test_emptying_asks_with_the_size_and_keeps_what_is_shown(demo, cache, tmp_path, monkeypatch, agreed):
    import slicer.util

    asked = []
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, **options: asked.append(text) or agreed)
    demo.panel.ui.cacheDirectoryButton.directory = str(tmp_path)
    fill(cache.folder, "A", size=30_000_000)
    tidied(demo, cache, cache.tidy)
    press(demo.panel.ui.emptyCacheButton)
    demo.wait(lambda: cache._task is None)
    assert len(asked) == 1 and "0.03 GB" in asked[0] and str(cache.folder) in asked[0]
    assert kept(cache.folder) == ([] if agreed else ["A"])
