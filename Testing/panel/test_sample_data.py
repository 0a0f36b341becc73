"""The cohorts in Slicer's module Sample Data: registered at the start, and a click there loads them here."""
import pathlib

import pytest
from PySide6 import QtCore, QtGui, QtTest, QtWidgets

from TumorConnectomeLib.cohort.nlst import git_blob_id, published_cohort


@pytest.fixture
def buttons(demo):
    """The buttons of Sample Data's panel by name."""
    import SampleData
    import slicer

    panel = QtWidgets.QWidget()
    layout = QtWidgets.QVBoxLayout(panel)
    sources = {"TumorConnectome": slicer.modules.sampleDataSources["TumorConnectome"]}
    SampleData.SampleDataWidget.setCategoriesFromSampleDataSources(layout, sources, SampleData.SampleDataLogic())
    panel.show()
    yield {button.objectName: button for button in panel.findChildren(QtWidgets.QToolButton)}
    panel.close()


def click(button):
    QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)


def test_both_cohorts_are_offered_with_pictures_of_the_size_that_is_asked_for(session):
    import slicer

    sources = slicer.modules.sampleDataSources["TumorConnectome"]
    assert [source.sampleName for source in sources] == ["TumorConnectomeNLSTSybil", "TumorConnectomeDemo"]
    for source in sources:
        picture = QtGui.QImage(source.thumbnailFileName)
        assert (picture.width(), picture.height()) == (260, 280)
    assert slicer.modules.sampleDataSourceCategories["TumorConnectome"]["title"] == "Tumor Connectome"


def test_the_published_files_are_offered_with_their_addresses_and_checksums(session, real_data):
    import hashlib

    import slicer

    source = slicer.modules.sampleDataSources["TumorConnectome"][0]
    cohort, known = published_cohort(), 0
    assert source.uris == [cohort.base + file.path for file in cohort.files] and source.loadFiles == [False] * 9
    for file, name, checksum in zip(cohort.files, source.fileNames, source.checksums):
        path = real_data / "embeddings" / name
        if path.is_file():
            assert checksum == "SHA256:" + hashlib.sha256(path.read_bytes()).hexdigest()
            assert git_blob_id(path) == file.blob
            known += 1
    assert known == 6


def test_a_click_on_the_published_cohort_downloads_it_in_this_module(demo, buttons, monkeypatch):
    monkeypatch.setenv("TUMORCONNECTOME_COHORT_BASE", "http://127.0.0.1:9")
    click(buttons["TumorConnectomeNLSTSybilPushButton"])
    demo.wait(lambda: not demo.panel.cohort.loader.busy)
    assert "CTClipVit: 127.0.0.1:9 can not be reached" in demo.panel.ui.cohortStatusLabel.text


def test_a_click_on_the_demo_cohort_loads_it(demo, buttons, tmp_path):
    from cohort_factory import write_model

    write_model(tmp_path / "own", "CTFM", ["1", "2", "3"])
    demo.load_cohort(tmp_path / "own")
    click(buttons["TumorConnectomeDemoPushButton"])
    demo.wait(lambda: not demo.panel.cohort.loader.busy)
    assert demo.panel.state.cohort.synthetic


def test_the_demos_address_is_a_file_of_the_module(session):
    import slicer

    uri, = slicer.modules.sampleDataSources["TumorConnectome"][1].uris
    assert uri.startswith("file:///") and pathlib.Path(uri.removeprefix("file://")).is_file()
