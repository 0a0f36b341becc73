"""The published cohort in one click, as a user sees it: progress, faults, cancel, the next try, and what was verified."""
import os
import pathlib

import pytest
from cohort_factory import write_model
from published_on_loopback import PublishedOnLoopback
from PySide6 import QtCore, QtTest, QtWidgets

from TumorConnectomeLib.cohort.row_rules import RowRule
from TumorConnectomeLib.imaging.cohort_download import remove_downloads

PATIENTS = [f"P{number}" for number in (*range(24), 3, 3, 5)]


@pytest.fixture
def published(demo, tmp_path, monkeypatch):
    """The session with the demo cohort, and a published cohort of three models to be had from a server of this machine."""
    monkeypatch.setenv("TUMORCONNECTOME_COHORT_LIST", str(tmp_path / "list.json"))
    names = [write_model(tmp_path / "files", model, PATIENTS) for model in ("CTFM", "Merlin", "Voco")]
    made = PublishedOnLoopback({path.name: path.read_bytes() for path in names}, tmp_path / "list.json")
    made.folder = pathlib.Path(os.environ["TUMORCONNECTOME_CACHE"]) / "published" / "0123456789ab" / "NLST-Sybil"
    remove_downloads()
    made.session, made.panel, made.ui = demo, demo.panel, demo.panel.ui
    demo.panel.cohort.showDownload()
    yield made
    made.server.close()
    demo.panel.cohort.loader.cancel()
    demo.panel.set(dataFolder="", rowRule=RowRule.SINGLE)
    remove_downloads()


def click(button):
    QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)


def get(published):
    """Press the button and wait for the end; returns the status line."""
    click(published.ui.getPublishedButton)
    published.session.wait(lambda: not published.panel.cohort.loader.busy)
    published.session.settle()
    return published.ui.cohortStatusLabel.text


def test_one_click_downloads_verifies_and_loads(published):
    messages = []
    progress = published.panel.cohort.loader.status.progress
    published.panel.cohort.loader.status.progress = lambda *told: (messages.append(told[1]), progress(*told))
    text = get(published)
    del published.panel.cohort.loader.status.progress
    assert text == ("NLST-Sybil: 22 patients, 3 models. 2 of 24 patients left out: more than one row, or not in every file. "
                    "Verified: 3 of the 3 published files, byte for byte (commit 0123456).")
    assert published.here(published.folder) == set(published.contents)
    assert any(message.startswith("File 2 of 3, Merlin: ") for message in messages)
    assert published.panel.parameters.dataFolder == str(published.folder)
    assert published.panel.state.cohort.name == "NLST-Sybil" and not published.ui.bannerLabel.visible
    asked = len(published.server.requests)
    assert get(published) == text                       # it is here: no request more
    assert len(published.server.requests) == asked
    size, ui = sum(map(len, published.contents.values())), published.ui
    assert ui.removeDownloadButton.visible and ui.downloadLabel.text == f"NLST-Sybil, {size / 1e6:.1f} MB on this computer"
    click(ui.removeDownloadButton)
    assert not published.folder.exists() and not ui.removeDownloadButton.visible
    assert published.panel.state.cohort.name == "NLST-Sybil"        # what is loaded stays loaded


def test_a_fault_is_one_line_the_old_cohort_stays_and_the_next_click_works(published):
    published.server.behave = lambda path, number: ("wrong", b"x") if "Merlin" in path else None
    text = get(published)
    assert "was removed: 1 bytes" in text and "\n" not in text
    assert "1 of 3 files are here and verified; the next try continues" in text
    assert published.panel.state.cohort.synthetic
    assert published.here(published.folder) == {"CTFM_features.pkl"}
    published.server.behave = None
    assert "Verified: 3 of the 3" in get(published)
    assert sum("CTFM" in path for path, _headers in published.server.requests) == 1


def test_offline_is_told_in_seconds(published, monkeypatch):
    monkeypatch.setenv("TUMORCONNECTOME_COHORT_BASE", "http://127.0.0.1:9")
    assert "CTFM: 127.0.0.1:9 can not be reached; check the network connection" in get(published)
    assert published.panel.state.cohort.synthetic


def test_cancel_keeps_what_came_and_the_next_click_continues_there(published):
    published.server.behave = lambda path, number: ("stall", 1000) if "Merlin" in path else None
    click(published.ui.getPublishedButton)
    part = published.folder / ".Merlin_features.pkl.part"
    published.session.wait(lambda: part.is_file() and part.stat().st_size == 1000)
    assert published.ui.cohortProgressBar.visible and published.ui.cohortCancelButton.visible
    click(published.ui.cohortCancelButton)
    published.session.wait(lambda: not published.panel.cohort.loader.busy)
    assert "Canceled" in published.ui.cohortStatusLabel.text and not published.ui.cohortProgressBar.visible
    assert published.here(published.folder) == {"CTFM_features.pkl"}
    published.server.behave = None
    assert "Verified: 3 of the 3" in get(published)
    merlin = [headers for path, headers in published.server.requests if "Merlin" in path]
    assert merlin[1]["Range"] == "bytes=1000-"


def test_the_end_of_the_application_during_a_download_leaves_no_half_file(published):
    from TumorConnectomeLib.imaging.cohort_download import download_sequence
    from TumorConnectomeLib.work.runner import JobRunner

    published.server.behave = lambda path, number: ("stall", 1000)
    runner, called = JobRunner(), []
    runner.start(download_sequence(), lambda *told: None, called.append, called.append)
    part = published.folder / ".CTFM_features.pkl.part"
    published.session.wait(lambda: part.is_file() and part.stat().st_size == 1000)
    runner.cleanup()                                    # what the module does when the application closes
    published.session.settle()
    assert called == [] and published.here(published.folder) == set()
    published.server.behave = None
    assert "Verified: 3 of the 3" in get(published)


def test_another_choice_while_it_downloads_wins(published):
    published.server.behave = lambda path, number: ("stall", 1000)
    click(published.ui.getPublishedButton)
    published.session.wait(lambda: (published.folder / ".CTFM_features.pkl.part").is_file())
    click(published.ui.demoCohortButton)
    published.session.wait(lambda: not published.panel.cohort.loader.busy)
    assert published.ui.cohortStatusLabel.text.startswith("Synthetic demo cohort: 48 patients")


def test_a_scene_of_another_computer_finds_the_cohort_of_this_one(published):
    other = "/".join(("", "home", "someone", "cache", "published", "0123456789ab", "NLST-Sybil"))
    published.panel.set(dataFolder=other)
    assert 'not on this computer: press "Get the NLST-Sybil cohort"' in published.ui.cohortStatusLabel.text
    assert published.panel.state.cohort.synthetic
    assert "Verified" in get(published)
    published.panel.cohort.loadDemo()
    published.panel.set(dataFolder=other)
    published.session.wait(lambda: not published.panel.cohort.loader.busy)
    assert published.panel.state.cohort.name == "NLST-Sybil"
    assert published.panel.parameters.dataFolder == published.ui.dataFolderPathLineEdit.currentPath == str(published.folder)


def choose(published, rule):
    """Choose a rule for rows in the panel and wait for the cohort; returns the status line."""
    box = published.ui.rowRuleComboBox
    box.currentIndex = box.findText(rule.label())
    published.session.wait(lambda: not published.panel.cohort.loader.busy)
    return published.ui.cohortStatusLabel.text


def test_the_rule_for_several_rows_is_chosen_stated_and_saved(published, monkeypatch):
    dates = {"1.2.3": "1999-01-02", "1.2.24": "2001-01-02", "1.2.25": "2001-01-02"}
    monkeypatch.setattr("TumorConnectomeLib.cohort.study_dates.known_dates", lambda: dates)
    get(published)
    panel = published.panel
    assert panel.ui.rowRuleComboBox.enabled
    text = choose(published, RowRule.FIRST)
    assert "NLST-Sybil: 24 patients, 3 models. Of each patient the first row counts: 24 of 27 rows." in text
    text = choose(published, RowRule.MEAN)
    assert "24 patients, 3 models. Each is the mean of its rows' unit vectors (27 rows)" in text
    text = choose(published, RowRule.ALL)
    assert "NLST-Sybil: 27 rows of 24 patients, 3 models. Each row is a node of its own" in text
    assert panel.parameters.rowRule is RowRule.ALL
    assert panel.ui.timePointsCheckBox.visible
    path, = panel.view.canvas.state.paths
    assert (path.names, path.nodes, path.others) == (("T0", "T2"), ("P3 #1", "P3 #2"), ("P3 #3",))
    QtTest.QTest.keyClick(panel.ui.timePointsCheckBox, QtCore.Qt.Key.Key_Space)
    assert not panel.parameters.timePoints and not panel.view.canvas.state.paths
    QtTest.QTest.keyClick(panel.ui.timePointsCheckBox, QtCore.Qt.Key.Key_Space)
    uids = [panel.state.cohort.patients.loc[name, "CT_SeriesInstanceUID"] for name in ("P3 #1", "P3 #2", "P3 #3")]
    assert uids == ["1.2.3", "1.2.24", "1.2.25"]        # images are those of the row's own series
    panel.set(neighborCount=26)
    panel.select("P3 #1")
    shown = [panel.ui.neighborsTable.item(row, 1).text() for row in range(26)]
    marked = {name for name in shown if name.startswith("\N{IDENTICAL TO}")}
    assert marked == {"\N{IDENTICAL TO} P3 #2", "\N{IDENTICAL TO} P3 #3"}
    assert "2 of the 26 neighbors are rows of the same patient" in panel.ui.patientDetailsLabel.text
    assert "27 rows of 24 patients" in panel.view.canvas.header.subtitle
    assert panel.parameters.selectedPatient == "P3 #1"
    panel.set(neighborCount=5)


def test_the_published_rows_can_all_be_asked_for(session, real_data):
    from TumorConnectomeLib.imaging.sources import series_request
    from TumorConnectomeLib.readers.cohort_reader import read_cohort

    cohort = read_cohort(real_data / "embeddings", rule=RowRule.ALL)
    requests = [series_request(cohort, node) for node in cohort.patient_ids]
    assert len({request.ct_uid for request in requests}) == 637
    assert requests[cohort.row_of("212718 #4")].patient_id == "212718 #4"


def test_my_own_files_are_chosen_with_a_dialog_and_loaded(published, tmp_path, monkeypatch):
    path = write_model(tmp_path / "own", "CTFM", ["1", "2", "3"])
    monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileNames", lambda *arguments: ([str(path)], ""))
    click(published.ui.ownFilesButton)
    published.session.wait(lambda: not published.panel.cohort.loader.busy)
    assert published.ui.cohortStatusLabel.text.startswith("CTFM: 3 patients")
    monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileNames", lambda *arguments: ([], ""))
    click(published.ui.ownFilesButton)
    assert not published.panel.cohort.loader.busy       # the user changed his mind
